#include "reference/quantizer/affine.h"

#include <float.h>
#include <math.h>

static int32_t clamp_code(double code)
{
    double rounded = round(code);
    return rounded < INT8_MIN ? INT8_MIN : rounded > INT8_MAX ? INT8_MAX : (int32_t)rounded;
}

struct fdm_affine fdm_affine_from_range(double min, double max)
{
    min = fmin(min, 0.0);
    max = fmax(max, 0.0);
    if ((max - min) / 255.0 < (double)FLT_MIN)
        return (struct fdm_affine){1.0f, INT8_MIN};
    double scale = fmin((max - min) / 255.0, (double)FLT_MAX);
    double from_min = (double)INT8_MIN - min / scale;
    double from_max = (double)INT8_MAX - max / scale;
    double min_error = 128.0 + fabs(min / scale);
    double max_error = 127.0 + fabs(max / scale);
    return (struct fdm_affine){(float)scale,
                               clamp_code(min_error < max_error ? from_min : from_max)};
}
