/* The demonstration's images kept from run to run, in a folder that is complete or not there:
 *
 *     <folder>/images/<class>/s<seed>_<index>.png
 *     <folder>/stamp       which set this is, and one SHA-256 over the bytes of all its images
 *     <folder>.part        a set under way, or what a killed program left of one
 *     <folder>.lock        held by whoever draws
 */
#ifndef FDM_DEMO_KEPT_H
#define FDM_DEMO_KEPT_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "harness/demo/demo.h"

/* The folder of a set below `base`, named after all that decides its pixels; the caller frees. NULL
 * without memory. */
char *fdm_demo_kept_folder(const char *base, const struct fdm_demo_set *set);
/* What fdm_demo_write() would have been given there; the caller frees. NULL without memory. */
char *fdm_demo_kept_images(const char *folder);

/* True if the folder holds just this set: the stamp says so, and each image has the bytes that were
 * stamped. Reads everything, which takes a hundredth of the time of drawing. */
bool fdm_demo_is_kept(const char *folder, const struct fdm_demo_set *set);

/* Draws the set there unless it is kept, in place of anything damaged. `watch` as of
 * fdm_demo_write(). FDM_ERR_BUSY while another program draws it: try again; else its errors, and
 * then nothing of this attempt stays. */
enum fdm_status fdm_demo_keep(const char *folder, const struct fdm_demo_set *set,
                              const struct fdm_demo_watch *watch, struct fdm_error *err);

#endif
