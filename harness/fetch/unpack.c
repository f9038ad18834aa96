#include "harness/fetch/unpack.h"

#include <errno.h>
#include <string.h>
#include <sys/statvfs.h>

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
