/* The vectors of the x86 kernels with AVX-512 and VNNI: 16 lanes, 4 bytes of a sum each. */
#ifndef FDM_NN_X86_AVX512_H
#define FDM_NN_X86_AVX512_H
#if defined(__AVX512VNNI__)

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#define LANES 16
#define TAPS 4
#define TILE 8 /* pixels at once */
#define KERNEL(operator) fdm_nn_##operator##_avx512_run

typedef __m512i vec;
typedef __m512 vecf;
typedef uint8_t sample;
#define SAMPLE_OFFSET 128 /* a sample is the int8 value plus this */

/* ---- int32 lanes ---- */

static inline vec v_load(const void *from)
{
    return _mm512_loadu_si512(from);
}

static inline vec v_set1(int32_t x)
{
    return _mm512_set1_epi32(x);
}

static inline vec v_add(vec a, vec b)
{
    return _mm512_add_epi32(a, b);
}

static inline vec v_min(vec a, vec b)
{
    return _mm512_min_epi32(a, b);
}

static inline vec v_max(vec a, vec b)
{
    return _mm512_max_epi32(a, b);
}

static inline vec v_and(vec a, vec b)
{
    return _mm512_and_si512(a, b);
}

static inline vec v_sign(vec a)
{
    return _mm512_srai_epi32(a, 31);
}

static inline vec v_shift_right(vec a, vec by)
{
    return _mm512_srav_epi32(a, by);
}

/* 64-bit products of the even lanes, and how the odd ones get there. */
static inline vec v_multiply_even(vec a, vec b)
{
    return _mm512_mul_epi32(a, b);
}

static inline vec v_odd_to_even(vec a)
{
    return _mm512_srli_epi64(a, 32);
}

static inline vec v_even_only(vec a)
{
    return _mm512_maskz_mov_epi32(0x5555, a);
}

static inline vec v_add64(vec a, vec b)
{
    return _mm512_add_epi64(a, b);
}

/* Bits 31..62 of the products of even and odd lanes, each in its lane. */
static inline vec v_join_high(vec even, vec odd)
{
    return _mm512_mask_mov_epi32(_mm512_srli_epi64(even, 31), 0xaaaa, _mm512_add_epi64(odd, odd));
}

/* ---- samples ---- */

/* One group of samples in every lane. */
static inline vec v_group(const sample *from)
{
    int32_t group;
    __builtin_memcpy(&group, from, sizeof group);
    return _mm512_set1_epi32(group);
}

/* Of one pixel in the lower lanes, of another in the upper ones. */
static inline vec v_groups(const sample *lower, const sample *upper)
{
    int32_t group;
    __builtin_memcpy(&group, upper, sizeof group);
    return _mm512_mask_set1_epi32(v_group(lower), 0xff00, group);
}

static inline vec v_dot(vec sum, vec samples, vec weights)
{
    return _mm512_dpbusd_epi32(sum, samples, weights);
}

static inline __mmask64 first_bytes(size_t count)
{
    return count >= 64 ? ~(__mmask64)0 : ((__mmask64)1 << count) - 1;
}

/* int8 values as samples. */
static inline void samples_from(sample *to, const int8_t *from, size_t count)
{
    const __m512i flip = _mm512_set1_epi8(-128);
    for (; count >= 64; count -= 64, from += 64, to += 64)
        _mm512_storeu_si512(to, _mm512_xor_si512(_mm512_loadu_si512(from), flip));
    if (count > 0) {
        __mmask64 mask = first_bytes(count);
        _mm512_mask_storeu_epi8(to, mask,
                                _mm512_xor_si512(_mm512_maskz_loadu_epi8(mask, from), flip));
    }
}

/* A chunk of each tap's samples to groups: vector v, lane i as packed.h says. */
static inline void interleave(const sample *const tap[TAPS], size_t at, vec out[TAPS])
{
    __m512i a = _mm512_loadu_si512(tap[0] + at);
    __m512i b = _mm512_loadu_si512(tap[1] + at);
    __m512i c = _mm512_loadu_si512(tap[2] + at);
    __m512i d = _mm512_loadu_si512(tap[3] + at);
    __m512i ab_low = _mm512_unpacklo_epi8(a, b);
    __m512i ab_high = _mm512_unpackhi_epi8(a, b);
    __m512i cd_low = _mm512_unpacklo_epi8(c, d);
    __m512i cd_high = _mm512_unpackhi_epi8(c, d);
    out[0] = _mm512_unpacklo_epi16(ab_low, cd_low);
    out[1] = _mm512_unpackhi_epi16(ab_low, cd_low);
    out[2] = _mm512_unpacklo_epi16(ab_high, cd_high);
    out[3] = _mm512_unpackhi_epi16(ab_high, cd_high);
}

/* ---- results ---- */

/* The first `count` lanes, all within int8, as bytes. */
static inline void store_lanes(int8_t *to, vec v, size_t count)
{
    if (count >= LANES)
        _mm_storeu_si128((__m128i *)(void *)to, _mm512_cvtepi32_epi8(v));
    else
        _mm512_mask_cvtepi32_storeu_epi8(to, (__mmask16)((1u << count) - 1), v);
}

/* Undoes interleave() for the first `count` values of a chunk: each plus the zero point, limited.
 */
static inline void store_chunk(int8_t *to, const vec v[TAPS], int32_t zero_point, int32_t min,
                               int32_t max, size_t count)
{
    const __m512i zero = _mm512_set1_epi16((int16_t)zero_point);
    __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(v[0], v[1]), zero);
    __m512i high = _mm512_adds_epi16(_mm512_packs_epi32(v[2], v[3]), zero);
    __m512i bytes = _mm512_packs_epi16(low, high);
    bytes = _mm512_max_epi8(bytes, _mm512_set1_epi8((int8_t)min));
    bytes = _mm512_min_epi8(bytes, _mm512_set1_epi8((int8_t)max));
    if (count >= 64)
        _mm512_storeu_si512(to, bytes);
    else
        _mm512_mask_storeu_epi8(to, first_bytes(count), bytes);
}

/* ---- float lanes ---- */

static inline vecf f_load(const float *from)
{
    return _mm512_loadu_ps(from);
}

static inline vecf f_load_some(const float *from, size_t count)
{
    return count >= LANES ? _mm512_loadu_ps(from)
                          : _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), from);
}

static inline void f_store_some(float *to, vecf v, size_t count)
{
    if (count >= LANES)
        _mm512_storeu_ps(to, v);
    else
        _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), v);
}

static inline vecf f_set1(float x)
{
    return _mm512_set1_ps(x);
}

static inline vecf f_add(vecf a, vecf b)
{
    return _mm512_add_ps(a, b);
}

static inline vecf f_multiply(vecf a, vecf b)
{
    return _mm512_mul_ps(a, b);
}

/* b where neither is the smaller, or one is no number. */
static inline vecf f_min(vecf a, vecf b)
{
    return _mm512_min_ps(a, b);
}

static inline vecf f_max(vecf a, vecf b)
{
    return _mm512_max_ps(a, b);
}

static inline vecf f_from_int(vec v)
{
    return _mm512_cvtepi32_ps(v);
}

/* Half to even. */
static inline vec f_round(vecf v)
{
    return _mm512_cvtps_epi32(v);
}

#endif
#endif
