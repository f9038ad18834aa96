/* The formats for people: aligned columns for terminals and the same as a Markdown table. */
#include "reports/render.h"

#include <inttypes.h>
#include <string.h>

#include "reports/utf8.h"

#define NOTHING "\xE2\x80\x93" /* en dash */
#define RULE "\xE2\x94\x80"    /* box drawings light horizontal */

static bool is_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           (unsigned char)c >= 0x80;
}

/* Whether Markdown would take the character at `at` as markup. An underscore inside a word and a
 * bracket that begins no link are plain text, and stay readable in the source. */
static bool is_markup(const char *text, const char *at)
{
    switch (*at) {
    case '\\':
    case '|':
    case '*':
    case '`':
    case '<':
    case '&':
    case '~':
        return true;
    case ']':
        return at[1] == '(' || at[1] == '[';
    case '_':
        return at == text || !is_word(at[-1]) || !is_word(at[1]);
    default:
        return false;
    }
}

/* Control characters and those that reverse the direction of what follows. */
static bool is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x202A && c <= 0x202E) ||
           (c >= 0x2066 && c <= 0x2069);
}

void fdm_render_text(const char *text, bool markdown, struct fdm_buf *out)
{
    size_t len;
    const char *at = text;
    for (uint32_t c; (c = fdm_utf8_decode(at, &len)) != 0; at += len) {
        if (c == '\n' || c == '\t') {
            fdm_buf_puts(out, " ");
        } else if (is_unsafe(c)) {
            fdm_buf_puts(out, FDM_UTF8_REPLACEMENT_TEXT);
        } else {
            if (markdown && is_markup(text, at))
                fdm_buf_puts(out, "\\");
            fdm_buf_append(out, at, len);
        }
    }
}

void fdm_render_title(const char *title, bool markdown, struct fdm_buf *out)
{
    while (*title) {
        const char *mark = strstr(title, "**");
        const size_t len = mark ? (size_t)(mark - title) : strlen(title);
        struct fdm_buf piece;
        fdm_buf_init(&piece);
        fdm_buf_append(&piece, title, len);
        if (piece.data)
            fdm_render_text(piece.data, markdown, out);
        if (mark && markdown)
            fdm_buf_puts(out, "**");
        title += len + (mark ? 2 : 0);
        if (piece.failed)
            out->failed = true;
        fdm_buf_release(&piece);
    }
}

void fdm_render_notes(const struct fdm_table *table, bool markdown, struct fdm_buf *out)
{
    if (table->note_count)
        fdm_buf_puts(out, "\n");
    for (size_t i = 0; i < table->note_count; i++) {
        fdm_buf_printf(out, "%s[%zu] ", markdown ? "- " : "", i + 1);
        fdm_render_text(table->notes[i], markdown, out);
        fdm_buf_puts(out, "\n");
    }
}

static void show_link(const struct fdm_cell *cell, struct fdm_buf *out)
{
    fdm_buf_puts(out, "[");
    fdm_render_text(cell->text, true, out);
    fdm_buf_puts(out, "](");
    for (const char *c = cell->link; *c; c++) {
        if ((unsigned char)*c <= ' ' || strchr("()<>|\\", *c))
            fdm_buf_printf(out, "%%%02X", (unsigned char)*c);
        else
            fdm_buf_append(out, c, 1);
    }
    fdm_buf_puts(out, ")");
}

void fdm_render_cell(const struct fdm_cell *cell, bool markdown, struct fdm_buf *out)
{
    switch (cell->type) {
    case FDM_CELL_NONE:
        fdm_buf_puts(out, NOTHING);
        break;
    case FDM_CELL_TEXT:
        if (markdown && cell->link)
            show_link(cell, out);
        else
            fdm_render_text(cell->text, markdown, out);
        break;
    case FDM_CELL_INT:
        fdm_buf_printf(out, "%" PRId64, cell->integer);
        break;
    case FDM_CELL_REAL:
        fdm_buf_printf(out, "%.*f", cell->decimals, cell->real);
        break;
    case FDM_CELL_BOOL:
        fdm_buf_puts(out, cell->integer ? "yes" : "no");
        break;
    }
}

/* ---- Lines ----------------------------------------------------------------------------------- */

/* One table on its way out. `piece` holds one cell's text at a time. */
struct page {
    const struct fdm_table *table;
    bool markdown;
    struct fdm_buf widths; /* size_t per column, 0 for those not shown */
    struct fdm_buf piece;
    struct fdm_buf *out;
};

static size_t *width_of(const struct page *page, size_t column)
{
    return (size_t *)(void *)page->widths.data + column;
}

/* The text of a cell, or of the header for the row before the first. */
static const char *cell_text(struct page *page, size_t row, size_t column)
{
    const struct fdm_table *t = page->table;
    fdm_buf_reset(&page->piece);
    fdm_buf_puts(&page->piece, "");
    if (row == SIZE_MAX)
        fdm_render_text(t->columns[column].header, page->markdown, &page->piece);
    else
        fdm_render_cell(&t->cells[row * t->column_count + column], page->markdown, &page->piece);
    return page->piece.failed ? "" : page->piece.data;
}

static void measure(struct page *page)
{
    const struct fdm_table *t = page->table;
    const size_t rows = fdm_table_row_count(t);
    for (size_t c = 0; c < t->column_count; c++) {
        size_t width = 0;
        if (t->columns[c].audience != FDM_FOR_MACHINES) {
            width = fdm_utf8_width(cell_text(page, SIZE_MAX, c));
            for (size_t r = 0; r < rows; r++) {
                const size_t w = fdm_utf8_width(cell_text(page, r, c));
                width = w > width ? w : width;
            }
            width = width < 3 && page->markdown ? 3 : width;
            width = width == 0 ? 1 : width;
        }
        fdm_buf_append(&page->widths, &width, sizeof width);
    }
}

static void put_repeated(struct fdm_buf *out, const char *text, size_t times)
{
    while (times-- > 0)
        fdm_buf_puts(out, text);
}

/* Trailing blanks are cut from terminal lines. */
static void end_line(struct page *page)
{
    struct fdm_buf *out = page->out;
    while (!page->markdown && out->len > 0 && out->data[out->len - 1] == ' ')
        out->data[--out->len] = '\0';
    fdm_buf_puts(out, page->markdown ? " |\n" : "\n");
}

static void put_row(struct page *page, size_t row)
{
    bool first = true;
    for (size_t c = 0; c < page->table->column_count; c++) {
        const size_t width = *width_of(page, c);
        if (width == 0)
            continue;
        const char *text = cell_text(page, row, c);
        const size_t blanks = width - fdm_utf8_width(text);
        const bool right = page->table->columns[c].align == FDM_ALIGN_RIGHT;
        if (page->markdown)
            fdm_buf_puts(page->out, first ? "| " : " | ");
        else
            fdm_buf_puts(page->out, first ? "" : "  ");
        put_repeated(page->out, " ", right ? blanks : 0);
        fdm_buf_puts(page->out, text);
        put_repeated(page->out, " ", right ? 0 : blanks);
        first = false;
    }
    end_line(page);
}

static void put_rule(struct page *page)
{
    bool first = true;
    for (size_t c = 0; c < page->table->column_count; c++) {
        const size_t width = *width_of(page, c);
        if (width == 0)
            continue;
        const bool right = page->table->columns[c].align == FDM_ALIGN_RIGHT;
        if (page->markdown) {
            fdm_buf_puts(page->out, first ? "| " : " | ");
            put_repeated(page->out, "-", right ? width - 1 : width);
            fdm_buf_puts(page->out, right ? ":" : "");
        } else {
            fdm_buf_puts(page->out, first ? "" : "  ");
            put_repeated(page->out, RULE, width);
        }
        first = false;
    }
    end_line(page);
}

void fdm_render_text_table(const struct fdm_table *table, bool markdown, struct fdm_buf *out)
{
    struct page page = {.table = table, .markdown = markdown, .out = out};
    fdm_buf_init(&page.widths);
    fdm_buf_init(&page.piece);
    measure(&page);
    if (page.widths.failed || page.piece.failed) {
        out->failed = true;
    } else if (table->column_count > 0) {
        put_row(&page, SIZE_MAX);
        put_rule(&page);
        for (size_t r = 0; r < fdm_table_row_count(table); r++)
            put_row(&page, r);
    }
    fdm_buf_release(&page.widths);
    fdm_buf_release(&page.piece);
}
