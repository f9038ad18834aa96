/* The oracle vectors: their synthetic images, from integers only, so that any program makes the
 * same bytes, and which runtime's outputs follow which rules. */
#ifndef FDM_TESTS_ORACLE_VECTOR_INPUT_H
#define FDM_TESTS_ORACLE_VECTOR_INPUT_H

#include <stdbool.h>
#include <stdint.h>

/* Fills [size, size, 3] with the generator of that name: xorshift32, const, ramp, blocks16 or
 * smooth8. False for other names and for sizes that are no multiple of 16. */
bool vector_input(const char *generator, uint32_t seed, uint32_t size, uint8_t *out);

/* Who computed the other outputs of a vector. */
struct vector_runtime {
    const char *semantics; /* the preset that it follows */
    const char *name;      /* a member of other_runtimes */
};

#define VECTOR_RUNTIMES 5
extern const struct vector_runtime vector_runtimes[VECTOR_RUNTIMES];

#endif
