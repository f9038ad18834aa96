#include "harness/fetch/follow.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One with the writer, the others written and waiting to be hashed. */
#define PIECES 4u

struct piece {
    uint8_t *bytes;
    uint64_t at; /* in the file */
    size_t len;
};

struct fdm_follow {
    int fd;
    struct fdm_sha256 *hash;
    uint8_t *memory; /* of the pieces, and one more to read the file into */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;  /* something to hash, or the end */
    pthread_cond_t freed; /* a piece was hashed */
    /* Under the mutex: */
    struct piece pieces[PIECES];
    unsigned first;   /* of those that wait; the writer's is behind the last */
    unsigned waiting; /* PIECES - 1 at most */
    uint64_t size;    /* there to be hashed */
    uint64_t done;    /* hashed; the thread writes it */
    bool complete;    /* `size` is the last word */
    bool dropped;
    /* The thread's, and after it anybody's: */
    int error; /* errno, or 0 */
};

/* The thread has hashed all that lies before the first piece, and takes that one next or now. */
static bool is_at_first(const struct fdm_follow *follow)
{
    return follow->waiting > 0 && follow->pieces[follow->first].at == follow->done;
}

/* What comes next: a piece, or with `bytes` NULL what must be read from the file. `len` 0: the end.
 */
static struct piece wait_for_bytes(struct fdm_follow *follow)
{
    struct piece next = {NULL, follow->done, 0};
    pthread_mutex_lock(&follow->mutex);
    while (!follow->dropped && !follow->complete && follow->size == follow->done)
        pthread_cond_wait(&follow->wake, &follow->mutex);
    const struct piece *first = &follow->pieces[follow->first];
    uint64_t left = (follow->waiting > 0 ? first->at : follow->size) - follow->done;
    if (follow->dropped)
        next.len = 0;
    else if (is_at_first(follow))
        next = *first;
    else
        next.len = left < FDM_FOLLOW_PIECE_BYTES ? (size_t)left : FDM_FOLLOW_PIECE_BYTES;
    pthread_mutex_unlock(&follow->mutex);
    return next;
}

static void advance(struct fdm_follow *follow, size_t len, bool in_memory)
{
    pthread_mutex_lock(&follow->mutex);
    follow->done += len;
    if (in_memory) {
        follow->first = (follow->first + 1) % PIECES;
        follow->waiting--;
        pthread_cond_signal(&follow->freed);
    }
    pthread_mutex_unlock(&follow->mutex);
}

/* At least one byte of the file; false where there is none. */
static bool read_file(struct fdm_follow *follow, struct piece *piece)
{
    ssize_t got;
    piece->bytes = follow->memory + PIECES * FDM_FOLLOW_PIECE_BYTES;
    do
        got = pread(follow->fd, piece->bytes, piece->len, (off_t)piece->at);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        follow->error = got < 0 ? errno : EIO;
    piece->len = got > 0 ? (size_t)got : 0;
    return got > 0;
}

static void *hash_behind(void *argument)
{
    struct fdm_follow *follow = argument;
    for (;;) {
        struct piece next = wait_for_bytes(follow);
        bool in_memory = next.bytes != NULL;
        if (next.len == 0 || (!in_memory && !read_file(follow, &next)))
            return NULL;
        fdm_sha256_update(follow->hash, next.bytes, next.len);
        advance(follow, next.len, in_memory);
    }
}

static void release(struct fdm_follow *follow, char hex[FDM_SHA256_HEX_SIZE])
{
    if (follow->hash != NULL)
        fdm_sha256_finish(follow->hash, hex);
    pthread_cond_destroy(&follow->freed);
    pthread_cond_destroy(&follow->wake);
    pthread_mutex_destroy(&follow->mutex);
    free(follow->memory);
    free(follow);
}

enum fdm_status fdm_follow_begin(int fd, uint64_t size, struct fdm_follow **out,
                                 struct fdm_error *err)
{
    *out = NULL;
    struct fdm_follow *follow = calloc(1, sizeof *follow);
    if (follow == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    follow->fd = fd;
    follow->size = size;
    pthread_mutex_init(&follow->mutex, NULL);
    pthread_cond_init(&follow->wake, NULL);
    pthread_cond_init(&follow->freed, NULL);
    follow->memory = malloc((PIECES + 1) * FDM_FOLLOW_PIECE_BYTES);
    for (size_t i = 0; follow->memory != NULL && i < PIECES; i++)
        follow->pieces[i].bytes = follow->memory + i * FDM_FOLLOW_PIECE_BYTES;
    enum fdm_status status = fdm_sha256_begin(&follow->hash, err);
    if (status == FDM_OK &&
        (follow->memory == NULL || pthread_create(&follow->thread, NULL, hash_behind, follow) != 0))
        status = fdm_fail(err, FDM_ERR_MEMORY, "no thread for a checksum");
    if (status != FDM_OK) {
        release(follow, NULL);
        return status;
    }
    *out = follow;
    return FDM_OK;
}

static struct piece *writers(struct fdm_follow *follow)
{
    return &follow->pieces[(follow->first + follow->waiting) % PIECES];
}

uint8_t *fdm_follow_piece(struct fdm_follow *follow)
{
    pthread_mutex_lock(&follow->mutex);
    uint8_t *bytes = writers(follow)->bytes;
    pthread_mutex_unlock(&follow->mutex);
    return bytes;
}

void fdm_follow_wrote(struct fdm_follow *follow, size_t len)
{
    if (len == 0)
        return;
    pthread_mutex_lock(&follow->mutex);
    /* A thread that is still far behind, in the file, is left there. */
    while (follow->waiting == PIECES - 1 && is_at_first(follow))
        pthread_cond_wait(&follow->freed, &follow->mutex);
    if (follow->waiting < PIECES - 1) {
        struct piece *piece = writers(follow);
        piece->at = follow->size;
        piece->len = len;
        follow->waiting++;
    }
    follow->size += len;
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
