#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_requant.h"
#include "reference/kernels/nn_shape.h"

enum fdm_nn_status fdm_nn_dwconv_s8_check(const struct fdm_nn_dwconv_s8 *params,
                                          const int32_t *bias)
{
    const struct fdm_nn_conv_shape *s = &params->conv.shape;
    bool ok = fdm_nn_conv_shape_ok(s) && s->out_c == s->in_c &&
              fdm_nn_conv_s8_ok(&params->conv, bias, s->kernel_h * s->kernel_w);
    return ok ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

/* One pixel's accumulators. */
size_t fdm_nn_dwconv_s8_scratch(const struct fdm_nn_dwconv_s8 *params)
{
    if (fdm_nn_dwconv_s8_check(params, NULL) != FDM_NN_OK)
        return 0;
    return (size_t)params->conv.shape.out_c * sizeof(int32_t);
}

static void add_products(int32_t *restrict acc, const int8_t *restrict input,
                         const int8_t *restrict weights, int32_t zero_point, int32_t channels)
{
    int16_t zero = (int16_t)zero_point;
    for (int32_t c = 0; c < channels; c++)
        acc[c] += (int16_t)(input[c] - zero) * (int16_t)weights[c];
}

static void sum_window(const struct fdm_nn_conv_s8 *params, const struct fdm_nn_rows *in,
                       const int8_t *weights, int32_t y, int32_t x, int32_t *acc)
{
    const struct fdm_nn_conv_shape *s = &params->shape;
    struct fdm_nn_taps rows = fdm_nn_taps(y, s->stride_h, s->pad_top, s->kernel_h, s->in_h);
    struct fdm_nn_taps cols = fdm_nn_taps(x, s->stride_w, s->pad_left, s->kernel_w, s->in_w);
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        const int8_t *row = fdm_nn_row(in, rows.first + ky - rows.begin);
        for (int32_t kx = cols.begin; kx < cols.end; kx++) {
            size_t pixel = (size_t)(cols.first + kx - cols.begin);
            size_t tap = (size_t)ky * (size_t)s->kernel_w + (size_t)kx;
            add_products(acc, row + pixel * (size_t)s->in_c, weights + tap * (size_t)s->in_c,
                         params->in_zero_point, s->in_c);
        }
    }
}

enum fdm_nn_status fdm_nn_dwconv_s8_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_s8 *conv = &((const struct fdm_nn_dwconv_s8 *)call->params)->conv;
    const struct fdm_nn_conv_shape *s = &conv->shape;
    const int32_t *bias = call->bias;
    int32_t *acc = call->scratch;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        int8_t *output = fdm_nn_row(&call->out, y);
        for (int32_t x = 0; x < s->out_w; x++) {
            for (int32_t c = 0; c < s->out_c; c++)
                acc[c] = bias != NULL ? bias[c] : 0;
            sum_window(conv, &call->in, call->weights, y, x, acc);
            fdm_nn_requant_row(&conv->requant, acc, s->out_c, conv->out_zero_point, conv->out_min,
                               conv->out_max, output);
            output += s->out_c;
        }
    }
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_dwconv_s8(const struct fdm_nn_dwconv_s8 *params, const int8_t *input,
                                    const int8_t *weights, const int32_t *bias, int8_t *output,
                                    void *scratch)
{
    if (fdm_nn_dwconv_s8_check(params, bias) != FDM_NN_OK || input == NULL || weights == NULL ||
        output == NULL || scratch == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call = fdm_nn_conv_call(&params->conv.shape, input, 1, output, 1);
    call.params = params;
    call.weights = weights;
    call.bias = bias;
    call.scratch = scratch;
    return fdm_nn_dwconv_s8_run(&call);
}
