/* Which kernels are timed on which layers, and that none has a time before its bits are proven. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/bench/kernel_bench.h"
#include "reference/compiler/compile.h"
#include "tests/support/network.h"

#define KERNELS_MAX 64

static bool is_among(const struct fdm_nn_kernel *kernel, const struct fdm_nn_kernel **found,
                     size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (found[i] == kernel)
            return true;
    return false;
}

static void every_kernel_is_found_for_the_layers_that_it_suits(void **state)
{
    (void)state;
    struct fdm_network *network = test_small_network("tflite");
    const struct fdm_nn_kernel *found[KERNELS_MAX];
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        size_t count = fdm_kernel_bench_find(network, i, found, KERNELS_MAX);
        assert_true(count < KERNELS_MAX);
        for (const struct fdm_nn_kernel *k = fdm_nn_tuned_kernels; k->name != NULL; k++) {
            bool wanted = k->op == layer->op && k->run != NULL &&
                          (fdm_nn_host_isas() & (unsigned)k->isa) != 0 && k->suits(&layer->params);
            if (wanted != is_among(k, found, count))
                fail_msg("layer %u, %s: %s", i, k->name, wanted ? "left out" : "not wanted");
        }
    }
    fdm_network_free(network);
}

/* The layers of a network, and all of them again. */
static void a_shape_is_timed_once(void **state)
{
    (void)state;
    struct fdm_network *network = test_small_network("tflite");
    struct fdm_network twice = *network;
    struct fdm_network_layer *layers = calloc(2 * (size_t)network->layer_count, sizeof *layers);
    assert_non_null(layers);
    memcpy(layers, network->layers, network->layer_count * sizeof *layers);
    memcpy(layers + network->layer_count, network->layers, network->layer_count * sizeof *layers);
    twice.layers = layers;
    twice.layer_count *= 2;
    size_t first = 0;
    size_t again = 0;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        first += fdm_kernel_bench_find(&twice, i, NULL, 0);
        again += fdm_kernel_bench_find(&twice, network->layer_count + i, NULL, 0);
    }
    if (fdm_nn_host_isas() != 0)
        assert_true(first > 0);
    assert_int_equal(again, 0);
    uint32_t conv = network->layer_count;
    while (conv < twice.layer_count && layers[conv].op != FDM_NN_OP_CONV_S8)
        conv++;
    assert_true(conv < twice.layer_count);
    layers[conv].params.conv_s8.shape.pad_top++;
    for (uint32_t i = 0; i < network->layer_count; i++)
        again += fdm_kernel_bench_find(&twice, network->layer_count + i, NULL, 0);
    if (fdm_nn_host_isas() != 0)
        assert_true(again > 0);
    free(layers);
    fdm_network_free(network);
}

static enum fdm_nn_status wrong_softmax(const struct fdm_nn_call *call)
{
    enum fdm_nn_status status = fdm_nn_softmax_s8_run(call);
    *(uint8_t *)call->out.base ^= 1;
    return status;
}

static uint32_t find_softmax(const struct fdm_network *network)
{
    uint32_t layer = 0;
    while (network->layers[layer].op != FDM_NN_OP_SOFTMAX_S8)
        layer++;
    return layer;
}

static void only_the_right_bits_have_a_time(void **state)
{
    (void)state;
    struct fdm_network *network = test_small_network("tflite");
    struct fdm_nn_kernel kernel = fdm_nn_reference_kernels[FDM_NN_OP_SOFTMAX_S8];
    struct fdm_kernel_time time = {0};
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t layer = find_softmax(network);
    assert_ok(fdm_kernel_bench_run(network, layer, &kernel, 3, &time, &err), err);
    assert_ptr_equal(time.kernel, &kernel);
    assert_int_equal(time.layer, layer);
    assert_int_equal(time.tuned.us.count, 3);
    assert_int_equal(time.reference.us.count, 3);
    assert_true(time.tuned.us.min > 0 && time.reference.us.min > 0);
    kernel.run = wrong_softmax;
    kernel.name = "wrong";
    assert_int_equal(fdm_kernel_bench_run(network, layer, &kernel, 3, &time, &err),
                     FDM_ERR_MISMATCH);
    assert_non_null(strstr(err.message, "wrong"));
    fdm_network_free(network);
}

static void every_kernel_of_this_processor_is_timed(void **state)
{
    (void)state;
    struct fdm_network *network = test_small_network("xnnpack");
    const struct fdm_nn_kernel *found[KERNELS_MAX];
    struct fdm_error err = FDM_ERROR_INIT;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        size_t count = fdm_kernel_bench_find(network, i, found, KERNELS_MAX);
        for (size_t k = 0; k < count; k++) {
            struct fdm_kernel_time time;
            assert_ok(fdm_kernel_bench_run(network, i, found[k], 1, &time, &err), err);
        }
    }
    fdm_network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_is_found_for_the_layers_that_it_suits),
        cmocka_unit_test(a_shape_is_timed_once),
        cmocka_unit_test(only_the_right_bits_have_a_time),
        cmocka_unit_test(every_kernel_of_this_processor_is_timed),
    };
    return cmocka_run_group_tests_name("kernel_bench", tests, NULL, NULL);
}
