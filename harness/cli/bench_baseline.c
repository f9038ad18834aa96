#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/cli/bench.h"

/* Where the table's last row, which may still be incomplete, begins. */
static const struct fdm_cell *last_row(const struct fdm_table *table)
{
    return table->cells + (table->cell_count - 1) / table->column_count * table->column_count;
}

static bool is_same(const struct fdm_json *member, const struct fdm_cell *cell)
{
    const char *text = fdm_json_text(member);
    if (cell->type == FDM_CELL_TEXT)
        return text != NULL && strcmp(text, cell->text) == 0;
    if (cell->type == FDM_CELL_INT)
        return fdm_json_value(member, NAN) == (double)cell->integer;
    return cell->type == FDM_CELL_NONE && fdm_json_is_null(member);
}

static const struct fdm_json *find_rows(const struct fdm_json *report, const char *key)
{
    const struct fdm_json *table = fdm_json_first(fdm_json_member(report, "tables"));
    for (; table != NULL; table = fdm_json_next(table)) {
        const char *name = fdm_json_text(fdm_json_member(table, "table"));
        if (name != NULL && strcmp(name, key) == 0)
            return fdm_json_first(fdm_json_member(table, "rows"));
    }
    return NULL;
}

/* NaN where the earlier file has no such row. */
static double value_before(const struct fdm_table *table, const struct fdm_json *report,
                           size_t keys, const char *value_key)
{
    const struct fdm_cell *cells = last_row(table);
    const struct fdm_json *row = find_rows(report, table->key);
    for (; row != NULL; row = fdm_json_next(row)) {
        size_t same = 0;
        while (same < keys && is_same(fdm_json_member(row, table->columns[same].key), &cells[same]))
            same++;
        if (same == keys)
            return fdm_json_value(fdm_json_member(row, value_key), NAN);
    }
    return NAN;
}

static double value_now(const struct fdm_table *table, const char *value_key)
{
    const struct fdm_cell *cells = last_row(table);
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].key, value_key) == 0)
            return cells[i].type == FDM_CELL_INT ? (double)cells[i].integer : cells[i].real;
    return NAN;
}

static void name_row(const struct fdm_table *table, size_t keys, char *out, size_t size)
{
    const struct fdm_cell *cells = last_row(table);
    size_t used = 0;
    for (size_t i = 0; i < keys && used < size; i++)
        if (cells[i].type == FDM_CELL_TEXT)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? " " : "",
                                     cells[i].text);
}

static void judge_row(const struct fdm_table *table, struct fdm_bench_baseline *baseline,
                      size_t keys, double change_percent)
{
    if (isnan(change_percent))
        return;
    baseline->compared++;
    baseline->worse += change_percent > (double)baseline->limit_percent;
    if (baseline->compared > 1 && change_percent <= baseline->worst_percent)
        return;
    baseline->worst_percent = change_percent;
    name_row(table, keys, baseline->worst, sizeof baseline->worst);
}

void fdm_bench_add_baseline_columns(struct fdm_table *table,
                                    const struct fdm_bench_baseline *baseline, const char *key,
                                    const char *header)
{
    if (baseline->json == NULL)
        return;
    fdm_table_add_column(table, key, header, FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(table, "change_percent", "Change %", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
}

void fdm_bench_compare(struct fdm_table *table, struct fdm_bench_baseline *baseline, size_t keys,
                       const char *value_key)
{
    if (baseline->json == NULL || table == NULL || table->failed)
        return;
    double before = value_before(table, baseline->json, keys, value_key);
    double change_percent = 100.0 * (value_now(table, value_key) / before - 1.0);
    judge_row(table, baseline, keys, change_percent);
    fdm_table_add_real(table, before, 2);
    fdm_table_add_real(table, change_percent, 1);
}

enum fdm_status fdm_bench_judge(const struct fdm_bench_baseline *baseline, struct fdm_error *err)
{
    if (!baseline->judged)
        return FDM_OK;
    if (baseline->compared == 0)
        return fdm_fail(err, FDM_ERR_MISMATCH, "%s has none of these rows: nothing was compared",
                        baseline->path);
    if (baseline->worse == 0)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_MISMATCH,
                    "%u of %u rows are more than %u %% above %s; the worst, %s, by %.1f %%",
                    baseline->worse, baseline->compared, baseline->limit_percent, baseline->path,
                    baseline->worst, baseline->worst_percent);
}
