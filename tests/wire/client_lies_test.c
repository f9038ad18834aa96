/* The client against boards that lie: answers that are out of turn, too many, too few, wrong or
 * nonsense. Each must end in the right words, and none in a wrong result or a crash. */
#include "tests/support/test.h"

#include <string.h>

#include "harness/base/clock.h"
#include "harness/client/client.h"
#include "reference/compiler/compile.h"
#include "targets/wire/crc32.h"
#include "tests/fakes/live_board.h"
#include "tests/support/network.h"

#define INPUT_BYTES 16
#define OUTPUT_BYTES 8
#define LAYERS 2
#define RUNS 2
#define ANSWERS_MAX 4
#define BODY_MAX 1024

enum call { CALL_OPEN, CALL_PING, CALL_LOAD, CALL_INFER, CALL_OUTPUT, CALL_PROFILE, CALL_MEMORY };

/* What a board answers to a request; tags are filled in. */
struct script {
    uint8_t request;
    size_t count;
    struct fdm_msg answers[ANSWERS_MAX];
    size_t raw_bytes; /* instead of messages; at offset 1 stands the tag */
    uint8_t raw[16];
};

/* ---- the board ---- */

struct liar {
    const struct fdm_port *port;
    const struct script *lie;
    struct fdm_link link;
    struct fdm_msg_reader reader;
    uint8_t message[FDM_MSG_HEADER_BYTES + BODY_MAX];
    uint8_t body[FDM_LINK_BODY_BYTES(FDM_LINK_PAYLOAD_DEFAULT)];
    uint8_t frame[FDM_LINK_FRAME_BYTES(FDM_LINK_PAYLOAD_DEFAULT)];
    uint8_t rx[4096];
    uint8_t tx[4096];
};

#define HELLO(version, room)                                                                       \
    {                                                                                              \
        .type = FDM_MSG_HELLO_REPLY, .u.hello_reply = {                                            \
            .wire_version = (version),                                                             \
            .body_max = (room),                                                                    \
            .input_bytes = INPUT_BYTES,                                                            \
            .output_bytes = OUTPUT_BYTES,                                                          \
            .layers = LAYERS,                                                                      \
            .features = FDM_FEATURE_PROFILE,                                                       \
            .board = "liar"                                                                        \
        }                                                                                          \
    }
#define STATE(at, all)                                                                             \
    {                                                                                              \
        .type = FDM_MSG_LOAD_STATE, .u.load_state = {.received = (at), .complete = (all) }         \
    }
#define RUN(n)                                                                                     \
    {                                                                                              \
        .type = FDM_MSG_RUN, .u.run = {.index = (n), .counter = 7 }                                \
    }
#define INFER_DONE(n)                                                                              \
    {                                                                                              \
        .type = FDM_MSG_INFER_DONE, .u.infer_done = {.runs = (n) }                                 \
    }
#define DATA(at, n)                                                                                \
    {                                                                                              \
        .type = FDM_MSG_OUTPUT_DATA, .u.data = {.offset = (at), .bytes = zeros, .len = (n) }       \
    }
/* CRC-32 of eight zero bytes: 6522DF69 (any implementation of zlib's crc32()). */
#define OUTPUT_DONE(n, crc)                                                                        \
    {                                                                                              \
        .type = FDM_MSG_OUTPUT_DONE, .u.output_done = {.bytes = (n), .crc32 = (crc) }              \
    }
#define LAYER(r, n)                                                                                \
    {                                                                                              \
        .type = FDM_MSG_LAYER, .u.layer = {.run = (r), .layer = (n) }                              \
    }

#define CRC_OF_OUTPUT 0x6522DF69U

static const uint8_t zeros[64];

static const struct script truth[] = {
    {FDM_MSG_HELLO, 1, {HELLO(FDM_WIRE_VERSION, BODY_MAX)}, 0, {0}},
    {FDM_MSG_LOAD, 1, {STATE(INPUT_BYTES, 1)}, 0, {0}},
    {FDM_MSG_INFER, 3, {RUN(0), RUN(1), INFER_DONE(2)}, 0, {0}},
    {FDM_MSG_OUTPUT, 2, {DATA(0, OUTPUT_BYTES), OUTPUT_DONE(OUTPUT_BYTES, CRC_OF_OUTPUT)}, 0, {0}},
    {FDM_MSG_PROFILE, 3, {LAYER(0, 0), LAYER(0, 1), {.type = FDM_MSG_PROFILE_DONE}}, 0, {0}},
    {FDM_MSG_MEMORY, 1, {{.type = FDM_MSG_MEMORY_REPLY}}, 0, {0}},
    {FDM_MSG_PING, 1, {{.type = FDM_MSG_PING_REPLY}}, 0, {0}},
};

static const struct script *find_script(const struct liar *liar, uint8_t request)
{
    if (liar->lie->request == request)
        return liar->lie;
    for (size_t i = 0; i < sizeof truth / sizeof truth[0]; i++)
        if (truth[i].request == request)
            return &truth[i];
    return NULL;
}

static void reply(struct liar *liar, const struct fdm_msg *request)
{
    const struct script *script = find_script(liar, request->type);
    if (script == NULL)
        return;
    for (size_t i = 0; i < script->count; i++) {
        struct fdm_msg msg = script->answers[i];
        msg.tag = request->tag;
        assert_true(fdm_msg_write(&liar->link, &msg));
    }
    if (script->raw_bytes > 0) {
        uint8_t raw[sizeof script->raw];
        memcpy(raw, script->raw, sizeof raw);
        raw[1] = request->tag;
        assert_int_equal(fdm_link_write(&liar->link, raw, script->raw_bytes), script->raw_bytes);
    }
}

static uint64_t now_us(const struct liar *liar)
{
    return liar->port->now_us(liar->port->context);
}

static void hear(struct liar *liar)
{
    uint8_t bytes[256];
    struct fdm_msg msg;
    size_t got;
    uint32_t generation = liar->link.generation;
    while ((got = liar->port->read(liar->port->context, bytes, sizeof bytes)) > 0)
        fdm_link_receive(&liar->link, bytes, got, now_us(liar));
    if (generation != liar->link.generation)
        liar->reader.len = 0;
    while (fdm_msg_read(&liar->reader, &liar->link, &msg) == FDM_MSG_READY)
        reply(liar, &msg);
}

/* False: the test is over. */
static bool speak(struct liar *liar)
{
    void *context = liar->port->context;
    size_t len;
    while ((len = fdm_link_transmit(&liar->link, liar->frame, now_us(liar))) > 0)
        for (size_t at = 0; at < len;) {
            size_t put = liar->port->write(context, liar->frame + at, len - at);
            if (put == 0 && !liar->port->wait(context, UINT64_MAX, true))
                return false;
            at += put;
        }
    return true;
}

static void serve(const struct fdm_port *port, const void *context)
{
    static struct liar liar;
    memset(&liar, 0, sizeof liar);
    liar.port = port;
    liar.lie = context;
    const struct fdm_link_config config = {.max_payload = FDM_LINK_PAYLOAD_DEFAULT,
                                           .rx_body = liar.body,
                                           .rx_window = liar.rx,
                                           .rx_window_bytes = sizeof liar.rx,
                                           .tx_window = liar.tx,
                                           .tx_window_bytes = sizeof liar.tx};
    assert_true(fdm_link_init(&liar.link, &config));
    fdm_msg_reader_init(&liar.reader, liar.message, sizeof liar.message);
    fdm_link_listen(&liar.link);
    do
        hear(&liar);
    while (speak(&liar) &&
           port->wait(port->context, fdm_link_deadline_us(&liar.link, now_us(&liar)), false));
}

/* ---- the calls ---- */

static enum fdm_status perform(struct fdm_client *client, enum call call, struct fdm_error *err)
{
    uint64_t counters[RUNS];
    uint8_t output[OUTPUT_BYTES];
    struct fdm_msg_layer layers[LAYERS];
    struct fdm_msg_memory memory;
    switch (call) {
    case CALL_PING:
        return fdm_client_ping(client, 0, NULL, err);
    case CALL_LOAD:
        return fdm_client_load_input(client, zeros, INPUT_BYTES, err);
    case CALL_INFER:
        return fdm_client_infer(client, 0, RUNS, counters, NULL, err);
    case CALL_OUTPUT:
        return fdm_client_output(client, output, sizeof output, err);
    case CALL_PROFILE:
        return fdm_client_profile(client, 0, 1, FDM_PROFILE_COUNTERS, layers, err);
    case CALL_MEMORY:
        return fdm_client_memory(client, &memory, err);
    default:
        return FDM_OK;
    }
}

static void no_lie_passes(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        enum call call;
        struct script lie;
        enum fdm_status status;
        const char *words;
    } cases[] = {
        {"another version of the messages",
         CALL_OPEN,
         {FDM_MSG_HELLO, 1, {HELLO(9, BODY_MAX)}, 0, {0}},
         FDM_ERR_MISMATCH,
         "the board speaks version 9 of the messages, this program version 1"},
        {"no room for messages",
         CALL_OPEN,
         {FDM_MSG_HELLO, 1, {HELLO(FDM_WIRE_VERSION, 100)}, 0, {0}},
         FDM_ERR_FORMAT,
         "the board accepts messages of 100 bytes only"},
        {"another answer to hello",
         CALL_OPEN,
         {FDM_MSG_HELLO, 1, {{.type = FDM_MSG_MEMORY_REPLY}}, 0, {0}},
         FDM_ERR_FORMAT,
         "where 'hello reply' is due"},
        {"no answer",
         CALL_MEMORY,
         {FDM_MSG_MEMORY, 0, {{0}}, 0, {0}},
         FDM_ERR_TIMEOUT,
         "memory: wire: no answer within 5.0 s"},
        {"a body that is too short",
         CALL_MEMORY,
         {FDM_MSG_MEMORY, 0, {{0}}, 5, {FDM_MSG_MEMORY_REPLY, 0, 1, 0, 0}},
         FDM_ERR_FORMAT,
         "memory: wire: the board's message 'memory reply' makes no sense"},
        {"a message of no type",
         CALL_MEMORY,
         {FDM_MSG_MEMORY, 0, {{0}}, 4, {0x9F, 0, 0, 0}},
         FDM_ERR_FORMAT,
         "makes no sense"},
        {"half a message",
         CALL_MEMORY,
         {FDM_MSG_MEMORY, 0, {{0}}, 6, {FDM_MSG_MEMORY_REPLY, 0, 28, 0, 1, 2}},
         FDM_ERR_TIMEOUT,
         "memory: wire: no answer within"},
        {"a refusal",
         CALL_MEMORY,
         {FDM_MSG_MEMORY,
          1,
          {{.type = FDM_MSG_ERROR, .u.error = {7, FDM_MSG_MEMORY, "not today"}}},
          0,
          {0}},
         FDM_ERR_TARGET,
         "memory: wire: the board refuses 'memory': not today (error 7)"},
        {"an echo of something else",
         CALL_PING,
         {FDM_MSG_PING,
          1,
          {{.type = FDM_MSG_PING_REPLY, .u.data = {.bytes = zeros, .len = 3}}},
          0,
          {0}},
         FDM_ERR_CORRUPT,
         "ping: the echo differs from what was sent"},
        {"wants what lies beyond the input",
         CALL_LOAD,
         {FDM_MSG_LOAD, 1, {STATE(INPUT_BYTES + 1, 0)}, 0, {0}},
         FDM_ERR_FORMAT,
         "load: the board wants byte 17 of 16"},
        {"has it all, but not so much",
         CALL_LOAD,
         {FDM_MSG_LOAD, 1, {STATE(3, 1)}, 0, {0}},
         FDM_ERR_FORMAT,
         "load: the board has 3 of 16 bytes"},
        {"a checksum that never fits",
         CALL_LOAD,
         {FDM_MSG_LOAD,
          1,
          {{.type = FDM_MSG_ERROR, .u.error = {4, FDM_MSG_LOAD_DATA, "the CRC-32"}}},
          0,
          {0}},
         FDM_ERR_CORRUPT,
         "load: wire: the board refuses 'load data': the CRC-32 (error 4)"},
        {"a run out of turn",
         CALL_INFER,
         {FDM_MSG_INFER, 2, {RUN(1), RUN(0)}, 0, {0}},
         FDM_ERR_FORMAT,
         "infer: the board reports run 1 where 0 is due"},
        {"too many runs",
         CALL_INFER,
         {FDM_MSG_INFER, 4, {RUN(0), RUN(1), RUN(2), INFER_DONE(3)}, 0, {0}},
         FDM_ERR_FORMAT,
         "infer: the board reports run 2 where 2 is due"},
        {"too few runs",
         CALL_INFER,
         {FDM_MSG_INFER, 2, {RUN(0), INFER_DONE(2)}, 0, {0}},
         FDM_ERR_FORMAT,
         "infer: the board reports 1 of 2 runs"},
        {"a wrong sum of runs",
         CALL_INFER,
         {FDM_MSG_INFER, 3, {RUN(0), RUN(1), INFER_DONE(1)}, 0, {0}},
         FDM_ERR_FORMAT,
         "infer: the board reports 2 of 2 runs"},
        {"never done",
         CALL_INFER,
         {FDM_MSG_INFER, 2, {RUN(0), RUN(1)}, 0, {0}},
         FDM_ERR_TIMEOUT,
         "infer: wire: no answer within 120.0 s"},
        {"an output with a gap",
         CALL_OUTPUT,
         {FDM_MSG_OUTPUT, 2, {DATA(0, 2), DATA(4, 4)}, 0, {0}},
         FDM_ERR_FORMAT,
         "output: the board sends bytes 4 to 8 of 8"},
        {"an output that is longer",
         CALL_OUTPUT,
         {FDM_MSG_OUTPUT, 2, {DATA(0, 4), DATA(4, 40)}, 0, {0}},
         FDM_ERR_FORMAT,
         "output: the board sends bytes 4 to 44 of 8"},
        {"an output far away",
         CALL_OUTPUT,
         {FDM_MSG_OUTPUT, 1, {DATA(0xFFFFFFFF, 8)}, 0, {0}},
         FDM_ERR_FORMAT,
         "output: the board sends bytes 4294967295 to "},
        {"half an output",
         CALL_OUTPUT,
         {FDM_MSG_OUTPUT, 2, {DATA(0, 4), OUTPUT_DONE(OUTPUT_BYTES, CRC_OF_OUTPUT)}, 0, {0}},
         FDM_ERR_FORMAT,
         "output: the board sent 4 of 8 bytes"},
        {"an output with another checksum",
         CALL_OUTPUT,
         {FDM_MSG_OUTPUT, 2, {DATA(0, OUTPUT_BYTES), OUTPUT_DONE(OUTPUT_BYTES, 1)}, 0, {0}},
         FDM_ERR_CORRUPT,
         "output: the output's checksum is wrong"},
        {"a layer that there is not",
         CALL_PROFILE,
         {FDM_MSG_PROFILE, 2, {LAYER(0, 0), LAYER(0, 2)}, 0, {0}},
         FDM_ERR_FORMAT,
         "profile: the board reports layer 2 of run 0 out of turn"},
        {"a run that was not asked for",
         CALL_PROFILE,
         {FDM_MSG_PROFILE, 3, {LAYER(0, 0), LAYER(0, 1), LAYER(1, 0)}, 0, {0}},
         FDM_ERR_FORMAT,
         "profile: the board reports layer 0 of run 1 out of turn"},
        {"too few layers",
         CALL_PROFILE,
         {FDM_MSG_PROFILE, 2, {LAYER(0, 0), {.type = FDM_MSG_PROFILE_DONE}}, 0, {0}},
         FDM_ERR_FORMAT,
         "profile: the board reports 1 of 2 layers"},
    };
    struct fdm_network *network = test_small_network("tflite");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct live_board board;
        const struct live_plan plan = {
            .network = network, .serve = serve, .context = &cases[i].lie};
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_client *client;
        live_board_start(&board, &plan);
        enum fdm_status status = fdm_client_open(&board.stream, NULL, &client, &err);
        if (status == FDM_OK)
            status = perform(client, cases[i].call, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].words) == NULL)
            fail_msg("%s: status %d: %s", cases[i].remark, status, err.message);
        fdm_client_close(client);
        live_board_end(&board);
    }
    fdm_network_free(network);
}

/* The liar that does not lie: the tests above fail for their lies alone. */
static void the_truth_passes(void **state)
{
    (void)state;
    static const struct script nothing;
    static struct live_board board;
    struct fdm_network *network = test_small_network("tflite");
    const struct live_plan plan = {.network = network, .serve = serve, .context = &nothing};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    live_board_start(&board, &plan);
    assert_ok(fdm_client_open(&board.stream, NULL, &client, &err), err);
    for (enum call call = CALL_PING; call <= CALL_MEMORY; call++)
        assert_ok(perform(client, call, &err), err);
    assert_int_equal(fdm_crc32(FDM_CRC32_INIT, zeros, OUTPUT_BYTES), CRC_OF_OUTPUT);
    struct fdm_msg_layer layers[LAYERS];
    assert_int_equal(fdm_client_profile(client, 0, 1, FDM_PROFILE_CRC, layers, NULL),
                     FDM_ERR_UNSUPPORTED);
    assert_int_equal(fdm_client_set_baud(client, 9600, NULL, NULL), FDM_ERR_UNSUPPORTED);
    assert_int_equal(fdm_client_reset(client, FDM_RESET_BOARD, NULL), FDM_ERR_UNSUPPORTED);
    fdm_client_close(client);
    live_board_end(&board);
    fdm_network_free(network);
}

/* ---- another version of the wire ---- */

/* Answers every OPEN with the ACCEPT of a later version. */
static void accept_as_later(const struct fdm_port *port, const void *unused)
{
    (void)unused;
    static struct fdm_frame_decoder decoder;
    static uint8_t body[FDM_FRAME_BODY_BYTES(64)];
    fdm_frame_decoder_init(&decoder, body, sizeof body);
    do {
        uint8_t byte;
        struct fdm_frame frame;
        while (port->read(port->context, &byte, 1) == 1) {
            if (!fdm_frame_decode(&decoder, byte, &frame) || frame.type != 1)
                continue;
            static const uint8_t greeting[] = {FDM_WIRE_VERSION + 1, 0, 0, 4, 0, 16, 0, 0};
            uint8_t line[FDM_FRAME_ENCODED_BYTES(sizeof greeting)];
            struct fdm_frame_encoder encoder;
            fdm_frame_begin(&encoder, line, sizeof line, 2, frame.session, 0);
            fdm_frame_put(&encoder, greeting, sizeof greeting);
            port->write(port->context, line, fdm_frame_end(&encoder));
        }
    } while (port->wait(port->context, UINT64_MAX, false));
}

static void another_version_of_the_wire_is_named(void **state)
{
    (void)state;
    static struct live_board board;
    struct fdm_network *network = test_small_network("tflite");
    const struct live_plan plan = {.network = network, .serve = accept_as_later};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_client *client;
    live_board_start(&board, &plan);
    assert_int_equal(fdm_client_open(&board.stream, NULL, &client, &err), FDM_ERR_MISMATCH);
    assert_null(client);
    assert_non_null(strstr(err.message, "speaks version 2 of the wire, this one version 1: put the "
                                        "program of this release on the board"));
    live_board_end(&board);
    fdm_network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_truth_passes),
        cmocka_unit_test(no_lie_passes),
        cmocka_unit_test(another_version_of_the_wire_is_named),
    };
    return cmocka_run_group_tests_name("wire.client_lies", tests, NULL, NULL);
}
