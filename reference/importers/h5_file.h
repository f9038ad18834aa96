/* A thin reader of HDF5 files in memory; the only user of libhdf5 (support.hdfgroup.org).
 *
 * libhdf5 is neither thread-safe nor safe against damaged files: it is known to crash on them. So
 * these functions run in a process of their own, see h5_process.h, and print nothing. Only hard
 * links are followed, no other file is opened and no filter plugin is loaded.
 *
 * Names of objects are paths from the root, "/model_weights/conv1". Failures are FDM_ERR_FORMAT,
 * FDM_ERR_UNSUPPORTED or FDM_ERR_MEMORY and name the object. */
#ifndef FDM_REFERENCE_IMPORTERS_H5_FILE_H
#define FDM_REFERENCE_IMPORTERS_H5_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

#define FDM_H5_MAX_RANK 6

struct fdm_h5_file; /* opaque */

/* `bytes` must outlive the file. */
enum fdm_status fdm_h5_open(const uint8_t *bytes, size_t len, struct fdm_h5_file **out,
                            struct fdm_error *err);
void fdm_h5_close(struct fdm_h5_file *file);

/* Strings of an attribute, of fixed or variable length, each NUL-terminated. An attribute that is
 * an empty array of any type has none. */
struct fdm_h5_strings {
    char **texts;
    size_t count;
};
/* At most `max_count` strings of at most `max_bytes` each. The caller releases. */
enum fdm_status fdm_h5_read_strings(const struct fdm_h5_file *file, const char *object,
                                    const char *attribute, size_t max_count, size_t max_bytes,
                                    struct fdm_h5_strings *out, struct fdm_error *err);
bool fdm_h5_has_group(const struct fdm_h5_file *file, const char *object);
/* False also where the object is missing or no group. */
bool fdm_h5_has_attribute(const struct fdm_h5_file *file, const char *object,
                          const char *attribute);
void fdm_h5_strings_release(struct fdm_h5_strings *strings);

/* A float32 dataset, row-major; the caller frees `values`. */
struct fdm_h5_floats {
    uint32_t rank;
    uint32_t dims[FDM_H5_MAX_RANK];
    size_t count;
    float *values;
};
enum fdm_status fdm_h5_read_floats(const struct fdm_h5_file *file, const char *dataset,
                                   size_t max_count, struct fdm_h5_floats *out,
                                   struct fdm_error *err);

#endif
