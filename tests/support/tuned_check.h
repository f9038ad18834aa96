/* A tuned kernel against the reference, on random layers: shapes, strides, paddings, zero points,
 * rounding rules and extreme values, in whole tensors and in rings of rows.
 *
 * Freestanding like the kernels, so that the same check runs on the host, on emulated processors
 * and on boards. Every buffer comes from the caller's `take` with exactly the size that the kernel
 * is promised, so an address sanitizer sees each byte too many. */
#ifndef FDM_TESTS_SUPPORT_TUNED_CHECK_H
#define FDM_TESTS_SUPPORT_TUNED_CHECK_H

#include "reference/kernels/nn_kernel.h"

struct tuned_memory {
    void *(*take)(size_t bytes); /* aligned to 16; never NULL for the sizes below */
    void (*give)(void *block);
};
#define TUNED_CHECK_MEMORY (1u << 20) /* the most that is taken at once, in bytes */

struct tuned_verdict {
    uint32_t checked;  /* layers that the kernel took and that were equal */
    uint32_t declined; /* layers that it does not suit */
    bool failed;       /* after `checked` equal ones */
    uint32_t seed;     /* repeats the failed layer with cases == 1 */
    int32_t row;       /* the first row that differs, and where in it */
    size_t byte;
    unsigned expected, got;
};

/* Draws layers of the kernel's operator until it took `cases` of them, declined a hundred times as
 * many, or failed one. `seed` is not 0. */
void tuned_check(const struct fdm_nn_kernel *kernel, const struct tuned_memory *memory,
                 uint32_t seed, uint32_t cases, struct tuned_verdict *out);

#endif
