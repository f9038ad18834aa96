/* The synthetic images of the oracle vectors, from integers only, so that any program makes the
 * same bytes. */
#ifndef FDM_TESTS_ORACLE_VECTOR_INPUT_H
#define FDM_TESTS_ORACLE_VECTOR_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/* Fills [size, size, 3] with the generator of that name: xorshift32, const, ramp, blocks16 or
 * smooth8. False for other names and for sizes that are no multiple of 16. */
bool vector_input(const char *generator, uint32_t seed, uint32_t size, uint8_t *out);

#endif
