#include "harness/client/client.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/client/client_impl.h"

#define SILENCE_NS (5 * FDM_NS_PER_S)
#define RUN_SILENCE_NS (120 * FDM_NS_PER_S)
#define RETRIES 2
/* A board that restarts sets up clocks and memories first. */
#define RESTART_NS (10 * FDM_NS_PER_S)
#define PING_PATTERN 0x5A

void fdm_client_progress(const struct fdm_client *client, const char *what, uint64_t done,
                         uint64_t total)
{
    if (client->options.on_progress != NULL)
        client->options.on_progress(client->options.context, what, done, total);
}

/* ---- requests and answers ---- */

enum fdm_status fdm_client_request(struct fdm_client *client, struct fdm_msg *msg,
                                   struct fdm_error *err)
{
    msg->tag = ++client->tag;
    return fdm_session_send(&client->session, msg, client->options.silence_ns, err);
}

static enum fdm_status board_error(const struct fdm_client *client,
                                   const struct fdm_msg_error *error, struct fdm_error *err)
{
    enum fdm_status status = error->code == FDM_MSG_ERR_CHECKSUM ? FDM_ERR_CORRUPT : FDM_ERR_TARGET;
    return fdm_fail(err, status, "%s: the board refuses '%s': %s (error %u)",
                    fdm_stream_name(client->session.stream), fdm_msg_name(error->request),
                    error->text, error->code);
}

enum fdm_status fdm_client_answer(struct fdm_client *client, uint8_t item, uint8_t reply,
                                  uint64_t silence_ns, struct fdm_msg *msg, struct fdm_error *err)
{
    enum fdm_status status;
    do
        status = fdm_session_receive(&client->session, msg, silence_ns, err);
    while (status == FDM_OK && msg->tag != client->tag);
    if (status != FDM_OK)
        return status;
    if (msg->type == FDM_MSG_ERROR)
        return board_error(client, &msg->u.error, err);
    if (msg->type != reply && (item == 0 || msg->type != item))
        return fdm_fail(err, FDM_ERR_FORMAT, "the board answers '%s' where '%s' is due",
                        fdm_msg_name(msg->type), fdm_msg_name(reply));
    return FDM_OK;
}

enum fdm_status fdm_client_ask(struct fdm_client *client, struct fdm_msg *msg, uint8_t reply,
                               struct fdm_error *err)
{
    enum fdm_status status = fdm_client_request(client, msg, err);
    return status != FDM_OK
               ? status
               : fdm_client_answer(client, 0, reply, client->options.silence_ns, msg, err);
}

/* ---- hello ---- */

static bool is_same_program(const struct fdm_msg_hello_reply *a,
                            const struct fdm_msg_hello_reply *b)
{
    return memcmp(a->network_sha256, b->network_sha256, sizeof a->network_sha256) == 0 &&
           strcmp(a->board, b->board) == 0 && strcmp(a->engine, b->engine) == 0 &&
           strcmp(a->semantics, b->semantics) == 0 && strcmp(a->agent, b->agent) == 0 &&
           strcmp(a->compiler, b->compiler) == 0 && a->counter_kind == b->counter_kind &&
           a->input_bytes == b->input_bytes && a->output_bytes == b->output_bytes &&
           a->layers == b->layers && a->clock_hz == b->clock_hz;
}

static enum fdm_status say_hello(struct fdm_client *client, struct fdm_error *err)
{
    struct fdm_msg msg = {.type = FDM_MSG_HELLO, .u.hello = {FDM_WIRE_VERSION}};
    enum fdm_status status = fdm_client_ask(client, &msg, FDM_MSG_HELLO_REPLY, err);
    if (status != FDM_OK)
        return status;
    const struct fdm_msg_hello_reply *hello = &msg.u.hello_reply;
    if (hello->wire_version != FDM_WIRE_VERSION)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "the board speaks version %u of the messages, this program version %u",
                        hello->wire_version, FDM_WIRE_VERSION);
    if (hello->body_max < FDM_MSG_BODY_MIN)
        return fdm_fail(err, FDM_ERR_FORMAT, "the board accepts messages of %u bytes only",
                        hello->body_max);
    if (client->greeted && !is_same_program(&client->hello, hello))
        return fdm_fail(err, FDM_ERR_MISMATCH, "the board restarted with another program: %s, %s",
                        hello->board, hello->network);
    client->hello = *hello;
    client->greeted = true;
    return FDM_OK;
}

static enum fdm_status open_session(struct fdm_client *client, uint64_t timeout_ns,
                                    struct fdm_error *err)
{
    enum fdm_status status = fdm_session_open(&client->session, timeout_ns, err);
    if (status == FDM_OK)
        status = say_hello(client, err);
    client->broken = status != FDM_OK;
    return status;
}

/* ---- trying again ---- */

bool fdm_client_is_worth_another(enum fdm_status status)
{
    return status == FDM_ERR_TIMEOUT || status == FDM_ERR_CORRUPT;
}

/* A board that restarted is at the first rate again; one that did not is still at the new one. */
static void try_first_baud(struct fdm_client *client)
{
    uint32_t baud = fdm_stream_baud(client->session.stream);
    if (baud != client->first_baud)
        fdm_stream_set_baud(client->session.stream, client->first_baud, NULL);
}

static enum fdm_status try_once(struct fdm_client *client, const struct fdm_client_job *job,
                                struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    if (client->broken)
        status = open_session(client, client->options.silence_ns, err);
    if (status == FDM_OK && job->needs_input && client->input != NULL &&
        client->input_session != client->session.opened)
        status = fdm_client_load(client, err);
    if (status == FDM_OK)
        status = job->attempt(client, job->arguments, err);
    if (status != FDM_OK && status != FDM_ERR_TARGET && status != FDM_ERR_UNSUPPORTED)
        client->broken = true;
    return status;
}

enum fdm_status fdm_client_perform(struct fdm_client *client, const struct fdm_client_job *job,
                                   struct fdm_error *err)
{
    for (uint32_t failures = 0;; failures++) {
        struct fdm_error why = FDM_ERROR_INIT;
        if (failures == 2)
            try_first_baud(client);
        enum fdm_status status = try_once(client, job, &why);
        if (status == FDM_OK)
            return FDM_OK;
        if (fdm_client_is_worth_another(status) && failures < client->options.retries)
            continue;
        fdm_error_context(&why, "%s", job->what);
        return fdm_fail(err, status, "%s", why.message);
    }
}

static enum fdm_status attempt_reopen(struct fdm_client *client, void *arguments,
                                      struct fdm_error *err)
{
    (void)arguments;
    return client->broken ? open_session(client, RESTART_NS, err) : FDM_OK;
}

enum fdm_status fdm_client_reopen(struct fdm_client *client, const char *what,
                                  struct fdm_error *err)
{
    const struct fdm_client_job job = {.what = what, .attempt = attempt_reopen};
    try_first_baud(client);
    client->broken = true;
    return fdm_client_perform(client, &job, err);
}

/* ---- opening and closing ---- */

static enum fdm_status greet(struct fdm_client *client, void *arguments, struct fdm_error *err)
{
    (void)client;
    (void)arguments;
    (void)err;
    return FDM_OK;
}

enum fdm_status fdm_client_open(struct fdm_stream *stream, const struct fdm_client_options *options,
                                struct fdm_client **out, struct fdm_error *err)
{
    *out = NULL;
    struct fdm_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    if (options != NULL)
        client->options = *options;
    if (client->options.silence_ns == 0)
        client->options.silence_ns = SILENCE_NS;
    if (client->options.run_silence_ns == 0)
        client->options.run_silence_ns = RUN_SILENCE_NS;
    if (client->options.retries == 0)
        client->options.retries = RETRIES;
    client->broken = true;
    client->first_baud = fdm_stream_baud(stream);
    const struct fdm_client_job job = {.what = "hello", .attempt = greet};
    enum fdm_status status = fdm_session_init(&client->session, stream, client->options.stop, err);
    if (status == FDM_OK)
        status = fdm_client_perform(client, &job, err);
    if (status != FDM_OK) {
        fdm_client_close(client);
        return status;
    }
    *out = client;
    return FDM_OK;
}

void fdm_client_close(struct fdm_client *client)
{
    if (client == NULL)
        return;
    if (client->session.memory != NULL)
        fdm_session_close(&client->session);
    fdm_session_release(&client->session);
    free(client->input);
    free(client);
}

const struct fdm_msg_hello_reply *fdm_client_hello(const struct fdm_client *client)
{
    return &client->hello;
}

void fdm_client_stats(const struct fdm_client *client, struct fdm_client_stats *out)
{
    const struct fdm_session *session = &client->session;
    *out = (struct fdm_client_stats){
        .link = session->link.stats,
        .damaged_frames = session->link.decoder.damaged,
        .sessions = session->opened,
        .bytes_sent = session->bytes_sent,
        .bytes_received = session->bytes_received,
    };
}

/* ---- ping ---- */

struct ping {
    const uint8_t *bytes;
    size_t len;
    uint64_t round_trip_ns;
};

static enum fdm_status attempt_ping(struct fdm_client *client, void *arguments,
                                    struct fdm_error *err)
{
    struct ping *ping = arguments;
    struct fdm_msg msg = {.type = FDM_MSG_PING, .u.data = {.bytes = ping->bytes, .len = ping->len}};
    uint64_t begin_ns = fdm_clock_now_ns();
    enum fdm_status status = fdm_client_ask(client, &msg, FDM_MSG_PING_REPLY, err);
    if (status != FDM_OK)
        return status;
    ping->round_trip_ns = fdm_clock_now_ns() - begin_ns;
    if (msg.u.data.len != ping->len ||
        (ping->len != 0 && memcmp(msg.u.data.bytes, ping->bytes, ping->len) != 0))
        return fdm_fail(err, FDM_ERR_CORRUPT, "the echo differs from what was sent");
    return FDM_OK;
}

enum fdm_status fdm_client_ping(struct fdm_client *client, size_t len, uint64_t *round_trip_ns,
                                struct fdm_error *err)
{
    if (len > client->hello.body_max)
        return fdm_fail(err, FDM_ERR_USAGE, "ping: the board takes %u bytes at most",
                        client->hello.body_max);
    uint8_t *bytes = malloc(len + 1);
    if (bytes == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < len; i++)
        bytes[i] = (uint8_t)(i ^ PING_PATTERN);
    struct ping ping = {bytes, len, 0};
    const struct fdm_client_job job = {.what = "ping", .attempt = attempt_ping, .arguments = &ping};
    enum fdm_status status = fdm_client_perform(client, &job, err);
    if (status == FDM_OK && round_trip_ns != NULL)
        *round_trip_ns = ping.round_trip_ns;
    free(bytes);
    return status;
}

/* ---- memory and reset ---- */

static enum fdm_status attempt_memory(struct fdm_client *client, void *arguments,
                                      struct fdm_error *err)
{
    struct fdm_msg msg = {.type = FDM_MSG_MEMORY};
    enum fdm_status status = fdm_client_ask(client, &msg, FDM_MSG_MEMORY_REPLY, err);
    if (status == FDM_OK)
        *(struct fdm_msg_memory *)arguments = msg.u.memory;
    return status;
}

enum fdm_status fdm_client_memory(struct fdm_client *client, struct fdm_msg_memory *out,
                                  struct fdm_error *err)
{
    const struct fdm_client_job job = {
        .what = "memory", .attempt = attempt_memory, .arguments = out};
    return fdm_client_perform(client, &job, err);
}

struct state_query {
    enum fdm_moment moment;
    struct fdm_client_state *out;
};

static enum fdm_status attempt_state(struct fdm_client *client, void *arguments,
                                     struct fdm_error *err)
{
    const struct state_query *query = arguments;
    struct fdm_msg msg = {.type = FDM_MSG_STATE, .u.state_request = {(uint8_t)query->moment}};
    query->out->asked_ns = fdm_clock_now_ns();
    enum fdm_status status = fdm_client_ask(client, &msg, FDM_MSG_STATE_REPLY, err);
    query->out->answered_ns = fdm_clock_now_ns();
    if (status == FDM_OK)
        query->out->board = msg.u.state;
    return status;
}

enum fdm_status fdm_client_state(struct fdm_client *client, enum fdm_moment moment,
                                 struct fdm_client_state *out, struct fdm_error *err)
{
    if ((client->hello.features & FDM_FEATURE_STATE) == 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "state: the program on %s does not tell it",
                        client->hello.board);
    struct state_query query = {moment, out};
    const struct fdm_client_job job = {
        .what = "state", .attempt = attempt_state, .arguments = &query};
    return fdm_client_perform(client, &job, err);
}

static enum fdm_status attempt_reset(struct fdm_client *client, void *arguments,
                                     struct fdm_error *err)
{
    const enum fdm_reset_mode *mode = arguments;
    struct fdm_msg msg = {.type = FDM_MSG_RESET, .u.reset = {(uint8_t)*mode}};
    enum fdm_status status = fdm_client_ask(client, &msg, FDM_MSG_RESET_REPLY, err);
    if (status != FDM_OK || *mode != FDM_RESET_BOARD)
        return status;
    /* The board restarts only when it knows that its reply has arrived. That it has restarted by
     * now is no failure. */
    struct fdm_error why = FDM_ERROR_INIT;
    status = fdm_session_flush(&client->session, 0, client->options.silence_ns, &why);
    if (status == FDM_OK || status == FDM_ERR_CORRUPT)
        return FDM_OK;
    return fdm_fail(err, status, "%s", why.message);
}

enum fdm_status fdm_client_reset(struct fdm_client *client, enum fdm_reset_mode mode,
                                 struct fdm_error *err)
{
    if (mode == FDM_RESET_BOARD && (client->hello.features & FDM_FEATURE_RESTART) == 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "reset: the board %s cannot restart itself",
                        client->hello.board);
    const struct fdm_client_job reset = {
        .what = "reset", .attempt = attempt_reset, .arguments = &mode};
    enum fdm_status status = fdm_client_perform(client, &reset, err);
    fdm_client_forget_input(client);
    if (status != FDM_OK || mode == FDM_RESET_STATE)
        return status;
    return fdm_client_reopen(client, "restart", err);
}
