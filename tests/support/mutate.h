/* Damage as files suffer it, repeatable from a number. */
#ifndef FDM_TESTS_SUPPORT_MUTATE_H
#define FDM_TESTS_SUPPORT_MUTATE_H

#include <stddef.h>
#include <stdint.h>

/* A copy of `bytes` in memory of exactly its own size, with 1 to 8 changes: bits flipped, bytes and
 * 32-bit numbers replaced, pieces copied or zeroed, the end cut off. `*len` becomes its length. The
 * same seed and number give the same copy. The caller frees. */
uint8_t *test_mutate(const uint8_t *bytes, size_t *len, uint32_t seed, uint32_t number);

#endif
