#include "harness/demo/canvas.h"

#include <stdlib.h>
#include <string.h>

#include "harness/demo/dice.h"

#define HALF_TURN (FDM_TURN / 2)
#define SUBSAMPLES 2u

int32_t fdm_sine(int32_t angle)
{
    int64_t a = ((int64_t)angle % FDM_TURN + FDM_TURN) % FDM_TURN;
    int64_t sign = a < HALF_TURN ? 1 : -1;
    int64_t part = a % HALF_TURN;
    int64_t product = part * (HALF_TURN - part);
    int64_t denominator = 5 * (int64_t)HALF_TURN * HALF_TURN - 4 * product;
    return (int32_t)(sign * (16 * product * FDM_SINE_ONE / denominator));
}

int32_t fdm_cosine(int32_t angle)
{
    return fdm_sine(angle % FDM_TURN + FDM_TURN / 4);
}

static int32_t mix(int32_t a, int32_t b, int32_t part)
{
    return (a * (FDM_WHOLE - part) + b * part) / FDM_WHOLE;
}

struct fdm_rgb fdm_rgb_mix(struct fdm_rgb a, struct fdm_rgb b, int32_t part)
{
    return (struct fdm_rgb){mix(a.r, b.r, part), mix(a.g, b.g, part), mix(a.b, b.b, part)};
}

static uint8_t to_byte(int32_t value)
{
    if (value < 0)
        return 0;
    return (uint8_t)(value > 255 ? 255 : value);
}

enum fdm_status fdm_canvas_open(uint32_t size, struct fdm_canvas *out, struct fdm_error *err)
{
    out->side = size * SUBSAMPLES;
    out->samples = calloc((size_t)out->side * out->side, 3);
    return out->samples != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

void fdm_canvas_release(struct fdm_canvas *canvas)
{
    free(canvas->samples);
    memset(canvas, 0, sizeof *canvas);
}

static uint8_t *sample_at(const struct fdm_canvas *canvas, uint32_t x, uint32_t y)
{
    return canvas->samples + ((size_t)y * canvas->side + x) * 3;
}

/* The middle of a sample, in units. */
static int32_t middle(const struct fdm_canvas *canvas, uint32_t i)
{
    return (int32_t)((2 * (int64_t)i + 1) * FDM_UNITS / (2 * (int64_t)canvas->side));
}

static void lay(uint8_t *sample, struct fdm_rgb colour, int32_t opacity)
{
    sample[0] = to_byte(mix(sample[0], colour.r, opacity));
    sample[1] = to_byte(mix(sample[1], colour.g, opacity));
    sample[2] = to_byte(mix(sample[2], colour.b, opacity));
}

/* ---- Blades ---------------------------------------------------------------------------------- */

/* From a place in the picture, relative to the pose, to the blade's own axes: u along it, v across,
 * both times FDM_SINE_ONE before the division. */
struct axes {
    int64_t ux, uy, u0;
    int64_t vx, vy, v0;
};

static struct axes axes_of(const struct fdm_pose *pose, const struct fdm_blade *blade)
{
    const int64_t one = FDM_SINE_ONE;
    int64_t c = fdm_cosine(pose->turn), s = fdm_sine(pose->turn);
    int64_t c2 = fdm_cosine(blade->turn), s2 = fdm_sine(blade->turn);
    int64_t qx = -s * FDM_WHOLE / pose->squash, qy = c * FDM_WHOLE / pose->squash;
    return (struct axes){
        .ux = (c2 * c + s2 * qx) / one,
        .uy = (c2 * s + s2 * qy) / one,
        .u0 = -(c2 * blade->x + s2 * blade->y),
        .vx = (-s2 * c + c2 * qx) / one,
        .vy = (-s2 * s + c2 * qy) / one,
        .v0 = s2 * blade->x - c2 * blade->y,
    };
}

struct place {
    int64_t x, y;
};

static struct place to_picture(const struct fdm_pose *pose, int64_t x, int64_t y)
{
    int64_t c = fdm_cosine(pose->turn), s = fdm_sine(pose->turn);
    y = y * pose->squash / FDM_WHOLE;
    return (struct place){pose->x + (x * c - y * s) / FDM_SINE_ONE,
                          pose->y + (x * s + y * c) / FDM_SINE_ONE};
}

/* The samples from `first` up to `end` that a stretch of units may touch. */
struct range {
    uint32_t first, end;
};

static uint32_t to_sample(const struct fdm_canvas *canvas, int64_t units)
{
    if (units <= 0)
        return 0;
    if (units >= FDM_UNITS)
        return canvas->side;
    return (uint32_t)(units * canvas->side / FDM_UNITS);
}

static struct range range_of(const struct fdm_canvas *canvas, int64_t a, int64_t b, int64_t margin)
{
    int64_t low = (a < b ? a : b) - margin;
    int64_t high = (a < b ? b : a) + margin;
    uint32_t end = to_sample(canvas, high) + 1;
    return (struct range){to_sample(canvas, low), end < canvas->side ? end : canvas->side};
}

/* 0 at both ends, FDM_UNITS at the widest place. */
static int64_t breadth_at(const struct fdm_blade *blade, int64_t u)
{
    int64_t t = u * FDM_UNITS / blade->length;
    int64_t widest = (int64_t)blade->widest * (FDM_UNITS / FDM_WHOLE);
    if (t < widest)
        t = t * (FDM_UNITS / 2) / widest;
    else
        t = FDM_UNITS / 2 + (t - widest) * (FDM_UNITS / 2) / (FDM_UNITS - widest);
    return 4 * t * (FDM_UNITS - t) / FDM_UNITS;
}

/* Where in the blade a sample lies, if it does: `edge` is 0 on the axis, FDM_WHOLE at the rim. */
static bool inside(const struct fdm_blade *blade, int64_t u, int64_t v, int32_t *edge)
{
    int64_t width = blade->width;
    if (u < 0 || u >= blade->length || v > width || v < -width)
        return false;
    int64_t breadth = breadth_at(blade, u);
    if (breadth == 0)
        return false;
    if (blade->pointed)
        *edge = (int32_t)((v < 0 ? -v : v) * FDM_WHOLE * FDM_UNITS / (width * breadth + 1));
    else
        *edge = (int32_t)(v * v * FDM_WHOLE / width * FDM_UNITS / (width * breadth + 1));
    return *edge <= FDM_WHOLE;
}

static struct fdm_rgb shade(struct fdm_rgb colour, int32_t gain)
{
    return (struct fdm_rgb){colour.r * gain / FDM_WHOLE, colour.g * gain / FDM_WHOLE,
                            colour.b * gain / FDM_WHOLE};
}

/* Speckles stand in the blade's own axes, so that they turn with it. */
static int32_t gain_at(const struct fdm_blade *blade, int64_t u, int64_t v, int32_t edge)
{
    int32_t gain = FDM_WHOLE - blade->rim * edge / FDM_WHOLE;
    if (blade->grain == 0)
        return gain;
    const int64_t cell = FDM_UNITS / 96;
    uint32_t speckle = fdm_dice_at((uint32_t)(u / cell), (uint32_t)((v + FDM_UNITS) / cell),
                                   (uint32_t)blade->turn);
    return gain - blade->grain * (int32_t)(speckle % FDM_WHOLE) / FDM_WHOLE;
}

void fdm_canvas_blade(struct fdm_canvas *canvas, const struct fdm_pose *pose,
                      const struct fdm_blade *blade)
{
    struct axes axes = axes_of(pose, blade);
    int64_t end_x = blade->x + (int64_t)blade->length * fdm_cosine(blade->turn) / FDM_SINE_ONE;
    int64_t end_y = blade->y + (int64_t)blade->length * fdm_sine(blade->turn) / FDM_SINE_ONE;
    struct place from = to_picture(pose, blade->x, blade->y);
    struct place to = to_picture(pose, end_x, end_y);
    struct range columns = range_of(canvas, from.x, to.x, blade->width);
    struct range rows = range_of(canvas, from.y, to.y, blade->width);
    for (uint32_t y = rows.first; y < rows.end; y++)
        for (uint32_t x = columns.first; x < columns.end; x++) {
            int64_t dx = middle(canvas, x) - pose->x;
            int64_t dy = middle(canvas, y) - pose->y;
            int64_t u = (axes.ux * dx + axes.uy * dy + axes.u0) / FDM_SINE_ONE;
            int64_t v = (axes.vx * dx + axes.vy * dy + axes.v0) / FDM_SINE_ONE;
            int32_t edge;
            if (!inside(blade, u, v, &edge))
                continue;
            struct fdm_rgb colour =
                fdm_rgb_mix(blade->base, blade->tip, (int32_t)(u * FDM_WHOLE / blade->length));
            lay(sample_at(canvas, x, y), shade(colour, gain_at(blade, u, v, edge)), blade->opacity);
        }
}

/* ---- The ground ------------------------------------------------------------------------------ */

/* Smooth between random values at the corners of cells; 0 to FDM_WHOLE. */
static int32_t patch_at(const struct fdm_ground *ground, int32_t x, int32_t y)
{
    int64_t column = (int64_t)x * ground->cells, row = (int64_t)y * ground->cells;
    uint32_t i = (uint32_t)(column / FDM_UNITS), j = (uint32_t)(row / FDM_UNITS);
    int32_t right = (int32_t)(column % FDM_UNITS / (FDM_UNITS / FDM_WHOLE));
    int32_t down = (int32_t)(row % FDM_UNITS / (FDM_UNITS / FDM_WHOLE));
    int32_t corners[4];
    for (uint32_t k = 0; k < 4; k++)
        corners[k] = (int32_t)(fdm_dice_at(i + k % 2, j + k / 2, ground->salt) % (FDM_WHOLE + 1));
    return mix(mix(corners[0], corners[1], right), mix(corners[2], corners[3], right), down);
}

void fdm_canvas_ground(struct fdm_canvas *canvas, const struct fdm_ground *ground)
{
    for (uint32_t y = 0; y < canvas->side; y++)
        for (uint32_t x = 0; x < canvas->side; x++) {
            int32_t px = middle(canvas, x), py = middle(canvas, y);
            struct fdm_rgb colour =
                fdm_rgb_mix(ground->top, ground->bottom, py / (FDM_UNITS / FDM_WHOLE));
            int32_t part = patch_at(ground, px, py) * ground->patches / FDM_WHOLE;
            lay(sample_at(canvas, x, y), fdm_rgb_mix(colour, ground->patch, part), FDM_WHOLE);
        }
}

/* ---- Blur ------------------------------------------------------------------------------------ */

/* One line of one channel, `step` bytes from sample to sample; the ends are repeated. */
static void blur_line(uint8_t *line, uint8_t *copy, uint32_t count, size_t step, uint32_t radius)
{
    for (uint32_t i = 0; i < count; i++)
        copy[i] = line[i * step];
    uint32_t sum = copy[0] * (radius + 1);
    for (uint32_t i = 0; i < radius; i++)
        sum += copy[i < count ? i : count - 1];
    for (uint32_t i = 0; i < count; i++) {
        uint32_t entering = i + radius;
        sum += copy[entering < count ? entering : count - 1];
        sum -= copy[i > radius ? i - radius - 1 : 0];
        line[i * step] = (uint8_t)((sum + radius) / (2 * radius + 1));
    }
}

enum fdm_status fdm_canvas_blur(struct fdm_canvas *canvas, int32_t radius, struct fdm_error *err)
{
    uint32_t samples = (uint32_t)((int64_t)radius * canvas->side / FDM_UNITS);
    if (samples == 0)
        return FDM_OK;
    uint8_t *copy = malloc(canvas->side);
    if (copy == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    const size_t row_bytes = (size_t)canvas->side * 3;
    for (uint32_t i = 0; i < canvas->side; i++)
        for (uint32_t channel = 0; channel < 3; channel++)
            blur_line(sample_at(canvas, 0, i) + channel, copy, canvas->side, 3, samples);
    for (uint32_t i = 0; i < canvas->side; i++)
        for (uint32_t channel = 0; channel < 3; channel++)
            blur_line(sample_at(canvas, i, 0) + channel, copy, canvas->side, row_bytes, samples);
    free(copy);
    return FDM_OK;
}

/* ---- Exposure -------------------------------------------------------------------------------- */

static int32_t mean_of(const struct fdm_canvas *canvas, uint32_t x, uint32_t y, uint32_t channel)
{
    int32_t sum = 0;
    for (uint32_t k = 0; k < SUBSAMPLES * SUBSAMPLES; k++)
        sum += sample_at(canvas, x * SUBSAMPLES + k % SUBSAMPLES,
                         y * SUBSAMPLES + k / SUBSAMPLES)[channel];
    return (sum + 2) / 4;
}

/* Triangular between -strength and +strength. */
static int32_t noise_at(uint32_t x, uint32_t y, uint32_t salt, int32_t strength)
{
    uint32_t dice = fdm_dice_at(x, y, salt);
    int32_t difference = (int32_t)(dice & 0xffffu) - (int32_t)(dice >> 16);
    return difference * strength / 65536;
}

enum fdm_status fdm_canvas_expose(const struct fdm_canvas *canvas,
                                  const struct fdm_exposure *exposure, struct fdm_image *out,
                                  struct fdm_error *err)
{
    const struct fdm_exposure *e = exposure;
    const int32_t gains[3] = {e->gain_r, e->gain_g, e->gain_b};
    const int32_t haze[3] = {e->haze_colour.r, e->haze_colour.g, e->haze_colour.b};
    uint32_t size = canvas->side / SUBSAMPLES;
    enum fdm_status status = fdm_image_allocate(size, size, out, err);
    if (status != FDM_OK)
        return status;
    uint8_t *to = out->pixels;
    for (uint32_t y = 0; y < size; y++)
        for (uint32_t x = 0; x < size; x++) {
            int32_t across = (int32_t)(x * FDM_WHOLE / size) - FDM_WHOLE / 2;
            int32_t down = (int32_t)(y * FDM_WHOLE / size) - FDM_WHOLE / 2;
            int32_t slope = (e->slope_x * across + e->slope_y * down) / FDM_WHOLE;
            for (uint32_t k = 0; k < 3; k++) {
                int32_t value = mean_of(canvas, x, y, k) * (gains[k] + slope) / FDM_WHOLE;
                value = mix(value, haze[k], e->haze);
                *to++ = to_byte(value + noise_at(x, y, e->salt + k, e->noise));
            }
        }
    return FDM_OK;
}
