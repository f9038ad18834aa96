/* Which files are timed and what is counted of them; times themselves are not judged. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "harness/bench/decode_bench.h"
#include "tests/support/sample_images.h"

enum { JPEG, SMALL_JPEG, CUT_JPEG, TEXT, FILE_COUNT };

struct samples {
    struct sample_file owned[2];
    struct fdm_decode_file files[FILE_COUNT];
};

static void make_samples(struct samples *samples)
{
    static const uint8_t text[] = "not an image";
    samples->owned[0] = sample_jpeg_file(SAMPLE_YCC_420, 60, 40, 90, NULL);
    samples->owned[1] = sample_jpeg_file(SAMPLE_GRAY, 10, 20, 90, NULL);
    const struct sample_file *large = &samples->owned[0];
    samples->files[JPEG] = (struct fdm_decode_file){large->bytes, large->len};
    samples->files[SMALL_JPEG] =
        (struct fdm_decode_file){samples->owned[1].bytes, samples->owned[1].len};
    samples->files[CUT_JPEG] = (struct fdm_decode_file){large->bytes, large->len / 2};
    samples->files[TEXT] = (struct fdm_decode_file){text, sizeof text - 1};
}

static void release_samples(struct samples *samples)
{
    free(samples->owned[0].bytes);
    free(samples->owned[1].bytes);
}

static void sound_files_are_timed_and_damaged_ones_counted(void **state)
{
    (void)state;
    struct samples samples;
    struct fdm_decode_times times;
    struct fdm_error err = FDM_ERROR_INIT;
    make_samples(&samples);
    const struct fdm_decode_options options = {
        samples.files, FILE_COUNT, FDM_IMAGE_JPEG, {32, 32}, 3};
    assert_ok(fdm_decode_bench_run(&options, &times, &err), err);
    assert_int_equal(times.images, 2);
    assert_int_equal(times.unreadable, 1);
    assert_true(times.pixels == 60 * 40 + 10 * 20);
    for (int step = 0; step < FDM_DECODE_STEPS; step++) {
        assert_int_equal(times.steps[step].us.count, 2 * 3);
        assert_true(times.steps[step].us.min > 0);
    }
    double sum = times.steps[FDM_DECODE_DECODE].us.mean + times.steps[FDM_DECODE_RESIZE].us.mean +
                 times.steps[FDM_DECODE_NORMALISE_U8].us.mean;
    assert_true(fabs(times.steps[FDM_DECODE_ALL].us.mean - sum) <= 1e-9 * sum);
    release_samples(&samples);
}

static void without_files_there_are_no_times(void **state)
{
    (void)state;
    struct samples samples;
    struct fdm_decode_times times;
    struct fdm_error err = FDM_ERROR_INIT;
    make_samples(&samples);
    struct fdm_decode_options options = {samples.files, FILE_COUNT, FDM_IMAGE_PNG, {32, 32}, 1};
    assert_ok(fdm_decode_bench_run(&options, &times, &err), err);
    assert_int_equal(times.images, 0);
    assert_int_equal(times.unreadable, 0);
    assert_int_equal(times.steps[FDM_DECODE_ALL].us.count, 0);
    options.size.width = 0;
    assert_int_equal(fdm_decode_bench_run(&options, &times, NULL), FDM_ERR_USAGE);
    release_samples(&samples);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_files_are_timed_and_damaged_ones_counted),
        cmocka_unit_test(without_files_there_are_no_times),
    };
    return cmocka_run_group_tests_name("decode_bench", tests, NULL, NULL);
}
