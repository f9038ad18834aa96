/* The parts of the TensorFlow Lite importer among themselves. Tensors of the graph have the numbers
 * that they have in the file. */
#ifndef FDM_REFERENCE_IMPORTERS_TFLITE_MODEL_H
#define FDM_REFERENCE_IMPORTERS_TFLITE_MODEL_H

#include "reference/graph/graph.h"
#include "reference/importers/flatbuffer.h"

struct fdm_tflite {
    struct fdm_fb fb;
    struct fdm_fb_table subgraph;
    struct fdm_fb_vector operator_codes;
    struct fdm_fb_vector buffers;
    struct fdm_fb_vector tensors;
    struct fdm_fb_vector operators;
    struct fdm_graph *graph;
};

/* Adds all tensors: shapes, quantization, constants. */
enum fdm_status fdm_tflite_read_tensors(struct fdm_tflite *model, struct fdm_error *err);
/* Adds all operators with their options; needs the tensors. */
enum fdm_status fdm_tflite_read_ops(struct fdm_tflite *model, struct fdm_error *err);

#endif
