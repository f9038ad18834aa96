#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/bench/conversion.h"
#include "harness/bench/method_table.h"
#include "harness/bench/parallel.h"
#include "harness/cli/cmd.h"
#include "harness/cli/supply.h"
#include "harness/cli/workspace.h"
#include "harness/registry/registry.h"
#include "reference/importers/importers.h"
#include "reference/quantizer/tflite_writer.h"
#include "reports/report.h"

#define KEEP_DEFAULT 0.9999

static const struct fdm_usage usage = {
    "quantize",
    "quantize MODEL --calibrate DIR [-o FILE] [OPTIONS]",
    "Turns a float model (.h5 or .tflite) into an int8 .tflite with a uint8 input and a float "
    "output,\n"
    "as TensorFlow Lite's converter does: batch norm folded, weights symmetric per output channel, "
    "int32\n"
    "biases, activations asymmetric from the ranges that the float model shows on the images of "
    "DIR, a\n"
    "folder with one folder per class. Take training images: an accuracy measured on images that "
    "were\n"
    "calibrated on flatters. What pixels mean to the model is told by its weights.\n"
    "\n"
    "The file is read back and run before it counts; how often it agrees with the float model is "
    "printed.\n"
    "--compare-methods writes no file: it tries every combination, judges each on images that it "
    "was not\n"
    "calibrated on, and prints what each costs and gains.",
    "  fdm-bench quantize fdmobilenet_0.25_224_tfs.h5 --calibrate training_images\n"
    "  fdm-bench quantize model.h5 --calibrate training_images --per-tensor -o npu_int8.tflite\n"
    "  fdm-bench quantize model.h5 --calibrate training_images --converter -o as_converter.tflite\n"
    "  fdm-bench quantize model.h5 --calibrate training_images --compare-methods --as markdown",
};

struct request {
    const char *model, *calibrate, *judge, *output;
    const char *method, *keep, *equalize, *absorb, *rounding, *correct;
    bool per_tensor, converter, exact, compare;
    const char *mapping, *semantics;
    uint32_t limit, threads;
    const char *cache;
    bool no_cache;
    struct fdm_supply supply;
    struct fdm_output report;
};

struct work {
    const struct request *request;
    struct fdm_recipe recipe;
    enum fdm_report_format format;
    const struct fdm_semantics *semantics;
    uint32_t threads;
    struct fdm_registry *registry;
    struct fdm_image_cache *cache;
    struct fdm_graph *graph;
    struct fdm_conversion_input input;
    struct fdm_conversion_images images, judged;
    const uint32_t *labels; /* of the images judged by, or NULL */
    struct fdm_table *methods;
};

/* ---- the command's words ---- */

static enum fdm_status parse_switch(const char *name, const char *text, bool *out,
                                    struct fdm_error *err)
{
    if (text == NULL)
        return FDM_OK;
    *out = strcmp(text, "on") == 0;
    return *out || strcmp(text, "off") == 0
               ? FDM_OK
               : fdm_fail(err, FDM_ERR_USAGE, "--%s %s: say on or off", name, text);
}

static enum fdm_status parse_rounding(const char *text, bool *together, struct fdm_error *err)
{
    if (text == NULL)
        return FDM_OK;
    *together = strcmp(text, "together") == 0;
    return *together || strcmp(text, "nearest") == 0
               ? FDM_OK
               : fdm_fail(err, FDM_ERR_USAGE, "--rounding %s: say nearest or together", text);
}

static enum fdm_status parse_keep(const char *text, double *out, struct fdm_error *err)
{
    *out = KEEP_DEFAULT;
    if (text == NULL)
        return FDM_OK;
    char *end;
    errno = 0;
    *out = strtod(text, &end) / 100.0;
    if (end == text || *end != '\0' || errno != 0 || !(*out >= 0.5 && *out <= 1.0))
        return fdm_fail(err, FDM_ERR_USAGE, "--keep %s: a percentage from 50 to 100", text);
    return FDM_OK;
}

static enum fdm_status parse_recipe(const struct request *r, struct fdm_recipe *out,
                                    struct fdm_error *err)
{
    *out = (struct fdm_recipe)FDM_RECIPE_CONVERTER;
    out->per_tensor = r->per_tensor;
    out->rsqrt = r->exact ? FDM_FOLD_EXACT : FDM_FOLD_CONVERTER;
    if (!r->converter) {
        out->method = r->per_tensor ? FDM_RANGE_MINMAX : FDM_RANGE_MSE;
        out->equalize = FDM_EQUALIZE_ALL;
        out->absorb = true;
        out->round_together = true;
        out->correct_bias = true;
    }
    if (r->method != NULL && !fdm_range_method_parse(r->method, &out->method))
        return fdm_fail(err, FDM_ERR_USAGE, "no method \"%s\"; there are minmax, mse, percentile",
                        r->method);
    if (r->equalize != NULL && !fdm_equalization_parse(r->equalize, &out->equalize))
        return fdm_fail(err, FDM_ERR_USAGE, "--equalize %s: say off, weights or all", r->equalize);
    enum fdm_status status = parse_keep(r->keep, &out->keep, err);
    if (status == FDM_OK && r->keep != NULL && out->method != FDM_RANGE_PERCENTILE)
        status = fdm_fail(err, FDM_ERR_USAGE, "--keep belongs to --method percentile");
    if (status == FDM_OK)
        status = parse_switch("absorb", r->absorb, &out->absorb, err);
    if (status == FDM_OK)
        status = parse_rounding(r->rounding, &out->round_together, err);
    if (status == FDM_OK)
        status = parse_switch("bias-correction", r->correct, &out->correct_bias, err);
    return status;
}

static enum fdm_status parse(const struct request *r, struct work *work, struct fdm_error *err)
{
    enum fdm_status status = fdm_output_format(&r->report, &work->format, err);
    if (status == FDM_OK)
        status = parse_recipe(r, &work->recipe, err);
    if (status != FDM_OK)
        return status;
    work->threads = r->threads != 0 ? r->threads : fdm_parallel_processors();
    work->semantics =
        fdm_semantics_find(r->semantics != NULL ? r->semantics : FDM_SEMANTICS_DEFAULT);
    if (work->semantics == NULL)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "no semantics \"%s\"; `fdm-bench list semantics` names them", r->semantics);
    if (r->calibrate == NULL)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "--calibrate DIR is needed: a folder of training images, one folder per "
                        "class; without any, `fdm-bench demo draw DIR --seed 1` draws some");
    if (r->judge != NULL && !r->compare)
        return fdm_fail(err, FDM_ERR_USAGE, "--judge belongs to --compare-methods");
    if (r->output != NULL && r->compare)
        return fdm_fail(err, FDM_ERR_USAGE, "--compare-methods writes no model file");
    return FDM_OK;
}

/* ---- images ---- */

/* Calibrating on the images that judge is a mistake worth a word. */
static void warn_of_validation_images(const struct fdm_registry *registry,
                                      const struct fdm_dataset *dataset)
{
    for (size_t i = 0; i < registry->dataset_count; i++) {
        const struct fdm_dataset_entry *entry = &registry->datasets[i];
        const char *known = entry->validation_names_sha256;
        if (known != NULL && strcmp(known, dataset->names_sha256) == 0)
            fprintf(stderr,
                    "warning: these are the validation images of %s; an accuracy measured on them "
                    "will flatter this file\n",
                    entry->id);
        else if (entry->image_count != 0 && entry->image_count == dataset->total)
            fprintf(stderr,
                    "warning: this is all of %s, validation images among them; an accuracy "
                    "measured on those will flatter this file\n",
                    entry->id);
    }
}

static enum fdm_status load(struct work *work, struct fdm_error *err)
{
    const struct request *r = work->request;
    enum fdm_status status = fdm_registry_load_default(&work->registry, err);
    if (status == FDM_OK)
        status = fdm_supply_import(&r->supply, r->model, &work->graph, err);
    if (status == FDM_OK && work->graph->format != FDM_FORMAT_FLOAT)
        status = fdm_fail(err, FDM_ERR_USAGE,
                          "%s: its weights are int8 already; give the float "
                          "model it was made from",
                          r->model);
    if (status == FDM_OK)
        status = fdm_conversion_input(work->graph, r->mapping, &work->input, err);
    if (status != FDM_OK)
        return status;
    work->cache = fdm_workspace_image_cache(r->cache, r->no_cache);
    status = fdm_conversion_images_load(r->calibrate, r->limit, work->graph, work->threads,
                                        work->cache, &work->images, err);
    if (status == FDM_OK)
        warn_of_validation_images(work->registry, work->images.dataset);
    if (status == FDM_OK && r->judge != NULL)
        status = fdm_conversion_images_load(r->judge, 0, work->graph, work->threads, work->cache,
                                            &work->judged, err);
    return status;
}

static void release(struct work *work)
{
    fdm_conversion_images_release(&work->images);
    fdm_conversion_images_release(&work->judged);
    fdm_image_cache_free(work->cache);
    fdm_graph_free(work->graph);
    fdm_registry_free(work->registry);
}

/* ---- one model ---- */

/* MODEL without its folder and ending, in the current folder. */
static char *default_path(const char *model)
{
    const char *name = fdm_fs_basename(model);
    const char *dot = strrchr(name, '.');
    size_t stem = dot != NULL && dot != name ? (size_t)(dot - name) : strlen(name);
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_append(&path, name, stem);
    fdm_buf_puts(&path, "_int8.tflite");
    if (path.failed)
        fdm_buf_release(&path);
    return path.data;
}

static enum fdm_status convert(struct work *work, struct fdm_buf *file, double *seconds,
                               struct fdm_error *err)
{
    char words[FDM_CONVERSION_WORDS];
    struct fdm_prepared prepared = {0};
    struct fdm_graph *int8 = NULL;
    const struct fdm_samples samples =
        fdm_conversion_samples(&work->images.set, 0, work->images.set.count, &work->input);
    fdm_conversion_describe(&work->recipe, words);
    fprintf(stderr, "calibrating on %u images: %s\n", samples.count, words);
    uint64_t begin_ns = fdm_clock_now_ns();
    enum fdm_status status =
        fdm_recipe_prepare(&work->recipe, work->graph, &samples, &prepared, err);
    if (status == FDM_OK)
        status = fdm_recipe_finish(&work->recipe, &prepared, &samples, work->semantics, &int8, err);
    if (status == FDM_OK)
        status = fdm_tflite_write(int8, words, file, err);
    *seconds = (double)(fdm_clock_now_ns() - begin_ns) / 1e9;
    fdm_graph_free(int8);
    fdm_prepared_release(&prepared);
    return status;
}

/* The bytes as any reader of the file will see them, against the float model. */
static enum fdm_status prove(struct work *work, const struct fdm_buf *file, const char *path,
                             struct fdm_fidelity *out, char sha256[65], struct fdm_error *err)
{
    struct fdm_graph *int8 = NULL;
    struct fdm_answers before = {0};
    struct fdm_answers behind = {0};
    const struct fdm_samples samples =
        fdm_conversion_samples(&work->images.set, 0, work->images.set.count, &work->input);
    enum fdm_status status =
        fdm_import_tflite((const uint8_t *)file->data, file->len, path, &int8, err);
    if (status == FDM_OK)
        status = fdm_conversion_answers(work->graph, NULL, &samples, work->threads, &before, err);
    if (status == FDM_OK)
        status =
            fdm_conversion_answers(int8, work->semantics, &samples, work->threads, &behind, err);
    if (status == FDM_OK) {
        *out = fdm_fidelity_measure(&before, &behind);
        memcpy(sha256, int8->sha256, sizeof int8->sha256);
    }
    fdm_graph_free(int8);
    fdm_answers_release(&before);
    fdm_answers_release(&behind);
    return status;
}

static void add_conversion_facts(struct fdm_report *report, const struct work *work)
{
    const struct fdm_dataset *dataset = work->images.dataset;
    fdm_report_add_fact(report, "model", "model", work->request->model);
    fdm_report_add_fact(report, "model_sha256", "its sha256", work->graph->sha256);
    fdm_report_add_fact(report, "mapping", "pixels mean", work->input.choice.mapping.name);
    fdm_report_add_fact(report, "calibration", "calibrated on", work->request->calibrate);
    fdm_report_add_number(report, "calibration_images", "images", work->images.set.count, NULL);
    fdm_report_add_fact(report, "calibration_sha256", "their names' sha256", dataset->list_sha256);
    fdm_report_add_fact(report, "semantics", "int8 rounding", work->semantics->name);
}

static void add_fidelity(struct fdm_report *report, const struct fdm_fidelity *fidelity)
{
    char text[64];
    snprintf(text, sizeof text, "%u of %u", fidelity->agree, fidelity->count);
    fdm_report_add_number(report, "agree", "same top-1 as float, on these images", fidelity->agree,
                          text);
    snprintf(text, sizeof text, "%.1f dB", fidelity->sqnr_db);
    if (isfinite(fidelity->sqnr_db))
        fdm_report_add_number(report, "logits_sqnr_db", "logits, signal to noise",
                              fidelity->sqnr_db, text);
    snprintf(text, sizeof text, "%.5f nats", fidelity->divergence);
    fdm_report_add_number(report, "divergence", "divergence of the probabilities",
                          fidelity->divergence, text);
}

static enum fdm_status quantize(struct work *work, const char *path, struct fdm_buf *text,
                                struct fdm_error *err)
{
    double seconds = 0;
    char words[FDM_CONVERSION_WORDS];
    char number[64];
    char sha256[65] = "";
    struct fdm_fidelity fidelity = {0};
    struct fdm_buf file;
    struct fdm_report report;
    fdm_buf_init(&file);
    fdm_report_init(&report, "quantize", path);
    enum fdm_status status = convert(work, &file, &seconds, err);
    if (status == FDM_OK)
        status = prove(work, &file, path, &fidelity, sha256, err);
    if (status == FDM_OK)
        status = fdm_fs_write_atomic(path, file.data, file.len, err);
    if (status == FDM_OK) {
        fdm_conversion_describe(&work->recipe, words);
        fdm_report_add_fact(&report, "file", "file", path);
        fdm_report_add_number(&report, "file_bytes", "bytes", (double)file.len, NULL);
        fdm_report_add_fact(&report, "sha256", "sha256", sha256);
        fdm_report_add_fact(&report, "method", "method", words);
        add_conversion_facts(&report, work);
        add_fidelity(&report, &fidelity);
        snprintf(number, sizeof number, "%.1f s", seconds);
        fdm_report_add_number(&report, "seconds", "time", seconds, number);
        status = fdm_report_render(&report, work->format, text, err);
    }
    fdm_report_release(&report);
    fdm_buf_release(&file);
    return status;
}

/* ---- all methods ---- */

static void add_method_columns(struct fdm_table *table)
{
    static const struct fdm_table_column columns[] = {
        {"weights", "weights", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"range", "ranges", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"absorbed", "absorbed", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"equalized", "equalized", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"rounding", "rounding", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"corrected", "corrected", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"agree", "agree with float", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"correct", "right", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"logits_sqnr_db", "logits SQNR dB", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"divergence", "divergence", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"seconds", "time s", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    fdm_table_add_columns(table, columns, sizeof columns / sizeof columns[0]);
}

static enum fdm_status add_method(void *context, const struct fdm_method_result *result,
                                  struct fdm_error *err)
{
    (void)err;
    struct work *work = context;
    char words[FDM_CONVERSION_WORDS];
    struct fdm_table *table = work->methods;
    fdm_conversion_describe(&result->recipe, words);
    fprintf(stderr, "  %s: %u of %u agree\n", words, result->fidelity.agree,
            result->fidelity.count);
    fdm_table_add_text(table, result->recipe.per_tensor ? "per tensor" : "per channel");
    fdm_table_add_text(table, fdm_range_method_name(result->recipe.method));
    fdm_table_add_bool(table, result->recipe.absorb);
    fdm_table_add_text(table, fdm_equalization_name(result->recipe.equalize));
    fdm_table_add_text(table, result->recipe.round_together ? "together" : "nearest");
    fdm_table_add_bool(table, result->recipe.correct_bias);
    fdm_table_add_int(table, result->fidelity.agree);
    if (work->labels != NULL)
        fdm_table_add_int(table, result->correct);
    else
        fdm_table_add_none(table);
    fdm_table_add_real(table, result->fidelity.sqnr_db, 2);
    fdm_table_add_real(table, result->fidelity.divergence, 5);
    fdm_table_add_real(table, result->seconds, 2);
    return FDM_OK;
}

/* Without --judge: every method calibrates on the first half and is judged on the second. */
static enum fdm_status run_methods(struct work *work, struct fdm_report *report,
                                   struct fdm_error *err)
{
    uint32_t count = work->images.set.count;
    bool halves = work->request->judge == NULL;
    uint32_t used = halves ? count / 2 : count;
    if (halves && count < 2)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "one image to calibrate on and one to judge by are the least");
    const struct fdm_samples calibration =
        fdm_conversion_samples(&work->images.set, 0, used, &work->input);
    const struct fdm_samples judging =
        halves ? fdm_conversion_samples(&work->images.set, used, count - used, &work->input)
               : fdm_conversion_samples(&work->judged.set, 0, work->judged.set.count, &work->input);
    struct fdm_conversion_images *judged = halves ? &work->images : &work->judged;
    struct fdm_answers reference = {0};
    enum fdm_status status = fdm_conversion_label(judged, work->registry, work->graph, err);
    if (judged->labels != NULL)
        work->labels = judged->labels + (halves ? used : 0);
    if (status == FDM_OK)
        status =
            fdm_conversion_answers(work->graph, NULL, &judging, work->threads, &reference, err);
    const struct fdm_method_table table = {
        .graph = work->graph,
        .calibration = &calibration,
        .judging = &judging,
        .labels = work->labels,
        .semantics = work->semantics,
        .keep = work->recipe.keep,
        .threads = work->threads,
        .reference = &reference,
        .context = work,
        .on_result = add_method,
    };
    if (status == FDM_OK) {
        fdm_report_add_number(report, "calibrated", "images calibrated on", used, NULL);
        fdm_report_add_number(report, "judged", "other images judged by", judging.count, NULL);
        if (work->labels != NULL)
            fdm_report_add_number(report, "float_correct", "float right",
                                  fdm_answers_correct(&reference, work->labels), NULL);
        status = fdm_method_table_run(&table, err);
    }
    fdm_answers_release(&reference);
    return status;
}

static enum fdm_status compare(struct work *work, struct fdm_buf *text, struct fdm_error *err)
{
    struct fdm_report report;
    fdm_report_init(&report, "quantize-methods", "Quantization methods");
    add_conversion_facts(&report, work);
    fdm_report_add_fact(&report, "judge", "judged by", work->request->judge);
    work->methods = fdm_report_add_table(&report, "methods", NULL);
    add_method_columns(work->methods);
    fdm_report_add_legend(&report,
                          "agree, right: images of those judged by; right only where the "
                          "folders are the model's classes. Divergence: mean "
                          "Kullback-Leibler divergence from the float model's probabilities, in "
                          "nats. Time: the conversion, in one thread.");
    enum fdm_status status = run_methods(work, &report, err);
    if (status == FDM_OK)
        status = fdm_report_render(&report, work->format, text, err);
    fdm_report_release(&report);
    return status;
}

/* ---- the command ---- */

static enum fdm_status run(const struct request *request, struct fdm_error *err)
{
    struct work work = {.request = request};
    struct fdm_buf text;
    fdm_buf_init(&text);
    char *path = request->output != NULL ? strdup(request->output) : default_path(request->model);
    enum fdm_status status = FDM_OK;
    if (path == NULL)
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    if (status == FDM_OK)
        status = parse(request, &work, err);
    if (status == FDM_OK)
        status = load(&work, err);
    if (status == FDM_OK)
        status = request->compare ? compare(&work, &text, err) : quantize(&work, path, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, NULL, err);
    free(path);
    release(&work);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_quantize(int argc, char **argv)
{
    struct request r = {0};
    const struct fdm_opt options[] = {
        {"calibrate", "DIR", "training images, one folder per class", FDM_OPT_TEXT, &r.calibrate, 0,
         0},
        {"output", "FILE", "or -o: the file to write (default: MODEL_int8.tflite, here)",
         FDM_OPT_TEXT, &r.output, 0, 0},
        {"per-tensor", NULL,
         "one scale for a layer's weights, as the STM32MP25's NPU wants it; equalizes layers first",
         FDM_OPT_FLAG, &r.per_tensor, 0, 0},
        {"converter", NULL,
         "as TensorFlow Lite's converter: minmax, nothing equalized, absorbed, rounded together or "
         "corrected unless said otherwise",
         FDM_OPT_FLAG, &r.converter, 0, 0},
        {"method", "NAME",
         "ranges of activations: minmax (all that was seen; default with --per-tensor), mse (least "
         "squared error, of weights too; default), percentile",
         FDM_OPT_TEXT, &r.method, 0, 0},
        {"keep", "PERCENT", "of the values at each end, for percentile (default 99.99)",
         FDM_OPT_TEXT, &r.keep, 0, 0},
        {"equalize", "WHAT",
         "scale channels between layers until they are alike: weights, all (default: weights and "
         "activations, what shares a scale), off",
         FDM_OPT_TEXT, &r.equalize, 0, 0},
        {"absorb", "on|off",
         "move the middle of each depthwise output into the next layer's biases (default: on)",
         FDM_OPT_TEXT, &r.absorb, 0, 0},
        {"rounding", "HOW",
         "of weights: nearest, or together, so that their errors cancel on the images (default)",
         FDM_OPT_TEXT, &r.rounding, 0, 0},
        {"bias-correction", "on|off",
         "let the biases take back what quantization shifts on average (default: on)", FDM_OPT_TEXT,
         &r.correct, 0, 0},
        {"exact-rsqrt", NULL,
         "fold batch norm with exact square roots instead of the converter's approximate ones",
         FDM_OPT_FLAG, &r.exact, 0, 0},
        {"compare-methods", NULL, "write nothing, print what every method costs and gains",
         FDM_OPT_FLAG, &r.compare, 0, 0},
        {"judge", "DIR",
         "images to compare methods on (default: half of those to calibrate on, which then are "
         "not calibrated on)",
         FDM_OPT_TEXT, &r.judge, 0, 0},
        {"limit", "N", "take only N images to calibrate on, of all classes alike", FDM_OPT_COUNT,
         &r.limit, 1, 1000000},
        {"mapping", "NAME",
         "x/255, x/255-1 or x/127.5-1: what a pixel is to the float model (default: by its batch "
         "norm)",
         FDM_OPT_TEXT, &r.mapping, 0, 0},
        {"semantics", "NAME", "int8 rounding that biases are corrected for (default: tflite)",
         FDM_OPT_TEXT, &r.semantics, 0, 0},
        {"threads", "N", "default: all processors", FDM_OPT_COUNT, &r.threads, 1,
         FDM_PARALLEL_MAX_THREADS},
        {"cache", "DIR", "keep decoded images here (default: the user's cache folder)",
         FDM_OPT_TEXT, &r.cache, 0, 0},
        {"no-cache", NULL, "decode every image", FDM_OPT_FLAG, &r.no_cache, 0, 0},
        FDM_SUPPLY_OPTIONS(&r.supply),
        {"as", "FORMAT", "of the report: terminal (default), markdown, csv or json", FDM_OPT_TEXT,
         &r.report.as, 0, 0},
        {"json", NULL, "the same as --as json", FDM_OPT_FLAG, &r.report.json, 0, 0},
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, &r.model, 1, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    if (operands == 0)
        fdm_fail(&err, FDM_ERR_USAGE, "which MODEL? usage: fdm-bench %s", usage.synopsis);
    else
        run(&r, &err);
    return err.status == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
}
