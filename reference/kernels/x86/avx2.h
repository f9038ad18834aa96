/* The vectors of the x86 kernels with AVX2: 8 lanes, 2 values of a sum each. */
#ifndef FDM_NN_X86_AVX2_H
#define FDM_NN_X86_AVX2_H
#if defined(__AVX2__)

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 8
#define TAPS 2
#define TILE 4 /* pixels at once */
#define KERNEL(operator) fdm_nn_##operator##_avx2_run

typedef __m256i vec;
typedef __m256 vecf;
typedef int16_t sample;
#define SAMPLE_OFFSET 0

/* ---- int32 lanes ---- */

static inline vec v_load(const void *from)
{
    return _mm256_loadu_si256(from);
}

static inline vec v_set1(int32_t x)
{
    return _mm256_set1_epi32(x);
}

static inline vec v_add(vec a, vec b)
{
    return _mm256_add_epi32(a, b);
}

static inline vec v_min(vec a, vec b)
{
    return _mm256_min_epi32(a, b);
}

static inline vec v_max(vec a, vec b)
{
    return _mm256_max_epi32(a, b);
}

static inline vec v_and(vec a, vec b)
{
    return _mm256_and_si256(a, b);
}

static inline vec v_sign(vec a)
{
    return _mm256_srai_epi32(a, 31);
}

static inline vec v_shift_right(vec a, vec by)
{
    return _mm256_srav_epi32(a, by);
}

/* 64-bit products of the even lanes, and how the odd ones get there. */
static inline vec v_multiply_even(vec a, vec b)
{
    return _mm256_mul_epi32(a, b);
}

static inline vec v_odd_to_even(vec a)
{
    return _mm256_srli_epi64(a, 32);
}

static inline vec v_even_only(vec a)
{
    return _mm256_blend_epi32(_mm256_setzero_si256(), a, 0x55);
}

static inline vec v_add64(vec a, vec b)
{
    return _mm256_add_epi64(a, b);
}

/* Bits 31..62 of the products of even and odd lanes, each in its lane. */
static inline vec v_join_high(vec even, vec odd)
{
    return _mm256_blend_epi32(_mm256_srli_epi64(even, 31), _mm256_add_epi64(odd, odd), 0xaa);
}

/* ---- samples ---- */

/* One group of samples in every lane. */
static inline vec v_group(const sample *from)
{
    int32_t group;
    __builtin_memcpy(&group, from, sizeof group);
    return _mm256_set1_epi32(group);
}

/* No layer is packed for two pixels in one vector of 8 lanes. */
static inline vec v_groups(const sample *lower, const sample *upper)
{
    (void)upper;
    return v_group(lower);
}

static inline vec v_dot(vec sum, vec samples, vec weights)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(samples, weights));
}

/* int8 values as samples. */
static inline void samples_from(sample *to, const int8_t *from, size_t count)
{
    size_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(from + i));
        _mm256_storeu_si256((__m256i *)(void *)(to + i), _mm256_cvtepi8_epi16(bytes));
    }
    for (; i < count; i++)
        to[i] = (int16_t)(from[i] + SAMPLE_OFFSET);
}

/* A chunk of each tap's samples to groups: vector v, lane i as packed.h says. */
static inline void interleave(const sample *const tap[TAPS], size_t at, vec out[TAPS])
{
    __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)(tap[0] + at));
    __m256i b = _mm256_loadu_si256((const __m256i *)(const void *)(tap[1] + at));
    out[0] = _mm256_unpacklo_epi16(a, b);
    out[1] = _mm256_unpackhi_epi16(a, b);
}

/* ---- results ---- */

static inline void store_bytes(int8_t *to, __m128i bytes, size_t count)
{
    int8_t all[16];
    if (count >= sizeof all) {
        _mm_storeu_si128((__m128i *)(void *)to, bytes);
        return;
    }
    _mm_storeu_si128((__m128i *)(void *)all, bytes);
    __builtin_memcpy(to, all, count);
}

/* The eight 16-bit values of both halves next to each other, saturated to bytes. */
static inline __m128i to_bytes(__m256i words)
{
    return _mm_packs_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

/* The first `count` lanes, all within int8, as bytes. */
static inline void store_lanes(int8_t *to, vec v, size_t count)
{
    __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(v, v), 0x08);
    __m128i bytes = to_bytes(words);
    if (count >= LANES)
        _mm_storel_epi64((__m128i *)(void *)to, bytes);
    else
        store_bytes(to, bytes, count);
}

/* Undoes interleave() for the first `count` values of a chunk: each plus the zero point, limited.
 */
static inline void store_chunk(int8_t *to, const vec v[TAPS], int32_t zero_point, int32_t min,
                               int32_t max, size_t count)
{
    __m256i words = _mm256_packs_epi32(v[0], v[1]);
    words = _mm256_adds_epi16(words, _mm256_set1_epi16((int16_t)zero_point));
    __m128i bytes = to_bytes(words);
    bytes = _mm_max_epi8(bytes, _mm_set1_epi8((int8_t)min));
    bytes = _mm_min_epi8(bytes, _mm_set1_epi8((int8_t)max));
    store_bytes(to, bytes, count);
}

/* ---- float lanes ---- */

static inline vecf f_load(const float *from)
{
    return _mm256_loadu_ps(from);
}

static inline __m256i first_lanes(size_t count)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int32_t)count),
                              _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline vecf f_load_some(const float *from, size_t count)
{
    return count >= LANES ? _mm256_loadu_ps(from) : _mm256_maskload_ps(from, first_lanes(count));
}

static inline void f_store_some(float *to, vecf v, size_t count)
{
    if (count >= LANES)
        _mm256_storeu_ps(to, v);
    else
        _mm256_maskstore_ps(to, first_lanes(count), v);
}

static inline vecf f_set1(float x)
{
    return _mm256_set1_ps(x);
}

static inline vecf f_add(vecf a, vecf b)
{
    return _mm256_add_ps(a, b);
}

static inline vecf f_multiply(vecf a, vecf b)
{
    return _mm256_mul_ps(a, b);
}

/* b where neither is the smaller, or one is no number. */
static inline vecf f_min(vecf a, vecf b)
{
    return _mm256_min_ps(a, b);
}

static inline vecf f_max(vecf a, vecf b)
{
    return _mm256_max_ps(a, b);
}

static inline vecf f_from_int(vec v)
{
    return _mm256_cvtepi32_ps(v);
}

/* Half to even. */
static inline vec f_round(vecf v)
{
    return _mm256_cvtps_epi32(v);
}

#endif
#endif
