#include "tests/fakes/board.h"

#include <stdlib.h>
#include <string.h>

#include "targets/wire/crc32.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

#define SECOND_NS UINT64_C(1000000000)

static void next_chunk(struct fake_board *board)
{
    while (board->arrived == NULL || board->arrived_at == board->arrived->len) {
        free(board->arrived);
        board->arrived_at = 0;
        board->arrived = fake_line_take(&board->pair.down, board->pair.now_ns);
        if (board->arrived == NULL)
            return;
    }
}

static size_t port_read(void *context, uint8_t *bytes, size_t capacity)
{
    struct fake_board *board = context;
    next_chunk(board);
    if (board->arrived == NULL)
        return 0;
    size_t left = board->arrived->len - board->arrived_at;
    size_t taken = left < capacity ? left : capacity;
    memcpy(bytes, board->arrived->bytes + board->arrived_at, taken);
    board->arrived_at += taken;
    return taken;
}

/* In small bites, so that the agent has to come back. */
static size_t port_write(void *context, const uint8_t *bytes, size_t len)
{
    struct fake_board *board = context;
    if (fake_line_ready_ns(&board->pair.up) > board->pair.now_ns)
        return 0;
    size_t taken = len < 100 ? len : 100;
    fake_line_send(&board->pair.up, bytes, taken, board->pair.now_ns);
    return taken;
}

static void replace_host(struct fake_board *board)
{
    wire_end_restart(&board->pair.host);
    fdm_link_open(&board->pair.host.link, 0x3003, wire_pair_now_us(&board->pair));
    board->reader.len = 0;
}

static void keep(struct fake_board *board, const struct fdm_msg *msg)
{
    if ((msg->type >= 0x80 && msg->type < 0xC0) || msg->type == FDM_MSG_ERROR) {
        board->reply = *msg;
        board->replied = true;
    } else {
        assert_true(board->item_count < FAKE_BOARD_ITEMS);
        board->items[board->item_count++] = *msg;
    }
    if (msg->type == FDM_MSG_OUTPUT_DATA || msg->type == FDM_MSG_PING_REPLY) {
        assert_true(msg->u.data.len <= sizeof board->bulk - board->bulk_bytes);
        memcpy(board->bulk + board->bulk_bytes, msg->u.data.bytes, msg->u.data.len);
        board->bulk_bytes += msg->u.data.len;
    }
    if (board->host_dies_after != 0 && board->item_count == board->host_dies_after) {
        board->host_dies_after = 0;
        replace_host(board);
    }
}

static void host_turn(struct fake_board *board)
{
    struct wire_end *host = &board->pair.host;
    struct fdm_msg msg;
    wire_end_hear(host, board->pair.now_ns);
    while (fdm_msg_read(&board->reader, &host->link, &msg) == FDM_MSG_READY)
        keep(board, &msg);
    wire_end_speak(host, board->pair.now_ns);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static bool port_wait(void *context, uint64_t until_us, bool writing)
{
    struct fake_board *board = context;
    struct wire_pair *pair = &board->pair;
    uint64_t until_ns = until_us < UINT64_MAX / 1000 ? until_us * 1000 : UINT64_MAX;
    for (;;) {
        host_turn(board);
        next_chunk(board);
        if (board->arrived != NULL || until_ns <= pair->now_ns ||
            (writing && fake_line_ready_ns(&pair->up) <= pair->now_ns))
            return true;
        uint64_t next = earlier(until_ns, wire_end_next_ns(&pair->host, pair->now_ns));
        next = earlier(next, fake_line_next_ns(&pair->down));
        if (writing)
            next = earlier(next, fake_line_ready_ns(&pair->up));
        /* The test waits for its reply no longer, but the agent may still have to do. */
        if (board->replied)
            next = earlier(next, pair->now_ns + SECOND_NS / 1000);
        if (next >= board->give_up_ns)
            return false;
        if (next > pair->now_ns)
            pair->now_ns = next;
        if (board->replied)
            return true;
    }
}

static uint64_t port_now_us(void *context)
{
    struct fake_board *board = context;
    return board->pair.now_ns / 1000;
}

static void port_restart(void *context)
{
    struct fake_board *board = context;
    board->too_early |= !board->replied;
    board->restarts++;
}

static uint32_t port_set_baud(void *context, uint32_t baud)
{
    struct fake_board *board = context;
    board->too_early |= board->baud == 0 && !board->replied;
    board->baud = baud;
    return baud;
}

static void fill_port(struct fake_board *board, const struct fdm_network *network)
{
    fake_port_init(&board->port, "fake", board, network);
    board->port.read = port_read;
    board->port.write = port_write;
    board->port.wait = port_wait;
    board->port.now_us = port_now_us;
    board->port.restart = port_restart;
    board->port.set_baud = port_set_baud;
}

void fake_board_init(struct fake_board *board, const struct fdm_network *network,
                     const struct wire_pair_config *config)
{
    memset(board, 0, sizeof *board);
    wire_pair_init(&board->pair, config);
    fill_port(board, network);
    size_t input_bytes = network->tensors[network->input].bytes;
    board->config = (struct fdm_agent_config){
        .version = "0.0.1",
        .port = &board->port,
        .network = network,
        .input = malloc(input_bytes),
        .input_bytes = input_bytes,
    };
    assert_non_null(board->config.input);
    fdm_msg_reader_init(&board->reader, board->message, sizeof board->message);
    assert_true(fdm_agent_init(&board->agent, &board->config));
    fdm_link_open(&board->pair.host.link, 0x1001, 0);
    fake_board_await_for(board, SECOND_NS);
    assert_int_equal(board->pair.host.link.state, FDM_LINK_OPEN);
}

void fake_board_release(struct fake_board *board)
{
    free(board->arrived);
    free(board->config.input);
    fake_port_release(&board->port);
    wire_pair_release(&board->pair);
}

void fake_board_send(struct fake_board *board, const struct fdm_msg *msg)
{
    assert_true(fdm_msg_write(&board->pair.host.link, msg));
}

bool fake_board_await_for(struct fake_board *board, uint64_t ns)
{
    board->give_up_ns = board->pair.now_ns + ns;
    board->replied = false;
    board->item_count = 0;
    board->bulk_bytes = 0;
    host_turn(board);
    while (!board->replied && fdm_agent_poll(&board->agent)) {
    }
    board->agent.alive = true;
    return board->replied;
}

void fake_board_await(struct fake_board *board)
{
    assert_true(fake_board_await_for(board, 60 * SECOND_NS));
}

const struct fdm_msg *fake_board_ask(struct fake_board *board, const struct fdm_msg *msg)
{
    fake_board_send(board, msg);
    fake_board_await(board);
    assert_int_equal(board->reply.tag, msg->tag);
    return &board->reply;
}

const struct fdm_msg *fake_board_load(struct fake_board *board, const uint8_t *input, size_t len)
{
    struct fdm_msg load = {.type = FDM_MSG_LOAD, .tag = 50};
    load.u.load.bytes = (uint32_t)len;
    load.u.load.crc32 = fdm_crc32(FDM_CRC32_INIT, input, len);
    const struct fdm_msg *state = fake_board_ask(board, &load);
    if (state->type != FDM_MSG_LOAD_STATE || state->u.load_state.complete)
        return state;
    for (size_t at = state->u.load_state.received; at < len;) {
        struct fdm_msg piece = {.type = FDM_MSG_LOAD_DATA, .tag = 50};
        piece.u.data.offset = (uint32_t)at;
        piece.u.data.bytes = input + at;
        piece.u.data.len = len - at < 200 ? len - at : 200;
        fake_board_send(board, &piece);
        at += piece.u.data.len;
    }
    fake_board_await(board);
    return &board->reply;
}
