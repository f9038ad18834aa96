/* The validation splits behind the published accuracy figures.
 *
 * A split is a permutation of the n listed images and a range of it. The permutation is the one of
 * numpy's legacy RandomState(seed).shuffle on a Python list, whose stream numpy keeps stable by its
 * compatibility policy (NEP 19): MT19937 seeded with one integer; for i from n - 1 down to 1, swap
 * elements i and j with j drawn from 0 to i (fdm_mt19937_upto). Which images the indices mean is
 * decided by the listing (listing.h). */
#ifndef FDM_DATASETS_SPLIT_H
#define FDM_DATASETS_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/hash.h"
#include "harness/base/status.h"

#define FDM_SPLIT_IMAGES_MAX 10000000u

/* The seeds of the published models: those with "tfs" in the name, and the older ones. */
#define FDM_SPLIT_SEED_ST 127u
#define FDM_SPLIT_SEED_KERAS 133u

enum fdm_split_scheme {
    FDM_SPLIT_ST,   /* train = first trunc(n * (1 - 0.2)), validation = the rest */
    FDM_SPLIT_KERAS /* validation = last trunc(0.2 * n), as image_dataset_from_directory */
};

/* Writes a new array of n indices, the caller's to free(); NULL on failure. FDM_ERR_USAGE if n is 0
 * or above FDM_SPLIT_IMAGES_MAX, FDM_ERR_MEMORY. */
enum fdm_status fdm_split_permutation(uint32_t n, uint32_t seed, uint32_t **out,
                                      struct fdm_error *err);

/* The part of the permutation that is the validation set: `count` indices from `first` to the end.
 * Products are IEEE doubles cut towards zero, as Python's int() does. With keras, n < 5 gives a
 * count of 0. */
struct fdm_split_range {
    uint32_t first;
    uint32_t count;
};
struct fdm_split_range fdm_split_validation(enum fdm_split_scheme scheme, uint32_t n);

/* SHA-256 of the permutation as little-endian 32-bit numbers. FDM_ERR_MEMORY. */
enum fdm_status fdm_split_sha256(const uint32_t *permutation, uint32_t n,
                                 char hex[FDM_SHA256_HEX_SIZE], struct fdm_error *err);

#endif
