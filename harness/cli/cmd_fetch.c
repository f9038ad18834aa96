#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/cli/cmd.h"
#include "harness/cli/download.h"
#include "harness/cli/workspace.h"

static const struct fdm_usage usage = {
    "fetch",
    "fetch [models|newest|datasets|all|NAME…] [OPTIONS]",
    "Downloads models and datasets into the user's cache folder, where `run` finds them. Files "
    "are\n"
    "checked by size and SHA-256; what was received before an interruption is continued. A NAME "
    "is\n"
    "a dataset (flowers), or the beginning of a model's path (flowers/fdmobilenet_0.25_224_tfs,\n"
    "food-101/). \"models\" are those of the cards 9.1.0 and 10.0.0, \"newest\" their successors.\n"
    "Without a name: what there is. Proxies: http_proxy, https_proxy, all_proxy, no_proxy.\n"
    "Certificates: CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR. Passwords of servers: ~/.netrc.",
    "  fdm-bench fetch models --accept-licence\n"
    "  fdm-bench fetch flowers\n"
    "  fdm-bench fetch all --dry-run\n"
    "  fdm-bench fetch flowers/ --mirror http://fileserver/fdm --accept-licence",
};

#define NAMES_MAX 64
#define JOBS_MAX 16

struct request {
    const char *names[NAMES_MAX];
    size_t name_count;
    const char *mirror;
    const char *from;
    const char *cache;
    uint32_t jobs;
    bool offline;
    bool dry_run;
    bool accept;
    bool verify;
    struct fdm_output output;
};

struct workplace {
    struct fdm_registry *registry;
    struct fdm_manifest *manifest;
    struct fdm_cache *cache;
    const struct fdm_download **chosen; /* NULL behind the last */
    struct fdm_obtained *results;
    size_t count;
};

static enum fdm_status choose(const struct request *request, struct workplace *place,
                              struct fdm_error *err)
{
    size_t all = fdm_manifest_count(place->manifest);
    bool used[NAMES_MAX] = {false};
    place->chosen = calloc(all + 1, sizeof(void *));
    place->results = calloc(all + 1, sizeof *place->results);
    if (place->chosen == NULL || place->results == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < all; i++) {
        const struct fdm_download *download = fdm_manifest_at(place->manifest, i);
        bool wanted = request->name_count == 0;
        for (size_t n = 0; n < request->name_count; n++) {
            bool matches = fdm_download_matches(download, request->names[n]);
            used[n] = used[n] || matches;
            wanted = wanted || matches;
        }
        if (wanted)
            place->chosen[place->count++] = download;
    }
    for (size_t n = 0; n < request->name_count; n++)
        if (!used[n])
            return fdm_fail(err, FDM_ERR_USAGE,
                            "nothing is called \"%s\"; `fdm-bench fetch` lists what there is",
                            request->names[n]);
    return FDM_OK;
}

static enum fdm_status prepare(const struct request *request, struct workplace *place,
                               struct fdm_error *err)
{
    char *data_dir = NULL;
    enum fdm_status status = fdm_registry_find_data(&data_dir, err);
    if (status == FDM_OK)
        status = fdm_registry_load_default(&place->registry, err);
    if (status == FDM_OK)
        status = fdm_manifest_load(data_dir, place->registry, &place->manifest, err);
    if (status == FDM_OK)
        status = fdm_cache_open(request->cache, &place->cache, err);
    if (status == FDM_OK)
        status = choose(request, place, err);
    free(data_dir);
    return status;
}

static void release(struct workplace *place)
{
    if (place->results != NULL)
        fdm_obtain_release(place->results, place->count);
    free(place->results);
    free(place->chosen);
    fdm_cache_free(place->cache);
    fdm_manifest_free(place->manifest);
    fdm_registry_free(place->registry);
}

/* ---- Output ------------------------------------------------------------------------------------
 */

static const char *state_of(const struct workplace *place, size_t index, bool dry_run)
{
    const struct fdm_obtained *result = &place->results[index];
    if (dry_run)
        return fdm_download_is_there(place->cache, place->chosen[index]) ? "there" : "absent";
    if (result->status != FDM_OK)
        return result->status == FDM_ERR_CANCELLED ? "interrupted" : "failed";
    return result->was_there ? "there" : "fetched";
}

static void add_total(const struct workplace *place, struct fdm_buf *out)
{
    size_t absent = 0;
    uint64_t bytes = 0;
    for (size_t i = 0; i < place->count; i++)
        if (!fdm_download_is_there(place->cache, place->chosen[i])) {
            absent++;
            bytes += place->chosen[i]->bytes;
        }
    fdm_buf_printf(out, "%zu of %zu absent: %.1f MB to fetch\n", absent, place->count,
                   (double)bytes / 1e6);
}

static enum fdm_status report(const struct request *request, const struct workplace *place,
                              bool dry_run, struct fdm_error *err)
{
    struct fdm_table table;
    struct fdm_buf text;
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status != FDM_OK)
        return status;
    fdm_buf_init(&text);
    fdm_table_init(&table, "downloads", NULL);
    fdm_table_add_column(&table, "name", "name", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "group", "group", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "bytes", "bytes", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "state", "state", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(&table, "received_bytes", "received", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES);
    fdm_table_add_column(&table, "sha256", "sha256", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(&table, "url", "url", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(&table, "path", "path", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(&table, "message", "message", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    for (size_t i = 0; i < place->count; i++) {
        const struct fdm_download *download = place->chosen[i];
        const struct fdm_obtained *result = &place->results[i];
        fdm_table_add_text(&table, fdm_download_name(download));
        fdm_table_add_text(&table, download->group);
        fdm_table_add_int(&table, (int64_t)download->bytes);
        fdm_table_add_text(&table, state_of(place, i, dry_run));
        fdm_table_add_int(&table, (int64_t)result->received_bytes);
        fdm_table_add_text(&table, download->sha256);
        fdm_table_add_text(&table, download->urls[0]);
        fdm_table_add_text(&table, result->path);
        fdm_table_add_text(&table, result->status != FDM_OK ? result->err.message : NULL);
    }
    status = fdm_table_render(&table, format, &text, err);
    fdm_table_release(&table);
    if (dry_run && format == FDM_REPORT_TERMINAL)
        add_total(place, &text);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    fdm_buf_release(&text);
    return status;
}

/* ---- The command -------------------------------------------------------------------------------
 */

static enum fdm_status obtain(const struct request *request, struct workplace *place,
                              struct fdm_error *err)
{
    const struct fdm_download_wishes options = {
        .mirror = request->mirror,
        .from = request->from,
        .jobs = request->jobs,
        .offline = request->offline,
        .verify = request->verify,
    };
    return fdm_download_obtain(place->cache, &options, place->chosen, place->count, place->results,
                               err);
}

/* How many. An interruption is told once, not for each file. */
static size_t print_failures(const struct workplace *place)
{
    size_t failures = 0;
    for (size_t i = 0; i < place->count; i++)
        if (place->results[i].status != FDM_OK && place->results[i].status != FDM_ERR_CANCELLED) {
            fprintf(stderr, "fdm-bench fetch: %s\n", place->results[i].err.message);
            failures++;
        }
    return failures;
}

static int run(const struct request *request, struct fdm_error *err)
{
    struct workplace place = {0};
    bool list = request->dry_run || request->name_count == 0;
    enum fdm_status status = prepare(request, &place, err);
    if (status == FDM_OK && !list)
        status = fdm_download_check_licences(place.cache, place.chosen, place.count,
                                             request->accept, err);
    if (status != FDM_OK || list) {
        if (status == FDM_OK)
            status = report(request, &place, true, err);
        release(&place);
        return status == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, err);
    }
    struct fdm_error written = FDM_ERROR_INIT;
    status = obtain(request, &place, err);
    report(request, &place, false, &written);
    int code = FDM_EXIT_OK;
    size_t failures = print_failures(&place);
    if (status == FDM_ERR_CANCELLED || (status != FDM_OK && failures == 0))
        code = fdm_cmd_fail(usage.command, err);
    else if (status != FDM_OK)
        code = FDM_EXIT_FAILED;
    else if (written.status != FDM_OK)
        code = fdm_cmd_fail(usage.command, &written);
    release(&place);
    return code;
}

int fdm_cmd_fetch(int argc, char **argv)
{
    struct request request = {.jobs = 4};
    const struct fdm_opt options[] = {
        {"accept-licence", NULL, "accept the terms that are shown without it", FDM_OPT_FLAG,
         &request.accept, 0, 0},
        {"dry-run", NULL, "only list what would be fetched", FDM_OPT_FLAG, &request.dry_run, 0, 0},
        {"offline", NULL, "only what the cache holds", FDM_OPT_FLAG, &request.offline, 0, 0},
        {"verify", NULL, "read what is there and fetch what is damaged anew", FDM_OPT_FLAG,
         &request.verify, 0, 0},
        {"mirror", "URL",
         "fetch URL/PATH instead of the published addresses (default: $FDM_MIRROR)", FDM_OPT_TEXT,
         &request.mirror, 0, 0},
        {"from", "DIR", "take files that were downloaded another way, after checking them",
         FDM_OPT_TEXT, &request.from, 0, 0},
        {"jobs", "N", "transfers at once (default: 4)", FDM_OPT_COUNT, &request.jobs, 1, JOBS_MAX},
        {"cache", "DIR", "default: fetched in the user's cache folder", FDM_OPT_TEXT,
         &request.cache, 0, 0},
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    int code =
        fdm_cmd_parse(argc, argv, &usage, options, request.names, NAMES_MAX, &request.name_count);
    struct fdm_error err = FDM_ERROR_INIT;
    return code >= 0 ? code : run(&request, &err);
}
