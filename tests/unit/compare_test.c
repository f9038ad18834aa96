#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reports/compare.h"
#include "tests/unit/golden.h"

/* ---- Pairing cases --------------------------------------------------------------------------- */

static struct fdm_case_record make_case(int64_t id, const char *board, const char *engine,
                                        const char *format, const char *semantics)
{
    struct fdm_case_record r = {
        .id = id,
        .split_id = 1,
        .state = FDM_CASE_COMPLETE,
        .model = "petals/net_224",
        .family = "Net 0.25 tfs",
        .dataset = "petals",
        .resolution = 224,
        .mapping = "x/255",
        .label_order = "bytes",
        .image_count = 10,
    };
    snprintf(r.board, sizeof r.board, "%s", board);
    snprintf(r.engine, sizeof r.engine, "%s", engine);
    snprintf(r.format, sizeof r.format, "%s", format);
    snprintf(r.semantics, sizeof r.semantics, "%s", semantics);
    snprintf(r.model_sha256, sizeof r.model_sha256, "sha of %s", format);
    return r;
}

static void pairs_agree_in_all_but_the_axis(void **state)
{
    (void)state;
    /* Two cases; the second is changed in one member. Which axes still pair them? */
    struct fdm_case_record a = make_case(1, "host", "reference", "int8", "tflite");
    const struct {
        const char *remark;
        size_t offset;
        const char *text;
        bool board;
        bool engine;
        bool semantics;
        bool format;
    } rows[] = {
#define MEMBER(name) #name, offsetof(struct fdm_case_record, name)
        {MEMBER(board), "board-b", true, false, false, false},
        {MEMBER(engine), "tuned", false, true, false, false},
        {MEMBER(semantics), "xnnpack", false, false, true, false},
        {MEMBER(dataset), "leaves", false, false, false, false},
        {MEMBER(family), "Net 0.5", false, false, false, false},
        {MEMBER(mapping), "x/255-1", false, false, false, false},
        {MEMBER(label_order), "listed", false, false, false, false},
        {MEMBER(model_sha256), "another", false, false, false, false},
#undef MEMBER
    };
    static const char *const words[] = {"format", "semantics", "board", "engine"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_case_record list[2] = {a, a};
        list[1].id = 2;
        snprintf((char *)&list[1] + rows[i].offset, FDM_RECORD_WORD, "%s", rows[i].text);
        const bool want[] = {rows[i].format, rows[i].semantics, rows[i].board, rows[i].engine};
        const char *from[] = {"int8", "tflite", "host", "reference"};
        const char *to[] = {"float", "xnnpack", "board-b", "tuned"};
        for (int axis = 0; axis < 4; axis++) {
            struct fdm_case_pair *pairs;
            size_t count;
            struct fdm_error err = FDM_ERROR_INIT;
            assert_ok(fdm_compare_pair_cases(list, 2, (enum fdm_axis)axis, from[axis], to[axis],
                                             &pairs, &count, &err),
                      err);
            if (count != (want[axis] ? 1 : 0))
                fail_msg("%s differs: %zu pairs by %s", rows[i].remark, count, words[axis]);
            if (count == 1) {
                assert_int_equal(pairs[0].a, 0);
                assert_int_equal(pairs[0].b, 1);
            }
            free(pairs);
        }
    }
}

static void numbers_must_agree_too(void **state)
{
    (void)state;
    for (int change = 0; change < 5; change++) {
        struct fdm_case_record list[2] = {make_case(1, "host", "reference", "int8", "tflite"),
                                          make_case(2, "host", "reference", "int8", "xnnpack")};
        list[1].split_id += change == 1;
        list[1].resolution -= change == 2;
        list[1].image_count -= change == 3;
        list[1].state = change == 4 ? FDM_CASE_RUNNING : FDM_CASE_COMPLETE;
        struct fdm_case_pair *pairs;
        size_t count;
        assert_int_equal(fdm_compare_pair_cases(list, 2, FDM_AXIS_SEMANTICS, "tflite", "xnnpack",
                                                &pairs, &count, NULL),
                         FDM_OK);
        assert_int_equal(count, change == 0 ? 1 : 0);
        free(pairs);
    }
}

static void one_float_case_meets_every_int8_semantics(void **state)
{
    (void)state;
    struct fdm_case_record list[] = {
        make_case(10, "host", "reference", "int8", "xnnpack"),
        make_case(11, "host", "reference", "float", "float"), /* done again as 14 */
        make_case(12, "host", "reference", "int8", "tflite"),
        make_case(13, "board-b", "reference", "int8", "tflite"), /* no float case there */
        make_case(14, "host", "reference", "float", "float"),
        make_case(15, "host", "reference", "int8", "xnnpack"), /* replaces 10 */
        make_case(16, "host", "reference", "float", "float"),  /* failed, replaces nothing */
    };
    list[6].state = FDM_CASE_FAILED;
    struct fdm_case_pair *pairs;
    size_t count;
    assert_int_equal(
        fdm_compare_pair_cases(list, 7, FDM_AXIS_FORMAT, "float", "int8", &pairs, &count, NULL),
        FDM_OK);
    assert_int_equal(count, 2);
    assert_int_equal(list[pairs[0].a].id, 14);
    assert_int_equal(list[pairs[0].b].id, 12);
    assert_int_equal(list[pairs[1].a].id, 14);
    assert_int_equal(list[pairs[1].b].id, 15);
    free(pairs);
}

static void comparing_a_thing_with_itself_is_refused(void **state)
{
    (void)state;
    struct fdm_case_pair *pairs;
    size_t count;
    assert_int_equal(
        fdm_compare_pair_cases(NULL, 0, FDM_AXIS_BOARD, "host", "host", &pairs, &count, NULL),
        FDM_ERR_USAGE);
    assert_null(pairs);
}

/* ---- Pairing images -------------------------------------------------------------------------- */

static const char *const petals[] = {"daisy", "rose", "tulip|lily"};

/* A synthetic pair with every kind of outcome; image 9 is missing in b, 8 unreadable in a, 10 in b.
 */
static const struct fdm_prediction first[] = {
    {.image = 0, .label = 0, .predicted = 0},  {.image = 1, .label = 0, .predicted = 0},
    {.image = 2, .label = 0, .predicted = 1},  {.image = 3, .label = 1, .predicted = 1},
    {.image = 4, .label = 1, .predicted = 2},  {.image = 5, .label = 2, .predicted = 0},
    {.image = 6, .label = 2, .predicted = 2},  {.image = 7, .label = 2, .predicted = 2},
    {.image = 8, .label = 2, .predicted = -1}, {.image = 9, .label = 1, .predicted = 1},
    {.image = 10, .label = 0, .predicted = 0},
};
static const struct fdm_prediction second[] = {
    {.image = 8, .label = 2, .predicted = 2}, /* not in order, on purpose */
    {.image = 0, .label = 0, .predicted = 0},   {.image = 1, .label = 0, .predicted = 2},
    {.image = 2, .label = 0, .predicted = 0},   {.image = 3, .label = 1, .predicted = 0},
    {.image = 4, .label = 1, .predicted = 2},   {.image = 5, .label = 2, .predicted = 1},
    {.image = 6, .label = 2, .predicted = 2},   {.image = 7, .label = 2, .predicted = 1},
    {.image = 10, .label = 0, .predicted = -1},
};

static void outcomes_are_counted_both_ways(void **state)
{
    (void)state;
    const struct fdm_case_record a = make_case(1, "host", "reference", "float", "float");
    const struct fdm_case_record b = make_case(2, "host", "reference", "int8", "tflite");
    const struct fdm_compare_input input = {&a, &b, first, 11, second, 10, petals, 3};
    struct fdm_comparison c;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_compare(&input, &c, &err), err);
    assert_int_equal(c.n, 8);
    assert_int_equal(c.k_a, 5);
    assert_int_equal(c.k_b, 3);
    assert_int_equal(c.a_only, 3);
    assert_int_equal(c.b_only, 1);
    assert_int_equal(c.both_right, 2);
    assert_int_equal(c.both_wrong_same, 1);
    assert_int_equal(c.both_wrong_different, 1);
    assert_int_equal(c.agree, 3);
    assert_int_equal(c.unpaired, 3);
    assert_true(fabs(c.p - 0.625) < 1e-12); /* 2 * (1 + 4) / 16 */
    static const struct fdm_compare_class classes[] = {
        {3, 2, 2, 1, 1}, {2, 1, 0, 1, 0}, {3, 2, 1, 1, 0}};
    assert_memory_equal(c.classes, classes, sizeof classes);
    static const struct fdm_flip flips[] = {{1, 0, 0, 2}, {2, 0, 1, 0}, {3, 1, 1, 0}, {7, 2, 2, 1}};
    assert_memory_equal(c.flips, flips, sizeof flips);
    fdm_comparison_release(&c);
}

static void contradictions_are_refused(void **state)
{
    (void)state;
    static const struct {
        struct fdm_prediction a;
        struct fdm_prediction b[2];
        int64_t split_b;
        enum fdm_status want;
        const char *remark;
    } rows[] = {
        {{.label = 1}, {{.label = 1}, {.image = 1}}, 1, FDM_OK, "nothing wrong"},
        {{.label = 1}, {{.label = 0}, {.image = 1}}, 1, FDM_ERR_MISMATCH, "another label"},
        {{.label = 1}, {{.label = 1}, {.image = 1}}, 2, FDM_ERR_MISMATCH, "another split"},
        {{.label = 1}, {{.label = 1}, {.label = 1}}, 1, FDM_ERR_FORMAT, "an image twice"},
        {{.label = 3}, {{.label = 3}, {.image = 1}}, 1, FDM_ERR_FORMAT, "a label too high"},
        {{.label = -1}, {{.label = -1}, {.image = 1}}, 1, FDM_ERR_FORMAT, "a negative label"},
        {{.label = 1},
         {{.label = 1, .predicted = 3}, {.image = 1}},
         1,
         FDM_ERR_FORMAT,
         "a prediction too high"},
        {{.label = 1, .predicted = -2},
         {{.label = 1}, {.image = 1}},
         1,
         FDM_ERR_FORMAT,
         "a negative prediction"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct fdm_case_record a = make_case(1, "host", "reference", "float", "float");
        struct fdm_case_record b = make_case(2, "host", "reference", "int8", "tflite");
        b.split_id = rows[i].split_b;
        const struct fdm_compare_input input = {&a, &b, &rows[i].a, 1, rows[i].b, 2, petals, 3};
        struct fdm_comparison c;
        const enum fdm_status got = fdm_compare(&input, &c, NULL);
        if (got != rows[i].want)
            fail_msg("%s: %s", rows[i].remark, fdm_status_name(got));
        fdm_comparison_release(&c);
    }
}

/* ---- Rendering ------------------------------------------------------------------------------- */

static void each_format_renders_the_comparison(void **state)
{
    (void)state;
    static const char *const files[] = {"compare.txt", "compare.md", "compare.csv", "compare.json"};
    static const char *const images[] = {"daisy/0.jpg", "daisy/1, the \"2nd\".jpg", "daisy/2.jpg"};
    const struct fdm_case_record a = make_case(1, "host", "reference", "float", "float");
    const struct fdm_case_record b = make_case(2, "host", "reference", "int8", "tflite");
    const struct fdm_case_record b2 = make_case(3, "host", "reference", "int8", "xnnpack");
    const struct fdm_compare_input inputs[] = {
        {&a, &b, first, 11, second, 10, petals, 3},
        {&a, &b2, first, 11, first, 11, petals, 3},
        {&a, &b2, first, 11, NULL, 0, petals, 3},
    };
    struct fdm_comparison c[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(fdm_compare(&inputs[i], &c[i], NULL), FDM_OK);
    const struct fdm_compare_item items[] = {{&inputs[0], &c[0], images, 3},
                                             {&inputs[1], &c[1], images, 3},
                                             {&inputs[2], &c[2], NULL, 0}};
    const struct fdm_compare_options options = {FDM_AXIS_FORMAT, "float", "int8", true, 3};
    for (int format = FDM_REPORT_TERMINAL; format <= FDM_REPORT_JSON; format++) {
        struct fdm_buf out;
        struct fdm_error err = FDM_ERROR_INIT;
        fdm_buf_init(&out);
        assert_ok(
            fdm_compare_render(items, 3, &options, (enum fdm_report_format)format, &out, &err),
            err);
        assert_golden(&out, files[format]);
        fdm_buf_release(&out);
    }
    for (size_t i = 0; i < 3; i++)
        fdm_comparison_release(&c[i]);
}

static void other_axes_show_what_varies(void **state)
{
    (void)state;
    const struct fdm_case_record a = make_case(1, "host", "reference", "int8", "tflite");
    const struct fdm_case_record b = make_case(2, "board-b", "reference", "int8", "tflite");
    const struct fdm_case_record a2 = make_case(3, "host", "tuned", "int8", "xnnpack");
    const struct fdm_case_record b2 = make_case(4, "board-b", "tuned", "int8", "xnnpack");
    const struct fdm_compare_input inputs[] = {{&a, &b, first, 11, first, 11, petals, 3},
                                               {&a2, &b2, first, 11, second, 10, petals, 3}};
    struct fdm_comparison c[2];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(fdm_compare(&inputs[i], &c[i], NULL), FDM_OK);
    const struct fdm_compare_item items[] = {{&inputs[0], &c[0], NULL, 0},
                                             {&inputs[1], &c[1], NULL, 0}};
    const struct fdm_compare_options options = {FDM_AXIS_BOARD, "host", "board-b", false, 0};
    struct fdm_buf out;
    fdm_buf_init(&out);
    assert_int_equal(fdm_compare_render(items, 2, &options, FDM_REPORT_TERMINAL, &out, NULL),
                     FDM_OK);
    assert_golden(&out, "compare-boards.txt");
    fdm_buf_release(&out);
    for (size_t i = 0; i < 2; i++)
        fdm_comparison_release(&c[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_agree_in_all_but_the_axis),
        cmocka_unit_test(numbers_must_agree_too),
        cmocka_unit_test(one_float_case_meets_every_int8_semantics),
        cmocka_unit_test(comparing_a_thing_with_itself_is_refused),
        cmocka_unit_test(outcomes_are_counted_both_ways),
        cmocka_unit_test(contradictions_are_refused),
        cmocka_unit_test(each_format_renders_the_comparison),
        cmocka_unit_test(other_axes_show_what_varies),
    };
    return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
