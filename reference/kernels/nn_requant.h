/* The four rounding rules that turn an int32 accumulator into an int8 value.
 *
 * With m = multiplier (0 or 2^30..2^31-1), s = shift (-31..30), the ideal value is
 * x * m * 2^(s - 31). "Half up" rounds ties towards plus infinity, "half away" away from zero.
 *   SINGLE  (x * m + 2^(30 - s)) >> (31 - s): one rounding, half up
 *   DOUBLE  h = (x * 2^max(s, 0) * m + 2^30) >> 31, half up; then h / 2^max(-s, 0), half away
 *   NEON    the same h; then h / 2^max(-s, 0), half up
 *   FP32    float32: x converted, times the scale; rounded half to even
 * Where a value leaves int32 on the way, it saturates; runtimes leave that case undefined.
 *
 * Sources: the TensorFlow Lite 8-bit quantization specification; gemmlowp's documentation
 * ("low-precision", "quantization example") for the two-step form; the Arm Architecture Reference
 * Manual for SQRDMULH and SRSHL; which runtime uses which rule was measured (tests/oracle). */
#ifndef FDM_NN_REQUANT_H
#define FDM_NN_REQUANT_H

#include <float.h>

#include "reference/kernels/nn_types.h"

_Static_assert((-1 >> 1) == -1, "right shifts of negative numbers must be arithmetic");
_Static_assert(FLT_EVAL_METHOD == 0, "float expressions must be evaluated in float");

static inline int32_t fdm_nn_saturate_s32(int64_t x)
{
    return x > INT32_MAX ? INT32_MAX : x < INT32_MIN ? INT32_MIN : (int32_t)x;
}

static inline int32_t fdm_nn_clamp(int32_t x, int32_t min, int32_t max)
{
    return x < min ? min : x > max ? max : x;
}

/* x * m / 2^31, half up: gemmlowp's saturating rounding doubling high multiply for m >= 0. */
static inline int32_t fdm_nn_high_multiply(int32_t x, int32_t multiplier)
{
    return (int32_t)(((int64_t)x * multiplier + (INT64_C(1) << 30)) >> 31);
}

/* x / 2^exponent for exponent 0..31, half up. */
static inline int32_t fdm_nn_shift_half_up(int32_t x, int32_t exponent)
{
    return (int32_t)(((int64_t)x + ((INT64_C(1) << exponent) >> 1)) >> exponent);
}

/* x / 2^exponent for exponent 0..31, half away from zero: half up, but negative ties go down. */
static inline int32_t fdm_nn_shift_half_away(int32_t x, int32_t exponent)
{
    int64_t half = (INT64_C(1) << exponent) >> 1;
    return (int32_t)(((int64_t)x + half - (x < 0 && half > 0 ? 1 : 0)) >> exponent);
}

static inline int32_t fdm_nn_scale_single(int32_t x, int32_t multiplier, int32_t shift)
{
    int32_t total = 31 - shift;
    return fdm_nn_saturate_s32(((int64_t)x * multiplier + (INT64_C(1) << (total - 1))) >> total);
}

/* The first step of the two-step rules: the left shift and the multiplication. */
static inline int32_t fdm_nn_scale_high(int32_t x, int32_t multiplier, int32_t shift)
{
    int64_t left = shift > 0 ? INT64_C(1) << shift : 1;
    return fdm_nn_high_multiply(fdm_nn_saturate_s32(x * left), multiplier);
}

static inline int32_t fdm_nn_scale_double(int32_t x, int32_t multiplier, int32_t shift)
{
    return fdm_nn_shift_half_away(fdm_nn_scale_high(x, multiplier, shift), shift < 0 ? -shift : 0);
}

static inline int32_t fdm_nn_scale_neon(int32_t x, int32_t multiplier, int32_t shift)
{
    return fdm_nn_shift_half_up(fdm_nn_scale_high(x, multiplier, shift), shift < 0 ? -shift : 0);
}

/* The result is first limited to -1024..1024, which no int8 output with its zero point can tell
 * from more. Adding 1.5 * 2^23 leaves a float no fraction bits, so the addition itself rounds, half
 * to even. */
static inline int32_t fdm_nn_scale_fp32(int32_t x, float scale)
{
    float scaled = (float)x * scale;
    scaled = scaled < -1024.0f ? -1024.0f : scaled > 1024.0f ? 1024.0f : scaled;
    float shifted = scaled + 12582912.0f;
    return (int32_t)(shifted - 12582912.0f);
}

/* Half away from zero, for |x| below 2^31. The difference is exact, which x + 0.5f is not. */
static inline int32_t fdm_nn_round_half_away(float x)
{
    int32_t whole = (int32_t)x;
    float rest = x - (float)whole;
    return whole + (rest >= 0.5f ? 1 : 0) - (rest <= -0.5f ? 1 : 0);
}

/* MEAN's rule FLOAT (fdm_nn.h), less the output's zero point. The result is limited before it
 * becomes an integer; beyond 1024 no int8 can tell. */
static inline int32_t fdm_nn_mean_float(int32_t sum, int32_t pixels, float scale,
                                        int32_t in_zero_point)
{
    float mean = (float)sum / (float)pixels * scale + -(float)in_zero_point * scale;
    return fdm_nn_round_half_away(mean < -1024.0f ? -1024.0f : mean > 1024.0f ? 1024.0f : mean);
}

/* One pixel: out[i] = clamp(rule(acc[i]) + zero_point, min, max) for channels 0..count-1. */
void fdm_nn_requant_row(const struct fdm_nn_requant *requant, const int32_t *acc, int32_t count,
                        int32_t zero_point, int32_t min, int32_t max, int8_t *out);

/* Whether the arrays that the rule reads are there and in range for `count` channels. */
bool fdm_nn_requant_ok(const struct fdm_nn_requant *requant, int32_t count);
bool fdm_nn_multiplier_ok(int32_t multiplier, int32_t shift);
bool fdm_nn_scale_ok(float scale);

#endif
