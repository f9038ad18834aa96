/* The numbers of quantization: square roots, ranges, weights, biases. */
#include "tests/support/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/quantizer/affine.h"
#include "reference/quantizer/histogram.h"
#include "reference/quantizer/range.h"
#include "reference/quantizer/rsqrt.h"
#include "reference/quantizer/weights.h"

/* ---- square roots --------------------------------------------------------------------------- */

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* Measured with RSQRTPS on an Intel Xeon of 2026; behind it one Newton step in float32. */
static void square_roots_of_the_instruction(void **state)
{
    (void)state;
    static const struct {
        float x;
        uint32_t instruction, converter;
    } rows[] = {
        {1.0f, 0x3f7ff000, 0x3f7fffff},   {2.0f, 0x3f34f800, 0x3f3504f2},
        {3.0f, 0x3f13c800, 0x3f13cd3a},   {4.0f, 0x3efff000, 0x3effffff},
        {0.001f, 0x41fd0000, 0x41fcfb72}, {1.5f, 0x3f510000, 0x3f5105eb},
        {10.0f, 0x3ea1e000, 0x3ea1e89b},  {0.701f, 0x3f98e000, 0x3f98e14e},
        {1e30f, 0x26902000, 0x26901d7d},  {FLT_MIN, 0x5efff000, 0x5effffff},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t instruction = bits_of(fdm_rsqrt_intel(rows[i].x));
        uint32_t converter = bits_of(fdm_rsqrt_converter(rows[i].x));
        if (instruction != rows[i].instruction || converter != rows[i].converter)
            fail_msg("%g: %08x, %08x", (double)rows[i].x, instruction, converter);
    }
}

static void square_roots_are_near_the_exact_ones(void **state)
{
    (void)state;
    double worst_instruction = 0.0;
    double worst_converter = 0.0;
    for (uint32_t bits = 0x00800000; bits < 0x7f800000; bits += 65537) {
        float x;
        memcpy(&x, &bits, sizeof x);
        double exact = 1.0 / sqrt((double)x);
        worst_instruction = fmax(worst_instruction, fabs((double)fdm_rsqrt_intel(x) / exact - 1.0));
        worst_converter = fmax(worst_converter, fabs((double)fdm_rsqrt_converter(x) / exact - 1.0));
        assert_true(fabs((double)fdm_rsqrt_exact(x) / exact - 1.0) < 0x1p-23);
    }
    assert_true(worst_instruction <= 1.5 * 0x1p-12);
    assert_true(worst_instruction > 0x1p-12);
    assert_true(worst_converter < 5e-7);
    assert_true(worst_converter > 1e-7);
    assert_true(fdm_rsqrt_converter(1e-40f) == fdm_rsqrt_exact(1e-40f));
}

/* ---- scales --------------------------------------------------------------------------------- */

static void affines_of_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        double min, max;
        float scale;
        int32_t zero_point;
    } rows[] = {
        {"pixels in 0..1", 0.0, 1.0, 1.0f / 255.0f, -128},
        {"pixels in -1..0", -1.0, 0.0, 1.0f / 255.0f, 127},
        {"pixels in -1..1: half-way, away from zero", -1.0, 1.0, 2.0f / 255.0f, -1},
        {"above zero only is extended to zero", 2.0, 5.1, 0.02f, -128},
        {"below zero only likewise", -5.1, -2.0, 0.02f, 127},
        {"the end that loses less decides", -1.0, 254.0, 1.0f, -127},
        {"where both ends are half-way, the shorter one decides", -1.45, 3.65, 0.02f, -55},
        {"the upper one", -30.3, 20.700000000000003, 0.2f, 23},
        {"nothing", 0.0, 0.0, 1.0f, -128},
        {"smaller than any scale", 0.0, 1e-40, 1.0f, -128},
        {"larger than any scale", -1e308, 1e308, FLT_MAX, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_affine a = fdm_affine_from_range(rows[i].min, rows[i].max);
        bool extreme = rows[i].max > 1e300;
        if (a.scale != rows[i].scale || (!extreme && a.zero_point != rows[i].zero_point))
            fail_msg("%s: %.9g, %d", rows[i].remark, (double)a.scale, a.zero_point);
        assert_true(a.zero_point >= -128 && a.zero_point <= 127);
    }
}

/* ---- histograms ----------------------------------------------------------------------------- */

static struct fdm_histogram *histogram_of(const float *values, size_t count)
{
    struct fdm_histogram *histogram = calloc(1, sizeof *histogram);
    assert_non_null(histogram);
    fdm_histogram_add(histogram, values, count);
    return histogram;
}

static void histograms_count(void **state)
{
    (void)state;
    static const float values[] = {0.0f, 0.25f, -0.5f, 3.0f, 0.0f, 100.0f, -0.0f, 1e-30f};
    struct fdm_histogram *h = histogram_of(values, 8);
    assert_int_equal(h->count, 8);
    assert_int_equal(h->zeros, 3);
    assert_true(h->min == -0.5 && h->max == 100.0);
    assert_true(h->limit == 128.0);
    uint64_t positive = 0;
    uint64_t negative = 0;
    for (size_t i = 0; i < FDM_HISTOGRAM_BINS; i++) {
        positive += h->positive[i];
        negative += h->negative[i];
    }
    assert_int_equal(positive, 4);
    assert_int_equal(negative, 1);
    assert_int_equal(h->positive[0], 1);
    assert_int_equal(h->positive[16], 1);  /* 0.25 in bins of 1/64 */
    assert_int_equal(h->negative[32], 1);  /* 0.5 */
    assert_int_equal(h->positive[192], 1); /* 3 */
    assert_int_equal(h->positive[6400], 1);
    free(h);
}

static void histograms_do_not_mind_the_order(void **state)
{
    (void)state;
    enum { COUNT = 500 };
    float forth[COUNT];
    float back[COUNT];
    uint32_t random = 7;
    for (size_t i = 0; i < COUNT; i++) {
        float value = ldexpf((float)(test_random(&random) & 0xffff) - 32768.0f,
                             (int)(test_random(&random) % 40) - 30);
        forth[i] = value;
        back[COUNT - 1 - i] = value;
    }
    struct fdm_histogram *a = histogram_of(forth, COUNT);
    struct fdm_histogram *b = calloc(1, sizeof *b);
    assert_non_null(b);
    for (size_t i = 0; i < COUNT; i++)
        fdm_histogram_add(b, &back[i], 1);
    assert_memory_equal(a, b, sizeof *a);
    free(a);
    free(b);
}

/* ---- ranges --------------------------------------------------------------------------------- */

/* A thousand values, spread evenly over -1..1 or 0..2, and `outliers` of 40. */
static struct fdm_histogram *spread(double low, int outliers)
{
    float values[1000];
    for (int i = 0; i < 1000; i++)
        values[i] = i < outliers ? 40.0f : (float)(low + 2.0 * (i + 0.5) / 1000.0);
    return histogram_of(values, 1000);
}

static void ranges_by_method(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        double low;
        int outliers;
        enum fdm_range_method method;
        double keep, min, max, tolerance;
    } rows[] = {
        {"minmax takes all", -1.0, 1, FDM_RANGE_MINMAX, 0, -0.997, 40.0, 0.003},
        {"a percentile cuts one of a thousand", -1.0, 1, FDM_RANGE_PERCENTILE, 0.999, -0.997, 0.999,
         0.01},
        {"a percentile of 1 cuts nothing", -1.0, 1, FDM_RANGE_PERCENTILE, 1.0, -0.997, 40.0, 0.01},
        {"a tenth of each end", -1.0, 0, FDM_RANGE_PERCENTILE, 0.9, -0.8, 0.8, 0.01},
        {"a RELU's range starts at 0", 0.0, 0, FDM_RANGE_PERCENTILE, 0.9, 0.0, 1.8, 0.01},
        {"mse keeps an even spread whole", -1.0, 0, FDM_RANGE_MSE, 0, -0.999, 0.999, 0.02},
        {"mse keeps one far value: it is worth its noise", -1.0, 1, FDM_RANGE_MSE, 0, -0.997, 39.9,
         1.0},
        {"minmax of a RELU", 0.0, 0, FDM_RANGE_MINMAX, 0, 0.0, 1.999, 0.001},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_histogram *h = spread(rows[i].low, rows[i].outliers);
        struct fdm_range range = fdm_range_choose(h, rows[i].method, rows[i].keep);
        if (fabs(range.min - rows[i].min) > rows[i].tolerance ||
            fabs(range.max - rows[i].max) > rows[i].tolerance)
            fail_msg("%s: %g to %g", rows[i].remark, range.min, range.max);
        free(h);
    }
    static const struct fdm_histogram empty;
    for (int method = 0; method < FDM_RANGE_METHODS; method++) {
        struct fdm_range range = fdm_range_choose(&empty, (enum fdm_range_method)method, 0.999);
        assert_true(range.min == 0.0 && range.max == 0.0);
    }
}

/* At the share exactly, not beyond it. */
static void a_percentile_leaves_out_what_it_may(void **state)
{
    (void)state;
    static const float values[] = {1.0f, 2.0f, 3.0f, 4.0f};
    static const struct {
        double keep, max;
    } rows[] = {{1.0, 4.0}, {0.76, 4.0}, {0.75, 3.0}, {0.5, 2.0}};
    struct fdm_histogram *h = histogram_of(values, 4);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_range range = fdm_range_choose(h, FDM_RANGE_PERCENTILE, rows[i].keep);
        if (fabs(range.max - rows[i].max) > 0.001)
            fail_msg("%g: %g", rows[i].keep, range.max);
    }
    free(h);
}

/* What a range costs, by quantizing every value with it. */
static double cost(const float *values, size_t count, struct fdm_range range)
{
    struct fdm_affine a = fdm_affine_from_range(range.min, range.max);
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        double code = round((double)values[i] / (double)a.scale) + a.zero_point;
        code = fmin(fmax(code, -128.0), 127.0);
        double error = (double)a.scale * (code - a.zero_point) - (double)values[i];
        sum += error * error;
    }
    return sum;
}

static size_t count_outside(const float *values, size_t count, struct fdm_range range)
{
    size_t outside = 0;
    for (size_t i = 0; i < count; i++)
        outside += (double)values[i] < range.min || (double)values[i] > range.max;
    return outside;
}

static void mse_beats_the_others_on_long_tails(void **state)
{
    (void)state;
    enum { COUNT = 20000 };
    float *values = calloc(COUNT, sizeof *values);
    assert_non_null(values);
    uint32_t random = 3;
    for (size_t i = 0; i < COUNT; i++) {
        double u = ((double)(test_random(&random) >> 8) + 0.5) / 16777216.0;
        values[i] = (float)(u < 0.5 ? log(2.0 * u) : -log(2.0 - 2.0 * u)); /* Laplace */
    }
    struct fdm_histogram *h = histogram_of(values, COUNT);
    double mse = cost(values, COUNT, fdm_range_choose(h, FDM_RANGE_MSE, 0));
    assert_true(mse < 0.95 * cost(values, COUNT, fdm_range_choose(h, FDM_RANGE_MINMAX, 0)));
    assert_true(mse < cost(values, COUNT, fdm_range_choose(h, FDM_RANGE_PERCENTILE, 0.99)));
    struct fdm_range chosen = fdm_range_choose(h, FDM_RANGE_MSE, 0);
    size_t clipped = count_outside(values, COUNT, chosen);
    assert_true(clipped > 0 && clipped < COUNT / 100);
    assert_int_equal(count_outside(values, COUNT, fdm_range_choose(h, FDM_RANGE_MINMAX, 0)), 0);
    free(h);
    free(values);
}

static void methods_have_names(void **state)
{
    (void)state;
    for (int i = 0; i < FDM_RANGE_METHODS; i++) {
        enum fdm_range_method method;
        assert_true(
            fdm_range_method_parse(fdm_range_method_name((enum fdm_range_method)i), &method));
        assert_int_equal(method, i);
    }
    enum fdm_range_method method;
    assert_false(fdm_range_method_parse("median", &method));
    assert_false(fdm_range_method_parse("", &method));
}

/* ---- weights -------------------------------------------------------------------------------- */

static void weights_per_channel(void **state)
{
    (void)state;
    /* Channels 2 of 3 taps each: once side by side, once interleaved. */
    static const float side[] = {1.27f, -0.635f, 0.01f, -12.7f, 0.05f, 6.0f};
    static const float interleaved[] = {1.27f, -12.7f, -0.635f, 0.05f, 0.01f, 6.0f};
    static const int8_t codes_side[] = {127, -64, 1, -127, 1, 60};
    static const int8_t codes_interleaved[] = {127, -127, -64, 1, 1, 60};
    const struct fdm_weight_rule rule = {0};
    float scales[2];
    int8_t codes[6];
    fdm_weights_quantize(&(struct fdm_weights){side, 2, 3, false}, rule, NULL, 0, scales, codes);
    assert_true(fabsf(scales[0] - 0.01f) < 1e-8f && fabsf(scales[1] - 0.1f) < 1e-7f);
    assert_memory_equal(codes, codes_side, sizeof codes);
    fdm_weights_quantize(&(struct fdm_weights){interleaved, 2, 3, true}, rule, NULL, 0, scales,
                         codes);
    assert_memory_equal(codes, codes_interleaved, sizeof codes);
}

static void weights_per_tensor(void **state)
{
    (void)state;
    static const float values[] = {1.27f, -0.635f, 0.01f, -12.7f, 0.05f, 6.0f};
    static const int8_t expected[] = {13, -6, 0, -127, 1, 60};
    const struct fdm_weight_rule rule = {.per_tensor = true};
    float scales[2] = {0.0f, -1.0f};
    int8_t codes[6];
    fdm_weights_quantize(&(struct fdm_weights){values, 2, 3, false}, rule, NULL, 0, scales, codes);
    assert_true(fabsf(scales[0] - 0.1f) < 1e-7f);
    assert_true(scales[1] == -1.0f); /* one scale, no more */
    assert_memory_equal(codes, expected, sizeof codes);
}

static void weights_mse(void **state)
{
    (void)state;
    float values[201];
    for (int i = 0; i < 200; i++)
        values[i] = (float)(i - 100) / 200.0f;
    values[200] = 0.6f;
    const struct fdm_weights weights = {values, 1, 201, false};
    float plain;
    float best;
    int8_t codes[201];
    double errors[2] = {0};
    for (int mse = 0; mse < 2; mse++) {
        const struct fdm_weight_rule rule = {.mse = mse != 0};
        float *scale = mse != 0 ? &best : &plain;
        fdm_weights_quantize(&weights, rule, NULL, 0, scale, codes);
        for (int i = 0; i < 201; i++)
            errors[mse] += pow((double)*scale * codes[i] - (double)values[i], 2);
    }
    assert_true(best <= plain);
    assert_true(errors[1] <= errors[0]);
}

static void weights_hold_their_bias(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        float weight, bias, input_scale;
        bool raised;
    } rows[] = {
        {"an ordinary bias", 1.27f, 0.5f, 0.02f, false},
        {"a bias far beyond the weights", 1e-6f, 1000.0f, 0.001f, true},
        {"zeros with a bias", 0.0f, 3.0f, 0.02f, true},
        {"zeros alone", 0.0f, 0.0f, 0.02f, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        float scale;
        int8_t code;
        fdm_weights_quantize(&(struct fdm_weights){&rows[i].weight, 1, 1, false},
                             (struct fdm_weight_rule){0}, &rows[i].bias, rows[i].input_scale,
                             &scale, &code);
        float bias_scale = fdm_bias_scale(rows[i].input_scale, scale);
        int32_t bias = fdm_bias_quantize(rows[i].bias, bias_scale);
        float natural = rows[i].weight > 0.0f ? rows[i].weight / 127.0f : 1.0f;
        if ((fabsf(scale / natural - 1.0f) > 1e-6f) != rows[i].raised)
            fail_msg("%s: scale %g", rows[i].remark, (double)scale);
        if (fabs((double)bias * (double)bias_scale - (double)rows[i].bias) >
            (double)bias_scale + 1e-6 * fabs((double)rows[i].bias))
            fail_msg("%s: bias %d", rows[i].remark, bias);
    }
}

static void biases_saturate(void **state)
{
    (void)state;
    static const struct {
        float bias, scale;
        int32_t code;
    } rows[] = {
        {1.0f, 0.5f, 2},    {0.75f, 0.5f, 2}, /* half away from zero */
        {-0.75f, 0.5f, -2}, {0.0f, 0.5f, 0},  {1e9f, 1e-3f, 1 << 30}, {-1e9f, 1e-3f, -(1 << 30)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(fdm_bias_quantize(rows[i].bias, rows[i].scale), rows[i].code);
    assert_true(fdm_bias_scale(1e-30f, 1e-30f) == FLT_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(square_roots_of_the_instruction),
        cmocka_unit_test(square_roots_are_near_the_exact_ones),
        cmocka_unit_test(affines_of_ranges),
        cmocka_unit_test(histograms_count),
        cmocka_unit_test(histograms_do_not_mind_the_order),
        cmocka_unit_test(ranges_by_method),
        cmocka_unit_test(a_percentile_leaves_out_what_it_may),
        cmocka_unit_test(mse_beats_the_others_on_long_tails),
        cmocka_unit_test(methods_have_names),
        cmocka_unit_test(weights_per_channel),
        cmocka_unit_test(weights_per_tensor),
        cmocka_unit_test(weights_mse),
        cmocka_unit_test(weights_hold_their_bias),
        cmocka_unit_test(biases_saturate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
