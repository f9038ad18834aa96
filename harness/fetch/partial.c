#include "harness/fetch/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/fetch/follow.h"
#include "harness/fetch/transfer.h"
#include "harness/fetch/unpack.h"

struct fdm_partial {
    char *path;
    int fd;
    uint64_t size;             /* with what is gathered */
    struct fdm_follow *follow; /* hashes it; its piece holds what is gathered */
    size_t gathered;
    char etag[FDM_ETAG_SIZE];
};

static enum fdm_status os_fail(const struct fdm_partial *partial, struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_IO, "%.350s: %s", partial->path, strerror(errno));
}

/* ---- The tag ----------------------------------------------------------------------------------
 */

static char *etag_path(const struct fdm_partial *partial)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s.etag", partial->path);
    return path.data;
}

/* A lost tag costs at most a restart, so that failures here do not count. */
static void load_etag(struct fdm_partial *partial)
{
    uint8_t *text = NULL;
    size_t len = 0;
    char *path = etag_path(partial);
    if (path != NULL && fdm_fs_read(path, sizeof partial->etag - 1, &text, &len, NULL) == FDM_OK &&
        len > 1 && text[0] == '"' && strcspn((char *)text, "\r\n") == len)
        memcpy(partial->etag, text, len + 1);
    free(text);
    free(path);
}

const char *fdm_partial_etag(const struct fdm_partial *partial)
{
    return partial->etag;
}

void fdm_partial_set_etag(struct fdm_partial *partial, const char *etag)
{
    if (strcmp(partial->etag, etag) == 0)
        return;
    snprintf(partial->etag, sizeof partial->etag, "%s", etag);
    char *path = etag_path(partial);
    if (path != NULL && etag[0] != '\0')
        fdm_fs_write_unsynced(path, etag, strlen(etag), NULL);
    else if (path != NULL)
        unlink(path);
    free(path);
}

/* ---- Beginning and end ------------------------------------------------------------------------
 */

static void drop_hash(struct fdm_partial *partial)
{
    fdm_follow_end(partial->follow, NULL, NULL);
    partial->follow = NULL;
}

enum fdm_status fdm_partial_restart(struct fdm_partial *partial, struct fdm_error *err)
{
    drop_hash(partial);
    fdm_partial_set_etag(partial, "");
    partial->gathered = 0;
    partial->size = 0;
    if (ftruncate(partial->fd, 0) != 0)
        return os_fail(partial, err);
    return fdm_follow_begin(partial->fd, 0, &partial->follow, err);
}

/* What an earlier run received is hashed while more comes in. */
static enum fdm_status take_up(struct fdm_partial *partial, uint64_t bytes, struct fdm_error *err)
{
    struct stat info;
    partial->fd = open(partial->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (partial->fd < 0 || fstat(partial->fd, &info) != 0)
        return os_fail(partial, err);
    load_etag(partial);
    partial->size = (uint64_t)info.st_size;
    enum fdm_status status =
        partial->size > bytes ? fdm_partial_restart(partial, err)
                              : fdm_follow_begin(partial->fd, partial->size, &partial->follow, err);
    if (status == FDM_OK)
        status = fdm_unpack_check_space(partial->path, bytes - partial->size, err);
    return status;
}

enum fdm_status fdm_partial_open(struct fdm_cache *cache, const char *sha256, uint64_t bytes,
                                 struct fdm_partial **out, struct fdm_error *err)
{
    *out = NULL;
    struct fdm_partial *partial = calloc(1, sizeof *partial);
    if (partial == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    partial->fd = -1;
    enum fdm_status status = fdm_cache_partial(cache, sha256, &partial->path, err);
    if (status == FDM_OK)
        status = take_up(partial, bytes, err);
    if (status == FDM_OK)
        *out = partial;
    else
        fdm_partial_close(partial);
    return status;
}

void fdm_partial_close(struct fdm_partial *partial)
{
    if (partial == NULL)
        return;
    fdm_partial_flush(partial, NULL);
    drop_hash(partial);
    if (partial->fd >= 0)
        close(partial->fd);
    free(partial->path);
    free(partial);
}

/* ---- Its bytes --------------------------------------------------------------------------------
 */

uint64_t fdm_partial_size(const struct fdm_partial *partial)
{
    return partial->size;
}

size_t fdm_partial_read(const struct fdm_partial *partial, void *out, size_t size)
{
    if (partial->size > size)
        return 0;
    ssize_t got = pread(partial->fd, out, size, 0);
    return got > 0 ? (size_t)got : 0;
}

enum fdm_status fdm_partial_flush(struct fdm_partial *partial, struct fdm_error *err)
{
    size_t written = 0;
    while (written < partial->gathered) {
        size_t left = partial->gathered - written;
        ssize_t put = pwrite(partial->fd, fdm_follow_piece(partial->follow) + written, left,
                             (off_t)(partial->size - left));
        if (put < 0 && errno != EINTR) {
            partial->size -= left;
            partial->gathered = 0;
            os_fail(partial, err);
            return FDM_ERR_IO;
        }
        written += put > 0 ? (size_t)put : 0;
    }
    if (written > 0)
        fdm_follow_wrote(partial->follow, written);
    partial->gathered = 0;
    return FDM_OK;
}

enum fdm_status fdm_partial_append(struct fdm_partial *partial, const void *bytes, size_t len,
                                   struct fdm_error *err)
{
    const char *data = bytes;
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK && len > 0) {
        size_t room = FDM_FOLLOW_PIECE_BYTES - partial->gathered;
        size_t part = len < room ? len : room;
        memcpy(fdm_follow_piece(partial->follow) + partial->gathered, data, part);
        partial->gathered += part;
        partial->size += part;
        data += part;
        len -= part;
        if (part == room)
            status = fdm_partial_flush(partial, err);
    }
    return status;
}

enum fdm_status fdm_partial_hash(struct fdm_partial *partial, char hex[FDM_SHA256_HEX_SIZE],
                                 struct fdm_error *err)
{
    enum fdm_status status = fdm_follow_end(partial->follow, hex, err);
    partial->follow = NULL;
    return status;
}
