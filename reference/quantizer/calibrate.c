#include "reference/quantizer/calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "reference/compiler/compile.h"

struct watcher {
    const struct fdm_network *network;
    struct fdm_calibration *calibration;
    uint32_t broken; /* the first layer with a value that is not finite, plus 1 */
};

static void watch(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    (void)at;
    struct watcher *watcher = context;
    const float *values = output;
    size_t count = bytes / sizeof *values;
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            watcher->broken = watcher->broken == 0 ? layer + 1 : watcher->broken;
            return;
        }
    }
    uint32_t tensor = watcher->network->layers[layer].file_tensor;
    fdm_histogram_add(&watcher->calibration->tensors[tensor], values, count);
}

static enum fdm_status run_samples(const struct fdm_network *network,
                                   const struct fdm_samples *samples,
                                   struct fdm_calibration *calibration, struct fdm_error *err)
{
    void *arena;
    enum fdm_status status = fdm_samples_arena(network, &arena, err);
    struct watcher watcher = {network, calibration, 0};
    const struct fdm_network_observer observer = {.context = &watcher, .after = watch};
    for (uint32_t i = 0; status == FDM_OK && i < samples->count; i++) {
        fdm_samples_write(samples, i, network, arena);
        if (fdm_network_run(network, arena, &observer) != FDM_NN_OK)
            status = fdm_fail(err, FDM_ERR_UNSUPPORTED, "a kernel refused its parameters");
        else if (watcher.broken != 0)
            status = fdm_fail(err, FDM_ERR_FORMAT, "'%s' computes values that are not finite",
                              network->layers[watcher.broken - 1].name);
    }
    free(arena);
    return status;
}

enum fdm_status fdm_calibrate(const struct fdm_graph *folded, const struct fdm_samples *samples,
                              struct fdm_calibration *out, struct fdm_error *err)
{
    *out = (struct fdm_calibration){0};
    if (samples->count == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "no images to calibrate on");
    out->tensors = calloc(folded->tensor_count, sizeof *out->tensors);
    if (out->tensors == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u histograms", folded->tensor_count);
    out->count = folded->tensor_count;
    struct fdm_network *network;
    enum fdm_status status = fdm_compile(folded, NULL, NULL, &network, err);
    if (status == FDM_OK)
        status = run_samples(network, samples, out, err);
    fdm_network_free(network);
    return status;
}

void fdm_calibration_release(struct fdm_calibration *calibration)
{
    free(calibration->tensors);
    *calibration = (struct fdm_calibration){0};
}

struct fdm_affine fdm_calibration_input(const float *real)
{
    double min = (double)real[0];
    double max = min;
    for (int i = 1; i < 256; i++) {
        min = fmin(min, (double)real[i]);
        max = fmax(max, (double)real[i]);
    }
    return fdm_affine_from_range(min, max);
}

void fdm_calibration_affines(const struct fdm_calibration *calibration,
                             const struct fdm_graph *folded, const float *real,
                             enum fdm_range_method method, double keep, struct fdm_affine *out)
{
    for (uint32_t i = 0; i < calibration->count; i++) {
        struct fdm_range range = fdm_range_choose(&calibration->tensors[i], method, keep);
        out[i] = fdm_affine_from_range(range.min, range.max);
    }
    out[folded->input] = fdm_calibration_input(real);
}
