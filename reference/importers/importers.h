/* Model files to graphs: TensorFlow Lite (.tflite) and Keras (.h5, .keras).
 *
 * Files are hostile until proven otherwise: every offset and size is checked before it is used, and
 * memory is bounded. A graph that is returned has passed fdm_graph_check(); the caller frees it
 * with fdm_graph_free(). On failure `*out` is NULL and the message names the file, then the byte
 * offset, operator, tensor or layer, and the cause.
 *
 * Status: FDM_ERR_NOT_FOUND, FDM_ERR_IO; FDM_ERR_FORMAT (damaged, truncated, contradicts itself);
 * FDM_ERR_UNSUPPORTED (a model that we do not run, naming what is missing); FDM_ERR_MEMORY (larger
 * than FDM_IMPORT_MAX_BYTES, or the graph's bounds).
 *
 * libhdf5 is neither thread-safe nor safe against damaged files, so Keras files are read in
 * a forked process (h5_process.h); callers may import from several threads. FDM_ERR_IO also if that
 * process cannot be started. */
#ifndef FDM_REFERENCE_IMPORTERS_IMPORTERS_H
#define FDM_REFERENCE_IMPORTERS_IMPORTERS_H

#include <stddef.h>
#include <stdint.h>

#include "reference/graph/graph.h"

#define FDM_IMPORT_MAX_BYTES ((size_t)64 << 20)

/* A file of any kind, told apart by its first bytes. The graph's name is the model's own if the
 * file has one, else the file's base name; its sha256 is the file's. */
enum fdm_status fdm_import_file(const char *path, struct fdm_graph **out, struct fdm_error *err);

/* A TensorFlow Lite model of `len` bytes, which may be freed afterwards. `name` is the file's name
 * in messages. Schema version 3, one subgraph, the operators that ST's int8 FdMobileNet files use;
 * integer or float. */
enum fdm_status fdm_import_tflite(const uint8_t *bytes, size_t len, const char *name,
                                  struct fdm_graph **out, struct fdm_error *err);

/* A Keras HDF5 model: a Functional or Sequential chain of the layers that FdMobileNet uses, float.
 * `bytes` may be freed afterwards. */
enum fdm_status fdm_import_h5(const uint8_t *bytes, size_t len, const char *name,
                              struct fdm_graph **out, struct fdm_error *err);

/* A Keras 3 archive (.keras) of such a model. */
enum fdm_status fdm_import_keras(const uint8_t *bytes, size_t len, const char *name,
                                 struct fdm_graph **out, struct fdm_error *err);

#endif
