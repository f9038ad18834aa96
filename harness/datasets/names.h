/* A list of strings, for the listings of this folder only. `{NULL, 0}` is the empty list. */
#ifndef FDM_DATASETS_NAMES_H
#define FDM_DATASETS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/status.h"

struct fdm_names {
    char **item; /* each owned by the list */
    size_t count;
};

/* Adds a copy of `len` bytes. FDM_ERR_MEMORY. */
enum fdm_status fdm_names_add(struct fdm_names *names, const char *name, size_t len,
                              struct fdm_error *err);
void fdm_names_sort(struct fdm_names *names); /* by bytes */
bool fdm_names_has(const struct fdm_names *sorted, const char *name);
void fdm_names_release(struct fdm_names *names);

/* Compares two `char *` for qsort() and bsearch(). */
int fdm_names_compare(const void *a, const void *b);

/* Makes room for one more item in a list of `count`. Such lists grow at 0 and at powers of two from
 * 8, and so need no capacity beside their count. NULL when out of memory; the old items then stay
 * valid. */
void *fdm_names_room(void *items, size_t count, size_t item_bytes);

#endif
