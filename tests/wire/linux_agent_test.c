/* The agent as a program of its own, over its standard streams. */
#include "tests/support/test.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/proc.h"
#include "reference/compiler/compile.h"
#include "targets/wire/crc32.h"
#include "targets/wire/msg.h"
#include "tests/support/network.h"

#define PATIENCE_NS (60 * FDM_NS_PER_S)

struct host {
    struct fdm_proc program;
    struct fdm_link link;
    struct fdm_msg_reader reader;
    uint8_t message[FDM_MSG_HEADER_BYTES + 4096];
    uint8_t body[FDM_LINK_BODY_BYTES(FDM_LINK_PAYLOAD_DEFAULT)];
    uint8_t rx[8192];
    uint8_t tx[65536];
};

static void start(struct host *host)
{
    static const char *const argv[] = {FDM_TEST_AGENT, NULL};
    const struct fdm_proc_options options = {.argv = argv,
                                             .input = FDM_PROC_PIPE,
                                             .output = FDM_PROC_PIPE,
                                             .errors = FDM_PROC_INHERIT,
                                             .socket = true};
    const struct fdm_link_config config = {.max_payload = FDM_LINK_PAYLOAD_DEFAULT,
                                           .rx_body = host->body,
                                           .rx_window = host->rx,
                                           .rx_window_bytes = sizeof host->rx,
                                           .tx_window = host->tx,
                                           .tx_window_bytes = sizeof host->tx};
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_proc_start(&options, &host->program, &err), err);
    assert_true(fdm_link_init(&host->link, &config));
    fdm_msg_reader_init(&host->reader, host->message, sizeof host->message);
    fdm_link_open(&host->link, 0x4004, fdm_clock_now_ns() / 1000);
}

static void send_frames(struct host *host)
{
    uint8_t frame[FDM_LINK_FRAME_BYTES(FDM_LINK_PAYLOAD_DEFAULT)];
    size_t len;
    while ((len = fdm_link_transmit(&host->link, frame, fdm_clock_now_ns() / 1000)) > 0)
        for (size_t at = 0; at < len;) {
            struct pollfd item = {host->program.input_fd, POLLOUT, 0};
            assert_int_equal(poll(&item, 1, 10000), 1);
            ssize_t put = send(host->program.input_fd, frame + at, len - at, MSG_NOSIGNAL);
            assert_true(put > 0);
            at += (size_t)put;
        }
}

static void hear_bytes(struct host *host)
{
    uint8_t bytes[4096];
    struct pollfd item = {host->program.input_fd, POLLIN, 0};
    if (poll(&item, 1, 5) <= 0)
        return;
    ssize_t got = recv(host->program.input_fd, bytes, sizeof bytes, 0);
    assert_true(got > 0);
    fdm_link_receive(&host->link, bytes, (size_t)got, fdm_clock_now_ns() / 1000);
}

static void next(struct host *host, struct fdm_msg *msg)
{
    uint64_t until_ns = fdm_clock_now_ns() + PATIENCE_NS;
    while (fdm_msg_read(&host->reader, &host->link, msg) != FDM_MSG_READY) {
        send_frames(host);
        hear_bytes(host);
        assert_true(fdm_clock_now_ns() < until_ns);
    }
    assert_int_not_equal(msg->type, FDM_MSG_ERROR);
}

static void ask(struct host *host, const struct fdm_msg *request, struct fdm_msg *reply)
{
    uint64_t until_ns = fdm_clock_now_ns() + PATIENCE_NS;
    while (!fdm_msg_write(&host->link, request)) {
        send_frames(host);
        hear_bytes(host);
        assert_true(fdm_clock_now_ns() < until_ns);
    }
    next(host, reply);
}

static void load(struct host *host, const uint8_t *input, size_t len)
{
    struct fdm_msg reply;
    struct fdm_msg announce = {.type = FDM_MSG_LOAD, .tag = 2};
    announce.u.load.bytes = (uint32_t)len;
    announce.u.load.crc32 = fdm_crc32(FDM_CRC32_INIT, input, len);
    ask(host, &announce, &reply);
    assert_int_equal(reply.u.load_state.received, 0);
    struct fdm_msg piece = {.type = FDM_MSG_LOAD_DATA, .tag = 2};
    piece.u.data.bytes = input;
    piece.u.data.len = len;
    ask(host, &piece, &reply);
    assert_true(reply.u.load_state.complete);
}

static void expect_end(struct host *host)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_proc_exit ended;
    close(host->program.input_fd);
    host->program.input_fd = -1;
    assert_ok(fdm_proc_wait(&host->program, fdm_clock_now_ns() + PATIENCE_NS, &ended, &err), err);
    assert_int_equal(ended.code, 0);
    fdm_proc_release(&host->program, FDM_NS_PER_S);
}

static void a_program_answers_and_ends_with_its_host(void **state)
{
    (void)state;
    static struct host host;
    struct fdm_network *network = test_small_network("tflite");
    size_t input_bytes = network->tensors[network->input].bytes;
    size_t output_bytes = network->tensors[network->output].bytes;
    void *arena = test_arena(network);
    uint8_t *input = malloc(input_bytes);
    assert_non_null(input);
    test_fill_input(network, 77, input);
    start(&host);

    struct fdm_msg reply;
    struct fdm_msg hello = {.type = FDM_MSG_HELLO, .tag = 1, .u.hello = {FDM_WIRE_VERSION}};
    ask(&host, &hello, &reply);
    assert_int_equal(reply.u.hello_reply.counter_kind, FDM_COUNTER_NANOSECONDS);
    assert_int_equal(reply.u.hello_reply.input_bytes, input_bytes);
    assert_true(reply.u.hello_reply.cpu[0] != '\0' && reply.u.hello_reply.board[0] != '\0');
    assert_int_equal(reply.u.hello_reply.features & FDM_FEATURE_RESTART, 0);

    load(&host, input, input_bytes);
    struct fdm_msg infer = {.type = FDM_MSG_INFER, .tag = 3, .u.infer = {0, 1}};
    ask(&host, &infer, &reply);
    assert_int_equal(reply.type, FDM_MSG_RUN);
    assert_true(reply.u.run.counter > 0);
    next(&host, &reply);
    memcpy(fdm_network_input(network, arena), input, input_bytes);
    assert_int_equal(fdm_network_run(network, arena, NULL), FDM_NN_OK);
    assert_int_equal(reply.u.infer_done.output_crc32,
                     fdm_crc32(FDM_CRC32_INIT, fdm_network_output(network, arena), output_bytes));

    struct fdm_msg memory = {.type = FDM_MSG_MEMORY, .tag = 4};
    ask(&host, &memory, &reply);
    assert_true(reply.u.memory.constant_bytes > 0);
    assert_in_range(reply.u.memory.stack_used, 1000, 60000);
    expect_end(&host);
    free(input);
    free(arena);
    fdm_network_free(network);
}

static void a_host_that_never_speaks_ends_it_too(void **state)
{
    (void)state;
    static struct host host;
    start(&host);
    expect_end(&host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_answers_and_ends_with_its_host),
        cmocka_unit_test(a_host_that_never_speaks_ends_it_too),
    };
    return cmocka_run_group_tests_name("wire.linux_agent", tests, NULL, NULL);
}
