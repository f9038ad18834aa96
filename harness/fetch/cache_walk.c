#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/fetch/cache.h"
#include "harness/fetch/cache_impl.h"

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
            status = fdm_cache_count_tree(path, &files, &bytes, err);
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
        return errno == ENOENT ? FDM_OK : fdm_cache_os_fail(err, folder);
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
        status = fdm_cache_os_fail(err, entry->path);
    fdm_lock_free(lock);
    return status;
}
