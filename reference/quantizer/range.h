/* From a distribution to the range that its quantization covers. */
#ifndef FDM_REFERENCE_QUANTIZER_RANGE_H
#define FDM_REFERENCE_QUANTIZER_RANGE_H

#include <stdbool.h>

#include "reference/quantizer/histogram.h"

enum fdm_range_method {
    FDM_RANGE_MINMAX,     /* all that was seen: what TensorFlow Lite's converter does */
    FDM_RANGE_MSE,        /* the least mean squared error, rounding and clipping together */
    FDM_RANGE_PERCENTILE, /* a given share of the values, cut at both ends alike */
    FDM_RANGE_METHODS
};

/* "minmax", "mse", "percentile". */
const char *fdm_range_method_name(enum fdm_range_method method);
/* False if no method has this name. */
bool fdm_range_method_parse(const char *name, enum fdm_range_method *out);

struct fdm_range {
    double min, max; /* min <= 0 <= max */
};

/* `keep` is read for PERCENTILE: the share of values that each end keeps, 0.5..1, for example
 * 0.9999. An empty histogram gives 0 to 0. */
struct fdm_range fdm_range_choose(const struct fdm_histogram *histogram,
                                  enum fdm_range_method method, double keep);

#endif
