#include "harness/datasets/image.h"

#include <stdlib.h>
#include <string.h>

#include "harness/datasets/decode.h"

enum fdm_image_format fdm_image_format(const uint8_t *bytes, size_t len)
{
    static const struct {
        enum fdm_image_format format;
        size_t len;
        const char *signature;
    } formats[] = {
        {FDM_IMAGE_JPEG, 3, "\xff\xd8\xff"},
        {FDM_IMAGE_PNG, 8, "\x89PNG\r\n\x1a\n"},
        {FDM_IMAGE_GIF, 4, "GIF8"},
        {FDM_IMAGE_BMP, 2, "BM"},
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (len >= formats[i].len && memcmp(bytes, formats[i].signature, formats[i].len) == 0)
            return formats[i].format;
    return FDM_IMAGE_UNKNOWN;
}

const char *fdm_image_format_name(enum fdm_image_format format)
{
    switch (format) {
    case FDM_IMAGE_JPEG:
        return "JPEG";
    case FDM_IMAGE_PNG:
        return "PNG";
    case FDM_IMAGE_GIF:
        return "GIF";
    case FDM_IMAGE_BMP:
        return "BMP";
    case FDM_IMAGE_UNKNOWN:
        break;
    }
    return "unknown";
}

enum fdm_status fdm_image_decode(const uint8_t *bytes, size_t len, struct fdm_image *out,
                                 struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    enum fdm_image_format format = fdm_image_format(bytes, len);
    switch (format) {
    case FDM_IMAGE_JPEG:
        return fdm_decode_jpeg(bytes, len, out, err);
    case FDM_IMAGE_PNG:
        return fdm_decode_png(bytes, len, out, err);
    case FDM_IMAGE_GIF:
    case FDM_IMAGE_BMP:
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "a %s image: only JPEG and PNG are decoded; convert it",
                        fdm_image_format_name(format));
    case FDM_IMAGE_UNKNOWN:
        break;
    }
    if (len == 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "not an image: the file is empty");
    return fdm_fail(err, FDM_ERR_FORMAT, "not an image: it begins like no JPEG or PNG file");
}

enum fdm_status fdm_image_allocate(uint32_t width, uint32_t height, struct fdm_image *out,
                                   struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    if (width == 0 || height == 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "an image of %u x %u pixels", width, height);
    uint64_t count = (uint64_t)width * height;
    if (count > FDM_IMAGE_PIXELS_MAX)
        return fdm_fail(err, FDM_ERR_MEMORY, "%u x %u pixels are more than the %u allowed", width,
                        height, FDM_IMAGE_PIXELS_MAX);
    uint8_t *pixels = malloc((size_t)count * 3);
    if (pixels == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u x %u pixels", width, height);
    *out = (struct fdm_image){pixels, width, height, 0};
    return FDM_OK;
}

void fdm_image_release(struct fdm_image *image)
{
    free(image->pixels);
    memset(image, 0, sizeof *image);
}

const char *fdm_image_decoder(void)
{
    return fdm_decode_jpeg_version();
}
