#include "targets/stm32/core_registers.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/stm32.h"

static void barrier(void)
{
#ifndef FDM_STM32_MODEL
    __asm__ volatile("dsb\n\tisb" ::: "memory");
#endif
}

void fdm_core_pause(uint32_t cycles)
{
    for (volatile uint32_t i = 0; i < cycles; i = i + 1) {
    }
}

/* How far to the left a way's number stands in DCISW: its highest bit is the word's. */
static uint32_t way_shift(uint32_t ways)
{
    uint32_t shift = 32;
    for (; ways > 0; ways >>= 1)
        shift--;
    return shift;
}

static void empty_data_cache(void)
{
    fdm_reg_write(FDM_CORE_CSSELR, 0);
    barrier();
    uint32_t size = fdm_reg_read(FDM_CORE_CCSIDR);
    uint32_t ways = FDM_CORE_CCSIDR_WAYS(size);
    uint32_t shift = way_shift(ways);
    for (uint32_t set = 0; set <= FDM_CORE_CCSIDR_SETS(size); set++) {
        for (uint32_t way = 0; way <= ways; way++)
            fdm_reg_write(FDM_CORE_DCISW,
                          (shift < 32 ? way << shift : 0) | set << FDM_CORE_DCISW_SET_POS);
    }
    barrier();
}

/* A data cache that is on, as a boot ROM may leave it, holds what memory does not have yet: it
 * stays as it is. */
void fdm_core_caches_on(void)
{
    barrier();
    fdm_reg_write(FDM_CORE_ICIALLU, 0);
    barrier();
    if ((fdm_reg_read(FDM_CORE_CCR) & FDM_CORE_CCR_DC) == 0)
        empty_data_cache();
    fdm_reg_set(FDM_CORE_CCR, FDM_CORE_CCR_IC | FDM_CORE_CCR_DC);
    barrier();
}

void fdm_core_loops_on(void)
{
    fdm_reg_set(FDM_CORE_CCR, FDM_CORE_CCR_LOB);
    barrier();
}

/* One region over all 4 GiB without any access, of which the eighths with code, RAM and peripherals
 * (0 to 0x5FFFFFFF) and with the core's own registers (from 0xE0000000) are left out. */
void fdm_core_shut_external_memory(void)
{
    barrier();
    fdm_reg_write(FDM_CORE_MPU_RNR, 0);
    fdm_reg_write(FDM_CORE_MPU_RBAR, 0);
    fdm_reg_write(FDM_CORE_MPU_RASR, FDM_CORE_MPU_RASR_XN | 0x87u << FDM_CORE_MPU_RASR_SRD_POS |
                                         31u << FDM_CORE_MPU_RASR_SIZE_POS |
                                         FDM_CORE_MPU_RASR_ENABLE);
    fdm_reg_write(FDM_CORE_MPU_CTRL, FDM_CORE_MPU_CTRL_ENABLE | FDM_CORE_MPU_CTRL_PRIVDEFENA);
    barrier();
}
