#include "reports/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/utf8.h"

static char *copy_text(struct fdm_table *table, const char *text)
{
    char *copy = fdm_utf8_clean(text ? text : "");
    if (!copy)
        table->failed = true;
    return copy;
}

void fdm_table_init(struct fdm_table *table, const char *key, const char *title)
{
    *table = (struct fdm_table){0};
    table->key = copy_text(table, key);
    table->title = copy_text(table, title);
}

void fdm_table_release(struct fdm_table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        free((char *)table->columns[i].key);
        free((char *)table->columns[i].header);
    }
    for (size_t i = 0; i < table->cell_count; i++) {
        free(table->cells[i].text);
        free(table->cells[i].link);
    }
    for (size_t i = 0; i < table->note_count; i++)
        free(table->notes[i]);
    free(table->columns);
    free(table->cells);
    free((void *)table->notes);
    free(table->key);
    free(table->title);
    *table = (struct fdm_table){0};
}

void fdm_table_add_column(struct fdm_table *table, const char *key, const char *header,
                          enum fdm_align align, enum fdm_audience audience)
{
    if (!table || table->failed)
        return;
    struct fdm_table_column *columns =
        realloc(table->columns, (table->column_count + 1) * sizeof *columns);
    if (!columns) {
        table->failed = true;
        return;
    }
    table->columns = columns;
    columns[table->column_count++] =
        (struct fdm_table_column){copy_text(table, key), copy_text(table, header), align, audience};
}

void fdm_table_add_columns(struct fdm_table *table, const struct fdm_table_column *columns,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        fdm_table_add_column(table, columns[i].key, columns[i].header, columns[i].align,
                             columns[i].audience);
}

/* The next cell, empty; NULL if there is no room. */
static struct fdm_cell *next_cell(struct fdm_table *table)
{
    if (!table || table->failed)
        return NULL;
    if (table->cell_count == table->cell_capacity) {
        const size_t capacity = table->cell_capacity ? 2 * table->cell_capacity : 64;
        struct fdm_cell *cells = realloc(table->cells, capacity * sizeof *cells);
        if (!cells) {
            table->failed = true;
            return NULL;
        }
        table->cells = cells;
        table->cell_capacity = capacity;
    }
    struct fdm_cell *cell = &table->cells[table->cell_count++];
    *cell = (struct fdm_cell){0};
    return cell;
}

void fdm_table_add_link(struct fdm_table *table, const char *text, const char *url)
{
    struct fdm_cell *cell = next_cell(table);
    if (!cell || !text || !*text)
        return;
    cell->type = FDM_CELL_TEXT;
    cell->text = copy_text(table, text);
    if (url)
        cell->link = copy_text(table, url);
}

void fdm_table_add_text(struct fdm_table *table, const char *text)
{
    fdm_table_add_link(table, text, NULL);
}

void fdm_table_add_textf(struct fdm_table *table, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    const int needed = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = needed < 0 ? NULL : malloc((size_t)needed + 1);
    if (text)
        vsnprintf(text, (size_t)needed + 1, format, again);
    else if (table)
        table->failed = true;
    va_end(again);
    fdm_table_add_text(table, text);
    free(text);
}

void fdm_table_add_int(struct fdm_table *table, int64_t value)
{
    struct fdm_cell *cell = next_cell(table);
    if (cell)
        *cell = (struct fdm_cell){.type = FDM_CELL_INT, .integer = value};
}

void fdm_table_add_real(struct fdm_table *table, double value, int decimals)
{
    struct fdm_cell *cell = next_cell(table);
    if (cell && !isnan(value))
        *cell = (struct fdm_cell){.type = FDM_CELL_REAL, .real = value, .decimals = decimals};
}

void fdm_table_add_bool(struct fdm_table *table, bool value)
{
    struct fdm_cell *cell = next_cell(table);
    if (cell)
        *cell = (struct fdm_cell){.type = FDM_CELL_BOOL, .integer = value};
}

void fdm_table_add_none(struct fdm_table *table)
{
    next_cell(table);
}

size_t fdm_table_add_note(struct fdm_table *table, const char *text)
{
    if (!table || table->failed)
        return 0;
    char *copy = copy_text(table, text);
    if (!copy)
        return 0;
    for (size_t i = 0; i < table->note_count; i++) {
        if (strcmp(table->notes[i], copy) == 0) {
            free(copy);
            return i + 1;
        }
    }
    char **notes = realloc((void *)table->notes, (table->note_count + 1) * sizeof *notes);
    if (!notes) {
        free(copy);
        table->failed = true;
        return 0;
    }
    table->notes = notes;
    notes[table->note_count++] = copy;
    return table->note_count;
}

void fdm_table_add_remark(struct fdm_table *table, const char *text)
{
    fdm_table_add_text(table, text);
    if (text != NULL && text[0] != '\0')
        fdm_table_add_textf(table, "[%zu]", fdm_table_add_note(table, text));
    else
        fdm_table_add_none(table);
}

size_t fdm_table_row_count(const struct fdm_table *table)
{
    return table && table->column_count ? table->cell_count / table->column_count : 0;
}
