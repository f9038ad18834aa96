/* What is told of a list of times, wherever something is timed on this computer. */
#ifndef FDM_BENCH_TIMING_H
#define FDM_BENCH_TIMING_H

#include "results/stats.h"

struct fdm_timing {
    struct fdm_summary us; /* microseconds */
    double deviation_us;   /* median absolute deviation */
};

/* Overwrites `samples_us`. */
static inline struct fdm_timing fdm_timing_of(double *samples_us, size_t count)
{
    struct fdm_timing timing = {.us = fdm_stats_summarize(samples_us, count)};
    timing.deviation_us = fdm_stats_deviation(samples_us, count, timing.us.median);
    return timing;
}

#endif
