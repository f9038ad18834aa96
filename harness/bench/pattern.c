#include "harness/bench/pattern.h"

#include <stdlib.h>

enum fdm_status fdm_pattern_make(const struct fdm_network *network, void **out,
                                 struct fdm_error *err)
{
    const struct fdm_network_tensor *in = &network->tensors[network->input];
    size_t count = (size_t)in->h * (size_t)in->w * (size_t)in->c;
    *out = malloc(in->bytes);
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    uint32_t noise = 1;
    for (size_t i = 0; i < count; i++) {
        noise = noise * 1664525u + 1013904223u;
        uint8_t pixel = (uint8_t)((i / 3 % (size_t)in->w + i / 500) / 2 + (noise >> 27));
        if (in->type == FDM_NETWORK_F32)
            ((float *)*out)[i] = (float)pixel / 255.0f;
        else
            ((uint8_t *)*out)[i] = pixel;
    }
    return FDM_OK;
}
