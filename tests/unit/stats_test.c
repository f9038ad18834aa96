#include "tests/support/test.h"

#include <math.h>

#include "results/stats.h"

static void assert_near(double got, double want, double tolerance, const char *remark)
{
    if (!(fabs(got - want) <= tolerance))
        fail_msg("%s: got %.17g, expected %.17g", remark, got, want);
}

static void wilson_intervals_match_the_literature(void **state)
{
    (void)state;
    static const struct {
        uint32_t k;
        uint32_t n;
        double low;
        double high;
        const char *remark;
    } rows[] = {
        /* R. G. Newcombe, Statistics in Medicine 17, 1998, table I, method 3 */
        {81, 263, 0.2553, 0.3662, "81 of 263"},
        {15, 148, 0.0624, 0.1605, "15 of 148"},
        {0, 20, 0.0000, 0.1611, "none of 20"},
        {1, 29, 0.0061, 0.1718, "1 of 29"},
        /* the mirror image of a row above */
        {20, 20, 0.8389, 1.0000, "all of 20"},
        {0, 0, 0.0, 1.0, "nothing known"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct fdm_interval got = fdm_stats_wilson(rows[i].k, rows[i].n);
        assert_near(got.low, rows[i].low, 0.00005, rows[i].remark);
        assert_near(got.high, rows[i].high, 0.00005, rows[i].remark);
    }
}

static void wilson_bounds_stay_within_zero_and_one(void **state)
{
    (void)state;
    for (uint32_t n = 1; n < 3000; n++) {
        assert_true(fdm_stats_wilson(0, n).low == 0.0);
        assert_true(fdm_stats_wilson(n, n).high == 1.0);
        assert_true(fdm_stats_wilson(n, n).low < 1.0);
    }
}

static void mcnemar_p_values_are_exact(void **state)
{
    (void)state;
    /* Logarithms of 2 * sum(C(n, i), i <= min) / 2^n by exact fractions (Python), at most 0. */
    static const struct {
        uint32_t b;
        uint32_t c;
        double log_p;
        const char *remark;
    } rows[] = {
        {0, 0, 0.0, "no flips"},
        {7, 7, 0.0, "even"},
        {5, 6, 0.0, "as even as an odd number can be"},
        {0, 1, 0.0, "one flip says nothing"},
        {0, 5, -2.772588722239781, "1/16"},
        {1, 9, -3.840429352241137, "22/1024"},
        {10, 2, -3.255171133692377, "158/4096, the other way round"},
        {59, 121, -12.32610712945025, "statsmodels' documented example, 4.434e-06"},
        {86, 150, -10.200294829426952, "Agresti's approval ratings"},
        {300, 400, -8.63105465750624, "hundreds"},
        {10000, 11000, -25.947330777404204, "where 2^n overflows a double"},
        {0, 1127, -780.4837253104985, "where p underflows"},
        {2, 1128, -769.1954820800084, "where p underflows, with a tail"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const double got = fdm_stats_mcnemar_exact_log(rows[i].b, rows[i].c);
        assert_near(got, rows[i].log_p, 1e-10 * (1 - rows[i].log_p), rows[i].remark);
        assert_true(got == fdm_stats_mcnemar_exact_log(rows[i].c, rows[i].b));
    }
    assert_near(fdm_stats_mcnemar_exact(1, 9), 0.021484375, 1e-15, "the p-value itself");
    assert_true(fdm_stats_mcnemar_exact(0, 1127) == 0.0);
}

static void quantiles_follow_definition_seven(void **state)
{
    (void)state;
    static const double ten[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    static const struct {
        size_t count;
        double q;
        double want;
        const char *remark;
    } rows[] = {
        /* R: quantile(1:10, q, type = 7) */
        {10, 0.0, 1.0, "minimum"},  {10, 0.05, 1.45, "5 %"},     {10, 0.25, 3.25, "first quartile"},
        {10, 0.5, 5.5, "median"},   {10, 0.95, 9.55, "95 %"},    {10, 1.0, 10.0, "maximum"},
        {4, 0.4, 2.2, "40 % of 4"}, {1, 0.95, 1.0, "one value"}, {3, 0.5, 2.0, "odd count"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_near(fdm_stats_quantile(ten, rows[i].count, rows[i].q), rows[i].want, 1e-12,
                    rows[i].remark);
}

static void summaries_sort_and_survive_nothing(void **state)
{
    (void)state;
    double samples[] = {9, 1, 10, 3, 2, 8, 4, 7, 5, 6};
    const struct fdm_summary s = fdm_stats_summarize(samples, 10);
    assert_int_equal(s.count, 10);
    assert_near(s.min, 1, 0, "min");
    assert_near(s.p5, 1.45, 1e-12, "p5");
    assert_near(s.q1, 3.25, 1e-12, "q1");
    assert_near(s.median, 5.5, 1e-12, "median");
    assert_near(s.q3, 7.75, 1e-12, "q3");
    assert_near(s.p95, 9.55, 1e-12, "p95");
    assert_near(s.max, 10, 0, "max");
    assert_near(s.mean, 5.5, 1e-12, "mean");
    assert_int_equal(fdm_stats_summarize(NULL, 0).count, 0);
}

static void the_deviation_ignores_what_was_interrupted(void **state)
{
    (void)state;
    double samples[] = {7, 5, 1000, 6, 4};
    assert_near(fdm_stats_deviation(samples, 5, 6), 1, 0, "of 1, 1, 994, 0, 2");
    assert_near(fdm_stats_deviation(NULL, 0, 0), 0, 0, "of nothing");
}

static void percentages_round_as_python_does(void **state)
{
    (void)state;
    /* Python: round(100 * k / n, 2) */
    static const struct {
        uint32_t k;
        uint32_t n;
        uint32_t hundredths;
        const char *remark;
    } rows[] = {
        {638, 734, 8692, "a published figure"},
        {0, 5, 0, "none"},
        {5, 5, 10000, "all"},
        {1, 3, 3333, "down"},
        {2, 3, 6667, "up"},
        {1, 32, 312, "3.125 is a tie: to even, down"},
        {3, 32, 938, "9.375 is a tie: to even, up"},
        {2, 8000, 3, "0.025 as a double lies above the tie"},
        {201, 20000, 100, "1.005 as a double lies below the tie"},
        {4294967295, 4294967295, 10000, "the largest counts"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const uint32_t got = fdm_stats_percent_hundredths(rows[i].k, rows[i].n);
        if (got != rows[i].hundredths)
            fail_msg("%s: got %u", rows[i].remark, got);
    }
}

static void published_percentages_decode_to_counts(void **state)
{
    (void)state;
    static const struct {
        uint32_t hundredths;
        uint32_t n;
        bool reachable;
        uint32_t first;
        uint32_t last;
    } rows[] = {
        /* Flowers, validation split of 734 images: one count each */
        {8692, 734, true, 638, 638},
        {8706, 734, true, 639, 639},
        {8951, 734, true, 657, 657},
        {8883, 734, true, 652, 652},
        {8460, 734, true, 621, 621},
        {8420, 734, true, 618, 618},
        {8787, 734, true, 645, 645},
        {8760, 734, true, 643, 643},
        /* Plant leaf, 11090 images */
        {9990, 11090, true, 11079, 11079},
        {9959, 11090, true, 11044, 11045},
        {9940, 11090, true, 11023, 11024},
        {9855, 11090, true, 10929, 10929},
        /* Food-101, 20200 images */
        {5990, 20200, true, 12099, 12100},
        {5800, 20200, true, 11715, 11717},
        {5450, 20200, true, 11008, 11010},
        {5346, 20200, true, 10798, 10799},
        /* figures that no count gives */
        {8707, 734, false, 0, 0},
        {10001, 734, false, 0, 0},
        {UINT32_MAX, 734, false, 0, 0},
        {5000, 0, false, 0, 0},
        {0, 0, false, 0, 0},
        {10000, 734, true, 734, 734},
        {0, 734, true, 0, 0},
        {10000, 20200, true, 20199, 20200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t first = 0;
        uint32_t last = 0;
        const bool got = fdm_stats_k_range(rows[i].hundredths, rows[i].n, &first, &last);
        if (got != rows[i].reachable || first != rows[i].first || last != rows[i].last)
            fail_msg("%u of %u: got %d, %u to %u", rows[i].hundredths, rows[i].n, got, first, last);
    }
}

static void every_count_decodes_to_a_range_that_holds_it(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 7, 734, 11090, 20200};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (uint32_t k = 0; k <= sizes[i]; k++) {
            uint32_t first = 1;
            uint32_t last = 0;
            const uint32_t percent = fdm_stats_percent_hundredths(k, sizes[i]);
            assert_true(fdm_stats_k_range(percent, sizes[i], &first, &last));
            assert_true(first <= k && k <= last);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wilson_intervals_match_the_literature),
        cmocka_unit_test(wilson_bounds_stay_within_zero_and_one),
        cmocka_unit_test(mcnemar_p_values_are_exact),
        cmocka_unit_test(quantiles_follow_definition_seven),
        cmocka_unit_test(summaries_sort_and_survive_nothing),
        cmocka_unit_test(the_deviation_ignores_what_was_interrupted),
        cmocka_unit_test(percentages_round_as_python_does),
        cmocka_unit_test(published_percentages_decode_to_counts),
        cmocka_unit_test(every_count_decodes_to_a_range_that_holds_it),
    };
    return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
