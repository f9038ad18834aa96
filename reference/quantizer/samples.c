#include "reference/quantizer/samples.h"

#include <stdlib.h>

void fdm_samples_write(const struct fdm_samples *samples, uint32_t index,
                       const struct fdm_network *network, void *arena)
{
    const struct fdm_network_tensor *tensor = &network->tensors[network->input];
    size_t count = (size_t)tensor->h * (size_t)tensor->w * (size_t)tensor->c;
    const uint8_t *pixels = samples->pixels[index];
    void *input = fdm_network_input(network, arena);
    float *reals = input;
    uint8_t *codes = input;
    for (size_t i = 0; i < count; i++) {
        if (tensor->type == FDM_NETWORK_F32)
            reals[i] = samples->real[pixels[i]];
        else
            codes[i] = samples->code[pixels[i]];
    }
}

enum fdm_status fdm_samples_arena(const struct fdm_network *network, void **out,
                                  struct fdm_error *err)
{
    size_t bytes = (network->arena_bytes / FDM_NETWORK_ALIGNMENT + 1) * FDM_NETWORK_ALIGNMENT;
    *out = aligned_alloc(FDM_NETWORK_ALIGNMENT, bytes);
    return *out != NULL ? FDM_OK
                        : fdm_fail(err, FDM_ERR_MEMORY, "no memory for an arena of %zu bytes",
                                   network->arena_bytes);
}
