#include "harness/bench/explain.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/conversion.h"
#include "reference/compiler/compile.h"
#include "reference/quantizer/dequantize.h"

/* Sums over all images and positions of one channel: x of the float model, y of the int8 one. */
struct channel_sums {
    double n, x, y, xx, yy, xy;
};

/* One layer in the three networks. */
struct layer {
    uint32_t real, loose, int8; /* in the float network, with activations left real, and int8 */
    uint32_t channels;
    double scale;
    int32_t zero_point;
    struct channel_sums *sums;
    double signal, noise; /* of the rounding alone */
    double min, max;
    uint64_t values, clipped;
    float *seen; /* the float network's output to the image in hand */
};

struct explaining {
    struct fdm_network *real, *loose, *int8;
    struct fdm_graph *loose_graph;
    const struct fdm_samples *samples;
    uint32_t threads;
    struct layer *layers;
    uint32_t count;
};

/* ---- the same layers in three networks ---- */

/* Softmax's codes always mean the same, and DEQUANTIZE and QUANTIZE compute nothing. */
static bool is_compared(enum fdm_nn_op op)
{
    switch (op) {
    case FDM_NN_OP_CONV_F32:
    case FDM_NN_OP_DWCONV_F32:
    case FDM_NN_OP_MEAN_F32:
    case FDM_NN_OP_CONV_S8:
    case FDM_NN_OP_DWCONV_S8:
    case FDM_NN_OP_MEAN_S8:
        return true;
    default:
        return false;
    }
}

static const char *operation_of(enum fdm_nn_op op)
{
    switch (op) {
    case FDM_NN_OP_DWCONV_F32:
        return fdm_op_name(FDM_OP_DEPTHWISE_CONV);
    case FDM_NN_OP_MEAN_F32:
        return fdm_op_name(FDM_OP_MEAN);
    default:
        return fdm_op_name(FDM_OP_CONV_2D);
    }
}

/* The next compared layer from `*at` on; the network's layer_count if there is none. */
static uint32_t next_layer(const struct fdm_network *network, uint32_t *at)
{
    while (*at < network->layer_count && !is_compared(network->layers[*at].op))
        (*at)++;
    return *at < network->layer_count ? (*at)++ : network->layer_count;
}

static const struct fdm_network_tensor *output_of(const struct fdm_network *network, uint32_t layer)
{
    return &network->tensors[network->layers[layer].output];
}

static bool is_int8_of(enum fdm_nn_op int8, enum fdm_nn_op real)
{
    return (int8 == FDM_NN_OP_CONV_S8 && real == FDM_NN_OP_CONV_F32) ||
           (int8 == FDM_NN_OP_DWCONV_S8 && real == FDM_NN_OP_DWCONV_F32) ||
           (int8 == FDM_NN_OP_MEAN_S8 && real == FDM_NN_OP_MEAN_F32);
}

static bool same_layer(const struct explaining *e, const struct layer *layer)
{
    const struct fdm_network_tensor *a = output_of(e->real, layer->real);
    const struct fdm_network_tensor *b = output_of(e->int8, layer->int8);
    enum fdm_nn_op op = e->real->layers[layer->real].op;
    return op == e->loose->layers[layer->loose].op &&
           is_int8_of(e->int8->layers[layer->int8].op, op) && a->h == b->h && a->w == b->w &&
           a->c == b->c;
}

static enum fdm_status add_layer(struct explaining *e, struct layer *layer, struct fdm_error *err)
{
    const struct fdm_network_tensor *tensor = output_of(e->int8, layer->int8);
    layer->channels = (uint32_t)tensor->c;
    layer->scale = (double)tensor->scale;
    layer->zero_point = tensor->zero_point;
    layer->sums = calloc(layer->channels, sizeof *layer->sums);
    layer->seen = calloc(tensor->bytes, sizeof *layer->seen);
    e->layers[e->count++] = *layer;
    return layer->sums != NULL && layer->seen != NULL
               ? FDM_OK
               : fdm_fail(err, FDM_ERR_MEMORY, "no memory for the values of %u channels",
                          layer->channels);
}

static enum fdm_status match(struct explaining *e, struct fdm_error *err)
{
    uint32_t at[3] = {0, 0, 0};
    e->layers = calloc((size_t)e->real->layer_count + 1, sizeof *e->layers);
    if (e->layers == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u layers", e->real->layer_count);
    for (;;) {
        struct layer layer = {.real = next_layer(e->real, &at[0]),
                              .loose = next_layer(e->loose, &at[1]),
                              .int8 = next_layer(e->int8, &at[2]),
                              .min = HUGE_VAL,
                              .max = -HUGE_VAL};
        bool over = layer.real == e->real->layer_count;
        if (over != (layer.loose == e->loose->layer_count) ||
            over != (layer.int8 == e->int8->layer_count) || (!over && !same_layer(e, &layer)))
            return fdm_fail(err, FDM_ERR_MISMATCH,
                            "the two models have different layers: layer %u ('%s') is not the "
                            "same in both",
                            e->count, over ? "the end" : e->real->layers[layer.real].name);
        if (over)
            return FDM_OK;
        enum fdm_status status = add_layer(e, &layer, err);
        if (status != FDM_OK)
            return status;
    }
}

/* ---- one image in three networks ---- */

static struct layer *layer_at(struct explaining *e, size_t member, uint32_t index)
{
    for (uint32_t i = 0; i < e->count; i++) {
        const uint32_t numbers[3] = {e->layers[i].real, e->layers[i].loose, e->layers[i].int8};
        if (numbers[member] == index)
            return &e->layers[i];
    }
    return NULL;
}

static void keep_real(void *context, uint32_t index, size_t at, const void *output, size_t bytes)
{
    const struct layer *layer = layer_at(context, 0, index);
    if (layer != NULL)
        memcpy((unsigned char *)layer->seen + at, output, bytes);
}

static double quantized(const struct layer *layer, double value)
{
    double code = round(value / layer->scale) + layer->zero_point;
    return layer->scale * (fmin(fmax(code, INT8_MIN), INT8_MAX) - layer->zero_point);
}

static void count_clipped(void *context, uint32_t index, size_t at, const void *output,
                          size_t bytes)
{
    (void)at;
    struct layer *layer = layer_at(context, 1, index);
    const float *values = output;
    if (layer == NULL)
        return;
    double low = layer->scale * (INT8_MIN - 0.5 - layer->zero_point);
    double high = layer->scale * (INT8_MAX + 0.5 - layer->zero_point);
    for (size_t i = 0; i < bytes / sizeof *values; i++) {
        double value = (double)values[i];
        double error = quantized(layer, value) - value;
        layer->signal += value * value;
        layer->noise += error * error;
        layer->min = fmin(layer->min, value);
        layer->max = fmax(layer->max, value);
        layer->clipped += value < low || value > high;
        layer->values++;
    }
}

static void sum_channels(void *context, uint32_t index, size_t at, const void *output, size_t bytes)
{
    const struct layer *layer = layer_at(context, 2, index);
    const int8_t *codes = output;
    if (layer == NULL)
        return;
    for (size_t i = 0; i < bytes; i++) {
        struct channel_sums *sums = &layer->sums[(at + i) % layer->channels];
        double x = (double)layer->seen[at + i];
        double y = layer->scale * (codes[i] - layer->zero_point);
        sums->n += 1.0;
        sums->x += x;
        sums->y += y;
        sums->xx += x * x;
        sums->yy += y * y;
        sums->xy += x * y;
    }
}

static enum fdm_status run_all(struct explaining *e, const struct fdm_network *network,
                               struct fdm_network_observer observer, void *arena, uint32_t image,
                               struct fdm_error *err)
{
    observer.context = e;
    fdm_samples_write(e->samples, image, network, arena);
    return fdm_network_run(network, arena, &observer) == FDM_NN_OK
               ? FDM_OK
               : fdm_fail(err, FDM_ERR_UNSUPPORTED, "a kernel refused its parameters");
}

static enum fdm_status watch_images(struct explaining *e, struct fdm_error *err)
{
    const struct fdm_network *const networks[3] = {e->real, e->loose, e->int8};
    const struct fdm_network_observer observers[3] = {
        {.after = keep_real}, {.after = count_clipped}, {.after = sum_channels}};
    void *arenas[3] = {NULL, NULL, NULL};
    enum fdm_status status = FDM_OK;
    for (int k = 0; status == FDM_OK && k < 3; k++)
        status = fdm_samples_arena(networks[k], &arenas[k], err);
    for (uint32_t i = 0; status == FDM_OK && i < e->samples->count; i++)
        for (int k = 0; status == FDM_OK && k < 3; k++)
            status = run_all(e, networks[k], observers[k], arenas[k], i, err);
    for (int k = 0; k < 3; k++)
        free(arenas[k]);
    return status;
}

/* What the best line through a channel's points leaves unexplained, and the signal. */
static double sqnr_of(const struct layer *layer)
{
    double signal = 0.0;
    double noise = 0.0;
    for (uint32_t c = 0; c < layer->channels; c++) {
        const struct channel_sums *s = &layer->sums[c];
        double spread_x = s->xx - s->x * s->x / s->n;
        double spread_y = s->yy - s->y * s->y / s->n;
        double common = s->xy - s->x * s->y / s->n;
        double explained = spread_y > 0.0 ? common * common / spread_y : 0.0;
        signal += s->xx;
        noise += fmax(spread_x - explained, 0.0);
    }
    return 10.0 * log10(signal / noise);
}

/* ---- one layer's quantization alone ---- */

static void quantize_output(const void *context, uint32_t index, void *output, size_t bytes)
{
    const struct layer *layer = context;
    float *values = output;
    for (size_t i = 0; index == layer->loose && i < bytes / sizeof *values; i++)
        values[i] = (float)quantized(layer, (double)values[i]);
}

static enum fdm_status explain_layer(const struct explaining *e, const struct layer *layer,
                                     const struct fdm_answers *loose,
                                     struct fdm_explained_layer *out, struct fdm_error *err)
{
    const struct fdm_answers_change change = {layer, quantize_output};
    struct fdm_answers answers;
    enum fdm_status status =
        fdm_answers_compute(e->loose, e->samples, e->threads, &change, &answers, err);
    if (status == FDM_OK) {
        struct fdm_fidelity fidelity = fdm_fidelity_measure(loose, &answers);
        const struct fdm_network_layer *real = &e->real->layers[layer->real];
        *out = (struct fdm_explained_layer){
            .operation = operation_of(real->op),
            .sqnr_db = sqnr_of(layer),
            .own_sqnr_db = 10.0 * log10(layer->signal / layer->noise),
            .min = layer->min,
            .max = layer->max,
            .low = layer->scale * (INT8_MIN - layer->zero_point),
            .high = layer->scale * (INT8_MAX - layer->zero_point),
            .clipped = (double)layer->clipped / (double)layer->values,
            .divergence = fidelity.divergence,
            .changed = fidelity.count - fidelity.agree,
        };
    }
    fdm_answers_release(&answers);
    return status;
}

static enum fdm_status explain_layers(const struct explaining *e, const struct fdm_graph *real,
                                      const struct fdm_answers *loose, struct fdm_explanation *out,
                                      struct fdm_error *err)
{
    out->layers = calloc((size_t)e->count + 1, sizeof *out->layers);
    if (out->layers == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u layers", e->count);
    enum fdm_status status = FDM_OK;
    uint32_t op = 0;
    for (uint32_t i = 0; status == FDM_OK && i < e->count; i++) {
        status = explain_layer(e, &e->layers[i], loose, &out->layers[i], err);
        while (op < real->op_count && real->ops[op].kind != FDM_OP_CONV_2D &&
               real->ops[op].kind != FDM_OP_DEPTHWISE_CONV && real->ops[op].kind != FDM_OP_MEAN)
            op++;
        out->layers[i].name = op < real->op_count ? real->ops[op++].name : "";
    }
    out->layer_count = e->count;
    return status;
}

/* ---- the whole ---- */

static enum fdm_status prepare(struct explaining *e, const struct fdm_graph *real,
                               const struct fdm_graph *int8, const struct fdm_semantics *semantics,
                               struct fdm_error *err)
{
    if (e->samples->count < 2)
        return fdm_fail(err, FDM_ERR_USAGE, "at least 2 images are needed");
    enum fdm_status status = fdm_dequantize(int8, &e->loose_graph, err);
    if (status == FDM_OK)
        status = fdm_compile(real, NULL, NULL, &e->real, err);
    if (status == FDM_OK)
        status = fdm_compile(e->loose_graph, NULL, NULL, &e->loose, err);
    if (status == FDM_OK)
        status = fdm_compile(int8, semantics, NULL, &e->int8, err);
    return status == FDM_OK ? match(e, err) : status;
}

static void release(struct explaining *e)
{
    for (uint32_t i = 0; i < e->count; i++) {
        free(e->layers[i].sums);
        free(e->layers[i].seen);
    }
    free(e->layers);
    fdm_network_free(e->real);
    fdm_network_free(e->loose);
    fdm_network_free(e->int8);
    fdm_graph_free(e->loose_graph);
}

enum fdm_status fdm_explain(const struct fdm_graph *real, const struct fdm_graph *int8,
                            const struct fdm_samples *samples,
                            const struct fdm_semantics *semantics, uint32_t threads,
                            struct fdm_explanation *out, struct fdm_error *err)
{
    struct explaining e = {.samples = samples, .threads = threads};
    struct fdm_answers answers[3] = {{0}, {0}, {0}};
    *out = (struct fdm_explanation){.images = samples->count};
    enum fdm_status status = prepare(&e, real, int8, semantics, err);
    const struct fdm_network *const networks[3] = {e.real, e.loose, e.int8};
    for (int k = 0; status == FDM_OK && k < 3; k++)
        status = fdm_answers_compute(networks[k], samples, threads, NULL, &answers[k], err);
    if (status == FDM_OK) {
        struct fdm_fidelity all = fdm_fidelity_measure(&answers[0], &answers[2]);
        struct fdm_fidelity weights = fdm_fidelity_measure(&answers[0], &answers[1]);
        out->agree = all.agree;
        out->logits_sqnr_db = all.sqnr_db;
        out->divergence = all.divergence;
        out->weights_agree = weights.agree;
        out->weights_logits_sqnr_db = weights.sqnr_db;
        out->weights_divergence = weights.divergence;
        status = watch_images(&e, err);
    }
    if (status == FDM_OK)
        status = explain_layers(&e, real, &answers[1], out, err);
    for (int k = 0; k < 3; k++)
        fdm_answers_release(&answers[k]);
    release(&e);
    return status;
}

void fdm_explanation_release(struct fdm_explanation *explanation)
{
    free(explanation->layers);
    *explanation = (struct fdm_explanation){0};
}
