/* QUANTIZE by words, for zero points that differ by 128, as everywhere but in odd models: only the
 * highest bit of each byte changes. */
#include "reference/kernels/cortex-m/nn_dsp.h"
#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"

static void flip(const uint8_t *input, size_t count, int8_t *output)
{
    for (; count >= 8; count -= 8, input += 8, output += 8) {
        uint32_t low = fdm_dsp_load(input) ^ 0x80808080u;
        uint32_t high = fdm_dsp_load(input + 4) ^ 0x80808080u;
        memcpy(output, &low, sizeof low);
        memcpy(output + 4, &high, sizeof high);
    }
    for (; count > 0; count--)
        *output++ = (int8_t)(*input++ ^ 0x80u);
}

enum fdm_nn_status fdm_nn_quantize_u8_s8_dsp_run(const struct fdm_nn_call *call)
{
    for (int32_t y = call->first; y < call->first + call->count; y++)
        flip(fdm_nn_row(&call->in, y), call->in.row_bytes, fdm_nn_row(&call->out, y));
    return FDM_NN_OK;
}
