/* What a Keras model file holds, whatever its container: the configuration as JSON text, and arrays
 * of weights by layer and role. */
#ifndef FDM_REFERENCE_IMPORTERS_KERAS_WEIGHTS_H
#define FDM_REFERENCE_IMPORTERS_KERAS_WEIGHTS_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"

#define FDM_KERAS_MAX_NAME 256 /* with the NUL */
#define FDM_KERAS_MAX_RANK 6
#define FDM_KERAS_MAX_ARRAYS 4096
#define FDM_KERAS_MAX_FLOATS ((size_t)1 << 24) /* of all arrays together */
#define FDM_KERAS_MAX_CONFIG ((size_t)4 << 20)

struct fdm_keras_array {
    char layer[FDM_KERAS_MAX_NAME];
    char role[FDM_KERAS_MAX_NAME]; /* "kernel", "gamma", … */
    uint32_t rank;
    uint32_t dims[FDM_KERAS_MAX_RANK];
    size_t count;  /* product of the dimensions */
    float *values; /* row-major, owned */
};

struct fdm_keras_file {
    char *config; /* JSON, NUL-terminated; NULL before it is set */
    struct fdm_keras_array *arrays;
    size_t array_count;
    size_t float_count; /* in all arrays */
};

void fdm_keras_file_init(struct fdm_keras_file *file);
void fdm_keras_file_release(struct fdm_keras_file *file);

/* Takes a copy. FDM_ERR_MEMORY past FDM_KERAS_MAX_CONFIG. */
enum fdm_status fdm_keras_set_config(struct fdm_keras_file *file, const char *config, size_t len,
                                     struct fdm_error *err);
/* Takes `array->values`, which must come from malloc(), also on failure: FDM_ERR_MEMORY past the
 * bounds above, FDM_ERR_FORMAT if layer and role are there already. */
enum fdm_status fdm_keras_add_array(struct fdm_keras_file *file,
                                    const struct fdm_keras_array *array, struct fdm_error *err);
/* NULL if there is none. */
const struct fdm_keras_array *fdm_keras_find(const struct fdm_keras_file *file, const char *layer,
                                             const char *role);

/* The whole file as bytes and back, for a pipe between two copies of this program. Reading trusts
 * nothing: FDM_ERR_FORMAT. `out` must be initialised. */
void fdm_keras_encode(const struct fdm_keras_file *file, struct fdm_buf *out);
enum fdm_status fdm_keras_decode(const char *bytes, size_t len, struct fdm_keras_file *out,
                                 struct fdm_error *err);

#endif
