/* Choosing the NEON kernels, and packing for them; the layout is in neon/packed.h. */
#include <string.h>

#include "reference/kernels/host/tuned.h"
#include "reference/kernels/neon/packed.h"

static bool has_usual_shifts(const struct fdm_nn_conv_s8 *params)
{
    const struct fdm_nn_requant *requant = &params->requant;
    for (int32_t i = 0; requant->rounding != FDM_NN_ROUND_FP32 && i < params->shape.out_c; i++)
        if (requant->shift[i] > -1)
            return false;
    return true;
}

static uint8_t *put_head(const struct fdm_nn_conv_s8 *params, const int8_t *weights, size_t count,
                         uint8_t *to)
{
    struct fdm_neon_head head = {has_usual_shifts(params) ? 1 : 0, 1, {0, 0}};
    for (size_t i = 0; i < count; i++)
        if (weights[i] == INT8_MIN)
            head.narrow = 0;
    memcpy(to, &head, sizeof head);
    return to + sizeof head;
}

static void put(uint8_t *block, enum fdm_neon_row row, size_t lane, const void *value)
{
    memcpy(block + ((size_t)row * FDM_NEON_LANES + lane) * sizeof(int32_t), value, sizeof(int32_t));
}

/* One channel's rows; `sum` is that of its weights. The bias wraps around like the kernel's sum. */
static void put_rows(const struct fdm_nn_conv_s8 *params, size_t channel, const int32_t *bias,
                     int32_t sum, uint8_t *block)
{
    const struct fdm_nn_requant *requant = &params->requant;
    const size_t lane = channel % FDM_NEON_LANES;
    uint32_t own = bias != NULL ? (uint32_t)bias[channel] : 0;
    own -= (uint32_t)(params->in_zero_point * sum);
    put(block, FDM_NEON_BIAS, lane, &own);
    if (requant->rounding == FDM_NN_ROUND_FP32) {
        put(block, FDM_NEON_MULTIPLIER, lane, &requant->scale[channel]);
        return;
    }
    const int32_t shift = (int32_t)requant->shift[channel];
    put(block, FDM_NEON_MULTIPLIER, lane, &requant->multiplier[channel]);
    put(block, FDM_NEON_SHIFT, lane, &shift);
}

/* ---- CONV_2D ---- */

bool fdm_nn_conv_s8_neon_suits(const void *params)
{
    (void)params;
    return true;
}

size_t fdm_nn_conv_s8_neon_scratch(const void *params)
{
    const struct fdm_nn_conv_shape *s = &((const struct fdm_nn_conv_s8 *)params)->shape;
    if (fdm_neon_reads_pixels(s))
        return 0;
    return fdm_neon_groups(s) * FDM_NEON_GROUP * FDM_NEON_WINDOWS +
           (size_t)s->kernel_h * fdm_neon_row_bytes(s);
}

size_t fdm_nn_conv_s8_neon_packed_bytes(const void *params)
{
    const struct fdm_nn_conv_shape *s = &((const struct fdm_nn_conv_s8 *)params)->shape;
    return sizeof(struct fdm_neon_head) + fdm_neon_blocks(s) * fdm_neon_conv_block(s);
}

/* Where value `k` of a window finds its weight for the channel in `lane`, in the block's weights.
 */
static size_t place(size_t k, size_t lane)
{
    const size_t pair = k % FDM_NEON_GROUP / 2;
    const size_t turn = (pair + FDM_NEON_TURNS - lane % FDM_NEON_TURNS) % FDM_NEON_TURNS;
    return ((k / FDM_NEON_GROUP * FDM_NEON_TURNS + turn) * FDM_NEON_LANES + lane) * 2 + k % 2;
}

void fdm_nn_conv_s8_neon_pack(const void *params, const void *weights, const void *bias,
                              void *packed)
{
    const struct fdm_nn_conv_s8 *conv = params;
    const struct fdm_nn_conv_shape *s = &conv->shape;
    const size_t taps = (size_t)s->kernel_h * (size_t)s->kernel_w * (size_t)s->in_c;
    const size_t channels = (size_t)s->out_c;
    const int8_t *from = weights;
    memset(packed, 0, fdm_nn_conv_s8_neon_packed_bytes(params));
    uint8_t *to = put_head(conv, weights, channels * taps, packed);
    for (size_t o = 0; o < channels; o++, from += taps) {
        uint8_t *block = to + o / FDM_NEON_LANES * fdm_neon_conv_block(s);
        int32_t sum = 0;
        for (size_t k = 0; k < taps; k++) {
            block[FDM_NEON_ROWS_BYTES + place(k, o % FDM_NEON_LANES)] = (uint8_t)from[k];
            sum += from[k];
        }
        put_rows(conv, o, bias, sum, block);
    }
}

/* ---- first CONV_2D ---- */

bool fdm_nn_first_s8_neon_suits(const void *params)
{
    const struct fdm_nn_conv_shape *s = &((const struct fdm_nn_conv_s8 *)params)->shape;
    return s->kernel_h == 3 && s->kernel_w == 3 && s->in_c == 3;
}

size_t fdm_nn_first_s8_neon_scratch(const void *params)
{
    const struct fdm_nn_conv_shape *s = &((const struct fdm_nn_conv_s8 *)params)->shape;
    return (size_t)s->kernel_h * fdm_neon_row_bytes(s);
}

size_t fdm_nn_first_s8_neon_packed_bytes(const void *params)
{
    const struct fdm_nn_conv_shape *s = &((const struct fdm_nn_conv_s8 *)params)->shape;
    return sizeof(struct fdm_neon_head) + fdm_neon_blocks(s) * FDM_NEON_FIRST_BLOCK;
}

void fdm_nn_first_s8_neon_pack(const void *params, const void *weights, const void *bias,
                               void *packed)
{
    const struct fdm_nn_conv_s8 *conv = params;
    const size_t channels = (size_t)conv->shape.out_c;
    const int8_t *from = weights;
    memset(packed, 0, fdm_nn_first_s8_neon_packed_bytes(params));
    uint8_t *to = put_head(conv, weights, channels * FDM_NEON_FIRST_TAPS, packed);
    for (size_t o = 0; o < channels; o++, from += FDM_NEON_FIRST_TAPS) {
        const size_t lane = o % FDM_NEON_LANES;
        uint8_t *block = to + o / FDM_NEON_LANES * FDM_NEON_FIRST_BLOCK;
        int32_t sum = 0;
        for (size_t tap = 0; tap < FDM_NEON_FIRST_TAPS; tap++) {
            const size_t at = tap % 9 < 8 ? tap / 9 * 8 + tap % 9 : 24 + tap / 9;
            const int16_t weight = (int16_t)from[tap];
            memcpy(block + FDM_NEON_ROWS_BYTES + (at * FDM_NEON_LANES + lane) * sizeof weight,
                   &weight, sizeof weight);
            sum += weight;
        }
        put_rows(conv, o, bias, sum, block);
    }
}

/* ---- DEPTHWISE_CONV_2D ---- */

bool fdm_nn_dwconv_s8_neon_suits(const void *params)
{
    const struct fdm_nn_conv_shape *s = &((const struct fdm_nn_dwconv_s8 *)params)->conv.shape;
    return s->kernel_h == 3 && s->kernel_w == 3 && s->in_c % FDM_NEON_LANES == 0;
}

size_t fdm_nn_dwconv_s8_neon_scratch(const void *params)
{
    const struct fdm_nn_conv_shape *s = &((const struct fdm_nn_dwconv_s8 *)params)->conv.shape;
    return (size_t)s->kernel_h * fdm_neon_row_bytes(s);
}

size_t fdm_nn_dwconv_s8_neon_packed_bytes(const void *params)
{
    const struct fdm_nn_conv_shape *s = &((const struct fdm_nn_dwconv_s8 *)params)->conv.shape;
    return sizeof(struct fdm_neon_head) + fdm_neon_blocks(s) * FDM_NEON_DWCONV_BLOCK;
}

void fdm_nn_dwconv_s8_neon_pack(const void *params, const void *weights, const void *bias,
                                void *packed)
{
    const struct fdm_nn_conv_s8 *conv = &((const struct fdm_nn_dwconv_s8 *)params)->conv;
    const size_t channels = (size_t)conv->shape.out_c;
    const int8_t *from = weights;
    memset(packed, 0, fdm_nn_dwconv_s8_neon_packed_bytes(params));
    uint8_t *to = put_head(conv, weights, channels * FDM_NEON_DEPTHWISE_TAPS, packed);
    for (size_t c = 0; c < channels; c++) {
        const size_t lane = c % FDM_NEON_LANES;
        uint8_t *block = to + c / FDM_NEON_LANES * FDM_NEON_DWCONV_BLOCK;
        int32_t sum = 0;
        for (size_t tap = 0; tap < FDM_NEON_DEPTHWISE_TAPS; tap++) {
            int8_t weight = from[tap * channels + c];
            block[FDM_NEON_ROWS_BYTES + tap * FDM_NEON_LANES + lane] = (uint8_t)weight;
            sum += weight;
        }
        put_rows(conv, c, bias, sum, block);
    }
}

/* ---- MEAN ---- */

#define MEAN_PIXELS 255 /* their sum fits 16 bits */

bool fdm_nn_mean_s8_neon_float_suits(const void *params)
{
    const struct fdm_nn_mean_s8 *mean = params;
    return mean->rule == FDM_NN_MEAN_FLOAT && mean->c % FDM_NEON_LANES == 0 &&
           (int64_t)mean->h * mean->w <= MEAN_PIXELS;
}
