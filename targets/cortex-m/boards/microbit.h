/* Cortex-M0: the nRF51822 of the BBC micro:bit (Nordic nRF51 Series Reference Manual 3.0, memory
 * map and interrupts; pins of the line to the debug probe: the micro:bit's schematic). */
#ifndef FDM_CORTEX_M_BOARD_H
#define FDM_CORTEX_M_BOARD_H

#define FDM_BOARD_CLOCK_HZ 16000000u /* CPU and SysTick */
#define FDM_BOARD_UART 0x40002000u
#define FDM_BOARD_UART_HZ 16000000u
#define FDM_BOARD_UART_TX_PIN 24u
#define FDM_BOARD_UART_RX_PIN 25u
#define FDM_BOARD_UART_IRQ 2u
#define FDM_BOARD_TIMER 0x40008000u /* TIMER0, the one with 32 bits */
#define FDM_BOARD_TIMER_HZ 16000000u
#define FDM_BOARD_COUNTER FDM_COUNTER_TICKS
#define FDM_BOARD_CACHES 0
#define FDM_BOARD_WAIT_STATES 0

#endif
