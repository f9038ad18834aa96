/* DEPTHWISE_CONV_2D, 3x3, with eight channels in the lanes. Products of 16 bits are widened by
 * VMULLB and VMULLT, so even and odd channels have vectors of their own until they are narrowed
 * again. */
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_shape.h"

#ifdef __ARM_FEATURE_MVE

#include "reference/kernels/cortex-m/nn_mve_conv.h"
#include "reference/kernels/cortex-m/nn_mve_requant.h"

struct sums {
    int32x4_t even, odd;
};

/* What all pixels share. */
struct layer {
    const struct fdm_nn_conv_s8 *params;
    const int8_t *weights; /* behind the head */
    size_t pixel;          /* bytes from pixel to pixel */
    bool usual;
};

/* Adds a tap; returns the next one's weights. Assembly, because GCC 12 would load all taps first,
 * into more vectors than there are. */
static inline __attribute__((always_inline)) const int8_t *
add_tap(struct sums *sums, int16x8_t zero, const int8_t *input, const int8_t *weights)
{
    int16x8_t x;
    int16x8_t w;
    int32x4_t product;
    __asm__ volatile("vldrb.s16 %q[x], [%[input]]\n\t"
                     "vldrb.s16 %q[w], [%[weights]], #8\n\t"
                     "vsub.i16 %q[x], %q[x], %q[zero]\n\t"
                     "vmullb.s16 %q[product], %q[x], %q[w]\n\t"
                     "vadd.i32 %q[even], %q[even], %q[product]\n\t"
                     "vmullt.s16 %q[product], %q[x], %q[w]\n\t"
                     "vadd.i32 %q[odd], %q[odd], %q[product]"
                     : [weights] "+l"(weights), [even] "+w"(sums->even), [odd] "+w"(sums->odd),
                       [x] "=&w"(x), [w] "=&w"(w), [product] "=&w"(product)
                     : [input] "l"(input), [zero] "w"(zero)
                     : "memory");
    return weights;
}

static inline __attribute__((always_inline)) const int8_t *
add_three(struct sums *sums, int16x8_t zero, const int8_t *input, size_t pixel,
          const int8_t *weights)
{
    weights = add_tap(sums, zero, input, weights);
    input += pixel;
    weights = add_tap(sums, zero, input, weights);
    return add_tap(sums, zero, input + pixel, weights);
}

static inline struct sums bias_of(const int8_t *weights)
{
    const int32_t *bias = (const int32_t *)(const void *)weights;
    return (struct sums){vldrwq_s32(bias), vldrwq_s32(bias + 4)};
}

/* Requantizes and stores channels `channel`..+7 of one pixel. */
static inline __attribute__((always_inline)) void
store(const struct fdm_nn_conv_s8 *params, const struct fdm_nn_requant *requant,
      enum fdm_nn_rounding rounding, int32_t channel, struct sums sums, int8_t *out)
{
    struct fdm_mve_scale even = {0};
    struct fdm_mve_scale odd = {0};
    if (rounding == FDM_NN_ROUND_FP32) {
        float32x4x2_t scale = vld2q_f32(requant->scale + channel);
        even.scale = scale.val[0];
        odd.scale = scale.val[1];
    } else {
        int32x4x2_t multiplier = vld2q_s32(requant->multiplier + channel);
        int16x8_t shift = vldrbq_s16(requant->shift + channel);
        even.multiplier = multiplier.val[0];
        odd.multiplier = multiplier.val[1];
        even.shift = vmovlbq_s16(shift);
        odd.shift = vmovltq_s16(shift);
    }
    int32x4_t scaled = fdm_mve_scaled(rounding, even, sums.even);
    int16x8_t value = vqmovnbq_s32(vreinterpretq_s16_s32(scaled), scaled);
    value = vqmovntq_s32(value, fdm_mve_scaled(rounding, odd, sums.odd));
    value = vqaddq_n_s16(value, (int16_t)params->out_zero_point);
    value = vmaxq_s16(value, vdupq_n_s16((int16_t)params->out_min));
    value = vminq_s16(value, vdupq_n_s16((int16_t)params->out_max));
    vstrbq_s16(out, value);
}

static __attribute__((noinline)) void store_any(const struct fdm_nn_conv_s8 *params,
                                                int32_t channel, struct sums sums, int8_t *out)
{
    int32_t acc[FDM_MVE_DEPTHWISE];
    const int32x4x2_t both = {{sums.even, sums.odd}};
    vst2q_s32(acc, both);
    fdm_mve_store_any(params, channel, FDM_MVE_DEPTHWISE, acc, out);
}

/* All channels of one pixel, whose window begins `at` bytes into the rows; of `rows` only those
 * that exist. `whole`: all taps lie inside. */
static inline __attribute__((always_inline)) void
pixel(const struct layer *layer, enum fdm_nn_rounding rounding, bool whole,
      const int8_t *const rows[3], struct fdm_nn_taps down, struct fdm_nn_taps across, size_t at,
      int8_t *out)
{
    const struct fdm_nn_conv_s8 *params = layer->params;
    const struct fdm_nn_requant requant = params->requant;
    const int32_t channels = params->shape.out_c;
    const int16x8_t zero = vdupq_n_s16((int16_t)params->in_zero_point);
    const size_t step = layer->pixel;
    const int8_t *block = layer->weights;
    const bool usual = layer->usual;
    for (int32_t c = 0; c < channels; c += FDM_MVE_DEPTHWISE, at += FDM_MVE_DEPTHWISE) {
        struct sums sums = bias_of(block);
        const int8_t *taps = block + FDM_MVE_DEPTHWISE * sizeof(int32_t);
        block = taps + (size_t)9 * FDM_MVE_DEPTHWISE;
        if (whole) {
            taps = add_three(&sums, zero, rows[0] + at, step, taps);
            taps = add_three(&sums, zero, rows[1] + at, step, taps);
            block = add_three(&sums, zero, rows[2] + at, step, taps);
        }
        for (int32_t ky = whole ? down.end : down.begin; ky < down.end; ky++) {
            const int8_t *w = taps + (size_t)(3 * ky + across.begin) * FDM_MVE_DEPTHWISE;
            const int8_t *input = rows[ky] + at;
            for (int32_t i = across.end - across.begin; i > 0; i--, input += step)
                w = add_tap(&sums, zero, input, w);
        }
        if (usual)
            store(params, &requant, rounding, c, sums, out + c);
        else
            store_any(params, c, sums, out + c);
    }
}

static inline __attribute__((always_inline)) void row(const struct fdm_nn_call *call,
                                                      const struct layer *layer,
                                                      enum fdm_nn_rounding rounding, int32_t y)
{
    const struct fdm_nn_conv_shape *s = &layer->params->shape;
    const struct fdm_nn_taps down = fdm_nn_taps(y, s->stride_h, s->pad_top, 3, s->in_h);
    const struct fdm_nn_inside inside =
        fdm_nn_inside(s->out_w, s->stride_w, s->pad_left, 3, s->in_w);
    const int32_t from = down.end - down.begin == 3 ? inside.from : s->out_w;
    const int8_t *rows[3] = {NULL, NULL, NULL};
    for (int32_t ky = down.begin; ky < down.end; ky++)
        rows[ky] = fdm_nn_row(&call->in, down.first + ky - down.begin);
    const int32_t width = s->out_w;
    const size_t step = (size_t)s->stride_w * layer->pixel;
    size_t at = (size_t)0 - (size_t)s->pad_left * layer->pixel; /* wraps around outside */
    int8_t *out = fdm_nn_row(&call->out, y);
    for (int32_t x = 0; x < width; x++, out += layer->pixel, at += step) {
        if (x >= from && x < inside.to) {
            pixel(layer, rounding, true, rows, down, down, at, out);
        } else {
            struct fdm_nn_taps across = fdm_nn_taps(x, s->stride_w, s->pad_left, 3, s->in_w);
            pixel(layer, rounding, false, rows, down, across, (size_t)across.first * layer->pixel,
                  out);
        }
    }
}

static inline __attribute__((always_inline)) enum fdm_nn_status run(const struct fdm_nn_call *call,
                                                                    enum fdm_nn_rounding rounding)
{
    const struct fdm_nn_conv_s8 *params = &((const struct fdm_nn_dwconv_s8 *)call->params)->conv;
    const struct fdm_mve_head *head = call->weights;
    const struct layer layer = {params, (const int8_t *)(head + 1), (size_t)params->shape.in_c,
                                head->usual != 0};
    for (int32_t y = call->first; y < call->first + call->count; y++)
        row(call, &layer, rounding, y);
    return FDM_NN_OK;
}

#define RULE(name, ROUNDING)                                                                       \
    enum fdm_nn_status fdm_nn_dwconv_s8_mve_##name##_run(const struct fdm_nn_call *call)           \
    {                                                                                              \
        return run(call, ROUNDING);                                                                \
    }

RULE(single, FDM_NN_ROUND_SINGLE)
RULE(double, FDM_NN_ROUND_DOUBLE)
RULE(neon, FDM_NN_ROUND_NEON)
RULE(fp32, FDM_NN_ROUND_FP32)

#endif
