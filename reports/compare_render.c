#include "reports/compare.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/report.h"
#include "reports/words.h"

#define SIDE_SIZE (2 * FDM_RECORD_WORD + 4)

/* A side in words: its value on the axis; an int8 model is named with its semantics. */
static void side_name(const struct fdm_case_record *record, enum fdm_axis axis, char *out,
                      size_t size)
{
    switch (axis) {
    case FDM_AXIS_FORMAT:
        if (strcmp(record->semantics, record->format) == 0)
            snprintf(out, size, "%s", record->format);
        else
            snprintf(out, size, "%s (%s)", record->format, record->semantics);
        return;
    case FDM_AXIS_SEMANTICS:
        snprintf(out, size, "%s", record->semantics);
        return;
    case FDM_AXIS_BOARD:
        snprintf(out, size, "%s", record->board);
        return;
    case FDM_AXIS_ENGINE:
        snprintf(out, size, "%s", record->engine);
        return;
    }
}

/* ---- What tells the pairs apart -------------------------------------------------------------- */

/* One aspect of a pair in words; empty where the axis tells it already. */
typedef void describe_fn(const struct fdm_compare_item *item, enum fdm_axis axis, char *out,
                         size_t size);

static void describe_a(const struct fdm_compare_item *item, enum fdm_axis axis, char *out,
                       size_t size)
{
    side_name(item->input->a, axis, out, size);
}

static void describe_b(const struct fdm_compare_item *item, enum fdm_axis axis, char *out,
                       size_t size)
{
    side_name(item->input->b, axis, out, size);
}

static void describe_board(const struct fdm_compare_item *item, enum fdm_axis axis, char *out,
                           size_t size)
{
    snprintf(out, size, "%s", axis == FDM_AXIS_BOARD ? "" : item->input->b->board);
}

static void describe_engine(const struct fdm_compare_item *item, enum fdm_axis axis, char *out,
                            size_t size)
{
    snprintf(out, size, "%s", axis == FDM_AXIS_ENGINE ? "" : item->input->b->engine);
}

static void describe_semantics(const struct fdm_compare_item *item, enum fdm_axis axis, char *out,
                               size_t size)
{
    const bool told = axis == FDM_AXIS_SEMANTICS || axis == FDM_AXIS_FORMAT;
    snprintf(out, size, "%s", told ? "" : item->input->b->semantics);
}

static const struct {
    const char *key;
    const char *label;
    describe_fn *describe;
} aspects[] = {
    {"a", "A", describe_a},
    {"b", "B", describe_b},
    {"board", "Board", describe_board},
    {"engine", "Engine", describe_engine},
    {"semantics", "Semantics", describe_semantics},
};
#define ASPECTS (sizeof aspects / sizeof aspects[0])

static bool varies(const struct fdm_compare_item *items, size_t count, enum fdm_axis axis,
                   describe_fn *describe)
{
    char first[SIDE_SIZE];
    char other[SIDE_SIZE];
    for (size_t i = 1; i < count; i++) {
        describe(&items[0], axis, first, sizeof first);
        describe(&items[i], axis, other, sizeof other);
        if (strcmp(first, other) != 0)
            return true;
    }
    return false;
}

/* What is the same for all pairs is told once, as a fact; the rest gets a column. */
static void add_facts(struct fdm_report *report, const struct fdm_compare_item *items, size_t count,
                      enum fdm_axis axis)
{
    fdm_report_add_fact(report, "axis", "Axis", fdm_axis_name(axis));
    for (size_t i = 0; i < ASPECTS && count > 0; i++) {
        char text[SIDE_SIZE];
        aspects[i].describe(&items[0], axis, text, sizeof text);
        if (!varies(items, count, axis, aspects[i].describe))
            fdm_report_add_fact(report, aspects[i].key, aspects[i].label, text);
    }
}

/* ---- Pairs ----------------------------------------------------------------------------------- */

static void add_pair_columns(struct fdm_table *t, const struct fdm_compare_item *items,
                             size_t count, enum fdm_axis axis)
{
    static const struct fdm_table_column begin[] = {
        {"dataset", "Dataset", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"family", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"resolution", "Resolution", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    static const struct fdm_table_column end[] = {
        {"case_a", "Case A", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"case_b", "Case B", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"board_a", "Board A", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"board_b", "Board B", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"engine_a", "Engine A", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"engine_b", "Engine B", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"format_a", "Format A", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"format_b", "Format B", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"semantics_a", "Semantics A", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"semantics_b", "Semantics B", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"images", "N", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"n", "N", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"k_a", "A right", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"k_b", "B right", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"accuracy_a", "A (%)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"accuracy_b", "B (%)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"difference", "B - A (images)", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"difference_images", "Difference (images)", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"difference_points", "Difference (points)", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"a_only_right", "Only A", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"b_only_right", "Only B", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"both_right", "Both", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"neither", "Neither", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"both_wrong_same", "Neither, alike", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"both_wrong_different", "Neither, differently", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"agree", "Agree", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"agreement", "Agree (%)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"unpaired", "Unpaired", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"p", "p", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"p_value", "p", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
    };
    fdm_table_add_columns(t, begin, sizeof begin / sizeof begin[0]);
    for (size_t i = 0; i < ASPECTS; i++) {
        /* The sides have a column for machines always; the others stand there per side anyway. */
        const bool shown = varies(items, count, axis, aspects[i].describe);
        const bool side = aspects[i].describe == describe_a || aspects[i].describe == describe_b;
        if (shown || side)
            fdm_table_add_column(t, aspects[i].key, aspects[i].label, FDM_ALIGN_LEFT,
                                 !shown ? FDM_FOR_MACHINES
                                 : side ? FDM_FOR_ALL
                                        : FDM_FOR_PEOPLE);
    }
    fdm_table_add_columns(t, end, sizeof end / sizeof end[0]);
}

static void add_cases(struct fdm_table *t, const struct fdm_case_record *a,
                      const struct fdm_case_record *b)
{
    fdm_table_add_int(t, a->id);
    fdm_table_add_int(t, b->id);
    fdm_table_add_text(t, a->board);
    fdm_table_add_text(t, b->board);
    fdm_table_add_text(t, a->engine);
    fdm_table_add_text(t, b->engine);
    fdm_table_add_text(t, a->format);
    fdm_table_add_text(t, b->format);
    fdm_table_add_text(t, a->semantics);
    fdm_table_add_text(t, b->semantics);
}

static void add_image_count(struct fdm_table *t, const struct fdm_comparison *c)
{
    if (c->unpaired == 0) {
        fdm_table_add_textf(t, "%u", c->n);
    } else {
        char note[128];
        snprintf(note, sizeof note,
                 "%u images were evaluated in one of the two cases only and are left out",
                 c->unpaired);
        fdm_table_add_textf(t, "%u [%zu]", c->n, fdm_table_add_note(t, note));
    }
    fdm_table_add_int(t, c->n);
}

static void add_counts(struct fdm_table *t, const struct fdm_comparison *c)
{
    add_image_count(t, c);
    fdm_table_add_int(t, c->k_a);
    fdm_table_add_int(t, c->k_b);
    fdm_words_percent(t, c->k_a, c->n);
    fdm_words_percent(t, c->k_b, c->n);
    fdm_words_difference(t, c->k_a, c->k_b, c->n);
    fdm_table_add_int(t, c->a_only);
    fdm_table_add_int(t, c->b_only);
    fdm_table_add_int(t, c->both_right);
    fdm_table_add_textf(t, "%u+%u", c->both_wrong_same, c->both_wrong_different);
    fdm_table_add_int(t, c->both_wrong_same);
    fdm_table_add_int(t, c->both_wrong_different);
    fdm_table_add_int(t, c->agree);
    fdm_words_percent(t, c->agree, c->n);
    fdm_table_add_int(t, c->unpaired);
    fdm_table_add_textf(t, "%.3g", c->p);
    fdm_table_add_real(t, c->p, 6);
}

static void add_pairs(struct fdm_table *t, const struct fdm_compare_item *items, size_t count,
                      enum fdm_axis axis)
{
    add_pair_columns(t, items, count, axis);
    for (size_t i = 0; i < count; i++) {
        const struct fdm_case_record *b = items[i].input->b;
        fdm_table_add_text(t, b->dataset);
        fdm_table_add_text(t, b->family);
        fdm_table_add_int(t, b->resolution);
        for (size_t k = 0; k < ASPECTS; k++) {
            char text[SIDE_SIZE];
            aspects[k].describe(&items[i], axis, text, sizeof text);
            if (aspects[k].describe == describe_a || aspects[k].describe == describe_b ||
                varies(items, count, axis, aspects[k].describe))
                fdm_table_add_text(t, text);
        }
        add_cases(t, items[i].input->a, b);
        add_counts(t, items[i].comparison);
    }
}

/* ---- Classes and flips ----------------------------------------------------------------------- */

static void add_case_columns(struct fdm_table *t)
{
    fdm_table_add_column(t, "case_a", "Case A", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES);
    fdm_table_add_column(t, "case_b", "Case B", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES);
}

static void add_classes(struct fdm_table *t, const struct fdm_compare_item *item)
{
    static const struct fdm_table_column columns[] = {
        {"label", "Label", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"class", "Class", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"n", "N", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"k_a", "A right", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"k_b", "B right", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"difference", "B - A (images)", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"difference_images", "Difference (images)", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"difference_points", "Difference (points)", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"a_only_right", "Only A", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"b_only_right", "Only B", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    add_case_columns(t);
    fdm_table_add_columns(t, columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < item->comparison->class_count; i++) {
        const struct fdm_compare_class *class = &item->comparison->classes[i];
        fdm_table_add_int(t, item->input->a->id);
        fdm_table_add_int(t, item->input->b->id);
        fdm_table_add_int(t, i);
        fdm_table_add_text(t, item->input->class_names[i]);
        fdm_table_add_int(t, class->n);
        fdm_table_add_int(t, class->k_a);
        fdm_table_add_int(t, class->k_b);
        fdm_words_difference(t, class->k_a, class->k_b, class->n);
        fdm_table_add_int(t, class->a_only);
        fdm_table_add_int(t, class->b_only);
    }
}

static void add_flips(struct fdm_table *t, const struct fdm_compare_item *item, size_t count)
{
    static const struct fdm_table_column columns[] = {
        {"image", "Image", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"name", "Name", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"label", "Label", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"class", "Class", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"predicted_a", "Predicted A", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"class_a", "A says", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"predicted_b", "Predicted B", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"class_b", "B says", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"who", "Right", FDM_ALIGN_LEFT, FDM_FOR_PEOPLE},
        {"right", "Right", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
    };
    const char *const *names = item->input->class_names;
    add_case_columns(t);
    fdm_table_add_columns(t, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count; i++) {
        const struct fdm_flip *flip = &item->comparison->flips[i];
        fdm_table_add_int(t, item->input->a->id);
        fdm_table_add_int(t, item->input->b->id);
        fdm_table_add_int(t, flip->image);
        fdm_table_add_text(t,
                           flip->image < item->image_count ? item->image_names[flip->image] : NULL);
        fdm_table_add_int(t, flip->label);
        fdm_table_add_text(t, names[flip->label]);
        fdm_table_add_int(t, flip->predicted_a);
        fdm_table_add_text(t, names[flip->predicted_a]);
        fdm_table_add_int(t, flip->predicted_b);
        fdm_table_add_text(t, names[flip->predicted_b]);
        fdm_table_add_text(t, flip->predicted_a == flip->label ? "A" : "B");
        fdm_table_add_text(t, flip->predicted_a == flip->label ? "a" : "b");
    }
}

static size_t flip_count(const struct fdm_compare_item *item)
{
    return (size_t)item->comparison->a_only + item->comparison->b_only;
}

#define TITLE_SIZE (2 * SIDE_SIZE + 2 * FDM_RECORD_NAME + 96)

static void add_details(struct fdm_report *report, const struct fdm_compare_item *item,
                        const struct fdm_compare_options *options)
{
    const struct fdm_case_record *b = item->input->b;
    char side_a[SIDE_SIZE];
    char side_b[SIDE_SIZE];
    char pair[TITLE_SIZE];
    char title[TITLE_SIZE + 64];
    side_name(item->input->a, options->axis, side_a, sizeof side_a);
    side_name(b, options->axis, side_b, sizeof side_b);
    snprintf(pair, sizeof pair, "%s, %s, %u pixels: %s (A) against %s (B)", b->dataset, b->family,
             b->resolution, side_a, side_b);
    if (options->classes) {
        snprintf(title, sizeof title, "Classes of %s", pair);
        add_classes(fdm_report_add_table(report, "classes", title), item);
    }
    if (options->flip_limit) {
        const size_t count = flip_count(item);
        const size_t shown = count < options->flip_limit ? count : options->flip_limit;
        snprintf(title, sizeof title, "Flips (%zu of %zu) of %s", shown, count, pair);
        add_flips(fdm_report_add_table(report, "flips", title), item, shown);
    }
}

enum fdm_status fdm_compare_render(const struct fdm_compare_item *items, size_t count,
                                   const struct fdm_compare_options *options,
                                   enum fdm_report_format format, struct fdm_buf *out,
                                   struct fdm_error *err)
{
    char title[3 * FDM_RECORD_WORD];
    struct fdm_report report;
    snprintf(title, sizeof title, "Comparison by %s: %.*s (A) against %.*s (B)",
             fdm_axis_name(options->axis), FDM_RECORD_WORD, options->a, FDM_RECORD_WORD,
             options->b);
    fdm_report_init(&report, "compare", title);
    add_facts(&report, items, count, options->axis);
    add_pairs(fdm_report_add_table(&report, "pairs", NULL), items, count, options->axis);
    for (size_t i = 0; i < count; i++)
        add_details(&report, &items[i], options);
    fdm_report_add_legend(&report, "B - A: the difference in percentage points, then in images.");
    fdm_report_add_legend(&report, "Only A, only B: images that one of the two got right. Neither: "
                                   "the same wrong answer + different wrong answers.");
    fdm_report_add_legend(&report, "p: McNemar's exact test, two-sided: how likely so uneven a "
                                   "split between only A and only B is if neither is better.");
    const enum fdm_status status = fdm_report_render(&report, format, out, err);
    fdm_report_release(&report);
    return status;
}
