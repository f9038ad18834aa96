/* Downloads with what people want to see of them: terms, progress and notes on standard error. */
#ifndef FDM_CLI_DOWNLOAD_H
#define FDM_CLI_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/fetch/obtain.h"

struct fdm_download_wishes {
    const char *mirror; /* NULL: $FDM_MIRROR, if that is set, else the published addresses */
    const char *from;   /* folder with files that came another way, or NULL */
    uint32_t jobs;
    bool offline;
    bool verify;
    bool accept; /* the licences' terms */
};

/* True if the cache holds what the download is for. */
bool fdm_download_is_there(struct fdm_cache *cache, const struct fdm_download *download);

/* Shows each licence of what is to be fetched once. With `accept` that is remembered in the cache,
 * and nobody is asked again; without it FDM_ERR_USAGE if there was one to show. */
enum fdm_status fdm_download_check_licences(struct fdm_cache *cache,
                                            const struct fdm_download *const *downloads,
                                            size_t count, bool accept, struct fdm_error *err);

/* fdm_obtain() with a progress line; Ctrl-C ends it. */
enum fdm_status fdm_download_obtain(struct fdm_cache *cache,
                                    const struct fdm_download_wishes *options,
                                    const struct fdm_download *const *downloads, size_t count,
                                    struct fdm_obtained *results, struct fdm_error *err);

#endif
