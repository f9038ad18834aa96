/* A folded float graph (fold.h) and its activations' quantization to an int8 graph. */
#ifndef FDM_REFERENCE_QUANTIZER_QUANTIZE_H
#define FDM_REFERENCE_QUANTIZER_QUANTIZE_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/quantizer/affine.h"
#include "reference/quantizer/weights.h"

/* The int8 graph: uint8 input, QUANTIZE (same scale, zero point 128 less), the chain, DEQUANTIZE to
 * a float output. `activations` holds an affine for each tensor of `folded`, by index; those of
 * constants, of RESHAPE outputs (the input's) and of SOFTMAX outputs (1/256, -128) are not read.
 * The graph has the layout that ST's files have, so importers and runtimes treat it alike; its
 * operators are named like those of `folded`, its RESHAPEs have constant shapes.
 *
 * `folded` comes from fdm_fold(). The caller frees `*out`, which passed fdm_graph_check() and has
 * neither hash nor size. FDM_ERR_UNSUPPORTED (an accumulator could overflow), FDM_ERR_MEMORY. */
enum fdm_status fdm_quantize(const struct fdm_graph *folded, const struct fdm_affine *activations,
                             struct fdm_weight_rule rule, struct fdm_graph **out,
                             struct fdm_error *err);

#endif
