#include <stdlib.h>
#include <string.h>

#include "harness/client/client_impl.h"
#include "targets/wire/crc32.h"

/* Bodies of LOAD_DATA: larger ones save nothing any more. */
#define LOAD_BODY_MAX 16384
#define LOAD_DATA_FIELDS 5 /* object and offset */
/* More than any line has under way, and how often progress is reported at the end. */
#define LOAD_AHEAD_BYTES 131072
#define LOAD_STEP_BYTES 8192

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
    fdm_client_progress(client, "load", queued > pending ? queued - pending : 0,
                        client->input_bytes);
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

enum fdm_status fdm_client_load(struct fdm_client *client, struct fdm_error *err)
{
    struct fdm_msg msg = {
        .type = FDM_MSG_LOAD,
        .u.load = {.object = FDM_OBJECT_INPUT,
                   .bytes = (uint32_t)client->input_bytes,
                   .crc32 = fdm_crc32(FDM_CRC32_INIT, client->input, client->input_bytes)},
    };
    enum fdm_status status = fdm_client_ask(client, &msg, FDM_MSG_LOAD_STATE, err);
    uint32_t from = msg.u.load_state.received;
    if (status == FDM_OK && msg.u.load_state.complete == 0) {
        if (from >= client->input_bytes)
            return fdm_fail(err, FDM_ERR_FORMAT, "the board wants byte %lu of %zu",
                            (unsigned long)from, client->input_bytes);
        status = send_pieces(client, from, err);
        if (status == FDM_OK)
            status = fdm_client_answer(client, 0, FDM_MSG_LOAD_STATE, client->options.silence_ns,
                                       &msg, err);
    }
    if (status == FDM_OK)
        status = check_loaded(client, &msg.u.load_state, err);
    if (status == FDM_OK) {
        client->input_session = client->session.opened;
        fdm_client_progress(client, "load", client->input_bytes, client->input_bytes);
    }
    return status;
}

void fdm_client_forget_input(struct fdm_client *client)
{
    free(client->input);
    client->input = NULL;
    client->input_bytes = 0;
    client->input_session = 0;
}

bool fdm_client_is_streamed(const struct fdm_client *client)
{
    return (client->hello.features & FDM_FEATURE_STREAMED) != 0;
}

enum fdm_status fdm_client_load_to_run(struct fdm_client *client, uint8_t flags,
                                       struct fdm_error *err)
{
    if (!fdm_client_is_streamed(client) || client->input == NULL)
        return FDM_OK;
    struct fdm_msg msg = {.type = FDM_MSG_WATCH, .u.watch = {flags}};
    enum fdm_status status = fdm_client_ask(client, &msg, FDM_MSG_WATCH_REPLY, err);
    return status == FDM_OK ? fdm_client_load(client, err) : status;
}

static enum fdm_status attempt_load(struct fdm_client *client, void *arguments,
                                    struct fdm_error *err)
{
    (void)arguments;
    return fdm_client_load(client, err);
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
    if (fdm_client_is_streamed(client))
        return FDM_OK;
    const struct fdm_client_job job = {.what = "load", .attempt = attempt_load};
    return fdm_client_perform(client, &job, err);
}
