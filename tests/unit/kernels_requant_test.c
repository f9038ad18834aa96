#include "tests/support/test.h"

#include <math.h>

#include "reference/kernels/nn_requant.h"
#include "tests/unit/kernels_naive.h"

#define HALF (INT32_C(1) << 30) /* with shift 0: 0.5 */

static void fixed_point_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        int32_t x, multiplier, shift;
        int32_t single, dbl, neon;
    } cases[] = {
        {"zero", 0, HALF, 0, 0, 0, 0},
        {"a multiplier of zero", 12345, 0, 0, 0, 0, 0},
        {"a tie goes up", 1, HALF, 0, 1, 1, 1},
        {"a negative tie in the product goes up in all three", -1, HALF, 0, 0, 0, 0},
        {"1.5", 3, HALF, 0, 2, 2, 2},
        {"-1.5", -3, HALF, 0, -1, -1, -1},
        {"0.5 in the shift", 2, HALF, -1, 1, 1, 1},
        {"-0.5 in the shift: only DOUBLE goes away from zero", -2, HALF, -1, 0, -1, 0},
        {"-1.5 in the shift", -6, HALF, -1, -1, -2, -1},
        {"2.5 in the shift", 10, HALF, -1, 3, 3, 3},
        {"0.25 rounds twice to 1 in two steps", 1, HALF, -1, 0, 1, 1},
        {"-0.25", -1, HALF, -1, 0, 0, 0},
        {"-0.75: -1.5 goes up to -1, then -0.5", -3, HALF, -1, -1, -1, 0},
        {"left shift: 3 * 0.5 * 4", 3, HALF, 2, 6, 6, 6},
        {"left shift before the product keeps what the product would round", 1, HALF, 1, 1, 1, 1},
        {"largest scale saturates up", INT32_MAX, INT32_MAX, 30, INT32_MAX, 2147483646, 2147483646},
        {"largest scale saturates down", INT32_MIN, INT32_MAX, 30, INT32_MIN, -2147483647,
         -2147483647},
        {"largest value, smallest scale", INT32_MAX, INT32_MAX, -31, 1, 1, 1},
        {"smallest value, smallest scale", INT32_MIN, INT32_MAX, -31, -1, -1, -1},
        {"-0.5 from the smallest scale", INT32_MIN, HALF, -31, 0, -1, 0},
        {"just under 0.5", 1073741823, INT32_MAX, -31, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t single = fdm_nn_scale_single(cases[i].x, cases[i].multiplier, cases[i].shift);
        int32_t dbl = fdm_nn_scale_double(cases[i].x, cases[i].multiplier, cases[i].shift);
        int32_t neon = fdm_nn_scale_neon(cases[i].x, cases[i].multiplier, cases[i].shift);
        if (single != cases[i].single || dbl != cases[i].dbl || neon != cases[i].neon)
            fail_msg("%s: single %d, double %d, neon %d", cases[i].remark, single, dbl, neon);
    }
}

static void fp32_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        int32_t x;
        float scale;
        int32_t expected;
    } cases[] = {
        {"zero", 0, 1.0f, 0},
        {"0.5 to even", 1, 0.5f, 0},
        {"1.5 to even", 3, 0.5f, 2},
        {"2.5 to even", 5, 0.5f, 2},
        {"-0.5 to even", -1, 0.5f, 0},
        {"-1.5 to even", -3, 0.5f, -2},
        {"-2.5 to even", -5, 0.5f, -2},
        {"127.5 to even", 255, 0.5f, 128},
        {"just above a half", 1, 0.50000006f, 1},
        {"just below a half", 1, 0.49999997f, 0},
        {"the accumulator loses its lowest bit first", 16777217, 0x1p-25f, 0},
        {"and with two more it is above the half", 16777219, 0x1p-25f, 1},
        {"limited above", INT32_MAX, 1.0f, 1024},
        {"limited below", INT32_MIN, 1.0f, -1024},
        {"infinite product", INT32_MIN, 3e38f, -1024},
        {"tiny product", INT32_MAX, 1e-38f, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int32_t got = fdm_nn_scale_fp32(cases[i].x, cases[i].scale);
        if (got != cases[i].expected)
            fail_msg("%s: %d", cases[i].remark, got);
    }
}

static void half_away_known_answers(void **state)
{
    (void)state;
    static const struct {
        float x;
        int32_t expected;
    } cases[] = {{0.0f, 0},
                 {0.5f, 1},
                 {-0.5f, -1},
                 {1.5f, 2},
                 {-1.5f, -2},
                 {2.5f, 3},
                 {0.49999997f, 0}, /* x + 0.5f would be 1 */
                 {-0.49999997f, 0},
                 {8388607.5f, 8388608},
                 {16777215.0f, 16777215},
                 {-16777215.0f, -16777215}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(fdm_nn_round_half_away(cases[i].x), cases[i].expected);
}

static int32_t random_accumulator(uint32_t *seed)
{
    int32_t x = (int32_t)test_random(seed);
    return x >> test_random(seed) % 32;
}

static void all_rules_equal_long_double(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int i = 0; i < 400000; i++) {
        int32_t x = random_accumulator(&seed);
        int32_t m = (int32_t)(test_random(&seed) >> 2 | UINT32_C(1) << 30);
        if (i % 4 == 0)
            m = HALF; /* ties */
        int32_t s = (int32_t)(test_random(&seed) % 62) - 31;
        float scale = ldexpf((float)m, s - 31);
        int32_t got[4] = {fdm_nn_scale_single(x, m, s), fdm_nn_scale_double(x, m, s),
                          fdm_nn_scale_neon(x, m, s), fdm_nn_scale_fp32(x, scale)};
        for (int rule = 0; rule < 4; rule++) {
            int32_t expected = naive_scale((enum fdm_nn_rounding)rule, x, m, s, scale);
            if (got[rule] != expected)
                fail_msg("rule %d: %d * %d, shift %d is %d, expected %d", rule, x, m, s, got[rule],
                         expected);
        }
    }
}

static void a_row_is_offset_and_clamped(void **state)
{
    (void)state;
    static const int32_t acc[5] = {0, 10, -10, INT32_MAX, INT32_MIN};
    static const int32_t multiplier[5] = {HALF, HALF, HALF, HALF, HALF};
    static const int8_t shift[5] = {0, 0, 0, 30, 30};
    static const float scale[5] = {0.5f, 0.5f, 0.5f, 0.5f, 0.5f};
    static const int8_t expected[5] = {-20, -15, -25, 100, -100};
    for (int rule = 0; rule < 4; rule++) {
        struct fdm_nn_requant requant = {(enum fdm_nn_rounding)rule, multiplier, shift, scale};
        int8_t out[5];
        fdm_nn_requant_row(&requant, acc, 5, -20, -100, 100, out);
        assert_memory_equal(out, expected, 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_point_known_answers),
        cmocka_unit_test(fp32_known_answers),
        cmocka_unit_test(half_away_known_answers),
        cmocka_unit_test(all_rules_equal_long_double),
        cmocka_unit_test(a_row_is_offset_and_clamped),
    };
    return cmocka_run_group_tests_name("kernels.requant", tests, NULL, NULL);
}
