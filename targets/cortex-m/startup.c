/* From reset to main(), and what happens when something goes wrong. */
#include "targets/cortex-m/startup.h"

#include <stdbool.h>
#include <stddef.h>

#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"

#include FDM_BOARD_HEADER

#define PAINT 0xC5C5C5C5u

int main(void);
void fdm_reset(void);
_Noreturn void fdm_start(void);
void fdm_fault(void);
_Noreturn void fdm_fault_report(const uint32_t *frame);

/* Left alone below the stack pointer: what this function itself may yet push. */
#define OWN_FRAME_WORDS 16

/* Before Armv8-M there is no register for the stack's limit: what lies below it is forbidden
 * instead, with room for the largest frame, in the region that prevails over all others. */
#define GUARD_BYTES 4096u
#define GUARD_REGION 7u

static void guard_stack(void)
{
#if __ARM_ARCH >= 8
    __asm__ volatile("msr msplim, %0" ::"r"(__stack_bottom));
#else
    if (FDM_MPU_TYPE_REGIONS(FDM_MPU_TYPE) <= GUARD_REGION)
        return;
    uint32_t below = (uint32_t)(uintptr_t)__stack_bottom - GUARD_BYTES;
    FDM_MPU_RBAR = below | FDM_MPU_RBAR_REGION(GUARD_REGION);
    FDM_MPU_RASR = FDM_MPU_RASR_NOTHING | FDM_MPU_RASR_BYTES_4096;
    FDM_MPU_CTRL = FDM_MPU_CTRL_ENABLE;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
}

__attribute__((noinline)) void fdm_stack_repaint(void)
{
    uintptr_t sp;
    __asm__ volatile("mov %0, sp" : "=r"(sp));
    volatile uint32_t *end = (uint32_t *)sp - OWN_FRAME_WORDS;
    for (volatile uint32_t *word = __stack_bottom; word < end; word++)
        *word = PAINT;
}

uint32_t fdm_stack_used(void)
{
    const volatile uint32_t *word = __stack_bottom;
    while (word < __stack_top && *word == PAINT)
        word++;
    return (uint32_t)((uintptr_t)__stack_top - (uintptr_t)word);
}

__attribute__((used)) _Noreturn void fdm_start(void)
{
    guard_stack();
    /* Whoever ran before may have left it running. */
    FDM_SYST_CSR = 0;
    FDM_ICSR = FDM_ICSR_PENDSTCLR;
#if __ARM_FP
    FDM_CPACR |= FDM_CPACR_FPU;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
#if FDM_CORE_TELLS_FAULTS
    FDM_SHCSR |= FDM_SHCSR_FAULTS;
#endif
    FDM_VTOR = (uint32_t)(uintptr_t)__vectors_start;
    fdm_memory_init();
    const uint32_t *from = __data_load;
    for (uint32_t *to = __data_start; to < __data_end; to++)
        *to = *from++;
    for (uint32_t *to = __bss_start; to < __bss_end; to++)
        *to = 0;
    fdm_line_init(); /* before anything that can fault */
    fdm_clock_init();
    fdm_stack_repaint();
    main();
    for (;;)
        fdm_wait_for_interrupt();
}

/* A program that is loaded into RAM starts behind a boot ROM: with its stack, and on Armv8-M with a
 * limit for it, which the first push of fdm_start() would meet. */
__attribute__((naked)) void fdm_reset(void)
{
    __asm__ volatile(
#if __ARM_ARCH >= 8
        "movs r0, #0\n\t"
        "msr msplim, r0\n\t"
        "msr control, r0\n\t"
        "isb\n\t"
#endif
        "ldr r0, =__stack_top\n\t"
        "msr msp, r0\n\t"
        "b fdm_start\n\t"
        ".ltorg");
}

static void put_text(const char *text)
{
    while (*text != '\0')
        fdm_line_put_now((uint8_t)*text++);
}

static void put_hex(const char *label, uint32_t value)
{
    put_text(label);
    for (int shift = 28; shift >= 0; shift -= 4)
        fdm_line_put_now((uint8_t) "0123456789abcdef"[value >> shift & 15u]);
}

static _Noreturn void stop(void)
{
    fdm_line_put_now(0);
    fdm_interrupts_off();
    for (;;)
        fdm_wait_for_interrupt();
}

_Noreturn void fdm_stop_with(const char *text)
{
    fdm_line_put_now(0);
    put_text(text);
    stop();
}

static uint32_t fault_status(void)
{
#if FDM_CORE_TELLS_FAULTS
    return FDM_CFSR;
#else
    return 0;
#endif
}

static bool is_overflow(uint32_t cfsr, const uint32_t *frame)
{
    uint32_t below = (uint32_t)(uintptr_t)__stack_bottom - GUARD_BYTES;
    bool guard_hit = (cfsr & FDM_CFSR_MMFAR_VALID) != 0 && FDM_MMFAR - below < GUARD_BYTES;
    return guard_hit || frame < __stack_bottom ||
           (cfsr & (FDM_CFSR_MEMORY_STACKING | FDM_CFSR_STACK_LIMIT)) != 0;
}

__attribute__((used)) _Noreturn void fdm_fault_report(const uint32_t *frame)
{
    uint32_t exception;
    uint32_t cfsr = fault_status();
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    fdm_line_put_now(0);
    put_text(is_overflow(cfsr, frame) ? "fdm-bench: stack overflow," : "fdm-bench: fault,");
    put_hex(" exception ", exception);
#if FDM_CORE_TELLS_FAULTS
    put_hex(" cfsr ", cfsr);
    put_hex(" address ", (cfsr & FDM_CFSR_MMFAR_VALID) != 0 ? FDM_MMFAR : FDM_BFAR);
#endif
    put_hex(" sp ", (uint32_t)(uintptr_t)frame);
    /* A frame that was not written whole tells nothing. */
    if (!is_overflow(cfsr, frame) && frame + 8 <= __stack_top) {
        put_hex(" pc ", frame[6]);
        put_hex(" lr ", frame[5]);
    }
    stop();
}

/* The report needs a stack even when the old one overflowed. */
__attribute__((naked)) void fdm_fault(void)
{
    __asm__ volatile("mrs r0, msp\n\t"
                     "ldr r1, =__stack_top\n\t"
                     "mov sp, r1\n\t"
                     "b fdm_fault_report\n\t"
                     ".ltorg");
}

union vector {
    uint32_t *stack;
    void (*handler)(void);
};

/* Numbers: Architecture Reference Manual, "exception numbers"; 16 and up are the board's. */
__attribute__((section(".vectors"), used)) static const union vector vectors[] = {
    [0] = {.stack = __stack_top},
    [1] = {.handler = fdm_reset},
    [2] = {.handler = fdm_fault},  /* NMI */
    [3] = {.handler = fdm_fault},  /* hard fault */
    [4] = {.handler = fdm_fault},  /* memory management */
    [5] = {.handler = fdm_fault},  /* bus */
    [6] = {.handler = fdm_fault},  /* usage */
    [7] = {.handler = fdm_fault},  /* secure */
    [11] = {.handler = fdm_fault}, /* SVCall */
    [12] = {.handler = fdm_fault}, /* debug monitor */
    [14] = {.handler = fdm_fault}, /* PendSV */
    [15] = {.handler = fdm_fault}, /* SysTick: wakes, but is never taken */
    [16 + FDM_BOARD_UART_IRQ] = {.handler = fdm_line_interrupt},
#ifdef FDM_BOARD_UART_IRQ_2
    [16 + FDM_BOARD_UART_IRQ_2] = {.handler = fdm_line_interrupt},
#endif
};
