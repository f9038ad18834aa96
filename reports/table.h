/* One table type for everything that is listed or reported, and one renderer per format.
 *
 * A table has columns and rows of typed cells. Build it row by row; running out of memory is
 * remembered and shows when the table is rendered, so adders return nothing. All texts are copied;
 * bytes that are no valid UTF-8 become U+FFFD on the way in.
 *
 *   terminal   columns padded by display width, two spaces between, a rule below the header;
 *              control characters show as U+FFFD, so that a hostile file name steers no terminal
 *   markdown   a GitHub table, padded; characters that would be markup are escaped
 *   csv        RFC 4180 quoting, lines end in a single line feed; the first line holds the keys
 *   html       a page that stands alone, with the columns of the terminal
 *   json       an array with one object per row, members named by the keys, in column order
 *
 * Columns are for people (terminal, Markdown, HTML), for machines (CSV, JSON), or for both: a cell
 * that reads well, "638/734 (+1)", is two numbers for a program. Keys are stable; headers are not.
 *
 * Numbers are written as the C locale writes them, which is every program's until it calls
 * setlocale().
 *
 * Titles are Markdown with ** as the only markup, which other formats leave out. */
#ifndef FDM_REPORTS_TABLE_H
#define FDM_REPORTS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/json.h"
#include "harness/base/status.h"

enum fdm_report_format {
    FDM_REPORT_TERMINAL,
    FDM_REPORT_MARKDOWN,
    FDM_REPORT_CSV,
    FDM_REPORT_JSON,
    FDM_REPORT_HTML
};

/* "terminal", "markdown", "csv", "json" or "html"; false if no format has this name. */
bool fdm_report_format_parse(const char *name, enum fdm_report_format *out);

enum fdm_align { FDM_ALIGN_LEFT, FDM_ALIGN_RIGHT };

/* Who sees a column. */
enum fdm_audience { FDM_FOR_ALL, FDM_FOR_PEOPLE, FDM_FOR_MACHINES };

struct fdm_table_column {
    const char *key;
    const char *header;
    enum fdm_align align;
    enum fdm_audience audience;
};

enum fdm_cell_type {
    FDM_CELL_NONE, /* "–" for people, empty in CSV, null in JSON */
    FDM_CELL_TEXT,
    FDM_CELL_INT,
    FDM_CELL_REAL,
    FDM_CELL_BOOL /* "yes" or "no" for people, true or false for machines */
};

struct fdm_cell {
    enum fdm_cell_type type;
    char *text;      /* FDM_CELL_TEXT */
    char *link;      /* FDM_CELL_TEXT: where Markdown lets it point, or NULL */
    int64_t integer; /* FDM_CELL_INT, FDM_CELL_BOOL */
    double real;     /* FDM_CELL_REAL: shown to people with `decimals`, exact for machines */
    int decimals;
};

/* Read-only outside table.c. cells[row * column_count + column]. */
struct fdm_table {
    char *key;   /* member name in a report's JSON */
    char *title; /* empty: none is shown */
    struct fdm_table_column *columns;
    size_t column_count;
    struct fdm_cell *cells;
    size_t cell_count;
    size_t cell_capacity;
    char **notes; /* shown below the table; footnote i is "[i + 1]" */
    size_t note_count;
    bool failed;
};

/* `title` may be NULL. */
void fdm_table_init(struct fdm_table *table, const char *key, const char *title);
void fdm_table_release(struct fdm_table *table);

/* All columns come before the first cell. Here and below a NULL table does nothing. */
void fdm_table_add_column(struct fdm_table *table, const char *key, const char *header,
                          enum fdm_align align, enum fdm_audience audience);

void fdm_table_add_columns(struct fdm_table *table, const struct fdm_table_column *columns,
                           size_t count);

/* Cells are appended left to right, row by row; the table must end with a full row. */
void fdm_table_add_text(struct fdm_table *table, const char *text); /* NULL or "": FDM_CELL_NONE */
/* `url` NULL: no link. */
void fdm_table_add_link(struct fdm_table *table, const char *text, const char *url);
void fdm_table_add_textf(struct fdm_table *table, const char *format, ...) FDM_PRINTF(2, 3);
void fdm_table_add_int(struct fdm_table *table, int64_t value);
void fdm_table_add_real(struct fdm_table *table, double value, int decimals); /* NaN: none */
void fdm_table_add_bool(struct fdm_table *table, bool value);
void fdm_table_add_none(struct fdm_table *table);

/* Adds a footnote, or finds the same text; returns its number from 1 for a "[n]" mark in a cell. */
size_t fdm_table_add_note(struct fdm_table *table, const char *text);

/* Two cells for what there is to say on a row: the whole text, for machines, and "[n]" with the
 * text as its footnote, for people. FDM_TABLE_REMARK are their columns. */
#define FDM_TABLE_REMARK                                                                           \
    {"message", "message", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},                                      \
    {                                                                                              \
        "remark", "Remark", FDM_ALIGN_LEFT, FDM_FOR_PEOPLE                                         \
    }
void fdm_table_add_remark(struct fdm_table *table, const char *text); /* NULL or "": none */

size_t fdm_table_row_count(const struct fdm_table *table);

/* Appends the table. FDM_ERR_MEMORY, also for a failure while building; FDM_ERR_FORMAT for a last
 * row that is not full. */
enum fdm_status fdm_table_render(const struct fdm_table *table, enum fdm_report_format format,
                                 struct fdm_buf *out, struct fdm_error *err);

/* The rows as a JSON array below `parent` (`name` NULL if that is an array). */
enum fdm_status fdm_table_to_json(const struct fdm_table *table, struct fdm_json *parent,
                                  const char *name, struct fdm_error *err);

#endif
