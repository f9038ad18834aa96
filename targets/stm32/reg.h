/* How the STM32 port touches registers: through these few functions, so that a test can put a model
 * of the chip in their place (FDM_STM32_MODEL). */
#ifndef FDM_STM32_REG_H
#define FDM_STM32_REG_H

#include <stdint.h>

#ifdef FDM_STM32_MODEL
uint32_t fdm_reg_read(uint32_t address);
void fdm_reg_write(uint32_t address, uint32_t value);
#else
static inline uint32_t fdm_reg_read(uint32_t address)
{
    return *(const volatile uint32_t *)(uintptr_t)address;
}

static inline void fdm_reg_write(uint32_t address, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)address = value;
}
#endif

/* Replaces the bits of `mask`. */
static inline void fdm_reg_change(uint32_t address, uint32_t mask, uint32_t value)
{
    fdm_reg_write(address, (fdm_reg_read(address) & ~mask) | value);
}

static inline void fdm_reg_set(uint32_t address, uint32_t bits)
{
    fdm_reg_write(address, fdm_reg_read(address) | bits);
}

/* Sets a bit that gives a peripheral its clock, and reads it back: the peripheral answers no sooner
 * (reference manuals, "delay after an RCC peripheral clock enabling"). */
static inline void fdm_reg_enable(uint32_t address, uint32_t bits)
{
    fdm_reg_set(address, bits);
    (void)fdm_reg_read(address);
}

/* Waits until the bits of `mask` have `value`. After seconds in vain the board says `complaint` on
 * the line and stops. */
void fdm_reg_await(uint32_t address, uint32_t mask, uint32_t value, const char *complaint);
/* Sets `bits`, and waits until `ready` of the same register are set. */
void fdm_reg_start(uint32_t address, uint32_t bits, uint32_t ready, const char *complaint);
/* Replaces the bits of `mask`, and waits until those `shift` above them say the same. */
void fdm_reg_switch(uint32_t address, uint32_t mask, uint32_t value, uint32_t shift,
                    const char *complaint);

#endif
