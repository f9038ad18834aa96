#include "harness/fetch/fetch.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/fetch/job.h"
#include "harness/fetch/transfer.h"

#define POLL_MS 100u

struct work {
    const struct fdm_fetch_options *options;
    struct fdm_transfers *transfers;
    struct fdm_job *jobs;
    const struct fdm_job **same; /* an earlier job with the same hash, which does it; or NULL */
    size_t count;
};

void fdm_fetch_defaults(struct fdm_fetch_options *options, struct fdm_cache *cache)
{
    *options = (struct fdm_fetch_options){
        .cache = cache,
        .jobs = 4,
        .retries = 5,
        .pause_ms = 1000,
        .pause_max_ms = 60000,
        .connect_ms = 20000,
        .stall_s = 30,
        .lfs_base = "https://media.githubusercontent.com/media/",
        .user_agent = "fdm-bench",
    };
}

uint32_t fdm_fetch_pause_ms(const struct fdm_fetch_options *options, uint32_t attempt,
                            uint32_t retry_after_s, uint64_t noise)
{
    uint64_t pause = (uint64_t)options->pause_ms << (attempt < 16 ? attempt : 16);
    if (pause > options->pause_max_ms)
        pause = options->pause_max_ms;
    pause = pause / 2 + (pause > 0 ? noise % pause : 0);
    if (pause < (uint64_t)retry_after_s * 1000)
        pause = (uint64_t)retry_after_s * 1000;
    return pause < options->pause_max_ms ? (uint32_t)pause : options->pause_max_ms;
}

/* ---- The schedule -----------------------------------------------------------------------------
 */

static void begin_jobs(struct work *work)
{
    size_t running = 0;
    uint64_t now_ns = fdm_clock_now_ns();
    for (size_t i = 0; i < work->count; i++)
        running += work->jobs[i].state == FDM_JOB_RUNNING;
    for (size_t i = 0; i < work->count && running < work->options->jobs; i++) {
        struct fdm_job *job = &work->jobs[i];
        if (job->state != FDM_JOB_WAITING || job->when_ns > now_ns)
            continue;
        fdm_job_begin(job);
        running += job->state == FDM_JOB_RUNNING;
    }
}

/* How many jobs are left. */
static size_t report_progress(const struct work *work)
{
    uint64_t done = 0;
    uint64_t total = 0;
    size_t left = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct fdm_job *job = &work->jobs[i];
        left += job->state != FDM_JOB_DONE;
        if (work->same[i] != NULL || job->result->was_there)
            continue;
        total += job->item->bytes;
        done += fdm_job_bytes(job);
    }
    if (work->options->on_progress != NULL && total > 0)
        work->options->on_progress(work->options->context, done, total);
    return left;
}

static enum fdm_status run_jobs(struct work *work, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK && report_progress(work) > 0) {
        if (work->options->stop != NULL && atomic_load(work->options->stop))
            return fdm_fail(err, FDM_ERR_CANCELLED,
                            "interrupted; what was received is kept, the same command continues");
        begin_jobs(work);
        status = fdm_transfers_run(work->transfers, POLL_MS, err);
    }
    return status;
}

/* ---- The whole --------------------------------------------------------------------------------
 */

static void set_up_job(struct work *work, size_t index, const struct fdm_fetch_item *items,
                       struct fdm_fetch_result *results)
{
    struct fdm_job *job = &work->jobs[index];
    for (size_t i = 0; i < index && work->same[index] == NULL; i++)
        if (work->same[i] == NULL && strcmp(items[i].sha256, items[index].sha256) == 0)
            work->same[index] = &work->jobs[i];
    if (work->same[index] == NULL)
        fdm_job_init(job, work->options, work->transfers, &items[index], &results[index]);
    else
        *job = (struct fdm_job){
            .item = &items[index], .result = &results[index], .state = FDM_JOB_DONE};
}

static void settle(const struct fdm_job *same, struct fdm_fetch_result *result)
{
    if (same == NULL)
        return;
    result->status = same->result->status;
    result->err = same->result->err;
    result->was_there = true;
    if (same->result->path == NULL)
        return;
    result->path = strdup(same->result->path);
    if (result->path == NULL)
        result->status = fdm_fail(&result->err, FDM_ERR_MEMORY, "out of memory");
}

static enum fdm_status fetch_all(struct work *work, const struct fdm_fetch_item *items,
                                 struct fdm_fetch_result *results, struct fdm_error *err)
{
    for (size_t i = 0; i < work->count; i++)
        set_up_job(work, i, items, results);
    struct fdm_error why = FDM_ERROR_INIT;
    enum fdm_status status = run_jobs(work, &why);
    fdm_transfers_free(work->transfers); /* before what they write to */
    work->transfers = NULL;
    for (size_t i = 0; i < work->count; i++) {
        if (work->jobs[i].state != FDM_JOB_DONE)
            fdm_job_fail(&work->jobs[i], status, why.message);
        settle(work->same[i], &results[i]);
    }
    if (status != FDM_OK)
        return fdm_fail(err, status, "%s", why.message);
    for (size_t i = 0; status == FDM_OK && i < work->count; i++)
        if (results[i].status != FDM_OK)
            status = fdm_fail(err, results[i].status, "%s", results[i].err.message);
    return status;
}

enum fdm_status fdm_fetch(const struct fdm_fetch_options *options,
                          const struct fdm_fetch_item *items, size_t count,
                          struct fdm_fetch_result *results, struct fdm_error *err)
{
    struct work work = {.options = options, .count = count};
    const struct fdm_transfers_options network = {options->user_agent, options->connect_ms,
                                                  options->stall_s};
    memset(results, 0, count * sizeof *results);
    work.jobs = calloc(count + 1, sizeof *work.jobs);
    work.same = calloc(count + 1, sizeof(void *));
    enum fdm_status status = FDM_ERR_MEMORY;
    if (work.jobs == NULL || work.same == NULL)
        fdm_fail(err, status, "out of memory");
    else
        status = fdm_transfers_new(&network, &work.transfers, err);
    if (status == FDM_OK)
        status = fetch_all(&work, items, results, err);
    fdm_transfers_free(work.transfers);
    for (size_t i = 0; work.jobs != NULL && i < count; i++)
        fdm_job_close(&work.jobs[i]);
    free(work.jobs);
    free(work.same);
    return status;
}

void fdm_fetch_release(struct fdm_fetch_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(results[i].path);
    memset(results, 0, count * sizeof *results);
}
