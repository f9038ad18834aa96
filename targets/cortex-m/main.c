/* The agent as a firmware, with one network compiled in: harness/build makes it. */
#include "targets/agent/agent.h"
#include "targets/cortex-m/cortex_m.h"
#include "targets/cortex-m/startup.h"

/* From the generated source (reference/compiler/emit.h). */
extern const struct fdm_network fdm_agent_network;
extern unsigned char fdm_agent_arena[];
extern unsigned char fdm_agent_input[];

int main(void)
{
    static struct fdm_port port;
    static struct fdm_agent agent;
    const struct fdm_network *network = &fdm_agent_network;
    fdm_cortex_m_port(&port, fdm_agent_arena, network->arena_bytes);
    const struct fdm_agent_config config = {
        .version = FDM_AGENT_VERSION,
        .port = &port,
        .network = network,
        .input = fdm_agent_input,
        .input_bytes = network->tensors[network->input].bytes,
    };
    if (!fdm_agent_init(&agent, &config))
        fdm_stop_with("fdm-bench: the agent refuses this network");
    fdm_agent_run(&agent);
    return 0;
}
