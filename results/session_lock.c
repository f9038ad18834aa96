#include "results/session_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/buf.h"

enum fdm_status fdm_session_lock_open(const char *database, int *fd, struct fdm_error *err)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    *fd = -1;
    fdm_buf_printf(&path, "%s.lock", database);
    enum fdm_status status = fdm_buf_check(&path, err);
    if (status == FDM_OK) {
        *fd = open(path.data, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
        if (*fd < 0)
            status = fdm_fail(err, FDM_ERR_IO, "%s: %s", path.data, strerror(errno));
    }
    fdm_buf_release(&path);
    return status;
}

static int set_lock(int fd, int64_t session_id, short type)
{
    struct flock lock = {
        .l_type = type,
        .l_whence = SEEK_SET,
        .l_start = (off_t)session_id,
        .l_len = 1,
    };
    return fcntl(fd, F_OFD_SETLK, &lock);
}

enum fdm_status fdm_session_lock_take(int fd, int64_t session_id, bool *taken,
                                      struct fdm_error *err)
{
    *taken = set_lock(fd, session_id, F_WRLCK) == 0;
    if (!*taken && errno != EAGAIN && errno != EACCES)
        return fdm_fail(err, FDM_ERR_IO, "locking session %lld: %s", (long long)session_id,
                        strerror(errno));
    return FDM_OK;
}

void fdm_session_lock_drop(int fd, int64_t session_id)
{
    set_lock(fd, session_id, F_UNLCK);
}
