/* MEAN by the rule FLOAT, 16 channels at a time; the packer's limit keeps the sums in 16 bits. */
#include <immintrin.h>

#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"

#define LANES 16

struct finish {
    __m256 pixels, scale, offset;
    __m256i zero_point;
};

/* fdm_nn_round_half_away() of values that are small enough. */
static __m256i round_half_away(__m256 x)
{
    __m256i whole = _mm256_cvttps_epi32(x);
    __m256 rest = _mm256_sub_ps(x, _mm256_cvtepi32_ps(whole));
    __m256 up = _mm256_cmp_ps(rest, _mm256_set1_ps(0.5f), _CMP_GE_OQ);
    __m256 down = _mm256_cmp_ps(rest, _mm256_set1_ps(-0.5f), _CMP_LE_OQ);
    whole = _mm256_sub_epi32(whole, _mm256_castps_si256(up)); /* a true lane is -1 */
    return _mm256_add_epi32(whole, _mm256_castps_si256(down));
}

/* fdm_nn_mean_float() and the output's zero point. */
static __m256i mean_of(const struct finish *finish, __m128i sums)
{
    __m256 mean = _mm256_div_ps(_mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(sums)), finish->pixels);
    mean = _mm256_add_ps(_mm256_mul_ps(mean, finish->scale), finish->offset);
    mean = _mm256_max_ps(mean, _mm256_set1_ps(-1024.0f));
    mean = _mm256_min_ps(mean, _mm256_set1_ps(1024.0f));
    return _mm256_add_epi32(round_half_away(mean), finish->zero_point);
}

static __m256i sum(const int8_t *input, size_t channels, int32_t pixels)
{
    __m256i sums = _mm256_setzero_si256();
    for (int32_t i = 0; i < pixels; i++, input += channels)
        sums = _mm256_add_epi16(
            sums, _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)input)));
    return sums;
}

enum fdm_nn_status fdm_nn_mean_s8_avx2_float_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_mean_s8 *params = call->params;
    const size_t channels = (size_t)params->c;
    const int32_t pixels = params->h * params->w;
    const int8_t *input = call->in.base;
    int8_t *output = call->out.base;
    const struct finish finish = {
        .pixels = _mm256_set1_ps((float)pixels),
        .scale = _mm256_set1_ps(params->scale),
        .offset = _mm256_set1_ps(-(float)params->in_zero_point * params->scale),
        .zero_point = _mm256_set1_epi32(params->out_zero_point),
    };
    for (size_t c = 0; c < channels; c += LANES) {
        __m256i sums = sum(input + c, channels, pixels);
        __m256i low = mean_of(&finish, _mm256_castsi256_si128(sums));
        __m256i high = mean_of(&finish, _mm256_extracti128_si256(sums, 1));
        __m256i both = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
        _mm_storeu_si128(
            (__m128i *)(void *)(output + c),
            _mm_packs_epi16(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1)));
    }
    return FDM_NN_OK;
}
