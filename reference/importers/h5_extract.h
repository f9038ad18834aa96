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

/* Adds numbers read from a file to the parts and takes `floats->values`, also on failure: errors of
 * fdm_keras_add_array(). Longer names than FDM_KERAS_MAX_NAME allows are cut. */
enum fdm_status fdm_h5_keep_floats(struct fdm_keras_file *file, const char *layer, const char *role,
                                   const struct fdm_h5_floats *floats, struct fdm_error *err);

#endif
