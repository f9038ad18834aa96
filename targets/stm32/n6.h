/* The STM32N6's FDM_BOARD_HEADER (stm32.h). A board's PLL1: FDM_STM32_PLL_M, _N; its output divided
 * by two is the CPU's clock, by three the buses', which run the AHB at half and the APB at the
 * same.
 *
 * The voltage that the board supplies at start-up: 600 MHz for the CPU, 400 MHz for the buses. 800
 * MHz would need an overdrive by the board's regulator. Limits: datasheet DS14791 (N657), sections
 * "General operating conditions" and "PLL characteristics". */
#ifndef FDM_STM32_N6_H
#define FDM_STM32_N6_H

#include "targets/stm32/n6_registers.h"
#include "targets/stm32/stm32.h"

#define FDM_N6_PLL_IN_HZ (FDM_STM32_CRYSTAL_HZ / FDM_STM32_PLL_M)
#define FDM_N6_VCO_HZ (FDM_N6_PLL_IN_HZ * FDM_STM32_PLL_N)
#define FDM_N6_BUS_HZ (FDM_N6_VCO_HZ / 3u)
#define FDM_N6_APB_HZ (FDM_N6_BUS_HZ / 2u)

#if FDM_STM32_CRYSTAL_HZ % FDM_STM32_PLL_M != 0
#error "the PLL's input is no whole number of Hz"
#endif
#if FDM_N6_PLL_IN_HZ < 5000000u || FDM_N6_PLL_IN_HZ > 50000000u
#error "the PLL's input is outside 5 to 50 MHz"
#endif
#if FDM_N6_VCO_HZ < 800000000u || FDM_N6_VCO_HZ > 3200000000u
#error "the PLL's VCO is outside 800 to 3200 MHz"
#endif
#if FDM_STM32_PLL_N < 10 || FDM_STM32_PLL_N > 2500 || FDM_STM32_PLL_M < 1 || FDM_STM32_PLL_M > 63
#error "a number of the PLL does not fit its field"
#endif
#if FDM_N6_VCO_HZ / 2u != FDM_BOARD_CLOCK_HZ
#error "the PLL's numbers do not give the board's clock"
#endif
#if FDM_BOARD_CLOCK_HZ > 600000000u
#error "over 600 MHz the chip needs a higher voltage, which this port does not set"
#endif

#if FDM_STM32_USART != 1
#error "FDM_STM32_USART: 1 on an STM32N6"
#endif
#define FDM_STM32_UART FDM_N6_USART1
#define FDM_STM32_UART_ENABLE FDM_N6_RCC_APB2ENR
#define FDM_STM32_UART_BIT FDM_N6_RCC_APB2ENR_USART1EN
#define FDM_BOARD_UART_IRQ FDM_N6_USART1_IRQ
#define FDM_STM32_USART_HEADER "targets/stm32/usart_v3.h"
#define FDM_STM32_USART_FIFO
/* fdm_memory_init() sets HSI for the buses, the AHB at half of it, APB2's clock for the USART. */
#define FDM_STM32_UART_RESET_HZ 32000000u
#define FDM_STM32_UART_HZ FDM_N6_APB_HZ

#define FDM_STM32_GPIO(port) (FDM_N6_GPIOA + 0x400u * (port))
#define FDM_STM32_GPIO_ENABLE FDM_N6_RCC_AHB4ENR
#define FDM_STM32_TIM2 FDM_N6_TIM2
#define FDM_STM32_TIM2_ENABLE FDM_N6_RCC_APB1ENR1
#define FDM_STM32_TIM2_BIT FDM_N6_RCC_APB1ENR1_TIM2EN
#define FDM_STM32_TIM_HZ FDM_N6_BUS_HZ

#define FDM_BOARD_TIMER_HZ FDM_BOARD_CLOCK_HZ
#define FDM_BOARD_COUNTER FDM_COUNTER_CYCLES
#define FDM_BOARD_CACHES (FDM_CACHE_INSTRUCTION | FDM_CACHE_DATA)
#define FDM_BOARD_WAIT_STATES 255 /* no flash */
#define FDM_BOARD_VOLATILE        /* after a reset the boot ROM waits for a program again */

#endif
