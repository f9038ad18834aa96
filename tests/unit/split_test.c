#include "tests/support/test.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "harness/datasets/mt19937.h"
#include "harness/datasets/split.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void generator_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t seed;
        uint32_t first[4];
    } cases[] = {
        {"the authors' default seed", 5489, {3499211612, 581869302, 3890346734, 3586334585}},
        {"ST's seed", 127, {2249846985, 236281916, 171639650, 2553496668}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_mt19937 generator;
        fdm_mt19937_seed(&generator, cases[i].seed);
        for (size_t k = 0; k < 4; k++)
            if (fdm_mt19937_next(&generator) != cases[i].first[k])
                fail_msg("%s: number %zu differs", cases[i].remark, k);
    }
}

/* The C++ standard ([rand.predef]) requires this of std::mt19937, seeded with 5489. It is behind
 * the sixteenth twist. */
static void ten_thousandth_number_is_the_standards(void **state)
{
    (void)state;
    struct fdm_mt19937 generator;
    fdm_mt19937_seed(&generator, 5489);
    uint32_t value = 0;
    for (int i = 0; i < 10000; i++)
        value = fdm_mt19937_next(&generator);
    assert_int_equal(value, 4123659995);
}

static void draws_stay_within_bounds_and_cost_nothing_for_zero(void **state)
{
    (void)state;
    struct fdm_mt19937 generator;
    fdm_mt19937_seed(&generator, 127);
    assert_int_equal(fdm_mt19937_upto(&generator, 0), 0);
    assert_int_equal(fdm_mt19937_upto(&generator, UINT32_MAX), 2249846985);
    bool seen[6] = {false};
    for (int i = 0; i < 1000; i++) {
        uint32_t value = fdm_mt19937_upto(&generator, 5);
        assert_in_range(value, 0, 5);
        seen[value] = true;
    }
    for (int i = 0; i < 6; i++)
        assert_true(seen[i]);
}

static void short_permutations(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t seed;
        uint32_t order[10];
    } cases[] = {
        {"ST's seed", 127, {8, 6, 0, 1, 5, 3, 7, 4, 2, 9}},
        {"seed 0", 0, {2, 8, 4, 9, 1, 6, 7, 3, 0, 5}},
        {"seed 42", 42, {8, 1, 5, 0, 7, 2, 9, 4, 3, 6}},
        /* numpy's own test shuffles the list 1..9, 0 to 0 1 9 6 2 4 5 8 7 3 with this seed. */
        {"numpy's vector, as indices", 1234567890, {9, 0, 8, 5, 1, 3, 4, 7, 6, 2}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        uint32_t *order;
        assert_ok(fdm_split_permutation(10, cases[i].seed, &order, &err), err);
        if (memcmp(order, cases[i].order, sizeof cases[i].order) != 0)
            fail_msg("%s: another order", cases[i].remark);
        free(order);
    }
}

static void published_splits(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        enum fdm_split_scheme scheme;
        uint32_t seed;
        uint32_t n;
        uint32_t count;
        uint64_t index_sum;
        uint32_t head[8]; /* of the permutation; as many as are not 0 */
        uint32_t first[8];
        uint32_t last[4];
        const char *sha256;
    } cases[] = {
        {"flowers",
         FDM_SPLIT_ST,
         127,
         3670,
         734,
         1342694,
         {1745, 2757, 1641, 513, 2668, 3383, 3347, 2259},
         {208, 1439, 1965, 791, 1229, 606, 272, 2933},
         {1116, 866, 60, 201},
         "172b61ed0f20f55c9938a22e694aa5c914301407d166a75a5147ea5442a73b21"},
        {"plant",
         FDM_SPLIT_ST,
         127,
         55448,
         11090,
         307766690,
         {15061, 23955, 3447, 18862},
         {9704, 37784, 46612, 39843},
         {27684, 17500, 866, 24636},
         "a421795767bd021d70d60725e2726f753193221327bd93bed0283a68e8407ea1"},
        {"food-101",
         FDM_SPLIT_ST,
         127,
         101000,
         20200,
         1017702865,
         {17036, 99766, 67553, 70088},
         {64994, 51044, 81416, 45301},
         {93220, 83036, 66402, 90172},
         "8bcc0dc61d2e016e2f7fa61947f9d4f14be4bead1f61b0e2841ffc04fb93a860"},
        {"flowers, keras",
         FDM_SPLIT_KERAS,
         133,
         3670,
         734,
         1366784,
         {0},
         {3185, 252, 1438, 3413, 844, 683, 3316, 1148},
         {1025, 1080, 2952, 2721},
         "0b5d227c1feca5b655e89fa971529b958dc646e9cf43c79ea182e651985f5cfc"},
        {"plant, keras: one image less than st",
         FDM_SPLIT_KERAS,
         133,
         55448,
         11089,
         307525346,
         {0},
         {26811, 284, 33277, 45906},
         {0},
         NULL},
        {"food-101, keras",
         FDM_SPLIT_KERAS,
         133,
         101000,
         20200,
         1022208803,
         {0},
         {18233, 71234, 40912, 96321},
         {0},
         NULL},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        uint32_t n = cases[i].n;
        uint32_t *order;
        assert_ok(fdm_split_permutation(n, cases[i].seed, &order, &err), err);
        struct fdm_split_range range = fdm_split_validation(cases[i].scheme, n);
        assert_int_equal(range.count, cases[i].count);
        assert_int_equal(range.first + range.count, n);
        uint64_t sum = 0;
        for (uint32_t k = range.first; k < n; k++)
            sum += order[k];
        char hex[FDM_SHA256_HEX_SIZE];
        assert_ok(fdm_split_sha256(order, n, hex, &err), err);
        bool equal = sum == cases[i].index_sum &&
                     (cases[i].sha256 == NULL || strcmp(hex, cases[i].sha256) == 0);
        for (uint32_t k = 0; k < 8; k++) {
            equal = equal && (cases[i].head[k] == 0 || order[k] == cases[i].head[k]);
            equal =
                equal && (cases[i].first[k] == 0 || order[range.first + k] == cases[i].first[k]);
        }
        for (uint32_t k = 0; k < 4; k++)
            equal = equal && (cases[i].last[k] == 0 || order[n - 4 + k] == cases[i].last[k]);
        if (!equal)
            fail_msg("%s: another split", cases[i].remark);
        free(order);
    }
}

static void small_sets_split_as_python_does(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        enum fdm_split_scheme scheme;
        uint32_t n;
        uint32_t first;
        uint32_t count;
    } cases[] = {
        {"int(1 * 0.8) is 0", FDM_SPLIT_ST, 1, 0, 1},
        {"int(5 * 0.8) is 4", FDM_SPLIT_ST, 5, 4, 1},
        {"int(9 * 0.8) is 7", FDM_SPLIT_ST, 9, 7, 2},
        {"int(0.2 * 4) is 0", FDM_SPLIT_KERAS, 4, 4, 0},
        {"int(0.2 * 9) is 1: one less than st", FDM_SPLIT_KERAS, 9, 8, 1},
        {"the most", FDM_SPLIT_ST, 10000000, 8000000, 2000000},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_split_range range = fdm_split_validation(cases[i].scheme, cases[i].n);
        if (range.first != cases[i].first || range.count != cases[i].count)
            fail_msg("%s: %u from %u", cases[i].remark, range.count, range.first);
    }
}

static void bounds_on_n(void **state)
{
    (void)state;
    uint32_t *order;
    assert_int_equal(fdm_split_permutation(0, 127, &order, NULL), FDM_ERR_USAGE);
    assert_null(order);
    assert_int_equal(fdm_split_permutation(FDM_SPLIT_IMAGES_MAX + 1, 127, &order, NULL),
                     FDM_ERR_USAGE);
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_split_permutation(1, 127, &order, &err), err);
    assert_int_equal(order[0], 0);
    free(order);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generator_known_answers),
        cmocka_unit_test(ten_thousandth_number_is_the_standards),
        cmocka_unit_test(draws_stay_within_bounds_and_cost_nothing_for_zero),
        cmocka_unit_test(short_permutations),
        cmocka_unit_test(published_splits),
        cmocka_unit_test(small_sets_split_as_python_does),
        cmocka_unit_test(bounds_on_n),
    };
    return cmocka_run_group_tests_name("split", tests, NULL, NULL);
}
