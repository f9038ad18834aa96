/* STM32U5: watch crystal, voltage with its booster, PLL, flash, in the order of RM0456, "Dynamic
 * voltage scaling management". */
#include "targets/cortex-m/machine.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/stm32.h"

#include FDM_BOARD_HEADER

/* All RAM is on after reset. */
void fdm_memory_init(void)
{
}

/* Its registers are protected against writing, and survive a reset. */
static void start_watch_crystal(void)
{
    fdm_reg_enable(FDM_U5_RCC_AHB3ENR, FDM_U5_RCC_AHB3ENR_PWREN);
    fdm_reg_start(FDM_U5_PWR_DBPR, FDM_U5_PWR_DBPR_DBP, FDM_U5_PWR_DBPR_DBP,
                  "fdm-bench: the backup domain stays protected");
    fdm_reg_start(FDM_U5_RCC_BDCR, FDM_U5_RCC_BDCR_LSEON, FDM_U5_RCC_BDCR_LSERDY,
                  "fdm-bench: the watch crystal (LSE) does not start");
    fdm_reg_start(FDM_U5_RCC_BDCR, FDM_U5_RCC_BDCR_LSESYSEN, FDM_U5_RCC_BDCR_LSESYSRDY,
                  "fdm-bench: the watch crystal's clock (LSESYS) does not start");
    fdm_reg_set(FDM_U5_RCC_CR, FDM_U5_RCC_CR_MSIPLLSEL);
    fdm_reg_set(FDM_U5_RCC_CR, FDM_U5_RCC_CR_MSIPLLEN);
}

/* The booster runs on the PLL's input, which has to be chosen before. */
static void raise_voltage(void)
{
    fdm_reg_change(FDM_U5_PWR_VOSR, FDM_U5_PWR_VOSR_VOS_MASK, FDM_U5_PWR_VOSR_VOS_1);
    fdm_reg_await(FDM_U5_PWR_VOSR, FDM_U5_PWR_VOSR_VOSRDY, FDM_U5_PWR_VOSR_VOSRDY,
                  "fdm-bench: the core voltage does not become ready");
    fdm_reg_change(FDM_U5_RCC_PLL1CFGR,
                   FDM_U5_RCC_PLL1CFGR_PLL1SRC_MASK | FDM_U5_RCC_PLL1CFGR_PLL1RGE_MASK |
                       FDM_U5_RCC_PLL1CFGR_PLL1FRACEN | FDM_U5_RCC_PLL1CFGR_PLL1M_MASK |
                       FDM_U5_RCC_PLL1CFGR_PLL1MBOOST_MASK,
                   FDM_U5_RCC_PLL1CFGR_PLL1SRC_MSIS | (FDM_STM32_PLL_M - 1u)
                                                          << FDM_U5_RCC_PLL1CFGR_PLL1M_POS);
    fdm_reg_start(FDM_U5_PWR_VOSR, FDM_U5_PWR_VOSR_BOOSTEN, FDM_U5_PWR_VOSR_BOOSTRDY,
                  "fdm-bench: the voltage booster does not become ready");
}

static void start_pll(void)
{
    fdm_reg_write(FDM_U5_RCC_PLL1DIVR, (FDM_STM32_PLL_N - 1u) |
                                           1u << FDM_U5_RCC_PLL1DIVR_PLL1P_POS |
                                           1u << FDM_U5_RCC_PLL1DIVR_PLL1Q_POS |
                                           (FDM_STM32_PLL_R - 1u) << FDM_U5_RCC_PLL1DIVR_PLL1R_POS);
    fdm_reg_set(FDM_U5_RCC_PLL1CFGR, FDM_U5_RCC_PLL1CFGR_PLL1REN);
    fdm_reg_start(FDM_U5_RCC_CR, FDM_U5_RCC_CR_PLL1ON, FDM_U5_RCC_CR_PLL1RDY,
                  "fdm-bench: the PLL does not lock");
}

static void slow_flash(void)
{
    fdm_reg_change(FDM_U5_FLASH_ACR, FDM_U5_FLASH_ACR_LATENCY_MASK,
                   FDM_BOARD_WAIT_STATES | FDM_U5_FLASH_ACR_PRFTEN);
    fdm_reg_await(FDM_U5_FLASH_ACR, FDM_U5_FLASH_ACR_LATENCY_MASK, FDM_BOARD_WAIT_STATES,
                  "fdm-bench: the flash refuses its wait states");
}

/* Half the speed for a microsecond, so that the load on the supply rises in two steps. */
static void switch_clock(void)
{
    fdm_reg_change(FDM_U5_RCC_CFGR2, FDM_U5_RCC_CFGR2_HPRE_MASK, FDM_U5_RCC_CFGR2_HPRE_2);
    fdm_reg_switch(FDM_U5_RCC_CFGR1, FDM_U5_RCC_CFGR1_SW_MASK, FDM_U5_RCC_CFGR1_SW_PLL1,
                   FDM_U5_RCC_CFGR1_SWS_POS, "fdm-bench: the CPU does not take the PLL's clock");
    fdm_core_pause(FDM_BOARD_CLOCK_HZ / 1000000u);
    fdm_reg_change(FDM_U5_RCC_CFGR2, FDM_U5_RCC_CFGR2_HPRE_MASK, 0);
}

void fdm_clock_init(void)
{
    start_watch_crystal();
    raise_voltage();
    start_pll();
    slow_flash();
    switch_clock();
    fdm_usart_set_clock(FDM_STM32_UART_HZ);
    fdm_reg_await(FDM_U5_ICACHE_SR, FDM_U5_ICACHE_SR_BUSYF, 0,
                  "fdm-bench: the instruction cache does not become ready");
    fdm_reg_set(FDM_U5_ICACHE_CR, FDM_U5_ICACHE_CR_EN);
}
