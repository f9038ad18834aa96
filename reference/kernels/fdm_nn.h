/* The operators: what each computes, to the bit.
 *
 * All follow one pattern.
 *  fdm_nn_X(params, input, …, output, scratch) writes the whole output and returns FDM_NN_OK, or
 *      returns FDM_NN_ERR_ARGUMENT with nothing written where fdm_nn_X_check() does or a needed
 *      pointer is NULL. Input and output must not overlap, except in QUANTIZE. The sizes of the
 *      buffers follow from `params` and are the caller's promise.
 *  fdm_nn_X_check(params, bias) is FDM_NN_OK if everything is in the ranges given below.
 *  fdm_nn_X_scratch(params) is the size of `scratch` in bytes, 0 for refused parameters. Scratch is
 *      aligned to 4 bytes, may be NULL when its size is 0, and carries nothing between calls.
 *
 * Results do not depend on the compiler, its optimisation or the processor: integers are exact,
 * and each float sum has the order stated here, without contraction (-ffp-contract=off).
 *
 * Quantized values follow the TensorFlow Lite 8-bit quantization specification
 * (https://ai.google.dev/edge/litert/models/quantization_spec): real = scale * (q - zero_point),
 * weights int8 per output channel with zero point 0, bias int32 at scale input * weight. */
#ifndef FDM_NN_H
#define FDM_NN_H

#include "reference/kernels/nn_types.h"

#define FDM_NN_MAX_DIM 65536
#define FDM_NN_MAX_TAPS 65536       /* products in one int32 sum: 65536 * 255 * 128 < 2^31 */
#define FDM_NN_MAX_PIXELS (1 << 23) /* values in one mean: 2^23 * 255 < 2^31 */

/* The operators as a number, for tables; one per row of kernels.def. */
enum fdm_nn_op {
#define FDM_NN_KERNEL(NAME, name) FDM_NN_OP_##NAME,
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
    FDM_NN_OP_COUNT
};

/* ---- convolution, int8 ---------------------------------------------------------------------- */

/* Shared by CONV_2D and DEPTHWISE_CONV_2D:
 *   acc = bias[o] + sum of (input - in_zero_point) * weight over the taps inside the input
 *   output = clamp(requant(acc, o) + out_zero_point, out_min, out_max)
 * with the rounding rule of `requant`. The sum cannot overflow: a bias whose magnitude, added to
 * taps * 255 * 128, could leave int32 is refused. */
struct fdm_nn_conv_s8 {
    struct fdm_nn_conv_shape shape;
    int32_t in_zero_point;    /* -128..127: the quantized value of real 0 */
    int32_t out_zero_point;   /* -128..127 */
    int32_t out_min, out_max; /* activation bounds, -128 <= min <= max <= 127 */
    struct fdm_nn_requant requant;
};

/* Weights [out_c, kernel_h, kernel_w, in_c], bias [out_c] or NULL for zeros. */
enum fdm_nn_status fdm_nn_conv_s8(const struct fdm_nn_conv_s8 *params, const int8_t *input,
                                  const int8_t *weights, const int32_t *bias, int8_t *output,
                                  void *scratch);
enum fdm_nn_status fdm_nn_conv_s8_check(const struct fdm_nn_conv_s8 *params, const int32_t *bias);
size_t fdm_nn_conv_s8_scratch(const struct fdm_nn_conv_s8 *params);

/* Depth multiplier 1: channel c of the output sees channel c of the input. */
struct fdm_nn_dwconv_s8 {
    struct fdm_nn_conv_s8 conv;
};

/* Weights [kernel_h, kernel_w, in_c], bias [in_c] or NULL for zeros. */
enum fdm_nn_status fdm_nn_dwconv_s8(const struct fdm_nn_dwconv_s8 *params, const int8_t *input,
                                    const int8_t *weights, const int32_t *bias, int8_t *output,
                                    void *scratch);
enum fdm_nn_status fdm_nn_dwconv_s8_check(const struct fdm_nn_dwconv_s8 *params,
                                          const int32_t *bias);
size_t fdm_nn_dwconv_s8_scratch(const struct fdm_nn_dwconv_s8 *params);

/* ---- mean over height and width, int8 ------------------------------------------------------- */

/* Input [h, w, c], output [c]. With n = h * w and s = sum of the channel's n quantized inputs:
 *   FLOAT   round(((float)s / (float)n) * scale + (-(float)in_zero_point * scale)) +
 * out_zero_point, each operation in float32, round half away from zero; scale = input scale /
 * output scale INT_*   requant(s - in_zero_point * n) + out_zero_point, with the rule DOUBLE or
 * SINGLE and a multiplier and shift that contain the division by n (derived by the compiler) and
 * the result saturated to -128..127. */
struct fdm_nn_mean_s8 {
    int32_t h, w; /* 1..65536, h * w <= FDM_NN_MAX_PIXELS */
    int32_t c;    /* 1..65536 */
    enum fdm_nn_mean_rule rule;
    int32_t in_zero_point;  /* -128..127 */
    int32_t out_zero_point; /* -128..127 */
    float scale;            /* FLOAT: finite, above 0 */
    int32_t multiplier;     /* INT_*: 0..2^31-1 */
    int32_t shift;          /* INT_*: -31..30 */
};

enum fdm_nn_status fdm_nn_mean_s8(const struct fdm_nn_mean_s8 *params, const int8_t *input,
                                  int8_t *output, void *scratch);
enum fdm_nn_status fdm_nn_mean_s8_check(const struct fdm_nn_mean_s8 *params);
size_t fdm_nn_mean_s8_scratch(const struct fdm_nn_mean_s8 *params);

/* ---- softmax, int8 -------------------------------------------------------------------------- */

#define FDM_NN_SOFTMAX_TABLE_SIZE 256

/* Input and output [count]; the output has scale 1/256 and zero point -128, as the quantization
 * specification prescribes. With d = input - largest input, so -255 <= d <= 0:
 *   TABLE   e(d) = table[255 + d], which the caller fills with exp(d * input scale);
 *           p = e(d) * (1 / (sum of e in index order * (1/256))), all in float32;
 *           output = (p rounded half away from zero) - 128. It is the rule of TensorFlow Lite's
 *           optimised kernels, found by comparing outputs (see tests/oracle).
 *   FIXED   fixed point as documented by gemmlowp ("fixedpoint" in its documentation) and used by
 *           TensorFlow Lite's reference kernel: d is scaled into Q5.26, exp is a polynomial on
 *           (-1/4, 0] times constants exp(-2^k) selected by the bits of d, the sum is kept in
 *           Q12.19, its reciprocal comes from three Newton-Raphson steps starting at
 *           48/17 - 32/17 * x (https://en.wikipedia.org/wiki/Division_algorithm), and every
 *           product rounds like the DOUBLE rule. Inputs with d < diff_min give probability 0.
 * The output saturates at 127. */
struct fdm_nn_softmax_s8 {
    int32_t count; /* 1..65536; FIXED: 1..4095, the sum's integer range */
    enum fdm_nn_softmax_rule rule;
    const float *table; /* TABLE: 256 values in (0, 1], table[255] == 1 */
    int32_t multiplier; /* FIXED: 2^30..2^31-1, with shift: input scale in units of 2^-26 */
    int32_t shift;      /* FIXED: 0..30 */
    int32_t diff_min;   /* FIXED: 0 or below, -diff_min * 2^shift < 2^31 */
};

enum fdm_nn_status fdm_nn_softmax_s8(const struct fdm_nn_softmax_s8 *params, const int8_t *input,
                                     int8_t *output, void *scratch);
enum fdm_nn_status fdm_nn_softmax_s8_check(const struct fdm_nn_softmax_s8 *params);
size_t fdm_nn_softmax_s8_scratch(const struct fdm_nn_softmax_s8 *params);

/* ---- change of type ------------------------------------------------------------------------- */

/* uint8 to int8 at the same scale: output = input - in_zero_point + out_zero_point, saturated.
 * Works in place, when output == input. */
struct fdm_nn_quantize_u8_s8 {
    size_t count;           /* elements, at least 1 */
    int32_t in_zero_point;  /* 0..255 */
    int32_t out_zero_point; /* -128..127 */
};

enum fdm_nn_status fdm_nn_quantize_u8_s8(const struct fdm_nn_quantize_u8_s8 *params,
                                         const uint8_t *input, int8_t *output, void *scratch);
enum fdm_nn_status fdm_nn_quantize_u8_s8_check(const struct fdm_nn_quantize_u8_s8 *params);
size_t fdm_nn_quantize_u8_s8_scratch(const struct fdm_nn_quantize_u8_s8 *params);

/* output = scale * (float)(input - zero_point), in float32. */
struct fdm_nn_dequantize_s8_f32 {
    size_t count;       /* elements, at least 1 */
    float scale;        /* finite, above 0 */
    int32_t zero_point; /* -128..127 */
};

enum fdm_nn_status fdm_nn_dequantize_s8_f32(const struct fdm_nn_dequantize_s8_f32 *params,
                                            const int8_t *input, float *output, void *scratch);
enum fdm_nn_status fdm_nn_dequantize_s8_f32_check(const struct fdm_nn_dequantize_s8_f32 *params);
size_t fdm_nn_dequantize_s8_f32_scratch(const struct fdm_nn_dequantize_s8_f32 *params);

/* ---- float ---------------------------------------------------------------------------------- */

/* acc = bias[o], then += input * weight for each tap inside the input in the order row, column,
 * input channel; output = clamp(acc, out_min, out_max). */
struct fdm_nn_conv_f32 {
    struct fdm_nn_conv_shape shape;
    float out_min, out_max; /* activation bounds, min <= max; -INFINITY and INFINITY for none */
};

/* Weights [kernel_h, kernel_w, in_c, out_c], as Keras stores them; bias [out_c] or NULL. */
enum fdm_nn_status fdm_nn_conv_f32(const struct fdm_nn_conv_f32 *params, const float *input,
                                   const float *weights, const float *bias, float *output,
                                   void *scratch);
enum fdm_nn_status fdm_nn_conv_f32_check(const struct fdm_nn_conv_f32 *params, const float *bias);
size_t fdm_nn_conv_f32_scratch(const struct fdm_nn_conv_f32 *params);

struct fdm_nn_dwconv_f32 {
    struct fdm_nn_conv_f32 conv;
};

/* Weights [kernel_h, kernel_w, in_c], bias [in_c] or NULL. */
enum fdm_nn_status fdm_nn_dwconv_f32(const struct fdm_nn_dwconv_f32 *params, const float *input,
                                     const float *weights, const float *bias, float *output,
                                     void *scratch);
enum fdm_nn_status fdm_nn_dwconv_f32_check(const struct fdm_nn_dwconv_f32 *params,
                                           const float *bias);
size_t fdm_nn_dwconv_f32_scratch(const struct fdm_nn_dwconv_f32 *params);

/* Input [h, w, c], output [c]: the sum in raster order, divided by (float)(h * w). */
struct fdm_nn_mean_f32 {
    int32_t h, w, c; /* 1..65536, h * w <= FDM_NN_MAX_PIXELS */
};

enum fdm_nn_status fdm_nn_mean_f32(const struct fdm_nn_mean_f32 *params, const float *input,
                                   float *output, void *scratch);
enum fdm_nn_status fdm_nn_mean_f32_check(const struct fdm_nn_mean_f32 *params);
size_t fdm_nn_mean_f32_scratch(const struct fdm_nn_mean_f32 *params);

/* Input and output [count]: exp(x - largest) / sum, the sum in index order. exp is our own
 * (fdm_nn_softmax_f32.c), so that all devices agree; its relative error is below 2^-23. */
struct fdm_nn_softmax_f32 {
    int32_t count; /* 1..65536 */
};

enum fdm_nn_status fdm_nn_softmax_f32(const struct fdm_nn_softmax_f32 *params, const float *input,
                                      float *output, void *scratch);
enum fdm_nn_status fdm_nn_softmax_f32_check(const struct fdm_nn_softmax_f32 *params);
size_t fdm_nn_softmax_f32_scratch(const struct fdm_nn_softmax_f32 *params);

#endif
