#include <math.h>
#include <string.h>

#include "reference/compiler/lower.h"
#include "reference/compiler/scale.h"

static const struct fdm_tensor *input_of(const struct fdm_lowering *lowering,
                                         const struct fdm_op *op)
{
    return &lowering->graph->tensors[op->inputs[0]];
}

static const struct fdm_tensor *output_of(const struct fdm_lowering *lowering,
                                          const struct fdm_op *op)
{
    return &lowering->graph->tensors[op->output];
}

enum fdm_status fdm_lower_quantize(struct fdm_lowering *lowering, const struct fdm_op *op,
                                   struct fdm_error *err)
{
    const struct fdm_tensor *in = input_of(lowering, op);
    const struct fdm_tensor *out = output_of(lowering, op);
    if (in->type != FDM_TYPE_U8 || in->quant.scales[0] != out->quant.scales[0])
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "only from uint8 to int8 at the same scale is supported");
    struct fdm_network_layer *layer;
    enum fdm_status status =
        fdm_lower_layer(lowering, op, FDM_NN_OP_QUANTIZE_U8_S8, op->output, &layer, err);
    layer->params.quantize_u8_s8 = (struct fdm_nn_quantize_u8_s8){
        fdm_tensor_elements(in), in->quant.zero_points[0], out->quant.zero_points[0]};
    return status;
}

enum fdm_status fdm_lower_dequantize(struct fdm_lowering *lowering, const struct fdm_op *op,
                                     struct fdm_error *err)
{
    const struct fdm_tensor *in = input_of(lowering, op);
    struct fdm_network_layer *layer;
    enum fdm_status status =
        fdm_lower_layer(lowering, op, FDM_NN_OP_DEQUANTIZE_S8_F32, op->output, &layer, err);
    layer->params.dequantize_s8_f32 = (struct fdm_nn_dequantize_s8_f32){
        fdm_tensor_elements(in), in->quant.scales[0], in->quant.zero_points[0]};
    return status;
}

static enum fdm_status copy_constant(struct fdm_lowering *lowering, const struct fdm_tensor *from,
                                     const void **to, size_t *bytes, struct fdm_error *err)
{
    void *copy;
    enum fdm_status status = fdm_pool_alloc(lowering->pool, from->data_bytes, 1, &copy, err);
    if (status == FDM_OK)
        memcpy(copy, from->data, from->data_bytes);
    *to = copy;
    *bytes = from->data_bytes;
    return status;
}

static double weight_scale(const struct fdm_quant *weights, uint32_t channel)
{
    return weights->scales[weights->count > 1 ? channel : 0];
}

static enum fdm_status fill_scales(struct fdm_lowering *lowering, const struct fdm_op *op,
                                   struct fdm_nn_requant *requant, struct fdm_error *err)
{
    const struct fdm_tensor *in = input_of(lowering, op);
    const struct fdm_tensor *out = output_of(lowering, op);
    const struct fdm_quant *weights = &lowering->graph->tensors[op->inputs[1]].quant;
    void *block;
    enum fdm_status status =
        fdm_pool_alloc(lowering->pool, out->dims[3], sizeof(float), &block, err);
    if (status != FDM_OK)
        return status;
    float *scale = block;
    for (uint32_t i = 0; i < out->dims[3]; i++)
        scale[i] = in->quant.scales[0] * (float)weight_scale(weights, i) / out->quant.scales[0];
    requant->scale = scale;
    return FDM_OK;
}

static enum fdm_status fill_multipliers(struct fdm_lowering *lowering, const struct fdm_op *op,
                                        struct fdm_nn_requant *requant, struct fdm_error *err)
{
    const struct fdm_tensor *in = input_of(lowering, op);
    const struct fdm_tensor *out = output_of(lowering, op);
    const struct fdm_quant *weights = &lowering->graph->tensors[op->inputs[1]].quant;
    void *block;
    enum fdm_status status =
        fdm_pool_alloc(lowering->pool, out->dims[3], sizeof(int32_t) + sizeof(int8_t), &block, err);
    if (status != FDM_OK)
        return status;
    int32_t *multiplier = block;
    int8_t *shift = (int8_t *)(multiplier + out->dims[3]);
    for (uint32_t i = 0; i < out->dims[3]; i++) {
        double scale =
            (double)in->quant.scales[0] * weight_scale(weights, i) / (double)out->quant.scales[0];
        struct fdm_multiplier m = fdm_multiplier_from_scale(scale);
        multiplier[i] = m.multiplier;
        shift[i] = (int8_t)m.shift;
    }
    requant->multiplier = multiplier;
    requant->shift = shift;
    return FDM_OK;
}

/* Activation bounds in the output's quantized units. */
static void fill_bounds(enum fdm_activation activation, const struct fdm_tensor *out,
                        struct fdm_nn_conv_s8 *params)
{
    params->out_min = INT8_MIN;
    params->out_max = INT8_MAX;
    if (activation == FDM_ACTIVATION_NONE)
        return;
    params->out_min = out->quant.zero_points[0];
    if (activation == FDM_ACTIVATION_RELU6) {
        float six = roundf(6.0f / out->quant.scales[0]);
        float room = (float)(INT8_MAX - params->out_min);
        params->out_max = params->out_min + (int32_t)(six < room ? six : room);
    }
}

static enum fdm_status fill_conv(struct fdm_lowering *lowering, const struct fdm_op *op,
                                 struct fdm_nn_conv_s8 *params, struct fdm_error *err)
{
    const struct fdm_semantics *semantics = lowering->semantics;
    const struct fdm_tensor *out = output_of(lowering, op);
    params->shape = fdm_lower_conv_shape(lowering->graph, op);
    params->in_zero_point = input_of(lowering, op)->quant.zero_points[0];
    params->out_zero_point = out->quant.zero_points[0];
    fill_bounds(op->activation, out, params);
    bool one_pixel = params->shape.out_h == 1 && params->shape.out_w == 1;
    params->requant.rounding = op->kind == FDM_OP_DEPTHWISE_CONV ? semantics->dwconv
                               : one_pixel                       ? semantics->gemv
                                                                 : semantics->conv;
    return params->requant.rounding == FDM_NN_ROUND_FP32
               ? fill_scales(lowering, op, &params->requant, err)
               : fill_multipliers(lowering, op, &params->requant, err);
}

enum fdm_status fdm_lower_conv_s8(struct fdm_lowering *lowering, const struct fdm_op *op,
                                  struct fdm_error *err)
{
    bool depthwise = op->kind == FDM_OP_DEPTHWISE_CONV;
    struct fdm_network_layer *layer;
    enum fdm_status status = fdm_lower_layer(
        lowering, op, depthwise ? FDM_NN_OP_DWCONV_S8 : FDM_NN_OP_CONV_S8, op->output, &layer, err);
    if (status == FDM_OK)
        status = fill_conv(lowering, op,
                           depthwise ? &layer->params.dwconv_s8.conv : &layer->params.conv_s8, err);
    if (status == FDM_OK)
        status = copy_constant(lowering, &lowering->graph->tensors[op->inputs[1]], &layer->weights,
                               &layer->weights_bytes, err);
    const struct fdm_tensor *bias = fdm_lower_bias(lowering->graph, op);
    if (status == FDM_OK && bias != NULL)
        status = copy_constant(lowering, bias, &layer->bias, &layer->bias_bytes, err);
    return status;
}

enum fdm_status fdm_lower_mean_s8(struct fdm_lowering *lowering, const struct fdm_op *op,
                                  struct fdm_error *err)
{
    const struct fdm_tensor *in = input_of(lowering, op);
    const struct fdm_tensor *out = output_of(lowering, op);
    double scale = (double)in->quant.scales[0] / (double)out->quant.scales[0];
    struct fdm_multiplier m = fdm_multiplier_for_mean(scale, (int32_t)(in->dims[1] * in->dims[2]));
    struct fdm_network_layer *layer;
    enum fdm_status status =
        fdm_lower_layer(lowering, op, FDM_NN_OP_MEAN_S8, op->output, &layer, err);
    layer->params.mean_s8 = (struct fdm_nn_mean_s8){
        .h = (int32_t)in->dims[1],
        .w = (int32_t)in->dims[2],
        .c = (int32_t)in->dims[3],
        .rule = lowering->semantics->mean,
        .in_zero_point = in->quant.zero_points[0],
        .out_zero_point = out->quant.zero_points[0],
        .scale = in->quant.scales[0] / out->quant.scales[0],
        .multiplier = m.multiplier,
        .shift = m.shift,
    };
    return status;
}

static enum fdm_status fill_table(struct fdm_lowering *lowering, float scale,
                                  struct fdm_nn_softmax_s8 *params, struct fdm_error *err)
{
    void *block;
    enum fdm_status status =
        fdm_pool_alloc(lowering->pool, FDM_NN_SOFTMAX_TABLE_SIZE, sizeof(float), &block, err);
    if (status != FDM_OK)
        return status;
    float *table = block;
    for (int d = 0; d < FDM_NN_SOFTMAX_TABLE_SIZE; d++)
        table[FDM_NN_SOFTMAX_TABLE_SIZE - 1 - d] = (float)exp((double)(-scale * (float)d));
    params->table = table;
    return FDM_OK;
}

/* Differences are brought to Q5.26; those below -31 are out of its range, and their exponential is
 * nothing anyway. */
static enum fdm_status fill_fixed(float scale, struct fdm_nn_softmax_s8 *params,
                                  struct fdm_error *err)
{
    const double unit = 67108864.0; /* 2^26 */
    struct fdm_multiplier m = fdm_multiplier_from_scale(fmin((double)scale * unit, INT32_MAX));
    if (m.shift < 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "input scale %g is too small", (double)scale);
    params->multiplier = m.multiplier;
    params->shift = m.shift;
    params->diff_min = -(int32_t)(31 * unit / (double)(INT64_C(1) << m.shift));
    return FDM_OK;
}

enum fdm_status fdm_lower_softmax_s8(struct fdm_lowering *lowering, const struct fdm_op *op,
                                     struct fdm_error *err)
{
    const struct fdm_tensor *in = input_of(lowering, op);
    if (fdm_tensor_elements(in) != in->dims[in->rank - 1])
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "more than one row");
    struct fdm_network_layer *layer;
    enum fdm_status status =
        fdm_lower_layer(lowering, op, FDM_NN_OP_SOFTMAX_S8, op->output, &layer, err);
    struct fdm_nn_softmax_s8 *params = &layer->params.softmax_s8;
    params->count = (int32_t)in->dims[in->rank - 1];
    params->rule = lowering->semantics->softmax;
    if (status != FDM_OK)
        return status;
    return params->rule == FDM_NN_SOFTMAX_TABLE
               ? fill_table(lowering, in->quant.scales[0], params, err)
               : fill_fixed(in->quant.scales[0], params, err);
}
