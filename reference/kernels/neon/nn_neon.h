/* What the NEON kernels share: arm_neon.h where A32 and A64 differ, and requantization.
 *
 * Of the rules of nn_requant.h, with shift s of -1 and below: SQDMULH is x * m / 2^31 rounded down,
 * and what it cuts off cannot reach SINGLE's sum, so SRSHL by s completes SINGLE. SQRDMULH is the
 * high multiply of DOUBLE and NEON (for m >= 0 it never saturates), SRSHL rounds half up; DOUBLE's
 * negative ties go down because 1 is subtracted first. Other shifts take the long way. What the
 * instructions do: Arm Architecture Reference Manual (Arm DDI 0487), chapter C7. */
#ifndef FDM_NN_NEON_H
#define FDM_NN_NEON_H

/* Before registers are allocated, GCC 12 moves so many loads ahead that sums go to the stack. It
 * orders instructions for the processor once more afterwards. */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("no-schedule-insns")
#endif

#include <arm_neon.h>
#include <string.h>

#include "reference/kernels/neon/packed.h"

#define FDM_NEON_INLINE static inline __attribute__((always_inline))
/* Before a loop over an array that is to stay in registers: -O2 alone unrolls it too late. */
#define FDM_NEON_UNROLL _Pragma("GCC unroll 16")

/* ---- A32 and A64 ---- */

/* A group of eight values, and its rotations by one to three pairs. A64 holds it in both halves of
 * a register, as its instructions for upper halves want it. */
#ifdef __aarch64__
typedef int8x16_t fdm_neon_group;
#define fdm_neon_rotated(group, pairs) vextq_s8(group, group, 2 * (pairs))
#else
typedef int8x8_t fdm_neon_group;
#define fdm_neon_rotated(group, pairs) vext_s8(group, group, 2 * (pairs))
#endif

FDM_NEON_INLINE fdm_neon_group fdm_neon_load_group(const int8_t *from)
{
#ifdef __aarch64__
    int64_t bits;
    memcpy(&bits, from, sizeof bits);
    return vreinterpretq_s8_s64(vdupq_n_s64(bits));
#else
    return vld1_s8(from);
#endif
}

/* A group's products with the lower or upper eight weights, and the same added to `to`. */
FDM_NEON_INLINE int16x8_t fdm_neon_multiply(int half, int8x16_t weights, fdm_neon_group x)
{
#ifdef __aarch64__
    return half == 0 ? vmull_s8(vget_low_s8(weights), vget_low_s8(x)) : vmull_high_s8(weights, x);
#else
    return vmull_s8(half == 0 ? vget_low_s8(weights) : vget_high_s8(weights), x);
#endif
}

FDM_NEON_INLINE int16x8_t fdm_neon_multiply_add(int half, int16x8_t to, int8x16_t weights,
                                                fdm_neon_group x)
{
#ifdef __aarch64__
    return half == 0 ? vmlal_s8(to, vget_low_s8(weights), vget_low_s8(x))
                     : vmlal_high_s8(to, weights, x);
#else
    return vmlal_s8(to, half == 0 ? vget_low_s8(weights) : vget_high_s8(weights), x);
#endif
}

/* sums + the upper four of `x`, widened. */
FDM_NEON_INLINE int32x4_t fdm_neon_add_upper(int32x4_t sums, int16x8_t x)
{
#ifdef __aarch64__
    return vaddw_high_s16(sums, x);
#else
    return vaddw_s16(sums, vget_high_s16(x));
#endif
}

/* Half to even; beyond 1024 anything that is beyond 1024. */
FDM_NEON_INLINE int32x4_t fdm_neon_round(float32x4_t x)
{
#ifdef __aarch64__
    return vcvtnq_s32_f32(x);
#else
    const float32x4_t magic = vdupq_n_f32(12582912.0f); /* see fdm_nn_scale_fp32() */
    x = vminq_f32(vmaxq_f32(x, vdupq_n_f32(-1024.0f)), vdupq_n_f32(1024.0f));
    return vsubq_s32(vreinterpretq_s32_f32(vaddq_f32(x, magic)), vreinterpretq_s32_f32(magic));
#endif
}

/* ---- requantization ---- */

/* Four channels' rows of a block. */
struct fdm_neon_scale {
    int32x4_t multiplier, shift;
};

FDM_NEON_INLINE const int32_t *fdm_neon_row(const void *block, enum fdm_neon_row row)
{
    return (const int32_t *)block + (size_t)row * FDM_NEON_LANES;
}

FDM_NEON_INLINE struct fdm_neon_scale fdm_neon_scale_of(const void *block, size_t lane)
{
    struct fdm_neon_scale scale = {vld1q_s32(fdm_neon_row(block, FDM_NEON_MULTIPLIER) + lane),
                                   vld1q_s32(fdm_neon_row(block, FDM_NEON_SHIFT) + lane)};
    return scale;
}

FDM_NEON_INLINE int32x2_t fdm_neon_single_any(int32x2_t x, int32x2_t multiplier, int32x2_t shift)
{
    int64x2_t by = vmovl_s32(vsub_s32(shift, vdup_n_s32(31)));
    return vqmovn_s64(vrshlq_s64(vmull_s32(x, multiplier), by));
}

/* The rule's value without the zero point; `usual` as in struct fdm_neon_head. */
FDM_NEON_INLINE int32x4_t fdm_neon_scaled(enum fdm_nn_rounding rounding, bool usual,
                                          struct fdm_neon_scale by, int32x4_t x)
{
    if (rounding == FDM_NN_ROUND_FP32)
        return fdm_neon_round(vmulq_f32(vcvtq_f32_s32(x), vreinterpretq_f32_s32(by.multiplier)));
    if (rounding == FDM_NN_ROUND_SINGLE && usual)
        return vrshlq_s32(vqdmulhq_s32(x, by.multiplier), by.shift);
    if (rounding == FDM_NN_ROUND_SINGLE)
        return vcombine_s32(fdm_neon_single_any(vget_low_s32(x), vget_low_s32(by.multiplier),
                                                vget_low_s32(by.shift)),
                            fdm_neon_single_any(vget_high_s32(x), vget_high_s32(by.multiplier),
                                                vget_high_s32(by.shift)));
    if (!usual) {
        x = vqshlq_s32(x, vmaxq_s32(by.shift, vdupq_n_s32(0)));
        by.shift = vminq_s32(by.shift, vdupq_n_s32(0));
    }
    int32x4_t high = vqrdmulhq_s32(x, by.multiplier);
    if (rounding == FDM_NN_ROUND_DOUBLE)
        high = vsraq_n_s32(high, usual ? high : vandq_s32(high, by.shift), 31);
    return vrshlq_s32(high, by.shift);
}

/* What a layer's outputs share. */
struct fdm_neon_output {
    enum fdm_nn_rounding rounding;
    bool usual;
    int16x8_t zero_point;
    int8x8_t min, max;
};

FDM_NEON_INLINE struct fdm_neon_output fdm_neon_output_of(const struct fdm_nn_conv_s8 *params,
                                                          const struct fdm_neon_head *head)
{
    struct fdm_neon_output output = {
        .rounding = params->requant.rounding,
        .usual = head->usual != 0,
        .zero_point = vdupq_n_s16((int16_t)params->out_zero_point),
        .min = vdup_n_s8((int8_t)params->out_min),
        .max = vdup_n_s8((int8_t)params->out_max),
    };
    return output;
}

/* Eight channels of one pixel from their sums. Saturating twice changes nothing: a zero point
 * brings no value beyond int16 back into int8. */
FDM_NEON_INLINE int8x8_t fdm_neon_finish(const struct fdm_neon_output *to,
                                         enum fdm_nn_rounding rounding, bool usual,
                                         const struct fdm_neon_scale scale[2], int32x4_t lower,
                                         int32x4_t upper)
{
    int16x8_t wide = vcombine_s16(vqmovn_s32(fdm_neon_scaled(rounding, usual, scale[0], lower)),
                                  vqmovn_s32(fdm_neon_scaled(rounding, usual, scale[1], upper)));
    int8x8_t bytes = vqmovn_s16(vqaddq_s16(wide, to->zero_point));
    return vmin_s8(vmax_s8(bytes, to->min), to->max);
}

/* The first `count` of eight channels, or all. */
FDM_NEON_INLINE void fdm_neon_store(int8_t *out, int8x8_t bytes, size_t count)
{
    int8_t all[FDM_NEON_LANES];
    if (count >= sizeof all) {
        vst1_s8(out, bytes);
        return;
    }
    vst1_s8(all, bytes);
    memcpy(out, all, count);
}

/* Calls WITH(rounding, usual) with constants, so that each rule becomes code of its own. */
#define FDM_NEON_BY_RULE(output, WITH)                                                             \
    do {                                                                                           \
        if ((output)->rounding == FDM_NN_ROUND_FP32) {                                             \
            WITH(FDM_NN_ROUND_FP32, true);                                                         \
        } else if ((output)->rounding == FDM_NN_ROUND_SINGLE && (output)->usual) {                 \
            WITH(FDM_NN_ROUND_SINGLE, true);                                                       \
        } else if ((output)->rounding == FDM_NN_ROUND_SINGLE) {                                    \
            WITH(FDM_NN_ROUND_SINGLE, false);                                                      \
        } else if ((output)->rounding == FDM_NN_ROUND_NEON && (output)->usual) {                   \
            WITH(FDM_NN_ROUND_NEON, true);                                                         \
        } else if ((output)->rounding == FDM_NN_ROUND_NEON) {                                      \
            WITH(FDM_NN_ROUND_NEON, false);                                                        \
        } else if ((output)->usual) {                                                              \
            WITH(FDM_NN_ROUND_DOUBLE, true);                                                       \
        } else {                                                                                   \
            WITH(FDM_NN_ROUND_DOUBLE, false);                                                      \
        }                                                                                          \
    } while (0)

#endif
