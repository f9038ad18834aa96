/* The mean input of each tap of a convolution: with the weights it gives the mean of every output
 * channel, because a convolution is linear. */
#ifndef FDM_REFERENCE_QUANTIZER_TAP_MEANS_H
#define FDM_REFERENCE_QUANTIZER_TAP_MEANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "reference/kernels/nn_types.h"

/* sums[tap * in_c + channel], tap = kernel row * kernel_w + kernel column, over all output
 * positions added; taps in the padding count as 0. */
struct fdm_tap_means {
    struct fdm_nn_conv_shape shape;
    double *sums;
    uint64_t positions;
};

/* The caller releases, also after a failure. FDM_ERR_MEMORY. */
enum fdm_status fdm_tap_means_init(struct fdm_tap_means *means,
                                   const struct fdm_nn_conv_shape *shape, struct fdm_error *err);
void fdm_tap_means_release(struct fdm_tap_means *means);

/* Adds one input of the convolution, [in_h, in_w, in_c]. */
void fdm_tap_means_add_f32(struct fdm_tap_means *means, const float *input);
/* The same for quantized values, real = scale * (input - zero_point). */
void fdm_tap_means_add_s8(struct fdm_tap_means *means, const int8_t *input, float scale,
                          int32_t zero_point);

/* The mean of output channel `channel` without its bias, for float weights as a graph holds them:
 * [out_c, taps, in_c], or [taps, in_c] (depthwise). */
double fdm_tap_means_output(const struct fdm_tap_means *means, const float *weights, bool depthwise,
                            uint32_t channel);

#endif
