/* `show`: one case in full. */
#include "reports/listing.h"

#include <stdio.h>
#include <stdlib.h>

#include "reports/listing_classes.h"
#include "reports/report.h"
#include "results/stats.h"

#define NS_PER_MS 1e6

/* ---- Facts ----------------------------------------------------------------------------------- */

static void add_text_facts(struct fdm_report *report, const char *const facts[][3], size_t count)
{
    for (size_t i = 0; i < count; i++)
        fdm_report_add_fact(report, facts[i][0], facts[i][1], facts[i][2]);
}

static void add_percent_fact(struct fdm_report *report, const char *key, const char *label,
                             double percent)
{
    char text[32];
    snprintf(text, sizeof text, "%.2f", percent);
    fdm_report_add_number(report, key, label, percent, text);
}

static void add_outcome_facts(struct fdm_report *report, const struct fdm_case_record *r)
{
    fdm_report_add_number(report, "case", "Case", (double)r->id, NULL);
    fdm_report_add_fact(report, "state", "State", fdm_case_state_name(r->state));
    fdm_report_add_fact(report, "message", "Message", r->message);
    fdm_report_add_number(report, "correct", "Right (k)", r->correct, NULL);
    fdm_report_add_number(report, "evaluated", "Evaluated (N)", r->evaluated, NULL);
    fdm_report_add_number(report, "unreadable", "Unreadable", r->unreadable, NULL);
    fdm_report_add_number(report, "done", "Done", r->done, NULL);
    fdm_report_add_number(report, "images", "Images", r->image_count, NULL);
    if (r->evaluated > 0) {
        const struct fdm_interval i = fdm_stats_wilson(r->correct, r->evaluated);
        add_percent_fact(report, "accuracy", "Accuracy (%)", 100.0 * r->correct / r->evaluated);
        add_percent_fact(report, "interval_low_percent", "95 % interval from (%)", 100 * i.low);
        add_percent_fact(report, "interval_high_percent", "95 % interval to (%)", 100 * i.high);
    }
}

static void add_case_facts(struct fdm_report *report, const struct fdm_case_record *r)
{
    const char *const before[][3] = {
        {"board", "Board", r->board},
        {"engine", "Engine", r->engine},
        {"semantics", "Semantics", r->semantics},
        {"model", "Model", r->model},
        {"family", "Family", r->family},
        {"dataset", "Dataset", r->dataset},
        {"format", "Format", r->format},
    };
    const char *const after[][3] = {
        {"model_path", "Model file", r->model_path},
        {"model_sha256", "Model SHA-256", r->model_sha256},
        {"mapping", "Input mapping", r->mapping},
        {"mapping_corrected", "Mapping corrected", r->mapping_corrected ? "yes" : "no"},
        {"label_order", "Label order", r->label_order},
        {"started", "Started", r->started},
        {"finished", "Finished", r->finished},
    };
    add_text_facts(report, before, sizeof before / sizeof before[0]);
    fdm_report_add_number(report, "resolution", "Resolution", r->resolution, NULL);
    fdm_report_add_number(report, "inference_threads", "Threads of an inference", r->threads, NULL);
    add_text_facts(report, after, sizeof after / sizeof after[0]);
}

static void add_session_facts(struct fdm_report *report, const struct fdm_session_record *s)
{
    const char *const facts[][3] = {
        {"tool_version", "Version", s->tool_version},
        {"compiler", "Compiler", s->compiler},
        {"host", "Host", s->host},
        {"cpu", "CPU", s->cpu},
    };
    fdm_report_add_number(report, "session", "Session", (double)s->id, NULL);
    add_text_facts(report, facts, sizeof facts / sizeof facts[0]);
    fdm_report_add_number(report, "threads", "Threads", s->threads, NULL);
    fdm_report_add_fact(report, "command", "Command", s->command);
}

static void add_split_facts(struct fdm_report *report, const struct fdm_split_record *s)
{
    const char *const facts[][3] = {
        {"split_published", "Split published", s->published ? "yes" : "no"},
        {"split_sha256", "Split SHA-256", s->sha256},
        {"permutation_sha256", "Permutation SHA-256", s->permutation_sha256},
        {"split_root", "Images in", s->root},
    };
    fdm_report_add_fact(report, "split_scheme", "Split", s->scheme);
    fdm_report_add_number(report, "split_seed", "Split seed", s->seed, NULL);
    fdm_report_add_number(report, "split_total", "Files before the split", s->total, NULL);
    fdm_report_add_number(report, "split_count", "Images in the split", s->count, NULL);
    add_text_facts(report, facts, sizeof facts / sizeof facts[0]);
}

/* ---- Times and figures ----------------------------------------------------------------------- */

static void add_timing_row(struct fdm_table *t, const struct fdm_summary *s)
{
    static const struct fdm_table_column columns[] = {
        {"samples", "Samples", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"min_ms", "Min (ms)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"p5_ms", "5 %", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"q1_ms", "25 %", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"median_ms", "Median", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"q3_ms", "75 %", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"p95_ms", "95 %", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"max_ms", "Max", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"mean_ms", "Mean", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    const double values[] = {s->min, s->p5, s->q1, s->median, s->q3, s->p95, s->max, s->mean};
    fdm_table_add_columns(t, columns, sizeof columns / sizeof columns[0]);
    fdm_table_add_int(t, (int64_t)s->count);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        fdm_table_add_real(t, values[i], 3);
}

static enum fdm_status add_timing(struct fdm_report *report, const struct fdm_case_detail *d,
                                  struct fdm_error *err)
{
    double *samples = malloc((d->prediction_count + 1) * sizeof *samples);
    if (!samples)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu samples", d->prediction_count);
    size_t count = 0;
    for (size_t i = 0; i < d->prediction_count; i++) {
        if (d->predictions[i].predicted != FDM_PREDICTION_UNREADABLE &&
            d->predictions[i].infer_ns > 0)
            samples[count++] = (double)d->predictions[i].infer_ns / NS_PER_MS;
    }
    if (count > 0) {
        const struct fdm_summary s = fdm_stats_summarize(samples, count);
        add_timing_row(
            fdm_report_add_table(report, "timing", "Inference times on the board's clock"), &s);
    }
    free(samples);
    return FDM_OK;
}

static void add_figures(struct fdm_report *report, const struct fdm_case_detail *d)
{
    if (d->figure_count == 0)
        return;
    struct fdm_table *t = fdm_report_add_table(report, "figures", "Figures");
    fdm_table_add_column(t, "name", "Name", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(t, "kind", "Kind", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(t, "value", "Value", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE);
    fdm_table_add_column(t, "value", "Value", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES);
    for (size_t i = 0; i < d->figure_count; i++) {
        const struct fdm_figure *f = &d->figures[i];
        fdm_table_add_text(t, f->name);
        fdm_table_add_text(t, fdm_figure_kind_name(f->kind));
        fdm_table_add_textf(t, "%.15g", f->value);
        fdm_table_add_real(t, f->value, 0);
    }
}

static void add_provenance(struct fdm_report *report, const struct fdm_case_detail *d)
{
    if (d->fact_count == 0)
        return;
    struct fdm_table *t = fdm_report_add_table(report, "provenance", "The board and its program");
    fdm_table_add_column(t, "name", "Name", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(t, "text", "Text", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    for (size_t i = 0; i < d->fact_count; i++) {
        const struct fdm_fact *fact = &d->facts[i];
        if (fact->text[0] == '\0')
            continue;
        fdm_table_add_text(t, fact->name);
        fdm_table_add_text(t, fact->text);
    }
}

/* ---- The case -------------------------------------------------------------------------------- */

enum fdm_status fdm_listing_case(const struct fdm_case_detail *detail,
                                 const struct fdm_case_limits *limits,
                                 enum fdm_report_format format, struct fdm_buf *out,
                                 struct fdm_error *err)
{
    struct fdm_report report;
    char title[FDM_RECORD_NAME + FDM_RECORD_WORD + 64];
    snprintf(title, sizeof title, "Case %lld: %s, %s", (long long)detail->record->id,
             detail->record->model, detail->record->format);
    fdm_report_init(&report, "case", title);
    add_outcome_facts(&report, detail->record);
    add_case_facts(&report, detail->record);
    add_session_facts(&report, detail->session);
    add_split_facts(&report, detail->split);
    enum fdm_status status = add_timing(&report, detail, err);
    add_figures(&report, detail);
    add_provenance(&report, detail);
    if (status == FDM_OK)
        status = fdm_listing_add_classes(&report, detail, limits, err);
    if (status == FDM_OK)
        status = fdm_report_render(&report, format, out, err);
    fdm_report_release(&report);
    return status;
}
