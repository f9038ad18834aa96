#include "harness/fetch/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "harness/base/archive.h"
#include "harness/base/buf.h"

#define PATH_BYTES_MAX 1023u
#define PART_BYTES_MAX 255u

static enum fdm_status check_part(const char *part, size_t len, const char *path,
                                  struct fdm_error *err)
{
    if (len > PART_BYTES_MAX)
        return fdm_fail(err, FDM_ERR_FORMAT, "'%.60s…': a name of more than %u bytes", path,
                        PART_BYTES_MAX);
    if (len == 2 && memcmp(part, "..", 2) == 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "'%s' leads out of its folder", path);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)part[i] < 0x20 || part[i] == 0x7f)
            return fdm_fail(err, FDM_ERR_FORMAT, "'%s': a control character in a name", path);
    return FDM_OK;
}

enum fdm_status fdm_unpack_check_path(const char *path, struct fdm_error *err)
{
    if (path == NULL || path[0] == '\0')
        return fdm_fail(err, FDM_ERR_FORMAT, "an entry without a readable name");
    if (path[0] == '/')
        return fdm_fail(err, FDM_ERR_FORMAT, "'%s' is an absolute path", path);
    if (strlen(path) > PATH_BYTES_MAX)
        return fdm_fail(err, FDM_ERR_FORMAT, "'%.60s…': a path of more than %u bytes", path,
                        PATH_BYTES_MAX);
    for (const char *part = path; *part != '\0';) {
        size_t len = strcspn(part, "/");
        enum fdm_status status = check_part(part, len, path, err);
        if (status != FDM_OK)
            return status;
        part += len + (part[len] == '/');
    }
    return FDM_OK;
}

enum fdm_status fdm_unpack_check_space(const char *folder, uint64_t bytes, struct fdm_error *err)
{
    struct statvfs disk;
    if (statvfs(folder, &disk) != 0)
        return fdm_fail(err, FDM_ERR_IO, "%s: %s", folder, strerror(errno));
    uint64_t block = disk.f_frsize > 0 ? disk.f_frsize : 1;
    if (bytes / block >= disk.f_bavail)
        return fdm_fail(err, FDM_ERR_IO, "%s: %llu MB needed, %llu MB are free", folder,
                        (unsigned long long)(bytes / 1000000),
                        (unsigned long long)((double)disk.f_bavail * (double)block / 1e6));
    return FDM_OK;
}

struct job {
    struct fdm_archive *archive;
    const char *folder;
    const struct fdm_unpack_options *options;
    uint64_t entries;
    struct fdm_unpack_totals totals;
    struct fdm_buf path;   /* of the entry in hand, below `folder` */
    struct fdm_buf parent; /* the folder made last, so that siblings ask nothing of the system */
};

static enum fdm_status too_large(const struct job *job, struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_FORMAT, "expands to more than the %llu bytes expected",
                    (unsigned long long)job->options->max_bytes);
}

static bool may_write(const struct job *job, uint64_t bytes)
{
    return bytes <= job->options->max_bytes - job->totals.bytes;
}

/* ---- Names ------------------------------------------------------------------------------------
 */

/* The folder and the entry's parts, without "." and doubled slashes. */
static enum fdm_status place(struct job *job, const char *name, struct fdm_error *err)
{
    fdm_buf_reset(&job->path);
    fdm_buf_puts(&job->path, job->folder);
    for (const char *part = name; *part != '\0';) {
        size_t len = strcspn(part, "/");
        if (len > 0 && !(len == 1 && part[0] == '.'))
            fdm_buf_printf(&job->path, "/%.*s", (int)len, part);
        part += len + (part[len] == '/');
    }
    return fdm_buf_check(&job->path, err);
}

static enum fdm_status make_folder(const char *path, struct fdm_error *err)
{
    struct stat info;
    if (mkdir(path, 0755) == 0)
        return FDM_OK;
    if (errno == EEXIST && lstat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return FDM_OK;
    if (errno == EEXIST || errno == ENOTDIR)
        return fdm_fail(err, FDM_ERR_FORMAT, "'%s' is both a file and a folder", path);
    return fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
}

/* Every folder above the entry. */
static enum fdm_status make_parents(struct job *job, struct fdm_error *err)
{
    char *path = job->path.data;
    char *last = strrchr(path, '/');
    size_t len = (size_t)(last - path);
    if (job->parent.len == len && memcmp(job->parent.data, path, len) == 0)
        return FDM_OK;
    enum fdm_status status = FDM_OK;
    for (char *at = path + strlen(job->folder); status == FDM_OK && at <= last; at++) {
        if (*at != '/' || at == path + strlen(job->folder))
            continue;
        *at = '\0';
        status = make_folder(path, err);
        *at = '/';
    }
    fdm_buf_reset(&job->parent);
    fdm_buf_append(&job->parent, path, len);
    return status == FDM_OK ? fdm_buf_check(&job->parent, err) : status;
}

/* ---- Files ------------------------------------------------------------------------------------
 */

static enum fdm_status write_at(int fd, const char *path, const void *data, size_t len,
                                int64_t offset, struct fdm_error *err)
{
    const char *bytes = data;
    while (len > 0) {
        ssize_t put = pwrite(fd, bytes, len, (off_t)offset);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
        bytes += put;
        len -= (size_t)put;
        offset += put;
    }
    return FDM_OK;
}

static bool stopped(const struct job *job)
{
    return job->options->stop != NULL && atomic_load(job->options->stop);
}

static enum fdm_status copy_data(struct job *job, int fd, uint64_t *size, struct fdm_error *err)
{
    *size = 0;
    for (;;) {
        const void *data;
        size_t len;
        uint64_t offset = 0;
        enum fdm_status status = fdm_archive_read(job->archive, &data, &len, &offset, err);
        if (status != FDM_OK || len == 0)
            return status;
        if (offset < *size)
            return fdm_fail(err, FDM_ERR_FORMAT, "data out of order");
        if (offset > UINT64_MAX - len || !may_write(job, offset + len))
            return too_large(job, err);
        status = write_at(fd, job->path.data, data, len, (int64_t)offset, err);
        if (status == FDM_OK && stopped(job))
            status = fdm_fail(err, FDM_ERR_CANCELLED, "interrupted");
        if (status != FDM_OK)
            return status;
        *size = offset + len;
        if (job->options->on_progress != NULL)
            job->options->on_progress(job->options->context, job->totals.bytes + *size);
    }
}

static enum fdm_status write_file(struct job *job, const struct fdm_archive_entry *entry,
                                  struct fdm_error *err)
{
    const char *path = job->path.data;
    int64_t declared = entry->size;
    if (declared < 0 || !may_write(job, (uint64_t)declared))
        return too_large(job, err);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
    if (fd < 0 && errno == EEXIST)
        return fdm_fail(err, FDM_ERR_FORMAT, "stands twice in the archive");
    if (fd < 0)
        return fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
    uint64_t size;
    enum fdm_status status = copy_data(job, fd, &size, err);
    /* A sparse file ends in a hole, which no data block tells. */
    if (status == FDM_OK && (uint64_t)declared > size) {
        size = (uint64_t)declared;
        if (ftruncate(fd, (off_t)declared) != 0)
            status = fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
    }
    if (close(fd) != 0 && status == FDM_OK)
        status = fdm_fail(err, FDM_ERR_IO, "%s: %s", path, strerror(errno));
    job->totals.files++;
    job->totals.bytes += size;
    return status;
}

/* ---- Entries ----------------------------------------------------------------------------------
 */

static enum fdm_status check_type(const struct fdm_archive_entry *entry, struct fdm_error *err)
{
    if (entry->kind == FDM_ARCHIVE_LINK)
        return fdm_fail(err, FDM_ERR_FORMAT, "is a link; links are not unpacked");
    if (entry->kind == FDM_ARCHIVE_OTHER)
        return fdm_fail(err, FDM_ERR_FORMAT, "is neither a file nor a folder");
    if (entry->encrypted)
        return fdm_fail(err, FDM_ERR_FORMAT, "is encrypted");
    return FDM_OK;
}

static enum fdm_status unpack_entry(struct job *job, const struct fdm_archive_entry *entry,
                                    struct fdm_error *err)
{
    const char *name = entry->name;
    if (++job->entries > job->options->max_entries)
        return fdm_fail(err, FDM_ERR_FORMAT, "more than the %llu entries expected",
                        (unsigned long long)job->options->max_entries);
    enum fdm_status status = fdm_unpack_check_path(name, err);
    if (status != FDM_OK)
        return status;
    status = check_type(entry, err);
    if (status == FDM_OK)
        status = place(job, name, err);
    if (status == FDM_OK && job->path.len > strlen(job->folder)) {
        status = make_parents(job, err);
        if (status == FDM_OK && entry->kind == FDM_ARCHIVE_FOLDER)
            status = make_folder(job->path.data, err);
        else if (status == FDM_OK)
            status = write_file(job, entry, err);
    } else if (status == FDM_OK && entry->kind != FDM_ARCHIVE_FOLDER) {
        status = fdm_fail(err, FDM_ERR_FORMAT, "is no name for a file");
    }
    if (status != FDM_OK)
        fdm_error_context(err, "%.200s", name);
    return status;
}

static enum fdm_status unpack_all(struct job *job, struct fdm_error *err)
{
    for (;;) {
        struct fdm_archive_entry entry;
        bool end;
        enum fdm_status status = fdm_archive_next(job->archive, &entry, &end, err);
        if (status != FDM_OK || end)
            return status;
        status = stopped(job) ? fdm_fail(err, FDM_ERR_CANCELLED, "interrupted")
                              : unpack_entry(job, &entry, err);
        if (status != FDM_OK)
            return status;
    }
}

enum fdm_status fdm_unpack(const char *archive, const char *folder,
                           const struct fdm_unpack_options *options, struct fdm_unpack_totals *out,
                           struct fdm_error *err)
{
    struct job job = {.folder = folder, .options = options};
    memset(out, 0, sizeof *out);
    enum fdm_status status = fdm_unpack_check_space(folder, options->max_bytes, err);
    if (status != FDM_OK)
        return status;
    fdm_buf_init(&job.path);
    fdm_buf_init(&job.parent);
    status = fdm_archive_open(archive, &job.archive, err);
    if (status == FDM_OK)
        status = unpack_all(&job, err);
    if (status != FDM_OK)
        fdm_error_context(err, "%s", archive);
    *out = job.totals;
    fdm_archive_close(job.archive);
    fdm_buf_release(&job.path);
    fdm_buf_release(&job.parent);
    return status;
}
