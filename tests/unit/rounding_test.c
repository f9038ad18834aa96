/* The products of inputs, and weights rounded by them. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>

#include "reference/quantizer/moments.h"
#include "reference/quantizer/rounding.h"

enum { SIDE = 4, CHANNELS = 2, IMAGES = 3, ZERO = -7, PIXELS = SIDE * SIDE * CHANNELS };

/* ---- moments -------------------------------------------------------------------------------- */

struct images {
    int8_t codes[IMAGES][PIXELS];
    float reals[IMAGES][PIXELS];
};

static void fill(struct images *images)
{
    uint32_t random = 3;
    for (size_t i = 0; i < IMAGES; i++) {
        for (size_t k = 0; k < PIXELS; k++) {
            images->codes[i][k] = (int8_t)(test_random(&random) >> 24);
            images->reals[i][k] = (float)(test_random(&random) % 100) / 50.0f - 1.0f;
        }
    }
}

/* The input of a tap at an output position, 0 in the padding. */
static double tap_value(const struct fdm_nn_conv_shape *s, const struct images *images,
                        size_t image, int32_t position, size_t tap, size_t channel, bool real)
{
    int32_t y = position / s->out_w * s->stride_h - s->pad_top + (int32_t)tap / s->kernel_w;
    int32_t x = position % s->out_w * s->stride_w - s->pad_left + (int32_t)tap % s->kernel_w;
    if (y < 0 || x < 0 || y >= s->in_h || x >= s->in_w)
        return 0.0;
    size_t at = (size_t)(y * s->in_w + x) * CHANNELS + channel;
    return real ? (double)images->reals[image][at] : images->codes[image][at] - ZERO;
}

/* The covariance of two taps over all images and positions, from its definition. */
static double covariance_of(const struct fdm_nn_conv_shape *s, const struct images *images,
                            const size_t tap[2], const size_t channel[2], bool real)
{
    double sums[3] = {0.0, 0.0, 0.0};
    int32_t positions = s->out_h * s->out_w;
    for (size_t i = 0; i < IMAGES; i++) {
        for (int32_t p = 0; p < positions; p++) {
            double a = tap_value(s, images, i, p, tap[0], channel[0], false);
            double b = tap_value(s, images, i, p, tap[1], channel[1], real);
            sums[0] += a;
            sums[1] += b;
            sums[2] += a * b;
        }
    }
    double count = (double)IMAGES * positions;
    return sums[2] / count - sums[0] / count * (sums[1] / count);
}

static void check_group(const struct fdm_moments *m, const struct images *images, uint32_t group,
                        bool real)
{
    double *found = calloc(m->size * m->size, sizeof *found);
    assert_non_null(found);
    if (real)
        fdm_moments_cross_covariance(m, group, found);
    else
        fdm_moments_covariance(m, group, found);
    for (size_t i = 0; i < m->size; i++) {
        for (size_t j = 0; j < m->size; j++) {
            bool depthwise = m->groups > 1;
            const size_t tap[] = {depthwise ? i : i / CHANNELS, depthwise ? j : j / CHANNELS};
            const size_t channel[] = {depthwise ? group : i % CHANNELS,
                                      depthwise ? group : j % CHANNELS};
            double wanted = covariance_of(&m->shape, images, tap, channel, real);
            assert_true(fabs(found[i * m->size + j] - wanted) < 1e-3);
        }
    }
    free(found);
}

static void moments_are_covariances(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    static const struct fdm_nn_conv_shape shapes[] = {
        {.in_h = SIDE,
         .in_w = SIDE,
         .in_c = CHANNELS,
         .out_h = 4,
         .out_w = 4,
         .out_c = CHANNELS,
         .kernel_h = 3,
         .kernel_w = 3,
         .stride_h = 1,
         .stride_w = 1,
         .pad_top = 1,
         .pad_left = 1},
        {.in_h = SIDE,
         .in_w = SIDE,
         .in_c = CHANNELS,
         .out_h = 2,
         .out_w = 2,
         .out_c = CHANNELS,
         .kernel_h = 3,
         .kernel_w = 3,
         .stride_h = 2,
         .stride_w = 2},
        {.in_h = SIDE,
         .in_w = SIDE,
         .in_c = CHANNELS,
         .out_h = 4,
         .out_w = 4,
         .out_c = CHANNELS,
         .kernel_h = 1,
         .kernel_w = 1,
         .stride_h = 1,
         .stride_w = 1},
    };
    struct images images;
    fill(&images);
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0] * 2; k++) {
        struct fdm_moments moments;
        assert_ok(fdm_moments_init(&moments, &shapes[k / 2], k % 2 != 0, &err), err);
        for (size_t i = 0; i < IMAGES; i++)
            fdm_moments_add(&moments, images.codes[i], ZERO, images.reals[i]);
        for (uint32_t g = 0; g < moments.groups; g++) {
            check_group(&moments, &images, g, false);
            check_group(&moments, &images, g, true);
        }
        fdm_moments_release(&moments);
    }
}

/* ---- rounding ------------------------------------------------------------------------------- */

enum { WEIGHTS = 4, PAIRS = 16 };

struct problem {
    double covariance[PAIRS], drift[WEIGHTS];
    float values[WEIGHTS];
    float scale;
};

/* A covariance is a product of a matrix with its transpose. */
static struct problem random_problem(uint32_t *random)
{
    struct problem p = {.scale = 0.25f};
    double factors[PAIRS];
    for (size_t i = 0; i < PAIRS; i++)
        factors[i] = (double)(test_random(random) % 2000) / 1000.0 - 1.0;
    for (size_t i = 0; i < WEIGHTS; i++) {
        for (size_t j = 0; j < WEIGHTS; j++)
            for (size_t k = 0; k < WEIGHTS; k++)
                p.covariance[i * WEIGHTS + j] +=
                    factors[i * WEIGHTS + k] * factors[j * WEIGHTS + k];
        p.covariance[i * WEIGHTS + i] += 0.01;
        p.drift[i] = (double)(test_random(random) % 200) / 1000.0 - 0.1;
        p.values[i] = (float)(test_random(random) % 4000) / 1000.0f - 2.0f;
    }
    return p;
}

static double variance_of(const struct problem *p, const int8_t *codes, size_t stride)
{
    double sum = 0.0;
    for (size_t i = 0; i < WEIGHTS; i++) {
        double a = (double)p->scale * codes[i * stride] - (double)p->values[i * stride];
        sum += 2.0 * a * p->drift[i];
        for (size_t j = 0; j < WEIGHTS; j++) {
            double b = (double)p->scale * codes[j * stride] - (double)p->values[j * stride];
            sum += a * b * p->covariance[i * WEIGHTS + j];
        }
    }
    return sum;
}

/* Better than nearest, and no single step from the best that single steps reach. */
static void rounding_ends_where_no_step_helps(void **state)
{
    (void)state;
    uint32_t random = 5;
    unsigned better = 0;
    for (int round = 0; round < 200; round++) {
        struct problem p = random_problem(&random);
        double gradient[WEIGHTS];
        int8_t codes[WEIGHTS];
        for (size_t i = 0; i < WEIGHTS; i++)
            codes[i] = (int8_t)lroundf(p.values[i] / p.scale);
        double nearest = variance_of(&p, codes, 1);
        const struct fdm_rounding rounding = {WEIGHTS, p.scale, p.covariance, p.drift, gradient};
        fdm_rounding_improve(&rounding, p.values, codes, 1);
        double least = variance_of(&p, codes, 1);
        assert_true(least <= nearest + 1e-9);
        better += least < nearest - 1e-9;
        for (size_t i = 0; i < WEIGHTS; i++) {
            for (int step = -1; step <= 1; step += 2) {
                codes[i] = (int8_t)(codes[i] + step);
                assert_true(variance_of(&p, codes, 1) >= least - 1e-9);
                codes[i] = (int8_t)(codes[i] - step);
            }
        }
    }
    assert_true(better > 100);
}

/* Codes end at 127, weights of other channels stay, an input that never varies moves nothing. */
static void rounding_keeps_its_bounds(void **state)
{
    (void)state;
    double gradient[2];
    const double covariance[] = {1.0, 0.0, 0.0, 0.0};
    const double drift[] = {-1000.0, -1000.0};
    const float values[] = {1.0f, 0.0f, 2.0f, 0.0f};
    int8_t codes[] = {10, 77, 20, -77};
    const struct fdm_rounding rounding = {2, 0.1f, covariance, drift, gradient};
    fdm_rounding_improve(&rounding, values, codes, 2);
    assert_int_equal(codes[0], 127);
    assert_int_equal(codes[1], 77);
    assert_int_equal(codes[2], 20);
    assert_int_equal(codes[3], -77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moments_are_covariances),
        cmocka_unit_test(rounding_ends_where_no_step_helps),
        cmocka_unit_test(rounding_keeps_its_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
