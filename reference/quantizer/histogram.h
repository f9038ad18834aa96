/* How a tensor's values are distributed: enough to choose a range for them. */
#ifndef FDM_REFERENCE_QUANTIZER_HISTOGRAM_H
#define FDM_REFERENCE_QUANTIZER_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define FDM_HISTOGRAM_BINS 8192u

/* Magnitudes in equal bins from 0 to `limit`, a power of two that doubles, merging pairs of bins,
 * when a value needs it: so the order of the values does not matter. Zeros stand apart, because
 * every quantization represents them exactly. {0} is empty. */
struct fdm_histogram {
    double limit; /* 0 before the first value that is not 0 */
    double min, max;
    uint64_t count; /* of all values */
    uint64_t zeros;
    uint64_t positive[FDM_HISTOGRAM_BINS];
    uint64_t negative[FDM_HISTOGRAM_BINS];
};

/* Values must be finite. */
void fdm_histogram_add(struct fdm_histogram *histogram, const float *values, size_t count);

#endif
