/* The Cortex-M port of the agent: what struct fdm_port asks for, from the core and the machine's
 * drivers (machine.h).
 *
 * Compiled for one board by definitions: FDM_BOARD_HEADER, FDM_AGENT_BOARD, FDM_AGENT_CPU and
 * FDM_AGENT_FLAGS, texts for HELLO; FDM_ICOUNT_SHIFT for an emulator that advances its clock by
 * 2^shift ns per instruction (QEMU's -icount). With it the counter counts instructions, which is
 * proven at start-up on a loop of known length; where that fails, as on a real board, it counts
 * what the board's header says.
 *
 * A board's header defines:
 *   FDM_BOARD_CLOCK_HZ     of CPU and SysTick, a whole number of MHz
 *   FDM_BOARD_UART_IRQ     interrupt of the line; FDM_BOARD_UART_IRQ_2 where there are two
 *   FDM_BOARD_TIMER_HZ     of struct fdm_time's ticks, a whole number of MHz
 *   FDM_BOARD_COUNTER      enum fdm_counter_kind of those ticks
 *   FDM_BOARD_CACHES       enum fdm_cache, or-ed
 *   FDM_BOARD_WAIT_STATES  of the flash; 255: none of the kind
 *   FDM_BOARD_VOLATILE     defined where a reset loses the program: the board cannot restart
 * and what its drivers ask for. */
#ifndef FDM_CORTEX_M_CORTEX_M_H
#define FDM_CORTEX_M_CORTEX_M_H

#include "targets/agent/port.h"

/* Starts the clock and fills `*port`, for which it keeps the only state: call it once. */
void fdm_cortex_m_port(struct fdm_port *port, void *arena, size_t arena_bytes);

#endif
