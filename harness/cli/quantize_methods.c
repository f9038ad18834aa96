#include <stdio.h>

#include "harness/bench/method_table.h"
#include "harness/cli/quantize.h"

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
    struct fdm_quantize_work *work = context;
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
static enum fdm_status run_methods(struct fdm_quantize_work *work, struct fdm_report *report,
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

enum fdm_status fdm_quantize_compare(struct fdm_quantize_work *work, struct fdm_buf *text,
                                     struct fdm_error *err)
{
    struct fdm_report report;
    fdm_report_init(&report, "quantize-methods", "Quantization methods");
    fdm_quantize_add_facts(&report, work);
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
