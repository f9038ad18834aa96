/* A million damaged inputs through the wire. Half are valid input with a few changes, half are made
 * of nothing. Cases come from FDM_FUZZ_SEED and their number; FDM_FUZZ_CASES says how many,
 * FDM_FUZZ_FIRST which is the first. They run in child processes, so that a crash tells its batch.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "targets/wire/msg.h"
#include "tests/fuzz/fuzz_child.h"
#include "tests/fuzz/wire_fuzz.h"

#define INPUT_MAX 160
#define BATCH 10000 /* cases per process */

static size_t put_frame_record(uint8_t *out, uint32_t *seed, unsigned number)
{
    static const uint8_t lengths[] = {0, 8, 8, 20, 12, 0};
    uint8_t type = (uint8_t)(test_random(seed) % 6);
    uint8_t len = type == 3 ? (uint8_t)(4 + test_random(seed) % 20) : lengths[type];
    out[0] = type;
    out[1] = (uint8_t)(type == 4 ? test_random(seed) % 8 : number);
    out[2] = 0;
    out[3] = len;
    for (uint8_t i = 0; i < len; i++)
        out[4 + i] = (uint8_t)(i % 4 == 0 ? test_random(seed) % 200 : 0);
    return 4U + len;
}

static size_t valid_frames(uint8_t *out, uint32_t *seed)
{
    size_t len = 0;
    for (unsigned number = 1; len + 32 < INPUT_MAX; number++)
        len += put_frame_record(out + len, seed, number);
    return len;
}

static size_t valid_line(uint8_t *out, uint32_t *seed)
{
    size_t len = 0;
    for (unsigned number = 1; len + 60 < INPUT_MAX; number++) {
        uint8_t record[32];
        size_t record_len = put_frame_record(record, seed, number);
        struct fdm_frame_encoder encoder;
        fdm_frame_begin(&encoder, out + len, INPUT_MAX - len, record[0], 0x5EED, record[1]);
        fdm_frame_put(&encoder, record + 4, record_len - 4);
        len += fdm_frame_end(&encoder);
    }
    return len;
}

static size_t valid_message(uint8_t *out, size_t capacity, uint32_t *seed)
{
    struct fdm_msg msg = {0};
    do {
        msg.type = (uint8_t)test_random(seed);
    } while (strcmp(fdm_msg_name(msg.type), "unknown") == 0);
    msg.tag = (uint8_t)test_random(seed);
    return fdm_msg_encode(&msg, out, capacity);
}

static size_t make_valid(uint8_t *out, uint8_t kind, uint32_t *seed)
{
    size_t len = 0;
    switch (kind) {
    case WIRE_FUZZ_LINE:
        return valid_line(out, seed);
    case WIRE_FUZZ_FRAMES:
        return valid_frames(out, seed);
    case WIRE_FUZZ_MESSAGE: {
        uint8_t whole[INPUT_MAX];
        len = valid_message(whole, sizeof whole, seed);
        memcpy(out + 1, whole + FDM_MSG_HEADER_BYTES, len - FDM_MSG_HEADER_BYTES);
        out[0] = whole[0];
        return len - FDM_MSG_HEADER_BYTES + 1;
    }
    default:
        for (int i = 0; i < 3; i++)
            len += valid_message(out + len, INPUT_MAX - len, seed);
        return len;
    }
}

static size_t damage(uint8_t *bytes, size_t len, uint32_t *seed)
{
    for (uint32_t changes = test_random(seed) % 5; changes > 0 && len > 0; changes--) {
        size_t at = test_random(seed) % len;
        switch (test_random(seed) % 4) {
        case 0:
            bytes[at] ^= (uint8_t)(1U << test_random(seed) % 8);
            break;
        case 1:
            bytes[at] = (uint8_t)test_random(seed);
            break;
        case 2:
            memmove(bytes + at, bytes + at + 1, len - at - 1);
            len--;
            break;
        default:
            len = at;
            break;
        }
    }
    return len;
}

/* In memory of exactly its size, so that AddressSanitizer sees a step beyond. */
static void run_case(uint32_t first_seed, uint32_t number)
{
    uint32_t seed = (first_seed ^ number * UINT32_C(2654435761)) | 1;
    for (int i = 0; i < 3; i++)
        test_random(&seed);
    uint8_t input[1 + INPUT_MAX];
    input[0] = (uint8_t)(test_random(&seed) % WIRE_FUZZ_KINDS);
    size_t len;
    if (test_random(&seed) % 2 == 0) {
        len = damage(input + 1, make_valid(input + 1, input[0], &seed), &seed);
    } else {
        len = test_random(&seed) % INPUT_MAX;
        for (size_t i = 0; i < len; i++)
            input[1 + i] = (uint8_t)(test_random(&seed) >> 7);
    }
    uint8_t *exact = malloc(1 + len);
    assert_non_null(exact);
    memcpy(exact, input, 1 + len);
    wire_fuzz(exact, 1 + len);
    free(exact);
}

static void run_batch(uint32_t seed, uint32_t first, uint32_t cases)
{
    int ended = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        for (uint32_t i = 0; i < cases; i++)
            run_case(seed, first + i);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    if (ended != 0)
        fail_msg("again: FDM_FUZZ_SEED=%u FDM_FUZZ_FIRST=%u FDM_FUZZ_CASES=%u", seed, first, cases);
}

static void a_million_inputs(void **state)
{
    (void)state;
    uint32_t seed = fuzz_setting("FDM_FUZZ_SEED", 2026);
    uint32_t first = fuzz_setting("FDM_FUZZ_FIRST", 0);
    uint32_t cases = fuzz_setting("FDM_FUZZ_CASES", 1000000);
    for (uint32_t done = 0; done < cases; done += BATCH)
        run_batch(seed, first + done, cases - done < BATCH ? cases - done : BATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_million_inputs),
    };
    return cmocka_run_group_tests_name("fuzz.wire", tests, NULL, NULL);
}
