/* Weights for the x86 kernels; x86/packed.h has the layouts. */
#include <string.h>

#include "reference/kernels/host/tuned.h"
#include "reference/kernels/x86/packed.h"

/* What differs between the two instruction sets. */
struct form {
    int32_t lanes, taps, sample_offset;
};
static const struct form avx2 = {8, 2, 0};
static const struct form avx512 = {16, 4, 128};

static size_t ceil_div(int32_t a, int32_t b)
{
    return ((size_t)a + (size_t)b - 1) / (size_t)b;
}

/* ---- requantization ---- */

/* Shifts that the common formula has. */
static bool requant_suits(const struct fdm_nn_requant *requant, int32_t channels)
{
    if (requant->rounding == FDM_NN_ROUND_FP32)
        return true;
    for (int32_t i = 0; i < channels; i++)
        if (requant->shift[i] > 0 || requant->shift[i] < -FDM_X86_MOST_SHIFT)
            return false;
    return true;
}

/* One lane of a head, whose rows lie `lanes` apart. */
static void put(int32_t *head, int32_t lanes, enum fdm_x86_head row, int32_t value)
{
    head[(size_t)row * (size_t)lanes] = value;
}

static void put_requant(const struct fdm_nn_requant *requant, int32_t channel, int32_t lanes,
                        int32_t *head)
{
    if (requant->rounding == FDM_NN_ROUND_FP32) {
        int32_t scale;
        memcpy(&scale, &requant->scale[channel], sizeof scale);
        put(head, lanes, FDM_X86_MULTIPLIER, scale);
        return;
    }
    int32_t shift = -requant->shift[channel];
    int32_t half = shift > 0 ? INT32_C(1) << (shift - 1) : 0;
    bool single = requant->rounding == FDM_NN_ROUND_SINGLE;
    bool away = requant->rounding == FDM_NN_ROUND_DOUBLE;
    put(head, lanes, FDM_X86_MULTIPLIER, requant->multiplier[channel]);
    put(head, lanes, FDM_X86_FIRST, single && shift > 0 ? 0 : INT32_C(1) << 30);
    put(head, lanes, FDM_X86_SECOND, half);
    put(head, lanes, FDM_X86_LIMIT, INT32_MAX - half);
    put(head, lanes, FDM_X86_AWAY, away && half > 0 ? -1 : 0);
    put(head, lanes, FDM_X86_SHIFT, shift);
}

/* Sums wrap on the way; the result is an int32 again. */
static int32_t corrected_bias(const int32_t *bias, int32_t channel, int32_t offset, int32_t sum)
{
    uint32_t value = bias != NULL ? (uint32_t)bias[channel] : 0;
    value -= (uint32_t)offset * (uint32_t)sum;
    int32_t out;
    memcpy(&out, &value, sizeof out);
    return out;
}

/* A weight into the group at `group`: a byte or an int16 of the lane's 32 bits. */
static void put_weight(const struct form *form, unsigned char *group, int32_t lane, int32_t tap,
                       int32_t weight)
{
    unsigned char *at = group + (size_t)lane * sizeof(int32_t);
    int8_t narrow = (int8_t)weight;
    int16_t wide = (int16_t)weight;
    if (form->taps == 4)
        memcpy(at + tap, &narrow, sizeof narrow);
    else
        memcpy(at + (size_t)tap * sizeof wide, &wide, sizeof wide);
}

/* ---- convolution ---- */

static size_t conv_groups(const struct form *form, const struct fdm_nn_conv_shape *s)
{
    return ceil_div(s->kernel_w * s->in_c, form->taps);
}

static size_t conv_block_ints(const struct form *form, const struct fdm_nn_conv_shape *s)
{
    return (size_t)form->lanes * (FDM_X86_HEAD_ROWS + (size_t)s->kernel_h * conv_groups(form, s));
}

static size_t conv_packed_bytes(const struct form *form, const struct fdm_nn_conv_s8 *p)
{
    return ceil_div(p->shape.out_c, form->lanes) * conv_block_ints(form, &p->shape) *
           sizeof(int32_t);
}

static size_t conv_scratch(const struct form *form, const struct fdm_nn_conv_s8 *p)
{
    size_t samples = (size_t)p->shape.kernel_h * fdm_x86_conv_row(&p->shape, form->taps);
    return samples * (form->taps == 4 ? sizeof(uint8_t) : sizeof(int16_t)) + FDM_X86_ALIGNMENT;
}

static void pack_channel(const struct form *form, const struct fdm_nn_conv_s8 *p, int32_t channel,
                         const int8_t *weights, const int32_t *bias, int32_t *head, int32_t lane)
{
    const struct fdm_nn_conv_shape *s = &p->shape;
    int32_t per_row = s->kernel_w * s->in_c;
    const int8_t *from = weights + (size_t)channel * (size_t)s->kernel_h * (size_t)per_row;
    size_t row_ints = conv_groups(form, s) * (size_t)form->lanes;
    int32_t sum = 0;
    for (int32_t ky = 0; ky < s->kernel_h; ky++) {
        int32_t *row =
            head + (size_t)FDM_X86_HEAD_ROWS * (size_t)form->lanes + (size_t)ky * row_ints;
        for (int32_t i = 0; i < per_row; i++) {
            int32_t *group = row + (size_t)(i / form->taps) * (size_t)form->lanes;
            put_weight(form, (unsigned char *)group, lane, i % form->taps, from[i]);
            sum += from[i];
        }
        from += per_row;
    }
    head[lane] = corrected_bias(bias, channel, p->in_zero_point + form->sample_offset, sum);
    put_requant(&p->requant, channel, form->lanes, head + lane);
}

static void conv_pack(const struct form *form, const struct fdm_nn_conv_s8 *p,
                      const int8_t *weights, const int32_t *bias, int32_t *packed)
{
    memset(packed, 0, conv_packed_bytes(form, p));
    size_t block_ints = conv_block_ints(form, &p->shape);
    int32_t out_c = p->shape.out_c;
    for (int32_t o = 0; o < out_c; o++) {
        int32_t *head = packed + (size_t)(o / form->lanes) * block_ints;
        pack_channel(form, p, o, weights, bias, head, o % form->lanes);
        if (fdm_x86_conv_twice(form->lanes, out_c))
            pack_channel(form, p, o, weights, bias, head, o + out_c);
    }
}

#define CONV_S8(isa)                                                                               \
    bool fdm_nn_conv_s8_##isa##_suits(const void *params)                                          \
    {                                                                                              \
        const struct fdm_nn_conv_s8 *p = params;                                                   \
        return requant_suits(&p->requant, p->shape.out_c);                                         \
    }                                                                                              \
    size_t fdm_nn_conv_s8_##isa##_scratch(const void *params)                                      \
    {                                                                                              \
        return conv_scratch(&(isa), params);                                                       \
    }                                                                                              \
    size_t fdm_nn_conv_s8_##isa##_packed_bytes(const void *params)                                 \
    {                                                                                              \
        return conv_packed_bytes(&(isa), params);                                                  \
    }                                                                                              \
    void fdm_nn_conv_s8_##isa##_pack(const void *params, const void *weights, const void *bias,    \
                                     void *packed)                                                 \
    {                                                                                              \
        conv_pack(&(isa), params, weights, bias, packed);                                          \
    }

CONV_S8(avx2)
CONV_S8(avx512)

/* ---- depthwise ---- */

#define MOST_DWCONV_TAPS 64

static int32_t chunk_of(const struct form *form)
{
    return form->lanes * form->taps;
}

static size_t dwconv_block_ints(const struct form *form, const struct fdm_nn_conv_shape *s)
{
    return (size_t)chunk_of(form) *
           (FDM_X86_HEAD_ROWS + (size_t)fdm_x86_dwconv_groups(s, form->taps));
}

static bool dwconv_suits(const struct form *form, const struct fdm_nn_dwconv_s8 *p)
{
    const struct fdm_nn_conv_shape *s = &p->conv.shape;
    return requant_suits(&p->conv.requant, s->out_c) &&
           s->kernel_h * s->kernel_w <= MOST_DWCONV_TAPS &&
           fdm_x86_dwconv_blocks(chunk_of(form), s->in_c) <= FDM_X86_DWCONV_MOST_BLOCKS;
}

static size_t dwconv_packed_bytes(const struct form *form, const struct fdm_nn_dwconv_s8 *p)
{
    const struct fdm_nn_conv_shape *s = &p->conv.shape;
    return (size_t)fdm_x86_dwconv_blocks(chunk_of(form), s->in_c) * dwconv_block_ints(form, s) *
           sizeof(int32_t);
}

static size_t dwconv_scratch(const struct form *form, const struct fdm_nn_dwconv_s8 *p)
{
    const struct fdm_nn_conv_shape *s = &p->conv.shape;
    size_t samples = (size_t)s->kernel_h * fdm_x86_dwconv_row(s, chunk_of(form));
    return samples * (form->taps == 4 ? sizeof(uint8_t) : sizeof(int16_t)) + FDM_X86_ALIGNMENT;
}

/* One lane of one vector of a block: a channel's head and its weights. */
static void pack_lane(const struct form *form, const struct fdm_nn_conv_s8 *p, int32_t channel,
                      const int8_t *weights, const int32_t *bias, int32_t *block, int32_t vector,
                      int32_t lane)
{
    const struct fdm_nn_conv_shape *s = &p->shape;
    int32_t *head = block + (size_t)vector * FDM_X86_HEAD_ROWS * (size_t)form->lanes;
    int32_t *groups = block + (size_t)form->taps * FDM_X86_HEAD_ROWS * (size_t)form->lanes;
    int32_t sum = 0;
    for (int32_t tap = 0; tap < s->kernel_h * s->kernel_w; tap++) {
        int8_t weight = weights[(size_t)tap * (size_t)s->in_c + (size_t)channel];
        int32_t vectors = tap / form->taps * form->taps + vector;
        int32_t *group = groups + (size_t)vectors * (size_t)form->lanes;
        put_weight(form, (unsigned char *)group, lane, tap % form->taps, weight);
        sum += weight;
    }
    head[lane] = corrected_bias(bias, channel, p->in_zero_point + form->sample_offset, sum);
    put_requant(&p->requant, channel, form->lanes, head + lane);
}

static void dwconv_pack(const struct form *form, const struct fdm_nn_dwconv_s8 *params,
                        const int8_t *weights, const int32_t *bias, int32_t *packed)
{
    const struct fdm_nn_conv_s8 *p = &params->conv;
    memset(packed, 0, dwconv_packed_bytes(form, params));
    size_t block_ints = dwconv_block_ints(form, &p->shape);
    int32_t blocks = fdm_x86_dwconv_blocks(chunk_of(form), p->shape.in_c);
    for (int32_t b = 0; b < blocks; b++) {
        for (int32_t v = 0; v < form->taps; v++) {
            for (int32_t lane = 0; lane < form->lanes; lane++) {
                int32_t value = b * chunk_of(form) + fdm_x86_dwconv_value(form->taps, v, lane);
                pack_lane(form, p, value % p->shape.in_c, weights, bias,
                          packed + (size_t)b * block_ints, v, lane);
            }
        }
    }
}

#define DWCONV_S8(isa)                                                                             \
    bool fdm_nn_dwconv_s8_##isa##_suits(const void *params)                                        \
    {                                                                                              \
        return dwconv_suits(&(isa), params);                                                       \
    }                                                                                              \
    size_t fdm_nn_dwconv_s8_##isa##_scratch(const void *params)                                    \
    {                                                                                              \
        return dwconv_scratch(&(isa), params);                                                     \
    }                                                                                              \
    size_t fdm_nn_dwconv_s8_##isa##_packed_bytes(const void *params)                               \
    {                                                                                              \
        return dwconv_packed_bytes(&(isa), params);                                                \
    }                                                                                              \
    void fdm_nn_dwconv_s8_##isa##_pack(const void *params, const void *weights, const void *bias,  \
                                       void *packed)                                               \
    {                                                                                              \
        dwconv_pack(&(isa), params, weights, bias, packed);                                        \
    }

DWCONV_S8(avx2)
DWCONV_S8(avx512)

/* ---- float ---- */

static size_t conv_f32_block(const struct form *form, const struct fdm_nn_conv_shape *s)
{
    size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w * (size_t)s->in_c;
    return (size_t)form->lanes * (1 + taps);
}

static size_t conv_f32_packed_bytes(const struct form *form, const struct fdm_nn_conv_f32 *p)
{
    return ceil_div(p->shape.out_c, form->lanes) * conv_f32_block(form, &p->shape) * sizeof(float);
}

static void conv_f32_pack(const struct form *form, const struct fdm_nn_conv_f32 *p,
                          const float *weights, const float *bias, float *packed)
{
    const struct fdm_nn_conv_shape *s = &p->shape;
    size_t lanes = (size_t)form->lanes;
    size_t out_c = (size_t)s->out_c;
    size_t block = conv_f32_block(form, s);
    memset(packed, 0, conv_f32_packed_bytes(form, p));
    for (size_t o = 0; o < out_c; o++) {
        float *to = packed + o / lanes * block + o % lanes;
        to[0] = bias != NULL ? bias[o] : 0.0f;
        for (size_t tap = 0; tap < block / lanes - 1; tap++)
            to[(1 + tap) * lanes] = weights[tap * out_c + o];
    }
}

/* Below 9 channels half of AVX-512's lanes would have nothing to do, and AVX2 is faster. */
#define AVX512_LEAST_C 9
#define CONV_F32(isa, least_c)                                                                     \
    bool fdm_nn_conv_f32_##isa##_suits(const void *params)                                         \
    {                                                                                              \
        const struct fdm_nn_conv_f32 *conv = params;                                               \
        return conv->shape.out_c >= (least_c);                                                     \
    }                                                                                              \
    size_t fdm_nn_conv_f32_##isa##_scratch(const void *params)                                     \
    {                                                                                              \
        (void)params;                                                                              \
        return 0;                                                                                  \
    }                                                                                              \
    size_t fdm_nn_conv_f32_##isa##_packed_bytes(const void *params)                                \
    {                                                                                              \
        return conv_f32_packed_bytes(&(isa), params);                                              \
    }                                                                                              \
    void fdm_nn_conv_f32_##isa##_pack(const void *params, const void *weights, const void *bias,   \
                                      void *packed)                                                \
    {                                                                                              \
        conv_f32_pack(&(isa), params, weights, bias, packed);                                      \
    }

CONV_F32(avx2, 1)
CONV_F32(avx512, AVX512_LEAST_C)

bool fdm_nn_dwconv_f32_avx512_suits(const void *params)
{
    const struct fdm_nn_dwconv_f32 *dwconv = params;
    return dwconv->conv.shape.in_c >= AVX512_LEAST_C;
}

/* ---- MEAN ---- */

#define MEAN_PIXELS 255 /* their sum fits 16 bits */
#define MEAN_LANES 16

bool fdm_nn_mean_s8_avx2_float_suits(const void *params)
{
    const struct fdm_nn_mean_s8 *mean = params;
    return mean->rule == FDM_NN_MEAN_FLOAT && mean->c % MEAN_LANES == 0 &&
           (int64_t)mean->h * mean->w <= MEAN_PIXELS;
}
