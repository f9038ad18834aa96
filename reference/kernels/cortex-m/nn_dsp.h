/* The instructions of Armv7E-M's DSP extension (also of Armv8-M Mainline), and their portable form.
 *
 * A "pair" is a word with two signed halves; bytes of a word are numbered from the lowest. What the
 * instructions do: Armv7-M Architecture Reference Manual (Arm DDI 0403), chapter A7. Inline
 * assembly where GCC 12 has no intrinsic or does not fold the rotation. */
#ifndef FDM_NN_DSP_H
#define FDM_NN_DSP_H

#include <string.h>

#include "reference/kernels/nn_requant.h"

/* Four sums; a struct, because the compiler keeps its members in registers. */
struct fdm_dsp_four {
    int32_t a, b, c, d;
};

/* Four bytes from any address. */
static inline uint32_t fdm_dsp_load(const void *bytes)
{
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static inline uint32_t fdm_dsp_pair(int32_t low, int32_t high)
{
    return (uint32_t)low % 65536u + (uint32_t)high * 65536u;
}

#ifdef __ARM_FEATURE_DSP
#define FDM_DSP_ASM(text, ...)                                                                     \
    do {                                                                                           \
        __asm__(text : "=r"(out) : __VA_ARGS__);                                                   \
    } while (0)
#endif

/* Bytes 0 and 2 of x, widened, added to the halves of `to`. */
static inline uint32_t fdm_dsp_add_even(uint32_t to, uint32_t x)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t out;
    FDM_DSP_ASM("sxtab16 %0, %1, %2", "r"(to), "r"(x));
    return out;
#else
    return fdm_dsp_pair((int32_t)(to & 0xffffu) + (int8_t)x,
                        (int32_t)(to >> 16) + (int8_t)(x >> 16));
#endif
}

/* Bytes 1 and 3. */
static inline uint32_t fdm_dsp_add_odd(uint32_t to, uint32_t x)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t out;
    FDM_DSP_ASM("sxtab16 %0, %1, %2, ror #8", "r"(to), "r"(x));
    return out;
#else
    return fdm_dsp_add_even(to, x >> 8);
#endif
}

static inline uint32_t fdm_dsp_even(uint32_t x)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t out;
    FDM_DSP_ASM("sxtb16 %0, %1", "r"(x));
    return out;
#else
    return fdm_dsp_add_even(0, x);
#endif
}

static inline uint32_t fdm_dsp_odd(uint32_t x)
{
#ifdef __ARM_FEATURE_DSP
    uint32_t out;
    FDM_DSP_ASM("sxtb16 %0, %1, ror #8", "r"(x));
    return out;
#else
    return fdm_dsp_add_odd(0, x);
#endif
}

/* acc + a.low * b.low; sums wrap around, as in the processor. */
static inline int32_t fdm_dsp_mla_low(uint32_t a, uint32_t b, int32_t acc)
{
#ifdef __ARM_FEATURE_DSP
    int32_t out;
    FDM_DSP_ASM("smlabb %0, %1, %2, %3", "r"(a), "r"(b), "r"(acc));
    return out;
#else
    return (int32_t)((uint32_t)acc + (uint32_t)((int16_t)a * (int16_t)b));
#endif
}

/* acc + a.high * b.high */
static inline int32_t fdm_dsp_mla_high(uint32_t a, uint32_t b, int32_t acc)
{
#ifdef __ARM_FEATURE_DSP
    int32_t out;
    FDM_DSP_ASM("smlatt %0, %1, %2, %3", "r"(a), "r"(b), "r"(acc));
    return out;
#else
    return fdm_dsp_mla_low(a >> 16, b >> 16, acc);
#endif
}

/* to + x * y / 2^32, rounded down. */
static inline int32_t fdm_dsp_high_mla(int32_t x, int32_t y, int32_t to)
{
#ifdef __ARM_FEATURE_DSP
    int32_t out;
    FDM_DSP_ASM("smmla %0, %1, %2, %3", "r"(x), "r"(y), "r"(to));
    return out;
#else
    return (int32_t)((uint32_t)to + (uint32_t)((int64_t)x * y >> 32));
#endif
}

/* to + x * y / 2^32, half up. */
static inline int32_t fdm_dsp_high_mla_round(int32_t x, int32_t y, int32_t to)
{
#ifdef __ARM_FEATURE_DSP
    int32_t out;
    FDM_DSP_ASM("smmlar %0, %1, %2, %3", "r"(x), "r"(y), "r"(to));
    return out;
#else
    return (int32_t)((uint32_t)to + (uint32_t)(((int64_t)x * y + (INT64_C(1) << 31)) >> 32));
#endif
}

/* 2 * x, saturated. */
static inline int32_t fdm_dsp_double(int32_t x)
{
#ifdef __ARM_FEATURE_DSP
    int32_t out;
    FDM_DSP_ASM("qadd %0, %1, %1", "r"(x));
    return out;
#else
    return fdm_nn_saturate_s32((int64_t)x * 2);
#endif
}

/* x / 2, rounded down, saturated to int8. */
static inline int32_t fdm_dsp_half_s8(int32_t x)
{
#ifdef __ARM_FEATURE_DSP
    int32_t out;
    FDM_DSP_ASM("ssat %0, #8, %1, asr #1", "r"(x));
    return out;
#else
    return fdm_nn_clamp(x >> 1, -128, 127);
#endif
}

/* Their lowest bytes, `a` lowest. */
static inline uint32_t fdm_dsp_bytes(struct fdm_dsp_four v)
{
    uint32_t out = (uint32_t)v.a;
#ifdef __ARM_FEATURE_DSP
    __asm__("bfi %0, %1, #8, #8\n\tbfi %0, %2, #16, #8\n\tbfi %0, %3, #24, #8"
            : "+&r"(out)
            : "r"(v.b), "r"(v.c), "r"(v.d));
    return out;
#else
    return out % 256u + (uint32_t)v.b % 256u * 256u + (uint32_t)v.c % 256u * 65536u +
           (uint32_t)v.d * 16777216u;
#endif
}

static inline int32_t fdm_dsp_s8(int32_t x)
{
#ifdef __ARM_FEATURE_DSP
    int32_t out;
    FDM_DSP_ASM("ssat %0, #8, %1", "r"(x));
    return out;
#else
    return fdm_nn_clamp(x, -128, 127);
#endif
}

/* To the nearest integer, half to even, saturated to -1024..1024. */
static inline int32_t fdm_dsp_round(float x)
{
#if defined(__ARM_FEATURE_DSP) && defined(__ARM_FP)
    int32_t out; /* in the rounding mode of reset */
    __asm__("vcvtr.s32.f32 %1, %1\n\tvmov %0, %1" : "=r"(out), "+t"(x));
    __asm__("ssat %0, #11, %1" : "=r"(out) : "r"(out));
    return out;
#else
    return fdm_nn_scale_fp32(1, x);
#endif
}

#endif
