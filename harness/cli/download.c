#include "harness/cli/download.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/progress.h"
#include "harness/cli/version.h"

bool fdm_download_is_there(struct fdm_cache *cache, const struct fdm_download *download)
{
    char *path = NULL;
    enum fdm_status status =
        download->dataset != NULL
            ? fdm_cache_tree_find(cache, download->sha256, false, &path, NULL)
            : fdm_cache_find(cache, download->sha256, download->bytes, false, &path, NULL);
    free(path);
    return status == FDM_OK;
}

/* ---- Licences ----------------------------------------------------------------------------------
 */

static char *acceptance_of(const struct fdm_cache *cache, const struct fdm_licence *licence)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s/accepted/%s", fdm_cache_folder(cache), licence->id);
    return path.data;
}

static bool was_accepted(const struct fdm_cache *cache, const struct fdm_licence *licence)
{
    char *path = acceptance_of(cache, licence);
    bool accepted = path != NULL && fdm_fs_is_file(path);
    free(path);
    return accepted;
}

/* Whoever cannot remember asks again: no failure. */
static void remember(const struct fdm_cache *cache, const struct fdm_licence *licence)
{
    char *path = acceptance_of(cache, licence);
    char *folder = fdm_fs_join(fdm_cache_folder(cache), "accepted");
    if (path != NULL && folder != NULL && fdm_fs_make_dirs(folder, NULL) == FDM_OK)
        fdm_fs_write_unsynced(path, licence->title, strlen(licence->title), NULL);
    free(folder);
    free(path);
}

enum fdm_status fdm_download_check_licences(struct fdm_cache *cache,
                                            const struct fdm_download *const *downloads,
                                            size_t count, bool accept, struct fdm_error *err)
{
    const struct fdm_licence *shown = NULL;
    bool asked = false;
    for (size_t i = 0; i < count; i++) {
        const struct fdm_licence *licence = downloads[i]->licence;
        if (licence == NULL || licence == shown || was_accepted(cache, licence) ||
            fdm_download_is_there(cache, downloads[i]))
            continue;
        fprintf(stderr, "%s\n  %s\n  %s\n", licence->title, licence->text, licence->url);
        shown = licence;
        asked = true;
        if (accept)
            remember(cache, licence);
    }
    if (!asked || accept)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_USAGE,
                    "read the terms above; to accept them, add --accept-licence to the command");
}

/* ---- Progress ----------------------------------------------------------------------------------
 */

struct display {
    struct fdm_progress progress;
    size_t line;
    uint64_t total; /* bytes; 0 until there is a line */
};

static void on_progress(void *context, uint64_t done, uint64_t total)
{
    struct display *display = context;
    if (display->total == 0)
        display->line = fdm_progress_add(&display->progress, "fetching", "MB", 1e6, done, total);
    if (display->total == 0)
        display->total = total; /* less if another process fetches some of it */
    fdm_progress_update(&display->progress, display->line,
                        done < display->total ? done : display->total);
}

static void on_note(void *context, const char *name, const char *message)
{
    struct display *display = context;
    char text[700];
    snprintf(text, sizeof text, "note: %s: %s", name, message);
    fdm_progress_say(&display->progress, text);
}

static void on_unpack(void *context, const char *name, uint64_t max_bytes)
{
    struct display *display = context;
    char text[300];
    snprintf(text, sizeof text, "unpacking %s (at most %" PRIu64 " MB)", name, max_bytes / 1000000);
    fdm_progress_say(&display->progress, text);
}

enum fdm_status fdm_download_obtain(struct fdm_cache *cache,
                                    const struct fdm_download_wishes *options,
                                    const struct fdm_download *const *downloads, size_t count,
                                    struct fdm_obtained *results, struct fdm_error *err)
{
    struct display display = {0};
    const char *mirror = options->mirror != NULL ? options->mirror : getenv("FDM_MIRROR");
    struct fdm_obtain_options obtain = {
        .mirror = mirror != NULL && mirror[0] != '\0' ? mirror : NULL,
        .from = options->from,
        .verify = options->verify,
        .on_unpack = on_unpack,
    };
    fdm_fetch_defaults(&obtain.fetch, cache);
    obtain.fetch.jobs = options->jobs;
    obtain.fetch.offline = options->offline;
    obtain.fetch.user_agent = "fdm-bench/" FDM_VERSION;
    obtain.fetch.stop = fdm_interrupt_install();
    obtain.fetch.context = &display;
    obtain.fetch.on_progress = on_progress;
    obtain.fetch.on_note = on_note;
    fdm_progress_init(&display.progress);
    enum fdm_status status = fdm_obtain(&obtain, downloads, count, results, err);
    fdm_progress_end(&display.progress);
    return status;
}
