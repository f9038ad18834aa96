#include "harness/demo/flowers.h"

#include <stddef.h>

#define GOLDEN_ANGLE 25033 /* of FDM_TURN: 137.5 degrees */

/* What all builds need to know of the blossom at hand. */
struct blossom {
    struct fdm_canvas *canvas;
    struct fdm_dice *dice;
    struct fdm_pose pose;
    int32_t radius;
};

const char *fdm_flower_name(enum fdm_flower flower)
{
    static const char *const names[FDM_FLOWER_COUNT] = {"daisy", "dandelion", "roses", "sunflowers",
                                                        "tulips"};
    return (size_t)flower < FDM_FLOWER_COUNT ? names[flower] : "unknown";
}

/* ---- Colours --------------------------------------------------------------------------------- */

static const struct fdm_rgb white = {240, 238, 232};
static const struct fdm_rgb cream = {238, 222, 170};
static const struct fdm_rgb yellow = {240, 205, 40};
static const struct fdm_rgb amber = {236, 160, 28};
static const struct fdm_rgb orange = {228, 112, 40};
static const struct fdm_rgb red = {196, 34, 44};
static const struct fdm_rgb pink = {232, 130, 160};
static const struct fdm_rgb purple = {138, 66, 150};

/* The colour, a little off. */
static struct fdm_rgb vary(struct fdm_dice *dice, struct fdm_rgb colour, int32_t by)
{
    int32_t light = fdm_dice_between(dice, -by, by);
    int32_t values[3] = {colour.r, colour.g, colour.b};
    for (size_t i = 0; i < 3; i++) {
        values[i] += light + fdm_dice_between(dice, -by, by);
        if (values[i] < 0)
            values[i] = 0;
        if (values[i] > 255)
            values[i] = 255;
    }
    return (struct fdm_rgb){values[0], values[1], values[2]};
}

static struct fdm_rgb pick(struct fdm_dice *dice, const struct fdm_rgb *colours, int32_t count)
{
    return vary(dice, colours[fdm_dice_between(dice, 0, count - 1)], 18);
}

static struct fdm_rgb green(struct fdm_dice *dice)
{
    static const struct fdm_rgb greens[] = {
        {58, 112, 44}, {92, 136, 58}, {38, 84, 48}, {120, 140, 72}};
    return pick(dice, greens, 4);
}

static struct fdm_rgb darker(struct fdm_rgb colour, int32_t part)
{
    static const struct fdm_rgb black = {0, 0, 0};
    return fdm_rgb_mix(colour, black, part);
}

/* ---- Parts ----------------------------------------------------------------------------------- */

static int32_t part_of(int32_t length, int32_t percent)
{
    return length * percent / 100 + 1;
}

static struct fdm_blade petal(struct fdm_rgb base, struct fdm_rgb tip)
{
    return (struct fdm_blade){.length = 1,
                              .width = 1,
                              .widest = FDM_WHOLE / 2,
                              .base = base,
                              .tip = tip,
                              .rim = 50,
                              .opacity = FDM_WHOLE};
}

/* Sets where a blade begins: `distance` from the middle, growing outwards at `turn`. */
static void place(struct fdm_blade *blade, int32_t turn, int32_t distance)
{
    blade->turn = turn;
    blade->x = (int32_t)((int64_t)distance * fdm_cosine(turn) / FDM_SINE_ONE);
    blade->y = (int32_t)((int64_t)distance * fdm_sine(turn) / FDM_SINE_ONE);
}

static void draw(const struct blossom *blossom, const struct fdm_blade *blade)
{
    fdm_canvas_blade(blossom->canvas, &blossom->pose, blade);
}

/* A round spot of a plane. */
static void draw_disc(const struct blossom *blossom, struct fdm_blade blade, int32_t radius)
{
    blade.turn = 0;
    blade.x = -radius;
    blade.y = 0;
    blade.length = 2 * radius;
    blade.width = radius;
    blade.pointed = false;
    blade.widest = FDM_WHOLE / 2;
    draw(blossom, &blade);
}

/* A ring of like petals with some disorder; `skew` turns the whole ring. */
struct ring {
    int32_t count, skew;
    int32_t distance, length, width;
    int32_t disorder; /* percent of a petal's share of the turn, and of its length */
};

static void draw_ring(const struct blossom *blossom, struct fdm_blade blade, struct ring ring)
{
    int32_t share = FDM_TURN / ring.count;
    int32_t sway = share * ring.disorder / 100;
    struct fdm_rgb base = blade.base;
    struct fdm_rgb tip = blade.tip;
    for (int32_t i = 0; i < ring.count; i++) {
        int32_t turn = ring.skew + i * share + fdm_dice_between(blossom->dice, -sway, sway);
        int32_t shorter = fdm_dice_between(blossom->dice, 0, ring.disorder);
        place(&blade, turn, ring.distance);
        blade.length = part_of(ring.length, 100 - shorter);
        blade.width = ring.width;
        blade.base = vary(blossom->dice, base, 8);
        blade.tip = vary(blossom->dice, tip, 8);
        draw(blossom, &blade);
    }
}

/* A stem from the blossom down out of the picture, with up to `leaves` leaves. */
static void draw_stem(const struct blossom *blossom, int32_t leaves)
{
    struct fdm_dice *dice = blossom->dice;
    struct fdm_pose upright = {blossom->pose.x, blossom->pose.y, 0, FDM_WHOLE};
    struct fdm_rgb colour = green(dice);
    struct fdm_blade stem = petal(colour, darker(colour, 60));
    int32_t lean = fdm_dice_between(dice, -FDM_TURN / 16, FDM_TURN / 16);
    stem.turn = FDM_TURN / 4 + lean;
    stem.length = FDM_UNITS * 3 / 2;
    stem.width = part_of(blossom->radius, fdm_dice_between(dice, 5, 10));
    fdm_canvas_blade(blossom->canvas, &upright, &stem);
    for (int32_t i = fdm_dice_between(dice, 0, leaves); i > 0; i--) {
        int32_t down = part_of(blossom->radius, fdm_dice_between(dice, 120, 260));
        int32_t x =
            blossom->pose.x + (int32_t)((int64_t)down * fdm_cosine(stem.turn) / FDM_SINE_ONE);
        fdm_leaf_draw(blossom->canvas, dice, x, blossom->pose.y + down,
                      part_of(blossom->radius, fdm_dice_between(dice, 80, 200)));
    }
}

void fdm_leaf_draw(struct fdm_canvas *canvas, struct fdm_dice *dice, int32_t x, int32_t y,
                   int32_t length)
{
    struct fdm_pose upright = {x, y, 0, FDM_WHOLE};
    struct fdm_rgb colour = green(dice);
    struct fdm_blade leaf = petal(darker(colour, 50), colour);
    leaf.turn = -FDM_TURN / 4 + fdm_dice_between(dice, -FDM_TURN / 5, FDM_TURN / 5);
    leaf.length = length;
    leaf.width = part_of(length, fdm_dice_between(dice, 5, 26));
    leaf.pointed = fdm_dice_chance(dice, 70);
    leaf.rim = fdm_dice_between(dice, 20, 120);
    fdm_canvas_blade(canvas, &upright, &leaf);
}

/* ---- The five -------------------------------------------------------------------------------- */

static void draw_daisy(const struct blossom *blossom)
{
    const struct fdm_rgb colours[] = {white, white, cream, pink, yellow, purple};
    const struct fdm_rgb discs[] = {yellow, amber, {96, 70, 30}};
    struct fdm_dice *dice = blossom->dice;
    struct fdm_rgb colour = pick(dice, colours, 6);
    int32_t disc = part_of(blossom->radius, fdm_dice_between(dice, 20, 33));
    struct fdm_blade ray = petal(darker(colour, 30), colour);
    ray.widest = fdm_dice_between(dice, 130, 190);
    struct ring ring = {.distance = disc / 2, .length = blossom->radius - disc / 2};
    ring.count = fdm_dice_between(dice, 11, 21);
    ring.skew = fdm_dice_between(dice, 0, FDM_TURN);
    ring.disorder = fdm_dice_between(dice, 4, 22);
    ring.width = part_of(blossom->radius, 170 / ring.count);
    draw_ring(blossom, ray, ring);
    struct fdm_rgb middle = pick(dice, discs, 3);
    struct fdm_blade spot = petal(middle, darker(middle, 40));
    spot.grain = fdm_dice_between(dice, 0, 60);
    draw_disc(blossom, spot, disc);
}

static void draw_florets(const struct blossom *blossom)
{
    const struct fdm_rgb colours[] = {yellow, yellow, amber};
    struct fdm_dice *dice = blossom->dice;
    struct fdm_rgb colour = pick(dice, colours, 3);
    int32_t layers = fdm_dice_between(dice, 3, 5);
    for (int32_t i = 0; i < layers; i++) {
        struct fdm_blade floret = petal(darker(colour, 100 - 12 * i), colour);
        floret.widest = 180;
        int32_t reach = part_of(blossom->radius, 100 - i * 72 / layers);
        struct ring ring = {.distance = reach / 6, .length = reach - reach / 6, .disorder = 24};
        ring.count = fdm_dice_between(dice, 26, 44);
        ring.skew = fdm_dice_between(dice, 0, FDM_TURN);
        ring.width = part_of(blossom->radius, fdm_dice_between(dice, 4, 6));
        draw_ring(blossom, floret, ring);
    }
}

static void draw_seeds(const struct blossom *blossom)
{
    struct fdm_dice *dice = blossom->dice;
    struct fdm_rgb down = vary(dice, (struct fdm_rgb){216, 214, 206}, 20);
    struct fdm_blade haze = petal(down, down);
    haze.opacity = fdm_dice_between(dice, 40, 110);
    haze.rim = 0;
    draw_disc(blossom, haze, part_of(blossom->radius, 95));
    for (int32_t i = 0; i < 3; i++) {
        struct fdm_blade hair = petal(darker(down, 90), down);
        hair.opacity = fdm_dice_between(dice, 110, 220);
        hair.widest = 220;
        int32_t reach = part_of(blossom->radius, 100 - 24 * i);
        struct ring ring = {.distance = reach / 8, .length = reach - reach / 8, .disorder = 20};
        ring.count = fdm_dice_between(dice, 22, 36);
        ring.skew = fdm_dice_between(dice, 0, FDM_TURN);
        ring.width = part_of(blossom->radius, fdm_dice_between(dice, 3, 6));
        draw_ring(blossom, hair, ring);
    }
    struct fdm_rgb brown = {110, 88, 60};
    draw_disc(blossom, petal(brown, brown), part_of(blossom->radius, 12));
}

static void draw_dandelion(const struct blossom *blossom)
{
    if (fdm_dice_chance(blossom->dice, 60))
        draw_florets(blossom);
    else
        draw_seeds(blossom);
}

static void draw_roses(const struct blossom *blossom)
{
    const struct fdm_rgb colours[] = {red, red, pink, white, cream, yellow, orange};
    struct fdm_dice *dice = blossom->dice;
    struct fdm_rgb colour = pick(dice, colours, 7);
    int32_t count = fdm_dice_between(dice, 14, 26);
    int32_t turn = fdm_dice_between(dice, 0, FDM_TURN);
    struct fdm_blade spot = petal(darker(colour, 110), darker(colour, 110));
    draw_disc(blossom, spot, part_of(blossom->radius, 70));
    for (int32_t i = 0; i < count; i++) {
        int32_t reach = part_of(blossom->radius, 100 - 84 * i / count);
        struct fdm_blade leaf = petal(darker(colour, 130), vary(dice, colour, 10));
        place(&leaf, turn, reach / 10);
        leaf.length = reach - reach / 10;
        leaf.width = part_of(leaf.length, fdm_dice_between(dice, 55, 80));
        leaf.widest = fdm_dice_between(dice, 140, 190);
        leaf.rim = fdm_dice_between(dice, 60, 110);
        draw(blossom, &leaf);
        turn = (turn + GOLDEN_ANGLE + fdm_dice_between(dice, -1500, 1500)) % FDM_TURN;
    }
}

static void draw_sunflowers(const struct blossom *blossom)
{
    const struct fdm_rgb colours[] = {yellow, yellow, amber, orange, cream};
    const struct fdm_rgb discs[] = {{70, 42, 22}, {96, 66, 28}, {46, 34, 26}, {124, 96, 40}};
    struct fdm_dice *dice = blossom->dice;
    struct fdm_rgb colour = pick(dice, colours, 5);
    int32_t disc = part_of(blossom->radius, fdm_dice_between(dice, 38, 58));
    for (int32_t i = 0; i < 2; i++) {
        struct fdm_blade ray = petal(darker(colour, 90 - 50 * i), colour);
        ray.pointed = true;
        ray.widest = fdm_dice_between(dice, 100, 140);
        struct ring ring = {.distance = disc * 3 / 4, .length = blossom->radius - disc * 3 / 4};
        ring.count = fdm_dice_between(dice, 13, 20);
        ring.skew = fdm_dice_between(dice, 0, FDM_TURN);
        ring.disorder = fdm_dice_between(dice, 6, 24);
        ring.width = part_of(blossom->radius, 240 / ring.count);
        draw_ring(blossom, ray, ring);
    }
    struct fdm_rgb middle = pick(dice, discs, 4);
    struct fdm_blade spot = petal(middle, darker(middle, 30));
    spot.grain = fdm_dice_between(dice, 60, 190);
    draw_disc(blossom, spot, disc);
    spot.base = darker(middle, 90);
    spot.tip = spot.base;
    spot.opacity = fdm_dice_between(dice, 60, 220);
    draw_disc(blossom, spot, part_of(disc, fdm_dice_between(dice, 35, 65)));
}

/* Upright petals from the foot of a cup; those behind are darker and lean further out. */
static void draw_cup(const struct blossom *blossom, struct fdm_rgb colour)
{
    struct fdm_dice *dice = blossom->dice;
    int32_t spread = fdm_dice_between(dice, FDM_TURN / 40, FDM_TURN / 16);
    int32_t broad = fdm_dice_between(dice, 30, 42);
    for (int32_t i = 0; i < 5; i++) {
        static const int32_t leans[5] = {-2, 2, -1, 1, 0};
        bool front = i >= 2;
        struct fdm_blade side =
            petal(darker(colour, front ? 70 : 120), darker(vary(dice, colour, 10), front ? 0 : 60));
        side.turn = -FDM_TURN / 4 + leans[i] * spread / 2 + fdm_dice_between(dice, -600, 600);
        side.y = blossom->radius * 8 / 10;
        side.length = part_of(blossom->radius, fdm_dice_between(dice, 155, 185));
        side.width = part_of(blossom->radius, broad);
        side.widest = fdm_dice_between(dice, 85, 125);
        side.rim = fdm_dice_between(dice, 40, 110);
        draw(blossom, &side);
    }
}

static void draw_star(const struct blossom *blossom, struct fdm_rgb colour)
{
    const struct fdm_rgb hearts[] = {yellow, {40, 30, 44}, cream};
    struct fdm_dice *dice = blossom->dice;
    struct fdm_rgb heart = pick(dice, hearts, 3);
    struct fdm_blade leaf = petal(darker(heart, 20), colour);
    leaf.widest = fdm_dice_between(dice, 130, 170);
    leaf.rim = 90;
    int32_t skew = fdm_dice_between(dice, 0, FDM_TURN);
    for (int32_t i = 0; i < 2; i++) {
        struct ring ring = {.count = 3,
                            .skew = skew + i * FDM_TURN / 6,
                            .length = blossom->radius,
                            .width = part_of(blossom->radius, fdm_dice_between(dice, 34, 46)),
                            .disorder = 8};
        draw_ring(blossom, leaf, ring);
    }
    draw_disc(blossom, petal(heart, heart), part_of(blossom->radius, 13));
}

static void draw_tulips(struct blossom *blossom)
{
    const struct fdm_rgb colours[] = {red, pink, yellow, orange, purple, white, cream};
    struct fdm_dice *dice = blossom->dice;
    struct fdm_rgb colour = pick(dice, colours, 7);
    if (fdm_dice_chance(dice, 25)) {
        draw_star(blossom, colour);
        return;
    }
    blossom->pose.turn = fdm_dice_between(dice, -FDM_TURN / 14, FDM_TURN / 14);
    blossom->pose.squash = FDM_WHOLE;
    draw_cup(blossom, colour);
}

void fdm_flower_draw(struct fdm_canvas *canvas, enum fdm_flower flower, struct fdm_dice *dice,
                     int32_t x, int32_t y, int32_t radius)
{
    struct blossom blossom = {.canvas = canvas, .dice = dice, .radius = radius};
    blossom.pose = (struct fdm_pose){.x = x, .y = y};
    blossom.pose.turn = fdm_dice_between(dice, 0, FDM_TURN);
    blossom.pose.squash = fdm_dice_between(dice, 130, FDM_WHOLE);
    draw_stem(&blossom, 3);
    switch (flower) {
    case FDM_FLOWER_DAISY:
        draw_daisy(&blossom);
        break;
    case FDM_FLOWER_DANDELION:
        draw_dandelion(&blossom);
        break;
    case FDM_FLOWER_ROSES:
        draw_roses(&blossom);
        break;
    case FDM_FLOWER_SUNFLOWERS:
        draw_sunflowers(&blossom);
        break;
    case FDM_FLOWER_TULIPS:
        draw_tulips(&blossom);
        break;
    case FDM_FLOWER_COUNT:
        break;
    }
}
