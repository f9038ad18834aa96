/* What the ports of all fake boards have in common: facts, an arena, a counter that always counts
 * the same, a memory that is always as full. The line, the time, and what else a board does are the
 * test's to set. */
#ifndef FDM_TESTS_FAKES_PORT_H
#define FDM_TESTS_FAKES_PORT_H

#include "reference/network/network.h"
#include "targets/agent/port.h"

#define FAKE_PORT_COUNT 12345 /* what each measurement counts, in ticks of 1 kHz */
#define FAKE_PORT_CLOCK_HZ 1000000
#define FAKE_PORT_BAUD 115200

/* The texts and the context must outlive the port. */
void fake_port_init(struct fdm_port *port, const char *board, void *context,
                    const struct fdm_network *network);
void fake_port_release(struct fdm_port *port);

#endif
