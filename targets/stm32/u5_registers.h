/* STM32U575 and U585, non-secure addresses: addresses and bits, by the manual's names. Behind each
 * register stands its section in RM0456 Rev 6, in which its bits stand, too, or "header", where
 * only ST's header was at hand; tests/stm32/facts_u5.c names each there. */
#ifndef FDM_STM32_U5_REGISTERS_H
#define FDM_STM32_U5_REGISTERS_H

/* ---- FLASH and ICACHE ---- */
#define FDM_U5_FLASH_ACR 0x40022000u /* 7.9.1 */
#define FDM_U5_FLASH_ACR_LATENCY_MASK 0xFu
#define FDM_U5_FLASH_ACR_PRFTEN (1u << 8)
#define FDM_U5_ICACHE_CR 0x40030400u /* 8.7.1 */
#define FDM_U5_ICACHE_CR_EN (1u << 0)
#define FDM_U5_ICACHE_SR 0x40030404u     /* 8.7.2 */
#define FDM_U5_ICACHE_SR_BUSYF (1u << 0) /* it invalidates itself after reset */

/* ---- PWR ---- */
#define FDM_U5_PWR_VOSR 0x4602080Cu /* 10.10.4 */
#define FDM_U5_PWR_VOSR_BOOSTRDY (1u << 14)
#define FDM_U5_PWR_VOSR_VOSRDY (1u << 15)
#define FDM_U5_PWR_VOSR_VOS_MASK (3u << 16)
#define FDM_U5_PWR_VOSR_VOS_1 (3u << 16)
#define FDM_U5_PWR_VOSR_BOOSTEN (1u << 18)
#define FDM_U5_PWR_DBPR 0x46020828u /* 10.10.11 */
#define FDM_U5_PWR_DBPR_DBP (1u << 0)

/* ---- RCC ---- */
#define FDM_U5_RCC_CR 0x46020C00u /* 11.8.1 */
#define FDM_U5_RCC_CR_MSIPLLEN (1u << 3)
#define FDM_U5_RCC_CR_MSIPLLSEL (1u << 6) /* 1: MSIS follows the watch crystal, 0: MSIK */
#define FDM_U5_RCC_CR_PLL1ON (1u << 24)
#define FDM_U5_RCC_CR_PLL1RDY (1u << 25)
#define FDM_U5_RCC_CFGR1 0x46020C1Cu /* 11.8.6 */
#define FDM_U5_RCC_CFGR1_SW_MASK 3u
#define FDM_U5_RCC_CFGR1_SW_PLL1 3u
#define FDM_U5_RCC_CFGR1_SWS_POS 2u
#define FDM_U5_RCC_CFGR1_SWS_MASK (3u << 2)
#define FDM_U5_RCC_CFGR2 0x46020C20u /* 11.8.7 */
#define FDM_U5_RCC_CFGR2_HPRE_MASK 0xFu
#define FDM_U5_RCC_CFGR2_HPRE_2 8u
#define FDM_U5_RCC_PLL1CFGR 0x46020C28u /* 11.8.9 */
#define FDM_U5_RCC_PLL1CFGR_PLL1SRC_MASK 3u
#define FDM_U5_RCC_PLL1CFGR_PLL1SRC_MSIS 1u
#define FDM_U5_RCC_PLL1CFGR_PLL1RGE_MASK (3u << 2) /* 0: input of 4 to 8 MHz */
#define FDM_U5_RCC_PLL1CFGR_PLL1FRACEN (1u << 4)
#define FDM_U5_RCC_PLL1CFGR_PLL1M_POS 8u
#define FDM_U5_RCC_PLL1CFGR_PLL1M_MASK (0xFu << 8)
#define FDM_U5_RCC_PLL1CFGR_PLL1MBOOST_MASK (0xFu << 12) /* 0: the input itself */
#define FDM_U5_RCC_PLL1CFGR_PLL1REN (1u << 18)
#define FDM_U5_RCC_PLL1DIVR 0x46020C34u /* 11.8.12; each field: divisor or multiplier less one */
#define FDM_U5_RCC_PLL1DIVR_PLL1P_POS 9u
#define FDM_U5_RCC_PLL1DIVR_PLL1Q_POS 16u
#define FDM_U5_RCC_PLL1DIVR_PLL1R_POS 24u
#define FDM_U5_RCC_AHB2ENR1 0x46020C8Cu /* 11.8.30; bit n: port n of the GPIO */
#define FDM_U5_RCC_AHB3ENR 0x46020C94u  /* 11.8.32 */
#define FDM_U5_RCC_AHB3ENR_PWREN (1u << 2)
#define FDM_U5_RCC_APB1ENR1 0x46020C9Cu /* 11.8.33 */
#define FDM_U5_RCC_APB1ENR1_TIM2EN (1u << 0)
#define FDM_U5_RCC_APB2ENR 0x46020CA4u /* 11.8.35 */
#define FDM_U5_RCC_APB2ENR_USART1EN (1u << 14)
#define FDM_U5_RCC_BDCR 0x46020CF0u /* 11.8.49 */
#define FDM_U5_RCC_BDCR_LSEON (1u << 0)
#define FDM_U5_RCC_BDCR_LSERDY (1u << 1)
#define FDM_U5_RCC_BDCR_LSESYSEN (1u << 7)
#define FDM_U5_RCC_BDCR_LSESYSRDY (1u << 11)

/* ---- addresses and interrupts ---- */
#define FDM_U5_GPIOA 0x42020000u  /* header */
#define FDM_U5_TIM2 0x40000000u   /* header */
#define FDM_U5_USART1 0x40013800u /* header */
#define FDM_U5_USART1_IRQ 61u

#endif
