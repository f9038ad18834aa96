#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/json.h"
#include "harness/bench/contest.h"
#include "harness/cli/cmd.h"
#include "harness/cli/workspace.h"
#include "reference/importers/importers.h"
#include "reports/report.h"

#define FILES_MAX 16
#define RUNS_DEFAULT 200

static const struct fdm_usage usage = {
    "bench",
    "bench FILE... [OPTIONS]",
    "Times the engines on this computer, one thread, taking turns: the reference, the tuned\n"
    "kernels, and with --tflite TensorFlow Lite with XNNPACK, once all have computed the same\n"
    "bits. Medians and median absolute deviations; with --layers every layer's kernel.\n"
    "Any libtensorflowlite_c.so of version 2.9 will do; npm's tfjs-tflite-node brings one\n"
    "(`npm pack tfjs-tflite-node@0.0.2`, package/cc_deps/linux_amd64).",
    "  fdm-bench bench fdmobilenet_0.25_224_tfs_int8.tflite --layers\n"
    "  fdm-bench bench *_int8.tflite --tflite libtensorflowlite_c.so\n"
    "  fdm-bench bench model.h5 --json --output before.json\n"
    "  fdm-bench bench model.h5 --baseline before.json",
};

struct request {
    const char *files[FILES_MAX];
    size_t file_count;
    const char *semantics;
    uint32_t runs;
    bool layers;
    const char *tflite;
    const char *baseline_path;
    struct fdm_json *baseline;
    struct fdm_output output;
};

/* ---- tables ---- */

static void add_columns(struct fdm_report *report, const struct request *request)
{
    static const struct fdm_table_column networks[] = {
        {"model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"semantics", "Semantics", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"engine", "Engine", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"median_us", "Median us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"mad_us", "Deviation us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"min_us", "Least us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"p95_us", "95 % us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"runs", "Runs", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"tuned_is_faster", "Tuned is faster", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"baseline_us", "Before us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"change_percent", "Change %", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    static const struct fdm_table_column layers[] = {
        {"model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"layer", "#", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"output", "Output", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"kernel", "Kernel", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"median_us", "Median us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"reference_us", "Reference us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"faster", "Faster", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"gmacs_per_s", "GMAC/s", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    size_t count = sizeof networks / sizeof networks[0];
    struct fdm_table *table = fdm_report_add_table(report, "networks", "Networks");
    if (table != NULL)
        fdm_table_add_columns(table, networks, request->baseline != NULL ? count : count - 2);
    table = request->layers ? fdm_report_add_table(report, "layers", "Layers") : NULL;
    if (table != NULL)
        fdm_table_add_columns(table, layers, sizeof layers / sizeof layers[0]);
}

static bool has_text(const struct fdm_json *row, const char *member, const char *text)
{
    const char *found = fdm_json_text(fdm_json_member(row, member));
    return found != NULL && strcmp(found, text) == 0;
}

/* The median of the same row in the earlier file; NaN if it has none. */
static double baseline_of(const struct request *request, const char *model, const char *semantics,
                          const char *engine)
{
    const struct fdm_json *table = fdm_json_first(fdm_json_member(request->baseline, "tables"));
    const struct fdm_json *row = fdm_json_first(fdm_json_member(table, "rows"));
    for (; row != NULL; row = fdm_json_next(row))
        if (has_text(row, "model", model) && has_text(row, "semantics", semantics) &&
            has_text(row, "engine", engine))
            return fdm_json_value(fdm_json_member(row, "median_us"), NAN);
    return NAN;
}

static double tuned_median(const struct fdm_contest *contest)
{
    for (size_t i = 0; i < contest->count; i++)
        if (strcmp(contest->contestants[i].name, "tuned") == 0)
            return contest->contestants[i].us.median;
    return NAN;
}

static void add_networks(struct fdm_table *table, const struct request *request, const char *model,
                         const struct fdm_contest *contest)
{
    const char *semantics = contest->contestants[0].network->semantics;
    if (semantics == NULL)
        semantics = "float";
    for (size_t i = 0; i < contest->count; i++) {
        const struct fdm_contestant *c = &contest->contestants[i];
        fdm_table_add_text(table, model);
        fdm_table_add_text(table, semantics);
        fdm_table_add_text(table, c->name);
        fdm_table_add_real(table, c->us.median, 1);
        fdm_table_add_real(table, c->mad_us, 1);
        fdm_table_add_real(table, c->us.min, 1);
        fdm_table_add_real(table, c->us.p95, 1);
        fdm_table_add_int(table, (int64_t)c->us.count);
        fdm_table_add_real(table, c->us.median / tuned_median(contest), 2);
        if (request->baseline == NULL)
            continue;
        double before = baseline_of(request, model, semantics, c->name);
        fdm_table_add_real(table, before, 1);
        fdm_table_add_real(table, 100.0 * (c->us.median / before - 1.0), 1);
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

/* ---- the command ---- */

static enum fdm_status bench_file(const struct request *request, const char *file,
                                  struct fdm_report *report, struct fdm_error *err)
{
    struct fdm_graph *graph = NULL;
    struct fdm_contest contest = {0};
    enum fdm_status status = fdm_import_file(file, &graph, err);
    if (status != FDM_OK)
        return status;
    bool int8 = graph->format == FDM_FORMAT_INT8;
    const struct fdm_contest_options options = {
        .semantics = fdm_semantics_find(request->semantics),
        .runs = request->runs,
        .tflite = int8 ? request->tflite : NULL,
    };
    const char *model = fdm_fs_basename(file);
    status = fdm_contest_run(graph, &options, &contest, err);
    if (status == FDM_OK) {
        add_networks(report->tables[0], request, model, &contest);
        if (request->layers)
            add_layers(report->tables[1], model, &contest);
    }
    fdm_contest_release(&contest);
    fdm_graph_free(graph);
    return status;
}

static enum fdm_status check(struct request *request, struct fdm_error *err)
{
    if (request->file_count == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "which FILE? usage: fdm-bench %s", usage.synopsis);
    if (request->tflite == NULL)
        request->tflite = getenv("FDM_TFLITE_LIB");
    if (request->semantics == NULL)
        request->semantics = request->tflite != NULL ? "xnnpack" : FDM_SEMANTICS_DEFAULT;
    if (fdm_semantics_find(request->semantics) == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "no semantics \"%s\"; `fdm-bench list semantics`",
                        request->semantics);
    if (strcmp(request->semantics, "xnnpack") != 0)
        request->tflite = NULL;
    return request->baseline_path == NULL
               ? FDM_OK
               : fdm_json_read(request->baseline_path, &request->baseline, err);
}

static enum fdm_status bench(struct request *request, struct fdm_error *err)
{
    struct fdm_report report;
    struct fdm_buf text;
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    fdm_buf_init(&text);
    fdm_report_init(&report, "bench", "Inference on this computer, one thread");
    enum fdm_status status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK)
        status = check(request, err);
    if (status == FDM_OK)
        add_columns(&report, request);
    if (status == FDM_OK && report.table_count != (request->layers ? 2 : 1))
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (size_t i = 0; status == FDM_OK && i < request->file_count; i++)
        status = bench_file(request, request->files[i], &report, err);
    if (status == FDM_OK)
        status = fdm_report_render(&report, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    fdm_json_free(request->baseline);
    fdm_report_release(&report);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_bench(int argc, char **argv)
{
    struct request request = {.runs = RUNS_DEFAULT};
    const struct fdm_opt options[] = {
        {"semantics", "NAME",
         "rounding rules of int8 models (default: " FDM_SEMANTICS_DEFAULT
         ", with --tflite xnnpack)",
         FDM_OPT_TEXT, &request.semantics, 0, 0},
        {"runs", "N", "timed inferences of each engine (default 200)", FDM_OPT_COUNT, &request.runs,
         1, 100000},
        {"layers", NULL, "each layer's kernel too", FDM_OPT_FLAG, &request.layers, 0, 0},
        {"tflite", "LIB",
         "time this libtensorflowlite_c.so with XNNPACK in turn (default: $FDM_TFLITE_LIB)",
         FDM_OPT_TEXT, &request.tflite, 0, 0},
        {"baseline", "FILE", "compare with an earlier --json of this command", FDM_OPT_TEXT,
         &request.baseline_path, 0, 0},
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    int done =
        fdm_cmd_parse(argc, argv, &usage, options, request.files, FILES_MAX, &request.file_count);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    bench(&request, &err);
    return err.status == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
}
