/* QUANTIZE by vectors, for zero points that differ by 128, as everywhere but in odd models: only
 * the highest bit of each byte changes. */
#include "reference/kernels/nn_kernel.h"

#ifdef __ARM_FEATURE_MVE
#include <arm_mve.h>

/* `count` at least 1. */
static void flip(const uint8_t *input, size_t count, uint8_t *output)
{
    const uint8x16_t highest = vdupq_n_u8(0x80);
    uint8x16_t values;
    __asm__ volatile("dlstp.8 lr, %[count]\n"
                     "1:\n\t"
                     "vldrb.8 %q[values], [%[input]], #16\n\t"
                     "veor %q[values], %q[values], %q[highest]\n\t"
                     "vstrb.8 %q[values], [%[output]], #16\n\t"
                     "letp lr, 1b"
                     : [input] "+r"(input), [output] "+r"(output), [values] "=&w"(values)
                     : [count] "r"(count), [highest] "w"(highest)
                     : "lr", "memory");
}

enum fdm_nn_status fdm_nn_quantize_u8_s8_mve_run(const struct fdm_nn_call *call)
{
    for (int32_t y = call->first; y < call->first + call->count; y++)
        flip(fdm_nn_row(&call->in, y), call->in.row_bytes, fdm_nn_row(&call->out, y));
    return FDM_NN_OK;
}
#endif
