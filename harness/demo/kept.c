#include "harness/demo/kept.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/base/lock.h"

#define IMAGE_BYTES_MAX ((size_t)8 << 20) /* more than the largest image takes uncompressed */

static char *suffixed(const char *path, const char *suffix)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    fdm_buf_printf(&text, "%s%s", path, suffix);
    if (text.failed)
        fdm_buf_release(&text);
    return text.data;
}

char *fdm_demo_kept_folder(const char *base, const struct fdm_demo_set *set)
{
    char name[80];
    snprintf(name, sizeof name, "demo/drawing%u-seed%u-%ux%u", FDM_DEMO_DRAWING, set->seed,
             set->count, set->size);
    return fdm_fs_join(base, name);
}

char *fdm_demo_kept_images(const char *folder)
{
    return suffixed(folder, "/images");
}

/* ---- The stamp ------------------------------------------------------------------------------- */

static enum fdm_status hash_image(const char *images, const struct fdm_demo_set *set,
                                  uint32_t index, struct fdm_sha256 *hash, struct fdm_error *err)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    char *path = fdm_demo_image_path(images, set, index);
    if (path == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = fdm_fs_read(path, IMAGE_BYTES_MAX, &bytes, &len, err);
    if (status == FDM_OK) {
        /* Lengths keep bytes from moving between neighbours unseen. */
        fdm_sha256_update(hash, &len, sizeof len);
        fdm_sha256_update(hash, bytes, len);
    }
    free(bytes);
    free(path);
    return status;
}

/* What the stamp of the images in `<folder>/images` must be. */
static enum fdm_status write_words(const char *folder, const struct fdm_demo_set *set,
                                   struct fdm_buf *out, struct fdm_error *err)
{
    char hex[FDM_SHA256_HEX_SIZE];
    struct fdm_sha256 *hash = NULL;
    char *images = fdm_demo_kept_images(folder);
    if (images == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        goto done;
    for (uint32_t i = 0; status == FDM_OK && i < set->count; i++)
        status = hash_image(images, set, i, hash, err);
    fdm_sha256_finish(hash, hex);
    if (status == FDM_OK) {
        fdm_buf_printf(out, "drawing %u, seed %u, %u images of %u pixels, sha256 %s\n",
                       FDM_DEMO_DRAWING, set->seed, set->count, set->size, hex);
        status = fdm_buf_check(out, err);
    }
done:
    free(images);
    return status;
}

static enum fdm_status stamp(const char *folder, const struct fdm_demo_set *set,
                             struct fdm_error *err)
{
    struct fdm_buf words;
    fdm_buf_init(&words);
    char *path = suffixed(folder, "/stamp");
    enum fdm_status status = path != NULL ? write_words(folder, set, &words, err)
                                          : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    if (status == FDM_OK)
        status = fdm_fs_write_unsynced(path, words.data, words.len, err);
    free(path);
    fdm_buf_release(&words);
    return status;
}

bool fdm_demo_is_kept(const char *folder, const struct fdm_demo_set *set)
{
    struct fdm_buf words;
    uint8_t *found = NULL;
    size_t len = 0;
    fdm_buf_init(&words);
    char *path = suffixed(folder, "/stamp");
    bool kept = path != NULL && fdm_fs_read(path, 4096, &found, &len, NULL) == FDM_OK &&
                write_words(folder, set, &words, NULL) == FDM_OK && words.len == len &&
                memcmp(words.data, found, len) == 0;
    free(path);
    free(found);
    fdm_buf_release(&words);
    return kept;
}

/* ---- Keeping --------------------------------------------------------------------------------- */

/* With the lock held. */
static enum fdm_status replace(const char *folder, const char *part, const struct fdm_demo_set *set,
                               const struct fdm_demo_watch *watch, struct fdm_error *err)
{
    char *images = fdm_demo_kept_images(part);
    if (images == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    fdm_fs_remove_tree(part);
    enum fdm_status status = fdm_demo_write(images, set, watch, err);
    if (status == FDM_OK)
        status = stamp(part, set, err);
    if (status == FDM_OK) {
        fdm_fs_remove_tree(folder);
        if (rename(part, folder) != 0)
            status = fdm_fail(err, FDM_ERR_IO, "%s: %s", folder, strerror(errno));
    }
    if (status != FDM_OK)
        fdm_fs_remove_tree(part);
    free(images);
    return status;
}

enum fdm_status fdm_demo_keep(const char *folder, const struct fdm_demo_set *set,
                              const struct fdm_demo_watch *watch, struct fdm_error *err)
{
    if (fdm_demo_is_kept(folder, set))
        return FDM_OK;
    struct fdm_lock *lock = NULL;
    enum fdm_status status = FDM_OK;
    char *part = suffixed(folder, ".part");
    char *lock_path = suffixed(folder, ".lock");
    if (part == NULL || lock_path == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        goto done;
    }
    status = fdm_lock_take(lock_path, "a program that draws the demonstration", &lock, err);
    /* Whoever held the lock may have drawn it meanwhile. */
    if (status == FDM_OK && !fdm_demo_is_kept(folder, set))
        status = replace(folder, part, set, watch, err);
done:
    fdm_lock_free(lock);
    free(lock_path);
    free(part);
    return status;
}
