/* The client against the real agent, on boards that restart, hang, stop and vanish, over lines that
 * lose bytes or change their rate. Time is virtual, so that waiting costs none. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/client/client.h"
#include "reference/compiler/compile.h"
#include "tests/fakes/live_board.h"
#include "tests/support/network.h"

#define RUNS 3
#define OUTPUT_MAX 64

/* What every test needs: a network, an image, and the right answer. */
struct bench {
    struct fdm_network *network;
    struct fdm_network *other; /* of another file */
    struct fdm_network *streamed;
    uint64_t count; /* of a run */
    uint8_t *image;
    size_t image_bytes;
    uint8_t output[OUTPUT_MAX];
    size_t output_bytes;
};

static int begin(void **state)
{
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    bench->network = test_small_network("tflite");
    bench->other = test_small_network("tflite");
    bench->other->sha256 = "ff00000000000000000000000000000000000000000000000000000000000000";
    bench->streamed = test_streamed_network("tflite");
    bench->count = FAKE_PORT_COUNT;
    const struct fdm_network *network = bench->network;
    bench->image_bytes = network->tensors[network->input].bytes;
    bench->output_bytes = network->tensors[network->output].bytes;
    assert_true(bench->output_bytes <= OUTPUT_MAX);
    bench->image = malloc(bench->image_bytes);
    assert_non_null(bench->image);
    test_fill_input(network, 5, bench->image);
    void *arena = test_arena(network);
    memcpy(fdm_network_input(network, arena), bench->image, bench->image_bytes);
    assert_int_equal(fdm_network_run(network, arena, NULL), FDM_NN_OK);
    memcpy(bench->output, fdm_network_output(network, arena), bench->output_bytes);
    free(arena);
    *state = bench;
    return 0;
}

static int end(void **state)
{
    struct bench *bench = *state;
    fdm_network_free(bench->network);
    fdm_network_free(bench->other);
    fdm_network_free(bench->streamed);
    free(bench->image);
    free(bench);
    return 0;
}

/* One image, as the product does it; the first failure ends it. */
static enum fdm_status classify(const struct bench *bench, struct fdm_client *client,
                                struct fdm_error *err)
{
    uint64_t counters[RUNS];
    uint8_t output[OUTPUT_MAX] = {0};
    enum fdm_status status = fdm_client_load_input(client, bench->image, bench->image_bytes, err);
    if (status == FDM_OK)
        status = fdm_client_infer(client, 1, RUNS, counters, NULL, err);
    if (status == FDM_OK)
        status = fdm_client_output(client, output, sizeof output, err);
    if (status != FDM_OK)
        return status;
    for (size_t i = 0; i < RUNS; i++)
        assert_int_equal(counters[i], bench->count);
    assert_memory_equal(output, bench->output, bench->output_bytes);
    return FDM_OK;
}

static enum fdm_status open_and_classify(const struct bench *bench, struct live_board *board,
                                         struct fdm_client **client, struct fdm_error *err)
{
    enum fdm_status status = fdm_client_open(&board->stream, NULL, client, err);
    return status == FDM_OK ? classify(bench, *client, err) : status;
}

static void expect(const char *remark, enum fdm_status status, const struct fdm_error *err,
                   enum fdm_status expected, const char *words)
{
    if (status != expected)
        fail_msg("%s: status %d instead of %d: %s", remark, status, expected, err->message);
    if (words != NULL && strstr(err->message, words) == NULL)
        fail_msg("%s: '%s' does not say '%s'", remark, err->message, words);
}

/* ---- boards in trouble ---- */

static void trouble_is_overcome_or_told(void **state)
{
    const struct bench *bench = *state;
    static const struct {
        const char *remark;
        enum live_event event;
        uint64_t at_byte;
        unsigned in_run; /* the warm-up is the first */
        bool other_program;
        enum fdm_status status;
        const char *words;
        uint32_t sessions;   /* if it was overcome */
        uint64_t at_least_s; /* of waiting, and */
        uint64_t at_most_s;
    } cases[] = {
        {"no trouble", LIVE_NOTHING, 0, 0, false, FDM_OK, NULL, 1, 0, 1},
        {"restarts before hello", LIVE_RESTART, 5, 0, false, FDM_OK, NULL, 1, 0, 6},
        {"restarts while it is asked hello", LIVE_RESTART, 30, 0, false, FDM_OK, NULL, 2, 0, 6},
        {"restarts in mid-upload", LIVE_RESTART, 200, 0, false, FDM_OK, NULL, 2, 0, 6},
        {"restarts while it warms up", LIVE_RESTART, 0, 1, false, FDM_OK, NULL, 2, 0, 6},
        {"restarts in a timed run", LIVE_RESTART, 0, 3, false, FDM_OK, NULL, 2, 0, 6},
        {"restarts with another program", LIVE_RESTART, 0, 2, true, FDM_ERR_MISMATCH,
         "infer: the board restarted with another program: live, small", 0, 0, 6},
        {"hangs before hello", LIVE_HANG, 1, 0, false, FDM_ERR_TIMEOUT,
         "hello: wire: no answer within 5.0 s", 0, 15, 16},
        {"hangs in mid-upload", LIVE_HANG, 200, 0, false, FDM_ERR_TIMEOUT,
         "load: wire: no answer within 5.0 s", 0, 15, 16},
        {"hangs in mid-infer", LIVE_HANG, 0, 3, false, FDM_ERR_TIMEOUT,
         "infer: wire: no answer within 5.0 s", 0, 120, 300},
        {"vanishes before hello", LIVE_VANISH, 1, 0, false, FDM_ERR_EOF, "hello: wire: unplugged",
         0, 0, 1},
        {"vanishes in mid-upload", LIVE_VANISH, 200, 0, false, FDM_ERR_EOF, "load: wire: unplugged",
         0, 0, 1},
        {"vanishes in mid-infer", LIVE_VANISH, 0, 2, false, FDM_ERR_EOF, "infer: wire: unplugged",
         0, 0, 1},
        {"stops before hello", LIVE_LAST_WORDS, 1, 0, false, FDM_ERR_TARGET,
         "hello: wire: the board stopped; its last words: fdm-bench: fault, exception 00000006", 0,
         0, 1},
        {"stops in mid-infer", LIVE_LAST_WORDS, 0, 2, false, FDM_ERR_TARGET,
         "infer: wire: the board stopped; its last words: fdm-bench: fault, exception 00000006", 0,
         0, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct live_board board;
        const struct live_plan plan = {.network = bench->network,
                                       .then = cases[i].other_program ? bench->other : NULL,
                                       .event = cases[i].event,
                                       .at_byte = cases[i].at_byte,
                                       .in_run = cases[i].in_run};
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_client *client = NULL;
        uint64_t begin_ns = fdm_clock_now_ns();
        live_board_start(&board, &plan);
        enum fdm_status status = open_and_classify(bench, &board, &client, &err);
        uint64_t took_s = (fdm_clock_now_ns() - begin_ns) / FDM_NS_PER_S;
        expect(cases[i].remark, status, &err, cases[i].status, cases[i].words);
        if (took_s < cases[i].at_least_s || took_s > cases[i].at_most_s)
            fail_msg("%s: after %u s", cases[i].remark, (unsigned)took_s);
        if (status == FDM_OK) {
            struct fdm_client_stats stats;
            fdm_client_stats(client, &stats);
            if (stats.sessions != cases[i].sessions)
                fail_msg("%s: %u sessions", cases[i].remark, (unsigned)stats.sessions);
        }
        fdm_client_close(client);
        live_board_end(&board);
    }
}

/* At every byte that the board reads; the count of bytes is that of a whole session. */
static void a_restart_at_any_byte_costs_nothing_but_time(void **state)
{
    const struct bench *bench = *state;
    uint64_t whole = 1;
    for (uint64_t at = 0; at < whole; at++) {
        static struct live_board board;
        const struct live_plan plan = {
            .network = bench->network, .event = LIVE_RESTART, .at_byte = at};
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_client *client = NULL;
        live_board_start(&board, &plan);
        enum fdm_status status = open_and_classify(bench, &board, &client, &err);
        /* Only a restart between a run and the question for its output leaves nothing to tell. */
        if (status == FDM_ERR_TARGET && strstr(err.message, "output: ") != NULL)
            status = classify(bench, client, &err);
        if (status != FDM_OK)
            fail_msg("at byte %u of %u: %s", (unsigned)at, (unsigned)whole, err.message);
        if (at == 0)
            whole = board.bytes_read;
        fdm_client_close(client);
        live_board_end(&board);
    }
    assert_true(whole > bench->image_bytes);
}

static void an_output_that_a_restart_took_away_is_refused(void **state)
{
    const struct bench *bench = *state;
    static struct live_board board;
    const struct live_plan plan = {.network = bench->network};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    uint8_t output[OUTPUT_MAX];
    live_board_start(&board, &plan);
    assert_ok(open_and_classify(bench, &board, &client, &err), err);
    assert_ok(fdm_client_reset(client, FDM_RESET_BOARD, &err), err);
    assert_int_equal(board.starts, 1);
    assert_int_equal(fdm_client_output(client, output, sizeof output, &err), FDM_ERR_TARGET);
    assert_non_null(strstr(err.message, "the board refuses 'output'"));
    assert_ok(classify(bench, client, &err), err);
    fdm_client_close(client);
    live_board_end(&board);
}

static void noise_changes_no_result(void **state)
{
    const struct bench *bench = *state;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        static struct live_board board;
        const struct live_plan plan = {.network = bench->network,
                                       .down = {.noise_ppm = 10000, .seed = seed},
                                       .up = {.noise_ppm = 10000, .seed = seed + 100}};
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_client *client;
        struct fdm_client_stats stats;
        struct fdm_msg_layer layers[64];
        live_board_start(&board, &plan);
        assert_ok(open_and_classify(bench, &board, &client, &err), err);
        assert_true(bench->network->layer_count * 2 <= 64);
        assert_ok(fdm_client_profile(client, 0, 2, FDM_PROFILE_CRC, layers, &err), err);
        fdm_client_stats(client, &stats);
        assert_true(stats.damaged_frames > 0 || stats.link.bytes_repeated > 0);
        fdm_client_close(client);
        live_board_end(&board);
    }
}

/* Their runs are counted row by row. */
static void streamed_inputs_survive_the_same(void **state)
{
    const struct bench *bench = *state;
    struct bench streamed = *bench;
    void *mine = &streamed;
    const struct fdm_network_tensor *input = &bench->streamed->tensors[bench->streamed->input];
    streamed.network = bench->streamed;
    streamed.count = FAKE_PORT_COUNT * (uint64_t)(input->h + 1);
    a_restart_at_any_byte_costs_nothing_but_time(&mine);
    noise_changes_no_result(&mine);
}

static void the_stop_flag_ends_a_wait_and_leaves_the_client_usable(void **state)
{
    const struct bench *bench = *state;
    static struct live_board board;
    const struct live_plan plan = {.network = bench->network};
    atomic_bool stop = false;
    const struct fdm_client_options options = {.stop = &stop};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    uint64_t counter;
    live_board_start(&board, &plan);
    assert_ok(fdm_client_open(&board.stream, &options, &client, &err), err);
    assert_ok(fdm_client_load_input(client, bench->image, bench->image_bytes, &err), err);
    atomic_store(&stop, true);
    assert_int_equal(fdm_client_infer(client, 0, 1, &counter, NULL, &err), FDM_ERR_CANCELLED);
    atomic_store(&stop, false);
    assert_ok(classify(bench, client, &err), err);
    fdm_client_close(client);
    live_board_end(&board);
}

/* ---- rates ---- */

static void rates_are_agreed_or_left_alone(void **state)
{
    const struct bench *bench = *state;
    static const struct {
        const char *remark;
        uint32_t baud_max;
        bool no_rate;
        uint32_t baud;
        enum fdm_status status;
        const char *words;
        uint32_t then; /* the rate afterwards */
    } cases[] = {
        {"faster", 0, false, 921600, FDM_OK, NULL, 921600},
        {"slower", 0, false, 9600, FDM_OK, NULL, 9600},
        {"the line carries it just so", 460800, false, 460800, FDM_OK, NULL, 460800},
        {"the line garbles it", 460800, false, 921600, FDM_ERR_UNSUPPORTED,
         "set baud: the line does not carry 921600 baud", FAKE_PORT_BAUD},
        {"the board refuses it", 0, false, 0, FDM_ERR_TARGET, "no such rate", FAKE_PORT_BAUD},
        {"no rate at all", 0, true, 921600, FDM_ERR_UNSUPPORTED, "has no rate to change", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct live_board board;
        const struct live_plan plan = {.network = bench->network,
                                       .baud_max = cases[i].baud_max,
                                       .no_rate = cases[i].no_rate,
                                       .down = {.latency_us = 1000},
                                       .up = {.latency_us = 1000}};
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_client *client;
        uint32_t actual = 0;
        live_board_start(&board, &plan);
        assert_ok(open_and_classify(bench, &board, &client, &err), err);
        enum fdm_status status = fdm_client_set_baud(client, cases[i].baud, &actual, &err);
        expect(cases[i].remark, status, &err, cases[i].status, cases[i].words);
        assert_int_equal(fdm_stream_baud(&board.stream), cases[i].then);
        assert_int_equal(board.baud, cases[i].then);
        if (status == FDM_OK)
            assert_int_equal(actual, cases[i].then);
        assert_ok(classify(bench, client, &err), err);
        fdm_client_close(client);
        live_board_end(&board);
    }
}

/* The board comes back at its first rate, which the host has left. */
static void a_board_that_restarts_at_another_rate_is_found_again(void **state)
{
    const struct bench *bench = *state;
    static struct live_board board;
    const struct live_plan plan = {.network = bench->network, .event = LIVE_RESTART, .in_run = 2};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    live_board_start(&board, &plan);
    assert_ok(fdm_client_open(&board.stream, NULL, &client, &err), err);
    assert_ok(fdm_client_set_baud(client, 921600, NULL, &err), err);
    assert_ok(classify(bench, client, &err), err);
    assert_int_equal(board.starts, 1);
    assert_int_equal(fdm_stream_baud(&board.stream), FAKE_PORT_BAUD);
    fdm_client_close(client);
    live_board_end(&board);
}

static void a_board_told_to_restart_is_back_at_its_first_rate(void **state)
{
    const struct bench *bench = *state;
    static struct live_board board;
    const struct live_plan plan = {.network = bench->network};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    live_board_start(&board, &plan);
    assert_ok(fdm_client_open(&board.stream, NULL, &client, &err), err);
    assert_ok(fdm_client_set_baud(client, 921600, NULL, &err), err);
    assert_ok(fdm_client_reset(client, FDM_RESET_BOARD, &err), err);
    assert_int_equal(fdm_stream_baud(&board.stream), FAKE_PORT_BAUD);
    assert_ok(classify(bench, client, &err), err);
    fdm_client_close(client);
    live_board_end(&board);
}

/* ---- misuse ---- */

static void wrong_calls_are_refused_here(void **state)
{
    const struct bench *bench = *state;
    static struct live_board board;
    const struct live_plan plan = {.network = bench->network};
    struct fdm_client *client;
    struct fdm_error err = FDM_ERROR_INIT;
    uint8_t output[OUTPUT_MAX];
    live_board_start(&board, &plan);
    assert_ok(fdm_client_open(&board.stream, NULL, &client, &err), err);
    assert_int_equal(fdm_client_load_input(client, bench->image, bench->image_bytes - 1, NULL),
                     FDM_ERR_USAGE);
    assert_int_equal(fdm_client_output(client, output, bench->output_bytes - 1, NULL),
                     FDM_ERR_USAGE);
    assert_int_equal(fdm_client_infer(client, 1, 0, NULL, NULL, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_client_profile(client, 1, 0, FDM_PROFILE_CRC, NULL, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_client_ping(client, FDM_AGENT_BODY_MAX + 1, NULL, NULL), FDM_ERR_USAGE);
    assert_ok(fdm_client_ping(client, FDM_AGENT_BODY_MAX, NULL, &err), err);
    fdm_client_close(client);
    fdm_client_close(NULL);
    live_board_end(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trouble_is_overcome_or_told, begin, end),
        cmocka_unit_test_setup_teardown(a_restart_at_any_byte_costs_nothing_but_time, begin, end),
        cmocka_unit_test_setup_teardown(an_output_that_a_restart_took_away_is_refused, begin, end),
        cmocka_unit_test_setup_teardown(noise_changes_no_result, begin, end),
        cmocka_unit_test_setup_teardown(streamed_inputs_survive_the_same, begin, end),
        cmocka_unit_test_setup_teardown(the_stop_flag_ends_a_wait_and_leaves_the_client_usable,
                                        begin, end),
        cmocka_unit_test_setup_teardown(rates_are_agreed_or_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_board_that_restarts_at_another_rate_is_found_again, begin,
                                        end),
        cmocka_unit_test_setup_teardown(a_board_told_to_restart_is_back_at_its_first_rate, begin,
                                        end),
        cmocka_unit_test_setup_teardown(wrong_calls_are_refused_here, begin, end),
    };
    return cmocka_run_group_tests_name("wire.client", tests, NULL, NULL);
}
