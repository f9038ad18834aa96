#include "targets/agent/agent_impl.h"

#include <string.h>

#include "targets/wire/crc32.h"

#define OUTPUT_PIECE 512

static bool require_input(struct fdm_agent *agent, uint8_t request)
{
    if (!agent->load.complete)
        fdm_agent_refuse(agent, request, FDM_MSG_ERR_STATE, "no complete input is loaded");
    return agent->load.complete;
}

static enum fdm_nn_status run_whole(struct fdm_agent *agent,
                                    const struct fdm_network_observer *observer)
{
    const struct fdm_network *network = agent->config.network;
    void *arena = agent->config.port->arena;
    return fdm_agent_is_streamed(agent)
               ? fdm_network_finish(network, arena, &agent->stream.progress, observer)
               : fdm_network_run(network, arena, observer);
}

/* Fresh input, then the network. The line is served before, so that the host knows that its request
 * is here, and its silence during the run is no surprise. */
static bool run(struct fdm_agent *agent, uint8_t request,
                const struct fdm_network_observer *observer, struct fdm_msg_run *timed,
                uint64_t *elapsed_us)
{
    const struct fdm_port *port = agent->config.port;
    bool streamed = fdm_agent_is_streamed(agent);
    fdm_agent_settle(agent);
    if (!streamed)
        memcpy(fdm_network_input(agent->config.network, port->arena), agent->config.input,
               fdm_agent_input_bytes(agent));
    uint64_t begin_us = port->now_us(port->context);
    port->counter_start(port->context);
    enum fdm_nn_status status = run_whole(agent, observer);
    timed->counter = port->counter_read(port->context) + agent->stream.counter;
    *elapsed_us += port->now_us(port->context) - begin_us + agent->stream.elapsed_us;
    if (streamed)
        agent->load = (struct fdm_agent_load){0}; /* used up */
    agent->output_ready = status == FDM_NN_OK;
    if (status != FDM_NN_OK)
        fdm_agent_refuse(agent, request, FDM_MSG_ERR_ENGINE, "the network refused to run");
    return status == FDM_NN_OK;
}

static bool warm_up(struct fdm_agent *agent, uint8_t request, uint16_t warmups)
{
    struct fdm_msg_run ignored;
    uint64_t elapsed_us = 0;
    for (uint16_t i = 0; i < warmups; i++)
        if (!run(agent, request, NULL, &ignored, &elapsed_us))
            return false;
    return true;
}

static uint32_t output_crc32(const struct fdm_agent *agent, size_t offset, size_t bytes)
{
    const uint8_t *output =
        (const uint8_t *)fdm_network_output(agent->config.network, agent->config.port->arena);
    return fdm_crc32(FDM_CRC32_INIT, output + offset, bytes);
}

/* A streamed input is used up by one run, and was watched as the profile wants it or not at all. */
static bool check_runs(struct fdm_agent *agent, uint8_t request, uint16_t warmups, uint16_t runs,
                       uint8_t flags)
{
    if (runs == 0) {
        fdm_agent_refuse(agent, request, FDM_MSG_ERR_RANGE, "at least one run is needed");
        return false;
    }
    if (!fdm_agent_is_streamed(agent))
        return true;
    if (warmups != 0 || runs != 1) {
        fdm_agent_refuse(agent, request, FDM_MSG_ERR_RANGE,
                         "a streamed input runs once: load it again");
        return false;
    }
    if (flags != agent->profile.flags) {
        fdm_agent_refuse(agent, request, FDM_MSG_ERR_STATE,
                         "the input was not watched for this while it was loaded");
        return false;
    }
    return true;
}

void fdm_agent_on_infer(struct fdm_agent *agent, const struct fdm_msg_infer *infer)
{
    if (!require_input(agent, FDM_MSG_INFER))
        return;
    if (!check_runs(agent, FDM_MSG_INFER, infer->warmups, infer->runs, 0))
        return;
    if (!warm_up(agent, FDM_MSG_INFER, infer->warmups))
        return;
    /* Single runs, one for each image, are not held up. */
    if (infer->warmups != 0)
        fdm_agent_note_state(agent, &agent->begin);
    uint64_t elapsed_us = 0;
    for (uint32_t index = 0; index < infer->runs; index++) {
        struct fdm_msg msg = {.type = FDM_MSG_RUN};
        msg.u.run.index = index;
        if (!run(agent, FDM_MSG_INFER, NULL, &msg.u.run, &elapsed_us) ||
            !fdm_agent_send(agent, &msg))
            return;
    }
    if (infer->warmups != 0)
        fdm_agent_note_state(agent, &agent->end);
    struct fdm_msg done = {.type = FDM_MSG_INFER_DONE};
    done.u.infer_done.runs = infer->runs;
    done.u.infer_done.elapsed_us = elapsed_us;
    done.u.infer_done.output_bytes = (uint32_t)fdm_agent_output_bytes(agent);
    done.u.infer_done.output_crc32 = output_crc32(agent, 0, fdm_agent_output_bytes(agent));
    fdm_agent_send(agent, &done);
}

void fdm_agent_on_output(struct fdm_agent *agent, const struct fdm_msg_output *output)
{
    size_t whole = fdm_agent_output_bytes(agent);
    if (!agent->output_ready) {
        fdm_agent_refuse(agent, FDM_MSG_OUTPUT, FDM_MSG_ERR_STATE, "nothing has run yet");
        return;
    }
    if (output->offset > whole || output->bytes > whole - output->offset) {
        fdm_agent_refuse(agent, FDM_MSG_OUTPUT, FDM_MSG_ERR_RANGE, "beyond the output's end");
        return;
    }
    const uint8_t *bytes =
        (const uint8_t *)fdm_network_output(agent->config.network, agent->config.port->arena);
    uint32_t end = output->offset + output->bytes;
    for (uint32_t at = output->offset; at < end;) {
        struct fdm_msg msg = {.type = FDM_MSG_OUTPUT_DATA};
        msg.u.data.offset = at;
        msg.u.data.bytes = bytes + at;
        msg.u.data.len = end - at < OUTPUT_PIECE ? end - at : OUTPUT_PIECE;
        at += (uint32_t)msg.u.data.len;
        if (!fdm_agent_send(agent, &msg))
            return;
    }
    struct fdm_msg done = {.type = FDM_MSG_OUTPUT_DONE};
    done.u.output_done.bytes = output->bytes;
    done.u.output_done.crc32 = output_crc32(agent, output->offset, output->bytes);
    fdm_agent_send(agent, &done);
}

/* ---- layer by layer ---- */

static void before_layer(void *context, uint32_t layer, size_t at)
{
    const struct fdm_agent *agent = context;
    (void)layer;
    (void)at;
    agent->config.port->counter_start(agent->config.port->context);
}

static void after_layer(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct fdm_agent *agent = context;
    struct fdm_agent_profile *profile = &agent->profile;
    uint64_t counter = agent->config.port->counter_read(agent->config.port->context);
    if (at == 0) {
        profile->counters[layer] = 0;
        profile->bytes[layer] = 0;
        profile->crc32[layer] = FDM_CRC32_INIT;
    }
    profile->bytes[layer] += (uint32_t)bytes;
    if ((profile->flags & FDM_PROFILE_COUNTERS) != 0)
        profile->counters[layer] += counter;
    if ((profile->flags & FDM_PROFILE_CRC) != 0)
        profile->crc32[layer] = fdm_crc32(profile->crc32[layer], output, bytes);
}

bool fdm_agent_run_row(struct fdm_agent *agent)
{
    const struct fdm_port *port = agent->config.port;
    const struct fdm_network_observer observer = {agent, before_layer, after_layer};
    struct fdm_agent_stream *stream = &agent->stream;
    bool watched = agent->profile.flags != 0;
    uint64_t begin_us = port->now_us(port->context);
    if (!watched)
        port->counter_start(port->context);
    enum fdm_nn_status status = fdm_network_feed(agent->config.network, port->arena,
                                                 &stream->progress, watched ? &observer : NULL);
    if (!watched)
        stream->counter += port->counter_read(port->context);
    stream->elapsed_us += port->now_us(port->context) - begin_us;
    return status == FDM_NN_OK;
}

void fdm_agent_on_watch(struct fdm_agent *agent, const struct fdm_msg_watch *watch)
{
    if (!fdm_agent_is_streamed(agent)) {
        fdm_agent_refuse(agent, FDM_MSG_WATCH, FDM_MSG_ERR_FEATURE, "the input is not streamed");
        return;
    }
    if ((watch->flags & ~(FDM_PROFILE_COUNTERS | FDM_PROFILE_CRC)) != 0) {
        fdm_agent_refuse(agent, FDM_MSG_WATCH, FDM_MSG_ERR_RANGE, "unknown flags");
        return;
    }
    if (watch->flags != agent->profile.flags)
        agent->load = (struct fdm_agent_load){0};
    agent->profile.flags = watch->flags;
    struct fdm_msg msg = {.type = FDM_MSG_WATCH_REPLY};
    fdm_agent_send(agent, &msg);
}

static bool send_layers(struct fdm_agent *agent, uint16_t run_index)
{
    for (uint16_t layer = 0; layer < agent->config.network->layer_count; layer++) {
        struct fdm_msg msg = {.type = FDM_MSG_LAYER};
        msg.u.layer.run = run_index;
        msg.u.layer.layer = layer;
        msg.u.layer.counter = agent->profile.counters[layer];
        msg.u.layer.output_bytes = agent->profile.bytes[layer];
        msg.u.layer.output_crc32 = agent->profile.crc32[layer];
        if (!fdm_agent_send(agent, &msg))
            return false;
    }
    return true;
}

void fdm_agent_on_profile(struct fdm_agent *agent, const struct fdm_msg_profile *profile)
{
    const struct fdm_network_observer observer = {agent, before_layer, after_layer};
    if (!require_input(agent, FDM_MSG_PROFILE))
        return;
    if (profile->flags == 0 || (profile->flags & ~(FDM_PROFILE_COUNTERS | FDM_PROFILE_CRC)) != 0) {
        fdm_agent_refuse(agent, FDM_MSG_PROFILE, FDM_MSG_ERR_RANGE, "no flags, or unknown ones");
        return;
    }
    if (!check_runs(agent, FDM_MSG_PROFILE, profile->warmups, profile->runs, profile->flags))
        return;
    agent->profile.flags = profile->flags;
    if (!warm_up(agent, FDM_MSG_PROFILE, profile->warmups))
        return;
    for (uint16_t index = 0; index < profile->runs; index++) {
        struct fdm_msg_run whole;
        uint64_t elapsed_us = 0;
        if (!run(agent, FDM_MSG_PROFILE, &observer, &whole, &elapsed_us) ||
            !send_layers(agent, index))
            return;
    }
    struct fdm_msg done = {.type = FDM_MSG_PROFILE_DONE};
    done.u.profile_done.runs = profile->runs;
    done.u.profile_done.layers = (uint16_t)agent->config.network->layer_count;
    fdm_agent_send(agent, &done);
}
