/* What a UART's driver supplies to the serial line (line.c). One is linked in; the board's header
 * tells it addresses and clocks. Nothing here waits unless it says so. */
#ifndef FDM_CORTEX_M_UART_H
#define FDM_CORTEX_M_UART_H

#include <stdbool.h>
#include <stdint.h>

/* 8N1 at FDM_LINE_BAUD, both directions on, no interrupt asked for. */
void fdm_uart_init(void);
/* A byte has arrived; take() gives it. */
bool fdm_uart_has_byte(void);
uint8_t fdm_uart_take(void);
/* put() would take a byte. */
bool fdm_uart_has_room(void);
void fdm_uart_put(uint8_t byte);
/* Asks for an interrupt when a byte has arrived, when there is room; no longer where false. */
void fdm_uart_ask(bool byte, bool room);
/* In the interrupt: forgets its causes, and that bytes were lost. What arrived stays. */
void fdm_uart_acknowledge(void);
/* Waits until the last bit has left. */
void fdm_uart_drain(void);
/* The rate that was set, nearest to the wanted one. Call it with nothing under way. */
uint32_t fdm_uart_set_baud(uint32_t baud);

#endif
