#include "harness/fetch/job.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/fetch/answer.h"
#include "harness/fetch/pointer.h"

#define LOCK_PAUSE_MS 200u
/* So much more than ever before counts as progress: attempts end also where a server that cannot
 * continue always cuts at the same place. */
#define PROGRESS_BYTES (UINT64_C(64) << 10)
#define OTHER_DISK "XDG_CACHE_HOME, or --cache of `fdm-bench fetch`, names another place"

static const char *url_of(const struct fdm_job *job)
{
    return job->followed != NULL ? job->followed : job->item->urls[job->url];
}

static uint64_t size_of(const struct fdm_job *job)
{
    return job->partial != NULL ? fdm_partial_size(job->partial) : 0;
}

uint64_t fdm_job_bytes(const struct fdm_job *job)
{
    return job->result->path != NULL ? job->item->bytes : size_of(job);
}

/* ---- A job's ends -----------------------------------------------------------------------------
 */

void fdm_job_close(struct fdm_job *job)
{
    fdm_partial_close(job->partial);
    job->partial = NULL;
    fdm_lock_free(job->lock);
    job->lock = NULL;
    free(job->followed);
    job->followed = NULL;
}

void fdm_job_fail(struct fdm_job *job, enum fdm_status status, const char *message)
{
    fdm_job_close(job);
    job->state = FDM_JOB_DONE;
    job->result->status = status;
    fdm_fail(&job->result->err, status, "%s: %s%s%s", job->item->name, message,
             job->advice != NULL ? "; " : "", job->advice != NULL ? job->advice : "");
}

static void note(const struct fdm_job *job, const char *message)
{
    if (job->options->on_note != NULL)
        job->options->on_note(job->options->context, job->item->name, message);
}

static void wait_until(struct fdm_job *job, uint64_t when_ns)
{
    job->state = FDM_JOB_WAITING;
    job->when_ns = when_ns;
    job->advice = NULL;
}

/* Not this address again; the next one, if there is one. */
static void next_url(struct fdm_job *job, enum fdm_status status, const char *message)
{
    if (job->url + 1 >= FDM_FETCH_URLS_MAX || job->item->urls[job->url + 1] == NULL) {
        fdm_job_fail(job, status, message);
        return;
    }
    note(job, message);
    free(job->followed);
    job->followed = NULL;
    job->url++;
    job->attempts = 0;
    wait_until(job, 0);
}

static void retry(struct fdm_job *job, enum fdm_status status, const char *message,
                  uint32_t retry_after_s)
{
    char words[sizeof job->trouble.message];
    if (size_of(job) >= job->best + PROGRESS_BYTES) {
        job->attempts = 0;
        job->best = size_of(job);
    }
    if (job->attempts >= job->options->retries) {
        if (job->advice == NULL && size_of(job) > 0)
            job->advice = "what was received is kept, the same command continues";
        snprintf(words, sizeof words, "%.300s (%u attempts)", message, job->attempts + 1);
        next_url(job, status, words);
        return;
    }
    uint64_t now_ns = fdm_clock_now_ns();
    uint32_t pause_ms =
        fdm_fetch_pause_ms(job->options, job->attempts, retry_after_s, now_ns * 2654435761u >> 20);
    job->attempts++;
    wait_until(job, now_ns + pause_ms * FDM_NS_PER_MS);
    snprintf(words, sizeof words, "%.400s; again in %.1f s", message, pause_ms / 1000.0);
    note(job, words);
}

/* ---- Judging what was received ----------------------------------------------------------------
 */

static bool begin_anew(struct fdm_job *job)
{
    struct fdm_error err = FDM_ERROR_INIT;
    job->began_at = 0;
    enum fdm_status status = fdm_partial_restart(job->partial, &err);
    if (status != FDM_OK)
        fdm_job_fail(job, status, err.message);
    return status == FDM_OK;
}

static void wrong_bytes(struct fdm_job *job, const char *message)
{
    bool resumed = job->began_at > 0;
    if (!begin_anew(job))
        return;
    /* What came together from two servers or two versions deserves one try in one piece. */
    if (resumed)
        retry(job, FDM_ERR_MISMATCH, message, 0);
    else
        next_url(job, FDM_ERR_MISMATCH, message);
}

static void follow_pointer(struct fdm_job *job, const char *sha256, uint64_t bytes)
{
    struct fdm_buf url;
    fdm_buf_init(&url);
    if (strcmp(sha256, job->item->sha256) != 0 || bytes != job->item->bytes) {
        wrong_bytes(job, "a Git LFS pointer to another file");
    } else if (job->followed != NULL) {
        wrong_bytes(job, "a Git LFS pointer behind a Git LFS pointer");
    } else if (!fdm_pointer_url(url_of(job), job->options->lfs_base, &url) || url.failed) {
        wrong_bytes(job, "a Git LFS pointer instead of the file, from a server unknown to have it");
    } else if (begin_anew(job)) {
        job->followed = url.data;
        url.data = NULL;
        wait_until(job, 0);
    }
    fdm_buf_release(&url);
}

static void finish(struct fdm_job *job)
{
    char hex[FDM_SHA256_HEX_SIZE];
    char words[200];
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_partial_hash(job->partial, hex, &err);
    if (status == FDM_OK && strcmp(hex, job->item->sha256) != 0) {
        snprintf(words, sizeof words, "other bytes than expected (sha256 %s)", hex);
        wrong_bytes(job, words);
        return;
    }
    if (status == FDM_OK) {
        fdm_partial_set_etag(job->partial, "");
        status = fdm_cache_commit(job->options->cache, job->item->sha256, &job->result->path, &err);
    }
    if (status != FDM_OK) {
        fdm_job_fail(job, status, err.message);
        return;
    }
    fdm_job_close(job);
    job->state = FDM_JOB_DONE;
}

static void judge_body(struct fdm_job *job, const struct fdm_response *response)
{
    char text[FDM_POINTER_BYTES_MAX];
    char sha256[65];
    char words[200];
    uint64_t bytes;
    uint64_t size = size_of(job);
    if (fdm_pointer_parse(text, fdm_partial_read(job->partial, text, sizeof text), sha256,
                          &bytes)) {
        follow_pointer(job, sha256, bytes);
    } else if (size == job->item->bytes) {
        finish(job);
    } else if (response->has_length || response->is_page) {
        fdm_answer_explain_size(response, size, job->item->bytes, words, sizeof words);
        wrong_bytes(job, words);
    } else {
        snprintf(words, sizeof words, "ended after %" PRIu64 " of %" PRIu64 " bytes", size,
                 job->item->bytes);
        retry(job, FDM_ERR_EOF, words, 0);
    }
}

static void judge_status(struct fdm_job *job, const struct fdm_response *response)
{
    char words[sizeof job->trouble.message];
    fdm_answer_explain_status(url_of(job), response->status, words, sizeof words);
    if (fdm_answer_may_recover(response->status)) {
        retry(job, FDM_ERR_BUSY, words, response->retry_after_s);
    } else if (response->status == 416 && size_of(job) > 0) {
        job->began_at = size_of(job);
        wrong_bytes(job, "the server cannot continue; beginning anew");
    } else {
        next_url(job, FDM_ERR_NOT_FOUND, words);
    }
}

/* ---- The receiver -----------------------------------------------------------------------------
 */

static bool abort_attempt(struct fdm_job *job, enum fdm_status status, const char *message,
                          enum fdm_job_remedy remedy)
{
    job->trouble = (struct fdm_error)FDM_ERROR_INIT;
    job->remedy = remedy;
    fdm_fail(&job->trouble, status, "%s", message);
    return false;
}

static bool check_head(struct fdm_job *job, const struct fdm_response *response)
{
    char words[200];
    uint64_t size = size_of(job);
    uint64_t total = response->length + (response->status == 206 ? size : 0);
    if (response->status == 206 && (!response->has_range || response->range_first != size))
        return abort_attempt(job, FDM_ERR_MISMATCH, "the server sends other bytes than asked for",
                             FDM_REMEDY_ANEW);
    if (response->has_range && response->range_total != 0)
        total = response->range_total;
    if ((!response->has_length && response->range_total == 0) || total == job->item->bytes)
        return true;
    /* A short answer may be a pointer; only the body tells. */
    if (total <= FDM_POINTER_BYTES_MAX && !response->is_page)
        return true;
    fdm_answer_explain_size(response, total, job->item->bytes, words, sizeof words);
    return abort_attempt(job, FDM_ERR_MISMATCH, words, FDM_REMEDY_ANOTHER);
}

static bool on_head(void *context, const struct fdm_response *response)
{
    struct fdm_job *job = context;
    struct fdm_error err = FDM_ERROR_INIT;
    if (!check_head(job, response))
        return false;
    if (response->status == 200 && size_of(job) > 0) {
        job->began_at = 0;
        if (fdm_partial_restart(job->partial, &err) != FDM_OK)
            return abort_attempt(job, err.status, err.message, FDM_REMEDY_NONE);
    }
    fdm_partial_set_etag(job->partial, response->etag);
    return true;
}

static bool on_body(void *context, const void *bytes, size_t len)
{
    struct fdm_job *job = context;
    struct fdm_error err = FDM_ERROR_INIT;
    if (len > job->item->bytes - size_of(job))
        return abort_attempt(job, FDM_ERR_MISMATCH, "more bytes than expected", FDM_REMEDY_ANEW);
    job->result->received_bytes += len;
    if (fdm_partial_append(job->partial, bytes, len, &err) != FDM_OK)
        return abort_attempt(job, err.status, err.message, FDM_REMEDY_NONE);
    return true;
}

static void end_aborted(struct fdm_job *job)
{
    if (job->remedy == FDM_REMEDY_ANEW) {
        wrong_bytes(job, job->trouble.message);
    } else if (job->remedy == FDM_REMEDY_ANOTHER) {
        next_url(job, job->trouble.status, job->trouble.message);
    } else {
        job->advice = "what was received is kept; " OTHER_DISK;
        fdm_job_fail(job, job->trouble.status, job->trouble.message);
    }
}

static void on_end(void *context, const struct fdm_transfer_outcome *outcome,
                   const struct fdm_response *response)
{
    struct fdm_job *job = context;
    enum fdm_transfer_end end = outcome->end;
    struct fdm_error err = FDM_ERROR_INIT;
    job->advice = outcome->advice;
    if (end != FDM_TRANSFER_ABORTED && fdm_partial_flush(job->partial, &err) != FDM_OK) {
        abort_attempt(job, err.status, err.message, FDM_REMEDY_NONE);
        end = FDM_TRANSFER_ABORTED;
    }
    if (end == FDM_TRANSFER_ABORTED)
        end_aborted(job);
    else if (end == FDM_TRANSFER_REFUSED)
        next_url(job, FDM_ERR_IO, outcome->message);
    else if (end == FDM_TRANSFER_CUT)
        retry(job, FDM_ERR_TIMEOUT, outcome->message, 0);
    else if (response->status == 200 || response->status == 206)
        judge_body(job, response);
    else
        judge_status(job, response);
}

/* ---- Beginning --------------------------------------------------------------------------------
 */

/* True if the cache has it: the job is done then. */
static bool take_from_cache(struct fdm_job *job)
{
    if (fdm_cache_find(job->options->cache, job->item->sha256, job->item->bytes, false,
                       &job->result->path, NULL) != FDM_OK)
        return false;
    fdm_job_close(job);
    job->result->status = FDM_OK;
    job->result->was_there = job->result->received_bytes == 0;
    job->state = FDM_JOB_DONE;
    return true;
}

void fdm_job_init(struct fdm_job *job, const struct fdm_fetch_options *options,
                  struct fdm_transfers *transfers, const struct fdm_fetch_item *item,
                  struct fdm_fetch_result *result)
{
    *job = (struct fdm_job){
        .options = options, .transfers = transfers, .item = item, .result = result};
    if (!take_from_cache(job) && options->offline)
        fdm_job_fail(job, FDM_ERR_NOT_FOUND,
                     "not in the cache, and this is --offline; fetch it without, or save the file "
                     "with another computer and name its folder by --from");
}

/* The lock and the partial file; false without them, or where there is nothing left to do. */
static bool prepare(struct fdm_job *job)
{
    struct fdm_error err = FDM_ERROR_INIT;
    if (job->partial != NULL)
        return true;
    enum fdm_status status =
        fdm_cache_lock(job->options->cache, job->item->sha256, &job->lock, &err);
    if (status == FDM_ERR_BUSY) {
        if (!job->told)
            note(job, err.message);
        job->told = true;
        wait_until(job, fdm_clock_now_ns() + LOCK_PAUSE_MS * FDM_NS_PER_MS);
        return false;
    }
    if (status == FDM_OK && take_from_cache(job))
        return false;
    if (status == FDM_OK)
        status = fdm_partial_open(job->options->cache, job->item->sha256, job->item->bytes,
                                  &job->partial, &err);
    if (status == FDM_OK) {
        job->best = size_of(job);
        return true;
    }
    job->advice = status != FDM_ERR_MEMORY ? OTHER_DISK : NULL;
    fdm_job_fail(job, status, err.message);
    return false;
}

void fdm_job_begin(struct fdm_job *job)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_receiver receiver = {job, on_head, on_body, on_end};
    if (!prepare(job))
        return;
    job->began_at = size_of(job);
    if (job->began_at == job->item->bytes) {
        finish(job);
        return;
    }
    job->state = FDM_JOB_RUNNING;
    if (fdm_transfers_start(job->transfers, url_of(job), job->began_at,
                            fdm_partial_etag(job->partial), &receiver, &err) != FDM_OK)
        fdm_job_fail(job, err.status, err.message);
}
