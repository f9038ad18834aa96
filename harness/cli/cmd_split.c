#include <stdlib.h>
#include <string.h>

#include "harness/cli/cmd.h"
#include "harness/cli/workspace.h"
#include "harness/datasets/listing.h"
#include "harness/datasets/split.h"
#include "reports/report.h"

static const struct fdm_usage usage = {
    "split",
    "split (--n N | --names FILE) [--scheme st|keras] [--seed S] [--list]",
    "Computes the exact training/validation split behind the published figures, without the "
    "images:\n"
    "  st     ST's pipeline since 2024: numpy's legacy shuffle, seed 127, validation is the last "
    "fifth\n"
    "  keras  Keras's image_dataset_from_directory, seed 133, for the older models\n"
    "A names file holds one \"class/name\" a line.",
    "  fdm-bench split --n 3670\n"
    "  fdm-bench split --names flowers-names.txt --list",
};

struct request {
    uint32_t n;
    uint32_t seed;
    const char *names;
    const char *scheme_name;
    enum fdm_split_scheme scheme;
    bool list;
    struct fdm_output output;
};

struct split {
    uint32_t *permutation;
    struct fdm_split_range validation;
    struct fdm_listing listing;
};

static enum fdm_status settle(struct request *request, struct fdm_error *err)
{
    if (request->scheme_name == NULL || strcmp(request->scheme_name, "st") == 0)
        request->scheme = FDM_SPLIT_ST;
    else if (strcmp(request->scheme_name, "keras") == 0)
        request->scheme = FDM_SPLIT_KERAS;
    else
        return fdm_fail(err, FDM_ERR_USAGE, "--scheme: \"%s\" is neither st nor keras",
                        request->scheme_name);
    if (request->seed == UINT32_MAX)
        request->seed = request->scheme == FDM_SPLIT_ST ? FDM_SPLIT_SEED_ST : FDM_SPLIT_SEED_KERAS;
    if ((request->n == 0) == (request->names == NULL))
        return fdm_fail(err, FDM_ERR_USAGE,
                        "give either --n, the number of images, or --names, a file with their "
                        "names; `fdm-bench split --help`");
    if (request->list && request->names == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "--list needs --names");
    return FDM_OK;
}

static void describe_ends(struct fdm_report *report, const struct split *split)
{
    const uint32_t *first = split->permutation + split->validation.first;
    uint32_t count = split->validation.count;
    struct fdm_buf text;
    fdm_buf_init(&text);
    for (uint32_t i = 0; i < 8 && i < count; i++)
        fdm_buf_printf(&text, "%s%u", i > 0 ? " " : "", first[i]);
    fdm_report_add_fact(report, "validation_first", "first of validation", text.data);
    fdm_buf_reset(&text);
    for (uint32_t i = count < 4 ? 0 : count - 4; i < count; i++)
        fdm_buf_printf(&text, "%s%u", text.len > 0 ? " " : "", first[i]);
    fdm_report_add_fact(report, "validation_last", "last of validation", text.data);
    fdm_buf_release(&text);
}

static void list_images(struct fdm_report *report, const struct split *split)
{
    struct fdm_table *table = fdm_report_add_table(report, "validation", "Validation images");
    if (table == NULL)
        return;
    fdm_table_add_column(table, "index", "index", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(table, "label", "label", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(table, "image", "image", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    for (uint32_t i = 0; i < split->validation.count; i++) {
        uint32_t index = split->permutation[split->validation.first + i];
        fdm_table_add_int(table, index);
        fdm_table_add_int(table, split->listing.images[index].label);
        fdm_table_add_text(table, split->listing.images[index].path);
    }
}

static enum fdm_status describe(const struct request *request, const struct split *split,
                                struct fdm_report *report, struct fdm_error *err)
{
    char sha256[FDM_SHA256_HEX_SIZE];
    enum fdm_status status = fdm_split_sha256(split->permutation, request->n, sha256, err);
    if (status != FDM_OK)
        return status;
    uint64_t sum = 0;
    for (uint32_t i = 0; i < split->validation.count; i++)
        sum += split->permutation[split->validation.first + i];
    fdm_report_add_fact(report, "scheme", "scheme",
                        request->scheme == FDM_SPLIT_ST ? "st" : "keras");
    fdm_report_add_number(report, "seed", "seed", (double)(request->seed), NULL);
    fdm_report_add_number(report, "n", "n", (double)(request->n), NULL);
    fdm_report_add_number(report, "train", "training images",
                          (double)(request->n - split->validation.count), NULL);
    fdm_report_add_number(report, "validation", "validation images",
                          (double)(split->validation.count), NULL);
    describe_ends(report, split);
    fdm_report_add_number(report, "validation_sum", "sum of validation indices", (double)(sum),
                          NULL);
    fdm_report_add_fact(report, "permutation_sha256", "sha256 of the permutation", sha256);
    if (request->list)
        list_images(report, split);
    return FDM_OK;
}

static enum fdm_status run_split(struct request *request, struct fdm_error *err)
{
    struct split split = {0};
    struct fdm_report report;
    struct fdm_buf text;
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    fdm_report_init(&report, "split", "Split");
    fdm_buf_init(&text);
    enum fdm_status status = settle(request, err);
    if (status == FDM_OK)
        status = fdm_output_format(&request->output, &format, err);
    if (status == FDM_OK && request->names != NULL) {
        status = fdm_listing_from_names(request->names, FDM_LISTING_SORTED, NULL, 0, &split.listing,
                                        err);
        request->n = (uint32_t)split.listing.image_count;
    }
    if (status == FDM_OK)
        status = fdm_split_permutation(request->n, request->seed, &split.permutation, err);
    if (status == FDM_OK) {
        split.validation = fdm_split_validation(request->scheme, request->n);
        status = describe(request, &split, &report, err);
    }
    if (status == FDM_OK)
        status = fdm_report_render(&report, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    free(split.permutation);
    fdm_listing_release(&split.listing);
    fdm_report_release(&report);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_split(int argc, char **argv)
{
    struct request request = {.seed = UINT32_MAX};
    const struct fdm_opt options[] = {
        {"n", "N", "number of listed images", FDM_OPT_COUNT, &request.n, 1, FDM_SPLIT_IMAGES_MAX},
        {"names", "FILE", "names file; its lines are sorted as the pipeline sorts them",
         FDM_OPT_TEXT, &request.names, 0, 0},
        {"scheme", "NAME", "st (default) or keras", FDM_OPT_TEXT, &request.scheme_name, 0, 0},
        {"seed", "S", "default: 127 for st, 133 for keras", FDM_OPT_COUNT, &request.seed, 0,
         UINT32_MAX - 1},
        {"list", NULL, "list the validation images (with --names)", FDM_OPT_FLAG, &request.list, 0,
         0},
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, NULL, 0, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    return run_split(&request, &err) == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
}
