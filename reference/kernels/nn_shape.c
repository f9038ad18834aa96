#include "reference/kernels/nn_shape.h"

#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_requant.h"

static bool within(int32_t x, int32_t min, int32_t max)
{
    return x >= min && x <= max;
}

static bool axis_ok(int32_t in, int32_t out, int32_t kernel, int32_t stride, int32_t pad)
{
    return within(in, 1, FDM_NN_MAX_DIM) && within(out, 1, FDM_NN_MAX_DIM) &&
           within(kernel, 1, 255) && within(stride, 1, 255) && within(pad, 0, kernel - 1) &&
           (out - 1) * stride - pad < in;
}

bool fdm_nn_conv_shape_ok(const struct fdm_nn_conv_shape *s)
{
    return axis_ok(s->in_h, s->out_h, s->kernel_h, s->stride_h, s->pad_top) &&
           axis_ok(s->in_w, s->out_w, s->kernel_w, s->stride_w, s->pad_left) &&
           within(s->in_c, 1, FDM_NN_MAX_DIM) && within(s->out_c, 1, FDM_NN_MAX_DIM) &&
           (int64_t)s->kernel_h * s->kernel_w * s->in_c <= FDM_NN_MAX_TAPS;
}

static bool biases_ok(const int32_t *bias, int32_t count, int32_t taps)
{
    int32_t room = INT32_MAX - taps * 255 * 128;
    for (int32_t i = 0; bias != NULL && i < count; i++) {
        if (!within(bias[i], -room, room))
            return false;
    }
    return true;
}

bool fdm_nn_conv_s8_ok(const struct fdm_nn_conv_s8 *p, const int32_t *bias, int32_t taps)
{
    return within(p->in_zero_point, -128, 127) && within(p->out_zero_point, -128, 127) &&
           within(p->out_min, -128, p->out_max) && within(p->out_max, p->out_min, 127) &&
           fdm_nn_requant_ok(&p->requant, p->shape.out_c) && biases_ok(bias, p->shape.out_c, taps);
}
