/* A checksum of each layer's output: tells which layer of two runs differs first. */
#ifndef FDM_BENCH_LAYER_SUMS_H
#define FDM_BENCH_LAYER_SUMS_H

#include "reference/network/network.h"
#include "targets/wire/crc32.h"

static inline void fdm_layer_sums_add(void *context, uint32_t layer, size_t at, const void *output,
                                      size_t bytes)
{
    uint32_t *sums = context;
    sums[layer] = fdm_crc32(at == 0 ? FDM_CRC32_INIT : sums[layer], output, bytes);
}

/* An observer that fills `sums`, one CRC-32 for each layer of the network. */
static inline struct fdm_network_observer fdm_layer_sums(uint32_t *sums)
{
    return (struct fdm_network_observer){.context = sums, .after = fdm_layer_sums_add};
}

#endif
