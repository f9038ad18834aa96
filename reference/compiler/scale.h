/* From real scales to the integers with which the kernels scale. */
#ifndef FDM_REFERENCE_COMPILER_SCALE_H
#define FDM_REFERENCE_COMPILER_SCALE_H

#include <stdint.h>

/* scale ~ multiplier * 2^(shift - 31), for finite scale >= 0. `multiplier` is `scale`'s binary
 * significand, rounded half up to 31 bits, so it lies in 2^30..2^31-1; `shift` is its exponent
 * (the TensorFlow Lite quantization specification's fixed-point multiplier M0 with 2^-n; Jacob et
 * al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only
 * Inference", 2018, section 2.2). Scales below 2^-32 become multiplier 0; scales of 2^30 and more
 * the largest that shift 30 can express. */
struct fdm_multiplier {
    int32_t multiplier;
    int32_t shift; /* -31..30 */
};

struct fdm_multiplier fdm_multiplier_from_scale(double scale);

/* The integer MEAN's: `scale` with the division by `count` (1..2^31-1) inside. The significand is
 * first shifted up by floor(log2(count)) bits, so that the truncating division keeps 30 bits or
 * more; the shift is limited so that the resulting shift stays at -31 or above. */
struct fdm_multiplier fdm_multiplier_for_mean(double scale, int32_t count);

#endif
