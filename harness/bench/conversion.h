/* Quantizing a model file on a folder of images, and telling what that did to its answers. */
#ifndef FDM_BENCH_CONVERSION_H
#define FDM_BENCH_CONVERSION_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/bench/fidelity.h"
#include "harness/bench/mapping_choice.h"
#include "harness/bench/sample_set.h"
#include "harness/datasets/dataset.h"
#include "harness/registry/registry.h"
#include "reference/graph/graph.h"
#include "reference/quantizer/recipe.h"

/* A folder's images, ready for a float model and for the int8 models made from it. */
struct fdm_conversion_images {
    struct fdm_dataset *dataset;
    struct fdm_sample_set set;
    uint32_t *labels; /* by fdm_conversion_label(); NULL until then, and where it does not know */
};

/* Every image below `root`, which has a folder per class, or the first `limit` of them in a
 * shuffled order that is always the same (0: all). Errors of fdm_dataset_open() and
 * fdm_sample_set_load(). The caller releases `out`, also after a failure. */
enum fdm_status fdm_conversion_images_load(const char *root, uint32_t limit,
                                           const struct fdm_graph *graph, uint32_t threads,
                                           struct fdm_image_cache *cache,
                                           struct fdm_conversion_images *out,
                                           struct fdm_error *err);
/* The output of `graph` that is right for each image: for a published float model by the names of
 * its dataset's classes and its own order of them, for any other by the byte order of the folders'
 * names. Leaves `labels` NULL where that cannot be told: a folder that is none of the classes, or
 * another number of folders than of outputs. FDM_ERR_MEMORY. */
enum fdm_status fdm_conversion_label(struct fdm_conversion_images *images,
                                     const struct fdm_registry *registry,
                                     const struct fdm_graph *graph, struct fdm_error *err);
void fdm_conversion_images_release(struct fdm_conversion_images *images);

/* What a pixel is to the float model, and to the int8 models made from it. */
struct fdm_conversion_input {
    struct fdm_mapping_choice choice;
    float real[256];
    uint8_t code[256];
};

/* The mapping named, or with NULL the one that the float model's weights tell
 * (fdm_mapping_choose()). FDM_ERR_USAGE for an unknown name; FDM_ERR_UNSUPPORTED. */
enum fdm_status fdm_conversion_input(const struct fdm_graph *graph, const char *mapping,
                                     struct fdm_conversion_input *out, struct fdm_error *err);

/* Samples `first` to `first + count - 1` of the set; everything in it stays the set's and the
 * input's. */
struct fdm_samples fdm_conversion_samples(const struct fdm_sample_set *set, uint32_t first,
                                          uint32_t count, const struct fdm_conversion_input *input);

/* The answers of a graph; `semantics` is read for int8. The caller releases `out`. */
enum fdm_status fdm_conversion_answers(const struct fdm_graph *graph,
                                       const struct fdm_semantics *semantics,
                                       const struct fdm_samples *samples, uint32_t threads,
                                       struct fdm_answers *out, struct fdm_error *err);

/* "per channel, mse, offsets absorbed, all equalized, weights rounded together, biases corrected",
 * always the same words for the same recipe. */
#define FDM_CONVERSION_WORDS 160
void fdm_conversion_describe(const struct fdm_recipe *recipe, char out[FDM_CONVERSION_WORDS]);

#endif
