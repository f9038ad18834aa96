#include "harness/base/clock.h"

#include <time.h>

uint64_t fdm_clock_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * FDM_NS_PER_S + (uint64_t)now.tv_nsec;
}

void fdm_clock_utc(char out[FDM_CLOCK_UTC_SIZE])
{
    time_t now = time(NULL);
    struct tm parts;
    gmtime_r(&now, &parts);
    strftime(out, FDM_CLOCK_UTC_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts);
}
