/* Inside the MVE convolutions: the layout of packed weights, shared by the kernels and their
 * packers. Both begin with struct fdm_mve_head.
 *
 * CONV_2D: a block per four output channels, the last filled with zeros: their biases less the
 * input's zero point times the sum of their weights (int32), then, for each 16 values of the
 * window, 16 weights of each of the four; the last 16 filled with zeros.
 *
 * DEPTHWISE_CONV_2D, 3x3: a block per eight channels: the biases of the even ones, then of the odd
 * ones (int32), then tap by tap the weights of all eight. */
#ifndef FDM_NN_MVE_CONV_H
#define FDM_NN_MVE_CONV_H

#include "reference/kernels/fdm_nn.h"

#define FDM_MVE_CHANNELS 4
#define FDM_MVE_VALUES 16
#define FDM_MVE_DEPTHWISE 8 /* channels in the lanes */

struct fdm_mve_head {
    int32_t usual;     /* 1: every shift is one that the vector formulas take */
    int32_t unused[3]; /* keeps what follows aligned to 16 */
};

static inline int32_t fdm_mve_taps(const struct fdm_nn_conv_shape *s)
{
    return s->kernel_h * s->kernel_w * s->in_c;
}

/* Whole vectors of a window. */
static inline size_t fdm_mve_window_bytes(const struct fdm_nn_conv_shape *s)
{
    size_t vectors = ((size_t)fdm_mve_taps(s) + FDM_MVE_VALUES - 1) / FDM_MVE_VALUES;
    return vectors * FDM_MVE_VALUES;
}

/* A window with room for a vector that begins anywhere in it. */
static inline size_t fdm_mve_scratch_bytes(const struct fdm_nn_conv_shape *s)
{
    return fdm_mve_window_bytes(s) + FDM_MVE_VALUES;
}

static inline size_t fdm_mve_depthwise_block(const struct fdm_nn_conv_shape *s)
{
    return FDM_MVE_DEPTHWISE * (sizeof(int32_t) + (size_t)s->kernel_h * (size_t)s->kernel_w);
}

/* A 1x1 kernel's windows are the input's pixels; others are gathered. */
static inline bool fdm_mve_is_pointwise(const struct fdm_nn_conv_shape *s)
{
    return s->kernel_h == 1 && s->kernel_w == 1;
}

#endif
