/* STM32F76x and F77x: addresses and bits, by the manual's names. Behind each register stands its
 * section in RM0410 Rev 4, in which its bits stand, too; tests/stm32/facts_f7.c names each in ST's
 * header. */
#ifndef FDM_STM32_F7_REGISTERS_H
#define FDM_STM32_F7_REGISTERS_H

/* ---- FLASH ---- */
#define FDM_F7_FLASH_ACR 0x40023C00u /* 3.7.1 */
#define FDM_F7_FLASH_ACR_LATENCY_MASK 0xFu
#define FDM_F7_FLASH_ACR_PRFTEN (1u << 8)
#define FDM_F7_FLASH_ACR_ARTEN (1u << 9)

/* ---- PWR ---- */
#define FDM_F7_PWR_CR1 0x40007000u /* 4.4.1 */
#define FDM_F7_PWR_CR1_VOS_MASK (3u << 14)
#define FDM_F7_PWR_CR1_VOS_1 (3u << 14)
#define FDM_F7_PWR_CR1_ODEN (1u << 16)
#define FDM_F7_PWR_CR1_ODSWEN (1u << 17)
#define FDM_F7_PWR_CSR1 0x40007004u /* 4.4.2 */
#define FDM_F7_PWR_CSR1_ODRDY (1u << 16)
#define FDM_F7_PWR_CSR1_ODSWRDY (1u << 17)

/* ---- RCC ---- */
#define FDM_F7_RCC_CR 0x40023800u /* 5.3.1 */
#define FDM_F7_RCC_CR_HSEON (1u << 16)
#define FDM_F7_RCC_CR_HSERDY (1u << 17)
#define FDM_F7_RCC_CR_HSEBYP (1u << 18)
#define FDM_F7_RCC_CR_PLLON (1u << 24)
#define FDM_F7_RCC_CR_PLLRDY (1u << 25)
#define FDM_F7_RCC_PLLCFGR 0x40023804u /* 5.3.2 */
#define FDM_F7_RCC_PLLCFGR_PLLM_MASK 0x3Fu
#define FDM_F7_RCC_PLLCFGR_PLLN_POS 6u
#define FDM_F7_RCC_PLLCFGR_PLLN_MASK (0x1FFu << 6)
#define FDM_F7_RCC_PLLCFGR_PLLP_POS 16u /* half the divisor, less one */
#define FDM_F7_RCC_PLLCFGR_PLLP_MASK (3u << 16)
#define FDM_F7_RCC_PLLCFGR_PLLSRC_HSE (1u << 22)
#define FDM_F7_RCC_CFGR 0x40023808u /* 5.3.3 */
#define FDM_F7_RCC_CFGR_SW_MASK 3u
#define FDM_F7_RCC_CFGR_SW_PLL 2u
#define FDM_F7_RCC_CFGR_SWS_POS 2u
#define FDM_F7_RCC_CFGR_SWS_MASK (3u << 2)
#define FDM_F7_RCC_CFGR_HPRE_MASK (0xFu << 4)
#define FDM_F7_RCC_CFGR_PPRE1_MASK (7u << 10)
#define FDM_F7_RCC_CFGR_PPRE1_4 (5u << 10)
#define FDM_F7_RCC_CFGR_PPRE2_MASK (7u << 13)
#define FDM_F7_RCC_CFGR_PPRE2_2 (4u << 13)
#define FDM_F7_RCC_AHB1ENR 0x40023830u /* 5.3.10; bit n: port n of the GPIO */
#define FDM_F7_RCC_APB1ENR 0x40023840u /* 5.3.13 */
#define FDM_F7_RCC_APB1ENR_TIM2EN (1u << 0)
#define FDM_F7_RCC_APB1ENR_PWREN (1u << 28)
#define FDM_F7_RCC_APB2ENR 0x40023844u /* 5.3.14 */
#define FDM_F7_RCC_APB2ENR_USART1EN (1u << 4)

/* ---- addresses and interrupts ---- */
#define FDM_F7_GPIOA 0x40020000u  /* 2.2.2 */
#define FDM_F7_TIM2 0x40000000u   /* 2.2.2 */
#define FDM_F7_USART1 0x40011000u /* 2.2.2 */
#define FDM_F7_USART1_IRQ 37u

#endif
