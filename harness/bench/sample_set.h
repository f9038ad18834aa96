/* Images held in memory at a network's size, for work that goes over them again and again. */
#ifndef FDM_BENCH_SAMPLE_SET_H
#define FDM_BENCH_SAMPLE_SET_H

#include <stdint.h>

#include "harness/base/status.h"
#include "harness/datasets/cache.h"
#include "harness/datasets/dataset.h"

#define FDM_SAMPLE_SET_BYTES_MAX ((size_t)1 << 30)

/* pixels[i] is image i of the dataset, [height, width, 3]. */
struct fdm_sample_set {
    uint8_t **pixels;
    uint32_t count;
    struct fdm_image_size size;
};

/* Loads the first `limit` images of the dataset (0: all) with `threads` threads; `cache` may be
 * NULL. The caller releases `out`, also after a failure. An image that cannot be read is a failure
 * naming it, because a result would depend on which were skipped. FDM_ERR_MEMORY (also past
 * FDM_SAMPLE_SET_BYTES_MAX); those of fdm_image_load(). */
enum fdm_status fdm_sample_set_load(const struct fdm_dataset *dataset, uint32_t limit,
                                    struct fdm_image_size size, uint32_t threads,
                                    struct fdm_image_cache *cache, struct fdm_sample_set *out,
                                    struct fdm_error *err);
void fdm_sample_set_release(struct fdm_sample_set *set);

#endif
