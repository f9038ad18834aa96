#include "tests/fakes/port.h"

#include <stdlib.h>

#include "tests/support/network.h"

static void ignore(void *context)
{
    (void)context;
}

static uint64_t count(void *context)
{
    (void)context;
    return FAKE_PORT_COUNT;
}

static void tell_memory(void *context, struct fdm_port_memory *out)
{
    (void)context;
    *out = (struct fdm_port_memory){4096, 1000, 20000, 30000, 40000};
}

void fake_port_init(struct fdm_port *port, const char *board, void *context,
                    const struct fdm_network *network)
{
    *port = (struct fdm_port){
        .context = context,
        .board = board,
        .cpu = "none",
        .compiler = "cc 1.0 -O2",
        .clock_hz = FAKE_PORT_CLOCK_HZ,
        .caches = FDM_CACHE_UNKNOWN,
        .flash_wait_states = 255,
        .counter_kind = FDM_COUNTER_TICKS,
        .counter_hz = 1000,
        .baud = FAKE_PORT_BAUD,
        .arena = test_arena(network),
        .arena_bytes = network->arena_bytes,
        .counter_start = ignore,
        .counter_read = count,
        .memory = tell_memory,
        .clear_marks = ignore,
    };
}

void fake_port_release(struct fdm_port *port)
{
    free(port->arena);
    port->arena = NULL;
}
