/* DEPTHWISE_CONV_2D with eight channels in the lanes. Products of 16 bits are widened by VMULLB
 * and VMULLT, so even and odd channels have vectors of their own until they are narrowed again. */
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
    size_t block;          /* bytes from the weights of eight channels to the next */
    bool usual;
};

static inline __attribute__((always_inline)) struct sums
add_tap(struct sums sums, int16x8_t zero, const int8_t *input, const int8_t *weights)
{
    int16x8_t x = vsubq_s16(vldrbq_s16(input), zero);
    int16x8_t w = vldrbq_s16(weights);
    sums.even = vaddq_s32(sums.even, vmullbq_int_s16(x, w));
    sums.odd = vaddq_s32(sums.odd, vmulltq_int_s16(x, w));
    return sums;
}

static inline __attribute__((always_inline)) struct sums add_three(struct sums sums, int16x8_t zero,
                                                                   const int8_t *input,
                                                                   size_t pixel,
                                                                   const int8_t *weights)
{
    sums = add_tap(sums, zero, input, weights);
    sums = add_tap(sums, zero, input + pixel, weights + FDM_MVE_DEPTHWISE);
    return add_tap(sums, zero, input + 2 * pixel, weights + (size_t)2 * FDM_MVE_DEPTHWISE);
}

static inline struct sums bias_of(const int8_t *weights)
{
    const int32_t *bias = (const int32_t *)(const void *)weights;
    return (struct sums){vldrwq_s32(bias), vldrwq_s32(bias + 4)};
}

/* Requantizes and stores channels `channel`..+7 of one pixel. */
static inline __attribute__((always_inline)) void store(const struct layer *layer,
                                                        enum fdm_nn_rounding rounding,
                                                        int32_t channel, struct sums sums,
                                                        int8_t *out)
{
    const struct fdm_nn_conv_s8 *params = layer->params;
    const struct fdm_nn_requant *requant = &params->requant;
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
    int16x8_t value = vqmovnbq_s32(vdupq_n_s16(0), fdm_mve_scaled(rounding, even, sums.even));
    value = vqmovntq_s32(value, fdm_mve_scaled(rounding, odd, sums.odd));
    value = vqaddq_n_s16(value, (int16_t)params->out_zero_point);
    value = vmaxq_s16(value, vdupq_n_s16((int16_t)params->out_min));
    value = vminq_s16(value, vdupq_n_s16((int16_t)params->out_max));
    vstrbq_s16(out, value);
}

static __attribute__((noinline)) void store_any(const struct layer *layer, int32_t channel,
                                                struct sums sums, int8_t *out)
{
    int32_t acc[FDM_MVE_DEPTHWISE];
    const int32x4x2_t both = {{sums.even, sums.odd}};
    vst2q_s32(acc, both);
    fdm_mve_store_any(layer->params, channel, FDM_MVE_DEPTHWISE, acc, out);
}

/* A pixel whose window lies partly outside or is not 3x3. */
static inline __attribute__((always_inline)) void
border_pixel(const struct fdm_nn_call *call, const struct layer *layer,
             enum fdm_nn_rounding rounding, struct fdm_nn_taps down, int32_t x, int8_t *out)
{
    const struct fdm_nn_conv_shape *s = &layer->params->shape;
    const struct fdm_nn_taps across =
        fdm_nn_taps(x, s->stride_w, s->pad_left, s->kernel_w, s->in_w);
    const int16x8_t zero = vdupq_n_s16((int16_t)layer->params->in_zero_point);
    const int8_t *block = layer->weights;
    for (int32_t c = 0; c < s->out_c; c += FDM_MVE_DEPTHWISE, block += layer->block) {
        struct sums sums = bias_of(block);
        for (int32_t ky = down.begin; ky < down.end; ky++) {
            const int8_t *row = fdm_nn_row(&call->in, down.first + ky - down.begin);
            const int8_t *w = block + FDM_MVE_DEPTHWISE * sizeof(int32_t) +
                              (size_t)(ky * s->kernel_w + across.begin) * FDM_MVE_DEPTHWISE;
            row += (size_t)across.first * layer->pixel + (size_t)c;
            for (int32_t i = across.end - across.begin; i > 0; i--) {
                sums = add_tap(sums, zero, row, w);
                row += layer->pixel;
                w += FDM_MVE_DEPTHWISE;
            }
        }
        if (layer->usual)
            store(layer, rounding, c, sums, out + c);
        else
            store_any(layer, c, sums, out + c);
    }
}

/* A whole 3x3 window, `at` bytes into the rows. */
static inline __attribute__((always_inline)) void whole_pixel(const struct layer *layer,
                                                              enum fdm_nn_rounding rounding,
                                                              const int8_t *const rows[3],
                                                              size_t at, int8_t *out)
{
    const int16x8_t zero = vdupq_n_s16((int16_t)layer->params->in_zero_point);
    const int32_t channels = layer->params->shape.out_c;
    const size_t pixel = layer->pixel;
    const int8_t *top = rows[0] + at;
    const int8_t *middle = rows[1] + at;
    const int8_t *bottom = rows[2] + at;
    const int8_t *w = layer->weights;
    for (int32_t c = 0; c < channels; c += FDM_MVE_DEPTHWISE) {
        struct sums sums = bias_of(w);
        w += FDM_MVE_DEPTHWISE * sizeof(int32_t);
        sums = add_three(sums, zero, top, pixel, w);
        sums = add_three(sums, zero, middle, pixel, w + (size_t)3 * FDM_MVE_DEPTHWISE);
        sums = add_three(sums, zero, bottom, pixel, w + (size_t)6 * FDM_MVE_DEPTHWISE);
        w += (size_t)9 * FDM_MVE_DEPTHWISE;
        if (layer->usual)
            store(layer, rounding, c, sums, out);
        else
            store_any(layer, c, sums, out);
        top += FDM_MVE_DEPTHWISE;
        middle += FDM_MVE_DEPTHWISE;
        bottom += FDM_MVE_DEPTHWISE;
        out += FDM_MVE_DEPTHWISE;
    }
}

static inline __attribute__((always_inline)) enum fdm_nn_status run(const struct fdm_nn_call *call,
                                                                    enum fdm_nn_rounding rounding)
{
    const struct fdm_nn_conv_s8 *params = &((const struct fdm_nn_dwconv_s8 *)call->params)->conv;
    const struct fdm_nn_conv_shape *s = &params->shape;
    const struct fdm_mve_head *head = call->weights;
    const struct layer layer = {params, (const int8_t *)(head + 1), (size_t)s->in_c,
                                fdm_mve_depthwise_block(s), head->usual != 0};
    const bool is_nine = s->kernel_h == 3 && s->kernel_w == 3;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        struct fdm_nn_taps down = fdm_nn_taps(y, s->stride_h, s->pad_top, s->kernel_h, s->in_h);
        const bool whole = is_nine && down.end - down.begin == 3;
        int8_t *out = fdm_nn_row(&call->out, y);
        const int8_t *rows[3] = {NULL, NULL, NULL};
        for (int32_t i = 0; whole && i < 3; i++)
            rows[i] = fdm_nn_row(&call->in, down.first + i);
        int32_t left = -s->pad_left;
        for (int32_t x = 0; x < s->out_w; x++, out += s->out_c, left += s->stride_w) {
            if (whole && left >= 0 && left + 3 <= s->in_w)
                whole_pixel(&layer, rounding, rows, (size_t)left * layer.pixel, out);
            else
                border_pixel(call, &layer, rounding, down, x, out);
        }
    }
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
