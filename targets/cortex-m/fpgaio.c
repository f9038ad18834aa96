/* Start-up and time of Arm's MPS2 and MPS3 boards. Time is from their "FPGAIO" block (application
 * notes named in the board's header, "FPGA system control and I/O"): COUNTER, 32 bits at
 * FDM_BOARD_TIMER_HZ, and CLK100HZ, which tells how often COUNTER has wrapped. */
#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"

#include FDM_BOARD_HEADER

#define CLK100HZ FDM_REG(FDM_BOARD_FPGAIO + 0x14u)
#define COUNTER FDM_REG(FDM_BOARD_FPGAIO + 0x18u)
#define PRESCALE FDM_REG(FDM_BOARD_FPGAIO + 0x1Cu)

#define HZ_PER_US (FDM_BOARD_TIMER_HZ / 1000000u)

static struct fdm_time epoch;

/* These boards run at their clocks from the start. */
void fdm_memory_init(void)
{
}

void fdm_clock_init(void)
{
}

void fdm_time_init(void)
{
    PRESCALE = 0; /* COUNTER counts every cycle */
    epoch = fdm_time_now();
}

uint64_t fdm_time_us(void)
{
    return fdm_time_between(epoch, fdm_time_now()) / HZ_PER_US;
}

struct fdm_time fdm_time_now(void)
{
    struct fdm_time now;
    now.coarse = CLK100HZ;
    now.fine = COUNTER;
    return now;
}

struct fdm_time fdm_time_then(void)
{
    struct fdm_time now;
    now.fine = COUNTER;
    now.coarse = CLK100HZ;
    return now;
}

/* The coarse clock is off by a hundredth of a second at most, far less than half a wrap. */
uint64_t fdm_time_between(struct fdm_time from, struct fdm_time to)
{
    uint32_t fine = to.fine - from.fine;
    uint64_t coarse = (uint64_t)(to.coarse - from.coarse) * (FDM_BOARD_TIMER_HZ / 100u);
    uint64_t wraps = (coarse + (UINT64_C(1) << 31) - fine) >> 32;
    return (wraps << 32) + fine;
}
