#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/board_choice.h"
#include "harness/bench/device.h"
#include "harness/bench/engine.h"
#include "harness/bench/parallel.h"
#include "harness/bench/run.h"
#include "harness/build/firmware.h"
#include "harness/cli/cmd.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/provenance.h"
#include "harness/cli/run_place.h"
#include "harness/cli/run_report.h"
#include "harness/cli/version.h"

#define EMULATED_IMAGES 32

static const struct fdm_usage usage = {
    "run",
    "run [--board NAMES] [--images DATASET=DIR | --demo] [OPTIONS]",
    "Measures every case that the choice selects: model x format x semantics x dataset, on each\n"
    "board. Each image's prediction is stored; an interrupted run continues when the same command\n"
    "is given again. A folder of images has one folder per class. The complete dataset is split "
    "as\n"
    "for the published figures, a folder with exactly the published validation images is\n"
    "recognised, anything else is a sample. With --demo the program draws the images itself, "
    "once,\n"
    "and has the model: nothing else is needed.",
    "  fdm-bench run --demo\n"
    "  fdm-bench run --dataset flowers --fetch --accept-licence\n"
    "  fdm-bench run --board host --models models --images flowers=flower_photos\n"
    "  fdm-bench run --images flowers=flower_photos --semantics all --model 224\n"
    "  fdm-bench run --board emulated-cortex-m7,emulated-cortex-m55 --images "
    "flowers=flower_photos\n"
    "  fdm-bench run --board STM32H747I-DISCO --emulate --images flowers=flower_photos --limit 32\n"
    "  fdm-bench run --images plant-village=leaves --format int8 --limit 100 --json",
};

/* One board's part of the run: its own plan, store and session, in a thread of its own. */
struct job {
    const struct fdm_run_request *request;
    struct fdm_run_place *place;
    struct fdm_board_choice choice;
    struct fdm_plan *plan;
    struct fdm_store *store;
    struct fdm_device *device;
    bool begun; /* the session, and `progress_line` */
    size_t progress_line;
    struct fdm_run_summary summary;
    enum fdm_status status;
    struct fdm_error err;
    pthread_t thread;
    bool started; /* in a thread of its own, beside those of other boards */
};

/* Emulated boards take a second or so an image, so they classify a sample unless told otherwise. */
static uint32_t limit_of(const struct fdm_run_request *request,
                         const struct fdm_board_choice *choice)
{
    if (request->limit != 0)
        return request->limit;
    return choice->emulated ? EMULATED_IMAGES : 0;
}

static uint32_t threads_of(const struct fdm_run_request *request,
                           const struct fdm_board_choice *choice)
{
    return fdm_device_threads(choice->executor, choice->emulated, request->threads);
}

/* Whose kernels a tuned network may have. */
static enum fdm_status find_isas(const struct fdm_board_entry *board, unsigned *out,
                                 struct fdm_error *err)
{
    if (board->kind != FDM_BOARD_HOST)
        return fdm_firmware_isas(board, out, err);
    *out = fdm_nn_host_isas();
    return FDM_OK;
}

static enum fdm_status make_plan(const struct fdm_run_request *request,
                                 const struct fdm_run_place *place, struct job *job,
                                 struct fdm_error *err)
{
    static const char *const int8[] = {"int8"};
    struct fdm_plan_options options = {
        .registry = place->registry,
        .board = job->choice.name,
        .threads = threads_of(request, &job->choice),
        .models_dir = place->models_dir,
        .fetched_dir = place->fetched_models,
        .model_file = place->model_file,
        .models = fdm_run_filter(&request->models),
        .datasets = fdm_run_filter(&request->datasets),
        .formats = fdm_run_filter(&request->formats),
        .semantics = fdm_run_filter(&request->semantics),
        .engines = fdm_run_filter(&request->engines),
        .arena_limit = fdm_firmware_arena_limit(job->choice.executor, request->arena_limit),
        .resolution = request->resolution,
        .sources = place->sources,
        .source_count = place->source_count,
        .has_seed = request->seed != UINT32_MAX,
        .seed = request->seed,
        .list_path = request->list,
        .limit = limit_of(request, &job->choice),
        .mapping = request->mapping,
    };
    if (job->choice.board->kind != FDM_BOARD_HOST && options.formats.count == 0)
        options.formats = (struct fdm_filter){int8, 1};
    const char *scheme = request->scheme;
    if (scheme == NULL)
        scheme = request->list != NULL ? "list" : "auto";
    enum fdm_status status = fdm_dataset_scheme_parse(scheme, &options.scheme, err);
    if (status == FDM_OK)
        status = find_isas(job->choice.board, &options.isas, err);
    if (status == FDM_OK)
        status = fdm_plan_make(&options, &job->plan, err);
    return status;
}

static enum fdm_status choose_board(struct job *jobs, size_t index, const char *name,
                                    struct fdm_error *err)
{
    struct job *job = &jobs[index];
    enum fdm_status status = fdm_board_choose(job->place->registry, job->place->lab, name,
                                              job->request->emulate, &job->choice, err);
    for (size_t i = 0; status == FDM_OK && i < index; i++)
        if (strcmp(jobs[i].choice.name, job->choice.name) == 0 &&
            jobs[i].choice.lab == job->choice.lab)
            status = fdm_fail(err, FDM_ERR_USAGE, "--board names %s twice", job->choice.name);
    return status;
}

/* A file that is no store, or a newer program's, is told before anything is fetched or drawn. */
static enum fdm_status check_store(const struct fdm_run_request *request, struct fdm_error *err)
{
    struct fdm_error reason = FDM_ERROR_INIT;
    struct fdm_store *store;
    enum fdm_status status = fdm_workspace_store(request->db, FDM_STORE_READ, &store, &reason);
    if (status == FDM_OK)
        fdm_store_close(store);
    if (status == FDM_OK || status == FDM_ERR_NOT_FOUND)
        return FDM_OK; /* it is made later */
    return fdm_fail(err, status, "%s", reason.message);
}

/* Boards first: a wrong name is told before anything is fetched or drawn. */
static enum fdm_status choose_boards(const struct fdm_run_request *request,
                                     struct fdm_run_place *place, struct job *jobs,
                                     const char *const *names, size_t count, struct fdm_error *err)
{
    enum fdm_status status = fdm_registry_load_default(&place->registry, err);
    if (status == FDM_OK)
        status = fdm_lab_load(request->lab, place->registry, &place->lab, err);
    for (size_t i = 0; status == FDM_OK && i < count; i++) {
        jobs[i].request = request;
        jobs[i].place = place;
        status = choose_board(jobs, i, names[i], err);
    }
    return status;
}

/* ---- Jobs ------------------------------------------------------------------------------------ */

static enum fdm_status prepare_job(struct job *job, struct fdm_error *err)
{
    const struct fdm_run_place *place = job->place;
    const struct fdm_run_request *request = job->request;
    enum fdm_status status = make_plan(request, place, job, err);
    if (status == FDM_OK)
        status = fdm_workspace_store(request->db, FDM_STORE_WRITE, &job->store, err);
    if (status != FDM_OK || job->choice.board->kind == FDM_BOARD_HOST)
        return status;
    const struct fdm_device_options options = {
        .board = job->choice.executor,
        .lab = job->choice.lab,
        .name = job->choice.lab != NULL ? job->choice.lab->name : job->choice.name,
        .version = FDM_VERSION,
        .emulated = job->choice.emulated,
        .threads = threads_of(request, &job->choice),
        .owner = place->about.command,
        .stop = place->stop,
    };
    return fdm_device_new(&options, &job->device, err);
}

static void release_job(struct job *job)
{
    fdm_device_free(job->device);
    fdm_store_close(job->store);
    fdm_plan_free(job->plan);
}

static void on_begin(void *context, const struct fdm_session_record *session, bool resumed,
                     uint64_t done, uint64_t total)
{
    struct job *job = context;
    char text[160];
    snprintf(text, sizeof text, "%.120s: session %lld %s", job->choice.name, (long long)session->id,
             resumed ? "resumed" : "begun");
    fdm_progress_say(&job->place->progress, text);
    job->begun = true;
    job->progress_line =
        fdm_progress_add(&job->place->progress, job->choice.name, "predictions", 1, done, total);
}

static void on_progress(void *context, uint64_t done)
{
    struct job *job = context;
    fdm_progress_update(&job->place->progress, job->progress_line, done);
}

/* Says what to do next; while other boards go on, what happened is told at once, not when they
 * have come to their end. */
static void explain_stop(struct job *job)
{
    if (job->begun && job->status == FDM_ERR_CANCELLED)
        fdm_error_context(&job->err,
                          "interrupted, everything finished is stored; the same command continues "
                          "session %lld",
                          (long long)job->summary.session.id);
    else if (job->begun && (job->status == FDM_ERR_EOF || job->status == FDM_ERR_TIMEOUT))
        fdm_error_context(&job->err,
                          "what is finished is stored; the same command continues session %lld",
                          (long long)job->summary.session.id);
    if (job->begun)
        fdm_progress_stop(&job->place->progress, job->progress_line);
    if (!job->started)
        return;
    fdm_error_context(&job->err, "%s", job->choice.name);
    if (job->status != FDM_ERR_CANCELLED)
        fdm_progress_say(&job->place->progress, job->err.message);
}

static void *run_job(void *argument)
{
    struct job *job = argument;
    const struct fdm_run_request *request = job->request;
    const struct fdm_run_board board = {
        .board = job->choice.board,
        .emulated = job->choice.emulated,
        .effort = request->effort,
        .context = job->device,
        .open = fdm_device_open,
        .describe = fdm_device_describe,
        .close = fdm_device_close,
    };
    struct fdm_run_options options = {
        .store = job->store,
        .plan = job->plan,
        .about = job->place->about,
        .threads = request->threads != 0 ? request->threads : fdm_parallel_processors(),
        .cache = job->place->cache,
        .stop = job->place->stop,
        .board = job->device != NULL ? &board : NULL,
        .fresh = request->fresh,
        .context = job,
        .on_begin = on_begin,
        .on_progress = on_progress,
    };
    job->status = fdm_run(&options, &job->summary, &job->err);
    if (job->status != FDM_OK)
        explain_stop(job);
    return NULL;
}

/* One job runs in this thread, several in one each. */
static void run_jobs(struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        jobs[i].started = count > 1;
        if (jobs[i].started && pthread_create(&jobs[i].thread, NULL, run_job, &jobs[i]) != 0)
            jobs[i].started = false;
        if (!jobs[i].started)
            run_job(&jobs[i]);
    }
    for (size_t i = 0; i < count; i++)
        if (jobs[i].started)
            pthread_join(jobs[i].thread, NULL);
}

/* A report per board that ran; in JSON an array of them if there are several. */
static enum fdm_status report(const struct fdm_run_request *request, const struct job *jobs,
                              size_t count, struct fdm_error *err)
{
    struct fdm_buf text;
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    fdm_buf_init(&text);
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    bool array = format == FDM_REPORT_JSON && count > 1;
    const char *separator = array ? "[\n" : "";
    for (size_t i = 0; status == FDM_OK && i < count; i++) {
        if (jobs[i].status != FDM_OK)
            continue;
        fdm_buf_puts(&text, separator);
        status = fdm_run_report(&jobs[i].choice, jobs[i].plan, &jobs[i].summary, jobs[i].store,
                                format, &text, err);
        separator = array ? ",\n" : "\n";
    }
    if (array && text.len > 0)
        fdm_buf_puts(&text, "]\n");
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    fdm_buf_release(&text);
    return status;
}

static int conclude(const struct fdm_run_request *request, const struct job *jobs, size_t count)
{
    struct fdm_error err = FDM_ERROR_INIT;
    int code = FDM_EXIT_OK;
    if (report(request, jobs, count, &err) != FDM_OK)
        code = fdm_cmd_fail(usage.command, &err);
    for (size_t i = 0; i < count; i++) {
        if (jobs[i].status != FDM_OK)
            code = fdm_cmd_fail(usage.command, &jobs[i].err);
        else if (code == FDM_EXIT_OK && jobs[i].summary.failed + jobs[i].summary.skipped > 0)
            code = FDM_EXIT_INCOMPLETE;
    }
    return code;
}

static int run(const struct fdm_run_request *request, int argc, char **argv)
{
    static const char *const host[] = {"host"};
    bool chosen = request->boards.count > 0;
    const char *const *names = chosen ? request->boards.items : host;
    size_t count = chosen ? request->boards.count : 1;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_run_place place = {.stop = fdm_interrupt_install()};
    enum fdm_report_format format;
    int code = FDM_EXIT_FAILED;
    struct job *jobs = calloc(count, sizeof *jobs);
    if (jobs == NULL) {
        fdm_fail(&err, FDM_ERR_MEMORY, "out of memory");
        return fdm_cmd_fail(usage.command, &err);
    }
    enum fdm_status status = fdm_output_format(&request->output, &format, &err);
    if (status == FDM_OK && format == FDM_REPORT_HTML && count > 1)
        status = fdm_fail(&err, FDM_ERR_USAGE,
                          "--as html makes the page of one board; `fdm-bench report` and "
                          "`fdm-bench compare` make pages of several");
    fdm_provenance(argc, argv, &place.about);
    if (status == FDM_OK)
        status = choose_boards(request, &place, jobs, names, count, &err);
    if (status == FDM_OK)
        status = check_store(request, &err);
    if (status == FDM_OK)
        status = fdm_run_place_prepare(request, &place, &err);
    for (size_t i = 0; status == FDM_OK && i < count; i++)
        status = prepare_job(&jobs[i], &err);
    if (status == FDM_OK) {
        fdm_run_announce(jobs[0].plan, stderr);
        fdm_progress_init(&place.progress);
        run_jobs(jobs, count);
        fdm_progress_end(&place.progress);
        fdm_run_note_cache(place.cache, stderr);
        code = conclude(request, jobs, count);
    } else {
        code = fdm_cmd_fail(usage.command, &err);
    }
    for (size_t i = 0; i < count; i++)
        release_job(&jobs[i]);
    free(jobs);
    fdm_run_place_release(&place);
    return code;
}

int fdm_cmd_run(int argc, char **argv)
{
    struct fdm_run_request request = {.seed = UINT32_MAX};
    const struct fdm_opt options[] = {
        {"board", "NAMES",
         "where to measure: boards, or names of the lab file (default: host, this "
         "computer)",
         FDM_OPT_LIST, &request.boards, 0, 0},
        {"emulate", NULL, "run the emulated twins of the boards; every figure is marked emulated",
         FDM_OPT_FLAG, &request.emulate, 0, 0},
        {"lab", "FILE",
         "which boards are attached, and how: port, probe, tcp or ssh (default: lab.json in the "
         "user's configuration folder)",
         FDM_OPT_TEXT, &request.lab, 0, 0},
        {"images", "[DATASET=]DIR",
         "folder with one folder per class; repeat for more datasets (default: those that were "
         "fetched)",
         FDM_OPT_EACH, &request.images, 0, 0},
        {"demo", NULL, "draw images and evaluate the model that comes with the program",
         FDM_OPT_FLAG, &request.demo, 0, 0},
        {"dataset", "NAMES", "only these datasets (default: those with images)", FDM_OPT_LIST,
         &request.datasets, 0, 0},
        {"models", "DIR",
         "folder of the published files (default: $FDM_MODELS, else models in the "
         "user's data folder)",
         FDM_OPT_TEXT, &request.models_dir, 0, 0},
        {"model", "WORDS", "only models whose id or family contains a word", FDM_OPT_LIST,
         &request.models, 0, 0},
        {"model-file", "FILE", "evaluate this .tflite, .h5 or .keras instead of published models",
         FDM_OPT_TEXT, &request.model_file, 0, 0},
        {"format", "NAMES", "float, int8 (default: both)", FDM_OPT_LIST, &request.formats, 0, 0},
        {"semantics", "NAMES",
         "int8 rounding presets, or all (default: tflite); see `fdm-bench "
         "list semantics`",
         FDM_OPT_LIST, &request.semantics, 0, 0},
        {"engine", "NAMES", FDM_ENGINE_HELP, FDM_OPT_LIST, &request.engines, 0, 0},
        {"arena-limit", "BYTES",
         "bytes (or KiB: 28K) that a network's activations may take; see `fdm-bench build --help`",
         FDM_OPT_BYTES, &request.arena_limit, 1, UINT32_MAX},
        {"resolution", "PIXELS", "only models of this input size", FDM_OPT_COUNT,
         &request.resolution, 1, 65536},
        {"scheme", "NAME", "which images: auto (default), st, keras, all or list", FDM_OPT_TEXT,
         &request.scheme, 0, 0},
        {"seed", "S", "of the split (default: the published one)", FDM_OPT_COUNT, &request.seed, 0,
         UINT32_MAX - 1},
        {"list", "FILE", "evaluate the images named here, one \"class/name\" a line", FDM_OPT_TEXT,
         &request.list, 0, 0},
        {"limit", "N",
         "only the first N images of each dataset (default: all; on emulated boards 32)",
         FDM_OPT_COUNT, &request.limit, 1, UINT32_MAX},
        {"verify", "N",
         "images that a board must classify as the reference does, bit for bit, before "
         "its time is taken (default 32)",
         FDM_OPT_COUNT, &request.effort.verify, 1, 1000000},
        {"warmups", "N", "inferences before the timed ones (default 3)", FDM_OPT_COUNT,
         &request.effort.warmups, 1, 10000},
        {"runs", "N", "timed inferences (default: as many as fill --min-time, at least 20)",
         FDM_OPT_COUNT, &request.effort.runs, 1, 10000},
        {"min-time", "MS", "how long to time a case on a board (default 2000)", FDM_OPT_COUNT,
         &request.effort.min_time_ms, 1, 3600000},
        {"mapping", "NAME",
         "force x/255, x/255-1 or x/127.5-1 (default: the published one unless "
         "the model contradicts it)",
         FDM_OPT_TEXT, &request.mapping, 0, 0},
        {"threads", "N",
         "images at once on this computer (default: all processors); on a board under Linux, "
         "threads of one inference (default: its cores)",
         FDM_OPT_COUNT, &request.threads, 1, FDM_PARALLEL_MAX_THREADS},
        {"cache", "DIR", "keep decoded and drawn images here (default: the user's cache folder)",
         FDM_OPT_TEXT, &request.cache, 0, 0},
        {"no-cache", NULL, "decode every image", FDM_OPT_FLAG, &request.no_cache, 0, 0},
        {"fresh", NULL, "begin a new session even if one could be continued", FDM_OPT_FLAG,
         &request.fresh, 0, 0},
        FDM_SUPPLY_OPTIONS(&request.supply),
        FDM_DB_OPTION(&request.db),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int code = fdm_cmd_parse(argc, argv, &usage, options, NULL, 0, &operands);
    if (code < 0)
        code = run(&request, argc, argv);
    fdm_opt_words_release(&request.boards);
    fdm_opt_words_release(&request.images);
    fdm_opt_words_release(&request.models);
    fdm_opt_words_release(&request.datasets);
    fdm_opt_words_release(&request.formats);
    fdm_opt_words_release(&request.semantics);
    fdm_opt_words_release(&request.engines);
    return code;
}
