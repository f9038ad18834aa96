#include "targets/agent/agent.h"

#include <string.h>

#include "targets/agent/agent_impl.h"

#define BAUD_TRIAL_US 1000000

/* Otherwise fdm_agent_send() would wait for room that cannot come. */
_Static_assert(FDM_AGENT_TX_WINDOW >= FDM_MSG_HEADER_BYTES + FDM_AGENT_BODY_MAX &&
                   FDM_AGENT_TX_WINDOW >= FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN,
               "the longest answer fits the window");

size_t fdm_agent_input_bytes(const struct fdm_agent *agent)
{
    return agent->config.network->tensors[agent->config.network->input].bytes;
}

size_t fdm_agent_output_bytes(const struct fdm_agent *agent)
{
    return agent->config.network->tensors[agent->config.network->output].bytes;
}

bool fdm_agent_is_streamed(const struct fdm_agent *agent)
{
    const struct fdm_network *network = agent->config.network;
    const struct fdm_network_tensor *input = &network->tensors[network->input];
    return input->ring != 0 && input->ring != input->h;
}

static bool fits(const struct fdm_agent *agent)
{
    const struct fdm_agent_config *config = &agent->config;
    const struct fdm_network *network = config->network;
    const struct fdm_port *port = config->port;
    bool kept =
        config->input != NULL && config->input_bytes >= network->tensors[network->input].bytes;
    return port->arena != NULL && (uintptr_t)port->arena % FDM_NETWORK_ALIGNMENT == 0 &&
           port->arena_bytes >= network->arena_bytes && port->arena_bytes <= UINT32_MAX &&
           (kept || fdm_agent_is_streamed(agent)) && network->layer_count <= FDM_AGENT_LAYERS_MAX;
}

bool fdm_agent_init(struct fdm_agent *agent, const struct fdm_agent_config *config)
{
    memset(agent, 0, sizeof *agent);
    agent->config = *config;
    if (!fits(agent))
        return false;
    agent->alive = true;
    fdm_msg_reader_init(&agent->reader, agent->message, sizeof agent->message);
    const struct fdm_link_config link = {
        .max_payload = FDM_AGENT_PAYLOAD,
        .rx_body = agent->rx_body,
        .rx_window = agent->rx_window,
        .rx_window_bytes = sizeof agent->rx_window,
        .tx_window = agent->tx_window,
        .tx_window_bytes = sizeof agent->tx_window,
    };
    if (!fdm_link_init(&agent->link, &link))
        return false;
    fdm_link_listen(&agent->link);
    config->port->clear_marks(config->port->context);
    fdm_agent_paint(agent);
    return true;
}

/* ---- the line ---- */

static uint64_t now_us(const struct fdm_agent *agent)
{
    return agent->config.port->now_us(agent->config.port->context);
}

static bool hear(struct fdm_agent *agent)
{
    const struct fdm_port *port = agent->config.port;
    uint8_t bytes[256];
    bool any = false;
    for (;;) {
        size_t got = port->read(port->context, bytes, sizeof bytes);
        if (got == 0)
            return any;
        fdm_link_receive(&agent->link, bytes, got, now_us(agent));
        any = true;
    }
}

/* True once everything that may be sent now is with the line. */
static bool speak(struct fdm_agent *agent)
{
    const struct fdm_port *port = agent->config.port;
    for (;;) {
        if (agent->frame_written == agent->frame_bytes) {
            agent->frame_written = 0;
            agent->frame_bytes = fdm_link_transmit(&agent->link, agent->frame, now_us(agent));
            if (agent->frame_bytes == 0)
                return true;
        }
        size_t put = port->write(port->context, agent->frame + agent->frame_written,
                                 agent->frame_bytes - agent->frame_written);
        if (put == 0)
            return false;
        agent->frame_written += put;
    }
}

static void rest(struct fdm_agent *agent, bool writing)
{
    const struct fdm_port *port = agent->config.port;
    uint64_t until_us = fdm_link_deadline_us(&agent->link, now_us(agent));
    if (writing)
        until_us = UINT64_MAX;
    if (agent->baud_on_trial && agent->baud_until_us < until_us)
        until_us = agent->baud_until_us;
    agent->alive = port->wait(port->context, until_us, writing);
}

void fdm_agent_settle(struct fdm_agent *agent)
{
    hear(agent);
    while (agent->alive && !speak(agent)) {
        rest(agent, true);
        hear(agent);
    }
}

static bool is_asked(const struct fdm_agent *agent)
{
    return agent->alive && agent->link.state == FDM_LINK_OPEN &&
           agent->link.generation == agent->generation;
}

bool fdm_agent_send(struct fdm_agent *agent, struct fdm_msg *msg)
{
    msg->tag = agent->tag;
    for (;;) {
        fdm_agent_settle(agent);
        if (!is_asked(agent))
            return false;
        if (fdm_msg_write(&agent->link, msg))
            break;
        rest(agent, false);
    }
    fdm_agent_settle(agent);
    return is_asked(agent);
}

void fdm_agent_refuse(struct fdm_agent *agent, uint8_t request, enum fdm_msg_error_code code,
                      const char *text)
{
    struct fdm_msg msg = {.type = FDM_MSG_ERROR};
    msg.u.error.code = (uint16_t)code;
    msg.u.error.request = request;
    size_t len = strlen(text);
    memcpy(msg.u.error.text, text,
           len < sizeof msg.u.error.text ? len : sizeof msg.u.error.text - 1);
    fdm_agent_send(agent, &msg);
}

/* Waits until all is acknowledged, for a second at most. */
static void flush(struct fdm_agent *agent)
{
    uint64_t until_us = now_us(agent) + 1000000;
    fdm_agent_settle(agent);
    while (is_asked(agent) && !fdm_link_is_flushed(&agent->link) && now_us(agent) < until_us) {
        rest(agent, false);
        fdm_agent_settle(agent);
    }
}

/* ---- requests about the board ---- */

static void copy_text(char *out, size_t size, const char *text)
{
    size_t len = strlen(text);
    if (len >= size)
        len = size - 1;
    memcpy(out, text, len);
    out[len] = '\0';
}

static uint8_t digit(char c)
{
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void copy_digest(uint8_t out[FDM_MSG_SHA256], const char *digits)
{
    if (digits == NULL || strlen(digits) != 2 * (size_t)FDM_MSG_SHA256)
        return;
    for (size_t i = 0; i < FDM_MSG_SHA256; i++)
        out[i] = (uint8_t)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
}

static bool can_set_baud(const struct fdm_port *port)
{
    return port->set_baud != NULL && port->baud != 0;
}

static uint32_t features(const struct fdm_agent *agent, const struct fdm_port_memory *memory)
{
    const struct fdm_port *port = agent->config.port;
    uint32_t bits = FDM_FEATURE_PROFILE | FDM_FEATURE_LAYER_CRC | FDM_FEATURE_STATE;
    if (can_set_baud(port))
        bits |= FDM_FEATURE_SET_BAUD;
    if (port->restart != NULL)
        bits |= FDM_FEATURE_RESTART;
    if (memory->stack_used != 0)
        bits |= FDM_FEATURE_STACK_MARK;
    if (fdm_agent_is_streamed(agent))
        bits |= FDM_FEATURE_STREAMED;
    return bits;
}

static void on_hello(struct fdm_agent *agent)
{
    const struct fdm_port *port = agent->config.port;
    const struct fdm_network *network = agent->config.network;
    struct fdm_port_memory memory = {0};
    struct fdm_msg msg = {.type = FDM_MSG_HELLO_REPLY};
    struct fdm_msg_hello_reply *hello = &msg.u.hello_reply;
    port->memory(port->context, &memory);
    hello->wire_version = FDM_WIRE_VERSION;
    hello->body_max = FDM_AGENT_BODY_MAX;
    hello->features = features(agent, &memory);
    hello->clock_hz = port->clock_hz;
    hello->caches = port->caches;
    hello->flash_wait_states = port->flash_wait_states;
    hello->counter_kind = (uint8_t)port->counter_kind;
    hello->counter_hz = port->counter_hz;
    hello->input_bytes = (uint32_t)fdm_agent_input_bytes(agent);
    hello->output_bytes = (uint32_t)fdm_agent_output_bytes(agent);
    hello->arena_bytes = (uint32_t)network->arena_bytes;
    hello->stack_bytes = memory.stack_bytes;
    hello->layers = (uint16_t)network->layer_count;
    copy_digest(hello->network_sha256, network->sha256);
    copy_text(hello->agent, sizeof hello->agent, agent->config.version);
    copy_text(hello->board, sizeof hello->board, port->board);
    copy_text(hello->cpu, sizeof hello->cpu, port->cpu);
    copy_text(hello->engine, sizeof hello->engine, network->engine);
    copy_text(hello->semantics, sizeof hello->semantics,
              network->semantics != NULL ? network->semantics : "float");
    copy_text(hello->network, sizeof hello->network, network->name);
    copy_text(hello->compiler, sizeof hello->compiler, port->compiler);
    fdm_agent_send(agent, &msg);
}

static void on_reset(struct fdm_agent *agent, uint8_t mode)
{
    const struct fdm_port *port = agent->config.port;
    if (mode > FDM_RESET_BOARD) {
        fdm_agent_refuse(agent, FDM_MSG_RESET, FDM_MSG_ERR_RANGE, "unknown reset mode");
        return;
    }
    if (mode == FDM_RESET_BOARD && port->restart == NULL) {
        fdm_agent_refuse(agent, FDM_MSG_RESET, FDM_MSG_ERR_FEATURE, "this board cannot restart");
        return;
    }
    agent->load = (struct fdm_agent_load){0};
    agent->output_ready = false;
    port->clear_marks(port->context);
    fdm_agent_paint(agent);
    struct fdm_msg msg = {.type = FDM_MSG_RESET_REPLY};
    fdm_agent_send(agent, &msg);
    if (mode == FDM_RESET_BOARD) {
        flush(agent);
        port->restart(port->context);
    }
}

static void on_set_baud(struct fdm_agent *agent, uint32_t baud)
{
    const struct fdm_port *port = agent->config.port;
    if (!can_set_baud(port) || baud == 0) {
        fdm_agent_refuse(agent, FDM_MSG_SET_BAUD,
                         baud == 0 ? FDM_MSG_ERR_RANGE : FDM_MSG_ERR_FEATURE,
                         "no such rate on this line");
        return;
    }
    struct fdm_msg msg = {.type = FDM_MSG_SET_BAUD_REPLY};
    msg.u.baud.baud = baud;
    if (!fdm_agent_send(agent, &msg))
        return;
    flush(agent);
    port->set_baud(port->context, baud);
    agent->baud_changed = true;
    agent->baud_on_trial = true;
    agent->baud_until_us = now_us(agent) + BAUD_TRIAL_US;
    agent->baud_frames = agent->link.stats.frames_received;
}

static bool host_left(const struct fdm_agent *agent)
{
    return agent->link.state == FDM_LINK_LISTENING;
}

/* Back to the first rate, where the next host looks for the board. */
static void watch_baud(struct fdm_agent *agent)
{
    const struct fdm_port *port = agent->config.port;
    if (!agent->baud_changed)
        return;
    if (agent->link.stats.frames_received != agent->baud_frames)
        agent->baud_on_trial = false;
    if (host_left(agent) || (agent->baud_on_trial && now_us(agent) >= agent->baud_until_us)) {
        port->set_baud(port->context, port->baud);
        agent->baud_changed = false;
        agent->baud_on_trial = false;
    }
}

void fdm_agent_note_state(struct fdm_agent *agent, struct fdm_msg_state *out)
{
    const struct fdm_port *port = agent->config.port;
    memset(out, 0, sizeof *out);
    out->now_us = now_us(agent);
    if (port->state != NULL)
        port->state(port->context, out);
}

static void on_state(struct fdm_agent *agent, uint8_t moment)
{
    struct fdm_msg msg = {.type = FDM_MSG_STATE_REPLY};
    switch (moment) {
    case FDM_MOMENT_NOW:
        fdm_agent_note_state(agent, &msg.u.state);
        break;
    case FDM_MOMENT_BEGIN:
        msg.u.state = agent->begin;
        break;
    case FDM_MOMENT_END:
        msg.u.state = agent->end;
        break;
    default:
        fdm_agent_refuse(agent, FDM_MSG_STATE, FDM_MSG_ERR_RANGE, "unknown moment");
        return;
    }
    fdm_agent_send(agent, &msg);
}

/* ---- the turn ---- */

static void dispatch(struct fdm_agent *agent, struct fdm_msg *msg)
{
    switch (msg->type) {
    case FDM_MSG_HELLO:
        on_hello(agent);
        break;
    case FDM_MSG_PING:
        msg->type = FDM_MSG_PING_REPLY;
        fdm_agent_send(agent, msg);
        break;
    case FDM_MSG_LOAD:
        fdm_agent_on_load(agent, &msg->u.load);
        break;
    case FDM_MSG_LOAD_DATA:
        fdm_agent_on_load_data(agent, &msg->u.data);
        break;
    case FDM_MSG_INFER:
        fdm_agent_on_infer(agent, &msg->u.infer);
        break;
    case FDM_MSG_OUTPUT:
        fdm_agent_on_output(agent, &msg->u.output);
        break;
    case FDM_MSG_PROFILE:
        fdm_agent_on_profile(agent, &msg->u.profile);
        break;
    case FDM_MSG_WATCH:
        fdm_agent_on_watch(agent, &msg->u.watch);
        break;
    case FDM_MSG_MEMORY:
        fdm_agent_on_memory(agent);
        break;
    case FDM_MSG_RESET:
        on_reset(agent, msg->u.reset.mode);
        break;
    case FDM_MSG_SET_BAUD:
        on_set_baud(agent, msg->u.baud.baud);
        break;
    case FDM_MSG_STATE:
        on_state(agent, msg->u.state_request.moment);
        break;
    default:
        fdm_agent_refuse(agent, msg->type, FDM_MSG_ERR_REQUEST, "no request of this type");
        break;
    }
}

static void refuse_malformed(struct fdm_agent *agent, uint8_t type)
{
    bool known = type < 0x80 && strcmp(fdm_msg_name(type), "unknown") != 0;
    if (known)
        fdm_agent_refuse(agent, type, FDM_MSG_ERR_MALFORMED, "the body does not fit its type");
    else
        fdm_agent_refuse(agent, type, FDM_MSG_ERR_REQUEST, "no request of this type");
}

/* True if there was a message. */
static bool answer(struct fdm_agent *agent)
{
    if (agent->generation != agent->link.generation) {
        agent->generation = agent->link.generation;
        agent->reader.len = 0;
    }
    struct fdm_msg msg;
    switch (fdm_msg_read(&agent->reader, &agent->link, &msg)) {
    case FDM_MSG_NONE:
        return false;
    case FDM_MSG_READY:
        agent->tag = msg.tag;
        dispatch(agent, &msg);
        break;
    case FDM_MSG_MALFORMED:
        agent->tag = msg.tag;
        refuse_malformed(agent, msg.type);
        break;
    case FDM_MSG_OVERSIZED:
        agent->reader.len = 0;
        fdm_link_close(&agent->link);
        break;
    }
    return true;
}

bool fdm_agent_poll(struct fdm_agent *agent)
{
    fdm_agent_settle(agent);
    watch_baud(agent);
    if (!answer(agent) && agent->alive)
        rest(agent, false);
    return agent->alive;
}

void fdm_agent_run(struct fdm_agent *agent)
{
    while (fdm_agent_poll(agent)) {
    }
}
