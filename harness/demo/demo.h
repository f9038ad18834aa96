/* The demonstration's images: made by the program itself, so that everything can be measured with
 * nothing else at hand. Image i of a seed shows flowers of class i modulo the number of classes,
 * varied in build, colour, pose, size, light, clutter, sharpness and noise.
 *
 * The same seed, index and size give the same pixels on every machine (canvas.h says why). Training
 * and validation images differ by their seeds. */
#ifndef FDM_DEMO_DEMO_H
#define FDM_DEMO_DEMO_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/datasets/image.h"

#define FDM_DEMO_CLASSES 5u
#define FDM_DEMO_SIZE_MIN 16u
#define FDM_DEMO_SIZE_MAX 1024u
#define FDM_DEMO_COUNT_MAX 100000u

/* Raised whenever a seed gives other pixels, so that none drawn by an older program are taken for
 * this one's. */
#define FDM_DEMO_DRAWING 1u

/* The validation images that the demonstration's model is measured on. */
#define FDM_DEMO_SEED 2u
#define FDM_DEMO_COUNT 1000u
#define FDM_DEMO_SIZE 128u

/* The class of image `index` and its folder: labels stand in the byte order of the names. */
uint32_t fdm_demo_label(uint32_t index);
const char *fdm_demo_class(uint32_t label);

/* The image is the caller's, freed with fdm_image_release(); empty on failure. FDM_ERR_USAGE (size
 * out of bounds), FDM_ERR_MEMORY. */
enum fdm_status fdm_demo_draw(uint32_t seed, uint32_t index, uint32_t size, struct fdm_image *out,
                              struct fdm_error *err);

struct fdm_demo_set {
    uint32_t seed;
    uint32_t count; /* 1 to FDM_DEMO_COUNT_MAX */
    uint32_t size;  /* of a side, in pixels */
};

/* Who looks on; each may be NULL. */
struct fdm_demo_watch {
    const atomic_bool *stop;                         /* looked at before each image */
    void (*on_image)(void *context, uint32_t drawn); /* called after each image */
    void *context;
};

/* "<folder>/<class>/s<seed>_<index>.png"; the caller frees. NULL without memory. */
char *fdm_demo_image_path(const char *folder, const struct fdm_demo_set *set, uint32_t index);

/* Writes images 0 to count - 1 below `folder` and makes the folders. Files of these names are
 * replaced, others stay. `watch` may be NULL. FDM_ERR_CANCELLED after a stop tells how many were
 * drawn, each of them whole. FDM_ERR_USAGE (size or count out of bounds), FDM_ERR_IO,
 * FDM_ERR_MEMORY. */
enum fdm_status fdm_demo_write(const char *folder, const struct fdm_demo_set *set,
                               const struct fdm_demo_watch *watch, struct fdm_error *err);

#endif
