/* What all kernels share: status, geometry, rounding.
 *
 * Freestanding C11: only stdint, stddef, stdbool, string and the arithmetic of the language (the
 * table softmax and the float kernels use expf, lrintf and friends from libm). Tensors are NHWC,
 * batch 1, contiguous. No kernel allocates; scratch comes from the caller, its size from the twin
 * `…_scratch()`. */
#ifndef FDM_NN_TYPES_H
#define FDM_NN_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How an int32 accumulator becomes an int8 value. The three fixed-point rules take `multiplier` in
 * [2^30, 2^31) and `shift` (positive: left), real scale = multiplier * 2^(shift - 31).
 *  SINGLE  one 64-bit product, one half-up rounding shift (TensorFlow Lite's
 * TFLITE_SINGLE_ROUNDING, ruy) DOUBLE  gemmlowp: saturating rounding doubling high multiply, then a
 * rounding shift, half away from zero NEON    the same multiply, then a half-up rounding shift
 * (SQRDMULH, SRSHL) FP32    (float)accumulator * scale, round half to even (XNNPACK "fp32"
 * requantisation) */
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

/* A convolution's geometry. The output is [out_h, out_w, out_c]; taps outside the input read the
 * input's zero point, so they contribute nothing. */
struct fdm_nn_conv_shape {
    int32_t in_h, in_w, in_c;    /* 1..65536 */
    int32_t out_h, out_w, out_c; /* likewise; depthwise: out_c == in_c */
    int32_t kernel_h, kernel_w;  /* 1..255 */
    int32_t stride_h, stride_w;  /* 1..255 */
    int32_t pad_top, pad_left;   /* 0..254, smaller than the kernel */
};

/* Per-channel requantisation, `out_c` values each; the rule says which are read: FP32 reads
 * `scale`, the others `multiplier` and `shift`. Unread ones may be NULL. */
struct fdm_nn_requant {
    enum fdm_nn_rounding rounding;
    const int32_t *multiplier;
    const int32_t *shift; /* -31..30 */
    const float *scale;
};

struct fdm_nn_conv_s8 {
    struct fdm_nn_conv_shape shape;
    int32_t in_zero_point;    /* -128..127: the quantized value of real 0 */
    int32_t out_zero_point;   /* -128..127 */
    int32_t out_min, out_max; /* activation bounds, -128 <= min <= max <= 127 */
    struct fdm_nn_requant requant;
};

#endif
