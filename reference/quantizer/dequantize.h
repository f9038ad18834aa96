/* An int8 graph's weights as the reals that they stand for. */
#ifndef FDM_REFERENCE_QUANTIZER_DEQUANTIZE_H
#define FDM_REFERENCE_QUANTIZER_DEQUANTIZE_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"

/* The float graph that computes with the int8 graph's weights and biases, but rounds no activation:
 * what lies between it and the float model is the work of the weights, what lies between it and the
 * int8 model is the work of the activations. Its operators are those of `int8` without QUANTIZE,
 * DEQUANTIZE and the computing of shapes, in order.
 *
 * `int8` passed fdm_graph_check(); the caller frees `*out`, which passed it too.
 * FDM_ERR_UNSUPPORTED for a float graph or one that is no chain; FDM_ERR_MEMORY. */
enum fdm_status fdm_dequantize(const struct fdm_graph *int8, struct fdm_graph **out,
                               struct fdm_error *err);

#endif
