/* One download, from its first attempt to an object of the cache or a failure: when to try again,
 * when to go to the next address, what to keep of what was received.
 *
 *   WAITING --fdm_job_begin()--> RUNNING --the transfer's end--> WAITING again, or DONE
 *
 * A job holds its object's lock and partial file from its first attempt until it is done, so that
 * of several processes one downloads and the others wait and find the object. */
#ifndef FDM_HARNESS_FETCH_JOB_H
#define FDM_HARNESS_FETCH_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/lock.h"
#include "harness/base/status.h"
#include "harness/fetch/fetch.h"
#include "harness/fetch/partial.h"
#include "harness/fetch/transfer.h"

enum fdm_job_state {
    FDM_JOB_WAITING, /* until `when_ns`: to begin, for the next attempt or for another process */
    FDM_JOB_RUNNING,
    FDM_JOB_DONE
};

/* What may help after an attempt that was aborted. */
enum fdm_job_remedy {
    FDM_REMEDY_ANEW,    /* from the first byte: what came last is wrong, or what it continued */
    FDM_REMEDY_ANOTHER, /* the next address; what there was before stays */
    FDM_REMEDY_NONE
};

/* Others read `state`, `when_ns`, `item` and `result`. */
struct fdm_job {
    const struct fdm_fetch_options *options;
    struct fdm_transfers *transfers;
    const struct fdm_fetch_item *item;
    struct fdm_fetch_result *result;
    enum fdm_job_state state;
    uint64_t when_ns;
    size_t url;        /* index in item->urls */
    char *followed;    /* the address behind a pointer, in place of item->urls[url] */
    bool told;         /* that another process has the lock */
    uint32_t attempts; /* that failed without progress */
    uint64_t began_at; /* the size when the attempt began */
    uint64_t best;     /* the largest size so far, also before beginning anew */
    struct fdm_lock *lock;
    struct fdm_partial *partial; /* NULL before the first attempt and when it is done */
    struct fdm_error trouble;    /* why the attempt in hand was aborted */
    enum fdm_job_remedy remedy;  /* … and what may help */
    const char *advice;          /* what the user can do about the last trouble; or NULL */
};

/* The four must outlive the job. Done at once if the cache has the object, or if it has not and
 * this is offline. End with fdm_job_close(). */
void fdm_job_init(struct fdm_job *job, const struct fdm_fetch_options *options,
                  struct fdm_transfers *transfers, const struct fdm_fetch_item *item,
                  struct fdm_fetch_result *result);

/* Begins the next attempt, unless another process has the lock: then it waits on. */
void fdm_job_begin(struct fdm_job *job);

/* Bytes of the object that there are. */
uint64_t fdm_job_bytes(const struct fdm_job *job);

/* Ends the job without its object. What was received is kept. */
void fdm_job_fail(struct fdm_job *job, enum fdm_status status, const char *message);
/* Frees what the job holds; its result stays. */
void fdm_job_close(struct fdm_job *job);

#endif
