#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "harness/datasets/encode.h"

enum fdm_status fdm_image_encode_png(const struct fdm_image *image, struct fdm_buf *out,
                                     struct fdm_error *err)
{
    png_image header;
    memset(&header, 0, sizeof header);
    header.version = PNG_IMAGE_VERSION;
    header.width = image->width;
    header.height = image->height;
    header.format = PNG_FORMAT_RGB;
    png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(header);
    void *bytes = malloc(size);
    if (bytes == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = FDM_OK;
    if (png_image_write_to_memory(&header, bytes, &size, 0, image->pixels, 0, NULL) != 0)
        fdm_buf_append(out, bytes, size);
    else
        status = fdm_fail(err, FDM_ERR_UNSUPPORTED, "PNG: %s", header.message);
    free(bytes);
    return status == FDM_OK ? fdm_buf_check(out, err) : status;
}
