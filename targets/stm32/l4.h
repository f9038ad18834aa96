/* The STM32L4+'s FDM_BOARD_HEADER (stm32.h). A board's PLL: FDM_STM32_PLL_M, _N, _R, fed by the
 * internal 4 MHz oscillator, which follows a watch crystal of 32,768 Hz within 0.25 %.
 *
 * Voltage range 1 in boost mode: 120 MHz. Limits: datasheet DS12024 (L4S5), section "PLL
 * characteristics"; RM0432, 3.3.3, table "Number of wait states according to CPU clock (HCLK)
 * frequency": range 1 boost, one more for each 20 MHz. */
#ifndef FDM_STM32_L4_H
#define FDM_STM32_L4_H

#include "targets/stm32/l4_registers.h"
#include "targets/stm32/stm32.h"

#define FDM_L4_MSI_HZ 4000000u /* after reset */
#define FDM_L4_PLL_IN_HZ (FDM_L4_MSI_HZ / FDM_STM32_PLL_M)
#define FDM_L4_VCO_HZ (FDM_L4_PLL_IN_HZ * FDM_STM32_PLL_N)

#if FDM_STM32_PLL_M != 1
#error "the PLL takes 2.66 to 8 MHz: M is 1"
#endif
#if FDM_L4_VCO_HZ < 64000000u || FDM_L4_VCO_HZ > 344000000u
#error "the PLL's VCO is outside 64 to 344 MHz"
#endif
#if FDM_STM32_PLL_N < 8 || FDM_STM32_PLL_N > 127
#error "the PLL's N does not fit its field"
#endif
#if FDM_STM32_PLL_R != 2 && FDM_STM32_PLL_R != 4 && FDM_STM32_PLL_R != 6 && FDM_STM32_PLL_R != 8
#error "the PLL's R divides by 2, 4, 6 or 8"
#endif
#if FDM_L4_VCO_HZ / FDM_STM32_PLL_R != FDM_BOARD_CLOCK_HZ
#error "the PLL's numbers do not give the board's clock"
#endif
#if FDM_BOARD_CLOCK_HZ > 120000000u
#error "an STM32L4+ runs at 120 MHz at most"
#endif

#define FDM_BOARD_WAIT_STATES ((FDM_BOARD_CLOCK_HZ - 1u) / 20000000u)

#if FDM_STM32_USART != 1
#error "FDM_STM32_USART: 1 on an STM32L4"
#endif
#define FDM_STM32_UART FDM_L4_USART1
#define FDM_STM32_UART_ENABLE FDM_L4_RCC_APB2ENR
#define FDM_STM32_UART_BIT FDM_L4_RCC_APB2ENR_USART1EN
#define FDM_BOARD_UART_IRQ FDM_L4_USART1_IRQ
#define FDM_STM32_USART_HEADER "targets/stm32/usart_v3.h"
#define FDM_STM32_USART_FIFO
#define FDM_STM32_UART_RESET_HZ FDM_L4_MSI_HZ /* CCIPR's reset value chooses APB2's clock */
#define FDM_STM32_UART_HZ FDM_BOARD_CLOCK_HZ

#define FDM_STM32_GPIO(port) (FDM_L4_GPIOA + 0x400u * (port))
#define FDM_STM32_GPIO_ENABLE FDM_L4_RCC_AHB2ENR
#define FDM_STM32_TIM2 FDM_L4_TIM2
#define FDM_STM32_TIM2_ENABLE FDM_L4_RCC_APB1ENR1
#define FDM_STM32_TIM2_BIT FDM_L4_RCC_APB1ENR1_TIM2EN
#define FDM_STM32_TIM_HZ FDM_BOARD_CLOCK_HZ

#define FDM_BOARD_TIMER_HZ FDM_BOARD_CLOCK_HZ
#define FDM_BOARD_COUNTER FDM_COUNTER_CYCLES
#define FDM_BOARD_CACHES FDM_CACHE_FLASH

#endif
