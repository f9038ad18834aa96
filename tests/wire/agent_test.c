/* The agent, as a host sees it over a line; results against the network run here. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "reference/compiler/compile.h"
#include "targets/wire/crc32.h"
#include "tests/fakes/board.h"
#include "tests/support/network.h"

#define SECOND_NS UINT64_C(1000000000)

static const struct wire_pair_config quiet = {
    .down = {.baud = 921600, .latency_us = 300, .buffer_bytes = 512, .seed = 1},
    .up = {.baud = 921600, .latency_us = 300, .buffer_bytes = 512, .seed = 2},
    .window_bytes = 8192};

/* What every test needs: a network, a board, an image, and the right answer. */
struct bench {
    struct fdm_network *network;
    struct fake_board board;
    uint8_t *image;
    size_t image_bytes;
    uint8_t *output;
    size_t output_bytes;
    uint32_t layer_crc32[FDM_AGENT_LAYERS_MAX];
    uint32_t layer_bytes[FDM_AGENT_LAYERS_MAX];
    uint32_t layer_pieces[FDM_AGENT_LAYERS_MAX];
};

static void note_layer(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct bench *bench = context;
    bench->layer_crc32[layer] =
        fdm_crc32(at == 0 ? FDM_CRC32_INIT : bench->layer_crc32[layer], output, bytes);
    bench->layer_bytes[layer] = (uint32_t)(at + bytes);
    bench->layer_pieces[layer]++;
}

static void compute(struct bench *bench)
{
    const struct fdm_network *network = bench->network;
    const struct fdm_network_observer observer = {bench, NULL, note_layer};
    void *arena = test_arena(network);
    memcpy(fdm_network_input(network, arena), bench->image, bench->image_bytes);
    assert_int_equal(fdm_network_run(network, arena, &observer), FDM_NN_OK);
    memcpy(bench->output, fdm_network_output(network, arena), bench->output_bytes);
    free(arena);
}

static void begin_with(struct bench *bench, const struct wire_pair_config *config)
{
    memset(bench, 0, sizeof *bench);
    bench->network = test_small_network("tflite");
    bench->image_bytes = bench->network->tensors[bench->network->input].bytes;
    bench->output_bytes = bench->network->tensors[bench->network->output].bytes;
    bench->image = malloc(bench->image_bytes + 1); /* one more than the network takes */
    bench->output = malloc(bench->output_bytes);
    assert_non_null(bench->image);
    assert_non_null(bench->output);
    test_fill_input(bench->network, 5, bench->image);
    bench->image[bench->image_bytes] = 1;
    compute(bench);
    fake_board_init(&bench->board, bench->network, config);
}

static struct bench *begin(void)
{
    static struct bench bench;
    begin_with(&bench, &quiet);
    return &bench;
}

static void end(struct bench *bench)
{
    fake_board_release(&bench->board);
    fdm_network_free(bench->network);
    free(bench->image);
    free(bench->output);
}

static void load_image(struct bench *bench)
{
    const struct fdm_msg *state = fake_board_load(&bench->board, bench->image, bench->image_bytes);
    assert_int_equal(state->type, FDM_MSG_LOAD_STATE);
    assert_true(state->u.load_state.complete);
}

static struct fdm_msg infer(uint16_t warmups, uint16_t runs)
{
    struct fdm_msg msg = {.type = FDM_MSG_INFER, .tag = 60};
    msg.u.infer.warmups = warmups;
    msg.u.infer.runs = runs;
    return msg;
}

static void expect_error(struct bench *bench, const struct fdm_msg *msg,
                         enum fdm_msg_error_code code)
{
    const struct fdm_msg *reply = fake_board_ask(&bench->board, msg);
    assert_int_equal(reply->type, FDM_MSG_ERROR);
    assert_int_equal(reply->u.error.code, code);
    assert_int_equal(reply->u.error.request, msg->type);
    assert_true(strlen(reply->u.error.text) > 5);
}

static void hello_tells_what_is_there(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench->network->sha256 = "00ff10abcdef0000000000000000000000000000000000000000000000000009";
    struct fdm_msg hello = {.type = FDM_MSG_HELLO, .tag = 1, .u.hello = {FDM_WIRE_VERSION}};
    const struct fdm_msg *reply = fake_board_ask(&bench->board, &hello);
    assert_int_equal(reply->type, FDM_MSG_HELLO_REPLY);
    const struct fdm_msg_hello_reply *facts = &reply->u.hello_reply;
    static const uint8_t digest[] = {0x00, 0xFF, 0x10, 0xAB, 0xCD, 0xEF};
    assert_memory_equal(facts->network_sha256, digest, sizeof digest);
    assert_int_equal(facts->network_sha256[31], 9);
    assert_int_equal(facts->wire_version, FDM_WIRE_VERSION);
    assert_int_equal(facts->body_max, FDM_AGENT_BODY_MAX);
    assert_int_equal(facts->input_bytes, bench->image_bytes);
    assert_int_equal(facts->output_bytes, bench->output_bytes);
    assert_int_equal(facts->arena_bytes, bench->network->arena_bytes);
    assert_int_equal(facts->layers, bench->network->layer_count);
    assert_int_equal(facts->counter_kind, FDM_COUNTER_TICKS);
    assert_int_equal(facts->stack_bytes, 4096);
    assert_int_equal(facts->features, FDM_FEATURE_PROFILE | FDM_FEATURE_LAYER_CRC |
                                          FDM_FEATURE_SET_BAUD | FDM_FEATURE_RESTART |
                                          FDM_FEATURE_STACK_MARK | FDM_FEATURE_STATE);
    assert_string_equal(facts->board, "fake");
    assert_string_equal(facts->engine, "reference");
    assert_string_equal(facts->semantics, "tflite");
    assert_string_equal(facts->compiler, "cc 1.0 -O2");
    end(bench);
}

static void outputs_are_those_of_the_network(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t noise_ppm;
        uint16_t warmups, runs;
    } cases[] = {
        {"once", 0, 0, 1},
        {"warm-ups and repetitions leave the result alone", 0, 2, 5},
        {"more runs than the window holds", 0, 0, 200},
        {"a line that damages 1 % of all bytes", 10000, 1, 20},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct bench bench;
        struct wire_pair_config config = quiet;
        config.down.noise_ppm = cases[i].noise_ppm;
        config.up.noise_ppm = cases[i].noise_ppm;
        begin_with(&bench, &config);
        load_image(&bench);
        struct fdm_msg request = infer(cases[i].warmups, cases[i].runs);
        const struct fdm_msg *done = fake_board_ask(&bench.board, &request);
        if (done->type != FDM_MSG_INFER_DONE || bench.board.item_count != cases[i].runs)
            fail_msg("%s: %s, %zu runs", cases[i].remark, fdm_msg_name(done->type),
                     bench.board.item_count);
        for (uint32_t run = 0; run < cases[i].runs; run++) {
            assert_int_equal(bench.board.items[run].type, FDM_MSG_RUN);
            assert_int_equal(bench.board.items[run].tag, 60);
            assert_int_equal(bench.board.items[run].u.run.index, run);
            assert_int_equal(bench.board.items[run].u.run.counter, FAKE_PORT_COUNT);
        }
        uint32_t crc32 = fdm_crc32(FDM_CRC32_INIT, bench.output, bench.output_bytes);
        assert_int_equal(done->u.infer_done.output_crc32, crc32);
        assert_int_equal(done->u.infer_done.runs, cases[i].runs);

        struct fdm_msg output = {.type = FDM_MSG_OUTPUT, .tag = 61};
        output.u.output.bytes = (uint32_t)bench.output_bytes;
        done = fake_board_ask(&bench.board, &output);
        assert_int_equal(done->type, FDM_MSG_OUTPUT_DONE);
        assert_int_equal(done->u.output_done.crc32, crc32);
        assert_int_equal(bench.board.bulk_bytes, bench.output_bytes);
        assert_memory_equal(bench.board.bulk, bench.output, bench.output_bytes);
        end(&bench);
    }
}

static void parts_of_the_output_can_be_read(void **state)
{
    (void)state;
    struct bench *bench = begin();
    load_image(bench);
    struct fdm_msg request = infer(0, 1);
    fake_board_ask(&bench->board, &request);
    struct fdm_msg output = {.type = FDM_MSG_OUTPUT, .tag = 61, .u.output = {4, 4}};
    const struct fdm_msg *done = fake_board_ask(&bench->board, &output);
    assert_int_equal(bench->board.items[0].u.data.offset, 4);
    assert_int_equal(bench->board.bulk_bytes, 4);
    assert_memory_equal(bench->board.bulk, bench->output + 4, 4);
    assert_int_equal(done->u.output_done.crc32, fdm_crc32(FDM_CRC32_INIT, bench->output + 4, 4));
    output.u.output.offset = (uint32_t)bench->output_bytes;
    output.u.output.bytes = 0;
    assert_int_equal(fake_board_ask(&bench->board, &output)->type, FDM_MSG_OUTPUT_DONE);
    output.u.output.bytes = 1;
    expect_error(bench, &output, FDM_MSG_ERR_RANGE);
    output.u.output = (struct fdm_msg_output){0xFFFFFFF0, 0x20};
    expect_error(bench, &output, FDM_MSG_ERR_RANGE);
    output.u.output = (struct fdm_msg_output){4, 0xFFFFFFFE};
    expect_error(bench, &output, FDM_MSG_ERR_RANGE);
    end(bench);
}

static void layers_are_profiled(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint8_t flags;
    } cases[] = {
        {"counters", FDM_PROFILE_COUNTERS},
        {"checksums", FDM_PROFILE_CRC},
        {"both", FDM_PROFILE_COUNTERS | FDM_PROFILE_CRC},
    };
    struct bench *bench = begin();
    uint32_t layers = bench->network->layer_count;
    load_image(bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_msg msg = {.type = FDM_MSG_PROFILE, .tag = 70};
        msg.u.profile = (struct fdm_msg_profile){1, 2, cases[i].flags};
        const struct fdm_msg *done = fake_board_ask(&bench->board, &msg);
        if (done->type != FDM_MSG_PROFILE_DONE || bench->board.item_count != (size_t)layers * 2)
            fail_msg("%s", cases[i].remark);
        assert_int_equal(done->u.profile_done.layers, layers);
        for (uint32_t at = 0; at < 2 * layers; at++) {
            const struct fdm_msg_layer *layer = &bench->board.items[at].u.layer;
            bool counted = (cases[i].flags & FDM_PROFILE_COUNTERS) != 0;
            bool summed = (cases[i].flags & FDM_PROFILE_CRC) != 0;
            assert_int_equal(layer->run, at / layers);
            assert_int_equal(layer->layer, at % layers);
            assert_int_equal(layer->counter,
                             counted ? FAKE_PORT_COUNT * bench->layer_pieces[at % layers] : 0);
            assert_int_equal(layer->output_bytes, bench->layer_bytes[at % layers]);
            assert_int_equal(layer->output_crc32, summed ? bench->layer_crc32[at % layers] : 0);
        }
    }
    struct fdm_msg msg = {.type = FDM_MSG_PROFILE, .tag = 70, .u.profile = {0, 1, 4}};
    expect_error(bench, &msg, FDM_MSG_ERR_RANGE);
    end(bench);
}

/* The same bits and checksums from an image of which the board holds a few rows. */
static void streamed_inputs_run_while_they_are_loaded(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct fake_board board;
    struct fdm_network *network = test_streamed_network("tflite");
    const uint64_t rows = (uint64_t)network->tensors[network->input].h;
    struct fdm_msg profile = {.type = FDM_MSG_PROFILE, .tag = 70};
    profile.u.profile = (struct fdm_msg_profile){0, 1, FDM_PROFILE_CRC | FDM_PROFILE_COUNTERS};
    struct fdm_msg watch = {.type = FDM_MSG_WATCH, .tag = 71};
    struct fdm_msg once = infer(0, 1);
    struct fdm_msg twice = infer(0, 2);
    fake_board_init(&board, network, &quiet);
    for (int again = 0; again < 2; again++) {
        watch.u.watch.flags = 0;
        assert_int_equal(fake_board_ask(&board, &watch)->type, FDM_MSG_WATCH_REPLY);
        fake_board_load(&board, bench->image, bench->image_bytes);
        assert_int_equal(fake_board_ask(&board, &profile)->u.error.code, FDM_MSG_ERR_STATE);
        assert_int_equal(fake_board_ask(&board, &twice)->u.error.code, FDM_MSG_ERR_RANGE);
        const struct fdm_msg *done = fake_board_ask(&board, &once);
        assert_int_equal(done->type, FDM_MSG_INFER_DONE);
        assert_int_equal(done->u.infer_done.output_crc32,
                         fdm_crc32(FDM_CRC32_INIT, bench->output, bench->output_bytes));
        assert_int_equal(board.items[0].u.run.counter, FAKE_PORT_COUNT * (rows + 1));
        assert_int_equal(fake_board_ask(&board, &once)->u.error.code, FDM_MSG_ERR_STATE);

        watch.u.watch.flags = profile.u.profile.flags;
        assert_int_equal(fake_board_ask(&board, &watch)->type, FDM_MSG_WATCH_REPLY);
        fake_board_load(&board, bench->image, bench->image_bytes);
        assert_int_equal(fake_board_ask(&board, &once)->u.error.code, FDM_MSG_ERR_STATE);
        assert_int_equal(fake_board_ask(&board, &profile)->type, FDM_MSG_PROFILE_DONE);
        assert_int_equal(board.item_count, network->layer_count);
        for (uint32_t i = 0; i < network->layer_count; i++) {
            const struct fdm_msg_layer *layer = &board.items[i].u.layer;
            assert_int_equal(layer->output_crc32, bench->layer_crc32[i]);
            assert_int_equal(layer->output_bytes, bench->layer_bytes[i]);
            assert_true(layer->counter > 0 && layer->counter % FAKE_PORT_COUNT == 0);
        }
    }
    expect_error(bench, &watch, FDM_MSG_ERR_FEATURE); /* its input is not streamed */
    fake_board_release(&board);
    fdm_network_free(network);
    end(bench);
}

static struct fdm_msg announce(const struct bench *bench, const uint8_t *image)
{
    struct fdm_msg msg = {.type = FDM_MSG_LOAD, .tag = 51};
    msg.u.load.bytes = (uint32_t)bench->image_bytes;
    msg.u.load.crc32 = fdm_crc32(FDM_CRC32_INIT, image, bench->image_bytes);
    return msg;
}

static void send_raw(struct bench *bench, const uint8_t *bytes, size_t len)
{
    assert_int_equal(fdm_link_write(&bench->board.pair.host.link, bytes, len), len);
}

/* The host went away in the middle, even of a message, and comes back with the same image. */
static void loading_resumes_where_it_stopped(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct fake_board *board = &bench->board;
    struct fdm_msg load = announce(bench, bench->image);
    assert_int_equal(fake_board_ask(board, &load)->u.load_state.received, 0);
    struct fdm_msg piece = {.type = FDM_MSG_LOAD_DATA, .tag = 51};
    piece.u.data.bytes = bench->image;
    piece.u.data.len = 7;
    fake_board_send(board, &piece);
    send_raw(bench, (const uint8_t[]){FDM_MSG_PING, 4, 100}, 3);
    assert_false(fake_board_await_for(board, SECOND_NS));

    wire_end_restart(&board->pair.host);
    fdm_link_open(&board->pair.host.link, 0x2002, wire_pair_now_us(&board->pair));
    board->reader.len = 0;
    assert_false(fake_board_await_for(board, SECOND_NS));
    assert_int_equal(board->pair.host.link.state, FDM_LINK_OPEN);
    const struct fdm_msg *reply = fake_board_ask(board, &load);
    assert_int_equal(reply->u.load_state.received, 7);
    assert_false(reply->u.load_state.complete);
    load_image(bench);
    /* The same again costs nothing, another one starts anew. */
    reply = fake_board_ask(board, &load);
    assert_int_equal(reply->u.load_state.received, bench->image_bytes);
    assert_true(reply->u.load_state.complete);
    load.u.load.crc32++;
    reply = fake_board_ask(board, &load);
    assert_int_equal(reply->u.load_state.received, 0);
    assert_false(reply->u.load_state.complete);
    end(bench);
}

static void wrong_loads_are_refused_once(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t size_off; /* added to the announced size */
        uint32_t crc_off;
        uint32_t offset; /* of the second piece, 0: as it should be */
        size_t longer;   /* the second piece, than it should be */
        uint8_t object;
        uint8_t request; /* refused */
        enum fdm_msg_error_code code;
    } cases[] = {
        {"another size", 1, 0, 0, 0, 0, FDM_MSG_LOAD, FDM_MSG_ERR_RANGE},
        {"another object", 0, 0, 0, 0, 1, FDM_MSG_LOAD, FDM_MSG_ERR_RANGE},
        {"damaged on the way", 0, 1, 0, 0, 0, FDM_MSG_LOAD_DATA, FDM_MSG_ERR_CHECKSUM},
        {"a gap", 0, 0, 9, 0, 0, FDM_MSG_LOAD_DATA, FDM_MSG_ERR_RANGE},
        {"far beyond the end", 0, 0, 0xFFFFFFFF, 0, 0, FDM_MSG_LOAD_DATA, FDM_MSG_ERR_RANGE},
        {"longer than announced", 0, 0, 0, 1, 0, FDM_MSG_LOAD_DATA, FDM_MSG_ERR_RANGE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench *bench = begin();
        struct fake_board *board = &bench->board;
        struct fdm_msg load = announce(bench, bench->image);
        load.u.load.bytes += cases[i].size_off;
        load.u.load.crc32 += cases[i].crc_off;
        load.u.load.object = cases[i].object;
        const struct fdm_msg *reply = fake_board_ask(board, &load);
        if (cases[i].request == FDM_MSG_LOAD_DATA) {
            struct fdm_msg first = {.type = FDM_MSG_LOAD_DATA, .tag = 51};
            first.u.data.bytes = bench->image;
            first.u.data.len = 8;
            struct fdm_msg second = first;
            second.u.data.offset = cases[i].offset != 0 ? cases[i].offset : 8;
            second.u.data.bytes = bench->image + 8;
            second.u.data.len = bench->image_bytes - 8 + cases[i].longer;
            fake_board_send(board, &first);
            fake_board_send(board, &second);
            fake_board_send(board, &second);
            fake_board_await(board);
            reply = &board->reply;
        }
        if (reply->type != FDM_MSG_ERROR || reply->u.error.code != cases[i].code ||
            reply->u.error.request != cases[i].request)
            fail_msg("%s: %s %u", cases[i].remark, fdm_msg_name(reply->type), reply->u.error.code);
        if (fake_board_await_for(board, SECOND_NS))
            fail_msg("%s: refused twice", cases[i].remark);
        struct fdm_msg request = infer(0, 1);
        expect_error(bench, &request, FDM_MSG_ERR_STATE);
        load_image(bench);
        end(bench);
    }
}

static void requests_out_of_order_are_refused(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct fdm_msg run_one = infer(0, 1);
    struct fdm_msg run_none = infer(0, 0);
    struct fdm_msg output = {.type = FDM_MSG_OUTPUT, .tag = 61, .u.output = {0, 4}};
    struct fdm_msg profile = {.type = FDM_MSG_PROFILE, .tag = 70, .u.profile = {0, 1, 1}};
    struct fdm_msg a_reply = {.type = FDM_MSG_INFER_DONE, .tag = 62};
    expect_error(bench, &run_one, FDM_MSG_ERR_STATE);
    expect_error(bench, &output, FDM_MSG_ERR_STATE);
    expect_error(bench, &profile, FDM_MSG_ERR_STATE);
    expect_error(bench, &a_reply, FDM_MSG_ERR_REQUEST);
    load_image(bench);
    expect_error(bench, &run_none, FDM_MSG_ERR_RANGE);
    expect_error(bench, &output, FDM_MSG_ERR_STATE);
    assert_int_equal(fake_board_ask(&bench->board, &run_one)->type, FDM_MSG_INFER_DONE);
    end(bench);
}

static void garbage_is_answered_and_survived(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint8_t bytes[8];
        size_t len;
        enum fdm_msg_error_code code;
    } cases[] = {
        {"no such type", {0x33, 9, 2, 0, 1, 2}, 6, FDM_MSG_ERR_REQUEST},
        {"hello cut short", {0x01, 9, 1, 0, 1}, 5, FDM_MSG_ERR_MALFORMED},
        {"infer with a byte too many", {0x05, 9, 0, 0}, 4, FDM_MSG_ERR_MALFORMED},
        {"an item", {0xC5, 9, 0, 0}, 4, FDM_MSG_ERR_REQUEST},
    };
    struct bench *bench = begin();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        send_raw(bench, cases[i].bytes, cases[i].len);
        fake_board_await(&bench->board);
        const struct fdm_msg *reply = &bench->board.reply;
        if (reply->type != FDM_MSG_ERROR || reply->tag != 9 || reply->u.error.code != cases[i].code)
            fail_msg("%s", cases[i].remark);
    }
    struct fdm_msg ping = {.type = FDM_MSG_PING, .tag = 3};
    ping.u.data.bytes = (const uint8_t *)"still there";
    ping.u.data.len = 11;
    assert_int_equal(fake_board_ask(&bench->board, &ping)->type, FDM_MSG_PING_REPLY);
    assert_memory_equal(bench->board.bulk, "still there", 11);

    static const uint8_t endless[] = {0x02, 9, 0xFF, 0xFF, 1, 2, 3};
    send_raw(bench, endless, sizeof endless);
    assert_false(fake_board_await_for(&bench->board, SECOND_NS));
    assert_int_equal(bench->board.pair.host.link.state, FDM_LINK_LOST);
    end(bench);
}

static void port_state(void *context, struct fdm_msg_state *out)
{
    struct fake_board *board = context;
    out->clock_khz = 1000 + board->states_told++;
    out->cores = 2;
}

static const struct fdm_msg_state *state_at(struct bench *bench, uint8_t moment)
{
    struct fdm_msg msg = {.type = FDM_MSG_STATE, .tag = 12, .u.state_request = {moment}};
    const struct fdm_msg *reply = fake_board_ask(&bench->board, &msg);
    assert_int_equal(reply->type, FDM_MSG_STATE_REPLY);
    return &reply->u.state;
}

static void the_state_around_timed_runs_is_kept(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench->board.port.state = port_state;
    assert_int_equal(state_at(bench, FDM_MOMENT_BEGIN)->now_us, 0);
    load_image(bench);
    struct fdm_msg single = infer(0, 1);
    fake_board_ask(&bench->board, &single);
    assert_int_equal(state_at(bench, FDM_MOMENT_END)->now_us, 0);
    struct fdm_msg timed = infer(2, 3);
    fake_board_ask(&bench->board, &timed);
    uint64_t begin_us = state_at(bench, FDM_MOMENT_BEGIN)->now_us;
    assert_int_equal(bench->board.reply.u.state.clock_khz, 1000);
    assert_true(begin_us > 0);
    assert_true(state_at(bench, FDM_MOMENT_END)->now_us >= begin_us);
    assert_int_equal(bench->board.reply.u.state.clock_khz, 1001);
    assert_int_equal(bench->board.reply.u.state.cores, 2);
    fake_board_ask(&bench->board, &single);
    assert_int_equal(state_at(bench, FDM_MOMENT_END)->clock_khz, 1001);
    assert_int_equal(state_at(bench, FDM_MOMENT_NOW)->clock_khz, 1002);
    struct fdm_msg never = {.type = FDM_MSG_STATE, .tag = 13, .u.state_request = {3}};
    expect_error(bench, &never, FDM_MSG_ERR_RANGE);
    end(bench);
}

static void memory_marks_are_measured(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct fdm_msg msg = {.type = FDM_MSG_MEMORY, .tag = 8};
    const struct fdm_msg_memory *memory = &bench->board.reply.u.memory;
    assert_int_equal(fake_board_ask(&bench->board, &msg)->type, FDM_MSG_MEMORY_REPLY);
    assert_int_equal(memory->arena_used, 0);
    assert_int_equal(memory->arena_bytes, bench->network->arena_bytes);
    assert_int_equal(memory->stack_used, 1000);
    assert_int_equal(memory->code_bytes, 30000);
    load_image(bench);
    struct fdm_msg request = infer(0, 1);
    fake_board_ask(&bench->board, &request);
    fake_board_ask(&bench->board, &msg);
    assert_in_range(memory->arena_used, bench->image_bytes, bench->network->arena_bytes);
    struct fdm_msg reset = {.type = FDM_MSG_RESET, .tag = 9, .u.reset = {FDM_RESET_STATE}};
    assert_int_equal(fake_board_ask(&bench->board, &reset)->type, FDM_MSG_RESET_REPLY);
    fake_board_ask(&bench->board, &msg);
    assert_int_equal(memory->arena_used, 0);
    struct fdm_msg output = {.type = FDM_MSG_OUTPUT, .tag = 61, .u.output = {0, 4}};
    expect_error(bench, &request, FDM_MSG_ERR_STATE);
    expect_error(bench, &output, FDM_MSG_ERR_STATE);
    assert_int_equal(bench->board.restarts, 0);
    end(bench);
}

static void a_board_restarts_after_its_reply(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct fdm_msg reset = {.type = FDM_MSG_RESET, .tag = 9, .u.reset = {FDM_RESET_BOARD}};
    assert_int_equal(fake_board_ask(&bench->board, &reset)->type, FDM_MSG_RESET_REPLY);
    assert_false(fake_board_await_for(&bench->board, SECOND_NS));
    assert_int_equal(bench->board.restarts, 1);
    assert_false(bench->board.too_early);
    assert_true(fdm_link_is_flushed(&bench->board.agent.link));
    bench->board.port.restart = NULL;
    expect_error(bench, &reset, FDM_MSG_ERR_FEATURE);
    reset.u.reset.mode = 2;
    expect_error(bench, &reset, FDM_MSG_ERR_RANGE);
    end(bench);
}

static void a_rate_that_nobody_hears_is_taken_back(void **state)
{
    (void)state;
    for (int heard = 0; heard < 2; heard++) {
        struct bench *bench = begin();
        struct fake_board *board = &bench->board;
        struct fdm_msg msg = {.type = FDM_MSG_SET_BAUD, .tag = 10, .u.baud = {460800}};
        const struct fdm_msg *reply = fake_board_ask(board, &msg);
        assert_int_equal(reply->type, FDM_MSG_SET_BAUD_REPLY);
        assert_int_equal(reply->u.baud.baud, 460800);
        assert_false(board->too_early);
        assert_false(fake_board_await_for(board, SECOND_NS / 2));
        assert_int_equal(board->baud, 460800);
        struct fdm_msg ping = {.type = FDM_MSG_PING, .tag = 3};
        if (heard)
            fake_board_ask(board, &ping);
        assert_false(fake_board_await_for(board, 3 * SECOND_NS));
        assert_int_equal(board->baud, heard ? 460800 : 115200);
        end(bench);
    }
    struct bench *bench = begin();
    struct fdm_msg msg = {.type = FDM_MSG_SET_BAUD, .tag = 10, .u.baud = {0}};
    expect_error(bench, &msg, FDM_MSG_ERR_RANGE);
    bench->board.port.set_baud = NULL;
    msg.u.baud.baud = 460800;
    expect_error(bench, &msg, FDM_MSG_ERR_FEATURE);
    end(bench);
}

/* A host that dies in the middle of a long series does not hold the board: the next one is served
 * at once, and hears nothing of the old series. */
static void a_new_host_is_served_at_once(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct fake_board *board = &bench->board;
    load_image(bench);
    struct fdm_msg series = infer(0, 60000);
    board->host_dies_after = 3;
    fake_board_send(board, &series);
    assert_false(fake_board_await_for(board, SECOND_NS));
    assert_int_equal(board->item_count, 3);
    assert_int_equal(board->pair.host.link.state, FDM_LINK_OPEN);
    struct fdm_msg ping = {.type = FDM_MSG_PING, .tag = 3};
    assert_int_equal(fake_board_ask(board, &ping)->type, FDM_MSG_PING_REPLY);
    assert_int_equal(board->item_count, 0);
    end(bench);
}

/* A host that takes nothing any more: the agent waits for room without spinning. Time passes only
 * while it rests, so it would not come to an end here otherwise. */
static void an_agent_that_waits_for_room_rests(void **state)
{
    (void)state;
    struct bench *bench = begin();
    struct fake_board *board = &bench->board;
    load_image(bench);
    struct fdm_msg series = infer(0, 60000);
    fake_board_send(board, &series);
    wire_end_speak(&board->pair.host, board->pair.now_ns);
    board->pair.host.dead = true;
    assert_false(fake_board_await_for(board, 20 * SECOND_NS));
    assert_int_equal(fdm_link_write_space(&board->agent.link) / 16, 0);
    end(bench);
}

static void a_lost_line_ends_the_agent(void **state)
{
    (void)state;
    struct bench *bench = begin();
    bench->board.give_up_ns = bench->board.pair.now_ns;
    fdm_agent_run(&bench->board.agent);
    assert_false(bench->board.agent.alive);
    end(bench);
}

static void configurations_that_cannot_work_are_refused(void **state)
{
    (void)state;
    struct bench *bench = begin();
    static struct fdm_agent agent;
    const struct fdm_port port = bench->board.port;
    const struct fdm_agent_config config = bench->board.config;
    static const struct {
        const char *remark;
        size_t arena_less, input_less, arena_shift;
        bool no_input, ok;
    } cases[] = {
        {"as it should be", 0, 0, 0, false, true},    {"arena too small", 1, 0, 0, false, false},
        {"input too small", 0, 1, 0, false, false},   {"no input", 0, 0, 0, true, false},
        {"arena not aligned", 0, 0, 1, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_port changed = port;
        struct fdm_agent_config other = config;
        changed.arena = (uint8_t *)port.arena + cases[i].arena_shift;
        changed.arena_bytes -= cases[i].arena_less;
        other.port = &changed;
        other.input_bytes -= cases[i].input_less;
        if (cases[i].no_input)
            other.input = NULL;
        if (fdm_agent_init(&agent, &other) != cases[i].ok)
            fail_msg("%s", cases[i].remark);
    }
    bench->network->layer_count = FDM_AGENT_LAYERS_MAX + 1;
    assert_false(fdm_agent_init(&agent, &config));
    end(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_tells_what_is_there),
        cmocka_unit_test(outputs_are_those_of_the_network),
        cmocka_unit_test(parts_of_the_output_can_be_read),
        cmocka_unit_test(layers_are_profiled),
        cmocka_unit_test(streamed_inputs_run_while_they_are_loaded),
        cmocka_unit_test(loading_resumes_where_it_stopped),
        cmocka_unit_test(wrong_loads_are_refused_once),
        cmocka_unit_test(requests_out_of_order_are_refused),
        cmocka_unit_test(garbage_is_answered_and_survived),
        cmocka_unit_test(memory_marks_are_measured),
        cmocka_unit_test(the_state_around_timed_runs_is_kept),
        cmocka_unit_test(a_board_restarts_after_its_reply),
        cmocka_unit_test(a_rate_that_nobody_hears_is_taken_back),
        cmocka_unit_test(a_new_host_is_served_at_once),
        cmocka_unit_test(an_agent_that_waits_for_room_rests),
        cmocka_unit_test(a_lost_line_ends_the_agent),
        cmocka_unit_test(configurations_that_cannot_work_are_refused),
    };
    return cmocka_run_group_tests_name("wire.agent", tests, NULL, NULL);
}
