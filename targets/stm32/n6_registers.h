/* STM32N6, secure addresses: addresses and bits, by the manual's names. Behind each register stands
 * its section in RM0486, in which its bits stand, too, or "header", where only ST's header
 * was at hand; tests/stm32/facts_n6.c names each there. (Public code cites 14.10.5, .8, .11, .51,
 * .53, .63, .93, .105 and .131, which agree with the order of the registers; those between are
 * counted.) Registers that end in SR set, in CR clear, the bits that are written as 1. */
#ifndef FDM_STM32_N6_REGISTERS_H
#define FDM_STM32_N6_REGISTERS_H

/* ---- PWR ---- */
#define FDM_N6_PWR_CR1 0x56024800u    /* header */
#define FDM_N6_PWR_CR1_SDEN (1u << 2) /* the chip's own step-down converter */
#define FDM_N6_PWR_VOSCR 0x56024820u  /* header */
#define FDM_N6_PWR_VOSCR_ACTVOSRDY (1u << 17)

/* ---- RCC ---- */
#define FDM_N6_RCC_SR 0x56028004u /* 14.10.2 */
#define FDM_N6_RCC_SR_HSIRDY (1u << 3)
#define FDM_N6_RCC_SR_HSERDY (1u << 4)
#define FDM_N6_RCC_SR_PLL1RDY (1u << 8)
#define FDM_N6_RCC_CFGR1 0x56028020u   /* 14.10.4 */
#define FDM_N6_RCC_CFGR1_CPUSW_POS 16u /* 0: HSI, 3: IC1 */
#define FDM_N6_RCC_CFGR1_CPUSW_MASK (3u << 16)
#define FDM_N6_RCC_CFGR1_CPUSWS_POS 20u
#define FDM_N6_RCC_CFGR1_CPUSWS_MASK (3u << 20)
#define FDM_N6_RCC_CFGR1_SYSSW_POS 24u /* 0: HSI, 3: IC2, IC6 and IC11 */
#define FDM_N6_RCC_CFGR1_SYSSW_MASK (3u << 24)
#define FDM_N6_RCC_CFGR1_SYSSWS_POS 28u
#define FDM_N6_RCC_CFGR1_SYSSWS_MASK (3u << 28)
#define FDM_N6_RCC_CFGR2 0x56028024u /* 14.10.5 */
#define FDM_N6_RCC_CFGR2_PPRE1_MASK (7u << 0)
#define FDM_N6_RCC_CFGR2_PPRE2_MASK (7u << 4)
#define FDM_N6_RCC_CFGR2_HPRE_MASK (7u << 20)
#define FDM_N6_RCC_CFGR2_HPRE_2 (1u << 20)
#define FDM_N6_RCC_CFGR2_TIMPRE_MASK (3u << 24)
#define FDM_N6_RCC_HSICFGR 0x56028048u /* 14.10.11 */
#define FDM_N6_RCC_HSICFGR_HSIDIV_MASK (3u << 7)
#define FDM_N6_RCC_HSECFGR 0x56028054u /* 14.10.14 */
#define FDM_N6_RCC_HSECFGR_HSEBYP (1u << 15)
#define FDM_N6_RCC_PLL1CFGR1 0x56028080u /* 14.10.15 */
#define FDM_N6_RCC_PLL1CFGR1_DIVN_POS 8u
#define FDM_N6_RCC_PLL1CFGR1_DIVN_MASK (0xFFFu << 8)
#define FDM_N6_RCC_PLL1CFGR1_DIVM_POS 20u
#define FDM_N6_RCC_PLL1CFGR1_DIVM_MASK (0x3Fu << 20)
#define FDM_N6_RCC_PLL1CFGR1_BYP (1u << 27)
#define FDM_N6_RCC_PLL1CFGR1_SEL_POS 28u /* 0: HSI, 2: HSE */
#define FDM_N6_RCC_PLL1CFGR1_SEL_MASK (7u << 28)
#define FDM_N6_RCC_PLL1CFGR2 0x56028084u /* 14.10.16; fraction of the multiplier */
#define FDM_N6_RCC_PLL1CFGR3 0x56028088u /* 14.10.17 */
#define FDM_N6_RCC_PLL1CFGR3_MODSSRST (1u << 0)
#define FDM_N6_RCC_PLL1CFGR3_MODSSDIS (1u << 2)
#define FDM_N6_RCC_PLL1CFGR3_MODDSEN (1u << 3)
#define FDM_N6_RCC_PLL1CFGR3_PDIV2_POS 24u
#define FDM_N6_RCC_PLL1CFGR3_PDIV2_MASK (7u << 24)
#define FDM_N6_RCC_PLL1CFGR3_PDIV1_POS 27u
#define FDM_N6_RCC_PLL1CFGR3_PDIV1_MASK (7u << 27)
#define FDM_N6_RCC_PLL1CFGR3_PDIVEN (1u << 30)
#define FDM_N6_RCC_IC1CFGR 0x560280C4u       /* 14.10.27; CPU */
#define FDM_N6_RCC_IC2CFGR 0x560280C8u       /* 14.10.28; buses */
#define FDM_N6_RCC_IC6CFGR 0x560280D8u       /* 14.10.32; NPU */
#define FDM_N6_RCC_IC11CFGR 0x560280ECu      /* 14.10.37; AXISRAM3 to 6 */
#define FDM_N6_RCC_ICCFGR_INT_POS 16u        /* divisor less one */
#define FDM_N6_RCC_ICCFGR_SEL_POS 28u        /* 0: PLL1 */
#define FDM_N6_RCC_CCIPR13 0x56028174u       /* 14.10.60 */
#define FDM_N6_RCC_CCIPR13_USART1SEL_MASK 7u /* 0: APB2's clock, 6: HSI */
#define FDM_N6_RCC_CSR 0x56028800u           /* 14.10.128 */
#define FDM_N6_RCC_CSR_HSIONS (1u << 3)
#define FDM_N6_RCC_CSR_HSEONS (1u << 4)
#define FDM_N6_RCC_CSR_PLL1ONS (1u << 8)
#define FDM_N6_RCC_DIVENSR 0x56028A40u /* header */
#define FDM_N6_RCC_DIVENSR_IC1ENS (1u << 0)
#define FDM_N6_RCC_DIVENSR_IC2ENS (1u << 1)
#define FDM_N6_RCC_DIVENSR_IC6ENS (1u << 5)
#define FDM_N6_RCC_DIVENSR_IC11ENS (1u << 10)
#define FDM_N6_RCC_MEMENR 0x5602824Cu /* 14.10.78 */
#define FDM_N6_RCC_MEMENR_AXISRAM1EN (1u << 7)
#define FDM_N6_RCC_MEMENR_AXISRAM2EN (1u << 8)
#define FDM_N6_RCC_AHB4ENR 0x5602825Cu /* 14.10.82; bit n: port n of the GPIO */
#define FDM_N6_RCC_AHB4ENR_PWREN (1u << 18)
#define FDM_N6_RCC_APB1ENR1 0x56028264u /* 14.10.84 */
#define FDM_N6_RCC_APB1ENR1_TIM2EN (1u << 0)
#define FDM_N6_RCC_APB2ENR 0x5602826Cu /* 14.10.86 */
#define FDM_N6_RCC_APB2ENR_USART1EN (1u << 4)
#define FDM_N6_RCC_APB4ENR2 0x56028278u /* 14.10.89 */
#define FDM_N6_RCC_APB4ENR2_BSECEN (1u << 1)
#define FDM_N6_RCC_BUSLPENR                                                                        \
    0x56028284u /* 14.10.91; in sleep: the buses between the CPU and RAM                           \
                 */
#define FDM_N6_RCC_BUSLPENR_ACLKNLPEN (1u << 0)
#define FDM_N6_RCC_BUSLPENR_ACLKNCLPEN (1u << 1)
#define FDM_N6_RCC_MEMLPENR 0x5602828Cu /* 14.10.93; in sleep, as MEMENR while awake */
#define FDM_N6_RCC_MEMLPENR_AXISRAM1LPEN (1u << 7)
#define FDM_N6_RCC_MEMLPENR_AXISRAM2LPEN (1u << 8)
#define FDM_N6_RCC_APB1LPENR1 0x560282A4u /* 14.10.99 */
#define FDM_N6_RCC_APB1LPENR1_TIM2LPEN (1u << 0)
#define FDM_N6_RCC_APB2LPENR 0x560282ACu /* 14.10.101 */
#define FDM_N6_RCC_APB2LPENR_USART1LPEN (1u << 4)
#define FDM_N6_RCC_CCR 0x56029000u /* header */
#define FDM_N6_RCC_CCR_PLL1ONC (1u << 8)

/* ---- addresses and interrupts ---- */
#define FDM_N6_GPIOA 0x56020000u  /* header */
#define FDM_N6_TIM2 0x50000000u   /* header */
#define FDM_N6_USART1 0x52001000u /* header */
#define FDM_N6_USART1_IRQ 159u

#endif
