#include "reference/quantizer/rsqrt.h"

#include <float.h>
#include <math.h>

float fdm_rsqrt_intel(float x)
{
    int exponent;
    double fraction = 2.0 * frexp((double)x, &exponent); /* 1 <= fraction < 2 */
    exponent--;
    double middle = (floor(fraction * 1024.0) + 0.5) / 1024.0;
    int odd = exponent % 2 != 0;
    double root = 1.0 / sqrt(odd ? 2.0 * middle : middle); /* 1/2 < root < 1 */
    double rounded = floor(root * 8192.0 + 0.5) / 8192.0;
    return (float)ldexp(rounded, -(exponent - odd) / 2);
}

float fdm_rsqrt_converter(float x)
{
    if (x < FLT_MIN)
        return fdm_rsqrt_exact(x);
    float y = fdm_rsqrt_intel(x);
    float half = -0.5f * x;
    float correction = half * y;
    correction = y * correction;
    correction = correction + 1.5f;
    return y * correction;
}

float fdm_rsqrt_exact(float x)
{
    return (float)(1.0 / sqrt((double)x));
}
