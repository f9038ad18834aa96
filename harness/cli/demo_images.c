#include "harness/cli/demo_images.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/cli/progress.h"
#include "harness/demo/kept.h"

static const struct fdm_demo_set validation = {FDM_DEMO_SEED, FDM_DEMO_COUNT, FDM_DEMO_SIZE};

/* ---- Drawing in sight ------------------------------------------------------------------------ */

struct sight {
    struct fdm_progress progress;
    size_t line;
    uint32_t total;
    bool begun;
};

/* The line appears with the first image: where the images are kept there is none. */
static void on_image(void *context, uint32_t drawn)
{
    struct sight *sight = context;
    if (!sight->begun)
        sight->line =
            fdm_progress_add(&sight->progress, "drawing", "images", 1, drawn, sight->total);
    sight->begun = true;
    fdm_progress_update(&sight->progress, sight->line, drawn);
}

typedef enum fdm_status draw_fn(const char *folder, const struct fdm_demo_set *set,
                                const struct fdm_demo_watch *watch, struct fdm_error *err);

static enum fdm_status draw_in_sight(draw_fn *draw, const char *folder,
                                     const struct fdm_demo_set *set, const atomic_bool *stop,
                                     struct fdm_error *err)
{
    struct sight sight = {.total = set->count};
    const struct fdm_demo_watch watch = {.stop = stop, .on_image = on_image, .context = &sight};
    fdm_progress_init(&sight.progress);
    enum fdm_status status = draw(folder, set, &watch, err);
    fdm_progress_end(&sight.progress);
    return status;
}

enum fdm_status fdm_demo_images_draw(const char *folder, const struct fdm_demo_set *set,
                                     const atomic_bool *stop, struct fdm_error *err)
{
    enum fdm_status status = draw_in_sight(fdm_demo_write, folder, set, stop, err);
    if (status == FDM_ERR_CANCELLED)
        fdm_error_context(err,
                          "what was drawn stays in %s, and the same command draws it again and the "
                          "others",
                          folder);
    return status;
}

/* ---- Kept ------------------------------------------------------------------------------------ */

static enum fdm_status find_folder(const char *cache, char **out, struct fdm_error *err)
{
    char *user = NULL;
    *out = NULL;
    enum fdm_status status = FDM_OK;
    if (cache == NULL)
        status = fdm_fs_user_dir(FDM_FS_CACHE, &user, err);
    if (status != FDM_OK)
        return status;
    *out = fdm_demo_kept_folder(cache != NULL ? cache : user, &validation);
    free(user);
    return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

/* Another run of the demonstration draws the same images: a matter of seconds. */
static enum fdm_status keep(const char *folder, const atomic_bool *stop, struct fdm_error *err)
{
    const struct timespec pause = {.tv_nsec = 100 * (long)FDM_NS_PER_MS};
    for (bool told = false;; told = true) {
        struct fdm_error attempt = FDM_ERROR_INIT;
        enum fdm_status status = draw_in_sight(fdm_demo_keep, folder, &validation, stop, &attempt);
        if (status == FDM_ERR_BUSY && stop != NULL && atomic_load(stop))
            return fdm_fail(err, FDM_ERR_CANCELLED, "interrupted");
        if (status != FDM_ERR_BUSY)
            return status != FDM_OK ? fdm_fail(err, status, "%s", attempt.message) : FDM_OK;
        if (!told)
            fprintf(stderr, "waiting for another program that draws the same images\n");
        nanosleep(&pause, NULL);
    }
}

static enum fdm_status get_kept(const char *cache, const atomic_bool *stop, char **root,
                                struct fdm_error *err)
{
    char *folder;
    enum fdm_status status = find_folder(cache, &folder, err);
    if (status != FDM_OK)
        return status;
    if (!fdm_demo_is_kept(folder, &validation)) {
        fprintf(stderr, "drawing %u images of seed %u, once, into %s\n", validation.count,
                validation.seed, folder);
        status = keep(folder, stop, err);
    }
    if (status == FDM_OK)
        *root = fdm_demo_kept_images(folder);
    if (status == FDM_OK && *root == NULL)
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    free(folder);
    return status;
}

/* ---- Where nothing can be kept --------------------------------------------------------------- */

static enum fdm_status draw_temporary(const atomic_bool *stop, struct fdm_demo_images *out,
                                      struct fdm_error *err)
{
    const char *base = getenv("TMPDIR");
    char *folder = fdm_fs_join(base != NULL && base[0] == '/' ? base : "/tmp", "fdm-demo-XXXXXX");
    if (folder == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    if (mkdtemp(folder) == NULL) {
        enum fdm_status status = fdm_fail(err, FDM_ERR_IO, "%s: %s", folder, strerror(errno));
        free(folder);
        return status;
    }
    out->temporary = folder;
    out->root = strdup(folder);
    if (out->root == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    fprintf(stderr, "drawing them for this run alone, into %s\n", folder);
    return draw_in_sight(fdm_demo_write, folder, &validation, stop, err);
}

enum fdm_status fdm_demo_images_get(const char *cache, const atomic_bool *stop,
                                    struct fdm_demo_images *out, struct fdm_error *err)
{
    struct fdm_error reason = FDM_ERROR_INIT;
    *out = (struct fdm_demo_images){0};
    enum fdm_status status = get_kept(cache, stop, &out->root, &reason);
    if (status == FDM_ERR_IO || status == FDM_ERR_NOT_FOUND) {
        fprintf(stderr, "note: the images cannot be kept: %s\n", reason.message);
        reason = (struct fdm_error)FDM_ERROR_INIT;
        status = draw_temporary(stop, out, &reason);
        if (status != FDM_ERR_CANCELLED)
            fdm_error_context(&reason, "the demonstration needs 40 MB; name a folder by --cache");
    }
    if (status == FDM_OK)
        return FDM_OK;
    if (status == FDM_ERR_CANCELLED)
        fdm_error_context(&reason, "no drawn image is kept, the same command draws all again");
    return fdm_fail(err, status, "%s", reason.message);
}

void fdm_demo_images_release(struct fdm_demo_images *images)
{
    if (images->temporary != NULL)
        fdm_fs_remove_tree(images->temporary);
    free(images->temporary);
    free(images->root);
    *images = (struct fdm_demo_images){0};
}
