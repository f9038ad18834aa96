/* Packed blocks of the NEON kernels: what host/neon_pack.c writes and the kernels read.
 *
 * struct fdm_neon_head, then a block per FDM_NEON_LANES output channels, the last filled with
 * zeros: rows of one int32 per channel (enum fdm_neon_row), then the weights. The bias is less the
 * input's zero point times the sum of the channel's weights, so that input values are taken as they
 * are.
 *
 * CONV_2D: a window's values in groups of FDM_NEON_GROUP, the last filled with zeros. Of each group
 * and channel there are four pairs of weights, 64 bytes in all. Turn t = 0..3 is 16 bytes: channel
 * j's pair (j + t) % 4, for j = 0..7. It is multiplied by the group rotated by t pairs, so that
 * each lane sums up its own channel and none has to be added across.
 *
 * First CONV_2D, 3x3 on 3 channels: 27 values of a window, each with the weights of the block's
 * channels as int16: the first 8 of each kernel row's 9 values, row by row, then the last of each.
 *
 * DEPTHWISE_CONV_2D: tap by tap the weights of the block's channels. */
#ifndef FDM_NN_NEON_PACKED_H
#define FDM_NN_NEON_PACKED_H

#include "reference/kernels/fdm_nn.h"

#define FDM_NEON_LANES 8
#define FDM_NEON_GROUP 8
#define FDM_NEON_TURNS 4
#define FDM_NEON_WINDOWS 16 /* gathered before they are multiplied */
#define FDM_NEON_DEPTHWISE_TAPS 9
#define FDM_NEON_FIRST_TAPS 27

struct fdm_neon_head {
    int32_t usual;  /* 1: every shift is to the right, by 1 or more; or there are none */
    int32_t narrow; /* 1: no weight is -128, so that the sum of two products fits in 16 bits */
    int32_t unused[2];
};

/* FP32 has its scale, as float, in the multiplier's row, and zeros in the shift's. */
enum fdm_neon_row { FDM_NEON_BIAS, FDM_NEON_MULTIPLIER, FDM_NEON_SHIFT, FDM_NEON_ROWS };
#define FDM_NEON_ROWS_BYTES ((size_t)FDM_NEON_ROWS * FDM_NEON_LANES * sizeof(int32_t))

static inline size_t fdm_neon_blocks(const struct fdm_nn_conv_shape *s)
{
    return ((size_t)s->out_c + FDM_NEON_LANES - 1) / FDM_NEON_LANES;
}

static inline size_t fdm_neon_groups(const struct fdm_nn_conv_shape *s)
{
    int32_t values = s->kernel_h * s->kernel_w * s->in_c;
    return ((size_t)values + FDM_NEON_GROUP - 1) / FDM_NEON_GROUP;
}

static inline size_t fdm_neon_conv_block(const struct fdm_nn_conv_shape *s)
{
    return FDM_NEON_ROWS_BYTES + fdm_neon_groups(s) * FDM_NEON_GROUP * FDM_NEON_LANES;
}

/* Whether windows are pixels of the input that can be read in whole groups where they are. */
static inline bool fdm_neon_reads_pixels(const struct fdm_nn_conv_shape *s)
{
    return s->kernel_h == 1 && s->kernel_w == 1 && s->in_c % FDM_NEON_GROUP == 0;
}

#define FDM_NEON_FIRST_BLOCK                                                                       \
    (FDM_NEON_ROWS_BYTES + (size_t)FDM_NEON_FIRST_TAPS * FDM_NEON_LANES * sizeof(int16_t))

#define FDM_NEON_DWCONV_BLOCK                                                                      \
    (FDM_NEON_ROWS_BYTES + (size_t)FDM_NEON_DEPTHWISE_TAPS * FDM_NEON_LANES)

/* A row of the input as a kernel with several taps sees it: padding and all columns that it reads.
 */
static inline size_t fdm_neon_row_bytes(const struct fdm_nn_conv_shape *s)
{
    int32_t columns = (s->out_w - 1) * s->stride_w + s->kernel_w;
    return (size_t)columns * (size_t)s->in_c;
}

#endif
