#include "harness/datasets/split.h"

#include <stdlib.h>

#include "harness/datasets/mt19937.h"

enum fdm_status fdm_split_permutation(uint32_t n, uint32_t seed, uint32_t **out,
                                      struct fdm_error *err)
{
    *out = NULL;
    if (n == 0 || n > FDM_SPLIT_IMAGES_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "cannot split %u images: 1 to %u are possible", n,
                        FDM_SPLIT_IMAGES_MAX);
    uint32_t *order = malloc(n * sizeof *order);
    if (order == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for the order of %u images", n);
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    struct fdm_mt19937 generator;
    fdm_mt19937_seed(&generator, seed);
    for (uint32_t i = n - 1; i > 0; i--) {
        uint32_t j = fdm_mt19937_upto(&generator, i);
        uint32_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
    *out = order;
    return FDM_OK;
}

struct fdm_split_range fdm_split_validation(enum fdm_split_scheme scheme, uint32_t n)
{
    uint32_t first = scheme == FDM_SPLIT_ST ? (uint32_t)((double)n * (1.0 - 0.2))
                                            : n - (uint32_t)(0.2 * (double)n);
    return (struct fdm_split_range){first, n - first};
}

enum fdm_status fdm_split_sha256(const uint32_t *permutation, uint32_t n,
                                 char hex[FDM_SHA256_HEX_SIZE], struct fdm_error *err)
{
    struct fdm_sha256 *hash;
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        return status;
    unsigned char piece[4096];
    size_t filled = 0;
    for (uint32_t i = 0; i < n; i++) {
        for (unsigned byte = 0; byte < 4; byte++)
            piece[filled++] = (unsigned char)(permutation[i] >> (8 * byte));
        if (filled == sizeof piece) {
            fdm_sha256_update(hash, piece, filled);
            filled = 0;
        }
    }
    fdm_sha256_update(hash, piece, filled);
    fdm_sha256_finish(hash, hex);
    return FDM_OK;
}
