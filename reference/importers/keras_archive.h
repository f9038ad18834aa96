/* From a .keras archive to its parts.
 *
 * A zip file as Keras 3 writes it (keras/src/saving/saving_lib.py): "config.json" is the
 * configuration, "model.weights.h5" an HDF5 file. There the i-th variable of a layer is the dataset
 * "/layers/<class>/vars/<i>", <class> being the layer's class in lower case with underscores, and
 * from the second layer of a class on with "_1", "_2" … behind it, in execution order; the layer's
 * own name stands in the group's attribute "name", where Keras is new enough. */
#ifndef FDM_REFERENCE_IMPORTERS_KERAS_ARCHIVE_H
#define FDM_REFERENCE_IMPORTERS_KERAS_ARCHIVE_H

#include "reference/importers/keras_weights.h"

/* As fdm_h5_extract(), with its risks and errors; names the member of the archive in messages. */
enum fdm_status fdm_keras_archive_extract(const uint8_t *bytes, size_t len,
                                          struct fdm_keras_file *out, struct fdm_error *err);

#endif
