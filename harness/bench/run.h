/* A run on this computer: a session in the store, its cases evaluated, nothing lost.
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
#include "harness/bench/plan.h"
#include "harness/datasets/cache.h"
#include "results/store.h"

struct fdm_run_options {
    struct fdm_store *store;
    struct fdm_plan *plan;
    struct fdm_session_record about; /* provenance: command, tool_version, compiler, host, cpu */
    uint32_t threads;
    struct fdm_image_cache *cache; /* may be NULL */
    const atomic_bool *stop;       /* may be NULL */
    bool fresh;                    /* begin a new session even if one could be resumed */
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

/* FDM_OK when every case that could run is complete. FDM_ERR_CANCELLED after a stop, with all
 * finished work stored; FDM_ERR_BUSY while another process runs this session; the store's errors.
 * `out` is filled as far as the run went. Records in the plan get their ids. */
enum fdm_status fdm_run(const struct fdm_run_options *options, struct fdm_run_summary *out,
                        struct fdm_error *err);

#endif
