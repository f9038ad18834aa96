/* STM32F7: PLL, over-drive, flash, in the order of RM0410, "Entering Over-drive mode". */
#include "targets/cortex-m/machine.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/stm32.h"

#include FDM_BOARD_HEADER

/* All RAM is on after reset. */
void fdm_memory_init(void)
{
}

static void start_crystal(void)
{
#ifdef FDM_STM32_CRYSTAL_BYPASS
    fdm_reg_set(FDM_F7_RCC_CR, FDM_F7_RCC_CR_HSEBYP);
#endif
    fdm_reg_start(FDM_F7_RCC_CR, FDM_F7_RCC_CR_HSEON, FDM_F7_RCC_CR_HSERDY,
                  "fdm-bench: the external clock (HSE) does not start");
}

/* The voltage's scale can only be chosen while the PLL is off, and takes effect when it is on. */
static void start_pll(void)
{
    fdm_reg_enable(FDM_F7_RCC_APB1ENR, FDM_F7_RCC_APB1ENR_PWREN);
    fdm_reg_change(FDM_F7_PWR_CR1, FDM_F7_PWR_CR1_VOS_MASK, FDM_F7_PWR_CR1_VOS_1);
    fdm_reg_change(FDM_F7_RCC_PLLCFGR,
                   FDM_F7_RCC_PLLCFGR_PLLM_MASK | FDM_F7_RCC_PLLCFGR_PLLN_MASK |
                       FDM_F7_RCC_PLLCFGR_PLLP_MASK,
                   FDM_STM32_PLL_M | FDM_STM32_PLL_N << FDM_F7_RCC_PLLCFGR_PLLN_POS |
                       (FDM_STM32_PLL_P / 2u - 1u) << FDM_F7_RCC_PLLCFGR_PLLP_POS |
                       FDM_F7_RCC_PLLCFGR_PLLSRC_HSE);
    fdm_reg_set(FDM_F7_RCC_CR, FDM_F7_RCC_CR_PLLON);
}

static void start_over_drive(void)
{
    fdm_reg_set(FDM_F7_PWR_CR1, FDM_F7_PWR_CR1_ODEN);
    fdm_reg_await(FDM_F7_PWR_CSR1, FDM_F7_PWR_CSR1_ODRDY, FDM_F7_PWR_CSR1_ODRDY,
                  "fdm-bench: the over-drive does not become ready");
    fdm_reg_set(FDM_F7_PWR_CR1, FDM_F7_PWR_CR1_ODSWEN);
    fdm_reg_await(FDM_F7_PWR_CSR1, FDM_F7_PWR_CSR1_ODSWRDY, FDM_F7_PWR_CSR1_ODSWRDY,
                  "fdm-bench: the core does not take the over-drive");
}

static void slow_flash(void)
{
    fdm_reg_change(FDM_F7_FLASH_ACR, FDM_F7_FLASH_ACR_LATENCY_MASK,
                   FDM_BOARD_WAIT_STATES | FDM_F7_FLASH_ACR_PRFTEN | FDM_F7_FLASH_ACR_ARTEN);
    fdm_reg_await(FDM_F7_FLASH_ACR, FDM_F7_FLASH_ACR_LATENCY_MASK, FDM_BOARD_WAIT_STATES,
                  "fdm-bench: the flash refuses its wait states");
}

static void switch_clock(void)
{
    fdm_reg_await(FDM_F7_RCC_CR, FDM_F7_RCC_CR_PLLRDY, FDM_F7_RCC_CR_PLLRDY,
                  "fdm-bench: the PLL does not lock");
    fdm_reg_change(FDM_F7_RCC_CFGR,
                   FDM_F7_RCC_CFGR_HPRE_MASK | FDM_F7_RCC_CFGR_PPRE1_MASK |
                       FDM_F7_RCC_CFGR_PPRE2_MASK,
                   FDM_F7_RCC_CFGR_PPRE1_4 | FDM_F7_RCC_CFGR_PPRE2_2);
    fdm_reg_switch(FDM_F7_RCC_CFGR, FDM_F7_RCC_CFGR_SW_MASK, FDM_F7_RCC_CFGR_SW_PLL,
                   FDM_F7_RCC_CFGR_SWS_POS, "fdm-bench: the CPU does not take the PLL's clock");
}

void fdm_clock_init(void)
{
    start_crystal();
    start_pll();
    start_over_drive();
    slow_flash();
    switch_clock();
    fdm_usart_set_clock(FDM_STM32_UART_HZ);
    fdm_core_shut_external_memory();
    fdm_core_caches_on();
}
