/* STM32N6, loaded into RAM: whatever the boot ROM or a loader set up, first back to the internal
 * oscillator, then the PLL. The order is that of RM0486, "PLL initialization phase" and "Switching
 * of system and CPU clocks". */
#include "targets/cortex-m/machine.h"
#include "targets/stm32/core_registers.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/stm32.h"

#include FDM_BOARD_HEADER

#define CPU_SHIFT (FDM_N6_RCC_CFGR1_CPUSWS_POS - FDM_N6_RCC_CFGR1_CPUSW_POS)
#define SYS_SHIFT (FDM_N6_RCC_CFGR1_SYSSWS_POS - FDM_N6_RCC_CFGR1_SYSSW_POS)
#define FROM_HSI 0u
#define FROM_PLL 3u
#define PLL_FROM_HSE 2u

static void switch_clocks(uint32_t source, const char *complaint)
{
    fdm_reg_switch(FDM_N6_RCC_CFGR1, FDM_N6_RCC_CFGR1_CPUSW_MASK,
                   source << FDM_N6_RCC_CFGR1_CPUSW_POS, CPU_SHIFT, complaint);
    fdm_reg_switch(FDM_N6_RCC_CFGR1, FDM_N6_RCC_CFGR1_SYSSW_MASK,
                   source << FDM_N6_RCC_CFGR1_SYSSW_POS, SYS_SHIFT, complaint);
}

/* RAM, the way to it, timer and line stay awake while the CPU sleeps: else it never wakes again,
 * nor with the BSEC off (errata sheet ES0620). */
static void stay_awake(void)
{
    fdm_reg_set(FDM_N6_RCC_APB4ENR2, FDM_N6_RCC_APB4ENR2_BSECEN);
    fdm_reg_set(FDM_N6_RCC_BUSLPENR,
                FDM_N6_RCC_BUSLPENR_ACLKNLPEN | FDM_N6_RCC_BUSLPENR_ACLKNCLPEN);
    fdm_reg_set(FDM_N6_RCC_MEMLPENR,
                FDM_N6_RCC_MEMLPENR_AXISRAM1LPEN | FDM_N6_RCC_MEMLPENR_AXISRAM2LPEN);
    fdm_reg_set(FDM_N6_RCC_APB1LPENR1, FDM_N6_RCC_APB1LPENR1_TIM2LPEN);
    fdm_reg_set(FDM_N6_RCC_APB2LPENR, FDM_N6_RCC_APB2LPENR_USART1LPEN);
}

/* The line cannot tell of a failure yet: it gets its clock here. The whole memory map is secure and
 * open, as at reset. */
void fdm_memory_init(void)
{
    fdm_reg_write(FDM_CORE_SAU_CTRL, 0);
    fdm_reg_write(FDM_CORE_MPU_CTRL, 0);
    fdm_reg_enable(FDM_N6_RCC_MEMENR, FDM_N6_RCC_MEMENR_AXISRAM1EN | FDM_N6_RCC_MEMENR_AXISRAM2EN);
    stay_awake();
    fdm_reg_write(FDM_N6_RCC_CSR, FDM_N6_RCC_CSR_HSIONS);
    while ((fdm_reg_read(FDM_N6_RCC_SR) & FDM_N6_RCC_SR_HSIRDY) == 0) {
    }
    fdm_reg_change(FDM_N6_RCC_HSICFGR, FDM_N6_RCC_HSICFGR_HSIDIV_MASK, 0);
    switch_clocks(FROM_HSI, "fdm-bench: the CPU does not take the internal clock");
    fdm_reg_change(FDM_N6_RCC_CFGR2,
                   FDM_N6_RCC_CFGR2_PPRE1_MASK | FDM_N6_RCC_CFGR2_PPRE2_MASK |
                       FDM_N6_RCC_CFGR2_HPRE_MASK | FDM_N6_RCC_CFGR2_TIMPRE_MASK,
                   FDM_N6_RCC_CFGR2_HPRE_2);
    fdm_reg_change(FDM_N6_RCC_CCIPR13, FDM_N6_RCC_CCIPR13_USART1SEL_MASK, 0);
}

/* The board's regulator feeds the core. */
static void choose_supply(void)
{
    fdm_reg_enable(FDM_N6_RCC_AHB4ENR, FDM_N6_RCC_AHB4ENR_PWREN);
    fdm_reg_change(FDM_N6_PWR_CR1, FDM_N6_PWR_CR1_SDEN, 0);
    fdm_reg_await(FDM_N6_PWR_VOSCR, FDM_N6_PWR_VOSCR_ACTVOSRDY, FDM_N6_PWR_VOSCR_ACTVOSRDY,
                  "fdm-bench: the core voltage does not become ready");
}

static void start_crystal(void)
{
#ifdef FDM_STM32_CRYSTAL_BYPASS
    fdm_reg_set(FDM_N6_RCC_HSECFGR, FDM_N6_RCC_HSECFGR_HSEBYP);
#endif
    fdm_reg_write(FDM_N6_RCC_CSR, FDM_N6_RCC_CSR_HSEONS);
    fdm_reg_await(FDM_N6_RCC_SR, FDM_N6_RCC_SR_HSERDY, FDM_N6_RCC_SR_HSERDY,
                  "fdm-bench: the external clock (HSE) does not start");
}

static void start_pll(void)
{
    fdm_reg_write(FDM_N6_RCC_CCR, FDM_N6_RCC_CCR_PLL1ONC);
    fdm_reg_await(FDM_N6_RCC_SR, FDM_N6_RCC_SR_PLL1RDY, 0, "fdm-bench: the PLL does not stop");
    fdm_reg_set(FDM_N6_RCC_PLL1CFGR3, FDM_N6_RCC_PLL1CFGR3_MODSSDIS);
    fdm_reg_change(FDM_N6_RCC_PLL1CFGR1,
                   FDM_N6_RCC_PLL1CFGR1_BYP | FDM_N6_RCC_PLL1CFGR1_SEL_MASK |
                       FDM_N6_RCC_PLL1CFGR1_DIVM_MASK | FDM_N6_RCC_PLL1CFGR1_DIVN_MASK,
                   PLL_FROM_HSE << FDM_N6_RCC_PLL1CFGR1_SEL_POS |
                       FDM_STM32_PLL_M << FDM_N6_RCC_PLL1CFGR1_DIVM_POS |
                       FDM_STM32_PLL_N << FDM_N6_RCC_PLL1CFGR1_DIVN_POS);
    fdm_reg_write(FDM_N6_RCC_PLL1CFGR2, 0);
    fdm_reg_change(FDM_N6_RCC_PLL1CFGR3,
                   FDM_N6_RCC_PLL1CFGR3_MODDSEN | FDM_N6_RCC_PLL1CFGR3_PDIV1_MASK |
                       FDM_N6_RCC_PLL1CFGR3_PDIV2_MASK,
                   1u << FDM_N6_RCC_PLL1CFGR3_PDIV1_POS | 1u << FDM_N6_RCC_PLL1CFGR3_PDIV2_POS);
    fdm_reg_set(FDM_N6_RCC_PLL1CFGR3, FDM_N6_RCC_PLL1CFGR3_MODSSRST | FDM_N6_RCC_PLL1CFGR3_PDIVEN);
    fdm_reg_write(FDM_N6_RCC_CSR, FDM_N6_RCC_CSR_PLL1ONS);
    fdm_reg_await(FDM_N6_RCC_SR, FDM_N6_RCC_SR_PLL1RDY, FDM_N6_RCC_SR_PLL1RDY,
                  "fdm-bench: the PLL does not lock");
}

static void divide(uint32_t address, uint32_t divisor)
{
    fdm_reg_write(address, (divisor - 1u) << FDM_N6_RCC_ICCFGR_INT_POS);
}

void fdm_clock_init(void)
{
    choose_supply();
    start_crystal();
    start_pll();
    divide(FDM_N6_RCC_IC1CFGR, 2);
    divide(FDM_N6_RCC_IC2CFGR, 3);
    divide(FDM_N6_RCC_IC6CFGR, 4);
    divide(FDM_N6_RCC_IC11CFGR, 3);
    fdm_reg_write(FDM_N6_RCC_DIVENSR, FDM_N6_RCC_DIVENSR_IC1ENS | FDM_N6_RCC_DIVENSR_IC2ENS |
                                          FDM_N6_RCC_DIVENSR_IC6ENS | FDM_N6_RCC_DIVENSR_IC11ENS);
    switch_clocks(FROM_PLL, "fdm-bench: the CPU does not take the PLL's clock");
    fdm_usart_set_clock(FDM_STM32_UART_HZ);
    fdm_core_caches_on();
    fdm_core_loops_on();
}
