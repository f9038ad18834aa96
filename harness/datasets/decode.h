/* For the decoders behind fdm_image_decode() (image.h) only: one per format, each with its library.
 * `out` is empty on entry and on failure. */
#ifndef FDM_DATASETS_DECODE_H
#define FDM_DATASETS_DECODE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/datasets/image.h"

enum fdm_status fdm_decode_jpeg(const uint8_t *bytes, size_t len, struct fdm_image *out,
                                struct fdm_error *err);
enum fdm_status fdm_decode_png(const uint8_t *bytes, size_t len, struct fdm_image *out,
                               struct fdm_error *err);

/* See fdm_image_decoder(); PNG needs no mention, its decoding is exact by definition. */
const char *fdm_decode_jpeg_version(void);

#endif
