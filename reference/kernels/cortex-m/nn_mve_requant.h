/* Requantization of four channels by MVE: the rules of nn_requant.h.
 *
 * With shift s: SINGLE is the high half of x * m, shifted right by -s - 1 with rounding, for s of
 * -2 and below: what is under the high half cannot reach the sum. VQRDMULH is the high multiply of
 * DOUBLE and NEON, VRSHL rounds half up; DOUBLE's negative ties go down because 1 is subtracted
 * first; for s of -1 and below. Other shifts: the caller's business. */
#ifndef FDM_NN_MVE_REQUANT_H
#define FDM_NN_MVE_REQUANT_H

#include <arm_mve.h>

#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_requant.h"

/* What the rule reads, of four channels. */
struct fdm_mve_scale {
    int32x4_t multiplier, shift;
    float32x4_t scale;
};

static inline __attribute__((always_inline)) int32x4_t
fdm_mve_scaled(enum fdm_nn_rounding rounding, struct fdm_mve_scale by, int32x4_t x)
{
    if (rounding == FDM_NN_ROUND_FP32)
        return vcvtnq_s32_f32(vmulq_f32(vcvtq_f32_s32(x), by.scale));
    if (rounding == FDM_NN_ROUND_SINGLE)
        return vrshlq_s32(vmulhq_s32(x, by.multiplier), vaddq_n_s32(by.shift, 1));
    int32x4_t high = vqrdmulhq_s32(x, by.multiplier);
    if (rounding == FDM_NN_ROUND_DOUBLE)
        high = vaddq_s32(high, vshrq_n_s32(high, 31));
    return vrshlq_s32(high, by.shift);
}

/* For any shift: stores `count` channels from `channel` on of one pixel. */
static inline void fdm_mve_store_any(const struct fdm_nn_conv_s8 *params, int32_t channel,
                                     int32_t count, const int32_t *sums, int8_t *out)
{
    struct fdm_nn_requant rest = params->requant;
    if (rest.rounding == FDM_NN_ROUND_FP32) {
        rest.scale += channel;
    } else {
        rest.multiplier += channel;
        rest.shift += channel;
    }
    fdm_nn_requant_row(&rest, sums, count, params->out_zero_point, params->out_min, params->out_max,
                       out);
}

#endif
