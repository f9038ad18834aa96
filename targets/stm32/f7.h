/* The STM32F7's FDM_BOARD_HEADER (stm32.h). A board's PLL: FDM_STM32_PLL_M, _N, _P.
 *
 * Voltage scale 1 with over-drive, a supply of 2.7 to 3.6 V: 216 MHz; APB1 at a quarter, APB2 at
 * half of it. Limits: datasheet DS11532 (F769), sections "Operating conditions" and "PLL
 * characteristics"; RM0410, table "Number of wait states according to CPU clock frequency": one
 * more for each 30 MHz. */
#ifndef FDM_STM32_F7_H
#define FDM_STM32_F7_H

#include "targets/stm32/f7_registers.h"
#include "targets/stm32/stm32.h"

#define FDM_F7_PLL_IN_HZ (FDM_STM32_CRYSTAL_HZ / FDM_STM32_PLL_M)
#define FDM_F7_VCO_HZ (FDM_F7_PLL_IN_HZ * FDM_STM32_PLL_N)

#if FDM_STM32_CRYSTAL_HZ % FDM_STM32_PLL_M != 0
#error "the PLL's input is no whole number of Hz"
#endif
#if FDM_F7_PLL_IN_HZ < 1000000u || FDM_F7_PLL_IN_HZ > 2000000u
#error "the PLL's input is outside 1 to 2 MHz"
#endif
#if FDM_F7_VCO_HZ < 100000000u || FDM_F7_VCO_HZ > 432000000u
#error "the PLL's VCO is outside 100 to 432 MHz"
#endif
#if FDM_STM32_PLL_N < 50 || FDM_STM32_PLL_N > 432 || FDM_STM32_PLL_M < 2 || FDM_STM32_PLL_M > 63
#error "a number of the PLL does not fit its field"
#endif
#if FDM_STM32_PLL_P != 2 && FDM_STM32_PLL_P != 4 && FDM_STM32_PLL_P != 6 && FDM_STM32_PLL_P != 8
#error "the PLL's P divides by 2, 4, 6 or 8"
#endif
#if FDM_F7_VCO_HZ / FDM_STM32_PLL_P != FDM_BOARD_CLOCK_HZ
#error "the PLL's numbers do not give the board's clock"
#endif
#if FDM_BOARD_CLOCK_HZ > 216000000u
#error "an STM32F7 runs at 216 MHz at most"
#endif

#define FDM_BOARD_WAIT_STATES ((FDM_BOARD_CLOCK_HZ - 1u) / 30000000u)

#if FDM_STM32_USART != 1
#error "FDM_STM32_USART: 1 on an STM32F7"
#endif
#define FDM_STM32_UART FDM_F7_USART1
#define FDM_STM32_UART_ENABLE FDM_F7_RCC_APB2ENR
#define FDM_STM32_UART_BIT FDM_F7_RCC_APB2ENR_USART1EN
#define FDM_BOARD_UART_IRQ FDM_F7_USART1_IRQ
#define FDM_STM32_USART_HEADER "targets/stm32/usart_v3.h" /* without its FIFO */
#define FDM_STM32_UART_RESET_HZ 16000000u /* HSI; DCKCFGR2's reset value chooses APB2's clock */
#define FDM_STM32_UART_HZ (FDM_BOARD_CLOCK_HZ / 2u)

#define FDM_STM32_GPIO(port) (FDM_F7_GPIOA + 0x400u * (port))
#define FDM_STM32_GPIO_ENABLE FDM_F7_RCC_AHB1ENR
#define FDM_STM32_TIM2 FDM_F7_TIM2
#define FDM_STM32_TIM2_ENABLE FDM_F7_RCC_APB1ENR
#define FDM_STM32_TIM2_BIT FDM_F7_RCC_APB1ENR_TIM2EN
#define FDM_STM32_TIM_HZ (FDM_BOARD_CLOCK_HZ / 2u) /* twice a divided bus's clock */

#define FDM_BOARD_TIMER_HZ FDM_BOARD_CLOCK_HZ
#define FDM_BOARD_COUNTER FDM_COUNTER_CYCLES
#define FDM_BOARD_CACHES (FDM_CACHE_INSTRUCTION | FDM_CACHE_DATA)

#endif
