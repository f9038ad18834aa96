#include "harness/fetch/follow.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES ((size_t)256 << 10)
/* Waking the thread for every few kilobytes would cost more than hashing them. */
#define STEP_BYTES (UINT64_C(1) << 20)

struct fdm_follow {
    int fd;
    struct fdm_sha256 *hash;
    uint8_t *buffer;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    /* Under the mutex: */
    uint64_t size; /* there to be hashed */
    bool complete; /* `size` is the last word */
    bool dropped;
    /* The thread's, and after it anybody's: */
    uint64_t done;
    int error; /* errno, or 0 */
};

/* Bytes that may be hashed now; 0 at the end. */
static uint64_t wait_for_bytes(struct fdm_follow *follow)
{
    pthread_mutex_lock(&follow->mutex);
    while (!follow->dropped && !follow->complete && follow->size < follow->done + STEP_BYTES)
        pthread_cond_wait(&follow->wake, &follow->mutex);
    uint64_t left = follow->dropped ? 0 : follow->size - follow->done;
    pthread_mutex_unlock(&follow->mutex);
    return left;
}

static void *hash_behind(void *argument)
{
    struct fdm_follow *follow = argument;
    for (uint64_t left = wait_for_bytes(follow); left > 0; left = wait_for_bytes(follow)) {
        size_t want = left < READ_BYTES ? (size_t)left : READ_BYTES;
        ssize_t got = pread(follow->fd, follow->buffer, want, (off_t)follow->done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            follow->error = got < 0 ? errno : EIO;
            break;
        }
        fdm_sha256_update(follow->hash, follow->buffer, (size_t)got);
        follow->done += (uint64_t)got;
    }
    return NULL;
}

static void release(struct fdm_follow *follow, char hex[FDM_SHA256_HEX_SIZE])
{
    if (follow->hash != NULL)
        fdm_sha256_finish(follow->hash, hex);
    pthread_cond_destroy(&follow->wake);
    pthread_mutex_destroy(&follow->mutex);
    free(follow->buffer);
    free(follow);
}

enum fdm_status fdm_follow_begin(int fd, struct fdm_follow **out, struct fdm_error *err)
{
    *out = NULL;
    struct fdm_follow *follow = calloc(1, sizeof *follow);
    if (follow == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    follow->fd = fd;
    pthread_mutex_init(&follow->mutex, NULL);
    pthread_cond_init(&follow->wake, NULL);
    follow->buffer = malloc(READ_BYTES);
    enum fdm_status status = fdm_sha256_begin(&follow->hash, err);
    if (status == FDM_OK &&
        (follow->buffer == NULL || pthread_create(&follow->thread, NULL, hash_behind, follow) != 0))
        status = fdm_fail(err, FDM_ERR_MEMORY, "no thread for a checksum");
    if (status != FDM_OK) {
        release(follow, NULL);
        return status;
    }
    *out = follow;
    return FDM_OK;
}

void fdm_follow_grow(struct fdm_follow *follow, uint64_t size)
{
    pthread_mutex_lock(&follow->mutex);
    bool step = size / STEP_BYTES != follow->size / STEP_BYTES;
    follow->size = size;
    if (step)
        pthread_cond_signal(&follow->wake);
    pthread_mutex_unlock(&follow->mutex);
}

enum fdm_status fdm_follow_end(struct fdm_follow *follow, char hex[FDM_SHA256_HEX_SIZE],
                               struct fdm_error *err)
{
    if (follow == NULL)
        return FDM_OK;
    pthread_mutex_lock(&follow->mutex);
    follow->complete = true;
    follow->dropped = hex == NULL;
    pthread_cond_signal(&follow->wake);
    pthread_mutex_unlock(&follow->mutex);
    pthread_join(follow->thread, NULL);
    enum fdm_status status = FDM_OK;
    if (follow->error != 0 && hex != NULL)
        status = fdm_fail(err, FDM_ERR_IO, "reading back what was received: %s",
                          strerror(follow->error));
    release(follow, hex);
    return status;
}
