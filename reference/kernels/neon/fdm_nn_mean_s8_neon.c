/* MEAN by the rule FLOAT, eight channels at a time; the limit on pixels keeps the sums in 16 bits.
 */
#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"

#ifdef __ARM_NEON

#include <arm_neon.h>

#include "reference/kernels/nn_requant.h"

enum fdm_nn_status fdm_nn_mean_s8_neon_float_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_mean_s8 *params = call->params;
    const size_t channels = (size_t)params->c;
    const int32_t pixels = params->h * params->w;
    int8_t *output = call->out.base;
    for (size_t c = 0; c < channels; c += 8) {
        const int8_t *input = (const int8_t *)call->in.base + c;
        int16_t sums[8];
        int16x8_t sum = vdupq_n_s16(0);
        for (int32_t i = pixels; i > 0; i--, input += channels)
            sum = vaddw_s8(sum, vld1_s8(input));
        vst1q_s16(sums, sum);
        for (size_t i = 0; i < 8; i++) {
            int32_t mean = fdm_nn_mean_float(sums[i], pixels, params->scale, params->in_zero_point);
            output[c + i] = (int8_t)fdm_nn_clamp(mean + params->out_zero_point, -128, 127);
        }
    }
    return FDM_NN_OK;
}

#endif
