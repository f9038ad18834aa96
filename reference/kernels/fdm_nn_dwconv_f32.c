#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_shape.h"

enum fdm_nn_status fdm_nn_dwconv_f32_check(const struct fdm_nn_dwconv_f32 *params,
                                           const float *bias)
{
    (void)bias;
    const struct fdm_nn_conv_shape *s = &params->conv.shape;
    bool ok = fdm_nn_conv_shape_ok(s) && s->out_c == s->in_c &&
              params->conv.out_min <= params->conv.out_max;
    return ok ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

size_t fdm_nn_dwconv_f32_scratch(const struct fdm_nn_dwconv_f32 *params)
{
    (void)params;
    return 0;
}

static void add_products(float *restrict acc, const float *restrict input,
                         const float *restrict weights, int32_t channels)
{
    for (int32_t c = 0; c < channels; c++)
        acc[c] += input[c] * weights[c];
}

static void sum_window(const struct fdm_nn_conv_shape *s, const struct fdm_nn_rows *in,
                       const float *weights, int32_t y, int32_t x, float *acc)
{
    struct fdm_nn_taps rows = fdm_nn_taps(y, s->stride_h, s->pad_top, s->kernel_h, s->in_h);
    struct fdm_nn_taps cols = fdm_nn_taps(x, s->stride_w, s->pad_left, s->kernel_w, s->in_w);
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        const float *row = fdm_nn_row(in, rows.first + ky - rows.begin);
        for (int32_t kx = cols.begin; kx < cols.end; kx++) {
            size_t pixel = (size_t)(cols.first + kx - cols.begin);
            size_t tap = (size_t)ky * (size_t)s->kernel_w + (size_t)kx;
            add_products(acc, row + pixel * (size_t)s->in_c, weights + tap * (size_t)s->in_c,
                         s->in_c);
        }
    }
}

enum fdm_nn_status fdm_nn_dwconv_f32_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_f32 *conv = &((const struct fdm_nn_dwconv_f32 *)call->params)->conv;
    const struct fdm_nn_conv_shape *s = &conv->shape;
    const float *bias = call->bias;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        float *output = fdm_nn_row(&call->out, y);
        for (int32_t x = 0; x < s->out_w; x++) {
            for (int32_t c = 0; c < s->out_c; c++)
                output[c] = bias != NULL ? bias[c] : 0.0f;
            sum_window(s, &call->in, call->weights, y, x, output);
            for (int32_t c = 0; c < s->out_c; c++)
                output[c] = fdm_nn_clamp_f32(output[c], conv->out_min, conv->out_max);
            output += s->out_c;
        }
    }
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_dwconv_f32(const struct fdm_nn_dwconv_f32 *params, const float *input,
                                     const float *weights, const float *bias, float *output,
                                     void *scratch)
{
    (void)scratch;
    if (fdm_nn_dwconv_f32_check(params, bias) != FDM_NN_OK || input == NULL || weights == NULL ||
        output == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call =
        fdm_nn_conv_call(&params->conv.shape, input, sizeof *input, output, sizeof *output);
    call.params = params;
    call.weights = weights;
    call.bias = bias;
    return fdm_nn_dwconv_f32_run(&call);
}
