/* The STM32U5's FDM_BOARD_HEADER (stm32.h). A board's PLL1: FDM_STM32_PLL_M, _N, _R, fed by the
 * internal 4 MHz oscillator, which follows a watch crystal of 32,768 Hz within 0.25 %.
 *
 * Voltage range 1 with the booster, which the clock above 55 MHz needs; TrustZone off (TZEN = 0),
 * as the chips leave the factory. Limits: datasheet DS13086 (U585), section "PLL characteristics";
 * RM0456, table "Number of wait states according to CPU clock (HCLK) frequency": range 1, one more
 * for each 32 MHz. */
#ifndef FDM_STM32_U5_H
#define FDM_STM32_U5_H

#include "targets/stm32/stm32.h"
#include "targets/stm32/u5_registers.h"

#define FDM_U5_MSI_HZ 4000000u /* after reset */
#define FDM_U5_PLL_IN_HZ (FDM_U5_MSI_HZ / FDM_STM32_PLL_M)
#define FDM_U5_VCO_HZ (FDM_U5_PLL_IN_HZ * FDM_STM32_PLL_N)

#if FDM_STM32_PLL_M != 1
#error "the PLL takes 4 to 8 MHz in the range that this port sets: M is 1"
#endif
#if FDM_U5_VCO_HZ < 128000000u || FDM_U5_VCO_HZ > 544000000u
#error "the PLL's VCO is outside 128 to 544 MHz"
#endif
#if FDM_STM32_PLL_N < 4 || FDM_STM32_PLL_N > 512 || FDM_STM32_PLL_R < 1 || FDM_STM32_PLL_R > 128
#error "a number of the PLL does not fit its field"
#endif
#if FDM_STM32_PLL_R != 1 && FDM_STM32_PLL_R % 2 != 0
#error "PLL1's R divides by 1 or an even number" /* RM0456, 11.8.12 */
#endif
#if FDM_U5_VCO_HZ / FDM_STM32_PLL_R != FDM_BOARD_CLOCK_HZ
#error "the PLL's numbers do not give the board's clock"
#endif
#if FDM_BOARD_CLOCK_HZ > 160000000u
#error "an STM32U5 runs at 160 MHz at most"
#endif

#define FDM_BOARD_WAIT_STATES ((FDM_BOARD_CLOCK_HZ - 1u) / 32000000u)

#if FDM_STM32_USART != 1
#error "FDM_STM32_USART: 1 on an STM32U5"
#endif
#define FDM_STM32_UART FDM_U5_USART1
#define FDM_STM32_UART_ENABLE FDM_U5_RCC_APB2ENR
#define FDM_STM32_UART_BIT FDM_U5_RCC_APB2ENR_USART1EN
#define FDM_BOARD_UART_IRQ FDM_U5_USART1_IRQ
#define FDM_STM32_USART_HEADER "targets/stm32/usart_v3.h"
#define FDM_STM32_USART_FIFO
#define FDM_STM32_UART_RESET_HZ FDM_U5_MSI_HZ /* CCIPR1's reset value chooses APB2's clock */
#define FDM_STM32_UART_HZ FDM_BOARD_CLOCK_HZ

#define FDM_STM32_GPIO(port) (FDM_U5_GPIOA + 0x400u * (port))
#define FDM_STM32_GPIO_ENABLE FDM_U5_RCC_AHB2ENR1
#define FDM_STM32_TIM2 FDM_U5_TIM2
#define FDM_STM32_TIM2_ENABLE FDM_U5_RCC_APB1ENR1
#define FDM_STM32_TIM2_BIT FDM_U5_RCC_APB1ENR1_TIM2EN
#define FDM_STM32_TIM_HZ FDM_BOARD_CLOCK_HZ

#define FDM_BOARD_TIMER_HZ FDM_BOARD_CLOCK_HZ
#define FDM_BOARD_COUNTER FDM_COUNTER_CYCLES
#define FDM_BOARD_CACHES (FDM_CACHE_INSTRUCTION | FDM_CACHE_FLASH)

#endif
