#include "reference/quantizer/range.h"

#include <math.h>
#include <string.h>

#define LEVELS 255.0
#define STEPS 100 /* of one percent of the full range each */

static const char *const names[FDM_RANGE_METHODS] = {"minmax", "mse", "percentile"};

const char *fdm_range_method_name(enum fdm_range_method method)
{
    return names[method];
}

bool fdm_range_method_parse(const char *name, enum fdm_range_method *out)
{
    for (int i = 0; i < FDM_RANGE_METHODS; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum fdm_range_method)i;
            return true;
        }
    }
    return false;
}

static double bin_width(const struct fdm_histogram *histogram)
{
    return histogram->limit / FDM_HISTOGRAM_BINS;
}

/* What lies outside `end` on one side: how many, and their squared distances to it. */
struct tail {
    double count, squares;
};

static struct tail tail_beyond(const struct fdm_histogram *histogram, const uint64_t *bins,
                               double end)
{
    struct tail tail = {0.0, 0.0};
    double width = bin_width(histogram);
    if (width <= 0.0)
        return tail;
    for (size_t i = (size_t)fmin(end / width, FDM_HISTOGRAM_BINS); i < FDM_HISTOGRAM_BINS; i++) {
        double distance = ((double)i + 0.5) * width - end;
        if (distance <= 0.0 || bins[i] == 0)
            continue;
        tail.count += (double)bins[i];
        tail.squares += (double)bins[i] * distance * distance;
    }
    return tail;
}

/* ---- mse ---- */

/* Rounding is taken as uniform noise, step^2 / 12, for what lies inside and is not 0. */
static double squared_error(const struct fdm_histogram *histogram, const struct tail *low,
                            const struct tail *high, double extent)
{
    double step = extent / LEVELS;
    double inside = (double)(histogram->count - histogram->zeros) - low->count - high->count;
    return low->squares + high->squares + inside * step * step / 12.0;
}

static struct fdm_range search(const struct fdm_histogram *histogram, struct fdm_range full)
{
    struct tail low[STEPS];
    struct tail high[STEPS];
    for (int i = 0; i < STEPS; i++) {
        double share = 1.0 - (double)i / STEPS;
        low[i] = tail_beyond(histogram, histogram->negative, -full.min * share);
        high[i] = tail_beyond(histogram, histogram->positive, full.max * share);
    }
    struct fdm_range best = full;
    double least = HUGE_VAL;
    for (int i = 0; i < (full.min < 0.0 ? STEPS : 1); i++) {
        for (int j = 0; j < (full.max > 0.0 ? STEPS : 1); j++) {
            struct fdm_range range = {full.min * (1.0 - (double)i / STEPS),
                                      full.max * (1.0 - (double)j / STEPS)};
            double error = squared_error(histogram, &low[i], &high[j], range.max - range.min);
            if (error < least) {
                least = error;
                best = range;
            }
        }
    }
    return best;
}

/* ---- percentile ---- */

/* The end of the smallest range of one sign that leaves at most `allowed` values out. */
static double cut(const struct fdm_histogram *histogram, const uint64_t *bins, double allowed,
                  double largest)
{
    double beyond = 0.0;
    for (size_t i = FDM_HISTOGRAM_BINS; i-- > 0;) {
        beyond += (double)bins[i];
        if (beyond > allowed)
            return fmin(((double)i + 1.0) * bin_width(histogram), largest);
    }
    return 0.0;
}

struct fdm_range fdm_range_choose(const struct fdm_histogram *histogram,
                                  enum fdm_range_method method, double keep)
{
    struct fdm_range full = {fmin(histogram->min, 0.0), fmax(histogram->max, 0.0)};
    double allowed = (1.0 - keep) * (double)histogram->count;
    if (method == FDM_RANGE_MSE)
        return search(histogram, full);
    if (method == FDM_RANGE_PERCENTILE)
        return (struct fdm_range){-cut(histogram, histogram->negative, allowed, -full.min),
                                  cut(histogram, histogram->positive, allowed, full.max)};
    return full;
}
