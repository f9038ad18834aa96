/* Networks to test with. */
#ifndef FDM_TESTS_SUPPORT_NETWORK_H
#define FDM_TESTS_SUPPORT_NETWORK_H

#include "reference/network/network.h"

/* The model of test_tflite_small(), compiled: every int8 operator. The caller frees with
 * fdm_network_free(). */
struct fdm_network *test_small_network(const char *semantics);
/* The same in the smallest arena, so with a streamed input. */
struct fdm_network *test_streamed_network(const char *semantics);
/* A model file of the test data, "flowers/…/x_int8.tflite" below its models/; skips where absent.
 * `semantics` is NULL for float models, `arena_limit` 0 for none. */
struct fdm_network *test_model_network(const char *relative, const char *semantics,
                                       size_t arena_limit);

/* `arena_bytes` bytes, aligned; the caller frees. */
void *test_arena(const struct fdm_network *network);
/* Random pixels, or values in -1..1 for float networks. */
void test_fill_input(const struct fdm_network *network, uint32_t seed, void *input);

#endif
