#include "harness/fetch/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/fetch/cache_impl.h"

/* 2001-09-09T01:46:40Z: a time that no writer leaves behind by accident. The stamps of boots are
 * the even seconds (FAT keeps no others) of the 17 years behind it. */
#define STAMP_S ((time_t)1000000000)
#define BOOTS (UINT32_C(1) << 28)
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

enum fdm_status fdm_cache_os_fail(struct fdm_error *err, const char *path)
{
    return fdm_fail(err, errno == ENOENT ? FDM_ERR_NOT_FOUND : FDM_ERR_IO, "%s: %s", path,
                    strerror(errno));
}

void fdm_cache_set_boot(struct fdm_cache *cache, const char *boot_id)
{
    char hex[FDM_SHA256_HEX_SIZE];
    cache->boot_s = 0;
    if (boot_id == NULL)
        return;
    fdm_sha256_hex(boot_id, strlen(boot_id), hex);
    hex[8] = '\0';
    cache->boot_s = STAMP_S + 2 + 2 * (time_t)(strtoul(hex, NULL, 16) % BOOTS);
}

static void read_boot(struct fdm_cache *cache)
{
    char text[64];
    FILE *file = fopen(BOOT_ID, "re");
    bool known = file != NULL && fgets(text, sizeof text, file) != NULL;
    fdm_cache_set_boot(cache, known ? text : NULL);
    if (file != NULL)
        fclose(file);
}

enum fdm_status fdm_cache_open(const char *folder, struct fdm_cache **out, struct fdm_error *err)
{
    char *user = NULL;
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    read_boot(*out);
    enum fdm_status status = FDM_OK;
    if (folder != NULL)
        (*out)->folder = strdup(folder);
    else
        status = fdm_fs_user_dir(FDM_FS_CACHE, &user, err);
    if (user != NULL)
        (*out)->folder = fdm_fs_join(user, "fetched");
    free(user);
    if (status == FDM_OK && (*out)->folder == NULL)
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    if (status != FDM_OK) {
        fdm_cache_free(*out);
        *out = NULL;
    }
    return status;
}

void fdm_cache_free(struct fdm_cache *cache)
{
    if (cache != NULL)
        free(cache->folder);
    free(cache);
}

const char *fdm_cache_folder(const struct fdm_cache *cache)
{
    return cache->folder;
}

/* "<folder>/<part>/<name><suffix>" */
enum fdm_status fdm_cache_path(const struct fdm_cache *cache, char **out, struct fdm_error *err,
                               const char *part, const char *name, const char *suffix)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s/%s/%s%s", cache->folder, part, name, suffix);
    *out = path.data;
    if (!path.failed && path.data != NULL)
        return FDM_OK;
    fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    return FDM_ERR_MEMORY;
}

static enum fdm_status object_path(const struct fdm_cache *cache, const char *sha256, char **out,
                                   struct fdm_error *err)
{
    char name[FDM_SHA256_HEX_SIZE + 3];
    snprintf(name, sizeof name, "%.2s/%.64s", sha256, sha256);
    return fdm_cache_path(cache, out, err, "objects", name, "");
}

static enum fdm_status make_parent(const char *path, struct fdm_error *err)
{
    char *parent = strndup(path, (size_t)(fdm_fs_basename(path) - path));
    if (parent == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    parent[strlen(parent) - 1] = '\0';
    enum fdm_status status = fdm_fs_make_dirs(parent, err);
    free(parent);
    return status;
}

/* ---- Stamps ------------------------------------------------------------------------------------
 */

bool fdm_cache_is_stamped(const struct fdm_cache *cache, const struct stat *info)
{
    return info->st_mtim.tv_nsec == 0 &&
           (info->st_mtim.tv_sec == STAMP_S ||
            (cache->boot_s != 0 && info->st_mtim.tv_sec == cache->boot_s));
}

static enum fdm_status stamp(int fd, const char *path, time_t when, struct fdm_error *err)
{
    const struct timespec times[2] = {{when, 0}, {when, 0}};
    return futimens(fd, times) == 0 ? FDM_OK : fdm_cache_os_fail(err, path);
}

/* After a check. A cache that is not this user's to stamp is checked again at the next use. */
void fdm_cache_stamp_again(const char *path, time_t when, bool synced)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (!synced || fsync(fd) == 0)
        stamp(fd, path, when, NULL);
    close(fd);
}

/* ---- Objects -----------------------------------------------------------------------------------
 */

static enum fdm_status check_hash(const char *path, const char *sha256, struct fdm_error *err)
{
    char hex[FDM_SHA256_HEX_SIZE];
    enum fdm_status status = fdm_sha256_file(path, hex, err);
    if (status == FDM_OK && strcmp(hex, sha256) != 0)
        status = fdm_fail(err, FDM_ERR_MISMATCH, "%s: damaged", path);
    return status;
}

static enum fdm_status check_object(const struct fdm_cache *cache, const char *path,
                                    const char *sha256, uint64_t bytes, bool by_hash,
                                    struct fdm_error *err)
{
    struct stat info;
    if (lstat(path, &info) != 0)
        return fdm_cache_os_fail(err, path);
    if (!S_ISREG(info.st_mode) || (bytes != 0 && (uint64_t)info.st_size != bytes))
        return fdm_fail(err, FDM_ERR_MISMATCH, "%s: damaged", path);
    bool stamped = fdm_cache_is_stamped(cache, &info);
    if (stamped && !by_hash)
        return FDM_OK;
    enum fdm_status status = check_hash(path, sha256, err);
    if (status == FDM_OK && !stamped)
        fdm_cache_stamp_again(path, STAMP_S, true);
    return status;
}

enum fdm_status fdm_cache_find(struct fdm_cache *cache, const char *sha256, uint64_t bytes,
                               bool by_hash, char **path, struct fdm_error *err)
{
    struct fdm_error why = FDM_ERROR_INIT;
    enum fdm_status status = object_path(cache, sha256, path, err);
    if (status != FDM_OK)
        return status;
    status = check_object(cache, *path, sha256, bytes, by_hash, &why);
    if (status == FDM_OK)
        return FDM_OK;
    if (status == FDM_ERR_MISMATCH)
        unlink(*path);
    free(*path);
    *path = NULL;
    return fdm_fail(err, status == FDM_ERR_MISMATCH ? FDM_ERR_NOT_FOUND : status, "%s",
                    why.message);
}

enum fdm_status fdm_cache_lock(struct fdm_cache *cache, const char *sha256, struct fdm_lock **out,
                               struct fdm_error *err)
{
    char owner[64];
    char *path;
    *out = NULL;
    enum fdm_status status = fdm_cache_path(cache, &path, err, "locks", sha256, ".lock");
    if (status != FDM_OK)
        return status;
    snprintf(owner, sizeof owner, "process %ld", (long)getpid());
    status = fdm_lock_take(path, owner, out, err);
    free(path);
    return status;
}

enum fdm_status fdm_cache_partial(struct fdm_cache *cache, const char *sha256, char **path,
                                  struct fdm_error *err)
{
    enum fdm_status status = fdm_cache_path(cache, path, err, "partial", sha256, "");
    if (status == FDM_OK)
        status = make_parent(*path, err);
    if (status != FDM_OK) {
        free(*path);
        *path = NULL;
    }
    return status;
}

static enum fdm_status seal(const struct fdm_cache *cache, const char *path, struct fdm_error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fdm_cache_os_fail(err, path);
    enum fdm_status status = FDM_OK;
    if (fchmod(fd, 0444) != 0 || (cache->boot_s == 0 && fsync(fd) != 0))
        status = fdm_cache_os_fail(err, path);
    if (status == FDM_OK)
        status = stamp(fd, path, cache->boot_s != 0 ? cache->boot_s : STAMP_S, err);
    close(fd);
    return status;
}

enum fdm_status fdm_cache_commit(struct fdm_cache *cache, const char *sha256, char **path,
                                 struct fdm_error *err)
{
    char *partial = NULL;
    *path = NULL;
    enum fdm_status status = fdm_cache_path(cache, &partial, err, "partial", sha256, "");
    if (status == FDM_OK)
        status = object_path(cache, sha256, path, err);
    if (status == FDM_OK)
        status = make_parent(*path, err);
    if (status == FDM_OK)
        status = seal(cache, partial, err);
    if (status == FDM_OK && rename(partial, *path) != 0)
        status = fdm_cache_os_fail(err, *path);
    free(partial);
    if (status != FDM_OK) {
        free(*path);
        *path = NULL;
    }
    return status;
}

/* ---- Names -------------------------------------------------------------------------------------
 */

/* So that a cache that somebody else fills, and that may only be read, serves all the same. */
static bool leads_to(const char *link, const char *target)
{
    char found[PATH_MAX];
    ssize_t len = readlink(link, found, sizeof found);
    return len >= 0 && (size_t)len == strlen(target) && memcmp(found, target, (size_t)len) == 0;
}

enum fdm_status fdm_cache_publish(struct fdm_cache *cache, const char *name, const char *path,
                                  struct fdm_error *err)
{
    size_t inside = strlen(cache->folder) + 1;
    struct fdm_buf target;
    struct fdm_buf beside;
    char *link = fdm_fs_join(cache->folder, name);
    if (link == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    fdm_buf_init(&target);
    fdm_buf_init(&beside);
    for (const char *at = name; *at != '\0'; at++)
        if (*at == '/')
            fdm_buf_puts(&target, "../");
    fdm_buf_puts(&target, path + inside);
    fdm_buf_printf(&beside, "%s.%ld", link, (long)getpid());
    enum fdm_status status = fdm_buf_check(&target, err);
    if (status == FDM_OK)
        status = fdm_buf_check(&beside, err);
    if (status == FDM_OK)
        status = make_parent(link, err);
    if (status == FDM_OK && !leads_to(link, target.data)) {
        unlink(beside.data);
        if (symlink(target.data, beside.data) != 0 || rename(beside.data, link) != 0)
            status = fdm_cache_os_fail(err, link);
    }
    free(link);
    fdm_buf_release(&target);
    fdm_buf_release(&beside);
    return status;
}

bool fdm_cache_is_published(struct fdm_cache *cache, const char *name)
{
    char target[PATH_MAX] = "";
    char sha256[FDM_SHA256_HEX_SIZE];
    char *found = NULL;
    bool there = false;
    char *link = fdm_fs_join(cache->folder, name);
    if (link == NULL || readlink(link, target, sizeof target - 1) < 0)
        goto done;
    const char *object = strstr(target, "/objects/");
    const char *tree = strstr(target, "/trees/");
    if (object != NULL) { /* "…/objects/<2 hex>/<sha256>" */
        snprintf(sha256, sizeof sha256, "%s", fdm_fs_basename(object));
        there = fdm_cache_find(cache, sha256, 0, false, &found, NULL) == FDM_OK;
    } else if (tree != NULL) { /* "…/trees/<sha256>/content/…" */
        snprintf(sha256, sizeof sha256, "%.64s", tree + strlen("/trees/"));
        there = fdm_cache_tree_find(cache, sha256, false, &found, NULL) == FDM_OK;
    }
done:
    free(found);
    free(link);
    return there;
}
