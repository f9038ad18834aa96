/* Inside reports: what the renderers of tables and of whole reports share. */
#ifndef FDM_REPORTS_RENDER_H
#define FDM_REPORTS_RENDER_H

#include "reports/table.h"

/* Whether the table can be rendered: FDM_ERR_MEMORY for a failure while building, FDM_ERR_FORMAT
 * for a last row that is not full. */
enum fdm_status fdm_table_check(const struct fdm_table *table, struct fdm_error *err);

/* The table itself, without title and notes, in a format for people. */
void fdm_render_text_table(const struct fdm_table *table, bool markdown, struct fdm_buf *out);

/* Text in a line: safe for a terminal, or with Markdown's own characters escaped. */
void fdm_render_text(const char *text, bool markdown, struct fdm_buf *out);
/* A title without its ** unless it is for Markdown; control characters never pass. */
void fdm_render_title(const char *title, bool markdown, struct fdm_buf *out);
/* The notes with their numbers, after an empty line; nothing without notes. */
void fdm_render_notes(const struct fdm_table *table, bool markdown, struct fdm_buf *out);

/* One cell as people read it. */
void fdm_render_cell(const struct fdm_cell *cell, bool markdown, struct fdm_buf *out);

/* An HTML page in pieces: what stands before all else, text with its ** left out and HTML's own
 * characters escaped, the same within an element, a table with title and notes. */
void fdm_render_html_begin(const char *title, struct fdm_buf *out);
void fdm_render_html_text(const char *text, struct fdm_buf *out);
void fdm_render_html_element(const char *name, const char *text, struct fdm_buf *out);
void fdm_render_html_table(const struct fdm_table *table, struct fdm_buf *out);

#endif
