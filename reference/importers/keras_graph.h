/* From a Keras configuration and its weights to a float graph. Independent of the container. */
#ifndef FDM_REFERENCE_IMPORTERS_KERAS_GRAPH_H
#define FDM_REFERENCE_IMPORTERS_KERAS_GRAPH_H

#include "reference/graph/graph.h"
#include "reference/importers/keras_config.h"
#include "reference/importers/keras_weights.h"

/* One operator per layer; kernels are transposed to the graph's layouts. FDM_ERR_FORMAT if weights
 * are missing or of another shape, FDM_ERR_UNSUPPORTED, FDM_ERR_MEMORY; messages name the layer.
 * The caller frees the graph, which has passed fdm_graph_check() but has no hash yet. */
enum fdm_status fdm_keras_build(const struct fdm_keras_config *config,
                                const struct fdm_keras_file *weights, struct fdm_graph **out,
                                struct fdm_error *err);

#endif
