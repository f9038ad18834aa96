/* The images from which a quantization is derived, and on which it is judged. */
#ifndef FDM_REFERENCE_QUANTIZER_SAMPLES_H
#define FDM_REFERENCE_QUANTIZER_SAMPLES_H

#include <stdint.h>

#include "harness/base/status.h"
#include "reference/network/network.h"

/* Pixels are kept as bytes, [h, w, 3] of the model's input size; what a byte means to a float and
 * to an int8 network is a table each. Everything is the caller's. */
struct fdm_samples {
    const uint8_t *const *pixels;
    uint32_t count;
    const float *real;   /* 256 values: the float network's input */
    const uint8_t *code; /* 256 values: the int8 network's input */
};

/* Writes sample `index` to the network's input in `arena`, by the input's type. */
void fdm_samples_write(const struct fdm_samples *samples, uint32_t index,
                       const struct fdm_network *network, void *arena);

/* An arena for the network, freed with free(); FDM_ERR_MEMORY. */
enum fdm_status fdm_samples_arena(const struct fdm_network *network, void **out,
                                  struct fdm_error *err);

#endif
