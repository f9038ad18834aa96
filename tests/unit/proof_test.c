/* Tuned kernels are proven before their figures count, and a wrong one is named. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/bench/engine.h"
#include "harness/bench/proof.h"
#include "reference/compiler/compile.h"
#include "tests/support/network.h"

static enum fdm_nn_status wrong_softmax(const struct fdm_nn_call *call)
{
    enum fdm_nn_status status = fdm_nn_softmax_s8_run(call);
    *(uint8_t *)call->out.base ^= 1;
    return status;
}

static uint8_t *make_input(const struct fdm_network *network)
{
    uint8_t *input = malloc(network->tensors[network->input].bytes);
    assert_non_null(input);
    test_fill_input(network, 3, input);
    return input;
}

static void equal_networks_are_proven(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_network *a = test_small_network("tflite");
    struct fdm_network *b = test_small_network("tflite");
    uint8_t *input = make_input(a);
    assert_ok(fdm_prove_image(a, b, input, true, &err), err);
    assert_ok(fdm_prove_image(a, b, input, false, &err), err);
    free(input);
    fdm_network_free(a);
    fdm_network_free(b);
}

static void a_wrong_kernel_is_named(void **state)
{
    (void)state;
    struct fdm_network *a = test_small_network("tflite");
    struct fdm_network *b = test_small_network("tflite");
    struct fdm_network_layer *layers = calloc(b->layer_count, sizeof *layers);
    assert_non_null(layers);
    memcpy(layers, b->layers, b->layer_count * sizeof *layers);
    for (uint32_t i = 0; i < b->layer_count; i++)
        if (layers[i].op == FDM_NN_OP_SOFTMAX_S8)
            layers[i].run = wrong_softmax;
    struct fdm_network wrong = *b;
    wrong.layers = layers;
    uint8_t *input = make_input(a);
    struct fdm_error by_layer = FDM_ERROR_INIT;
    struct fdm_error by_output = FDM_ERROR_INIT;
    assert_int_equal(fdm_prove_image(a, &wrong, input, true, &by_layer), FDM_ERR_MISMATCH);
    assert_non_null(strstr(by_layer.message, "softmax_s8 computes other bits"));
    assert_int_equal(fdm_prove_image(a, &wrong, input, false, &by_output), FDM_ERR_MISMATCH);
    free(input);
    free(layers);
    fdm_network_free(a);
    fdm_network_free(b);
}

static void engines_are_chosen_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *words[2];
        size_t count;
        bool kernels; /* tuned ones, for the processor */
        bool reference, tuned;
        const char *remark;
    } rows[] = {
        {{NULL}, 0, true, false, true, "tuned by default"},
        {{NULL}, 0, false, true, false, "where there are kernels"},
        {{"all"}, 1, true, true, true, "all"},
        {{"reference"}, 1, true, true, false, "one"},
        {{"tuned", "reference"}, 2, false, true, true, "both, whatever there is"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned isas = rows[i].kernels ? FDM_NN_ISA_AVX2 : 0;
        const char *const *words = rows[i].words;
        print_message("%s\n", rows[i].remark);
        assert_int_equal(fdm_engine_wanted(words, rows[i].count, isas, "reference"),
                         rows[i].reference);
        assert_int_equal(fdm_engine_wanted(words, rows[i].count, isas, "tuned"), rows[i].tuned);
    }
    struct fdm_error err = FDM_ERROR_INIT;
    const char *const misspelt[] = {"tuned", "tunde"};
    assert_ok(fdm_engine_check(misspelt, 1, &err), err);
    assert_int_equal(fdm_engine_check(misspelt, 2, &err), FDM_ERR_USAGE);
    assert_non_null(strstr(err.message, "tunde"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_networks_are_proven),
        cmocka_unit_test(a_wrong_kernel_is_named),
        cmocka_unit_test(engines_are_chosen_by_name),
    };
    return cmocka_run_group_tests_name("proof", tests, NULL, NULL);
}
