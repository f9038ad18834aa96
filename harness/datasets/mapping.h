/* From pixels to what a network takes: rescaling to float, and from there to a quantized input.
 *
 * As in ST's evaluation (stm32ai-modelzoo-services: a Keras Rescaling layer, then evaluate.py):
 * real = x * scale + offset; code = clip(round_half_even(real / input_scale + zero_point)). Each of
 * the four operations rounds to float32. A fused multiply-add would give other codes for models
 * whose values lie half-way between two, as those with "x/127.5-1" and zero point 127 do. */
#ifndef FDM_DATASETS_MAPPING_H
#define FDM_DATASETS_MAPPING_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

struct fdm_mapping {
    const char *name; /* static text */
    float scale;
    float offset;
};

/* "x/255", "x/255-1", "x/127.5-1"; NULL for others. */
const struct fdm_mapping *fdm_mapping_find(const char *name);

/* The mapping that an input quantization itself implies: scale s, offset -zero_point * s. Quantized
 * again with the same s and zero point it hands every pixel through unchanged. Named
 * "input-quantization". */
struct fdm_mapping fdm_mapping_for_quant(float scale, int32_t zero_point);

/* out[i] = pixels[i] * scale + offset for `count` values. */
void fdm_mapping_apply_f32(const struct fdm_mapping *mapping, const uint8_t *pixels, size_t count,
                           float *out);

/* What becomes of each pixel value. */
struct fdm_mapping_table {
    uint8_t code[256];
    uint32_t identical; /* values with code[x] == x */
    uint32_t saturated; /* values that were clipped: below -0.5 or above 255.5 before rounding */
};

/* FDM_ERR_USAGE unless scale is finite and above 0 and zero_point is 0 to 255. */
enum fdm_status fdm_mapping_quantize_u8(const struct fdm_mapping *mapping, float scale,
                                        int32_t zero_point, struct fdm_mapping_table *out,
                                        struct fdm_error *err);

/* out[i] = table->code[pixels[i]] for `count` values. */
void fdm_mapping_apply_u8(const struct fdm_mapping_table *table, const uint8_t *pixels,
                          size_t count, uint8_t *out);

#endif
