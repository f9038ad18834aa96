/* CONV_2D, by tiles of pixels and blocks of output channels. */
#include "reference/kernels/nn_kernel.h"

#ifdef __ARM_NEON

#include "reference/kernels/neon/nn_neon.h"
#include "reference/kernels/neon/rows.h"

/* As many pixels and blocks as have their sums in registers, beside the weights. */
#define TILE 4
#ifdef __aarch64__
#define MOST_BLOCKS 2
#else
#define MOST_BLOCKS 1
#endif
#define MOST_PIXELS 64 /* multiplied by all blocks while they are cached */

struct conv {
    const struct fdm_nn_conv_s8 *params;
    const uint8_t *blocks;
    size_t block_bytes;
    size_t groups;
    bool narrow;
    struct fdm_neon_output output;
};

struct sums {
    int32x4_t of[TILE][MOST_BLOCKS][2];
};

/* ---- multiplying ---- */

/* sums += a group's products with the weights of two turns. */
FDM_NEON_INLINE int32x4_t two_turns(int32x4_t sums, int half, int8x16_t w0, fdm_neon_group x0,
                                    int8x16_t w1, fdm_neon_group x1, bool narrow)
{
    int16x8_t first = fdm_neon_multiply(half, w0, x0);
    if (narrow)
        return vpadalq_s16(sums, fdm_neon_multiply_add(half, first, w1, x1));
    return vpadalq_s16(vpadalq_s16(sums, first), fdm_neon_multiply(half, w1, x1));
}

/* One group of one pixel by `blocks` blocks of weights. */
FDM_NEON_INLINE void multiply_group(int32x4_t sums[MOST_BLOCKS][2], const int8_t *x,
                                    int8x16_t w[MOST_BLOCKS][FDM_NEON_TURNS], int blocks,
                                    bool narrow)
{
    fdm_neon_group x0 = fdm_neon_load_group(x);
    fdm_neon_group x1 = fdm_neon_rotated(x0, 1);
    fdm_neon_group x2 = fdm_neon_rotated(x0, 2);
    fdm_neon_group x3 = fdm_neon_rotated(x0, 3);
    FDM_NEON_UNROLL
    for (int b = 0; b < blocks; b++) {
        FDM_NEON_UNROLL
        for (int half = 0; half < 2; half++) {
            int32x4_t sum = sums[b][half];
            sum = two_turns(sum, half, w[b][0], x0, w[b][1], x1, narrow);
            sums[b][half] = two_turns(sum, half, w[b][2], x2, w[b][3], x3, narrow);
        }
    }
}

FDM_NEON_INLINE void multiply(const struct conv *c, const uint8_t *block, const int8_t *x,
                              size_t step, struct sums *sums, int pixels, int blocks, bool narrow)
{
    const int8_t *weights = (const int8_t *)block + FDM_NEON_ROWS_BYTES;
    FDM_NEON_UNROLL
    for (int b = 0; b < blocks; b++) {
        const int32_t *bias = fdm_neon_row(block + (size_t)b * c->block_bytes, FDM_NEON_BIAS);
        FDM_NEON_UNROLL
        for (int p = 0; p < pixels; p++) {
            sums->of[p][b][0] = vld1q_s32(bias);
            sums->of[p][b][1] = vld1q_s32(bias + 4);
        }
    }
    for (size_t g = c->groups; g > 0; g--, x += FDM_NEON_GROUP) {
        int8x16_t w[MOST_BLOCKS][FDM_NEON_TURNS];
        FDM_NEON_UNROLL
        for (int b = 0; b < blocks; b++) {
            FDM_NEON_UNROLL
            for (int t = 0; t < FDM_NEON_TURNS; t++)
                w[b][t] = vld1q_s8(weights + (size_t)b * c->block_bytes + t * 16);
        }
        weights += FDM_NEON_GROUP * FDM_NEON_LANES;
        FDM_NEON_UNROLL
        for (int p = 0; p < pixels; p++)
            multiply_group(sums->of[p], x + (size_t)p * step, w, blocks, narrow);
    }
}

/* ---- storing ---- */

/* The sums of block `b`. */
FDM_NEON_INLINE void finish(const struct conv *c, const uint8_t *block, int8_t *out, size_t count,
                            const struct sums *sums, int pixels, int b,
                            enum fdm_nn_rounding rounding, bool usual)
{
    const struct fdm_neon_scale scale[2] = {fdm_neon_scale_of(block, 0),
                                            fdm_neon_scale_of(block, 4)};
    FDM_NEON_UNROLL
    for (int p = 0; p < pixels; p++) {
        fdm_neon_store(out,
                       fdm_neon_finish(&c->output, rounding, usual, scale, sums->of[p][b][0],
                                       sums->of[p][b][1]),
                       count);
        out += c->params->shape.out_c;
    }
}

FDM_NEON_INLINE void tile(const struct conv *c, const uint8_t *block, const int8_t *x, size_t step,
                          int8_t *out, size_t count, int pixels, int blocks)
{
    struct sums sums;
    if (c->narrow)
        multiply(c, block, x, step, &sums, pixels, blocks, true);
    else
        multiply(c, block, x, step, &sums, pixels, blocks, false);
#define WITH(rounding, usual)                                                                      \
    for (int b = 0; b < blocks; b++)                                                               \
    finish(c, block + (size_t)b * c->block_bytes, out + b * FDM_NEON_LANES,                        \
           count - (size_t)b * FDM_NEON_LANES, &sums, pixels, b, rounding, usual)
    FDM_NEON_BY_RULE(&c->output, WITH);
#undef WITH
}

/* `blocks` blocks of all pixels, whose windows begin `step` bytes apart; `count` channels are left.
 */
FDM_NEON_INLINE void tiles(const struct conv *c, const uint8_t *block, const int8_t *x, size_t step,
                           size_t pixels, int8_t *out, size_t count, int blocks)
{
    const size_t channels = (size_t)c->params->shape.out_c;
    for (; pixels >= TILE; pixels -= TILE, x += TILE * step, out += TILE * channels)
        tile(c, block, x, step, out, count, TILE, blocks);
    for (; pixels > 0; pixels--, x += step, out += channels)
        tile(c, block, x, step, out, count, 1, blocks);
}

static void compute(const struct conv *c, const int8_t *x, size_t step, size_t pixels, int8_t *out)
{
    const uint8_t *block = c->blocks;
    size_t left = (size_t)c->params->shape.out_c;
    while (left > 0) {
        int blocks = left > FDM_NEON_LANES ? MOST_BLOCKS : 1;
        if (blocks == MOST_BLOCKS)
            tiles(c, block, x, step, pixels, out, left, MOST_BLOCKS);
        else
            tiles(c, block, x, step, pixels, out, left, 1);
        size_t done = (size_t)blocks * FDM_NEON_LANES;
        out += done;
        left -= done < left ? done : left;
        block += (size_t)blocks * c->block_bytes;
    }
}

/* ---- windows that are pixels ---- */

static void run_pixels(const struct conv *c, const int8_t *x, size_t step, size_t pixels,
                       int8_t *out)
{
    while (pixels > 0) {
        size_t count = pixels < MOST_PIXELS ? pixels : MOST_PIXELS;
        compute(c, x, step, count, out);
        x += count * step;
        out += count * (size_t)c->params->shape.out_c;
        pixels -= count;
    }
}

/* Whole tensors of the same size are one long run. */
static void run_pointwise(const struct conv *c, const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_shape *s = &c->params->shape;
    const size_t step = (size_t)s->in_c * (size_t)s->stride_w;
    const size_t width = (size_t)s->out_w;
    if (s->stride_h == 1 && s->stride_w == 1 && s->in_w == s->out_w && call->in.ring >= s->in_h &&
        call->out.ring >= s->out_h) {
        run_pixels(c, fdm_nn_row(&call->in, call->first), step, width * (size_t)call->count,
                   fdm_nn_row(&call->out, call->first));
        return;
    }
    for (int32_t y = call->first; y < call->first + call->count; y++)
        run_pixels(c, fdm_nn_row(&call->in, y * s->stride_h), step, width,
                   fdm_nn_row(&call->out, y));
}

/* ---- windows that are gathered ---- */

/* `bytes` bytes each of `count` windows; those of a first convolution are 9. */
static void copy_parts(const int8_t *from, size_t from_step, int8_t *to, size_t to_step,
                       size_t bytes, size_t count)
{
    if (bytes < 8 || bytes > 16) {
        for (; count > 0; count--, from += from_step, to += to_step)
            memcpy(to, from, bytes);
        return;
    }
    for (; count > 0; count--, from += from_step, to += to_step) {
        int8x8_t last = vld1_s8(from + bytes - 8);
        vst1_s8(to, vld1_s8(from));
        vst1_s8(to + bytes - 8, last);
    }
}

/* What is behind the values of a window has weights of 0. */
static void run_gathered(const struct conv *c, const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_shape *s = &c->params->shape;
    const size_t part = (size_t)s->kernel_w * (size_t)s->in_c;
    const size_t from_step = (size_t)s->stride_w * (size_t)s->in_c;
    const size_t step = c->groups * FDM_NEON_GROUP;
    int8_t *windows = call->scratch;
    struct fdm_neon_rows rows = fdm_neon_rows_of(c->params, windows + FDM_NEON_WINDOWS * step);
    memset(windows, 0, FDM_NEON_WINDOWS * step);
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        int8_t *out = fdm_nn_row(&call->out, y);
        fdm_neon_prepare(&rows, &call->in, y);
        for (size_t x = 0; x < (size_t)s->out_w; x += FDM_NEON_WINDOWS) {
            const size_t left = (size_t)s->out_w - x;
            const size_t count = left < FDM_NEON_WINDOWS ? left : FDM_NEON_WINDOWS;
            for (int32_t ky = 0; ky < s->kernel_h; ky++)
                copy_parts(fdm_neon_prepared(&rows, y, ky) + x * from_step, from_step,
                           windows + (size_t)ky * part, step, part, count);
            compute(c, windows, step, count, out + x * (size_t)s->out_c);
        }
    }
}

enum fdm_nn_status fdm_nn_conv_s8_neon_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_conv_s8 *params = call->params;
    const struct fdm_neon_head *head = call->weights;
    const struct conv c = {
        .params = params,
        .blocks = (const uint8_t *)(head + 1),
        .block_bytes = fdm_neon_conv_block(&params->shape),
        .groups = fdm_neon_groups(&params->shape),
        .narrow = head->narrow != 0,
        .output = fdm_neon_output_of(params, head),
    };
    if (fdm_neon_reads_pixels(&params->shape))
        run_pointwise(&c, call);
    else
        run_gathered(&c, call);
    return FDM_NN_OK;
}

#endif
