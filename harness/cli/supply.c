#include "harness/cli/supply.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/fs.h"
#include "harness/cli/download.h"
#include "harness/cli/workspace.h"
#include "reference/importers/importers.h"

#define JOBS 4

bool fdm_supply_is_allowed(const struct fdm_supply *supply)
{
    const char *value = getenv("FDM_FETCH");
    return supply->allowed || (value != NULL && strcmp(value, "1") == 0);
}

static enum fdm_status load_manifest(const struct fdm_registry *registry, struct fdm_manifest **out,
                                     struct fdm_error *err)
{
    char *data_dir = NULL;
    *out = NULL;
    enum fdm_status status = fdm_registry_find_data(&data_dir, err);
    if (status == FDM_OK)
        status = fdm_manifest_load(data_dir, registry, out, err);
    free(data_dir);
    return status;
}

static const struct fdm_download *find(const struct fdm_manifest *manifest, const char *name)
{
    for (size_t i = 0; i < fdm_manifest_count(manifest); i++)
        if (strcmp(fdm_download_name(fdm_manifest_at(manifest, i)), name) == 0)
            return fdm_manifest_at(manifest, i);
    return NULL;
}

static enum fdm_status fetch_chosen(const struct fdm_supply *supply, struct fdm_cache *cache,
                                    const struct fdm_download *const *downloads, size_t count,
                                    struct fdm_error *err)
{
    const struct fdm_download_wishes options = {.jobs = JOBS};
    enum fdm_status status =
        fdm_download_check_licences(cache, downloads, count, supply->accept, err);
    if (status != FDM_OK)
        return status;
    struct fdm_obtained *results = calloc(count + 1, sizeof *results);
    if (results == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    status = fdm_download_obtain(cache, &options, downloads, count, results, err);
    fdm_obtain_release(results, count);
    free(results);
    return status;
}

enum fdm_status fdm_supply_fetch(const struct fdm_supply *supply,
                                 const struct fdm_registry *registry, const char *const *names,
                                 size_t count, struct fdm_error *err)
{
    struct fdm_manifest *manifest = NULL;
    struct fdm_cache *cache = NULL;
    const struct fdm_download **chosen = calloc(count + 1, sizeof(void *));
    if (chosen == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = load_manifest(registry, &manifest, err);
    for (size_t i = 0; status == FDM_OK && i < count; i++) {
        chosen[i] = find(manifest, names[i]);
        if (chosen[i] == NULL)
            status = fdm_fail(err, FDM_ERR_NOT_FOUND, "%s is not to be had by `fdm-bench fetch`",
                              names[i]);
    }
    if (status == FDM_OK)
        status = fdm_cache_open(NULL, &cache, err);
    if (status == FDM_OK)
        status = fetch_chosen(supply, cache, chosen, count, err);
    fdm_cache_free(cache);
    fdm_manifest_free(manifest);
    free(chosen);
    return status;
}

/* A file of a models folder, if it is there. */
static char *file_in(const char *folder, const char *name)
{
    char *path = folder != NULL ? fdm_fs_join(folder, name) : NULL;
    if (path != NULL && fdm_fs_is_file(path))
        return path;
    free(path);
    return NULL;
}

static enum fdm_status find_published(const struct fdm_supply *supply,
                                      const struct fdm_registry *registry, const char *models_dir,
                                      const char *name, char **path, struct fdm_error *err)
{
    char *models = NULL;
    enum fdm_status status = fdm_workspace_models(models_dir, &models, err);
    if (status == FDM_OK) {
        *path = file_in(models, name);
        if (*path == NULL)
            *path = fdm_workspace_fetched_model(name);
    }
    free(models);
    if (status != FDM_OK || *path != NULL)
        return status;
    if (!fdm_supply_is_allowed(supply))
        return fdm_fail(err, FDM_ERR_NOT_FOUND,
                        "%s is not on this computer; `fdm-bench fetch %s` downloads it", name,
                        name);
    status = fdm_supply_fetch(supply, registry, &name, 1, err);
    if (status != FDM_OK)
        return status;
    *path = fdm_workspace_fetched_model(name);
    return *path != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_IO, "%s: fetched, but not there", name);
}

enum fdm_status fdm_supply_model(const struct fdm_supply *supply, const char *models_dir,
                                 const char *name, char **path, struct fdm_error *err)
{
    struct fdm_registry *registry = NULL;
    struct fdm_manifest *manifest = NULL;
    enum fdm_status status = FDM_OK;
    *path = NULL;
    if (!fdm_fs_is_file(name)) {
        status = fdm_registry_load_default(&registry, err);
        if (status == FDM_OK)
            status = load_manifest(registry, &manifest, err);
        if (status == FDM_OK && find(manifest, name) != NULL)
            status = find_published(supply, registry, models_dir, name, path, err);
        else if (status == FDM_OK && access(name, F_OK) != 0)
            status = fdm_fail(err, FDM_ERR_NOT_FOUND,
                              "%s: %s; give the path of a .h5, .keras or .tflite file, or a "
                              "published one's, which `fdm-bench list models --json` tells",
                              name, strerror(errno));
    }
    if (status == FDM_OK && *path == NULL) {
        *path = strdup(name);
        if (*path == NULL)
            status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    fdm_manifest_free(manifest);
    fdm_registry_free(registry);
    return status;
}

enum fdm_status fdm_supply_import(const struct fdm_supply *supply, const char *name,
                                  struct fdm_graph **graph, struct fdm_error *err)
{
    char *path = NULL;
    *graph = NULL;
    enum fdm_status status = fdm_supply_model(supply, NULL, name, &path, err);
    if (status == FDM_OK)
        status = fdm_import_file(path, graph, err);
    free(path);
    return status;
}
