/* A model of an STM32's clocks for tests: registers that remember, and the few bits of hardware
 * that answer. The port is compiled with FDM_STM32_MODEL and reads and writes here. One family's
 * model (model_h7.c, …) is linked in; it fails the test where the port asks of the chip what its
 * manual forbids. */
#ifndef FDM_TESTS_STM32_MODEL_H
#define FDM_TESTS_STM32_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/* ---- for a family's model ---- */

uint32_t model_get(uint32_t address);
/* Sets a register as the chip itself does. */
void model_put(uint32_t address, uint32_t value);
/* Sets the bits of `mask` to `value`: the answer of a part, which fails to come if it is dead. */
void model_answer(uint32_t address, uint32_t mask, uint32_t value);
/* Field of a register. */
uint32_t model_field(uint32_t address, uint32_t mask);

/* What the family supplies. */
struct chip_clocks {
    uint64_t cpu_hz, uart_hz, timer_hz;
};

/* A part that may be dead: its answer, and what the port says then. */
struct chip_part {
    uint32_t address, mask;
    const char *complaint;
};

extern const struct chip_part chip_parts[]; /* ends with complaint NULL */
extern const uint32_t
    chip_survivors[];                  /* registers that keep their value through a reset; 0 ends */
extern const uint32_t chip_data_cache; /* CCSIDR; 0: none */
/* Puts every register that matters to its value after power-on; all others are 0 then. */
void chip_power_on(void);
/* The port wrote a register, which has the value already. */
void chip_wrote(uint32_t address, uint32_t before, uint32_t value);
/* As the registers stand. */
struct chip_clocks chip_clocks(void);

/* ---- for the test ---- */

void model_power_on(void);
void model_reset(void);
/* This part does not answer from now on; NULL: all do. */
void model_kill(const struct chip_part *part);
/* Lines of the data cache that were invalidated. */
uint32_t model_lines_emptied(void);

#endif
