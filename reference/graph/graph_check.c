#include <math.h>
#include <stdlib.h>

#include "reference/graph/graph.h"

#define KERNEL_MAX 255

static bool is_quantized_type(enum fdm_type type)
{
    return type == FDM_TYPE_S8 || type == FDM_TYPE_U8;
}

static bool is_activation_type(enum fdm_type type)
{
    return is_quantized_type(type) || type == FDM_TYPE_F32;
}

static bool same_dims(const struct fdm_tensor *a, const struct fdm_tensor *b)
{
    if (a->rank != b->rank)
        return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i])
            return false;
    return true;
}

/* ---- one tensor ---- */

static enum fdm_status check_dims(const struct fdm_tensor *tensor, struct fdm_error *err)
{
    if (tensor->rank > FDM_GRAPH_MAX_RANK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%u dimensions, at most %d are supported",
                        tensor->rank, FDM_GRAPH_MAX_RANK);
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        if (tensor->dims[i] < 1 || tensor->dims[i] > FDM_GRAPH_MAX_DIM)
            return fdm_fail(err, FDM_ERR_FORMAT, "dimension %u is %u, expected 1 to %d", i,
                            tensor->dims[i], FDM_GRAPH_MAX_DIM);
        elements *= tensor->dims[i];
        if (elements > FDM_GRAPH_MAX_ELEMENTS)
            return fdm_fail(err, FDM_ERR_FORMAT, "more than %u elements", FDM_GRAPH_MAX_ELEMENTS);
    }
    return FDM_OK;
}

static enum fdm_status check_data(const struct fdm_tensor *tensor, struct fdm_error *err)
{
    size_t elements = fdm_tensor_elements(tensor);
    if (tensor->data == NULL)
        return tensor->data_bytes == 0 ? FDM_OK
                                       : fdm_fail(err, FDM_ERR_FORMAT, "a size without data");
    if (tensor->data_bytes != elements * fdm_type_bytes(tensor->type))
        return fdm_fail(err, FDM_ERR_FORMAT, "%zu bytes of data for %zu elements of %s",
                        tensor->data_bytes, elements, fdm_type_name(tensor->type));
    const float *values = tensor->data;
    for (size_t i = 0; tensor->type == FDM_TYPE_F32 && i < elements; i++)
        if (!isfinite(values[i]))
            return fdm_fail(err, FDM_ERR_FORMAT, "element %zu is not a finite number", i);
    return FDM_OK;
}

static void zero_point_range(enum fdm_type type, int32_t *min, int32_t *max)
{
    *min = type == FDM_TYPE_S8 ? INT8_MIN : 0;
    *max = type == FDM_TYPE_S8 ? INT8_MAX : 0;
    if (type == FDM_TYPE_U8)
        *max = UINT8_MAX;
}

static enum fdm_status check_quant(const struct fdm_tensor *tensor, struct fdm_error *err)
{
    const struct fdm_quant *quant = &tensor->quant;
    if (quant->count == 0)
        return FDM_OK;
    if (!is_quantized_type(tensor->type) && tensor->type != FDM_TYPE_S32)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "quantized %s", fdm_type_name(tensor->type));
    if (quant->count > 1 &&
        (quant->axis >= tensor->rank || quant->count != tensor->dims[quant->axis]))
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "%u quantization scales do not fit the size of dimension %u", quant->count,
                        quant->axis);
    int32_t min;
    int32_t max;
    zero_point_range(tensor->type, &min, &max);
    for (uint32_t i = 0; i < quant->count; i++) {
        if (!isfinite(quant->scales[i]) || quant->scales[i] <= 0)
            return fdm_fail(err, FDM_ERR_FORMAT, "quantization scale %u is %g, expected above 0", i,
                            (double)quant->scales[i]);
        if (quant->zero_points[i] < min || quant->zero_points[i] > max)
            return fdm_fail(err, FDM_ERR_FORMAT, "zero point %u is %d, expected %d to %d", i,
                            quant->zero_points[i], min, max);
    }
    return FDM_OK;
}

static enum fdm_status check_tensor(const struct fdm_tensor *tensor, struct fdm_error *err)
{
    if (fdm_type_bytes(tensor->type) == 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "unknown element type %d", (int)tensor->type);
    enum fdm_status status = check_dims(tensor, err);
    if (status == FDM_OK)
        status = check_data(tensor, err);
    if (status == FDM_OK)
        status = check_quant(tensor, err);
    return status;
}

static enum fdm_status check_tensors(const struct fdm_graph *graph, struct fdm_error *err)
{
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        enum fdm_status status = check_tensor(&graph->tensors[i], err);
        if (status != FDM_OK) {
            fdm_error_context(err, "tensor %u '%s'", graph->tensors[i].file_index,
                              graph->tensors[i].name);
            return status;
        }
    }
    return FDM_OK;
}

/* ---- one operator; operands are proven to exist before these run ---- */

struct operands {
    const struct fdm_op *op;
    const struct fdm_tensor *in;
    const struct fdm_tensor *out;
    const struct fdm_tensor *more[5]; /* operands from the second on; NULL where absent */
};

static enum fdm_status shape_error(const char *what, struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_FORMAT, "the shape of its %s does not follow from its input",
                    what);
}

static enum fdm_status type_error(const char *what, enum fdm_type type, struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s of type %s", what, fdm_type_name(type));
}

/* Activations have one scale if they are integers, none if they are float. */
static enum fdm_status check_activation(const struct fdm_tensor *tensor, const char *what,
                                        struct fdm_error *err)
{
    if (!is_activation_type(tensor->type))
        return type_error(what, tensor->type, err);
    uint32_t expected = is_quantized_type(tensor->type) ? 1 : 0;
    if (tensor->quant.count != expected)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s has %u quantization scales, expected %u",
                        what, tensor->quant.count, expected);
    return FDM_OK;
}

/* int8 to int8 or float to float. */
static enum fdm_status check_same_type(const struct operands *o, struct fdm_error *err)
{
    if (o->in->type != FDM_TYPE_S8 && o->in->type != FDM_TYPE_F32)
        return type_error("input", o->in->type, err);
    if (o->out->type != o->in->type)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "input of type %s, output of type %s",
                        fdm_type_name(o->in->type), fdm_type_name(o->out->type));
    return FDM_OK;
}

static enum fdm_status check_quantize(const struct operands *o, struct fdm_error *err)
{
    bool quantize = o->op->kind == FDM_OP_QUANTIZE;
    bool from = quantize ? o->in->type == FDM_TYPE_U8 || o->in->type == FDM_TYPE_F32
                         : o->in->type == FDM_TYPE_S8;
    bool to = o->out->type == (quantize ? FDM_TYPE_S8 : FDM_TYPE_F32);
    if (!from || !to)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "from %s to %s", fdm_type_name(o->in->type),
                        fdm_type_name(o->out->type));
    return same_dims(o->in, o->out) ? FDM_OK : shape_error("output", err);
}

static enum fdm_status check_extent(uint32_t in, uint32_t out, uint32_t kernel, uint32_t stride,
                                    uint32_t before, uint32_t after, struct fdm_error *err)
{
    if (kernel < 1 || kernel > KERNEL_MAX)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "kernel of size %u, at most %d is supported",
                        kernel, KERNEL_MAX);
    if (stride < 1 || stride > FDM_GRAPH_MAX_STRIDE)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "stride %u, expected 1 to %d", stride,
                        FDM_GRAPH_MAX_STRIDE);
    if (before >= kernel || after >= kernel)
        return fdm_fail(err, FDM_ERR_FORMAT, "padding %u and %u for a kernel of size %u", before,
                        after, kernel);
    uint32_t padded = in + before + after;
    if (padded < kernel || out != (padded - kernel) / stride + 1)
        return shape_error("output", err);
    return FDM_OK;
}

static enum fdm_status check_conv_geometry(const struct operands *o, struct fdm_error *err)
{
    const struct fdm_op *op = o->op;
    const struct fdm_tensor *weights = o->more[0];
    if (o->in->rank != 4 || o->out->rank != 4 || o->in->dims[0] != 1 || o->out->dims[0] != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "input and output must be [1,H,W,C]");
    bool depthwise = op->kind == FDM_OP_DEPTHWISE_CONV;
    uint32_t in_c = o->in->dims[3];
    uint32_t out_c = o->out->dims[3];
    if (weights->rank != 4 || weights->dims[3] != in_c ||
        weights->dims[0] != (depthwise ? 1 : out_c) || (depthwise && out_c != in_c))
        return shape_error("weights", err);
    enum fdm_status status = check_extent(o->in->dims[1], o->out->dims[1], weights->dims[1],
                                          op->stride_h, op->pad_top, op->pad_bottom, err);
    if (status == FDM_OK)
        status = check_extent(o->in->dims[2], o->out->dims[2], weights->dims[2], op->stride_w,
                              op->pad_left, op->pad_right, err);
    return status;
}

static enum fdm_status check_bias(const struct operands *o, struct fdm_error *err)
{
    const struct fdm_tensor *bias = o->more[1];
    if (bias == NULL)
        return FDM_OK;
    enum fdm_type expected = o->in->type == FDM_TYPE_S8 ? FDM_TYPE_S32 : FDM_TYPE_F32;
    if (bias->type != expected)
        return type_error("bias", bias->type, err);
    if (bias->rank != 1 || bias->dims[0] != o->out->dims[3])
        return shape_error("bias", err);
    return FDM_OK;
}

static float scale_of(const struct fdm_quant *quant, uint32_t channel)
{
    return quant->scales[quant->count > 1 ? channel : 0];
}

static enum fdm_status check_conv_scales(const struct operands *o, struct fdm_error *err)
{
    const struct fdm_quant *weights = &o->more[0]->quant;
    uint32_t axis = o->op->kind == FDM_OP_CONV_2D ? 0 : 3;
    if (weights->count == 0 || (weights->count > 1 && weights->axis != axis))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "weights need one scale or one for each output channel");
    for (uint32_t i = 0; i < weights->count; i++)
        if (weights->zero_points[i] != 0)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED, "weights with zero point %d, expected 0",
                            weights->zero_points[i]);
    const struct fdm_quant *bias = o->more[1] != NULL ? &o->more[1]->quant : NULL;
    for (uint32_t i = 0; bias != NULL && bias->count != 0 && i < o->out->dims[3]; i++) {
        double product = (double)o->in->quant.scales[0] * (double)scale_of(weights, i);
        if (fabs((double)scale_of(bias, i) - product) > 1e-5 * product)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "bias scale %u is %g, expected input times weight scale, %g", i,
                            (double)scale_of(bias, i), product);
    }
    return FDM_OK;
}

/* The largest magnitude that any input can bring one channel's accumulator to, by any order of
 * additions. */
static uint64_t worst_accumulator(const struct operands *o, uint32_t channel)
{
    const struct fdm_tensor *weights = o->more[0];
    const int8_t *values = weights->data;
    bool depthwise = o->op->kind == FDM_OP_DEPTHWISE_CONV;
    size_t step = depthwise ? weights->dims[3] : 1;
    size_t taps = fdm_tensor_elements(weights) / o->out->dims[3];
    values += depthwise ? channel : channel * taps;
    uint64_t sum = 0;
    for (size_t i = 0; i < taps; i++)
        sum += (uint64_t)abs(values[i * step]);
    int32_t zero_point = o->in->quant.zero_points[0];
    int32_t reach = zero_point >= 0 ? zero_point - INT8_MIN : INT8_MAX - zero_point;
    int64_t bias = o->more[1] != NULL ? ((const int32_t *)o->more[1]->data)[channel] : 0;
    return sum * (uint64_t)reach + (uint64_t)(bias < 0 ? -bias : bias);
}

static enum fdm_status check_accumulators(const struct operands *o, struct fdm_error *err)
{
    for (uint32_t i = 0; i < o->out->dims[3]; i++)
        if (worst_accumulator(o, i) > INT32_MAX)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "output channel %u can overflow a 32-bit accumulator", i);
    return FDM_OK;
}

static enum fdm_status check_conv(const struct operands *o, struct fdm_error *err)
{
    enum fdm_status status = check_same_type(o, err);
    if (status == FDM_OK && o->more[0]->type != o->in->type)
        status = type_error("weights", o->more[0]->type, err);
    if (status == FDM_OK)
        status = check_conv_geometry(o, err);
    if (status == FDM_OK)
        status = check_bias(o, err);
    if (status != FDM_OK || o->in->type != FDM_TYPE_S8)
        return status;
    status = check_conv_scales(o, err);
    return status == FDM_OK ? check_accumulators(o, err) : status;
}

static enum fdm_status check_float_op(const struct operands *o, struct fdm_error *err)
{
    if (o->in->type != FDM_TYPE_F32)
        return type_error("input", o->in->type, err);
    if (o->out->type != FDM_TYPE_F32)
        return type_error("output", o->out->type, err);
    return same_dims(o->in, o->out) ? FDM_OK : shape_error("output", err);
}

static enum fdm_status check_batch_norm(const struct operands *o, struct fdm_error *err)
{
    enum fdm_status status = check_float_op(o, err);
    if (status != FDM_OK)
        return status;
    if (!isfinite(o->op->epsilon) || o->op->epsilon < 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "epsilon is %g", (double)o->op->epsilon);
    if (o->in->rank == 0)
        return shape_error("parameters", err);
    uint32_t channels = o->in->dims[o->in->rank - 1];
    for (uint32_t i = 0; i < 4; i++) {
        const struct fdm_tensor *parameter = o->more[i];
        if (parameter->type != FDM_TYPE_F32)
            return type_error("parameter", parameter->type, err);
        if (parameter->rank != 1 || parameter->dims[0] != channels)
            return shape_error("parameters", err);
    }
    const float *variance = o->more[3]->data;
    for (uint32_t i = 0; i < channels; i++)
        if (variance[i] + o->op->epsilon <= 0)
            return fdm_fail(err, FDM_ERR_FORMAT, "variance %u is %g", i, (double)variance[i]);
    return FDM_OK;
}

static enum fdm_status check_axes(const struct fdm_tensor *axes, struct fdm_error *err)
{
    if (axes == NULL)
        return FDM_OK;
    if (axes->type == FDM_TYPE_S32 && axes->rank == 1 && axes->dims[0] == 2) {
        const int32_t *axis = axes->data;
        if ((axis[0] == 1 && axis[1] == 2) || (axis[0] == 2 && axis[1] == 1))
            return FDM_OK;
    }
    return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                    "only the axes 1 and 2 (height, width) are supported");
}

static enum fdm_status check_mean(const struct operands *o, struct fdm_error *err)
{
    enum fdm_status status = check_same_type(o, err);
    if (status == FDM_OK)
        status = check_axes(o->more[0], err);
    if (status != FDM_OK)
        return status;
    const uint32_t *in = o->in->dims;
    const uint32_t *out = o->out->dims;
    if (o->in->rank != 4 || in[0] != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "input must be [1,H,W,C]");
    bool flat = o->out->rank == 2 && out[0] == 1 && out[1] == in[3];
    bool kept = o->out->rank == 4 && out[0] == 1 && out[1] == 1 && out[2] == 1 && out[3] == in[3];
    if (!flat && !kept)
        return shape_error("output", err);
    if (o->in->type == FDM_TYPE_S8 && (uint64_t)in[1] * in[2] * UINT8_MAX > INT32_MAX)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%u x %u values can overflow a 32-bit sum", in[1],
                        in[2]);
    return FDM_OK;
}

static enum fdm_status check_softmax(const struct operands *o, struct fdm_error *err)
{
    enum fdm_status status = check_same_type(o, err);
    if (status != FDM_OK)
        return status;
    if (o->in->rank == 0 || !same_dims(o->in, o->out))
        return shape_error("output", err);
    const struct fdm_quant *quant = &o->out->quant;
    if (o->in->type == FDM_TYPE_S8 &&
        (quant->scales[0] != 1.0F / 256 || quant->zero_points[0] != INT8_MIN))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "output scale %g and zero point %d, expected 1/256 and -128",
                        (double)quant->scales[0], quant->zero_points[0]);
    return FDM_OK;
}

static enum fdm_status check_reshape(const struct operands *o, struct fdm_error *err)
{
    if (o->out->type != o->in->type)
        return type_error("output", o->out->type, err);
    if (fdm_tensor_elements(o->in) != fdm_tensor_elements(o->out))
        return shape_error("output", err);
    if (o->in->quant.count != 0 && (o->in->quant.scales[0] != o->out->quant.scales[0] ||
                                    o->in->quant.zero_points[0] != o->out->quant.zero_points[0]))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "input and output are quantized differently");
    const struct fdm_tensor *shape = o->more[0];
    if (shape == NULL)
        return FDM_OK;
    if (shape->type != FDM_TYPE_S32)
        return type_error("shape", shape->type, err);
    if (shape->rank != 1 || shape->dims[0] != o->out->rank)
        return shape_error("shape operand", err);
    const int32_t *dims = shape->data;
    for (uint32_t i = 0; dims != NULL && i < o->out->rank; i++)
        if (dims[i] != -1 && (int64_t)dims[i] != o->out->dims[i])
            return shape_error("shape operand", err);
    return FDM_OK;
}

static enum fdm_status check_shape(const struct operands *o, struct fdm_error *err)
{
    if (o->out->type != FDM_TYPE_S32)
        return type_error("output", o->out->type, err);
    if (o->out->rank != 1 || o->out->dims[0] != o->in->rank)
        return shape_error("output", err);
    return FDM_OK;
}

static enum fdm_status check_strided_slice(const struct operands *o, struct fdm_error *err)
{
    if (o->in->type != FDM_TYPE_S32)
        return type_error("input", o->in->type, err);
    if (o->out->type != FDM_TYPE_S32)
        return type_error("output", o->out->type, err);
    if (o->in->rank != 1 || o->out->rank > 1 ||
        (o->out->rank == 1 && o->out->dims[0] > o->in->dims[0]))
        return shape_error("output", err);
    for (uint32_t i = 0; i < 3; i++) {
        if (o->more[i]->type != FDM_TYPE_S32)
            return type_error("bound", o->more[i]->type, err);
        if (o->more[i]->rank != 1 || o->more[i]->dims[0] != 1)
            return shape_error("bounds", err);
    }
    return FDM_OK;
}

static enum fdm_status check_pack(const struct operands *o, struct fdm_error *err)
{
    const struct fdm_tensor *part = o->in;
    for (uint32_t i = 0; i < o->op->input_count; i++) {
        if (i > 0)
            part = o->more[i - 1];
        if (part->type != FDM_TYPE_S32)
            return type_error("input", part->type, err);
        if (part->rank != 0)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED, "input %u is not a scalar", i);
    }
    if (o->out->type != FDM_TYPE_S32)
        return type_error("output", o->out->type, err);
    if (o->out->rank != 1 || o->out->dims[0] != o->op->input_count)
        return shape_error("output", err);
    return FDM_OK;
}

/* `constants_from`: the first operand that must be a constant. `shape_work`: input and output are
 * shapes, not activations (the input of SHAPE is one). */
struct rule {
    uint32_t min_inputs, max_inputs, constants_from;
    bool activation_in, activation_out;
    enum fdm_status (*check)(const struct operands *o, struct fdm_error *err);
};

static const struct rule rules[] = {
    [FDM_OP_QUANTIZE] = {1, 1, 1, true, true, check_quantize},
    [FDM_OP_DEQUANTIZE] = {1, 1, 1, true, true, check_quantize},
    [FDM_OP_CONV_2D] = {2, 3, 1, true, true, check_conv},
    [FDM_OP_DEPTHWISE_CONV] = {2, 3, 1, true, true, check_conv},
    [FDM_OP_BATCH_NORM] = {5, 5, 1, true, true, check_batch_norm},
    [FDM_OP_RELU] = {1, 1, 1, true, true, check_float_op},
    [FDM_OP_MEAN] = {1, 2, 1, true, true, check_mean},
    [FDM_OP_SOFTMAX] = {1, 1, 1, true, true, check_softmax},
    [FDM_OP_RESHAPE] = {1, 2, 6, true, true, check_reshape},
    [FDM_OP_SHAPE] = {1, 1, 1, true, false, check_shape},
    [FDM_OP_STRIDED_SLICE] = {4, 4, 1, false, false, check_strided_slice},
    [FDM_OP_PACK] = {1, 6, 6, false, false, check_pack},
};

static bool operand_is_optional(const struct fdm_op *op, uint32_t operand)
{
    return operand == 2 && (op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV);
}

/* Finds one operand's tensor, proving that its value exists when the operator runs. */
static enum fdm_status find_operand(const struct fdm_graph *graph, const struct fdm_op *op,
                                    uint32_t operand, const bool *computed,
                                    const struct fdm_tensor **out, struct fdm_error *err)
{
    uint32_t index = op->inputs[operand];
    *out = NULL;
    if (index == FDM_GRAPH_NONE && operand_is_optional(op, operand))
        return FDM_OK;
    if (index >= graph->tensor_count)
        return fdm_fail(err, FDM_ERR_FORMAT, "input %u is tensor %u of %u", operand, index,
                        graph->tensor_count);
    const struct fdm_tensor *tensor = &graph->tensors[index];
    bool constant = tensor->data != NULL;
    if (!constant && !computed[index])
        return fdm_fail(err, FDM_ERR_FORMAT, "input %u ('%s') has no value yet", operand,
                        tensor->name);
    if (operand >= rules[op->kind].constants_from && !constant)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "input %u ('%s') is not a constant", operand,
                        tensor->name);
    *out = tensor;
    return FDM_OK;
}

static enum fdm_status find_output(const struct fdm_graph *graph, const struct fdm_op *op,
                                   bool *computed, const struct fdm_tensor **out,
                                   struct fdm_error *err)
{
    if (op->output >= graph->tensor_count)
        return fdm_fail(err, FDM_ERR_FORMAT, "its output is tensor %u of %u", op->output,
                        graph->tensor_count);
    *out = &graph->tensors[op->output];
    if ((*out)->data != NULL || computed[op->output])
        return fdm_fail(err, FDM_ERR_FORMAT, "its output '%s' has a value already", (*out)->name);
    computed[op->output] = true;
    return FDM_OK;
}

static enum fdm_status find_operands(const struct fdm_graph *graph, const struct fdm_op *op,
                                     bool *computed, struct operands *o, struct fdm_error *err)
{
    *o = (struct operands){.op = op};
    enum fdm_status status = find_operand(graph, op, 0, computed, &o->in, err);
    for (uint32_t i = 1; status == FDM_OK && i < op->input_count; i++)
        status = find_operand(graph, op, i, computed, &o->more[i - 1], err);
    return status == FDM_OK ? find_output(graph, op, computed, &o->out, err) : status;
}

static enum fdm_status check_op(const struct fdm_graph *graph, const struct fdm_op *op,
                                bool *computed, struct fdm_error *err)
{
    if ((uint32_t)op->kind >= sizeof rules / sizeof rules[0])
        return fdm_fail(err, FDM_ERR_FORMAT, "unknown operator");
    const struct rule *rule = &rules[op->kind];
    if (op->input_count < rule->min_inputs || op->input_count > rule->max_inputs)
        return fdm_fail(err, FDM_ERR_FORMAT, "%u inputs, expected %u to %u", op->input_count,
                        rule->min_inputs, rule->max_inputs);
    bool convolution = op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV;
    if ((uint32_t)op->activation > FDM_ACTIVATION_RELU6 ||
        (!convolution && op->activation != FDM_ACTIVATION_NONE))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "fused activation %d", (int)op->activation);
    struct operands o;
    enum fdm_status status = find_operands(graph, op, computed, &o, err);
    if (status != FDM_OK || o.in == NULL || o.out == NULL)
        return status;
    if (rule->activation_in && o.in->data != NULL)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "its input is a constant");
    if (rule->activation_in)
        status = check_activation(o.in, "input", err);
    if (status == FDM_OK && rule->activation_out)
        status = check_activation(o.out, "output", err);
    return status == FDM_OK ? rule->check(&o, err) : status;
}

static enum fdm_status check_ops(const struct fdm_graph *graph, bool *computed,
                                 struct fdm_error *err)
{
    for (uint32_t i = 0; i < graph->op_count; i++) {
        const struct fdm_op *op = &graph->ops[i];
        enum fdm_status status = check_op(graph, op, computed, err);
        if (status != FDM_OK) {
            fdm_error_context(err, "operator %u (%s '%s')", i, fdm_op_name(op->kind), op->name);
            return status;
        }
    }
    return FDM_OK;
}

/* ---- the whole ---- */

static enum fdm_status check_input(const struct fdm_graph *graph, struct fdm_error *err)
{
    if (graph->input >= graph->tensor_count)
        return fdm_fail(err, FDM_ERR_FORMAT, "the model has no input");
    const struct fdm_tensor *input = &graph->tensors[graph->input];
    enum fdm_status status = check_activation(input, "the model's input", err);
    if (status != FDM_OK)
        return status;
    if (input->data != NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "the model's input '%s' is a constant", input->name);
    if (input->rank != 4 || input->dims[0] != 1 || input->dims[3] != 3)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "the model's input '%s' is no [1,H,W,3] image",
                        input->name);
    return FDM_OK;
}

static enum fdm_status check_output(const struct fdm_graph *graph, const bool *computed,
                                    struct fdm_error *err)
{
    if (graph->output >= graph->tensor_count || !computed[graph->output] ||
        graph->output == graph->input)
        return fdm_fail(err, FDM_ERR_FORMAT, "no operator computes the model's output");
    const struct fdm_tensor *output = &graph->tensors[graph->output];
    if (output->type != FDM_TYPE_S8 && output->type != FDM_TYPE_F32)
        return type_error("the model's output", output->type, err);
    if (output->rank != 2 || output->dims[0] != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "the model's output '%s' is not [1,classes]",
                        output->name);
    return FDM_OK;
}

static enum fdm_status check_format(const struct fdm_graph *graph, struct fdm_error *err)
{
    for (uint32_t i = 0; i < graph->op_count; i++) {
        const struct fdm_op *op = &graph->ops[i];
        if (op->kind != FDM_OP_CONV_2D && op->kind != FDM_OP_DEPTHWISE_CONV)
            continue;
        bool int8 = graph->tensors[op->inputs[0]].type == FDM_TYPE_S8;
        if (int8 != (graph->format == FDM_FORMAT_INT8))
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "operator %u (%s '%s') is %s in a model that is %s", i,
                            fdm_op_name(op->kind), op->name, int8 ? "int8" : "float",
                            fdm_format_name(graph->format));
    }
    return FDM_OK;
}

enum fdm_status fdm_graph_check(const struct fdm_graph *graph, struct fdm_error *err)
{
    enum fdm_status status = check_tensors(graph, err);
    if (status == FDM_OK)
        status = check_input(graph, err);
    if (status != FDM_OK)
        return status;
    bool *computed = calloc(graph->tensor_count, sizeof *computed);
    if (computed == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory to check %u tensors", graph->tensor_count);
    computed[graph->input] = true;
    status = check_ops(graph, computed, err);
    if (status == FDM_OK)
        status = check_output(graph, computed, err);
    if (status == FDM_OK)
        status = check_format(graph, err);
    free(computed);
    return status;
}
