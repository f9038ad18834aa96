/* A graph to the bytes of a TensorFlow Lite model (schema version 3). */
#ifndef FDM_REFERENCE_QUANTIZER_TFLITE_WRITER_H
#define FDM_REFERENCE_QUANTIZER_TFLITE_WRITER_H

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "reference/graph/graph.h"

/* Appends the whole file to `out`, which must be empty. `description` is stored as the model's own;
 * NULL for none. The same graph gives the same bytes, and fdm_import_tflite() gives the same graph
 * again: tensors keep their numbers, operators get their output tensor's name, as in any such file.
 * Constants lie at multiples of 16 bytes, shapes are static, operator versions are the lowest that
 * TensorFlow Lite's kernels give for the types.
 *
 * Any graph that passed fdm_graph_check(), float or int8, but FDM_ERR_UNSUPPORTED for operators
 * that the format has not (BATCH_NORM), that the importer would refuse (RELU), or whose attributes
 * the graph does not hold (SHAPE, STRIDED_SLICE, PACK), for a MEAN without its axes, and for
 * padding that is neither SAME nor VALID; FDM_ERR_MEMORY. */
enum fdm_status fdm_tflite_write(const struct fdm_graph *graph, const char *description,
                                 struct fdm_buf *out, struct fdm_error *err);

#endif
