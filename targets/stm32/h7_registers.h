/* STM32H742 to H757: addresses and bits, by the manual's names. Behind each register stands its
 * section in RM0433 Rev 8 (single core), in which its bits stand, too, or "header", where only ST's
 * header was at hand. RM0399 (dual core) has the same registers in its chapters 4 (FLASH), 7 (PWR)
 * and 9 (RCC). tests/stm32/facts_h7.c names each in ST's header. */
#ifndef FDM_STM32_H7_REGISTERS_H
#define FDM_STM32_H7_REGISTERS_H

/* ---- FLASH ---- */
#define FDM_H7_FLASH_ACR 0x52002000u /* 4.9.1 */
#define FDM_H7_FLASH_ACR_LATENCY_MASK 0xFu
#define FDM_H7_FLASH_ACR_WRHIGHFREQ_POS 4u
#define FDM_H7_FLASH_ACR_WRHIGHFREQ_MASK (3u << 4)

/* ---- PWR ---- */
#define FDM_H7_PWR_CSR1 0x58024804u /* 6.8.2 */
#define FDM_H7_PWR_CSR1_ACTVOSRDY (1u << 13)
#define FDM_H7_PWR_CR3 0x5802480Cu /* 6.8.4; its low byte can be written once after power-on */
#define FDM_H7_PWR_CR3_BYPASS (1u << 0)
#define FDM_H7_PWR_CR3_LDOEN (1u << 1)
#define FDM_H7_PWR_CR3_SMPSEN (1u << 2) /* RM0433: SCUEN, 1 until the register is written */
#define FDM_H7_PWR_CR3_SMPSEXTHP (1u << 3)
#define FDM_H7_PWR_CR3_SMPSLEVEL_MASK (3u << 4)
#define FDM_H7_PWR_D3CR 0x58024818u /* 6.8.6 */
#define FDM_H7_PWR_D3CR_VOSRDY (1u << 13)
#define FDM_H7_PWR_D3CR_VOS_POS 14u
#define FDM_H7_PWR_D3CR_VOS_MASK (3u << 14)

/* ---- RCC ---- */
#define FDM_H7_RCC_CR 0x58024400u /* 8.7.2 */
#define FDM_H7_RCC_CR_HSEON (1u << 16)
#define FDM_H7_RCC_CR_HSERDY (1u << 17)
#define FDM_H7_RCC_CR_HSEBYP (1u << 18)
#define FDM_H7_RCC_CR_PLL1ON (1u << 24)
#define FDM_H7_RCC_CR_PLL1RDY (1u << 25)
#define FDM_H7_RCC_CFGR 0x58024410u /* 8.7.7 */
#define FDM_H7_RCC_CFGR_SW_MASK 7u
#define FDM_H7_RCC_CFGR_SW_PLL1 3u
#define FDM_H7_RCC_CFGR_SWS_POS 3u
#define FDM_H7_RCC_CFGR_SWS_MASK (7u << 3)
#define FDM_H7_RCC_D1CFGR 0x58024418u /* 8.7.8 */
#define FDM_H7_RCC_D1CFGR_HPRE_MASK 0xFu
#define FDM_H7_RCC_D1CFGR_HPRE_2 8u
#define FDM_H7_RCC_D1CFGR_D1PPRE_MASK (7u << 4)
#define FDM_H7_RCC_D1CFGR_D1PPRE_2 (4u << 4)
#define FDM_H7_RCC_D1CFGR_D1CPRE_MASK (0xFu << 8)
#define FDM_H7_RCC_D2CFGR 0x5802441Cu /* 8.7.9 */
#define FDM_H7_RCC_D2CFGR_D2PPRE1_MASK (7u << 4)
#define FDM_H7_RCC_D2CFGR_D2PPRE1_2 (4u << 4)
#define FDM_H7_RCC_D2CFGR_D2PPRE2_MASK (7u << 8)
#define FDM_H7_RCC_D2CFGR_D2PPRE2_2 (4u << 8)
#define FDM_H7_RCC_D3CFGR 0x58024420u /* 8.7.10 */
#define FDM_H7_RCC_D3CFGR_D3PPRE_MASK (7u << 4)
#define FDM_H7_RCC_D3CFGR_D3PPRE_2 (4u << 4)
#define FDM_H7_RCC_PLLCKSELR 0x58024428u /* 8.7.11 */
#define FDM_H7_RCC_PLLCKSELR_PLLSRC_MASK 3u
#define FDM_H7_RCC_PLLCKSELR_PLLSRC_HSE 2u
#define FDM_H7_RCC_PLLCKSELR_DIVM1_POS 4u
#define FDM_H7_RCC_PLLCKSELR_DIVM1_MASK (0x3Fu << 4)
#define FDM_H7_RCC_PLLCFGR 0x5802442Cu /* 8.7.12 */
#define FDM_H7_RCC_PLLCFGR_PLL1FRACEN (1u << 0)
#define FDM_H7_RCC_PLLCFGR_PLL1VCOSEL (1u << 1) /* 0: wide range */
#define FDM_H7_RCC_PLLCFGR_PLL1RGE_POS 2u
#define FDM_H7_RCC_PLLCFGR_PLL1RGE_MASK (3u << 2)
#define FDM_H7_RCC_PLLCFGR_DIVP1EN (1u << 16)
#define FDM_H7_RCC_PLL1DIVR 0x58024430u /* 8.7.13; each field: divisor or multiplier less one */
#define FDM_H7_RCC_PLL1DIVR_P1_POS 9u
#define FDM_H7_RCC_PLL1DIVR_Q1_POS 16u
#define FDM_H7_RCC_PLL1DIVR_R1_POS 24u
#define FDM_H7_RCC_AHB2ENR 0x580244DCu /* 8.7.42 */
#define FDM_H7_RCC_AHB2ENR_D2SRAM1EN (1u << 29)
#define FDM_H7_RCC_AHB2ENR_D2SRAM2EN (1u << 30)
#define FDM_H7_RCC_AHB2ENR_D2SRAM3EN (1u << 31)
#define FDM_H7_RCC_AHB4ENR 0x580244E0u  /* 8.7.43; bit n: port n of the GPIO */
#define FDM_H7_RCC_APB1LENR 0x580244E8u /* 8.7.45 */
#define FDM_H7_RCC_APB1LENR_TIM2EN (1u << 0)
#define FDM_H7_RCC_APB1LENR_USART3EN (1u << 18)
#define FDM_H7_RCC_APB2ENR 0x580244F0u /* 8.7.47 */
#define FDM_H7_RCC_APB2ENR_USART1EN (1u << 4)

/* ---- AXI interconnect, debug unit ---- */
#define FDM_H7_AXI_TARG7_FN_MOD 0x51008108u /* header; towards the AXI SRAM */
#define FDM_H7_AXI_TARG7_FN_MOD_READ_ISS_OVERRIDE (1u << 0)
#define FDM_H7_DBGMCU_IDC 0x5C001000u /* header */
#define FDM_H7_DBGMCU_IDC_REV_ID_POS 16u

/* ---- addresses and interrupts ---- */
#define FDM_H7_GPIOA 0x58020000u  /* 2.3.2 */
#define FDM_H7_TIM2 0x40000000u   /* 2.3.2 */
#define FDM_H7_USART1 0x40011000u /* 2.3.2 */
#define FDM_H7_USART1_IRQ 37u
#define FDM_H7_USART3 0x40004800u /* 2.3.2 */
#define FDM_H7_USART3_IRQ 39u

#endif
