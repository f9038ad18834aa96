/* Real ranges to the scale and zero point of int8. */
#ifndef FDM_REFERENCE_QUANTIZER_AFFINE_H
#define FDM_REFERENCE_QUANTIZER_AFFINE_H

#include <stdint.h>

/* real = scale * (q - zero_point), q in -128..127. A scale of 0 stands for "none". */
struct fdm_affine {
    float scale;
    int32_t zero_point;
};

/* The range is first extended to hold 0, so that padding is exact; scale = (max - min) / 255; the
 * zero point follows from the end of the range that loses less, rounded half away from zero. That
 * is what TensorFlow Lite's converter does (Jacob et al., "Quantization and Training of Neural
 * Networks for Efficient Integer-Arithmetic-Only Inference", 2018, section 3; MLIR's
 * FakeQuantSupport). An empty range, 0 to 0, gets scale 1, and so does one so short that its scale
 * would be no normal number of float32. Both ends must be finite. */
struct fdm_affine fdm_affine_from_range(double min, double max);

#endif
