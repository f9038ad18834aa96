/* Caricatures of five flowers. What tells them apart is their build, not their colour: most colours
 * occur in several kinds.
 *
 *   daisy       a dozen or two of slim ray petals around a small plain disc
 *   dandelion   layers of many narrow florets without a disc, or a ball of seeds on hairs
 *   roses       rings of broad petals, each turned by the golden angle, closing to a bud
 *   sunflowers  pointed ray petals around a large, dark, speckled disc
 *   tulips      a cup of a few upright petals on its stem, or six petals seen from above */
#ifndef FDM_DEMO_FLOWERS_H
#define FDM_DEMO_FLOWERS_H

#include "harness/demo/canvas.h"
#include "harness/demo/dice.h"

enum fdm_flower {
    FDM_FLOWER_DAISY,
    FDM_FLOWER_DANDELION,
    FDM_FLOWER_ROSES,
    FDM_FLOWER_SUNFLOWERS,
    FDM_FLOWER_TULIPS,
    FDM_FLOWER_COUNT
};
/* Also the folder: "daisy", "dandelion", "roses", "sunflowers", "tulips", in byte order. */
const char *fdm_flower_name(enum fdm_flower flower);

/* One flower with its stem and leaves; x, y is the middle of the blossom, which reaches about
 * `radius` units from there. The dice choose its build, colour and pose. */
void fdm_flower_draw(struct fdm_canvas *canvas, enum fdm_flower flower, struct fdm_dice *dice,
                     int32_t x, int32_t y, int32_t radius);

/* A leaf or blade of grass from a place in the picture; also what stands around the flowers. */
void fdm_leaf_draw(struct fdm_canvas *canvas, struct fdm_dice *dice, int32_t x, int32_t y,
                   int32_t length);

#endif
