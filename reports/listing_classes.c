/* The tables of `show` that predictions make: classes, confusions and wrong images. */
#include "reports/listing_classes.h"

#include <stdio.h>
#include <stdlib.h>

#include "reports/words.h"
#include "results/label_order.h"

/* What the predictions say, class by class. */
struct tally {
    uint32_t class_count;
    uint32_t *confusion; /* [label][predicted] */
    uint32_t *of_class;  /* readable images by label */
    uint32_t *predicted; /* readable images by predicted class */
};

struct view {
    struct fdm_report *report;
    const struct fdm_case_detail *detail;
    const struct fdm_case_limits *limits;
    struct tally tally;
};

/* ---- Counting -------------------------------------------------------------------------------- */

static bool is_readable(const struct fdm_prediction *p)
{
    return p->predicted != FDM_PREDICTION_UNREADABLE;
}

static enum fdm_status count_predictions(const struct fdm_case_detail *detail, struct tally *tally,
                                         struct fdm_error *err)
{
    const uint32_t classes = detail->class_count;
    tally->class_count = classes;
    if (classes > FDM_LABEL_CLASSES_MAX) {
        fdm_fail(err, FDM_ERR_UNSUPPORTED, "%u classes: at most %d can be shown", classes,
                 FDM_LABEL_CLASSES_MAX);
        return FDM_ERR_UNSUPPORTED;
    }
    tally->confusion = calloc((size_t)classes * classes + 1, sizeof(uint32_t));
    tally->of_class = calloc((size_t)classes + 1, sizeof(uint32_t));
    tally->predicted = calloc((size_t)classes + 1, sizeof(uint32_t));
    if (!tally->confusion || !tally->of_class || !tally->predicted) {
        fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u classes", classes);
        return FDM_ERR_MEMORY;
    }
    for (size_t i = 0; i < detail->prediction_count; i++) {
        const struct fdm_prediction *p = &detail->predictions[i];
        if (!is_readable(p))
            continue;
        if ((uint32_t)p->label >= classes || (uint32_t)p->predicted >= classes)
            return fdm_fail(err, FDM_ERR_FORMAT,
                            "image %u: label %d or prediction %d is outside the %u classes",
                            p->image, p->label, p->predicted, classes);
        tally->confusion[(size_t)p->label * classes + (size_t)p->predicted]++;
        tally->of_class[p->label]++;
        tally->predicted[p->predicted]++;
    }
    return FDM_OK;
}

static uint32_t right_of(const struct tally *tally, uint32_t class)
{
    return tally->confusion[(size_t) class * tally->class_count + class];
}

/* ---- Classes --------------------------------------------------------------------------------- */

struct class_row {
    uint32_t class;
    uint32_t n;
    uint32_t k;
};

/* k / n ascending, in whole numbers; then by class. */
static int by_recall(const void *left, const void *right)
{
    const struct class_row *a = left;
    const struct class_row *b = right;
    const uint64_t x = (uint64_t)a->k * b->n;
    const uint64_t y = (uint64_t)b->k * a->n;
    if (x != y)
        return x < y ? -1 : 1;
    return (a->class > b->class) - (a->class < b->class);
}

static void add_class_rows(const struct view *view, const struct class_row *rows, size_t count)
{
    static const struct fdm_table_column columns[] = {
        {"label", "Label", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"class", "Class", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"n", "Images", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"k", "Right", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"recall_percent", "Recall (%)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"predicted", "Predicted", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"precision_percent", "Precision (%)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    struct fdm_table *t = fdm_report_add_table(view->report, "classes", "Classes, worst first");
    fdm_table_add_columns(t, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count && i < view->limits->classes; i++) {
        const uint32_t predicted = view->tally.predicted[rows[i].class];
        fdm_table_add_int(t, rows[i].class);
        fdm_table_add_text(t, view->detail->class_names[rows[i].class]);
        fdm_table_add_int(t, rows[i].n);
        fdm_table_add_int(t, rows[i].k);
        fdm_words_percent(t, rows[i].k, rows[i].n);
        fdm_table_add_int(t, predicted);
        fdm_words_percent(t, rows[i].k, predicted);
    }
}

static enum fdm_status add_classes(const struct view *view, struct fdm_error *err)
{
    const struct tally *tally = &view->tally;
    if (view->limits->classes == 0)
        return FDM_OK;
    struct class_row *rows = calloc((size_t)tally->class_count + 1, sizeof *rows);
    if (!rows)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u classes", tally->class_count);
    size_t count = 0;
    for (uint32_t c = 0; c < tally->class_count; c++) {
        if (tally->of_class[c] > 0)
            rows[count++] = (struct class_row){c, tally->of_class[c], right_of(tally, c)};
    }
    qsort(rows, count, sizeof *rows, by_recall);
    add_class_rows(view, rows, count);
    free(rows);
    return FDM_OK;
}

/* ---- Confusions ------------------------------------------------------------------------------ */

struct confusion {
    uint32_t label;
    uint32_t predicted;
    uint32_t count;
};

static int by_count(const void *left, const void *right)
{
    const struct confusion *a = left;
    const struct confusion *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    if (a->label != b->label)
        return a->label < b->label ? -1 : 1;
    return (a->predicted > b->predicted) - (a->predicted < b->predicted);
}

static void add_confusion_rows(const struct view *view, const struct confusion *rows, size_t count)
{
    static const struct fdm_table_column columns[] = {
        {"label", "Label", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"class", "Class", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"predicted", "Predicted", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"predicted_class", "Taken for", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"count", "Images", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"share_percent", "Of the class (%)", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    const char *const *names = view->detail->class_names;
    struct fdm_table *t =
        fdm_report_add_table(view->report, "confusions", "Most frequent confusions");
    fdm_table_add_columns(t, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < count && i < view->limits->confusions; i++) {
        fdm_table_add_int(t, rows[i].label);
        fdm_table_add_text(t, names[rows[i].label]);
        fdm_table_add_int(t, rows[i].predicted);
        fdm_table_add_text(t, names[rows[i].predicted]);
        fdm_table_add_int(t, rows[i].count);
        fdm_words_percent(t, rows[i].count, view->tally.of_class[rows[i].label]);
    }
}

static enum fdm_status add_confusions(const struct view *view, struct fdm_error *err)
{
    const uint32_t classes = view->tally.class_count;
    if (view->limits->confusions == 0)
        return FDM_OK;
    struct confusion *rows = calloc((size_t)classes * classes + 1, sizeof *rows);
    if (!rows)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u classes", classes);
    size_t count = 0;
    for (uint32_t label = 0; label < classes; label++) {
        for (uint32_t p = 0; p < classes; p++) {
            const uint32_t images = view->tally.confusion[(size_t)label * classes + p];
            if (p != label && images > 0)
                rows[count++] = (struct confusion){label, p, images};
        }
    }
    qsort(rows, count, sizeof *rows, by_count);
    add_confusion_rows(view, rows, count);
    free(rows);
    return FDM_OK;
}

/* ---- Wrong images ---------------------------------------------------------------------------- */

static int by_score(const void *left, const void *right)
{
    const struct fdm_prediction *a = *(const struct fdm_prediction *const *)left;
    const struct fdm_prediction *b = *(const struct fdm_prediction *const *)right;
    if (a->score != b->score)
        return a->score > b->score ? -1 : 1;
    return (a->image > b->image) - (a->image < b->image);
}

static void add_wrong_rows(const struct view *view, const struct fdm_prediction *const *wrong,
                           size_t count)
{
    static const struct fdm_table_column columns[] = {
        {"image", "Image", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"name", "Name", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"label", "Label", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"class", "Class", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"predicted", "Predicted", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"predicted_class", "Taken for", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"score", "Score", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    const struct fdm_case_detail *d = view->detail;
    const size_t shown = count < view->limits->wrong ? count : view->limits->wrong;
    char title[96];
    snprintf(title, sizeof title, "Wrongly classified images (%zu of %zu)", shown, count);
    struct fdm_table *t = fdm_report_add_table(view->report, "wrong", title);
    fdm_table_add_columns(t, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < shown; i++) {
        const struct fdm_prediction *p = wrong[i];
        fdm_table_add_int(t, p->image);
        fdm_table_add_text(t, p->image < d->image_count ? d->image_names[p->image] : NULL);
        fdm_table_add_int(t, p->label);
        fdm_table_add_text(t, d->class_names[p->label]);
        fdm_table_add_int(t, p->predicted);
        fdm_table_add_text(t, d->class_names[p->predicted]);
        fdm_table_add_real(t, (double)p->score, 4);
    }
}

static enum fdm_status add_wrong(const struct view *view, struct fdm_error *err)
{
    const struct fdm_case_detail *d = view->detail;
    if (view->limits->wrong == 0)
        return FDM_OK;
    const struct fdm_prediction **wrong =
        malloc((d->prediction_count + 1) * sizeof(struct fdm_prediction *));
    if (!wrong)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu images", d->prediction_count);
    size_t count = 0;
    for (size_t i = 0; i < d->prediction_count; i++) {
        const struct fdm_prediction *p = &d->predictions[i];
        if (is_readable(p) && p->predicted != p->label)
            wrong[count++] = p;
    }
    qsort((void *)wrong, count, sizeof(struct fdm_prediction *), by_score);
    add_wrong_rows(view, wrong, count);
    free((void *)wrong);
    return FDM_OK;
}

/* ---- All of them ----------------------------------------------------------------------------- */

enum fdm_status fdm_listing_add_classes(struct fdm_report *report,
                                        const struct fdm_case_detail *detail,
                                        const struct fdm_case_limits *limits, struct fdm_error *err)
{
    struct view view = {.report = report, .detail = detail, .limits = limits};
    enum fdm_status status = count_predictions(detail, &view.tally, err);
    if (status == FDM_OK)
        status = add_classes(&view, err);
    if (status == FDM_OK)
        status = add_confusions(&view, err);
    if (status == FDM_OK)
        status = add_wrong(&view, err);
    free(view.tally.confusion);
    free(view.tally.of_class);
    free(view.tally.predicted);
    return status;
}
