/* Accuracy rows: the measured k of N, the published one decoded, and the spread over semantics. */
#include "reports/card_tables.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/stats.h"

#define DASH "\xE2\x80\x93"

struct accuracy {
    const struct fdm_measured_case *measured; /* NULL: no case of the default semantics */
    bool comparable;                          /* it was measured on the images of the card */
    bool has_published;
    bool reachable;      /* some k of n rounds to the published figure */
    uint32_t hundredths; /* the published figure */
    uint32_t first;      /* the k that round to it */
    uint32_t last;
    const char *split; /* sha256 that all cases of the spread share; NULL without any */
    uint32_t n;        /* images of that split */
    uint32_t spread;   /* semantics measured on it */
    uint32_t k_min;
    uint32_t k_max;
};

/* ---- Finding --------------------------------------------------------------------------------- */

/* ST split the data of the models called "tfs" with its own procedure, those of the older ones with
 * Keras'. Either is a published split, but not of the other's figures. */
static bool split_fits_family(const struct fdm_split_record *split, const char *family)
{
    const bool tfs = family && strstr(family, "tfs");
    if (strcmp(split->scheme, "st") == 0)
        return tfs;
    return strcmp(split->scheme, "keras") != 0 || !tfs;
}

static bool is_comparable(const struct fdm_card_table *table, const struct fdm_card_row *row,
                          const struct fdm_measured_case *c)
{
    return !table->split_unknown && c->split->published &&
           split_fits_family(c->split, row->keys.family) && c->split->count > 0 &&
           c->record->evaluated == c->split->count;
}

/* The latest case of the default semantics; one on the card's images goes before any other. */
static void find_measured(const struct fdm_card_context *context,
                          const struct fdm_card_table *table, const struct fdm_card_row *row,
                          struct accuracy *a)
{
    const bool is_float = row->keys.format && strcmp(row->keys.format, "float") == 0;
    const char *semantics = is_float ? "float" : context->semantics;
    for (size_t i = 0; i < context->count; i++) {
        const struct fdm_measured_case *c = &context->cases[i];
        if (!fdm_card_matches(context, &row->keys, c) ||
            strcmp(c->record->semantics, semantics) != 0)
            continue;
        const bool comparable = is_comparable(table, row, c);
        if (a->measured &&
            (comparable < a->comparable ||
             (comparable == a->comparable && c->record->id < a->measured->record->id)))
            continue;
        a->measured = c;
        a->comparable = comparable;
    }
}

static const char *latest_split(const struct fdm_card_context *context,
                                const struct fdm_card_table *table, const struct fdm_card_row *row)
{
    const struct fdm_measured_case *latest = NULL;
    for (size_t i = 0; i < context->count; i++) {
        const struct fdm_measured_case *c = &context->cases[i];
        if (fdm_card_matches(context, &row->keys, c) && is_comparable(table, row, c) &&
            (!latest || c->record->id > latest->record->id))
            latest = c;
    }
    return latest ? latest->split->sha256 : NULL;
}

static bool on_split(const struct fdm_card_context *context, const struct fdm_card_table *table,
                     const struct fdm_card_row *row, const struct accuracy *a,
                     const struct fdm_measured_case *c)
{
    return fdm_card_matches(context, &row->keys, c) && is_comparable(table, row, c) &&
           strcmp(c->split->sha256, a->split) == 0;
}

/* Whether the case speaks for its semantics: on the split of the spread, and the latest there. */
static bool in_spread(const struct fdm_card_context *context, const struct fdm_card_table *table,
                      const struct fdm_card_row *row, const struct accuracy *a,
                      const struct fdm_measured_case *c)
{
    if (!a->split || !on_split(context, table, row, a, c))
        return false;
    for (size_t i = 0; i < context->count; i++) {
        const struct fdm_measured_case *other = &context->cases[i];
        if (other->record->id > c->record->id &&
            strcmp(other->record->semantics, c->record->semantics) == 0 &&
            on_split(context, table, row, a, other))
            return false;
    }
    return true;
}

static void find_spread(const struct fdm_card_context *context, const struct fdm_card_table *table,
                        const struct fdm_card_row *row, struct accuracy *a)
{
    a->split = a->comparable ? a->measured->split->sha256 : latest_split(context, table, row);
    for (size_t i = 0; i < context->count; i++) {
        const struct fdm_measured_case *c = &context->cases[i];
        if (!in_spread(context, table, row, a, c))
            continue;
        const uint32_t k = c->record->correct;
        a->k_min = a->spread == 0 || k < a->k_min ? k : a->k_min;
        a->k_max = a->spread == 0 || k > a->k_max ? k : a->k_max;
        a->n = c->split->count;
        a->spread++;
        fdm_card_mark_used(context, c);
    }
}

static struct accuracy find_accuracy(const struct fdm_card_context *context,
                                     const struct fdm_card_table *table,
                                     const struct fdm_card_row *row)
{
    struct accuracy a = {0};
    const struct fdm_card_cell *cell = fdm_card_find_cell(table, row, "top1_percent");
    find_measured(context, table, row, &a);
    find_spread(context, table, row, &a);
    if (a.measured)
        fdm_card_mark_used(context, a.measured);
    a.has_published = cell && cell->has_value && cell->value >= 0 && cell->value <= 100;
    if (a.has_published) {
        a.hundredths = (uint32_t)lround(cell->value * 100);
        a.reachable = a.split && fdm_stats_k_range(a.hundredths, a.n, &a.first, &a.last);
    }
    return a;
}

/* ---- Columns --------------------------------------------------------------------------------- */

void fdm_card_accuracy_columns(struct fdm_table *out)
{
    static const struct fdm_table_column columns[] = {
        {"measured", "Measured (%)", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"right", "k/N", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"interval", "95 % interval", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"difference", "Difference (images)", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"spread", "Spread of k", FDM_ALIGN_LEFT, FDM_FOR_PEOPLE},
        {"within", "In the spread", FDM_ALIGN_LEFT, FDM_FOR_PEOPLE},
        {"exact", "Met exactly by", FDM_ALIGN_LEFT, FDM_FOR_PEOPLE},
        {"comparable", "Comparable", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"measured_percent", "Measured (%)", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"measured_k", "k", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"measured_n", "N", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"interval_low_percent", "Low", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"interval_high_percent", "High", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"published_k_first", "Published k, least", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"published_k_last", "Published k, greatest", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"difference_points", "Difference", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"difference_images", "Difference", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"spread_k_min", "Least k", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"spread_k_max", "Greatest k", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"spread_semantics", "k by semantics", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"in_spread", "In the spread", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"spread_distance_images", "Outside by", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"exact_semantics", "Met exactly by", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"case", "Case", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"session", "Session", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"measured_board", "Board", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"measured_engine", "Engine", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"semantics", "Semantics", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"mapping", "Input mapping", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"label_order", "Label order", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"split_sha256", "Split", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
    };
    fdm_table_add_columns(out, columns, sizeof columns / sizeof columns[0]);
}

/* ---- Cells for people ------------------------------------------------------------------------ */

static void put_note(struct fdm_table *out, const char *note, struct fdm_buf *text)
{
    fdm_buf_printf(text, " [%zu]", fdm_table_add_note(out, note));
}

static void put_remarks(const struct fdm_case_record *record, struct fdm_table *out,
                        struct fdm_buf *text)
{
    char note[2 * FDM_RECORD_WORD + 128];
    if (record->mapping_corrected) {
        snprintf(note, sizeof note,
                 "measured with the input mapping %s; the published one saturates this model's "
                 "input",
                 record->mapping);
        put_note(out, note, text);
    }
    if (strcmp(record->label_order, "bytes") != 0) {
        snprintf(note, sizeof note, "outputs read in the label order \"%s\"", record->label_order);
        put_note(out, note, text);
    }
    if (record->unreadable > 0) {
        snprintf(note, sizeof note, "images that could not be read: %u", record->unreadable);
        put_note(out, note, text);
    }
}

static void add_text_of(struct fdm_table *out, struct fdm_buf *text)
{
    if (text->failed)
        out->failed = true;
    fdm_table_add_text(out, text->data);
    fdm_buf_release(text);
    fdm_buf_init(text);
}

static void add_right(const struct accuracy *a, struct fdm_table *out)
{
    const struct fdm_case_record *r = a->measured->record;
    struct fdm_buf text;
    fdm_buf_init(&text);
    if (a->comparable) {
        fdm_table_add_real(out, fdm_stats_percent_hundredths(r->correct, r->evaluated) / 100.0, 2);
        fdm_buf_printf(&text, "%u/%u", r->correct, r->evaluated);
    } else {
        fdm_table_add_none(out);
        fdm_buf_printf(&text, "sample %u/%u", r->correct, r->evaluated);
        if (r->evaluated > 0)
            fdm_buf_printf(&text, " (%.2f %%)", 100.0 * r->correct / r->evaluated);
    }
    put_remarks(r, out, &text);
    add_text_of(out, &text);
    const struct fdm_interval i = fdm_stats_wilson(r->correct, r->evaluated);
    fdm_table_add_textf(out, "%.2f" DASH "%.2f", 100 * i.low, 100 * i.high);
}

/* Signed distance of a count from a range of counts, 0 inside. */
static int64_t distance(uint32_t k, uint32_t first, uint32_t last)
{
    if (k < first)
        return (int64_t)k - first;
    return k > last ? (int64_t)k - last : 0;
}

static double difference_points(const struct accuracy *a)
{
    const struct fdm_case_record *r = a->measured->record;
    const int64_t measured = fdm_stats_percent_hundredths(r->correct, r->evaluated);
    return (double)(measured - (int64_t)a->hundredths) / 100;
}

static void add_difference(const struct accuracy *a, struct fdm_table *out)
{
    if (!a->comparable || !a->has_published) {
        fdm_table_add_none(out);
        return;
    }
    struct fdm_buf text;
    fdm_buf_init(&text);
    const double points = difference_points(a);
    fdm_buf_printf(&text, points != 0 ? "%+.2f" : "%.2f", points);
    if (a->reachable) {
        const int64_t images = distance(a->measured->record->correct, a->first, a->last);
        fdm_buf_printf(&text, images ? " (%+lld)" : " (%lld)", (long long)images);
    } else {
        char note[128];
        snprintf(note, sizeof note, "the published %u.%02u %% is no k of %u images, rounded",
                 a->hundredths / 100, a->hundredths % 100, a->n);
        put_note(out, note, &text);
    }
    add_text_of(out, &text);
}

/* ---- The spread ------------------------------------------------------------------------------ */

/* A row with all that was found out about it. */
struct seen {
    const struct fdm_card_context *context;
    const struct fdm_card_table *table;
    const struct fdm_card_row *row;
    const struct accuracy *a;
};

/* Names, in the order of the cases, of the semantics whose k lies from `first` to `last`; with
 * counts "name=k". */
static void put_semantics(const struct seen *seen, uint32_t first, uint32_t last, bool counts,
                          const char *separator, struct fdm_buf *text)
{
    const char *between = "";
    for (size_t i = 0; i < seen->context->count; i++) {
        const struct fdm_measured_case *c = &seen->context->cases[i];
        const uint32_t k = c->record->correct;
        if (k < first || k > last || !in_spread(seen->context, seen->table, seen->row, seen->a, c))
            continue;
        fdm_buf_printf(text, "%s%s", between, c->record->semantics);
        if (counts)
            fdm_buf_printf(text, "=%u", k);
        between = separator;
    }
}

static void add_spread(const struct seen *seen, struct fdm_table *out)
{
    const struct accuracy *a = seen->a;
    struct fdm_buf text;
    fdm_buf_init(&text);
    if (a->spread >= 2 && a->k_min == a->k_max) {
        fdm_buf_printf(&text, "%u (all %u)", a->k_min, a->spread);
    } else if (a->spread >= 2) {
        fdm_buf_printf(&text, "%u (", a->k_min);
        put_semantics(seen, a->k_min, a->k_min, false, ", ", &text);
        fdm_buf_printf(&text, ") " DASH " %u (", a->k_max);
        put_semantics(seen, a->k_max, a->k_max, false, ", ", &text);
        fdm_buf_puts(&text, ")");
    }
    add_text_of(out, &text);
}

static bool meets_spread(const struct accuracy *a)
{
    return a->spread >= 2 && a->reachable;
}

/* How far the published count lies above (+) or below (-) the spread; 0 within. */
static int64_t outside_by(const struct accuracy *a)
{
    if (a->first > a->k_max)
        return (int64_t)a->first - a->k_max;
    return a->last < a->k_min ? (int64_t)a->last - a->k_min : 0;
}

static void add_within(const struct accuracy *a, struct fdm_table *out)
{
    if (!meets_spread(a))
        fdm_table_add_none(out);
    else if (outside_by(a) == 0)
        fdm_table_add_text(out, "yes");
    else
        fdm_table_add_textf(out, "no (%+lld)", (long long)outside_by(a));
}

static void add_exact(const struct seen *seen, const char *separator, const char *none,
                      struct fdm_table *out)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    if (seen->a->reachable)
        put_semantics(seen, seen->a->first, seen->a->last, false, separator, &text);
    if (seen->a->reachable && text.len == 0)
        fdm_buf_puts(&text, none);
    add_text_of(out, &text);
}

/* ---- Cells for machines ---------------------------------------------------------------------- */

static void add_nones(struct fdm_table *out, int count)
{
    for (int i = 0; i < count; i++)
        fdm_table_add_none(out);
}

static void add_measured_values(const struct accuracy *a, struct fdm_table *out)
{
    const struct fdm_case_record *r = a->measured ? a->measured->record : NULL;
    if (!r || r->evaluated == 0) {
        add_nones(out, 6);
        return;
    }
    const struct fdm_interval i = fdm_stats_wilson(r->correct, r->evaluated);
    fdm_table_add_bool(out, a->comparable);
    fdm_table_add_real(out, fdm_stats_percent_hundredths(r->correct, r->evaluated) / 100.0, 2);
    fdm_table_add_int(out, r->correct);
    fdm_table_add_int(out, r->evaluated);
    fdm_table_add_real(out, 100 * i.low, 2);
    fdm_table_add_real(out, 100 * i.high, 2);
}

static void add_difference_values(const struct accuracy *a, struct fdm_table *out)
{
    if (a->reachable) {
        fdm_table_add_int(out, a->first);
        fdm_table_add_int(out, a->last);
    } else {
        add_nones(out, 2);
    }
    const bool differs = a->comparable && a->has_published;
    fdm_table_add_real(out, differs ? difference_points(a) : NAN, 2);
    if (differs && a->reachable)
        fdm_table_add_int(out, distance(a->measured->record->correct, a->first, a->last));
    else
        fdm_table_add_none(out);
}

static void add_spread_values(const struct seen *seen, struct fdm_table *out)
{
    const struct accuracy *a = seen->a;
    struct fdm_buf text;
    fdm_buf_init(&text);
    if (a->spread > 0) {
        fdm_table_add_int(out, a->k_min);
        fdm_table_add_int(out, a->k_max);
        put_semantics(seen, 0, UINT32_MAX, true, " ", &text);
    } else {
        add_nones(out, 2);
    }
    add_text_of(out, &text);
    if (meets_spread(a)) {
        fdm_table_add_bool(out, outside_by(a) == 0);
        fdm_table_add_int(out, outside_by(a));
    } else {
        add_nones(out, 2);
    }
    add_exact(seen, " ", "", out);
}

static void add_evidence(const struct accuracy *a, struct fdm_table *out)
{
    if (!a->measured) {
        add_nones(out, 8);
        return;
    }
    const struct fdm_case_record *r = a->measured->record;
    fdm_table_add_int(out, r->id);
    fdm_table_add_int(out, r->session_id);
    fdm_table_add_text(out, r->board);
    fdm_table_add_text(out, r->engine);
    fdm_table_add_text(out, r->semantics);
    fdm_table_add_text(out, r->mapping);
    fdm_table_add_text(out, r->label_order);
    fdm_table_add_text(out, a->measured->split->sha256);
}

void fdm_card_accuracy_cells(const struct fdm_card_context *context,
                             const struct fdm_card_table *table, const struct fdm_card_row *row,
                             struct fdm_table *out)
{
    const struct accuracy a = find_accuracy(context, table, row);
    const struct seen seen = {context, table, row, &a};
    if (a.measured)
        add_right(&a, out);
    else
        add_nones(out, 3);
    add_difference(&a, out);
    add_spread(&seen, out);
    add_within(&a, out);
    add_exact(&seen, ", ", "none", out);
    add_measured_values(&a, out);
    add_difference_values(&a, out);
    add_spread_values(&seen, out);
    add_evidence(&a, out);
}
