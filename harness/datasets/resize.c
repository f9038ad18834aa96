#include "harness/datasets/resize.h"

#include <string.h>

uint32_t fdm_resize_nearest_source(uint32_t i, uint32_t in, uint32_t out)
{
    float scale = (float)in / (float)out;
    float centre = (float)i + 0.5F;
    /* Not negative, so that cutting is flooring. */
    uint32_t source = (uint32_t)(centre * scale);
    return source < in ? source : in - 1;
}

static void copy_row(const uint8_t *from, const uint32_t *columns, uint32_t width, uint8_t *to)
{
    for (uint32_t x = 0; x < width; x++) {
        const uint8_t *pixel = from + columns[x];
        to[0] = pixel[0];
        to[1] = pixel[1];
        to[2] = pixel[2];
        to += 3;
    }
}

enum fdm_status fdm_resize_check(struct fdm_image_size size, struct fdm_error *err)
{
    if (size.width == 0 || size.height == 0 || size.width > FDM_RESIZE_SIDE_MAX ||
        size.height > FDM_RESIZE_SIDE_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "cannot resize to %u x %u: sides are 1 to %u",
                        size.width, size.height, FDM_RESIZE_SIDE_MAX);
    return FDM_OK;
}

enum fdm_status fdm_resize_nearest(const struct fdm_image *source, struct fdm_image_size size,
                                   struct fdm_image *out, struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    enum fdm_status status = fdm_resize_check(size, err);
    if (status == FDM_OK)
        status = fdm_image_allocate(size.width, size.height, out, err);
    if (status != FDM_OK)
        return status;
    out->warnings = source->warnings;
    uint32_t columns[FDM_RESIZE_SIDE_MAX]; /* byte offsets in a source row */
    for (uint32_t x = 0; x < size.width; x++)
        columns[x] = 3 * fdm_resize_nearest_source(x, source->width, size.width);
    size_t row_bytes = (size_t)size.width * 3;
    for (uint32_t y = 0; y < size.height; y++) {
        size_t row = fdm_resize_nearest_source(y, source->height, size.height);
        copy_row(source->pixels + row * source->width * 3, columns, size.width,
                 out->pixels + y * row_bytes);
    }
    return FDM_OK;
}
