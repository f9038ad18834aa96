/* Images to bytes. */
#ifndef FDM_DATASETS_ENCODE_H
#define FDM_DATASETS_ENCODE_H

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "harness/datasets/image.h"

/* Appends a PNG file. The pixels come back from fdm_image_decode() as they are; how the file packs
 * them depends on the zlib at hand. FDM_ERR_MEMORY, FDM_ERR_UNSUPPORTED (libpng's limits). */
enum fdm_status fdm_image_encode_png(const struct fdm_image *image, struct fdm_buf *out,
                                     struct fdm_error *err);

#endif
