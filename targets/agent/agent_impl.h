/* What the agent's own files share. */
#ifndef FDM_AGENT_AGENT_IMPL_H
#define FDM_AGENT_AGENT_IMPL_H

#include "targets/agent/agent.h"

/* Sends what can be sent now, and takes what has arrived. */
void fdm_agent_settle(struct fdm_agent *agent);
/* Sends an answer to the present request, waiting for room. False if nobody is there any more who
 * asked: the handler stops. */
bool fdm_agent_send(struct fdm_agent *agent, struct fdm_msg *msg);
void fdm_agent_refuse(struct fdm_agent *agent, uint8_t request, enum fdm_msg_error_code code,
                      const char *text);

/* The board's state, now. */
void fdm_agent_note_state(struct fdm_agent *agent, struct fdm_msg_state *out);

size_t fdm_agent_input_bytes(const struct fdm_agent *agent);
size_t fdm_agent_output_bytes(const struct fdm_agent *agent);
/* Whether the arena has no room for the whole input: it runs while it is loaded. */
bool fdm_agent_is_streamed(const struct fdm_agent *agent);

/* agent_load.c */
void fdm_agent_on_load(struct fdm_agent *agent, const struct fdm_msg_load *load);
void fdm_agent_on_load_data(struct fdm_agent *agent, const struct fdm_msg_data *data);

/* agent_infer.c */
void fdm_agent_on_infer(struct fdm_agent *agent, const struct fdm_msg_infer *infer);
void fdm_agent_on_output(struct fdm_agent *agent, const struct fdm_msg_output *output);
void fdm_agent_on_profile(struct fdm_agent *agent, const struct fdm_msg_profile *profile);
void fdm_agent_on_watch(struct fdm_agent *agent, const struct fdm_msg_watch *watch);
/* Runs what the next row of a streamed input allows; false if the network refuses. */
bool fdm_agent_run_row(struct fdm_agent *agent);

/* agent_memory.c */
void fdm_agent_paint(struct fdm_agent *agent);
void fdm_agent_on_memory(struct fdm_agent *agent);

#endif
