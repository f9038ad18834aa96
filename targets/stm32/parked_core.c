/* The second core of a dual-core H7, a Cortex-M4, starts with the first unless an option byte
 * forbids it, from bank 2 of the flash (RM0399, "Boot modes"). Here it finds a program that only
 * sleeps, so that it takes nothing from the measured core. A board's linker script keeps this
 * section there; elsewhere the linker drops it. */
#include <stdint.h>

/* The M4's name of the D2 domain's RAM; the program below never uses its stack. */
#define STACK 0x10000400u

__attribute__((naked)) static void sleep_forever(void)
{
    __asm__ volatile("cpsid i\n"
                     "1:\twfi\n\t"
                     "b 1b");
}

union parked_vector {
    uint32_t stack;
    void (*handler)(void);
};

/* Initial stack pointer, reset, NMI, hard fault. */
__attribute__((section(".parked_core"), used)) static const union parked_vector parked_vectors[] = {
    {.stack = STACK},
    {.handler = sleep_forever},
    {.handler = sleep_forever},
    {.handler = sleep_forever},
};
