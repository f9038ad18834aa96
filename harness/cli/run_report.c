#include "harness/cli/run_report.h"

#include <stdlib.h>

#include "harness/base/clock.h"
#include "reports/report.h"
#include "results/stats.h"

#define FINDINGS_SHOWN 5

static void announce_group(const struct fdm_plan_group *group, FILE *out)
{
    const struct fdm_dataset *dataset = group->dataset;
    fprintf(out, "%s: n = %u files, %u to evaluate, split %s%s, sha256 %.16s\n", group->entry->id,
            dataset->total, dataset->count, fdm_dataset_scheme_name(dataset->scheme),
            dataset->published ? " (the published validation images)" : " (a sample)",
            dataset->list_sha256);
    if (dataset->note[0] != '\0')
        fprintf(out, "  %s\n", dataset->note);
    for (size_t i = 0; i < dataset->finding_count && i < FINDINGS_SHOWN; i++)
        fprintf(out, "  warning: %s %s\n", dataset->findings[i].path,
                fdm_listing_reason_text(dataset->findings[i].reason));
    if (dataset->finding_count > FINDINGS_SHOWN)
        fprintf(out, "  warning: and %zu more findings\n", dataset->finding_count - FINDINGS_SHOWN);
}

void fdm_run_announce(const struct fdm_plan *plan, FILE *out)
{
    for (size_t i = 0; i < plan->group_count; i++)
        announce_group(&plan->groups[i], out);
    for (size_t i = 0; i < plan->case_count; i++) {
        const struct fdm_plan_case *item = &plan->cases[i];
        const struct fdm_case_record *record = &item->record;
        if (record->state == FDM_CASE_SKIPPED)
            fprintf(out, "skipped: %s %s %s: %s\n", record->model, record->format,
                    record->semantics, record->message);
        else if (item->mapping.corrected)
            fprintf(out, "warning: %s %s: %s; using %s\n", record->model, record->format,
                    item->mapping.note, record->mapping);
    }
}

void fdm_run_note_cache(struct fdm_image_cache *cache, FILE *out)
{
    char note[FDM_IMAGE_CACHE_NOTE_SIZE];
    if (cache == NULL)
        return;
    fdm_image_cache_note(cache, note);
    if (note[0] != '\0')
        fprintf(out, "note: %s\n", note);
}

static void add_case(struct fdm_table *table, const struct fdm_plan_case *item)
{
    const struct fdm_case_record *record = &item->record;
    struct fdm_interval interval = fdm_stats_wilson(record->correct, record->evaluated);
    if (record->id != 0)
        fdm_table_add_int(table, record->id);
    else
        fdm_table_add_none(table); /* skipped, so the store does not know it */
    fdm_table_add_text(table, fdm_case_state_name(record->state));
    fdm_table_add_text(table, record->model);
    fdm_table_add_text(table, record->format);
    fdm_table_add_text(table, record->semantics);
    fdm_table_add_text(table, record->mapping);
    fdm_table_add_int(table, record->threads);
    fdm_table_add_int(table, record->correct);
    fdm_table_add_int(table, record->evaluated);
    fdm_table_add_int(table, record->unreadable);
    if (record->evaluated > 0) {
        fdm_table_add_real(
            table, fdm_stats_percent_hundredths(record->correct, record->evaluated) / 100.0, 2);
        fdm_table_add_real(table, 100 * interval.low, 2);
        fdm_table_add_real(table, 100 * interval.high, 2);
    } else {
        fdm_table_add_none(table);
        fdm_table_add_none(table);
        fdm_table_add_none(table);
    }
    if (item->inferred > 0 && item->infer_ns > 0) /* an emulator's images have no time */
        fdm_table_add_real(table, (double)item->infer_ns / item->inferred / (double)FDM_NS_PER_MS,
                           3);
    else
        fdm_table_add_none(table);
    fdm_table_add_remark(table, record->message);
}

static void add_cases(struct fdm_report *report, const struct fdm_plan *plan,
                      const struct fdm_run_summary *summary)
{
    static const struct fdm_table_column columns[] = {
        {"id", "Case", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"state", "State", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"format", "Format", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"semantics", "Semantics", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"mapping", "Mapping", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"inference_threads", "Threads", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"correct", "k", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"evaluated", "N", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"unreadable", "Unreadable", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"accuracy", "Top-1 (%)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"accuracy_low", "95 % from", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"accuracy_high", "to", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"infer_ms", "Mean (ms)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        FDM_TABLE_REMARK,
    };
    struct fdm_table *table = fdm_report_add_table(report, "cases", "Cases");
    fdm_table_add_columns(table, columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < summary->problem_count && i < FDM_RUN_PROBLEMS; i++)
        fdm_table_add_note(table, summary->problems[i]);
    for (size_t i = 0; i < plan->case_count; i++)
        add_case(table, &plan->cases[i]);
    fdm_report_add_legend(
        report,
        "k: right answers of the N images that could be read. 95 %: Wilson's score interval, in "
        "percent. Mean: of one inference, by a board's own clock; on this computer while all its "
        "threads work, and `fdm-bench bench` times it alone. `fdm-bench show CASE` tells more.");
}

static void add_facts(struct fdm_report *report, const struct fdm_run_summary *summary)
{
    double wall_s = (double)summary->wall_ns / (double)FDM_NS_PER_S;
    double images = (double)summary->images;
    fdm_report_add_number(report, "session", "Session", (double)summary->session.id, NULL);
    fdm_report_add_number(report, "resumptions", "Resumptions",
                          (double)summary->session.resumptions, NULL);
    fdm_report_add_number(report, "cases_complete", "Complete cases", summary->complete, NULL);
    fdm_report_add_number(report, "cases_failed", "Failed cases", summary->failed, NULL);
    fdm_report_add_number(report, "cases_skipped", "Skipped cases", summary->skipped, NULL);
    fdm_report_add_number(report, "images", "Images loaded", images, NULL);
    fdm_report_add_number(report, "predictions", "Predictions", (double)summary->predictions, NULL);
    fdm_report_add_number(report, "wall_s", "Wall time (s)", wall_s, NULL);
    /* A board's wall time holds building, flashing and timing too, and tells nothing of an image.
     */
    if (summary->images == 0 || summary->load_ns == 0)
        return;
    fdm_report_add_number(report, "image_ms", "Per image, all cases, wall (ms)",
                          1e3 * wall_s / images, NULL);
    fdm_report_add_number(report, "load_ms", "Loading one image, one thread (ms)",
                          (double)summary->load_ns / images / (double)FDM_NS_PER_MS, NULL);
    fdm_report_add_number(report, "prediction_ms", "One prediction, wall (ms)",
                          1e3 * wall_s / (double)summary->predictions, NULL);
}

static enum fdm_status add_figures(struct fdm_table *table, const struct fdm_case_record *record,
                                   struct fdm_store *store, struct fdm_error *err)
{
    struct fdm_figure *figures;
    size_t count;
    enum fdm_status status = fdm_store_figures_list(store, record->id, &figures, &count, err);
    for (size_t i = 0; i < count; i++) {
        fdm_table_add_int(table, record->id);
        fdm_table_add_text(table, record->model);
        fdm_table_add_text(table, figures[i].name);
        fdm_table_add_text(table, fdm_figure_kind_name(figures[i].kind));
        fdm_table_add_real(table, figures[i].value, 0);
    }
    free(figures);
    return status;
}

static enum fdm_status add_all_figures(struct fdm_report *report, const struct fdm_plan *plan,
                                       struct fdm_store *store, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    struct fdm_table *table = fdm_report_add_table(report, "figures", "Figures");
    if (table == NULL)
        return FDM_OK;
    fdm_table_add_column(table, "case", "Case", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(table, "model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "name", "Figure", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "kind", "Kind", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "value", "Value", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    for (size_t i = 0; status == FDM_OK && i < plan->case_count; i++)
        if (plan->cases[i].record.id != 0)
            status = add_figures(table, &plan->cases[i].record, store, err);
    return status;
}

enum fdm_status fdm_run_report(const struct fdm_board_choice *choice, const struct fdm_plan *plan,
                               const struct fdm_run_summary *summary, struct fdm_store *store,
                               enum fdm_report_format format, struct fdm_buf *out,
                               struct fdm_error *err)
{
    struct fdm_report report;
    fdm_report_init(&report, "run", "Run");
    fdm_report_add_fact(&report, "board", "Board", choice->name);
    fdm_report_add_fact(&report, "emulated", "Emulated", choice->emulated ? "yes" : "no");
    add_facts(&report, summary);
    add_cases(&report, plan, summary);
    enum fdm_status status = FDM_OK;
    if (choice->board->kind != FDM_BOARD_HOST)
        status = add_all_figures(&report, plan, store, err);
    if (status == FDM_OK)
        status = fdm_report_render(&report, format, out, err);
    fdm_report_release(&report);
    return status;
}
