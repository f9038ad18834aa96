#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli/cmd.h"
#include "harness/cli/workspace.h"
#include "harness/fetch/manifest.h"

static const struct fdm_usage usage = {
    "cache",
    "cache list|verify|prune [OPTIONS]",
    "What `fdm-bench fetch` has put on this disk. verify reads every file and counts what was\n"
    "unpacked; damaged entries are removed. prune removes unfinished downloads, archives that are\n"
    "unpacked, and files that no list names any more; --all removes everything. Terms that were\n"
    "accepted stay accepted.",
    "  fdm-bench cache list\n"
    "  fdm-bench cache prune",
};

struct request {
    const char *cache;
    bool all;
    struct fdm_output output;
};

struct job {
    const struct request *request;
    struct fdm_cache *cache;
    const struct fdm_manifest *manifest;
    struct fdm_table table;
    enum fdm_status (*treat)(struct job *job, const struct fdm_cache_entry *entry,
                             const char **state, struct fdm_error *err);
    size_t damaged;
};

static const struct fdm_download *find_download(const struct job *job, const char *sha256)
{
    for (size_t i = 0; i < fdm_manifest_count(job->manifest); i++)
        if (strcmp(fdm_manifest_at(job->manifest, i)->sha256, sha256) == 0)
            return fdm_manifest_at(job->manifest, i);
    return NULL;
}

static enum fdm_status list_entry(struct job *job, const struct fdm_cache_entry *entry,
                                  const char **state, struct fdm_error *err)
{
    (void)job;
    (void)entry;
    (void)err;
    *state = "there";
    return FDM_OK;
}

static enum fdm_status verify_entry(struct job *job, const struct fdm_cache_entry *entry,
                                    const char **state, struct fdm_error *err)
{
    char *path = NULL;
    struct fdm_error why = FDM_ERROR_INIT;
    enum fdm_status status = FDM_OK;
    *state = entry->kind == FDM_CACHE_PARTIAL ? "unfinished" : "sound";
    if (entry->kind == FDM_CACHE_OBJECT)
        status = fdm_cache_find(job->cache, entry->sha256, 0, true, &path, &why);
    else if (entry->kind == FDM_CACHE_TREE)
        status = fdm_cache_tree_find(job->cache, entry->sha256, true, &path, &why);
    free(path);
    if (status == FDM_ERR_NOT_FOUND) {
        job->damaged++;
        *state = "damaged, removed";
        return FDM_OK;
    }
    return status == FDM_OK ? FDM_OK : fdm_fail(err, status, "%s", why.message);
}

static bool is_needed(const struct job *job, const struct fdm_cache_entry *entry)
{
    char *tree = NULL;
    if (job->request->all || entry->kind == FDM_CACHE_PARTIAL ||
        find_download(job, entry->sha256) == NULL)
        return false;
    bool unpacked = entry->kind == FDM_CACHE_OBJECT &&
                    fdm_cache_tree_find(job->cache, entry->sha256, false, &tree, NULL) == FDM_OK;
    free(tree);
    return !unpacked;
}

static enum fdm_status prune_entry(struct job *job, const struct fdm_cache_entry *entry,
                                   const char **state, struct fdm_error *err)
{
    struct fdm_error why = FDM_ERROR_INIT;
    *state = "kept";
    if (is_needed(job, entry))
        return FDM_OK;
    enum fdm_status status = fdm_cache_remove(job->cache, entry, &why);
    *state = status == FDM_OK ? "removed" : "in use";
    if (status == FDM_OK || status == FDM_ERR_BUSY)
        return FDM_OK;
    return fdm_fail(err, status, "%s", why.message);
}

static enum fdm_status visit(void *context, const struct fdm_cache_entry *entry,
                             struct fdm_error *err)
{
    struct job *job = context;
    const struct fdm_download *download = find_download(job, entry->sha256);
    const char *state = NULL;
    fdm_table_add_text(&job->table, download != NULL ? fdm_download_name(download) : NULL);
    fdm_table_add_text(&job->table, fdm_cache_kind_name(entry->kind));
    fdm_table_add_int(&job->table, (int64_t)entry->bytes);
    enum fdm_status status = job->treat(job, entry, &state, err);
    fdm_table_add_text(&job->table, state);
    fdm_table_add_text(&job->table, entry->sha256);
    fdm_table_add_text(&job->table, entry->path);
    return status;
}

static enum fdm_status run_job(struct job *job, struct fdm_error *err)
{
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    struct fdm_buf text;
    enum fdm_status status = fdm_output_format(&job->request->output, &format, err);
    if (status != FDM_OK)
        return status;
    fdm_buf_init(&text);
    fdm_table_init(&job->table, "cache", NULL);
    fdm_table_add_column(&job->table, "name", "name", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&job->table, "kind", "kind", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&job->table, "bytes", "bytes", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(&job->table, "state", "state", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&job->table, "sha256", "sha256", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(&job->table, "path", "path", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    status = fdm_cache_each(job->cache, visit, job, err);
    if (status == FDM_OK)
        status = fdm_table_render(&job->table, format, &text, err);
    fdm_table_release(&job->table);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, job->request->output.path, err);
    fdm_buf_release(&text);
    return status;
}

static enum fdm_status choose_treatment(const char *name, struct job *job, struct fdm_error *err)
{
    if (name != NULL && strcmp(name, "list") == 0)
        job->treat = list_entry;
    else if (name != NULL && strcmp(name, "verify") == 0)
        job->treat = verify_entry;
    else if (name != NULL && strcmp(name, "prune") == 0)
        job->treat = prune_entry;
    else
        return fdm_fail(err, FDM_ERR_USAGE, "list, verify or prune? usage: fdm-bench %s",
                        usage.synopsis);
    return FDM_OK;
}

static int run(const char *name, const struct request *request, struct fdm_error *err)
{
    struct job job = {.request = request};
    struct fdm_registry *registry = NULL;
    struct fdm_manifest *manifest = NULL;
    char *data_dir = NULL;
    enum fdm_status status = choose_treatment(name, &job, err);
    if (status == FDM_OK)
        status = fdm_registry_find_data(&data_dir, err);
    if (status == FDM_OK)
        status = fdm_registry_load_default(&registry, err);
    if (status == FDM_OK)
        status = fdm_manifest_load(data_dir, registry, &manifest, err);
    if (status == FDM_OK)
        status = fdm_cache_open(request->cache, &job.cache, err);
    job.manifest = manifest;
    if (status == FDM_OK)
        status = run_job(&job, err);
    fdm_cache_free(job.cache);
    fdm_manifest_free(manifest);
    fdm_registry_free(registry);
    free(data_dir);
    if (status != FDM_OK)
        return fdm_cmd_fail(usage.command, err);
    return job.damaged > 0 ? FDM_EXIT_FAILED : FDM_EXIT_OK;
}

int fdm_cmd_cache(int argc, char **argv)
{
    struct request request = {0};
    const struct fdm_opt options[] = {
        {"all", NULL, "prune: everything", FDM_OPT_FLAG, &request.all, 0, 0},
        {"cache", "DIR", "default: fetched in the user's cache folder", FDM_OPT_TEXT,
         &request.cache, 0, 0},
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    const char *name = NULL;
    size_t operands;
    int code = fdm_cmd_parse(argc, argv, &usage, options, &name, 1, &operands);
    struct fdm_error err = FDM_ERROR_INIT;
    return code >= 0 ? code : run(name, &request, &err);
}
