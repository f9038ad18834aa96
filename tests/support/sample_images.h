/* Small JPEG and PNG files of every kind that the decoders know, made with the libraries'
 * encoders. */
#ifndef FDM_TESTS_SUPPORT_SAMPLE_IMAGES_H
#define FDM_TESTS_SUPPORT_SAMPLE_IMAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sample_file {
    uint8_t *bytes; /* the caller frees with free() */
    size_t len;
};

enum sample_jpeg {
    SAMPLE_GRAY,
    SAMPLE_YCC_444,
    SAMPLE_YCC_420,
    SAMPLE_YCC_422,
    SAMPLE_PROGRESSIVE,
    SAMPLE_RESTARTS,   /* 4:2:0 with a restart marker after each row of blocks */
    SAMPLE_CMYK_ADOBE, /* values as they are, which readers take as inverted */
    SAMPLE_YCCK_ADOBE,
    SAMPLE_CMYK_PLAIN, /* without the Adobe marker */
    SAMPLE_JPEG_COUNT
};

/* The value of a channel at a place: smooth with some noise, so that all of an encoder is used. */
uint8_t sample_value(uint32_t x, uint32_t y, unsigned channel);

/* `uniform` NULL: sample_value(); else the same value per channel (four for CMYK) everywhere. */
struct sample_file sample_jpeg_file(enum sample_jpeg kind, uint32_t width, uint32_t height,
                                    int quality, const uint8_t *uniform);

struct sample_png {
    const char *remark;
    int colour_type; /* PNG_COLOR_TYPE_… */
    int depth;       /* bits per channel or palette index */
    bool interlaced;
    bool transparent; /* with a tRNS chunk */
};

/* The raw samples are those of sample_png_value(). */
struct sample_file sample_png_file(const struct sample_png *kind, uint32_t width, uint32_t height);
/* 0 to 2^depth - 1. */
uint32_t sample_png_value(const struct sample_png *kind, uint32_t x, uint32_t y, unsigned channel);
/* The palette of the palette kinds. */
uint8_t sample_palette(uint32_t index, unsigned channel);

#endif
