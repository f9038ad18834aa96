/* Two cases against each other, image by image.
 *
 * Equal accuracies can hide many changed answers, and a difference of a few images can be chance:
 * so the images are paired, flips are counted in both directions, and McNemar's exact test says how
 * likely so uneven a split of the flips is if neither case is better. */
#ifndef FDM_REPORTS_COMPARE_H
#define FDM_REPORTS_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "reports/table.h"
#include "results/record.h"

enum fdm_axis { FDM_AXIS_FORMAT, FDM_AXIS_SEMANTICS, FDM_AXIS_BOARD, FDM_AXIS_ENGINE };

/* "format", "semantics", "board", "engine". */
const char *fdm_axis_name(enum fdm_axis axis);

/* Indices into the list of cases. */
struct fdm_case_pair {
    size_t a;
    size_t b;
};

/* Pairs complete cases whose `axis` is `a` with those where it is `b` and that are equal in
 * everything else that matters: split, dataset, family, resolution, image count, input mapping,
 * label order, and board, engine, format, semantics, except the axis itself. Along another axis
 * than the format the model file is the same too; along the format the semantics differ by nature,
 * so one float case is paired with each int8 semantics. Threads compute the same bits and do not
 * tell cells apart here. Of several runs of one cell the latest (highest id) counts. The pairs are
 * ordered as the b cases are in the list; none is no error. The caller frees `*pairs`.
 * FDM_ERR_USAGE if a and b are the same; FDM_ERR_MEMORY. */
enum fdm_status fdm_compare_pair_cases(const struct fdm_case_record *cases, size_t count,
                                       enum fdm_axis axis, const char *a, const char *b,
                                       struct fdm_case_pair **pairs, size_t *pair_count,
                                       struct fdm_error *err);

/* Two runs over one split. Everything is the caller's. */
struct fdm_compare_input {
    const struct fdm_case_record *a;
    const struct fdm_case_record *b;
    const struct fdm_prediction *predictions_a; /* any order of images, none twice */
    size_t count_a;
    const struct fdm_prediction *predictions_b;
    size_t count_b;
    const char *const *class_names; /* in byte order */
    uint32_t class_count;
};

/* One image that exactly one of the two got right. */
struct fdm_flip {
    uint32_t image;
    int32_t label;
    int32_t predicted_a;
    int32_t predicted_b;
};

struct fdm_compare_class {
    uint32_t n;
    uint32_t k_a;
    uint32_t k_b;
    uint32_t a_only; /* a right, b wrong */
    uint32_t b_only; /* a wrong, b right */
};

/* Counts of images that both cases evaluated. */
struct fdm_comparison {
    uint32_t n;
    uint32_t k_a;
    uint32_t k_b;
    uint32_t a_only;
    uint32_t b_only;
    uint32_t both_right;
    uint32_t both_wrong_same;          /* the same wrong answer */
    uint32_t both_wrong_different;     /* different wrong answers */
    uint32_t agree;                    /* both_right + both_wrong_same */
    uint32_t unpaired;                 /* images that only one case evaluated; not in n */
    double p;                          /* McNemar's exact test, two-sided, on a_only and b_only */
    struct fdm_compare_class *classes; /* class_count entries */
    uint32_t class_count;
    struct fdm_flip *flips; /* a_only + b_only entries in order of images */
};

/* The caller releases `out`, also after a failure. FDM_ERR_MISMATCH: the cases are not over the
 * same split, or an image has different labels. FDM_ERR_FORMAT: a class out of range, an image
 * twice. FDM_ERR_MEMORY. */
enum fdm_status fdm_compare(const struct fdm_compare_input *input, struct fdm_comparison *out,
                            struct fdm_error *err);
void fdm_comparison_release(struct fdm_comparison *comparison);

/* One pair to render. */
struct fdm_compare_item {
    const struct fdm_compare_input *input;
    const struct fdm_comparison *comparison;
    const char *const *image_names; /* of the split; NULL with a count of 0: none are shown */
    size_t image_count;
};

struct fdm_compare_options {
    enum fdm_axis axis;
    const char *a;
    const char *b;
    bool classes;      /* a table per pair with a row per class */
    size_t flip_limit; /* flips to list per pair; 0: no list */
};

/* Table "pairs" has one row per pair; per pair, if asked, follow "classes" and "flips". Stable
 * keys:
 *   - pairs: dataset family resolution a b case_a case_b board_a board_b engine_a engine_b format_a
 *     format_b semantics_a semantics_b n k_a k_b accuracy_a accuracy_b difference_images
 *     difference_points a_only_right b_only_right both_right both_wrong_same both_wrong_different
 *     agree agreement unpaired p_value
 *   - classes: case_a case_b label class n k_a k_b difference_images difference_points
 *     a_only_right b_only_right
 *   - flips: case_a case_b image name label class predicted_a class_a predicted_b class_b right
 *
 * accuracy_* and agreement are percentages; differences are b - a, in images and in percentage
 * points; `right` says which of the two was, "a" or "b". Facts: axis, and those of a, b, board,
 * engine and semantics that are the same for all pairs. */
enum fdm_status fdm_compare_render(const struct fdm_compare_item *items, size_t count,
                                   const struct fdm_compare_options *options,
                                   enum fdm_report_format format, struct fdm_buf *out,
                                   struct fdm_error *err);

#endif
