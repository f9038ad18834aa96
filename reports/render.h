/* Inside reports: what the renderers of tables and of whole reports share. */
#ifndef FDM_REPORTS_RENDER_H
#define FDM_REPORTS_RENDER_H

#include "reports/table.h"

/* The table itself, without title and notes, in a format for people. */
void fdm_render_text_table(const struct fdm_table *table, bool markdown, struct fdm_buf *out);

/* Text in a line: safe for a terminal, or with Markdown's own characters escaped. */
void fdm_render_text(const char *text, bool markdown, struct fdm_buf *out);
/* A title without its ** unless it is for Markdown; control characters never pass. */
void fdm_render_title(const char *title, bool markdown, struct fdm_buf *out);
/* The notes with their numbers, after an empty line; nothing without notes. */
void fdm_render_notes(const struct fdm_table *table, bool markdown, struct fdm_buf *out);

#endif
