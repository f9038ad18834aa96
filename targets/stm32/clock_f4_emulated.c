/* QEMU's STM32F405 has no clocks to set and all its RAM at once. */
#include "targets/cortex-m/machine.h"

void fdm_memory_init(void)
{
}

void fdm_clock_init(void)
{
}
