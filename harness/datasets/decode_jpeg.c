#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "harness/datasets/decode.h"

#ifndef LIBJPEG_TURBO_VERSION
#error "libjpeg-turbo is needed: other libraries' fast transform gives other pixels"
#endif

/* A progressive file of a few bytes a scan could keep the decoder busy for hours; libjpeg-turbo's
 * own fuzzers stop at this number. Encoders write about ten. */
enum { SCANS_MAX = 500 };
/* Coefficients of a progressive image of FDM_IMAGE_PIXELS_MAX pixels, and room to work. */
static const long memory_max_bytes = 1L << 30;

/* All that outlives a longjmp stays here, in the frame below the one that calls setjmp. */
struct decoder {
    struct jpeg_decompress_struct jpeg; /* its client_data points to this struct */
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    jmp_buf failed;
    const uint8_t *bytes;
    size_t len;
    struct fdm_image *image;
    struct fdm_error *err;
    enum fdm_status status;
};

_Noreturn static void give_up(struct decoder *decoder, enum fdm_status status)
{
    decoder->status = status;
    longjmp(decoder->failed, 1);
}

static enum fdm_status status_of(int message_code)
{
    switch (message_code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
        return FDM_ERR_MEMORY;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL:
        return FDM_ERR_UNSUPPORTED;
    default:
        return FDM_ERR_FORMAT;
    }
}

static void on_error(j_common_ptr jpeg)
{
    struct decoder *decoder = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    (*jpeg->err->format_message)(jpeg, text);
    give_up(decoder, fdm_fail(decoder->err, status_of(jpeg->err->msg_code), "JPEG: %s", text));
}

static void on_message(j_common_ptr jpeg, int level)
{
    if (level < 0)
        jpeg->err->num_warnings++;
}

static void source_nothing(j_decompress_ptr jpeg)
{
    (void)jpeg;
}

static boolean source_exhausted(j_decompress_ptr jpeg)
{
    struct decoder *decoder = jpeg->client_data;
    give_up(decoder, fdm_fail(decoder->err, FDM_ERR_FORMAT,
                              "JPEG: the file ends before its image does (truncated?)"));
}

static void source_skip(j_decompress_ptr jpeg, long count)
{
    if (count <= 0)
        return;
    if ((size_t)count > jpeg->src->bytes_in_buffer)
        source_exhausted(jpeg);
    jpeg->src->next_input_byte += count;
    jpeg->src->bytes_in_buffer -= (size_t)count;
}

static void count_scans(j_common_ptr jpeg)
{
    struct decoder *decoder = jpeg->client_data;
    if (decoder->jpeg.input_scan_number > SCANS_MAX)
        give_up(decoder,
                fdm_fail(decoder->err, FDM_ERR_FORMAT, "JPEG: more than %d scans", SCANS_MAX));
}

static void prepare(struct decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    jpeg_create_decompress(jpeg);
    jpeg->mem->max_memory_to_use = memory_max_bytes;
    decoder->source = (struct jpeg_source_mgr){
        .next_input_byte = decoder->bytes,
        .bytes_in_buffer = decoder->len,
        .init_source = source_nothing,
        .fill_input_buffer = source_exhausted,
        .skip_input_data = source_skip,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = source_nothing,
    };
    jpeg->src = &decoder->source;
    decoder->progress.progress_monitor = count_scans;
    jpeg->progress = &decoder->progress;
}

static bool has_black(const struct jpeg_decompress_struct *jpeg)
{
    return jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
}

static void rgb_from_cmyk(const JSAMPLE *cmyk, uint32_t width, bool inverted, uint8_t *rgb)
{
    for (uint32_t x = 0; x < width; x++) {
        unsigned black = inverted ? cmyk[3] : 255U - cmyk[3];
        for (unsigned channel = 0; channel < 3; channel++) {
            unsigned ink = inverted ? cmyk[channel] : 255U - cmyk[channel];
            rgb[channel] = (uint8_t)(black * ink / 255);
        }
        cmyk += 4;
        rgb += 3;
    }
}

static void read_rows(struct decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    uint32_t width = jpeg->output_width;
    JSAMPARRAY line = NULL;
    if (has_black(jpeg))
        line = (*jpeg->mem->alloc_sarray)((j_common_ptr)jpeg, JPOOL_IMAGE, width * 4, 1);
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *row = decoder->image->pixels + (size_t)jpeg->output_scanline * width * 3;
        JSAMPROW target = line != NULL ? line[0] : row;
        if (jpeg_read_scanlines(jpeg, &target, 1) != 1)
            source_exhausted(jpeg);
        if (line != NULL)
            rgb_from_cmyk(line[0], width, jpeg->saw_Adobe_marker, row);
    }
}

static void decode(struct decoder *decoder)
{
    struct jpeg_decompress_struct *jpeg = &decoder->jpeg;
    prepare(decoder);
    jpeg_read_header(jpeg, TRUE);
    jpeg->out_color_space = has_black(jpeg) ? JCS_CMYK : JCS_RGB;
    jpeg->dct_method = JDCT_IFAST;
    jpeg->do_fancy_upsampling = TRUE;
    jpeg_calc_output_dimensions(jpeg);
    enum fdm_status status =
        fdm_image_allocate(jpeg->output_width, jpeg->output_height, decoder->image, decoder->err);
    if (status != FDM_OK)
        give_up(decoder, status);
    jpeg_start_decompress(jpeg);
    read_rows(decoder);
    jpeg_finish_decompress(jpeg);
    decoder->image->warnings = (uint32_t)jpeg->err->num_warnings;
}

static void decode_guarded(struct decoder *decoder)
{
    if (setjmp(decoder->failed) == 0)
        decode(decoder);
}

enum fdm_status fdm_decode_jpeg(const uint8_t *bytes, size_t len, struct fdm_image *out,
                                struct fdm_error *err)
{
    struct decoder decoder;
    memset(&decoder, 0, sizeof decoder);
    decoder.bytes = bytes;
    decoder.len = len;
    decoder.image = out;
    decoder.err = err;
    decoder.jpeg.err = jpeg_std_error(&decoder.errors);
    decoder.jpeg.client_data = &decoder;
    decoder.errors.error_exit = on_error;
    decoder.errors.emit_message = on_message;
    decode_guarded(&decoder);
    jpeg_destroy_decompress(&decoder.jpeg);
    if (decoder.status != FDM_OK)
        fdm_image_release(out);
    return decoder.status;
}

#define TEXT(x) #x
#define EXPANDED_TEXT(x) TEXT(x)

const char *fdm_decode_jpeg_version(void)
{
    return "r1-ifast-turbo" EXPANDED_TEXT(LIBJPEG_TURBO_VERSION);
}
