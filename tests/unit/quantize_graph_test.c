/* Whole graphs: folding, equalization, quantization, bias correction, and the written file. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/compiler/compile.h"
#include "reference/importers/importers.h"
#include "reference/quantizer/equalize.h"
#include "reference/quantizer/extents.h"
#include "reference/quantizer/quantize.h"
#include "reference/quantizer/recipe.h"
#include "reference/quantizer/refine.h"
#include "reference/quantizer/tflite_writer.h"
#include "tests/support/float_graph.h"

enum { SAMPLES = 40, CLASSES = 3 };

/* The outputs to every image, [SAMPLES, CLASSES]. */
static float *outputs_of(const struct fdm_graph *graph, const struct test_float_images *images)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_network *network;
    void *arena;
    const struct fdm_semantics *semantics = fdm_semantics_find(FDM_SEMANTICS_DEFAULT);
    assert_ok(fdm_compile(graph, semantics, NULL, &network, &err), err);
    assert_ok(fdm_samples_arena(network, &arena, &err), err);
    float *outputs = calloc((size_t)SAMPLES * CLASSES, sizeof *outputs);
    assert_non_null(outputs);
    for (uint32_t i = 0; i < SAMPLES; i++) {
        fdm_samples_write(&images->samples, i, network, arena);
        assert_int_equal(fdm_network_run(network, arena, NULL), FDM_NN_OK);
        memcpy(outputs + (size_t)i * CLASSES, fdm_network_output(network, arena),
               CLASSES * sizeof *outputs);
    }
    free(arena);
    fdm_network_free(network);
    return outputs;
}

/* The largest difference of any output. */
static double distance(const struct fdm_graph *a, const struct fdm_graph *b,
                       const struct test_float_images *images)
{
    float *x = outputs_of(a, images);
    float *y = outputs_of(b, images);
    double largest = 0.0;
    for (size_t i = 0; i < (size_t)SAMPLES * CLASSES; i++)
        largest = fmax(largest, fabs((double)x[i] - (double)y[i]));
    free(x);
    free(y);
    return largest;
}

/* ---- folding -------------------------------------------------------------------------------- */

static struct fdm_graph *fold(const struct fdm_graph *graph, enum fdm_fold_rsqrt rsqrt)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *folded;
    assert_ok(fdm_fold(graph, rsqrt, &folded, &err), err);
    return folded;
}

static void folding_keeps_what_is_computed(void **state)
{
    (void)state;
    struct test_float_images *images = test_float_images(SAMPLES);
    for (uint32_t seed = 1; seed < 6; seed++) {
        struct fdm_graph *graph = test_float_graph(seed);
        for (int rsqrt = 0; rsqrt < 2; rsqrt++) {
            struct fdm_graph *folded = fold(graph, (enum fdm_fold_rsqrt)rsqrt);
            assert_int_equal(folded->op_count, 8);
            assert_true(folded->ops[0].activation == FDM_ACTIVATION_RELU);
            assert_true(folded->ops[1].activation == FDM_ACTIVATION_NONE);
            assert_string_equal(folded->ops[2].name, "conv_pw");
            assert_true(distance(graph, folded, images) < 1e-5);
            fdm_graph_free(folded);
        }
        fdm_graph_free(graph);
    }
    free(images);
}

static void folding_in_numbers(void **state)
{
    (void)state;
    struct fdm_graph *graph = test_float_graph(1);
    float *weight = test_float_constant(graph, TEST_FLOAT_CONV, 1);
    weight[27] = 2.0f; /* the first of output channel 1 */
    const float parameters[4] = {3.0f, 0.5f, 0.25f, 4.0f - 0.001f};
    for (uint32_t i = 0; i < 4; i++)
        test_float_constant(graph, TEST_FLOAT_CONV_NORM, i + 1)[1] = parameters[i];
    static const struct {
        enum fdm_fold_rsqrt rsqrt;
        float root;
    } rows[] = {{FDM_FOLD_EXACT, 0.5f}, {FDM_FOLD_CONVERTER, 0x1.fffffep-2f}};
    for (size_t i = 0; i < 2; i++) {
        struct fdm_graph *folded = fold(graph, rows[i].rsqrt);
        float factor = 3.0f * rows[i].root;
        float shift = 0.25f * factor;
        const float *weights = folded->tensors[folded->ops[0].inputs[1]].data;
        const float *bias = folded->tensors[folded->ops[0].inputs[2]].data;
        assert_true(weights[27] == 2.0f * factor);
        assert_true(bias[1] == 0.5f - shift);
        fdm_graph_free(folded);
    }
    fdm_graph_free(graph);
}

/* Each spoils a graph in its way. */
static void take_int8(struct fdm_graph *graph)
{
    graph->format = FDM_FORMAT_INT8;
}
static void huge_gamma(struct fdm_graph *graph)
{
    float *gamma = test_float_constant(graph, TEST_FLOAT_CONV_NORM, 1);
    for (int i = 0; i < 6; i++)
        gamma[i] = 3e38f;
    memcpy(test_float_constant(graph, TEST_FLOAT_CONV_NORM, 4), &(float){1e-6f}, sizeof(float));
}
static void relu_last(struct fdm_graph *graph)
{
    graph->ops[TEST_FLOAT_FLAT].kind = FDM_OP_RELU;
}
static void read_twice(struct fdm_graph *graph)
{
    graph->ops[TEST_FLOAT_DW].inputs[0] = graph->ops[TEST_FLOAT_CONV_NORM].output;
}
static void end_early(struct fdm_graph *graph)
{
    graph->output = graph->ops[TEST_FLOAT_SOFTMAX].output;
}

static void folding_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        void (*spoil)(struct fdm_graph *graph);
        enum fdm_status status;
        const char *says;
    } rows[] = {
        {"int8", take_int8, FDM_ERR_UNSUPPORTED, "not a float model"},
        {"weights beyond float32", huge_gamma, FDM_ERR_FORMAT, "leaves float32"},
        {"a RELU behind SOFTMAX", relu_last, FDM_ERR_UNSUPPORTED, "behind a convolution"},
        {"a branch", read_twice, FDM_ERR_UNSUPPORTED, "only chains"},
        {"an output inside", end_early, FDM_ERR_UNSUPPORTED, "not the last"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph = test_float_graph(1);
        struct fdm_graph *folded = graph;
        rows[i].spoil(graph);
        enum fdm_status status = fdm_fold(graph, FDM_FOLD_EXACT, &folded, &err);
        if (status != rows[i].status || folded != NULL || strstr(err.message, rows[i].says) == NULL)
            fail_msg("%s: %d, %s", rows[i].remark, (int)status, err.message);
        fdm_graph_free(graph);
    }
}

/* ---- equalization --------------------------------------------------------------------------- */

/* The largest weight of each output channel (`output`) or input channel of operator `op`. */
static double largest(const struct fdm_graph *folded, uint32_t op, bool output, uint32_t channel)
{
    const struct fdm_tensor *weights = &folded->tensors[folded->ops[op].inputs[1]];
    const float *values = weights->data;
    size_t elements = fdm_tensor_elements(weights);
    bool depthwise = folded->ops[op].kind == FDM_OP_DEPTHWISE_CONV;
    size_t per_output = depthwise ? 1 : elements / weights->dims[0];
    double max = 0.0;
    for (size_t i = 0; i < elements; i++) {
        size_t of = output && !depthwise ? i / per_output : i % weights->dims[3];
        if (of == channel)
            max = fmax(max, fabs((double)values[i]));
    }
    return max;
}

static void equalized_weights_are_alike(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(3);
    struct fdm_graph *plain = fold(graph, FDM_FOLD_EXACT);
    struct fdm_graph *equal = fold(graph, FDM_FOLD_EXACT);
    assert_ok(fdm_equalize(equal, FDM_EQUALIZE_WEIGHTS, true, NULL, &err), err);
    assert_true(distance(plain, equal, images) < 1e-5);
    static const uint32_t pairs[][3] = {{0, 1, 6}, {1, 2, 6}, {2, 5, 8}}; /* through the MEAN too */
    double apart = 0.0;
    for (size_t i = 0; i < 3; i++) {
        for (uint32_t c = 0; c < pairs[i][2]; c++) {
            double ratio =
                largest(equal, pairs[i][0], true, c) / largest(equal, pairs[i][1], false, c);
            assert_true(fabs(ratio - 1.0) < 0.001);
            ratio = largest(plain, pairs[i][0], true, c) / largest(plain, pairs[i][1], false, c);
            apart = fmax(apart, fabs(ratio - 1.0));
        }
    }
    assert_true(apart > 0.5);
    fdm_graph_free(graph);
    fdm_graph_free(plain);
    fdm_graph_free(equal);
    free(images);
}

static void equalized_activations_fill_their_range(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(4);
    struct fdm_graph *plain = fold(graph, FDM_FOLD_EXACT);
    for (int per_tensor = 0; per_tensor < 2; per_tensor++) {
        struct fdm_graph *equal = fold(graph, FDM_FOLD_EXACT);
        struct fdm_extents before;
        struct fdm_extents behind;
        assert_ok(fdm_equalize(equal, FDM_EQUALIZE_ALL, per_tensor != 0, &images->samples, &err),
                  err);
        assert_true(distance(plain, equal, images) < 1e-5);
        assert_ok(fdm_extents_measure(plain, &images->samples, &before, &err), err);
        assert_ok(fdm_extents_measure(equal, &images->samples, &behind, &err), err);
        /* The first convolution, whose weights and whose follower's have a scale per channel. */
        double quiet[2] = {HUGE_VAL, HUGE_VAL};
        double loud[2] = {0.0, 0.0};
        for (uint32_t c = 0; c < 6; c++) {
            const struct fdm_extents *all[2] = {&before, &behind};
            for (int k = 0; k < 2; k++) {
                double max = (double)all[k]->tensors[plain->ops[0].output].channels[c].max;
                if (max > 0.0) /* one never speaks */
                    quiet[k] = fmin(quiet[k], max);
                loud[k] = fmax(loud[k], max);
            }
        }
        assert_true(loud[0] / quiet[0] > 2.0);
        if (per_tensor == 0 && loud[1] / quiet[1] > 1.25) /* one is below 1/64 */
            fail_msg("%g to %g, before %g to %g", quiet[1], loud[1], quiet[0], loud[0]);
        /* Behind the depthwise one the next weights share scales too: X counts twice, V once. */
        for (uint32_t c = 0; c < 6 && per_tensor == 0; c++) {
            struct fdm_extent x = behind.tensors[plain->ops[1].output].channels[c];
            double reach = fmax(fabs((double)x.min), fabs((double)x.max));
            double ratio = reach * reach / largest(equal, 2, false, c);
            if (reach > 0.0 && fabs(ratio - 1.0) > 0.01)
                fail_msg("channel %u: X^2 / V is %g", c, ratio);
        }
        fdm_extents_release(&before);
        fdm_extents_release(&behind);
        fdm_graph_free(equal);
    }
    fdm_graph_free(graph);
    fdm_graph_free(plain);
    free(images);
}

/* A channel that is always 0, weights that are 0: nothing to divide by. */
static void equalization_survives_dead_channels(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(5);
    test_float_constant(graph, TEST_FLOAT_CONV_NORM, 1)[2] = 0.0f;
    test_float_constant(graph, TEST_FLOAT_CONV_NORM, 2)[2] = -1.0f;
    for (int i = 0; i < 6; i++)
        test_float_constant(graph, TEST_FLOAT_PW, 1)[i] = 0.0f;
    for (int i = 0; i < 8; i++) /* speaks, but hardly ever above zero */
        test_float_constant(graph, TEST_FLOAT_PW_NORM, 2)[i] = i == 3 ? -1.2f : 0.1f;
    struct fdm_graph *plain = fold(graph, FDM_FOLD_EXACT);
    for (int what = 0; what < FDM_EQUALIZATIONS; what++) {
        struct fdm_graph *equal = fold(graph, FDM_FOLD_EXACT);
        assert_ok(fdm_equalize(equal, (enum fdm_equalization)what, false, &images->samples, &err),
                  err);
        assert_true(distance(plain, equal, images) < 1e-4);
        fdm_graph_free(equal);
    }
    fdm_graph_free(graph);
    fdm_graph_free(plain);
    free(images);
}

static void absorbed_offsets_lie_in_the_middle(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(6);
    struct fdm_graph *plain = fold(graph, FDM_FOLD_EXACT);
    struct fdm_graph *moved = fold(graph, FDM_FOLD_EXACT);
    struct fdm_extents extents;
    assert_ok(fdm_absorb_offsets(moved, &images->samples, &err), err);
    assert_true(distance(plain, moved, images) < 1e-5);
    assert_ok(fdm_extents_measure(moved, &images->samples, &extents, &err), err);
    for (uint32_t c = 0; c < 6; c++) {
        struct fdm_extent e = extents.tensors[moved->ops[1].output].channels[c];
        assert_true(fabsf(e.min + e.max) < 1e-4f);
        assert_true(extents.tensors[moved->ops[0].output].channels[c].min >= 0.0f);
    }
    fdm_extents_release(&extents);
    fdm_graph_free(graph);
    fdm_graph_free(plain);
    fdm_graph_free(moved);
    free(images);
}

static void nothing_is_measured_without_images(void **state)
{
    (void)state;
    struct fdm_graph *graph = test_float_graph(1);
    struct fdm_graph *folded = fold(graph, FDM_FOLD_EXACT);
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_prepared prepared;
    images->samples.count = 0;
    assert_int_equal(fdm_equalize(folded, FDM_EQUALIZE_ALL, true, &images->samples, NULL),
                     FDM_ERR_USAGE);
    assert_int_equal(fdm_absorb_offsets(folded, &images->samples, NULL), FDM_ERR_USAGE);
    const struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
    assert_int_equal(fdm_recipe_prepare(&recipe, graph, &images->samples, &prepared, NULL),
                     FDM_ERR_USAGE);
    fdm_prepared_release(&prepared);
    fdm_graph_free(folded);
    fdm_graph_free(graph);
    free(images);
}

/* ---- quantization --------------------------------------------------------------------------- */

static struct fdm_graph *convert(const struct fdm_graph *graph, const struct fdm_recipe *recipe,
                                 const struct test_float_images *images)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_prepared prepared;
    struct fdm_graph *int8;
    assert_ok(fdm_recipe_prepare(recipe, graph, &images->samples, &prepared, &err), err);
    assert_ok(fdm_recipe_finish(recipe, &prepared, &images->samples,
                                fdm_semantics_find(FDM_SEMANTICS_DEFAULT), &int8, &err),
              err);
    fdm_prepared_release(&prepared);
    return int8;
}

static void every_recipe_stays_near(void **state)
{
    (void)state;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(7);
    for (int i = 0; i < 2 * 2 * 2 * 2 * FDM_EQUALIZATIONS * FDM_RANGE_METHODS; i++) {
        struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
        recipe.per_tensor = i % 2 != 0;
        recipe.absorb = i / 2 % 2 != 0;
        recipe.correct_bias = i / 4 % 2 != 0;
        recipe.round_together = i / 8 % 2 != 0;
        recipe.equalize = (enum fdm_equalization)(i / 16 % FDM_EQUALIZATIONS);
        recipe.method = (enum fdm_range_method)(i / 16 / FDM_EQUALIZATIONS);
        recipe.keep = 0.9999;
        struct fdm_graph *int8 = convert(graph, &recipe, images);
        double far = distance(graph, int8, images);
        if (far > 0.05)
            fail_msg("recipe %d: outputs differ by %g", i, far);
        assert_int_equal(int8->tensors[int8->input].type, FDM_TYPE_U8);
        assert_int_equal(int8->tensors[int8->input].quant.zero_points[0], 0);
        assert_int_equal(int8->tensors[int8->output].type, FDM_TYPE_F32);
        assert_int_equal(int8->tensors[int8->ops[2].inputs[1]].quant.count,
                         recipe.per_tensor ? 1 : 6);
        fdm_graph_free(int8);
    }
    fdm_graph_free(graph);
    free(images);
}

/* With one scale for channels that differ by far, equalizing is what saves the small ones. */
static void equalization_helps_per_tensor(void **state)
{
    (void)state;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(8);
    float *gamma = test_float_constant(graph, TEST_FLOAT_CONV_NORM, 1);
    float *beta = test_float_constant(graph, TEST_FLOAT_CONV_NORM, 2);
    float *mean = test_float_constant(graph, TEST_FLOAT_CONV_NORM, 3);
    float *dw = test_float_constant(graph, TEST_FLOAT_DW, 1);
    for (int c = 0; c < 6; c++) {
        float factor = c % 2 == 0 ? 0.01f : 1.0f;
        gamma[c] *= factor;
        beta[c] *= factor;
        mean[c] = 0.0f;
        for (int t = 0; t < 9; t++)
            dw[t * 6 + c] /= factor;
    }
    double far[FDM_EQUALIZATIONS];
    for (int i = 0; i < FDM_EQUALIZATIONS; i++) {
        struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
        recipe.per_tensor = true;
        recipe.equalize = (enum fdm_equalization)i;
        struct fdm_graph *int8 = convert(graph, &recipe, images);
        far[i] = distance(graph, int8, images);
        fdm_graph_free(int8);
    }
    assert_true(far[FDM_EQUALIZE_WEIGHTS] < 0.5 * far[FDM_EQUALIZE_OFF]);
    assert_true(far[FDM_EQUALIZE_ALL] < 0.5 * far[FDM_EQUALIZE_OFF]);
    fdm_graph_free(graph);
    free(images);
}

/* Rounds the weights of a layer up, which moves its output's mean, and lets the biases repair it.
 */
static void corrected_biases_restore_the_mean(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(9);
    const struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
    struct fdm_graph *folded = fold(graph, FDM_FOLD_CONVERTER);
    struct fdm_graph *int8 = convert(graph, &recipe, images);
    struct fdm_tensor *weights = &int8->tensors[int8->ops[3].inputs[1]];
    int8_t *codes = (int8_t *)weights->data;
    for (size_t i = 0; i < weights->data_bytes; i++)
        codes[i] = (int8_t)(codes[i] < 119 ? codes[i] + 8 : 127);
    double before = distance(graph, int8, images);
    const struct fdm_refinement only_biases = {.correct_bias = true};
    assert_ok(fdm_refine(folded, int8, only_biases, &images->samples,
                         fdm_semantics_find(FDM_SEMANTICS_DEFAULT), &err),
              err);
    double behind = distance(graph, int8, images);
    assert_true(before > 0.02);
    assert_true(behind < 0.5 * before);
    images->samples.count = 0;
    assert_int_equal(fdm_refine(folded, int8, only_biases, &images->samples,
                                fdm_semantics_find(FDM_SEMANTICS_DEFAULT), NULL),
                     FDM_ERR_USAGE);
    fdm_graph_free(int8);
    fdm_graph_free(folded);
    fdm_graph_free(graph);
    free(images);
}

/* Codes that are off by up to 8 steps each find back to weights that compute nearly the same. */
static void weights_rounded_together_make_up_for_each_other(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(9);
    const struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
    const struct fdm_refinement both = {.round_together = true, .correct_bias = true};
    struct fdm_graph *folded = fold(graph, FDM_FOLD_CONVERTER);
    struct fdm_graph *int8 = convert(graph, &recipe, images);
    double nearest = distance(graph, int8, images);
    for (uint32_t layer = 1; layer < 4; layer++) { /* conv, depthwise, pointwise */
        struct fdm_tensor *weights = &int8->tensors[int8->ops[layer].inputs[1]];
        int8_t *codes = (int8_t *)weights->data;
        for (size_t i = 0; i < weights->data_bytes; i++)
            codes[i] = (int8_t)(codes[i] < 119 ? codes[i] + (int)(i % 9) : 127);
    }
    assert_true(distance(graph, int8, images) > 3.0 * nearest);
    assert_ok(fdm_refine(folded, int8, both, &images->samples,
                         fdm_semantics_find(FDM_SEMANTICS_DEFAULT), &err),
              err);
    assert_true(distance(graph, int8, images) < 1.5 * nearest);
    fdm_graph_free(int8);
    fdm_graph_free(folded);
    fdm_graph_free(graph);
    free(images);
}

/* ---- the file ------------------------------------------------------------------------------- */

static void same_tensor(const struct fdm_tensor *a, const struct fdm_tensor *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->rank, b->rank);
    assert_memory_equal(a->dims, b->dims, a->rank * sizeof a->dims[0]);
    assert_int_equal(a->quant.count, b->quant.count);
    if (a->quant.count > 1)
        assert_int_equal(a->quant.axis, b->quant.axis);
    assert_memory_equal(a->quant.scales, b->quant.scales, a->quant.count * sizeof(float));
    assert_memory_equal(a->quant.zero_points, b->quant.zero_points,
                        a->quant.count * sizeof(int32_t));
    assert_int_equal(a->data_bytes, b->data_bytes);
    if (a->data_bytes > 0)
        assert_memory_equal(a->data, b->data, a->data_bytes);
}

static void same_op(const struct fdm_op *a, const struct fdm_op *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->input_count, b->input_count);
    assert_memory_equal(a->inputs, b->inputs, a->input_count * sizeof a->inputs[0]);
    assert_int_equal(a->output, b->output);
    assert_int_equal(a->stride_h, b->stride_h);
    assert_int_equal(a->stride_w, b->stride_w);
    assert_int_equal(a->pad_top, b->pad_top);
    assert_int_equal(a->pad_bottom, b->pad_bottom);
    assert_int_equal(a->pad_left, b->pad_left);
    assert_int_equal(a->pad_right, b->pad_right);
    assert_int_equal(a->activation, b->activation);
}

static void written_file_holds_the_graph(void **state)
{
    (void)state;
    struct test_float_images *images = test_float_images(SAMPLES);
    struct fdm_graph *graph = test_float_graph(10);
    for (int i = 0; i < 3; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
        recipe.per_tensor = i == 1;
        struct fdm_graph *made =
            i == 2 ? fold(graph, FDM_FOLD_EXACT) : convert(graph, &recipe, images);
        struct fdm_graph *read;
        struct fdm_buf file;
        struct fdm_buf again;
        fdm_buf_init(&file);
        fdm_buf_init(&again);
        assert_ok(fdm_tflite_write(made, "a test", &file, &err), err);
        assert_ok(fdm_tflite_write(made, "a test", &again, &err), err);
        assert_int_equal(file.len, again.len);
        assert_memory_equal(file.data, again.data, file.len);
        assert_ok(fdm_import_tflite((const uint8_t *)file.data, file.len, "file", &read, &err),
                  err);
        assert_int_equal(read->format, made->format);
        assert_int_equal(read->tensor_count, made->tensor_count);
        assert_int_equal(read->op_count, made->op_count);
        assert_int_equal(read->input, made->input);
        assert_int_equal(read->output, made->output);
        for (uint32_t t = 0; t < made->tensor_count; t++)
            same_tensor(&made->tensors[t], &read->tensors[t]);
        for (uint32_t o = 0; o < made->op_count; o++)
            same_op(&made->ops[o], &read->ops[o]);
        assert_true(distance(made, read, images) == 0.0);
        fdm_buf_release(&file);
        fdm_buf_release(&again);
        fdm_graph_free(read);
        fdm_graph_free(made);
    }
    fdm_graph_free(graph);
    free(images);
}

/* What neither importer nor format knows is an error, and constants lie where runtimes want them.
 */
static void no_axes(struct fdm_graph *graph)
{
    graph->ops[3].input_count = 1;
}
static void odd_padding(struct fdm_graph *graph)
{
    graph->ops[0].pad_top++;
}
static void relu_operator(struct fdm_graph *graph)
{
    graph->ops[6].kind = FDM_OP_RELU;
}

static void writing_refuses(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        void (*spoil)(struct fdm_graph *graph);
        const char *says;
    } rows[] = {
        {"MEAN without axes", no_axes, "axes"},
        {"padding of its own", odd_padding, "neither SAME nor VALID"},
        {"RELU by itself", relu_operator, "cannot be written"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph = test_float_graph(1);
        struct fdm_graph *folded = fold(graph, FDM_FOLD_EXACT);
        struct fdm_buf file;
        fdm_buf_init(&file);
        rows[i].spoil(folded);
        if (fdm_tflite_write(folded, NULL, &file, &err) != FDM_ERR_UNSUPPORTED ||
            strstr(err.message, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].remark, err.message);
        fdm_buf_release(&file);
        fdm_graph_free(folded);
        fdm_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folding_keeps_what_is_computed),
        cmocka_unit_test(folding_in_numbers),
        cmocka_unit_test(folding_refuses),
        cmocka_unit_test(equalized_weights_are_alike),
        cmocka_unit_test(equalized_activations_fill_their_range),
        cmocka_unit_test(equalization_survives_dead_channels),
        cmocka_unit_test(absorbed_offsets_lie_in_the_middle),
        cmocka_unit_test(nothing_is_measured_without_images),
        cmocka_unit_test(every_recipe_stays_near),
        cmocka_unit_test(equalization_helps_per_tensor),
        cmocka_unit_test(corrected_biases_restore_the_mean),
        cmocka_unit_test(weights_rounded_together_make_up_for_each_other),
        cmocka_unit_test(written_file_holds_the_graph),
        cmocka_unit_test(writing_refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
