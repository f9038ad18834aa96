/* Part of keras_config.c: what one layer's configuration says of that layer alone. */
#ifndef FDM_REFERENCE_IMPORTERS_KERAS_LAYER_H
#define FDM_REFERENCE_IMPORTERS_KERAS_LAYER_H

#include "reference/importers/keras_config.h"

/* Reads `config`, the member of `entry` with that name, by the rules of entry's class_name; sets
 * all of `layer`, which is zeroed before, but its name. FDM_ERR_UNSUPPORTED: another class, or a
 * setting that would change the result and is not computed. FDM_ERR_FORMAT. */
enum fdm_status fdm_keras_layer_read(const struct fdm_json *entry, const struct fdm_json *config,
                                     struct fdm_keras_layer *layer, struct fdm_error *err);

#endif
