#include "tests/support/sample_images.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

uint8_t sample_value(uint32_t x, uint32_t y, unsigned channel)
{
    uint32_t slope = (x * (3 + channel) + y * (5 - channel)) / 2;
    uint32_t noise = (x * 2654435761U ^ y * 40503U ^ channel * 97U) >> 7 & 15U;
    return (uint8_t)(slope + noise);
}

static void set_up(struct jpeg_compress_struct *jpeg, enum sample_jpeg kind, int quality)
{
    bool black = kind >= SAMPLE_CMYK_ADOBE;
    jpeg->input_components = kind == SAMPLE_GRAY ? 1 : black ? 4 : 3;
    jpeg->in_color_space = kind == SAMPLE_GRAY ? JCS_GRAYSCALE : black ? JCS_CMYK : JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    if (kind == SAMPLE_YCC_444 || kind == SAMPLE_YCC_422) {
        jpeg->comp_info[0].h_samp_factor = kind == SAMPLE_YCC_422 ? 2 : 1;
        jpeg->comp_info[0].v_samp_factor = 1;
    }
    if (kind == SAMPLE_PROGRESSIVE)
        jpeg_simple_progression(jpeg);
    if (kind == SAMPLE_RESTARTS)
        jpeg->restart_in_rows = 1;
    if (kind == SAMPLE_YCCK_ADOBE)
        jpeg_set_colorspace(jpeg, JCS_YCCK);
    if (kind == SAMPLE_CMYK_PLAIN)
        jpeg->write_Adobe_marker = FALSE;
}

struct sample_file sample_jpeg_file(enum sample_jpeg kind, uint32_t width, uint32_t height,
                                    int quality, const uint8_t *uniform)
{
    struct jpeg_compress_struct jpeg;
    struct jpeg_error_mgr errors; /* its default ends the program, which is right for a test */
    unsigned char *bytes = NULL;
    unsigned long len = 0;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &len);
    jpeg.image_width = width;
    jpeg.image_height = height;
    set_up(&jpeg, kind, quality);
    jpeg_start_compress(&jpeg, TRUE);
    unsigned channels = (unsigned)jpeg.input_components;
    uint8_t *row = malloc((size_t)width * channels);
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++)
            for (unsigned c = 0; c < channels; c++)
                row[x * channels + c] = uniform != NULL ? uniform[c] : sample_value(x, y, c);
        jpeg_write_scanlines(&jpeg, &row, 1);
    }
    free(row);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    return (struct sample_file){bytes, len};
}

uint32_t sample_png_value(const struct sample_png *kind, uint32_t x, uint32_t y, unsigned channel)
{
    return (x * 40503U + y * 9973U + channel * 20011U) & ((1U << kind->depth) - 1);
}

uint8_t sample_palette(uint32_t index, unsigned channel)
{
    return (uint8_t)(index * (7 + 2 * channel) + 11 * channel);
}

static void append(png_structp png, png_bytep data, size_t len)
{
    struct sample_file *file = png_get_io_ptr(png);
    file->bytes = realloc(file->bytes, file->len + len);
    memcpy(file->bytes + file->len, data, len);
    file->len += len;
}

static void flush(png_structp png)
{
    (void)png;
}

static void write_header(png_structp png, png_infop info, const struct sample_png *kind,
                         uint32_t width, uint32_t height)
{
    png_set_IHDR(png, info, width, height, kind->depth, kind->colour_type,
                 kind->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_color palette[256];
    png_byte alpha[4] = {0, 64, 128, 192};
    png_color_16 clear = {0, 1, 1, 1, 1};
    for (uint32_t i = 0; i < 256; i++)
        palette[i] = (png_color){sample_palette(i, 0), sample_palette(i, 1), sample_palette(i, 2)};
    if (kind->colour_type == PNG_COLOR_TYPE_PALETTE)
        png_set_PLTE(png, info, palette, 1 << kind->depth);
    if (kind->transparent)
        png_set_tRNS(png, info, alpha, kind->depth == 1 ? 2 : 4, &clear);
    png_write_info(png, info);
}

/* Packs one row as PNG stores it: big-endian, most significant bit first. */
static void fill_row(const struct sample_png *kind, uint32_t width, uint32_t y, unsigned channels,
                     uint8_t *row)
{
    size_t bit = 0;
    for (uint32_t x = 0; x < width; x++) {
        for (unsigned c = 0; c < channels; c++) {
            uint32_t value = sample_png_value(kind, x, y, c);
            for (int k = kind->depth - 1; k >= 0; k--, bit++)
                row[bit / 8] |= (uint8_t)((value >> k & 1) << (7 - bit % 8));
        }
    }
}

struct sample_file sample_png_file(const struct sample_png *kind, uint32_t width, uint32_t height)
{
    struct sample_file file = {NULL, 0};
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_set_write_fn(png, &file, append, flush);
    write_header(png, info, kind, width, height);
    int passes = png_set_interlace_handling(png);
    size_t row_bytes = png_get_rowbytes(png, info);
    uint8_t *row = malloc(row_bytes);
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < height; y++) {
            memset(row, 0, row_bytes);
            fill_row(kind, width, y, png_get_channels(png, info), row);
            png_write_row(png, row);
        }
    }
    free(row);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    return file;
}
