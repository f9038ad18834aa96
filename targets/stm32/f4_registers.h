/* STM32F405: addresses and bits, as far as QEMU's model of it goes, by the manual's names. Behind
 * each register stands its section in RM0090, in which its bits stand, too, or "header", where only
 * ST's header was at hand; tests/stm32/facts_f4.c names each there. */
#ifndef FDM_STM32_F4_REGISTERS_H
#define FDM_STM32_F4_REGISTERS_H

/* ---- RCC ---- */
#define FDM_F4_RCC_AHB1ENR 0x40023830u /* 7.3.10; bit n: port n of the GPIO */
#define FDM_F4_RCC_APB1ENR 0x40023840u /* 7.3.13 */
#define FDM_F4_RCC_APB1ENR_TIM2EN (1u << 0)
#define FDM_F4_RCC_APB1ENR_TIM5EN (1u << 3)
#define FDM_F4_RCC_APB2ENR 0x40023844u /* 7.3.14 */
#define FDM_F4_RCC_APB2ENR_USART1EN (1u << 4)

/* ---- addresses and interrupts ---- */
#define FDM_F4_GPIOA 0x40020000u  /* header */
#define FDM_F4_TIM2 0x40000000u   /* header */
#define FDM_F4_TIM5 0x40000C00u   /* header */
#define FDM_F4_USART1 0x40011000u /* header */
#define FDM_F4_USART1_IRQ 37u

#endif
