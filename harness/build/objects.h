/* Compiled sources that many programs share, kept from one build to the next.
 *
 * A set is a folder with one object per source and the file "sha256", the hash of all of them in
 * the order of the sources. The folder's name stands for everything that makes the objects, so that
 * whoever writes there writes the same bytes, each file at once and the hash last. Builders need no
 * lock, therefore, and a set that a kill, a crash or a full disk left unfinished is not taken. */
#ifndef FDM_HARNESS_BUILD_OBJECTS_H
#define FDM_HARNESS_BUILD_OBJECTS_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "harness/build/words.h"

/* Adds the path that each source's object has below `folder`: "folder/name.o". */
void fdm_objects_add(struct fdm_words *out, const char *folder, const struct fdm_words *sources);

/* Copies the set into the folder `to`; false if it is not there whole. */
bool fdm_objects_take(const char *set, const struct fdm_words *sources, const char *to);

/* Makes the set of the objects in the folder `from`. FDM_ERR_NOT_FOUND, FDM_ERR_IO,
 * FDM_ERR_MEMORY. */
enum fdm_status fdm_objects_keep(const char *set, const struct fdm_words *sources, const char *from,
                                 struct fdm_error *err);

#endif
