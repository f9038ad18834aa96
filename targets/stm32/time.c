/* Time: the core's cycle counter for measurements, which stands still while the CPU sleeps, and
 * TIM2, which does not, for the clock; TIM2 also tells how often the cycle counter has wrapped. */
#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"
#include "targets/cortex-m/stop.h"
#include "targets/stm32/core_registers.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/stm32.h"
#include "targets/stm32/tim_registers.h"

#include FDM_BOARD_HEADER

#define US_PER_S 1000000u

static struct {
    uint32_t last_us;
    uint32_t wraps; /* of TIM2, one in 71 minutes */
} state;

static void start_timer(uint32_t timer, uint32_t prescaler)
{
    fdm_reg_write(timer + FDM_TIM_PSC, prescaler - 1u);
    fdm_reg_write(timer + FDM_TIM_ARR, UINT32_MAX);
    fdm_reg_write(timer + FDM_TIM_EGR, FDM_TIM_EGR_UG); /* now the prescaler is in force */
    fdm_reg_write(timer + FDM_TIM_CR1, FDM_TIM_CR1_CEN);
}

#ifdef FDM_STM32_COUNTER_TIM
/* An emulator has no cycle counter: a second timer at full speed takes its place. */
#define COUNTER (FDM_STM32_COUNTER_TIM + FDM_TIM_CNT)

static void start_counter(void)
{
    fdm_reg_enable(FDM_STM32_TIM2_ENABLE, FDM_STM32_COUNTER_TIM_BIT);
    start_timer(FDM_STM32_COUNTER_TIM, 1);
}
#else
#define COUNTER FDM_CORE_DWT_CYCCNT

static void start_counter(void)
{
    fdm_reg_set(FDM_CORE_DEMCR, FDM_CORE_DEMCR_TRCENA);
#if __ARM_ARCH < 8
    fdm_reg_write(FDM_CORE_DWT_LAR, FDM_CORE_DWT_LAR_KEY);
#endif
    fdm_reg_write(FDM_CORE_DWT_CYCCNT, 0);
    fdm_reg_set(FDM_CORE_DWT_CTRL, FDM_CORE_DWT_CTRL_CYCCNTENA);
}
#endif

void fdm_time_init(void)
{
    fdm_reg_enable(FDM_STM32_TIM2_ENABLE, FDM_STM32_TIM2_BIT);
    start_timer(FDM_STM32_TIM2, FDM_STM32_TIM_HZ / US_PER_S);
    start_counter();
    uint32_t before = fdm_reg_read(COUNTER);
    if (fdm_reg_read(COUNTER) == before)
        fdm_stop_with("fdm-bench: the cycle counter stands still");
}

struct fdm_time fdm_time_now(void)
{
    struct fdm_time now;
    now.coarse = fdm_reg_read(FDM_STM32_TIM2 + FDM_TIM_CNT);
    now.fine = fdm_reg_read(COUNTER);
    return now;
}

struct fdm_time fdm_time_then(void)
{
    struct fdm_time now;
    now.fine = fdm_reg_read(COUNTER);
    now.coarse = fdm_reg_read(FDM_STM32_TIM2 + FDM_TIM_CNT);
    return now;
}

/* The clock's microseconds are far more exact than half a wrap of the counter. */
uint64_t fdm_time_between(struct fdm_time from, struct fdm_time to)
{
    uint32_t fine = to.fine - from.fine;
    uint64_t coarse = (uint64_t)(to.coarse - from.coarse) * (FDM_BOARD_TIMER_HZ / US_PER_S);
    uint64_t wraps = (coarse + (UINT64_C(1) << 31) - fine) >> 32;
    return (wraps << 32) + fine;
}

/* A wrap in which nobody asks is not seen: then nothing waits for a time either. */
uint64_t fdm_time_us(void)
{
    uint32_t us = fdm_reg_read(FDM_STM32_TIM2 + FDM_TIM_CNT);
    state.wraps += us < state.last_us;
    state.last_us = us;
    return (uint64_t)state.wraps << 32 | us;
}
