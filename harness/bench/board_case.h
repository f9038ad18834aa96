/* One case on a board: prove that it is the right program, prove its bits on real images, and only
 * then measure.
 *
 * Order: identity, verification of the first images bit for bit against the reference on this
 * computer, time, profile, memory, and the remaining images, each compared with the reference too.
 * A result that differs stops the case and names the first layer that differs. */
#ifndef FDM_BENCH_BOARD_CASE_H
#define FDM_BENCH_BOARD_CASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/bench/plan.h"
#include "harness/client/client.h"
#include "harness/datasets/cache.h"
#include "results/store.h"

/* How much to measure; zeros are the defaults. */
struct fdm_board_effort {
    uint32_t verify;  /* images before the first time is taken; 0: 32 */
    uint32_t warmups; /* 0: 3 */
    uint32_t runs; /* timed inferences; 0: as many as fill min_time_ms, at least 20; three where the
                      counter counts instructions, which must be equal */
    uint32_t min_time_ms;  /* 0: 2000 */
    uint32_t profile_runs; /* 0: 3 */
};

struct fdm_board_case {
    struct fdm_client *client;
    struct fdm_store *store; /* holds the session */
    struct fdm_plan_case *item;
    const struct fdm_dataset *dataset;
    const bool *done; /* image_count flags: predictions that are stored already */
    struct fdm_image_cache *cache;
    const struct fdm_board_entry *board;
    bool emulated; /* whatever is counted or timed is not the hardware's */
    struct fdm_board_effort effort;
    const atomic_bool *stop; /* may be NULL */
    void *context;
    /* Takes each new prediction; `problem` is why an image could not be read, or empty. */
    enum fdm_status (*on_prediction)(void *context, const struct fdm_prediction *prediction,
                                     const char *problem, struct fdm_error *err);
};

/* FDM_ERR_MISMATCH: another program, board or clock than expected, or outputs that differ from the
 * reference, with the first differing layer and both values; FDM_ERR_CANCELLED; the client's and
 * the store's errors. */
enum fdm_status fdm_board_case_measure(const struct fdm_board_case *board_case,
                                       struct fdm_error *err);

/* Instructions counted for one image: FDM_ERR_MISMATCH tells two runs that differ. */
enum fdm_status fdm_board_check_counts(const uint64_t *counters, uint32_t runs,
                                       struct fdm_error *err);

#endif
