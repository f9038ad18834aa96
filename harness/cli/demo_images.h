/* The demonstration's images on this computer: drawn once and kept, with what the user sees of it.
 */
#ifndef FDM_CLI_DEMO_IMAGES_H
#define FDM_CLI_DEMO_IMAGES_H

#include <stdatomic.h>

#include "harness/base/status.h"
#include "harness/demo/demo.h"

/* fdm_demo_write() with a live line; after a stop the message tells what stays. */
enum fdm_status fdm_demo_images_draw(const char *folder, const struct fdm_demo_set *set,
                                     const atomic_bool *stop, struct fdm_error *err);

struct fdm_demo_images {
    char *root;      /* one folder per class */
    char *temporary; /* what to remove in the end; NULL where the images are kept */
};

/* The validation images that are kept below `cache`, or below the user's cache folder if that is
 * NULL; drawn if they are not there or damaged. Where they cannot be kept (read-only, full), drawn
 * into a temporary folder, which standard error says. FDM_ERR_CANCELLED after a stop; FDM_ERR_IO,
 * FDM_ERR_MEMORY. Released in any case. */
enum fdm_status fdm_demo_images_get(const char *cache, const atomic_bool *stop,
                                    struct fdm_demo_images *out, struct fdm_error *err);
void fdm_demo_images_release(struct fdm_demo_images *images);

#endif
