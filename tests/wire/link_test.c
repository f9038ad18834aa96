#include "tests/support/test.h"

#include <string.h>

#include "tests/fakes/wire_pair.h"

#define SECOND_NS UINT64_C(1000000000)

static void init(struct wire_pair *pair)
{
    struct wire_pair_config config = {
        .down = {.baud = 921600, .latency_us = 500, .buffer_bytes = 512, .seed = 1},
        .up = {.baud = 921600, .latency_us = 500, .buffer_bytes = 512, .seed = 2},
        .probe_us = 300000,
    };
    wire_pair_init(pair, &config);
}

static void connect_ends(struct wire_pair *pair, uint16_t session)
{
    fdm_link_listen(&pair->device.link);
    fdm_link_open(&pair->host.link, session, wire_pair_now_us(pair));
    wire_pair_run(pair, SECOND_NS / 10);
    assert_int_equal(pair->host.link.state, FDM_LINK_OPEN);
    assert_int_equal(pair->device.link.state, FDM_LINK_OPEN);
}

/* Sends text one way and expects it, whole, on the other side. */
static void say(struct wire_pair *pair, struct wire_end *from, struct wire_end *to,
                const char *text)
{
    char heard[200];
    assert_int_equal(fdm_link_write(&from->link, text, strlen(text)), strlen(text));
    wire_pair_run(pair, SECOND_NS / 10);
    size_t len = fdm_link_read(&to->link, heard, sizeof heard - 1);
    heard[len] = '\0';
    assert_string_equal(heard, text);
    assert_true(fdm_link_is_flushed(&from->link));
}

static void configurations_outside_the_bounds_are_refused(void **state)
{
    (void)state;
    static uint8_t memory[8192];
    const struct fdm_link_config good = {.max_payload = 64,
                                         .rx_body = memory,
                                         .rx_window = memory,
                                         .rx_window_bytes = 1024,
                                         .tx_window = memory,
                                         .tx_window_bytes = 512};
    static const struct {
        const char *remark;
        uint32_t payload, rx, tx;
        bool null, ok;
    } cases[] = {
        {"as it should be", 64, 1024, 512, false, true},
        {"smallest", FDM_LINK_PAYLOAD_MIN, FDM_LINK_WINDOW_MIN, FDM_LINK_WINDOW_MIN, false, true},
        {"payload too small", FDM_LINK_PAYLOAD_MIN - 1, 1024, 512, false, false},
        {"payload too large", FDM_LINK_PAYLOAD_MAX + 1, 1024, 512, false, false},
        {"not a power of two", 64, 1000, 512, false, false},
        {"window too small", 64, 1024, 32, false, false},
        {"window too large", 64, FDM_LINK_WINDOW_MAX * 2, 512, false, false},
        {"no memory", 64, 1024, 512, true, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_link_config config = good;
        config.max_payload = (uint16_t)cases[i].payload;
        config.rx_window_bytes = cases[i].rx;
        config.tx_window_bytes = cases[i].tx;
        if (cases[i].null)
            config.tx_window = NULL;
        struct fdm_link link;
        if (fdm_link_init(&link, &config) != cases[i].ok)
            fail_msg("%s", cases[i].remark);
    }
}

static void both_sides_speak_and_hear(void **state)
{
    (void)state;
    struct wire_pair pair;
    init(&pair);
    assert_int_equal(fdm_link_write(&pair.host.link, "x", 1), 0); /* not open yet */
    connect_ends(&pair, 7);
    say(&pair, &pair.host, &pair.device, "to the board");
    say(&pair, &pair.device, &pair.host, "and back");
    assert_int_equal(pair.host.link.stats.timeouts, 0);
    assert_int_equal(pair.host.link.stats.bytes_repeated, 0);
    wire_pair_release(&pair);
}

static void a_silent_peer_is_asked_again_and_again(void **state)
{
    (void)state;
    struct wire_pair pair;
    init(&pair);
    pair.device.dead = true;
    fdm_link_open(&pair.host.link, 7, 0);
    wire_pair_run(&pair, 10 * SECOND_NS);
    assert_int_equal(pair.host.link.state, FDM_LINK_OPENING);
    assert_in_range(pair.host.link.stats.frames_sent, 9, 30);
    pair.device.dead = false;
    fdm_link_listen(&pair.device.link);
    wire_pair_run(&pair, 2 * SECOND_NS);
    assert_int_equal(pair.host.link.state, FDM_LINK_OPEN);
    wire_pair_release(&pair);
}

/* The board restarts while all is quiet: its announcement is enough. */
static void a_restarted_board_is_noticed(void **state)
{
    (void)state;
    struct wire_pair pair;
    init(&pair);
    connect_ends(&pair, 7);
    say(&pair, &pair.host, &pair.device, "hello");
    wire_end_restart(&pair.device);
    fdm_link_listen(&pair.device.link);
    wire_pair_run(&pair, SECOND_NS / 100);
    assert_int_equal(pair.host.link.state, FDM_LINK_LOST);
    assert_int_equal(fdm_link_write(&pair.host.link, "x", 1), 0);
    fdm_link_open(&pair.host.link, 8, wire_pair_now_us(&pair));
    wire_pair_run(&pair, SECOND_NS / 10);
    say(&pair, &pair.host, &pair.device, "again");
    wire_pair_release(&pair);
}

/* The announcement is lost: data, or the probe of an idle link, bring the answer. */
static void a_restarted_board_that_nobody_heard_is_noticed(void **state)
{
    (void)state;
    for (int with_data = 0; with_data < 2; with_data++) {
        struct wire_pair pair;
        init(&pair);
        connect_ends(&pair, 7);
        wire_end_restart(&pair.device);
        fdm_link_listen(&pair.device.link);
        pair.device.link.reset_due = false;
        if (with_data)
            fdm_link_write(&pair.host.link, "x", 1);
        wire_pair_run(&pair, with_data ? SECOND_NS / 100 : SECOND_NS / 2);
        assert_int_equal(pair.host.link.state, FDM_LINK_LOST);
        wire_pair_release(&pair);
    }
}

/* A new host takes over, whatever its session number; the old one's data are gone. */
static void a_restarted_host_is_noticed(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint16_t session;
        const char *host_said, *device_said;
    } cases[] = {
        {"another session number", 8, "hello", "stale"},
        {"the same number by chance, only the host spoke", 7, "hello", ""},
        {"the same number by chance, only the board spoke", 7, "", "stale"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_pair pair;
        init(&pair);
        connect_ends(&pair, 7);
        fdm_link_write(&pair.host.link, cases[i].host_said, strlen(cases[i].host_said));
        fdm_link_write(&pair.device.link, cases[i].device_said, strlen(cases[i].device_said));
        wire_pair_run(&pair, SECOND_NS / 10);
        uint32_t generation = pair.device.link.generation;
        wire_end_restart(&pair.host);
        fdm_link_open(&pair.host.link, cases[i].session, wire_pair_now_us(&pair));
        wire_pair_run(&pair, SECOND_NS / 10);
        if (pair.device.link.generation != generation + 1)
            fail_msg("%s", cases[i].remark);
        say(&pair, &pair.host, &pair.device, "new words");
        say(&pair, &pair.device, &pair.host, "new answer");
        wire_pair_release(&pair);
    }
}

static void a_closed_session_ends_on_both_sides(void **state)
{
    (void)state;
    struct wire_pair pair;
    init(&pair);
    connect_ends(&pair, 7);
    fdm_link_close(&pair.host.link);
    wire_pair_run(&pair, SECOND_NS / 100);
    assert_int_equal(pair.host.link.state, FDM_LINK_CLOSED);
    assert_int_equal(pair.device.link.state, FDM_LINK_LISTENING);
    fdm_link_open(&pair.host.link, 9, wire_pair_now_us(&pair));
    wire_pair_run(&pair, SECOND_NS / 10);
    fdm_link_close(&pair.device.link);
    wire_pair_run(&pair, SECOND_NS / 100);
    assert_int_equal(pair.host.link.state, FDM_LINK_LOST);
    wire_pair_release(&pair);
}

/* A greeting as another version of this program would send it. */
static size_t foreign_greeting(uint8_t *out, uint8_t type, uint16_t version, uint16_t payload,
                               uint32_t window)
{
    const uint8_t body[] = {(uint8_t)version,        (uint8_t)(version >> 8),
                            (uint8_t)payload,        (uint8_t)(payload >> 8),
                            (uint8_t)window,         (uint8_t)(window >> 8),
                            (uint8_t)(window >> 16), (uint8_t)(window >> 24)};
    struct fdm_frame_encoder encoder;
    fdm_frame_begin(&encoder, out, 64, type, 7, 0);
    fdm_frame_put(&encoder, body, sizeof body);
    return fdm_frame_end(&encoder);
}

static void another_version_is_refused_with_its_number(void **state)
{
    (void)state;
    struct wire_pair pair;
    uint8_t frame[64];
    init(&pair);
    fdm_link_open(&pair.host.link, 7, 0);
    size_t len = foreign_greeting(frame, 2, FDM_WIRE_VERSION + 1, 1024, 4096);
    fdm_link_receive(&pair.host.link, frame, len, 1);
    assert_int_equal(pair.host.link.state, FDM_LINK_REFUSED);
    assert_int_equal(pair.host.link.peer_version, FDM_WIRE_VERSION + 1);

    fdm_link_listen(&pair.device.link);
    len = foreign_greeting(frame, 1, FDM_WIRE_VERSION + 1, 1024, 4096);
    fdm_link_receive(&pair.device.link, frame, len, 1);
    assert_int_equal(pair.device.link.state, FDM_LINK_LISTENING);
    fdm_link_transmit(&pair.device.link, pair.device.frame, 1); /* the announcement */
    assert_true(fdm_link_transmit(&pair.device.link, pair.device.frame, 1) > 0);
    wire_pair_release(&pair);
}

static void greetings_with_impossible_numbers_are_ignored(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint16_t payload;
        uint32_t window;
    } cases[] = {
        {"payload 0", 0, 4096},
        {"payload too large", FDM_LINK_PAYLOAD_MAX + 1, 4096},
        {"window 0", 1024, 0},
        {"window not a power of two", 1024, 4097},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_pair pair;
        uint8_t frame[64];
        init(&pair);
        fdm_link_listen(&pair.device.link);
        size_t len =
            foreign_greeting(frame, 1, FDM_WIRE_VERSION, cases[i].payload, cases[i].window);
        fdm_link_receive(&pair.device.link, frame, len, 1);
        if (pair.device.link.state != FDM_LINK_LISTENING)
            fail_msg("%s", cases[i].remark);
        wire_pair_release(&pair);
    }
}

static void the_smaller_payload_counts(void **state)
{
    (void)state;
    struct wire_pair pair;
    init(&pair);
    pair.device.config.max_payload = 32;
    wire_end_restart(&pair.device);
    connect_ends(&pair, 7);
    char text[150];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    say(&pair, &pair.host, &pair.device, text);
    assert_int_equal(pair.device.link.decoder.oversized, 0);
    wire_pair_release(&pair);
}

/* The receiver's owner does not read: no more than the window is sent, and all arrives when it
 * reads at last: at once by the news that there is room, or a little later if that is lost. */
static void a_slow_reader_stops_the_sender(void **state)
{
    (void)state;
    for (int news_lost = 0; news_lost < 2; news_lost++) {
        struct wire_pair pair;
        init(&pair);
        connect_ends(&pair, 7);
        uint8_t bytes[8192];
        uint8_t got[8192];
        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (uint8_t)(i * 7 + i / 256);
        assert_int_equal(fdm_link_write(&pair.host.link, bytes, sizeof bytes), sizeof bytes);
        wire_pair_run(&pair, SECOND_NS);
        assert_int_equal(pair.host.link.tx.acked, 4096);
        assert_int_equal(pair.host.link.tx.next, 4096);

        assert_int_equal(fdm_link_read(&pair.device.link, got, sizeof got), 4096);
        if (news_lost)
            pair.device.link.rx.ack_due = false;
        wire_pair_run(&pair, news_lost ? 2 * SECOND_NS : SECOND_NS / 20);
        assert_int_equal(fdm_link_read(&pair.device.link, got + 4096, sizeof got), 4096);
        assert_memory_equal(got, bytes, sizeof got);
        wire_pair_run(&pair, SECOND_NS);
        assert_true(fdm_link_is_flushed(&pair.host.link));
        wire_pair_release(&pair);
    }
}

/* Offsets and sequences start just below their wrap. */
static void numbers_wrap(void **state)
{
    (void)state;
    struct wire_pair pair;
    init(&pair);
    connect_ends(&pair, 7);
    struct fdm_link_sender *tx = &pair.host.link.tx;
    struct fdm_link_receiver *rx = &pair.device.link.rx;
    tx->acked = tx->next = tx->written = 0xFFFFFC00;
    tx->limit = 0xFFFFFC00 + 4096;
    tx->sequence = 0xFFF0;
    rx->next = rx->read = 0xFFFFFC00;
    rx->granted = tx->limit;
    rx->latest = 0xFFEF;
    pair.down.config.noise_ppm = 2000;
    uint32_t sent_seed = 3;
    uint32_t heard_seed = 3;
    size_t heard = 0;
    while (heard < 100000) {
        uint8_t byte;
        while (fdm_link_write_space(&pair.host.link) > 0) {
            byte = (uint8_t)test_random(&sent_seed);
            fdm_link_write(&pair.host.link, &byte, 1);
        }
        for (; fdm_link_read(&pair.device.link, &byte, 1) == 1; heard++)
            assert_int_equal(byte, (uint8_t)test_random(&heard_seed));
        wire_pair_run(&pair, SECOND_NS / 1000);
        assert_true(pair.now_ns < 60 * SECOND_NS);
    }
    assert_true(rx->next < 0x80000000);
    wire_pair_release(&pair);
}

/* Frames with a right CRC and impossible content, as a faulty program would send them. */
static void impossible_frames_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint8_t type;
        uint16_t sequence;
        uint8_t len;
        uint8_t payload[16];
    } cases[] = {
        {"data without an offset", 3, 1, 3, {0, 0, 0}},
        {"data beyond the window", 3, 1, 6, {0, 0x10, 0, 0, 1, 2}},
        {"data half the number space ahead", 3, 1, 5, {0, 0, 0, 0x7F, 1}},
        {"acknowledgement of bytes never sent",
         4,
         1,
         12,
         {100, 0, 0, 0, 0, 0x20, 0, 0, 0, 0, 0, 0}},
        {"acknowledgement of a frame never sent", 4, 900, 12, {0, 0, 0, 0, 0, 0x20, 0, 0}},
        {"acknowledgement cut short", 4, 1, 11, {0}},
        {"unknown type", 99, 1, 4, {0}},
        {"greeting in the middle, cut short", 2, 0, 3, {1, 0, 0}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct wire_pair pair;
        init(&pair);
        connect_ends(&pair, 7);
        fdm_link_write(&pair.device.link, "unheard", 7);
        fdm_link_transmit(&pair.device.link, pair.device.frame, wire_pair_now_us(&pair));
        struct fdm_frame_encoder encoder;
        uint8_t line[64];
        fdm_frame_begin(&encoder, line, sizeof line, cases[i].type, 7, cases[i].sequence);
        fdm_frame_put(&encoder, cases[i].payload, cases[i].len);
        size_t len = fdm_frame_end(&encoder);
        fdm_link_receive(&pair.device.link, line, len, wire_pair_now_us(&pair));
        const struct fdm_link *link = &pair.device.link;
        uint8_t byte;
        if (fdm_link_read(&pair.device.link, &byte, 1) != 0 || link->rx.next != 0 ||
            link->rx.ahead.count != 0 || link->tx.acked != 0 || link->tx.limit != 4096 ||
            link->tx.sent_count != 1 || link->state != FDM_LINK_OPEN)
            fail_msg("%s", cases[i].remark);
        wire_pair_release(&pair);
    }
}

/* Lost bytes are cut anew when they are sent again, so pieces may overlap what is there in any way.
 */
static void pieces_may_overlap(void **state)
{
    (void)state;
    static const struct {
        uint8_t begin, end;
        size_t readable; /* behind it */
    } pieces[] = {{20, 20, 0},  {4, 8, 0},    {6, 10, 0},  {2, 5, 0},   {2, 3, 0},
                  {14, 20, 0},  {0, 3, 10},   {1, 9, 10},  {8, 12, 12}, {12, 13, 13},
                  {12, 30, 30}, {16, 18, 30}, {25, 40, 40}};
    struct wire_pair pair;
    init(&pair);
    connect_ends(&pair, 7);
    uint8_t bytes[40];
    uint8_t got[41];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i + 100);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const uint8_t offset[4] = {pieces[i].begin, 0, 0, 0};
        uint8_t line[64];
        struct fdm_frame_encoder encoder;
        fdm_frame_begin(&encoder, line, sizeof line, 3, 7, (uint16_t)(i + 1));
        fdm_frame_put(&encoder, offset, sizeof offset);
        fdm_frame_put(&encoder, bytes + pieces[i].begin, (size_t)pieces[i].end - pieces[i].begin);
        fdm_link_receive(&pair.device.link, line, fdm_frame_end(&encoder), 0);
        assert_int_equal(pair.device.link.rx.next, pieces[i].readable);
        assert_true(i > 0 || pair.device.link.rx.ahead.count == 0);
    }
    assert_int_equal(fdm_link_read(&pair.device.link, got, sizeof got), sizeof bytes);
    assert_memory_equal(got, bytes, sizeof bytes);
    wire_pair_release(&pair);
}

/* A board that computes for seconds answers late; the host repeats itself a little, no more. */
static void a_busy_board_is_not_flooded(void **state)
{
    (void)state;
    struct wire_pair pair;
    init(&pair);
    connect_ends(&pair, 7);
    say(&pair, &pair.host, &pair.device, "measure the round trip");
    pair.device.dead = true;
    uint32_t before = pair.host.link.stats.frames_sent;
    fdm_link_write(&pair.host.link, "infer", 5);
    wire_pair_run(&pair, 5 * SECOND_NS);
    assert_in_range(pair.host.link.stats.frames_sent - before, 2, 100);
    pair.device.dead = false;
    wire_pair_run(&pair, SECOND_NS);
    char heard[8];
    assert_int_equal(fdm_link_read(&pair.device.link, heard, sizeof heard), 5);
    assert_true(fdm_link_is_flushed(&pair.host.link));
    wire_pair_release(&pair);
}

/* Nobody has anything to say: no frame, and no deadline but the probe. */
static void an_idle_link_is_silent(void **state)
{
    (void)state;
    struct wire_pair pair;
    init(&pair);
    pair.host.config.probe_us = 0;
    wire_end_restart(&pair.host);
    connect_ends(&pair, 7);
    assert_int_equal(fdm_link_deadline_us(&pair.host.link, 0), UINT64_MAX);
    assert_int_equal(fdm_link_deadline_us(&pair.device.link, 0), UINT64_MAX);
    assert_int_equal(fdm_link_transmit(&pair.host.link, pair.host.frame, 1000000000), 0);
    wire_pair_release(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(configurations_outside_the_bounds_are_refused),
        cmocka_unit_test(both_sides_speak_and_hear),
        cmocka_unit_test(a_silent_peer_is_asked_again_and_again),
        cmocka_unit_test(a_restarted_board_is_noticed),
        cmocka_unit_test(a_restarted_board_that_nobody_heard_is_noticed),
        cmocka_unit_test(a_restarted_host_is_noticed),
        cmocka_unit_test(a_closed_session_ends_on_both_sides),
        cmocka_unit_test(another_version_is_refused_with_its_number),
        cmocka_unit_test(greetings_with_impossible_numbers_are_ignored),
        cmocka_unit_test(the_smaller_payload_counts),
        cmocka_unit_test(a_slow_reader_stops_the_sender),
        cmocka_unit_test(numbers_wrap),
        cmocka_unit_test(impossible_frames_change_nothing),
        cmocka_unit_test(pieces_may_overlap),
        cmocka_unit_test(a_busy_board_is_not_flooded),
        cmocka_unit_test(an_idle_link_is_silent),
    };
    return cmocka_run_group_tests_name("wire.link", tests, NULL, NULL);
}
