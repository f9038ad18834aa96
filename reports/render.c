/* Choosing the format, and the formats for machines. */
#include "reports/render.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool fdm_report_format_parse(const char *name, enum fdm_report_format *out)
{
    static const char *const format_names[] = {"terminal", "markdown", "csv", "json", "html"};
    for (size_t i = 0; i < sizeof format_names / sizeof format_names[0]; i++) {
        if (strcmp(name, format_names[i]) == 0) {
            *out = (enum fdm_report_format)i;
            return true;
        }
    }
    return false;
}

enum fdm_status fdm_table_check(const struct fdm_table *table, struct fdm_error *err)
{
    if (table->failed)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory while building table \"%s\"",
                        table->key ? table->key : "");
    const size_t columns = table->column_count;
    if (columns ? table->cell_count % columns != 0 : table->cell_count != 0)
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "table \"%s\": %zu cells do not fill rows of %zu columns", table->key,
                        table->cell_count, columns);
    return FDM_OK;
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void put_csv_text(const char *text, struct fdm_buf *out)
{
    if (!text[strcspn(text, "\",\r\n")]) {
        fdm_buf_puts(out, text);
        return;
    }
    fdm_buf_puts(out, "\"");
    for (const char *c = text; *c; c++) {
        fdm_buf_append(out, c, 1);
        if (*c == '"')
            fdm_buf_append(out, c, 1);
    }
    fdm_buf_puts(out, "\"");
}

/* The shortest of 15 and 17 digits that reads back as the same double. */
static void put_csv_real(double value, struct fdm_buf *out)
{
    char text[40];
    snprintf(text, sizeof text, "%.15g", value);
    if (strtod(text, NULL) != value)
        snprintf(text, sizeof text, "%.17g", value);
    fdm_buf_puts(out, text);
}

static void put_csv_cell(const struct fdm_cell *cell, struct fdm_buf *out)
{
    switch (cell->type) {
    case FDM_CELL_NONE:
        break;
    case FDM_CELL_TEXT:
        put_csv_text(cell->text, out);
        break;
    case FDM_CELL_INT:
        fdm_buf_printf(out, "%" PRId64, cell->integer);
        break;
    case FDM_CELL_REAL:
        put_csv_real(cell->real, out);
        break;
    case FDM_CELL_BOOL:
        fdm_buf_puts(out, cell->integer ? "true" : "false");
        break;
    }
}

static bool for_machines(const struct fdm_table *table, size_t column)
{
    return table->columns[column].audience != FDM_FOR_PEOPLE;
}

static void render_csv_table(const struct fdm_table *table, struct fdm_buf *out)
{
    const char *separator = "";
    for (size_t c = 0; c < table->column_count; c++) {
        if (!for_machines(table, c))
            continue;
        fdm_buf_puts(out, separator);
        put_csv_text(table->columns[c].key, out);
        separator = ",";
    }
    fdm_buf_puts(out, "\n");
    for (size_t row = 0; row < fdm_table_row_count(table); row++) {
        separator = "";
        for (size_t c = 0; c < table->column_count; c++) {
            if (!for_machines(table, c))
                continue;
            fdm_buf_puts(out, separator);
            put_csv_cell(&table->cells[row * table->column_count + c], out);
            separator = ",";
        }
        fdm_buf_puts(out, "\n");
    }
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void add_json_cell(const struct fdm_cell *cell, struct fdm_json *row, const char *key)
{
    switch (cell->type) {
    case FDM_CELL_NONE:
        fdm_json_add_null(row, key);
        break;
    case FDM_CELL_TEXT:
        fdm_json_add_string(row, key, cell->text);
        break;
    case FDM_CELL_INT:
        fdm_json_add_int(row, key, cell->integer);
        break;
    case FDM_CELL_REAL:
        fdm_json_add_number(row, key, cell->real);
        break;
    case FDM_CELL_BOOL:
        fdm_json_add_bool(row, key, cell->integer != 0);
        break;
    }
}

static void add_json_rows(const struct fdm_table *table, struct fdm_json *array)
{
    for (size_t row = 0; row < fdm_table_row_count(table); row++) {
        struct fdm_json *object = fdm_json_add_object(array, NULL);
        for (size_t c = 0; c < table->column_count; c++) {
            if (for_machines(table, c))
                add_json_cell(&table->cells[row * table->column_count + c], object,
                              table->columns[c].key);
        }
    }
}

enum fdm_status fdm_table_to_json(const struct fdm_table *table, struct fdm_json *parent,
                                  const char *name, struct fdm_error *err)
{
    const enum fdm_status status = fdm_table_check(table, err);
    if (status == FDM_OK)
        add_json_rows(table, fdm_json_add_array(parent, name));
    return status;
}

static enum fdm_status render_json(const struct fdm_table *table, struct fdm_buf *out,
                                   struct fdm_error *err)
{
    struct fdm_json *root = fdm_json_new_array();
    add_json_rows(table, root);
    const enum fdm_status status = fdm_json_print(root, out, err);
    fdm_json_free(root);
    return status;
}

enum fdm_status fdm_table_render(const struct fdm_table *table, enum fdm_report_format format,
                                 struct fdm_buf *out, struct fdm_error *err)
{
    const enum fdm_status status = fdm_table_check(table, err);
    if (status != FDM_OK)
        return status;
    if (format == FDM_REPORT_JSON)
        return render_json(table, out, err);
    if (format == FDM_REPORT_CSV) {
        render_csv_table(table, out);
        return fdm_buf_check(out, err);
    }
    if (format == FDM_REPORT_HTML) {
        fdm_render_html_begin(*table->title ? table->title : table->key, out);
        fdm_render_html_table(table, out);
        return fdm_buf_check(out, err);
    }
    const bool markdown = format == FDM_REPORT_MARKDOWN;
    if (*table->title) {
        fdm_buf_puts(out, markdown ? "### " : "");
        fdm_render_title(table->title, markdown, out);
        fdm_buf_puts(out, "\n\n");
    }
    fdm_render_text_table(table, markdown, out);
    fdm_render_notes(table, markdown, out);
    return fdm_buf_check(out, err);
}
