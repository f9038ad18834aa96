/* CONV_2D of first layers: 3x3 on 3 channels. Windows of 27 values are too short for the pairs of
 * the general kernel, so each value, widened, is multiplied by the weights of eight channels. */
#include "reference/kernels/nn_kernel.h"

#ifdef __ARM_NEON

#include "reference/kernels/neon/nn_neon.h"
#include "reference/kernels/neon/rows.h"

#define TILE 4 /* pixels whose sums fit in registers */
#define ROWS 3

/* sums[0..1] += value `k` of x times eight weights. */
#ifdef __aarch64__
#define ADD_VALUE(sums, w, x, k)                                                                   \
    do {                                                                                           \
        (sums)[0] = vmlal_laneq_s16((sums)[0], vget_low_s16(w), x, k);                             \
        (sums)[1] = vmlal_high_laneq_s16((sums)[1], w, x, k);                                      \
    } while (0)
#else
#define ADD_VALUE(sums, w, x, k)                                                                   \
    do {                                                                                           \
        int16x4_t four = (k) < 4 ? vget_low_s16(x) : vget_high_s16(x);                             \
        (sums)[0] = vmlal_lane_s16((sums)[0], vget_low_s16(w), four, (k) % 4);                     \
        (sums)[1] = vmlal_lane_s16((sums)[1], vget_high_s16(w), four, (k) % 4);                    \
    } while (0)
#endif

struct first {
    const struct fdm_nn_conv_s8 *params;
    const uint8_t *blocks;
    struct fdm_neon_output output;
    struct fdm_neon_rows rows;
};

struct sums {
    int32x4_t of[TILE][2];
};

/* The value that stands at `k` in each pixel's x. */
#define ADD_VALUES(k)                                                                              \
    do {                                                                                           \
        int16x8_t w = vld1q_s16(weights);                                                          \
        weights += FDM_NEON_LANES;                                                                 \
        FDM_NEON_UNROLL                                                                            \
        for (int p = 0; p < pixels; p++)                                                           \
            ADD_VALUE(sums->of[p], w, x[p], k);                                                    \
    } while (0)

FDM_NEON_INLINE void multiply(const uint8_t *block, const int8_t *const at[ROWS], size_t step,
                              struct sums *sums, int pixels)
{
    const int32_t *bias = fdm_neon_row(block, FDM_NEON_BIAS);
    const int16_t *weights = (const int16_t *)(const void *)(block + FDM_NEON_ROWS_BYTES);
    int16x8_t x[TILE];
    FDM_NEON_UNROLL
    for (int p = 0; p < pixels; p++) {
        sums->of[p][0] = vld1q_s32(bias);
        sums->of[p][1] = vld1q_s32(bias + 4);
    }
    FDM_NEON_UNROLL
    for (int ky = 0; ky < ROWS; ky++) {
        FDM_NEON_UNROLL
        for (int p = 0; p < pixels; p++)
            x[p] = vmovl_s8(vld1_s8(at[ky] + (size_t)p * step));
        ADD_VALUES(0);
        ADD_VALUES(1);
        ADD_VALUES(2);
        ADD_VALUES(3);
        ADD_VALUES(4);
        ADD_VALUES(5);
        ADD_VALUES(6);
        ADD_VALUES(7);
    }
    FDM_NEON_UNROLL
    for (int p = 0; p < pixels; p++) {
        const size_t last = (size_t)p * step + 8;
        int8x8_t lasts = vdup_n_s8(at[0][last]);
        lasts = vld1_lane_s8(at[1] + last, lasts, 1);
        x[p] = vmovl_s8(vld1_lane_s8(at[2] + last, lasts, 2));
    }
    ADD_VALUES(0);
    ADD_VALUES(1);
    ADD_VALUES(2);
}

FDM_NEON_INLINE void finish(const struct first *f, const uint8_t *block, int8_t *out, size_t count,
                            const struct sums *sums, int pixels, enum fdm_nn_rounding rounding,
                            bool usual)
{
    const struct fdm_neon_scale scale[2] = {fdm_neon_scale_of(block, 0),
                                            fdm_neon_scale_of(block, 4)};
    FDM_NEON_UNROLL
    for (int p = 0; p < pixels; p++) {
        fdm_neon_store(
            out,
            fdm_neon_finish(&f->output, rounding, usual, scale, sums->of[p][0], sums->of[p][1]),
            count);
        out += f->params->shape.out_c;
    }
}

FDM_NEON_INLINE void tile(const struct first *f, const uint8_t *block, const int8_t *at[ROWS],
                          size_t step, int8_t *out, size_t count, int pixels)
{
    struct sums sums;
    multiply(block, at, step, &sums, pixels);
    for (int ky = 0; ky < ROWS; ky++)
        at[ky] += (size_t)pixels * step;
#define WITH(rounding, usual) finish(f, block, out, count, &sums, pixels, rounding, usual)
    FDM_NEON_BY_RULE(&f->output, WITH);
#undef WITH
}

/* Eight channels, of which `count` or more are left, of row y of the outputs. */
static void channels_of_row(const struct first *f, const uint8_t *block, int32_t y, int8_t *out,
                            size_t count)
{
    const struct fdm_nn_conv_shape *s = &f->params->shape;
    const size_t channels = (size_t)s->out_c;
    const size_t step = (size_t)s->stride_w * (size_t)s->in_c;
    size_t pixels = (size_t)s->out_w;
    const int8_t *at[ROWS];
    for (int32_t ky = 0; ky < ROWS; ky++)
        at[ky] = fdm_neon_prepared(&f->rows, y, ky);
    for (; pixels >= TILE; pixels -= TILE, out += TILE * channels)
        tile(f, block, at, step, out, count, TILE);
    for (; pixels > 0; pixels--, out += channels)
        tile(f, block, at, step, out, count, 1);
}

enum fdm_nn_status fdm_nn_first_s8_neon_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_s8 *params = call->params;
    const struct fdm_neon_head *head = call->weights;
    const size_t channels = (size_t)params->shape.out_c;
    struct first f = {
        .params = params,
        .blocks = (const uint8_t *)(head + 1),
        .output = fdm_neon_output_of(params, head),
        .rows = fdm_neon_rows_of(params, call->scratch),
    };
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        const uint8_t *block = f.blocks;
        int8_t *out = fdm_nn_row(&call->out, y);
        fdm_neon_prepare(&f.rows, &call->in, y);
        for (size_t o = 0; o < channels; o += FDM_NEON_LANES, block += FDM_NEON_FIRST_BLOCK)
            channels_of_row(&f, block, y, out + o, channels - o);
    }
    return FDM_NN_OK;
}

#endif
