#include "harness/fetch/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/base/json.h"

/* 2001-09-09T01:46:40Z: a time that no writer leaves behind by accident. The stamps of boots are
 * the even seconds (FAT keeps no others) of the 17 years behind it. */
#define STAMP_S ((time_t)1000000000)
#define BOOTS (UINT32_C(1) << 28)
#define TREE_RECORD "tree.json"
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

struct fdm_cache {
    char *folder;
    time_t boot_s; /* the stamp of what was written since the computer started; 0: not known */
};

static enum fdm_status os_fail(struct fdm_error *err, const char *path)
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
static enum fdm_status path_to(const struct fdm_cache *cache, char **out, struct fdm_error *err,
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
    return path_to(cache, out, err, "objects", name, "");
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

static bool is_stamped(const struct fdm_cache *cache, const struct stat *info)
{
    return info->st_mtim.tv_nsec == 0 &&
           (info->st_mtim.tv_sec == STAMP_S ||
            (cache->boot_s != 0 && info->st_mtim.tv_sec == cache->boot_s));
}

static enum fdm_status stamp(int fd, const char *path, time_t when, struct fdm_error *err)
{
    const struct timespec times[2] = {{when, 0}, {when, 0}};
    return futimens(fd, times) == 0 ? FDM_OK : os_fail(err, path);
}

/* After a check. A cache that is not this user's to stamp is checked again at the next use. */
static void stamp_again(const char *path, time_t when, bool synced)
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
        return os_fail(err, path);
    if (!S_ISREG(info.st_mode) || (bytes != 0 && (uint64_t)info.st_size != bytes))
        return fdm_fail(err, FDM_ERR_MISMATCH, "%s: damaged", path);
    bool stamped = is_stamped(cache, &info);
    if (stamped && !by_hash)
        return FDM_OK;
    enum fdm_status status = check_hash(path, sha256, err);
    if (status == FDM_OK && !stamped)
        stamp_again(path, STAMP_S, true);
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
    enum fdm_status status = path_to(cache, &path, err, "locks", sha256, ".lock");
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
    enum fdm_status status = path_to(cache, path, err, "partial", sha256, "");
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
        return os_fail(err, path);
    enum fdm_status status = FDM_OK;
    if (fchmod(fd, 0444) != 0 || (cache->boot_s == 0 && fsync(fd) != 0))
        status = os_fail(err, path);
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
    enum fdm_status status = path_to(cache, &partial, err, "partial", sha256, "");
    if (status == FDM_OK)
        status = object_path(cache, sha256, path, err);
    if (status == FDM_OK)
        status = make_parent(*path, err);
    if (status == FDM_OK)
        status = seal(cache, partial, err);
    if (status == FDM_OK && rename(partial, *path) != 0)
        status = os_fail(err, *path);
    free(partial);
    if (status != FDM_OK) {
        free(*path);
        *path = NULL;
    }
    return status;
}

/* ---- Trees -------------------------------------------------------------------------------------
 */

static enum fdm_status count_tree(const char *folder, uint64_t *files, uint64_t *bytes,
                                  struct fdm_error *err)
{
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return os_fail(err, folder);
    enum fdm_status status = FDM_OK;
    for (struct dirent *item = readdir(stream); status == FDM_OK && item != NULL;
         item = readdir(stream)) {
        struct stat info;
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(stream), item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
            status = os_fail(err, folder);
            continue;
        }
        *files += S_ISREG(info.st_mode) != 0;
        *bytes += S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
        if (!S_ISDIR(info.st_mode))
            continue;
        char *inner = fdm_fs_join(folder, item->d_name);
        status = inner != NULL ? count_tree(inner, files, bytes, err)
                               : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        free(inner);
    }
    closedir(stream);
    return status;
}

static enum fdm_status read_counts(const char *path, uint64_t *files, uint64_t *bytes,
                                   struct fdm_error *err)
{
    struct fdm_json *record = NULL;
    enum fdm_status status = fdm_json_read(path, &record, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(record, "files", 0, UINT64_MAX, files, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(record, "bytes", 0, UINT64_MAX, bytes, err);
    fdm_json_free(record);
    return status;
}

static enum fdm_status check_counts(const char *tree, const char *content, uint64_t files,
                                    uint64_t bytes, struct fdm_error *err)
{
    uint64_t files_now = 0;
    uint64_t bytes_now = 0;
    enum fdm_status status = count_tree(content, &files_now, &bytes_now, err);
    if (status == FDM_OK && (files != files_now || bytes != bytes_now))
        status = fdm_fail(err, FDM_ERR_MISMATCH,
                          "%s: %" PRIu64 " files of %" PRIu64 " bytes instead of %" PRIu64
                          " of %" PRIu64,
                          tree, files_now, bytes_now, files, bytes);
    return status;
}

static enum fdm_status check_tree(const struct fdm_cache *cache, const char *tree,
                                  const char *content, bool by_count, struct fdm_error *err)
{
    struct stat info;
    uint64_t files = 0;
    uint64_t bytes = 0;
    char *record = fdm_fs_join(tree, TREE_RECORD);
    if (record == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = read_counts(record, &files, &bytes, err);
    bool stamped = status == FDM_OK && lstat(record, &info) == 0 && is_stamped(cache, &info);
    if (status == FDM_OK && (by_count || !stamped))
        status = check_counts(tree, content, files, bytes, err);
    if (status == FDM_OK && !stamped && cache->boot_s != 0)
        stamp_again(record, cache->boot_s, false);
    free(record);
    return status;
}

enum fdm_status fdm_cache_tree_find(struct fdm_cache *cache, const char *sha256, bool by_count,
                                    char **path, struct fdm_error *err)
{
    struct fdm_error why = FDM_ERROR_INIT;
    char *tree = NULL;
    *path = NULL;
    enum fdm_status status = path_to(cache, &tree, err, "trees", sha256, "");
    if (status != FDM_OK)
        return status;
    *path = fdm_fs_join(tree, "content");
    if (*path == NULL)
        status = fdm_fail(&why, FDM_ERR_MEMORY, "out of memory");
    else
        status = check_tree(cache, tree, *path, by_count, &why);
    if (status != FDM_OK) {
        if (status == FDM_ERR_MISMATCH || status == FDM_ERR_FORMAT) {
            fdm_fs_remove_tree(tree);
            status = FDM_ERR_NOT_FOUND;
        }
        free(*path);
        *path = NULL;
        fdm_fail(err, status, "%s", why.message);
    }
    free(tree);
    return status;
}

enum fdm_status fdm_cache_tree_begin(struct fdm_cache *cache, const char *sha256, char **path,
                                     struct fdm_error *err)
{
    char *stage = NULL;
    *path = NULL;
    enum fdm_status status = path_to(cache, &stage, err, "trees", sha256, ".tmp");
    if (status != FDM_OK)
        return status;
    fdm_fs_remove_tree(stage);
    *path = fdm_fs_join(stage, "content");
    if (*path == NULL)
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    else
        status = fdm_fs_make_dirs(*path, err);
    if (status != FDM_OK) {
        free(*path);
        *path = NULL;
    }
    free(stage);
    return status;
}

static enum fdm_status write_counts(const struct fdm_cache *cache, const char *stage,
                                    uint64_t files, uint64_t bytes, struct fdm_error *err)
{
    char *path = fdm_fs_join(stage, TREE_RECORD);
    if (path == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    char text[96];
    int len = snprintf(text, sizeof text, "{\"files\": %" PRIu64 ", \"bytes\": %" PRIu64 "}\n",
                       files, bytes);
    enum fdm_status status = fdm_fs_write_unsynced(path, text, (size_t)len, err);
    if (status == FDM_OK && cache->boot_s != 0)
        stamp_again(path, cache->boot_s, false);
    free(path);
    return status;
}

enum fdm_status fdm_cache_tree_commit(struct fdm_cache *cache, const char *sha256, uint64_t files,
                                      uint64_t bytes, struct fdm_error *err)
{
    char *stage = NULL;
    char *tree = NULL;
    enum fdm_status status = path_to(cache, &stage, err, "trees", sha256, ".tmp");
    if (status == FDM_OK)
        status = path_to(cache, &tree, err, "trees", sha256, "");
    if (status == FDM_OK)
        status = write_counts(cache, stage, files, bytes, err);
    if (status == FDM_OK) {
        fdm_fs_remove_tree(tree);
        if (rename(stage, tree) != 0)
            status = os_fail(err, tree);
    }
    free(stage);
    free(tree);
    return status;
}

void fdm_cache_tree_abandon(struct fdm_cache *cache, const char *sha256)
{
    char *stage = NULL;
    if (path_to(cache, &stage, NULL, "trees", sha256, ".tmp") == FDM_OK)
        fdm_fs_remove_tree(stage);
    free(stage);
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
            status = os_fail(err, link);
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

/* ---- The whole cache ---------------------------------------------------------------------------
 */

const char *fdm_cache_kind_name(enum fdm_cache_kind kind)
{
    static const char *const names[] = {
        [FDM_CACHE_OBJECT] = "file",
        [FDM_CACHE_TREE] = "unpacked",
        [FDM_CACHE_PARTIAL] = "unfinished",
    };
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : "unknown";
}

struct walk {
    enum fdm_cache_kind kind;
    enum fdm_status (*visit)(void *context, const struct fdm_cache_entry *entry,
                             struct fdm_error *err);
    void *context;
};

static enum fdm_status visit_entry(const struct walk *walk, const char *folder, const char *name,
                                   struct fdm_error *err)
{
    char sha256[FDM_SHA256_HEX_SIZE];
    struct stat info;
    uint64_t files = 0;
    uint64_t bytes = 0;
    if (strspn(name, "0123456789abcdef") != FDM_SHA256_HEX_SIZE - 1)
        return FDM_OK;
    snprintf(sha256, sizeof sha256, "%.64s", name);
    char *path = fdm_fs_join(folder, name);
    if (path == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = FDM_OK;
    if (lstat(path, &info) == 0) {
        bytes = (uint64_t)info.st_size;
        if (S_ISDIR(info.st_mode)) {
            bytes = 0;
            status = count_tree(path, &files, &bytes, err);
        }
        /* A tree's staging folder is as unfinished as a partial file. */
        bool whole = strlen(name) == FDM_SHA256_HEX_SIZE - 1;
        const struct fdm_cache_entry entry = {whole ? walk->kind : FDM_CACHE_PARTIAL, sha256, path,
                                              bytes};
        if (status == FDM_OK)
            status = walk->visit(walk->context, &entry, err);
    }
    free(path);
    return status;
}

/* The names in a folder, before anything in it is touched. */
static int is_name(const struct dirent *item)
{
    return item->d_name[0] != '.';
}

static enum fdm_status walk_folder(const struct walk *walk, const char *folder, unsigned depth,
                                   struct fdm_error *err)
{
    struct dirent **items = NULL;
    int count = scandir(folder, &items, is_name, alphasort);
    if (count < 0)
        return errno == ENOENT ? FDM_OK : os_fail(err, folder);
    enum fdm_status status = FDM_OK;
    for (int i = 0; i < count; i++) {
        if (status == FDM_OK && depth == 0) {
            status = visit_entry(walk, folder, items[i]->d_name, err);
        } else if (status == FDM_OK) {
            char *inner = fdm_fs_join(folder, items[i]->d_name);
            status = inner != NULL ? walk_folder(walk, inner, depth - 1, err)
                                   : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
            free(inner);
        }
        free(items[i]);
    }
    free(items);
    return status;
}

enum fdm_status fdm_cache_each(struct fdm_cache *cache,
                               enum fdm_status (*visit)(void *context,
                                                        const struct fdm_cache_entry *entry,
                                                        struct fdm_error *err),
                               void *context, struct fdm_error *err)
{
    static const struct {
        const char *folder;
        unsigned depth;
        enum fdm_cache_kind kind;
    } places[] = {
        {"objects", 1, FDM_CACHE_OBJECT},
        {"trees", 0, FDM_CACHE_TREE},
        {"partial", 0, FDM_CACHE_PARTIAL},
    };
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < sizeof places / sizeof places[0]; i++) {
        const struct walk walk = {places[i].kind, visit, context};
        char *folder = fdm_fs_join(cache->folder, places[i].folder);
        if (folder == NULL)
            return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        status = walk_folder(&walk, folder, places[i].depth, err);
        free(folder);
    }
    return status;
}

enum fdm_status fdm_cache_remove(struct fdm_cache *cache, const struct fdm_cache_entry *entry,
                                 struct fdm_error *err)
{
    struct fdm_lock *lock;
    enum fdm_status status = fdm_cache_lock(cache, entry->sha256, &lock, err);
    if (status != FDM_OK)
        return status;
    if (fdm_fs_is_dir(entry->path))
        fdm_fs_remove_tree(entry->path);
    else if (unlink(entry->path) != 0 && errno != ENOENT)
        status = os_fail(err, entry->path);
    fdm_lock_free(lock);
    return status;
}
