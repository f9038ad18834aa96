#include <immintrin.h>

#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_requant.h"

/* The zero points of all published models differ by 128: the sign bit flips. */
static size_t flip(const uint8_t *in, int8_t *out, size_t count)
{
    const __m256i sign = _mm256_set1_epi8(-128);
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(in + i));
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_xor_si256(x, sign));
    }
    return i;
}

static size_t shift(const uint8_t *in, int8_t *out, size_t count, int32_t offset)
{
    const __m256i by = _mm256_set1_epi16((int16_t)offset);
    const __m256i none = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 32 <= count; i += 32) {
        __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(in + i));
        __m256i low = _mm256_add_epi16(_mm256_unpacklo_epi8(x, none), by);
        __m256i high = _mm256_add_epi16(_mm256_unpackhi_epi8(x, none), by);
        _mm256_storeu_si256((__m256i *)(void *)(out + i), _mm256_packs_epi16(low, high));
    }
    return i;
}

enum fdm_nn_status fdm_nn_quantize_u8_s8_avx2_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_quantize_u8_s8 *params = call->params;
    int32_t offset = params->out_zero_point - params->in_zero_point;
    size_t count = call->in.row_bytes;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        const uint8_t *in = fdm_nn_row(&call->in, y);
        int8_t *out = fdm_nn_row(&call->out, y);
        size_t i = offset == -128 ? flip(in, out, count) : shift(in, out, count, offset);
        for (; i < count; i++)
            out[i] = (int8_t)fdm_nn_clamp(in[i] + offset, -128, 127);
    }
    return FDM_NN_OK;
}
