#include "reference/quantizer/extents.h"

#include <math.h>
#include <stdlib.h>

#include "reference/compiler/compile.h"

struct watcher {
    const struct fdm_network *network;
    struct fdm_extents *extents;
    bool broken;
};

static void watch(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    (void)at;
    struct watcher *watcher = context;
    const struct fdm_network_layer *l = &watcher->network->layers[layer];
    struct fdm_extent *extents = watcher->extents->tensors[l->file_tensor].channels;
    const float *values = output;
    size_t channels = (size_t)watcher->network->tensors[l->output].c;
    for (size_t i = 0; extents != NULL && i < bytes / sizeof *values; i++) {
        struct fdm_extent *extent = &extents[i % channels];
        watcher->broken = watcher->broken || !isfinite(values[i]);
        extent->min = fminf(extent->min, values[i]);
        extent->max = fmaxf(extent->max, values[i]);
    }
}

static enum fdm_status make(const struct fdm_graph *folded, struct fdm_extents *out,
                            struct fdm_error *err)
{
    out->tensors = calloc(folded->tensor_count, sizeof *out->tensors);
    if (out->tensors == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for extents");
    out->count = folded->tensor_count;
    for (uint32_t i = 0; i < folded->op_count; i++) {
        const struct fdm_op *op = &folded->ops[i];
        if (op->kind != FDM_OP_CONV_2D && op->kind != FDM_OP_DEPTHWISE_CONV)
            continue;
        uint32_t channels = folded->tensors[op->output].dims[3];
        struct fdm_extent *extents = malloc(channels * sizeof *extents);
        if (extents == NULL)
            return fdm_fail(err, FDM_ERR_MEMORY, "no memory for extents");
        for (uint32_t c = 0; c < channels; c++)
            extents[c] = (struct fdm_extent){HUGE_VALF, -HUGE_VALF};
        out->tensors[op->output].channels = extents;
    }
    return FDM_OK;
}

enum fdm_status fdm_extents_measure(const struct fdm_graph *folded,
                                    const struct fdm_samples *samples, struct fdm_extents *out,
                                    struct fdm_error *err)
{
    struct fdm_network *network = NULL;
    void *arena = NULL;
    *out = (struct fdm_extents){0};
    if (samples->count == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "no images to measure channels on");
    enum fdm_status status = make(folded, out, err);
    if (status == FDM_OK)
        status = fdm_compile(folded, NULL, NULL, &network, err);
    if (status == FDM_OK)
        status = fdm_samples_arena(network, &arena, err);
    struct watcher watcher = {.network = network, .extents = out};
    const struct fdm_network_observer observer = {.context = &watcher, .after = watch};
    for (uint32_t i = 0; status == FDM_OK && i < samples->count; i++) {
        fdm_samples_write(samples, i, network, arena);
        if (fdm_network_run(network, arena, &observer) != FDM_NN_OK)
            status = fdm_fail(err, FDM_ERR_UNSUPPORTED, "a kernel refused its parameters");
        else if (watcher.broken)
            status = fdm_fail(err, FDM_ERR_FORMAT, "%s computes values that are not finite",
                              folded->name);
    }
    free(arena);
    fdm_network_free(network);
    return status;
}

void fdm_extents_release(struct fdm_extents *extents)
{
    for (uint32_t i = 0; i < extents->count; i++)
        free(extents->tensors[i].channels);
    free(extents->tensors);
    *extents = (struct fdm_extents){0};
}
