#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/label_order.h"

#define PLANT_CLASSES 39
#define FOOD_CLASSES 101

/* The folders of the plant leaf set (doi:10.17632/tywbtsjrjv.1) in byte order. */
static const char *const plant[PLANT_CLASSES] = {
    "Apple___Apple_scab",
    "Apple___Black_rot",
    "Apple___Cedar_apple_rust",
    "Apple___healthy",
    "Background_without_leaves",
    "Blueberry___healthy",
    "Cherry___Powdery_mildew",
    "Cherry___healthy",
    "Corn___Cercospora_leaf_spot Gray_leaf_spot",
    "Corn___Common_rust",
    "Corn___Northern_Leaf_Blight",
    "Corn___healthy",
    "Grape___Black_rot",
    "Grape___Esca_(Black_Measles)",
    "Grape___Leaf_blight_(Isariopsis_Leaf_Spot)",
    "Grape___healthy",
    "Orange___Haunglongbing_(Citrus_greening)",
    "Peach___Bacterial_spot",
    "Peach___healthy",
    "Pepper,_bell___Bacterial_spot",
    "Pepper,_bell___healthy",
    "Potato___Early_blight",
    "Potato___Late_blight",
    "Potato___healthy",
    "Raspberry___healthy",
    "Soybean___healthy",
    "Squash___Powdery_mildew",
    "Strawberry___Leaf_scorch",
    "Strawberry___healthy",
    "Tomato___Bacterial_spot",
    "Tomato___Early_blight",
    "Tomato___Late_blight",
    "Tomato___Leaf_Mold",
    "Tomato___Septoria_leaf_spot",
    "Tomato___Spider_mites Two-spotted_spider_mite",
    "Tomato___Target_Spot",
    "Tomato___Tomato_Yellow_Leaf_Curl_Virus",
    "Tomato___Tomato_mosaic_virus",
    "Tomato___healthy",
};

/* ---- Made predictions ------------------------------------------------------------------------ */

struct maker {
    struct fdm_prediction *list;
    size_t count;
    size_t capacity;
};

static void make(struct maker *m, uint32_t output, uint32_t label, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++) {
        if (m->count == m->capacity) {
            m->capacity = m->capacity ? 2 * m->capacity : 256;
            m->list = realloc(m->list, m->capacity * sizeof *m->list);
            assert_non_null(m->list);
        }
        m->list[m->count] = (struct fdm_prediction){
            .image = (uint32_t)m->count, .label = (int32_t)label, .raw_output = (int32_t)output};
        m->count++;
    }
}

static void identity(uint32_t *order, uint32_t classes)
{
    for (uint32_t i = 0; i < classes; i++)
        order[i] = i;
}

static uint32_t output_for(const uint32_t *class_of, uint32_t classes, uint32_t label)
{
    uint32_t o = 0;
    while (o < classes && class_of[o] != label)
        o++;
    return o;
}

/* ---- Orders ---------------------------------------------------------------------------------- */

static void the_plant_orders_differ_in_seventeen_positions(void **state)
{
    (void)state;
    for (size_t i = 1; i < PLANT_CLASSES; i++)
        assert_true(strcmp(plant[i - 1], plant[i]) < 0);
    uint32_t folded[PLANT_CLASSES];
    assert_int_equal(fdm_label_order_fill("case-folded", plant, PLANT_CLASSES, folded, NULL),
                     FDM_OK);
    uint32_t different = 0;
    for (uint32_t i = 0; i < PLANT_CLASSES; i++)
        different += folded[i] != i;
    assert_int_equal(different, 17);
    assert_string_equal(plant[folded[6]], "Cherry___healthy");
    assert_string_equal(plant[folded[31]], "Tomato___healthy");
}

static void folding_puts_the_underscore_behind_letters(void **state)
{
    (void)state;
    static const char *const names[] = {"cheese_plate", "cheesecake", "chicken"};
    uint32_t order[3];
    assert_int_equal(fdm_label_order_fill("case-folded", names, 3, order, NULL), FDM_OK);
    assert_int_equal(order[0], 1);
    assert_int_equal(order[1], 0);
    assert_int_equal(order[2], 2);
    assert_int_equal(fdm_label_order_fill("bytes", names, 3, order, NULL), FDM_OK);
    assert_int_equal(order[0], 0);
    assert_int_equal(fdm_label_order_fill("alphabetical", names, 3, order, NULL),
                     FDM_ERR_NOT_FOUND);
}

/* ---- The case that must be caught ------------------------------------------------------------ */

/* 1628 images of 39 classes from a model that is right on 1626 in the folded order and on 500 in
 * byte order, as ST's fdmobilenet_0.25_224 for the plant leaf set was found to be. */
static void make_plant(struct maker *m, const uint32_t *folded)
{
    uint32_t moved_classes[PLANT_CLASSES];
    uint32_t kept_classes[PLANT_CLASSES];
    uint32_t moved = 0;
    uint32_t kept = 0;
    for (uint32_t c = 0; c < PLANT_CLASSES; c++) {
        if (folded[c] == c)
            kept_classes[kept++] = c;
        else
            moved_classes[moved++] = c;
    }
    for (uint32_t i = 0; i < 500; i++)
        make(m, kept_classes[i % kept], kept_classes[i % kept], 1);
    for (uint32_t i = 0; i < 1126; i++) {
        const uint32_t label = moved_classes[i % moved];
        make(m, output_for(folded, PLANT_CLASSES, label), label, 1);
    }
    make(m, kept_classes[0], kept_classes[1], 2);
}

static void the_folded_plant_model_is_caught(void **state)
{
    (void)state;
    uint32_t bytes[PLANT_CLASSES];
    uint32_t folded[PLANT_CLASSES];
    identity(bytes, PLANT_CLASSES);
    assert_int_equal(fdm_label_order_fill("case-folded", plant, PLANT_CLASSES, folded, NULL),
                     FDM_OK);
    struct maker m = {0};
    make_plant(&m, folded);
    assert_int_equal(m.count, 1628);
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_label_check check;
    struct fdm_buf text;
    fdm_buf_init(&text);

    const struct fdm_label_map by_name[] = {{"bytes", bytes}, {"case-folded", folded}};
    assert_ok(fdm_label_order_check(m.list, m.count, PLANT_CLASSES, by_name, 2, &check, &err), err);
    assert_int_equal(check.verdict, FDM_LABEL_NAMED_FITS);
    assert_int_equal(check.n, 1628);
    assert_int_equal(check.k_declared, 500);
    assert_int_equal(check.named, 1);
    assert_int_equal(check.k_named, 1626);
    assert_int_equal(check.k_best, 1626);
    assert_int_equal(check.moved, 17);
    fdm_label_check_describe(&check, by_name, plant, &text);
    assert_string_equal(text.data,
                        "label order \"bytes\": 500/1628 (30.71 %) right; label order "
                        "\"case-folded\": 1626/1628 (99.88 %), p < 1e-338, 17 of 39 outputs moved");
    fdm_label_check_release(&check);

    /* Without its name the order is still found. */
    assert_ok(fdm_label_order_check(m.list, m.count, PLANT_CLASSES, by_name, 1, &check, &err), err);
    assert_int_equal(check.verdict, FDM_LABEL_UNNAMED_FITS);
    assert_int_equal(check.moved, 17);
    assert_memory_equal(check.best, folded, sizeof folded);
    fdm_buf_reset(&text);
    fdm_label_check_describe(&check, by_name, plant, &text);
    assert_non_null(strstr(text.data, "an order without a name: 1626/1628 (99.88 %)"));
    assert_non_null(strstr(text.data, ": output 6 is Cherry___healthy, not "
                                      "Cherry___Powdery_mildew, output 7 is"));
    assert_non_null(strstr(text.data, " and 9 more"));
    fdm_label_check_release(&check);

    /* Declared rightly, nothing is said against it. */
    const struct fdm_label_map right[] = {{"case-folded", folded}, {"bytes", bytes}};
    assert_ok(fdm_label_order_check(m.list, m.count, PLANT_CLASSES, right, 2, &check, &err), err);
    assert_int_equal(check.verdict, FDM_LABEL_DECLARED_FITS);
    assert_int_equal(check.moved, 0);
    fdm_buf_reset(&text);
    fdm_label_check_describe(&check, right, plant, &text);
    assert_string_equal(text.data, "label order \"case-folded\": 1626/1628 (99.88 %) right; no "
                                   "other order is significantly better");
    fdm_label_check_release(&check);
    fdm_buf_release(&text);
    free(m.list);
}

static void two_exchanged_classes_among_a_hundred_are_caught(void **state)
{
    (void)state;
    /* 45 % right and the rest spread evenly: a weak model, and the exchange costs under one point.
     */
    uint32_t bytes[FOOD_CLASSES];
    uint32_t listed[FOOD_CLASSES];
    identity(bytes, FOOD_CLASSES);
    identity(listed, FOOD_CLASSES);
    listed[16] = 17;
    listed[17] = 16;
    struct maker m = {0};
    for (uint32_t c = 0; c < FOOD_CLASSES; c++) {
        make(&m, c, c, 90);
        for (uint32_t i = 1; i <= 55; i++)
            make(&m, (c + i) % FOOD_CLASSES, c, 2);
    }
    const struct fdm_label_map orders[] = {{"listed", listed}, {"bytes", bytes}};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_label_check check;
    assert_ok(fdm_label_order_check(m.list, m.count, FOOD_CLASSES, orders, 2, &check, &err), err);
    assert_int_equal(check.verdict, FDM_LABEL_NAMED_FITS);
    assert_int_equal(check.moved, 2);
    fdm_label_check_release(&check);
    free(m.list);
}

/* ---- The best assignment --------------------------------------------------------------------- */

/* Greatest sum over all permutations, by trying them. */
static uint32_t best_by_trying(const uint32_t *matrix, uint32_t classes, uint32_t row, bool *used)
{
    if (row == classes)
        return 0;
    uint32_t best = 0;
    for (uint32_t c = 0; c < classes; c++) {
        if (used[c])
            continue;
        used[c] = true;
        const uint32_t rest = best_by_trying(matrix, classes, row + 1, used);
        used[c] = false;
        if (matrix[row * classes + c] + rest > best)
            best = matrix[row * classes + c] + rest;
    }
    return best;
}

static void the_assignment_is_the_best_of_all(void **state)
{
    (void)state;
    uint32_t seed = 0x1955;
    for (uint32_t round = 0; round < 200; round++) {
        const uint32_t classes = 1 + round % 7;
        uint32_t matrix[49];
        uint32_t order[7];
        bool used[7] = {false};
        struct maker m = {0};
        identity(order, classes);
        for (uint32_t i = 0; i < classes * classes; i++) {
            matrix[i] = test_random(&seed) % 9;
            make(&m, i / classes, i % classes, matrix[i]);
        }
        const struct fdm_label_map map = {"bytes", order};
        struct fdm_label_check check;
        assert_int_equal(fdm_label_order_check(m.list, m.count, classes, &map, 1, &check, NULL),
                         FDM_OK);
        assert_memory_equal(check.confusion, matrix, (size_t)classes * classes * sizeof matrix[0]);
        assert_int_equal(check.k_best, best_by_trying(matrix, classes, 0, used));
        fdm_label_check_release(&check);
        free(m.list);
    }
}

static void ties_keep_the_declared_class(void **state)
{
    (void)state;
    /* Classes 1 and 2 have no images: nothing may be claimed about their outputs. */
    static const uint32_t declared[] = {0, 2, 1, 3};
    struct maker m = {0};
    make(&m, 0, 0, 5);
    make(&m, 3, 3, 5);
    const struct fdm_label_map map = {"listed", declared};
    struct fdm_label_check check;
    assert_int_equal(fdm_label_order_check(m.list, m.count, 4, &map, 1, &check, NULL), FDM_OK);
    assert_memory_equal(check.best, declared, sizeof declared);
    fdm_label_check_release(&check);
    free(m.list);
}

/* ---- No false alarm -------------------------------------------------------------------------- */

static void weak_models_and_small_samples_raise_no_alarm(void **state)
{
    (void)state;
    static const struct {
        uint32_t classes;
        uint32_t images;
        uint32_t right_percent;
        const char *remark;
    } rows[] = {
        {39, 39, 0, "one image a class, a model that guesses"},
        {39, 109, 0, "a small sample, a model that guesses"},
        {101, 101, 45, "one image a class, a weak model"},
        {101, 1010, 10, "ten images a class, a very weak model"},
        {101, 20200, 0, "many images, a model that guesses"},
        {101, 20200, 5, "many images, hardly better than guessing"},
        {5, 20, 30, "five classes, four images each"},
        {5, 734, 0, "five classes, a model that guesses"},
        {2, 6, 0, "two classes"},
    };
    uint32_t seed = 0x57;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t order[FOOD_CLASSES];
        identity(order, rows[i].classes);
        for (uint32_t repeat = 0; repeat < 20; repeat++) {
            struct maker m = {0};
            for (uint32_t n = 0; n < rows[i].images; n++) {
                const uint32_t label = n % rows[i].classes;
                const bool right = test_random(&seed) % 100 < rows[i].right_percent;
                make(&m, right ? label : test_random(&seed) % rows[i].classes, label, 1);
            }
            const struct fdm_label_map map = {"bytes", order};
            struct fdm_label_check check;
            assert_int_equal(
                fdm_label_order_check(m.list, m.count, rows[i].classes, &map, 1, &check, NULL),
                FDM_OK);
            if (check.verdict != FDM_LABEL_DECLARED_FITS)
                fail_msg("%s: %u of %u, best %u, log p %g", rows[i].remark, check.k_declared,
                         check.n, check.k_best, check.p_log);
            assert_true(check.k_best >= check.k_declared);
            fdm_label_check_release(&check);
            free(m.list);
        }
    }
}

static void a_small_gain_is_no_alarm_however_certain(void **state)
{
    (void)state;
    /* 100000 images of two classes: certain beyond doubt in each row, but only the last gains 10
     * points. */
    static const uint32_t bytes[] = {0, 1};
    static const uint32_t swapped[] = {1, 0};
    const struct fdm_label_map orders[] = {{"bytes", bytes}, {"swapped", swapped}};
    static const struct {
        uint32_t kept;
        uint32_t exchanged;
        enum fdm_label_verdict verdict;
    } rows[] = {
        {48000, 52000, FDM_LABEL_DECLARED_FITS},
        {45100, 54900, FDM_LABEL_DECLARED_FITS},
        {44900, 55100, FDM_LABEL_NAMED_FITS},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct maker m = {0};
        make(&m, 0, 0, rows[i].kept / 2);
        make(&m, 1, 1, rows[i].kept / 2);
        make(&m, 0, 1, rows[i].exchanged / 2);
        make(&m, 1, 0, rows[i].exchanged / 2);
        struct fdm_label_check check;
        assert_int_equal(fdm_label_order_check(m.list, m.count, 2, orders, 2, &check, NULL),
                         FDM_OK);
        assert_int_equal(check.verdict, rows[i].verdict);
        fdm_label_check_release(&check);
        free(m.list);
    }
}

static void the_significance_bound_counts_the_orders_tried(void **state)
{
    (void)state;
    /* All images of two classes exchanged: p = 2 * 2^-n. Two named orders need 4 * 2^-n < 1e-6; the
     * best of three classes' orders that move two outputs (six at most) needs 12 * 2^-n < 1e-6. */
    static const uint32_t bytes[] = {0, 1, 2};
    static const uint32_t swapped[] = {1, 0, 2};
    static const struct {
        size_t orders;
        uint32_t images;
        enum fdm_label_verdict verdict;
    } rows[] = {
        {2, 21, FDM_LABEL_DECLARED_FITS},
        {2, 22, FDM_LABEL_NAMED_FITS},
        {1, 23, FDM_LABEL_DECLARED_FITS},
        {1, 24, FDM_LABEL_UNNAMED_FITS},
    };
    const struct fdm_label_map orders[] = {{"bytes", bytes}, {"swapped", swapped}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct maker m = {0};
        make(&m, 0, 1, rows[i].images / 2);
        make(&m, 1, 0, rows[i].images - rows[i].images / 2);
        make(&m, 2, 2, 10);
        struct fdm_label_check check;
        assert_int_equal(
            fdm_label_order_check(m.list, m.count, 3, orders, rows[i].orders, &check, NULL),
            FDM_OK);
        if (check.verdict != rows[i].verdict)
            fail_msg("%zu orders, %u images: verdict %d", rows[i].orders, rows[i].images,
                     (int)check.verdict);
        fdm_label_check_release(&check);
        free(m.list);
    }
}

static void an_unnamed_order_must_beat_both(void **state)
{
    (void)state;
    /* Outputs 0 and 1 are exchanged beyond doubt. Outputs 2 to 16 are moved round by one, with one
     * image each: a named order knows that, but the declared one cannot be told from chance among
     * all the orders that move seventeen outputs. */
    uint32_t bytes[PLANT_CLASSES];
    uint32_t rotated[PLANT_CLASSES];
    identity(bytes, PLANT_CLASSES);
    identity(rotated, PLANT_CLASSES);
    struct maker m = {0};
    for (uint32_t o = 2; o < 17; o++) {
        rotated[o] = o < 16 ? o + 1 : 2;
        make(&m, o, rotated[o], 1);
    }
    make(&m, 0, 1, 20);
    make(&m, 1, 0, 20);
    const struct fdm_label_map orders[] = {{"bytes", bytes}, {"rotated", rotated}};
    struct fdm_label_check check;
    assert_int_equal(fdm_label_order_check(m.list, m.count, PLANT_CLASSES, orders, 2, &check, NULL),
                     FDM_OK);
    assert_int_equal(check.named, 1);
    assert_int_equal(check.k_best, 55);
    assert_int_equal(check.verdict, FDM_LABEL_DECLARED_FITS);
    fdm_label_check_release(&check);
    free(m.list);
}

/* ---- Bad input ------------------------------------------------------------------------------- */

static void bad_input_is_refused(void **state)
{
    (void)state;
    static const uint32_t good[] = {0, 1};
    static const uint32_t twice[] = {1, 1};
    static const uint32_t outside[] = {0, 2};
    static const struct {
        int32_t output;
        int32_t label;
        const uint32_t *order;
        uint32_t classes;
        enum fdm_status want;
        const char *remark;
    } rows[] = {
        {-1, 0, good, 2, FDM_OK, "an unreadable image"},
        {2, 0, good, 2, FDM_ERR_FORMAT, "an output past the classes"},
        {-2, 0, good, 2, FDM_ERR_FORMAT, "a negative output"},
        {0, 2, good, 2, FDM_ERR_FORMAT, "a label past the classes"},
        {0, -1, good, 2, FDM_ERR_FORMAT, "a negative label"},
        {0, 0, twice, 2, FDM_ERR_FORMAT, "a class twice"},
        {0, 0, outside, 2, FDM_ERR_FORMAT, "a class that does not exist"},
        {0, 0, good, 0, FDM_ERR_UNSUPPORTED, "no classes"},
        {0, 0, good, FDM_LABEL_CLASSES_MAX + 1, FDM_ERR_UNSUPPORTED, "too many classes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct fdm_prediction p = {.label = rows[i].label, .raw_output = rows[i].output};
        const struct fdm_label_map map = {"bytes", rows[i].order};
        struct fdm_label_check check;
        const enum fdm_status got =
            fdm_label_order_check(&p, 1, rows[i].classes, &map, 1, &check, NULL);
        if (got != rows[i].want)
            fail_msg("%s: %s", rows[i].remark, fdm_status_name(got));
        fdm_label_check_release(&check);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plant_orders_differ_in_seventeen_positions),
        cmocka_unit_test(folding_puts_the_underscore_behind_letters),
        cmocka_unit_test(the_folded_plant_model_is_caught),
        cmocka_unit_test(two_exchanged_classes_among_a_hundred_are_caught),
        cmocka_unit_test(the_assignment_is_the_best_of_all),
        cmocka_unit_test(ties_keep_the_declared_class),
        cmocka_unit_test(weak_models_and_small_samples_raise_no_alarm),
        cmocka_unit_test(a_small_gain_is_no_alarm_however_certain),
        cmocka_unit_test(the_significance_bound_counts_the_orders_tried),
        cmocka_unit_test(an_unnamed_order_must_beat_both),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
