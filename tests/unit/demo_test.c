#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/base/lock.h"
#include "harness/datasets/encode.h"
#include "harness/demo/canvas.h"
#include "harness/demo/demo.h"
#include "harness/demo/dice.h"
#include "harness/demo/kept.h"

/* ---- Known answers: every compiler and every optimisation must come to them -------------------
 */

/* Other pixels here ask for a higher FDM_DEMO_DRAWING. */
static void pixels_are_the_same_everywhere(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t seed, index, size;
        const char *sha256;
    } rows[] = {
        {"daisy", 2, 0, 128, "a79fd522ac0723a9e6c21f4d0973ed29348a58d1672eb1710e03cce361ecf031"},
        {"dandelion", 2, 1, 128,
         "34bce72c59dc4dfbd9d682f282b63182751dbf4bb17cc6fd8969bbbc3094bff2"},
        {"roses", 2, 2, 128, "5cb7298c2770e0aa38b045e89cf4ab9961ca5fe9d53c67c8bbe282127e8c521a"},
        {"sunflowers", 2, 3, 128,
         "f74e4419e00b33c3881362939bbffe242912144f5bca211fccc30ecc7d562dbc"},
        {"tulips", 2, 4, 128, "261d8f06e5d32b45d718af9c8ede1783cbac397932b7e6f8f5cb2e696c62ef09"},
        {"another seed", 3, 0, 128,
         "58f8b2e617161c8af063eff51210c55977877267a647700e30e3142a8102d7c3"},
        {"the largest numbers", UINT32_MAX, UINT32_MAX, 128,
         "6dd908409b69ce45508038791ae09b366e9adf3dd06e06b2bb9f9606ef13a064"},
        {"small", 2, 2, 16, "1d0c1b472b86ca359c1ad90bf2967e94eafd560c8b56538e2bf17b07579c9799"},
        {"large and odd", 2, 999, 301,
         "e4497e1d1efd54d6fed10940fd9a547defd5e5a884e7dcd316e6d71236f2102a"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_image image;
        char hex[FDM_SHA256_HEX_SIZE];
        assert_ok(fdm_demo_draw(rows[i].seed, rows[i].index, rows[i].size, &image, &err), err);
        assert_int_equal(image.width, rows[i].size);
        assert_int_equal(image.height, rows[i].size);
        fdm_sha256_hex(image.pixels, (size_t)image.width * image.height * 3, hex);
        if (strcmp(hex, rows[i].sha256) != 0)
            fail_msg("%s: %s instead of %s", rows[i].remark, hex, rows[i].sha256);
        fdm_image_release(&image);
    }
}

static void sines_are_right_to_two_thousandths(void **state)
{
    (void)state;
    static const struct {
        int32_t angle;
        double sine;
    } rows[] = {
        {0, 0},
        {FDM_TURN / 12, 0.5},
        {FDM_TURN / 8, 0.70710678},
        {FDM_TURN / 4, 1},
        {FDM_TURN / 2, 0},
        {FDM_TURN * 3 / 4, -1},
        {-FDM_TURN / 12, -0.5},
        {5 * FDM_TURN + FDM_TURN / 3, 0.8660254},
        {INT32_MIN, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double wrong = fdm_sine(rows[i].angle) / (double)FDM_SINE_ONE - rows[i].sine;
        assert_true(wrong < 0.002 && wrong > -0.002);
        assert_int_equal(fdm_cosine(rows[i].angle),
                         fdm_sine(rows[i].angle % FDM_TURN + FDM_TURN / 4));
    }
}

static void dice_reach_both_ends_and_no_further(void **state)
{
    (void)state;
    struct fdm_dice dice = fdm_dice_begin(7, 0);
    int counts[5] = {0};
    for (int i = 0; i < 5000; i++) {
        int32_t value = fdm_dice_between(&dice, -2, 2);
        assert_in_range(value + 2, 0, 4);
        counts[value + 2]++;
    }
    for (int i = 0; i < 5; i++)
        assert_in_range(counts[i], 800, 1200);
    assert_int_equal(fdm_dice_between(&dice, 9, 9), 9);
    assert_false(fdm_dice_chance(&dice, 0));
    assert_true(fdm_dice_chance(&dice, 100));
}

/* ---- Shapes ---------------------------------------------------------------------------------- */

static struct fdm_blade plain_blade(void)
{
    static const struct fdm_rgb full = {255, 255, 255};
    return (struct fdm_blade){.length = FDM_UNITS / 2,
                              .width = FDM_UNITS / 8,
                              .widest = FDM_WHOLE / 2,
                              .base = full,
                              .tip = full,
                              .opacity = FDM_WHOLE};
}

static size_t count_lit(const struct fdm_canvas *canvas, uint32_t from_row, uint32_t to_row)
{
    size_t lit = 0;
    for (uint32_t y = from_row; y < to_row; y++)
        for (uint32_t x = 0; x < canvas->side; x++)
            lit += canvas->samples[((size_t)y * canvas->side + x) * 3] > 0;
    return lit;
}

static void a_blade_covers_its_area(void **state)
{
    (void)state;
    /* An oval of a x b has pi a b / 4, two parabolas 2 a b / 3; of a canvas of 200 x 200 samples.
     */
    static const struct {
        const char *remark;
        bool pointed;
        int32_t squash, pose_turn, turn;
        size_t area;
    } rows[] = {
        {"oval", false, FDM_WHOLE, 0, 0, 3927},
        {"pointed", true, FDM_WHOLE, 0, 0, 3333},
        {"turned", false, FDM_WHOLE, 5000, 9000, 3927},
        {"turned and squashed", false, FDM_WHOLE / 2, 5000, 9000, 1963},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_canvas canvas;
        assert_ok(fdm_canvas_open(100, &canvas, &err), err);
        struct fdm_pose pose = {FDM_UNITS / 4, FDM_UNITS / 4, rows[i].pose_turn, rows[i].squash};
        struct fdm_blade blade = plain_blade();
        blade.pointed = rows[i].pointed;
        blade.turn = rows[i].turn;
        fdm_canvas_blade(&canvas, &pose, &blade);
        size_t lit = count_lit(&canvas, 0, canvas.side);
        if (lit + 60 < rows[i].area || lit > rows[i].area + 60)
            fail_msg("%s: %zu samples instead of %zu", rows[i].remark, lit, rows[i].area);
        fdm_canvas_release(&canvas);
    }
}

static void blades_are_cut_at_the_edges(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_canvas canvas;
    assert_ok(fdm_canvas_open(16, &canvas, &err), err);
    const int32_t far[] = {-3 * FDM_UNITS, 0, FDM_UNITS - 1, 3 * FDM_UNITS};
    for (size_t i = 0; i < 16; i++) {
        struct fdm_pose pose = {far[i % 4], far[i / 4], 0, FDM_WHOLE};
        struct fdm_blade blade = plain_blade();
        blade.turn = (int32_t)i * 4000;
        fdm_canvas_blade(&canvas, &pose, &blade);
    }
    struct fdm_pose above = {FDM_UNITS / 4, -FDM_UNITS / 4, 0, FDM_WHOLE};
    struct fdm_blade blade = plain_blade();
    memset(canvas.samples, 0, (size_t)canvas.side * canvas.side * 3);
    fdm_canvas_blade(&canvas, &above, &blade);
    assert_int_equal(count_lit(&canvas, 0, canvas.side), 0);
    fdm_canvas_release(&canvas);
}

static void blur_keeps_a_plain_colour_and_spreads_a_spot(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_canvas canvas;
    assert_ok(fdm_canvas_open(16, &canvas, &err), err);
    size_t bytes = (size_t)canvas.side * canvas.side * 3;
    memset(canvas.samples, 200, bytes);
    assert_ok(fdm_canvas_blur(&canvas, FDM_UNITS / 16, &err), err);
    for (size_t i = 0; i < bytes; i++)
        assert_int_equal(canvas.samples[i], 200);
    memset(canvas.samples, 0, bytes);
    canvas.samples[(10 * (size_t)canvas.side + 10) * 3] = 225;
    assert_ok(fdm_canvas_blur(&canvas, FDM_UNITS / 16, &err), err); /* 2 samples: a mean of 25 */
    assert_int_equal(count_lit(&canvas, 0, canvas.side), 25);
    assert_int_equal(canvas.samples[(10 * (size_t)canvas.side + 10) * 3], 9);
    fdm_canvas_release(&canvas);
}

/* ---- Images and folders ---------------------------------------------------------------------- */

static void classes_stand_in_byte_order_and_in_turn(void **state)
{
    (void)state;
    for (uint32_t label = 1; label < FDM_DEMO_CLASSES; label++)
        assert_true(strcmp(fdm_demo_class(label - 1), fdm_demo_class(label)) < 0);
    for (uint32_t i = 0; i < 3 * FDM_DEMO_CLASSES; i++)
        assert_int_equal(fdm_demo_label(i), i % FDM_DEMO_CLASSES);
}

static void no_two_images_are_alike(void **state)
{
    (void)state;
    enum { COUNT = 60 };
    static char hex[COUNT][FDM_SHA256_HEX_SIZE];
    for (uint32_t i = 0; i < COUNT; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_image image;
        assert_ok(fdm_demo_draw(1 + i % 2, i / 2, 32, &image, &err), err);
        fdm_sha256_hex(image.pixels, (size_t)32 * 32 * 3, hex[i]);
        fdm_image_release(&image);
        for (uint32_t k = 0; k < i; k++)
            assert_string_not_equal(hex[i], hex[k]);
    }
}

static void sizes_and_counts_out_of_bounds_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        struct fdm_demo_set set;
    } rows[] = {
        {"no image", {1, 0, 128}},
        {"too many", {1, FDM_DEMO_COUNT_MAX + 1, 128}},
        {"no pixel", {1, 1, 0}},
        {"too small", {1, 1, FDM_DEMO_SIZE_MIN - 1}},
        {"too large", {1, 1, FDM_DEMO_SIZE_MAX + 1}},
        {"far too large", {1, 1, UINT32_MAX}},
    };
    char *folder = test_tmpdir();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        if (fdm_demo_write(folder, &rows[i].set, NULL, &err) != FDM_ERR_USAGE)
            fail_msg("%s: not refused", rows[i].remark);
    }
    test_rmtree(folder);
    free(folder);
}

static void a_folder_holds_what_was_drawn(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *folder = test_tmpdir();
    const struct fdm_demo_set set = {4, 7, 24};
    assert_ok(fdm_demo_write(folder, &set, NULL, &err), err);
    for (uint32_t i = 0; i < set.count; i++) {
        char path[512];
        uint8_t *bytes;
        size_t len;
        struct fdm_image drawn;
        struct fdm_image read;
        snprintf(path, sizeof path, "%s/%s/s4_%05u.png", folder, fdm_demo_class(i % 5), i);
        assert_ok(fdm_fs_read(path, 1 << 20, &bytes, &len, &err), err);
        assert_ok(fdm_image_decode(bytes, len, &read, &err), err);
        assert_ok(fdm_demo_draw(4, i, 24, &drawn, &err), err);
        assert_int_equal(read.width, 24);
        assert_int_equal(read.height, 24);
        assert_memory_equal(read.pixels, drawn.pixels, (size_t)24 * 24 * 3);
        fdm_image_release(&drawn);
        fdm_image_release(&read);
        free(bytes);
    }
    test_rmtree(folder);
    free(folder);
}

static void an_interrupt_is_told(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *folder = test_tmpdir();
    const struct fdm_demo_set set = {4, 7, 24};
    const atomic_bool stop = true;
    const struct fdm_demo_watch watch = {.stop = &stop};
    char path[512];
    assert_int_equal(fdm_demo_write(folder, &set, &watch, &err), FDM_ERR_CANCELLED);
    assert_non_null(strstr(err.message, "0 of 7 images"));
    snprintf(path, sizeof path, "%s/%s/s4_00000.png", folder, fdm_demo_class(0));
    assert_false(fdm_fs_is_file(path));
    test_rmtree(folder);
    free(folder);
}

static void a_folder_that_cannot_be_made_is_named(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_demo_set set = {1, 5, 16};
    assert_int_equal(fdm_demo_write("/dev/null/flowers", &set, NULL, &err), FDM_ERR_IO);
    assert_non_null(strstr(err.message, "/dev/null"));
}

/* ---- Kept from run to run -------------------------------------------------------------------- */

static void damage(const char *folder, const char *name, const char *bytes)
{
    char *path = fdm_fs_join(folder, name);
    assert_non_null(path);
    if (bytes == NULL)
        assert_int_equal(remove(path), 0);
    else
        assert_int_equal(fdm_fs_write_unsynced(path, bytes, strlen(bytes), NULL), FDM_OK);
    free(path);
}

static void kept_images_are_complete_or_drawn_again(void **state)
{
    (void)state;
    static const struct {
        const char *remark, *name, *bytes;
    } rows[] = {
        {"no stamp", "stamp", NULL},
        {"a cut stamp", "stamp", "drawing 1, seed 4"},
        {"an image is missing", "images/roses/s4_00002.png", NULL},
        {"an image is damaged", "images/daisy/s4_00005.png", "broken"},
        {"an image is empty", "images/daisy/s4_00000.png", ""},
    };
    const struct fdm_demo_set set = {4, 7, 16};
    struct fdm_error err = FDM_ERROR_INIT;
    char *base = test_tmpdir();
    char *folder = fdm_demo_kept_folder(base, &set);
    assert_non_null(folder);
    assert_false(fdm_demo_is_kept(folder, &set));
    assert_ok(fdm_demo_keep(folder, &set, NULL, &err), err);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (!fdm_demo_is_kept(folder, &set))
            fail_msg("before \"%s\": not kept", rows[i].remark);
        damage(folder, rows[i].name, rows[i].bytes);
        if (fdm_demo_is_kept(folder, &set))
            fail_msg("%s: not seen", rows[i].remark);
        assert_ok(fdm_demo_keep(folder, &set, NULL, &err), err);
    }
    assert_true(fdm_demo_is_kept(folder, &set));
    assert_false(fdm_demo_is_kept(folder, &(struct fdm_demo_set){4, 6, 16}));
    free(folder);
    test_rmtree(base);
    free(base);
}

static void count_call(void *context, uint32_t drawn)
{
    *(uint32_t *)context = drawn;
}

static void nothing_stays_of_a_stopped_drawing(void **state)
{
    (void)state;
    const struct fdm_demo_set set = {4, 7, 16};
    const atomic_bool stop = true;
    uint32_t drawn = 0;
    const struct fdm_demo_watch stopped = {.stop = &stop};
    const struct fdm_demo_watch counting = {.on_image = count_call, .context = &drawn};
    struct fdm_error err = FDM_ERROR_INIT;
    char *base = test_tmpdir();
    char *folder = fdm_demo_kept_folder(base, &set);
    char part[512];
    assert_non_null(folder);
    snprintf(part, sizeof part, "%s.part", folder);
    assert_int_equal(fdm_demo_keep(folder, &set, &stopped, &err), FDM_ERR_CANCELLED);
    assert_false(fdm_fs_is_dir(folder));
    assert_false(fdm_fs_is_dir(part));
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_ok(fdm_demo_keep(folder, &set, &counting, &err), err);
    assert_int_equal(drawn, 7);
    drawn = 0;
    assert_ok(fdm_demo_keep(folder, &set, &counting, &err), err);
    assert_int_equal(drawn, 0);
    free(folder);
    test_rmtree(base);
    free(base);
}

static void who_draws_keeps_others_off(void **state)
{
    (void)state;
    const struct fdm_demo_set set = {4, 7, 16};
    struct fdm_lock *lock;
    struct fdm_error err = FDM_ERROR_INIT;
    char *base = test_tmpdir();
    char *folder = fdm_demo_kept_folder(base, &set);
    char path[512];
    assert_non_null(folder);
    snprintf(path, sizeof path, "%s.lock", folder);
    assert_ok(fdm_lock_take(path, "test", &lock, &err), err);
    assert_int_equal(fdm_demo_keep(folder, &set, NULL, &err), FDM_ERR_BUSY);
    fdm_lock_free(lock);
    free(folder);
    test_rmtree(base);
    free(base);
}

static void png_refuses_what_libpng_refuses(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf out;
    uint8_t pixel[3] = {1, 2, 3};
    const struct fdm_image none = {pixel, 0, 1, 0};
    fdm_buf_init(&out);
    assert_int_equal(fdm_image_encode_png(&none, &out, &err), FDM_ERR_UNSUPPORTED);
    assert_int_equal(out.len, 0);
    fdm_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pixels_are_the_same_everywhere),
        cmocka_unit_test(sines_are_right_to_two_thousandths),
        cmocka_unit_test(dice_reach_both_ends_and_no_further),
        cmocka_unit_test(a_blade_covers_its_area),
        cmocka_unit_test(blades_are_cut_at_the_edges),
        cmocka_unit_test(blur_keeps_a_plain_colour_and_spreads_a_spot),
        cmocka_unit_test(classes_stand_in_byte_order_and_in_turn),
        cmocka_unit_test(no_two_images_are_alike),
        cmocka_unit_test(sizes_and_counts_out_of_bounds_are_refused),
        cmocka_unit_test(a_folder_holds_what_was_drawn),
        cmocka_unit_test(an_interrupt_is_told),
        cmocka_unit_test(a_folder_that_cannot_be_made_is_named),
        cmocka_unit_test(kept_images_are_complete_or_drawn_again),
        cmocka_unit_test(nothing_stays_of_a_stopped_drawing),
        cmocka_unit_test(who_draws_keeps_others_off),
        cmocka_unit_test(png_refuses_what_libpng_refuses),
    };
    return cmocka_run_group_tests_name("demo", tests, NULL, NULL);
}
