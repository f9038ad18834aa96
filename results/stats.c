#include "results/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define Z_95 1.959963984540054
#define LN_2 0.693147180559945309

struct fdm_interval fdm_stats_wilson(uint32_t k, uint32_t n)
{
    if (n == 0)
        return (struct fdm_interval){0.0, 1.0};
    const double p = (double)k / n;
    const double z2_n = Z_95 * Z_95 / n;
    const double centre = p + z2_n / 2;
    const double half = Z_95 * sqrt(p * (1 - p) / n + z2_n / (4.0 * n));
    const double low = (centre - half) / (1 + z2_n);
    const double high = (centre + half) / (1 + z2_n);
    /* At k = 0 and k = n the bound is exactly 0 or 1; rounding must not step over it. */
    return (struct fdm_interval){k == 0 ? 0.0 : low, k == n ? 1.0 : high};
}

/* A sum of logarithms rather than lgamma(), which writes the global signgam. */
static double log_binomial(double n, uint32_t k)
{
    double sum = 0.0;
    for (uint32_t i = 1; i <= k; i++)
        sum += log((n - k + i) / i);
    return sum;
}

double fdm_stats_mcnemar_exact_log(uint32_t b, uint32_t c)
{
    const double n = (double)b + c;
    const uint32_t least = b < c ? b : c;
    /* The tail relative to its largest term, summed from there down: term(i - 1) / term(i). */
    double sum = 1.0;
    double term = 1.0;
    for (uint32_t i = least; i > 0 && term > 1e-18; i--) {
        term *= i / (n - i + 1);
        sum += term;
    }
    const double log_p = log_binomial(n, least) + log(sum) - (n - 1) * LN_2;
    return log_p < 0 ? log_p : 0.0;
}

double fdm_stats_mcnemar_exact(uint32_t b, uint32_t c)
{
    return exp(fdm_stats_mcnemar_exact_log(b, c));
}

double fdm_stats_quantile(const double *sorted, size_t count, double q)
{
    const double position = (double)(count - 1) * q;
    const size_t below = (size_t)position;
    if (below + 1 >= count)
        return sorted[count - 1];
    return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

static int by_value(const void *left, const void *right)
{
    const double a = *(const double *)left;
    const double b = *(const double *)right;
    return (a > b) - (a < b);
}

struct fdm_summary fdm_stats_summarize(double *samples, size_t count)
{
    struct fdm_summary s = {.count = count};
    if (count == 0)
        return s;
    qsort(samples, count, sizeof *samples, by_value);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += samples[i];
    s.min = samples[0];
    s.p5 = fdm_stats_quantile(samples, count, 0.05);
    s.q1 = fdm_stats_quantile(samples, count, 0.25);
    s.median = fdm_stats_quantile(samples, count, 0.5);
    s.q3 = fdm_stats_quantile(samples, count, 0.75);
    s.p95 = fdm_stats_quantile(samples, count, 0.95);
    s.max = samples[count - 1];
    s.mean = sum / (double)count;
    return s;
}

double fdm_stats_deviation(double *samples, size_t count, double median)
{
    for (size_t i = 0; i < count; i++)
        samples[i] = fabs(samples[i] - median);
    return fdm_stats_summarize(samples, count).median;
}

uint32_t fdm_stats_percent_hundredths(uint32_t k, uint32_t n)
{
    /* The C library rounds the exact value of the double, as Python does; the separator, whichever
     * the locale has, is passed over. */
    char text[32];
    snprintf(text, sizeof text, "%.2f", 100.0 * k / n);
    uint32_t value = 0;
    for (const char *c = text; *c; c++) {
        if (*c >= '0' && *c <= '9')
            value = value * 10 + (uint32_t)(*c - '0');
    }
    return value;
}

/* The least k of 0..n whose percentage reaches `hundredths`; n + 1 if none does. */
static uint64_t first_reaching(uint32_t hundredths, uint32_t n)
{
    uint64_t low = 0;
    uint64_t high = (uint64_t)n + 1;
    while (low < high) {
        const uint64_t middle = (low + high) / 2;
        if (fdm_stats_percent_hundredths((uint32_t)middle, n) >= hundredths)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

bool fdm_stats_k_range(uint32_t hundredths, uint32_t n, uint32_t *first, uint32_t *last)
{
    if (n == 0 || hundredths > 10000)
        return false;
    const uint64_t begin = first_reaching(hundredths, n);
    const uint64_t end = first_reaching(hundredths + 1, n);
    if (begin == end)
        return false;
    *first = (uint32_t)begin;
    *last = (uint32_t)(end - 1);
    return true;
}
