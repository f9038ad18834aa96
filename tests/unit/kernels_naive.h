/* The operators once more, written for obviousness alone and sharing nothing with the kernels:
 * 64-bit sums, one lookup per tap, rounding by libm on long double. */
#ifndef FDM_TESTS_UNIT_KERNELS_NAIVE_H
#define FDM_TESTS_UNIT_KERNELS_NAIVE_H

#include "reference/kernels/fdm_nn.h"

/* One accumulator under a rule; multiplier and shift, or scale, as the rule reads them. */
int32_t naive_scale(enum fdm_nn_rounding rounding, int32_t x, int32_t multiplier, int32_t shift,
                    float scale);

void naive_conv_s8(const struct fdm_nn_conv_s8 *params, bool depthwise, const int8_t *input,
                   const int8_t *weights, const int32_t *bias, int8_t *output);
void naive_conv_f32(const struct fdm_nn_conv_f32 *params, bool depthwise, const float *input,
                    const float *weights, const float *bias, float *output);
void naive_mean_s8(const struct fdm_nn_mean_s8 *params, const int8_t *input, int8_t *output);

#endif
