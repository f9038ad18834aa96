/* The mathematics by which results are judged: pure functions, no state, no I/O.
 *
 * Accuracy is always k right answers out of N images, never a bare percentage. */
#ifndef FDM_RESULTS_STATS_H
#define FDM_RESULTS_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Proportions from 0 to 1. */
struct fdm_interval {
    double low;
    double high;
};

/* The 95 % score interval of a proportion (E. B. Wilson, "Probable inference, the law of
 * succession, and statistical inference", JASA 22, 1927), without continuity correction,
 * z = 1.959964. Needs k <= n; for n = 0 nothing is known: [0, 1]. */
struct fdm_interval fdm_stats_wilson(uint32_t k, uint32_t n);

/* McNemar's exact test (Q. McNemar, Psychometrika 12, 1947; the binomial form): `b` images that
 * only the first got right, `c` that only the second did. Returns the two-sided p-value, the
 * probability that fair coins split b + c images at least this unevenly: min(1, 2 * P[X <= min(b,
 * c)]), X ~ Binomial(b + c, 1/2). Summed exactly at every size, in logarithms, so there is no
 * normal approximation; below about 1e-308 the result is 0. */
double fdm_stats_mcnemar_exact(uint32_t b, uint32_t c);
/* The same as natural logarithm (<= 0): keeps its meaning where the p-value itself underflows. */
double fdm_stats_mcnemar_exact_log(uint32_t b, uint32_t c);

/* The q-quantile, 0 <= q <= 1, of `count` > 0 values in ascending order: definition 7 of Hyndman &
 * Fan, "Sample quantiles in statistical packages", The American Statistician 50, 1996 (linear
 * between order statistics at (count - 1) * q; the default of R and NumPy). */
double fdm_stats_quantile(const double *sorted, size_t count, double q);

/* What is kept of a list of samples for display; the unit is the samples'. */
struct fdm_summary {
    size_t count;
    double min;
    double p5;
    double q1;
    double median;
    double q3;
    double p95;
    double max;
    double mean;
};

/* Sorts `samples` in place. All zero for count 0. No sample may be NaN. */
struct fdm_summary fdm_stats_summarize(double *samples, size_t count);
/* The median absolute deviation from `median`, which samples that were interrupted hardly move.
 * Overwrites `samples`. 0 for count 0. */
double fdm_stats_deviation(double *samples, size_t count, double median);

/* A percentage as model cards print it, in hundredths of a percent: Python's round(100 * k / n, 2),
 * that is, the double nearest to 100 k / n, rounded to two decimals on its exact value, ties to
 * even. 8706 for 639 of 734. Needs k <= n, n > 0. */
uint32_t fdm_stats_percent_hundredths(uint32_t k, uint32_t n);

/* All k that a card would print as this percentage: `*first` to `*last`, without gaps. False, and
 * both untouched, if no k of n rounds to it: then n is not the published denominator or the figure
 * is wrong. 8706 of 734: 639 to 639. */
bool fdm_stats_k_range(uint32_t hundredths, uint32_t n, uint32_t *first, uint32_t *last);

#endif
