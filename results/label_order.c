#include "results/label_order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/stats.h"

#define P_MAX 1e-6
#define GAIN_MIN 0.10
#define DESCRIBED_MAX 8

static char fold(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static int compare_folded(const char *a, const char *b)
{
    while (*a && fold(*a) == fold(*b)) {
        a++;
        b++;
    }
    return (unsigned char)fold(*a) - (unsigned char)fold(*b);
}

/* Insertion keeps names that fold to the same text in byte order; the lists are short. */
static void sort_folded(const char *const *names, uint32_t class_count, uint32_t *class_of)
{
    for (uint32_t i = 0; i < class_count; i++) {
        uint32_t at = i;
        for (; at > 0 && compare_folded(names[class_of[at - 1]], names[i]) > 0; at--)
            class_of[at] = class_of[at - 1];
        class_of[at] = i;
    }
}

enum fdm_status fdm_label_order_fill(const char *order, const char *const *names,
                                     uint32_t class_count, uint32_t *class_of,
                                     struct fdm_error *err)
{
    if (strcmp(order, "bytes") == 0) {
        for (uint32_t i = 0; i < class_count; i++)
            class_of[i] = i;
        return FDM_OK;
    }
    if (strcmp(order, "case-folded") == 0) {
        sort_folded(names, class_count, class_of);
        return FDM_OK;
    }
    return fdm_fail(err, FDM_ERR_NOT_FOUND,
                    "no label order is called \"%s\": use \"bytes\" or \"case-folded\"", order);
}

static enum fdm_status check_permutation(const struct fdm_label_map *map, uint32_t class_count,
                                         struct fdm_error *err)
{
    bool *seen = calloc(class_count, sizeof *seen);
    if (!seen)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u classes", class_count);
    enum fdm_status status = FDM_OK;
    for (uint32_t o = 0; o < class_count && status == FDM_OK; o++) {
        const uint32_t class = map->class_of[o];
        if (class >= class_count || seen[class])
            status = fdm_fail(err, FDM_ERR_FORMAT,
                              "label order \"%s\" is no permutation: output %u is class %u",
                              map->name, o, class);
        else
            seen[class] = true;
    }
    free(seen);
    return status;
}

static enum fdm_status count_confusion(const struct fdm_prediction *predictions, size_t count,
                                       struct fdm_label_check *check, struct fdm_error *err)
{
    const uint32_t classes = check->class_count;
    for (size_t i = 0; i < count; i++) {
        const struct fdm_prediction *p = &predictions[i];
        if (p->raw_output == -1)
            continue;
        if ((uint32_t)p->raw_output >= classes || (uint32_t)p->label >= classes)
            return fdm_fail(err, FDM_ERR_FORMAT,
                            "image %u: output %d or label %d is outside the %u classes", p->image,
                            p->raw_output, p->label, classes);
        check->confusion[(size_t)p->raw_output * classes + (size_t)p->label]++;
        check->n++;
    }
    return FDM_OK;
}

static uint32_t right_under(const struct fdm_label_check *check, const uint32_t *class_of)
{
    uint32_t k = 0;
    for (uint32_t o = 0; o < check->class_count; o++)
        k += check->confusion[(size_t)o * check->class_count + class_of[o]];
    return k;
}

/* ---- The best assignment --------------------------------------------------------------------- */

/* The Hungarian algorithm as repeated shortest augmenting paths. Rows are outputs, columns classes,
 * both from 1; column 0 is where each path starts. */
struct assignment {
    const struct fdm_label_check *check;
    const uint32_t *preferred; /* class_of[] that wins ties */
    int64_t *row_potential;
    int64_t *column_potential;
    int64_t *distance;
    uint32_t *row_of; /* the row matched to each column, 0 if none */
    uint32_t *previous;
    bool *reached;
};

static int64_t cost(const struct assignment *a, uint32_t row, uint32_t column)
{
    const uint32_t classes = a->check->class_count;
    const int64_t images = a->check->confusion[(size_t)(row - 1) * classes + column - 1];
    return -(images * ((int64_t)classes + 1) + (a->preferred[row - 1] == column - 1));
}

/* Extends the tree of reached columns by the nearest one, and returns it. */
static uint32_t reach_next(struct assignment *a, uint32_t from)
{
    const uint32_t classes = a->check->class_count;
    const uint32_t row = a->row_of[from];
    uint32_t nearest = 0;
    int64_t step = INT64_MAX;
    for (uint32_t c = 1; c <= classes; c++) {
        if (a->reached[c])
            continue;
        const int64_t d = cost(a, row, c) - a->row_potential[row] - a->column_potential[c];
        if (d < a->distance[c]) {
            a->distance[c] = d;
            a->previous[c] = from;
        }
        if (a->distance[c] < step) {
            step = a->distance[c];
            nearest = c;
        }
    }
    for (uint32_t c = 0; c <= classes; c++) {
        if (a->reached[c]) {
            a->row_potential[a->row_of[c]] += step;
            a->column_potential[c] -= step;
        } else {
            a->distance[c] -= step;
        }
    }
    return nearest;
}

static void assign_row(struct assignment *a, uint32_t row)
{
    const uint32_t classes = a->check->class_count;
    for (uint32_t c = 0; c <= classes; c++) {
        a->distance[c] = INT64_MAX / 2;
        a->reached[c] = false;
    }
    a->row_of[0] = row;
    uint32_t column = 0;
    do {
        a->reached[column] = true;
        column = reach_next(a, column);
    } while (a->row_of[column] != 0);
    for (; column != 0; column = a->previous[column])
        a->row_of[column] = a->row_of[a->previous[column]];
}

static enum fdm_status find_best(struct fdm_label_check *check, const uint32_t *preferred,
                                 struct fdm_error *err)
{
    const size_t size = (size_t)check->class_count + 1;
    struct assignment a = {
        .check = check,
        .preferred = preferred,
        .row_potential = calloc(size, sizeof(int64_t)),
        .column_potential = calloc(size, sizeof(int64_t)),
        .distance = calloc(size, sizeof(int64_t)),
        .row_of = calloc(size, sizeof(uint32_t)),
        .previous = calloc(size, sizeof(uint32_t)),
        .reached = calloc(size, sizeof(bool)),
    };
    enum fdm_status status = FDM_OK;
    if (!a.row_potential || !a.column_potential || !a.distance || !a.row_of || !a.previous ||
        !a.reached) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u classes", check->class_count);
        goto done;
    }
    for (uint32_t row = 1; row <= check->class_count; row++)
        assign_row(&a, row);
    for (uint32_t c = 1; c <= check->class_count; c++)
        check->best[a.row_of[c] - 1] = c - 1;
    check->k_best = right_under(check, check->best);
done:
    free(a.row_potential);
    free(a.column_potential);
    free(a.distance);
    free(a.row_of);
    free(a.previous);
    free(a.reached);
    return status;
}

/* ---- The verdict ----------------------------------------------------------------------------- */

struct rivalry {
    uint32_t moved;     /* outputs that stand for another class */
    uint32_t concerned; /* images of the classes that moved */
    uint32_t lost;      /* right only under the old order */
    uint32_t won;       /* right only under the rival */
};

static struct rivalry compare_orders(const struct fdm_label_check *check, const uint32_t *old,
                                     const uint32_t *rival)
{
    const size_t classes = check->class_count;
    struct rivalry r = {0};
    for (size_t o = 0; o < classes; o++) {
        if (old[o] == rival[o])
            continue;
        r.moved++;
        r.lost += check->confusion[o * classes + old[o]];
        r.won += check->confusion[o * classes + rival[o]];
        for (size_t output = 0; output < classes; output++)
            r.concerned += check->confusion[output * classes + old[o]];
    }
    return r;
}

/* Logarithm of the number of orders that move this many outputs, from above. */
static double log_orders(uint32_t class_count, uint32_t moved)
{
    double sum = 0;
    for (uint32_t i = 0; i < moved; i++)
        sum += log((double)class_count - i);
    return sum;
}

static double corrected_log_p(const struct rivalry *r, double log_choices)
{
    const double log_p = fdm_stats_mcnemar_exact_log(r->lost, r->won) + log_choices;
    return log_p < 0 ? log_p : 0.0;
}

static bool clearly_better(const struct rivalry *r, double log_p)
{
    return log_p < log(P_MAX) && (double)r->won - r->lost >= GAIN_MIN * r->concerned;
}

static void judge(struct fdm_label_check *check, const struct fdm_label_map *orders,
                  size_t order_count)
{
    const uint32_t *declared = orders[0].class_of;
    const uint32_t *named = orders[check->named].class_of;
    const struct rivalry by_name = compare_orders(check, declared, named);
    const double name_p = corrected_log_p(&by_name, log((double)order_count));
    if (clearly_better(&by_name, name_p)) {
        check->verdict = FDM_LABEL_NAMED_FITS;
        check->moved = by_name.moved;
        check->p_log = name_p;
    }
    const struct rivalry over_named = compare_orders(check, named, check->best);
    const double over_p =
        corrected_log_p(&over_named, log_orders(check->class_count, over_named.moved));
    const struct rivalry over_declared = compare_orders(check, declared, check->best);
    const double best_p =
        corrected_log_p(&over_declared, log_orders(check->class_count, over_declared.moved));
    if (clearly_better(&over_named, over_p) && clearly_better(&over_declared, best_p)) {
        check->verdict = FDM_LABEL_UNNAMED_FITS;
        check->moved = over_declared.moved;
        check->p_log = best_p;
    }
}

static void choose_named(struct fdm_label_check *check, const struct fdm_label_map *orders,
                         size_t order_count)
{
    check->k_declared = right_under(check, orders[0].class_of);
    check->k_named = check->k_declared;
    for (size_t i = 1; i < order_count; i++) {
        const uint32_t k = right_under(check, orders[i].class_of);
        if (k > check->k_named) {
            check->named = i;
            check->k_named = k;
        }
    }
}

enum fdm_status fdm_label_order_check(const struct fdm_prediction *predictions, size_t count,
                                      uint32_t class_count, const struct fdm_label_map *orders,
                                      size_t order_count, struct fdm_label_check *out,
                                      struct fdm_error *err)
{
    *out = (struct fdm_label_check){.class_count = class_count};
    if (class_count == 0 || class_count > FDM_LABEL_CLASSES_MAX)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%u classes: label orders need 1 to %d",
                        class_count, FDM_LABEL_CLASSES_MAX);
    for (size_t i = 0; i < order_count; i++) {
        const enum fdm_status status = check_permutation(&orders[i], class_count, err);
        if (status != FDM_OK)
            return status;
    }
    out->confusion = calloc((size_t)class_count * class_count, sizeof *out->confusion);
    out->best = calloc(class_count, sizeof *out->best);
    if (!out->confusion || !out->best)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u classes", class_count);
    enum fdm_status status = count_confusion(predictions, count, out, err);
    if (status != FDM_OK)
        return status;
    choose_named(out, orders, order_count);
    status = find_best(out, orders[0].class_of, err);
    if (status == FDM_OK)
        judge(out, orders, order_count);
    return status;
}

void fdm_label_check_release(struct fdm_label_check *check)
{
    free(check->best);
    free(check->confusion);
    *check = (struct fdm_label_check){0};
}

/* ---- In words -------------------------------------------------------------------------------- */

static void put_count(struct fdm_buf *out, uint32_t k, uint32_t n)
{
    fdm_buf_printf(out, "%u/%u", k, n);
    if (n > 0) {
        const uint32_t percent = fdm_stats_percent_hundredths(k, n);
        fdm_buf_printf(out, " (%u.%02u %%)", percent / 100, percent % 100);
    }
}

static void put_moves(const struct fdm_label_check *check, const uint32_t *declared,
                      const char *const *names, struct fdm_buf *out)
{
    uint32_t told = 0;
    for (uint32_t o = 0; o < check->class_count; o++) {
        if (check->best[o] == declared[o])
            continue;
        if (told == DESCRIBED_MAX)
            break;
        fdm_buf_printf(out, "%s output %u is %s, not %s", told ? "," : ":", o,
                       names[check->best[o]], names[declared[o]]);
        told++;
    }
    if (check->moved > told)
        fdm_buf_printf(out, " and %u more", check->moved - told);
}

void fdm_label_check_describe(const struct fdm_label_check *check,
                              const struct fdm_label_map *orders, const char *const *names,
                              struct fdm_buf *out)
{
    fdm_buf_printf(out, "label order \"%s\": ", orders[0].name);
    put_count(out, check->k_declared, check->n);
    fdm_buf_puts(out, " right");
    if (check->verdict == FDM_LABEL_DECLARED_FITS) {
        fdm_buf_puts(out, "; no other order is significantly better");
        return;
    }
    const uint32_t k = check->verdict == FDM_LABEL_NAMED_FITS ? check->k_named : check->k_best;
    if (check->verdict == FDM_LABEL_NAMED_FITS)
        fdm_buf_printf(out, "; label order \"%s\": ", orders[check->named].name);
    else
        fdm_buf_puts(out, "; an order without a name: ");
    put_count(out, k, check->n);
    fdm_buf_printf(out, ", p < 1e%d, %u of %u outputs moved", (int)ceil(check->p_log / log(10.0)),
                   check->moved, check->class_count);
    if (check->verdict == FDM_LABEL_UNNAMED_FITS)
        put_moves(check, orders[0].class_of, names, out);
}
