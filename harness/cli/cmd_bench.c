#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/bench/contest.h"
#include "harness/cli/bench.h"
#include "harness/cli/provenance.h"
#include "harness/registry/registry.h"

#define RUNS_DEFAULT 200
#define NETWORK_KEYS 3 /* columns that tell the rows apart */

static const struct fdm_usage usage = {
    "bench",
    "bench [FILE... | --kernels [FILE...] | --decode | --emulated [FILE...]] [OPTIONS]",
    "Times on this computer, in one thread, with medians and median absolute deviations; and the\n"
    "instructions of emulated boards, which are no times.\n"
    "  FILE...    the engines on these models, taking turns: the reference, the tuned kernels, "
    "and\n"
    "             with --tflite TensorFlow Lite with XNNPACK, once all have computed the same "
    "bits;\n"
    "             with --layers every layer's kernel too\n"
    "  --kernels  each tuned kernel that the processor can run against the reference, on the "
    "layers\n"
    "             of the models (default: those that come with the program)\n"
    "  --decode   JPEG and PNG files to what a network takes: decoding, resizing, normalising; of\n"
    "             --images, or of images that the program draws\n"
    "  --emulated instructions of an inference on each emulated board, exact, once all layers "
    "have\n"
    "             given the reference's bits; with --layers of every layer; an absent tool or a\n"
    "             network that does not fit leaves a gap, says why, and gives exit code 3\n"
    "--baseline compares with an earlier --json of the same command; --fail-above makes it a "
    "test.\n"
    "Any libtensorflowlite_c.so of version 2.9 will do; npm's tfjs-tflite-node brings one\n"
    "(`npm pack tfjs-tflite-node@0.0.2`, package/cc_deps/linux_amd64).",
    "  fdm-bench bench fdmobilenet_0.25_224_tfs_int8.tflite --layers\n"
    "  fdm-bench bench *_int8.tflite --tflite libtensorflowlite_c.so\n"
    "  fdm-bench bench --kernels --json --output before.json\n"
    "  fdm-bench bench --kernels --baseline before.json --fail-above 10\n"
    "  fdm-bench bench --decode --images flower_photos\n"
    "  fdm-bench bench --emulated --board emulated-cortex-m7,emulated-cortex-m55 *_int8.tflite",
};

/* ---- tables ---- */

void fdm_bench_add_timing_columns(struct fdm_table *table)
{
    static const struct fdm_table_column columns[] = {
        {"median_us", "Median us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"mad_us", "Deviation us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"min_us", "Least us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"p95_us", "95 % us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"runs", "Runs", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
    };
    fdm_table_add_columns(table, columns, sizeof columns / sizeof columns[0]);
}

void fdm_bench_add_timing(struct fdm_table *table, const struct fdm_timing *timing)
{
    int decimals = timing->us.median < 100 ? 2 : 1;
    fdm_table_add_real(table, timing->us.median, decimals);
    fdm_table_add_real(table, timing->deviation_us, decimals);
    fdm_table_add_real(table, timing->us.min, decimals);
    fdm_table_add_real(table, timing->us.p95, decimals);
    fdm_table_add_int(table, (int64_t)timing->us.count);
}

static void add_network_columns(struct fdm_table *table, const struct fdm_bench_request *request)
{
    static const struct fdm_table_column head[NETWORK_KEYS] = {
        {"model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"semantics", "Semantics", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"engine", "Engine", FDM_ALIGN_LEFT, FDM_FOR_ALL},
    };
    fdm_table_add_columns(table, head, NETWORK_KEYS);
    fdm_bench_add_timing_columns(table);
    fdm_table_add_column(table, "tuned_is_faster", "Tuned is faster", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_bench_add_baseline_columns(table, &request->baseline, "baseline_us", "Before us");
}

static void add_layer_columns(struct fdm_table *table)
{
    static const struct fdm_table_column columns[] = {
        {"model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"layer", "#", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"output", "Output", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"kernel", "Kernel", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"median_us", "Median us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"reference_us", "Reference us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"faster", "Faster", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"gmacs_per_s", "GMAC/s", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    fdm_table_add_columns(table, columns, sizeof columns / sizeof columns[0]);
}

static double tuned_median(const struct fdm_contest *contest)
{
    for (size_t i = 0; i < contest->count; i++)
        if (strcmp(contest->contestants[i].name, "tuned") == 0)
            return contest->contestants[i].timing.us.median;
    return NAN;
}

static void add_networks(struct fdm_table *table, struct fdm_bench_request *request,
                         const char *model, const struct fdm_contest *contest)
{
    const char *semantics = contest->contestants[0].network->semantics;
    for (size_t i = 0; i < contest->count; i++) {
        const struct fdm_contestant *c = &contest->contestants[i];
        fdm_table_add_text(table, model);
        fdm_table_add_text(table, semantics != NULL ? semantics : "float");
        fdm_table_add_text(table, c->name);
        fdm_bench_add_timing(table, &c->timing);
        fdm_table_add_real(table, c->timing.us.median / tuned_median(contest), 2);
        fdm_bench_compare(table, &request->baseline, NETWORK_KEYS, "median_us");
    }
}

static void add_layers(struct fdm_table *table, const char *model,
                       const struct fdm_contest *contest)
{
    const struct fdm_contestant *reference = &contest->contestants[0];
    const struct fdm_contestant *best = reference;
    if (contest->count > 1 && contest->contestants[1].network != NULL)
        best = &contest->contestants[1];
    for (uint32_t i = 0; i < best->network->layer_count; i++) {
        const struct fdm_network_layer *layer = &best->network->layers[i];
        const struct fdm_network_tensor *out = &best->network->tensors[layer->output];
        fdm_table_add_text(table, model);
        fdm_table_add_int(table, i);
        fdm_table_add_textf(table, "%dx%dx%d", out->h, out->w, out->c);
        fdm_table_add_text(table, layer->kernel);
        fdm_table_add_real(table, best->layer_us[i], 2);
        fdm_table_add_real(table, reference->layer_us[i], 2);
        fdm_table_add_real(table, reference->layer_us[i] / best->layer_us[i], 1);
        if (layer->macs > 0)
            fdm_table_add_real(table, (double)layer->macs / best->layer_us[i] / 1000.0, 1);
        else
            fdm_table_add_none(table);
    }
}

/* ---- networks ---- */

struct networks {
    struct fdm_bench_request *request;
    struct fdm_table *networks;
    struct fdm_table *layers; /* NULL: not wanted */
};

static enum fdm_status time_network(void *context, const char *name, const struct fdm_graph *graph,
                                    struct fdm_error *err)
{
    const struct networks *subject = context;
    const struct fdm_bench_request *request = subject->request;
    struct fdm_contest contest = {0};
    bool int8 = graph->format == FDM_FORMAT_INT8;
    const struct fdm_contest_options options = {
        .semantics = fdm_semantics_find(request->semantics),
        .runs = request->runs != 0 ? request->runs : RUNS_DEFAULT,
        .tflite = int8 ? request->tflite : NULL,
    };
    enum fdm_status status = fdm_contest_run(graph, &options, &contest, err);
    if (status == FDM_OK) {
        add_networks(subject->networks, subject->request, name, &contest);
        if (subject->layers != NULL)
            add_layers(subject->layers, name, &contest);
    }
    fdm_contest_release(&contest);
    return status;
}

static enum fdm_status bench_networks(struct fdm_bench_request *request, struct fdm_report *report,
                                      struct fdm_error *err)
{
    struct networks subject = {.request = request};
    if (request->file_count == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "which FILE? usage: fdm-bench %s", usage.synopsis);
    subject.networks = fdm_report_add_table(report, "networks", "Networks");
    add_network_columns(subject.networks, request);
    if (request->layers) {
        subject.layers = fdm_report_add_table(report, "layers", "Layers");
        add_layer_columns(subject.layers);
    }
    return fdm_bench_each_model(request, &subject, time_network, err);
}

/* ---- the models ---- */

static enum fdm_status take_file(const struct fdm_supply *supply, const char *file, void *context,
                                 fdm_bench_take_model *take, struct fdm_error *err)
{
    struct fdm_graph *graph = NULL;
    enum fdm_status status = fdm_supply_import(supply, file, &graph, err);
    if (status == FDM_OK)
        status = take(context, fdm_fs_basename(file), graph, err);
    fdm_graph_free(graph);
    return status;
}

static enum fdm_status take_own(const struct fdm_supply *supply,
                                const struct fdm_model_entry *model, const char *path,
                                void *context, fdm_bench_take_model *take, struct fdm_error *err)
{
    if (path == NULL || model->folder == NULL || model->user)
        return FDM_OK;
    char *file = fdm_fs_join(model->folder, path);
    enum fdm_status status = file != NULL ? take_file(supply, file, context, take, err)
                                          : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    free(file);
    return status;
}

enum fdm_status fdm_bench_each_model(const struct fdm_bench_request *request, void *context,
                                     fdm_bench_take_model *take, struct fdm_error *err)
{
    struct fdm_registry *registry = NULL;
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < request->file_count; i++)
        status = take_file(&request->supply, request->files[i], context, take, err);
    if (status != FDM_OK || request->file_count > 0)
        return status;
    status = fdm_registry_load_default(&registry, err);
    for (size_t i = 0; status == FDM_OK && i < registry->model_count; i++) {
        const struct fdm_model_entry *model = &registry->models[i];
        status = take_own(&request->supply, model, model->int8_file.path, context, take, err);
        if (status == FDM_OK)
            status = take_own(&request->supply, model, model->float_file.path, context, take, err);
    }
    fdm_registry_free(registry);
    return status;
}

/* ---- the command ---- */

static enum fdm_status check_choice(const struct fdm_bench_request *request, struct fdm_error *err)
{
    if (request->kernels + request->decode + request->emulated > 1)
        return fdm_fail(err, FDM_ERR_USAGE, "--kernels, --decode, --emulated: one at a time");
    if (request->boards.count > 0 && !request->emulated)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "--board goes with --emulated; for times on boards see "
                        "`fdm-bench run --help`");
    if (request->decode && request->file_count > 0)
        return fdm_fail(err, FDM_ERR_USAGE, "--decode takes no FILE, but --images");
    if (request->baseline.path == NULL && request->baseline.limit_percent != UINT32_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "--fail-above: above which --baseline?");
    return FDM_OK;
}

static enum fdm_status check(struct fdm_bench_request *request, struct fdm_error *err)
{
    enum fdm_status status = check_choice(request, err);
    if (status != FDM_OK)
        return status;
    if (request->tflite == NULL)
        request->tflite = getenv("FDM_TFLITE_LIB");
    if (request->semantics == NULL)
        request->semantics = request->tflite != NULL ? "xnnpack" : FDM_SEMANTICS_DEFAULT;
    if (fdm_semantics_find(request->semantics) == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "no semantics \"%s\"; `fdm-bench list semantics`",
                        request->semantics);
    if (strcmp(request->semantics, "xnnpack") != 0)
        request->tflite = NULL;
    request->baseline.judged = request->baseline.limit_percent != UINT32_MAX;
    return request->baseline.path == NULL
               ? FDM_OK
               : fdm_json_read(request->baseline.path, &request->baseline.json, err);
}

static enum fdm_status bench_subject(struct fdm_bench_request *request, struct fdm_report *report,
                                     struct fdm_error *err)
{
    if (request->kernels)
        return fdm_bench_kernels(request, report, err);
    if (request->decode)
        return fdm_bench_decode(request, report, err);
    if (request->emulated)
        return fdm_bench_emulated(request, report, err);
    return bench_networks(request, report, err);
}

static const char *title_of(const struct fdm_bench_request *request)
{
    if (request->kernels)
        return "Tuned kernels against the reference on this computer, one thread";
    if (request->decode)
        return "Preparing images on this computer, one thread";
    if (request->emulated)
        return "Instructions of one inference on emulated boards";
    return "Inference on this computer, one thread";
}

static enum fdm_status bench(struct fdm_bench_request *request, struct fdm_error *err)
{
    struct fdm_report report;
    struct fdm_buf text;
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    fdm_buf_init(&text);
    fdm_report_init(&report, "bench", title_of(request));
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK)
        status = check(request, err);
    if (status == FDM_OK)
        status = bench_subject(request, &report, err);
    if (status == FDM_OK)
        status = fdm_report_render(&report, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    if (status == FDM_OK)
        status = fdm_bench_judge(&request->baseline, err);
    fdm_json_free(request->baseline.json);
    fdm_report_release(&report);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_bench(int argc, char **argv)
{
    struct fdm_bench_request request = {.baseline.limit_percent = UINT32_MAX};
    const struct fdm_opt options[] = {
        {"kernels", NULL, "time every tuned kernel", FDM_OPT_FLAG, &request.kernels, 0, 0},
        {"decode", NULL, "time the preparation of images", FDM_OPT_FLAG, &request.decode, 0, 0},
        {"emulated", NULL, "count the instructions of emulated boards", FDM_OPT_FLAG,
         &request.emulated, 0, 0},
        {"board", "NAMES", "with --emulated: only these, or the twins of these (default: all)",
         FDM_OPT_LIST, &request.boards, 0, 0},
        {"engine", "NAME",
         "with --emulated: tuned (default where the board has kernels of its own) or reference",
         FDM_OPT_TEXT, &request.engine, 0, 0},
        {"arena-limit", "BYTES", "with --emulated: see `fdm-bench build --help`", FDM_OPT_BYTES,
         &request.arena_limit, 1, UINT32_MAX},
        {"semantics", "NAME",
         "rounding rules of int8 models (default: " FDM_SEMANTICS_DEFAULT
         ", with --tflite xnnpack)",
         FDM_OPT_TEXT, &request.semantics, 0, 0},
        {"runs", "N",
         "timed runs (default: 200 of each network, 50 of each kernel, 10 of each image)",
         FDM_OPT_COUNT, &request.runs, 1, 100000},
        {"layers", NULL, "each layer's kernel too", FDM_OPT_FLAG, &request.layers, 0, 0},
        {"tflite", "LIB",
         "time this libtensorflowlite_c.so with XNNPACK in turn (default: $FDM_TFLITE_LIB)",
         FDM_OPT_TEXT, &request.tflite, 0, 0},
        {"images", "DIR", "with --decode: images of this folder, which has one folder per class",
         FDM_OPT_TEXT, &request.images, 0, 0},
        {"limit", "N", "with --decode: only so many images (default 100; drawn 20)", FDM_OPT_COUNT,
         &request.limit, 1, 100000},
        {"resolution", "PIXELS", "with --decode: the network's input (default 224)", FDM_OPT_COUNT,
         &request.resolution, 1, FDM_RESIZE_SIDE_MAX},
        {"baseline", "FILE", "compare with an earlier --json of this command", FDM_OPT_TEXT,
         &request.baseline.path, 0, 0},
        {"fail-above", "PERCENT",
         "with --baseline: exit code 1 if a row is worse by more than that, or none compares",
         FDM_OPT_COUNT, &request.baseline.limit_percent, 0, 1000000},
        FDM_SUPPLY_OPTIONS(&request.supply),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    struct fdm_session_record about;
    struct fdm_error err = FDM_ERROR_INIT;
    fdm_provenance(argc, argv, &about);
    request.owner = about.command;
    int code = fdm_cmd_parse(argc, argv, &usage, options, request.files, FDM_BENCH_FILES_MAX,
                             &request.file_count);
    if (code < 0 && bench(&request, &err) != FDM_OK)
        code = fdm_cmd_fail(usage.command, &err);
    if (code < 0)
        code = request.failed > 0 ? FDM_EXIT_INCOMPLETE : FDM_EXIT_OK;
    fdm_opt_words_release(&request.boards);
    return code;
}
