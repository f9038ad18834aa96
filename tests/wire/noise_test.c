/* A bad cable for a whole evaluation: 1 % of all bytes, in both directions, are dropped, repeated,
 * changed or joined by a stranger. */
#include "tests/support/test.h"

#include "tests/wire/transfer.h"

#define IMAGES 1000
#define IMAGE_BYTES 49152

static void a_thousand_images_arrive_whole(void **state)
{
    (void)state;
    struct fake_line_config line = {
        .baud = 921600, .latency_us = 1000, .buffer_bytes = 512, .noise_ppm = 10000, .seed = 2026};
    struct wire_pair_config config = {.down = line, .up = line, .probe_us = 500000};
    config.up.seed = 907;
    struct transfer_result result;
    transfer_images(&config, IMAGES, IMAGE_BYTES, &result);
    print_message("%u images in %.0f s of the line's time: %.0f bytes/s; %u frames, %u lost, %u "
                  "timeouts\n",
                  result.arrived, (double)result.elapsed_ns / 1e9,
                  (double)IMAGES * IMAGE_BYTES / ((double)result.elapsed_ns / 1e9),
                  result.sender.frames_sent, result.sender.frames_lost, result.sender.timeouts);
    assert_int_equal(result.arrived, IMAGES);
    assert_int_equal(result.wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_images_arrive_whole),
    };
    return cmocka_run_group_tests_name("wire.noise", tests, NULL, NULL);
}
