/* Cortex-M33: Arm's AN505 image for the MPS2+ board, application note Arm DAI 0505 (memory map,
 * interrupts, clocks); secure aliases, bit 28 set. */
#ifndef FDM_CORTEX_M_BOARD_H
#define FDM_CORTEX_M_BOARD_H

#define FDM_BOARD_CLOCK_HZ 20000000u /* CPU and SysTick */
#define FDM_BOARD_UART 0x50200000u   /* UART0 */
#define FDM_BOARD_UART_HZ 20000000u
#define FDM_BOARD_UART_IRQ 32u   /* receive and transmit, */
#define FDM_BOARD_UART_IRQ_2 33u /* either way round: both have the same handler */
#define FDM_BOARD_FPGAIO 0x50302000u
#define FDM_BOARD_TIMER_HZ 20000000u /* of its COUNTER */
#define FDM_BOARD_COUNTER FDM_COUNTER_TICKS
#define FDM_BOARD_CACHES 0
#define FDM_BOARD_WAIT_STATES 255

#endif
