/* Entry for libFuzzer (see CMakeLists.txt): any messages from a board, to the real client. The
 * first byte chooses the call; behind it stand messages, each {type, u16 length of the body, body},
 * which a board with a faultless link sends one by one whenever it is asked something. A type of 0
 * sends the bytes as they are, beside all frames. */
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/client/client.h"
#include "harness/transport/stream_impl.h"
#include "tests/fakes/virtual_clock.h"

#define INPUT_BYTES 16
#define OUTPUT_BYTES 8
#define LAYERS 2
#define ROOM 8192

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

struct board {
    struct fdm_stream stream;
    struct fdm_link link;
    struct fdm_msg_reader reader;
    uint8_t message[FDM_MSG_HEADER_BYTES + ROOM];
    uint8_t body[FDM_LINK_BODY_BYTES(FDM_LINK_PAYLOAD_DEFAULT)];
    uint8_t rx[ROOM];
    uint8_t tx[ROOM];
    uint8_t line[2 * ROOM]; /* to the host */
    size_t line_at, line_len;
    const uint8_t *script;
    size_t script_len;
    bool greeted;
};

static uint64_t now_us(void)
{
    return fdm_clock_now_ns() / 1000;
}

static void say_hello(struct board *board, uint8_t tag)
{
    const struct fdm_msg msg = {
        .type = FDM_MSG_HELLO_REPLY,
        .tag = tag,
        .u.hello_reply = {.wire_version = FDM_WIRE_VERSION,
                          .body_max = 1024,
                          .features = FDM_FEATURE_PROFILE | FDM_FEATURE_LAYER_CRC |
                                      FDM_FEATURE_RESTART | FDM_FEATURE_STATE,
                          .input_bytes = INPUT_BYTES,
                          .output_bytes = OUTPUT_BYTES,
                          .layers = LAYERS}};
    board->greeted = true;
    fdm_msg_write(&board->link, &msg);
}

static void say_next(struct board *board, uint8_t tag)
{
    if (board->script_len < 3)
        return;
    const uint8_t *at = board->script;
    size_t claimed = at[1] | (size_t)at[2] << 8;
    size_t body = claimed < board->script_len - 3 ? claimed : board->script_len - 3;
    if (at[0] == 0) {
        if (body < sizeof board->line - board->line_len) {
            memcpy(board->line + board->line_len, at + 3, body);
            board->line_len += body;
        }
    } else if (body + FDM_MSG_HEADER_BYTES <= fdm_link_write_space(&board->link)) {
        const uint8_t header[FDM_MSG_HEADER_BYTES] = {at[0], tag, at[1], at[2]};
        fdm_link_write(&board->link, header, sizeof header);
        fdm_link_write(&board->link, at + 3, body);
    }
    board->script += 3 + body;
    board->script_len -= 3 + body;
}

static void answer(struct board *board)
{
    struct fdm_msg msg;
    uint32_t generation = board->link.generation;
    while (fdm_msg_read(&board->reader, &board->link, &msg) == FDM_MSG_READY) {
        if (msg.type == FDM_MSG_HELLO && !board->greeted)
            say_hello(board, msg.tag);
        else
            for (int i = 0; i < 4; i++)
                say_next(board, msg.tag);
    }
    if (generation != board->link.generation)
        board->reader.len = 0;
}

static void speak(struct board *board)
{
    while (sizeof board->line - board->line_len >= FDM_LINK_FRAME_BYTES(FDM_LINK_PAYLOAD_DEFAULT)) {
        size_t len = fdm_link_transmit(&board->link, board->line + board->line_len, now_us());
        if (len == 0)
            return;
        board->line_len += len;
    }
}

static enum fdm_status stream_read(struct fdm_stream *stream, void *buf, size_t size, size_t *got,
                                   struct fdm_error *err)
{
    struct board *board = (struct board *)stream;
    (void)err;
    size_t left = board->line_len - board->line_at;
    *got = left < size ? left : size;
    if (*got == 0)
        return FDM_ERR_TIMEOUT;
    memcpy(buf, board->line + board->line_at, *got);
    board->line_at += *got;
    if (board->line_at == board->line_len)
        board->line_at = board->line_len = 0;
    return FDM_OK;
}

static enum fdm_status stream_write(struct fdm_stream *stream, const void *bytes, size_t len,
                                    size_t *put, struct fdm_error *err)
{
    struct board *board = (struct board *)stream;
    (void)err;
    uint32_t generation = board->link.generation;
    fdm_link_receive(&board->link, bytes, len, now_us());
    if (generation != board->link.generation)
        board->reader.len = 0;
    *put = len;
    return FDM_OK;
}

static enum fdm_status stream_wait(struct fdm_stream *stream, unsigned wanted, uint64_t deadline_ns,
                                   unsigned *ready, struct fdm_error *err)
{
    struct board *board = (struct board *)stream;
    (void)err;
    answer(board);
    speak(board);
    *ready = wanted & FDM_STREAM_WRITABLE;
    if (board->line_at < board->line_len)
        *ready |= wanted & FDM_STREAM_READABLE;
    if (*ready != 0)
        return FDM_OK;
    uint64_t due_us = fdm_link_deadline_us(&board->link, now_us());
    uint64_t next_ns = due_us < deadline_ns / 1000 ? due_us * 1000 : deadline_ns;
    if (next_ns > fdm_clock_now_ns())
        virtual_clock_set(next_ns);
    return FDM_ERR_TIMEOUT;
}

static void stream_free(struct fdm_stream *stream)
{
    (void)stream;
}

static const struct fdm_stream_ops ops = {
    .read = stream_read, .write = stream_write, .wait = stream_wait, .free = stream_free};

static void start(struct board *board, const uint8_t *script, size_t len)
{
    memset(board, 0, sizeof *board);
    board->stream = (struct fdm_stream){.ops = &ops, .name = "fuzz"};
    board->script = script;
    board->script_len = len;
    const struct fdm_link_config config = {.max_payload = FDM_LINK_PAYLOAD_DEFAULT,
                                           .rx_body = board->body,
                                           .rx_window = board->rx,
                                           .rx_window_bytes = sizeof board->rx,
                                           .tx_window = board->tx,
                                           .tx_window_bytes = sizeof board->tx};
    if (!fdm_link_init(&board->link, &config))
        abort();
    fdm_msg_reader_init(&board->reader, board->message, sizeof board->message);
    fdm_link_listen(&board->link);
}

static void call(struct fdm_client *client, unsigned which)
{
    static const uint8_t input[INPUT_BYTES];
    uint64_t counters[2];
    uint8_t output[OUTPUT_BYTES];
    struct fdm_msg_layer layers[2 * LAYERS];
    struct fdm_msg_memory memory;
    struct fdm_error err = FDM_ERROR_INIT;
    switch (which % 6) {
    case 0:
        fdm_client_ping(client, 5, NULL, &err);
        break;
    case 1:
        fdm_client_load_input(client, input, sizeof input, &err);
        break;
    case 2:
        fdm_client_infer(client, 0, 2, counters, NULL, &err);
        break;
    case 3:
        fdm_client_output(client, output, sizeof output, &err);
        break;
    case 4:
        fdm_client_profile(client, 0, 2, FDM_PROFILE_CRC, layers, &err);
        break;
    default:
        fdm_client_memory(client, &memory, &err);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct board board;
    const struct fdm_client_options options = {.retries = 1};
    struct fdm_client *client;
    if (len == 0)
        return 0;
    start(&board, bytes + 1, len - 1);
    board.greeted = (bytes[0] & 0x80) != 0;
    if (fdm_client_open(&board.stream, &options, &client, NULL) == FDM_OK)
        call(client, bytes[0] & 0x7F);
    fdm_client_close(client);
    return 0;
}
