/* Images, decoded as tf.image.decode_image(channels=3) of TensorFlow does, because the published
 * accuracies are counts of images that came through it.
 *
 * The format is told by the first bytes, never by the name.
 * JPEG (libjpeg-turbo): fast integer inverse DCT (JDCT_IFAST), fancy chroma upsampling, gray
 *   replicated, CMYK and YCCK as r = k*c/255 (with an Adobe marker: values stored inverted) or
 *   (255-k)*(255-c)/255. A file that ends before its EOI marker is an error. Damage that libjpeg
 *   only warns about decodes, and is counted.
 * PNG (libpng): 16 bits cut to the upper 8, palettes and fewer bits expanded, gray replicated,
 *   alpha dropped (not blended), no gamma.
 * Source: tensorflow/core/lib/jpeg/jpeg_mem.cc, core/lib/png/png_io.cc, core/kernels/image/
 * decode_image_op.cc. Orientation tags are ignored, there as here. */
#ifndef FDM_DATASETS_IMAGE_H
#define FDM_DATASETS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

#define FDM_IMAGE_PIXELS_MAX UINT32_C(100000000)
#define FDM_IMAGE_FILE_BYTES_MAX ((size_t)256 << 20)

/* 8-bit RGB, rows from the top without padding: pixels[(y * width + x) * 3 + channel]. */
struct fdm_image {
    uint8_t *pixels;
    uint32_t width;
    uint32_t height;
    uint32_t warnings; /* damage that the decoder stepped over; 0 for a sound file */
};

enum fdm_image_format {
    FDM_IMAGE_UNKNOWN,
    FDM_IMAGE_JPEG,
    FDM_IMAGE_PNG,
    FDM_IMAGE_GIF,
    FDM_IMAGE_BMP
};

/* By signature; FDM_IMAGE_SIGNATURE_BYTES are enough to tell, fewer may give FDM_IMAGE_UNKNOWN. */
#define FDM_IMAGE_SIGNATURE_BYTES 8u
enum fdm_image_format fdm_image_format(const uint8_t *bytes, size_t len);
/* "JPEG", "PNG", "GIF", "BMP", "unknown". */
const char *fdm_image_format_name(enum fdm_image_format format);

/* `bytes` stay the caller's. On success `out->pixels` is the caller's, freed with
 * fdm_image_release(); on failure `out` is empty. FDM_ERR_FORMAT (no image, truncated, damaged),
 * FDM_ERR_UNSUPPORTED (GIF, BMP, or a JPEG or PNG kind that the library does not decode),
 * FDM_ERR_MEMORY (more than FDM_IMAGE_PIXELS_MAX pixels, or no memory). Safe in several threads. */
enum fdm_status fdm_image_decode(const uint8_t *bytes, size_t len, struct fdm_image *out,
                                 struct fdm_error *err);
/* An image with room for its pixels, which are not set. FDM_ERR_FORMAT (a side of 0),
 * FDM_ERR_MEMORY (as above). */
enum fdm_status fdm_image_allocate(uint32_t width, uint32_t height, struct fdm_image *out,
                                   struct fdm_error *err);
void fdm_image_release(struct fdm_image *image);

/* Names everything that decides the pixels: our revision, the DCT, and libjpeg-turbo's version at
 * the time of building. Changes when the same bytes may decode to other pixels. */
const char *fdm_image_decoder(void);

#endif
