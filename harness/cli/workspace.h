/* What most commands need: where things are, and how output is wanted. */
#ifndef FDM_CLI_WORKSPACE_H
#define FDM_CLI_WORKSPACE_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "harness/cli/cmd.h"
#include "harness/datasets/cache.h"
#include "reports/table.h"
#include "results/store.h"

/* The options that commands with output share. */
struct fdm_output {
    const char *as; /* name of a format; NULL: terminal */
    bool json;
    const char *path; /* file to write; NULL: standard output */
};
#define FDM_OUTPUT_OPTIONS(output)                                                                 \
    {                                                                                              \
        "as",                                                                                      \
        "FORMAT",                                                                                  \
        "terminal (default), markdown, html, csv or json",                                         \
        FDM_OPT_TEXT,                                                                              \
        &(output)->as,                                                                             \
        0,                                                                                         \
        0},                                                                                        \
        {"json", NULL, "the same as --as json", FDM_OPT_FLAG, &(output)->json, 0, 0},              \
    {                                                                                              \
        "output", "FILE", "write there, all at once, instead of to standard output", FDM_OPT_TEXT, \
            &(output)->path, 0, 0                                                                  \
    }

/* FDM_ERR_USAGE for an unknown name; errors of fdm_fs_check_writable() where `path` cannot be
 * written, told before the work rather than after it. */
enum fdm_status fdm_output_format(const struct fdm_output *output, enum fdm_report_format *format,
                                  struct fdm_error *err);

#define FDM_DB_OPTION(target)                                                                      \
    {                                                                                              \
        "db", "FILE",                                                                              \
            "the results database (default: $FDM_DB, else results.db in the user's data folder)",  \
            FDM_OPT_TEXT, target, 0, 0                                                             \
    }
/* Its path; the caller frees. */
enum fdm_status fdm_workspace_db(const char *given, char **out, struct fdm_error *err);
/* Opens it. */
enum fdm_status fdm_workspace_store(const char *given, enum fdm_store_mode mode,
                                    struct fdm_store **out, struct fdm_error *err);

/* The folder of model files: `given`, $FDM_MODELS, "models" in the user's data folder if that is
 * there, else what `fdm-bench fetch` published. The caller frees. */
enum fdm_status fdm_workspace_models(const char *given, char **out, struct fdm_error *err);

/* The cache of decoded images in the folder `given`, or in the user's cache folder if that is NULL;
 * the caller frees. NULL if `none`, and where it cannot be had, which is a note on standard error
 * and no failure. */
struct fdm_image_cache *fdm_workspace_image_cache(const char *given, bool none);

/* The folder of a dataset's images that `fdm-bench fetch` published, whole, for the caller to free;
 * NULL where there is none. */
char *fdm_workspace_images(const char *dataset);
/* The folder of all models there, and the file of one by its published path. */
char *fdm_workspace_fetched_models(void);
char *fdm_workspace_fetched_model(const char *path);

/* A positive whole number as an identity; FDM_ERR_USAGE names `what`. */
enum fdm_status fdm_parse_id(const char *text, const char *what, int64_t *out,
                             struct fdm_error *err);

/* Everything about one stored case, loaded. Release frees it. */
struct fdm_loaded_case {
    struct fdm_case_record record;
    struct fdm_session_record session;
    struct fdm_split_record split;
    struct fdm_prediction *predictions;
    size_t prediction_count;
    struct fdm_figure *figures;
    size_t figure_count;
    struct fdm_fact *facts;
    size_t fact_count;
    const char **class_names;
    size_t class_count;
    struct fdm_split_image *images;
    const char **image_names;
    size_t image_count;
};
/* Loads what belongs to `record`. With `images` also the predictions, classes and image names. On
 * failure everything is released. */
enum fdm_status fdm_load_case(struct fdm_store *store, const struct fdm_case_record *record,
                              bool images, struct fdm_loaded_case *out, struct fdm_error *err);
void fdm_loaded_case_release(struct fdm_loaded_case *loaded);

#endif
