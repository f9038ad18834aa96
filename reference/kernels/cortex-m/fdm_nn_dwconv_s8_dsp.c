/* DEPTHWISE_CONV_2D, four channels at a time: a block's weights are widened into scratch once, then
 * used for all its pixels. The zero point is subtracted while the input is widened, which costs
 * nothing, so taps outside the input are left out as in the reference. */
#include "reference/kernels/cortex-m/nn_dsp_conv.h"
#include "reference/kernels/cortex-m/nn_dsp_requant.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_shape.h"

/* Four channels made ready. */
struct block {
    const uint32_t *weights; /* per tap two pairs */
    struct fdm_dsp_four bias;
    struct fdm_dsp_channel requant[4];
    bool plain;                  /* no shift is out of the usual range, and the bounds are int8's */
    uint32_t minus_zero;         /* a pair: the input's zero point, negated */
    size_t pixel;                /* bytes from pixel to pixel */
    struct fdm_nn_inside inside; /* columns */
};

static inline struct fdm_dsp_four add_tap(const struct block *b, const int8_t *input,
                                          const uint32_t *weights, struct fdm_dsp_four sum)
{
    uint32_t four = fdm_dsp_load(input);
    uint32_t even = fdm_dsp_add_even(b->minus_zero, four);
    uint32_t odd = fdm_dsp_add_odd(b->minus_zero, four);
    sum.a = fdm_dsp_mla_low(even, weights[0], sum.a);
    sum.b = fdm_dsp_mla_low(odd, weights[1], sum.b);
    sum.c = fdm_dsp_mla_high(even, weights[0], sum.c);
    sum.d = fdm_dsp_mla_high(odd, weights[1], sum.d);
    return sum;
}

/* Three neighbours of a row. */
static inline struct fdm_dsp_four add_three(const struct block *b, const int8_t *input,
                                            const uint32_t *weights, struct fdm_dsp_four sum)
{
#ifdef __ARM_FEATURE_DSP
#define TAP(address, offset)                                                                       \
    "ldr %[x], [" address "]\n\t"                                                                  \
    "ldrd %[u], %[v], [%[w], #" offset "]\n\t"                                                     \
    "sxtab16 %[e], %[z], %[x]\n\t"                                                                 \
    "sxtab16 %[x], %[z], %[x], ror #8\n\t"                                                         \
    "smlabb %[a], %[e], %[u], %[a]\n\t"                                                            \
    "smlabb %[b], %[x], %[v], %[b]\n\t"                                                            \
    "smlatt %[c], %[e], %[u], %[c]\n\t"                                                            \
    "smlatt %[d], %[x], %[v], %[d]\n\t"
    uint32_t x;
    uint32_t even;
    uint32_t u;
    uint32_t v;
    __asm__(TAP("%[p]", "0") TAP("%[p], %[n]", "8") TAP("%[p], %[n], lsl #1", "16")
            : [a] "+&r"(sum.a), [b] "+&r"(sum.b), [c] "+&r"(sum.c), [d] "+&r"(sum.d), [x] "=&r"(x),
              [e] "=&r"(even), [u] "=&r"(u), [v] "=&r"(v)
            : [p] "r"(input), [w] "r"(weights), [n] "r"(b->pixel), [z] "r"(b->minus_zero)
            : "memory");
    return sum;
#undef TAP
#else
    sum = add_tap(b, input, weights, sum);
    sum = add_tap(b, input + b->pixel, weights + 2, sum);
    return add_tap(b, input + 2 * b->pixel, weights + 4, sum);
#endif
}

/* Requantizes with any shift and any bounds. */
typedef uint32_t finish_four(const struct block *b, const struct fdm_nn_conv_s8 *params,
                             const struct fdm_dsp_four *sum);

static inline __attribute__((always_inline)) uint32_t
finish_any(const struct block *b, const struct fdm_nn_conv_s8 *params,
           enum fdm_nn_rounding rounding, const struct fdm_dsp_four *sum)
{
    const int32_t sums[4] = {sum->a, sum->b, sum->c, sum->d};
    uint8_t bytes[4];
    for (int32_t i = 0; i < 4; i++) {
        struct fdm_dsp_channel channel = b->requant[i];
        int32_t value = channel.right < 0 ? fdm_dsp_requant_any(rounding, channel, sums[i],
                                                                params->out_zero_point)
                                          : fdm_dsp_requant(rounding, channel, sums[i]);
        bytes[i] = (uint8_t)fdm_nn_clamp(value, params->out_min, params->out_max);
    }
    return fdm_dsp_load(bytes);
}

/* The taps of a window that lies partly outside, or is not 3x3. */
static __attribute__((noinline)) void add_window(const struct fdm_nn_call *call,
                                                 const struct block *b, struct fdm_nn_taps down,
                                                 int32_t x, size_t channel,
                                                 struct fdm_dsp_four *sum)
{
    const struct fdm_nn_conv_s8 *params = &((const struct fdm_nn_dwconv_s8 *)call->params)->conv;
    const struct fdm_nn_conv_shape *s = &params->shape;
    struct fdm_nn_taps across = fdm_nn_taps(x, s->stride_w, s->pad_left, s->kernel_w, s->in_w);
    struct fdm_dsp_four total = *sum;
    for (int32_t ky = down.begin; ky < down.end; ky++) {
        const int8_t *in = fdm_nn_row(&call->in, down.first + ky - down.begin);
        const uint32_t *weights = b->weights + 2 * (size_t)(ky * s->kernel_w + across.begin);
        in += (size_t)across.first * b->pixel + channel;
        for (int32_t i = across.end - across.begin; i > 0; i--, in += b->pixel, weights += 2)
            total = add_tap(b, in, weights, total);
    }
    *sum = total;
}

static inline __attribute__((always_inline)) uint32_t
requant_four(const struct block *b, const struct fdm_nn_conv_s8 *params,
             enum fdm_nn_rounding rounding, finish_four *finish, struct fdm_dsp_four sum)
{
    if (!b->plain) {
        struct fdm_dsp_four copy = sum;
        return finish(b, params, &copy);
    }
    sum.a = fdm_dsp_requant(rounding, b->requant[0], sum.a);
    sum.b = fdm_dsp_requant(rounding, b->requant[1], sum.b);
    sum.c = fdm_dsp_requant(rounding, b->requant[2], sum.c);
    sum.d = fdm_dsp_requant(rounding, b->requant[3], sum.d);
    return fdm_dsp_bytes(sum);
}

/* One output row of a block; `channel` is its first. */
static inline __attribute__((always_inline)) void
row(const struct fdm_nn_call *call, const struct block *b, enum fdm_nn_rounding rounding,
    finish_four *finish, int32_t y, size_t channel)
{
    const struct fdm_nn_conv_s8 *params = &((const struct fdm_nn_dwconv_s8 *)call->params)->conv;
    const struct fdm_nn_conv_shape *s = &params->shape;
    int8_t *output = (int8_t *)fdm_nn_row(&call->out, y) + channel;
    struct fdm_nn_taps down = fdm_nn_taps(y, s->stride_h, s->pad_top, s->kernel_h, s->in_h);
    bool whole = s->kernel_h == 3 && s->kernel_w == 3 && down.end - down.begin == 3;
    const int32_t from = whole ? b->inside.from : s->out_w;
    const int8_t *top = fdm_nn_row(&call->in, down.first);
    const int8_t *middle = whole ? fdm_nn_row(&call->in, down.first + 1) : top;
    const int8_t *bottom = whole ? fdm_nn_row(&call->in, down.first + 2) : top;
    const size_t step = (size_t)s->stride_w * b->pixel;
    size_t at = channel - (size_t)s->pad_left * b->pixel; /* wraps around outside */
    for (int32_t x = 0; x < s->out_w; x++, output += b->pixel, at += step) {
        struct fdm_dsp_four sum = b->bias;
        if (x >= from && x < b->inside.to) {
            sum = add_three(b, top + at, b->weights, sum);
            sum = add_three(b, middle + at, b->weights + 6, sum);
            sum = add_three(b, bottom + at, b->weights + 12, sum);
        } else {
            struct fdm_dsp_four partial = sum;
            add_window(call, b, down, x, channel, &partial);
            sum = partial;
        }
        uint32_t four = requant_four(b, params, rounding, finish, sum);
        memcpy(output, &four, sizeof four);
    }
}

static const int8_t *widen(const int8_t *weights, int32_t taps, uint32_t *to)
{
    for (; taps > 0; taps--, weights += 4, to += 2) {
        to[0] = fdm_dsp_even(fdm_dsp_load(weights));
        to[1] = fdm_dsp_odd(fdm_dsp_load(weights));
    }
    return weights;
}

static inline __attribute__((always_inline)) enum fdm_nn_status
run(const struct fdm_nn_call *call, enum fdm_nn_rounding rounding, finish_four *finish)
{
    const struct fdm_nn_conv_s8 *params = &((const struct fdm_nn_dwconv_s8 *)call->params)->conv;
    const struct fdm_nn_conv_shape *s = &params->shape;
    const int8_t *weights = call->weights;
    struct block b = {
        .weights = call->scratch,
        .minus_zero = fdm_dsp_pair(-params->in_zero_point, -params->in_zero_point),
        .pixel = (size_t)s->in_c,
        .inside = fdm_nn_inside(s->out_w, s->stride_w, s->pad_left, s->kernel_w, s->in_w),
    };
    for (int32_t channel = 0; channel < s->out_c; channel += 4) {
        memcpy(&b.bias, weights, sizeof b.bias);
        weights = widen(weights + sizeof b.bias, s->kernel_h * s->kernel_w, call->scratch);
        b.plain = params->out_min == -128 && params->out_max == 127;
        for (int32_t i = 0; i < 4; i++) {
            b.requant[i] =
                fdm_dsp_channel(&params->requant, rounding, channel + i, params->out_zero_point);
            b.plain = b.plain && b.requant[i].right >= 0;
        }
        for (int32_t y = call->first; y < call->first + call->count; y++)
            row(call, &b, rounding, finish, y, (size_t)channel);
    }
    return FDM_NN_OK;
}

#define RULE(name, ROUNDING)                                                                       \
    static __attribute__((noinline))                                                               \
    uint32_t finish_##name(const struct block *b, const struct fdm_nn_conv_s8 *params,             \
                           const struct fdm_dsp_four *sum)                                         \
    {                                                                                              \
        return finish_any(b, params, ROUNDING, sum);                                               \
    }                                                                                              \
    enum fdm_nn_status fdm_nn_dwconv_s8_dsp_##name##_run(const struct fdm_nn_call *call)           \
    {                                                                                              \
        return run(call, ROUNDING, finish_##name);                                                 \
    }

RULE(single, FDM_NN_ROUND_SINGLE)
RULE(double, FDM_NN_ROUND_DOUBLE)
RULE(neon, FDM_NN_ROUND_NEON)
RULE(fp32, FDM_NN_ROUND_FP32)
