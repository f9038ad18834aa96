/* Cortex-M7: Arm's AN500 image for the MPS2+ board, application note Arm DAI 0500 (memory map,
 * interrupts, clocks). */
#ifndef FDM_CORTEX_M_BOARD_H
#define FDM_CORTEX_M_BOARD_H

#define FDM_BOARD_CLOCK_HZ 25000000u /* CPU and SysTick */
#define FDM_BOARD_UART 0x40004000u   /* UART0 */
#define FDM_BOARD_UART_HZ 25000000u
#define FDM_BOARD_UART_IRQ 0u   /* receive and transmit, */
#define FDM_BOARD_UART_IRQ_2 1u /* either way round: both have the same handler */
#define FDM_BOARD_FPGAIO 0x40028000u
#define FDM_BOARD_TIMER_HZ 25000000u /* of its COUNTER */
#define FDM_BOARD_COUNTER FDM_COUNTER_TICKS
#define FDM_BOARD_CACHES 0
#define FDM_BOARD_WAIT_STATES 255

#endif
