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
    if (!state->announced || state->crc32 != load->crc32) {
        *state = (struct fdm_agent_load){.announced = true, .crc32 = load->crc32};
        if (fdm_agent_is_streamed(agent)) {
            agent->stream = (struct fdm_agent_stream){0};
            agent->output_ready = false; /* its rows lie where the output lay */
        }
    }
    send_state(agent);
}

static void finish(struct fdm_agent *agent)
{
    struct fdm_agent_load *state = &agent->load;
    if (state->received_crc32 != state->crc32) {
        *state = (struct fdm_agent_load){0};
        fdm_agent_refuse(agent, FDM_MSG_LOAD_DATA, FDM_MSG_ERR_CHECKSUM,
                         "the CRC-32 is not the announced one");
        return;
    }
    state->complete = true;
    send_state(agent);
}

/* The rest of the present row goes to its place in the arena; a row that is complete runs. */
static bool take_part_of_row(struct fdm_agent *agent, const uint8_t *bytes, size_t len)
{
    const struct fdm_network *network = agent->config.network;
    struct fdm_agent_load *state = &agent->load;
    size_t row_bytes = fdm_agent_input_bytes(agent) / (size_t)network->tensors[network->input].h;
    uint8_t *row =
        fdm_network_next_row(network, agent->config.port->arena, &agent->stream.progress);
    memcpy(row + state->received % row_bytes, bytes, len);
    state->received += (uint32_t)len;
    return state->received % row_bytes != 0 || fdm_agent_run_row(agent);
}

static bool take_streamed(struct fdm_agent *agent, const uint8_t *bytes, size_t len)
{
    const struct fdm_network *network = agent->config.network;
    size_t row_bytes = fdm_agent_input_bytes(agent) / (size_t)network->tensors[network->input].h;
    while (len > 0) {
        size_t left = row_bytes - agent->load.received % row_bytes;
        size_t part = len < left ? len : left;
        if (!take_part_of_row(agent, bytes, part))
            return false;
        bytes += part;
        len -= part;
    }
    return true;
}

static bool take(struct fdm_agent *agent, const struct fdm_msg_data *data)
{
    struct fdm_agent_load *state = &agent->load;
    state->received_crc32 = fdm_crc32(state->received_crc32, data->bytes, data->len);
    if (fdm_agent_is_streamed(agent))
        return take_streamed(agent, data->bytes, data->len);
    memcpy(agent->config.input + state->received, data->bytes, data->len);
    state->received += (uint32_t)data->len;
    return true;
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
    if (!take(agent, data)) {
        *state = (struct fdm_agent_load){0};
        fdm_agent_refuse(agent, FDM_MSG_LOAD_DATA, FDM_MSG_ERR_ENGINE,
                         "the network refused to run");
    } else if (state->received == whole) {
        finish(agent);
    }
}
