/* Rows of footprints and times: named figures beside the published ones, each with its kind. */
#include "reports/card_tables.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct found {
    const struct fdm_measured_case *from; /* NULL: no such figure */
    const struct fdm_figure *figure;
};

/* ---- Footprints ------------------------------------------------------------------------------ */

#define BYTES_PER_KIB 1024.0

static const struct {
    const char *column;
    const char *figure;
    const char *header;
    const char *measured_key;
    const char *kind_key;
    const char *difference_key;
} footprints[] = {
#define FOOTPRINT(name, header)                                                                    \
    {                                                                                              \
        name "_kib", name "_bytes", header, "measured_" name "_kib", "kind_of_" name,              \
            "difference_" name "_kib"                                                              \
    }
    FOOTPRINT("internal_ram", "Internal RAM"),     FOOTPRINT("external_ram", "External RAM"),
    FOOTPRINT("activation_ram", "Activation RAM"), FOOTPRINT("runtime_ram", "Runtime RAM"),
    FOOTPRINT("weights_flash", "Weights Flash"),   FOOTPRINT("code_flash", "Code Flash"),
    FOOTPRINT("total_ram", "Total RAM"),           FOOTPRINT("total_flash", "Total Flash"),
#undef FOOTPRINT
};
#define FOOTPRINTS (sizeof footprints / sizeof footprints[0])

/* What stands nearest to the published figure goes first. */
static int rank_of(enum fdm_figure_kind kind)
{
    switch (kind) {
    case FDM_FIGURE_MEASURED:
        return 4;
    case FDM_FIGURE_COMPUTED:
        return 3;
    case FDM_FIGURE_ESTIMATED:
        return 2;
    case FDM_FIGURE_EMULATED:
        return 1;
    case FDM_FIGURE_PUBLISHED:
        break;
    }
    return 0;
}

static bool of_series(const char *board, const char *series)
{
    return series && *series && strncasecmp(board, series, strlen(series)) == 0;
}

/* A computed figure follows from the model file, so it holds wherever weights are stored as they
 * are; an NPU's compiler stores them in its own way. */
static bool counts_for(const struct fdm_card_table *table, const struct fdm_card_row *row,
                       const struct fdm_measured_case *c, const struct fdm_figure *figure)
{
    if (table->kind == FDM_CARD_MCU_MEMORY && figure->kind == FDM_FIGURE_COMPUTED)
        return true;
    return of_series(c->record->board, row->keys.series);
}

static bool goes_before(const struct fdm_measured_case *c, const struct fdm_figure *figure,
                        const struct found *best)
{
    const int rank = rank_of(figure->kind);
    if (rank == 0 || !best->figure)
        return rank > 0;
    const int other = rank_of(best->figure->kind);
    return rank > other || (rank == other && c->record->id > best->from->record->id);
}

static struct found find_footprint(const struct fdm_card_context *context,
                                   const struct fdm_card_table *table,
                                   const struct fdm_card_row *row, const char *name)
{
    struct found best = {0};
    for (size_t i = 0; i < context->count; i++) {
        const struct fdm_measured_case *c = &context->cases[i];
        if (!fdm_card_matches(context, &row->keys, c))
            continue;
        for (size_t f = 0; f < c->figure_count; f++) {
            const struct fdm_figure *figure = &c->figures[f];
            if (strcmp(figure->name, name) == 0 && counts_for(table, row, c, figure) &&
                goes_before(c, figure, &best))
                best = (struct found){c, figure};
        }
    }
    return best;
}

static bool has_column(const struct fdm_card_table *table, size_t footprint)
{
    return fdm_card_find_column(table, footprints[footprint].column) != SIZE_MAX;
}

static bool any_row_has(const struct fdm_card_context *context, const struct fdm_card_table *table,
                        size_t footprint)
{
    for (size_t i = 0; i < table->row_count; i++) {
        if (find_footprint(context, table, &table->rows[i], footprints[footprint].figure).figure)
            return true;
    }
    return false;
}

/* People see only columns with some figure, and one empty column if there is none at all. */
static bool none_at_all(const struct fdm_card_context *context, const struct fdm_card_table *table)
{
    for (size_t i = 0; i < FOOTPRINTS; i++) {
        if (has_column(table, i) && any_row_has(context, table, i))
            return false;
    }
    return true;
}

void fdm_card_footprint_columns(const struct fdm_card_context *context,
                                const struct fdm_card_table *table, struct fdm_table *out)
{
    if (none_at_all(context, table))
        fdm_table_add_column(out, "measured", "Measured", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE);
    for (size_t i = 0; i < FOOTPRINTS; i++) {
        if (!has_column(table, i))
            continue;
        if (any_row_has(context, table, i)) {
            char header[64];
            snprintf(header, sizeof header, "%s, ours", footprints[i].header);
            fdm_table_add_column(out, footprints[i].measured_key, header, FDM_ALIGN_RIGHT,
                                 FDM_FOR_PEOPLE);
            fdm_table_add_column(out, footprints[i].difference_key, "Difference", FDM_ALIGN_RIGHT,
                                 FDM_FOR_PEOPLE);
        }
        fdm_table_add_column(out, footprints[i].measured_key, "", FDM_ALIGN_RIGHT,
                             FDM_FOR_MACHINES);
        fdm_table_add_column(out, footprints[i].kind_key, "", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
        fdm_table_add_column(out, footprints[i].difference_key, "", FDM_ALIGN_RIGHT,
                             FDM_FOR_MACHINES);
    }
}

static void add_signed(struct fdm_table *out, double value, const char *suffix)
{
    /* What rounds to nothing is nothing: neither +0.00 nor -0.00. */
    if (fabs(value) < 0.005)
        fdm_table_add_textf(out, "0.00%s", suffix);
    else
        fdm_table_add_textf(out, "%+.2f%s", value, suffix);
}

static void add_footprint(const struct fdm_card_context *context,
                          const struct fdm_card_table *table, const struct fdm_card_row *row,
                          size_t footprint, struct fdm_table *out)
{
    const struct found found = find_footprint(context, table, row, footprints[footprint].figure);
    const struct fdm_card_cell *cell = fdm_card_find_cell(table, row, footprints[footprint].column);
    const bool shown = any_row_has(context, table, footprint);
    if (!found.figure) {
        for (int i = shown ? 0 : 2; i < 5; i++)
            fdm_table_add_none(out);
        return;
    }
    const double kib = found.figure->value / BYTES_PER_KIB;
    const double difference = cell->has_value ? kib - cell->value : NAN;
    const char *kind = fdm_figure_kind_name(found.figure->kind);
    fdm_card_mark_used(context, found.from);
    fdm_table_add_textf(out, "%.2f KiB %s", kib, kind);
    if (isnan(difference))
        fdm_table_add_none(out);
    else
        add_signed(out, difference, " KiB");
    fdm_table_add_real(out, kib, 2);
    fdm_table_add_text(out, kind);
    fdm_table_add_real(out, difference, 2);
}

void fdm_card_footprint_cells(const struct fdm_card_context *context,
                              const struct fdm_card_table *table, const struct fdm_card_row *row,
                              struct fdm_table *out)
{
    if (none_at_all(context, table))
        fdm_table_add_none(out);
    for (size_t i = 0; i < FOOTPRINTS; i++) {
        if (has_column(table, i))
            add_footprint(context, table, row, i, out);
    }
}

/* ---- Times ----------------------------------------------------------------------------------- */

#define NS_PER_MS 1e6

#define ANY_THREADS UINT32_MAX

/* "2 CPU": as many threads computed the published figure. 0: none did ("NPU/GPU"), so that no time
 * of a processor can be held against it. */
static uint32_t threads_of(const struct fdm_card_row *row)
{
    char *end = NULL;
    const char *engine = row->keys.engine;
    if (!engine)
        return ANY_THREADS;
    unsigned long count = strtoul(engine, &end, 10);
    return strcmp(end, " CPU") == 0 && count <= UINT16_MAX ? (uint32_t)count : 0;
}

static const struct fdm_figure *find_latency(const struct fdm_measured_case *c)
{
    for (size_t f = 0; f < c->figure_count; f++) {
        if (c->figures[f].kind == FDM_FIGURE_MEASURED &&
            strcmp(c->figures[f].name, "latency_median_ns") == 0)
            return &c->figures[f];
    }
    return NULL;
}

/* The time that a case measured for the row, or NULL. */
static const struct fdm_figure *time_for(const struct fdm_card_context *context,
                                         const struct fdm_card_row *row,
                                         const struct fdm_measured_case *c)
{
    if (!row->keys.board || strcmp(c->record->board, row->keys.board) != 0 ||
        !fdm_card_matches(context, &row->keys, c))
        return NULL;
    return find_latency(c);
}

/* The latest with that many threads, or with ANY_THREADS. */
static struct found find_time(const struct fdm_card_context *context,
                              const struct fdm_card_row *row, uint32_t threads)
{
    struct found best = {0};
    for (size_t i = 0; i < context->count; i++) {
        const struct fdm_measured_case *c = &context->cases[i];
        const struct fdm_figure *figure = time_for(context, row, c);
        if (figure && (threads == ANY_THREADS || c->record->threads == threads) &&
            (!best.from || c->record->id > best.from->record->id))
            best = (struct found){c, figure};
    }
    return best;
}

/* The next greater number of threads that a time was measured with, or 0. */
static uint32_t next_threads(const struct fdm_card_context *context, const struct fdm_card_row *row,
                             uint32_t threads)
{
    uint32_t next = 0;
    for (size_t i = 0; i < context->count; i++) {
        const uint32_t candidate = context->cases[i].record->threads;
        if (candidate > threads && (next == 0 || candidate < next) &&
            time_for(context, row, &context->cases[i]))
            next = candidate;
    }
    return next;
}

void fdm_card_time_columns(struct fdm_table *out)
{
    static const struct fdm_table_column columns[] = {
        {"measured", "Measured, median", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"difference", "Difference", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"measured_time_ms", "Measured (ms)", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"difference_ms", "Difference (ms)", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"difference_percent", "Difference (%)", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"measured_engine", "Engine", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"case", "Case", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"session", "Session", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"measured_threads", "Threads", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"other_threads", "Other threads", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"clock_remark", "Clock", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
    };
    fdm_table_add_columns(out, columns, sizeof columns / sizeof columns[0]);
}

/* "22.80 ms (reference, 2 threads)", with a mark where the board did not keep its clock. */
static void put_time(const struct fdm_card_context *context, const struct found *found,
                     struct fdm_table *out, struct fdm_buf *text)
{
    const struct fdm_case_record *record = found->from->record;
    const char *remark = found->from->clock_remark;
    fdm_card_mark_used(context, found->from);
    fdm_buf_printf(text, "%s%.2f ms (%s, %u thread%s)", text->len > 0 ? "; " : "",
                   found->figure->value / NS_PER_MS, record->engine, record->threads,
                   record->threads == 1 ? "" : "s");
    if (remark && remark[0] != '\0') {
        char note[256];
        snprintf(note, sizeof note, "Case %lld: %s", (long long)record->id, remark);
        fdm_buf_printf(text, " [%zu]", fdm_table_add_note(out, note));
    }
}

/* The row's own time first, then those of other numbers of threads: for people into `text`, for
 * machines into `others`. */
static void put_times(const struct fdm_card_context *context, const struct fdm_card_row *row,
                      const struct found *own, struct fdm_table *out, struct fdm_buf *text,
                      struct fdm_buf *others)
{
    if (own->figure)
        put_time(context, own, out, text);
    for (uint32_t t = 0; (t = next_threads(context, row, t)) != 0;) {
        const struct found found = find_time(context, row, t);
        if (!found.from || (own->from && own->from->record->threads == t))
            continue;
        put_time(context, &found, out, text);
        fdm_buf_printf(others, "%s%u=%.2f", others->len > 0 ? " " : "", t,
                       found.figure->value / NS_PER_MS);
    }
}

/* A text, or nothing where there is none. */
static void add_optional(struct fdm_table *out, const char *text)
{
    if (text && text[0] != '\0')
        fdm_table_add_text(out, text);
    else
        fdm_table_add_none(out);
}

static void add_time_difference(double published, double ms, struct fdm_table *out)
{
    const double percent = 100 * (ms - published) / published;
    char suffix[64];
    if (fabs(percent) < 0.05)
        snprintf(suffix, sizeof suffix, " ms (0.0 %%)");
    else
        snprintf(suffix, sizeof suffix, " ms (%+.1f %%)", percent);
    add_signed(out, ms - published, suffix);
}

/* What is known of the row's own time. */
static void add_own_time(const struct found *own, double published, struct fdm_table *out)
{
    const double ms = own->figure->value / NS_PER_MS;
    const struct fdm_case_record *record = own->from->record;
    if (isnan(published))
        fdm_table_add_none(out);
    else
        add_time_difference(published, ms, out);
    fdm_table_add_real(out, ms, 2);
    fdm_table_add_real(out, ms - published, 2);
    fdm_table_add_real(out, 100 * (ms - published) / published, 1);
    fdm_table_add_text(out, record->engine);
    fdm_table_add_int(out, record->id);
    fdm_table_add_int(out, record->session_id);
    fdm_table_add_int(out, record->threads);
}

void fdm_card_time_cells(const struct fdm_card_context *context, const struct fdm_card_table *table,
                         const struct fdm_card_row *row, struct fdm_table *out)
{
    const struct found own = find_time(context, row, threads_of(row));
    const struct fdm_card_cell *cell = fdm_card_find_cell(table, row, "time_ms");
    const double published = cell && cell->has_value && cell->value > 0 ? cell->value : NAN;
    struct fdm_buf text;
    struct fdm_buf others;
    fdm_buf_init(&text);
    fdm_buf_init(&others);
    put_times(context, row, &own, out, &text, &others);
    add_optional(out, text.data);
    if (own.figure)
        add_own_time(&own, published, out);
    for (int i = 0; !own.figure && i < 8; i++)
        fdm_table_add_none(out);
    add_optional(out, others.data);
    add_optional(out, own.figure ? own.from->clock_remark : NULL);
    out->failed |= text.failed || others.failed;
    fdm_buf_release(&text);
    fdm_buf_release(&others);
}
