/* How the parts of this folder fill a `struct fdm_listing` (listing.h): from folders and from names
 * files. Each returns FDM_ERR_MEMORY, and what else it says. */
#ifndef FDM_DATASETS_LISTING_BUILD_H
#define FDM_DATASETS_LISTING_BUILD_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/datasets/listing.h"
#include "harness/datasets/names.h"

/* Both take ownership of `path`, also on failure; NULL is a path that memory did not suffice for.
 */
enum fdm_status fdm_listing_add_finding(struct fdm_listing *listing, char *path,
                                        enum fdm_listing_reason reason, struct fdm_error *err);
enum fdm_status fdm_listing_add_image(struct fdm_listing *listing, char *path, uint32_t label,
                                      struct fdm_error *err);

/* Sorts the images from index `from` on by class, then folder, then name. */
void fdm_listing_sort(struct fdm_listing *listing, size_t from);

/* Copies the caller's class names. FDM_ERR_USAGE if one is no folder name. */
enum fdm_status fdm_listing_copy_classes(struct fdm_names *names, const char *const *classes,
                                         size_t count, struct fdm_error *err);
/* Gives the listing its classes, in their order for keras and sorted for st, and sorts `names`.
 * FDM_ERR_USAGE for a repeated name. */
enum fdm_status fdm_listing_take_classes(struct fdm_listing *listing, struct fdm_names *names,
                                         enum fdm_listing_rule rule, struct fdm_error *err);

enum fdm_status fdm_listing_no_memory(struct fdm_error *err);

#endif
