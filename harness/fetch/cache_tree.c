#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/fs.h"
#include "harness/base/json.h"
#include "harness/fetch/cache.h"
#include "harness/fetch/cache_impl.h"

#define TREE_RECORD "tree.json"

enum fdm_status fdm_cache_count_tree(const char *folder, uint64_t *files, uint64_t *bytes,
                                     struct fdm_error *err)
{
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return fdm_cache_os_fail(err, folder);
    enum fdm_status status = FDM_OK;
    for (struct dirent *item = readdir(stream); status == FDM_OK && item != NULL;
         item = readdir(stream)) {
        struct stat info;
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        if (fstatat(dirfd(stream), item->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
            status = fdm_cache_os_fail(err, folder);
            continue;
        }
        *files += S_ISREG(info.st_mode) != 0;
        *bytes += S_ISREG(info.st_mode) ? (uint64_t)info.st_size : 0;
        if (!S_ISDIR(info.st_mode))
            continue;
        char *inner = fdm_fs_join(folder, item->d_name);
        status = inner != NULL ? fdm_cache_count_tree(inner, files, bytes, err)
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
    enum fdm_status status = fdm_cache_count_tree(content, &files_now, &bytes_now, err);
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
    bool stamped =
        status == FDM_OK && lstat(record, &info) == 0 && fdm_cache_is_stamped(cache, &info);
    if (status == FDM_OK && (by_count || !stamped))
        status = check_counts(tree, content, files, bytes, err);
    if (status == FDM_OK && !stamped && cache->boot_s != 0)
        fdm_cache_stamp_again(record, cache->boot_s, false);
    free(record);
    return status;
}

enum fdm_status fdm_cache_tree_find(struct fdm_cache *cache, const char *sha256, bool by_count,
                                    char **path, struct fdm_error *err)
{
    struct fdm_error why = FDM_ERROR_INIT;
    char *tree = NULL;
    *path = NULL;
    enum fdm_status status = fdm_cache_path(cache, &tree, err, "trees", sha256, "");
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
    enum fdm_status status = fdm_cache_path(cache, &stage, err, "trees", sha256, ".tmp");
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
        fdm_cache_stamp_again(path, cache->boot_s, false);
    free(path);
    return status;
}

enum fdm_status fdm_cache_tree_commit(struct fdm_cache *cache, const char *sha256, uint64_t files,
                                      uint64_t bytes, struct fdm_error *err)
{
    char *stage = NULL;
    char *tree = NULL;
    enum fdm_status status = fdm_cache_path(cache, &stage, err, "trees", sha256, ".tmp");
    if (status == FDM_OK)
        status = fdm_cache_path(cache, &tree, err, "trees", sha256, "");
    if (status == FDM_OK)
        status = write_counts(cache, stage, files, bytes, err);
    if (status == FDM_OK) {
        fdm_fs_remove_tree(tree);
        if (rename(stage, tree) != 0)
            status = fdm_cache_os_fail(err, tree);
    }
    free(stage);
    free(tree);
    return status;
}

void fdm_cache_tree_abandon(struct fdm_cache *cache, const char *sha256)
{
    char *stage = NULL;
    if (fdm_cache_path(cache, &stage, NULL, "trees", sha256, ".tmp") == FDM_OK)
        fdm_fs_remove_tree(stage);
    free(stage);
}
