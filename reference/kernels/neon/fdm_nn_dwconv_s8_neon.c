/* DEPTHWISE_CONV_2D, 3x3: eight channels of a whole row at a time, so that their weights stay in
 * registers. */
#include "reference/kernels/nn_kernel.h"

#ifdef __ARM_NEON

#include "reference/kernels/neon/nn_neon.h"
#include "reference/kernels/neon/rows.h"

#define TAPS FDM_NEON_DEPTHWISE_TAPS
#define ROWS 3

struct dwconv {
    const struct fdm_nn_conv_s8 *params;
    const uint8_t *blocks;
    bool narrow;
    struct fdm_neon_output output;
    struct fdm_neon_rows rows;
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
    const size_t channels = (size_t)d->params->shape.out_c;
    const uint8_t *block = d->blocks;
    const int8_t *at[ROWS];
    for (int32_t ky = 0; ky < ROWS; ky++)
        at[ky] = fdm_neon_prepared(&d->rows, y, ky);
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

enum fdm_nn_status fdm_nn_dwconv_s8_neon_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_s8 *params = &((const struct fdm_nn_dwconv_s8 *)call->params)->conv;
    const struct fdm_neon_head *head = call->weights;
    struct dwconv d = {
        .params = params,
        .blocks = (const uint8_t *)(head + 1),
        .narrow = head->narrow != 0,
        .output = fdm_neon_output_of(params, head),
        .rows = fdm_neon_rows_of(params, call->scratch),
    };
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        fdm_neon_prepare(&d.rows, &call->in, y);
        row_of_pixels(&d, y, fdm_nn_row(&call->out, y));
    }
    return FDM_NN_OK;
}

#endif
