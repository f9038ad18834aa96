#include "harness/bench/mapping_choice.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/bench/input_range.h"

static const char *const names[] = {"x/255", "x/255-1", "x/127.5-1"};

struct fdm_mapping fdm_mapping_named(double scale, double offset)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct fdm_mapping *named = fdm_mapping_find(names[i]);
        if (fabs((double)named->scale - scale) < 1e-6 &&
            fabs((double)named->offset - offset) < 1e-6)
            return *named;
    }
    return (struct fdm_mapping){"custom", (float)scale, (float)offset};
}

static enum fdm_status choose_int8(const struct fdm_tensor *input,
                                   const struct fdm_mapping *published, bool force,
                                   struct fdm_mapping_choice *out, struct fdm_error *err)
{
    float scale = input->quant.scales[0];
    int32_t zero_point = input->quant.zero_points[0];
    struct fdm_mapping implied = fdm_mapping_for_quant(scale, zero_point);
    if (published != NULL) {
        enum fdm_status status =
            fdm_mapping_quantize_u8(published, scale, zero_point, &out->table, err);
        if (status != FDM_OK)
            return status;
        out->mapping = *published;
        if (force || out->table.saturated <= FDM_MAPPING_SATURATED_MAX)
            return FDM_OK;
        out->corrected = true;
        snprintf(out->note, sizeof out->note,
                 "the published mapping %s saturates %u of 256 pixel values on the model's input "
                 "range [%.4g, %.4g]",
                 published->name, out->table.saturated, (double)scale * (0 - zero_point),
                 (double)scale * (255 - zero_point));
    }
    struct fdm_mapping named = fdm_mapping_named((double)implied.scale, (double)implied.offset);
    out->mapping = strcmp(named.name, "custom") == 0 ? implied : named;
    return fdm_mapping_quantize_u8(&out->mapping, scale, zero_point, &out->table, err);
}

static const struct fdm_mapping *nearest(double mean)
{
    const struct fdm_mapping *best = NULL;
    double best_distance = HUGE_VAL;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct fdm_mapping *named = fdm_mapping_find(names[i]);
        double middle = 127.5 * (double)named->scale + (double)named->offset;
        if (fabs(middle - mean) < best_distance) {
            best_distance = fabs(middle - mean);
            best = named;
        }
    }
    return best;
}

static enum fdm_status choose_float(const struct fdm_graph *graph,
                                    const struct fdm_mapping *published, bool force,
                                    struct fdm_mapping_choice *out, struct fdm_error *err)
{
    struct fdm_input_range range;
    struct fdm_error no_evidence = FDM_ERROR_INIT;
    if (fdm_input_range_estimate(graph, &range, &no_evidence) != FDM_OK || force) {
        if (published == NULL)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s; name the mapping with --mapping",
                            no_evidence.message);
        out->mapping = *published;
        return FDM_OK;
    }
    const struct fdm_mapping *fitting = nearest(range.mean);
    out->mapping = *fitting;
    out->corrected = published != NULL && strcmp(published->name, fitting->name) != 0;
    if (out->corrected)
        snprintf(out->note, sizeof out->note,
                 "the published mapping %s does not fit: by its batch normalization the model was "
                 "trained on images that average %.2f, the middle of %s",
                 published->name, range.mean, fitting->name);
    return FDM_OK;
}

enum fdm_status fdm_mapping_choose(const struct fdm_graph *graph,
                                   const struct fdm_mapping *published, bool force,
                                   struct fdm_mapping_choice *out, struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    const struct fdm_tensor *input = &graph->tensors[graph->input];
    force = force && published != NULL;
    if (graph->format == FDM_FORMAT_FLOAT)
        return choose_float(graph, published, force, out, err);
    if (input->type != FDM_TYPE_U8 || input->quant.count != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: the input is not a quantized uint8 image",
                        graph->name);
    return choose_int8(input, published, force, out, err);
}
