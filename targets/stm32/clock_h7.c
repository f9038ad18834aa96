/* STM32H7: supply, voltage, flash, PLL, in the order of RM0399, 7.4.1, "System supply startup", and
 * "Clock frequency changes": voltage and wait states before the clock that needs them. */
#include "targets/cortex-m/machine.h"
#include "targets/cortex-m/stop.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/stm32.h"

#include FDM_BOARD_HEADER

#define SUPPLY_MASK                                                                                \
    (FDM_H7_PWR_CR3_BYPASS | FDM_H7_PWR_CR3_LDOEN | FDM_H7_PWR_CR3_SMPSEN |                        \
     FDM_H7_PWR_CR3_SMPSEXTHP | FDM_H7_PWR_CR3_SMPSLEVEL_MASK)
#define SUPPLY_UNTOUCHED (FDM_H7_PWR_CR3_LDOEN | FDM_H7_PWR_CR3_SMPSEN)
#define SUPPLY_PATIENCE 1000000u /* reads: tenths of a second; it takes microseconds */
#define REVISION_X 0x2001u       /* Y is 0x1003, V 0x2003 */
#define VOLTAGE_SCALE_1 (3u << FDM_H7_PWR_D3CR_VOS_POS)

/* Chips before revision X may read wrong data from the AXI SRAM, where the network lies, unless the
 * interconnect asks it for one thing at a time (errata sheet ES0392, "Reading from AXI SRAM may
 * lead to data read corruption"; ST's system_stm32h7xx.c asks for the revision in the same way). */
static void mend_early_revisions(void)
{
    if (fdm_reg_read(FDM_H7_DBGMCU_IDC) >> FDM_H7_DBGMCU_IDC_REV_ID_POS < REVISION_X)
        fdm_reg_set(FDM_H7_AXI_TARG7_FN_MOD, FDM_H7_AXI_TARG7_FN_MOD_READ_ISS_OVERRIDE);
}

/* Until the supply is chosen and stands, nothing may be written to RAM (RM0399, 7.4.1): so this
 * comes first of all, uses no variable, and leaves complaints to check_supply(), when the line
 * works. It can be chosen once after power-on; after any other reset it still stands. The agent's
 * copy of the image may lie in D2's RAM. */
void fdm_memory_init(void)
{
    if ((fdm_reg_read(FDM_H7_PWR_CR3) & SUPPLY_MASK) == SUPPLY_UNTOUCHED)
        fdm_reg_change(FDM_H7_PWR_CR3, SUPPLY_MASK, FDM_STM32_SUPPLY);
    for (uint32_t i = 0; i < SUPPLY_PATIENCE; i++) {
        if ((fdm_reg_read(FDM_H7_PWR_CSR1) & FDM_H7_PWR_CSR1_ACTVOSRDY) != 0)
            break;
    }
    mend_early_revisions();
    fdm_reg_enable(FDM_H7_RCC_AHB2ENR, FDM_H7_RCC_AHB2ENR_D2SRAM1EN | FDM_H7_RCC_AHB2ENR_D2SRAM2EN |
                                           FDM_H7_RCC_AHB2ENR_D2SRAM3EN);
}

static void check_supply(void)
{
    if ((fdm_reg_read(FDM_H7_PWR_CR3) & SUPPLY_MASK) != FDM_STM32_SUPPLY)
        fdm_stop_with("fdm-bench: another program chose another supply: power the board off once");
    fdm_reg_await(FDM_H7_PWR_CSR1, FDM_H7_PWR_CSR1_ACTVOSRDY, FDM_H7_PWR_CSR1_ACTVOSRDY,
                  "fdm-bench: the supply does not become ready");
}

static void raise_voltage(void)
{
    fdm_reg_change(FDM_H7_PWR_D3CR, FDM_H7_PWR_D3CR_VOS_MASK, VOLTAGE_SCALE_1);
    fdm_reg_await(FDM_H7_PWR_D3CR, FDM_H7_PWR_D3CR_VOSRDY, FDM_H7_PWR_D3CR_VOSRDY,
                  "fdm-bench: the core voltage does not become ready");
}

static void slow_flash(void)
{
    uint32_t mask = FDM_H7_FLASH_ACR_LATENCY_MASK | FDM_H7_FLASH_ACR_WRHIGHFREQ_MASK;
    uint32_t value = FDM_BOARD_WAIT_STATES | FDM_H7_PROGRAMMING_DELAY
                                                 << FDM_H7_FLASH_ACR_WRHIGHFREQ_POS;
    fdm_reg_change(FDM_H7_FLASH_ACR, mask, value);
    fdm_reg_await(FDM_H7_FLASH_ACR, mask, value, "fdm-bench: the flash refuses its wait states");
}

static void start_crystal(void)
{
#ifdef FDM_STM32_CRYSTAL_BYPASS
    fdm_reg_set(FDM_H7_RCC_CR, FDM_H7_RCC_CR_HSEBYP);
#endif
    fdm_reg_start(FDM_H7_RCC_CR, FDM_H7_RCC_CR_HSEON, FDM_H7_RCC_CR_HSERDY,
                  "fdm-bench: the external clock (HSE) does not start");
}

static void start_pll(void)
{
    fdm_reg_change(
        FDM_H7_RCC_PLLCKSELR, FDM_H7_RCC_PLLCKSELR_PLLSRC_MASK | FDM_H7_RCC_PLLCKSELR_DIVM1_MASK,
        FDM_H7_RCC_PLLCKSELR_PLLSRC_HSE | FDM_STM32_PLL_M << FDM_H7_RCC_PLLCKSELR_DIVM1_POS);
    fdm_reg_change(FDM_H7_RCC_PLLCFGR,
                   FDM_H7_RCC_PLLCFGR_PLL1FRACEN | FDM_H7_RCC_PLLCFGR_PLL1VCOSEL |
                       FDM_H7_RCC_PLLCFGR_PLL1RGE_MASK,
                   FDM_H7_PLL_RANGE << FDM_H7_RCC_PLLCFGR_PLL1RGE_POS | FDM_H7_RCC_PLLCFGR_DIVP1EN);
    fdm_reg_write(FDM_H7_RCC_PLL1DIVR,
                  (FDM_STM32_PLL_N - 1u) | (FDM_STM32_PLL_P - 1u) << FDM_H7_RCC_PLL1DIVR_P1_POS |
                      1u << FDM_H7_RCC_PLL1DIVR_Q1_POS | 1u << FDM_H7_RCC_PLL1DIVR_R1_POS);
    fdm_reg_start(FDM_H7_RCC_CR, FDM_H7_RCC_CR_PLL1ON, FDM_H7_RCC_CR_PLL1RDY,
                  "fdm-bench: the PLL does not lock");
}

static void switch_clock(void)
{
    fdm_reg_change(FDM_H7_RCC_D1CFGR,
                   FDM_H7_RCC_D1CFGR_HPRE_MASK | FDM_H7_RCC_D1CFGR_D1PPRE_MASK |
                       FDM_H7_RCC_D1CFGR_D1CPRE_MASK,
                   FDM_H7_RCC_D1CFGR_HPRE_2 | FDM_H7_RCC_D1CFGR_D1PPRE_2);
    fdm_reg_change(FDM_H7_RCC_D2CFGR,
                   FDM_H7_RCC_D2CFGR_D2PPRE1_MASK | FDM_H7_RCC_D2CFGR_D2PPRE2_MASK,
                   FDM_H7_RCC_D2CFGR_D2PPRE1_2 | FDM_H7_RCC_D2CFGR_D2PPRE2_2);
    fdm_reg_change(FDM_H7_RCC_D3CFGR, FDM_H7_RCC_D3CFGR_D3PPRE_MASK, FDM_H7_RCC_D3CFGR_D3PPRE_2);
    fdm_reg_switch(FDM_H7_RCC_CFGR, FDM_H7_RCC_CFGR_SW_MASK, FDM_H7_RCC_CFGR_SW_PLL1,
                   FDM_H7_RCC_CFGR_SWS_POS, "fdm-bench: the CPU does not take the PLL's clock");
}

void fdm_clock_init(void)
{
    check_supply();
    raise_voltage();
    slow_flash();
    start_crystal();
    start_pll();
    switch_clock();
    fdm_usart_set_clock(FDM_STM32_UART_HZ);
    fdm_core_shut_external_memory();
    fdm_core_caches_on();
}
