#include "reports/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/render.h"
#include "reports/utf8.h"

static char *copy_text(struct fdm_report *report, const char *text)
{
    char *copy = fdm_utf8_clean(text ? text : "");
    if (!copy)
        report->failed = true;
    return copy;
}

/* Room for one more element; NULL, and the report has failed, without memory. */
static void *grow(struct fdm_report *report, void *list, size_t count, size_t size)
{
    void *grown = realloc(list, (count + 1) * size);
    if (!grown)
        report->failed = true;
    return grown;
}

void fdm_report_init(struct fdm_report *report, const char *kind, const char *title)
{
    *report = (struct fdm_report){0};
    report->kind = copy_text(report, kind);
    report->title = copy_text(report, title);
}

void fdm_report_release(struct fdm_report *report)
{
    for (size_t i = 0; i < report->fact_count; i++) {
        free(report->facts[i].key);
        free(report->facts[i].label);
        free(report->facts[i].text);
    }
    for (size_t i = 0; i < report->table_count; i++) {
        fdm_table_release(report->tables[i]);
        free(report->tables[i]);
    }
    for (size_t i = 0; i < report->legend_count; i++)
        free(report->legend[i]);
    free(report->facts);
    free((void *)report->tables);
    free((void *)report->legend);
    free(report->kind);
    free(report->title);
    *report = (struct fdm_report){0};
}

static struct fdm_report_fact *add_fact(struct fdm_report *report, const char *key,
                                        const char *label, const char *text)
{
    if (!text || !*text || report->failed)
        return NULL;
    struct fdm_report_fact *facts = grow(report, report->facts, report->fact_count, sizeof *facts);
    if (!facts)
        return NULL;
    report->facts = facts;
    facts[report->fact_count] = (struct fdm_report_fact){
        copy_text(report, key), copy_text(report, label), copy_text(report, text), false, 0};
    return &facts[report->fact_count++];
}

void fdm_report_add_fact(struct fdm_report *report, const char *key, const char *label,
                         const char *text)
{
    add_fact(report, key, label, text);
}

void fdm_report_add_number(struct fdm_report *report, const char *key, const char *label,
                           double number, const char *text)
{
    char digits[32];
    snprintf(digits, sizeof digits, number == floor(number) ? "%.0f" : "%.3f", number);
    struct fdm_report_fact *fact = add_fact(report, key, label, text ? text : digits);
    if (!fact)
        return;
    fact->has_number = true;
    fact->number = number;
}

struct fdm_table *fdm_report_add_table(struct fdm_report *report, const char *key,
                                       const char *title)
{
    if (report->failed)
        return NULL;
    struct fdm_table **tables =
        grow(report, (void *)report->tables, report->table_count, sizeof(void *));
    if (!tables)
        return NULL;
    report->tables = tables;
    struct fdm_table *table = malloc(sizeof *table);
    if (!table) {
        report->failed = true;
        return NULL;
    }
    fdm_table_init(table, key, title);
    tables[report->table_count++] = table;
    return table;
}

void fdm_report_add_legend(struct fdm_report *report, const char *text)
{
    if (report->failed)
        return;
    char **legend = grow(report, (void *)report->legend, report->legend_count, sizeof(void *));
    if (!legend)
        return;
    report->legend = legend;
    legend[report->legend_count++] = copy_text(report, text);
}

/* ---- Rendering ------------------------------------------------------------------------------- */

static void put_lines(const struct fdm_report *report, bool markdown, struct fdm_buf *out)
{
    const char *bullet = markdown ? "- " : "";
    for (size_t i = 0; i < report->fact_count; i++) {
        fdm_buf_puts(out, bullet);
        fdm_render_text(report->facts[i].label, markdown, out);
        fdm_buf_puts(out, ": ");
        fdm_render_text(report->facts[i].text, markdown, out);
        fdm_buf_puts(out, "\n");
    }
}

static enum fdm_status render_people(const struct fdm_report *report, enum fdm_report_format format,
                                     struct fdm_buf *out, struct fdm_error *err)
{
    const bool markdown = format == FDM_REPORT_MARKDOWN;
    fdm_buf_puts(out, markdown ? "# " : "");
    fdm_render_title(report->title, markdown, out);
    fdm_buf_puts(out, "\n\n");
    put_lines(report, markdown, out);
    for (size_t i = 0; i < report->table_count; i++) {
        if (i > 0 || report->fact_count > 0)
            fdm_buf_puts(out, "\n");
        const enum fdm_status status = fdm_table_render(report->tables[i], format, out, err);
        if (status != FDM_OK)
            return status;
    }
    if (report->legend_count > 0)
        fdm_buf_puts(out, markdown ? "\n### Legend\n\n" : "\nLegend\n");
    for (size_t i = 0; i < report->legend_count; i++) {
        fdm_buf_puts(out, markdown ? "- " : "");
        fdm_render_text(report->legend[i], markdown, out);
        fdm_buf_puts(out, "\n");
    }
    return fdm_buf_check(out, err);
}

static enum fdm_status render_html(const struct fdm_report *report, struct fdm_buf *out,
                                   struct fdm_error *err)
{
    fdm_render_html_begin(report->title, out);
    fdm_render_html_element("h1", report->title, out);
    fdm_buf_puts(out, "<dl>\n");
    for (size_t i = 0; i < report->fact_count; i++) {
        fdm_render_html_element("dt", report->facts[i].label, out);
        fdm_render_html_element("dd", report->facts[i].text, out);
    }
    fdm_buf_puts(out, "</dl>\n");
    for (size_t i = 0; i < report->table_count; i++) {
        const enum fdm_status status = fdm_table_check(report->tables[i], err);
        if (status != FDM_OK)
            return status;
        fdm_render_html_table(report->tables[i], out);
    }
    if (report->legend_count > 0)
        fdm_render_html_element("h2", "Legend", out);
    for (size_t i = 0; i < report->legend_count; i++)
        fdm_render_html_element("p", report->legend[i], out);
    return fdm_buf_check(out, err);
}

static enum fdm_status render_csv(const struct fdm_report *report, struct fdm_buf *out,
                                  struct fdm_error *err)
{
    for (size_t i = 0; i < report->table_count; i++) {
        if (report->table_count > 1)
            fdm_buf_printf(out, "%s%s\n", i ? "\n" : "", report->tables[i]->key);
        const enum fdm_status status =
            fdm_table_render(report->tables[i], FDM_REPORT_CSV, out, err);
        if (status != FDM_OK)
            return status;
    }
    return fdm_buf_check(out, err);
}

/* A table's title as JSON has it: without Markdown. */
static void add_title(struct fdm_json *object, const char *title, struct fdm_buf *scratch)
{
    fdm_buf_reset(scratch);
    fdm_render_title(title, false, scratch);
    fdm_json_add_string(object, "title", scratch->data ? scratch->data : "");
}

static enum fdm_status add_tables(const struct fdm_report *report, struct fdm_json *root,
                                  struct fdm_buf *scratch, struct fdm_error *err)
{
    struct fdm_json *tables = fdm_json_add_array(root, "tables");
    for (size_t i = 0; i < report->table_count; i++) {
        const struct fdm_table *table = report->tables[i];
        struct fdm_json *object = fdm_json_add_object(tables, NULL);
        fdm_json_add_string(object, "table", table->key);
        add_title(object, table->title, scratch);
        const enum fdm_status status = fdm_table_to_json(table, object, "rows", err);
        if (status != FDM_OK)
            return status;
        struct fdm_json *notes = fdm_json_add_array(object, "notes");
        for (size_t n = 0; n < table->note_count; n++)
            fdm_json_add_string(notes, NULL, table->notes[n]);
    }
    return FDM_OK;
}

static void add_fact_to_json(struct fdm_json *root, const struct fdm_report_fact *fact)
{
    if (!fact->has_number)
        fdm_json_add_string(root, fact->key, fact->text);
    else if (fact->number == floor(fact->number) && fabs(fact->number) < 0x1p53)
        fdm_json_add_int(root, fact->key, (int64_t)fact->number);
    else
        fdm_json_add_number(root, fact->key, fact->number);
}

static enum fdm_status render_json(const struct fdm_report *report, struct fdm_buf *out,
                                   struct fdm_error *err)
{
    struct fdm_buf scratch;
    fdm_buf_init(&scratch);
    struct fdm_json *root = fdm_json_new_object();
    fdm_json_add_string(root, "report", report->kind);
    add_title(root, report->title, &scratch);
    for (size_t i = 0; i < report->fact_count; i++)
        add_fact_to_json(root, &report->facts[i]);
    enum fdm_status status = add_tables(report, root, &scratch, err);
    struct fdm_json *legend = fdm_json_add_array(root, "legend");
    for (size_t i = 0; i < report->legend_count; i++)
        fdm_json_add_string(legend, NULL, report->legend[i]);
    if (status == FDM_OK)
        status = fdm_buf_check(&scratch, err);
    if (status == FDM_OK)
        status = fdm_json_print(root, out, err);
    fdm_json_free(root);
    fdm_buf_release(&scratch);
    return status;
}

enum fdm_status fdm_report_render(const struct fdm_report *report, enum fdm_report_format format,
                                  struct fdm_buf *out, struct fdm_error *err)
{
    if (report->failed)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory while building the report");
    switch (format) {
    case FDM_REPORT_CSV:
        return render_csv(report, out, err);
    case FDM_REPORT_JSON:
        return render_json(report, out, err);
    case FDM_REPORT_HTML:
        return render_html(report, out, err);
    case FDM_REPORT_TERMINAL:
    case FDM_REPORT_MARKDOWN:
        break;
    }
    return render_people(report, format, out, err);
}
