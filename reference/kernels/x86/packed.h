/* Packed blocks of the x86 kernels: what host/x86_pack.c writes and the kernels read.
 *
 * A vector has `lanes` 32-bit lanes. A lane multiplies a group of `taps` samples by as many
 * weights in one instruction: AVX-512 VNNI 4 unsigned bytes (the input with its sign bit flipped)
 * by 4 signed ones, AVX2 2 pairs of int16. Either way a lane's weights of a group are 32 bits. What
 * flipping adds to the sums, and the zero point, is taken from the bias when it is packed.
 *
 * Requantization stands before the weights it belongs to, in rows of one value per lane. All three
 * fixed-point rules have the form
 *   h = (acc * multiplier + first) >> 31;  (h + second - (h < 0 ? away : 0)) >> shift
 * for shifts to the right of at most 20: SINGLE's one rounding is `second`, or `first` where there
 * is no shift, because what it adds is a multiple of 2^31 otherwise. */
#ifndef FDM_NN_X86_PACKED_H
#define FDM_NN_X86_PACKED_H

#include "reference/kernels/nn_types.h"

#define FDM_X86_ALIGNMENT 64 /* of samples in scratch */

static inline size_t fdm_x86_round_up(size_t size, size_t unit)
{
    return (size + unit - 1) / unit * unit;
}

static inline void *fdm_x86_align(void *scratch)
{
    size_t beyond = (size_t)((uintptr_t)scratch % FDM_X86_ALIGNMENT);
    return (unsigned char *)scratch + (beyond > 0 ? FDM_X86_ALIGNMENT - beyond : 0);
}

/* Rows of one block's head; FP32 has its scale, as float, in the multiplier's row. */
enum fdm_x86_head {
    FDM_X86_BIAS,
    FDM_X86_MULTIPLIER,
    FDM_X86_FIRST,
    FDM_X86_SECOND,
    FDM_X86_LIMIT, /* the largest h whose sum with `second` is an int32 */
    FDM_X86_AWAY,  /* -1 where negative ties go down, else 0 */
    FDM_X86_SHIFT, /* to the right */
    FDM_X86_HEAD_ROWS
};
#define FDM_X86_MOST_SHIFT 20

/* Convolution: a block per `lanes` output channels, each kernel row's products in whole groups.
 * Where a layer has just half as many channels as lanes, they stand there twice, and one vector
 * computes two pixels. */
static inline bool fdm_x86_conv_twice(int32_t lanes, int32_t out_c)
{
    return lanes == 16 && out_c == 8;
}

#define FDM_X86_RUN 64 /* pixels of a pointwise layer that are multiplied while they are cached */

static inline bool fdm_x86_conv_pointwise(const struct fdm_nn_conv_shape *s)
{
    return s->kernel_h == 1 && s->kernel_w == 1 && s->stride_h == 1 && s->stride_w == 1 &&
           s->in_w == s->out_w;
}

/* Samples of one kernel row in scratch, and what the last group reads behind them. */
static inline size_t fdm_x86_conv_row(const struct fdm_nn_conv_shape *s, int32_t taps)
{
    size_t pixels = fdm_x86_conv_pointwise(s)
                        ? FDM_X86_RUN
                        : ((size_t)s->out_w - 1) * (size_t)s->stride_w + (size_t)s->kernel_w;
    return fdm_x86_round_up(pixels * (size_t)s->in_c + (size_t)taps, FDM_X86_ALIGNMENT);
}

/* Depthwise: activations are cut into chunks of lanes * taps values, which go through the channels
 * over and over; a block per chunk until that repeats. Interleaving the taps' samples permutes
 * them within 128 bits; lane i of vector v is this value of the chunk: */
static inline int32_t fdm_x86_dwconv_value(int32_t taps, int32_t vector, int32_t lane)
{
    return lane / 4 * (4 * taps) + vector * 4 + lane % 4;
}

/* The blocks until chunks and channels meet again. */
static inline int32_t fdm_x86_dwconv_blocks(int32_t chunk, int32_t channels)
{
    int32_t a = channels;
    int32_t b = chunk;
    while (b != 0) {
        int32_t rest = a % b;
        a = b;
        b = rest;
    }
    return channels / a;
}
#define FDM_X86_DWCONV_MOST_BLOCKS 16

static inline int32_t fdm_x86_dwconv_groups(const struct fdm_nn_conv_shape *s, int32_t taps)
{
    return (s->kernel_h * s->kernel_w + taps - 1) / taps;
}

/* In scratch a row is cut into planes, one per remainder of its columns by the stride, so that what
 * one tap reads for all output pixels is contiguous. */
static inline size_t fdm_x86_dwconv_plane(const struct fdm_nn_conv_shape *s)
{
    size_t pixels = (size_t)s->out_w + (size_t)((s->kernel_w - 1) / s->stride_w);
    return pixels * (size_t)s->in_c;
}

/* Samples of one row, and what the last chunk reads behind them. */
static inline size_t fdm_x86_dwconv_row(const struct fdm_nn_conv_shape *s, int32_t chunk)
{
    return fdm_x86_round_up(fdm_x86_dwconv_plane(s) * (size_t)s->stride_w + (size_t)chunk,
                            FDM_X86_ALIGNMENT);
}

#endif
