/* What all kernels share: status, geometry, rounding.
 *
 * Freestanding C11: stdint, stddef, stdbool, string, float and limits, and no libm, so that a
 * kernel gives the same bits on every host and device. Tensors are NHWC, batch 1, contiguous. No
 * kernel allocates; scratch comes from the caller, its size from the twin `…_scratch()`. */
#ifndef FDM_NN_TYPES_H
#define FDM_NN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How an int32 accumulator becomes an int8 value; nn_requant.h has the formulas. The three
 * fixed-point rules take `multiplier` and `shift`, real scale = multiplier * 2^(shift - 31).
 *  SINGLE  one 64-bit product, one half-up rounding shift (TensorFlow Lite's
 *          TFLITE_SINGLE_ROUNDING; ruy's portable code)
 *  DOUBLE  a rounding doubling high multiply, then a rounding shift, half away from zero (gemmlowp)
 *  NEON    the same multiply, then a half-up rounding shift (ARM's SQRDMULH, SRSHL)
 *  FP32    (float)accumulator * scale, rounded half to even (XNNPACK's "fp32" requantization) */
enum fdm_nn_rounding {
    FDM_NN_ROUND_SINGLE,
    FDM_NN_ROUND_DOUBLE,
    FDM_NN_ROUND_NEON,
    FDM_NN_ROUND_FP32
};

/* MEAN over height and width: float arithmetic as in TensorFlow Lite up to 2.11, or an integer
 * multiplier with double or single rounding as since 2023. */
enum fdm_nn_mean_rule { FDM_NN_MEAN_FLOAT, FDM_NN_MEAN_INT_DOUBLE, FDM_NN_MEAN_INT_SINGLE };

/* SOFTMAX: float table of exponentials (optimised kernels), or gemmlowp fixed point (reference,
 * TFLM). */
enum fdm_nn_softmax_rule { FDM_NN_SOFTMAX_TABLE, FDM_NN_SOFTMAX_FIXED };

enum fdm_nn_status {
    FDM_NN_OK = 0,
    FDM_NN_ERR_ARGUMENT /* a shape or parameter outside the documented range; nothing was written */
};

/* A convolution's geometry. The output is [out_h, out_w, out_c]; taps outside the input read real
 * 0 (for int8 the input's zero point), so they contribute nothing. Every output lies at least
 * partly inside: its first tap is below the input's end and its last tap at or behind the start. */
struct fdm_nn_conv_shape {
    int32_t in_h, in_w, in_c;    /* 1..65536 */
    int32_t out_h, out_w, out_c; /* likewise; depthwise: out_c == in_c */
    int32_t kernel_h, kernel_w;  /* 1..255; kernel_h * kernel_w * in_c <= 65536 */
    int32_t stride_h, stride_w;  /* 1..255 */
    int32_t pad_top, pad_left;   /* 0..254, smaller than the kernel */
};

/* Per-channel requantization, `out_c` values each; the rule says which are read: FP32 reads
 * `scale`, the others `multiplier` and `shift`. Unread ones may be NULL. */
struct fdm_nn_requant {
    enum fdm_nn_rounding rounding;
    const int32_t *multiplier; /* 0 or 2^30..2^31-1 */
    const int8_t *shift;       /* -31..30, positive: left */
    const float *scale;        /* finite, above 0 */
};

#endif
