/* The FDM_BOARD_HEADER of the STM32F405 as QEMU models it (machine netduinoplus2): USART, timers
 * and interrupts as the chip has them, but no clocks, no flash interface and no cycle counter. So
 * the clocks stay as they are, timers count nanoseconds, and TIM5 takes the cycle counter's place.
 */
#ifndef FDM_STM32_F4_EMULATED_H
#define FDM_STM32_F4_EMULATED_H

#include "targets/stm32/f4_registers.h"
#include "targets/stm32/stm32.h"

#define FDM_STM32_UART FDM_F4_USART1
#define FDM_STM32_UART_ENABLE FDM_F4_RCC_APB2ENR
#define FDM_STM32_UART_BIT FDM_F4_RCC_APB2ENR_USART1EN
#define FDM_BOARD_UART_IRQ FDM_F4_USART1_IRQ
#define FDM_STM32_USART_HEADER "targets/stm32/usart_v2.h"
#define FDM_STM32_UART_RESET_HZ 16000000u /* HSI */
#define FDM_STM32_UART_HZ FDM_STM32_UART_RESET_HZ

#define FDM_STM32_GPIO(port) (FDM_F4_GPIOA + 0x400u * (port))
#define FDM_STM32_GPIO_ENABLE FDM_F4_RCC_AHB1ENR
#define FDM_STM32_TIM2 FDM_F4_TIM2
#define FDM_STM32_TIM2_ENABLE FDM_F4_RCC_APB1ENR
#define FDM_STM32_TIM2_BIT FDM_F4_RCC_APB1ENR_TIM2EN
#define FDM_STM32_TIM_HZ 1000000000u
#define FDM_STM32_COUNTER_TIM FDM_F4_TIM5
#define FDM_STM32_COUNTER_TIM_BIT FDM_F4_RCC_APB1ENR_TIM5EN

#define FDM_BOARD_TIMER_HZ 1000000000u
#define FDM_BOARD_COUNTER FDM_COUNTER_TICKS
#define FDM_BOARD_CACHES 0
#define FDM_BOARD_WAIT_STATES 255

#endif
