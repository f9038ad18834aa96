#include "harness/fetch/fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/fetch/follow.h"
#include "harness/fetch/transfer.h"
#include "harness/fetch/unpack.h"

#define POINTER_BYTES_MAX 1024u
#define LOCK_PAUSE_MS 200u
#define POLL_MS 100u
/* So much more than ever before counts as progress: attempts end also where a server that cannot
 * continue always cuts at the same place. */
#define PROGRESS_BYTES (UINT64_C(64) << 10)

enum state {
    STATE_WAITING, /* until `when_ns`: to begin, for the next attempt or for another process */
    STATE_RUNNING,
    STATE_DONE
};

/* What may help after an attempt that was aborted. */
enum remedy {
    REMEDY_ANEW,    /* from the first byte: what came last is wrong, or what it continued */
    REMEDY_ANOTHER, /* the next address; what there was before stays */
    REMEDY_NONE
};

struct job {
    struct work *work;
    const struct fdm_fetch_item *item;
    struct fdm_fetch_result *result;
    const struct job *same; /* an earlier job with the same hash does it */
    enum state state;
    uint64_t when_ns;
    size_t url;        /* index in item->urls */
    char *followed;    /* the address behind a pointer, in place of item->urls[url] */
    uint32_t attempts; /* that failed without progress */
    uint64_t began_at; /* `size` when the attempt began */
    uint64_t best;     /* the largest `size` so far, also before beginning anew */
    struct fdm_lock *lock;
    int fd;
    char *partial;
    uint64_t size;           /* of the partial file, with what is gathered */
    struct fdm_follow *hash; /* of its bytes; its piece holds the last, still to be written */
    size_t gathered_len;
    char etag[FDM_ETAG_SIZE];
    const char *advice;       /* against what ended the last attempt; or NULL */
    struct fdm_error trouble; /* why the attempt in hand was aborted */
    enum remedy remedy;       /* … and what may help */
};

struct work {
    const struct fdm_fetch_options *options;
    struct fdm_transfers *transfers;
    struct job *jobs;
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

/* ---- Git LFS -----------------------------------------------------------------------------------
 */

bool fdm_fetch_parse_pointer(const char *text, size_t len, char sha256[65], uint64_t *bytes)
{
    static const char first[] = "version https://git-lfs.github.com/spec/v1\noid sha256:";
    static const char second[] = "\nsize ";
    size_t oid = sizeof first - 1;
    size_t size = oid + 64 + sizeof second - 1;
    if (len <= size || len > POINTER_BYTES_MAX || memcmp(text, first, oid) != 0 ||
        memcmp(text + oid + 64, second, sizeof second - 1) != 0)
        return false;
    *bytes = 0;
    for (; size < len && text[size] >= '0' && text[size] <= '9' && *bytes < UINT64_C(1) << 56;
         size++)
        *bytes = *bytes * 10 + (uint64_t)(text[size] - '0');
    memcpy(sha256, text + oid, 64);
    sha256[64] = '\0';
    return strspn(sha256, "0123456789abcdef") == 64 && size < len && text[size] == '\n';
}

bool fdm_fetch_pointer_url(const char *url, const char *lfs_base, struct fdm_buf *out)
{
    const char *host = strstr(url, "://");
    if (host == NULL)
        return false;
    host += 3;
    const char *path = strchr(host, '/');
    if (path == NULL)
        return false;
    path++;
    const char *raw = strstr(path, "/raw/");
    if (raw != NULL) { /* OWNER/REPO/raw/REF/PATH */
        fdm_buf_printf(out, "%s%.*s/%s", lfs_base, (int)(raw - path), path, raw + 5);
        return true;
    }
    if (strncmp(host, "raw.", 4) != 0)
        return false;
    fdm_buf_printf(out, "%s%s", lfs_base, path);
    return true;
}

/* ---- A job's ends ------------------------------------------------------------------------------
 */

static const char *url_of(const struct job *job)
{
    return job->followed != NULL ? job->followed : job->item->urls[job->url];
}

static void drop_hash(struct job *job)
{
    fdm_follow_end(job->hash, NULL, NULL);
    job->hash = NULL;
}

static bool abort_attempt(struct job *job, enum fdm_status status, const char *message,
                          enum remedy remedy)
{
    job->trouble = (struct fdm_error)FDM_ERROR_INIT;
    job->remedy = remedy;
    fdm_fail(&job->trouble, status, "%s", message);
    return false;
}

static bool cannot_write(struct job *job)
{
    char words[sizeof job->trouble.message];
    snprintf(words, sizeof words,
             "%.350s: %s; the same command continues, --cache DIR is another "
             "disk",
             job->partial, strerror(errno));
    return abort_attempt(job, FDM_ERR_IO, words, REMEDY_NONE);
}

static bool write_gathered(struct job *job)
{
    size_t written = 0;
    while (written < job->gathered_len) {
        size_t left = job->gathered_len - written;
        ssize_t put =
            pwrite(job->fd, fdm_follow_piece(job->hash) + written, left, (off_t)(job->size - left));
        if (put < 0 && errno != EINTR) {
            job->size -= left;
            job->gathered_len = 0;
            return cannot_write(job);
        }
        written += put > 0 ? (size_t)put : 0;
    }
    fdm_follow_wrote(job->hash, written);
    job->gathered_len = 0;
    return true;
}

static void close_job(struct job *job)
{
    if (job->gathered_len > 0) /* interrupted: kept as far as the disk takes it */
        write_gathered(job);
    job->gathered_len = 0;
    drop_hash(job);
    if (job->fd >= 0)
        close(job->fd);
    job->fd = -1;
    fdm_lock_free(job->lock);
    job->lock = NULL;
    free(job->partial);
    job->partial = NULL;
    free(job->followed);
    job->followed = NULL;
}

static void fail_job(struct job *job, enum fdm_status status, const char *message)
{
    close_job(job);
    job->state = STATE_DONE;
    job->result->status = status;
    fdm_fail(&job->result->err, status, "%s: %s", job->item->name, message);
}

static void note(const struct job *job, const char *message)
{
    if (job->work->options->on_note != NULL)
        job->work->options->on_note(job->work->options->context, job->item->name, message);
}

/* Not this address again; the next one, if there is one. */
static void next_url(struct job *job, enum fdm_status status, const char *message)
{
    char all[sizeof job->trouble.message];
    if (job->advice != NULL) {
        snprintf(all, sizeof all, "%.300s; %s", message, job->advice);
        message = all;
    }
    job->advice = NULL;
    free(job->followed);
    job->followed = NULL;
    job->url++;
    job->attempts = 0;
    if (job->url >= FDM_FETCH_URLS_MAX || job->item->urls[job->url] == NULL) {
        fail_job(job, status, message);
        return;
    }
    note(job, message);
    job->state = STATE_WAITING;
    job->when_ns = 0;
}

static void retry(struct job *job, enum fdm_status status, const char *message,
                  uint32_t retry_after_s)
{
    const struct fdm_fetch_options *options = job->work->options;
    if (job->size >= job->best + PROGRESS_BYTES) {
        job->attempts = 0;
        job->best = job->size;
    }
    if (job->attempts >= options->retries) {
        char all[sizeof job->trouble.message];
        if (job->advice == NULL && job->size > 0)
            job->advice = "what was received is kept, the same command continues";
        snprintf(all, sizeof all, "%.400s (%u attempts)", message, job->attempts + 1);
        next_url(job, status, all);
        return;
    }
    uint64_t now_ns = fdm_clock_now_ns();
    uint32_t pause_ms =
        fdm_fetch_pause_ms(options, job->attempts, retry_after_s, now_ns * 2654435761u >> 20);
    job->attempts++;
    job->state = STATE_WAITING;
    job->when_ns = now_ns + pause_ms * FDM_NS_PER_MS;
    char words[sizeof job->trouble.message];
    snprintf(words, sizeof words, "%.400s; again in %.1f s", message, pause_ms / 1000.0);
    note(job, words);
}

/* ---- The partial file --------------------------------------------------------------------------
 */

static enum fdm_status os_fail(const char *path, struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
}

static enum fdm_status begin_anew(struct job *job, struct fdm_error *err)
{
    drop_hash(job);
    job->gathered_len = 0;
    job->size = 0;
    job->began_at = 0;
    job->etag[0] = '\0';
    if (ftruncate(job->fd, 0) != 0)
        return os_fail(job->partial, err);
    return fdm_follow_begin(job->fd, 0, &job->hash, err);
}

/* What an earlier run received is hashed while more comes in. */
static enum fdm_status take_up(struct job *job, struct fdm_error *err)
{
    struct stat info;
    if (fstat(job->fd, &info) != 0)
        return os_fail(job->partial, err);
    job->size = (uint64_t)info.st_size;
    job->best = job->size;
    if (job->size > job->item->bytes)
        return begin_anew(job, err);
    return fdm_follow_begin(job->fd, job->size, &job->hash, err);
}

static char *etag_path(const struct job *job)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s.etag", job->partial);
    return path.data;
}

/* A lost tag costs at most a restart, so that failures here do not count. */
static void load_etag(struct job *job)
{
    uint8_t *text = NULL;
    size_t len = 0;
    char *path = etag_path(job);
    job->etag[0] = '\0';
    if (path != NULL && fdm_fs_read(path, sizeof job->etag - 1, &text, &len, NULL) == FDM_OK &&
        len > 1 && text[0] == '"' && strcspn((char *)text, "\r\n") == len)
        memcpy(job->etag, text, len + 1);
    free(text);
    free(path);
}

static void save_etag(struct job *job, const char *etag)
{
    char *path = etag_path(job);
    snprintf(job->etag, sizeof job->etag, "%s", etag);
    if (path != NULL && etag[0] != '\0')
        fdm_fs_write_unsynced(path, etag, strlen(etag), NULL);
    else if (path != NULL)
        unlink(path);
    free(path);
}

static enum fdm_status open_partial(struct job *job, struct fdm_error *err)
{
    enum fdm_status status =
        fdm_cache_partial(job->work->options->cache, job->item->sha256, &job->partial, err);
    if (status != FDM_OK)
        return status;
    job->fd = open(job->partial, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (job->fd < 0)
        return os_fail(job->partial, err);
    load_etag(job);
    status = take_up(job, err);
    if (status == FDM_OK)
        status = fdm_unpack_check_space(job->partial, job->item->bytes - job->size, err);
    return status;
}

static bool read_pointer(const struct job *job, char sha256[65], uint64_t *bytes)
{
    char text[POINTER_BYTES_MAX];
    if (job->size > sizeof text)
        return false;
    ssize_t got = pread(job->fd, text, sizeof text, 0);
    return got > 0 && fdm_fetch_parse_pointer(text, (size_t)got, sha256, bytes);
}

/* ---- Judging what was received ------------------------------------------------------------------
 */

static void wrong_bytes(struct job *job, const char *message)
{
    struct fdm_error err = FDM_ERROR_INIT;
    bool resumed = job->began_at > 0;
    if (begin_anew(job, &err) != FDM_OK) {
        fail_job(job, err.status, err.message);
        return;
    }
    save_etag(job, "");
    /* What came together from two servers or two versions deserves one try in one piece. */
    if (resumed)
        retry(job, FDM_ERR_MISMATCH, message, 0);
    else
        next_url(job, FDM_ERR_MISMATCH, message);
}

static void follow_pointer(struct job *job, const char *sha256, uint64_t bytes)
{
    struct fdm_buf url;
    fdm_buf_init(&url);
    if (strcmp(sha256, job->item->sha256) != 0 || bytes != job->item->bytes) {
        wrong_bytes(job, "a Git LFS pointer to another file");
    } else if (job->followed != NULL) {
        wrong_bytes(job, "a Git LFS pointer behind a Git LFS pointer");
    } else if (!fdm_fetch_pointer_url(url_of(job), job->work->options->lfs_base, &url) ||
               url.failed) {
        wrong_bytes(job, "a Git LFS pointer instead of the file, from a server unknown to have it");
    } else {
        struct fdm_error err = FDM_ERROR_INIT;
        job->followed = url.data;
        url.data = NULL;
        job->state = STATE_WAITING;
        job->when_ns = 0;
        if (begin_anew(job, &err) != FDM_OK)
            fail_job(job, err.status, err.message);
    }
    fdm_buf_release(&url);
}

static void finish(struct job *job)
{
    char hex[FDM_SHA256_HEX_SIZE];
    char words[200];
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_follow_end(job->hash, hex, &err);
    job->hash = NULL;
    if (status != FDM_OK) {
        fail_job(job, status, err.message);
        return;
    }
    if (strcmp(hex, job->item->sha256) != 0) {
        snprintf(words, sizeof words, "other bytes than expected (sha256 %s)", hex);
        wrong_bytes(job, words);
        return;
    }
    save_etag(job, "");
    job->result->status =
        fdm_cache_commit(job->work->options->cache, job->item->sha256, &job->result->path, &err);
    if (job->result->status != FDM_OK) {
        fail_job(job, err.status, err.message);
        return;
    }
    close_job(job);
    job->state = STATE_DONE;
}

static void explain_size(const struct job *job, const struct fdm_response *response, uint64_t bytes,
                         char *out, size_t size)
{
    if (response->is_page)
        snprintf(out, size,
                 "a web page of %" PRIu64 " bytes instead of the file: open the address in a "
                 "browser, this network may want a login first",
                 bytes);
    else
        snprintf(out, size, "the server has a file of %" PRIu64 " bytes instead of %" PRIu64, bytes,
                 job->item->bytes);
}

static void judge_body(struct job *job, const struct fdm_response *response)
{
    char sha256[65];
    char words[200];
    uint64_t bytes;
    if (read_pointer(job, sha256, &bytes)) {
        follow_pointer(job, sha256, bytes);
    } else if (job->size == job->item->bytes) {
        finish(job);
    } else if (response->has_length || response->is_page) {
        explain_size(job, response, job->size, words, sizeof words);
        wrong_bytes(job, words);
    } else {
        snprintf(words, sizeof words, "ended after %" PRIu64 " of %" PRIu64 " bytes", job->size,
                 job->item->bytes);
        retry(job, FDM_ERR_EOF, words, 0);
    }
}

static bool may_recover(unsigned status)
{
    return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
           status == 503 || status == 504;
}

/* Of an address, what may be shown: neither a name and a password nor a query, which may be a key.
 */
struct shown {
    const char *text; /* from the host on */
    int host_len;     /* without the port */
    int len;
};

static struct shown show_url(const char *url)
{
    const char *scheme = strstr(url, "://");
    struct shown shown = {scheme != NULL ? scheme + 3 : url, 0, 0};
    size_t authority = strcspn(shown.text, "/?#");
    for (size_t i = authority; i > 0; i--)
        if (shown.text[i - 1] == '@') {
            shown.text += i;
            break;
        }
    shown.host_len = (int)strcspn(shown.text, ":/?#");
    shown.len = (int)strcspn(shown.text, "?#");
    if (shown.len > 300)
        shown.len = 300;
    return shown;
}

static void explain_status(struct job *job, unsigned status, char *out, size_t size)
{
    struct shown url = show_url(url_of(job));
    if (status == 401)
        snprintf(
            out, size,
            "the server answers 401 (it wants a name and a password: write \"machine %.*s login "
            "NAME password PASSWORD\" into ~/.netrc)",
            url.host_len, url.text);
    else if (status == 403)
        snprintf(out, size,
                 "the server answers 403 (it may let a browser through: save %.*s and name its "
                 "folder by --from)",
                 url.len, url.text);
    else
        snprintf(out, size, "the server answers %u to %.*s", status, url.len, url.text);
}

static void judge_status(struct job *job, const struct fdm_response *response)
{
    char words[sizeof job->trouble.message];
    explain_status(job, response->status, words, sizeof words);
    if (may_recover(response->status)) {
        retry(job, FDM_ERR_BUSY, words, response->retry_after_s);
    } else if (response->status == 416 && job->size > 0) {
        job->began_at = job->size;
        wrong_bytes(job, "the server cannot continue; beginning anew");
    } else {
        next_url(job, FDM_ERR_NOT_FOUND, words);
    }
}

/* ---- The receiver ------------------------------------------------------------------------------
 */

static bool check_head(struct job *job, const struct fdm_response *response)
{
    char words[200];
    uint64_t total = response->length + (response->status == 206 ? job->size : 0);
    if (response->status == 206 && (!response->has_range || response->range_first != job->size))
        return abort_attempt(job, FDM_ERR_MISMATCH, "the server sends other bytes than asked for",
                             REMEDY_ANEW);
    if (response->has_range && response->range_total != 0)
        total = response->range_total;
    if ((!response->has_length && response->range_total == 0) || total == job->item->bytes)
        return true;
    /* A short answer may be a pointer; only the body tells. */
    if (total <= POINTER_BYTES_MAX && !response->is_page)
        return true;
    explain_size(job, response, total, words, sizeof words);
    return abort_attempt(job, FDM_ERR_MISMATCH, words, REMEDY_ANOTHER);
}

static bool on_head(void *context, const struct fdm_response *response)
{
    struct job *job = context;
    struct fdm_error err = FDM_ERROR_INIT;
    if (!check_head(job, response))
        return false;
    if (response->status == 200 && job->size > 0 && begin_anew(job, &err) != FDM_OK)
        return abort_attempt(job, err.status, err.message, REMEDY_NONE);
    if (strcmp(job->etag, response->etag) != 0)
        save_etag(job, response->etag);
    return true;
}

static bool on_body(void *context, const void *bytes, size_t len)
{
    struct job *job = context;
    const char *data = bytes;
    if (len > job->item->bytes - job->size)
        return abort_attempt(job, FDM_ERR_MISMATCH, "more bytes than expected", REMEDY_ANEW);
    job->result->received_bytes += len;
    while (len > 0) {
        size_t room = FDM_FOLLOW_PIECE_BYTES - job->gathered_len;
        size_t part = len < room ? len : room;
        memcpy(fdm_follow_piece(job->hash) + job->gathered_len, data, part);
        job->gathered_len += part;
        job->size += part;
        data += part;
        len -= part;
        if (part == room && !write_gathered(job))
            return false;
    }
    return true;
}

static void on_end(void *context, const struct fdm_transfer_outcome *outcome,
                   const struct fdm_response *response)
{
    struct job *job = context;
    enum fdm_transfer_end end = outcome->end;
    job->advice = outcome->advice;
    if (end != FDM_TRANSFER_ABORTED && !write_gathered(job))
        end = FDM_TRANSFER_ABORTED;
    if (end == FDM_TRANSFER_ABORTED && job->remedy == REMEDY_NONE)
        fail_job(job, job->trouble.status, job->trouble.message);
    else if (end == FDM_TRANSFER_ABORTED && job->remedy == REMEDY_ANOTHER)
        next_url(job, job->trouble.status, job->trouble.message);
    else if (end == FDM_TRANSFER_ABORTED)
        wrong_bytes(job, job->trouble.message);
    else if (end == FDM_TRANSFER_REFUSED)
        next_url(job, FDM_ERR_IO, outcome->message);
    else if (end == FDM_TRANSFER_CUT)
        retry(job, FDM_ERR_TIMEOUT, outcome->message, 0);
    else if (response->status == 200 || response->status == 206)
        judge_body(job, response);
    else
        judge_status(job, response);
}

/* ---- Beginning ---------------------------------------------------------------------------------
 */

/* True if the cache has it: the job is done then. */
static bool take_from_cache(struct job *job)
{
    enum fdm_status status = fdm_cache_find(job->work->options->cache, job->item->sha256,
                                            job->item->bytes, false, &job->result->path, NULL);
    if (status != FDM_OK)
        return false;
    close_job(job);
    job->result->status = FDM_OK;
    job->result->was_there = job->result->received_bytes == 0;
    job->state = STATE_DONE;
    return true;
}

static bool get_lock(struct job *job)
{
    struct fdm_error err = FDM_ERROR_INIT;
    if (job->lock != NULL)
        return true;
    enum fdm_status status =
        fdm_cache_lock(job->work->options->cache, job->item->sha256, &job->lock, &err);
    if (status == FDM_ERR_BUSY)
        job->when_ns = fdm_clock_now_ns() + LOCK_PAUSE_MS * FDM_NS_PER_MS;
    else if (status != FDM_OK)
        fail_job(job, status, err.message);
    return status == FDM_OK && !take_from_cache(job);
}

static void begin_attempt(struct job *job)
{
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = FDM_OK;
    if (!get_lock(job))
        return;
    if (job->fd < 0)
        status = open_partial(job, &err);
    else if (job->hash == NULL)
        status = begin_anew(job, &err);
    if (status == FDM_OK && job->size == job->item->bytes) {
        job->began_at = job->size;
        finish(job);
        return;
    }
    const struct fdm_receiver receiver = {job, on_head, on_body, on_end};
    job->began_at = job->size;
    job->state = STATE_RUNNING;
    if (status == FDM_OK)
        status = fdm_transfers_start(job->work->transfers, url_of(job), job->size, job->etag,
                                     &receiver, &err);
    if (status != FDM_OK)
        fail_job(job, status, err.message);
}

static void begin_jobs(struct work *work)
{
    size_t running = 0;
    uint64_t now_ns = fdm_clock_now_ns();
    for (size_t i = 0; i < work->count; i++)
        running += work->jobs[i].state == STATE_RUNNING;
    for (size_t i = 0; i < work->count && running < work->options->jobs; i++) {
        struct job *job = &work->jobs[i];
        if (job->state != STATE_WAITING || job->when_ns > now_ns)
            continue;
        begin_attempt(job);
        running += job->state == STATE_RUNNING;
    }
}

/* ---- The whole ---------------------------------------------------------------------------------
 */

static size_t report_progress(const struct work *work)
{
    uint64_t done = 0;
    uint64_t total = 0;
    size_t left = 0;
    for (size_t i = 0; i < work->count; i++) {
        const struct job *job = &work->jobs[i];
        left += job->state != STATE_DONE;
        if (job->same != NULL || job->result->was_there)
            continue;
        total += job->item->bytes;
        done += job->result->path != NULL ? job->item->bytes : job->size;
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

static void set_up_job(struct work *work, size_t index, const struct fdm_fetch_item *items,
                       struct fdm_fetch_result *results)
{
    struct job *job = &work->jobs[index];
    *job = (struct job){.work = work, .item = &items[index], .result = &results[index], .fd = -1};
    for (size_t i = 0; i < index && job->same == NULL; i++)
        if (work->jobs[i].same == NULL && strcmp(items[i].sha256, items[index].sha256) == 0)
            job->same = &work->jobs[i];
    if (job->same != NULL)
        job->state = STATE_DONE;
    else if (!take_from_cache(job) && work->options->offline)
        fail_job(job, FDM_ERR_NOT_FOUND,
                 "not in the cache, and this is --offline; fetch it without, or save the file with "
                 "another computer and name its folder by --from");
}

static void settle(const struct job *job, struct fdm_fetch_result *result)
{
    if (job->same == NULL)
        return;
    result->status = job->same->result->status;
    result->err = job->same->result->err;
    result->was_there = true;
    if (job->same->result->path == NULL)
        return;
    result->path = strdup(job->same->result->path);
    if (result->path == NULL)
        result->status = fdm_fail(&result->err, FDM_ERR_MEMORY, "out of memory");
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
    if (work.jobs == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < count; i++)
        set_up_job(&work, i, items, results);
    enum fdm_status status = fdm_transfers_new(&network, &work.transfers, err);
    if (status == FDM_OK)
        status = run_jobs(&work, err);
    fdm_transfers_free(work.transfers);
    for (size_t i = 0; i < count; i++) {
        if (status != FDM_OK && work.jobs[i].state != STATE_DONE)
            fail_job(&work.jobs[i], status, err != NULL ? err->message : "not finished");
        close_job(&work.jobs[i]);
        settle(&work.jobs[i], &results[i]);
    }
    for (size_t i = 0; status == FDM_OK && i < count; i++)
        if (results[i].status != FDM_OK)
            status = fdm_fail(err, results[i].status, "%s", results[i].err.message);
    free(work.jobs);
    return status;
}

void fdm_fetch_release(struct fdm_fetch_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(results[i].path);
    memset(results, 0, count * sizeof *results);
}
