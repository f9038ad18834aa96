/* CONV_2D with VMLADAVA: sixteen values of a window times the weights of four output channels.
 * The inner loop is assembly, because GCC 12 has no tail predication and spends a fifth more on it.
 */
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_shape.h"

#ifdef __ARM_FEATURE_MVE

#include "reference/kernels/cortex-m/nn_mve_conv.h"
#include "reference/kernels/cortex-m/nn_mve_requant.h"

/* What all pixels share. */
struct layer {
    const struct fdm_nn_conv_s8 *params;
    const int8_t *weights; /* behind the head */
    uint32_t taps;
    int32_t usual; /* channels, from the first on, that go by fours with the vector formulas */
};

/* The next four channels' sums over a window; the last turn reads no more than the window. */
static inline __attribute__((always_inline)) int32x4_t dot(const int8_t *x, uint32_t taps,
                                                           const int8_t **weights)
{
    const int8_t *w = *weights;
    int8x16_t a;
    int8x16_t b;
    int32x4_t sums;
    __asm__ volatile("ldm %[w]!, {r4, r6, r8, r10}\n\t"
                     "dlstp.8 lr, %[taps]\n"
                     "1:\n\t"
                     "vldrb.8 %q[sums], [%[x]], #16\n\t"
                     "vldrb.8 %q[a], [%[w]], #64\n\t"
                     "vmladava.s8 r4, %q[sums], %q[a]\n\t"
                     "vldrb.8 %q[b], [%[w], #-48]\n\t"
                     "vmladava.s8 r6, %q[sums], %q[b]\n\t"
                     "vldrb.8 %q[a], [%[w], #-32]\n\t"
                     "vmladava.s8 r8, %q[sums], %q[a]\n\t"
                     "vldrb.8 %q[b], [%[w], #-16]\n\t"
                     "vmladava.s8 r10, %q[sums], %q[b]\n\t"
                     "letp lr, 1b\n\t"
                     "vmov %e[sums], r4, r6\n\t"
                     "vmov %f[sums], r8, r10"
                     : [x] "+r"(x), [w] "+r"(w), [sums] "=&w"(sums), [a] "=&w"(a), [b] "=&w"(b)
                     : [taps] "r"(taps)
                     : "r4", "r6", "r8", "r10", "lr", "memory");
    *weights = w;
    return sums;
}

/* Requantizes and stores channels `channel`..+3 of one pixel; the bounds stay in registers. */
static inline __attribute__((always_inline)) void
store(const struct fdm_nn_requant *requant, enum fdm_nn_rounding rounding, int32_t channel,
      int32_t zero_point, int32x4_t min, int32x4_t max, int32x4_t sums, int8_t *out)
{
    struct fdm_mve_scale scale = {0};
    if (rounding == FDM_NN_ROUND_FP32) {
        scale.scale = vldrwq_f32(requant->scale + channel);
    } else {
        scale.multiplier = vldrwq_s32(requant->multiplier + channel);
        scale.shift = vldrbq_s32(requant->shift + channel);
    }
    int32x4_t value = vqaddq_n_s32(fdm_mve_scaled(rounding, scale, sums), zero_point);
    vstrbq_s32(out, vminq_s32(vmaxq_s32(value, min), max));
}

static __attribute__((noinline)) void store_any(const struct fdm_nn_conv_s8 *params,
                                                int32_t channel, int32x4_t sums, int8_t *out)
{
    int32_t left = params->shape.out_c - channel;
    int32_t acc[FDM_MVE_CHANNELS];
    vstrwq_s32(acc, sums);
    fdm_mve_store_any(params, channel, left < FDM_MVE_CHANNELS ? left : FDM_MVE_CHANNELS, acc, out);
}

/* All channels of one pixel. */
static inline __attribute__((always_inline)) void
pixel(const struct layer *layer, enum fdm_nn_rounding rounding, const int8_t *window, int8_t *out)
{
    const struct fdm_nn_conv_s8 *params = layer->params;
    const struct fdm_nn_requant requant = params->requant;
    const int32_t zero_point = params->out_zero_point;
    const int32x4_t min = vdupq_n_s32(params->out_min);
    const int32x4_t max = vdupq_n_s32(params->out_max);
    const int8_t *w = layer->weights;
    int32_t o = 0;
    for (; o < layer->usual; o += FDM_MVE_CHANNELS) {
        int32x4_t sums = dot(window, layer->taps, &w);
        store(&requant, rounding, o, zero_point, min, max, sums, out + o);
    }
    for (; o < params->shape.out_c; o += FDM_MVE_CHANNELS)
        store_any(params, o, dot(window, layer->taps, &w), out + o);
}

static inline void copy(const int8_t *from, size_t count, int8_t *to)
{
    for (size_t i = 0; i < count; i += FDM_MVE_VALUES) {
        mve_pred16_t lanes = vctp8q(count - i);
        vstrbq_p_s8(to + i, vldrbq_z_s8(from + i, lanes), lanes);
    }
}

/* The window of output pixel (y, x); what is outside the input is the zero point. What is behind
 * the window has weights of 0. */
static __attribute__((noinline)) void gather(const struct fdm_nn_call *call,
                                             struct fdm_nn_taps down, int32_t x)
{
    const struct fdm_nn_conv_s8 *params = call->params;
    const struct fdm_nn_conv_shape *s = &params->shape;
    const size_t pixel_bytes = (size_t)s->in_c;
    int8_t *window = call->scratch;
    struct fdm_nn_taps across = fdm_nn_taps(x, s->stride_w, s->pad_left, s->kernel_w, s->in_w);
    if (down.end - down.begin < s->kernel_h || across.end - across.begin < s->kernel_w) {
        size_t bytes = fdm_mve_window_bytes(s);
        for (size_t i = 0; i < bytes; i += FDM_MVE_VALUES)
            vstrbq_s8(window + i, vdupq_n_s8((int8_t)params->in_zero_point));
    }
    for (int32_t ky = down.begin; ky < down.end; ky++) {
        const int8_t *row = fdm_nn_row(&call->in, down.first + ky - down.begin);
        copy(row + (size_t)across.first * pixel_bytes,
             (size_t)(across.end - across.begin) * pixel_bytes,
             window + (size_t)(ky * s->kernel_w + across.begin) * pixel_bytes);
    }
}

/* Three whole rows of a window, at most 16 bytes each. Each store leaves behind its row what the
 * next one covers; behind the last there is room for it. */
static inline void gather_three(const int8_t *const rows[3], size_t at, uint32_t bytes, int8_t *to)
{
    const mve_pred16_t lanes = vctp8q(bytes);
    vstrbq_s8(to, vldrbq_z_s8(rows[0] + at, lanes));
    vstrbq_s8(to + bytes, vldrbq_z_s8(rows[1] + at, lanes));
    vstrbq_s8(to + 2 * bytes, vldrbq_z_s8(rows[2] + at, lanes));
}

static inline __attribute__((always_inline)) void window_row(const struct fdm_nn_call *call,
                                                             const struct layer *layer,
                                                             enum fdm_nn_rounding rounding,
                                                             int32_t y)
{
    const struct fdm_nn_conv_shape *s = &layer->params->shape;
    const struct fdm_nn_taps down = fdm_nn_taps(y, s->stride_h, s->pad_top, s->kernel_h, s->in_h);
    const uint32_t bytes = (uint32_t)(s->kernel_w * s->in_c);
    const bool three = s->kernel_h == 3 && down.end - down.begin == 3 && bytes <= FDM_MVE_VALUES;
    struct fdm_nn_inside inside =
        fdm_nn_inside(s->out_w, s->stride_w, s->pad_left, s->kernel_w, s->in_w);
    const int8_t *rows[3] = {NULL, NULL, NULL};
    for (int32_t i = 0; three && i < 3; i++)
        rows[i] = fdm_nn_row(&call->in, down.first + i);
    if (!three)
        inside.to = 0;
    const int32_t width = s->out_w;
    const size_t channels = (size_t)s->out_c;
    const size_t step = (size_t)s->stride_w * (size_t)s->in_c;
    int8_t *window = call->scratch;
    int8_t *out = fdm_nn_row(&call->out, y);
    size_t at = (size_t)0 - (size_t)s->pad_left * (size_t)s->in_c; /* wraps around outside */
    for (int32_t x = 0; x < width; x++, out += channels, at += step) {
        if (x >= inside.from && x < inside.to)
            gather_three(rows, at, bytes, window);
        else
            gather(call, down, x);
        pixel(layer, rounding, window, out);
    }
}

static inline __attribute__((always_inline)) void pointwise_row(const struct fdm_nn_call *call,
                                                                const struct layer *layer,
                                                                enum fdm_nn_rounding rounding,
                                                                int32_t y)
{
    const struct fdm_nn_conv_shape *s = &layer->params->shape;
    const int8_t *window = fdm_nn_row(&call->in, y * s->stride_h);
    const size_t step = (size_t)s->stride_w * (size_t)s->in_c;
    const size_t channels = (size_t)s->out_c;
    int8_t *out = fdm_nn_row(&call->out, y);
    for (int32_t x = s->out_w; x > 0; x--, out += channels, window += step)
        pixel(layer, rounding, window, out);
}

static inline __attribute__((always_inline)) enum fdm_nn_status run(const struct fdm_nn_call *call,
                                                                    enum fdm_nn_rounding rounding)
{
    const struct fdm_nn_conv_s8 *params = call->params;
    const struct fdm_mve_head *head = call->weights;
    const struct fdm_nn_conv_shape *s = &params->shape;
    const struct layer layer = {params, (const int8_t *)(head + 1), (uint32_t)fdm_mve_taps(s),
                                head->usual != 0 ? s->out_c - s->out_c % FDM_MVE_CHANNELS : 0};
    const bool pointwise = fdm_mve_is_pointwise(s);
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        if (pointwise)
            pointwise_row(call, &layer, rounding, y);
        else
            window_row(call, &layer, rounding, y);
    }
    return FDM_NN_OK;
}

#define RULE(name, ROUNDING)                                                                       \
    enum fdm_nn_status fdm_nn_conv_s8_mve_##name##_run(const struct fdm_nn_call *call)             \
    {                                                                                              \
        return run(call, ROUNDING);                                                                \
    }

RULE(single, FDM_NN_ROUND_SINGLE)
RULE(double, FDM_NN_ROUND_DOUBLE)
RULE(neon, FDM_NN_ROUND_NEON)
RULE(fp32, FDM_NN_ROUND_FP32)

#endif
