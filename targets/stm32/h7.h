/* The STM32H7's FDM_BOARD_HEADER (stm32.h). A board's PLL1: FDM_STM32_PLL_M, _N, _P.
 *
 * Voltage scale 1, the highest that every supply of these chips gives, with its limits from the
 * datasheets DS12930 (H747) and DS12110 (H743), section "PLL characteristics", and RM0399, table
 * "FLASH recommended number of wait states and programming delay": 400 MHz for the CPU, 200 MHz for
 * the buses, which run at half the CPU's clock. */
#ifndef FDM_STM32_H7_H
#define FDM_STM32_H7_H

#include "targets/stm32/h7_registers.h"
#include "targets/stm32/stm32.h"

/* FDM_STM32_SUPPLY: what feeds the core on the board. It must be what the board was wired for: with
 * the wrong one the chip stops, and answers a probe again only after a power cycle (RM0399, "System
 * supply startup"). */
#define FDM_H7_SUPPLY_LDO FDM_H7_PWR_CR3_LDOEN
#define FDM_H7_SUPPLY_SMPS FDM_H7_PWR_CR3_SMPSEN /* directly, without the LDO */

#define FDM_H7_PLL_IN_HZ (FDM_STM32_CRYSTAL_HZ / FDM_STM32_PLL_M)
#define FDM_H7_VCO_HZ (FDM_H7_PLL_IN_HZ * FDM_STM32_PLL_N)
#define FDM_H7_BUS_HZ (FDM_BOARD_CLOCK_HZ / 2u)
#define FDM_H7_APB_HZ (FDM_H7_BUS_HZ / 2u)

#if FDM_STM32_CRYSTAL_HZ % FDM_STM32_PLL_M != 0
#error "the PLL's input is no whole number of Hz"
#endif
#if FDM_H7_PLL_IN_HZ < 2000000u || FDM_H7_PLL_IN_HZ > 16000000u
#error "the PLL's input is outside 2 to 16 MHz, which the wide VCO needs"
#endif
#if FDM_H7_VCO_HZ < 192000000u || FDM_H7_VCO_HZ > 836000000u
#error "the PLL's VCO is outside 192 to 836 MHz"
#endif
#if FDM_STM32_PLL_N < 4 || FDM_STM32_PLL_N > 512 || FDM_STM32_PLL_M < 1 || FDM_STM32_PLL_M > 63
#error "a number of the PLL does not fit its field"
#endif
#if FDM_STM32_PLL_P < 2 || FDM_STM32_PLL_P > 128 || FDM_STM32_PLL_P % 2 != 0
#error "PLL1's P divides by an even number from 2 to 128"
#endif
#if FDM_H7_VCO_HZ / FDM_STM32_PLL_P != FDM_BOARD_CLOCK_HZ
#error "the PLL's numbers do not give the board's clock"
#endif
#if FDM_BOARD_CLOCK_HZ > 400000000u
#error "over 400 MHz the chip needs voltage scale 0, which this port does not set"
#endif

#define FDM_H7_PLL_RANGE (FDM_H7_PLL_IN_HZ < 4000000u ? 1u : FDM_H7_PLL_IN_HZ < 8000000u ? 2u : 3u)
#if FDM_H7_BUS_HZ <= 70000000u
#define FDM_BOARD_WAIT_STATES 0u
#define FDM_H7_PROGRAMMING_DELAY 0u
#elif FDM_H7_BUS_HZ <= 140000000u
#define FDM_BOARD_WAIT_STATES 1u
#define FDM_H7_PROGRAMMING_DELAY 1u
#elif FDM_H7_BUS_HZ <= 185000000u
#define FDM_BOARD_WAIT_STATES 2u
#define FDM_H7_PROGRAMMING_DELAY 1u
#else /* up to 210 MHz */
#define FDM_BOARD_WAIT_STATES 2u
#define FDM_H7_PROGRAMMING_DELAY 2u
#endif

#if FDM_STM32_USART == 1
#define FDM_STM32_UART FDM_H7_USART1
#define FDM_STM32_UART_ENABLE FDM_H7_RCC_APB2ENR
#define FDM_STM32_UART_BIT FDM_H7_RCC_APB2ENR_USART1EN
#define FDM_BOARD_UART_IRQ FDM_H7_USART1_IRQ
#elif FDM_STM32_USART == 3
#define FDM_STM32_UART FDM_H7_USART3
#define FDM_STM32_UART_ENABLE FDM_H7_RCC_APB1LENR
#define FDM_STM32_UART_BIT FDM_H7_RCC_APB1LENR_USART3EN
#define FDM_BOARD_UART_IRQ FDM_H7_USART3_IRQ
#else
#error "FDM_STM32_USART: 1 or 3 on an STM32H7"
#endif
#define FDM_STM32_USART_HEADER "targets/stm32/usart_v3.h"
#define FDM_STM32_USART_FIFO
#define FDM_STM32_UART_RESET_HZ 64000000u /* HSI; D2CCIP2R at reset: the bus's clock */
#define FDM_STM32_UART_HZ FDM_H7_APB_HZ

#define FDM_STM32_GPIO(port) (FDM_H7_GPIOA + 0x400u * (port))
#define FDM_STM32_GPIO_ENABLE FDM_H7_RCC_AHB4ENR
#define FDM_STM32_TIM2 FDM_H7_TIM2
#define FDM_STM32_TIM2_ENABLE FDM_H7_RCC_APB1LENR
#define FDM_STM32_TIM2_BIT FDM_H7_RCC_APB1LENR_TIM2EN
#define FDM_STM32_TIM_HZ (2u * FDM_H7_APB_HZ) /* twice a divided bus's clock */

#define FDM_BOARD_TIMER_HZ FDM_BOARD_CLOCK_HZ
#define FDM_BOARD_COUNTER FDM_COUNTER_CYCLES
#define FDM_BOARD_CACHES (FDM_CACHE_INSTRUCTION | FDM_CACHE_DATA)

#endif
