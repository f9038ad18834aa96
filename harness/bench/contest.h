/* The same inference by several contestants on this computer, in one thread, taking turns, so that
 * whatever else the computer does hits all of them. */
#ifndef FDM_BENCH_CONTEST_H
#define FDM_BENCH_CONTEST_H

#include "harness/base/status.h"
#include "harness/bench/timing.h"
#include "reference/graph/graph.h"
#include "reference/network/network.h"
#include "reference/network/semantics.h"

#define FDM_CONTEST_MOST 3

struct fdm_contest_options {
    const struct fdm_semantics *semantics; /* of int8 graphs */
    uint32_t runs;                         /* timed ones of each, at least 1 */
    const char *tflite; /* a TensorFlow Lite library to compare with under the semantics
                           "xnnpack"; NULL for none */
};

struct fdm_contestant {
    char name[96];               /* "reference", "tuned", "TensorFlow Lite 2.9.0 + XNNPACK" */
    struct fdm_timing timing;    /* of one inference */
    double *layer_us;            /* medians by layer; NULL for others than networks of ours */
    struct fdm_network *network; /* likewise */
};

struct fdm_contest {
    struct fdm_contestant contestants[FDM_CONTEST_MOST]; /* the reference first */
    size_t count;
};

/* Proves first that all compute the same bits on a random image: FDM_ERR_MISMATCH if not, and then
 * nobody has a speed. The caller releases `*out` in any case. */
enum fdm_status fdm_contest_run(const struct fdm_graph *graph,
                                const struct fdm_contest_options *options, struct fdm_contest *out,
                                struct fdm_error *err);
void fdm_contest_release(struct fdm_contest *contest);

#endif
