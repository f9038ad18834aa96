#include "targets/agent/agent_impl.h"

#include <string.h>

/* An unlikely byte in front of which the arena was used. */
#define PAINT 0xA5

void fdm_agent_paint(struct fdm_agent *agent)
{
    memset(agent->config.port->arena, PAINT, agent->config.port->arena_bytes);
}

static uint32_t arena_used(const struct fdm_agent *agent)
{
    const uint8_t *arena = agent->config.port->arena;
    size_t used = agent->config.port->arena_bytes;
    while (used > 0 && arena[used - 1] == PAINT)
        used--;
    return (uint32_t)used;
}

void fdm_agent_on_memory(struct fdm_agent *agent)
{
    const struct fdm_port *port = agent->config.port;
    struct fdm_port_memory memory = {0};
    port->memory(port->context, &memory);
    struct fdm_msg msg = {.type = FDM_MSG_MEMORY_REPLY};
    msg.u.memory.arena_bytes = (uint32_t)port->arena_bytes;
    msg.u.memory.arena_used = arena_used(agent);
    msg.u.memory.stack_bytes = memory.stack_bytes;
    msg.u.memory.stack_used = memory.stack_used;
    msg.u.memory.static_bytes = memory.static_bytes;
    msg.u.memory.code_bytes = memory.code_bytes;
    msg.u.memory.constant_bytes = memory.constant_bytes;
    fdm_agent_send(agent, &msg);
}
