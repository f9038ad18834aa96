#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/kernels_naive.h"

#define CASES 1500
#define MAX_DIM 9
#define MAX_CHANNELS 21
#define MAX_KERNEL 5
#define MAX_ACTIVATION ((size_t)MAX_DIM * MAX_DIM * MAX_CHANNELS)
#define MAX_WEIGHTS ((size_t)MAX_KERNEL * MAX_KERNEL * MAX_CHANNELS * MAX_CHANNELS)
#define CANARY 0x5a

static int32_t between(uint32_t *seed, int32_t min, int32_t max)
{
    return min + (int32_t)(test_random(seed) % (uint32_t)(max - min + 1));
}

static void fill_s8(uint32_t *seed, int8_t *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (int8_t)between(seed, -128, 127);
}

static void fill_f32(uint32_t *seed, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (float)between(seed, -1000000, 1000000) / 300000.0f;
}

/* One axis: any output size whose positions all begin inside the input. */
static int32_t random_axis(uint32_t *seed, int32_t in, int32_t *kernel, int32_t *stride,
                           int32_t *pad)
{
    *kernel = between(seed, 1, MAX_KERNEL);
    *stride = between(seed, 1, 3);
    *pad = between(seed, 0, *kernel - 1);
    int32_t most = (in + *pad - 1) / *stride + 1;
    return between(seed, 1, most < MAX_DIM ? most : MAX_DIM);
}

static struct fdm_nn_conv_shape random_shape(uint32_t *seed, bool depthwise)
{
    struct fdm_nn_conv_shape s = {.in_h = between(seed, 1, MAX_DIM),
                                  .in_w = between(seed, 1, MAX_DIM),
                                  .in_c = between(seed, 1, MAX_CHANNELS)};
    s.out_h = random_axis(seed, s.in_h, &s.kernel_h, &s.stride_h, &s.pad_top);
    s.out_w = random_axis(seed, s.in_w, &s.kernel_w, &s.stride_w, &s.pad_left);
    s.out_c = depthwise ? s.in_c : between(seed, 1, MAX_CHANNELS);
    return s;
}

static size_t outputs_of(const struct fdm_nn_conv_shape *s)
{
    return (size_t)s->out_h * (size_t)s->out_w * (size_t)s->out_c;
}

/* Everything that an int8 convolution reads. */
struct conv_case {
    struct fdm_nn_conv_s8 params;
    int32_t multiplier[MAX_CHANNELS], bias[MAX_CHANNELS];
    int8_t shift[MAX_CHANNELS];
    float scale[MAX_CHANNELS];
    int8_t input[MAX_ACTIVATION], weights[MAX_WEIGHTS];
};

static void random_conv(uint32_t *seed, bool depthwise, struct conv_case *c)
{
    struct fdm_nn_conv_s8 *p = &c->params;
    *p = (struct fdm_nn_conv_s8){.shape = random_shape(seed, depthwise)};
    p->in_zero_point = between(seed, -128, 127);
    p->out_zero_point = between(seed, -128, 127);
    p->out_min = between(seed, -128, 127);
    p->out_max = between(seed, p->out_min, 127);
    if (between(seed, 0, 1) == 0) {
        p->out_min = -128;
        p->out_max = 127;
    }
    p->requant = (struct fdm_nn_requant){(enum fdm_nn_rounding)between(seed, 0, 3), c->multiplier,
                                         c->shift, c->scale};
    for (int i = 0; i < MAX_CHANNELS; i++) {
        c->multiplier[i] = (int32_t)(test_random(seed) >> 2 | UINT32_C(1) << 30);
        c->shift[i] = (int8_t)between(seed, -13, 1);
        c->scale[i] = ldexpf((float)c->multiplier[i], c->shift[i] - 31);
        c->bias[i] = between(seed, -40000, 40000);
    }
    fill_s8(seed, c->input, sizeof c->input);
    fill_s8(seed, c->weights, sizeof c->weights);
}

static void check_conv_s8(bool depthwise)
{
    uint32_t seed = depthwise ? 2 : 3;
    static struct conv_case c;
    static int8_t got[MAX_ACTIVATION + 1];
    static int8_t expected[MAX_ACTIVATION];
    for (int i = 0; i < CASES; i++) {
        random_conv(&seed, depthwise, &c);
        const int32_t *bias = between(&seed, 0, 3) == 0 ? NULL : c.bias;
        struct fdm_nn_dwconv_s8 dw = {c.params};
        size_t scratch_bytes =
            depthwise ? fdm_nn_dwconv_s8_scratch(&dw) : fdm_nn_conv_s8_scratch(&c.params);
        void *scratch = malloc(scratch_bytes); /* exact, for the address sanitizer */
        size_t outputs = outputs_of(&c.params.shape);
        memset(got, CANARY, sizeof got);
        assert_int_equal(depthwise
                             ? fdm_nn_dwconv_s8(&dw, c.input, c.weights, bias, got, scratch)
                             : fdm_nn_conv_s8(&c.params, c.input, c.weights, bias, got, scratch),
                         FDM_NN_OK);
        naive_conv_s8(&c.params, depthwise, c.input, c.weights, bias, expected);
        assert_memory_equal(got, expected, outputs);
        assert_int_equal(got[outputs], CANARY);
        free(scratch);
    }
}

static void conv_s8_equals_the_naive_form(void **state)
{
    (void)state;
    check_conv_s8(false);
}

static void dwconv_s8_equals_the_naive_form(void **state)
{
    (void)state;
    check_conv_s8(true);
}

/* The largest sums that the checks allow stay inside int32; the undefined-behaviour sanitizer
 * watches. */
static void conv_s8_reaches_the_ends_of_int32(void **state)
{
    (void)state;
    int8_t *input = malloc(FDM_NN_MAX_TAPS);
    int8_t *weights = malloc(FDM_NN_MAX_TAPS);
    assert_non_null(input);
    assert_non_null(weights);
    memset(input, -128, FDM_NN_MAX_TAPS);
    memset(weights, -128, FDM_NN_MAX_TAPS);
    static const int32_t multiplier[1] = {INT32_C(1) << 30};
    static const int8_t shift[1] = {-23};
    const int32_t bias[1] = {INT32_MAX - FDM_NN_MAX_TAPS * 255 * 128};
    struct fdm_nn_conv_s8 params = {
        {1, 1, FDM_NN_MAX_TAPS, 1, 1, 1, 1, 1, 1, 1, 0, 0}, 127, -128, -128, 127,
        {FDM_NN_ROUND_SINGLE, multiplier, shift, NULL}};
    void *scratch = malloc(fdm_nn_conv_s8_scratch(&params));
    int8_t output = 0;
    assert_int_equal(fdm_nn_conv_s8(&params, input, weights, bias, &output, scratch), FDM_NN_OK);
    assert_int_equal(output, 0); /* (2^31 - 1) / 2^24 = 128, less 128 */
    const int32_t too_much[1] = {bias[0] + 1};
    assert_int_equal(fdm_nn_conv_s8(&params, input, weights, too_much, &output, scratch),
                     FDM_NN_ERR_ARGUMENT);
    free(input);
    free(weights);
    free(scratch);
}

static void check_conv_f32(bool depthwise)
{
    uint32_t seed = depthwise ? 4 : 5;
    static float input[MAX_ACTIVATION];
    static float weights[MAX_WEIGHTS];
    static float bias[MAX_CHANNELS];
    static float got[MAX_ACTIVATION];
    static float expected[MAX_ACTIVATION];
    for (int i = 0; i < CASES; i++) {
        struct fdm_nn_conv_f32 p = {random_shape(&seed, depthwise), -INFINITY, INFINITY};
        if (between(&seed, 0, 1) == 0)
            p.out_min = 0.0f;
        if (between(&seed, 0, 1) == 0)
            p.out_max = 6.0f;
        fill_f32(&seed, input, MAX_ACTIVATION);
        fill_f32(&seed, weights, MAX_WEIGHTS);
        fill_f32(&seed, bias, MAX_CHANNELS);
        const float *maybe = between(&seed, 0, 3) == 0 ? NULL : bias;
        struct fdm_nn_dwconv_f32 dw = {p};
        assert_int_equal(depthwise ? fdm_nn_dwconv_f32(&dw, input, weights, maybe, got, NULL)
                                   : fdm_nn_conv_f32(&p, input, weights, maybe, got, NULL),
                         FDM_NN_OK);
        naive_conv_f32(&p, depthwise, input, weights, maybe, expected);
        for (size_t j = 0; j < outputs_of(&p.shape); j++)
            assert_true(got[j] == expected[j]);
    }
}

static void conv_f32_equals_the_naive_form(void **state)
{
    (void)state;
    check_conv_f32(false);
}

static void dwconv_f32_equals_the_naive_form(void **state)
{
    (void)state;
    check_conv_f32(true);
}

static void mean_s8_equals_the_naive_form(void **state)
{
    (void)state;
    uint32_t seed = 6;
    static int8_t input[MAX_ACTIVATION];
    int8_t got[MAX_CHANNELS];
    int8_t expected[MAX_CHANNELS];
    for (int i = 0; i < CASES; i++) {
        struct fdm_nn_mean_s8 p = {.h = between(&seed, 1, MAX_DIM),
                                   .w = between(&seed, 1, MAX_DIM),
                                   .c = between(&seed, 1, MAX_CHANNELS),
                                   .rule = (enum fdm_nn_mean_rule)between(&seed, 0, 2),
                                   .in_zero_point = between(&seed, -128, 127),
                                   .out_zero_point = between(&seed, -128, 127),
                                   .multiplier = between(&seed, 1 << 29, INT32_MAX - 1),
                                   .shift = between(&seed, -8, 1)};
        p.scale = (float)between(&seed, 1, 4000000) / 1000000.0f;
        fill_s8(&seed, input, sizeof input);
        int32_t scratch[MAX_CHANNELS];
        assert_int_equal(fdm_nn_mean_s8_scratch(&p), (size_t)p.c * sizeof scratch[0]);
        assert_int_equal(fdm_nn_mean_s8(&p, input, got, scratch), FDM_NN_OK);
        naive_mean_s8(&p, input, expected);
        assert_memory_equal(got, expected, (size_t)p.c);
    }
}

static void mean_f32_sums_in_raster_order(void **state)
{
    (void)state;
    uint32_t seed = 7;
    static float input[MAX_ACTIVATION];
    float got[MAX_CHANNELS];
    for (int i = 0; i < CASES; i++) {
        struct fdm_nn_mean_f32 p = {between(&seed, 1, MAX_DIM), between(&seed, 1, MAX_DIM),
                                    between(&seed, 1, MAX_CHANNELS)};
        fill_f32(&seed, input, MAX_ACTIVATION);
        assert_int_equal(fdm_nn_mean_f32(&p, input, got, NULL), FDM_NN_OK);
        for (int c = 0; c < p.c; c++) {
            float sum = 0.0f;
            for (int j = 0; j < p.h * p.w; j++)
                sum += input[j * p.c + c];
            assert_true(got[c] == sum / (float)(p.h * p.w));
        }
    }
}

static void quantize_covers_every_value_in_place(void **state)
{
    (void)state;
    static const int32_t zero_points[][2] = {{0, -128}, {255, 127}, {127, -1},
                                             {128, 0},  {0, 0},     {255, -128}};
    for (size_t z = 0; z < sizeof zero_points / sizeof zero_points[0]; z++) {
        struct fdm_nn_quantize_u8_s8 p = {256, zero_points[z][0], zero_points[z][1]};
        union {
            uint8_t in[256];
            int8_t out[256];
        } bytes;
        for (int i = 0; i < 256; i++)
            bytes.in[i] = (uint8_t)i;
        assert_int_equal(fdm_nn_quantize_u8_s8(&p, bytes.in, bytes.out, NULL), FDM_NN_OK);
        for (int i = 0; i < 256; i++) {
            int expected = i - zero_points[z][0] + zero_points[z][1];
            expected = expected < -128 ? -128 : expected > 127 ? 127 : expected;
            assert_int_equal(bytes.out[i], expected);
        }
    }
}

static void dequantize_covers_every_value(void **state)
{
    (void)state;
    struct fdm_nn_dequantize_s8_f32 p = {256, 1.0f / 256.0f, -128};
    int8_t input[256];
    float output[256];
    for (int i = 0; i < 256; i++)
        input[i] = (int8_t)(i - 128);
    assert_int_equal(fdm_nn_dequantize_s8_f32(&p, input, output, NULL), FDM_NN_OK);
    for (int i = 0; i < 256; i++)
        assert_true(output[i] == (float)i / 256.0f);
}

/* ---- softmax -------------------------------------------------------------------------------- */

static float table[FDM_NN_SOFTMAX_TABLE_SIZE];

/* Both rules for an input scale of mantissa / 2^26, mantissa in 2^20..2^31. */
static struct fdm_nn_softmax_s8 softmax_params(enum fdm_nn_softmax_rule rule, int32_t count,
                                               double scale)
{
    for (int d = 0; d < FDM_NN_SOFTMAX_TABLE_SIZE; d++)
        table[FDM_NN_SOFTMAX_TABLE_SIZE - 1 - d] = (float)exp(-d * scale);
    int shift;
    double significand = frexp(scale * 67108864.0, &shift);
    return (struct fdm_nn_softmax_s8){.count = count,
                                      .rule = rule,
                                      .table = table,
                                      .multiplier = (int32_t)(significand * 2147483648.0),
                                      .shift = shift,
                                      .diff_min = -(int32_t)ldexp(31.0, 26 - shift)};
}

static void softmax_s8_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        int32_t count;
        int8_t first, others;
        int8_t expected_first, expected_others;
    } cases[] = {
        {"one class: probability 1 saturates", 1, -128, 0, 127, 0},
        {"two equal classes", 2, 5, 5, 0, 0},
        {"four equal classes, at the bottom", 4, -128, -128, -64, -64},
        {"a winner takes all", 4, 127, -128, 127, -128},
        {"256 equal classes: 1/256 each", 256, 0, 0, -127, -127},
        {"1000 equal classes: below half a step", 1000, 0, 0, -128, -128},
        {"the most that Q12.19 can sum", 4095, 0, 0, -128, -128},
    };
    static int8_t input[4095];
    static int8_t output[4095];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (int rule = 0; rule < 2; rule++) {
            struct fdm_nn_softmax_s8 p =
                softmax_params((enum fdm_nn_softmax_rule)rule, cases[i].count, 0.125);
            memset(input, cases[i].others, sizeof input);
            input[0] = cases[i].first;
            assert_int_equal(fdm_nn_softmax_s8(&p, input, output, NULL), FDM_NN_OK);
            for (int32_t j = 0; j < p.count; j++) {
                int expected = j == 0 ? cases[i].expected_first : cases[i].expected_others;
                if (output[j] != expected)
                    fail_msg("%s, rule %d: output %d is %d", cases[i].remark, rule, j, output[j]);
            }
        }
    }
}

/* 0.5 of a step is where the rules differ: the table rounds up, fixed point sees a little less. */
static void softmax_s8_rules_differ_at_the_half(void **state)
{
    (void)state;
    static int8_t input[512];
    static int8_t output[512];
    struct fdm_nn_softmax_s8 p = softmax_params(FDM_NN_SOFTMAX_TABLE, 512, 0.125);
    assert_int_equal(fdm_nn_softmax_s8(&p, input, output, NULL), FDM_NN_OK);
    assert_int_equal(output[0], -127);
    p = softmax_params(FDM_NN_SOFTMAX_FIXED, 512, 0.125);
    assert_int_equal(fdm_nn_softmax_s8(&p, input, output, NULL), FDM_NN_OK);
    assert_int_equal(output[0], -128);
}

static void softmax_s8_is_within_one_step_of_exact(void **state)
{
    (void)state;
    uint32_t seed = 8;
    for (int i = 0; i < CASES; i++) {
        int32_t count = between(&seed, 1, 101);
        double scale = between(&seed, 1, 2000) / 4000.0;
        struct fdm_nn_softmax_s8 p =
            softmax_params((enum fdm_nn_softmax_rule)between(&seed, 0, 1), count, scale);
        int8_t input[101];
        int8_t output[101];
        fill_s8(&seed, input, sizeof input);
        assert_int_equal(fdm_nn_softmax_s8(&p, input, output, NULL), FDM_NN_OK);
        double sum = 0.0;
        for (int32_t j = 0; j < count; j++)
            sum += exp(input[j] * scale);
        for (int32_t j = 0; j < count; j++) {
            double exact = fmin(exp(input[j] * scale) / sum * 256.0 - 128.0, 127.0);
            assert_true(fabs(output[j] - exact) < 0.51);
        }
    }
}

static void softmax_f32_is_within_rounding_of_exact(void **state)
{
    (void)state;
    uint32_t seed = 9;
    for (int i = 0; i < CASES; i++) {
        float input[101];
        float output[101];
        struct fdm_nn_softmax_f32 p = {between(&seed, 1, 101)};
        for (int32_t j = 0; j < p.count; j++)
            input[j] = (float)between(&seed, -40000, 40000) / 1024.0f; /* exact differences */
        assert_int_equal(fdm_nn_softmax_f32(&p, input, output, NULL), FDM_NN_OK);
        double sum = 0.0;
        for (int32_t j = 0; j < p.count; j++)
            sum += exp((double)input[j]);
        for (int32_t j = 0; j < p.count; j++) {
            double exact = exp((double)input[j]) / sum;
            assert_true(fabs((double)output[j] - exact) <= exact * 0x1p-20);
        }
    }
    float far[2] = {0.0f, -200.0f};
    float output[2];
    struct fdm_nn_softmax_f32 p = {2};
    assert_int_equal(fdm_nn_softmax_f32(&p, far, output, NULL), FDM_NN_OK);
    assert_true(output[0] == 1.0f && output[1] == 0.0f);
}

/* ---- refusals ------------------------------------------------------------------------------- */

/* A valid convolution that a row then breaks. */
struct breakable {
    struct fdm_nn_conv_s8 p;
    int32_t multiplier[2], bias[2];
    int8_t shift[8]; /* a row writes four bytes */
    float scale[2];
};

static struct breakable valid_conv(void)
{
    return (struct breakable){
        .p = {.shape = {4, 4, 2, 4, 4, 2, 3, 3, 1, 1, 1, 1}, .out_min = -128, .out_max = 127},
        .multiplier = {1 << 30, 1 << 30},
        .scale = {1.0f, 1.0f}};
}

#define FIELD(name) offsetof(struct breakable, name)

static void int8_convolutions_refuse(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        size_t field;
        int32_t value;
    } cases[] = {
        {"no rows", FIELD(p.shape.in_h), 0},
        {"too many columns", FIELD(p.shape.in_w), FDM_NN_MAX_DIM + 1},
        {"no channels", FIELD(p.shape.in_c), 0},
        {"negative output", FIELD(p.shape.out_h), -1},
        {"an output row that begins behind the input", FIELD(p.shape.out_h), 6},
        {"an output column that begins behind the input", FIELD(p.shape.out_w), 6},
        {"no output channels", FIELD(p.shape.out_c), 0},
        {"no kernel", FIELD(p.shape.kernel_h), 0},
        {"too wide a kernel", FIELD(p.shape.kernel_w), 256},
        {"no stride", FIELD(p.shape.stride_h), 0},
        {"too long a stride", FIELD(p.shape.stride_w), 256},
        {"padding as high as the kernel", FIELD(p.shape.pad_top), 3},
        {"negative padding", FIELD(p.shape.pad_left), -1},
        {"input zero point", FIELD(p.in_zero_point), 128},
        {"output zero point", FIELD(p.out_zero_point), -129},
        {"bounds in the wrong order", FIELD(p.out_min), 127},
        {"upper bound", FIELD(p.out_max), 128},
        {"lower bound", FIELD(p.out_min), -129},
        {"unknown rounding", FIELD(p.requant.rounding), 4},
        {"small multiplier", FIELD(multiplier[1]), (1 << 30) - 1},
        {"negative multiplier", FIELD(multiplier[0]), -1},
        {"shift to the left", FIELD(shift[1]), 31},
        {"shift to the right", FIELD(shift[0]), -32},
        {"bias that could overflow", FIELD(bias[1]), INT32_MIN},
    };
    static const int8_t weights[2 * 3 * 3 * 2];
    static const int8_t input[32];
    for (size_t i = 0; i <= sizeof cases / sizeof cases[0]; i++) {
        struct breakable b = valid_conv();
        bool valid = i == sizeof cases / sizeof cases[0];
        if (!valid)
            memcpy((char *)&b + cases[i].field, &cases[i].value, sizeof cases[i].value);
        if (!valid && cases[i].field == FIELD(p.out_min) && cases[i].value == 127)
            b.p.out_max = 126;
        b.p.requant.multiplier = b.multiplier;
        b.p.requant.shift = b.shift;
        struct fdm_nn_dwconv_s8 dw = {b.p};
        int32_t scratch[64];
        int8_t output[32] = {CANARY};
        enum fdm_nn_status expected = valid ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
        if (fdm_nn_dwconv_s8(&dw, input, weights, b.bias, output, scratch) != expected ||
            (!valid && output[0] != CANARY) ||
            fdm_nn_conv_s8(&b.p, input, weights, b.bias, output, scratch) != expected ||
            (!valid && output[0] != CANARY))
            fail_msg("%s", valid ? "the valid case" : cases[i].remark);
    }
}

static void convolutions_refuse_what_no_single_field_shows(void **state)
{
    (void)state;
    static const int8_t zeros[36];
    int8_t output[32];
    int32_t scratch[64];
    struct breakable b = valid_conv();
    b.p.requant = (struct fdm_nn_requant){FDM_NN_ROUND_FP32, NULL, NULL, b.scale};
    assert_int_equal(fdm_nn_conv_s8(&b.p, zeros, zeros, NULL, output, scratch), FDM_NN_OK);
    assert_int_equal(fdm_nn_conv_s8(&b.p, NULL, zeros, NULL, output, scratch), FDM_NN_ERR_ARGUMENT);
    assert_int_equal(fdm_nn_conv_s8(&b.p, zeros, NULL, NULL, output, scratch), FDM_NN_ERR_ARGUMENT);
    assert_int_equal(fdm_nn_conv_s8(&b.p, zeros, zeros, NULL, NULL, scratch), FDM_NN_ERR_ARGUMENT);
    assert_int_equal(fdm_nn_conv_s8(&b.p, zeros, zeros, NULL, output, NULL), FDM_NN_ERR_ARGUMENT);
    static const float bad_scales[] = {0.0f, -1.0f, INFINITY, NAN};
    for (size_t i = 0; i < sizeof bad_scales / sizeof bad_scales[0]; i++) {
        b.scale[1] = bad_scales[i];
        assert_int_equal(fdm_nn_conv_s8_check(&b.p, NULL), FDM_NN_ERR_ARGUMENT);
        assert_int_equal(fdm_nn_conv_s8_scratch(&b.p), 0);
    }
    b = valid_conv();
    assert_int_equal(fdm_nn_conv_s8_check(&b.p, NULL), FDM_NN_ERR_ARGUMENT); /* no multipliers */
    b.p.requant = (struct fdm_nn_requant){FDM_NN_ROUND_SINGLE, b.multiplier, b.shift, NULL};
    struct fdm_nn_dwconv_s8 dw = {b.p};
    dw.conv.shape.out_c = 1;
    assert_int_equal(fdm_nn_dwconv_s8_check(&dw, NULL), FDM_NN_ERR_ARGUMENT);
    b.p.shape = (struct fdm_nn_conv_shape){1, 1, 32769, 1, 1, 2, 1, 2, 1, 1, 0, 0};
    assert_int_equal(fdm_nn_conv_s8_check(&b.p, NULL), FDM_NN_ERR_ARGUMENT); /* 65538 taps */
}

static void float_convolutions_refuse(void **state)
{
    (void)state;
    struct fdm_nn_conv_f32 p = {{4, 4, 2, 4, 4, 2, 3, 3, 1, 1, 1, 1}, -INFINITY, INFINITY};
    struct fdm_nn_dwconv_f32 dw = {p};
    float buffer[64] = {0};
    float output[64] = {0};
    assert_int_equal(fdm_nn_conv_f32(&p, buffer, buffer, NULL, output, NULL), FDM_NN_OK);
    assert_int_equal(fdm_nn_conv_f32(&p, buffer, NULL, NULL, output, NULL), FDM_NN_ERR_ARGUMENT);
    assert_int_equal(fdm_nn_dwconv_f32(&dw, NULL, buffer, NULL, output, NULL), FDM_NN_ERR_ARGUMENT);
    dw.conv.shape.out_c = 3;
    assert_int_equal(fdm_nn_dwconv_f32_check(&dw, NULL), FDM_NN_ERR_ARGUMENT);
    p.out_min = NAN;
    assert_int_equal(fdm_nn_conv_f32_check(&p, NULL), FDM_NN_ERR_ARGUMENT);
    p.out_min = 0.0f;
    p.shape.pad_top = 3;
    assert_int_equal(fdm_nn_conv_f32_check(&p, NULL), FDM_NN_ERR_ARGUMENT);
}

static void means_refuse(void **state)
{
    (void)state;
    static const struct fdm_nn_mean_s8 cases[] = {
        {.h = 0, .w = 1, .c = 1, .scale = 1.0f},
        {.h = 1, .w = 1, .c = FDM_NN_MAX_DIM + 1, .scale = 1.0f},
        {.h = 4096, .w = 4096, .c = 1, .scale = 1.0f},
        {.h = 1, .w = 1, .c = 1, .scale = 1.0f, .in_zero_point = 128},
        {.h = 1, .w = 1, .c = 1, .scale = 1.0f, .out_zero_point = -129},
        {.h = 1, .w = 1, .c = 1, .scale = 0.0f},
        {.h = 1, .w = 1, .c = 1, .scale = 1.0f, .rule = (enum fdm_nn_mean_rule)3},
        {.h = 1, .w = 1, .c = 1, .rule = FDM_NN_MEAN_INT_DOUBLE, .multiplier = -1},
        {.h = 1, .w = 1, .c = 1, .rule = FDM_NN_MEAN_INT_SINGLE, .shift = 31},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(fdm_nn_mean_s8_check(&cases[i]), FDM_NN_ERR_ARGUMENT);
    struct fdm_nn_mean_s8 good = {.h = 1, .w = 1, .c = 1, .scale = 1.0f};
    int8_t value = 0;
    assert_int_equal(fdm_nn_mean_s8_check(&good), FDM_NN_OK);
    assert_int_equal(fdm_nn_mean_s8(&good, &value, &value, NULL), FDM_NN_ERR_ARGUMENT);
    struct fdm_nn_mean_f32 large = {4096, 4096, 1};
    assert_int_equal(fdm_nn_mean_f32_check(&large), FDM_NN_ERR_ARGUMENT);
}

static void softmaxes_refuse(void **state)
{
    (void)state;
    struct fdm_nn_softmax_s8 p = softmax_params(FDM_NN_SOFTMAX_FIXED, 4, 0.125);
    assert_int_equal(fdm_nn_softmax_s8_check(&p), FDM_NN_OK);
    p.count = 4096;
    assert_int_equal(fdm_nn_softmax_s8_check(&p), FDM_NN_ERR_ARGUMENT);
    p = softmax_params(FDM_NN_SOFTMAX_FIXED, 4, 0.125);
    p.diff_min = -(INT32_MAX >> p.shift) - 1;
    assert_int_equal(fdm_nn_softmax_s8_check(&p), FDM_NN_ERR_ARGUMENT);
    p.diff_min = 1;
    assert_int_equal(fdm_nn_softmax_s8_check(&p), FDM_NN_ERR_ARGUMENT);
    p = softmax_params(FDM_NN_SOFTMAX_TABLE, 0, 0.125);
    assert_int_equal(fdm_nn_softmax_s8_check(&p), FDM_NN_ERR_ARGUMENT);
    p = softmax_params(FDM_NN_SOFTMAX_TABLE, 4, 0.125);
    assert_int_equal(fdm_nn_softmax_s8_check(&p), FDM_NN_OK);
    table[3] = NAN;
    assert_int_equal(fdm_nn_softmax_s8_check(&p), FDM_NN_ERR_ARGUMENT);
    p.table = NULL;
    assert_int_equal(fdm_nn_softmax_s8_check(&p), FDM_NN_ERR_ARGUMENT);
    struct fdm_nn_softmax_f32 none = {0};
    assert_int_equal(fdm_nn_softmax_f32_check(&none), FDM_NN_ERR_ARGUMENT);
}

static void changes_of_type_refuse(void **state)
{
    (void)state;
    static const struct fdm_nn_quantize_u8_s8 quantize[] = {
        {0, 0, 0}, {1, 256, 0}, {1, -1, 0}, {1, 0, 128}, {1, 0, -129}};
    for (size_t i = 0; i < sizeof quantize / sizeof quantize[0]; i++)
        assert_int_equal(fdm_nn_quantize_u8_s8_check(&quantize[i]), FDM_NN_ERR_ARGUMENT);
    static const struct fdm_nn_dequantize_s8_f32 dequantize[] = {
        {0, 1.0f, 0}, {1, 0.0f, 0}, {1, INFINITY, 0}, {1, 1.0f, 128}};
    for (size_t i = 0; i < sizeof dequantize / sizeof dequantize[0]; i++)
        assert_int_equal(fdm_nn_dequantize_s8_f32_check(&dequantize[i]), FDM_NN_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conv_s8_equals_the_naive_form),
        cmocka_unit_test(dwconv_s8_equals_the_naive_form),
        cmocka_unit_test(conv_s8_reaches_the_ends_of_int32),
        cmocka_unit_test(conv_f32_equals_the_naive_form),
        cmocka_unit_test(dwconv_f32_equals_the_naive_form),
        cmocka_unit_test(mean_s8_equals_the_naive_form),
        cmocka_unit_test(mean_f32_sums_in_raster_order),
        cmocka_unit_test(quantize_covers_every_value_in_place),
        cmocka_unit_test(dequantize_covers_every_value),
        cmocka_unit_test(softmax_s8_known_answers),
        cmocka_unit_test(softmax_s8_rules_differ_at_the_half),
        cmocka_unit_test(softmax_s8_is_within_one_step_of_exact),
        cmocka_unit_test(softmax_f32_is_within_rounding_of_exact),
        cmocka_unit_test(int8_convolutions_refuse),
        cmocka_unit_test(convolutions_refuse_what_no_single_field_shows),
        cmocka_unit_test(float_convolutions_refuse),
        cmocka_unit_test(means_refuse),
        cmocka_unit_test(softmaxes_refuse),
        cmocka_unit_test(changes_of_type_refuse),
    };
    return cmocka_run_group_tests_name("kernels", tests, NULL, NULL);
}
