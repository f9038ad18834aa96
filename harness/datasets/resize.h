/* Resizing to the network's input, to exactly width x height whatever the aspect ("fit").
 *
 * Nearest neighbour with half-pixel centres, as tf.image.resize(method="nearest") of TensorFlow 2:
 * the source of output pixel i is min(floor((i + 0.5) * (in / out)), in - 1), the quotient and the
 * product in float32 (tensorflow/core/kernels/image/resize_nearest_neighbor_op.cc). All published
 * configurations use it. */
#ifndef FDM_DATASETS_RESIZE_H
#define FDM_DATASETS_RESIZE_H

#include <stdint.h>

#include "harness/base/status.h"
#include "harness/datasets/image.h"

#define FDM_RESIZE_SIDE_MAX 4096u

struct fdm_image_size {
    uint32_t width;
    uint32_t height;
};

/* FDM_ERR_USAGE if a side is 0 or above FDM_RESIZE_SIDE_MAX. */
enum fdm_status fdm_resize_check(struct fdm_image_size size, struct fdm_error *err);

/* Index of the source pixel for output pixel `i` of `out` on an axis of `in` pixels; in, out > 0.
 */
uint32_t fdm_resize_nearest_source(uint32_t i, uint32_t in, uint32_t out);

/* A new image in `out`, the caller's; `source` stays. The warnings are carried over. On failure
 * `out` is empty. FDM_ERR_USAGE (see fdm_resize_check()), FDM_ERR_MEMORY. */
enum fdm_status fdm_resize_nearest(const struct fdm_image *source, struct fdm_image_size size,
                                   struct fdm_image *out, struct fdm_error *err);

#endif
