#include "reports/card_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/card_tables.h"
#include "reports/render.h"
#include "reports/report.h"

/* ---- Matching -------------------------------------------------------------------------------- */

/* What a row does not say, it does not ask for. */
static bool agrees(const char *key, const char *value)
{
    return !key || strcmp(key, value) == 0;
}

bool fdm_card_matches(const struct fdm_card_context *context, const struct fdm_card_keys *keys,
                      const struct fdm_measured_case *candidate)
{
    const struct fdm_case_record *r = candidate->record;
    return r->state == FDM_CASE_COMPLETE && agrees(context->engine, r->engine) &&
           agrees(keys->model, r->model) && agrees(keys->family, r->family) &&
           agrees(keys->dataset, r->dataset) && agrees(keys->format, r->format) &&
           (keys->resolution == 0 || keys->resolution == r->resolution);
}

void fdm_card_mark_used(const struct fdm_card_context *context,
                        const struct fdm_measured_case *shown)
{
    context->used[shown - context->cases] = true;
}

/* ---- The card's own columns ------------------------------------------------------------------ */

static bool is_numeric(const struct fdm_card_table *table, size_t column)
{
    for (size_t i = 0; i < table->row_count; i++) {
        if (table->rows[i].cells[column].has_value)
            return true;
    }
    return false;
}

static void put_marks(const struct fdm_card_note *notes, size_t count, const char *column,
                      struct fdm_table *out, struct fdm_buf *text)
{
    for (size_t i = 0; i < count; i++) {
        if (notes[i].column && strcmp(notes[i].column, column) == 0)
            fdm_buf_printf(text, " [%zu]", fdm_table_add_note(out, notes[i].text));
    }
}

static void add_card_columns(const struct fdm_card_table *table, struct fdm_table *out)
{
    struct fdm_buf header;
    fdm_buf_init(&header);
    for (size_t c = 0; c < table->column_count; c++) {
        const char *name = table->columns[c].name;
        const bool numeric = is_numeric(table, c);
        fdm_buf_reset(&header);
        fdm_buf_puts(&header, table->columns[c].title);
        put_marks(table->notes, table->note_count, name, out, &header);
        fdm_table_add_column(out, name, header.data, numeric ? FDM_ALIGN_RIGHT : FDM_ALIGN_LEFT,
                             numeric ? FDM_FOR_PEOPLE : FDM_FOR_ALL);
        if (numeric)
            fdm_table_add_column(out, name, "", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES);
    }
    if (header.failed)
        out->failed = true;
    fdm_buf_release(&header);
}

static void add_card_cells(const struct fdm_card_table *table, const struct fdm_card_row *row,
                           struct fdm_table *out)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    for (size_t c = 0; c < table->column_count; c++) {
        const struct fdm_card_cell *cell = &row->cells[c];
        fdm_buf_reset(&text);
        fdm_buf_puts(&text, cell->text ? cell->text : "");
        put_marks(row->notes, row->note_count, table->columns[c].name, out, &text);
        fdm_table_add_link(out, text.data, cell->link);
        if (!is_numeric(table, c))
            continue;
        if (cell->has_value)
            fdm_table_add_real(out, cell->value, 2);
        else
            fdm_table_add_none(out);
    }
    if (text.failed)
        out->failed = true;
    fdm_buf_release(&text);
}

/* Remarks that are about a whole row or table have no cell to mark. */
static void add_general_notes(const struct fdm_card_note *notes, size_t count, const char *about,
                              struct fdm_table *out)
{
    for (size_t i = 0; i < count; i++) {
        if (notes[i].column)
            continue;
        char text[1024];
        snprintf(text, sizeof text, "%s%s%s", about ? about : "", about ? ": " : "", notes[i].text);
        fdm_table_add_note(out, text);
    }
}

/* The card's own lines under a table, without their Markdown. */
static void add_foot_line(const char *line, struct fdm_table *out)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    fdm_render_title(line, false, &text);
    if (text.data)
        fdm_table_add_note(out, text.data + strspn(text.data, " "));
    if (text.failed)
        out->failed = true;
    fdm_buf_release(&text);
}

static void add_table_notes(const struct fdm_card_table *table, struct fdm_table *out)
{
    add_general_notes(table->notes, table->note_count, NULL, out);
    for (size_t i = 0; i < table->row_count; i++) {
        char about[64];
        snprintf(about, sizeof about, "row %zu", i + 1);
        add_general_notes(table->rows[i].notes, table->rows[i].note_count, about, out);
    }
    for (size_t i = 0; i < table->foot_line_count; i++)
        add_foot_line(table->foot_lines[i], out);
}

/* ---- Tables ---------------------------------------------------------------------------------- */

enum added { ADDED_NOTHING, ADDED_ACCURACY, ADDED_FOOTPRINT, ADDED_TIME };

static enum added what_is_added(enum fdm_card_table_kind kind)
{
    switch (kind) {
    case FDM_CARD_ACCURACY:
        return ADDED_ACCURACY;
    case FDM_CARD_NPU_MEMORY:
    case FDM_CARD_MCU_MEMORY:
        return ADDED_FOOTPRINT;
    case FDM_CARD_NPU_TIME:
    case FDM_CARD_MCU_TIME:
    case FDM_CARD_MPU_TIME:
        return ADDED_TIME;
    case FDM_CARD_INFORMATION:
    case FDM_CARD_INTERFACE:
    case FDM_CARD_PLATFORMS:
        break;
    }
    return ADDED_NOTHING;
}

static void add_columns(const struct fdm_card_context *context, const struct fdm_card_table *table,
                        struct fdm_table *out)
{
    add_card_columns(table, out);
    switch (what_is_added(table->kind)) {
    case ADDED_ACCURACY:
        fdm_card_accuracy_columns(out);
        break;
    case ADDED_FOOTPRINT:
        fdm_card_footprint_columns(context, table, out);
        break;
    case ADDED_TIME:
        fdm_card_time_columns(out);
        break;
    case ADDED_NOTHING:
        return;
    }
    fdm_table_add_column(out, "dataset", "Dataset", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(out, "model_id", "Model id", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
}

static void add_cells(const struct fdm_card_context *context, const struct fdm_card_table *table,
                      const struct fdm_card_row *row, struct fdm_table *out)
{
    add_card_cells(table, row, out);
    switch (what_is_added(table->kind)) {
    case ADDED_ACCURACY:
        fdm_card_accuracy_cells(context, table, row, out);
        break;
    case ADDED_FOOTPRINT:
        fdm_card_footprint_cells(context, table, row, out);
        break;
    case ADDED_TIME:
        fdm_card_time_cells(context, table, row, out);
        break;
    case ADDED_NOTHING:
        return;
    }
    fdm_table_add_text(out, row->keys.dataset);
    fdm_table_add_text(out, row->keys.model);
}

#define KEY_SIZE 128

static void table_key(const struct fdm_card_table *table, char key[KEY_SIZE])
{
    snprintf(key, KEY_SIZE, "%s%s%s", fdm_card_table_kind_name(table->kind),
             table->dataset ? "-" : "", table->dataset ? table->dataset : "");
}

static bool is_wanted(const struct fdm_card_table *table, const char *key)
{
    char own[KEY_SIZE];
    table_key(table, own);
    return key ? strcmp(own, key) == 0 : what_is_added(table->kind) != ADDED_NOTHING;
}

static void add_table(const struct fdm_card_context *context, const struct fdm_card_table *table,
                      struct fdm_report *report)
{
    char key[KEY_SIZE];
    table_key(table, key);
    struct fdm_table *out = fdm_report_add_table(report, key, table->title);
    if (!out)
        return;
    add_columns(context, table, out);
    for (size_t i = 0; i < table->row_count; i++)
        add_cells(context, table, &table->rows[i], out);
    add_table_notes(table, out);
}

static enum fdm_status refuse_key(const struct fdm_card *card, const char *key,
                                  struct fdm_error *err)
{
    struct fdm_buf keys;
    fdm_buf_init(&keys);
    for (size_t i = 0; i < card->table_count; i++) {
        char own[KEY_SIZE];
        table_key(&card->tables[i], own);
        fdm_buf_printf(&keys, "%s%s", i ? ", " : "", own);
    }
    fdm_fail(err, FDM_ERR_NOT_FOUND, "card %s has no table \"%s\"; it has: %s", card->version, key,
             keys.data ? keys.data : "none");
    fdm_buf_release(&keys);
    return FDM_ERR_NOT_FOUND;
}

/* ---- Facts and legend ------------------------------------------------------------------------ */

#define SHORT_SHA256 12

static bool same_session(const struct fdm_measured_case *a, const struct fdm_measured_case *b)
{
    return a->record->session_id == b->record->session_id;
}

static bool same_split(const struct fdm_measured_case *a, const struct fdm_measured_case *b)
{
    return strcmp(a->split->sha256, b->split->sha256) == 0;
}

static void put_session(const struct fdm_measured_case *c, struct fdm_buf *text)
{
    fdm_buf_printf(text, "%lld (%s, %s)", (long long)c->record->session_id,
                   c->session->tool_version, c->session->started);
}

static void put_split(const struct fdm_measured_case *c, struct fdm_buf *text)
{
    fdm_buf_printf(text, "%s %s, %u images, %.*s", c->split->dataset, c->split->scheme,
                   c->split->count, SHORT_SHA256, c->split->sha256);
}

/* Each distinct thing among the cases shown, once, in the order of the cases. */
static void add_distinct(struct fdm_report *report, const struct fdm_card_context *context,
                         bool (*same)(const struct fdm_measured_case *,
                                      const struct fdm_measured_case *),
                         void (*put)(const struct fdm_measured_case *, struct fdm_buf *),
                         const char *key, const char *label)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    for (size_t i = 0; i < context->count; i++) {
        bool known = !context->used[i];
        for (size_t j = 0; j < i && !known; j++)
            known = context->used[j] && same(&context->cases[i], &context->cases[j]);
        if (known)
            continue;
        if (text.len > 0)
            fdm_buf_puts(&text, "; ");
        put(&context->cases[i], &text);
    }
    if (text.failed)
        report->failed = true;
    fdm_report_add_fact(report, key, label, text.data ? text.data : "nothing measured yet");
    fdm_buf_release(&text);
}

static void add_facts(struct fdm_report *report, const struct fdm_card *card,
                      const struct fdm_card_context *context,
                      const struct fdm_card_report_options *options)
{
    fdm_report_add_fact(report, "card", "Card", card->version);
    fdm_report_add_fact(report, "card_url", "Published at", card->url);
    fdm_report_add_fact(report, "tool_version", "Report by", options->tool_version);
    fdm_report_add_fact(report, "semantics", "int8 semantics", context->semantics);
    add_distinct(report, context, same_session, put_session, "sessions", "Sessions");
    add_distinct(report, context, same_split, put_split, "splits", "Splits");
}

static void add_legend(struct fdm_report *report, const struct fdm_card *card, unsigned added)
{
    if (added & 1u << ADDED_ACCURACY) {
        fdm_report_add_legend(
            report, "k/N: right answers of images evaluated, with the default semantics; 95 % "
                    "interval: Wilson's score interval, in percent.");
        fdm_report_add_legend(report,
                              "Difference: measured minus published, in points and, since the "
                              "published percentage tells its k, in images.");
        fdm_report_add_legend(report,
                              "Spread of k: least and greatest k over the int8 semantics measured "
                              "on the same images, with their names. In the spread: whether the "
                              "published k lies there, else by how many images it is above (+) or "
                              "below (-).");
        fdm_report_add_legend(report, "Sample: not the images of the published figure, so nothing "
                                      "is compared.");
    }
    if (added & 1u << ADDED_FOOTPRINT)
        fdm_report_add_legend(report, "Footprints are marked with what they are: computed figures "
                                      "follow from the model file, measured ones were read on the "
                                      "board.");
    if (added & 1u << ADDED_TIME)
        fdm_report_add_legend(report, "Times are medians measured on the board that the row names; "
                                      "counts of emulated boards are never shown as times.");
    for (size_t i = 0; i < card->note_count; i++) {
        char text[1024];
        snprintf(text, sizeof text, "Remark on this card: %s", card->notes[i].text);
        fdm_report_add_legend(report, text);
    }
}

/* ---- The report ------------------------------------------------------------------------------ */

enum fdm_status fdm_card_report(const struct fdm_card *card, const struct fdm_measured_case *cases,
                                size_t count, const struct fdm_card_report_options *options,
                                enum fdm_report_format format, struct fdm_buf *out,
                                struct fdm_error *err)
{
    const struct fdm_card_context context = {
        .cases = cases,
        .count = count,
        .semantics = options->semantics ? options->semantics : "tflite",
        .engine = options->engine,
        .used = calloc(count + 1, sizeof(bool)),
    };
    if (!context.used)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu cases", count);
    struct fdm_report report;
    char title[FDM_RECORD_NAME];
    snprintf(title, sizeof title, "%s, card %s: published and measured", card->title,
             card->version);
    fdm_report_init(&report, "card", title);
    unsigned added = 0;
    for (size_t i = 0; i < card->table_count; i++) {
        if (!is_wanted(&card->tables[i], options->table))
            continue;
        add_table(&context, &card->tables[i], &report);
        added |= 1u << what_is_added(card->tables[i].kind);
    }
    add_facts(&report, card, &context, options);
    add_legend(&report, card, added);
    const enum fdm_status status = options->table && report.table_count == 0 && !report.failed
                                       ? refuse_key(card, options->table, err)
                                       : fdm_report_render(&report, format, out, err);
    fdm_report_release(&report);
    free(context.used);
    return status;
}
