#include "reference/kernels/nn_requant.h"

bool fdm_nn_multiplier_ok(int32_t multiplier, int32_t shift)
{
    return (multiplier == 0 || multiplier >= INT32_C(1) << 30) && shift >= -31 && shift <= 30;
}

bool fdm_nn_scale_ok(float scale)
{
    return scale > 0.0f && scale <= FLT_MAX;
}

static bool scales_ok(const float *scale, int32_t count)
{
    if (scale == NULL)
        return false;
    for (int32_t i = 0; i < count; i++) {
        if (!fdm_nn_scale_ok(scale[i]))
            return false;
    }
    return true;
}

bool fdm_nn_requant_ok(const struct fdm_nn_requant *requant, int32_t count)
{
    if (requant->rounding == FDM_NN_ROUND_FP32)
        return scales_ok(requant->scale, count);
    if (requant->rounding != FDM_NN_ROUND_SINGLE && requant->rounding != FDM_NN_ROUND_DOUBLE &&
        requant->rounding != FDM_NN_ROUND_NEON)
        return false;
    if (requant->multiplier == NULL || requant->shift == NULL)
        return false;
    for (int32_t i = 0; i < count; i++) {
        if (!fdm_nn_multiplier_ok(requant->multiplier[i], requant->shift[i]))
            return false;
    }
    return true;
}

/* A scaled value can be anywhere in int32, so the zero point is added in 64 bits. */
static int8_t finish(int32_t scaled, int32_t zero_point, int32_t min, int32_t max)
{
    int64_t shifted = (int64_t)scaled + zero_point;
    return (int8_t)(shifted < min ? min : shifted > max ? max : shifted);
}

void fdm_nn_requant_row(const struct fdm_nn_requant *requant, const int32_t *acc, int32_t count,
                        int32_t zero_point, int32_t min, int32_t max, int8_t *out)
{
    const int32_t *m = requant->multiplier;
    const int8_t *s = requant->shift;
    switch (requant->rounding) {
    case FDM_NN_ROUND_SINGLE:
        for (int32_t i = 0; i < count; i++)
            out[i] = finish(fdm_nn_scale_single(acc[i], m[i], s[i]), zero_point, min, max);
        break;
    case FDM_NN_ROUND_DOUBLE:
        for (int32_t i = 0; i < count; i++)
            out[i] = finish(fdm_nn_scale_double(acc[i], m[i], s[i]), zero_point, min, max);
        break;
    case FDM_NN_ROUND_NEON:
        for (int32_t i = 0; i < count; i++)
            out[i] = finish(fdm_nn_scale_neon(acc[i], m[i], s[i]), zero_point, min, max);
        break;
    case FDM_NN_ROUND_FP32:
        for (int32_t i = 0; i < count; i++)
            out[i] = finish(fdm_nn_scale_fp32(acc[i], requant->scale[i]), zero_point, min, max);
        break;
    }
}
