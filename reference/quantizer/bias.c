#include "reference/quantizer/bias.h"

#include <stdlib.h>
#include <string.h>

#include "reference/compiler/compile.h"
#include "reference/quantizer/tap_means.h"
#include "reference/quantizer/weights.h"

static bool is_conv(enum fdm_op_kind kind)
{
    return kind == FDM_OP_CONV_2D || kind == FDM_OP_DEPTHWISE_CONV;
}

static const struct fdm_op *conv_at(const struct fdm_graph *graph, uint32_t index)
{
    for (uint32_t i = 0; i < graph->op_count; i++)
        if (is_conv(graph->ops[i].kind) && index-- == 0)
            return &graph->ops[i];
    return NULL;
}

/* ---- the float network's means ---- */

struct float_means {
    const struct fdm_network *network;
    void *arena;
    struct fdm_tap_means *means; /* one per layer; without sums where it is no convolution */
};

static void watch_input(void *context, uint32_t index, size_t at)
{
    struct float_means *f = context;
    const struct fdm_network_layer *layer = &f->network->layers[index];
    const unsigned char *base = f->arena;
    const void *input = base + f->network->tensors[layer->input].offset;
    if (at == 0 && fdm_network_conv_shape(layer) != NULL)
        fdm_tap_means_add_f32(&f->means[index], input);
}

static void release_means(struct fdm_tap_means *means, uint32_t count)
{
    for (uint32_t i = 0; means != NULL && i < count; i++)
        fdm_tap_means_release(&means[i]);
    free(means);
}

static enum fdm_status collect(struct float_means *f, const struct fdm_samples *samples,
                               struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    f->means = calloc(f->network->layer_count, sizeof *f->means);
    if (f->means == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for means");
    for (uint32_t i = 0; status == FDM_OK && i < f->network->layer_count; i++)
        if (fdm_network_conv_shape(&f->network->layers[i]) != NULL)
            status = fdm_tap_means_init(&f->means[i],
                                        fdm_network_conv_shape(&f->network->layers[i]), err);
    if (status == FDM_OK)
        status = fdm_samples_arena(f->network, &f->arena, err);
    const struct fdm_network_observer observer = {.context = f, .before = watch_input};
    for (uint32_t i = 0; status == FDM_OK && i < samples->count; i++) {
        fdm_samples_write(samples, i, f->network, f->arena);
        if (fdm_network_run(f->network, f->arena, &observer) != FDM_NN_OK)
            status = fdm_fail(err, FDM_ERR_UNSUPPORTED, "a kernel refused its parameters");
    }
    free(f->arena);
    return status;
}

/* Fills `targets`, the mean of each output channel of each convolution, in order. */
static enum fdm_status float_targets(const struct fdm_graph *folded,
                                     const struct fdm_samples *samples, double **targets,
                                     struct fdm_error *err)
{
    struct fdm_network *network;
    enum fdm_status status = fdm_compile(folded, NULL, NULL, &network, err);
    if (status != FDM_OK)
        return status;
    struct float_means f = {.network = network};
    status = collect(&f, samples, err);
    uint32_t conv = 0;
    for (uint32_t i = 0; status == FDM_OK && i < network->layer_count; i++) {
        if (fdm_network_conv_shape(&network->layers[i]) == NULL)
            continue;
        const struct fdm_op *op = conv_at(folded, conv);
        const float *weights = folded->tensors[op->inputs[1]].data;
        const float *bias = folded->tensors[op->inputs[2]].data;
        uint32_t channels = folded->tensors[op->output].dims[3];
        targets[conv] = calloc(channels, sizeof **targets);
        if (targets[conv] == NULL) {
            status = fdm_fail(err, FDM_ERR_MEMORY, "no memory for means");
            break;
        }
        for (uint32_t c = 0; c < channels; c++)
            targets[conv][c] =
                fdm_tap_means_output(&f.means[i], weights, op->kind == FDM_OP_DEPTHWISE_CONV, c) +
                (double)bias[c];
        conv++;
    }
    release_means(f.means, network->layer_count);
    fdm_network_free(network);
    return status;
}

/* ---- the int8 network, layer by layer over all samples ---- */

struct march {
    const struct fdm_network *network;
    struct fdm_graph *graph;
    uint32_t count;           /* samples */
    size_t stride;            /* bytes of one sample's activation */
    unsigned char *from, *to; /* the current activation of every sample, and the next */
    void *scratch;
};

static float scale_at(const struct fdm_quant *quant, uint32_t channel)
{
    return quant->scales[quant->count > 1 ? channel : 0];
}

/* The weights as the reals that they stand for. */
static float *dequantize(const struct fdm_tensor *weights, bool depthwise)
{
    size_t elements = fdm_tensor_elements(weights);
    const int8_t *codes = weights->data;
    float *values = malloc(elements * sizeof *values);
    uint32_t channels = weights->dims[depthwise ? 3 : 0];
    size_t taps = elements / channels;
    for (size_t i = 0; values != NULL && i < elements; i++) {
        size_t channel = depthwise ? i % channels : i / taps;
        values[i] = (float)codes[i] * scale_at(&weights->quant, (uint32_t)channel);
    }
    return values;
}

static enum fdm_status correct(const struct march *march, const struct fdm_op *op,
                               const struct fdm_tap_means *means, const double *targets,
                               struct fdm_error *err)
{
    const struct fdm_tensor *weights = &march->graph->tensors[op->inputs[1]];
    const struct fdm_tensor *tensor = &march->graph->tensors[op->inputs[2]];
    bool depthwise = op->kind == FDM_OP_DEPTHWISE_CONV;
    float *values = dequantize(weights, depthwise);
    if (values == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for weights");
    int32_t *bias = (int32_t *)tensor->data;
    for (uint32_t c = 0; c < tensor->dims[0]; c++) {
        float scale = scale_at(&tensor->quant, c);
        double reached = fdm_tap_means_output(means, values, depthwise, c);
        bias[c] = fdm_bias_quantize((float)(targets[c] - reached), scale);
    }
    free(values);
    return FDM_OK;
}

static enum fdm_status correct_layer(struct march *march, const struct fdm_network_layer *layer,
                                     const struct fdm_op *op, const double *targets,
                                     struct fdm_error *err)
{
    const struct fdm_network_tensor *in = &march->network->tensors[layer->input];
    struct fdm_tap_means means;
    enum fdm_status status = fdm_tap_means_init(&means, fdm_network_conv_shape(layer), err);
    for (uint32_t i = 0; status == FDM_OK && i < march->count; i++)
        fdm_tap_means_add_s8(&means, (const int8_t *)(march->from + i * march->stride), in->scale,
                             in->zero_point);
    if (status == FDM_OK)
        status = correct(march, op, &means, targets, err);
    fdm_tap_means_release(&means);
    return status;
}

static enum fdm_status step(struct march *march, const struct fdm_network_layer *layer,
                            struct fdm_error *err)
{
    if (fdm_nn_check(layer->op, &layer->params, layer->bias) != FDM_NN_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "'%s': a kernel refused the corrected biases",
                        layer->name);
    struct fdm_network_tensor in = march->network->tensors[layer->input];
    struct fdm_network_tensor out = march->network->tensors[layer->output];
    in.offset = 0;
    out.offset = 0;
    for (uint32_t i = 0; i < march->count; i++) {
        const struct fdm_nn_call call = {
            .params = &layer->params,
            .weights = layer->weights,
            .bias = layer->bias,
            .in = fdm_network_rows(&in, march->from + i * march->stride),
            .out = fdm_network_rows(&out, march->to + i * march->stride),
            .count = out.h,
            .scratch = march->scratch,
        };
        layer->run(&call);
    }
    unsigned char *swap = march->from;
    march->from = march->to;
    march->to = swap;
    return FDM_OK;
}

static enum fdm_status begin_march(struct march *march, const struct fdm_samples *samples,
                                   struct fdm_error *err)
{
    const struct fdm_network *network = march->network;
    const struct fdm_network_tensor *input = &network->tensors[network->input];
    size_t largest = 1;
    for (uint32_t i = 0; i < network->tensor_count; i++)
        largest = network->tensors[i].bytes > largest ? network->tensors[i].bytes : largest;
    march->count = samples->count;
    march->stride =
        (largest + FDM_NETWORK_ALIGNMENT - 1) / FDM_NETWORK_ALIGNMENT * FDM_NETWORK_ALIGNMENT;
    march->from = calloc((size_t)march->count + 1, march->stride);
    march->to = calloc((size_t)march->count + 1, march->stride);
    march->scratch = calloc(network->scratch_bytes + 1, 1);
    if (march->from == NULL || march->to == NULL || march->scratch == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u times %zu bytes; take fewer images",
                        march->count, march->stride);
    for (uint32_t i = 0; i < march->count; i++)
        for (size_t k = 0; k < input->bytes; k++)
            march->from[i * march->stride + k] = samples->code[samples->pixels[i][k]];
    return FDM_OK;
}

static enum fdm_status run_march(struct march *march, const double *const *targets,
                                 struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    uint32_t conv = 0;
    for (uint32_t i = 0; status == FDM_OK && i < march->network->layer_count; i++) {
        struct fdm_network_layer layer = march->network->layers[i];
        if (fdm_network_conv_shape(&layer) != NULL) {
            const struct fdm_op *op = conv_at(march->graph, conv);
            status = correct_layer(march, &layer, op, targets[conv], err);
            layer.bias = march->graph->tensors[op->inputs[2]].data;
            conv++;
        }
        if (status == FDM_OK)
            status = step(march, &layer, err);
    }
    return status;
}

static uint32_t conv_count(const struct fdm_graph *graph)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->op_count; i++)
        count += is_conv(graph->ops[i].kind);
    return count;
}

enum fdm_status fdm_bias_correct(const struct fdm_graph *folded, struct fdm_graph *int8,
                                 const struct fdm_samples *samples,
                                 const struct fdm_semantics *semantics, struct fdm_error *err)
{
    uint32_t count = conv_count(folded);
    if (samples->count == 0 || conv_count(int8) != count)
        return fdm_fail(err, FDM_ERR_USAGE, "no images, or graphs of different models");
    double **targets = calloc(count + 1, sizeof *targets);
    if (targets == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for means");
    struct fdm_network *network = NULL;
    struct march march = {.graph = int8};
    enum fdm_status status = float_targets(folded, samples, targets, err);
    if (status == FDM_OK)
        status = fdm_compile(int8, semantics, NULL, &network, err);
    march.network = network;
    if (status == FDM_OK)
        status = begin_march(&march, samples, err);
    if (status == FDM_OK)
        status = run_march(&march, (const double *const *)targets, err);
    if (status == FDM_OK)
        status = fdm_graph_check(int8, err);
    for (uint32_t i = 0; i < count; i++)
        free(targets[i]);
    free(targets);
    free(march.from);
    free(march.to);
    free(march.scratch);
    fdm_network_free(network);
    return status;
}
