#include "harness/cli/workspace.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/fetch/obtain.h"

enum fdm_status fdm_output_format(const struct fdm_output *output, enum fdm_report_format *format,
                                  struct fdm_error *err)
{
    *format = output->json ? FDM_REPORT_JSON : FDM_REPORT_TERMINAL;
    if (output->as != NULL && !fdm_report_format_parse(output->as, format))
        return fdm_fail(err, FDM_ERR_USAGE,
                        "--as: no format \"%s\"; there are terminal, markdown, html, csv and json",
                        output->as);
    return output->path != NULL ? fdm_fs_check_writable(output->path, err) : FDM_OK;
}

/* `given`, the environment's `variable`, or `name` in the user's data folder. */
static enum fdm_status locate(const char *given, const char *variable, const char *name, char **out,
                              struct fdm_error *err)
{
    *out = NULL;
    if (given == NULL)
        given = getenv(variable);
    if (given != NULL && given[0] != '\0') {
        *out = strdup(given);
        return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    char *folder;
    enum fdm_status status = fdm_fs_user_dir(FDM_FS_DATA, &folder, err);
    if (status != FDM_OK)
        return status;
    *out = fdm_fs_join(folder, name);
    free(folder);
    return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

enum fdm_status fdm_workspace_db(const char *given, char **out, struct fdm_error *err)
{
    return locate(given, "FDM_DB", "results.db", out, err);
}

enum fdm_status fdm_workspace_store(const char *given, enum fdm_store_mode mode,
                                    struct fdm_store **out, struct fdm_error *err)
{
    char *path;
    *out = NULL;
    enum fdm_status status = fdm_workspace_db(given, &path, err);
    if (status != FDM_OK)
        return status;
    status = fdm_store_open(path, mode, out, err);
    if (status == FDM_ERR_NOT_FOUND && mode == FDM_STORE_READ)
        fdm_error_context(err, "nothing was measured yet; `fdm-bench run --help` tells how");
    free(path);
    return status;
}

/* What the cache of downloads has under a name, whole; NULL if it has not, without memory or home.
 */
static char *fetched(const char *kind, const char *name)
{
    struct fdm_cache *cache;
    char *path = NULL;
    if (fdm_cache_open(NULL, &cache, NULL) != FDM_OK)
        return NULL;
    char *link = fdm_fs_join(kind, name);
    if (link != NULL && fdm_cache_is_published(cache, link))
        path = fdm_obtain_place(cache, kind, name);
    free(link);
    fdm_cache_free(cache);
    return path;
}

char *fdm_workspace_fetched_models(void)
{
    struct fdm_cache *cache;
    if (fdm_cache_open(NULL, &cache, NULL) != FDM_OK)
        return NULL;
    char *path = fdm_obtain_place(cache, "models", "");
    fdm_cache_free(cache);
    if (path != NULL && fdm_fs_is_dir(path))
        return path;
    free(path);
    return NULL;
}

enum fdm_status fdm_workspace_models(const char *given, char **out, struct fdm_error *err)
{
    enum fdm_status status = locate(given, "FDM_MODELS", "models", out, err);
    if (status != FDM_OK || fdm_fs_is_dir(*out) || given != NULL || getenv("FDM_MODELS") != NULL)
        return status;
    char *fetched = fdm_workspace_fetched_models();
    if (fetched != NULL) {
        free(*out);
        *out = fetched;
    }
    return FDM_OK;
}

char *fdm_workspace_images(const char *dataset)
{
    return fetched("datasets", dataset);
}

char *fdm_workspace_fetched_model(const char *path)
{
    return fetched("models", path);
}

enum fdm_status fdm_parse_id(const char *text, const char *what, int64_t *out,
                             struct fdm_error *err)
{
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value < 1)
        return fdm_fail(err, FDM_ERR_USAGE, "\"%s\" is no %s number; `fdm-bench list %ss`", text,
                        what, what);
    *out = value;
    return FDM_OK;
}

struct fdm_image_cache *fdm_workspace_image_cache(const char *given, bool none)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image_cache *cache = NULL;
    char *folder = NULL;
    if (none)
        return NULL;
    if (given != NULL)
        fdm_image_cache_open(given, &cache, &err);
    else if (fdm_fs_user_dir(FDM_FS_CACHE, &folder, &err) == FDM_OK)
        fdm_image_cache_open(folder, &cache, &err);
    if (err.status != FDM_OK)
        fprintf(stderr, "note: no image cache: %s\n", err.message);
    free(folder);
    return cache;
}

static enum fdm_status load_images(struct fdm_store *store, struct fdm_loaded_case *out,
                                   struct fdm_error *err)
{
    enum fdm_status status = fdm_store_predictions_load(store, out->record.id, &out->predictions,
                                                        &out->prediction_count, err);
    if (status == FDM_OK)
        status = fdm_store_split_classes(store, out->record.split_id, &out->class_names,
                                         &out->class_count, err);
    if (status == FDM_OK)
        status = fdm_store_split_images(store, out->record.split_id, &out->images,
                                        &out->image_count, err);
    if (status != FDM_OK)
        return status;
    out->image_names = calloc(out->image_count + 1, sizeof *out->image_names);
    if (out->image_names == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < out->image_count; i++)
        out->image_names[i] = out->images[i].path;
    return FDM_OK;
}

enum fdm_status fdm_load_case(struct fdm_store *store, const struct fdm_case_record *record,
                              bool images, struct fdm_loaded_case *out, struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    out->record = *record;
    enum fdm_status status = fdm_store_session_get(store, record->session_id, &out->session, err);
    if (status == FDM_OK)
        status = fdm_store_split_get(store, record->split_id, &out->split, err);
    if (status == FDM_OK)
        status = fdm_store_figures_list(store, record->id, &out->figures, &out->figure_count, err);
    if (status == FDM_OK)
        status = fdm_store_facts_list(store, record->id, &out->facts, &out->fact_count, err);
    if (status == FDM_OK && images)
        status = load_images(store, out, err);
    if (status != FDM_OK)
        fdm_loaded_case_release(out);
    return status;
}

void fdm_loaded_case_release(struct fdm_loaded_case *loaded)
{
    free(loaded->predictions);
    free(loaded->figures);
    free(loaded->facts);
    free(loaded->class_names);
    free(loaded->images);
    free(loaded->image_names);
    memset(loaded, 0, sizeof *loaded);
}
