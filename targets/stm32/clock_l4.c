/* STM32L4+: watch crystal, voltage, PLL, flash, in the order of RM0432, 5.1.8, "Dynamic
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
    fdm_reg_enable(FDM_L4_RCC_APB1ENR1, FDM_L4_RCC_APB1ENR1_PWREN);
    fdm_reg_start(FDM_L4_PWR_CR1, FDM_L4_PWR_CR1_DBP, FDM_L4_PWR_CR1_DBP,
                  "fdm-bench: the backup domain stays protected");
    fdm_reg_start(FDM_L4_RCC_BDCR, FDM_L4_RCC_BDCR_LSEON, FDM_L4_RCC_BDCR_LSERDY,
                  "fdm-bench: the watch crystal (LSE) does not start");
    fdm_reg_set(FDM_L4_RCC_CR, FDM_L4_RCC_CR_MSIPLLEN);
}

static void raise_voltage(void)
{
    fdm_reg_change(FDM_L4_PWR_CR1, FDM_L4_PWR_CR1_VOS_MASK, FDM_L4_PWR_CR1_VOS_1);
    fdm_reg_await(FDM_L4_PWR_SR2, FDM_L4_PWR_SR2_VOSF, 0,
                  "fdm-bench: the core voltage does not become ready");
    fdm_reg_change(FDM_L4_PWR_CR5, FDM_L4_PWR_CR5_R1MODE, 0);
}

static void start_pll(void)
{
    fdm_reg_change(FDM_L4_RCC_PLLCFGR,
                   FDM_L4_RCC_PLLCFGR_PLLSRC_MASK | FDM_L4_RCC_PLLCFGR_PLLM_MASK |
                       FDM_L4_RCC_PLLCFGR_PLLN_MASK | FDM_L4_RCC_PLLCFGR_PLLR_MASK,
                   FDM_L4_RCC_PLLCFGR_PLLSRC_MSI |
                       (FDM_STM32_PLL_M - 1u) << FDM_L4_RCC_PLLCFGR_PLLM_POS |
                       FDM_STM32_PLL_N << FDM_L4_RCC_PLLCFGR_PLLN_POS |
                       (FDM_STM32_PLL_R / 2u - 1u) << FDM_L4_RCC_PLLCFGR_PLLR_POS);
    fdm_reg_start(FDM_L4_RCC_CR, FDM_L4_RCC_CR_PLLON, FDM_L4_RCC_CR_PLLRDY,
                  "fdm-bench: the PLL does not lock");
    fdm_reg_set(FDM_L4_RCC_PLLCFGR, FDM_L4_RCC_PLLCFGR_PLLREN);
}

static void slow_flash(void)
{
    fdm_reg_change(FDM_L4_FLASH_ACR, FDM_L4_FLASH_ACR_LATENCY_MASK,
                   FDM_BOARD_WAIT_STATES | FDM_L4_FLASH_ACR_PRFTEN | FDM_L4_FLASH_ACR_ICEN |
                       FDM_L4_FLASH_ACR_DCEN);
    fdm_reg_await(FDM_L4_FLASH_ACR, FDM_L4_FLASH_ACR_LATENCY_MASK, FDM_BOARD_WAIT_STATES,
                  "fdm-bench: the flash refuses its wait states");
}

/* Half the speed for a microsecond, as RM0432 asks where the clock passes 80 MHz. */
static void switch_clock(void)
{
    fdm_reg_change(FDM_L4_RCC_CFGR,
                   FDM_L4_RCC_CFGR_HPRE_MASK | FDM_L4_RCC_CFGR_PPRE1_MASK |
                       FDM_L4_RCC_CFGR_PPRE2_MASK,
                   FDM_L4_RCC_CFGR_HPRE_2);
    fdm_reg_switch(FDM_L4_RCC_CFGR, FDM_L4_RCC_CFGR_SW_MASK, FDM_L4_RCC_CFGR_SW_PLL,
                   FDM_L4_RCC_CFGR_SWS_POS, "fdm-bench: the CPU does not take the PLL's clock");
    fdm_core_pause(FDM_BOARD_CLOCK_HZ / 1000000u);
    fdm_reg_change(FDM_L4_RCC_CFGR, FDM_L4_RCC_CFGR_HPRE_MASK, 0);
}

void fdm_clock_init(void)
{
    start_watch_crystal();
    raise_voltage();
    start_pll();
    slow_flash();
    switch_clock();
    fdm_usart_set_clock(FDM_STM32_UART_HZ);
}
