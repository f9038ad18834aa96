/* What the files of the STM32 port share. A family's header (h7.h, f7.h, …) is FDM_BOARD_HEADER; it
 * derives all numbers from a board's JSON file, and refuses what the family cannot do:
 *
 *   FDM_BOARD_CLOCK_HZ  of the CPU: what the PLL's numbers must give
 *   FDM_STM32_CRYSTAL_HZ, FDM_STM32_CRYSTAL_BYPASS (defined: a clock signal comes in instead)
 *   FDM_STM32_PLL_…     the PLL's divisors and multiplier, in the family's words
 *   FDM_STM32_USART     number of the line's USART; FDM_STM32_TX, FDM_STM32_RX its pins, FDM_PIN()
 *
 * and defines for the port what targets/cortex-m/cortex_m.h asks for, and
 *
 *   FDM_STM32_UART, _UART_HZ, _UART_RESET_HZ  address, clock now and at reset
 *   FDM_STM32_UART_ENABLE, _UART_BIT          register and bit that give it its clock
 *   FDM_STM32_GPIO_ENABLE(port), _GPIO_BIT(port), FDM_STM32_GPIO(port)
 *   FDM_STM32_TIM2, _TIM2_ENABLE, _TIM2_BIT, _TIM_HZ
 *   FDM_STM32_USART_HEADER, usart_v2.h or usart_v3.h; FDM_STM32_USART_FIFO: it has one, and a
 * prescaler */
#ifndef FDM_STM32_STM32_H
#define FDM_STM32_STM32_H

#include <stdint.h>

/* FDM_PIN(A, 9, 7): pin PA9 as alternate function 7. */
#define FDM_PIN(port, pin, function)                                                               \
    ((uint32_t)((unsigned char)(#port)[0] - 'A') << 16 | (uint32_t)(pin) << 8 | (function))
#define FDM_PIN_PORT(value) ((value) >> 16)
#define FDM_PIN_NUMBER(value) ((value) >> 8 & 0xFFu)
#define FDM_PIN_FUNCTION(value) ((value)&0xFFu)

/* Gives a pin to its peripheral, pulled up, so that an open line rests. Its port's clock comes on.
 */
void fdm_gpio_connect(uint32_t value);

/* The USART's clock has changed: keeps its rate. */
void fdm_usart_set_clock(uint32_t hz);

/* Lets at least so many of the CPU's cycles pass. */
void fdm_core_pause(uint32_t cycles);
/* Switches on the caches of a Cortex-M7 or M55 core, with nothing in them. */
void fdm_core_caches_on(void);
/* Armv8.1-M: lets the core remember where its low-overhead loops begin and end, as their speed
 * needs. Off after reset. */
void fdm_core_loops_on(void);
/* Armv7-M: forbids the address ranges of external memories that nothing has set up. A Cortex-M7
 * reads ahead there on its own, and an interface without a clock would never answer. */
void fdm_core_shut_external_memory(void);

#endif
