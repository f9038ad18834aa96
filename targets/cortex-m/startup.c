/* From reset to main(), and what happens when something goes wrong. */
#include "targets/cortex-m/startup.h"

#include <stddef.h>

#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"

#include FDM_BOARD_HEADER

#define PAINT 0xC5C5C5C5u

int main(void);
_Noreturn void fdm_reset(void);
void fdm_fault(void);
_Noreturn void fdm_fault_report(const uint32_t *frame);

/* Left alone below the stack pointer: what this function itself may yet push. */
#define OWN_FRAME_WORDS 16

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

_Noreturn void fdm_reset(void)
{
#if __ARM_ARCH >= 8
    __asm__ volatile("msr msplim, %0" ::"r"(__stack_bottom));
#endif
#if __ARM_FP
    FDM_CPACR |= FDM_CPACR_FPU;
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
    FDM_SHCSR |= FDM_SHCSR_FAULTS;
    const uint32_t *from = __data_load;
    for (uint32_t *to = __data_start; to < __data_end; to++)
        *to = *from++;
    for (uint32_t *to = __bss_start; to < __bss_end; to++)
        *to = 0;
    fdm_line_init(); /* before anything that can fault */
    fdm_stack_repaint();
    main();
    for (;;)
        fdm_wait_for_interrupt();
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
    put_text("\r\n");
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

__attribute__((used)) _Noreturn void fdm_fault_report(const uint32_t *frame)
{
    uint32_t exception;
    __asm__ volatile("mrs %0, ipsr" : "=r"(exception));
    fdm_line_put_now(0);
    put_hex("fdm-bench: fault, exception ", exception);
    put_hex(" cfsr ", FDM_CFSR);
    put_hex(" address ", FDM_BFAR);
    if (frame >= __stack_bottom && frame + 8 <= __stack_top) {
        put_hex(" pc ", frame[6]);
        put_hex(" lr ", frame[5]);
    } else {
        put_hex(" stack pointer outside the stack ", (uint32_t)(uintptr_t)frame);
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
    [16 + FDM_BOARD_UART_IRQ_2] = {.handler = fdm_line_interrupt},
};
