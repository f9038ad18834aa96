/* What the subjects of `fdm-bench bench` share: networks, kernels, decoding, emulated boards. */
#ifndef FDM_CLI_BENCH_H
#define FDM_CLI_BENCH_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/bench/timing.h"
#include "harness/cli/cmd.h"
#include "harness/cli/supply.h"
#include "harness/cli/workspace.h"
#include "reference/graph/graph.h"
#include "reports/report.h"

#define FDM_BENCH_FILES_MAX 16

/* An earlier `--json` of the same command, and how this time compares. */
struct fdm_bench_baseline {
    const char *path; /* NULL: no comparison */
    struct fdm_json *json;
    bool judged; /* by `limit_percent` */
    uint32_t limit_percent;
    uint32_t compared; /* rows that stand in both */
    uint32_t worse;    /* of them, by more than the limit */
    double worst_percent;
    char worst[160];
};

struct fdm_bench_request {
    const char *files[FDM_BENCH_FILES_MAX];
    size_t file_count;
    bool kernels;
    bool decode;
    bool emulated;
    struct fdm_opt_words boards; /* with `emulated`: none means all */
    const char *engine;
    uint32_t arena_limit;
    const char *owner; /* this command line */
    uint32_t failed;   /* rows without a figure; the report says why */
    const char *semantics;
    uint32_t runs; /* 0: the subject's default */
    bool layers;
    const char *tflite;
    const char *images;
    uint32_t limit;
    uint32_t resolution;
    struct fdm_bench_baseline baseline;
    struct fdm_supply supply;
    struct fdm_output output;
};

/* Each adds its tables to the report. */
enum fdm_status fdm_bench_kernels(struct fdm_bench_request *request, struct fdm_report *report,
                                  struct fdm_error *err);
enum fdm_status fdm_bench_decode(struct fdm_bench_request *request, struct fdm_report *report,
                                 struct fdm_error *err);
enum fdm_status fdm_bench_emulated(struct fdm_bench_request *request, struct fdm_report *report,
                                   struct fdm_error *err);

/* Called with each FILE's graph and its name for tables; without a FILE with the models that come
 * with the program. */
typedef enum fdm_status fdm_bench_take_model(void *context, const char *name,
                                             const struct fdm_graph *graph, struct fdm_error *err);
enum fdm_status fdm_bench_each_model(const struct fdm_bench_request *request, void *context,
                                     fdm_bench_take_model *take, struct fdm_error *err);

/* Columns and cells of what was timed. */
void fdm_bench_add_timing_columns(struct fdm_table *table);
void fdm_bench_add_timing(struct fdm_table *table, const struct fdm_timing *timing);

/* Where there is an earlier file: a column for its value and "change_percent" as the table's last
 * ones, and their cells for a row that is complete but for them. The row is found again by its
 * first `keys` cells in the table of the same name; the values compared are those of the column
 * `value_key`, of which less is better. */
void fdm_bench_add_baseline_columns(struct fdm_table *table,
                                    const struct fdm_bench_baseline *baseline, const char *key,
                                    const char *header);
void fdm_bench_compare(struct fdm_table *table, struct fdm_bench_baseline *baseline, size_t keys,
                       const char *value_key);

/* FDM_ERR_MISMATCH if a judged comparison found a row that is worse by more than the limit, or none
 * to compare. */
enum fdm_status fdm_bench_judge(const struct fdm_bench_baseline *baseline, struct fdm_error *err);

#endif
