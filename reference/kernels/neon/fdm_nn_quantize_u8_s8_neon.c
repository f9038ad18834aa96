/* QUANTIZE, sixteen values at a time. Where the zero points differ by 128, as everywhere but in odd
 * models, only the highest bit of each changes. */
#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"

#ifdef __ARM_NEON

#include <arm_neon.h>

#include "reference/kernels/nn_requant.h"

static size_t flip(const uint8_t *in, int8_t *out, size_t count)
{
    size_t i = 0;
    for (; i + 16 <= count; i += 16)
        vst1q_s8(out + i, vreinterpretq_s8_u8(veorq_u8(vld1q_u8(in + i), vdupq_n_u8(0x80))));
    return i;
}

enum fdm_nn_status fdm_nn_quantize_u8_s8_neon_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_quantize_u8_s8 *params = call->params;
    int32_t offset = params->out_zero_point - params->in_zero_point;
    size_t count = call->in.row_bytes;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        const uint8_t *in = fdm_nn_row(&call->in, y);
        int8_t *out = fdm_nn_row(&call->out, y);
        size_t i = offset == -128 ? flip(in, out, count) : 0;
        for (; i < count; i++)
            out[i] = (int8_t)fdm_nn_clamp(in[i] + offset, -128, 127);
    }
    return FDM_NN_OK;
}

#endif
