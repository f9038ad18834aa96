#include "reference/quantizer/quantize.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"

struct quantizing {
    const struct fdm_graph *from;
    const struct fdm_affine *activations;
    struct fdm_weight_rule rule;
    struct fdm_graph *to;
    uint32_t current;                 /* the chain's end in `to` */
    struct fdm_affine current_affine; /* and its quantization */
};

static enum fdm_status add_tensor(struct quantizing *q, const char *name, enum fdm_type type,
                                  uint32_t rank, const uint32_t *dims, uint32_t *index,
                                  struct fdm_error *err)
{
    enum fdm_status status = fdm_graph_add_tensor(q->to, name, index, err);
    if (status != FDM_OK)
        return status;
    struct fdm_tensor *tensor = &q->to->tensors[*index];
    tensor->type = type;
    tensor->file_index = *index;
    tensor->rank = rank;
    memcpy(tensor->dims, dims, rank * sizeof *dims);
    return FDM_OK;
}

static enum fdm_status add_constant(struct quantizing *q, const char *layer, const char *role,
                                    enum fdm_type type, uint32_t rank, const uint32_t *dims,
                                    const void *data, uint32_t *index, struct fdm_error *err)
{
    struct fdm_buf name;
    fdm_buf_init(&name);
    fdm_buf_printf(&name, "%s/%s", layer, role);
    enum fdm_status status = fdm_buf_check(&name, err);
    if (status == FDM_OK)
        status = add_tensor(q, name.data, type, rank, dims, index, err);
    fdm_buf_release(&name);
    if (status != FDM_OK)
        return status;
    size_t bytes = fdm_tensor_elements(&q->to->tensors[*index]) * fdm_type_bytes(type);
    return fdm_graph_set_data(q->to, *index, data, bytes, err);
}

/* An operator that reads the chain's end and becomes it. `affine` NULL: a float output. */
static enum fdm_status add_op(struct quantizing *q, const char *name, enum fdm_op_kind kind,
                              const struct fdm_tensor *shape, const struct fdm_affine *affine,
                              uint32_t *index, struct fdm_error *err)
{
    uint32_t output = 0;
    enum fdm_status status = fdm_graph_add_op(q->to, name, kind, index, err);
    if (status == FDM_OK)
        status = add_tensor(q, name, affine != NULL ? FDM_TYPE_S8 : FDM_TYPE_F32, shape->rank,
                            shape->dims, &output, err);
    if (status == FDM_OK && affine != NULL) {
        q->current_affine = *affine;
        status = fdm_graph_set_quant(q->to, output, &affine->scale, &affine->zero_point, 1, 0, err);
    }
    if (status != FDM_OK)
        return status;
    struct fdm_op *op = &q->to->ops[*index];
    op->inputs[0] = q->current;
    op->input_count = 1;
    op->output = output;
    q->current = output;
    return FDM_OK;
}

static void add_operand(struct quantizing *q, uint32_t op, uint32_t tensor)
{
    struct fdm_op *to = &q->to->ops[op];
    to->inputs[to->input_count++] = tensor;
}

/* ---- input ---- */

static enum fdm_status quantize_input(struct quantizing *q, struct fdm_error *err)
{
    const struct fdm_tensor *input = &q->from->tensors[q->from->input];
    const struct fdm_affine *affine = &q->activations[q->from->input];
    int32_t unsigned_zero = affine->zero_point - INT8_MIN;
    uint32_t op;
    enum fdm_status status =
        add_tensor(q, input->name, FDM_TYPE_U8, input->rank, input->dims, &q->to->input, err);
    if (status == FDM_OK)
        status =
            fdm_graph_set_quant(q->to, q->to->input, &affine->scale, &unsigned_zero, 1, 0, err);
    q->current = q->to->input;
    if (status == FDM_OK)
        status = add_op(q, "quantize", FDM_OP_QUANTIZE, input, affine, &op, err);
    return status;
}

/* ---- convolutions ---- */

struct conv_constants {
    float *weight_scales, *bias_scales;
    int32_t *zero_points, *bias;
    int8_t *codes;
    uint32_t scale_count;
};

static void release_constants(struct conv_constants *c)
{
    free(c->weight_scales);
    free(c->bias_scales);
    free(c->zero_points);
    free(c->bias);
    free(c->codes);
}

static enum fdm_status make_constants(const struct quantizing *q, const struct fdm_op *op,
                                      struct conv_constants *c, struct fdm_error *err)
{
    const struct fdm_tensor *kernel = &q->from->tensors[op->inputs[1]];
    const float *bias = q->from->tensors[op->inputs[2]].data;
    uint32_t channels = q->from->tensors[op->output].dims[3];
    size_t elements = fdm_tensor_elements(kernel);
    const struct fdm_weights weights = {kernel->data, channels, elements / channels,
                                        op->kind == FDM_OP_DEPTHWISE_CONV};
    c->weight_scales = calloc(channels, sizeof *c->weight_scales);
    c->bias_scales = calloc(channels, sizeof *c->bias_scales);
    c->zero_points = calloc(channels, sizeof *c->zero_points);
    c->bias = calloc(channels, sizeof *c->bias);
    c->codes = malloc(elements);
    if (c->weight_scales == NULL || c->bias_scales == NULL || c->zero_points == NULL ||
        c->bias == NULL || c->codes == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu weights", elements);
    float input_scale = q->current_affine.scale;
    fdm_weights_quantize(&weights, q->rule, bias, input_scale, c->weight_scales, c->codes);
    c->scale_count = q->rule.per_tensor ? 1 : channels;
    for (uint32_t i = 0; i < c->scale_count; i++)
        c->bias_scales[i] = fdm_bias_scale(input_scale, c->weight_scales[i]);
    for (uint32_t i = 0; i < channels; i++)
        c->bias[i] = fdm_bias_quantize(bias[i], c->bias_scales[c->scale_count > 1 ? i : 0]);
    return FDM_OK;
}

static enum fdm_status add_conv(struct quantizing *q, const struct fdm_op *op,
                                const struct conv_constants *c, struct fdm_error *err)
{
    const struct fdm_tensor *kernel = &q->from->tensors[op->inputs[1]];
    const struct fdm_tensor *output = &q->from->tensors[op->output];
    uint32_t weights = 0;
    uint32_t bias = 0;
    uint32_t index = 0;
    enum fdm_status status = add_constant(q, op->name, "weights", FDM_TYPE_S8, kernel->rank,
                                          kernel->dims, c->codes, &weights, err);
    if (status == FDM_OK)
        status =
            fdm_graph_set_quant(q->to, weights, c->weight_scales, c->zero_points, c->scale_count,
                                op->kind == FDM_OP_DEPTHWISE_CONV ? 3 : 0, err);
    if (status == FDM_OK)
        status = add_constant(q, op->name, "bias", FDM_TYPE_S32, 1, &output->dims[3], c->bias,
                              &bias, err);
    if (status == FDM_OK)
        status = fdm_graph_set_quant(q->to, bias, c->bias_scales, c->zero_points, c->scale_count, 0,
                                     err);
    if (status == FDM_OK)
        status = add_op(q, op->name, op->kind, output, &q->activations[op->output], &index, err);
    if (status != FDM_OK)
        return status;
    add_operand(q, index, weights);
    add_operand(q, index, bias);
    struct fdm_op *to = &q->to->ops[index];
    to->stride_h = op->stride_h;
    to->stride_w = op->stride_w;
    to->pad_top = op->pad_top;
    to->pad_left = op->pad_left;
    to->pad_bottom = op->pad_bottom;
    to->pad_right = op->pad_right;
    to->activation = op->activation;
    return FDM_OK;
}

static enum fdm_status quantize_conv(struct quantizing *q, const struct fdm_op *op,
                                     struct fdm_error *err)
{
    struct conv_constants constants = {0};
    enum fdm_status status = make_constants(q, op, &constants, err);
    if (status == FDM_OK)
        status = add_conv(q, op, &constants, err);
    release_constants(&constants);
    return status;
}

/* ---- the others ---- */

/* An operator with one constant int32 vector as its second operand. */
static enum fdm_status add_with_vector(struct quantizing *q, const struct fdm_op *op,
                                       const struct fdm_affine *affine, const char *role,
                                       const int32_t *values, uint32_t count, struct fdm_error *err)
{
    uint32_t operand = 0;
    uint32_t index = 0;
    enum fdm_status status =
        add_constant(q, op->name, role, FDM_TYPE_S32, 1, &count, values, &operand, err);
    if (status == FDM_OK)
        status = add_op(q, op->name, op->kind, &q->from->tensors[op->output], affine, &index, err);
    if (status == FDM_OK)
        add_operand(q, index, operand);
    return status;
}

static enum fdm_status quantize_reshape(struct quantizing *q, const struct fdm_op *op,
                                        struct fdm_error *err)
{
    const struct fdm_tensor *output = &q->from->tensors[op->output];
    const struct fdm_affine affine = q->current_affine;
    int32_t dims[FDM_GRAPH_MAX_RANK];
    for (uint32_t i = 0; i < output->rank; i++)
        dims[i] = (int32_t)output->dims[i];
    return add_with_vector(q, op, &affine, "shape", dims, output->rank, err);
}

static enum fdm_status quantize_op(struct quantizing *q, const struct fdm_op *op,
                                   struct fdm_error *err)
{
    static const int32_t axes[2] = {1, 2};
    static const struct fdm_affine probability = {1.0f / 256, INT8_MIN};
    uint32_t index;
    switch (op->kind) {
    case FDM_OP_CONV_2D:
    case FDM_OP_DEPTHWISE_CONV:
        return quantize_conv(q, op, err);
    case FDM_OP_MEAN:
        return add_with_vector(q, op, &q->activations[op->output], "axes", axes, 2, err);
    case FDM_OP_SOFTMAX:
        return add_op(q, op->name, op->kind, &q->from->tensors[op->output], &probability, &index,
                      err);
    case FDM_OP_RESHAPE:
        return quantize_reshape(q, op, err);
    default:
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "not an operator of a folded graph");
    }
}

static enum fdm_status quantize_chain(struct quantizing *q, struct fdm_error *err)
{
    enum fdm_status status = quantize_input(q, err);
    for (uint32_t i = 0; status == FDM_OK && i < q->from->op_count; i++) {
        const struct fdm_op *op = &q->from->ops[i];
        status = quantize_op(q, op, err);
        if (status != FDM_OK)
            fdm_error_context(err, "%s '%s'", fdm_op_name(op->kind), op->name);
    }
    uint32_t index;
    const struct fdm_tensor last = q->to->tensors[q->current]; /* adding one moves the tensors */
    if (status == FDM_OK)
        status = add_op(q, "dequantize", FDM_OP_DEQUANTIZE, &last, NULL, &index, err);
    return status;
}

enum fdm_status fdm_quantize(const struct fdm_graph *folded, const struct fdm_affine *activations,
                             struct fdm_weight_rule rule, struct fdm_graph **out,
                             struct fdm_error *err)
{
    struct quantizing q = {.from = folded, .activations = activations, .rule = rule};
    *out = NULL;
    enum fdm_status status = fdm_graph_new(folded->name, &q.to, err);
    if (status == FDM_OK)
        status = quantize_chain(&q, err);
    if (status == FDM_OK) {
        q.to->output = q.current;
        q.to->format = FDM_FORMAT_INT8;
        status = fdm_graph_check(q.to, err);
    }
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", folded->name);
        fdm_graph_free(q.to);
        return status;
    }
    *out = q.to;
    return FDM_OK;
}
