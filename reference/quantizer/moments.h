/* How the inputs of a convolution's taps vary together: what tells which errors of its weights
 * cancel and which add up, and what its inputs have lost by now. */
#ifndef FDM_REFERENCE_QUANTIZER_MOMENTS_H
#define FDM_REFERENCE_QUANTIZER_MOMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "reference/kernels/nn_types.h"

/* Sums over all output positions: of the inputs' codes less their zero point, of the float
 * network's inputs at the same places, and of the products of codes with codes and with reals. One
 * group of taps * in_c inputs, tap by tap as in tap_means.h; depthwise, one group of `taps` inputs
 * for each channel. Taps in the padding are 0. */
struct fdm_moments {
    struct fdm_nn_conv_shape shape;
    uint32_t groups;
    size_t size;            /* inputs in a group */
    int64_t *sums;          /* [groups, size], of codes */
    double *real_sums;      /* [groups, size] */
    int64_t *products;      /* [groups, size, size], code by code; the lower triangle */
    double *cross_products; /* [groups, size, size], code by real */
    int32_t *codes;         /* one position's inputs, [groups, size] */
    float *reals;
    uint64_t positions;
};

/* The caller releases, also after a failure. FDM_ERR_MEMORY. */
enum fdm_status fdm_moments_init(struct fdm_moments *moments, const struct fdm_nn_conv_shape *shape,
                                 bool depthwise, struct fdm_error *err);
void fdm_moments_release(struct fdm_moments *moments);

/* Adds one image's input of the convolution, both [in_h, in_w, in_c]. */
void fdm_moments_add(struct fdm_moments *moments, const int8_t *codes, int32_t zero_point,
                     const float *reals);

/* Of a group, each [size, size]: the covariance of the codes, in squared codes; and that of each
 * code (row) with each real (column). */
void fdm_moments_covariance(const struct fdm_moments *moments, uint32_t group, double *out);
void fdm_moments_cross_covariance(const struct fdm_moments *moments, uint32_t group, double *out);

#endif
