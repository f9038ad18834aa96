/* Pages that stand alone: no script, nothing to load, fit to print. */
#include "reports/render.h"

#include <string.h>

static const char style[] =
    "body{font:15px/1.45 system-ui,sans-serif;color:#1a1a1a;margin:2em}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em}\n"
    "dt{font-weight:600}\n"
    "dd{margin:0;overflow-wrap:anywhere}\n"
    "div{overflow-x:auto}\n"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
    "th,td{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:left;white-space:nowrap}\n"
    "thead th{border-bottom:2px solid #888;white-space:normal;vertical-align:bottom}\n"
    "tbody tr:hover{background:#f4f4f4}\n"
    ".r{text-align:right}\n"
    ".notes{list-style:none;padding:0}\n"
    "@media print{body{font-size:8px;margin:0}div{overflow:visible}}\n";

static void put_escaped(const char *text, struct fdm_buf *out)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '&':
            fdm_buf_puts(out, "&amp;");
            break;
        case '<':
            fdm_buf_puts(out, "&lt;");
            break;
        case '>':
            fdm_buf_puts(out, "&gt;");
            break;
        case '"':
            fdm_buf_puts(out, "&quot;");
            break;
        default:
            fdm_buf_append(out, text, 1);
        }
    }
}

void fdm_render_html_text(const char *text, struct fdm_buf *out)
{
    struct fdm_buf safe;
    fdm_buf_init(&safe);
    fdm_render_title(text, false, &safe);
    if (safe.data != NULL)
        put_escaped(safe.data, out);
    out->failed = out->failed || safe.failed;
    fdm_buf_release(&safe);
}

void fdm_render_html_element(const char *name, const char *text, struct fdm_buf *out)
{
    fdm_buf_printf(out, "<%s>", name);
    fdm_render_html_text(text, out);
    fdm_buf_printf(out, "</%s>\n", name);
}

void fdm_render_html_begin(const char *title, struct fdm_buf *out)
{
    fdm_buf_puts(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
    fdm_render_html_element("title", title, out);
    fdm_buf_printf(out, "<style>\n%s</style>\n", style);
}

/* Only where it leads to the web: a file name steers no browser. */
static bool is_web(const char *link)
{
    return link != NULL && (strncmp(link, "https://", 8) == 0 || strncmp(link, "http://", 7) == 0);
}

static void put_cell(const struct fdm_cell *cell, bool right, struct fdm_buf *out)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    fdm_render_cell(cell, false, &text);
    fdm_buf_puts(out, right ? "<td class=\"r\">" : "<td>");
    bool link = cell->type == FDM_CELL_TEXT && is_web(cell->link);
    if (link) {
        fdm_buf_puts(out, "<a href=\"");
        put_escaped(cell->link, out);
        fdm_buf_puts(out, "\">");
    }
    if (text.data != NULL)
        put_escaped(text.data, out);
    fdm_buf_puts(out, link ? "</a></td>" : "</td>");
    out->failed = out->failed || text.failed;
    fdm_buf_release(&text);
}

static void put_header(const struct fdm_table *table, struct fdm_buf *out)
{
    fdm_buf_puts(out, "<thead><tr>");
    for (size_t c = 0; c < table->column_count; c++) {
        if (table->columns[c].audience == FDM_FOR_MACHINES)
            continue;
        fdm_buf_puts(out, table->columns[c].align == FDM_ALIGN_RIGHT ? "<th class=\"r\">" : "<th>");
        fdm_render_html_text(table->columns[c].header, out);
        fdm_buf_puts(out, "</th>");
    }
    fdm_buf_puts(out, "</tr></thead>\n");
}

static void put_rows(const struct fdm_table *table, struct fdm_buf *out)
{
    fdm_buf_puts(out, "<tbody>\n");
    for (size_t row = 0; row < fdm_table_row_count(table); row++) {
        fdm_buf_puts(out, "<tr>");
        for (size_t c = 0; c < table->column_count; c++)
            if (table->columns[c].audience != FDM_FOR_MACHINES)
                put_cell(&table->cells[row * table->column_count + c],
                         table->columns[c].align == FDM_ALIGN_RIGHT, out);
        fdm_buf_puts(out, "</tr>\n");
    }
    fdm_buf_puts(out, "</tbody>\n");
}

void fdm_render_html_table(const struct fdm_table *table, struct fdm_buf *out)
{
    if (*table->title)
        fdm_render_html_element("h2", table->title, out);
    fdm_buf_puts(out, "<div><table>\n");
    put_header(table, out);
    put_rows(table, out);
    fdm_buf_puts(out, "</table></div>\n");
    if (table->note_count == 0)
        return;
    fdm_buf_puts(out, "<ul class=\"notes\">\n");
    for (size_t i = 0; i < table->note_count; i++) {
        fdm_buf_printf(out, "<li>[%zu] ", i + 1);
        fdm_render_html_text(table->notes[i], out);
        fdm_buf_puts(out, "</li>\n");
    }
    fdm_buf_puts(out, "</ul>\n");
}
