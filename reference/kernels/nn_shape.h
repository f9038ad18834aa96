/* The geometry that the convolutions share. */
#ifndef FDM_NN_SHAPE_H
#define FDM_NN_SHAPE_H

#include "reference/kernels/nn_types.h"

/* The ranges of nn_types.h. */
bool fdm_nn_conv_shape_ok(const struct fdm_nn_conv_shape *shape);
/* Whether the parts that both int8 convolutions read are in range, for sums of `taps` products. */
struct fdm_nn_conv_s8;
bool fdm_nn_conv_s8_ok(const struct fdm_nn_conv_s8 *params, const int32_t *bias, int32_t taps);

/* The taps of one output position along one axis that lie inside the input: kernel positions
 * begin..end-1, of which `begin` reads the input at `first`. */
struct fdm_nn_taps {
    int32_t begin, end;
    int32_t first;
};

static inline struct fdm_nn_taps fdm_nn_taps(int32_t out, int32_t stride, int32_t pad,
                                             int32_t kernel, int32_t in)
{
    int32_t origin = out * stride - pad;
    struct fdm_nn_taps taps;
    taps.begin = origin < 0 ? -origin : 0;
    taps.end = in - origin < kernel ? in - origin : kernel;
    taps.first = origin + taps.begin;
    return taps;
}

/* Output positions from..to-1 along one axis see their whole window; none if from >= to. */
struct fdm_nn_inside {
    int32_t from, to;
};

static inline struct fdm_nn_inside fdm_nn_inside(int32_t out, int32_t stride, int32_t pad,
                                                 int32_t kernel, int32_t in)
{
    int32_t room = in + pad - kernel;
    int32_t from = (pad + stride - 1) / stride;
    int32_t to = room < 0 ? 0 : room / stride + 1;
    return (struct fdm_nn_inside){from, to < out ? to : out};
}

/* Floats all the way: a bound that is not ordered (NaN) is refused by the callers' checks. */
static inline float fdm_nn_clamp_f32(float x, float min, float max)
{
    return x < min ? min : x > max ? max : x;
}

#endif
