/* STM32F100 as QEMU models it (machine stm32vldiscovery): USART1 and interrupts. RM0041, chapters
 * "Memory and bus architecture" and "Interrupts and events". */
#ifndef FDM_TESTS_STM32_ECHO_F100_H
#define FDM_TESTS_STM32_ECHO_F100_H

#include "targets/stm32/stm32.h"

#define FDM_STM32_UART 0x40013800u
#define FDM_STM32_UART_ENABLE 0x40021018u /* RCC_APB2ENR */
#define FDM_STM32_UART_BIT (1u << 14)
#define FDM_STM32_UART_RESET_HZ 8000000u
#define FDM_STM32_USART_HEADER "targets/stm32/usart_v2.h"
#define FDM_STM32_TX 0
#define FDM_STM32_RX 0
#define FDM_BOARD_UART_IRQ 37u

#endif
