/* Runs libhdf5 in a process of its own.
 *
 * libhdf5 1.10.8 crashed on 17 and hung on 2 of 5000 files made from a good one by changing up to
 * four bytes, so it runs in a fork of this process, which hands the parts back through a pipe. A
 * crash, more time or more memory than the limits below end that process alone and are reported as
 * a damaged file. Since the library's state dies with it, several threads may import at once, given
 * a C library whose malloc() works in the fork of a threaded program, as glibc's and musl's do. It
 * guards against damage and not against an attacker: the process has the user's rights. */
#ifndef FDM_REFERENCE_IMPORTERS_H5_PROCESS_H
#define FDM_REFERENCE_IMPORTERS_H5_PROCESS_H

#include "reference/importers/keras_weights.h"

#define FDM_H5_CPU_LIMIT_S 2                  /* of processor time; a good model needs 0.01 s */
#define FDM_H5_TIME_LIMIT_S 60                /* of real time, on however busy a machine */
#define FDM_H5_MEMORY_LIMIT ((size_t)1 << 30) /* bytes beyond what this process maps already */

/* What runs in that process: fdm_h5_extract(). */
typedef enum fdm_status fdm_h5_extractor(const uint8_t *bytes, size_t len,
                                         struct fdm_keras_file *out, struct fdm_error *err);

/* As the extractor, and FDM_ERR_IO if no process can be started. */
enum fdm_status fdm_h5_isolate(fdm_h5_extractor *extract, const uint8_t *bytes, size_t len,
                               struct fdm_keras_file *out, struct fdm_error *err);

#endif
