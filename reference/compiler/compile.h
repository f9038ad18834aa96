/* From a graph to a network that can run.
 *
 * int8: SHAPE, STRIDED_SLICE, PACK and RESHAPE vanish, requantization is derived from the scales
 * under the chosen semantics. Float: batch norm is folded into the convolution before it (in
 * float64, then rounded once to float32) and RELU becomes the convolution's activation. Both: the
 * arena is planned (plan.h). */
#ifndef FDM_REFERENCE_COMPILER_COMPILE_H
#define FDM_REFERENCE_COMPILER_COMPILE_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/network/network.h"
#include "reference/network/semantics.h"

/* NULL options are all zero: the reference, with as much memory as it likes. */
struct fdm_compile_options {
    bool tuned;         /* the engine "tuned": the best kernels of these instruction sets */
    unsigned isas;      /* set of enum fdm_nn_isa; they need not be this computer's */
    size_t arena_limit; /* bytes that the arena may have; 0: any number (plan.h) */
};

/* Makes a network for an engine: chooses each layer's kernel and packs its weights. `graph` is one
 * that fdm_graph_check() accepts; the network copies what it needs, so the graph may be freed.
 * `semantics` is read for int8 graphs and may be NULL for float ones. The caller frees `*out` with
 * fdm_network_free(); it is NULL on failure. FDM_ERR_UNSUPPORTED names the operator that no kernel
 * runs as it stands, or the smallest arena if that is above the limit, FDM_ERR_FORMAT the one whose
 * folded weights leave float32; FDM_ERR_USAGE, FDM_ERR_MEMORY. */
enum fdm_status fdm_compile(const struct fdm_graph *graph, const struct fdm_semantics *semantics,
                            const struct fdm_compile_options *options, struct fdm_network **out,
                            struct fdm_error *err);

/* Frees a network made by fdm_compile(); NULL is allowed. */
void fdm_network_free(struct fdm_network *network);

#endif
