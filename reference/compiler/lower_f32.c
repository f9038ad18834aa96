#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "reference/compiler/lower.h"

/* A convolution and the operators that become part of it. */
struct fusion {
    const struct fdm_op *conv;
    const struct fdm_op *batch_norm; /* or NULL */
    enum fdm_activation activation;
    uint32_t output; /* of the last of them */
};

/* Per output channel: y = factor * x + offset. */
struct affine {
    double factor, offset;
};

static const struct fdm_op *take_reader(struct fdm_lowering *lowering, uint32_t tensor,
                                        enum fdm_op_kind kind)
{
    uint32_t reader = lowering->reader_of[tensor];
    if (reader == FDM_GRAPH_NONE || lowering->graph->ops[reader].kind != kind)
        return NULL;
    lowering->fused[reader] = true;
    return &lowering->graph->ops[reader];
}

static struct fusion find_fusion(struct fdm_lowering *lowering, const struct fdm_op *conv)
{
    struct fusion fusion = {conv, NULL, conv->activation, conv->output};
    if (fusion.activation != FDM_ACTIVATION_NONE)
        return fusion;
    fusion.batch_norm = take_reader(lowering, fusion.output, FDM_OP_BATCH_NORM);
    if (fusion.batch_norm != NULL)
        fusion.output = fusion.batch_norm->output;
    const struct fdm_op *relu = take_reader(lowering, fusion.output, FDM_OP_RELU);
    if (relu != NULL) {
        fusion.activation = FDM_ACTIVATION_RELU;
        fusion.output = relu->output;
    }
    return fusion;
}

/* Batch norm, gamma * (x - mean) / sqrt(variance + epsilon) + beta, as one factor and one offset,
 * with the convolution's bias in the offset. */
static void fill_affine(const struct fdm_graph *graph, const struct fusion *fusion,
                        uint32_t channels, struct affine *affine)
{
    const struct fdm_tensor *bias = fdm_lower_bias(graph, fusion->conv);
    const float *values = bias != NULL ? bias->data : NULL;
    for (uint32_t i = 0; i < channels; i++)
        affine[i] = (struct affine){1.0, values != NULL ? (double)values[i] : 0.0};
    if (fusion->batch_norm == NULL)
        return;
    const uint32_t *operands = fusion->batch_norm->inputs;
    const float *gamma = graph->tensors[operands[1]].data;
    const float *beta = graph->tensors[operands[2]].data;
    const float *mean = graph->tensors[operands[3]].data;
    const float *variance = graph->tensors[operands[4]].data;
    for (uint32_t i = 0; i < channels; i++) {
        double root = sqrt((double)variance[i] + (double)fusion->batch_norm->epsilon);
        affine[i].factor = (double)gamma[i] / root;
        affine[i].offset =
            (double)beta[i] + (affine[i].offset - (double)mean[i]) * affine[i].factor;
    }
}

static enum fdm_status to_float(double x, float *out, struct fdm_error *err)
{
    if (!(fabs(x) <= (double)FLT_MAX))
        return fdm_fail(err, FDM_ERR_FORMAT, "a folded weight is %g, beyond float32", x);
    *out = (float)x;
    return FDM_OK;
}

/* [O, H, W, I] to [H, W, I, O] for CONV_2D; [1, H, W, C] stays as it is for depthwise. */
static enum fdm_status fold_weights(const struct fdm_tensor *from, bool depthwise,
                                    const struct affine *affine, float *to, struct fdm_error *err)
{
    const float *values = from->data;
    size_t elements = fdm_tensor_elements(from);
    size_t channels = depthwise ? from->dims[3] : from->dims[0];
    size_t taps = elements / channels;
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < elements; i++) {
        size_t channel = i % channels;
        double value = depthwise ? values[i] : values[channel * taps + i / channels];
        status = to_float(value * affine[channel].factor, &to[i], err);
    }
    return status;
}

static enum fdm_status fold(struct fdm_lowering *lowering, const struct fusion *fusion,
                            const struct affine *affine, uint32_t channels,
                            struct fdm_network_layer *layer, struct fdm_error *err)
{
    const struct fdm_tensor *from = &lowering->graph->tensors[fusion->conv->inputs[1]];
    size_t elements = fdm_tensor_elements(from);
    void *weights;
    void *bias = NULL;
    enum fdm_status status = fdm_pool_alloc(lowering->pool, elements, sizeof(float), &weights, err);
    if (status == FDM_OK)
        status = fdm_pool_alloc(lowering->pool, channels, sizeof(float), &bias, err);
    if (status == FDM_OK)
        status =
            fold_weights(from, fusion->conv->kind == FDM_OP_DEPTHWISE_CONV, affine, weights, err);
    float *offsets = bias;
    for (uint32_t i = 0; status == FDM_OK && i < channels; i++)
        status = to_float(affine[i].offset, &offsets[i], err);
    layer->weights = weights;
    layer->weights_bytes = elements * sizeof(float);
    layer->bias = bias;
    layer->bias_bytes = channels * sizeof(float);
    return status;
}

static struct fdm_nn_conv_f32 conv_params(const struct fdm_graph *graph,
                                          const struct fusion *fusion)
{
    struct fdm_nn_conv_f32 params = {fdm_lower_conv_shape(graph, fusion->conv), -INFINITY,
                                     INFINITY};
    if (fusion->activation != FDM_ACTIVATION_NONE)
        params.out_min = 0.0f;
    if (fusion->activation == FDM_ACTIVATION_RELU6)
        params.out_max = 6.0f;
    return params;
}

enum fdm_status fdm_lower_conv_f32(struct fdm_lowering *lowering, const struct fdm_op *op,
                                   struct fdm_error *err)
{
    struct fusion fusion = find_fusion(lowering, op);
    bool depthwise = op->kind == FDM_OP_DEPTHWISE_CONV;
    uint32_t channels = lowering->graph->tensors[op->output].dims[3];
    struct affine *affine = calloc(channels, sizeof *affine);
    if (affine == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory to fold %u channels", channels);
    fill_affine(lowering->graph, &fusion, channels, affine);
    struct fdm_network_layer *layer;
    enum fdm_status status =
        fdm_lower_layer(lowering, op, depthwise ? FDM_NN_OP_DWCONV_F32 : FDM_NN_OP_CONV_F32,
                        fusion.output, &layer, err);
    if (status == FDM_OK)
        status = fold(lowering, &fusion, affine, channels, layer, err);
    struct fdm_nn_conv_f32 params = conv_params(lowering->graph, &fusion);
    if (depthwise)
        layer->params.dwconv_f32.conv = params;
    else
        layer->params.conv_f32 = params;
    free(affine);
    return status;
}

enum fdm_status fdm_lower_mean_f32(struct fdm_lowering *lowering, const struct fdm_op *op,
                                   struct fdm_error *err)
{
    const uint32_t *in = lowering->graph->tensors[op->inputs[0]].dims;
    struct fdm_network_layer *layer;
    enum fdm_status status =
        fdm_lower_layer(lowering, op, FDM_NN_OP_MEAN_F32, op->output, &layer, err);
    layer->params.mean_f32 =
        (struct fdm_nn_mean_f32){(int32_t)in[1], (int32_t)in[2], (int32_t)in[3]};
    return status;
}

enum fdm_status fdm_lower_softmax_f32(struct fdm_lowering *lowering, const struct fdm_op *op,
                                      struct fdm_error *err)
{
    const struct fdm_tensor *in = &lowering->graph->tensors[op->inputs[0]];
    if (fdm_tensor_elements(in) != in->dims[in->rank - 1])
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "more than one row");
    struct fdm_network_layer *layer;
    enum fdm_status status =
        fdm_lower_layer(lowering, op, FDM_NN_OP_SOFTMAX_F32, op->output, &layer, err);
    layer->params.softmax_f32.count = (int32_t)in->dims[in->rank - 1];
    return status;
}
