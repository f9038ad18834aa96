/* Is the network's output o really the class that we think it is?
 *
 * Models of one dataset may list their classes in different orders, and a wrong order is silent: it
 * looks like a bad model. This judges it from the predictions of one case.
 *
 * Classes are numbered by the byte order of their names (`label` and `predicted` of a prediction).
 * A label order says which class each network output stands for: class_of[o], a permutation. */
#ifndef FDM_RESULTS_LABEL_ORDER_H
#define FDM_RESULTS_LABEL_ORDER_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "results/record.h"

/* The most classes; the assignment takes time as their cube. */
#define FDM_LABEL_CLASSES_MAX 1024

/* A named order. Both members are the caller's and must outlive every check made with them. */
struct fdm_label_map {
    const char *name;
    const uint32_t *class_of; /* class_count entries */
};

/* Fills `class_of` for a known order:
 *   "bytes"        output o is class o;
 *   "case-folded"  the outputs follow the byte order of the names with ASCII letters in upper case.
 * `names` are the class names in byte order. FDM_ERR_NOT_FOUND for another name. */
enum fdm_status fdm_label_order_fill(const char *order, const char *const *names,
                                     uint32_t class_count, uint32_t *class_of,
                                     struct fdm_error *err);

enum fdm_label_verdict {
    FDM_LABEL_DECLARED_FITS, /* no other order is significantly better */
    FDM_LABEL_NAMED_FITS,    /* `named` is significantly better than the declared order */
    FDM_LABEL_UNNAMED_FITS   /* so is an order without a name: `best` */
};

/* A rival order is significantly better only if both hold:
 *   - McNemar's exact test of rival against declared order, on the same images, gives a p-value
 *     below 1e-6 after multiplying it by the number of orders that it was picked from (Bonferroni):
 *     for the named orders their number; for the best assignment, which moves m of C outputs,
 *     C! / (C - m)!, an upper bound of the orders that move m outputs;
 *   - among the images whose true class the two orders place differently, the rival gains at least
 *     10 percentage points.
 *
 * So a few images or a weak model raise no alarm, and two exchanged classes among a hundred still
 * do. Named orders are asked first; an unnamed one is reported only if it is significantly better
 * than the best named one as well. */
struct fdm_label_check {
    enum fdm_label_verdict verdict;
    uint32_t class_count;
    uint32_t n;          /* images with an output */
    uint32_t k_declared; /* right under the declared order */
    size_t named;        /* index in `orders` of the named order that is right most often */
    uint32_t k_named;    /* its right answers */
    uint32_t k_best;     /* right under the best assignment of outputs to classes */
    uint32_t *best;      /* class_of[] of that assignment; ties keep the declared class */
    uint32_t moved;      /* outputs to which the order of the verdict gives another class */
    double p_log;        /* natural logarithm of the corrected p-value of that order; 0 if it is the
                            declared one */
    uint32_t *confusion; /* [class_count][class_count]: images by network output, then true class */
};

/* Judges `count` predictions. orders[0] is the declared order, the others are those with a name
 * that might fit instead; order_count >= 1. Predictions without an output (`raw_output` -1) are
 * left out. The best assignment is found on the confusion matrix by the Hungarian algorithm (H. W.
 * Kuhn, Naval Research Logistics Quarterly 2, 1955; J. Munkres, J. SIAM 5, 1957; here in the O(C^3)
 * form with potentials). The caller releases `out`, also after a failure. FDM_ERR_FORMAT: an output
 * or label is not below class_count, or an order is no permutation. FDM_ERR_UNSUPPORTED: more than
 * FDM_LABEL_CLASSES_MAX classes. FDM_ERR_MEMORY. */
enum fdm_status fdm_label_order_check(const struct fdm_prediction *predictions, size_t count,
                                      uint32_t class_count, const struct fdm_label_map *orders,
                                      size_t order_count, struct fdm_label_check *out,
                                      struct fdm_error *err);
void fdm_label_check_release(struct fdm_label_check *check);

/* Appends the verdict as one line of text without a newline, with the moved classes of an unnamed
 * order (at most eight) by name. `orders` and `names` are those of the check. */
void fdm_label_check_describe(const struct fdm_label_check *check,
                              const struct fdm_label_map *orders, const char *const *names,
                              struct fdm_buf *out);

#endif
