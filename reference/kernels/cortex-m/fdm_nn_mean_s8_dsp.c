/* MEAN by the rule FLOAT, four channels at a time; the packer's limit keeps the sums in 16 bits. */
#include "reference/kernels/cortex-m/nn_dsp.h"
#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"

static int32_t mean_of(const struct fdm_nn_mean_s8 *params, int32_t sum)
{
    int32_t mean =
        fdm_nn_mean_float(sum, params->h * params->w, params->scale, params->in_zero_point);
    return fdm_nn_clamp(mean + params->out_zero_point, -128, 127);
}

enum fdm_nn_status fdm_nn_mean_s8_dsp_float_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_mean_s8 *params = call->params;
    const size_t channels = (size_t)params->c;
    const int32_t pixels = params->h * params->w;
    int8_t *output = call->out.base;
    for (size_t c = 0; c < channels; c += 4) {
        const int8_t *input = (const int8_t *)call->in.base + c;
        uint32_t even = 0;
        uint32_t odd = 0;
        for (int32_t i = pixels; i > 0; i--, input += channels) {
            uint32_t four = fdm_dsp_load(input);
            even = fdm_dsp_add_even(even, four);
            odd = fdm_dsp_add_odd(odd, four);
        }
        for (uint32_t i = 0; i < 4; i++) {
            uint32_t pair = i % 2 == 0 ? even : odd;
            output[c + i] = (int8_t)mean_of(params, (int16_t)(pair >> (i / 2 * 16)));
        }
    }
    return FDM_NN_OK;
}
