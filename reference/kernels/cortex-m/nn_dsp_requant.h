/* Requantization for the DSP kernels: the rules of nn_requant.h in two to four instructions.
 *
 * With s = shift in -20..-2 and r = -s - 2, SINGLE is exactly (x * m >> 32) + 2^r, halved r + 1
 * times: all that is below 2^32 cannot reach the sum. DOUBLE and NEON take the high half of
 * (2 * x) * m, rounded, which is their high multiply, and with r = -s - 1 shift it the same way;
 * where 2 * x saturates, so does the result. The output's zero point is added before the shift.
 * Other shifts take the formulas themselves. */
#ifndef FDM_NN_DSP_REQUANT_H
#define FDM_NN_DSP_REQUANT_H

#include "reference/kernels/cortex-m/nn_dsp.h"

#define FDM_DSP_RIGHT_MAX 18

/* One channel's, made from the layer's parameters when it is needed. */
struct fdm_dsp_channel {
    int32_t factor; /* multiplier; FP32: the bits of the scale */
    int32_t addend; /* half and zero point; where `right` is negative, the shift */
    int32_t right;  /* bits to shift, less one; -1: the shift is out of the usual range */
};

static inline struct fdm_dsp_channel fdm_dsp_channel(const struct fdm_nn_requant *requant,
                                                     enum fdm_nn_rounding rounding, int32_t index,
                                                     int32_t zero_point)
{
    struct fdm_dsp_channel c = {0, zero_point, 0};
    if (rounding == FDM_NN_ROUND_FP32) {
        memcpy(&c.factor, &requant->scale[index], sizeof c.factor);
        return c;
    }
    int32_t most = rounding == FDM_NN_ROUND_SINGLE ? -2 : -1;
    int32_t right = most - requant->shift[index];
    c.factor = requant->multiplier[index];
    if ((uint32_t)right <= FDM_DSP_RIGHT_MAX) {
        c.addend = (int32_t)((uint32_t)(2 * zero_point + 1) << right);
        c.right = right;
    } else {
        c.addend = most - right;
        c.right = -1;
    }
    return c;
}

/* For the usual range. In -128..127; the caller applies narrower bounds. */
static inline int32_t fdm_dsp_requant(enum fdm_nn_rounding rounding, struct fdm_dsp_channel c,
                                      int32_t x)
{
    int32_t high;
    switch (rounding) {
    case FDM_NN_ROUND_SINGLE:
        return fdm_dsp_half_s8(fdm_dsp_high_mla(x, c.factor, c.addend) >> c.right);
    case FDM_NN_ROUND_NEON:
        return fdm_dsp_half_s8(fdm_dsp_high_mla_round(fdm_dsp_double(x), c.factor, c.addend) >>
                               c.right);
    case FDM_NN_ROUND_DOUBLE:
        high = fdm_dsp_high_mla_round(fdm_dsp_double(x), c.factor, 0);
        high += high >> 31;
        return fdm_dsp_half_s8((high + c.addend) >> c.right);
    case FDM_NN_ROUND_FP32:
        break;
    }
    float scale;
    memcpy(&scale, &c.factor, sizeof scale);
    return fdm_dsp_s8(fdm_dsp_round((float)x * scale) + c.addend);
}

/* For any shift. */
static inline int32_t fdm_dsp_requant_any(enum fdm_nn_rounding rounding, struct fdm_dsp_channel c,
                                          int32_t x, int32_t zero_point)
{
    int32_t scaled = rounding == FDM_NN_ROUND_SINGLE   ? fdm_nn_scale_single(x, c.factor, c.addend)
                     : rounding == FDM_NN_ROUND_DOUBLE ? fdm_nn_scale_double(x, c.factor, c.addend)
                                                       : fdm_nn_scale_neon(x, c.factor, c.addend);
    return fdm_nn_clamp(fdm_nn_clamp(scaled, -1024, 1024) + zero_point, -128, 127);
}

#endif
