/* Work on numbered items by several threads, results taken by the caller's thread alone.
 *
 * Workers take items in rising order and put each result into a bounded queue; the calling thread
 * takes results as they come, in no particular order. So `consume` needs no locks and may use the
 * store. */
#ifndef FDM_BENCH_PARALLEL_H
#define FDM_BENCH_PARALLEL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

#define FDM_PARALLEL_MAX_THREADS 256

struct fdm_parallel {
    uint32_t items;
    uint32_t threads; /* 1..FDM_PARALLEL_MAX_THREADS */
    size_t result_bytes;
    const atomic_bool *stop; /* no new item is begun once it is set; may be NULL */
    void *context;
    /* In a worker: fills `result` (result_bytes, uninitialised). A failure ends the whole map.
     * `worker` is 0..threads-1, for scratch memory of its own. */
    enum fdm_status (*work)(void *context, uint32_t worker, uint32_t item, void *result,
                            struct fdm_error *err);
    /* In the calling thread. A failure ends the whole map. NULL: `work` put its result into the
     * item's own place already. */
    enum fdm_status (*consume)(void *context, uint32_t item, const void *result,
                               struct fdm_error *err);
};

/* FDM_OK when every item was consumed; FDM_ERR_CANCELLED when `stop` ended it (finished results
 * were consumed); otherwise the first failure. */
enum fdm_status fdm_parallel_map(const struct fdm_parallel *map, struct fdm_error *err);

/* Processors that this process may use, at least 1. */
uint32_t fdm_parallel_processors(void);

#endif
