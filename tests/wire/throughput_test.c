/* How much of a serial line the wire uses, in virtual time, beside ST's stop-and-wait packets. */
#include "tests/support/test.h"

#include <stdio.h>

#include "tests/wire/transfer.h"

#define BAUD 921600
#define BYTES_PER_S (BAUD / 10.0) /* 8N1: ten bits a byte */
#define IMAGE_128 49152           /* 128 x 128 x 3 */
#define IMAGE_224 150528          /* 224 x 224 x 3 */

static double seconds(const struct transfer_result *result)
{
    return (double)result->elapsed_ns / 1e9;
}

static void noisy_lines(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t noise_ppm;
        uint32_t window_bytes;
        double least_share; /* of the line's bytes */
    } cases[] = {
        {"clean", 0, 4096, 0.95},
        {"one byte in 100,000", 10, 4096, 0.94},
        {"one byte in 10,000", 100, 4096, 0.87},
        {"one byte in 1,000", 1000, 4096, 0.70},
        {"one byte in 100", 10000, 8192, 0.36},
        {"three bytes in 100", 30000, 16384, 0.15},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fake_line_config line = {.baud = BAUD,
                                        .latency_us = 1000,
                                        .buffer_bytes = 2048,
                                        .noise_ppm = cases[i].noise_ppm,
                                        .seed = 11};
        struct wire_pair_config config = {
            .down = line, .up = line, .window_bytes = cases[i].window_bytes, .probe_us = 500000};
        config.up.seed = 13;
        struct transfer_result result;
        transfer_images(&config, 20, IMAGE_128, &result);
        double share = 20.0 * IMAGE_128 / seconds(&result) / BYTES_PER_S;
        print_message("%-20s %5.1f %% of the line, %u frames, %u lost, %u timeouts\n",
                      cases[i].remark, 100 * share, result.sender.frames_sent,
                      result.sender.frames_lost, result.sender.timeouts);
        assert_int_equal(result.wrong, 0);
        if (share < cases[i].least_share)
            fail_msg("%s: below %.0f %%", cases[i].remark, 100 * cases[i].least_share);
    }
}

/* stm_ai_runner's protocol, from its own sources and specification (stm32msg_spec.md,
 * serial_hw_drv.py): packets of 33 bytes carry 32, and the host waits for one sync byte after each
 * before it sends the next. A turnaround is what USB and the two programs add to each wait. */
static double stop_and_wait_seconds(double image_bytes, double turnaround_s)
{
    double packets = image_bytes / 32;
    return packets * ((33 + 1) / BYTES_PER_S + turnaround_s);
}

/* The turnaround that makes an image of 224 x 224 take so long: 6 to 9 s are 0.9 to 1.5 ms a wait,
 * which is what a USB converter with frames of 1 ms gives. Estimated, not measured on a board. */
static double turnaround(double image_seconds)
{
    return (image_seconds - stop_and_wait_seconds(IMAGE_224, 0)) / (IMAGE_224 / 32.0);
}

static void five_times_stop_and_wait(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        double image_seconds; /* of stop-and-wait */
        double least_ratio;
    } cases[] = {
        {"slow converter", 9.0, 5.0},
        /* The line itself carries only 3.67 times that much: the wire must come close to it. */
        {"fast converter", 6.0, 3.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double wait = turnaround(cases[i].image_seconds);
        /* The same turnaround, half in each direction, slows our acknowledgements. */
        struct fake_line_config line = {.baud = BAUD,
                                        .latency_us = (uint32_t)(wait * 1e6 / 2),
                                        .buffer_bytes = 2048,
                                        .seed = 1};
        struct wire_pair_config config = {.down = line, .up = line};
        struct transfer_result result;
        transfer_images(&config, 10, IMAGE_224, &result);
        double ratio = stop_and_wait_seconds(IMAGE_224, wait) / (seconds(&result) / 10);
        print_message("%s: %.2f s an image against %.2f s, %.2f times faster; the line allows "
                      "%.2f\n",
                      cases[i].remark, seconds(&result) / 10,
                      stop_and_wait_seconds(IMAGE_224, wait), ratio,
                      cases[i].image_seconds * BYTES_PER_S / IMAGE_224);
        assert_int_equal(result.wrong, 0);
        assert_true(ratio >= cases[i].least_ratio);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(noisy_lines),
        cmocka_unit_test(five_times_stop_and_wait),
    };
    return cmocka_run_group_tests_name("wire.throughput", tests, NULL, NULL);
}
