/* ST's 12 pairs of a float model and the int8 one that TensorFlow Lite's converter made of it:
 * weights, scales and biases are computed again from the .h5 and compared with those in the
 * .tflite. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "reference/importers/importers.h"
#include "reference/quantizer/fold.h"
#include "reference/quantizer/weights.h"

static const char *const datasets[] = {"flowers", "plant-village", "food-101"};
static const char *const models[] = {"fdmobilenet_0.25_128_tfs", "fdmobilenet_0.25_224_tfs",
                                     "st_fdmobilenet_v1_128_tfs", "st_fdmobilenet_v1_224_tfs"};
#define PAIRS 12

struct counts {
    uint32_t weights, weights_differ, largest_difference;
    uint32_t scales, scales_differ;
    uint32_t biases, biases_differ;
};

static struct fdm_graph *import(size_t pair, const char *ending)
{
    char relative[256];
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    const char *dataset = datasets[pair / 4];
    const char *model = models[pair % 4];
    snprintf(relative, sizeof relative, "models/%s/%s/%s%s", dataset, model, model, ending);
    char *path = test_data_path(relative);
    assert_ok(fdm_import_file(path, &graph, &err), err);
    free(path);
    return graph;
}

static const struct fdm_op *next_convolution(const struct fdm_graph *graph, uint32_t *from)
{
    while (*from < graph->op_count) {
        const struct fdm_op *op = &graph->ops[(*from)++];
        if (op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV)
            return op;
    }
    return NULL;
}

static uint32_t distance(int32_t a, int32_t b)
{
    return (uint32_t)(a < b ? b - a : a - b);
}

/* One convolution: ours from the folded graph and the published input scale, against the published
 * one. */
static void compare_layer(const struct fdm_graph *folded, const struct fdm_op *ours,
                          const struct fdm_graph *published, const struct fdm_op *theirs,
                          struct counts *counts)
{
    const struct fdm_tensor *kernel = &folded->tensors[ours->inputs[1]];
    const struct fdm_tensor *codes = &published->tensors[theirs->inputs[1]];
    const struct fdm_tensor *bias = &published->tensors[theirs->inputs[2]];
    const float *real_bias = folded->tensors[ours->inputs[2]].data;
    float input_scale = published->tensors[theirs->inputs[0]].quant.scales[0];
    uint32_t channels = bias->dims[0];
    size_t elements = fdm_tensor_elements(kernel);
    const struct fdm_weights weights = {kernel->data, channels, elements / channels,
                                        ours->kind == FDM_OP_DEPTHWISE_CONV};
    assert_int_equal(ours->kind, theirs->kind);
    assert_int_equal(elements, codes->data_bytes);
    assert_int_equal(codes->quant.count, channels);
    float *scales = calloc(channels, sizeof *scales);
    int8_t *ours_codes = malloc(elements);
    assert_non_null(scales);
    assert_non_null(ours_codes);
    fdm_weights_quantize(&weights, (struct fdm_weight_rule){0}, real_bias, input_scale, scales,
                         ours_codes);
    for (size_t i = 0; i < elements; i++) {
        uint32_t apart = distance(ours_codes[i], ((const int8_t *)codes->data)[i]);
        counts->weights_differ += apart != 0;
        if (apart > counts->largest_difference)
            counts->largest_difference = apart;
    }
    for (uint32_t c = 0; c < channels; c++) {
        float bias_scale = fdm_bias_scale(input_scale, scales[c]);
        int32_t code = fdm_bias_quantize(real_bias[c], bias_scale);
        uint32_t apart = distance(code, ((const int32_t *)bias->data)[c]);
        counts->scales_differ +=
            scales[c] != codes->quant.scales[c] || bias_scale != bias->quant.scales[c];
        counts->biases_differ += apart != 0;
        if (apart > counts->largest_difference)
            counts->largest_difference = apart;
    }
    counts->weights += (uint32_t)elements;
    counts->scales += channels;
    counts->biases += channels;
    free(scales);
    free(ours_codes);
}

static struct counts compare_pair(size_t pair, enum fdm_fold_rsqrt rsqrt)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *trained = import(pair, ".h5");
    struct fdm_graph *published = import(pair, "_int8.tflite");
    struct fdm_graph *folded;
    struct counts counts = {0};
    assert_ok(fdm_fold(trained, rsqrt, &folded, &err), err);
    uint32_t ours_at = 0;
    uint32_t theirs_at = 0;
    const struct fdm_op *ours;
    while ((ours = next_convolution(folded, &ours_at)) != NULL) {
        const struct fdm_op *theirs = next_convolution(published, &theirs_at);
        assert_non_null(theirs);
        compare_layer(folded, ours, published, theirs, &counts);
    }
    assert_null(next_convolution(published, &theirs_at));
    fdm_graph_free(folded);
    fdm_graph_free(published);
    fdm_graph_free(trained);
    return counts;
}

static void print(size_t pair, const struct counts *c)
{
    print_message("%s/%s: weights %u of %u differ, scales %u of %u, biases %u of %u\n",
                  datasets[pair / 4], models[pair % 4], c->weights_differ, c->weights,
                  c->scales_differ, c->scales, c->biases_differ, c->biases);
}

/* With the converter's approximate square root: everything, to the bit. */
static void the_converters_square_root_gives_all(void **state)
{
    (void)state;
    uint32_t weights = 0;
    for (size_t pair = 0; pair < PAIRS; pair++) {
        struct counts counts = compare_pair(pair, FDM_FOLD_CONVERTER);
        print(pair, &counts);
        assert_int_equal(counts.weights_differ, 0);
        assert_int_equal(counts.scales_differ, 0);
        assert_int_equal(counts.biases_differ, 0);
        weights += counts.weights;
    }
    assert_int_equal(weights, 1709920); /* of all 12 files, as other readers count them */
}

/* With the exact one: nearly everything, and a third of the scales differ in their last bits. */
static void the_exact_square_root_gives_nearly_all(void **state)
{
    (void)state;
    for (size_t pair = 0; pair < PAIRS; pair++) {
        struct counts counts = compare_pair(pair, FDM_FOLD_EXACT);
        print(pair, &counts);
        assert_true(counts.weights_differ <= 3);
        assert_true(counts.biases_differ <= 2);
        assert_true(counts.largest_difference <= 1);
        assert_true(counts.scales_differ > 0 && counts.scales_differ < counts.scales / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_converters_square_root_gives_all),
        cmocka_unit_test(the_exact_square_root_gives_nearly_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
