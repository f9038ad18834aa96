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

/* Writes images 0 to count - 1 as "<folder>/<class>/s<seed>_<index>.png" and makes the folders.
 * Files of these names are replaced, others stay. `stop`, which may be NULL, is looked at before
 * each image: FDM_ERR_CANCELLED tells how many were drawn, each of them whole. FDM_ERR_USAGE (size
 * or count out of bounds), FDM_ERR_IO, FDM_ERR_MEMORY. */
struct fdm_demo_set {
    uint32_t seed;
    uint32_t count; /* 1 to FDM_DEMO_COUNT_MAX */
    uint32_t size;  /* of a side, in pixels */
};
enum fdm_status fdm_demo_write(const char *folder, const struct fdm_demo_set *set,
                               const atomic_bool *stop, struct fdm_error *err);

#endif
