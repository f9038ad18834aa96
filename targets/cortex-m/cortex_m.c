#include "targets/cortex-m/cortex_m.h"

#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"
#include "targets/cortex-m/startup.h"

#include FDM_BOARD_HEADER

#define US_PER_S 1000000u

/* What outlives a call. */
static struct {
    struct fdm_time counting_from;
    bool instructions; /* the counter was seen to count them */
} state;

static size_t port_read(void *context, uint8_t *bytes, size_t capacity)
{
    (void)context;
    return fdm_line_read(bytes, capacity);
}

static size_t port_write(void *context, const uint8_t *bytes, size_t len)
{
    (void)context;
    return fdm_line_write(bytes, len);
}

static uint64_t port_now_us(void *context)
{
    (void)context;
    return fdm_time_us();
}

static void start_alarm(uint64_t us)
{
    uint64_t most = FDM_SYSTICK_MAX / (FDM_BOARD_CLOCK_HZ / US_PER_S);
    uint32_t cycles = (uint32_t)(us < most ? us : most) * (FDM_BOARD_CLOCK_HZ / US_PER_S);
    FDM_SYST_RVR = cycles;
    FDM_SYST_CVR = 0;
    FDM_SYST_CSR = 7;
}

static void stop_alarm(void)
{
    FDM_SYST_CSR = 0;
    FDM_ICSR = FDM_ICSR_PENDSTCLR;
}

/* Interrupts are off between looking and sleeping, so that none is missed; a pending one ends the
 * sleep all the same. */
static bool port_wait(void *context, uint64_t until_us, bool writing)
{
    fdm_interrupts_off();
    if (!fdm_line_ready(writing)) {
        uint64_t now = until_us == UINT64_MAX ? 0 : port_now_us(context);
        if (until_us == UINT64_MAX) {
            fdm_wait_for_interrupt();
        } else if (now < until_us) {
            start_alarm(until_us - now);
            fdm_wait_for_interrupt();
            stop_alarm();
        }
    }
    fdm_interrupts_on();
    return true;
}

/* Nothing but the work is counted: interrupts wait for the end of the measurement. */
static void port_counter_start(void *context)
{
    (void)context;
    fdm_interrupts_off();
    state.counting_from = fdm_time_now();
    fdm_compiler_barrier();
}

/* Nanoseconds are whole numbers of 1000 / (FDM_BOARD_TIMER_HZ / 10^6). The timer's ticks begin at
 * any point of an instruction's time, which is several ticks long: rounding gives whole
 * instructions. */
static uint64_t instructions_of(uint64_t ticks)
{
#ifdef FDM_ICOUNT_SHIFT
    uint64_t ns = ticks * 1000u / (FDM_BOARD_TIMER_HZ / US_PER_S);
    return (ns + (UINT64_C(1) << FDM_ICOUNT_SHIFT >> 1)) >> FDM_ICOUNT_SHIFT;
#else
    return ticks;
#endif
}

static uint64_t port_counter_read(void *context)
{
    (void)context;
    fdm_compiler_barrier();
    struct fdm_time end = fdm_time_then();
    fdm_interrupts_on();
    uint64_t ticks = fdm_time_between(state.counting_from, end);
    return state.instructions ? instructions_of(ticks) : ticks;
}

static uint32_t bytes_between(const uint32_t *from, const uint32_t *to)
{
    return (uint32_t)((uintptr_t)to - (uintptr_t)from);
}

static void port_memory(void *context, struct fdm_port_memory *out)
{
    (void)context;
    uint32_t weights = bytes_between(__weights_start, __weights_end);
    out->stack_bytes = bytes_between(__stack_bottom, __stack_top);
    out->stack_used = fdm_stack_used();
    out->static_bytes =
        bytes_between(__data_start, __data_end) + bytes_between(__bss_start, __bss_end);
    out->constant_bytes = weights;
    out->code_bytes = bytes_between(__vectors_start, __flash_end) - weights;
}

static void port_clear_marks(void *context)
{
    (void)context;
    fdm_stack_repaint();
}

#ifndef FDM_BOARD_VOLATILE
static void port_restart(void *context)
{
    (void)context;
    fdm_line_drain();
    __asm__ volatile("dsb" ::: "memory");
    FDM_AIRCR = FDM_AIRCR_RESET;
    for (;;)
        fdm_wait_for_interrupt();
}
#endif

static uint32_t port_set_baud(void *context, uint32_t baud)
{
    (void)context;
    fdm_line_drain();
    return fdm_line_set_baud(baud);
}

#ifdef FDM_ICOUNT_SHIFT
/* Counts a loop of 2 * `rounds` instructions. Never inlined, so that what surrounds the loop is the
 * same for any number. */
__attribute__((noipa)) static uint64_t count_loop(uint32_t rounds)
{
    port_counter_start(NULL);
    __asm__ volatile("1:\tsubs %0, %0, #1\n\tbne 1b" : "+r"(rounds)::"cc", "memory");
    return instructions_of(port_counter_read(NULL));
}
#endif

/* The longer loop less the shorter one leaves the loop alone. */
static bool counts_instructions(void)
{
#ifdef FDM_ICOUNT_SHIFT
    return count_loop(51000) - count_loop(1000) == 100000;
#else
    return false;
#endif
}

void fdm_cortex_m_port(struct fdm_port *port, void *arena, size_t arena_bytes)
{
    fdm_time_init();
    state.instructions = false;
    state.instructions = counts_instructions();
    *port = (struct fdm_port){
        .board = FDM_AGENT_BOARD,
        .cpu = FDM_AGENT_CPU,
        .compiler = "gcc " __VERSION__ " " FDM_AGENT_FLAGS,
        .clock_hz = FDM_BOARD_CLOCK_HZ,
        .caches = FDM_BOARD_CACHES,
        .flash_wait_states = FDM_BOARD_WAIT_STATES,
        .counter_kind = state.instructions ? FDM_COUNTER_INSTRUCTIONS : FDM_BOARD_COUNTER,
        .counter_hz = state.instructions ? 0 : FDM_BOARD_TIMER_HZ,
        .baud = FDM_LINE_BAUD,
        .arena = arena,
        .arena_bytes = arena_bytes,
        .read = port_read,
        .write = port_write,
        .wait = port_wait,
        .now_us = port_now_us,
        .counter_start = port_counter_start,
        .counter_read = port_counter_read,
        .memory = port_memory,
        .clear_marks = port_clear_marks,
#ifndef FDM_BOARD_VOLATILE
        .restart = port_restart,
#endif
        .set_baud = port_set_baud,
    };
}
