#include "reference/quantizer/refine.h"

#include <stdlib.h>

#include "reference/compiler/compile.h"
#include "reference/quantizer/march.h"
#include "reference/quantizer/moments.h"
#include "reference/quantizer/rounding.h"
#include "reference/quantizer/tap_means.h"
#include "reference/quantizer/weights.h"

#define DAMPING 0.1

/* Both networks, which stand before the same convolution. */
struct refining {
    struct fdm_march reals, codes;
    struct fdm_refinement refinement;
};

/* A convolution in both. The graphs' constants are their own allocations; those of the int8 graph
 * are changed in place. */
struct layer {
    const struct fdm_nn_conv_shape *shape;
    bool depthwise;
    uint32_t channels; /* of the output */
    size_t elements;   /* of the weights */
    const float *weights, *bias;
    int8_t *codes;
    int32_t *bias_codes;
    const struct fdm_quant *weight_scales, *bias_scales;
    float input_scale;
    int32_t input_zero;
};

static float scale_at(const struct fdm_quant *quant, uint32_t channel)
{
    return quant->scales[quant->count > 1 ? channel : 0];
}

static const float *real_input(const struct refining *r, uint32_t sample)
{
    return fdm_march_input(&r->reals, sample);
}

static const int8_t *code_input(const struct refining *r, uint32_t sample)
{
    return fdm_march_input(&r->codes, sample);
}

/* ---- rounding together ---- */

/* One group's channels have their covariance and what they multiply in common. */
struct fit {
    double *covariance, *cross, *drift, *gradient;
};

static enum fdm_status make_fit(struct fit *fit, size_t size, struct fdm_error *err)
{
    fit->covariance = calloc(size * size, sizeof(double));
    fit->cross = calloc(size * size, sizeof(double));
    fit->drift = calloc(size, sizeof(double));
    fit->gradient = calloc(size, sizeof(double));
    return fit->covariance != NULL && fit->cross != NULL && fit->drift != NULL &&
                   fit->gradient != NULL
               ? FDM_OK
               : fdm_fail(err, FDM_ERR_MEMORY, "no memory for the products of %zu inputs", size);
}

static void release_fit(struct fit *fit)
{
    free(fit->covariance);
    free(fit->cross);
    free(fit->drift);
    free(fit->gradient);
}

/* Afterwards `cross` holds the covariance of the codes with what they lack. */
static void fit_group(const struct fdm_moments *moments, uint32_t group, float input_scale,
                      struct fit *fit)
{
    size_t n = moments->size;
    double variance = 0.0;
    fdm_moments_covariance(moments, group, fit->covariance);
    fdm_moments_cross_covariance(moments, group, fit->cross);
    for (size_t i = 0; i < n * n; i++)
        fit->cross[i] = fit->covariance[i] - fit->cross[i] / (double)input_scale;
    for (size_t i = 0; i < n; i++)
        variance += fit->covariance[i * n + i] / (double)n;
    for (size_t i = 0; i < n; i++)
        fit->covariance[i * n + i] += DAMPING * variance;
}

static void round_channel(const struct layer *layer, uint32_t channel, size_t taps,
                          const struct fit *fit)
{
    size_t first = layer->depthwise ? channel : channel * taps;
    size_t stride = layer->depthwise ? layer->channels : 1;
    for (size_t i = 0; i < taps; i++) {
        fit->drift[i] = 0.0;
        for (size_t k = 0; k < taps; k++)
            fit->drift[i] += fit->cross[i * taps + k] * (double)layer->weights[first + k * stride];
    }
    const struct fdm_rounding rounding = {
        .count = taps,
        .scale = scale_at(layer->weight_scales, channel),
        .covariance = fit->covariance,
        .drift = fit->drift,
        .gradient = fit->gradient,
    };
    fdm_rounding_improve(&rounding, layer->weights + first, layer->codes + first, stride);
}

static enum fdm_status round_together(const struct refining *r, const struct layer *layer,
                                      struct fdm_error *err)
{
    struct fdm_moments moments;
    struct fit fit = {NULL, NULL, NULL, NULL};
    enum fdm_status status = fdm_moments_init(&moments, layer->shape, layer->depthwise, err);
    if (status == FDM_OK)
        status = make_fit(&fit, moments.size, err);
    for (uint32_t i = 0; status == FDM_OK && i < r->codes.count; i++)
        fdm_moments_add(&moments, code_input(r, i), layer->input_zero, real_input(r, i));
    for (uint32_t c = 0; status == FDM_OK && c < layer->channels; c++) {
        if (c == 0 || layer->depthwise)
            fit_group(&moments, c, layer->input_scale, &fit);
        round_channel(layer, c, moments.size, &fit);
    }
    release_fit(&fit);
    fdm_moments_release(&moments);
    return status;
}

/* ---- bias correction ---- */

/* The weights as the reals that they stand for. */
static float *dequantize(const struct layer *layer)
{
    float *values = malloc(layer->elements * sizeof *values);
    size_t taps = layer->elements / layer->channels;
    for (size_t i = 0; values != NULL && i < layer->elements; i++) {
        size_t channel = layer->depthwise ? i % layer->channels : i / taps;
        values[i] = (float)layer->codes[i] * scale_at(layer->weight_scales, (uint32_t)channel);
    }
    return values;
}

static void correct_channels(const struct layer *layer, const float *values,
                             const struct fdm_tap_means *wanted,
                             const struct fdm_tap_means *reached)
{
    for (uint32_t c = 0; c < layer->channels; c++) {
        double target = fdm_tap_means_output(wanted, layer->weights, layer->depthwise, c) +
                        (double)layer->bias[c];
        double mean = fdm_tap_means_output(reached, values, layer->depthwise, c);
        layer->bias_codes[c] =
            fdm_bias_quantize((float)(target - mean), scale_at(layer->bias_scales, c));
    }
}

static enum fdm_status correct_bias(const struct refining *r, const struct layer *layer,
                                    struct fdm_error *err)
{
    struct fdm_tap_means wanted;
    struct fdm_tap_means reached = {0};
    float *values = dequantize(layer);
    enum fdm_status status = fdm_tap_means_init(&wanted, layer->shape, err);
    if (status == FDM_OK)
        status = fdm_tap_means_init(&reached, layer->shape, err);
    if (status == FDM_OK && values == NULL)
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory for weights");
    for (uint32_t i = 0; status == FDM_OK && i < r->codes.count; i++) {
        fdm_tap_means_add_f32(&wanted, real_input(r, i));
        fdm_tap_means_add_s8(&reached, code_input(r, i), layer->input_scale, layer->input_zero);
    }
    if (status == FDM_OK)
        correct_channels(layer, values, &wanted, &reached);
    free(values);
    fdm_tap_means_release(&wanted);
    fdm_tap_means_release(&reached);
    return status;
}

/* ---- layer by layer ---- */

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

static uint32_t conv_count(const struct fdm_graph *graph)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->op_count; i++)
        count += is_conv(graph->ops[i].kind);
    return count;
}

static struct layer layer_of(const struct refining *r, const struct fdm_graph *folded,
                             const struct fdm_graph *int8, uint32_t conv)
{
    const struct fdm_op *from = conv_at(folded, conv);
    const struct fdm_op *to = conv_at(int8, conv);
    const struct fdm_network *network = r->codes.network;
    const struct fdm_network_layer *layer = &network->layers[r->codes.layer];
    const struct fdm_tensor *weights = &int8->tensors[to->inputs[1]];
    const struct fdm_tensor *bias = &int8->tensors[to->inputs[2]];
    return (struct layer){
        .shape = fdm_network_conv_shape(layer),
        .depthwise = to->kind == FDM_OP_DEPTHWISE_CONV,
        .channels = bias->dims[0],
        .elements = fdm_tensor_elements(weights),
        .weights = folded->tensors[from->inputs[1]].data,
        .bias = folded->tensors[from->inputs[2]].data,
        .codes = (int8_t *)weights->data,
        .bias_codes = (int32_t *)bias->data,
        .weight_scales = &weights->quant,
        .bias_scales = &bias->quant,
        .input_scale = network->tensors[layer->input].scale,
        .input_zero = network->tensors[layer->input].zero_point,
    };
}

static enum fdm_status refine_conv(struct refining *r, const struct fdm_graph *folded,
                                   const struct fdm_graph *int8, uint32_t conv,
                                   struct fdm_error *err)
{
    enum fdm_status status = fdm_march_to_conv(&r->reals, err);
    if (status == FDM_OK)
        status = fdm_march_to_conv(&r->codes, err);
    if (status != FDM_OK)
        return status;
    const struct layer layer = layer_of(r, folded, int8, conv);
    if (r->refinement.round_together)
        status = round_together(r, &layer, err);
    if (status == FDM_OK && r->refinement.correct_bias)
        status = correct_bias(r, &layer, err);
    if (status == FDM_OK)
        status = fdm_march_step(&r->reals, NULL, NULL, err);
    if (status == FDM_OK)
        status = fdm_march_step(&r->codes, layer.codes, layer.bias_codes, err);
    return status;
}

enum fdm_status fdm_refine(const struct fdm_graph *folded, struct fdm_graph *int8,
                           struct fdm_refinement refinement, const struct fdm_samples *samples,
                           const struct fdm_semantics *semantics, struct fdm_error *err)
{
    uint32_t count = conv_count(folded);
    if (samples->count == 0 || conv_count(int8) != count)
        return fdm_fail(err, FDM_ERR_USAGE, "no images, or graphs of different models");
    struct refining r = {.refinement = refinement};
    struct fdm_network *reals = NULL;
    struct fdm_network *codes = NULL;
    enum fdm_status status = fdm_compile(folded, NULL, NULL, &reals, err);
    if (status == FDM_OK)
        status = fdm_compile(int8, semantics, NULL, &codes, err);
    if (status == FDM_OK)
        status = fdm_march_begin(&r.reals, reals, samples, err);
    if (status == FDM_OK)
        status = fdm_march_begin(&r.codes, codes, samples, err);
    for (uint32_t conv = 0; status == FDM_OK && conv < count; conv++)
        status = refine_conv(&r, folded, int8, conv, err);
    if (status == FDM_OK)
        status = fdm_graph_check(int8, err);
    fdm_march_release(&r.reals);
    fdm_march_release(&r.codes);
    fdm_network_free(reals);
    fdm_network_free(codes);
    return status;
}
