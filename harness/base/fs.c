#include "harness/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/buf.h"

#define CREATE_ATTEMPTS 1000 /* killed programs may have left some */

static enum fdm_status os_fail(struct fdm_error *err, const char *path)
{
    enum fdm_status status = errno == ENOENT || errno == ENOTDIR ? FDM_ERR_NOT_FOUND : FDM_ERR_IO;
    return fdm_fail(err, status, "%s: %s", path, strerror(errno));
}

static enum fdm_status read_all(int fd, const char *path, uint8_t *data, size_t size, size_t *len,
                                struct fdm_error *err)
{
    *len = 0;
    while (*len < size) {
        ssize_t got = read(fd, data + *len, size - *len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return os_fail(err, path);
        if (got == 0)
            break;
        *len += (size_t)got;
    }
    return FDM_OK;
}

enum fdm_status fdm_fs_read(const char *path, size_t max_bytes, uint8_t **data, size_t *len,
                            struct fdm_error *err)
{
    *data = NULL;
    *len = 0;
    enum fdm_status status = FDM_OK;
    uint8_t *bytes = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat info;
    if (fd < 0 || fstat(fd, &info) != 0) {
        status = os_fail(err, path);
        goto done;
    }
    if (!S_ISREG(info.st_mode)) {
        status = fdm_fail(err, FDM_ERR_IO, "%s: %s, not a regular file", path,
                          S_ISDIR(info.st_mode) ? "a folder" : "a device or pipe");
        goto done;
    }
    if ((uintmax_t)info.st_size > max_bytes) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "%s: %jd bytes, more than the %zu allowed here",
                          path, (intmax_t)info.st_size, max_bytes);
        goto done;
    }
    bytes = malloc((size_t)info.st_size + 1);
    if (bytes == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "%s: no memory for its %jd bytes", path,
                          (intmax_t)info.st_size);
        goto done;
    }
    status = read_all(fd, path, bytes, (size_t)info.st_size, len, err);
    if (status != FDM_OK)
        goto done;
    bytes[*len] = 0;
    *data = bytes;
    bytes = NULL;
done:
    free(bytes);
    if (fd >= 0)
        close(fd);
    return status;
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        data += put;
        len -= (size_t)put;
    }
    return 0;
}

/* Pipes and devices, /dev/stdout among them, are written to; a file renamed over one would replace
 * it. */
static bool is_stream(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode);
}

static enum fdm_status write_stream(const char *path, const void *data, size_t len,
                                    struct fdm_error *err)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return os_fail(err, path);
    enum fdm_status status = write_all(fd, data, len) != 0 ? os_fail(err, path) : FDM_OK;
    if (close(fd) != 0 && status == FDM_OK)
        status = os_fail(err, path);
    return status;
}

/* Creates a file beside `path` with the rights that the file there has, or a new one would have; -1
 * and errno on failure. */
static int create_beside(const char *path, struct fdm_buf *name)
{
    struct stat old;
    int fd = -1;
    for (unsigned attempt = 0; attempt < CREATE_ATTEMPTS; attempt++) {
        fdm_buf_reset(name);
        fdm_buf_printf(name, "%s.%ld-%u", path, (long)getpid(), attempt);
        if (name->failed) {
            errno = ENOMEM;
            return -1;
        }
        fd = open(name->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd >= 0 && stat(path, &old) == 0)
        (void)fchmod(fd, old.st_mode & 0777); /* at worst it keeps a new file's */
    return fd;
}

static enum fdm_status write_beside(const char *path, const void *data, size_t len, bool sync,
                                    struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    struct fdm_buf temporary;
    fdm_buf_init(&temporary);
    int fd = create_beside(path, &temporary);
    if (fd < 0) {
        status = os_fail(err, path);
        goto done;
    }
    if (write_all(fd, data, len) != 0 || (sync && fsync(fd) != 0))
        status = os_fail(err, path);
    /* A file system on the network may tell of a full disk only now. */
    if (close(fd) != 0 && status == FDM_OK)
        status = os_fail(err, path);
    if (status == FDM_OK && rename(temporary.data, path) != 0)
        status = os_fail(err, path);
    if (status != FDM_OK)
        unlink(temporary.data);
done:
    fdm_buf_release(&temporary);
    return status;
}

static enum fdm_status write_file(const char *path, const void *data, size_t len, bool sync,
                                  struct fdm_error *err)
{
    if (is_stream(path))
        return write_stream(path, data, len, err);
    /* What a link points to is replaced, the link stays. */
    char *target = realpath(path, NULL);
    enum fdm_status status = write_beside(target != NULL ? target : path, data, len, sync, err);
    free(target);
    return status;
}

enum fdm_status fdm_fs_write_atomic(const char *path, const void *data, size_t len,
                                    struct fdm_error *err)
{
    return write_file(path, data, len, true, err);
}

enum fdm_status fdm_fs_write_unsynced(const char *path, const void *data, size_t len,
                                      struct fdm_error *err)
{
    return write_file(path, data, len, false, err);
}

enum fdm_status fdm_fs_check_writable(const char *path, struct fdm_error *err)
{
    if (is_stream(path))
        return FDM_OK;
    if (fdm_fs_is_dir(path))
        return fdm_fail(err, FDM_ERR_IO, "%s: a folder; name a file in it", path);
    char *folder = strdup(path);
    if (folder == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    char *slash = strrchr(folder, '/');
    if (slash != NULL)
        slash[slash == folder] = '\0';
    enum fdm_status status =
        access(slash != NULL ? folder : ".", W_OK | X_OK) != 0 ? os_fail(err, path) : FDM_OK;
    free(folder);
    return status;
}

enum fdm_status fdm_fs_make_dirs(const char *path, struct fdm_error *err)
{
    char *copy = strdup(path);
    if (copy == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "%s: out of memory", path);
    enum fdm_status status = FDM_OK;
    for (char *at = copy + 1; status == FDM_OK; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        char kept = *at;
        *at = '\0';
        if (mkdir(copy, 0755) != 0 && (errno != EEXIST || !fdm_fs_is_dir(copy)))
            status = os_fail(err, copy);
        *at = kept;
        if (kept == '\0')
            break;
    }
    free(copy);
    return status;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *place)
{
    (void)info;
    (void)kind;
    (void)place;
    /* One that stays, for lack of rights, keeps nobody from removing the others. */
    (void)remove(path);
    return 0;
}

void fdm_fs_remove_tree(const char *folder)
{
    nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

bool fdm_fs_is_dir(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool fdm_fs_is_file(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

char *fdm_fs_join(const char *folder, const char *name)
{
    struct fdm_buf joined;
    fdm_buf_init(&joined);
    size_t len = strlen(folder);
    const char *slash = len > 0 && folder[len - 1] == '/' ? "" : "/";
    fdm_buf_printf(&joined, "%s%s%s", folder, slash, name);
    if (joined.failed)
        fdm_buf_release(&joined);
    return joined.data;
}

const char *fdm_fs_basename(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

enum fdm_status fdm_fs_user_dir(enum fdm_fs_user kind, char **out, struct fdm_error *err)
{
    static const struct {
        const char *variable;
        const char *below_home;
    } places[] = {
        [FDM_FS_CACHE] = {"XDG_CACHE_HOME", ".cache/fdm-bench"},
        [FDM_FS_CONFIG] = {"XDG_CONFIG_HOME", ".config/fdm-bench"},
        [FDM_FS_DATA] = {"XDG_DATA_HOME", ".local/share/fdm-bench"},
    };
    const char *base = getenv(places[kind].variable);
    const char *home = getenv("HOME");
    *out = NULL;
    /* The specification says that a relative value is to be ignored. */
    if (base != NULL && base[0] == '/')
        *out = fdm_fs_join(base, "fdm-bench");
    else if (home != NULL && home[0] == '/')
        *out = fdm_fs_join(home, places[kind].below_home);
    else
        return fdm_fail(err, FDM_ERR_NOT_FOUND, "neither %s nor HOME is set",
                        places[kind].variable);
    return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

enum fdm_status fdm_fs_program_dir(char **out, struct fdm_error *err)
{
    char path[PATH_MAX];
    *out = NULL;
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    if (len < 0)
        return os_fail(err, "/proc/self/exe");
    path[len] = '\0';
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
    *out = strdup(path);
    return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}
