/* STM32F405: addresses and bits, as far as QEMU's model of it goes. RM0090, chapters "Memory map"
 * (addresses) and "Reset and clock control (RCC)"; each name is the manual's. */
#ifndef FDM_STM32_F4_REGISTERS_H
#define FDM_STM32_F4_REGISTERS_H

/* ---- RCC ---- */
#define FDM_F4_RCC_AHB1ENR 0x40023830u /* bit n: port n of the GPIO */
#define FDM_F4_RCC_APB1ENR 0x40023840u
#define FDM_F4_RCC_APB1ENR_TIM2EN (1u << 0)
#define FDM_F4_RCC_APB1ENR_TIM5EN (1u << 3)
#define FDM_F4_RCC_APB2ENR 0x40023844u
#define FDM_F4_RCC_APB2ENR_USART1EN (1u << 4)

/* ---- addresses and interrupts ---- */
#define FDM_F4_GPIOA 0x40020000u
#define FDM_F4_TIM2 0x40000000u
#define FDM_F4_TIM5 0x40000C00u
#define FDM_F4_USART1 0x40011000u
#define FDM_F4_USART1_IRQ 37u

#endif
