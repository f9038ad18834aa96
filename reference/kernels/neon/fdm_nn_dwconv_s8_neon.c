/* DEPTHWISE_CONV_2D, 3x3: eight channels of a whole row at a time, so that their weights stay in
 * registers. Rows of the input go to scratch with their padding, so that no tap is outside. */
#include "reference/kernels/nn_kernel.h"

#ifdef __ARM_NEON

#include "reference/kernels/neon/nn_neon.h"

#define TAPS FDM_NEON_DEPTHWISE_TAPS
#define ROWS 3

struct dwconv {
    const struct fdm_nn_conv_s8 *params;
    const uint8_t *blocks;
    bool narrow;
    struct fdm_neon_output output;
    int8_t *rows; /* the input's row y is row (y + pad_top) % ROWS */
    size_t row_bytes;
    int32_t prepared; /* the first row of the input that no row holds yet */
};

/* Eight channels. */
struct sums {
    int32x4_t lower, upper;
};

FDM_NEON_INLINE struct sums add(struct sums to, int16x8_t products)
{
    to.lower = vaddw_s16(to.lower, vget_low_s16(products));
    to.upper = fdm_neon_add_upper(to.upper, products);
    return to;
}

/* One pixel: its first column begins at `at` in each row, the next one `pixel` bytes behind. */
FDM_NEON_INLINE struct sums multiply(struct sums sums, const int8_t *const at[ROWS], size_t x,
                                     size_t pixel, const int8x8_t w[TAPS], bool narrow)
{
    int8x8_t values[TAPS];
    FDM_NEON_UNROLL
    for (int tap = 0; tap < TAPS; tap++)
        values[tap] = vld1_s8(at[tap / 3] + x + (size_t)(tap % 3) * pixel);
    FDM_NEON_UNROLL
    for (int tap = 0; tap + 1 < TAPS; tap += 2) {
        int16x8_t products = vmull_s8(w[tap], values[tap]);
        if (narrow) {
            products = vmlal_s8(products, w[tap + 1], values[tap + 1]);
        } else {
            sums = add(sums, products);
            products = vmull_s8(w[tap + 1], values[tap + 1]);
        }
        sums = add(sums, products);
    }
    return add(sums, vmull_s8(w[TAPS - 1], values[TAPS - 1]));
}

/* Eight channels of all pixels of a row. */
FDM_NEON_INLINE void columns(const struct dwconv *d, const uint8_t *block,
                             const int8_t *const at[ROWS], int8_t *out, bool narrow,
                             enum fdm_nn_rounding rounding, bool usual)
{
    const struct fdm_nn_conv_shape *s = &d->params->shape;
    const size_t pixel = (size_t)s->in_c;
    const size_t step = (size_t)s->stride_w * pixel;
    const int32_t *bias = fdm_neon_row(block, FDM_NEON_BIAS);
    const struct sums none = {vld1q_s32(bias), vld1q_s32(bias + 4)};
    const struct fdm_neon_scale scale[2] = {fdm_neon_scale_of(block, 0),
                                            fdm_neon_scale_of(block, 4)};
    int8x8_t w[TAPS];
    FDM_NEON_UNROLL
    for (int tap = 0; tap < TAPS; tap++)
        w[tap] = vld1_s8((const int8_t *)block + FDM_NEON_ROWS_BYTES + tap * FDM_NEON_LANES);
    for (size_t x = 0; x < (size_t)s->out_w * step; x += step, out += pixel) {
        struct sums sums = multiply(none, at, x, pixel, w, narrow);
        vst1_s8(out, fdm_neon_finish(&d->output, rounding, usual, scale, sums.lower, sums.upper));
    }
}

static void row_of_pixels(const struct dwconv *d, int32_t y, int8_t *out)
{
    const struct fdm_nn_conv_shape *s = &d->params->shape;
    const size_t channels = (size_t)s->out_c;
    const uint8_t *block = d->blocks;
    const int8_t *at[ROWS];
    for (int32_t ky = 0; ky < ROWS; ky++)
        at[ky] = d->rows + (size_t)((y * s->stride_h + ky) % ROWS) * d->row_bytes;
    for (size_t c = 0; c < channels; c += FDM_NEON_LANES, block += FDM_NEON_DWCONV_BLOCK) {
#define WITH(rounding, usual)                                                                      \
    if (d->narrow)                                                                                 \
        columns(d, block, at, out + c, true, rounding, usual);                                     \
    else                                                                                           \
        columns(d, block, at, out + c, false, rounding, usual)
        FDM_NEON_BY_RULE(&d->output, WITH);
#undef WITH
        for (int32_t ky = 0; ky < ROWS; ky++)
            at[ky] += FDM_NEON_LANES;
    }
}

/* ---- rows ---- */

/* Row y of the input with its padding left and right; all padding outside. */
static void prepare_row(const struct dwconv *d, const struct fdm_nn_rows *in, int32_t y)
{
    const struct fdm_nn_conv_shape *s = &d->params->shape;
    const int32_t zero = d->params->in_zero_point;
    int8_t *to = d->rows + (size_t)((y + s->pad_top) % ROWS) * d->row_bytes;
    if (y < 0 || y >= s->in_h) {
        memset(to, zero, d->row_bytes);
        return;
    }
    const size_t left = (size_t)s->pad_left * (size_t)s->in_c;
    const size_t all = (size_t)s->in_w * (size_t)s->in_c;
    const size_t middle = d->row_bytes - left < all ? d->row_bytes - left : all;
    memset(to, zero, left);
    memcpy(to + left, fdm_nn_row(in, y), middle);
    memset(to + left + middle, zero, d->row_bytes - left - middle);
}

static void prepare_rows(struct dwconv *d, const struct fdm_nn_rows *in, int32_t y)
{
    const struct fdm_nn_conv_shape *s = &d->params->shape;
    int32_t begin = y * s->stride_h - s->pad_top;
    int32_t row = d->prepared > begin ? d->prepared : begin;
    for (; row < begin + ROWS; row++)
        prepare_row(d, in, row);
    d->prepared = begin + ROWS;
}

enum fdm_nn_status fdm_nn_dwconv_s8_neon_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_s8 *params = &((const struct fdm_nn_dwconv_s8 *)call->params)->conv;
    const struct fdm_neon_head *head = call->weights;
    struct dwconv d = {
        .params = params,
        .blocks = (const uint8_t *)(head + 1),
        .narrow = head->narrow != 0,
        .output = fdm_neon_output_of(params, head),
        .rows = call->scratch,
        .row_bytes = fdm_neon_dwconv_row(&params->shape),
        .prepared = -params->shape.pad_top,
    };
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        prepare_rows(&d, &call->in, y);
        row_of_pixels(&d, y, fdm_nn_row(&call->out, y));
    }
    return FDM_NN_OK;
}

#endif
