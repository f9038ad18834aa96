#include <stdlib.h>
#include <string.h>

#include "harness/registry/entries.h"
#include "results/record.h"

#define TEXT_MAX (FDM_RECORD_TEXT - 1)
#define WORD_MAX (FDM_RECORD_WORD - 1)
#define COLUMNS_MAX 64u

static const char *const table_kinds[] = {
    [FDM_CARD_INFORMATION] = "information", [FDM_CARD_INTERFACE] = "interface",
    [FDM_CARD_PLATFORMS] = "platforms",     [FDM_CARD_NPU_MEMORY] = "npu-memory",
    [FDM_CARD_NPU_TIME] = "npu-time",       [FDM_CARD_MCU_MEMORY] = "mcu-memory",
    [FDM_CARD_MCU_TIME] = "mcu-time",       [FDM_CARD_MPU_TIME] = "mpu-time",
    [FDM_CARD_ACCURACY] = "accuracy",       [FDM_CARD_ACCURACY + 1] = NULL,
};

static const char *const column_names[] = {"model",
                                           "format",
                                           "resolution",
                                           "series",
                                           "board",
                                           "engine",
                                           "quantization",
                                           "framework",
                                           "clock_mhz",
                                           "time_ms",
                                           "inferences_per_s",
                                           "top1_percent",
                                           "npu_percent",
                                           "gpu_percent",
                                           "cpu_percent",
                                           "internal_ram_kib",
                                           "external_ram_kib",
                                           "activation_ram_kib",
                                           "runtime_ram_kib",
                                           "total_ram_kib",
                                           "weights_flash_kib",
                                           "code_flash_kib",
                                           "total_flash_kib",
                                           "cube_ai_version",
                                           "core_version",
                                           "x_linux_ai_version",
                                           "property",
                                           "value",
                                           "shape",
                                           "description",
                                           "platform",
                                           "supported",
                                           "recommended",
                                           NULL};

/* ---- Notes ----------------------------------------------------------------------------------- */

static enum fdm_status read_note(const struct fdm_json *item, const struct fdm_card_table *table,
                                 struct fdm_card_note *out, struct fdm_error *err)
{
    static const char *const known[] = {"column", "text", NULL};
    enum fdm_status status = fdm_entry_check_members(item, known, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(item, "column", WORD_MAX, &out->column, err);
    if (status == FDM_OK)
        status = fdm_entry_text(item, "text", TEXT_MAX, &out->text, err);
    if (status == FDM_OK && out->column != NULL &&
        (table == NULL || fdm_card_find_column(table, out->column) == SIZE_MAX))
        status = fdm_fail(err, FDM_ERR_FORMAT, "column: the table has no '%s'", out->column);
    return status;
}

/* `table` is NULL for the notes of the whole card. */
static enum fdm_status read_notes(struct fdm_registry_owned *owned, const struct fdm_json *object,
                                  const struct fdm_card_table *table,
                                  const struct fdm_card_note **out, size_t *count,
                                  struct fdm_error *err)
{
    const struct fdm_json *array;
    *count = 0;
    enum fdm_status status = fdm_entry_opt_array(object, "notes", &array, err);
    if (status != FDM_OK)
        return status;
    struct fdm_card_note *list =
        fdm_registry_alloc(owned, fdm_json_length(array), sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    const struct fdm_json *item = fdm_json_first(array);
    for (; status == FDM_OK && item != NULL; item = fdm_json_next(item)) {
        status = read_note(item, table, &list[*count], err);
        if (status != FDM_OK)
            fdm_error_context(err, "notes[%zu]", *count);
        ++*count;
    }
    *out = list;
    return status;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

static enum fdm_status read_value(const struct fdm_json *item, struct fdm_card_cell *out,
                                  struct fdm_error *err)
{
    if (fdm_json_member(item, "value") == NULL)
        return FDM_OK;
    enum fdm_status status = fdm_json_get_number(item, "value", &out->value, err);
    if (status != FDM_OK)
        return status;
    char *end;
    double printed = strtod(out->text, &end);
    if (end == out->text || printed != out->value)
        return fdm_fail(err, FDM_ERR_FORMAT, "value: is not the number that '%s' begins with",
                        out->text);
    out->has_value = true;
    return FDM_OK;
}

/* A plain text, or an object for a cell with more than that. */
static enum fdm_status read_cell(const struct fdm_json *item, struct fdm_card_cell *out,
                                 struct fdm_error *err)
{
    static const char *const known[] = {"text", "value", "link", NULL};
    out->text = fdm_json_text(item);
    if (out->text != NULL)
        return FDM_OK;
    enum fdm_status status = fdm_entry_check_members(item, known, err);
    if (status == FDM_OK)
        status = fdm_entry_text(item, "text", TEXT_MAX, &out->text, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(item, "link", TEXT_MAX, &out->link, err);
    return status == FDM_OK ? read_value(item, out, err) : status;
}

static enum fdm_status read_cells(struct fdm_registry_owned *owned, const struct fdm_json *row,
                                  const struct fdm_card_table *table, struct fdm_card_row *out,
                                  struct fdm_error *err)
{
    const struct fdm_json *array;
    size_t count = 0;
    enum fdm_status status = fdm_json_get_array(row, "cells", &array, err);
    if (status != FDM_OK)
        return status;
    if (fdm_json_length(array) != table->column_count)
        return fdm_fail(err, FDM_ERR_FORMAT, "cells: %zu of them for %zu columns",
                        fdm_json_length(array), table->column_count);
    struct fdm_card_cell *list = fdm_registry_alloc(owned, table->column_count, sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    const struct fdm_json *item = fdm_json_first(array);
    for (; status == FDM_OK && item != NULL; item = fdm_json_next(item)) {
        status = read_cell(item, &list[count], err);
        if (status != FDM_OK)
            fdm_error_context(err, "cells[%zu]", count);
        count++;
    }
    out->cells = list;
    return status;
}

/* What the cells themselves say. */
static void fill_keys(const struct fdm_card_table *table, struct fdm_card_row *row)
{
    const struct fdm_card_cell *family = fdm_card_find_cell(table, row, "model");
    const struct fdm_card_cell *resolution = fdm_card_find_cell(table, row, "resolution");
    row->keys.dataset = table->dataset;
    if (family != NULL)
        row->keys.family = family->text;
    if (resolution != NULL)
        row->keys.resolution = (uint32_t)strtoul(resolution->text, NULL, 10);
}

static enum fdm_status read_keys(const struct fdm_json *row, struct fdm_card_keys *out,
                                 struct fdm_error *err)
{
    static const char *const known[] = {"model",  "format",       "series",   "board",
                                        "engine", "quantization", "clock_hz", NULL};
    const struct fdm_json *keys = fdm_json_member(row, "keys");
    if (keys == NULL)
        return FDM_OK;
    enum fdm_status status = fdm_entry_check_members(keys, known, err);
    if (status == FDM_OK)
        status = fdm_entry_text(keys, "model", FDM_RECORD_NAME - 1, &out->model, err);
    if (status == FDM_OK)
        status = fdm_entry_text(keys, "format", WORD_MAX, &out->format, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(keys, "series", WORD_MAX, &out->series, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(keys, "board", WORD_MAX, &out->board, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(keys, "engine", WORD_MAX, &out->engine, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(keys, "quantization", WORD_MAX, &out->quantization, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_uint(keys, "clock_hz", UINT64_C(100000000000), &out->clock_hz, err);
    if (status != FDM_OK)
        fdm_error_context(err, "keys");
    return status;
}

static enum fdm_status read_row(struct fdm_registry_owned *owned, const struct fdm_json *item,
                                const struct fdm_card_table *table, struct fdm_card_row *out,
                                struct fdm_error *err)
{
    static const char *const known[] = {"keys", "cells", "notes", NULL};
    enum fdm_status status = fdm_entry_check_members(item, known, err);
    if (status == FDM_OK)
        status = read_keys(item, &out->keys, err);
    if (status == FDM_OK)
        status = read_cells(owned, item, table, out, err);
    if (status == FDM_OK)
        status = read_notes(owned, item, table, &out->notes, &out->note_count, err);
    if (status == FDM_OK)
        fill_keys(table, out);
    return status;
}

static enum fdm_status read_rows(struct fdm_registry_owned *owned, const struct fdm_json *item,
                                 struct fdm_card_table *out, struct fdm_error *err)
{
    const struct fdm_json *array;
    enum fdm_status status = fdm_json_get_array(item, "rows", &array, err);
    if (status != FDM_OK)
        return status;
    struct fdm_card_row *list =
        fdm_registry_alloc(owned, fdm_json_length(array), sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    const struct fdm_json *row = fdm_json_first(array);
    for (; status == FDM_OK && row != NULL; row = fdm_json_next(row)) {
        status = read_row(owned, row, out, &list[out->row_count], err);
        if (status != FDM_OK)
            fdm_error_context(err, "rows[%zu]", out->row_count);
        out->row_count++;
    }
    out->rows = list;
    return status;
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static enum fdm_status read_column(const struct fdm_json *item, struct fdm_card_column *out,
                                   struct fdm_error *err)
{
    static const char *const known[] = {"title", "name", NULL};
    size_t name = 0;
    enum fdm_status status = fdm_entry_check_members(item, known, err);
    if (status == FDM_OK)
        status = fdm_entry_text(item, "title", TEXT_MAX, &out->title, err);
    if (status == FDM_OK)
        status = fdm_entry_word(item, "name", column_names, &name, err);
    out->name = column_names[name];
    return status;
}

static enum fdm_status read_columns(struct fdm_registry_owned *owned, const struct fdm_json *item,
                                    struct fdm_card_table *out, struct fdm_error *err)
{
    const struct fdm_json *array;
    enum fdm_status status = fdm_json_get_array(item, "columns", &array, err);
    if (status != FDM_OK)
        return status;
    if (fdm_json_length(array) < 1 || fdm_json_length(array) > COLUMNS_MAX)
        return fdm_fail(err, FDM_ERR_FORMAT, "columns: expected an array of 1 to %u", COLUMNS_MAX);
    struct fdm_card_column *list =
        fdm_registry_alloc(owned, fdm_json_length(array), sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    out->columns = list;
    const struct fdm_json *column = fdm_json_first(array);
    for (; status == FDM_OK && column != NULL; column = fdm_json_next(column)) {
        struct fdm_card_column *next = &list[out->column_count];
        status = read_column(column, next, err);
        if (status == FDM_OK && fdm_card_find_column(out, next->name) != SIZE_MAX)
            status = fdm_fail(err, FDM_ERR_FORMAT, "name: the table has '%s' already", next->name);
        if (status != FDM_OK)
            fdm_error_context(err, "columns[%zu]", out->column_count);
        out->column_count++;
    }
    return status;
}

static enum fdm_status read_table(struct fdm_registry_owned *owned, const struct fdm_json *item,
                                  struct fdm_card_table *out, struct fdm_error *err)
{
    static const char *const known[] = {"kind",    "title", "dataset",    "split_unknown", "lines",
                                        "columns", "rows",  "foot_lines", "notes",         NULL};
    size_t kind = 0;
    enum fdm_status status = fdm_entry_check_members(item, known, err);
    if (status == FDM_OK)
        status = fdm_entry_word(item, "kind", table_kinds, &kind, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(item, "title", TEXT_MAX, &out->title, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(item, "dataset", WORD_MAX, &out->dataset, err);
    if (status == FDM_OK)
        status = fdm_json_opt_bool(item, "split_unknown", false, &out->split_unknown, err);
    if (status == FDM_OK)
        status =
            fdm_entry_opt_texts(owned, item, "lines", TEXT_MAX, &out->lines, &out->line_count, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_texts(owned, item, "foot_lines", TEXT_MAX, &out->foot_lines,
                                     &out->foot_line_count, err);
    if (status == FDM_OK)
        status = read_columns(owned, item, out, err);
    if (status == FDM_OK)
        status = read_rows(owned, item, out, err);
    if (status == FDM_OK)
        status = read_notes(owned, item, out, &out->notes, &out->note_count, err);
    out->kind = (enum fdm_card_table_kind)kind;
    return status;
}

static enum fdm_status read_tables(struct fdm_registry_owned *owned,
                                   const struct fdm_json *document, struct fdm_card *out,
                                   struct fdm_error *err)
{
    const struct fdm_json *array;
    enum fdm_status status = fdm_json_get_array(document, "tables", &array, err);
    if (status != FDM_OK)
        return status;
    struct fdm_card_table *list =
        fdm_registry_alloc(owned, fdm_json_length(array), sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    const struct fdm_json *item = fdm_json_first(array);
    for (; status == FDM_OK && item != NULL; item = fdm_json_next(item)) {
        status = read_table(owned, item, &list[out->table_count], err);
        if (status != FDM_OK)
            fdm_error_context(err, "tables[%zu]", out->table_count);
        out->table_count++;
    }
    out->tables = list;
    return status;
}

enum fdm_status fdm_card_read(struct fdm_registry_owned *owned, const struct fdm_json *document,
                              struct fdm_card *out, struct fdm_error *err)
{
    static const char *const known[] = {"version", "title",  "url", "statements",
                                        "notes",   "tables", NULL};
    enum fdm_status status = fdm_entry_check_members(document, known, err);
    if (status == FDM_OK)
        status = fdm_entry_id(document, "version", 0, WORD_MAX, &out->version, err);
    if (status == FDM_OK)
        status = fdm_entry_text(document, "title", TEXT_MAX, &out->title, err);
    if (status == FDM_OK)
        status = fdm_entry_text(document, "url", TEXT_MAX, &out->url, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_texts(owned, document, "statements", TEXT_MAX, &out->statements,
                                     &out->statement_count, err);
    if (status == FDM_OK)
        status = read_notes(owned, document, NULL, &out->notes, &out->note_count, err);
    return status == FDM_OK ? read_tables(owned, document, out, err) : status;
}
