#include "harness/fetch/obtain.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/fetch/unpack.h"

#define COPY_BYTES 65536
#define LOCK_WAIT_NS (600 * FDM_NS_PER_S)

static enum fdm_status no_memory(struct fdm_error *err)
{
    fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    return FDM_ERR_MEMORY;
}

char *fdm_obtain_place(const struct fdm_cache *cache, const char *kind, const char *name)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s/%s/%s", fdm_cache_folder(cache), kind, name);
    return path.data;
}

/* ---- What came out of an archive ---------------------------------------------------------------
 */

static bool is_class(const struct fdm_dataset_entry *dataset, const char *name)
{
    for (uint32_t i = 0; i < dataset->class_count; i++)
        if (strcmp(dataset->classes[i], name) == 0)
            return true;
    return false;
}

static enum fdm_status count_files(const char *folder, uint64_t *count, struct fdm_error *err)
{
    DIR *stream = opendir(folder);
    if (stream == NULL)
        return fdm_fail(err, errno == ENOENT ? FDM_ERR_MISMATCH : FDM_ERR_IO, "%s: %s", folder,
                        strerror(errno));
    for (struct dirent *item = readdir(stream); item != NULL; item = readdir(stream))
        *count += strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0;
    closedir(stream);
    return FDM_OK;
}

static enum fdm_status check_folders(const struct fdm_dataset_entry *dataset, const char *images,
                                     struct fdm_error *err)
{
    DIR *stream = opendir(images);
    if (stream == NULL)
        return fdm_fail(err, FDM_ERR_MISMATCH, "%s: %s", images, strerror(errno));
    enum fdm_status status = FDM_OK;
    for (struct dirent *item = readdir(stream); status == FDM_OK && item != NULL;
         item = readdir(stream)) {
        struct stat info;
        bool folder = fstatat(dirfd(stream), item->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
        if (folder && item->d_name[0] != '.' && !is_class(dataset, item->d_name))
            status = fdm_fail(err, FDM_ERR_MISMATCH, "the archive has a class \"%s\" too many",
                              item->d_name);
    }
    closedir(stream);
    return status;
}

static enum fdm_status check_dataset(const struct fdm_dataset_entry *dataset, const char *images,
                                     struct fdm_error *err)
{
    uint64_t count = 0;
    enum fdm_status status = check_folders(dataset, images, err);
    for (uint32_t i = 0; status == FDM_OK && i < dataset->class_count; i++) {
        char *folder = fdm_fs_join(images, dataset->classes[i]);
        status = folder != NULL ? count_files(folder, &count, err) : no_memory(err);
        free(folder);
    }
    if (status == FDM_OK && dataset->image_count != 0 && count != dataset->image_count)
        status = fdm_fail(err, FDM_ERR_MISMATCH, "%llu images in the archive instead of %u",
                          (unsigned long long)count, dataset->image_count);
    return status;
}

/* ---- One dataset --------------------------------------------------------------------------------
 */

static bool stopped(const struct fdm_obtain_options *options)
{
    return options->fetch.stop != NULL && atomic_load(options->fetch.stop);
}

static enum fdm_status take_lock(const struct fdm_obtain_options *options, const char *sha256,
                                 struct fdm_lock **lock, struct fdm_error *err)
{
    uint64_t deadline_ns = fdm_clock_now_ns() + LOCK_WAIT_NS;
    for (;;) {
        struct fdm_error why = FDM_ERROR_INIT;
        enum fdm_status status = fdm_cache_lock(options->fetch.cache, sha256, lock, &why);
        if (status == FDM_OK)
            return FDM_OK;
        if (status == FDM_ERR_BUSY && stopped(options))
            return fdm_fail(err, FDM_ERR_CANCELLED, "interrupted; the same command continues");
        if (status != FDM_ERR_BUSY || fdm_clock_now_ns() > deadline_ns)
            return fdm_fail(err, status, "%s", why.message);
        const struct timespec pause = {0, 200000000};
        nanosleep(&pause, NULL);
    }
}

static enum fdm_status unpack_checked(const struct fdm_obtain_options *options,
                                      const struct fdm_download *download, const char *archive,
                                      struct fdm_error *err)
{
    struct fdm_cache *cache = options->fetch.cache;
    struct fdm_unpack_totals totals;
    const struct fdm_unpack_options limits = {.max_bytes = download->max_bytes,
                                              .max_entries = download->max_entries,
                                              .stop = options->fetch.stop};
    char *content;
    char *images = NULL;
    enum fdm_status status = fdm_cache_tree_begin(cache, download->sha256, &content, err);
    if (status != FDM_OK)
        return status;
    if (options->on_unpack != NULL)
        options->on_unpack(options->fetch.context, fdm_download_name(download),
                           download->max_bytes);
    status = fdm_unpack(archive, content, &limits, &totals, err);
    if (status == FDM_OK) {
        images = fdm_fs_join(content, download->images);
        status = images != NULL ? check_dataset(download->dataset, images, err) : no_memory(err);
    }
    if (status == FDM_OK)
        status = fdm_cache_tree_commit(cache, download->sha256, totals.files, totals.bytes, err);
    if (status != FDM_OK)
        fdm_cache_tree_abandon(cache, download->sha256);
    free(images);
    free(content);
    return status;
}

/* Unless another process has done it while this one waited. */
static enum fdm_status unpack(const struct fdm_obtain_options *options,
                              const struct fdm_download *download, const char *archive,
                              struct fdm_error *err)
{
    char *tree = NULL;
    struct fdm_lock *lock = NULL;
    enum fdm_status status = take_lock(options, download->sha256, &lock, err);
    if (status != FDM_OK)
        return status;
    if (fdm_cache_tree_find(options->fetch.cache, download->sha256, false, &tree, NULL) != FDM_OK)
        status = unpack_checked(options, download, archive, err);
    free(tree);
    fdm_lock_free(lock);
    return status;
}

/* ---- Publishing ---------------------------------------------------------------------------------
 */

static enum fdm_status publish(const struct fdm_obtain_options *options,
                               const struct fdm_download *download, const char *kind,
                               const char *path, struct fdm_obtained *result)
{
    struct fdm_buf name;
    fdm_buf_init(&name);
    fdm_buf_printf(&name, "%s/%s", kind, fdm_download_name(download));
    enum fdm_status status = fdm_buf_check(&name, &result->err);
    if (status == FDM_OK)
        status = fdm_cache_publish(options->fetch.cache, name.data, path, &result->err);
    if (status == FDM_OK) {
        result->path = fdm_obtain_place(options->fetch.cache, kind, fdm_download_name(download));
        if (result->path == NULL)
            status = no_memory(&result->err);
    }
    fdm_buf_release(&name);
    return status;
}

static enum fdm_status publish_dataset(const struct fdm_obtain_options *options,
                                       const struct fdm_download *download, bool by_count,
                                       struct fdm_obtained *result)
{
    char *tree = NULL;
    enum fdm_status status =
        fdm_cache_tree_find(options->fetch.cache, download->sha256, by_count, &tree, &result->err);
    if (status != FDM_OK)
        return status;
    char *images = fdm_fs_join(tree, download->images);
    status = images != NULL ? publish(options, download, "datasets", images, result)
                            : no_memory(&result->err);
    free(images);
    free(tree);
    return status;
}

/* True if nothing has to be fetched. */
static bool is_ready(const struct fdm_obtain_options *options, const struct fdm_download *download,
                     struct fdm_obtained *result)
{
    result->was_there = download->dataset != NULL &&
                        publish_dataset(options, download, options->verify, result) == FDM_OK;
    if (!result->was_there)
        result->err = (struct fdm_error)FDM_ERROR_INIT;
    return result->was_there;
}

static void use(const struct fdm_obtain_options *options, const struct fdm_download *download,
                const struct fdm_fetch_result *fetched, struct fdm_obtained *result)
{
    result->status = fetched->status;
    result->err = fetched->err;
    result->was_there = fetched->was_there;
    result->received_bytes = fetched->received_bytes;
    if (result->status == FDM_OK && download->dataset == NULL) {
        result->status = publish(options, download, "models", fetched->path, result);
    } else if (result->status == FDM_OK) {
        result->was_there = false;
        result->status = unpack(options, download, fetched->path, &result->err);
        if (result->status == FDM_OK)
            result->status = publish_dataset(options, download, false, result);
        if (result->status != FDM_OK)
            fdm_error_context(&result->err, "%s", fdm_download_name(download));
    }
}

/* ---- Files that came another way ----------------------------------------------------------------
 */

/* Copies and hashes at once, so that what was checked is what was written. */
static enum fdm_status copy_hashed(const struct fdm_obtain_options *options, FILE *from,
                                   const char *to, char hex[FDM_SHA256_HEX_SIZE],
                                   struct fdm_error *err)
{
    struct fdm_sha256 *hash = NULL;
    char piece[COPY_BYTES];
    size_t got;
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        return status;
    FILE *file = fopen(to, "wb");
    bool written = file != NULL;
    while (written && !stopped(options) && (got = fread(piece, 1, sizeof piece, from)) > 0) {
        fdm_sha256_update(hash, piece, got);
        written = fwrite(piece, 1, got, file) == got;
    }
    if (file != NULL && fclose(file) != 0)
        written = false;
    if (!written || ferror(from))
        status = fdm_fail(err, FDM_ERR_IO, "%s: %s", to, strerror(errno));
    else if (stopped(options))
        status = fdm_fail(err, FDM_ERR_CANCELLED, "interrupted");
    fdm_sha256_finish(hash, status == FDM_OK ? hex : NULL);
    return status;
}

static enum fdm_status adopt(const struct fdm_obtain_options *options,
                             const struct fdm_download *download, FILE *from, struct fdm_error *err)
{
    struct fdm_cache *cache = options->fetch.cache;
    struct fdm_lock *lock = NULL;
    char hex[FDM_SHA256_HEX_SIZE] = "";
    char *partial = NULL;
    char *path = NULL;
    enum fdm_status status = take_lock(options, download->sha256, &lock, err);
    if (status != FDM_OK)
        return status;
    status = fdm_cache_partial(cache, download->sha256, &partial, err);
    if (status == FDM_OK) {
        status = copy_hashed(options, from, partial, hex, err);
        if (status == FDM_OK && strcmp(hex, download->sha256) != 0)
            status = fdm_fail(err, FDM_ERR_MISMATCH, "other bytes than expected (sha256 %s)", hex);
        if (status == FDM_OK)
            status = fdm_cache_commit(cache, download->sha256, &path, err);
        else
            unlink(partial);
    }
    fdm_lock_free(lock);
    free(partial);
    free(path);
    return status;
}

/* A file that is not there or not the right one is fetched as if nobody had named the folder. */
static void look_in_folder(const struct fdm_obtain_options *options,
                           const struct fdm_download *download)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *there = NULL;
    if (fdm_cache_find(options->fetch.cache, download->sha256, download->bytes, false, &there,
                       NULL) == FDM_OK) {
        free(there);
        return;
    }
    char *path = fdm_fs_join(options->from, fdm_fs_basename(download->path));
    FILE *file = path != NULL ? fopen(path, "rb") : NULL;
    if (file != NULL && adopt(options, download, file, &err) != FDM_OK &&
        options->fetch.on_note != NULL) {
        fdm_error_context(&err, "%s", path);
        options->fetch.on_note(options->fetch.context, fdm_download_name(download), err.message);
    }
    if (file != NULL)
        fclose(file);
    free(path);
}

/* ---- The whole ----------------------------------------------------------------------------------
 */

struct errand {
    size_t *which; /* of the downloads */
    struct fdm_fetch_item *items;
    struct fdm_fetch_result *fetched;
    char **mirrored;
    size_t count;
};

/* A query stays behind the path: a key of a store of files, often. */
static char *join_mirror(const char *mirror, const char *path)
{
    struct fdm_buf url;
    size_t len = strcspn(mirror, "?#");
    const char *slash = len > 0 && mirror[len - 1] == '/' ? "" : "/";
    fdm_buf_init(&url);
    fdm_buf_printf(&url, "%.*s%s%s%s", (int)len, mirror, slash, path, mirror + len);
    if (url.failed)
        fdm_buf_release(&url);
    return url.data;
}

static enum fdm_status add_item(const struct fdm_obtain_options *options,
                                const struct fdm_download *download, struct errand *errand,
                                struct fdm_error *err)
{
    struct fdm_fetch_item *item = &errand->items[errand->count];
    item->name = fdm_download_name(download);
    item->bytes = download->bytes;
    item->sha256 = download->sha256;
    memcpy(item->urls, download->urls, sizeof item->urls);
    if (options->mirror != NULL) {
        char *url = join_mirror(options->mirror, download->path);
        if (url == NULL)
            return no_memory(err);
        memset(item->urls, 0, sizeof item->urls);
        item->urls[0] = url;
        errand->mirrored[errand->count] = url;
    }
    errand->count++;
    return FDM_OK;
}

/* Reads what is there; a damaged file leaves the cache and is fetched anew. */
static void verify(const struct fdm_obtain_options *options, const struct fdm_download *download)
{
    char *path = NULL;
    fdm_cache_find(options->fetch.cache, download->sha256, download->bytes, true, &path, NULL);
    free(path);
}

/* An interruption explains whatever else failed. */
static enum fdm_status worst_of(const struct fdm_obtained *results, size_t count,
                                struct fdm_error *err)
{
    const struct fdm_obtained *worst = NULL;
    for (size_t i = 0; i < count; i++)
        if (results[i].status == FDM_ERR_CANCELLED ||
            (worst == NULL && results[i].status != FDM_OK))
            worst = &results[i];
    return worst == NULL ? FDM_OK : fdm_fail(err, worst->status, "%s", worst->err.message);
}

static enum fdm_status run_errand(const struct fdm_obtain_options *options,
                                  const struct fdm_download *const *downloads, size_t count,
                                  struct errand *errand, struct fdm_obtained *results,
                                  struct fdm_error *err)
{
    struct fdm_error why = FDM_ERROR_INIT; /* of one file: stands in its result */
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < count; i++) {
        if (is_ready(options, downloads[i], &results[i]))
            continue;
        if (options->verify)
            verify(options, downloads[i]);
        if (options->from != NULL)
            look_in_folder(options, downloads[i]);
        errand->which[errand->count] = i;
        status = add_item(options, downloads[i], errand, err);
    }
    if (status == FDM_OK && errand->count > 0)
        fdm_fetch(&options->fetch, errand->items, errand->count, errand->fetched, &why);
    if (why.status == FDM_ERR_MEMORY)
        status = fdm_fail(err, why.status, "%s", why.message);
    for (size_t i = 0; status == FDM_OK && i < errand->count; i++)
        use(options, downloads[errand->which[i]], &errand->fetched[i], &results[errand->which[i]]);
    return status == FDM_OK ? worst_of(results, count, err) : status;
}

enum fdm_status fdm_obtain(const struct fdm_obtain_options *options,
                           const struct fdm_download *const *downloads, size_t count,
                           struct fdm_obtained *results, struct fdm_error *err)
{
    struct errand errand = {
        .which = calloc(count + 1, sizeof *errand.which),
        .items = calloc(count + 1, sizeof *errand.items),
        .fetched = calloc(count + 1, sizeof *errand.fetched),
        .mirrored = calloc(count + 1, sizeof *errand.mirrored),
    };
    memset(results, 0, count * sizeof *results);
    enum fdm_status status = FDM_OK;
    if (errand.which == NULL || errand.items == NULL || errand.fetched == NULL ||
        errand.mirrored == NULL)
        status = no_memory(err);
    if (status == FDM_OK)
        status = run_errand(options, downloads, count, &errand, results, err);
    if (errand.fetched != NULL)
        fdm_fetch_release(errand.fetched, errand.count);
    for (size_t i = 0; errand.mirrored != NULL && i < errand.count; i++)
        free(errand.mirrored[i]);
    free(errand.which);
    free(errand.items);
    free(errand.fetched);
    free(errand.mirrored);
    return status;
}

void fdm_obtain_release(struct fdm_obtained *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(results[i].path);
    memset(results, 0, count * sizeof *results);
}
