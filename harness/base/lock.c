#include "harness/base/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "harness/base/fs.h"

struct fdm_lock {
    int fd;
};

static enum fdm_status make_folder(const char *path, struct fdm_error *err)
{
    char *folder = strdup(path);
    if (folder == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    char *slash = strrchr(folder, '/');
    enum fdm_status status = FDM_OK;
    if (slash != NULL && slash != folder) {
        *slash = '\0';
        status = fdm_fs_make_dirs(folder, err);
    }
    free(folder);
    return status;
}

static enum fdm_status busy(int fd, const char *path, struct fdm_error *err)
{
    char owner[256] = {0};
    ssize_t got = pread(fd, owner, sizeof owner - 1, 0);
    owner[strcspn(owner, "\n")] = '\0';
    return fdm_fail(err, FDM_ERR_BUSY, "in use by %s (lock %s)",
                    got > 0 ? owner : "another program", path);
}

static enum fdm_status sign(int fd, const char *path, const char *owner, struct fdm_error *err)
{
    char line[256];
    int len = snprintf(line, sizeof line, "%.250s\n", owner);
    if (ftruncate(fd, 0) != 0 || pwrite(fd, line, (size_t)len, 0) != len)
        return fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
    return FDM_OK;
}

enum fdm_status fdm_lock_take(const char *path, const char *owner, struct fdm_lock **out,
                              struct fdm_error *err)
{
    *out = NULL;
    enum fdm_status status = make_folder(path, err);
    if (status != FDM_OK)
        return status;
    struct fdm_lock *lock = calloc(1, sizeof *lock);
    if (lock == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    lock->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (lock->fd < 0)
        status = fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
    else if (flock(lock->fd, LOCK_EX | LOCK_NB) != 0)
        status = errno == EWOULDBLOCK ? busy(lock->fd, path, err)
                                      : fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
    else
        status = sign(lock->fd, path, owner, err);
    if (status == FDM_OK) {
        *out = lock;
        return FDM_OK;
    }
    if (lock->fd >= 0)
        close(lock->fd);
    free(lock);
    return status;
}

void fdm_lock_free(struct fdm_lock *lock)
{
    if (lock == NULL)
        return;
    /* An empty file tells a reader that nobody signed; failing to empty it harms nobody. */
    int ignored = ftruncate(lock->fd, 0);
    (void)ignored;
    close(lock->fd);
    free(lock);
}
