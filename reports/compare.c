#include "reports/compare.h"

#include <stdlib.h>
#include <string.h>

#include "results/stats.h"

static const char *const axis_names[] = {"format", "semantics", "board", "engine"};

const char *fdm_axis_name(enum fdm_axis axis)
{
    return axis_names[axis];
}

/* ---- Pairs of cases -------------------------------------------------------------------------- */

static const char *axis_value(const struct fdm_case_record *record, enum fdm_axis axis)
{
    switch (axis) {
    case FDM_AXIS_FORMAT:
        return record->format;
    case FDM_AXIS_SEMANTICS:
        return record->semantics;
    case FDM_AXIS_BOARD:
        return record->board;
    case FDM_AXIS_ENGINE:
        break;
    }
    return record->engine;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* The same images, seen in the same way by a model of the same kind. */
static bool same_task(const struct fdm_case_record *a, const struct fdm_case_record *b)
{
    return a->split_id == b->split_id && a->image_count == b->image_count &&
           a->resolution == b->resolution && same(a->dataset, b->dataset) &&
           same(a->family, b->family) && same(a->mapping, b->mapping) &&
           same(a->label_order, b->label_order);
}

static bool match_except(const struct fdm_case_record *a, const struct fdm_case_record *b,
                         enum fdm_axis axis)
{
    const bool formats = axis == FDM_AXIS_FORMAT;
    return same_task(a, b) && (axis == FDM_AXIS_BOARD || same(a->board, b->board)) &&
           (axis == FDM_AXIS_ENGINE || same(a->engine, b->engine)) &&
           (formats || axis == FDM_AXIS_SEMANTICS || same(a->semantics, b->semantics)) &&
           (formats || (same(a->format, b->format) && same(a->model_sha256, b->model_sha256)));
}

static bool same_cell(const struct fdm_case_record *a, const struct fdm_case_record *b)
{
    return match_except(a, b, FDM_AXIS_BOARD) && same(a->board, b->board);
}

static bool is_latest(const struct fdm_case_record *cases, size_t count, size_t index)
{
    for (size_t i = 0; i < count; i++) {
        if (cases[i].state == FDM_CASE_COMPLETE && cases[i].id > cases[index].id &&
            same_cell(&cases[i], &cases[index]))
            return false;
    }
    return true;
}

struct pair_list {
    struct fdm_case_pair *pairs;
    size_t count;
    size_t capacity;
};

static enum fdm_status append_pair(struct pair_list *list, size_t a, size_t b,
                                   struct fdm_error *err)
{
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity ? 2 * list->capacity : 16;
        struct fdm_case_pair *pairs = realloc(list->pairs, capacity * sizeof *pairs);
        if (!pairs)
            return fdm_fail(err, FDM_ERR_MEMORY, "out of memory while pairing cases");
        list->pairs = pairs;
        list->capacity = capacity;
    }
    list->pairs[list->count++] = (struct fdm_case_pair){a, b};
    return FDM_OK;
}

static bool takes_part(const struct fdm_case_record *cases, size_t count, size_t index,
                       enum fdm_axis axis, const char *value)
{
    return cases[index].state == FDM_CASE_COMPLETE &&
           same(axis_value(&cases[index], axis), value) && is_latest(cases, count, index);
}

enum fdm_status fdm_compare_pair_cases(const struct fdm_case_record *cases, size_t count,
                                       enum fdm_axis axis, const char *a, const char *b,
                                       struct fdm_case_pair **pairs, size_t *pair_count,
                                       struct fdm_error *err)
{
    *pairs = NULL;
    *pair_count = 0;
    if (same(a, b))
        return fdm_fail(err, FDM_ERR_USAGE, "nothing to compare: both sides are %s %s",
                        fdm_axis_name(axis), a);
    struct pair_list list = {0};
    for (size_t i = 0; i < count; i++) {
        if (!takes_part(cases, count, i, axis, b))
            continue;
        for (size_t j = 0; j < count; j++) {
            if (!match_except(&cases[j], &cases[i], axis) || !takes_part(cases, count, j, axis, a))
                continue;
            const enum fdm_status status = append_pair(&list, j, i, err);
            if (status != FDM_OK) {
                free(list.pairs);
                return status;
            }
        }
    }
    *pairs = list.pairs;
    *pair_count = list.count;
    return FDM_OK;
}

/* ---- Pairs of images ------------------------------------------------------------------------- */

static int by_image(const void *left, const void *right)
{
    const uint32_t a = ((const struct fdm_prediction *)left)->image;
    const uint32_t b = ((const struct fdm_prediction *)right)->image;
    return (a > b) - (a < b);
}

static enum fdm_status check_prediction(const struct fdm_prediction *p, uint32_t class_count,
                                        int64_t case_id, struct fdm_error *err)
{
    const bool readable = p->predicted != FDM_PREDICTION_UNREADABLE;
    if ((uint32_t)p->label >= class_count || (readable && (uint32_t)p->predicted >= class_count))
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "case %lld, image %u: label %d or prediction %d is outside the %u classes",
                        (long long)case_id, p->image, p->label, p->predicted, class_count);
    return FDM_OK;
}

/* A checked copy in order of images; the caller frees. */
static enum fdm_status sort_predictions(const struct fdm_prediction *list, size_t count,
                                        uint32_t class_count, int64_t case_id,
                                        struct fdm_prediction **out, struct fdm_error *err)
{
    struct fdm_prediction *sorted = malloc((count ? count : 1) * sizeof *sorted);
    *out = sorted;
    if (!sorted)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu predictions", count);
    if (count)
        memcpy(sorted, list, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_image);
    for (size_t i = 0; i < count; i++) {
        const enum fdm_status status = check_prediction(&sorted[i], class_count, case_id, err);
        if (status != FDM_OK)
            return status;
        if (i > 0 && sorted[i].image == sorted[i - 1].image)
            return fdm_fail(err, FDM_ERR_FORMAT, "case %lld: image %u is there twice",
                            (long long)case_id, sorted[i].image);
    }
    return FDM_OK;
}

static void count_pair(struct fdm_comparison *c, const struct fdm_prediction *a,
                       const struct fdm_prediction *b)
{
    const bool right_a = a->predicted == a->label;
    const bool right_b = b->predicted == b->label;
    struct fdm_compare_class *class = &c->classes[a->label];
    c->n++;
    class->n++;
    c->k_a += right_a;
    class->k_a += right_a;
    c->k_b += right_b;
    class->k_b += right_b;
    c->agree += a->predicted == b->predicted;
    c->both_right += right_a && right_b;
    c->both_wrong_same += !right_a && a->predicted == b->predicted;
    c->both_wrong_different += !right_a && !right_b && a->predicted != b->predicted;
    if (right_a == right_b)
        return;
    c->flips[c->a_only + c->b_only] =
        (struct fdm_flip){a->image, a->label, a->predicted, b->predicted};
    c->a_only += right_a;
    class->a_only += right_a;
    c->b_only += right_b;
    class->b_only += right_b;
}

static enum fdm_status pair_images(const struct fdm_prediction *a, size_t count_a,
                                   const struct fdm_prediction *b, size_t count_b,
                                   struct fdm_comparison *out, struct fdm_error *err)
{
    size_t i = 0;
    size_t j = 0;
    while (i < count_a || j < count_b) {
        if (j == count_b || (i < count_a && a[i].image < b[j].image)) {
            out->unpaired += a[i++].predicted != FDM_PREDICTION_UNREADABLE;
            continue;
        }
        if (i == count_a || b[j].image < a[i].image) {
            out->unpaired += b[j++].predicted != FDM_PREDICTION_UNREADABLE;
            continue;
        }
        if (a[i].label != b[j].label)
            return fdm_fail(err, FDM_ERR_MISMATCH,
                            "image %u has label %d in one case, %d in the other", a[i].image,
                            a[i].label, b[j].label);
        const bool read_a = a[i].predicted != FDM_PREDICTION_UNREADABLE;
        const bool read_b = b[j].predicted != FDM_PREDICTION_UNREADABLE;
        if (read_a && read_b)
            count_pair(out, &a[i], &b[j]);
        out->unpaired += read_a != read_b;
        i++;
        j++;
    }
    return FDM_OK;
}

enum fdm_status fdm_compare(const struct fdm_compare_input *input, struct fdm_comparison *out,
                            struct fdm_error *err)
{
    *out = (struct fdm_comparison){.class_count = input->class_count};
    if (input->a->split_id != input->b->split_id)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "cases %lld and %lld were measured on different images",
                        (long long)input->a->id, (long long)input->b->id);
    struct fdm_prediction *a = NULL;
    struct fdm_prediction *b = NULL;
    const size_t least = input->count_a < input->count_b ? input->count_a : input->count_b;
    enum fdm_status status = sort_predictions(input->predictions_a, input->count_a,
                                              input->class_count, input->a->id, &a, err);
    if (status == FDM_OK)
        status = sort_predictions(input->predictions_b, input->count_b, input->class_count,
                                  input->b->id, &b, err);
    if (status != FDM_OK)
        goto done;
    out->classes = calloc((size_t)input->class_count + 1, sizeof *out->classes);
    out->flips = calloc(least + 1, sizeof *out->flips);
    if (!out->classes || !out->flips) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory to compare %zu images", least);
        goto done;
    }
    status = pair_images(a, input->count_a, b, input->count_b, out, err);
    out->p = fdm_stats_mcnemar_exact(out->a_only, out->b_only);
done:
    free(a);
    free(b);
    return status;
}

void fdm_comparison_release(struct fdm_comparison *comparison)
{
    free(comparison->classes);
    free(comparison->flips);
    *comparison = (struct fdm_comparison){0};
}
