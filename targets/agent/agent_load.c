#include "targets/agent/agent_impl.h"

#include <string.h>

#include "targets/wire/crc32.h"

static void send_state(struct fdm_agent *agent)
{
    struct fdm_msg msg = {.type = FDM_MSG_LOAD_STATE};
    msg.u.load_state.object = FDM_OBJECT_INPUT;
    msg.u.load_state.received = agent->load.received;
    msg.u.load_state.complete = agent->load.complete ? 1 : 0;
    fdm_agent_send(agent, &msg);
}

void fdm_agent_on_load(struct fdm_agent *agent, const struct fdm_msg_load *load)
{
    struct fdm_agent_load *state = &agent->load;
    if (load->object != FDM_OBJECT_INPUT || load->bytes != fdm_agent_input_bytes(agent)) {
        fdm_agent_refuse(agent, FDM_MSG_LOAD, FDM_MSG_ERR_RANGE,
                         "not the input, or not of its size");
        return;
    }
    /* What is there of the same object stays: the host sends the rest only. */
    if (!state->announced || state->crc32 != load->crc32)
        *state = (struct fdm_agent_load){.announced = true, .crc32 = load->crc32};
    send_state(agent);
}

static void finish(struct fdm_agent *agent)
{
    struct fdm_agent_load *state = &agent->load;
    uint32_t crc32 = fdm_crc32(FDM_CRC32_INIT, agent->config.input, state->received);
    if (crc32 != state->crc32) {
        *state = (struct fdm_agent_load){0};
        fdm_agent_refuse(agent, FDM_MSG_LOAD_DATA, FDM_MSG_ERR_CHECKSUM,
                         "the CRC-32 is not the announced one");
        return;
    }
    state->complete = true;
    send_state(agent);
}

void fdm_agent_on_load_data(struct fdm_agent *agent, const struct fdm_msg_data *data)
{
    struct fdm_agent_load *state = &agent->load;
    size_t whole = fdm_agent_input_bytes(agent);
    /* Pieces that follow a refused one are not answered again and again. */
    if (!state->announced || state->complete)
        return;
    if (data->object != FDM_OBJECT_INPUT || data->offset != state->received ||
        data->len > whole - state->received) {
        *state = (struct fdm_agent_load){0};
        fdm_agent_refuse(agent, FDM_MSG_LOAD_DATA, FDM_MSG_ERR_RANGE,
                         "a piece does not continue the input");
        return;
    }
    memcpy(agent->config.input + state->received, data->bytes, data->len);
    state->received += (uint32_t)data->len;
    if (state->received == whole)
        finish(agent);
}
