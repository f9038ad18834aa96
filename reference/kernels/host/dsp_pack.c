/* Choosing the DSP kernels, and packing for them; the layout is in nn_dsp_conv.h. */
#include "reference/kernels/cortex-m/nn_dsp_conv.h"

#include <string.h>

#include "reference/kernels/host/tuned.h"

/* With outputs that cannot be below the zero point, negative ties end at the lower bound. */
static bool rounds(const struct fdm_nn_conv_s8 *params, enum fdm_nn_rounding rule)
{
    enum fdm_nn_rounding rounding = params->requant.rounding;
    if (rule == FDM_NN_ROUND_NEON && rounding == FDM_NN_ROUND_DOUBLE)
        return params->out_min >= params->out_zero_point;
    return rounding == rule;
}

/* ---- CONV_2D ---- */

static bool is_pointwise(const struct fdm_nn_conv_shape *s)
{
    return s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1 &&
           s->out_h == s->in_h && s->out_w == s->in_w && s->in_c % 4 == 0;
}

static bool is_first(const struct fdm_nn_conv_shape *s)
{
    return s->kernel_h == 3 && s->kernel_w == 3 && s->in_c == 3;
}

static int32_t groups_of(const struct fdm_nn_conv_shape *s)
{
    return is_first(s) ? FDM_DSP_FIRST_GROUPS : fdm_dsp_pointwise_groups(s);
}

static size_t conv_bytes(const struct fdm_nn_conv_shape *s)
{
    return (size_t)s->out_c * (sizeof(int32_t) + (size_t)groups_of(s) * FDM_DSP_GROUP);
}

/* The bias of input values whose zero point was not subtracted. The sum wraps around like the
 * kernel's; what comes out is in range. */
static void put_bias(int32_t bias, int32_t zero_point, const int8_t *weights, int32_t count,
                     uint8_t *to)
{
    uint32_t sum = (uint32_t)bias;
    for (int32_t i = 0; i < count; i++)
        sum -= (uint32_t)(zero_point * weights[i]);
    memcpy(to, &sum, sizeof sum);
}

static void pack_conv(const struct fdm_nn_conv_s8 *params, const int8_t *weights,
                      const int32_t *bias, uint8_t *to)
{
    const struct fdm_nn_conv_shape *s = &params->shape;
    int32_t taps = s->kernel_h * s->kernel_w * s->in_c;
    memset(to, 0, conv_bytes(s));
    for (int32_t o = 0; o < s->out_c; o++, weights += taps) {
        put_bias(bias != NULL ? bias[o] : 0, params->in_zero_point, weights, taps, to);
        to += sizeof(int32_t);
        if (is_first(s)) {
            for (size_t row = 0; row < 3; row++) {
                memcpy(to + 8 * row, weights + 9 * row, 8);
                to[24 + row] = (uint8_t)weights[9 * row + 8];
            }
        } else {
            memcpy(to, weights, (size_t)taps);
        }
        to += (size_t)groups_of(s) * FDM_DSP_GROUP;
    }
}

/* ---- DEPTHWISE_CONV_2D ---- */

static void pack_depthwise(const struct fdm_nn_conv_shape *s, const int8_t *weights,
                           const int32_t *bias, uint8_t *to)
{
    size_t channels = (size_t)s->out_c;
    size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w;
    for (size_t c = 0; c < channels; c += 4) {
        if (bias != NULL)
            memcpy(to, bias + c, 4 * sizeof *bias);
        else
            memset(to, 0, 4 * sizeof *bias);
        to += 4 * sizeof *bias;
        for (size_t tap = 0; tap < taps; tap++, to += 4)
            memcpy(to, weights + tap * channels + c, 4);
    }
}

/* ---- rows of tuned.def ---- */

#define MEAN_PIXELS 255 /* their sum fits 16 bits */

bool fdm_nn_mean_s8_dsp_float_suits(const void *params)
{
    const struct fdm_nn_mean_s8 *mean = params;
    return mean->rule == FDM_NN_MEAN_FLOAT && mean->c % 4 == 0 &&
           (int64_t)mean->h * mean->w <= MEAN_PIXELS;
}

bool fdm_nn_quantize_u8_s8_dsp_suits(const void *params)
{
    const struct fdm_nn_quantize_u8_s8 *quantize = params;
    return quantize->in_zero_point - quantize->out_zero_point == 128;
}

bool fdm_nn_softmax_s8_table_suits(const void *params)
{
    const struct fdm_nn_softmax_s8 *softmax = params;
    return softmax->rule == FDM_NN_SOFTMAX_TABLE;
}

#define CONV(kernel, rule, ROUNDING, is_one)                                                       \
    bool fdm_nn_##kernel##_dsp_##rule##_suits(const void *params)                                  \
    {                                                                                              \
        const struct fdm_nn_conv_s8 *conv = params;                                                \
        return is_one(&conv->shape) && rounds(conv, ROUNDING);                                     \
    }                                                                                              \
    size_t fdm_nn_##kernel##_dsp_##rule##_scratch(const void *params)                              \
    {                                                                                              \
        const struct fdm_nn_conv_s8 *conv = params;                                                \
        return fdm_dsp_tile_bytes(groups_of(&conv->shape));                                        \
    }                                                                                              \
    size_t fdm_nn_##kernel##_dsp_##rule##_packed_bytes(const void *params)                         \
    {                                                                                              \
        const struct fdm_nn_conv_s8 *conv = params;                                                \
        return conv_bytes(&conv->shape);                                                           \
    }                                                                                              \
    void fdm_nn_##kernel##_dsp_##rule##_pack(const void *params, const void *weights,              \
                                             const void *bias, void *packed)                       \
    {                                                                                              \
        pack_conv(params, weights, bias, packed);                                                  \
    }

#define DEPTHWISE(rule, ROUNDING)                                                                  \
    bool fdm_nn_dwconv_s8_dsp_##rule##_suits(const void *params)                                   \
    {                                                                                              \
        const struct fdm_nn_dwconv_s8 *dwconv = params;                                            \
        return dwconv->conv.shape.in_c % 4 == 0 && rounds(&dwconv->conv, ROUNDING);                \
    }                                                                                              \
    size_t fdm_nn_dwconv_s8_dsp_##rule##_scratch(const void *params)                               \
    {                                                                                              \
        const struct fdm_nn_dwconv_s8 *dwconv = params;                                            \
        return fdm_dsp_depthwise_bytes(&dwconv->conv.shape);                                       \
    }                                                                                              \
    size_t fdm_nn_dwconv_s8_dsp_##rule##_packed_bytes(const void *params)                          \
    {                                                                                              \
        const struct fdm_nn_conv_shape *s =                                                        \
            &((const struct fdm_nn_dwconv_s8 *)params)->conv.shape;                                \
        return (size_t)s->out_c * (sizeof(int32_t) + (size_t)s->kernel_h * (size_t)s->kernel_w);   \
    }                                                                                              \
    void fdm_nn_dwconv_s8_dsp_##rule##_pack(const void *params, const void *weights,               \
                                            const void *bias, void *packed)                        \
    {                                                                                              \
        pack_depthwise(&((const struct fdm_nn_dwconv_s8 *)params)->conv.shape, weights, bias,      \
                       packed);                                                                    \
    }

#define RULE(rule, ROUNDING)                                                                       \
    CONV(pointwise_s8, rule, ROUNDING, is_pointwise)                                               \
    CONV(first_s8, rule, ROUNDING, is_first)                                                       \
    DEPTHWISE(rule, ROUNDING)

RULE(single, FDM_NN_ROUND_SINGLE)
RULE(neon, FDM_NN_ROUND_NEON)
RULE(double, FDM_NN_ROUND_DOUBLE)
RULE(fp32, FDM_NN_ROUND_FP32)
