#include <setjmp.h>
#include <string.h>

#include <png.h>

#include "harness/datasets/decode.h"

/* All that outlives a longjmp stays here, in the frame below the one that calls setjmp. */
struct decoder {
    png_structp png;
    png_infop info;
    jmp_buf failed;
    const uint8_t *bytes;
    size_t len;
    struct fdm_image *image;
    struct fdm_error *err;
    uint32_t warnings;
    enum fdm_status status;
};

_Noreturn static void give_up(struct decoder *decoder, enum fdm_status status)
{
    decoder->status = status;
    longjmp(decoder->failed, 1);
}

_Noreturn static void on_error(png_structp png, png_const_charp text)
{
    struct decoder *decoder = png_get_error_ptr(png);
    give_up(decoder, fdm_fail(decoder->err, FDM_ERR_FORMAT, "PNG: %s", text));
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)text;
    struct decoder *decoder = png_get_error_ptr(png);
    decoder->warnings++;
}

static void read_bytes(png_structp png, png_bytep to, size_t count)
{
    struct decoder *decoder = png_get_io_ptr(png);
    if (count > decoder->len)
        png_error(png, "the file ends before its image does (truncated?)");
    memcpy(to, decoder->bytes, count);
    decoder->bytes += count;
    decoder->len -= count;
}

/* Sets the conversions to 8-bit RGB. */
static void convert(struct decoder *decoder)
{
    png_structp png = decoder->png;
    int colour = png_get_color_type(png, decoder->info);
    if (png_get_bit_depth(png, decoder->info) == 16)
        png_set_strip_16(png);
    if (colour == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(png);
    if ((colour & PNG_COLOR_MASK_COLOR) == 0)
        png_set_gray_to_rgb(png); /* also spreads fewer than 8 bits over 0 to 255 */
    if ((colour & PNG_COLOR_MASK_ALPHA) != 0 ||
        png_get_valid(png, decoder->info, PNG_INFO_tRNS) != 0)
        png_set_strip_alpha(png);
}

static void decode(struct decoder *decoder)
{
    png_structp png = decoder->png;
    png_set_read_fn(png, decoder, read_bytes);
    png_read_info(png, decoder->info);
    convert(decoder);
    int passes = png_set_interlace_handling(png);
    uint32_t width = png_get_image_width(png, decoder->info);
    uint32_t height = png_get_image_height(png, decoder->info);
    enum fdm_status status = fdm_image_allocate(width, height, decoder->image, decoder->err);
    if (status != FDM_OK)
        give_up(decoder, status);
    png_read_update_info(png, decoder->info);
    size_t row_bytes = png_get_rowbytes(png, decoder->info);
    if (row_bytes != (size_t)width * 3)
        png_error(png, "a pixel format that is not understood");
    for (int pass = 0; pass < passes; pass++)
        for (uint32_t y = 0; y < height; y++)
            png_read_row(png, decoder->image->pixels + y * row_bytes, NULL);
    png_read_end(png, NULL);
    decoder->image->warnings = decoder->warnings;
}

static void decode_guarded(struct decoder *decoder)
{
    if (setjmp(decoder->failed) != 0)
        return;
    decoder->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, decoder, on_error, on_warning);
    if (decoder->png != NULL)
        decoder->info = png_create_info_struct(decoder->png);
    if (decoder->info == NULL)
        give_up(decoder, fdm_fail(decoder->err, FDM_ERR_MEMORY, "PNG: cannot start libpng"));
    decode(decoder);
}

enum fdm_status fdm_decode_png(const uint8_t *bytes, size_t len, struct fdm_image *out,
                               struct fdm_error *err)
{
    struct decoder decoder;
    memset(&decoder, 0, sizeof decoder);
    decoder.bytes = bytes;
    decoder.len = len;
    decoder.image = out;
    decoder.err = err;
    decode_guarded(&decoder);
    png_destroy_read_struct(&decoder.png, &decoder.info, NULL);
    if (decoder.status != FDM_OK)
        fdm_image_release(out);
    return decoder.status;
}
