#include "reference/quantizer/histogram.h"

#include <math.h>

/* Bin i of the doubled range holds bins 2i and 2i + 1 of the old one. */
static void halve(uint64_t *bins)
{
    for (size_t i = 0; i < FDM_HISTOGRAM_BINS / 2; i++)
        bins[i] = bins[2 * i] + bins[2 * i + 1];
    for (size_t i = FDM_HISTOGRAM_BINS / 2; i < FDM_HISTOGRAM_BINS; i++)
        bins[i] = 0;
}

static void make_room(struct fdm_histogram *histogram, double magnitude)
{
    if (histogram->limit <= 0.0) {
        int exponent;
        (void)frexp(magnitude, &exponent);
        histogram->limit = ldexp(1.0, exponent); /* above magnitude, at most twice as much */
    }
    while (magnitude >= histogram->limit) {
        halve(histogram->positive);
        halve(histogram->negative);
        histogram->limit *= 2.0;
    }
}

static void extend_range(struct fdm_histogram *histogram, const float *values, size_t count)
{
    float min = values[0];
    float max = values[0];
    for (size_t i = 1; i < count; i++) {
        min = values[i] < min ? values[i] : min;
        max = values[i] > max ? values[i] : max;
    }
    histogram->min = histogram->count == 0 ? (double)min : fmin(histogram->min, (double)min);
    histogram->max = histogram->count == 0 ? (double)max : fmax(histogram->max, (double)max);
    double magnitude = fmax(fabs((double)min), fabs((double)max));
    if (magnitude > 0.0)
        make_room(histogram, magnitude);
}

void fdm_histogram_add(struct fdm_histogram *histogram, const float *values, size_t count)
{
    if (count == 0)
        return;
    extend_range(histogram, values, count);
    histogram->count += count;
    double per_unit = histogram->limit > 0.0 ? FDM_HISTOGRAM_BINS / histogram->limit : 0.0;
    for (size_t i = 0; i < count; i++) {
        double bin = (double)values[i] * per_unit;
        if (bin > 0.0)
            histogram->positive[(size_t)bin]++;
        else if (bin < 0.0)
            histogram->negative[(size_t)-bin]++;
        else
            histogram->zeros++;
    }
}
