/* STM32N6, secure addresses: addresses and bits. RM0486, chapters "Memory organization"
 * (addresses), "Reset and clock control (RCC)" and "Power control (PWR)"; each name is the
 * manual's. Registers that end in SR set, in CR clear, the bits that are written as 1. */
#ifndef FDM_STM32_N6_REGISTERS_H
#define FDM_STM32_N6_REGISTERS_H

/* ---- PWR ---- */
#define FDM_N6_PWR_CR1 0x56024800u
#define FDM_N6_PWR_CR1_SDEN (1u << 2) /* the chip's own step-down converter */
#define FDM_N6_PWR_VOSCR 0x56024820u
#define FDM_N6_PWR_VOSCR_ACTVOSRDY (1u << 17)

/* ---- RCC ---- */
#define FDM_N6_RCC_SR 0x56028004u
#define FDM_N6_RCC_SR_HSIRDY (1u << 3)
#define FDM_N6_RCC_SR_HSERDY (1u << 4)
#define FDM_N6_RCC_SR_PLL1RDY (1u << 8)
#define FDM_N6_RCC_CFGR1 0x56028020u
#define FDM_N6_RCC_CFGR1_CPUSW_POS 16u /* 0: HSI, 3: IC1 */
#define FDM_N6_RCC_CFGR1_CPUSW_MASK (3u << 16)
#define FDM_N6_RCC_CFGR1_CPUSWS_POS 20u
#define FDM_N6_RCC_CFGR1_CPUSWS_MASK (3u << 20)
#define FDM_N6_RCC_CFGR1_SYSSW_POS 24u /* 0: HSI, 3: IC2, IC6 and IC11 */
#define FDM_N6_RCC_CFGR1_SYSSW_MASK (3u << 24)
#define FDM_N6_RCC_CFGR1_SYSSWS_POS 28u
#define FDM_N6_RCC_CFGR1_SYSSWS_MASK (3u << 28)
#define FDM_N6_RCC_CFGR2 0x56028024u
#define FDM_N6_RCC_CFGR2_PPRE1_MASK (7u << 0)
#define FDM_N6_RCC_CFGR2_PPRE2_MASK (7u << 4)
#define FDM_N6_RCC_CFGR2_HPRE_MASK (7u << 20)
#define FDM_N6_RCC_CFGR2_HPRE_2 (1u << 20)
#define FDM_N6_RCC_CFGR2_TIMPRE_MASK (3u << 24)
#define FDM_N6_RCC_HSICFGR 0x56028048u
#define FDM_N6_RCC_HSICFGR_HSIDIV_MASK (3u << 7)
#define FDM_N6_RCC_HSECFGR 0x56028054u
#define FDM_N6_RCC_HSECFGR_HSEBYP (1u << 15)
#define FDM_N6_RCC_PLL1CFGR1 0x56028080u
#define FDM_N6_RCC_PLL1CFGR1_DIVN_POS 8u
#define FDM_N6_RCC_PLL1CFGR1_DIVN_MASK (0xFFFu << 8)
#define FDM_N6_RCC_PLL1CFGR1_DIVM_POS 20u
#define FDM_N6_RCC_PLL1CFGR1_DIVM_MASK (0x3Fu << 20)
#define FDM_N6_RCC_PLL1CFGR1_BYP (1u << 27)
#define FDM_N6_RCC_PLL1CFGR1_SEL_POS 28u /* 0: HSI, 2: HSE */
#define FDM_N6_RCC_PLL1CFGR1_SEL_MASK (7u << 28)
#define FDM_N6_RCC_PLL1CFGR2 0x56028084u /* fraction of the multiplier */
#define FDM_N6_RCC_PLL1CFGR3 0x56028088u
#define FDM_N6_RCC_PLL1CFGR3_MODSSRST (1u << 0)
#define FDM_N6_RCC_PLL1CFGR3_MODSSDIS (1u << 2)
#define FDM_N6_RCC_PLL1CFGR3_MODDSEN (1u << 3)
#define FDM_N6_RCC_PLL1CFGR3_PDIV2_POS 24u
#define FDM_N6_RCC_PLL1CFGR3_PDIV2_MASK (7u << 24)
#define FDM_N6_RCC_PLL1CFGR3_PDIV1_POS 27u
#define FDM_N6_RCC_PLL1CFGR3_PDIV1_MASK (7u << 27)
#define FDM_N6_RCC_PLL1CFGR3_PDIVEN (1u << 30)
#define FDM_N6_RCC_IC1CFGR 0x560280C4u  /* CPU */
#define FDM_N6_RCC_IC2CFGR 0x560280C8u  /* buses */
#define FDM_N6_RCC_IC6CFGR 0x560280D8u  /* NPU */
#define FDM_N6_RCC_IC11CFGR 0x560280ECu /* AXISRAM3 to 6 */
#define FDM_N6_RCC_ICCFGR_INT_POS 16u   /* divisor less one */
#define FDM_N6_RCC_ICCFGR_SEL_POS 28u   /* 0: PLL1 */
#define FDM_N6_RCC_CCIPR13 0x56028174u
#define FDM_N6_RCC_CCIPR13_USART1SEL_MASK 7u /* 0: APB2's clock, 6: HSI */
#define FDM_N6_RCC_CSR 0x56028800u
#define FDM_N6_RCC_CSR_HSIONS (1u << 3)
#define FDM_N6_RCC_CSR_HSEONS (1u << 4)
#define FDM_N6_RCC_CSR_PLL1ONS (1u << 8)
#define FDM_N6_RCC_DIVENSR 0x56028A40u
#define FDM_N6_RCC_DIVENSR_IC1ENS (1u << 0)
#define FDM_N6_RCC_DIVENSR_IC2ENS (1u << 1)
#define FDM_N6_RCC_DIVENSR_IC6ENS (1u << 5)
#define FDM_N6_RCC_DIVENSR_IC11ENS (1u << 10)
#define FDM_N6_RCC_MEMENR 0x5602824Cu
#define FDM_N6_RCC_MEMENR_AXISRAM1EN (1u << 7)
#define FDM_N6_RCC_MEMENR_AXISRAM2EN (1u << 8)
#define FDM_N6_RCC_AHB4ENR 0x5602825Cu /* bit n: port n of the GPIO */
#define FDM_N6_RCC_AHB4ENR_PWREN (1u << 18)
#define FDM_N6_RCC_APB1ENR1 0x56028264u
#define FDM_N6_RCC_APB1ENR1_TIM2EN (1u << 0)
#define FDM_N6_RCC_APB2ENR 0x5602826Cu
#define FDM_N6_RCC_APB2ENR_USART1EN (1u << 4)
#define FDM_N6_RCC_MEMLPENR 0x5602828Cu /* in sleep, as MEMENR while awake */
#define FDM_N6_RCC_MEMLPENR_AXISRAM1LPEN (1u << 7)
#define FDM_N6_RCC_MEMLPENR_AXISRAM2LPEN (1u << 8)
#define FDM_N6_RCC_APB1LPENR1 0x560282A4u
#define FDM_N6_RCC_APB1LPENR1_TIM2LPEN (1u << 0)
#define FDM_N6_RCC_APB2LPENR 0x560282ACu
#define FDM_N6_RCC_APB2LPENR_USART1LPEN (1u << 4)
#define FDM_N6_RCC_CCR 0x56029000u
#define FDM_N6_RCC_CCR_PLL1ONC (1u << 8)

/* ---- addresses and interrupts ---- */
#define FDM_N6_GPIOA 0x56020000u
#define FDM_N6_TIM2 0x50000000u
#define FDM_N6_USART1 0x52001000u
#define FDM_N6_USART1_IRQ 159u

#endif
