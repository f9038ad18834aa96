#include "harness/bench/kernel_bench.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"

#define ALIGNMENT 64
/* A sample lasts at least so long, however short the kernel: the clock's own cost vanishes in it.
 */
#define SAMPLE_NS 20000
#define REPEATS_MAX 100000

/* ---- which ---- */

bool fdm_kernel_runs_here(const struct fdm_nn_kernel *kernel)
{
    return kernel->run != NULL && (fdm_nn_host_isas() & (unsigned)kernel->isa) != 0;
}

static bool same_size(const struct fdm_network_tensor *a, const struct fdm_network_tensor *b)
{
    return a->h == b->h && a->w == b->w && a->c == b->c;
}

static bool same_shape(const struct fdm_network *network, uint32_t first, uint32_t second)
{
    const struct fdm_network_layer *a = &network->layers[first];
    const struct fdm_network_layer *b = &network->layers[second];
    const struct fdm_nn_conv_shape *shape = fdm_network_conv_shape(a);
    return a->op == b->op && same_size(&network->tensors[a->input], &network->tensors[b->input]) &&
           same_size(&network->tensors[a->output], &network->tensors[b->output]) &&
           (shape == NULL || memcmp(shape, fdm_network_conv_shape(b), sizeof *shape) == 0);
}

size_t fdm_kernel_bench_find(const struct fdm_network *network, uint32_t layer,
                             const struct fdm_nn_kernel **out, size_t most)
{
    const struct fdm_network_layer *wanted = &network->layers[layer];
    size_t count = 0;
    for (uint32_t i = 0; i < layer; i++)
        if (same_shape(network, i, layer))
            return 0;
    for (const struct fdm_nn_kernel *k = fdm_nn_tuned_kernels; k->name != NULL; k++) {
        if (k->op != wanted->op || !fdm_kernel_runs_here(k) || !k->suits(&wanted->params))
            continue;
        if (count < most)
            out[count] = k;
        count++;
    }
    return count;
}

/* ---- one layer, ready to be called by two kernels ---- */

enum { REFERENCE, TUNED, SIDES };

struct match {
    const struct fdm_nn_kernel *kernels[SIDES];
    struct fdm_nn_call calls[SIDES];
    void *input;
    void *packed;
    void *outputs[SIDES];
    void *scratch[SIDES];
    size_t output_bytes;
    uint32_t repeats[SIDES];
};

static void *take(size_t bytes)
{
    return aligned_alloc(ALIGNMENT, (bytes / ALIGNMENT + 1) * ALIGNMENT);
}

static void fill(const struct fdm_network_tensor *tensor, void *input)
{
    uint32_t noise = 1;
    bool is_float = tensor->type == FDM_NETWORK_F32;
    size_t count = is_float ? tensor->bytes / sizeof(float) : tensor->bytes;
    for (size_t i = 0; i < count; i++) {
        noise = noise * 1664525u + 1013904223u;
        if (is_float)
            ((float *)input)[i] = (float)(noise >> 8) / (float)(1 << 23) - 1.0f;
        else
            ((uint8_t *)input)[i] = (uint8_t)(noise >> 24);
    }
}

static struct fdm_nn_rows rows_of(const struct fdm_network_tensor *tensor, void *base)
{
    return (struct fdm_nn_rows){base, tensor->bytes / (size_t)tensor->h, tensor->h};
}

static void prepare_call(struct match *match, const struct fdm_network *network,
                         const struct fdm_network_layer *layer, int side)
{
    const struct fdm_network_tensor *in = &network->tensors[layer->input];
    const struct fdm_network_tensor *out = &network->tensors[layer->output];
    const struct fdm_nn_kernel *kernel = match->kernels[side];
    bool packed = kernel->pack != NULL;
    match->calls[side] = (struct fdm_nn_call){
        .params = &layer->params,
        .weights = packed ? match->packed : layer->weights,
        .bias = (kernel->holds & FDM_NN_HOLDS_BIAS) != 0 ? NULL : layer->bias,
        .in = rows_of(in, match->input),
        .out = rows_of(out, match->outputs[side]),
        .count = out->h,
        .scratch = match->scratch[side],
    };
    if (packed)
        kernel->pack(&layer->params, layer->weights, layer->bias, match->packed);
}

static enum fdm_status prepare(struct match *match, const struct fdm_network *network,
                               const struct fdm_network_layer *layer, struct fdm_error *err)
{
    const struct fdm_nn_kernel *tuned = match->kernels[TUNED];
    const struct fdm_network_tensor *in = &network->tensors[layer->input];
    match->output_bytes = network->tensors[layer->output].bytes;
    match->input = take(in->bytes);
    match->packed = take(tuned->pack != NULL ? tuned->packed_bytes(&layer->params) : 0);
    bool complete = match->input != NULL && match->packed != NULL;
    for (int side = 0; side < SIDES; side++) {
        match->outputs[side] = take(match->output_bytes);
        match->scratch[side] = take(match->kernels[side]->scratch_bytes(&layer->params));
        complete = complete && match->outputs[side] != NULL && match->scratch[side] != NULL;
    }
    if (!complete)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory for a layer's tensors");
    fill(in, match->input);
    for (int side = 0; side < SIDES; side++)
        prepare_call(match, network, layer, side);
    return FDM_OK;
}

static void release(struct match *match)
{
    free(match->input);
    free(match->packed);
    for (int side = 0; side < SIDES; side++) {
        free(match->outputs[side]);
        free(match->scratch[side]);
    }
}

/* ---- bits, then times ---- */

/* Nanoseconds of `repeats` calls. */
static uint64_t call(const struct match *match, int side, uint32_t repeats)
{
    uint64_t begin_ns = fdm_clock_now_ns();
    for (uint32_t i = 0; i < repeats; i++)
        match->kernels[side]->run(&match->calls[side]);
    return fdm_clock_now_ns() - begin_ns;
}

static enum fdm_status prove(const struct match *match, const struct fdm_network_layer *layer,
                             struct fdm_error *err)
{
    for (int side = 0; side < SIDES; side++)
        if (match->kernels[side]->run(&match->calls[side]) != FDM_NN_OK)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED, "the kernel %s refused the layer '%s'",
                            match->kernels[side]->name, layer->name);
    if (memcmp(match->outputs[REFERENCE], match->outputs[TUNED], match->output_bytes) != 0)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "the kernel %s computes other bits than the reference for the layer '%s'",
                        match->kernels[TUNED]->name, layer->name);
    return FDM_OK;
}

static void choose_repeats(struct match *match)
{
    for (int side = 0; side < SIDES; side++) {
        uint32_t repeats = 1;
        while (repeats < REPEATS_MAX && call(match, side, repeats) < SAMPLE_NS)
            repeats *= 2;
        match->repeats[side] = repeats;
    }
}

static enum fdm_status take_turns(const struct match *match, uint32_t runs,
                                  struct fdm_timing timings[SIDES], struct fdm_error *err)
{
    double *samples = calloc((size_t)runs * SIDES, sizeof *samples);
    if (samples == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory for %u runs", runs);
    for (size_t run = 0; run < runs; run++) {
        for (size_t side = 0; side < SIDES; side++) {
            uint32_t repeats = match->repeats[side];
            samples[side * runs + run] =
                (double)call(match, (int)side, repeats) / 1000.0 / (double)repeats;
        }
    }
    for (size_t side = 0; side < SIDES; side++)
        timings[side] = fdm_timing_of(samples + side * runs, runs);
    free(samples);
    return FDM_OK;
}

enum fdm_status fdm_kernel_bench_run(const struct fdm_network *network, uint32_t layer,
                                     const struct fdm_nn_kernel *kernel, uint32_t runs,
                                     struct fdm_kernel_time *out, struct fdm_error *err)
{
    const struct fdm_network_layer *wanted = &network->layers[layer];
    struct fdm_timing timings[SIDES];
    struct match match = {
        .kernels = {&fdm_nn_reference_kernels[wanted->op], kernel},
    };
    enum fdm_status status = prepare(&match, network, wanted, err);
    if (status == FDM_OK)
        status = prove(&match, wanted, err);
    if (status == FDM_OK) {
        choose_repeats(&match);
        status = take_turns(&match, runs, timings, err);
    }
    if (status == FDM_OK)
        *out = (struct fdm_kernel_time){kernel, layer, timings[TUNED], timings[REFERENCE]};
    release(&match);
    return status;
}
