/* From a float model as trained to what is quantized: a chain of convolutions with their batch norm
 * and activation inside, MEAN, SOFTMAX and RESHAPE. */
#ifndef FDM_REFERENCE_QUANTIZER_FOLD_H
#define FDM_REFERENCE_QUANTIZER_FOLD_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"

/* Which reciprocal square root folds batch norm; see rsqrt.h. */
enum fdm_fold_rsqrt {
    FDM_FOLD_CONVERTER, /* the approximation of TensorFlow Lite's converter on an Intel processor */
    FDM_FOLD_EXACT
};

/* Every step in float32, as the converter does it: factor = gamma * rsqrt(variance + epsilon),
 * weights * factor, bias = beta - mean * factor (plus the convolution's own bias times factor).
 * Each convolution gets a bias, zeros if it had none, and is named after itself; RESHAPEs that
 * change nothing, as dropout at inference, vanish; MEAN has its axes as an operand. Tensors are
 * numbered in the order of the chain.
 *
 * `graph` is float and passed fdm_graph_check(); the caller frees `*out`, which passed it too.
 * FDM_ERR_UNSUPPORTED for an int8 graph, one that is no chain, or a batch norm or RELU that does
 * not follow a convolution; FDM_ERR_FORMAT where a folded weight leaves float32; FDM_ERR_MEMORY. */
enum fdm_status fdm_fold(const struct fdm_graph *graph, enum fdm_fold_rsqrt rsqrt,
                         struct fdm_graph **out, struct fdm_error *err);

#endif
