/* Float weights and biases to int8 and int32. */
#ifndef FDM_REFERENCE_QUANTIZER_WEIGHTS_H
#define FDM_REFERENCE_QUANTIZER_WEIGHTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Weights of a convolution as a graph holds them: channel c's are values[c * taps .. + taps - 1],
 * or, interleaved (depthwise), values[i * channels + c]. */
struct fdm_weights {
    const float *values;
    uint32_t channels; /* of the output */
    size_t taps;       /* per output channel */
    bool interleaved;
};

/* Symmetric, code = round(w / scale) within -127..127, zero point 0 (TensorFlow Lite 8-bit
 * quantization specification). */
struct fdm_weight_rule {
    bool per_tensor; /* one scale for all channels instead of one each */
    /* The scale that gives the least sum of squared errors, from 100 % down to 50 % of the largest
     * magnitude, instead of the one that clips nothing. */
    bool mse;
};

/* Fills `scales` (as many as channels, or one) and `codes` (one per weight). As the converter:
 * scale = largest magnitude / 127 in float64, stored as float32; code = round(w * (1 / scale)) in
 * float32, half away from zero. Where `bias` and `input_scale` are given, a scale so small that the
 * bias would leave 2^30 steps is raised to what holds it; channels of zeros alone get that scale
 * too, or 1. */
void fdm_weights_quantize(const struct fdm_weights *weights, struct fdm_weight_rule rule,
                          const float *bias, float input_scale, float *scales, int8_t *codes);

/* The scale of an accumulator: input times weight scale, in float32, never below the normal
 * numbers. */
float fdm_bias_scale(float input_scale, float weight_scale);
/* round(bias * (1 / scale)) in float32, half away from zero, saturated. */
int32_t fdm_bias_quantize(float bias, float scale);

#endif
