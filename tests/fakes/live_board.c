#include "tests/fakes/live_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "tests/fakes/virtual_clock.h"
#include "tests/support/network.h"
#include "tests/support/test.h"

#define START_UP_NS (50 * FDM_NS_PER_MS)
#define BITE 100 /* bytes that a line takes at once */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- taking turns ---- */

/* Hands over to the other side, and returns when it hands back. */
static void hand_over(struct live_board *board, bool to_board)
{
    pthread_mutex_lock(&board->mutex);
    board->board_runs = to_board;
    pthread_cond_broadcast(&board->changed);
    while (board->board_runs == to_board)
        pthread_cond_wait(&board->changed, &board->mutex);
    pthread_mutex_unlock(&board->mutex);
}

/* False: the board is to end, or to start anew. */
static bool rest(struct live_board *board, uint64_t until_ns, bool deaf, bool writing)
{
    if (board->ending || board->restarting)
        return false;
    board->rests_until_ns = until_ns;
    board->deaf = deaf;
    board->writing = writing;
    hand_over(board, false);
    return !board->ending && !board->restarting;
}

/* ---- the lines ---- */

static void next_chunk(struct fake_line *line, struct fake_chunk **chunk, size_t *at)
{
    while (*chunk == NULL || *at == (*chunk)->len) {
        free(*chunk);
        *at = 0;
        *chunk = fake_line_take(line, fdm_clock_now_ns());
        if (*chunk == NULL)
            return;
    }
}

static size_t take(struct fake_line *line, struct fake_chunk **chunk, size_t *at, void *out,
                   size_t size)
{
    next_chunk(line, chunk, at);
    if (*chunk == NULL)
        return 0;
    size_t left = (*chunk)->len - *at;
    size_t taken = left < size ? left : size;
    memcpy(out, (*chunk)->bytes + *at, taken);
    *at += taken;
    return taken;
}

static bool is_garbled(const struct live_board *board)
{
    uint32_t baud = board->stream.baud;
    return baud != board->baud || (board->plan.baud_max != 0 && baud > board->plan.baud_max);
}

static size_t put(const struct live_board *board, struct fake_line *line, uint32_t baud,
                  const uint8_t *bytes, size_t len)
{
    uint8_t sent[BITE];
    size_t taken = len < BITE ? len : BITE;
    if (fake_line_ready_ns(line) > fdm_clock_now_ns())
        return 0;
    for (size_t i = 0; i < taken; i++)
        sent[i] = is_garbled(board) ? bytes[i] ^ 0xA7 : bytes[i];
    line->config.baud = baud;
    fake_line_send(line, sent, taken, fdm_clock_now_ns());
    return taken;
}

/* ---- the board's side ---- */

static void say_last_words(struct live_board *board)
{
    static const char words[] = "\0fdm-bench: fault, exception 00000006";
    while (put(board, &board->up, board->baud, (const uint8_t *)words, sizeof words) == 0)
        rest(board, UINT64_MAX, true, true);
}

static void strike(struct live_board *board)
{
    enum live_event event = board->plan.event;
    board->plan.event = LIVE_NOTHING;
    switch (event) {
    case LIVE_RESTART:
        board->restarting = true;
        break;
    case LIVE_VANISH:
        board->vanished = true;
        break;
    case LIVE_LAST_WORDS:
        say_last_words(board);
        break;
    default:
        break;
    }
    if (event != LIVE_NOTHING && event != LIVE_RESTART)
        while (rest(board, UINT64_MAX, true, false)) {
        }
}

static size_t port_read(void *context, uint8_t *bytes, size_t capacity)
{
    struct live_board *board = context;
    if (board->restarting || board->ending)
        return 0;
    size_t got = take(&board->down, &board->to_board, &board->to_board_at, bytes, capacity);
    board->bytes_read += got;
    if (board->plan.at_byte != 0 && board->bytes_read >= board->plan.at_byte)
        strike(board);
    return got;
}

static size_t port_write(void *context, const uint8_t *bytes, size_t len)
{
    struct live_board *board = context;
    if (board->restarting || board->ending)
        return 0;
    return put(board, &board->up, board->baud, bytes, len);
}

static bool port_wait(void *context, uint64_t until_us, bool writing)
{
    uint64_t until_ns = until_us < UINT64_MAX / 1000 ? until_us * 1000 : UINT64_MAX;
    return rest(context, until_ns, false, writing);
}

static uint64_t port_now_us(void *context)
{
    (void)context;
    return fdm_clock_now_ns() / 1000;
}

static void port_counter_start(void *context)
{
    struct live_board *board = context;
    if (++board->runs == board->plan.in_run)
        strike(board);
}

static void port_restart(void *context)
{
    struct live_board *board = context;
    board->restarting = true;
}

static uint32_t port_set_baud(void *context, uint32_t baud)
{
    struct live_board *board = context;
    board->baud = baud;
    return baud;
}

static void fill_port(struct live_board *board)
{
    fake_port_init(&board->port, "live", board, board->plan.network);
    board->port.baud = board->baud;
    board->port.read = port_read;
    board->port.write = port_write;
    board->port.wait = port_wait;
    board->port.now_us = port_now_us;
    board->port.counter_start = port_counter_start;
    board->port.restart = port_restart;
    board->port.set_baud = port_set_baud;
}

static void run_agent(struct live_board *board)
{
    const struct fdm_network *network = board->plan.network;
    if (board->starts > 0 && board->plan.then != NULL)
        network = board->plan.then;
    const struct fdm_agent_config config = {
        .version = "0.0.1",
        .port = &board->port,
        .network = network,
        .input = board->input,
        .input_bytes = network->tensors[network->input].bytes,
    };
    if (fdm_agent_init(&board->agent, &config))
        fdm_agent_run(&board->agent);
}

static void start_up(struct live_board *board)
{
    uint8_t lost[BITE];
    uint64_t until_ns = fdm_clock_now_ns() + START_UP_NS;
    board->restarting = false;
    board->baud = board->port.baud;
    while (fdm_clock_now_ns() < until_ns && rest(board, until_ns, true, false)) {
    }
    while (take(&board->down, &board->to_board, &board->to_board_at, lost, sizeof lost) > 0) {
    }
}

static void *live(void *argument)
{
    struct live_board *board = argument;
    rest(board, 0, false, false);
    while (!board->ending) {
        if (board->plan.serve != NULL)
            board->plan.serve(&board->port, board->plan.context);
        else
            run_agent(board);
        board->starts++;
        if (!board->ending)
            start_up(board);
    }
    pthread_mutex_lock(&board->mutex);
    board->board_runs = false;
    pthread_cond_broadcast(&board->changed);
    pthread_mutex_unlock(&board->mutex);
    return NULL;
}

/* ---- the test's side ---- */

static uint64_t board_due_ns(struct live_board *board)
{
    uint64_t due = board->rests_until_ns;
    if (!board->deaf) {
        next_chunk(&board->down, &board->to_board, &board->to_board_at);
        due = earlier(due, board->to_board != NULL ? 0 : fake_line_next_ns(&board->down));
    }
    if (board->writing)
        due = earlier(due, fake_line_ready_ns(&board->up));
    return due;
}

static enum fdm_status gone(const struct fdm_stream *stream, struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_EOF, "%s: unplugged", stream->name);
}

static enum fdm_status stream_read(struct fdm_stream *stream, void *buf, size_t size, size_t *got,
                                   struct fdm_error *err)
{
    struct live_board *board = (struct live_board *)stream;
    *got = take(&board->up, &board->to_host, &board->to_host_at, buf, size);
    if (*got > 0)
        return FDM_OK;
    return board->vanished ? gone(stream, err) : FDM_ERR_TIMEOUT;
}

static enum fdm_status stream_write(struct fdm_stream *stream, const void *bytes, size_t len,
                                    size_t *put_bytes, struct fdm_error *err)
{
    struct live_board *board = (struct live_board *)stream;
    if (board->vanished)
        return gone(stream, err);
    *put_bytes = put(board, &board->down, stream->baud, bytes, len);
    return *put_bytes > 0 ? FDM_OK : FDM_ERR_TIMEOUT;
}

static unsigned ready_now(struct live_board *board, unsigned wanted)
{
    unsigned ready = 0;
    if (board->vanished)
        return wanted;
    next_chunk(&board->up, &board->to_host, &board->to_host_at);
    if (board->to_host != NULL)
        ready |= FDM_STREAM_READABLE;
    if (fake_line_ready_ns(&board->down) <= fdm_clock_now_ns())
        ready |= FDM_STREAM_WRITABLE;
    return ready & wanted;
}

static enum fdm_status stream_wait(struct fdm_stream *stream, unsigned wanted, uint64_t deadline_ns,
                                   unsigned *ready, struct fdm_error *err)
{
    struct live_board *board = (struct live_board *)stream;
    (void)err;
    for (;;) {
        while (board_due_ns(board) <= fdm_clock_now_ns())
            hand_over(board, true);
        *ready = ready_now(board, wanted);
        if (*ready != 0)
            return FDM_OK;
        if (deadline_ns <= fdm_clock_now_ns())
            return FDM_ERR_TIMEOUT;
        uint64_t next = earlier(deadline_ns, board_due_ns(board));
        if ((wanted & FDM_STREAM_READABLE) != 0)
            next = earlier(next, fake_line_next_ns(&board->up));
        if ((wanted & FDM_STREAM_WRITABLE) != 0)
            next = earlier(next, fake_line_ready_ns(&board->down));
        if (next > fdm_clock_now_ns())
            virtual_clock_set(next);
    }
}

static enum fdm_status stream_set_baud(struct fdm_stream *stream, uint32_t baud,
                                       struct fdm_error *err)
{
    (void)err;
    stream->baud = baud;
    return FDM_OK;
}

static void stream_free(struct fdm_stream *stream)
{
    (void)stream;
}

static const struct fdm_stream_ops ops = {.read = stream_read,
                                          .write = stream_write,
                                          .wait = stream_wait,
                                          .set_baud = stream_set_baud,
                                          .free = stream_free};

void live_board_start(struct live_board *board, const struct live_plan *plan)
{
    memset(board, 0, sizeof *board);
    board->plan = *plan;
    board->baud = plan->no_rate ? 0 : FAKE_PORT_BAUD;
    board->stream = (struct fdm_stream){.ops = &ops, .baud = board->baud, .name = "wire"};
    board->input = malloc(plan->network->tensors[plan->network->input].bytes);
    assert_non_null(board->input);
    fill_port(board);
    fake_line_init(&board->down, &plan->down);
    fake_line_init(&board->up, &plan->up);
    board->board_runs = true;
    pthread_mutex_init(&board->mutex, NULL);
    pthread_cond_init(&board->changed, NULL);
    assert_int_equal(pthread_create(&board->thread, NULL, live, board), 0);
    pthread_mutex_lock(&board->mutex);
    while (board->board_runs)
        pthread_cond_wait(&board->changed, &board->mutex);
    pthread_mutex_unlock(&board->mutex);
}

void live_board_end(struct live_board *board)
{
    board->ending = true;
    hand_over(board, true);
    pthread_join(board->thread, NULL);
    pthread_mutex_destroy(&board->mutex);
    pthread_cond_destroy(&board->changed);
    fake_line_release(&board->down);
    fake_line_release(&board->up);
    free(board->to_board);
    free(board->to_host);
    fake_port_release(&board->port);
    free(board->input);
}
