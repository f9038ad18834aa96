#include "harness/client/session.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"

#define PAYLOAD_BYTES FDM_LINK_PAYLOAD_MAX
#define RX_WINDOW_BYTES ((size_t)1 << 18)
#define TX_WINDOW_BYTES ((size_t)1 << 18)
#define READ_BYTES ((size_t)1 << 16)
#define MESSAGE_BYTES ((size_t)FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MAX)
/* A board that restarted unheard is asked for a sign of life. */
#define PROBE_US 1000000
/* How often the stop flag is looked at. */
#define STOP_STEP_NS (100 * FDM_NS_PER_MS)

static uint64_t now_us(void)
{
    return fdm_clock_now_ns() / 1000;
}

/* Any number will do, so long as it is not the one of the program before. */
static uint16_t first_number(void)
{
    uint64_t seed = (fdm_clock_now_ns() ^ (uint64_t)getpid()) * UINT64_C(0x9E3779B97F4A7C15);
    return (uint16_t)(seed >> 48);
}

enum fdm_status fdm_session_init(struct fdm_session *session, struct fdm_stream *stream,
                                 const atomic_bool *stop, struct fdm_error *err)
{
    const size_t body = FDM_LINK_BODY_BYTES(PAYLOAD_BYTES);
    const size_t frame = FDM_LINK_FRAME_BYTES(PAYLOAD_BYTES);
    memset(session, 0, sizeof *session);
    session->stream = stream;
    session->stop = stop;
    session->number = first_number();
    session->memory =
        malloc(body + RX_WINDOW_BYTES + TX_WINDOW_BYTES + MESSAGE_BYTES + READ_BYTES + frame);
    if (session->memory == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    uint8_t *at = session->memory;
    struct fdm_link_config config = {
        .max_payload = PAYLOAD_BYTES,
        .rx_body = at,
        .rx_window = at + body,
        .rx_window_bytes = RX_WINDOW_BYTES,
        .tx_window = at + body + RX_WINDOW_BYTES,
        .tx_window_bytes = TX_WINDOW_BYTES,
        .probe_us = PROBE_US,
    };
    at += body + RX_WINDOW_BYTES + TX_WINDOW_BYTES;
    fdm_msg_reader_init(&session->reader, at, MESSAGE_BYTES);
    session->in = at + MESSAGE_BYTES;
    session->out = session->in + READ_BYTES;
    fdm_link_init(&session->link, &config);
    return FDM_OK;
}

void fdm_session_release(struct fdm_session *session)
{
    free(session->memory);
    session->memory = NULL;
}

/* ---- driving the link ---- */

/* For the stream "nothing now" is a failure, here it is not. */
static enum fdm_status ignore_timeout(enum fdm_status status, const struct fdm_error *why,
                                      struct fdm_error *err)
{
    if (status == FDM_OK || status == FDM_ERR_TIMEOUT)
        return FDM_OK;
    return fdm_fail(err, status, "%s", why->message);
}

/* Sends frames as long as the stream takes them; a frame that it takes in part goes on next time.
 */
static enum fdm_status transmit(struct fdm_session *session, struct fdm_error *err)
{
    for (;;) {
        if (session->out_at == session->out_len) {
            session->out_at = 0;
            session->out_len = fdm_link_transmit(&session->link, session->out, now_us());
            if (session->out_len == 0)
                return FDM_OK;
        }
        size_t put;
        struct fdm_error why = FDM_ERROR_INIT;
        enum fdm_status status =
            fdm_stream_write_some(session->stream, session->out + session->out_at,
                                  session->out_len - session->out_at, 0, &put, &why);
        if (status != FDM_OK)
            return ignore_timeout(status, &why, err);
        session->out_at += put;
        session->bytes_sent += put;
    }
}

static enum fdm_status take(struct fdm_session *session, struct fdm_error *err)
{
    size_t got;
    struct fdm_error why = FDM_ERROR_INIT;
    enum fdm_status status =
        fdm_stream_read_some(session->stream, session->in, READ_BYTES, 0, &got, &why);
    if (status != FDM_OK)
        return ignore_timeout(status, &why, err);
    session->bytes_received += got;
    fdm_last_words_hear(&session->last_words, session->in, got);
    fdm_link_receive(&session->link, session->in, got, now_us());
    return FDM_OK;
}

/* When to look again although nothing happened on the stream. */
static uint64_t wake_up_ns(const struct fdm_session *session, uint64_t until_ns)
{
    uint64_t now_ns = fdm_clock_now_ns();
    uint64_t wake_ns = until_ns;
    /* While the stream is full, what is due has to wait. */
    if (session->out_at == session->out_len) {
        uint64_t due_us = fdm_link_deadline_us(&session->link, now_ns / 1000);
        if (due_us < UINT64_MAX / 1000 && due_us * 1000 < wake_ns)
            wake_ns = due_us * 1000;
    }
    if (session->stop != NULL && now_ns + STOP_STEP_NS < wake_ns)
        wake_ns = now_ns + STOP_STEP_NS;
    return wake_ns;
}

/* Sends what is due, waits for something to happen, at most until a time, and takes what arrived.
 */
static enum fdm_status pump(struct fdm_session *session, uint64_t until_ns, struct fdm_error *err)
{
    if (session->stop != NULL && atomic_load(session->stop))
        return fdm_fail(err, FDM_ERR_CANCELLED, "stopped");
    enum fdm_status status = transmit(session, err);
    if (status != FDM_OK)
        return status;
    unsigned wanted = FDM_STREAM_READABLE;
    if (session->out_at < session->out_len)
        wanted |= FDM_STREAM_WRITABLE;
    unsigned ready;
    struct fdm_error why = FDM_ERROR_INIT;
    status = fdm_stream_wait(session->stream, wanted, wake_up_ns(session, until_ns), &ready, &why);
    if (status == FDM_OK && (ready & FDM_STREAM_READABLE) != 0)
        return take(session, err);
    return ignore_timeout(status, &why, err);
}

/* ---- patience ---- */

struct patience {
    uint64_t silence_ns;
    uint64_t until_ns;
    uint32_t acked;
    uint32_t arrived;
};

static struct patience begin_patience(const struct fdm_session *session, uint64_t silence_ns)
{
    return (struct patience){silence_ns, fdm_clock_now_ns() + silence_ns, session->link.tx.acked,
                             session->link.rx.next};
}

/* Once: whoever asks again finds a silent board, or one that restarted. */
static enum fdm_status report_stop(struct fdm_session *session, struct fdm_error *err)
{
    enum fdm_status status =
        fdm_fail(err, FDM_ERR_TARGET, "%s: the board stopped; its last words: %s",
                 fdm_stream_name(session->stream), session->last_words.text);
    memset(&session->last_words, 0, sizeof session->last_words);
    return status;
}

/* One round; FDM_ERR_TIMEOUT when nothing went on for too long. */
static enum fdm_status pump_patiently(struct fdm_session *session, struct patience *patience,
                                      struct fdm_error *err)
{
    enum fdm_status status = pump(session, patience->until_ns, err);
    if (status != FDM_OK)
        return status;
    if (session->last_words.spoken)
        return report_stop(session, err);
    const struct fdm_link *link = &session->link;
    uint64_t now_ns = fdm_clock_now_ns();
    if (link->tx.acked != patience->acked || link->rx.next != patience->arrived) {
        *patience = begin_patience(session, patience->silence_ns);
        return FDM_OK;
    }
    if (now_ns < patience->until_ns)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_TIMEOUT, "%s: no answer within %.1f s",
                    fdm_stream_name(session->stream),
                    (double)patience->silence_ns / (double)FDM_NS_PER_S);
}

static enum fdm_status check_open(const struct fdm_session *session, struct fdm_error *err)
{
    if (session->link.state == FDM_LINK_OPEN)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_CORRUPT, "%s: the board restarted",
                    fdm_stream_name(session->stream));
}

/* ---- sessions ---- */

enum fdm_status fdm_session_open(struct fdm_session *session, uint64_t timeout_ns,
                                 struct fdm_error *err)
{
    do
        session->number++;
    while (session->number == 0);
    session->opened++;
    session->reader.len = 0;
    memset(&session->last_words, 0, sizeof session->last_words);
    session->out_at = 0;
    session->out_len = 0;
    fdm_link_open(&session->link, session->number, now_us());
    struct patience patience = begin_patience(session, timeout_ns);
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK && session->link.state == FDM_LINK_OPENING)
        status = pump_patiently(session, &patience, err);
    if (status == FDM_OK && session->link.state == FDM_LINK_REFUSED)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "%s: the program on the board speaks version %u of the wire, this one "
                        "version %u: put the program of this release on the board",
                        fdm_stream_name(session->stream), session->link.peer_version,
                        FDM_WIRE_VERSION);
    return status;
}

void fdm_session_close(struct fdm_session *session)
{
    fdm_link_close(&session->link);
    transmit(session, NULL);
}

enum fdm_status fdm_session_send(struct fdm_session *session, const struct fdm_msg *msg,
                                 uint64_t silence_ns, struct fdm_error *err)
{
    struct patience patience = begin_patience(session, silence_ns);
    enum fdm_status status = check_open(session, err);
    while (status == FDM_OK && !fdm_msg_write(&session->link, msg)) {
        status = pump_patiently(session, &patience, err);
        if (status == FDM_OK)
            status = check_open(session, err);
    }
    return status;
}

enum fdm_status fdm_session_receive(struct fdm_session *session, struct fdm_msg *msg,
                                    uint64_t silence_ns, struct fdm_error *err)
{
    const char *name = fdm_stream_name(session->stream);
    struct patience patience = begin_patience(session, silence_ns);
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK) {
        switch (fdm_msg_read(&session->reader, &session->link, msg)) {
        case FDM_MSG_READY:
            return FDM_OK;
        case FDM_MSG_MALFORMED:
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: the board's message '%s' makes no sense",
                            name, fdm_msg_name(msg->type));
        case FDM_MSG_OVERSIZED:
            return fdm_fail(err, FDM_ERR_CORRUPT, "%s: the board's message is too long", name);
        case FDM_MSG_NONE:
            break;
        }
        status = check_open(session, err);
        if (status == FDM_OK)
            status = pump_patiently(session, &patience, err);
    }
    return status;
}

uint32_t fdm_session_pending(const struct fdm_session *session)
{
    return session->link.tx.written - session->link.tx.acked;
}

static bool owes(const struct fdm_session *session)
{
    return session->link.rx.ack_due || session->out_at < session->out_len;
}

enum fdm_status fdm_session_flush(struct fdm_session *session, uint32_t most, uint64_t silence_ns,
                                  struct fdm_error *err)
{
    struct patience patience = begin_patience(session, silence_ns);
    enum fdm_status status = transmit(session, err);
    if (status == FDM_OK)
        status = check_open(session, err);
    while (status == FDM_OK &&
           (fdm_session_pending(session) > most || (most == 0 && owes(session)))) {
        status = pump_patiently(session, &patience, err);
        if (status == FDM_OK)
            status = check_open(session, err);
    }
    return status;
}
