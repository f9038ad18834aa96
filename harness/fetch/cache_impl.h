/* For the cache's own files: cache.c (objects, names), cache_tree.c (what came out of archives),
 * cache_walk.c (all of it). */
#ifndef FDM_HARNESS_FETCH_CACHE_IMPL_H
#define FDM_HARNESS_FETCH_CACHE_IMPL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "harness/base/status.h"

struct fdm_cache {
    char *folder;
    time_t boot_s; /* the stamp of what was written since the computer started; 0: not known */
};

/* FDM_ERR_NOT_FOUND or FDM_ERR_IO by errno, with the path. */
enum fdm_status fdm_cache_os_fail(struct fdm_error *err, const char *path);

/* "<folder>/<part>/<name><suffix>", for the caller to free. FDM_ERR_MEMORY. */
enum fdm_status fdm_cache_path(const struct fdm_cache *cache, char **out, struct fdm_error *err,
                               const char *part, const char *name, const char *suffix);

/* True if the file was left by this cache and has not been written since, nor lost in a fall of
 * the computer. */
bool fdm_cache_is_stamped(const struct fdm_cache *cache, const struct stat *info);
/* After a check, `synced` to the disk first. A cache that is not this user's to stamp is checked
 * again at the next use: no failure. */
void fdm_cache_stamp_again(const char *path, time_t when, bool synced);

/* Adds the regular files below a folder, and their bytes. */
enum fdm_status fdm_cache_count_tree(const char *folder, uint64_t *files, uint64_t *bytes,
                                     struct fdm_error *err);

#endif
