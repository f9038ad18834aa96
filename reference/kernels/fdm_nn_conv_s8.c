#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_requant.h"
#include "reference/kernels/nn_shape.h"

static int32_t taps_of(const struct fdm_nn_conv_shape *s)
{
    return s->kernel_h * s->kernel_w * s->in_c;
}

enum fdm_nn_status fdm_nn_conv_s8_check(const struct fdm_nn_conv_s8 *params, const int32_t *bias)
{
    bool ok = fdm_nn_conv_shape_ok(&params->shape) &&
              fdm_nn_conv_s8_ok(params, bias, taps_of(&params->shape));
    return ok ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

/* One pixel's accumulators, then the input window that it sees, widened. */
size_t fdm_nn_conv_s8_scratch(const struct fdm_nn_conv_s8 *params)
{
    if (fdm_nn_conv_s8_check(params, NULL) != FDM_NN_OK)
        return 0;
    return (size_t)params->shape.out_c * sizeof(int32_t) +
           (size_t)taps_of(&params->shape) * sizeof(int16_t);
}

/* Copies the window of output pixel (y, x) less the zero point, zeros outside the input: what is
 * left of the convolution is one dot product per output channel. */
static void gather(const struct fdm_nn_conv_s8 *params, const struct fdm_nn_rows *in, int32_t y,
                   int32_t x, int16_t *window)
{
    const struct fdm_nn_conv_shape *s = &params->shape;
    struct fdm_nn_taps rows = fdm_nn_taps(y, s->stride_h, s->pad_top, s->kernel_h, s->in_h);
    struct fdm_nn_taps cols = fdm_nn_taps(x, s->stride_w, s->pad_left, s->kernel_w, s->in_w);
    int32_t zero_point = params->in_zero_point;
    for (int32_t ky = 0; ky < s->kernel_h; ky++) {
        int16_t *to = window + (size_t)ky * (size_t)s->kernel_w * (size_t)s->in_c;
        bool inside = ky >= rows.begin && ky < rows.end;
        int32_t begin = inside ? cols.begin * s->in_c : 0;
        int32_t end = inside ? cols.end * s->in_c : 0;
        const int8_t *from = fdm_nn_row(in, inside ? rows.first + ky - rows.begin : rows.first);
        from += (size_t)cols.first * (size_t)s->in_c;
        for (int32_t i = 0; i < begin; i++)
            to[i] = 0;
        for (int32_t i = begin; i < end; i++)
            to[i] = (int16_t)(from[i - begin] - zero_point);
        for (int32_t i = end; i < s->kernel_w * s->in_c; i++)
            to[i] = 0;
    }
}

static int32_t dot(const int16_t *restrict a, const int8_t *restrict b, int32_t count)
{
    int32_t sum = 0;
    for (int32_t i = 0; i < count; i++)
        sum += a[i] * (int16_t)b[i];
    return sum;
}

enum fdm_nn_status fdm_nn_conv_s8_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_s8 *params = call->params;
    const struct fdm_nn_conv_shape *s = &params->shape;
    const int8_t *weights = call->weights;
    const int32_t *bias = call->bias;
    int32_t taps = taps_of(s);
    int32_t *acc = call->scratch;
    int16_t *window = (int16_t *)(acc + s->out_c);
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        int8_t *output = fdm_nn_row(&call->out, y);
        for (int32_t x = 0; x < s->out_w; x++) {
            gather(params, &call->in, y, x, window);
            for (int32_t o = 0; o < s->out_c; o++)
                acc[o] = (bias != NULL ? bias[o] : 0) +
                         dot(window, weights + (size_t)o * (size_t)taps, taps);
            fdm_nn_requant_row(&params->requant, acc, s->out_c, params->out_zero_point,
                               params->out_min, params->out_max, output);
            output += s->out_c;
        }
    }
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_conv_s8(const struct fdm_nn_conv_s8 *params, const int8_t *input,
                                  const int8_t *weights, const int32_t *bias, int8_t *output,
                                  void *scratch)
{
    if (fdm_nn_conv_s8_check(params, bias) != FDM_NN_OK || input == NULL || weights == NULL ||
        output == NULL || scratch == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call = fdm_nn_conv_call(&params->shape, input, 1, output, 1);
    call.params = params;
    call.weights = weights;
    call.bias = bias;
    call.scratch = scratch;
    return fdm_nn_conv_s8_run(&call);
}
