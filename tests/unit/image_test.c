#include "tests/support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>

#include "harness/datasets/image.h"
#include "harness/datasets/mapping.h"
#include "harness/datasets/resize.h"
#include "tests/support/sample_images.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* ---- JPEG ---- */

/* Decodes to RGB with the library itself and the given settings. */
static uint8_t *decode_directly(const struct sample_file *file, J_DCT_METHOD dct, boolean fancy)
{
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_decompress(&jpeg);
    jpeg_mem_src(&jpeg, file->bytes, file->len);
    jpeg_read_header(&jpeg, TRUE);
    jpeg.out_color_space = JCS_RGB;
    jpeg.dct_method = dct;
    jpeg.do_fancy_upsampling = fancy;
    jpeg_start_decompress(&jpeg);
    size_t stride = (size_t)jpeg.output_width * 3;
    uint8_t *pixels = malloc(stride * jpeg.output_height);
    while (jpeg.output_scanline < jpeg.output_height) {
        uint8_t *row = pixels + stride * jpeg.output_scanline;
        jpeg_read_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
    return pixels;
}

static void jpeg_uses_the_fast_transform_and_fancy_upsampling(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        enum sample_jpeg kind;
        bool upsampled;
    } cases[] = {
        {"gray", SAMPLE_GRAY, false},
        {"4:4:4", SAMPLE_YCC_444, false},
        {"4:2:0", SAMPLE_YCC_420, true},
        {"4:2:2", SAMPLE_YCC_422, true},
        {"progressive", SAMPLE_PROGRESSIVE, true},
        {"restarts", SAMPLE_RESTARTS, true},
    };
    enum { WIDTH = 67, HEIGHT = 45, BYTES = WIDTH * HEIGHT * 3 };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct sample_file file = sample_jpeg_file(cases[i].kind, WIDTH, HEIGHT, 60, NULL);
        struct fdm_image image;
        assert_ok(fdm_image_decode(file.bytes, file.len, &image, &err), err);
        assert_int_equal(image.width, WIDTH);
        assert_int_equal(image.height, HEIGHT);
        assert_int_equal(image.warnings, 0);
        uint8_t *same = decode_directly(&file, JDCT_IFAST, TRUE);
        uint8_t *slow = decode_directly(&file, JDCT_ISLOW, TRUE);
        uint8_t *plain = decode_directly(&file, JDCT_IFAST, FALSE);
        print_message("%s\n", cases[i].remark);
        assert_memory_equal(image.pixels, same, BYTES);
        assert_memory_not_equal(image.pixels, slow, BYTES);
        if (cases[i].upsampled)
            assert_memory_not_equal(image.pixels, plain, BYTES);
        free(plain);
        free(slow);
        free(same);
        free(file.bytes);
        fdm_image_release(&image);
    }
}

static void gray_is_replicated(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct sample_file file = sample_jpeg_file(SAMPLE_GRAY, 20, 10, 90, NULL);
    struct fdm_image image;
    assert_ok(fdm_image_decode(file.bytes, file.len, &image, &err), err);
    for (uint32_t i = 0; i < 20 * 10; i++) {
        const uint8_t *pixel = image.pixels + 3 * (size_t)i;
        assert_true(pixel[0] == pixel[1] && pixel[1] == pixel[2]);
        assert_true(abs(pixel[0] - sample_value(i % 20, i / 20, 0)) < 20);
    }
    free(file.bytes);
    fdm_image_release(&image);
}

static void inks_become_rgb_as_tensorflow_does_it(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        enum sample_jpeg kind;
        uint8_t ink[4];
        uint8_t rgb[3];
        unsigned tolerance; /* YCCK rounds on the way through YCC */
    } cases[] = {
        {"Adobe: k * c / 255", SAMPLE_CMYK_ADOBE, {200, 100, 50, 128}, {100, 50, 25}, 0},
        {"Adobe: full", SAMPLE_CMYK_ADOBE, {255, 255, 255, 255}, {255, 255, 255}, 0},
        {"Adobe: cut, not rounded", SAMPLE_CMYK_ADOBE, {254, 1, 128, 254}, {253, 0, 127}, 0},
        {"plain: (255 - k)(255 - c) / 255",
         SAMPLE_CMYK_PLAIN,
         {200, 100, 50, 128},
         {27, 77, 102},
         0},
        {"plain: no ink is white", SAMPLE_CMYK_PLAIN, {0, 0, 0, 0}, {255, 255, 255}, 0},
        {"YCCK", SAMPLE_YCCK_ADOBE, {200, 100, 50, 128}, {100, 50, 25}, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct sample_file file = sample_jpeg_file(cases[i].kind, 17, 9, 100, cases[i].ink);
        struct fdm_image image;
        assert_ok(fdm_image_decode(file.bytes, file.len, &image, &err), err);
        for (size_t k = 0; k < (size_t)17 * 9 * 3; k++) {
            int difference = abs(image.pixels[k] - cases[i].rgb[k % 3]);
            if (difference > (int)cases[i].tolerance)
                fail_msg("%s: channel %zu is %u", cases[i].remark, k % 3, image.pixels[k]);
        }
        free(file.bytes);
        fdm_image_release(&image);
    }
}

/* Offset of the marker 0xff `code`, which must be there. */
static size_t find_marker(const struct sample_file *file, uint8_t code)
{
    for (size_t i = 0; i + 1 < file->len; i++)
        if (file->bytes[i] == 0xff && file->bytes[i + 1] == code)
            return i;
    fail_msg("no marker %02x", code);
    return 0;
}

static void truncated_files_are_errors_at_every_length(void **state)
{
    (void)state;
    static const struct sample_png png = {"RGB", PNG_COLOR_TYPE_RGB, 8, true, false};
    struct sample_file files[] = {
        sample_jpeg_file(SAMPLE_YCC_420, 33, 20, 75, NULL),
        sample_jpeg_file(SAMPLE_PROGRESSIVE, 33, 20, 75, NULL),
        sample_jpeg_file(SAMPLE_CMYK_ADOBE, 33, 20, 75, NULL),
        sample_png_file(&png, 33, 20),
    };
    for (size_t i = 0; i < COUNT(files); i++) {
        struct fdm_image image;
        struct fdm_error err = FDM_ERROR_INIT;
        assert_ok(fdm_image_decode(files[i].bytes, files[i].len, &image, &err), err);
        fdm_image_release(&image);
        for (size_t len = 0; len < files[i].len; len++) {
            /* A copy of exactly that size, so that a sanitizer sees each byte too many. */
            uint8_t *cut = malloc(len + 1);
            uint8_t *start = cut + 1;
            memcpy(start, files[i].bytes, len);
            err.status = FDM_OK;
            if (fdm_image_decode(start, len, &image, &err) != FDM_ERR_FORMAT)
                fail_msg("file %zu cut to %zu of %zu bytes", i, len, files[i].len);
            assert_null(image.pixels);
            free(cut);
        }
        free(files[i].bytes);
    }
}

/* libjpeg looks ahead, and so meets most cut ends early; whether it does depends on how the last
 * bits fall. TensorFlow refuses all such files. */
static void a_missing_end_marker_is_an_error_in_every_image(void **state)
{
    (void)state;
    for (uint32_t width = 1; width <= 200; width++) {
        struct sample_file file = sample_jpeg_file(SAMPLE_GRAY, width, 9, 75, NULL);
        struct fdm_image image;
        assert_int_equal(fdm_image_decode(file.bytes, file.len - 2, &image, NULL), FDM_ERR_FORMAT);
        free(file.bytes);
    }
}

static void bytes_behind_the_image_do_not_matter(void **state)
{
    (void)state;
    struct sample_file file = sample_jpeg_file(SAMPLE_YCC_420, 33, 20, 75, NULL);
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image image;
    uint8_t *longer = calloc(1, file.len + 100);
    memcpy(longer, file.bytes, file.len);
    assert_ok(fdm_image_decode(longer, file.len + 100, &image, &err), err);
    fdm_image_release(&image);
    free(longer);
    free(file.bytes);
}

/* TensorFlow decodes such files too: libjpeg fills up what is missing and only warns. */
static void damage_inside_decodes_and_is_counted(void **state)
{
    (void)state;
    struct sample_file file = sample_jpeg_file(SAMPLE_RESTARTS, 64, 64, 75, NULL);
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image image;
    size_t restart = find_marker(&file, 0xd1);
    file.bytes[restart + 1] = 0xd9; /* the end, where a restart should be */
    assert_ok(fdm_image_decode(file.bytes, file.len, &image, &err), err);
    assert_true(image.warnings > 0);
    fdm_image_release(&image);
    free(file.bytes);
}

static void what_cannot_be_decoded_is_refused(void **state)
{
    (void)state;
    struct sample_file huge = sample_jpeg_file(SAMPLE_YCC_420, 33, 20, 75, NULL);
    size_t frame = find_marker(&huge, 0xc0);
    memcpy(huge.bytes + frame + 5, "\x27\x11\x27\x10", 4);
    struct sample_file lossless = sample_jpeg_file(SAMPLE_YCC_420, 33, 20, 75, NULL);
    lossless.bytes[find_marker(&lossless, 0xc0) + 1] = 0xc3;
    struct sample_file deep = sample_jpeg_file(SAMPLE_YCC_420, 33, 20, 75, NULL);
    deep.bytes[find_marker(&deep, 0xc0) + 4] = 12;
    static const struct sample_png kind = {"gray", PNG_COLOR_TYPE_GRAY, 8, false, false};
    struct sample_file flipped = sample_png_file(&kind, 33, 20);
    flipped.bytes[50] ^= 1;
    const struct {
        const char *remark;
        const void *bytes;
        size_t len;
        enum fdm_status status;
        const char *message;
    } cases[] = {
        {"empty", "", 0, FDM_ERR_FORMAT, "not an image: the file is empty"},
        {"text", "hello, world", 12, FDM_ERR_FORMAT,
         "not an image: it begins like no JPEG or PNG file"},
        {"half a signature", "\x89PN", 3, FDM_ERR_FORMAT,
         "not an image: it begins like no JPEG or PNG file"},
        {"GIF", "GIF89a......", 12, FDM_ERR_UNSUPPORTED,
         "a GIF image: only JPEG and PNG are decoded; convert it"},
        {"BMP", "BM..........", 12, FDM_ERR_UNSUPPORTED,
         "a BMP image: only JPEG and PNG are decoded; convert it"},
        {"just too many pixels", huge.bytes, huge.len, FDM_ERR_MEMORY,
         "10000 x 10001 pixels are more than the 100000000 allowed"},
        {"lossless", lossless.bytes, lossless.len, FDM_ERR_UNSUPPORTED,
         "JPEG: Unsupported JPEG process: SOF type 0xc3"},
        {"12 bits", deep.bytes, deep.len, FDM_ERR_UNSUPPORTED,
         "JPEG: Unsupported JPEG data precision 12"},
        {"a checksum error", flipped.bytes, flipped.len, FDM_ERR_FORMAT, "PNG: "},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_image image;
        enum fdm_status status = fdm_image_decode(cases[i].bytes, cases[i].len, &image, &err);
        print_message("%s: %s\n", cases[i].remark, err.message);
        assert_int_equal(status, cases[i].status);
        assert_memory_equal(err.message, cases[i].message, strlen(cases[i].message));
        assert_null(image.pixels);
    }
    free(flipped.bytes);
    free(deep.bytes);
    free(lossless.bytes);
    free(huge.bytes);
}

static void endless_scans_are_refused(void **state)
{
    (void)state;
    struct sample_file file = sample_jpeg_file(SAMPLE_PROGRESSIVE, 16, 16, 75, NULL);
    size_t scan = find_marker(&file, 0xda);
    size_t head = (size_t)file.bytes[scan + 2] << 8 | file.bytes[scan + 3];
    /* The first scan's header, without data, six hundred times; then the end. */
    size_t piece = 2 + head;
    size_t len = scan + 600 * piece + 2;
    uint8_t *bytes = malloc(len);
    memcpy(bytes, file.bytes, scan);
    for (size_t i = 0; i < 600; i++)
        memcpy(bytes + scan + i * piece, file.bytes + scan, piece);
    bytes[len - 2] = 0xff;
    bytes[len - 1] = 0xd9;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image image;
    assert_int_equal(fdm_image_decode(bytes, len, &image, &err), FDM_ERR_FORMAT);
    assert_string_equal(err.message, "JPEG: more than 500 scans");
    free(bytes);
    free(file.bytes);
}

/* ---- PNG ---- */

/* What TensorFlow makes of the raw sample: the upper 8 bits, or spread over 0 to 255. */
static uint8_t expected_png(const struct sample_png *kind, uint32_t x, uint32_t y, unsigned channel)
{
    if (kind->colour_type == PNG_COLOR_TYPE_PALETTE)
        return sample_palette(sample_png_value(kind, x, y, 0), channel);
    bool gray = (kind->colour_type & PNG_COLOR_MASK_COLOR) == 0;
    uint32_t value = sample_png_value(kind, x, y, gray ? 0 : channel);
    if (kind->depth == 16)
        return (uint8_t)(value >> 8);
    return (uint8_t)(value * 255 / ((1U << kind->depth) - 1));
}

static void png_kinds_become_rgb(void **state)
{
    (void)state;
    static const struct sample_png kinds[] = {
        {"gray 1", PNG_COLOR_TYPE_GRAY, 1, false, false},
        {"gray 2", PNG_COLOR_TYPE_GRAY, 2, false, false},
        {"gray 4", PNG_COLOR_TYPE_GRAY, 4, false, false},
        {"gray 8", PNG_COLOR_TYPE_GRAY, 8, false, false},
        {"gray 16, interlaced", PNG_COLOR_TYPE_GRAY, 16, true, false},
        {"gray 8 with a transparent value", PNG_COLOR_TYPE_GRAY, 8, false, true},
        {"gray 8 with alpha", PNG_COLOR_TYPE_GRAY_ALPHA, 8, false, false},
        {"RGB 8", PNG_COLOR_TYPE_RGB, 8, false, false},
        {"RGB 8, interlaced", PNG_COLOR_TYPE_RGB, 8, true, false},
        {"RGB 8 with a transparent colour", PNG_COLOR_TYPE_RGB, 8, false, true},
        {"RGB 16", PNG_COLOR_TYPE_RGB, 16, false, false},
        {"RGBA 8: alpha dropped, not blended", PNG_COLOR_TYPE_RGB_ALPHA, 8, false, false},
        {"RGBA 16, interlaced", PNG_COLOR_TYPE_RGB_ALPHA, 16, true, false},
        {"palette 1", PNG_COLOR_TYPE_PALETTE, 1, false, false},
        {"palette 4, interlaced", PNG_COLOR_TYPE_PALETTE, 4, true, false},
        {"palette 8", PNG_COLOR_TYPE_PALETTE, 8, false, false},
        {"palette 8 with transparency", PNG_COLOR_TYPE_PALETTE, 8, false, true},
    };
    enum { WIDTH = 19, HEIGHT = 11 };
    for (size_t i = 0; i < COUNT(kinds); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct sample_file file = sample_png_file(&kinds[i], WIDTH, HEIGHT);
        struct fdm_image image;
        assert_ok(fdm_image_decode(file.bytes, file.len, &image, &err), err);
        assert_int_equal(image.width, WIDTH);
        assert_int_equal(image.height, HEIGHT);
        for (size_t k = 0; k < (size_t)WIDTH * HEIGHT * 3; k++) {
            uint32_t x = (uint32_t)(k / 3 % WIDTH);
            uint32_t y = (uint32_t)(k / 3 / WIDTH);
            uint8_t expected = expected_png(&kinds[i], x, y, (unsigned)(k % 3));
            if (image.pixels[k] != expected)
                fail_msg("%s: (%u, %u): %u, not %u", kinds[i].remark, x, y, image.pixels[k],
                         expected);
        }
        free(file.bytes);
        fdm_image_release(&image);
    }
}

/* ---- resizing ---- */

static void nearest_takes_the_half_pixel_source(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t i, in, out, source;
    } cases[] = {
        {"half the size: the second of each pair", 0, 4, 2, 1},
        {"half the size", 1, 4, 2, 3},
        {"twice the size", 1, 2, 4, 0},
        {"twice the size", 2, 2, 4, 1},
        {"to one pixel: the middle", 0, 5, 1, 2},
        {"from one pixel", 223, 1, 224, 0},
        {"the last of 320", 223, 320, 224, 319},
        {"float32 falls below 255", 59, 960, 224, 254},
        {"float32 falls below 57", 10, 1216, 224, 56},
        {"float32 falls below 7", 49, 14, 99, 6},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint32_t source = fdm_resize_nearest_source(cases[i].i, cases[i].in, cases[i].out);
        if (source != cases[i].source)
            fail_msg("%s: %u", cases[i].remark, source);
    }
    for (uint32_t in = 1; in < 700; in++)
        for (uint32_t i = 0; i < 224; i++)
            assert_true(fdm_resize_nearest_source(i, in, 224) < in);
}

static void images_are_resized_per_axis(void **state)
{
    (void)state;
    uint8_t pixels[4 * 2 * 3];
    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)i;
    struct fdm_image source = {pixels, 4, 2, 3};
    struct fdm_image out;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_resize_nearest(&source, (struct fdm_image_size){2, 3}, &out, &err), err);
    static const uint8_t expected[] = {3,  4,  5,  9,  10, 11, 15, 16, 17,
                                       21, 22, 23, 15, 16, 17, 21, 22, 23};
    assert_int_equal(out.width, 2);
    assert_int_equal(out.height, 3);
    assert_int_equal(out.warnings, 3);
    assert_memory_equal(out.pixels, expected, sizeof expected);
    fdm_image_release(&out);
    assert_int_equal(fdm_resize_nearest(&source, (struct fdm_image_size){0, 3}, &out, NULL),
                     FDM_ERR_USAGE);
    assert_int_equal(fdm_resize_nearest(
                         &source, (struct fdm_image_size){3, FDM_RESIZE_SIDE_MAX + 1}, &out, NULL),
                     FDM_ERR_USAGE);
    assert_null(out.pixels);
}

/* ---- mapping ---- */

/* The published models' input quantizations: what each mapping does to the 256 pixel values. */
static void mappings_of_the_published_models(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *mapping; /* NULL: the one that the quantization implies */
        float scale;
        int32_t zero_point;
        uint32_t identical;
        uint32_t saturated;
    } cases[] = {
        {"ST v1", "x/255", 0.00392156886F, 0, 256, 0},
        {"0.25, plant and food-101", "x/127.5-1", 0.00784313772F, 127, 192, 0},
        {"0.25, flowers, as published: all saturate", "x/255", 0.00392156886F, 255, 1, 255},
        {"0.25, flowers, as trained", "x/255-1", 0.00392156886F, 255, 256, 0},
        {"ST v1, implied", NULL, 0.00392156886F, 0, 256, 0},
        {"0.25, plant and food-101, implied", NULL, 0.00784313772F, 127, 256, 0},
        {"0.25, flowers, implied", NULL, 0.00392156886F, 255, 256, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_mapping implied = fdm_mapping_for_quant(cases[i].scale, cases[i].zero_point);
        const struct fdm_mapping *mapping =
            cases[i].mapping != NULL ? fdm_mapping_find(cases[i].mapping) : &implied;
        struct fdm_mapping_table table;
        assert_ok(
            fdm_mapping_quantize_u8(mapping, cases[i].scale, cases[i].zero_point, &table, &err),
            err);
        if (table.identical != cases[i].identical || table.saturated != cases[i].saturated)
            fail_msg("%s: %u identical, %u saturated", cases[i].remark, table.identical,
                     table.saturated);
    }
}

/* Every value of the 0.25 plant and food-101 models lies half-way between two codes, give or take
 * the float32 rounding of each step: which odd values lose one was worked out with Python's struct
 * module, step by step. */
static void halves_go_to_the_even_code(void **state)
{
    (void)state;
    static const struct {
        unsigned first, last;
    } lowered[] = {{33, 47}, {81, 95}, {129, 191}, {225, 255}};
    uint8_t expected[256];
    for (unsigned x = 0; x < 256; x++)
        expected[x] = (uint8_t)x;
    for (size_t i = 0; i < COUNT(lowered); i++)
        for (unsigned x = lowered[i].first; x <= lowered[i].last; x += 2)
            expected[x]--;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_mapping_table table;
    assert_ok(
        fdm_mapping_quantize_u8(fdm_mapping_find("x/127.5-1"), 0.00784313772F, 127, &table, &err),
        err);
    assert_memory_equal(table.code, expected, sizeof expected);
}

static void what_lies_outside_is_clipped_and_counted(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_mapping_table table;
    assert_ok(fdm_mapping_quantize_u8(fdm_mapping_find("x/255"), 0.00392156886F, 255, &table, &err),
              err);
    for (unsigned x = 0; x < 256; x++)
        assert_int_equal(table.code[x], 255);
    /* A scale that spreads 0..255 over -255..255: the lower half is clipped to 0. */
    struct fdm_mapping wide = {"wide", 2.0F, -255.0F};
    assert_ok(fdm_mapping_quantize_u8(&wide, 1.0F, 0, &table, &err), err);
    assert_int_equal(table.code[0], 0);
    assert_int_equal(table.code[128], 1);
    assert_int_equal(table.code[255], 255);
    assert_int_equal(table.saturated, 128);
    static const uint8_t pixels[] = {255, 128, 0};
    static const uint8_t codes[] = {255, 1, 0};
    uint8_t out[3];
    fdm_mapping_apply_u8(&table, pixels, 3, out);
    assert_memory_equal(out, codes, sizeof codes);
}

static void mappings_to_float(void **state)
{
    (void)state;
    static const uint8_t pixels[] = {0, 1, 128, 255};
    float out[4];
    fdm_mapping_apply_f32(fdm_mapping_find("x/127.5-1"), pixels, 4, out);
    assert_true(out[0] == -1.0F && out[3] == 1.0F);
    assert_true(out[1] == (float)(1.0F * (float)(1.0 / 127.5)) - 1.0F);
    fdm_mapping_apply_f32(fdm_mapping_find("x/255"), pixels, 4, out);
    assert_true(out[0] == 0.0F && out[3] == 1.0F);
    fdm_mapping_apply_f32(fdm_mapping_find("x/255-1"), pixels, 4, out);
    assert_true(out[0] == -1.0F && out[3] == 0.0F);
    assert_null(fdm_mapping_find("x/256"));
    struct fdm_mapping_table table;
    const struct fdm_mapping *mapping = fdm_mapping_find("x/255");
    assert_int_equal(fdm_mapping_quantize_u8(mapping, 0.0F, 0, &table, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_mapping_quantize_u8(mapping, 1.0F, 256, &table, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_mapping_quantize_u8(mapping, 1.0F / 0.0F, 0, &table, NULL), FDM_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_uses_the_fast_transform_and_fancy_upsampling),
        cmocka_unit_test(gray_is_replicated),
        cmocka_unit_test(inks_become_rgb_as_tensorflow_does_it),
        cmocka_unit_test(truncated_files_are_errors_at_every_length),
        cmocka_unit_test(a_missing_end_marker_is_an_error_in_every_image),
        cmocka_unit_test(bytes_behind_the_image_do_not_matter),
        cmocka_unit_test(damage_inside_decodes_and_is_counted),
        cmocka_unit_test(what_cannot_be_decoded_is_refused),
        cmocka_unit_test(endless_scans_are_refused),
        cmocka_unit_test(png_kinds_become_rgb),
        cmocka_unit_test(nearest_takes_the_half_pixel_source),
        cmocka_unit_test(images_are_resized_per_axis),
        cmocka_unit_test(mappings_of_the_published_models),
        cmocka_unit_test(halves_go_to_the_even_code),
        cmocka_unit_test(what_lies_outside_is_clipped_and_counted),
        cmocka_unit_test(mappings_to_float),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
