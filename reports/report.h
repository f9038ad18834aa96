/* A report: a title, facts about it, tables, and a legend; built first, then rendered whole.
 *   - terminal, markdown: title, "name: value" lines, tables with their notes, the legend
 *   - html: the same as a page that stands alone
 *   - csv: each table's keys and rows; where there are several, each begins with a line holding its
 *     key alone and an empty line stands between them
 *   - json: an object: "report" (the kind), "title", each fact under its key, "tables": an array of
 *     {"table": key, "title", "rows": […], "notes": […]}, "legend": […]
 *
 * Like a table it copies its texts and remembers running out of memory until it is rendered. */
#ifndef FDM_REPORTS_REPORT_H
#define FDM_REPORTS_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "reports/table.h"

struct fdm_report_fact {
    char *key;   /* for JSON */
    char *label; /* for people */
    char *text;
    bool has_number; /* JSON shows the number instead of the text */
    double number;
};

/* Read-only outside report.c, except the tables' contents. */
struct fdm_report {
    char *kind;
    char *title;
    struct fdm_report_fact *facts;
    size_t fact_count;
    struct fdm_table **tables;
    size_t table_count;
    char **legend;
    size_t legend_count;
    bool failed;
};

/* `kind` is the stable word in JSON: "card", "compare", "case". */
void fdm_report_init(struct fdm_report *report, const char *kind, const char *title);
void fdm_report_release(struct fdm_report *report);

/* A fact with an empty or NULL text is left out. */
void fdm_report_add_fact(struct fdm_report *report, const char *key, const char *label,
                         const char *text);
/* A number: JSON gets the number, people `text`, or the number itself where `text` is NULL. */
void fdm_report_add_number(struct fdm_report *report, const char *key, const char *label,
                           double number, const char *text);
/* The new table belongs to the report; NULL when out of memory, which every adder accepts. */
struct fdm_table *fdm_report_add_table(struct fdm_report *report, const char *key,
                                       const char *title);
void fdm_report_add_legend(struct fdm_report *report, const char *text);

/* FDM_ERR_MEMORY; FDM_ERR_FORMAT as fdm_table_render(). */
enum fdm_status fdm_report_render(const struct fdm_report *report, enum fdm_report_format format,
                                  struct fdm_buf *out, struct fdm_error *err);

#endif
