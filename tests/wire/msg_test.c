#include "tests/support/test.h"

#include <string.h>

#include "targets/wire/msg.h"
#include "tests/fakes/wire_pair.h"

#define WHOLE_MAX (FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN)

static const uint8_t bulk[] = {1, 2, 0, 255};

/* One message of each type, every field with a value of its own. */
static const struct fdm_msg samples[] = {
    {.type = FDM_MSG_HELLO, .tag = 1, .u.hello = {0x0102}},
    {.type = FDM_MSG_HELLO_REPLY,
     .tag = 2,
     .u.hello_reply = {.wire_version = 1,
                       .body_max = 1029,
                       .features = 0x11,
                       .clock_hz = 400000000,
                       .caches = FDM_CACHE_INSTRUCTION | FDM_CACHE_DATA,
                       .flash_wait_states = 4,
                       .counter_kind = FDM_COUNTER_CYCLES,
                       .counter_hz = 400000000,
                       .input_bytes = 49152,
                       .output_bytes = 20,
                       .arena_bytes = 61440,
                       .stack_bytes = 8192,
                       .layers = 26,
                       .network_sha256 = {0xAB, 0xCD},
                       .agent = "0.1.0",
                       .board = "STM32H747I-DISCO",
                       .cpu = "Cortex-M7",
                       .engine = "reference",
                       .semantics = "tflite",
                       .network = "flowers/fdmobilenet_0.25_128_tfs",
                       .compiler = "gcc 12.2.1 -O3"}},
    {.type = FDM_MSG_PING, .tag = 3, .u.data = {.bytes = bulk, .len = sizeof bulk}},
    {.type = FDM_MSG_PING_REPLY, .tag = 3, .u.data = {.bytes = bulk, .len = 1}},
    {.type = FDM_MSG_LOAD, .tag = 4, .u.load = {FDM_OBJECT_INPUT, 49152, 0xCBF43926}},
    {.type = FDM_MSG_LOAD_DATA,
     .tag = 4,
     .u.data = {.object = 0, .offset = 1024, .bytes = bulk, .len = sizeof bulk}},
    {.type = FDM_MSG_LOAD_STATE, .tag = 4, .u.load_state = {0, 49152, 1}},
    {.type = FDM_MSG_INFER, .tag = 5, .u.infer = {2, 300}},
    {.type = FDM_MSG_RUN, .tag = 5, .u.run = {299, UINT64_C(0x0102030405060708)}},
    {.type = FDM_MSG_INFER_DONE, .tag = 5, .u.infer_done = {300, 5408000, 20, 0x12345678}},
    {.type = FDM_MSG_OUTPUT, .tag = 6, .u.output = {4, 16}},
    {.type = FDM_MSG_OUTPUT_DATA, .tag = 6, .u.data = {.offset = 4, .bytes = bulk, .len = 4}},
    {.type = FDM_MSG_OUTPUT_DONE, .tag = 6, .u.output_done = {16, 0x9ABCDEF0}},
    {.type = FDM_MSG_PROFILE, .tag = 7, .u.profile = {1, 5, FDM_PROFILE_CRC}},
    {.type = FDM_MSG_LAYER, .tag = 7, .u.layer = {4, 25, 123456789, 5, 0xDEADBEEF}},
    {.type = FDM_MSG_PROFILE_DONE, .tag = 7, .u.profile_done = {5, 26}},
    {.type = FDM_MSG_MEMORY, .tag = 8},
    {.type = FDM_MSG_MEMORY_REPLY, .tag = 8, .u.memory = {1, 2, 3, 4, 5, 6, 7}},
    {.type = FDM_MSG_RESET, .tag = 9, .u.reset = {FDM_RESET_BOARD}},
    {.type = FDM_MSG_RESET_REPLY, .tag = 9},
    {.type = FDM_MSG_SET_BAUD, .tag = 10, .u.baud = {921600}},
    {.type = FDM_MSG_SET_BAUD_REPLY, .tag = 10, .u.baud = {923076}},
    {.type = FDM_MSG_STATE, .tag = 12, .u.state_request = {FDM_MOMENT_END}},
    {.type = FDM_MSG_STATE_REPLY,
     .tag = 12,
     .u.state = {.now_us = 1,
                 .clock_khz = 2,
                 .limit_khz = 3,
                 .max_khz = 4,
                 .temperature = 5,
                 .slow_from = 6,
                 .cooling = 7,
                 .throttles = 8,
                 .cores = 9,
                 .threads = 10,
                 .governor = "performance"}},
    {.type = FDM_MSG_WATCH, .tag = 13, .u.watch = {FDM_PROFILE_CRC}},
    {.type = FDM_MSG_WATCH_REPLY, .tag = 13},
    {.type = FDM_MSG_ERROR,
     .tag = 11,
     .u.error = {FDM_MSG_ERR_RANGE, FDM_MSG_LOAD, "input has 49152 bytes"}},
};

static void bodies_have_the_specified_bytes(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        size_t len;
        uint8_t bytes[24];
    } cases[] = {
        {FDM_MSG_HELLO, 6, {0x01, 1, 2, 0, 0x02, 0x01}},
        {FDM_MSG_PING, 8, {0x02, 3, 4, 0, 1, 2, 0, 255}},
        {FDM_MSG_LOAD, 13, {0x03, 4, 9, 0, 0, 0, 0xC0, 0, 0, 0x26, 0x39, 0xF4, 0xCB}},
        {FDM_MSG_LOAD_DATA, 13, {0x04, 4, 9, 0, 0, 0, 4, 0, 0, 1, 2, 0, 255}},
        {FDM_MSG_LOAD_STATE, 10, {0x83, 4, 6, 0, 0, 0, 0xC0, 0, 0, 1}},
        {FDM_MSG_INFER, 8, {0x05, 5, 4, 0, 2, 0, 0x2C, 1}},
        {FDM_MSG_RUN, 16, {0xC5, 5, 12, 0, 0x2B, 1, 0, 0, 8, 7, 6, 5, 4, 3, 2, 1}},
        {FDM_MSG_MEMORY, 4, {0x08, 8, 0, 0}},
        {FDM_MSG_SET_BAUD, 8, {0x0A, 10, 4, 0, 0x00, 0x10, 0x0E, 0x00}},
        {FDM_MSG_STATE, 5, {0x0B, 12, 1, 0, 2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t at = 0;
        while (samples[at].type != cases[i].type)
            at++;
        uint8_t bytes[WHOLE_MAX];
        size_t len = fdm_msg_encode(&samples[at], bytes, sizeof bytes);
        if (len != cases[i].len || memcmp(bytes, cases[i].bytes, len) != 0)
            fail_msg("%s", fdm_msg_name(cases[i].type));
    }
}

static void every_message_round_trips(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        uint8_t bytes[WHOLE_MAX];
        uint8_t again[WHOLE_MAX];
        struct fdm_msg msg;
        size_t len = fdm_msg_encode(&samples[i], bytes, sizeof bytes);
        assert_true(len >= FDM_MSG_HEADER_BYTES);
        assert_true(fdm_msg_decode(bytes[0], bytes[1], bytes + 4, len - 4, &msg));
        assert_int_equal(fdm_msg_encode(&msg, again, sizeof again), len);
        assert_memory_equal(again, bytes, len);
    }
}

/* Both directions share one description of the fields; this one shows that they reach their
 * members. */
static void fields_reach_their_members(void **state)
{
    (void)state;
    static const uint8_t layer[] = {4, 0, 25, 0, 1, 2, 3, 4, 5, 6, 7, 8, 5, 0, 0, 0, 9, 0, 0, 0x80};
    static const uint8_t piece[] = {0, 0, 4, 0, 0, 7, 8};
    struct fdm_msg msg;
    assert_true(fdm_msg_decode(FDM_MSG_LAYER, 7, layer, sizeof layer, &msg));
    assert_int_equal(msg.tag, 7);
    assert_int_equal(msg.u.layer.run, 4);
    assert_int_equal(msg.u.layer.layer, 25);
    assert_int_equal(msg.u.layer.counter, UINT64_C(0x0807060504030201));
    assert_int_equal(msg.u.layer.output_bytes, 5);
    assert_int_equal(msg.u.layer.output_crc32, 0x80000009);
    assert_true(fdm_msg_decode(FDM_MSG_LOAD_DATA, 1, piece, sizeof piece, &msg));
    assert_int_equal(msg.u.data.offset, 1024);
    assert_ptr_equal(msg.u.data.bytes, piece + 5);
    assert_int_equal(msg.u.data.len, 2);

    uint8_t bytes[WHOLE_MAX];
    size_t len = fdm_msg_encode(&samples[1], bytes, sizeof bytes);
    assert_true(fdm_msg_decode(bytes[0], 2, bytes + 4, len - 4, &msg));
    assert_int_equal(msg.u.hello_reply.body_max, 1029);
    assert_int_equal(msg.u.hello_reply.counter_hz, 400000000);
    assert_int_equal(msg.u.hello_reply.layers, 26);
    assert_int_equal(msg.u.hello_reply.network_sha256[1], 0xCD);
    assert_string_equal(msg.u.hello_reply.semantics, "tflite");
    assert_string_equal(msg.u.hello_reply.compiler, "gcc 12.2.1 -O3");
}

static bool takes_any_rest(uint8_t type)
{
    return type == FDM_MSG_PING || type == FDM_MSG_PING_REPLY || type == FDM_MSG_LOAD_DATA ||
           type == FDM_MSG_OUTPUT_DATA;
}

/* Cut anywhere or followed by a byte too many, a message is refused; each body lies at the end of
 * its own memory, so that reading past it is seen by AddressSanitizer. */
static void wrong_lengths_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        uint8_t bytes[WHOLE_MAX + 1] = {0};
        struct fdm_msg msg;
        size_t whole = fdm_msg_encode(&samples[i], bytes, sizeof bytes) - FDM_MSG_HEADER_BYTES;
        bool any = takes_any_rest(bytes[0]);
        for (size_t len = 0; len <= whole + 1; len++) {
            uint8_t *body = test_malloc(len);
            memcpy(body, bytes + 4, len);
            bool ok = fdm_msg_decode(bytes[0], 1, body, len, &msg);
            bool longer = len > whole && (any || bytes[0] == FDM_MSG_HELLO_REPLY);
            bool shorter = any && len >= whole - samples[i].u.data.len;
            if (ok != (len == whole || longer || shorter))
                fail_msg("%s of %zu bytes, whole is %zu", fdm_msg_name(bytes[0]), len, whole);
            assert_int_equal(msg.type, bytes[0]);
            test_free(body);
        }
    }
}

static void unknown_types_are_refused(void **state)
{
    (void)state;
    unsigned known = 0;
    for (unsigned type = 0; type < 256; type++) {
        struct fdm_msg msg = {.type = (uint8_t)type};
        uint8_t bytes[WHOLE_MAX];
        bool named = strcmp(fdm_msg_name((uint8_t)type), "unknown") != 0;
        assert_int_equal(fdm_msg_encode(&msg, bytes, sizeof bytes) != 0, named);
        known += named;
    }
    assert_int_equal(known, sizeof samples / sizeof samples[0]);
}

static void texts_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *text;
        uint8_t len;
        bool ok;
    } cases[] = {
        {"plain", "input too long", 14, true},
        {"empty", "", 0, true},
        {"first and last printable", " ~", 2, true},
        {"escape sequence", "\033[2J", 4, false},
        {"NUL inside", "a\0b", 3, false},
        {"not ASCII", "\xC3\xA4", 2, false},
        {"delete", "\x7F", 1, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t body[40] = {1, 0, FDM_MSG_LOAD, cases[i].len};
        memcpy(body + 4, cases[i].text, cases[i].len);
        struct fdm_msg msg;
        if (fdm_msg_decode(FDM_MSG_ERROR, 1, body, 4U + cases[i].len, &msg) != cases[i].ok)
            fail_msg("%s", cases[i].remark);
    }
    uint8_t longest[4 + FDM_MSG_TEXT] = {1, 0, FDM_MSG_LOAD, FDM_MSG_TEXT - 1};
    memset(longest + 4, 'x', FDM_MSG_TEXT);
    struct fdm_msg msg;
    assert_true(fdm_msg_decode(FDM_MSG_ERROR, 1, longest, sizeof longest - 1, &msg));
    longest[3]++;
    assert_false(fdm_msg_decode(FDM_MSG_ERROR, 1, longest, sizeof longest, &msg));
}

static void messages_that_cannot_be_encoded(void **state)
{
    (void)state;
    uint8_t bytes[WHOLE_MAX];
    struct fdm_msg unterminated = {.type = FDM_MSG_ERROR};
    memset(unterminated.u.error.text, 'x', sizeof unterminated.u.error.text);
    assert_int_equal(fdm_msg_encode(&unterminated, bytes, sizeof bytes), 0);
    struct fdm_msg huge = {.type = FDM_MSG_PING, .u.data = {.len = FDM_MSG_BODY_MAX + 1}};
    assert_int_equal(fdm_msg_encode(&huge, bytes, sizeof bytes), 0);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        size_t len = fdm_msg_encode(&samples[i], bytes, sizeof bytes);
        assert_int_equal(fdm_msg_encode(&samples[i], bytes, len), len);
        assert_int_equal(fdm_msg_encode(&samples[i], bytes, len - 1), 0);
    }
}

static void open_pair(struct wire_pair *pair)
{
    struct wire_pair_config config = {.max_payload = 16, .window_bytes = 1024};
    wire_pair_init(pair, &config);
    fdm_link_listen(&pair->device.link);
    fdm_link_open(&pair->host.link, 9, 0);
    wire_pair_run(pair, 10000000);
}

/* Through a link that carries 16 bytes at a time. */
static void messages_cross_a_link(void **state)
{
    (void)state;
    struct wire_pair pair;
    open_pair(&pair);
    uint8_t buffer[WHOLE_MAX];
    struct fdm_msg_reader reader;
    struct fdm_msg msg;
    fdm_msg_reader_init(&reader, buffer, sizeof buffer);
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        uint8_t sent[WHOLE_MAX];
        uint8_t got[WHOLE_MAX];
        size_t len = fdm_msg_encode(&samples[i], sent, sizeof sent);
        assert_true(fdm_msg_write(&pair.host.link, &samples[i]));
        enum fdm_msg_result result;
        for (int step = 0; step < 1000; step++) {
            wire_pair_settle(&pair);
            result = fdm_msg_read(&reader, &pair.device.link, &msg);
            if (result != FDM_MSG_NONE)
                break;
            wire_pair_wait(&pair);
        }
        assert_int_equal(result, FDM_MSG_READY);
        assert_int_equal(fdm_msg_encode(&msg, got, sizeof got), len);
        assert_memory_equal(got, sent, len);
    }
    wire_pair_release(&pair);
}

static void a_message_is_queued_whole_or_not_at_all(void **state)
{
    (void)state;
    struct wire_pair pair;
    open_pair(&pair);
    uint8_t bytes[600] = {0};
    struct fdm_msg msg = {.type = FDM_MSG_OUTPUT_DATA, .u.data = {.bytes = bytes, .len = 600}};
    assert_true(fdm_msg_write(&pair.device.link, &msg));
    size_t left = 1024 - 608;
    assert_int_equal(fdm_link_write_space(&pair.device.link), left);
    assert_false(fdm_msg_write(&pair.device.link, &msg));
    assert_int_equal(fdm_link_write_space(&pair.device.link), left);
    msg.u.data.len = left - 8;
    assert_true(fdm_msg_write(&pair.device.link, &msg));
    wire_pair_release(&pair);
}

static void malformed_messages_do_not_stop_the_next(void **state)
{
    (void)state;
    static const uint8_t stream[] = {0x77, 5, 2, 0, 1, 2, 0x05, 6, 3, 0, 1, 2, 3, 0x08, 7, 0, 0};
    struct wire_pair pair;
    open_pair(&pair);
    uint8_t buffer[WHOLE_MAX];
    struct fdm_msg_reader reader;
    struct fdm_msg msg;
    fdm_msg_reader_init(&reader, buffer, sizeof buffer);
    fdm_link_write(&pair.host.link, stream, sizeof stream);
    wire_pair_run(&pair, 10000000);
    assert_int_equal(fdm_msg_read(&reader, &pair.device.link, &msg), FDM_MSG_MALFORMED);
    assert_int_equal(msg.type, 0x77);
    assert_int_equal(msg.tag, 5);
    assert_int_equal(fdm_msg_read(&reader, &pair.device.link, &msg), FDM_MSG_MALFORMED);
    assert_int_equal(msg.tag, 6);
    assert_int_equal(fdm_msg_read(&reader, &pair.device.link, &msg), FDM_MSG_READY);
    assert_int_equal(msg.tag, 7);
    assert_int_equal(fdm_msg_read(&reader, &pair.device.link, &msg), FDM_MSG_NONE);

    static const uint8_t oversized[] = {0x02, 8, 0xFF, 0xFF};
    fdm_link_write(&pair.host.link, oversized, sizeof oversized);
    wire_pair_run(&pair, 10000000);
    assert_int_equal(fdm_msg_read(&reader, &pair.device.link, &msg), FDM_MSG_OVERSIZED);
    wire_pair_release(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_have_the_specified_bytes),
        cmocka_unit_test(every_message_round_trips),
        cmocka_unit_test(fields_reach_their_members),
        cmocka_unit_test(wrong_lengths_are_refused),
        cmocka_unit_test(unknown_types_are_refused),
        cmocka_unit_test(texts_are_checked),
        cmocka_unit_test(messages_that_cannot_be_encoded),
        cmocka_unit_test(messages_cross_a_link),
        cmocka_unit_test(a_message_is_queued_whole_or_not_at_all),
        cmocka_unit_test(malformed_messages_do_not_stop_the_next),
    };
    return cmocka_run_group_tests_name("wire.msg", tests, NULL, NULL);
}
