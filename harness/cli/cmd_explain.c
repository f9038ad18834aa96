#include <stdio.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/bench/conversion.h"
#include "harness/bench/explain.h"
#include "harness/bench/parallel.h"
#include "harness/cli/cmd.h"
#include "harness/cli/supply.h"
#include "harness/cli/workspace.h"
#include "reports/explain.h"

#define IMAGES_DEFAULT 50

static const struct fdm_usage usage = {
    "explain",
    "explain FLOAT INT8 --images DIR [--limit N] [--json]",
    "Shows layer by layer what quantization did to a model: signal to noise, the range that was "
    "seen and\n"
    "the one that the codes represent, what was clipped, and what each layer's quantization alone "
    "does to\n"
    "the answers. FLOAT is the .h5, INT8 the .tflite made of it, by ST's tools or by `fdm-bench "
    "quantize`.",
    "  fdm-bench explain model.h5 model_int8.tflite --images flower_photos\n"
    "  fdm-bench explain model.h5 model_int8.tflite --images flower_photos --json | jq "
    "'.tables[1].rows'",
};

struct request {
    const char *models[2];
    const char *images, *mapping, *semantics;
    uint32_t limit, threads;
    const char *cache;
    bool no_cache;
    struct fdm_supply supply;
    struct fdm_output output;
};

struct work {
    struct fdm_graph *real, *int8;
    struct fdm_conversion_input input;
    struct fdm_mapping_table codes; /* of the int8 model's own input */
    struct fdm_conversion_images images;
    struct fdm_image_cache *cache;
    struct fdm_explanation explanation;
};

static enum fdm_status load_models(const struct request *r, struct work *work,
                                   struct fdm_error *err)
{
    enum fdm_status status = fdm_supply_import(&r->supply, r->models[0], &work->real, err);
    if (status == FDM_OK)
        status = fdm_supply_import(&r->supply, r->models[1], &work->int8, err);
    if (status != FDM_OK)
        return status;
    if (work->real->format != FDM_FORMAT_FLOAT || work->int8->format != FDM_FORMAT_INT8)
        return fdm_fail(err, FDM_ERR_USAGE, "%s holds %s weights, %s %s: give FLOAT, then INT8",
                        r->models[0], fdm_format_name(work->real->format), r->models[1],
                        fdm_format_name(work->int8->format));
    const struct fdm_tensor *input = &work->int8->tensors[work->int8->input];
    if (input->type != FDM_TYPE_U8 || input->quant.count != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: the input is not a quantized uint8 image",
                        r->models[1]);
    const struct fdm_tensor *image = &work->real->tensors[work->real->input];
    if (memcmp(input->dims, image->dims, sizeof input->dims) != 0)
        return fdm_fail(err, FDM_ERR_MISMATCH, "the two models take images of different sizes");
    status = fdm_conversion_input(work->real, r->mapping, &work->input, err);
    if (status == FDM_OK)
        status = fdm_mapping_quantize_u8(&work->input.choice.mapping, input->quant.scales[0],
                                         input->quant.zero_points[0], &work->codes, err);
    return status;
}

static enum fdm_status explain(const struct request *r, struct work *work, struct fdm_error *err)
{
    const char *name = r->semantics != NULL ? r->semantics : FDM_SEMANTICS_DEFAULT;
    const struct fdm_semantics *semantics = fdm_semantics_find(name);
    uint32_t threads = r->threads != 0 ? r->threads : fdm_parallel_processors();
    if (semantics == NULL)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "no semantics \"%s\"; `fdm-bench list semantics` names them", name);
    enum fdm_status status = load_models(r, work, err);
    if (status != FDM_OK)
        return status;
    work->cache = fdm_workspace_image_cache(r->cache, r->no_cache);
    status = fdm_conversion_images_load(r->images, r->limit, work->real, threads, work->cache,
                                        &work->images, err);
    if (status != FDM_OK)
        return status;
    struct fdm_samples samples =
        fdm_conversion_samples(&work->images.set, 0, work->images.set.count, &work->input);
    samples.code = work->codes.code;
    fprintf(stderr, "explaining on %u images\n", samples.count);
    return fdm_explain(work->real, work->int8, &samples, semantics, threads, &work->explanation,
                       err);
}

static enum fdm_status report(const struct request *r, const struct work *work,
                              enum fdm_report_format format, struct fdm_error *err)
{
    struct fdm_report report;
    struct fdm_buf text;
    fdm_buf_init(&text);
    fdm_report_init(&report, "explain", fdm_fs_basename(r->models[1]));
    fdm_report_add_fact(&report, "float", "float model", r->models[0]);
    fdm_report_add_fact(&report, "float_sha256", "its sha256", work->real->sha256);
    fdm_report_add_fact(&report, "int8", "int8 model", r->models[1]);
    fdm_report_add_fact(&report, "int8_sha256", "its sha256", work->int8->sha256);
    fdm_report_add_fact(&report, "mapping", "pixels mean", work->input.choice.mapping.name);
    fdm_report_add_fact(&report, "semantics", "int8 rounding",
                        r->semantics != NULL ? r->semantics : FDM_SEMANTICS_DEFAULT);
    fdm_explain_report(&work->explanation, &report);
    enum fdm_status status = fdm_report_render(&report, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, r->output.path, err);
    fdm_report_release(&report);
    fdm_buf_release(&text);
    return status;
}

static enum fdm_status run(const struct request *r, struct fdm_error *err)
{
    struct work work = {0};
    enum fdm_report_format format;
    enum fdm_status status = fdm_output_format(&r->output, &format, err);
    if (status == FDM_OK)
        status = explain(r, &work, err);
    if (status == FDM_OK)
        status = report(r, &work, format, err);
    fdm_explanation_release(&work.explanation);
    fdm_conversion_images_release(&work.images);
    fdm_image_cache_free(work.cache);
    fdm_graph_free(work.real);
    fdm_graph_free(work.int8);
    return status;
}

int fdm_cmd_explain(int argc, char **argv)
{
    struct request r = {.limit = IMAGES_DEFAULT};
    const struct fdm_opt options[] = {
        {"images", "DIR", "images to run, one folder per class", FDM_OPT_TEXT, &r.images, 0, 0},
        {"limit", "N", "how many of them (default: 50)", FDM_OPT_COUNT, &r.limit, 2, 1000000},
        {"mapping", "NAME",
         "x/255, x/255-1 or x/127.5-1: what a pixel is to the float model (default: by its batch "
         "norm)",
         FDM_OPT_TEXT, &r.mapping, 0, 0},
        {"semantics", "NAME", "int8 rounding (default: tflite)", FDM_OPT_TEXT, &r.semantics, 0, 0},
        {"threads", "N", "default: all processors", FDM_OPT_COUNT, &r.threads, 1,
         FDM_PARALLEL_MAX_THREADS},
        {"cache", "DIR", "keep decoded images here (default: the user's cache folder)",
         FDM_OPT_TEXT, &r.cache, 0, 0},
        {"no-cache", NULL, "decode every image", FDM_OPT_FLAG, &r.no_cache, 0, 0},
        FDM_SUPPLY_OPTIONS(&r.supply),
        FDM_OUTPUT_OPTIONS(&r.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, r.models, 2, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    if (operands < 2)
        fdm_fail(&err, FDM_ERR_USAGE, "two models are needed: fdm-bench %s", usage.synopsis);
    else if (r.images == NULL)
        fdm_fail(&err, FDM_ERR_USAGE,
                 "--images DIR is needed: a folder with one folder per class; without any, "
                 "`fdm-bench demo draw DIR` draws some");
    else
        run(&r, &err);
    return err.status == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
}
