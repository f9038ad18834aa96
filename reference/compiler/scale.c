#include "reference/compiler/scale.h"

#include <math.h>

#define SHIFT_MIN (-31)
#define SHIFT_MAX 30

struct fdm_multiplier fdm_multiplier_from_scale(double scale)
{
    int exponent;
    int64_t significand = llround(frexp(scale, &exponent) * 2147483648.0);
    if (significand == INT64_C(1) << 31) {
        significand /= 2;
        exponent++;
    }
    if (exponent < SHIFT_MIN || significand == 0)
        return (struct fdm_multiplier){0, 0};
    if (exponent > SHIFT_MAX)
        return (struct fdm_multiplier){INT32_MAX, SHIFT_MAX};
    return (struct fdm_multiplier){(int32_t)significand, exponent};
}

struct fdm_multiplier fdm_multiplier_for_mean(double scale, int32_t count)
{
    struct fdm_multiplier whole = fdm_multiplier_from_scale(scale);
    int32_t bits = 0;
    while (count >> bits > 1)
        bits++;
    if (bits > whole.shift - SHIFT_MIN)
        bits = whole.shift - SHIFT_MIN;
    int64_t divided = ((int64_t)whole.multiplier << bits) / count;
    return (struct fdm_multiplier){(int32_t)divided, whole.shift - bits};
}
