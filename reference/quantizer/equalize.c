#include "reference/quantizer/equalize.h"

#include <math.h>
#include <string.h>

#include "reference/quantizer/extents.h"

#define SWEEPS_MAX 200
#define STILL 1e-4 /* a sweep whose factors all lie this near to 1 is the last */
/* A channel that hardly ever speaks is not blown up further than to this share of the loudest: what
 * it says on other images would leave the range. */
#define QUIET (1.0f / 64.0f)

static const char *const names[FDM_EQUALIZATIONS] = {"off", "weights", "all"};

const char *fdm_equalization_name(enum fdm_equalization equalization)
{
    return names[equalization];
}

bool fdm_equalization_parse(const char *name, enum fdm_equalization *out)
{
    for (int i = 0; i < FDM_EQUALIZATIONS; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum fdm_equalization)i;
            return true;
        }
    }
    return false;
}

static bool is_conv(const struct fdm_op *op)
{
    return op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV;
}

/* The weights of a convolution, seen by output or by input channel. */
struct kernel {
    float *weights, *bias;
    size_t taps; /* height times width */
    uint32_t out_c, in_c;
    bool depthwise; /* out_c == in_c, each channel by itself */
};

/* The graph's constants are its own allocations; a folded graph's are changed in place. */
static float *constant(const struct fdm_graph *graph, uint32_t tensor)
{
    return (float *)graph->tensors[tensor].data;
}

static struct kernel kernel_of(const struct fdm_graph *graph, const struct fdm_op *op)
{
    const struct fdm_tensor *weights = &graph->tensors[op->inputs[1]];
    bool depthwise = op->kind == FDM_OP_DEPTHWISE_CONV;
    return (struct kernel){
        .weights = constant(graph, op->inputs[1]),
        .bias = constant(graph, op->inputs[2]),
        .taps = (size_t)weights->dims[1] * weights->dims[2],
        .out_c = depthwise ? weights->dims[3] : weights->dims[0],
        .in_c = weights->dims[3],
        .depthwise = depthwise,
    };
}

static size_t per_output(const struct kernel *k)
{
    return k->depthwise ? k->taps : k->taps * k->in_c;
}

static float *output_weight(const struct kernel *k, uint32_t channel, size_t i)
{
    return &k->weights[k->depthwise ? i * k->out_c + channel : channel * per_output(k) + i];
}

static size_t per_input(const struct kernel *k)
{
    return k->depthwise ? k->taps : k->taps * k->out_c;
}

static float *input_weight(const struct kernel *k, uint32_t channel, size_t i)
{
    return &k->weights[i * k->in_c + channel];
}

/* ---- equalization ---- */

/* A convolution and the next, and what lies between them. */
struct pair {
    struct kernel a, b;
    struct fdm_extent *extents; /* of a's output; NULL: activations do not count */
    int heard;                  /* how much activations count; weights count 1 */
    bool first, second;         /* whether a's and b's weights share one scale */
};

static double largest_output(const struct kernel *k, uint32_t channel)
{
    float max = 0.0f;
    for (size_t i = 0; i < per_output(k); i++)
        max = fmaxf(max, fabsf(*output_weight(k, channel, i)));
    return (double)max;
}

static double largest_input(const struct kernel *k, uint32_t channel)
{
    float max = 0.0f;
    for (size_t i = 0; i < per_input(k); i++)
        max = fmaxf(max, fabsf(*input_weight(k, channel, i)));
    return (double)max;
}

static float reach(const struct fdm_extent *extent)
{
    return fmaxf(fabsf(extent->min), fabsf(extent->max));
}

/* The mean of the logarithms that want to be nothing. */
static double factor_of(const struct pair *pair, uint32_t channel)
{
    double sum = 0.0;
    int count = 0;
    double before = largest_output(&pair->a, channel);
    double behind = largest_input(&pair->b, channel);
    if (before <= 0.0 || behind <= 0.0)
        return 1.0;
    if (pair->first) {
        sum += log(before);
        count++;
    }
    if (pair->second) {
        sum -= log(behind);
        count++;
    }
    if (pair->extents != NULL) {
        sum += pair->heard * log((double)reach(&pair->extents[channel]));
        count += pair->heard;
    }
    return count > 0 ? exp(sum / count) : 1.0;
}

/* How far the farthest factor is from 1. */
static double equalize_pair(const struct pair *pair)
{
    double farthest = 0.0;
    for (uint32_t c = 0; c < pair->a.out_c; c++) {
        double factor = factor_of(pair, c);
        for (size_t i = 0; i < per_output(&pair->a); i++)
            *output_weight(&pair->a, c, i) =
                (float)((double)*output_weight(&pair->a, c, i) / factor);
        pair->a.bias[c] = (float)((double)pair->a.bias[c] / factor);
        for (size_t i = 0; i < per_input(&pair->b); i++)
            *input_weight(&pair->b, c, i) = (float)((double)*input_weight(&pair->b, c, i) * factor);
        if (pair->extents != NULL) {
            pair->extents[c].min = (float)((double)pair->extents[c].min / factor);
            pair->extents[c].max = (float)((double)pair->extents[c].max / factor);
        }
        farthest = fmax(farthest, fabs(log(factor)));
    }
    return farthest;
}

/* The convolution behind `index` that sees its output channel by channel, or NULL. */
static const struct fdm_op *next_conv(const struct fdm_graph *graph, uint32_t index)
{
    uint32_t channels = graph->tensors[graph->ops[index].output].dims[3];
    for (uint32_t i = index + 1; i < graph->op_count; i++) {
        const struct fdm_op *op = &graph->ops[i];
        const struct fdm_tensor *output = &graph->tensors[op->output];
        if (is_conv(op))
            return op;
        if (op->kind != FDM_OP_MEAN && op->kind != FDM_OP_RESHAPE)
            return NULL;
        if (output->dims[output->rank - 1] != channels)
            return NULL;
    }
    return NULL;
}

static struct pair pair_of(const struct fdm_graph *graph, const struct fdm_op *op,
                           const struct fdm_op *next, const struct fdm_extents *extents,
                           bool per_tensor)
{
    struct pair pair = {.a = kernel_of(graph, op), .b = kernel_of(graph, next)};
    pair.first = extents == NULL || per_tensor;
    pair.second = extents == NULL || per_tensor || !pair.b.depthwise;
    pair.heard = per_tensor ? 1 : 2;
    if (extents != NULL && reach(&extents->tensors[op->output].channels[0]) > 0.0f)
        pair.extents = extents->tensors[op->output].channels;
    return pair;
}

/* Makes the quiet channels' extents wider; those of a tensor that is all zeros stay zero. */
static void hear_the_quiet(const struct fdm_graph *graph, const struct fdm_extents *extents)
{
    for (uint32_t i = 0; i < graph->op_count; i++) {
        const struct fdm_tensor *output = &graph->tensors[graph->ops[i].output];
        struct fdm_extent *channels = extents->tensors[graph->ops[i].output].channels;
        float loudest = 0.0f;
        for (uint32_t c = 0; channels != NULL && c < output->dims[3]; c++)
            loudest = fmaxf(loudest, reach(&channels[c]));
        for (uint32_t c = 0; channels != NULL && c < output->dims[3]; c++)
            channels[c].max = fmaxf(channels[c].max, QUIET * loudest);
    }
}

static void sweep(struct fdm_graph *folded, const struct fdm_extents *extents, bool per_tensor)
{
    double farthest = HUGE_VAL;
    for (int i = 0; i < SWEEPS_MAX && farthest > STILL; i++) {
        farthest = 0.0;
        for (uint32_t k = 0; k < folded->op_count; k++) {
            const struct fdm_op *op = &folded->ops[k];
            const struct fdm_op *next = is_conv(op) ? next_conv(folded, k) : NULL;
            if (next == NULL || op->activation == FDM_ACTIVATION_RELU6)
                continue;
            const struct pair pair = pair_of(folded, op, next, extents, per_tensor);
            farthest = fmax(farthest, equalize_pair(&pair));
        }
    }
}

enum fdm_status fdm_equalize(struct fdm_graph *folded, enum fdm_equalization equalization,
                             bool per_tensor, const struct fdm_samples *samples,
                             struct fdm_error *err)
{
    struct fdm_extents extents = {0};
    enum fdm_status status = FDM_OK;
    if (equalization == FDM_EQUALIZE_ALL)
        status = fdm_extents_measure(folded, samples, &extents, err);
    if (status == FDM_OK && equalization == FDM_EQUALIZE_ALL)
        hear_the_quiet(folded, &extents);
    if (status == FDM_OK && equalization != FDM_EQUALIZE_OFF)
        sweep(folded, equalization == FDM_EQUALIZE_ALL ? &extents : NULL, per_tensor);
    fdm_extents_release(&extents);
    return status == FDM_OK ? fdm_graph_check(folded, err) : status;
}

/* ---- offsets ---- */

/* Whether a constant may pass from operator `index` to the one behind it. */
static bool lets_offset_pass(const struct fdm_graph *graph, uint32_t index)
{
    if (index + 1 >= graph->op_count)
        return false;
    const struct fdm_op *op = &graph->ops[index];
    const struct fdm_op *next = &graph->ops[index + 1];
    if (!is_conv(op) || op->activation != FDM_ACTIVATION_NONE || next->kind != FDM_OP_CONV_2D)
        return false;
    const struct fdm_tensor *weights = &graph->tensors[next->inputs[1]];
    return weights->dims[1] == 1 && weights->dims[2] == 1 && next->pad_top == 0 &&
           next->pad_left == 0 && next->pad_bottom == 0 && next->pad_right == 0;
}

static void move_offsets(const struct kernel *a, const struct kernel *b,
                         const struct fdm_extent *extents)
{
    for (uint32_t c = 0; c < a->out_c; c++) {
        double middle = ((double)extents[c].min + (double)extents[c].max) / 2.0;
        a->bias[c] = (float)((double)a->bias[c] - middle);
        for (uint32_t o = 0; o < b->out_c; o++)
            b->bias[o] = (float)((double)b->bias[o] + (double)*output_weight(b, o, c) * middle);
    }
}

enum fdm_status fdm_absorb_offsets(struct fdm_graph *folded, const struct fdm_samples *samples,
                                   struct fdm_error *err)
{
    struct fdm_extents extents;
    enum fdm_status status = fdm_extents_measure(folded, samples, &extents, err);
    for (uint32_t i = 0; status == FDM_OK && i < folded->op_count; i++) {
        if (!lets_offset_pass(folded, i))
            continue;
        struct kernel a = kernel_of(folded, &folded->ops[i]);
        struct kernel b = kernel_of(folded, &folded->ops[i + 1]);
        move_offsets(&a, &b, extents.tensors[folded->ops[i].output].channels);
    }
    fdm_extents_release(&extents);
    return status == FDM_OK ? fdm_graph_check(folded, err) : status;
}
