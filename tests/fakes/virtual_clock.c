#include "tests/fakes/virtual_clock.h"

#include <string.h>

#include "harness/base/clock.h"
#include "tests/support/test.h"

static uint64_t now = 1000 * FDM_NS_PER_S;

void virtual_clock_set(uint64_t now_ns)
{
    assert_true(now_ns >= now);
    now = now_ns;
}

uint64_t fdm_clock_now_ns(void)
{
    return now;
}

void fdm_clock_utc(char out[FDM_CLOCK_UTC_SIZE])
{
    memcpy(out, "2026-01-31T23:59:59Z", sizeof "2026-01-31T23:59:59Z");
}
