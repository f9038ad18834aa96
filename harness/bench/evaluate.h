/* Classifies the images of one dataset with several networks at once: each image is loaded once for
 * all of them. */
#ifndef FDM_BENCH_EVALUATE_H
#define FDM_BENCH_EVALUATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/bench/plan.h"
#include "harness/datasets/cache.h"

/* What happened to one image. */
struct fdm_image_result {
    uint32_t image;    /* index in the split */
    uint64_t load_ns;  /* reading, decoding or cache, resizing */
    char problem[256]; /* why it could not be read; otherwise empty */
    /* One per case of the evaluation, in its order; `image` is FDM_EVALUATE_NOT_NEEDED where the
     * case has this image already. */
    struct fdm_prediction predictions[];
};
#define FDM_EVALUATE_NOT_NEEDED UINT32_MAX

struct fdm_evaluation {
    const struct fdm_dataset *dataset;
    const struct fdm_plan_case *const
        *cases;              /* of this dataset; at most FDM_IMAGE_SIZES_MAX input sizes */
    const bool *const *done; /* per case: image_count flags, true where stored already */
    size_t case_count;
    uint32_t threads;
    struct fdm_image_cache *cache; /* may be NULL */
    const atomic_bool *stop;       /* may be NULL */
    void *context;
    /* In the calling thread, images in no particular order. */
    enum fdm_status (*on_image)(void *context, const struct fdm_image_result *result,
                                struct fdm_error *err);
};

/* FDM_ERR_CANCELLED when `stop` was set; FDM_ERR_MEMORY; the callback's failure. An image that
 * cannot be read is a result, not a failure. */
enum fdm_status fdm_evaluate(const struct fdm_evaluation *evaluation, struct fdm_error *err);

#endif
