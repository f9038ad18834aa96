#include <time.h>

#include "harness/base/clock.h"
#include "harness/client/client_impl.h"

/* PROTOCOL.md, "Changing the rate": how long the host lets the line settle, and tries the new one.
 */
#define SETTLE_NS (20 * FDM_NS_PER_MS)
#define NEW_RATE_NS (FDM_NS_PER_S * 3 / 2)

static enum fdm_status attempt_set_baud(struct fdm_client *client, void *arguments,
                                        struct fdm_error *err)
{
    uint32_t *baud = arguments;
    struct fdm_msg msg = {.type = FDM_MSG_SET_BAUD, .u.baud = {*baud}};
    enum fdm_status status = fdm_client_ask(client, &msg, FDM_MSG_SET_BAUD_REPLY, err);
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
    status = fdm_client_request(client, &msg, err);
    return status != FDM_OK
               ? status
               : fdm_client_answer(client, 0, FDM_MSG_PING_REPLY, NEW_RATE_NS, &msg, err);
}

enum fdm_status fdm_client_set_baud(struct fdm_client *client, uint32_t baud, uint32_t *actual,
                                    struct fdm_error *err)
{
    if ((client->hello.features & FDM_FEATURE_SET_BAUD) == 0 || client->first_baud == 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "set baud: %s has no rate to change",
                        client->hello.board);
    uint32_t agreed = baud;
    struct fdm_error why = FDM_ERROR_INIT;
    const struct fdm_client_job ask_board = {
        .what = "set baud", .attempt = attempt_set_baud, .arguments = &agreed};
    enum fdm_status status = fdm_client_perform(client, &ask_board, err);
    if (status != FDM_OK)
        return status;
    status = follow_baud(client, agreed, &why);
    if (actual != NULL)
        *actual = status == FDM_OK ? agreed : client->first_baud;
    if (status == FDM_OK)
        return FDM_OK;
    if (!fdm_client_is_worth_another(status) && status != FDM_ERR_UNSUPPORTED)
        return fdm_fail(err, status, "set baud: %s", why.message);
    /* By now the board has gone back by itself. */
    status = fdm_client_reopen(client, "set baud", err);
    if (status != FDM_OK)
        return status;
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "set baud: the line does not carry %lu baud: %s",
                    (unsigned long)agreed, why.message);
}
