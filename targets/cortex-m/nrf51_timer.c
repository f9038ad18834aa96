/* Start-up and time of Nordic's nRF51: a TIMER (Series Reference Manual 3.0, chapter 18) of 32 bits
 * at full speed, whose value is had by capturing it. It wraps after 268 seconds, the longest that a
 * measurement may take. */
#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"

#include FDM_BOARD_HEADER

#define AT(offset) FDM_REG(FDM_BOARD_TIMER + (offset))
#define START AT(0x000u)
#define CAPTURE AT(0x040u)
#define BITMODE AT(0x508u)
#define PRESCALER AT(0x510u)
#define CAPTURED AT(0x540u)

#define BITMODE_32 3u
#define HZ_PER_US (FDM_BOARD_TIMER_HZ / 1000000u)

static struct {
    uint32_t last;
    uint32_t wraps;
} state;

/* All RAM is on after reset, and the CPU runs at its clock. */
void fdm_memory_init(void)
{
}

void fdm_clock_init(void)
{
}

static uint32_t ticks(void)
{
    CAPTURE = 1;
    return CAPTURED;
}

void fdm_time_init(void)
{
    BITMODE = BITMODE_32;
    PRESCALER = 0;
    START = 1;
}

/* A wrap in which nobody asks is not seen: then nothing waits for a time either. */
uint64_t fdm_time_us(void)
{
    uint32_t now = ticks();
    state.wraps += now < state.last;
    state.last = now;
    return ((uint64_t)state.wraps << 32 | now) / HZ_PER_US;
}

struct fdm_time fdm_time_now(void)
{
    return (struct fdm_time){.fine = ticks()};
}

struct fdm_time fdm_time_then(void)
{
    return fdm_time_now();
}

uint64_t fdm_time_between(struct fdm_time from, struct fdm_time to)
{
    return to.fine - from.fine;
}
