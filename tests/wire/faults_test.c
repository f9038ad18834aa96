/* A whole session of messages with one byte damaged, for every byte and every kind of damage.
 *
 * Built twice. With the real CRC-32 nothing wrong may ever be delivered and everything must arrive.
 * With a checksum that is always right (FAULTS_WITHOUT_CRC) most of the damage must show: that
 * proves that the test would notice. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "targets/wire/crc32.h"
#include "targets/wire/msg.h"
#include "tests/fakes/wire_pair.h"

#define MESSAGES_MAX 32
#define OBJECT_BYTES 900
#define PIECE_BYTES 300
#define HANG_NS UINT64_C(20000000000)

/* What one side received, in order: a digest per message. Not the CRC that the wire uses. */
struct transcript {
    uint64_t digests[MESSAGES_MAX];
    size_t count;
    bool malformed;
};

static void note(struct transcript *heard, const struct fdm_msg *msg)
{
    uint8_t bytes[FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN];
    size_t len = fdm_msg_encode(msg, bytes, sizeof bytes);
    uint64_t digest = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    for (size_t i = 0; i < len; i++)
        digest = (digest ^ bytes[i]) * UINT64_C(0x100000001B3);
    if (heard->count < MESSAGES_MAX)
        heard->digests[heard->count] = digest;
    heard->count++;
}

struct side {
    struct wire_end *end;
    struct fdm_msg_reader reader;
    uint8_t buffer[FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN];
    struct fdm_msg queue[MESSAGES_MAX]; /* to be sent, in order */
    size_t queued, sent;
    struct transcript heard;
    uint8_t tag;
};

struct session {
    struct wire_pair pair;
    struct side host, device;
    uint8_t object[OBJECT_BYTES];
};

static struct fdm_msg *queue(struct side *side, enum fdm_msg_type type)
{
    assert_true(side->queued < MESSAGES_MAX);
    struct fdm_msg *msg = &side->queue[side->queued++];
    memset(msg, 0, sizeof *msg);
    msg->type = (uint8_t)type;
    msg->tag = ++side->tag;
    return msg;
}

/* The board of this play: answers by fixed rules, whatever the content. */
static void answer(struct session *session, const struct fdm_msg *msg)
{
    struct side *device = &session->device;
    struct fdm_msg *reply;
    switch (msg->type) {
    case FDM_MSG_HELLO:
        reply = queue(device, FDM_MSG_HELLO_REPLY);
        reply->u.hello_reply.clock_hz = 400000000;
        memcpy(reply->u.hello_reply.board, "STM32H747I-DISCO", 17);
        break;
    case FDM_MSG_LOAD_DATA:
        if (msg->u.data.offset < OBJECT_BYTES - PIECE_BYTES)
            break;
        reply = queue(device, FDM_MSG_LOAD_STATE);
        reply->u.load_state.complete = 1;
        break;
    case FDM_MSG_INFER:
        for (uint32_t run = 0; run < 3; run++) {
            reply = queue(device, FDM_MSG_RUN);
            reply->u.run.index = run;
            reply->u.run.counter = 7211000 + run;
        }
        reply = queue(device, FDM_MSG_INFER_DONE);
        reply->u.infer_done.runs = 3;
        break;
    case FDM_MSG_OUTPUT:
        reply = queue(device, FDM_MSG_OUTPUT_DATA);
        reply->u.data.bytes = session->object;
        reply->u.data.len = 600;
        break;
    default:
        break;
    }
}

/* The host's next request, once everything before is answered; false when the play is over. */
static bool ask(struct session *session, size_t replies)
{
    struct side *host = &session->host;
    struct fdm_msg *msg;
    switch (replies) {
    case 0:
        queue(host, FDM_MSG_HELLO)->u.hello.wire_version = FDM_WIRE_VERSION;
        return true;
    case 1:
        for (uint32_t offset = 0; offset < OBJECT_BYTES; offset += PIECE_BYTES) {
            msg = queue(host, FDM_MSG_LOAD_DATA);
            msg->u.data.offset = offset;
            msg->u.data.bytes = session->object + offset;
            msg->u.data.len = PIECE_BYTES;
        }
        return true;
    case 2:
        queue(host, FDM_MSG_INFER)->u.infer.runs = 3;
        return true;
    case 6:
        queue(host, FDM_MSG_OUTPUT)->u.output.bytes = 600;
        return true;
    default:
        return false;
    }
}

static void read_messages(struct session *session, struct side *side)
{
    struct fdm_msg msg;
    enum fdm_msg_result result;
    while ((result = fdm_msg_read(&side->reader, &side->end->link, &msg)) == FDM_MSG_READY) {
        note(&side->heard, &msg);
        if (side == &session->device)
            answer(session, &msg);
    }
    side->heard.malformed |= result != FDM_MSG_NONE;
}

static void write_messages(struct side *side)
{
    while (side->sent < side->queued && fdm_msg_write(&side->end->link, &side->queue[side->sent]))
        side->sent++;
}

static void begin(struct session *session, const struct fake_line_config *down,
                  const struct fake_line_config *up)
{
    struct wire_pair_config config = {
        .down = *down, .up = *up, .max_payload = 512, .window_bytes = 2048, .probe_us = 200000};
    memset(session, 0, sizeof *session);
    wire_pair_init(&session->pair, &config);
    session->host.end = &session->pair.host;
    session->device.end = &session->pair.device;
    session->device.tag = 100;
    fdm_msg_reader_init(&session->host.reader, session->host.buffer, sizeof session->host.buffer);
    fdm_msg_reader_init(&session->device.reader, session->device.buffer,
                        sizeof session->device.buffer);
    for (size_t i = 0; i < OBJECT_BYTES; i++)
        session->object[i] = (uint8_t)(i % 17 == 0 ? 0 : i * 11);
    fdm_link_listen(&session->pair.device.link);
    fdm_link_open(&session->pair.host.link, 0x5EED, 0);
}

enum outcome { COMPLETE, ENDED, HUNG };

/* Plays until the last reply, a cut, or until nothing can happen any more. */
static enum outcome play(struct session *session)
{
    struct wire_pair *pair = &session->pair;
    size_t asked = 0;
    for (;;) {
        wire_pair_settle(pair);
        read_messages(session, &session->device);
        write_messages(&session->device);
        read_messages(session, &session->host);
        if (session->host.heard.count >= asked) {
            if (!ask(session, session->host.heard.count))
                return COMPLETE;
            asked = (size_t[]){1, 2, 6, 0, 0, 0, 7}[session->host.heard.count];
        }
        write_messages(&session->host);
        wire_pair_settle(pair);
        if (fake_line_is_eof(&pair->down) || fake_line_is_eof(&pair->up))
            return ENDED;
        if (!wire_pair_wait(pair) || pair->now_ns > HANG_NS)
            return HUNG;
    }
}

static bool is_prefix(const struct transcript *heard, const struct transcript *expected)
{
    return !heard->malformed && heard->count <= expected->count &&
           memcmp(heard->digests, expected->digests, heard->count * sizeof heard->digests[0]) == 0;
}

struct expected {
    struct transcript host, device;
    uint64_t down_bytes, up_bytes; /* on the line */
};

static const struct fake_line_config clean = {.baud = 921600, .latency_us = 300, .seed = 1};

static void play_clean(struct expected *expected)
{
    struct session session;
    begin(&session, &clean, &clean);
    assert_int_equal(play(&session), COMPLETE);
    expected->host = session.host.heard;
    expected->device = session.device.heard;
    expected->down_bytes = session.pair.down.sent_bytes;
    expected->up_bytes = session.pair.up.sent_bytes;
    assert_int_equal(expected->host.count, 7);
    assert_int_equal(expected->device.count, 6);
    assert_int_equal(session.pair.host.link.stats.timeouts, 0);
    wire_pair_release(&session.pair);
}

struct tally {
    unsigned right, wrong, hung;
};

static void play_damaged(const struct expected *expected, bool down, enum fake_fault fault,
                         uint8_t value, uint64_t at, struct tally *tally)
{
    struct fake_line_config damaged = clean;
    damaged.fault = fault;
    damaged.fault_value = value;
    damaged.fault_at = at;
    struct session session;
    begin(&session, down ? &damaged : &clean, down ? &clean : &damaged);
    enum outcome outcome = play(&session);
    bool prefix = is_prefix(&session.host.heard, &expected->host) &&
                  is_prefix(&session.device.heard, &expected->device);
    bool all = session.host.heard.count == expected->host.count &&
               session.device.heard.count == expected->device.count;
    /* Everything is repaired but a cut, which is an end: what arrived before it is right. */
    if (outcome == HUNG)
        tally->hung++;
    else if (prefix && (outcome == COMPLETE ? all : fault == FAKE_CUT))
        tally->right++;
    else
        tally->wrong++;
    wire_pair_release(&session.pair);
}

static const struct damage {
    const char *name;
    enum fake_fault fault;
    uint8_t first, last; /* values */
    bool shifts;         /* values are bit numbers */
} damages[] = {
    {"drop", FAKE_DROP, 0, 0, false},
    {"repeat", FAKE_REPEAT, 0, 0, false},
    {"flip", FAKE_FLIP, 0, 7, true},
    {"insert 00", FAKE_INSERT, 0x00, 0x00, false},
    {"insert 5A", FAKE_INSERT, 0x5A, 0x5A, false},
    {"delay", FAKE_DELAY, 30, 30, false},
    {"cut", FAKE_CUT, 0, 0, false},
};

static void tally_damage(const struct expected *expected, const struct damage *damage,
                         struct tally *tally)
{
    for (unsigned value = damage->first; value <= damage->last; value++) {
        uint8_t set = (uint8_t)(damage->shifts ? 1U << value : value);
        for (uint64_t at = 0; at < expected->down_bytes; at++)
            play_damaged(expected, true, damage->fault, set, at, tally);
        for (uint64_t at = 0; at < expected->up_bytes; at++)
            play_damaged(expected, false, damage->fault, set, at, tally);
    }
    print_message("%-10s %6u repaired, %6u wrong, %4u hung\n", damage->name, tally->right,
                  tally->wrong, tally->hung);
}

static void every_damage_to_every_byte(void **state)
{
    (void)state;
    struct expected expected;
    struct tally all = {0, 0, 0};
    play_clean(&expected);
    print_message("%llu bytes down, %llu up\n", (unsigned long long)expected.down_bytes,
                  (unsigned long long)expected.up_bytes);
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct tally tally = {0, 0, 0};
        tally_damage(&expected, &damages[i], &tally);
        if (damages[i].fault != FAKE_CUT && damages[i].fault != FAKE_DELAY) {
            all.right += tally.right;
            all.wrong += tally.wrong;
            all.hung += tally.hung;
        }
#ifndef FAULTS_WITHOUT_CRC
        assert_int_equal(tally.wrong, 0);
        assert_int_equal(tally.hung, 0);
#endif
    }
#ifdef FAULTS_WITHOUT_CRC
    assert_true(all.wrong + all.hung > all.right);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_damage_to_every_byte),
    };
    return cmocka_run_group_tests_name("wire.faults", tests, NULL, NULL);
}
