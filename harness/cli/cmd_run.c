#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/bench/parallel.h"
#include "harness/bench/plan.h"
#include "harness/bench/run.h"
#include "harness/cli/cmd.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/progress.h"
#include "harness/cli/provenance.h"
#include "harness/cli/run_report.h"
#include "harness/cli/workspace.h"

static const struct fdm_usage usage = {
    "run",
    "run --board host --images DATASET=DIR [OPTIONS]",
    "Measures every case that the choice selects: model x format x semantics x dataset, on one "
    "board. Each\n"
    "image's prediction is stored; an interrupted run continues when the same command is given "
    "again.\n"
    "A folder of images has one folder per class. The complete dataset is split as for the "
    "published\n"
    "figures, a folder with exactly the published validation images is recognised, anything else "
    "is a\n"
    "sample.",
    "  fdm-bench run --board host --models models --images flowers=flower_photos\n"
    "  fdm-bench run --images flowers=flower_photos --semantics all --model 224\n"
    "  fdm-bench run --images plant-village=leaves --format int8 --limit 100 --json",
};

struct request {
    const char *board;
    struct fdm_opt_words images;
    const char *models_dir;
    const char *model_file;
    struct fdm_opt_words models;
    struct fdm_opt_words datasets;
    struct fdm_opt_words formats;
    struct fdm_opt_words semantics;
    uint32_t resolution;
    const char *scheme;
    uint32_t seed;
    const char *list;
    uint32_t limit;
    const char *mapping;
    uint32_t threads;
    const char *cache;
    bool no_cache;
    bool fresh;
    const char *db;
    struct fdm_output output;
};

/* What the run holds while it lasts. */
struct workplace {
    struct fdm_registry *registry;
    char *models_dir;
    struct fdm_plan_source sources[FDM_WORDS_MAX];
    char *source_names[FDM_WORDS_MAX];
    struct fdm_plan *plan;
    struct fdm_store *store;
    struct fdm_image_cache *cache;
};

static struct fdm_filter filter_of(const struct fdm_opt_words *words)
{
    return (struct fdm_filter){words->items, words->count};
}

/* "flowers=DIR", or just "DIR" where --dataset names the one dataset. */
static enum fdm_status parse_source(const struct request *request, size_t index,
                                    struct workplace *place, struct fdm_error *err)
{
    const char *word = request->images.items[index];
    const char *equals = strchr(word, '=');
    if (equals == NULL && request->datasets.count != 1)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "--images %s: of which dataset? --images flowers=%s, or name one with "
                        "--dataset",
                        word, word);
    place->source_names[index] = equals != NULL ? strndup(word, (size_t)(equals - word))
                                                : strdup(request->datasets.items[0]);
    if (place->source_names[index] == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    place->sources[index].dataset = place->source_names[index];
    place->sources[index].root = equals != NULL ? equals + 1 : word;
    return FDM_OK;
}

static enum fdm_status find_board(const struct request *request,
                                  const struct fdm_registry *registry,
                                  const struct fdm_board_entry **out, struct fdm_error *err)
{
    *out = fdm_registry_board(registry, request->board);
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "no board \"%s\"; `fdm-bench list boards`",
                        request->board);
    if ((*out)->kind != FDM_BOARD_HOST)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "%s: this version measures on this computer only: --board host",
                        request->board);
    return FDM_OK;
}

static enum fdm_status make_plan(const struct request *request, struct workplace *place,
                                 struct fdm_error *err)
{
    struct fdm_plan_options options = {
        .registry = place->registry,
        .models_dir = place->models_dir,
        .model_file = request->model_file,
        .models = filter_of(&request->models),
        .datasets = filter_of(&request->datasets),
        .formats = filter_of(&request->formats),
        .semantics = filter_of(&request->semantics),
        .resolution = request->resolution,
        .sources = place->sources,
        .source_count = request->images.count,
        .has_seed = request->seed != UINT32_MAX,
        .seed = request->seed,
        .list_path = request->list,
        .limit = request->limit,
        .mapping = request->mapping,
    };
    enum fdm_status status = find_board(request, place->registry, &options.board, err);
    const char *scheme = request->scheme;
    if (scheme == NULL)
        scheme = request->list != NULL ? "list" : "auto";
    if (status == FDM_OK)
        status = fdm_dataset_scheme_parse(scheme, &options.scheme, err);
    for (size_t i = 0; status == FDM_OK && i < request->images.count; i++)
        status = parse_source(request, i, place, err);
    if (status == FDM_OK)
        status = fdm_plan_make(&options, &place->plan, err);
    return status;
}

/* A cache that cannot be had is a note, not a failure. */
static void open_cache(const struct request *request, struct workplace *place)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *folder = NULL;
    if (request->no_cache)
        return;
    if (request->cache != NULL)
        fdm_image_cache_open(request->cache, &place->cache, &err);
    else if (fdm_fs_user_dir(FDM_FS_CACHE, &folder, &err) == FDM_OK)
        fdm_image_cache_open(folder, &place->cache, &err);
    if (err.status != FDM_OK)
        fprintf(stderr, "note: no image cache: %s\n", err.message);
    free(folder);
}

static enum fdm_status prepare(const struct request *request, struct workplace *place,
                               struct fdm_error *err)
{
    enum fdm_status status = fdm_registry_load_default(&place->registry, err);
    if (status == FDM_OK)
        status = fdm_workspace_models(request->models_dir, &place->models_dir, err);
    if (status == FDM_OK)
        status = make_plan(request, place, err);
    if (status == FDM_OK)
        status = fdm_workspace_store(request->db, FDM_STORE_WRITE, &place->store, err);
    if (status == FDM_OK)
        open_cache(request, place);
    return status;
}

static void release(struct workplace *place)
{
    fdm_image_cache_free(place->cache);
    fdm_store_close(place->store);
    fdm_plan_free(place->plan);
    fdm_registry_free(place->registry);
    free(place->models_dir);
    for (size_t i = 0; i < FDM_WORDS_MAX; i++)
        free(place->source_names[i]);
}

static void on_begin(void *context, const struct fdm_session_record *session, bool resumed,
                     uint64_t done, uint64_t total)
{
    fprintf(stderr, "session %lld %s\n", (long long)session->id, resumed ? "resumed" : "begun");
    fdm_progress_begin(context, "classifying", "predictions", done, total);
}

static void on_progress(void *context, uint64_t done)
{
    fdm_progress_update(context, done);
}

static enum fdm_status report(const struct request *request, const struct workplace *place,
                              const struct fdm_run_summary *summary, struct fdm_error *err)
{
    struct fdm_buf text;
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    fdm_buf_init(&text);
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK)
        status = fdm_run_report(place->plan, summary, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    fdm_buf_release(&text);
    return status;
}

static int run(const struct request *request, int argc, char **argv, struct fdm_error *err)
{
    struct workplace place = {0};
    struct fdm_progress progress = {0};
    struct fdm_run_summary summary = {0};
    enum fdm_report_format format;
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK)
        status = prepare(request, &place, err);
    if (status == FDM_OK) {
        struct fdm_run_options options = {
            .store = place.store,
            .plan = place.plan,
            .threads = request->threads != 0 ? request->threads : fdm_parallel_processors(),
            .cache = place.cache,
            .stop = fdm_interrupt_install(),
            .fresh = request->fresh,
            .context = &progress,
            .on_begin = on_begin,
            .on_progress = on_progress,
        };
        fdm_provenance(argc, argv, &options.about);
        fdm_run_announce(place.plan, stderr);
        status = fdm_run(&options, &summary, err);
        fdm_progress_end(&progress);
        fdm_run_note_cache(place.cache, stderr);
    }
    if (status == FDM_OK)
        status = report(request, &place, &summary, err);
    else if (status == FDM_ERR_CANCELLED)
        fdm_error_context(err,
                          "interrupted, everything finished is stored; the same command "
                          "continues session %lld",
                          (long long)summary.session.id);
    release(&place);
    if (status != FDM_OK)
        return fdm_cmd_fail(usage.command, err);
    return summary.failed + summary.skipped > 0 ? FDM_EXIT_INCOMPLETE : FDM_EXIT_OK;
}

int fdm_cmd_run(int argc, char **argv)
{
    struct request request = {.board = "host", .seed = UINT32_MAX};
    const struct fdm_opt options[] = {
        {"board", "NAME", "where to measure (default: host, this computer)", FDM_OPT_TEXT,
         &request.board, 0, 0},
        {"images", "[DATASET=]DIR", "folder with one folder per class; repeat for more datasets",
         FDM_OPT_EACH, &request.images, 0, 0},
        {"dataset", "NAMES", "only these datasets (default: those with images)", FDM_OPT_LIST,
         &request.datasets, 0, 0},
        {"models", "DIR",
         "folder of the published files (default: $FDM_MODELS, else models in the "
         "user's data folder)",
         FDM_OPT_TEXT, &request.models_dir, 0, 0},
        {"model", "WORDS", "only models whose id or family contains a word", FDM_OPT_LIST,
         &request.models, 0, 0},
        {"model-file", "FILE", "evaluate this .tflite or .h5 instead of published models",
         FDM_OPT_TEXT, &request.model_file, 0, 0},
        {"format", "NAMES", "float, int8 (default: both)", FDM_OPT_LIST, &request.formats, 0, 0},
        {"semantics", "NAMES",
         "int8 rounding presets, or all (default: tflite); see `fdm-bench "
         "list semantics`",
         FDM_OPT_LIST, &request.semantics, 0, 0},
        {"resolution", "PIXELS", "only models of this input size", FDM_OPT_COUNT,
         &request.resolution, 1, 65536},
        {"scheme", "NAME", "which images: auto (default), st, keras, all or list", FDM_OPT_TEXT,
         &request.scheme, 0, 0},
        {"seed", "S", "of the split (default: the published one)", FDM_OPT_COUNT, &request.seed, 0,
         UINT32_MAX - 1},
        {"list", "FILE", "evaluate the images named here, one \"class/name\" a line", FDM_OPT_TEXT,
         &request.list, 0, 0},
        {"limit", "N", "only the first N images of each dataset", FDM_OPT_COUNT, &request.limit, 1,
         UINT32_MAX},
        {"mapping", "NAME",
         "force x/255, x/255-1 or x/127.5-1 (default: the published one unless "
         "the model contradicts it)",
         FDM_OPT_TEXT, &request.mapping, 0, 0},
        {"threads", "N", "default: all processors", FDM_OPT_COUNT, &request.threads, 1,
         FDM_PARALLEL_MAX_THREADS},
        {"cache", "DIR", "keep decoded images here (default: the user's cache folder)",
         FDM_OPT_TEXT, &request.cache, 0, 0},
        {"no-cache", NULL, "decode every image", FDM_OPT_FLAG, &request.no_cache, 0, 0},
        {"fresh", NULL, "begin a new session even if one could be continued", FDM_OPT_FLAG,
         &request.fresh, 0, 0},
        FDM_DB_OPTION(&request.db),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int code = fdm_cmd_parse(argc, argv, &usage, options, NULL, 0, &operands);
    struct fdm_error err = FDM_ERROR_INIT;
    if (code < 0)
        code = run(&request, argc, argv, &err);
    fdm_opt_words_release(&request.images);
    fdm_opt_words_release(&request.models);
    fdm_opt_words_release(&request.datasets);
    fdm_opt_words_release(&request.formats);
    fdm_opt_words_release(&request.semantics);
    return code;
}
