#include "harness/demo/demo.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/datasets/encode.h"
#include "harness/demo/flowers.h"

/* Each throw stands in a statement of its own: C leaves the order open in which arguments and
 * initializers are evaluated, and compilers differ. */

_Static_assert(FDM_DEMO_CLASSES == (unsigned)FDM_FLOWER_COUNT, "a class is a flower");

uint32_t fdm_demo_label(uint32_t index)
{
    return index % FDM_DEMO_CLASSES;
}

const char *fdm_demo_class(uint32_t label)
{
    return fdm_flower_name((enum fdm_flower)label);
}

/* ---- One image ------------------------------------------------------------------------------- */

static struct fdm_rgb any_colour(struct fdm_dice *dice, int32_t low, int32_t high)
{
    struct fdm_rgb colour;
    colour.r = fdm_dice_between(dice, low, high);
    colour.g = fdm_dice_between(dice, low, high);
    colour.b = fdm_dice_between(dice, low, high);
    return colour;
}

static int32_t anywhere(struct fdm_dice *dice)
{
    return fdm_dice_between(dice, 0, FDM_UNITS - 1);
}

static void draw_ground(struct fdm_canvas *canvas, struct fdm_dice *dice)
{
    static const struct fdm_rgb tints[] = {
        {60, 100, 50}, {130, 160, 190}, {100, 80, 60}, {40, 44, 40}, {150, 150, 140}};
    struct fdm_ground ground = {0};
    ground.patches = fdm_dice_between(dice, 40, 230);
    ground.cells = fdm_dice_between(dice, 2, 14);
    ground.salt = fdm_dice_throw(dice);
    struct fdm_rgb tint = tints[fdm_dice_between(dice, 0, 4)];
    ground.top = fdm_rgb_mix(tint, any_colour(dice, 20, 230), 90);
    ground.bottom = fdm_rgb_mix(tint, any_colour(dice, 10, 160), 90);
    ground.patch = any_colour(dice, 10, 240);
    fdm_canvas_ground(canvas, &ground);
}

/* Spots out of focus, in any colour, among them those of petals. */
static void draw_spots(struct fdm_canvas *canvas, struct fdm_dice *dice, int32_t count)
{
    for (; count > 0; count--) {
        struct fdm_pose pose;
        pose.x = anywhere(dice);
        pose.y = anywhere(dice);
        pose.turn = fdm_dice_between(dice, 0, FDM_TURN);
        pose.squash = fdm_dice_between(dice, 100, FDM_WHOLE);
        int32_t radius = fdm_dice_between(dice, FDM_UNITS / 40, FDM_UNITS / 8);
        struct fdm_rgb colour = any_colour(dice, 20, 250);
        struct fdm_blade spot = {
            .x = -radius, .length = 2 * radius, .width = radius, .base = colour, .tip = colour};
        spot.widest = fdm_dice_between(dice, 80, 176);
        spot.pointed = fdm_dice_chance(dice, 40);
        spot.rim = fdm_dice_between(dice, 0, 100);
        spot.opacity = fdm_dice_between(dice, 60, 230);
        fdm_canvas_blade(canvas, &pose, &spot);
    }
}

static void draw_leaves(struct fdm_canvas *canvas, struct fdm_dice *dice, int32_t count)
{
    for (; count > 0; count--) {
        int32_t x = anywhere(dice);
        int32_t y = FDM_UNITS / 3 + anywhere(dice);
        fdm_leaf_draw(canvas, dice, x, y, fdm_dice_between(dice, FDM_UNITS / 6, FDM_UNITS * 3 / 4));
    }
}

/* A small flower of any kind at the edge: what is meant is the larger one. */
static void draw_stranger(struct fdm_canvas *canvas, struct fdm_dice *dice)
{
    enum fdm_flower kind = (enum fdm_flower)fdm_dice_between(dice, 0, FDM_FLOWER_COUNT - 1);
    int32_t near = fdm_dice_between(dice, 0, FDM_UNITS / 7);
    int32_t x = fdm_dice_chance(dice, 50) ? near : FDM_UNITS - near;
    int32_t radius = fdm_dice_between(dice, FDM_UNITS / 14, FDM_UNITS / 8);
    int32_t y = anywhere(dice);
    fdm_flower_draw(canvas, kind, dice, x, y, radius);
}

/* One large flower, or several of the kind, the last one in front. */
static void draw_flowers(struct fdm_canvas *canvas, struct fdm_dice *dice, enum fdm_flower kind)
{
    int32_t more = fdm_dice_chance(dice, 35) ? fdm_dice_between(dice, 1, 3) : 0;
    int32_t radius = fdm_dice_between(dice, FDM_UNITS * 17 / 100, FDM_UNITS * 42 / 100);
    for (; more > 0; more--) {
        int32_t smaller = radius * fdm_dice_between(dice, 50, 90) / 100;
        int32_t other_y = anywhere(dice);
        int32_t other_x = anywhere(dice);
        fdm_flower_draw(canvas, kind, dice, other_x, other_y, smaller);
    }
    int32_t away = FDM_UNITS / 2 - radius / 2;
    int32_t x = FDM_UNITS / 2 + fdm_dice_between(dice, -away, away) * 6 / 10;
    int32_t y = FDM_UNITS / 2 + fdm_dice_between(dice, -away, away) * 6 / 10;
    fdm_flower_draw(canvas, kind, dice, x, y, radius);
}

static void draw_scene(struct fdm_canvas *canvas, struct fdm_dice *dice, enum fdm_flower kind)
{
    draw_ground(canvas, dice);
    draw_spots(canvas, dice, fdm_dice_between(dice, 0, 14));
    draw_leaves(canvas, dice, fdm_dice_between(dice, 0, 12));
    if (fdm_dice_chance(dice, 30))
        draw_stranger(canvas, dice);
    draw_flowers(canvas, dice, kind);
    if (fdm_dice_chance(dice, 35))
        draw_leaves(canvas, dice, fdm_dice_between(dice, 1, 3));
    if (fdm_dice_chance(dice, 25))
        draw_spots(canvas, dice, fdm_dice_between(dice, 1, 3));
}

static struct fdm_exposure choose_exposure(struct fdm_dice *dice)
{
    int32_t light = fdm_dice_between(dice, 125, 320);
    struct fdm_exposure exposure = {0};
    exposure.slope_x = fdm_dice_between(dice, -130, 130);
    exposure.slope_y = fdm_dice_between(dice, -130, 130);
    exposure.haze = fdm_dice_between(dice, 0, 100);
    exposure.noise = fdm_dice_between(dice, 2, 38);
    exposure.gain_r = light * fdm_dice_between(dice, 82, 118) / 100;
    exposure.gain_g = light * fdm_dice_between(dice, 88, 112) / 100;
    exposure.gain_b = light * fdm_dice_between(dice, 78, 122) / 100;
    exposure.haze_colour = any_colour(dice, 60, 220);
    exposure.salt = fdm_dice_throw(dice);
    return exposure;
}

enum fdm_status fdm_demo_draw(uint32_t seed, uint32_t index, uint32_t size, struct fdm_image *out,
                              struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    if (size < FDM_DEMO_SIZE_MIN || size > FDM_DEMO_SIZE_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "a size of %u pixels; from %u to %u can be drawn", size,
                        FDM_DEMO_SIZE_MIN, FDM_DEMO_SIZE_MAX);
    struct fdm_dice dice = fdm_dice_begin(seed, index);
    struct fdm_canvas canvas;
    enum fdm_status status = fdm_canvas_open(size, &canvas, err);
    if (status != FDM_OK)
        return status;
    draw_scene(&canvas, &dice, (enum fdm_flower)fdm_demo_label(index));
    status = fdm_canvas_blur(&canvas, fdm_dice_between(&dice, 0, FDM_UNITS * 2 / 100), err);
    struct fdm_exposure exposure = choose_exposure(&dice);
    if (status == FDM_OK)
        status = fdm_canvas_expose(&canvas, &exposure, out, err);
    fdm_canvas_release(&canvas);
    return status;
}

/* ---- A folder of images ---------------------------------------------------------------------- */

static enum fdm_status make_class_folders(const char *folder, uint32_t count, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (uint32_t label = 0; status == FDM_OK && label < FDM_DEMO_CLASSES && label < count;
         label++) {
        char *path = fdm_fs_join(folder, fdm_demo_class(label));
        status = path != NULL ? fdm_fs_make_dirs(path, err)
                              : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        free(path);
    }
    return status;
}

char *fdm_demo_image_path(const char *folder, const struct fdm_demo_set *set, uint32_t index)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s/%s/s%u_%05u.png", folder, fdm_demo_class(fdm_demo_label(index)),
                   set->seed, index);
    if (path.failed)
        fdm_buf_release(&path);
    return path.data;
}

static enum fdm_status write_image(const char *folder, const struct fdm_demo_set *set,
                                   uint32_t index, struct fdm_error *err)
{
    struct fdm_image image = {0};
    struct fdm_buf png;
    fdm_buf_init(&png);
    char *path = fdm_demo_image_path(folder, set, index);
    if (path == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = fdm_demo_draw(set->seed, index, set->size, &image, err);
    if (status == FDM_OK)
        status = fdm_image_encode_png(&image, &png, err);
    if (status == FDM_OK)
        status = fdm_fs_write_unsynced(path, png.data, png.len, err);
    fdm_image_release(&image);
    fdm_buf_release(&png);
    free(path);
    return status;
}

enum fdm_status fdm_demo_write(const char *folder, const struct fdm_demo_set *set,
                               const struct fdm_demo_watch *watch, struct fdm_error *err)
{
    static const struct fdm_demo_watch nobody = {0};
    if (watch == NULL)
        watch = &nobody;
    if (set->count < 1 || set->count > FDM_DEMO_COUNT_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "%u images; from 1 to %u can be drawn", set->count,
                        FDM_DEMO_COUNT_MAX);
    enum fdm_status status = make_class_folders(folder, set->count, err);
    for (uint32_t i = 0; status == FDM_OK && i < set->count; i++) {
        if (watch->stop != NULL && atomic_load(watch->stop))
            return fdm_fail(err, FDM_ERR_CANCELLED, "interrupted after %u of %u images", i,
                            set->count);
        status = write_image(folder, set, i, err);
        if (status == FDM_OK && watch->on_image != NULL)
            watch->on_image(watch->context, i + 1);
    }
    return status;
}
