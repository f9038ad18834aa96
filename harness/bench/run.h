/* A run: a session in the store, its cases evaluated, nothing lost.
 *
 * A session is found again by its plan: if one with the same plan was interrupted, the run
 * continues it and evaluates only what is missing. Splits are stored before the first prediction,
 * predictions in batches of one transaction each, at least every second. */
#ifndef FDM_BENCH_RUN_H
#define FDM_BENCH_RUN_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/bench/board_case.h"
#include "harness/bench/plan.h"
#include "harness/datasets/cache.h"
#include "results/store.h"

#define FDM_RUN_BOARD_FIGURES 8
#define FDM_RUN_BOARD_FACTS 8

/* Opens boards for cases, one at a time. */
struct fdm_run_board {
    const struct fdm_board_entry *board;
    bool emulated;
    struct fdm_board_effort effort;
    void *context;
    /* Builds, deploys and connects: a client that runs the case's network. */
    enum fdm_status (*open)(void *context, const struct fdm_plan_case *item,
                            struct fdm_client **out, struct fdm_error *err);
    /* What follows from the program that is running: at most FDM_RUN_BOARD_FIGURES and
     * FDM_RUN_BOARD_FACTS. */
    enum fdm_status (*describe)(void *context, struct fdm_figure *figures, size_t *figure_count,
                                struct fdm_fact *facts, size_t *fact_count, struct fdm_error *err);
    /* Ends what open() began. */
    void (*close)(void *context, struct fdm_client *client);
};

struct fdm_run_options {
    struct fdm_store *store;
    struct fdm_plan *plan;
    struct fdm_session_record about; /* provenance: command, tool_version, compiler, host, cpu */
    uint32_t threads;
    struct fdm_image_cache *cache;     /* may be NULL */
    const atomic_bool *stop;           /* may be NULL */
    const struct fdm_run_board *board; /* NULL: this computer */
    bool fresh;                        /* begin a new session even if one could be resumed */
    void *context;
    /* The session is stored and its cases too; `resumed` tells which it is. May be NULL. */
    void (*on_begin)(void *context, const struct fdm_session_record *session, bool resumed,
                     uint64_t done, uint64_t total);
    void (*on_progress)(void *context,
                        uint64_t done); /* predictions stored or in hand; may be NULL */
};

#define FDM_RUN_PROBLEMS 8

struct fdm_run_summary {
    struct fdm_session_record session;
    bool resumed;
    uint64_t predictions; /* made by this run */
    uint64_t images;      /* loaded by this run */
    uint64_t wall_ns;
    uint64_t load_ns;  /* summed over threads */
    uint32_t complete; /* cases */
    uint32_t failed;
    uint32_t skipped;
    char problems[FDM_RUN_PROBLEMS][256]; /* the first unreadable images */
    uint32_t problem_count;               /* all of them, per image */
};

/* FDM_OK when every case that could run is complete or failed for good: on a board another
 * program, or other bits than the reference's; its message says which. FDM_ERR_CANCELLED after a
 * stop, with all finished work stored; FDM_ERR_BUSY while another process runs this session; the
 * store's errors. `out` is filled as far as the run went. Records in the plan get their ids. */
enum fdm_status fdm_run(const struct fdm_run_options *options, struct fdm_run_summary *out,
                        struct fdm_error *err);

#endif
