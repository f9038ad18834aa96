/* Quantization methods side by side: what each costs, and what it leaves of a model's answers. */
#ifndef FDM_BENCH_METHOD_TABLE_H
#define FDM_BENCH_METHOD_TABLE_H

#include "harness/base/status.h"
#include "harness/bench/fidelity.h"
#include "reference/graph/graph.h"
#include "reference/quantizer/recipe.h"

struct fdm_method_result {
    struct fdm_recipe recipe;
    struct fdm_fidelity fidelity; /* against the float model, on the judging samples */
    uint32_t correct;             /* answers that are the label; 0 without labels */
    double seconds;               /* for the conversion alone, calibration included, judging not */
};

struct fdm_method_table {
    const struct fdm_graph *graph; /* float */
    const struct fdm_samples *calibration, *judging;
    const uint32_t *labels; /* of the judging samples, or NULL */
    const struct fdm_semantics *semantics;
    double keep; /* of the percentile method */
    uint32_t threads;
    const struct fdm_answers *reference; /* the float model's, on the judging samples */
    void *context;
    /* After each method; a failure ends the table. */
    enum fdm_status (*on_result)(void *context, const struct fdm_method_result *result,
                                 struct fdm_error *err);
};

/* Every combination: per channel and per tensor; offsets absorbed or not; nothing, weights or all
 * equalized; minmax, mse, percentile; weights rounded together or not; biases corrected or not. The
 * first is what TensorFlow Lite's converter does. Errors of recipe.h, fdm_answers_compute() and the
 * callback. */
enum fdm_status fdm_method_table_run(const struct fdm_method_table *table, struct fdm_error *err);

#endif
