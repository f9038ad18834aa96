/* The paper that the demonstration's pictures are drawn on.
 *
 * Lengths and places are in units of 1/65536 of the picture's side, from its top left corner, so a
 * scene is the same at every size. Angles are in 1/65536 of a turn, clockwise from the right.
 * Fractions are of FDM_WHOLE. Everything is computed in whole numbers, with no right shift of a
 * negative one: the bytes are the same with every compiler, at every optimisation, on every CPU. */
#ifndef FDM_DEMO_CANVAS_H
#define FDM_DEMO_CANVAS_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/datasets/image.h"

#define FDM_UNITS 65536    /* the side of a picture */
#define FDM_TURN 65536     /* a full turn */
#define FDM_WHOLE 256      /* one, of a fraction */
#define FDM_SINE_ONE 16384 /* one, of a sine */

/* Sine by Bhaskara's quotient (Mahabhaskariya, 7th century), right to 0.0017. */
int32_t fdm_sine(int32_t angle);
int32_t fdm_cosine(int32_t angle);

struct fdm_rgb {
    int32_t r, g, b; /* 0 to 255 */
};
/* `part` of the second colour, 0 to FDM_WHOLE. */
struct fdm_rgb fdm_rgb_mix(struct fdm_rgb a, struct fdm_rgb b, int32_t part);

/* Two samples a pixel in each direction. */
struct fdm_canvas {
    uint8_t *samples; /* RGB, rows from the top */
    uint32_t side;
};
/* For a picture of `size` x `size` pixels. FDM_ERR_MEMORY. */
enum fdm_status fdm_canvas_open(uint32_t size, struct fdm_canvas *out, struct fdm_error *err);
void fdm_canvas_release(struct fdm_canvas *canvas);

/* The plane in which a flower lies, seen at a slant: turned, then squashed across. */
struct fdm_pose {
    int32_t x, y; /* of its origin in the picture */
    int32_t turn;
    int32_t squash; /* breadth that is left of the plane's y, above 0, to FDM_WHOLE */
};

/* The one shape that everything is made of: petals, florets, discs, leaves, stems. */
struct fdm_blade {
    int32_t x, y; /* where it begins, in the plane */
    int32_t turn;
    int32_t length; /* at least 1 */
    int32_t width;  /* half the breadth at the widest place; at least 1 */
    int32_t widest; /* how far along that is: above 0, below FDM_WHOLE */
    bool pointed;   /* at both ends; else an oval */
    struct fdm_rgb base, tip;
    int32_t rim;     /* how much darker its edges are, 0 to FDM_WHOLE */
    int32_t grain;   /* strength of a speckle, 0 to FDM_WHOLE */
    int32_t opacity; /* 0 to FDM_WHOLE */
};
void fdm_canvas_blade(struct fdm_canvas *canvas, const struct fdm_pose *pose,
                      const struct fdm_blade *blade);

/* Covers everything: from the top colour to the bottom one, with soft patches of `patch`. */
struct fdm_ground {
    struct fdm_rgb top, bottom, patch;
    int32_t patches; /* their strength, 0 to FDM_WHOLE */
    int32_t cells;   /* patches along a side, at least 1 */
    uint32_t salt;
};
void fdm_canvas_ground(struct fdm_canvas *canvas, const struct fdm_ground *ground);

/* A mean over 2 * radius + 1 samples in each direction; radius in units, cut to whole samples.
 * FDM_ERR_MEMORY. */
enum fdm_status fdm_canvas_blur(struct fdm_canvas *canvas, int32_t radius, struct fdm_error *err);

/* What light and camera do, in this order. */
struct fdm_exposure {
    int32_t gain_r, gain_g, gain_b; /* FDM_WHOLE keeps the colour */
    int32_t slope_x, slope_y;       /* change of the gain from one side to the other */
    int32_t haze;                   /* part of `haze_colour` in each sample */
    struct fdm_rgb haze_colour;
    int32_t noise; /* largest change of a byte */
    uint32_t salt;
};
/* Writes the picture, which has half the canvas's side. FDM_ERR_MEMORY. */
enum fdm_status fdm_canvas_expose(const struct fdm_canvas *canvas,
                                  const struct fdm_exposure *exposure, struct fdm_image *out,
                                  struct fdm_error *err);

#endif
