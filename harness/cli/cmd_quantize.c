#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/bench/parallel.h"
#include "harness/cli/cmd.h"
#include "harness/cli/quantize.h"
#include "reference/importers/importers.h"
#include "reference/quantizer/tflite_writer.h"

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

static enum fdm_status load(struct fdm_quantize_work *work, struct fdm_error *err)
{
    const struct fdm_quantize_request *r = work->request;
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

static void release(struct fdm_quantize_work *work)
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

static enum fdm_status convert(struct fdm_quantize_work *work, struct fdm_buf *file,
                               double *seconds, struct fdm_error *err)
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
static enum fdm_status prove(struct fdm_quantize_work *work, const struct fdm_buf *file,
                             const char *path, struct fdm_fidelity *out, char sha256[65],
                             struct fdm_error *err)
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

void fdm_quantize_add_facts(struct fdm_report *report, const struct fdm_quantize_work *work)
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

static enum fdm_status quantize(struct fdm_quantize_work *work, const char *path,
                                struct fdm_buf *text, struct fdm_error *err)
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
        fdm_quantize_add_facts(&report, work);
        add_fidelity(&report, &fidelity);
        snprintf(number, sizeof number, "%.1f s", seconds);
        fdm_report_add_number(&report, "seconds", "time", seconds, number);
        status = fdm_report_render(&report, work->format, text, err);
    }
    fdm_report_release(&report);
    fdm_buf_release(&file);
    return status;
}

/* ---- the command ---- */

static enum fdm_status run(const struct fdm_quantize_request *request, struct fdm_error *err)
{
    struct fdm_quantize_work work = {.request = request};
    struct fdm_buf text;
    fdm_buf_init(&text);
    char *path = request->output != NULL ? strdup(request->output) : default_path(request->model);
    enum fdm_status status = FDM_OK;
    if (path == NULL)
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    if (status == FDM_OK)
        status = fdm_quantize_parse(request, &work, err);
    if (status == FDM_OK)
        status = load(&work, err);
    if (status == FDM_OK)
        status = request->compare ? fdm_quantize_compare(&work, &text, err)
                                  : quantize(&work, path, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, NULL, err);
    free(path);
    release(&work);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_quantize(int argc, char **argv)
{
    struct fdm_quantize_request r = {0};
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
        {"as", "FORMAT", "of the report: terminal (default), markdown, html, csv or json",
         FDM_OPT_TEXT, &r.report.as, 0, 0},
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
