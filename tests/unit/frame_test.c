#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "targets/wire/crc32.h"
#include "targets/wire/frame.h"
#include "targets/wire/ranges.h"

static void crc32_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *bytes;
        size_t len;
        uint32_t crc;
    } cases[] = {
        {"nothing", "", 0, 0x00000000},
        {"the check value of the catalogue of CRCs", "123456789", 9, 0xCBF43926},
        {"type and data of an empty IEND chunk, PNG specification", "IEND", 4, 0xAE426082},
        {"four zero bytes: the preset register matters", "\0\0\0\0", 4, 0x2144DF1C},
        {"four 0xFF bytes", "\xff\xff\xff\xff", 4, 0xFFFFFFFF},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (fdm_crc32(FDM_CRC32_INIT, cases[i].bytes, cases[i].len) != cases[i].crc)
            fail_msg("%s", cases[i].remark);
    assert_int_equal(fdm_crc32(FDM_CRC32_INIT, NULL, 0), 0);
}

static void crc32_of_pieces_is_that_of_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[300];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_random(&seed);
    uint32_t whole = fdm_crc32(FDM_CRC32_INIT, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        uint32_t crc = fdm_crc32(FDM_CRC32_INIT, bytes, cut);
        assert_int_equal(fdm_crc32(crc, bytes + cut, sizeof bytes - cut), whole);
    }
}

#define PAYLOAD_MAX 600
#define LINE_MAX FDM_FRAME_ENCODED_BYTES(PAYLOAD_MAX)

static size_t encode(uint8_t *out, size_t capacity, uint16_t sequence, const uint8_t *payload,
                     size_t len)
{
    struct fdm_frame_encoder encoder;
    fdm_frame_begin(&encoder, out, capacity, 3, 0x1234, sequence);
    fdm_frame_put(&encoder, payload, len / 2);
    fdm_frame_put(&encoder, payload + len / 2, len - len / 2);
    return fdm_frame_end(&encoder);
}

static void frames_are_laid_out_as_specified(void **state)
{
    (void)state;
    static const uint8_t payload[] = {0x11, 0x00, 0x22};
    /* type, session and sequence little endian, payload, CRC-32 of 03 34 12 00 00 11 00 22 */
    static const uint8_t expected[] = {0x00, 0x04, 0x03, 0x34, 0x12, 0x01, 0x02, 0x11,
                                       0x06, 0x22, 0xF8, 0x72, 0x1B, 0x31, 0x00};
    uint8_t line[LINE_MAX];
    size_t len = encode(line, sizeof line, 0, payload, sizeof payload);
    assert_int_equal(len, sizeof expected);
    assert_memory_equal(line, expected, sizeof expected);
}

static void payloads_round_trip_at_every_length(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t random_mask;
        uint8_t base;
    } fills[] = {
        {"no zeros: the longest blocks", 0, 0x55},
        {"only zeros: the shortest blocks", 0, 0x00},
        {"anything", 0xFF, 0},
        {"half zeros", 0x01, 0},
    };
    uint32_t seed = 5;
    uint8_t payload[PAYLOAD_MAX];
    uint8_t line[LINE_MAX];
    uint8_t body[FDM_FRAME_BODY_BYTES(PAYLOAD_MAX)];
    struct fdm_frame_decoder decoder;
    fdm_frame_decoder_init(&decoder, body, sizeof body);
    for (size_t fill = 0; fill < sizeof fills / sizeof fills[0]; fill++) {
        for (size_t len = 0; len <= PAYLOAD_MAX; len++) {
            for (size_t i = 0; i < len; i++)
                payload[i] =
                    (uint8_t)(fills[fill].base + (test_random(&seed) & fills[fill].random_mask));
            size_t encoded =
                encode(line, FDM_FRAME_ENCODED_BYTES(len), (uint16_t)len, payload, len);
            if (encoded == 0)
                fail_msg("%s: %zu bytes do not fit", fills[fill].remark, len);
            struct fdm_frame frame;
            for (size_t i = 0; i + 1 < encoded; i++) {
                assert_false(fdm_frame_decode(&decoder, line[i], &frame));
                assert_true(i == 0 || line[i] != 0);
            }
            assert_true(fdm_frame_decode(&decoder, line[encoded - 1], &frame));
            assert_int_equal(frame.type, 3);
            assert_int_equal(frame.session, 0x1234);
            assert_int_equal(frame.sequence, len);
            assert_int_equal(frame.payload_bytes, len);
            assert_memory_equal(frame.payload, payload, len);
        }
    }
    assert_int_equal(decoder.damaged, 0);
    assert_int_equal(decoder.oversized, 0);
}

static void encoder_refuses_what_does_not_fit(void **state)
{
    (void)state;
    uint8_t payload[40] = {1, 2, 0, 3};
    uint8_t line[LINE_MAX];
    size_t needed = encode(line, sizeof line, 1, payload, sizeof payload);
    for (size_t capacity = 0; capacity < needed; capacity++) {
        memset(line, 0xEE, sizeof line);
        assert_int_equal(encode(line, capacity, 1, payload, sizeof payload), 0);
        assert_int_equal(line[capacity], 0xEE);
    }
    assert_int_equal(encode(line, needed, 1, payload, sizeof payload), needed);
}

struct arrivals {
    bool seen[3];
    unsigned wrong;
};

static void listen_to(struct fdm_frame_decoder *decoder, const uint8_t *line, size_t len,
                      struct arrivals *arrivals)
{
    for (size_t i = 0; i < len; i++) {
        struct fdm_frame frame;
        if (!fdm_frame_decode(decoder, line[i], &frame))
            continue;
        bool right = frame.sequence < 3 && frame.payload_bytes == 20;
        for (size_t at = 0; right && at < 20; at++)
            right = frame.payload[at] == (uint8_t)(at * 37 * (frame.sequence + 1U));
        if (right)
            arrivals->seen[frame.sequence] = true;
        else
            arrivals->wrong++;
    }
}

/* Three frames with one byte damaged: at most the frame that it belongs to may be missing. */
static void damage_costs_at_most_the_frame_it_hits(void **state)
{
    (void)state;
    uint8_t line[3 * FDM_FRAME_ENCODED_BYTES(20)];
    size_t end[3];
    size_t len = 0;
    for (uint16_t frame = 0; frame < 3; frame++) {
        uint8_t payload[20];
        for (size_t at = 0; at < 20; at++)
            payload[at] = (uint8_t)(at * 37 * (frame + 1U));
        len += encode(line + len, sizeof line - len, frame, payload, 20);
        end[frame] = len;
    }
    /* Damage 0..255: the byte becomes that; 256: it is dropped; 257 + b: b arrives before it. */
    for (size_t at = 0; at < len; at++) {
        for (unsigned damage = 0; damage < 513; damage++) {
            uint8_t damaged[sizeof line + 1];
            size_t skipped = damage == 256 ? 1 : 0;
            size_t extra = damage > 256 ? 1 : 0;
            memcpy(damaged, line, at);
            memcpy(damaged + at + extra, line + at + skipped, len - at - skipped);
            if (damage != 256)
                damaged[at] = (uint8_t)(damage > 256 ? damage - 257 : damage);
            uint8_t body[FDM_FRAME_BODY_BYTES(64)];
            struct fdm_frame_decoder decoder;
            struct arrivals arrivals = {{false}, 0};
            fdm_frame_decoder_init(&decoder, body, sizeof body);
            listen_to(&decoder, damaged, len - skipped + extra, &arrivals);
            /* What was cut off at the very end is completed by the next frame's first byte. */
            listen_to(&decoder, (const uint8_t[]){0}, 1, &arrivals);
            size_t hit = at < end[0] ? 0 : at < end[1] ? 1 : 2;
            for (size_t frame = 0; frame < 3; frame++)
                if (!arrivals.seen[frame] && frame != hit)
                    fail_msg("damage %u at byte %zu lost frame %zu", damage, at, frame);
            assert_int_equal(arrivals.wrong, 0);
        }
    }
}

static void overlong_bodies_are_skipped_once(void **state)
{
    (void)state;
    uint8_t payload[PAYLOAD_MAX];
    memset(payload, 0x77, sizeof payload);
    uint8_t line[LINE_MAX];
    uint8_t guarded[FDM_FRAME_BODY_BYTES(32) + 1];
    struct fdm_frame_decoder decoder;
    struct fdm_frame frame;
    fdm_frame_decoder_init(&decoder, guarded, sizeof guarded - 1);
    guarded[sizeof guarded - 1] = 0xEE;
    size_t len = encode(line, sizeof line, 1, payload, 33);
    for (size_t i = 0; i < len; i++)
        assert_false(fdm_frame_decode(&decoder, line[i], &frame));
    assert_int_equal(decoder.oversized, 1);
    assert_int_equal(decoder.damaged, 0);
    assert_int_equal(guarded[sizeof guarded - 1], 0xEE);
    len = encode(line, sizeof line, 2, payload, 32);
    bool good = false;
    for (size_t i = 0; i < len; i++)
        good = fdm_frame_decode(&decoder, line[i], &frame);
    assert_true(good);
}

static bool set_is(const struct fdm_ranges *set, const char *expected)
{
    char text[400] = "";
    for (size_t i = 0; i < set->count; i++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, "%s%u-%u", i > 0 ? " " : "", set->at[i].begin,
                 set->at[i].end);
    }
    if (strcmp(text, expected) != 0)
        print_message("have %s, expected %s\n", text, expected);
    return strcmp(text, expected) == 0;
}

static void ranges_join_and_drop(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t begin, end;
        const char *expected;
    } adds[] = {
        {"first", 100, 110, "100-110"},
        {"before", 50, 60, "50-60 100-110"},
        {"behind", 200, 210, "50-60 100-110 200-210"},
        {"touches the end", 60, 70, "50-70 100-110 200-210"},
        {"touches the start", 90, 100, "50-70 90-110 200-210"},
        {"inside", 95, 96, "50-70 90-110 200-210"},
        {"fills a gap", 70, 90, "50-110 200-210"},
        {"overlaps two", 100, 205, "50-210"},
        {"covers all", 10, 300, "10-300"},
    };
    struct fdm_ranges set;
    fdm_ranges_clear(&set);
    for (size_t i = 0; i < sizeof adds / sizeof adds[0]; i++) {
        assert_true(fdm_ranges_add(&set, adds[i].begin, adds[i].end));
        if (!set_is(&set, adds[i].expected))
            fail_msg("%s", adds[i].remark);
    }
    fdm_ranges_add(&set, 400, 500);
    fdm_ranges_drop_before(&set, 10);
    assert_true(set_is(&set, "10-300 400-500"));
    fdm_ranges_drop_before(&set, 299);
    assert_true(set_is(&set, "299-300 400-500"));
    fdm_ranges_drop_before(&set, 400);
    assert_true(set_is(&set, "400-500"));
    fdm_ranges_drop_before(&set, 1000);
    assert_true(set_is(&set, ""));
}

static void ranges_wrap_with_the_offsets(void **state)
{
    (void)state;
    struct fdm_ranges set;
    fdm_ranges_clear(&set);
    assert_true(fdm_ranges_add(&set, 5, 9));
    assert_true(fdm_ranges_add(&set, 0xFFFFFFF0, 0xFFFFFFF8));
    assert_true(set_is(&set, "4294967280-4294967288 5-9"));
    assert_true(fdm_ranges_add(&set, 0xFFFFFFF8, 5));
    assert_true(set_is(&set, "4294967280-9"));
    fdm_ranges_drop_before(&set, 2);
    assert_true(set_is(&set, "2-9"));
}

static void a_full_set_refuses_or_widens(void **state)
{
    (void)state;
    struct fdm_ranges set;
    fdm_ranges_clear(&set);
    for (uint32_t i = 1; i <= FDM_RANGES_MAX; i++)
        assert_true(fdm_ranges_add(&set, 100 * i, 100 * i + 10));
    assert_false(fdm_ranges_add(&set, 150, 160));
    assert_int_equal(set.count, FDM_RANGES_MAX);
    assert_true(fdm_ranges_add(&set, 110, 120)); /* joining needs no room */
    fdm_ranges_cover(&set, 150, 160);
    assert_int_equal(set.count, FDM_RANGES_MAX);
    assert_int_equal(set.at[0].end, 160);
    fdm_ranges_cover(&set, 10, 20);
    assert_int_equal(set.at[0].begin, 10);
    assert_int_equal(set.at[0].end, 160);
    assert_int_equal(set.count, FDM_RANGES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32_known_answers),
        cmocka_unit_test(crc32_of_pieces_is_that_of_the_whole),
        cmocka_unit_test(frames_are_laid_out_as_specified),
        cmocka_unit_test(payloads_round_trip_at_every_length),
        cmocka_unit_test(encoder_refuses_what_does_not_fit),
        cmocka_unit_test(damage_costs_at_most_the_frame_it_hits),
        cmocka_unit_test(overlong_bodies_are_skipped_once),
        cmocka_unit_test(ranges_join_and_drop),
        cmocka_unit_test(ranges_wrap_with_the_offsets),
        cmocka_unit_test(a_full_set_refuses_or_widens),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}
