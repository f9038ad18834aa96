/* Inside the DSP convolutions: the layout of packed weights, shared by the kernels and their
 * packers.
 *
 * CONV_2D, a block per output channel: its bias less the input's zero point times the sum of its
 * weights (int32), then the weights in the order in which the kernel gathers the input, filled with
 * zeros to a multiple of FDM_DSP_GROUP. Pointwise: channel by channel. First convolutions, 3x3 on 3
 * channels: the first 8 of each kernel row's 9 values, row by row, then the last value of each row.
 *
 * DEPTHWISE_CONV_2D, a block per 4 channels: their biases (int32), then tap by tap their weights.
 */
#ifndef FDM_NN_DSP_CONV_H
#define FDM_NN_DSP_CONV_H

#include "reference/kernels/fdm_nn.h"

#define FDM_DSP_GROUP 8 /* weights of one turn of the inner loop */
#define FDM_DSP_PIXELS 4
#define FDM_DSP_FIRST_GROUPS 4 /* 3 * 9 weights, rounded up */

static inline int32_t fdm_dsp_pointwise_groups(const struct fdm_nn_conv_shape *s)
{
    return (s->in_c + FDM_DSP_GROUP - 1) / FDM_DSP_GROUP;
}

/* Four pixels' values, widened. */
static inline size_t fdm_dsp_tile_bytes(int32_t groups)
{
    return (size_t)groups * FDM_DSP_GROUP * FDM_DSP_PIXELS * sizeof(int16_t);
}

/* A depthwise block made ready: per tap two pairs of weights, channels 0 and 2, 1 and 3. */
static inline size_t fdm_dsp_depthwise_bytes(const struct fdm_nn_conv_shape *s)
{
    return (size_t)s->kernel_h * (size_t)s->kernel_w * 2 * sizeof(uint32_t);
}

#endif
