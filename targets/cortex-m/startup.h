/* What start-up knows about the memory. */
#ifndef FDM_CORTEX_M_STARTUP_H
#define FDM_CORTEX_M_STARTUP_H

#include <stdint.h>

#include "targets/cortex-m/stop.h"

/* Going beyond the stack is a fault: on Armv8-M by its limit register, before with an MPU by a
 * region over the 4096 bytes below it, without one because no memory lies below (sections.ld). */

/* Bytes of the stack that were used since start-up or the last repaint. */
uint32_t fdm_stack_used(void);
/* Forgets what was used beyond the caller's own frame. */
void fdm_stack_repaint(void);

/* Bounds of what sections.ld placed; only the addresses mean anything. */
extern uint32_t __stack_bottom[], __stack_top[];
extern uint32_t __data_load[], __data_start[], __data_end[];
extern uint32_t __bss_start[], __bss_end[];
extern uint32_t __weights_start[], __weights_end[];
extern uint32_t __vectors_start[], __flash_end[];

#endif
