/* Choosing the MVE kernels, and packing for them; the layout is in nn_mve_conv.h. */
#include <string.h>

#include "reference/kernels/cortex-m/nn_mve_conv.h"
#include "reference/kernels/host/tuned.h"

static bool rounds(const struct fdm_nn_conv_s8 *params, enum fdm_nn_rounding rule)
{
    return params->requant.rounding == rule;
}

/* The largest shift that the vector formulas take. */
static int32_t most_shift(enum fdm_nn_rounding rounding)
{
    return rounding == FDM_NN_ROUND_SINGLE ? -2 : rounding == FDM_NN_ROUND_DOUBLE ? -1 : 0;
}

static uint8_t *put_head(const struct fdm_nn_conv_s8 *params, uint8_t *to)
{
    struct fdm_mve_head head = {1, {0, 0, 0}};
    const struct fdm_nn_requant *requant = &params->requant;
    for (int32_t i = 0; requant->rounding != FDM_NN_ROUND_FP32 && i < params->shape.out_c; i++)
        if (requant->shift[i] > most_shift(requant->rounding))
            head.usual = 0;
    memcpy(to, &head, sizeof head);
    return to + sizeof head;
}

/* The bias of input values whose zero point was not subtracted; wraps around like the kernel's sum.
 */
static uint32_t bias_of(const int32_t *bias, size_t channel, int32_t zero_point, int32_t weights)
{
    uint32_t own = bias != NULL ? (uint32_t)bias[channel] : 0;
    return own - (uint32_t)(zero_point * weights);
}

/* ---- CONV_2D ---- */

static size_t conv_bytes(const struct fdm_nn_conv_shape *s)
{
    size_t blocks = ((size_t)s->out_c + FDM_MVE_CHANNELS - 1) / FDM_MVE_CHANNELS;
    return sizeof(struct fdm_mve_head) +
           blocks * FDM_MVE_CHANNELS * (sizeof(int32_t) + fdm_mve_window_bytes(s));
}

static void pack_conv(const struct fdm_nn_conv_s8 *params, const int8_t *weights,
                      const int32_t *bias, uint8_t *to)
{
    const struct fdm_nn_conv_shape *s = &params->shape;
    const size_t taps = (size_t)fdm_mve_taps(s);
    const size_t block = FDM_MVE_CHANNELS * (sizeof(int32_t) + fdm_mve_window_bytes(s));
    memset(to, 0, conv_bytes(s));
    to = put_head(params, to);
    for (size_t o = 0; o < (size_t)s->out_c; o++, weights += taps) {
        size_t lane = o % FDM_MVE_CHANNELS;
        uint8_t *at = to + o / FDM_MVE_CHANNELS * block;
        int32_t sum = 0;
        for (size_t i = 0; i < taps; i++) {
            size_t vector = i / FDM_MVE_VALUES * FDM_MVE_CHANNELS + lane;
            at[FDM_MVE_CHANNELS * sizeof(int32_t) + vector * FDM_MVE_VALUES + i % FDM_MVE_VALUES] =
                (uint8_t)weights[i];
            sum += weights[i];
        }
        uint32_t own = bias_of(bias, o, params->in_zero_point, sum);
        memcpy(at + lane * sizeof own, &own, sizeof own);
    }
}

/* ---- DEPTHWISE_CONV_2D ---- */

static bool is_nine(const struct fdm_nn_conv_shape *s)
{
    return s->kernel_h == 3 && s->kernel_w == 3 && s->in_c % FDM_MVE_DEPTHWISE == 0;
}

static size_t depthwise_bytes(const struct fdm_nn_conv_shape *s)
{
    return sizeof(struct fdm_mve_head) +
           (size_t)s->out_c / FDM_MVE_DEPTHWISE * fdm_mve_depthwise_block(s);
}

static void pack_depthwise(const struct fdm_nn_conv_s8 *params, const int8_t *weights,
                           const int32_t *bias, uint8_t *to)
{
    const size_t channels = (size_t)params->shape.out_c;
    const size_t taps = (size_t)params->shape.kernel_h * (size_t)params->shape.kernel_w;
    to = put_head(params, to);
    for (size_t c = 0; c < channels; c += FDM_MVE_DEPTHWISE) {
        int32_t deinterleaved[FDM_MVE_DEPTHWISE];
        for (size_t i = 0; i < FDM_MVE_DEPTHWISE; i++)
            deinterleaved[i % 2 * 4 + i / 2] = bias != NULL ? bias[c + i] : 0;
        memcpy(to, deinterleaved, sizeof deinterleaved);
        to += sizeof deinterleaved;
        for (size_t tap = 0; tap < taps; tap++, to += FDM_MVE_DEPTHWISE)
            memcpy(to, weights + tap * channels + c, FDM_MVE_DEPTHWISE);
    }
}

/* ---- rows of tuned.def ---- */

bool fdm_nn_quantize_u8_s8_mve_suits(const void *params)
{
    return fdm_nn_quantize_u8_s8_dsp_suits(params);
}

#define RULE(rule, ROUNDING)                                                                       \
    bool fdm_nn_conv_s8_mve_##rule##_suits(const void *params)                                     \
    {                                                                                              \
        return rounds(params, ROUNDING);                                                           \
    }                                                                                              \
    size_t fdm_nn_conv_s8_mve_##rule##_scratch(const void *params)                                 \
    {                                                                                              \
        const struct fdm_nn_conv_s8 *conv = params;                                                \
        return fdm_mve_is_pointwise(&conv->shape) ? 0 : fdm_mve_scratch_bytes(&conv->shape);       \
    }                                                                                              \
    size_t fdm_nn_conv_s8_mve_##rule##_packed_bytes(const void *params)                            \
    {                                                                                              \
        const struct fdm_nn_conv_s8 *conv = params;                                                \
        return conv_bytes(&conv->shape);                                                           \
    }                                                                                              \
    void fdm_nn_conv_s8_mve_##rule##_pack(const void *params, const void *weights,                 \
                                          const void *bias, void *packed)                          \
    {                                                                                              \
        pack_conv(params, weights, bias, packed);                                                  \
    }                                                                                              \
    bool fdm_nn_dwconv_s8_mve_##rule##_suits(const void *params)                                   \
    {                                                                                              \
        const struct fdm_nn_dwconv_s8 *dwconv = params;                                            \
        return is_nine(&dwconv->conv.shape) && rounds(&dwconv->conv, ROUNDING);                    \
    }                                                                                              \
    size_t fdm_nn_dwconv_s8_mve_##rule##_scratch(const void *params)                               \
    {                                                                                              \
        (void)params;                                                                              \
        return 0;                                                                                  \
    }                                                                                              \
    size_t fdm_nn_dwconv_s8_mve_##rule##_packed_bytes(const void *params)                          \
    {                                                                                              \
        const struct fdm_nn_dwconv_s8 *dwconv = params;                                            \
        return depthwise_bytes(&dwconv->conv.shape);                                               \
    }                                                                                              \
    void fdm_nn_dwconv_s8_mve_##rule##_pack(const void *params, const void *weights,               \
                                            const void *bias, void *packed)                        \
    {                                                                                              \
        pack_depthwise(&((const struct fdm_nn_dwconv_s8 *)params)->conv, weights, bias, packed);   \
    }

RULE(single, FDM_NN_ROUND_SINGLE)
RULE(neon, FDM_NN_ROUND_NEON)
RULE(double, FDM_NN_ROUND_DOUBLE)
RULE(fp32, FDM_NN_ROUND_FP32)
