/* What quantization did: the numbers, on a small network, and how they are shown. */
#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/explain.h"
#include "reference/quantizer/dequantize.h"
#include "reference/quantizer/quantize.h"
#include "reference/quantizer/recipe.h"
#include "reports/explain.h"
#include "tests/support/float_graph.h"
#include "tests/unit/golden.h"

enum { IMAGES = 24 };

static struct fdm_graph *quantize(const struct fdm_graph *graph, struct fdm_recipe recipe,
                                  const struct test_float_images *images)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_prepared prepared;
    struct fdm_graph *int8;
    assert_ok(fdm_recipe_prepare(&recipe, graph, &images->samples, &prepared, &err), err);
    assert_ok(fdm_recipe_finish(&recipe, &prepared, &images->samples,
                                fdm_semantics_find(FDM_SEMANTICS_DEFAULT), &int8, &err),
              err);
    fdm_prepared_release(&prepared);
    return int8;
}

static void explain(const struct fdm_graph *graph, const struct fdm_graph *int8,
                    const struct test_float_images *images, struct fdm_explanation *out)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_semantics *semantics = fdm_semantics_find(FDM_SEMANTICS_DEFAULT);
    assert_ok(fdm_explain(graph, int8, &images->samples, semantics, 2, out, &err), err);
}

/* ---- numbers -------------------------------------------------------------------------------- */

static void weights_become_real_again(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_float_images *images = test_float_images(IMAGES);
    struct fdm_graph *graph = test_float_graph(2);
    for (int per_tensor = 0; per_tensor < 2; per_tensor++) {
        struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
        recipe.per_tensor = per_tensor != 0;
        struct fdm_graph *int8 = quantize(graph, recipe, images);
        struct fdm_graph *folded;
        struct fdm_graph *loose;
        assert_ok(fdm_fold(graph, recipe.rsqrt, &folded, &err), err);
        assert_ok(fdm_dequantize(int8, &loose, &err), err);
        assert_int_equal(loose->op_count, folded->op_count);
        for (uint32_t i = 0; i < 3; i++) { /* the convolutions in front */
            for (uint32_t operand = 1; operand < 3; operand++) {
                const float *want = folded->tensors[folded->ops[i].inputs[operand]].data;
                const float *got = loose->tensors[loose->ops[i].inputs[operand]].data;
                const struct fdm_tensor *codes = &int8->tensors[int8->ops[i + 1].inputs[operand]];
                float step = 0.0f;
                for (uint32_t k = 0; k < codes->quant.count; k++)
                    step = fmaxf(step, codes->quant.scales[k]);
                for (size_t k = 0; k < fdm_tensor_elements(codes); k++)
                    assert_true(fabsf(want[k] - got[k]) <= 0.501f * step);
            }
        }
        assert_int_equal(fdm_dequantize(loose, &(struct fdm_graph *){NULL}, NULL),
                         FDM_ERR_UNSUPPORTED);
        fdm_graph_free(folded);
        fdm_graph_free(loose);
        fdm_graph_free(int8);
    }
    fdm_graph_free(graph);
    free(images);
}

static void layers_are_measured(void **state)
{
    (void)state;
    static const char *const names[] = {"conv1", "conv_dw", "conv_pw", "average", "preds"};
    struct test_float_images *images = test_float_images(IMAGES);
    struct fdm_graph *graph = test_float_graph(3);
    struct fdm_explanation e;
    struct fdm_graph *int8 = quantize(graph, (struct fdm_recipe)FDM_RECIPE_CONVERTER, images);
    explain(graph, int8, images, &e);
    assert_int_equal(e.images, IMAGES);
    assert_int_equal(e.layer_count, 5);
    assert_true(e.agree <= IMAGES && e.agree + 3 >= IMAGES);
    assert_true(e.weights_divergence < e.divergence);
    for (uint32_t i = 0; i < 5; i++) {
        const struct fdm_explained_layer *layer = &e.layers[i];
        assert_string_equal(layer->name, names[i]);
        assert_true(layer->sqnr_db > 20.0 && layer->sqnr_db < 70.0);
        assert_true(layer->own_sqnr_db > 30.0 && layer->own_sqnr_db < 70.0);
        /* Calibrated on these very images by what was seen: all but nothing lies outside. */
        assert_true(layer->clipped < 0.02);
        assert_true(layer->low <= layer->min + 0.05 * fabs(layer->min) + 0.02);
        assert_true(layer->high >= 0.95 * layer->max - 0.02);
        assert_true(layer->divergence >= 0.0 && layer->divergence < e.divergence * 5);
    }
    fdm_explanation_release(&e);
    fdm_graph_free(int8);
    fdm_graph_free(graph);
    free(images);
}

/* Equalization changes what a layer's numbers mean; the comparison must not call that an error. */
static void equalized_layers_are_no_worse(void **state)
{
    (void)state;
    struct test_float_images *images = test_float_images(IMAGES);
    struct fdm_graph *graph = test_float_graph(3);
    struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
    recipe.absorb = true;
    recipe.equalize = FDM_EQUALIZE_ALL;
    struct fdm_graph *int8 = quantize(graph, recipe, images);
    struct fdm_explanation e;
    explain(graph, int8, images, &e);
    for (uint32_t i = 0; i < e.layer_count; i++)
        assert_true(e.layers[i].sqnr_db > 20.0);
    fdm_explanation_release(&e);
    fdm_graph_free(int8);
    fdm_graph_free(graph);
    free(images);
}

/* A range made far too short in one layer: that layer is found, and none before it. */
static void the_culprit_is_found(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_float_images *images = test_float_images(IMAGES);
    struct fdm_graph *graph = test_float_graph(3);
    struct fdm_graph *folded;
    struct fdm_calibration calibration;
    struct fdm_graph *int8;
    struct fdm_explanation e;
    assert_ok(fdm_fold(graph, FDM_FOLD_EXACT, &folded, &err), err);
    assert_ok(fdm_calibrate(folded, &images->samples, &calibration, &err), err);
    struct fdm_affine *affines = calloc(folded->tensor_count, sizeof *affines);
    assert_non_null(affines);
    fdm_calibration_affines(&calibration, folded, images->real, FDM_RANGE_MINMAX, 1.0, affines);
    affines[folded->ops[1].output].scale *= 0.2f; /* conv_dw */
    assert_ok(fdm_quantize(folded, affines, (struct fdm_weight_rule){0}, &int8, &err), err);
    explain(graph, int8, images, &e);
    assert_true(e.layers[1].clipped > 0.1);
    assert_true(e.layers[1].own_sqnr_db < 15.0);
    assert_true(e.layers[0].sqnr_db > e.layers[1].sqnr_db + 10.0);
    for (uint32_t i = 0; i < 5; i++)
        if (i != 1)
            assert_true(e.layers[1].divergence > 5.0 * e.layers[i].divergence);
    fdm_explanation_release(&e);
    free(affines);
    fdm_calibration_release(&calibration);
    fdm_graph_free(int8);
    fdm_graph_free(folded);
    fdm_graph_free(graph);
    free(images);
}

static void other_models_are_refused(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_semantics *semantics = fdm_semantics_find(FDM_SEMANTICS_DEFAULT);
    struct test_float_images *images = test_float_images(IMAGES);
    struct fdm_graph *graph = test_float_graph(3);
    struct fdm_graph *int8 = quantize(graph, (struct fdm_recipe)FDM_RECIPE_CONVERTER, images);
    struct fdm_explanation e;
    struct fdm_graph *other;
    assert_ok(fdm_fold(graph, FDM_FOLD_EXACT, &other, &err), err);
    other->ops[2].kind = FDM_OP_RESHAPE; /* 6 channels go on, so shapes differ from here */
    other->ops[2].input_count = 1;
    other->tensors[other->ops[2].output].dims[3] = 6;
    assert_true(fdm_explain(other, int8, &images->samples, semantics, 1, &e, &err) != FDM_OK);
    fdm_explanation_release(&e);
    images->samples.count = 1;
    assert_int_equal(fdm_explain(graph, int8, &images->samples, semantics, 1, &e, NULL),
                     FDM_ERR_USAGE);
    fdm_explanation_release(&e);
    fdm_graph_free(other);
    fdm_graph_free(int8);
    fdm_graph_free(graph);
    free(images);
}

/* ---- how it looks --------------------------------------------------------------------------- */

static void reports_look_as_before(void **state)
{
    (void)state;
    struct fdm_explained_layer layers[] = {
        {"conv1", "CONV_2D", 42.54, 42.91, 0.0, 7.731, 0.0, 8.349, 0.0, 0.000012, 0},
        {"conv_dw_1", "DEPTHWISE_CONV_2D", 30.41, 30.52, -8.56, 13.2, -6.25, 9.5, 0.0123, 0.00125,
         3},
        {"conv_pw_1|x", "CONV_2D", 30.0, HUGE_VAL, 0.0, 0.0, 0.0, 255.0, 0.0, 0.0, 0},
        {"average", "MEAN", -3.25, 8.0, 0.0, 1.2e-5, 0.0, 1.0e-5, 1.0, 0.00125, 12},
    };
    const struct fdm_explanation e = {
        .images = 50,
        .agree = 47,
        .logits_sqnr_db = 27.83,
        .divergence = 0.00079,
        .weights_agree = 50,
        .weights_logits_sqnr_db = HUGE_VAL,
        .weights_divergence = 0.0,
        .layers = layers,
        .layer_count = sizeof layers / sizeof layers[0],
    };
    static const struct {
        enum fdm_report_format format;
        const char *file;
    } rows[] = {{FDM_REPORT_TERMINAL, "explain.txt"}, {FDM_REPORT_JSON, "explain.json"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_report report;
        struct fdm_buf text;
        fdm_buf_init(&text);
        fdm_report_init(&report, "explain", "model_int8.tflite");
        fdm_explain_report(&e, &report);
        assert_ok(fdm_report_render(&report, rows[i].format, &text, &err), err);
        assert_golden(&text, rows[i].file);
        fdm_report_release(&report);
        fdm_buf_release(&text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_become_real_again),     cmocka_unit_test(layers_are_measured),
        cmocka_unit_test(equalized_layers_are_no_worse), cmocka_unit_test(the_culprit_is_found),
        cmocka_unit_test(other_models_are_refused),      cmocka_unit_test(reports_look_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
