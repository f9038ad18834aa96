/* What a machine's drivers supply to the Cortex-M port. One driver of each kind is linked in; the
 * board's header, named by FDM_BOARD_HEADER, tells them addresses and clocks. */
#ifndef FDM_CORTEX_M_MACHINE_H
#define FDM_CORTEX_M_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- start-up -------------------------------------------------------------------------------- */

/* Called before any variable may be used, but on a stack, whose memory must be on after reset and
 * whose guard is set: switches on what holds the variables and is off after reset. */
void fdm_memory_init(void);
/* Called when the line works at the clock of reset: brings clocks, caches and memory protection to
 * what the board's header promises. What goes wrong is said with fdm_stop_with(). */
void fdm_clock_init(void);

/* ---- the serial line ------------------------------------------------------------------------ */

#define FDM_LINE_BAUD 115200u /* at start-up */

/* Called before main(), so that every fault can be reported. */
void fdm_line_init(void);
/* As in struct fdm_port: neither blocks. */
size_t fdm_line_read(uint8_t *bytes, size_t capacity);
size_t fdm_line_write(const uint8_t *bytes, size_t len);
/* True if read() would give something, or with `writing` write() take something. Called with
 * interrupts off; afterwards an interrupt becomes pending when it changes to true. */
bool fdm_line_ready(bool writing);
/* Sends one byte by polling, in any state of the program: for fault reports. */
void fdm_line_put_now(uint8_t byte);
/* Waits until everything has left. */
void fdm_line_drain(void);
uint32_t fdm_line_set_baud(uint32_t baud);
/* Vectors of the line's interrupts. */
void fdm_line_interrupt(void);

/* ---- time ----------------------------------------------------------------------------------- */

/* A point in time; only fdm_time_between() knows what is inside. */
struct fdm_time {
    uint32_t fine, coarse;
};

void fdm_time_init(void);
/* Since fdm_time_init(), never backwards. */
uint64_t fdm_time_us(void);
/* The precise part is the last thing read by now(), the first read by then(): a measurement begins
 * with now() and ends with then(). */
struct fdm_time fdm_time_now(void);
struct fdm_time fdm_time_then(void);
/* Ticks of FDM_BOARD_TIMER_HZ. */
uint64_t fdm_time_between(struct fdm_time from, struct fdm_time to);

#endif
