/* TensorFlow Lite with XNNPACK beside us, for comparison: a libtensorflowlite_c.so that the user
 * names, opened at run time.
 *
 * The published int8 files compute the shapes of their reshapes while they run, which XNNPACK
 * refuses; it gets a copy made in memory that differs in that alone (SHAPE, STRIDED_SLICE and PACK
 * left out). The C interface is TensorFlow Lite's (tensorflow/lite/c/c_api.h, and
 * delegates/xnnpack/xnnpack_delegate.h of version 2.9: two 32-bit options, threads and flags). */
#ifndef FDM_BENCH_PEER_TFLITE_H
#define FDM_BENCH_PEER_TFLITE_H

#include <stddef.h>

#include "harness/base/status.h"
#include "reference/graph/graph.h"

struct fdm_peer;

/* An interpreter of one thread for the int8 graph. FDM_ERR_NOT_FOUND if the library cannot be
 * opened, FDM_ERR_UNSUPPORTED if it lacks a function or refuses the model. The caller frees. */
enum fdm_status fdm_peer_open(const char *library, const struct fdm_graph *graph,
                              struct fdm_peer **out, struct fdm_error *err);
void fdm_peer_free(struct fdm_peer *peer);

/* The library's own version, "2.9.0". */
const char *fdm_peer_version(const struct fdm_peer *peer);

/* One inference of `input` in three steps, of which the middle one is what is timed. */
enum fdm_status fdm_peer_set_input(struct fdm_peer *peer, const void *input, size_t bytes,
                                   struct fdm_error *err);
enum fdm_status fdm_peer_invoke(struct fdm_peer *peer, struct fdm_error *err);
enum fdm_status fdm_peer_get_output(struct fdm_peer *peer, void *output, size_t bytes,
                                    struct fdm_error *err);

#endif
