/* Time: a monotonic clock for durations and deadlines, the calendar for records. */
#ifndef FDM_BASE_CLOCK_H
#define FDM_BASE_CLOCK_H

#include <stdint.h>

#define FDM_NS_PER_S UINT64_C(1000000000)
#define FDM_NS_PER_MS UINT64_C(1000000)

/* Nanoseconds of CLOCK_MONOTONIC; only differences mean anything. */
uint64_t fdm_clock_now_ns(void);

/* UTC calendar time as "2026-01-31T23:59:59Z". */
#define FDM_CLOCK_UTC_SIZE 32
void fdm_clock_utc(char out[FDM_CLOCK_UTC_SIZE]);

#endif
