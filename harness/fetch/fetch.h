/* Downloads into the cache: parallel, resumed, checked.
 *
 * Only files with a known size and SHA-256 can be fetched; nothing reaches the cache's objects
 * whose bytes differ. What was received before an interruption stays and is continued, with the
 * server's ETag where it gave one; a server that answers with the whole file makes it begin anew.
 * Attempts end when the server stands still, repeats what failed after a growing random pause (or
 * the server's Retry-After), and goes to the next address when one will not do. A Git LFS pointer
 * in place of the file is recognised and followed if it points at the right bytes. */
#ifndef FDM_HARNESS_FETCH_FETCH_H
#define FDM_HARNESS_FETCH_FETCH_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/fetch/cache.h"

#define FDM_FETCH_URLS_MAX 4u

struct fdm_fetch_item {
    const char *name;                     /* for messages */
    const char *urls[FDM_FETCH_URLS_MAX]; /* tried in this order, NULL behind the last */
    uint64_t bytes;
    const char *sha256;
};

struct fdm_fetch_result {
    enum fdm_status status;
    struct fdm_error err;    /* if it is not FDM_OK */
    char *path;              /* of the object; NULL on failure */
    bool was_there;          /* nothing had to be fetched */
    uint64_t received_bytes; /* over the network, in this call */
};

struct fdm_fetch_options {
    struct fdm_cache *cache;
    uint32_t jobs;         /* transfers at once */
    uint32_t retries;      /* further attempts per address without progress between them */
    uint32_t pause_ms;     /* before the second attempt; doubles each time, ± half */
    uint32_t pause_max_ms; /* no longer than this, whatever a server asks */
    uint32_t connect_ms;
    uint32_t stall_s;
    bool offline;         /* only what the cache holds */
    const char *lfs_base; /* "<base>OWNER/REPO/REF/PATH" has what a pointer stands for */
    const char *user_agent;
    const atomic_bool *stop; /* ends the work with FDM_ERR_CANCELLED; may be NULL */
    void *context;
    /* Bytes of all items that are done and that there are, without those that were there; may be
     * NULL. */
    void (*on_progress)(void *context, uint64_t done, uint64_t total);
    /* Something was wrong that the next attempt may repair, or another process is at it; may be
     * NULL. */
    void (*on_note)(void *context, const char *name, const char *message);
};

/* For people's networks: 4 at once, 5 retries, 1 s to 60 s, stalled after 30 s. */
void fdm_fetch_defaults(struct fdm_fetch_options *options, struct fdm_cache *cache);

/* Fetches all items, each at most once however many have its hash. `results` has one element per
 * item, to be given to fdm_fetch_release(). Returns FDM_OK if all are there, else the status and
 * message of the first that is not: FDM_ERR_NOT_FOUND (offline, or 404), FDM_ERR_MISMATCH (other
 * bytes than expected), FDM_ERR_TIMEOUT, FDM_ERR_EOF or FDM_ERR_BUSY (attempts used up), FDM_ERR_IO
 * (disk, certificate, redirects), FDM_ERR_CANCELLED. */
enum fdm_status fdm_fetch(const struct fdm_fetch_options *options,
                          const struct fdm_fetch_item *items, size_t count,
                          struct fdm_fetch_result *results, struct fdm_error *err);
void fdm_fetch_release(struct fdm_fetch_result *results, size_t count);

/* The pause before attempt `attempt` + 1, in milliseconds; `noise` is any number. */
uint32_t fdm_fetch_pause_ms(const struct fdm_fetch_options *options, uint32_t attempt,
                            uint32_t retry_after_s, uint64_t noise);

#endif
