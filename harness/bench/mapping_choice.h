/* Which mapping from pixels to inputs a model is evaluated with, and whether its published one is
 * wrong.
 *
 * int8: the published mapping is quantized for the model's input. If more than
 * FDM_MAPPING_SATURATED_MAX of the 256 pixel values are clipped, it cannot be what the model was
 * made for: the mapping that the input quantization implies is used. Float: the weights tell the
 * range (input_range.h); if the published mapping is not the named one nearest to it, the nearest
 * is used. */
#ifndef FDM_BENCH_MAPPING_CHOICE_H
#define FDM_BENCH_MAPPING_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/datasets/mapping.h"
#include "reference/graph/graph.h"

#define FDM_MAPPING_SATURATED_MAX 16u

struct fdm_mapping_choice {
    struct fdm_mapping mapping;
    struct fdm_mapping_table table; /* int8 only */
    bool corrected;                 /* the published mapping was refused */
    char note[256];                 /* why, if corrected; otherwise empty */
};

/* A named mapping if scale and offset are its, to 1e-6; otherwise one named "custom". */
struct fdm_mapping fdm_mapping_named(double scale, double offset);

/* `published` may be NULL: the model's own evidence decides alone, and for a float model without
 * evidence it is FDM_ERR_UNSUPPORTED. `force` uses `published` whatever the evidence. */
enum fdm_status fdm_mapping_choose(const struct fdm_graph *graph,
                                   const struct fdm_mapping *published, bool force,
                                   struct fdm_mapping_choice *out, struct fdm_error *err);

#endif
