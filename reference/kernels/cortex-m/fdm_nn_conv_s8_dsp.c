/* CONV_2D with SMLAD: four pixels' input values are widened into scratch once, then each output
 * channel takes eight weights at a time for all four. */
#include "reference/kernels/cortex-m/nn_dsp_conv.h"
#include "reference/kernels/cortex-m/nn_dsp_requant.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_shape.h"

#define STEP ((size_t)2 * FDM_DSP_PIXELS) /* words of four values in scratch */

/* Pairs of values in scratch: of four values even ones first; pixel by pixel within four values. */
struct tile {
    const struct fdm_nn_conv_s8 *params;
    const uint32_t *values;
    const int8_t *weights;
    int32_t groups;
    int8_t *output; /* of the first pixel */
    int32_t pixels; /* that are stored, 1..4 */
};

typedef void multiply_tile(const struct tile *tile);
/* Requantizes and stores one channel's sums. */
typedef void finish_tile(const struct tile *tile, struct fdm_dsp_channel channel,
                         const struct fdm_dsp_four *sum, int8_t *out);

#ifdef __ARM_FEATURE_DSP
/* Eight values of four pixels; the registers leave r0 to r7 to the compiler. */
#define FOUR_WEIGHTS                                                                               \
    "ldr lr, [%[w]], #4\n\t"                                                                       \
    "ldmia %[x]!, {r8-r11}\n\t"                                                                    \
    "sxtb16 r12, lr\n\t"                                                                           \
    "sxtb16 lr, lr, ror #8\n\t"                                                                    \
    "smlad %[a0], r8, r12, %[a0]\n\t"                                                              \
    "smlad %[a1], r10, r12, %[a1]\n\t"                                                             \
    "smlad %[a0], r9, lr, %[a0]\n\t"                                                               \
    "smlad %[a1], r11, lr, %[a1]\n\t"                                                              \
    "ldmia %[x]!, {r8-r11}\n\t"                                                                    \
    "smlad %[a2], r8, r12, %[a2]\n\t"                                                              \
    "smlad %[a3], r10, r12, %[a3]\n\t"                                                             \
    "smlad %[a2], r9, lr, %[a2]\n\t"                                                               \
    "smlad %[a3], r11, lr, %[a3]\n\t"

static inline const int8_t *dot(const uint32_t *x, const int8_t *w, int32_t groups,
                                struct fdm_dsp_four *sum)
{
    struct fdm_dsp_four s = *sum;
    __asm__ volatile("1:\n\t" FOUR_WEIGHTS FOUR_WEIGHTS "subs %[n], %[n], #1\n\t"
                     "bne 1b"
                     : [a0] "+r"(s.a), [a1] "+r"(s.b), [a2] "+r"(s.c), [a3] "+r"(s.d), [x] "+r"(x),
                       [w] "+r"(w), [n] "+r"(groups)
                     :
                     : "r8", "r9", "r10", "r11", "r12", "lr", "cc", "memory");
    *sum = s;
    return w;
}
#else
static int32_t dot_pixel(const uint32_t *x, uint32_t even, uint32_t odd, int32_t sum)
{
    sum = fdm_dsp_mla_low(x[0], even, fdm_dsp_mla_high(x[0], even, sum));
    return fdm_dsp_mla_low(x[1], odd, fdm_dsp_mla_high(x[1], odd, sum));
}

static const int8_t *dot(const uint32_t *x, const int8_t *w, int32_t groups,
                         struct fdm_dsp_four *sum)
{
    for (int32_t i = 0; i < 2 * groups; i++, w += 4, x += STEP) {
        uint32_t even = fdm_dsp_even(fdm_dsp_load(w));
        uint32_t odd = fdm_dsp_odd(fdm_dsp_load(w));
        sum->a = dot_pixel(x, even, odd, sum->a);
        sum->b = dot_pixel(x + 2, even, odd, sum->b);
        sum->c = dot_pixel(x + 4, even, odd, sum->c);
        sum->d = dot_pixel(x + 6, even, odd, sum->d);
    }
    return w;
}
#endif

/* Any shift, any bounds, any number of pixels. */
static inline void finish_any(const struct tile *t, enum fdm_nn_rounding rounding,
                              struct fdm_dsp_channel channel, const struct fdm_dsp_four *sum,
                              int8_t *out)
{
    const struct fdm_nn_conv_s8 *params = t->params;
    const int32_t sums[FDM_DSP_PIXELS] = {sum->a, sum->b, sum->c, sum->d};
    for (int32_t p = 0; p < t->pixels; p++, out += params->shape.out_c) {
        int32_t value = channel.right < 0 ? fdm_dsp_requant_any(rounding, channel, sums[p],
                                                                params->out_zero_point)
                                          : fdm_dsp_requant(rounding, channel, sums[p]);
        *out = (int8_t)fdm_nn_clamp(value, params->out_min, params->out_max);
    }
}

/* All output channels of a tile. Inlined into one function per rounding rule. */
static inline __attribute__((always_inline)) void
multiply(const struct tile *t, enum fdm_nn_rounding rounding, finish_tile *finish)
{
    const struct fdm_nn_conv_s8 *params = t->params;
    const size_t channels = (size_t)params->shape.out_c;
    const bool plain =
        t->pixels == FDM_DSP_PIXELS && params->out_min == -128 && params->out_max == 127;
    const int8_t *weights = t->weights;
    int8_t *out = t->output;
    for (int32_t o = 0; o < params->shape.out_c; o++, out++) {
        int32_t bias = (int32_t)fdm_dsp_load(weights);
        struct fdm_dsp_four sum = {bias, bias, bias, bias};
        weights = dot(t->values, weights + sizeof bias, t->groups, &sum);
        struct fdm_dsp_channel channel =
            fdm_dsp_channel(&params->requant, rounding, o, params->out_zero_point);
        if (plain && channel.right >= 0) {
            out[0] = (int8_t)fdm_dsp_requant(rounding, channel, sum.a);
            out[channels] = (int8_t)fdm_dsp_requant(rounding, channel, sum.b);
            out[2 * channels] = (int8_t)fdm_dsp_requant(rounding, channel, sum.c);
            out[3 * channels] = (int8_t)fdm_dsp_requant(rounding, channel, sum.d);
        } else {
            struct fdm_dsp_four copy = sum;
            finish(t, channel, &copy, out);
        }
    }
}

/* ---- pointwise ---- */

/* Widens one pixel into its places of the tile. */
static void widen(const int8_t *from, int32_t words, uint32_t *to)
{
    for (; words > 0; words--, from += 4, to += STEP) {
        uint32_t four = fdm_dsp_load(from);
        to[0] = fdm_dsp_even(four);
        to[1] = fdm_dsp_odd(four);
    }
}

static void pointwise_pixels(const struct fdm_nn_call *call, multiply_tile *each,
                             const int8_t *input, int8_t *output, int32_t pixels)
{
    const struct fdm_nn_conv_s8 *params = call->params;
    const struct fdm_nn_conv_shape *s = &params->shape;
    uint32_t *values = call->scratch;
    struct tile tile = {params, values, call->weights, fdm_dsp_pointwise_groups(s), output, 0};
    for (; pixels > 0; pixels -= FDM_DSP_PIXELS) {
        tile.pixels = pixels < FDM_DSP_PIXELS ? pixels : FDM_DSP_PIXELS;
        for (int32_t p = 0; p < tile.pixels; p++, input += s->in_c)
            widen(input, s->in_c / 4, values + 2 * (size_t)p);
        each(&tile);
        tile.output += (size_t)FDM_DSP_PIXELS * (size_t)s->out_c;
    }
}

static enum fdm_nn_status pointwise(const struct fdm_nn_call *call, multiply_tile *each)
{
    const struct fdm_nn_conv_s8 *params = call->params;
    const struct fdm_nn_conv_shape *s = &params->shape;
    bool whole = call->in.ring == s->in_h && call->out.ring == s->out_h;
    int32_t step = whole ? call->count : 1;
    for (int32_t y = call->first; y < call->first + call->count; y += step)
        pointwise_pixels(call, each, fdm_nn_row(&call->in, y), fdm_nn_row(&call->out, y),
                         step * s->out_w);
    return FDM_NN_OK;
}

/* ---- first convolutions: 3x3 on 3 channels ---- */

#define ROW_VALUES 9

/* Eight of a window's row; returns the ninth. */
static inline uint32_t gather_row(const int8_t *row, uint32_t *to)
{
    uint32_t a = fdm_dsp_load(row);
    uint32_t b = fdm_dsp_load(row + 4);
    to[0] = fdm_dsp_even(a);
    to[1] = fdm_dsp_odd(a);
    to[STEP] = fdm_dsp_even(b);
    to[STEP + 1] = fdm_dsp_odd(b);
    return (uint8_t)row[8];
}

/* One window, whose rows begin there. The last four places have weights of 0. */
static inline void gather(const int8_t *top, const int8_t *middle, const int8_t *bottom,
                          uint32_t *to)
{
    uint32_t last = gather_row(top, to);
    last |= gather_row(middle, to + 2 * STEP) << 8;
    last |= gather_row(bottom, to + 4 * STEP) << 16;
    to[6 * STEP] = fdm_dsp_even(last);
    to[6 * STEP + 1] = fdm_dsp_odd(last);
}

/* A window that lies partly outside: what is missing is the zero point. */
static __attribute__((noinline)) void fill_window(const struct fdm_nn_conv_s8 *params,
                                                  const struct fdm_nn_rows *in, int32_t y,
                                                  int32_t x, int8_t window[3][ROW_VALUES])
{
    const struct fdm_nn_conv_shape *s = &params->shape;
    struct fdm_nn_taps down = fdm_nn_taps(y, s->stride_h, s->pad_top, 3, s->in_h);
    struct fdm_nn_taps across = fdm_nn_taps(x, s->stride_w, s->pad_left, 3, s->in_w);
    memset(window, params->in_zero_point, (size_t)3 * ROW_VALUES);
    for (int32_t ky = down.begin; ky < down.end; ky++) {
        const int8_t *row = fdm_nn_row(in, down.first + ky - down.begin);
        memcpy(window[ky] + 3 * (size_t)across.begin, row + 3 * (size_t)across.first,
               3 * (size_t)(across.end - across.begin));
    }
}

static void first_row(const struct fdm_nn_call *call, multiply_tile *each, int32_t y)
{
    const struct fdm_nn_conv_s8 *params = call->params;
    const struct fdm_nn_conv_shape *s = &params->shape;
    uint32_t *values = call->scratch;
    struct tile tile = {
        params, values, call->weights, FDM_DSP_FIRST_GROUPS, fdm_nn_row(&call->out, y), 0};
    int32_t top = y * s->stride_h - s->pad_top;
    bool inside = top >= 0 && top + 3 <= s->in_h;
    const int8_t *rows[3] = {NULL, NULL, NULL};
    for (int32_t i = 0; inside && i < 3; i++)
        rows[i] = fdm_nn_row(&call->in, top + i);
    for (int32_t x = 0; x < s->out_w; x += FDM_DSP_PIXELS) {
        tile.pixels = s->out_w - x < FDM_DSP_PIXELS ? s->out_w - x : FDM_DSP_PIXELS;
        int32_t left = x * s->stride_w - s->pad_left;
        for (int32_t p = 0; p < tile.pixels; p++, left += s->stride_w) {
            int8_t window[3][ROW_VALUES];
            const int8_t *at[3] = {window[0], window[1], window[2]};
            if (inside && left >= 0 && left + 3 <= s->in_w)
                for (int32_t i = 0; i < 3; i++)
                    at[i] = rows[i] + 3 * (size_t)left;
            else
                fill_window(params, &call->in, y, x + p, window);
            gather(at[0], at[1], at[2], values + 2 * (size_t)p);
        }
        each(&tile);
        tile.output += (size_t)FDM_DSP_PIXELS * (size_t)s->out_c;
    }
}

static enum fdm_nn_status first(const struct fdm_nn_call *call, multiply_tile *each)
{
    for (int32_t y = call->first; y < call->first + call->count; y++)
        first_row(call, each, y);
    return FDM_NN_OK;
}

/* ---- one function per rule, so that a program contains only those of its network ---- */

#define RULE(name, ROUNDING)                                                                       \
    static __attribute__((noinline)) void finish_##name(                                           \
        const struct tile *tile, struct fdm_dsp_channel channel, const struct fdm_dsp_four *sum,   \
        int8_t *out)                                                                               \
    {                                                                                              \
        finish_any(tile, ROUNDING, channel, sum, out);                                             \
    }                                                                                              \
    static void multiply_##name(const struct tile *tile)                                           \
    {                                                                                              \
        multiply(tile, ROUNDING, finish_##name);                                                   \
    }                                                                                              \
    enum fdm_nn_status fdm_nn_pointwise_s8_dsp_##name##_run(const struct fdm_nn_call *call)        \
    {                                                                                              \
        return pointwise(call, multiply_##name);                                                   \
    }                                                                                              \
    enum fdm_nn_status fdm_nn_first_s8_dsp_##name##_run(const struct fdm_nn_call *call)            \
    {                                                                                              \
        return first(call, multiply_##name);                                                       \
    }

RULE(single, FDM_NN_ROUND_SINGLE)
RULE(double, FDM_NN_ROUND_DOUBLE)
RULE(neon, FDM_NN_ROUND_NEON)
RULE(fp32, FDM_NN_ROUND_FP32)
