/* From a list of downloads to models and datasets that are ready for use: fetched, unpacked,
 * counted, published in the cache under the names that `run` looks for. */
#ifndef FDM_HARNESS_FETCH_OBTAIN_H
#define FDM_HARNESS_FETCH_OBTAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/fetch/fetch.h"
#include "harness/fetch/manifest.h"

struct fdm_obtained {
    enum fdm_status status;
    struct fdm_error err;
    char *path; /* a model's file, a dataset's folder of classes; NULL on failure */
    bool was_there;
    uint64_t received_bytes;
};

struct fdm_obtain_options {
    struct fdm_fetch_options fetch;
    /* "<mirror>/<path>" in place of the published addresses, with the mirror's query behind the
     * path; or NULL */
    const char *mirror;
    /* A folder with files that came another way, under the last part of their paths; they are
     * checked and copied. NULL for none. */
    const char *from;
    bool verify; /* what is there is read (files) or counted (datasets) */
    /* Before an archive is unpacked; may be NULL. Has fetch.context. */
    void (*on_unpack)(void *context, const char *name, uint64_t max_bytes);
};

/* `results` has one element per download, to be given to fdm_obtain_release(). Returns FDM_OK if
 * all are ready, else the status and message of the first that is not: those of fdm_fetch() and
 * fdm_unpack(), and FDM_ERR_MISMATCH where a dataset has other classes or another number of images
 * than the registry says. */
enum fdm_status fdm_obtain(const struct fdm_obtain_options *options,
                           const struct fdm_download *const *downloads, size_t count,
                           struct fdm_obtained *results, struct fdm_error *err);
void fdm_obtain_release(struct fdm_obtained *results, size_t count);

/* Where things are published below the cache's folder, whether they are there or not: kind "models"
 * and a path, kind "datasets" and an id. The caller frees; NULL when out of memory. */
char *fdm_obtain_place(const struct fdm_cache *cache, const char *kind, const char *name);

#endif
