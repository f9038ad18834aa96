/* From a Keras HDF5 file to its parts.
 *
 * Layout as Keras 2 writes it: the root's attribute `model_config` is the configuration; below
 * /model_weights each layer has a group whose attribute `weight_names` lists datasets,
 * "conv1/kernel:0". The array's role is the last part of that name without ":0". */
#ifndef FDM_REFERENCE_IMPORTERS_H5_EXTRACT_H
#define FDM_REFERENCE_IMPORTERS_H5_EXTRACT_H

#include "reference/importers/h5_file.h"
#include "reference/importers/keras_weights.h"

/* Runs libhdf5 in this process, with the risks that h5_file.h names; `out` must be initialised and
 * is the caller's to release, also on failure. FDM_ERR_FORMAT, FDM_ERR_UNSUPPORTED,
 * FDM_ERR_MEMORY. */
enum fdm_status fdm_h5_extract(const uint8_t *bytes, size_t len, struct fdm_keras_file *out,
                               struct fdm_error *err);

/* Adds the dataset at `path` to the parts, as `role` of `layer`; longer names than
 * FDM_KERAS_MAX_NAME allows are cut. Errors of fdm_h5_read_floats() and fdm_keras_add_array(). */
enum fdm_status fdm_h5_extract_floats(const struct fdm_h5_file *h5, const char *path,
                                      const char *layer, const char *role,
                                      struct fdm_keras_file *out, struct fdm_error *err);

#endif
