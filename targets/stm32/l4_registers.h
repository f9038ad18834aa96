/* STM32L4R, L4S, L4P and L4Q ("L4+"): addresses and bits, by the manual's names. Behind each
 * register stands its section in RM0432 Rev 9, in which its bits stand, too, or "header", where
 * only ST's header was at hand; tests/stm32/facts_l4.c names each there. (Public code cites 6.4.17,
 * which agrees with the order of the registers; those before are counted.) */
#ifndef FDM_STM32_L4_REGISTERS_H
#define FDM_STM32_L4_REGISTERS_H

/* ---- FLASH ---- */
#define FDM_L4_FLASH_ACR 0x40022000u /* header */
#define FDM_L4_FLASH_ACR_LATENCY_MASK 0xFu
#define FDM_L4_FLASH_ACR_PRFTEN (1u << 8)
#define FDM_L4_FLASH_ACR_ICEN (1u << 9)
#define FDM_L4_FLASH_ACR_DCEN (1u << 10)

/* ---- PWR ---- */
#define FDM_L4_PWR_CR1 0x40007000u /* header */
#define FDM_L4_PWR_CR1_DBP (1u << 8)
#define FDM_L4_PWR_CR1_VOS_MASK (3u << 9)
#define FDM_L4_PWR_CR1_VOS_1 (1u << 9)
#define FDM_L4_PWR_SR2 0x40007014u /* header */
#define FDM_L4_PWR_SR2_VOSF (1u << 10)
#define FDM_L4_PWR_CR5 0x40007080u      /* header */
#define FDM_L4_PWR_CR5_R1MODE (1u << 8) /* 0: range 1 boosts */

/* ---- RCC ---- */
#define FDM_L4_RCC_CR 0x40021000u /* 6.4.1 */
#define FDM_L4_RCC_CR_MSIPLLEN (1u << 2)
#define FDM_L4_RCC_CR_PLLON (1u << 24)
#define FDM_L4_RCC_CR_PLLRDY (1u << 25)
#define FDM_L4_RCC_CFGR 0x40021008u /* 6.4.3 */
#define FDM_L4_RCC_CFGR_SW_MASK 3u
#define FDM_L4_RCC_CFGR_SW_PLL 3u
#define FDM_L4_RCC_CFGR_SWS_POS 2u
#define FDM_L4_RCC_CFGR_SWS_MASK (3u << 2)
#define FDM_L4_RCC_CFGR_HPRE_MASK (0xFu << 4)
#define FDM_L4_RCC_CFGR_HPRE_2 (8u << 4)
#define FDM_L4_RCC_CFGR_PPRE1_MASK (7u << 8)
#define FDM_L4_RCC_CFGR_PPRE2_MASK (7u << 11)
#define FDM_L4_RCC_PLLCFGR 0x4002100Cu /* 6.4.4 */
#define FDM_L4_RCC_PLLCFGR_PLLSRC_MASK 3u
#define FDM_L4_RCC_PLLCFGR_PLLSRC_MSI 1u
#define FDM_L4_RCC_PLLCFGR_PLLM_POS 4u /* divisor less one */
#define FDM_L4_RCC_PLLCFGR_PLLM_MASK (0xFu << 4)
#define FDM_L4_RCC_PLLCFGR_PLLN_POS 8u
#define FDM_L4_RCC_PLLCFGR_PLLN_MASK (0x7Fu << 8)
#define FDM_L4_RCC_PLLCFGR_PLLREN (1u << 24)
#define FDM_L4_RCC_PLLCFGR_PLLR_POS 25u /* half the divisor, less one */
#define FDM_L4_RCC_PLLCFGR_PLLR_MASK (3u << 25)
#define FDM_L4_RCC_AHB2ENR 0x4002104Cu  /* 6.4.17; bit n: port n of the GPIO */
#define FDM_L4_RCC_APB1ENR1 0x40021058u /* header */
#define FDM_L4_RCC_APB1ENR1_TIM2EN (1u << 0)
#define FDM_L4_RCC_APB1ENR1_PWREN (1u << 28)
#define FDM_L4_RCC_APB2ENR 0x40021060u /* header */
#define FDM_L4_RCC_APB2ENR_USART1EN (1u << 14)
#define FDM_L4_RCC_BDCR 0x40021090u /* header */
#define FDM_L4_RCC_BDCR_LSEON (1u << 0)
#define FDM_L4_RCC_BDCR_LSERDY (1u << 1)

/* ---- addresses and interrupts ---- */
#define FDM_L4_GPIOA 0x48000000u  /* 2.2.2 */
#define FDM_L4_TIM2 0x40000000u   /* 2.2.2 */
#define FDM_L4_USART1 0x40013800u /* 2.2.2 */
#define FDM_L4_USART1_IRQ 37u

#endif
