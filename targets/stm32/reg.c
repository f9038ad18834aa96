#include "targets/stm32/reg.h"

#include "targets/cortex-m/stop.h"

/* At the slowest clock of reset, 4 MHz, a look takes some microseconds, at the fastest, 64 MHz, a
 * fifth of one; a watch crystal may take two seconds to start at 4 MHz, all else milliseconds. */
#ifdef FDM_STM32_MODEL
#define LOOKS 100u
#else
#define LOOKS 5000000u
#endif

void fdm_reg_await(uint32_t address, uint32_t mask, uint32_t value, const char *complaint)
{
    for (uint32_t looks = 0; looks < LOOKS; looks++) {
        if ((fdm_reg_read(address) & mask) == value)
            return;
    }
    fdm_stop_with(complaint);
}

void fdm_reg_start(uint32_t address, uint32_t bits, uint32_t ready, const char *complaint)
{
    fdm_reg_set(address, bits);
    fdm_reg_await(address, ready, ready, complaint);
}

void fdm_reg_switch(uint32_t address, uint32_t mask, uint32_t value, uint32_t shift,
                    const char *complaint)
{
    fdm_reg_change(address, mask, value);
    fdm_reg_await(address, mask << shift, value << shift, complaint);
}
