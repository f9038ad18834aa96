/* Whole sessions through libserialport: the real agent at the other end of a pseudo-terminal, at
 * changing rates. A pseudo-terminal carries any rate, so the board garbles what comes or goes at
 * another rate than its own. */
#include "tests/support/serial_shim.h"
#include "tests/support/test.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/bench/board_state.h"
#include "harness/bench/device.h"
#include "harness/client/client.h"
#include "reference/compiler/compile.h"
#include "targets/agent/agent.h"
#include "tests/fakes/port.h"
#include "tests/support/network.h"

#define FIRST_BAUD FAKE_PORT_BAUD
#define OUTPUT_MAX 64
#define LAYERS_MAX 32
#define TRIES 20

struct bench {
    struct fdm_network *network;
    struct test_serial serial;
    struct fdm_port port;
    struct fdm_agent agent;
    pthread_t thread;
    atomic_bool ending;
    atomic_bool restarting;
    _Atomic uint32_t baud;
    uint32_t baud_max; /* of the line; 0: any */
    struct fdm_lab_board lab;
    char *cache;           /* the user's, where the lab's board is locked */
    uint32_t time_percent; /* how fast the board's time goes */
    uint8_t *staging;
    uint8_t *image;
    size_t image_bytes;
    uint8_t output[OUTPUT_MAX];
    size_t output_bytes;
};

/* ---- the board ---- */

static uint8_t garbling(const struct bench *bench)
{
    uint32_t baud = bench->baud;
    bool right = test_serial_baud(&bench->serial) == baud &&
                 (bench->baud_max == 0 || baud <= bench->baud_max);
    return right ? 0 : 0xA7;
}

static size_t port_read(void *context, uint8_t *bytes, size_t capacity)
{
    struct bench *bench = context;
    ssize_t got = read(bench->serial.board, bytes, capacity);
    uint8_t damage = got > 0 ? garbling(bench) : 0;
    for (ssize_t i = 0; i < got; i++)
        bytes[i] ^= damage;
    return got > 0 ? (size_t)got : 0;
}

static size_t port_write(void *context, const uint8_t *bytes, size_t len)
{
    struct bench *bench = context;
    uint8_t damaged[64];
    size_t part = len < sizeof damaged ? len : sizeof damaged;
    uint8_t damage = garbling(bench);
    for (size_t i = 0; i < part; i++)
        damaged[i] = bytes[i] ^ damage;
    ssize_t put = write(bench->serial.board, damaged, part);
    return put > 0 ? (size_t)put : 0;
}

static uint64_t port_now_us(void *context)
{
    const struct bench *bench = context;
    return fdm_clock_now_ns() / 1000 * bench->time_percent / 100;
}

/* A terminal that nobody has open hangs up at once: then a pause does. */
static bool port_wait(void *context, uint64_t until_us, bool writing)
{
    struct bench *bench = context;
    struct pollfd item = {bench->serial.board, (short)(POLLIN | (writing ? POLLOUT : 0)), 0};
    (void)until_us;
    if (poll(&item, 1, 5) > 0 && (item.revents & POLLHUP) != 0) {
        const struct timespec pause = {0, 5000000};
        nanosleep(&pause, NULL);
    }
    return !bench->ending && !bench->restarting;
}

static void port_restart(void *context)
{
    struct bench *bench = context;
    bench->restarting = true;
}

static uint32_t port_set_baud(void *context, uint32_t baud)
{
    struct bench *bench = context;
    bench->baud = baud;
    return baud;
}

static void *live(void *argument)
{
    struct bench *bench = argument;
    const struct fdm_agent_config config = {.version = "0.0.1",
                                            .port = &bench->port,
                                            .network = bench->network,
                                            .input = bench->staging,
                                            .input_bytes = bench->image_bytes};
    while (!bench->ending) {
        bench->restarting = false;
        if (!fdm_agent_init(&bench->agent, &config))
            break;
        fdm_agent_run(&bench->agent);
        if (bench->restarting)
            bench->baud = FIRST_BAUD;
    }
    return NULL;
}

static void fill_port(struct bench *bench)
{
    fake_port_init(&bench->port, "serial", bench, bench->network);
    bench->port.read = port_read;
    bench->port.write = port_write;
    bench->port.wait = port_wait;
    bench->port.now_us = port_now_us;
    bench->port.restart = port_restart;
    bench->port.set_baud = port_set_baud;
}

/* ---- the bench ---- */

static void compute(struct bench *bench)
{
    const struct fdm_network *network = bench->network;
    void *arena = test_arena(network);
    test_fill_input(network, 5, bench->image);
    memcpy(fdm_network_input(network, arena), bench->image, bench->image_bytes);
    assert_int_equal(fdm_network_run(network, arena, NULL), FDM_NN_OK);
    memcpy(bench->output, fdm_network_output(network, arena), bench->output_bytes);
    free(arena);
}

static int begin(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->network = test_small_network("tflite");
    const struct fdm_network *network = bench->network;
    bench->image_bytes = network->tensors[network->input].bytes;
    bench->output_bytes = network->tensors[network->output].bytes;
    assert_true(bench->output_bytes <= OUTPUT_MAX && network->layer_count <= LAYERS_MAX);
    bench->image = malloc(bench->image_bytes);
    bench->staging = malloc(bench->image_bytes);
    assert_non_null(bench->image);
    assert_non_null(bench->staging);
    compute(bench);
    fill_port(bench);
    bench->baud = FIRST_BAUD;
    bench->time_percent = 100;
    test_serial_make(&bench->serial);
    *state = bench;
    return 0;
}

static void switch_on(struct bench *bench)
{
    assert_int_equal(pthread_create(&bench->thread, NULL, live, bench), 0);
}

static int end(void **state)
{
    struct bench *bench = *state;
    bench->ending = true;
    pthread_join(bench->thread, NULL);
    test_serial_pull(&bench->serial);
    test_serial_forget();
    fake_port_release(&bench->port);
    free(bench->image);
    free(bench->staging);
    fdm_network_free(bench->network);
    free(bench);
    return 0;
}

static struct fdm_stream *open_port(const struct bench *bench, uint32_t baud)
{
    const struct fdm_stream_serial_options options = {bench->serial.port, NULL, baud};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_stream *stream;
    assert_ok(fdm_stream_open_serial(&options, &stream, &err), err);
    return stream;
}

static void run_session(const struct bench *bench, struct fdm_client *client)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint64_t counters[3];
    uint8_t output[OUTPUT_MAX];
    struct fdm_msg_layer layers[LAYERS_MAX];
    assert_string_equal(fdm_client_hello(client)->board, "serial");
    assert_ok(fdm_client_ping(client, 500, NULL, &err), err);
    assert_ok(fdm_client_load_input(client, bench->image, bench->image_bytes, &err), err);
    assert_ok(fdm_client_infer(client, 1, 3, counters, NULL, &err), err);
    assert_ok(fdm_client_output(client, output, sizeof output, &err), err);
    assert_memory_equal(output, bench->output, bench->output_bytes);
    assert_ok(fdm_client_profile(client, 0, 1, FDM_PROFILE_CRC, layers, &err), err);
}

static void assert_rate(const struct bench *bench, const struct fdm_stream *stream, uint32_t baud)
{
    assert_int_equal(fdm_stream_baud(stream), baud);
    assert_int_equal(test_serial_baud(&bench->serial), baud);
    assert_int_equal(bench->baud, baud);
}

/* The protocol gives a new rate a second to prove itself; on a loaded computer not every try is in
 * time. */
static void change_rate(struct fdm_client *client, uint32_t baud)
{
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = FDM_ERR_UNSUPPORTED;
    uint32_t actual = 0;
    for (int i = 0; i < TRIES && status == FDM_ERR_UNSUPPORTED; i++) {
        err = (struct fdm_error)FDM_ERROR_INIT;
        status = fdm_client_set_baud(client, baud, &actual, &err);
    }
    assert_ok(status, err);
    assert_int_equal(actual, baud);
}

static void await_rate(const struct bench *bench, uint32_t baud)
{
    const struct timespec pause = {0, 5000000};
    uint64_t until_ns = fdm_clock_now_ns() + 60 * FDM_NS_PER_S;
    while (bench->baud != baud && fdm_clock_now_ns() < until_ns)
        nanosleep(&pause, NULL);
    assert_int_equal(bench->baud, baud);
}

/* ---- tests ---- */

static void sessions_go_on_at_every_rate(void **state)
{
    struct bench *bench = *state;
    static const uint32_t rates[] = {921600, 1234567, 9600, 3000000, 115200};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    switch_on(bench);
    struct fdm_stream *stream = open_port(bench, FIRST_BAUD);
    assert_ok(fdm_client_open(stream, NULL, &client, &err), err);
    run_session(bench, client);
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        change_rate(client, rates[i]);
        assert_rate(bench, stream, rates[i]);
        run_session(bench, client);
    }
    change_rate(client, 921600);
    assert_ok(fdm_client_reset(client, FDM_RESET_BOARD, &err), err);
    assert_rate(bench, stream, FIRST_BAUD);
    run_session(bench, client);
    fdm_client_close(client);
    fdm_stream_free(stream);
}

static void a_rate_that_fails_is_given_up_by_both(void **state)
{
    struct bench *bench = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    uint32_t actual = 0;
    bench->baud_max = 460800;
    switch_on(bench);
    struct fdm_stream *stream = open_port(bench, FIRST_BAUD);
    assert_ok(fdm_client_open(stream, NULL, &client, &err), err);
    assert_int_equal(fdm_client_set_baud(client, 921600, &actual, &err), FDM_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.message, "the line does not carry 921600 baud"));
    assert_int_equal(actual, FIRST_BAUD);
    assert_rate(bench, stream, FIRST_BAUD);
    run_session(bench, client);
    change_rate(client, 460800);
    run_session(bench, client);
    fdm_client_close(client);
    fdm_stream_free(stream);
}

static void the_next_host_finds_the_board_at_its_first_rate(void **state)
{
    struct bench *bench = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    switch_on(bench);
    for (int i = 0; i < 3; i++) {
        struct fdm_client *client;
        struct fdm_stream *stream = open_port(bench, FIRST_BAUD);
        assert_ok(fdm_client_open(stream, NULL, &client, &err), err);
        change_rate(client, 921600);
        fdm_client_close(client);
        await_rate(bench, FIRST_BAUD);
        fdm_stream_free(stream);
    }
}

static const struct fdm_board_entry entry = {.id = "serial", .kind = FDM_BOARD_SERIAL};

static struct fdm_device *take_from_lab(struct bench *bench)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_device *device;
    bench->cache = test_tmpdir();
    setenv("XDG_CACHE_HOME", bench->cache, 1);
    bench->lab = (struct fdm_lab_board){.name = "mine",
                                        .board = &entry,
                                        .port = bench->serial.port,
                                        .baud = 921600,
                                        .flasher = FDM_FLASHER_NONE};
    const struct fdm_device_options options = {
        .board = &entry, .lab = &bench->lab, .name = "mine", .version = "1", .owner = "test"};
    assert_ok(fdm_device_new(&options, &device, &err), err);
    return device;
}

static void give_back(struct bench *bench, struct fdm_device *device)
{
    fdm_device_free(device);
    test_rmtree(bench->cache);
    free(bench->cache);
}

/* As `run --board` opens it: with the lab's rate, also where a killed host left the board at it. */
static void the_lab_says_at_which_rate(void **state)
{
    struct bench *bench = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    bench->baud = 921600;
    switch_on(bench);
    struct fdm_device *device = take_from_lab(bench);
    for (int i = 0; i < 2; i++) {
        struct fdm_client *client;
        enum fdm_status status = FDM_ERR_UNSUPPORTED;
        for (int tries = 0; tries < TRIES && status == FDM_ERR_UNSUPPORTED; tries++) {
            err = (struct fdm_error)FDM_ERROR_INIT;
            status = fdm_device_open(device, NULL, &client, &err);
        }
        assert_ok(status, err);
        assert_int_equal(test_serial_baud(&bench->serial), 921600);
        assert_int_equal(bench->baud, 921600);
        run_session(bench, client);
        fdm_device_close(device, client);
        await_rate(bench, FIRST_BAUD);
    }
    give_back(bench, device);
}

static void a_rate_that_the_line_cannot_do_is_told(void **state)
{
    struct bench *bench = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    bench->baud_max = 230400;
    switch_on(bench);
    struct fdm_device *device = take_from_lab(bench);
    assert_int_equal(fdm_device_open(device, NULL, &client, &err), FDM_ERR_UNSUPPORTED);
    assert_null(client);
    assert_non_null(strstr(err.message,
                           "mine: the lab file's \"baud\": set baud: the line does not "
                           "carry 921600 baud"));
    give_back(bench, device);
}

/* On a loaded computer an answer may take too long to tell anything: then once more. */
static void measure_rate(struct bench *bench, struct fdm_clock_rate *rate)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    switch_on(bench);
    struct fdm_stream *stream = open_port(bench, FIRST_BAUD);
    assert_ok(fdm_client_open(stream, NULL, &client, &err), err);
    for (int i = 0; i == 0 || (i < TRIES && rate->margin > 0.2); i++) {
        assert_ok(fdm_clock_rate_measure(client, NULL, rate, &err), err);
        assert_true(fabs(rate->rate - bench->time_percent / 100.0) < rate->margin + 0.001);
    }
    assert_true(rate->margin <= 0.2);
    fdm_client_close(client);
    fdm_stream_free(stream);
}

static void a_board_that_keeps_its_clock_is_not_marked(void **state)
{
    struct fdm_clock_rate rate;
    char remark[FDM_BOARD_REMARK_SIZE];
    measure_rate(*state, &rate);
    fdm_clock_rate_judge(&rate, 400000000, remark);
    assert_string_equal(remark, "");
}

static void a_board_at_half_its_clock_is_marked(void **state)
{
    struct bench *bench = *state;
    struct fdm_clock_rate rate;
    char remark[FDM_BOARD_REMARK_SIZE];
    bench->time_percent = 50;
    measure_rate(bench, &rate);
    fdm_clock_rate_judge(&rate, 400000000, remark);
    assert_non_null(strstr(remark, "not at the stated 400.0 MHz"));
}

static void a_stop_ends_the_clocks_check(void **state)
{
    struct bench *bench = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    struct fdm_clock_rate rate;
    const atomic_bool stop = true;
    switch_on(bench);
    struct fdm_stream *stream = open_port(bench, FIRST_BAUD);
    assert_ok(fdm_client_open(stream, NULL, &client, &err), err);
    assert_int_equal(fdm_clock_rate_measure(client, &stop, &rate, &err), FDM_ERR_CANCELLED);
    fdm_client_close(client);
    fdm_stream_free(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sessions_go_on_at_every_rate, begin, end),
        cmocka_unit_test_setup_teardown(a_rate_that_fails_is_given_up_by_both, begin, end),
        cmocka_unit_test_setup_teardown(the_next_host_finds_the_board_at_its_first_rate, begin,
                                        end),
        cmocka_unit_test_setup_teardown(the_lab_says_at_which_rate, begin, end),
        cmocka_unit_test_setup_teardown(a_rate_that_the_line_cannot_do_is_told, begin, end),
        cmocka_unit_test_setup_teardown(a_board_that_keeps_its_clock_is_not_marked, begin, end),
        cmocka_unit_test_setup_teardown(a_board_at_half_its_clock_is_marked, begin, end),
        cmocka_unit_test_setup_teardown(a_stop_ends_the_clocks_check, begin, end),
    };
    return cmocka_run_group_tests_name("wire.serial_session", tests, NULL, NULL);
}
