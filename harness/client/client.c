#include "harness/client/client.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/base/clock.h"
#include "harness/client/session.h"
#include "targets/wire/crc32.h"

#define SILENCE_NS (5 * FDM_NS_PER_S)
#define RUN_SILENCE_NS (120 * FDM_NS_PER_S)
#define RETRIES 2
/* A board that restarts sets up clocks and memories first. */
#define RESTART_NS (10 * FDM_NS_PER_S)
/* PROTOCOL.md, "Changing the rate": how long the host lets the line settle, and tries the new one.
 */
#define SETTLE_NS (20 * FDM_NS_PER_MS)
#define NEW_RATE_NS (FDM_NS_PER_S * 3 / 2)
/* Bodies of LOAD_DATA: larger ones save nothing any more. */
#define LOAD_BODY_MAX 16384
#define LOAD_DATA_FIELDS 5 /* object and offset */
/* More than any line has under way, and how often progress is reported at the end. */
#define LOAD_AHEAD_BYTES 131072
#define LOAD_STEP_BYTES 8192
#define PING_PATTERN 0x5A

struct fdm_client {
    struct fdm_session session;
    struct fdm_client_options options;
    struct fdm_msg_hello_reply hello;
    bool greeted; /* `hello` is valid */
    bool broken;  /* the session has to be opened anew */
    uint8_t tag;  /* of the present request */
    uint32_t first_baud;
    uint8_t *input; /* the last one loaded, NULL without one */
    size_t input_bytes;
    uint32_t input_session; /* number of the session in which the board was known to have it */
};

static void progress(const struct fdm_client *client, const char *what, uint64_t done,
                     uint64_t total)
{
    if (client->options.on_progress != NULL)
        client->options.on_progress(client->options.context, what, done, total);
}

/* ---- requests and answers ---- */

static enum fdm_status request(struct fdm_client *client, struct fdm_msg *msg,
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

/* The next item or reply to the present request; what belongs to an earlier one, which was given
 * up, is passed over. `item` is 0 for requests without any. */
static enum fdm_status answer(struct fdm_client *client, uint8_t item, uint8_t reply,
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

static enum fdm_status ask(struct fdm_client *client, struct fdm_msg *msg, uint8_t reply,
                           struct fdm_error *err)
{
    enum fdm_status status = request(client, msg, err);
    return status != FDM_OK ? status
                            : answer(client, 0, reply, client->options.silence_ns, msg, err);
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
    enum fdm_status status = ask(client, &msg, FDM_MSG_HELLO_REPLY, err);
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

/* ---- loading ---- */

static enum fdm_status send_piece(struct fdm_client *client, uint32_t at, uint32_t len,
                                  struct fdm_error *err)
{
    const struct fdm_msg msg = {
        .type = FDM_MSG_LOAD_DATA,
        .tag = client->tag,
        .u.data = {.object = FDM_OBJECT_INPUT,
                   .offset = at,
                   .bytes = client->input + at,
                   .len = len},
    };
    return fdm_session_send(&client->session, &msg, client->options.silence_ns, err);
}

static void report_load(const struct fdm_client *client, uint32_t queued)
{
    uint32_t pending = fdm_session_pending(&client->session);
    progress(client, "load", queued > pending ? queued - pending : 0, client->input_bytes);
}

/* Piece after piece without waiting for the board, but never so far ahead of it that nobody could
 * see how far it is. */
static enum fdm_status send_pieces(struct fdm_client *client, uint32_t from, struct fdm_error *err)
{
    struct fdm_session *session = &client->session;
    const uint32_t total = (uint32_t)client->input_bytes;
    const uint32_t body_max = client->hello.body_max;
    const uint32_t most = (body_max < LOAD_BODY_MAX ? body_max : LOAD_BODY_MAX) - LOAD_DATA_FIELDS;
    const uint64_t silence_ns = client->options.silence_ns;
    enum fdm_status status = FDM_OK;
    client->tag++;
    for (uint32_t at = from; status == FDM_OK && at < total;) {
        uint32_t len = total - at < most ? total - at : most;
        status = send_piece(client, at, len, err);
        at += len;
        if (status == FDM_OK)
            status = fdm_session_flush(session, LOAD_AHEAD_BYTES, silence_ns, err);
        report_load(client, at);
    }
    while (status == FDM_OK && fdm_session_pending(session) > 0) {
        uint32_t pending = fdm_session_pending(session);
        status = fdm_session_flush(
            session, pending > LOAD_STEP_BYTES ? pending - LOAD_STEP_BYTES : 0, silence_ns, err);
        report_load(client, total);
    }
    return status;
}

static enum fdm_status check_loaded(const struct fdm_client *client,
                                    const struct fdm_msg_load_state *state, struct fdm_error *err)
{
    if (state->complete != 0 && state->received == client->input_bytes)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_FORMAT, "the board has %lu of %zu bytes after the last one",
                    (unsigned long)state->received, client->input_bytes);
}

static enum fdm_status load(struct fdm_client *client, struct fdm_error *err)
{
    struct fdm_msg msg = {
        .type = FDM_MSG_LOAD,
        .u.load = {.object = FDM_OBJECT_INPUT,
                   .bytes = (uint32_t)client->input_bytes,
                   .crc32 = fdm_crc32(FDM_CRC32_INIT, client->input, client->input_bytes)},
    };
    enum fdm_status status = ask(client, &msg, FDM_MSG_LOAD_STATE, err);
    uint32_t from = msg.u.load_state.received;
    if (status == FDM_OK && msg.u.load_state.complete == 0) {
        if (from >= client->input_bytes)
            return fdm_fail(err, FDM_ERR_FORMAT, "the board wants byte %lu of %zu",
                            (unsigned long)from, client->input_bytes);
        status = send_pieces(client, from, err);
        if (status == FDM_OK)
            status = answer(client, 0, FDM_MSG_LOAD_STATE, client->options.silence_ns, &msg, err);
    }
    if (status == FDM_OK)
        status = check_loaded(client, &msg.u.load_state, err);
    if (status == FDM_OK) {
        client->input_session = client->session.opened;
        progress(client, "load", client->input_bytes, client->input_bytes);
    }
    return status;
}

/* ---- trying again ---- */

struct job {
    const char *what;
    enum fdm_status (*attempt)(struct fdm_client *client, void *arguments, struct fdm_error *err);
    void *arguments;
    bool needs_input;
};

static bool is_worth_another(enum fdm_status status)
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

static enum fdm_status try_once(struct fdm_client *client, const struct job *job,
                                struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    if (client->broken)
        status = open_session(client, client->options.silence_ns, err);
    if (status == FDM_OK && job->needs_input && client->input != NULL &&
        client->input_session != client->session.opened)
        status = load(client, err);
    if (status == FDM_OK)
        status = job->attempt(client, job->arguments, err);
    if (status != FDM_OK && status != FDM_ERR_TARGET && status != FDM_ERR_UNSUPPORTED)
        client->broken = true;
    return status;
}

static enum fdm_status perform(struct fdm_client *client, const struct job *job,
                               struct fdm_error *err)
{
    for (uint32_t failures = 0;; failures++) {
        struct fdm_error why = FDM_ERROR_INIT;
        if (failures == 2)
            try_first_baud(client);
        enum fdm_status status = try_once(client, job, &why);
        if (status == FDM_OK)
            return FDM_OK;
        if (is_worth_another(status) && failures < client->options.retries)
            continue;
        fdm_error_context(&why, "%s", job->what);
        return fdm_fail(err, status, "%s", why.message);
    }
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
    const struct job job = {.what = "hello", .attempt = greet};
    enum fdm_status status = fdm_session_init(&client->session, stream, client->options.stop, err);
    if (status == FDM_OK)
        status = perform(client, &job, err);
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
    enum fdm_status status = ask(client, &msg, FDM_MSG_PING_REPLY, err);
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
    const struct job job = {.what = "ping", .attempt = attempt_ping, .arguments = &ping};
    enum fdm_status status = perform(client, &job, err);
    if (status == FDM_OK && round_trip_ns != NULL)
        *round_trip_ns = ping.round_trip_ns;
    free(bytes);
    return status;
}

/* ---- input ---- */

static void forget_input(struct fdm_client *client)
{
    free(client->input);
    client->input = NULL;
    client->input_bytes = 0;
    client->input_session = 0;
}

static bool is_streamed(const struct fdm_client *client)
{
    return (client->hello.features & FDM_FEATURE_STREAMED) != 0;
}

/* Where the input is streamed, its first layers run now; `flags` tell what to note of them. A board
 * that has no input yet says so itself when it is to run. */
static enum fdm_status load_to_run(struct fdm_client *client, uint8_t flags, struct fdm_error *err)
{
    if (!is_streamed(client) || client->input == NULL)
        return FDM_OK;
    struct fdm_msg msg = {.type = FDM_MSG_WATCH, .u.watch = {flags}};
    enum fdm_status status = ask(client, &msg, FDM_MSG_WATCH_REPLY, err);
    return status == FDM_OK ? load(client, err) : status;
}

static enum fdm_status attempt_load(struct fdm_client *client, void *arguments,
                                    struct fdm_error *err)
{
    (void)arguments;
    return load(client, err);
}

enum fdm_status fdm_client_load_input(struct fdm_client *client, const void *bytes, size_t len,
                                      struct fdm_error *err)
{
    if (len != client->hello.input_bytes || len == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "load: the network takes %lu bytes, not %zu",
                        (unsigned long)client->hello.input_bytes, len);
    if (client->input == NULL)
        client->input = malloc(len);
    if (client->input == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    memcpy(client->input, bytes, len);
    client->input_bytes = len;
    client->input_session = 0;
    if (is_streamed(client))
        return FDM_OK;
    const struct job job = {.what = "load", .attempt = attempt_load};
    return perform(client, &job, err);
}

/* ---- inference ---- */

struct inference {
    uint16_t warmups;
    uint16_t runs;
    uint64_t *counters;
    struct fdm_msg_infer_done done;
};

static enum fdm_status attempt_infer(struct fdm_client *client, void *arguments,
                                     struct fdm_error *err)
{
    struct inference *job = arguments;
    uint64_t silence_ns = client->options.run_silence_ns;
    struct fdm_msg msg = {.type = FDM_MSG_INFER, .u.infer = {job->warmups, job->runs}};
    enum fdm_status status = load_to_run(client, 0, err);
    if (status == FDM_OK)
        status = request(client, &msg, err);
    for (uint32_t i = 0; status == FDM_OK; i++) {
        uint64_t patience_ns = i == 0 ? silence_ns * (job->warmups + UINT64_C(1)) : silence_ns;
        status = answer(client, FDM_MSG_RUN, FDM_MSG_INFER_DONE, patience_ns, &msg, err);
        if (status != FDM_OK)
            break;
        if (msg.type == FDM_MSG_INFER_DONE) {
            job->done = msg.u.infer_done;
            if (i == job->runs && job->done.runs == job->runs)
                return FDM_OK;
            return fdm_fail(err, FDM_ERR_FORMAT, "the board reports %lu of %u runs",
                            (unsigned long)i, job->runs);
        }
        if (i >= job->runs || msg.u.run.index != i)
            return fdm_fail(err, FDM_ERR_FORMAT, "the board reports run %lu where %lu is due",
                            (unsigned long)msg.u.run.index, (unsigned long)i);
        job->counters[i] = msg.u.run.counter;
        progress(client, "infer", i + UINT64_C(1), job->runs);
    }
    return status;
}

static enum fdm_status infer(struct fdm_client *client, struct inference *inference,
                             struct fdm_error *err)
{
    const struct job job = {.what = "infer",
                            .attempt = attempt_infer,
                            .arguments = inference,
                            .needs_input = !is_streamed(client)};
    return perform(client, &job, err);
}

/* One request for each run. */
static enum fdm_status infer_streamed(struct fdm_client *client, struct inference *inference,
                                      struct fdm_error *err)
{
    uint64_t elapsed_us = 0;
    for (uint32_t i = 0; i < (uint32_t)inference->warmups + inference->runs; i++) {
        uint64_t counter;
        struct inference one = {.runs = 1, .counters = &counter};
        enum fdm_status status = infer(client, &one, err);
        if (status != FDM_OK)
            return status;
        inference->done = one.done;
        if (i < inference->warmups)
            continue;
        inference->counters[i - inference->warmups] = counter;
        elapsed_us += one.done.elapsed_us;
    }
    inference->done.runs = inference->runs;
    inference->done.elapsed_us = elapsed_us;
    return FDM_OK;
}

enum fdm_status fdm_client_infer(struct fdm_client *client, uint16_t warmups, uint16_t runs,
                                 uint64_t *counters, struct fdm_msg_infer_done *done,
                                 struct fdm_error *err)
{
    if (runs == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "infer: not a single run is asked for");
    struct inference inference = {.warmups = warmups, .runs = runs, .counters = counters};
    enum fdm_status status = is_streamed(client) ? infer_streamed(client, &inference, err)
                                                 : infer(client, &inference, err);
    if (status == FDM_OK && done != NULL)
        *done = inference.done;
    return status;
}

/* ---- output ---- */

static enum fdm_status attempt_output(struct fdm_client *client, void *arguments,
                                      struct fdm_error *err)
{
    uint8_t *out = arguments;
    const uint32_t total = client->hello.output_bytes;
    uint32_t at = 0;
    struct fdm_msg msg = {.type = FDM_MSG_OUTPUT, .u.output = {0, total}};
    enum fdm_status status = request(client, &msg, err);
    while (status == FDM_OK) {
        status = answer(client, FDM_MSG_OUTPUT_DATA, FDM_MSG_OUTPUT_DONE,
                        client->options.silence_ns, &msg, err);
        if (status != FDM_OK || msg.type == FDM_MSG_OUTPUT_DONE)
            break;
        const struct fdm_msg_data *data = &msg.u.data;
        if (data->offset != at || data->len > total - at)
            return fdm_fail(err, FDM_ERR_FORMAT, "the board sends bytes %lu to %lu of %lu",
                            (unsigned long)data->offset,
                            (unsigned long)data->offset + (unsigned long)data->len,
                            (unsigned long)total);
        if (data->len != 0)
            memcpy(out + at, data->bytes, data->len);
        at += (uint32_t)data->len;
        progress(client, "output", at, total);
    }
    if (status != FDM_OK)
        return status;
    if (at != total || msg.u.output_done.bytes != total)
        return fdm_fail(err, FDM_ERR_FORMAT, "the board sent %lu of %lu bytes", (unsigned long)at,
                        (unsigned long)total);
    if (msg.u.output_done.crc32 != fdm_crc32(FDM_CRC32_INIT, out, total))
        return fdm_fail(err, FDM_ERR_CORRUPT, "the output's checksum is wrong");
    return FDM_OK;
}

enum fdm_status fdm_client_output(struct fdm_client *client, void *out, size_t size,
                                  struct fdm_error *err)
{
    if (size < client->hello.output_bytes)
        return fdm_fail(err, FDM_ERR_USAGE, "output: %lu bytes do not fit into %zu",
                        (unsigned long)client->hello.output_bytes, size);
    const struct job job = {.what = "output", .attempt = attempt_output, .arguments = out};
    return perform(client, &job, err);
}

/* ---- profile ---- */

struct profile {
    uint16_t warmups;
    uint16_t runs;
    uint8_t flags;
    struct fdm_msg_layer *layers;
};

static enum fdm_status check_layer(const struct fdm_client *client, const struct profile *job,
                                   const struct fdm_msg_layer *layer, uint32_t due,
                                   struct fdm_error *err)
{
    uint32_t layers = client->hello.layers;
    if (due < job->runs * layers && layer->layer < layers &&
        layer->run * layers + layer->layer == due)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_FORMAT, "the board reports layer %u of run %u out of turn",
                    layer->layer, layer->run);
}

static enum fdm_status attempt_profile(struct fdm_client *client, void *arguments,
                                       struct fdm_error *err)
{
    struct profile *job = arguments;
    const uint32_t total = (uint32_t)job->runs * client->hello.layers;
    struct fdm_msg msg = {.type = FDM_MSG_PROFILE,
                          .u.profile = {job->warmups, job->runs, job->flags}};
    enum fdm_status status = load_to_run(client, job->flags, err);
    if (status == FDM_OK)
        status = request(client, &msg, err);
    uint32_t count = 0;
    while (status == FDM_OK) {
        uint64_t patience_ns = client->options.run_silence_ns;
        if (count == 0)
            patience_ns *= job->warmups + UINT64_C(1);
        status = answer(client, FDM_MSG_LAYER, FDM_MSG_PROFILE_DONE, patience_ns, &msg, err);
        if (status != FDM_OK || msg.type == FDM_MSG_PROFILE_DONE)
            break;
        status = check_layer(client, job, &msg.u.layer, count, err);
        if (status != FDM_OK)
            return status;
        job->layers[count++] = msg.u.layer;
        if (count % client->hello.layers == 0)
            progress(client, "profile", count / client->hello.layers, job->runs);
    }
    if (status == FDM_OK && count != total)
        return fdm_fail(err, FDM_ERR_FORMAT, "the board reports %lu of %lu layers",
                        (unsigned long)count, (unsigned long)total);
    return status;
}

static enum fdm_status profile(struct fdm_client *client, struct profile *profile,
                               struct fdm_error *err)
{
    const struct job job = {.what = "profile",
                            .attempt = attempt_profile,
                            .arguments = profile,
                            .needs_input = !is_streamed(client)};
    return perform(client, &job, err);
}

/* One request for each run. */
static enum fdm_status profile_streamed(struct fdm_client *client, struct profile *whole,
                                        struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (uint16_t i = 0; status == FDM_OK && i < whole->runs; i++) {
        struct profile one = {0, 1, whole->flags, whole->layers + (size_t)i * client->hello.layers};
        status = profile(client, &one, err);
        for (uint32_t k = 0; status == FDM_OK && k < client->hello.layers; k++)
            one.layers[k].run = i;
    }
    return status;
}

enum fdm_status fdm_client_profile(struct fdm_client *client, uint16_t warmups, uint16_t runs,
                                   uint8_t flags, struct fdm_msg_layer *layers,
                                   struct fdm_error *err)
{
    if (runs == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "profile: not a single run is asked for");
    if (((flags & FDM_PROFILE_COUNTERS) != 0 &&
         (client->hello.features & FDM_FEATURE_PROFILE) == 0) ||
        ((flags & FDM_PROFILE_CRC) != 0 && (client->hello.features & FDM_FEATURE_LAYER_CRC) == 0))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "profile: the board %s does not do that",
                        client->hello.board);
    struct profile job = {warmups, runs, flags, layers};
    return is_streamed(client) ? profile_streamed(client, &job, err) : profile(client, &job, err);
}

/* ---- memory and reset ---- */

static enum fdm_status attempt_memory(struct fdm_client *client, void *arguments,
                                      struct fdm_error *err)
{
    struct fdm_msg msg = {.type = FDM_MSG_MEMORY};
    enum fdm_status status = ask(client, &msg, FDM_MSG_MEMORY_REPLY, err);
    if (status == FDM_OK)
        *(struct fdm_msg_memory *)arguments = msg.u.memory;
    return status;
}

enum fdm_status fdm_client_memory(struct fdm_client *client, struct fdm_msg_memory *out,
                                  struct fdm_error *err)
{
    const struct job job = {.what = "memory", .attempt = attempt_memory, .arguments = out};
    return perform(client, &job, err);
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
    enum fdm_status status = ask(client, &msg, FDM_MSG_STATE_REPLY, err);
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
    const struct job job = {.what = "state", .attempt = attempt_state, .arguments = &query};
    return perform(client, &job, err);
}

static enum fdm_status attempt_reset(struct fdm_client *client, void *arguments,
                                     struct fdm_error *err)
{
    const enum fdm_reset_mode *mode = arguments;
    struct fdm_msg msg = {.type = FDM_MSG_RESET, .u.reset = {(uint8_t)*mode}};
    enum fdm_status status = ask(client, &msg, FDM_MSG_RESET_REPLY, err);
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

static enum fdm_status attempt_reopen(struct fdm_client *client, void *arguments,
                                      struct fdm_error *err)
{
    (void)arguments;
    return client->broken ? open_session(client, RESTART_NS, err) : FDM_OK;
}

enum fdm_status fdm_client_reset(struct fdm_client *client, enum fdm_reset_mode mode,
                                 struct fdm_error *err)
{
    if (mode == FDM_RESET_BOARD && (client->hello.features & FDM_FEATURE_RESTART) == 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "reset: the board %s cannot restart itself",
                        client->hello.board);
    const struct job reset = {.what = "reset", .attempt = attempt_reset, .arguments = &mode};
    const struct job reopen = {.what = "restart", .attempt = attempt_reopen};
    enum fdm_status status = perform(client, &reset, err);
    forget_input(client);
    if (status != FDM_OK || mode == FDM_RESET_STATE)
        return status;
    try_first_baud(client);
    client->broken = true;
    return perform(client, &reopen, err);
}

/* ---- the rate ---- */

static enum fdm_status attempt_set_baud(struct fdm_client *client, void *arguments,
                                        struct fdm_error *err)
{
    uint32_t *baud = arguments;
    struct fdm_msg msg = {.type = FDM_MSG_SET_BAUD, .u.baud = {*baud}};
    enum fdm_status status = ask(client, &msg, FDM_MSG_SET_BAUD_REPLY, err);
    if (status == FDM_OK)
        *baud = msg.u.baud.baud;
    /* The board changes only when it knows that its reply has arrived. */
    if (status == FDM_OK)
        status = fdm_session_flush(&client->session, 0, client->options.silence_ns, err);
    return status;
}

static void settle(void)
{
    const struct timespec rest = {0, (long)SETTLE_NS};
    nanosleep(&rest, NULL);
}

/* Changes the stream's rate behind the board's, and tries it. */
static enum fdm_status follow_baud(struct fdm_client *client, uint32_t baud, struct fdm_error *err)
{
    struct fdm_stream *stream = client->session.stream;
    enum fdm_status status =
        fdm_stream_drain(stream, fdm_clock_now_ns() + client->options.silence_ns, err);
    settle(); /* bridges have queues of their own */
    if (status == FDM_OK)
        status = fdm_stream_set_baud(stream, baud, err);
    if (status != FDM_OK)
        return status;
    settle();
    struct fdm_msg msg = {.type = FDM_MSG_PING};
    status = request(client, &msg, err);
    return status != FDM_OK ? status
                            : answer(client, 0, FDM_MSG_PING_REPLY, NEW_RATE_NS, &msg, err);
}

enum fdm_status fdm_client_set_baud(struct fdm_client *client, uint32_t baud, uint32_t *actual,
                                    struct fdm_error *err)
{
    if ((client->hello.features & FDM_FEATURE_SET_BAUD) == 0 || client->first_baud == 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "set baud: %s has no rate to change",
                        client->hello.board);
    uint32_t agreed = baud;
    struct fdm_error why = FDM_ERROR_INIT;
    const struct job ask_board = {
        .what = "set baud", .attempt = attempt_set_baud, .arguments = &agreed};
    enum fdm_status status = perform(client, &ask_board, err);
    if (status != FDM_OK)
        return status;
    status = follow_baud(client, agreed, &why);
    if (actual != NULL)
        *actual = status == FDM_OK ? agreed : client->first_baud;
    if (status == FDM_OK)
        return FDM_OK;
    if (!is_worth_another(status) && status != FDM_ERR_UNSUPPORTED)
        return fdm_fail(err, status, "set baud: %s", why.message);
    /* By now the board has gone back by itself. */
    try_first_baud(client);
    client->broken = true;
    const struct job reopen = {.what = "set baud", .attempt = attempt_reopen};
    status = perform(client, &reopen, err);
    if (status != FDM_OK)
        return status;
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "set baud: the line does not carry %lu baud: %s",
                    (unsigned long)agreed, why.message);
}
