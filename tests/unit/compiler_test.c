#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/compiler/compile.h"
#include "reference/compiler/plan.h"
#include "reference/compiler/scale.h"

/* ---- scales --------------------------------------------------------------------------------- */

static void multipliers_of_scales(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        double scale;
        int32_t multiplier, shift;
    } cases[] = {
        {"1", 1.0, 1 << 30, 1},
        {"a half", 0.5, 1 << 30, 0},
        {"just below 1 rounds up to the next power", 1.0 - 0x1p-40, 1 << 30, 1},
        {"a third: 2863311530.67 / 2", 1.0 / 3.0, 1431655765, -1},
        {"5 sixths", 5.0 / 6.0, 1789569707, 0},
        {"100", 100.0, 1677721600, 7},
        {"smallest that is not 0", 0x1p-32, 1 << 30, -31},
        {"below that", 0x1p-33, 0, 0},
        {"0", 0.0, 0, 0},
        {"largest", 0x1.fffffffp29, INT32_MAX - 3, 30},
        {"beyond", 0x1p30, INT32_MAX, 30},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_multiplier m = fdm_multiplier_from_scale(cases[i].scale);
        if (m.multiplier != cases[i].multiplier || m.shift != cases[i].shift)
            fail_msg("%s: %d, shift %d", cases[i].remark, m.multiplier, m.shift);
    }
}

static void multipliers_of_means(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        double scale;
        int32_t count, multiplier, shift;
    } cases[] = {
        {"one value", 0.5, 1, 1 << 30, 0},
        {"16 values: exact", 1.0, 16, 1 << 30, -3},
        {"49 values: 2^30 * 32 / 49, cut off", 1.0, 49, 701219150, -4},
        {"3 values", 0.75, 3, 1073741824, -1},
        {"the shift ends at -31", 0x1p-31, 64, 33554432, -31},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_multiplier m = fdm_multiplier_for_mean(cases[i].scale, cases[i].count);
        if (m.multiplier != cases[i].multiplier || m.shift != cases[i].shift)
            fail_msg("%s: %d, shift %d", cases[i].remark, m.multiplier, m.shift);
    }
}

/* ---- graphs to compile ---------------------------------------------------------------------- */

static uint32_t add_tensor(struct fdm_graph *graph, enum fdm_type type, uint32_t rank,
                           const uint32_t *dims)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t index;
    assert_ok(fdm_graph_add_tensor(graph, "t", &index, &err), err);
    struct fdm_tensor *tensor = &graph->tensors[index];
    tensor->type = type;
    tensor->rank = rank;
    for (uint32_t i = 0; i < rank; i++)
        tensor->dims[i] = dims[i];
    tensor->file_index = index + 50;
    return index;
}

static uint32_t add_image(struct fdm_graph *graph, enum fdm_type type, uint32_t h, uint32_t w,
                          uint32_t c)
{
    return add_tensor(graph, type, 4, (const uint32_t[]){1, h, w, c});
}

static uint32_t add_vector(struct fdm_graph *graph, enum fdm_type type, uint32_t c)
{
    return add_tensor(graph, type, 2, (const uint32_t[]){1, c});
}

static void set_scale(struct fdm_graph *graph, uint32_t tensor, float scale, int32_t zero_point)
{
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_graph_set_quant(graph, tensor, &scale, &zero_point, 1, 0, &err), err);
}

static uint32_t add_constant(struct fdm_graph *graph, enum fdm_type type, uint32_t rank,
                             const uint32_t *dims, const void *data)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t index = add_tensor(graph, type, rank, dims);
    size_t bytes = fdm_tensor_elements(&graph->tensors[index]) * fdm_type_bytes(type);
    assert_ok(fdm_graph_set_data(graph, index, data, bytes, &err), err);
    return index;
}

static uint32_t add_channel_values(struct fdm_graph *graph, enum fdm_type type, uint32_t count,
                                   const void *data)
{
    return add_constant(graph, type, 1, &count, data);
}

static struct fdm_op *add_op(struct fdm_graph *graph, const char *name, enum fdm_op_kind kind,
                             uint32_t output, uint32_t input_count, const uint32_t *inputs)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t index;
    assert_ok(fdm_graph_add_op(graph, name, kind, &index, &err), err);
    struct fdm_op *op = &graph->ops[index];
    op->output = output;
    op->input_count = input_count;
    memcpy(op->inputs, inputs, input_count * sizeof inputs[0]);
    op->stride_h = 1;
    op->stride_w = 1;
    return op;
}

static struct fdm_graph *new_graph(enum fdm_format format)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *graph;
    assert_ok(fdm_graph_new("g", &graph, &err), err);
    graph->format = format;
    return graph;
}

/* Every operator of ST's int8 graphs: QUANTIZE, a convolution, a depthwise one that changes
 * nothing, MEAN, RESHAPE to a computed shape, a convolution on one pixel, RESHAPE, SOFTMAX,
 * DEQUANTIZE. */
static struct fdm_graph *int8_graph(void)
{
    struct fdm_graph *g = new_graph(FDM_FORMAT_INT8);
    uint32_t image = add_image(g, FDM_TYPE_U8, 4, 4, 3);
    uint32_t quantized = add_image(g, FDM_TYPE_S8, 4, 4, 3);
    uint32_t features = add_image(g, FDM_TYPE_S8, 4, 4, 2);
    uint32_t same = add_image(g, FDM_TYPE_S8, 4, 4, 2);
    uint32_t mean = add_vector(g, FDM_TYPE_S8, 2);
    uint32_t shape = add_tensor(g, FDM_TYPE_S32, 1, (const uint32_t[]){2});
    uint32_t batch = add_tensor(g, FDM_TYPE_S32, 0, NULL);
    uint32_t packed = add_tensor(g, FDM_TYPE_S32, 1, (const uint32_t[]){4});
    uint32_t pixel = add_image(g, FDM_TYPE_S8, 1, 1, 2);
    uint32_t scores = add_image(g, FDM_TYPE_S8, 1, 1, 3);
    uint32_t logits = add_vector(g, FDM_TYPE_S8, 3);
    uint32_t softmax = add_vector(g, FDM_TYPE_S8, 3);
    uint32_t output = add_vector(g, FDM_TYPE_F32, 3);
    set_scale(g, image, 1.0f, 0);
    set_scale(g, quantized, 1.0f, -128);
    set_scale(g, features, 2.0f, -100);
    set_scale(g, same, 2.0f, -100);
    set_scale(g, mean, 2.0f, -100);
    set_scale(g, pixel, 2.0f, -100);
    set_scale(g, scores, 4.0f, 10);
    set_scale(g, logits, 4.0f, 10);
    set_scale(g, softmax, 1.0f / 256.0f, -128);
    static const int8_t kernel[6] = {1, 1, 1, 1, 0, -1};
    static const int8_t centre[18] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
    static const int8_t preds_kernel[6] = {1, 0, 0, 1, 1, 1};
    static const int32_t zeros[4] = {0, 0, 0, 0};
    static const int32_t ones[1] = {1};
    static const int32_t one_two[2] = {1, 2};
    const uint32_t one = 1;
    const uint32_t two = 2;
    uint32_t weights = add_constant(g, FDM_TYPE_S8, 4, (const uint32_t[]){2, 1, 1, 3}, kernel);
    uint32_t depthwise = add_constant(g, FDM_TYPE_S8, 4, (const uint32_t[]){1, 3, 3, 2}, centre);
    uint32_t preds = add_constant(g, FDM_TYPE_S8, 4, (const uint32_t[]){3, 1, 1, 2}, preds_kernel);
    set_scale(g, weights, 1.0f, 0);
    set_scale(g, depthwise, 1.0f, 0);
    set_scale(g, preds, 1.0f, 0);
    uint32_t bias = add_channel_values(g, FDM_TYPE_S32, 2, zeros);
    uint32_t begin = add_constant(g, FDM_TYPE_S32, 1, &one, zeros);
    uint32_t end = add_constant(g, FDM_TYPE_S32, 1, &one, ones);
    uint32_t axes = add_constant(g, FDM_TYPE_S32, 1, &two, one_two);
    uint32_t unit = add_constant(g, FDM_TYPE_S32, 0, NULL, ones);
    uint32_t width = add_constant(g, FDM_TYPE_S32, 0, NULL, (const int32_t[]){2});
    add_op(g, "q", FDM_OP_QUANTIZE, quantized, 1, (const uint32_t[]){image});
    add_op(g, "conv", FDM_OP_CONV_2D, features, 3, (const uint32_t[]){quantized, weights, bias})
        ->activation = FDM_ACTIVATION_RELU;
    struct fdm_op *dw =
        add_op(g, "dw", FDM_OP_DEPTHWISE_CONV, same, 2, (const uint32_t[]){features, depthwise});
    dw->pad_top = dw->pad_left = dw->pad_bottom = dw->pad_right = 1;
    add_op(g, "mean", FDM_OP_MEAN, mean, 2, (const uint32_t[]){same, axes});
    add_op(g, "shape", FDM_OP_SHAPE, shape, 1, (const uint32_t[]){mean});
    add_op(g, "slice", FDM_OP_STRIDED_SLICE, batch, 4, (const uint32_t[]){shape, begin, end, end});
    add_op(g, "pack", FDM_OP_PACK, packed, 4, (const uint32_t[]){batch, unit, unit, width});
    add_op(g, "reshape", FDM_OP_RESHAPE, pixel, 2, (const uint32_t[]){mean, packed});
    add_op(g, "preds", FDM_OP_CONV_2D, scores, 3, (const uint32_t[]){pixel, preds, FDM_GRAPH_NONE});
    add_op(g, "flat", FDM_OP_RESHAPE, logits, 1, (const uint32_t[]){scores});
    add_op(g, "softmax", FDM_OP_SOFTMAX, softmax, 1, (const uint32_t[]){logits});
    add_op(g, "deq", FDM_OP_DEQUANTIZE, output, 1, (const uint32_t[]){softmax});
    g->input = image;
    g->output = output;
    return g;
}

static struct fdm_network *compile(struct fdm_graph *graph, const char *semantics)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_network *network;
    assert_ok(fdm_graph_check(graph, &err), err);
    assert_ok(fdm_compile(graph, fdm_semantics_find(semantics), NULL, &network, &err), err);
    assert_ok(fdm_plan_check(network, &err), err);
    return network;
}

static const struct fdm_tensor *tensor_of(const struct fdm_graph *graph, uint32_t op)
{
    return &graph->tensors[graph->ops[op].output];
}

static void shape_work_vanishes_and_the_rest_runs(void **state)
{
    (void)state;
    struct fdm_graph *graph = int8_graph();
    uint32_t mean_tensor = tensor_of(graph, 3)->file_index;
    struct fdm_network *network = compile(graph, "tflite");
    fdm_graph_free(graph); /* the network must not need it */
    static const struct {
        const char *name;
        enum fdm_nn_op op;
        uint64_t macs;
    } expected[] = {
        {"q", FDM_NN_OP_QUANTIZE_U8_S8, 0},      {"conv", FDM_NN_OP_CONV_S8, 96},
        {"dw", FDM_NN_OP_DWCONV_S8, 288},        {"mean", FDM_NN_OP_MEAN_S8, 0},
        {"preds", FDM_NN_OP_CONV_S8, 6},         {"softmax", FDM_NN_OP_SOFTMAX_S8, 0},
        {"deq", FDM_NN_OP_DEQUANTIZE_S8_F32, 0},
    };
    assert_int_equal(network->layer_count, sizeof expected / sizeof expected[0]);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        assert_string_equal(network->layers[i].name, expected[i].name);
        assert_int_equal(network->layers[i].op, expected[i].op);
        assert_int_equal(network->layers[i].macs, expected[i].macs);
    }
    assert_int_equal(network->layers[3].file_tensor, mean_tensor);
    assert_int_equal(network->layers[4].input, network->layers[3].output);
    assert_int_equal(network->tensors[network->layers[0].input].offset,
                     network->tensors[network->layers[0].output].offset);
    assert_int_equal(network->activation_bytes, 80); /* 48 + 32 */
    assert_string_equal(network->semantics, "tflite");
    void *arena = aligned_alloc(FDM_NETWORK_ALIGNMENT, (network->arena_bytes + 15) / 16 * 16);
    assert_non_null(arena);
    uint8_t *image = fdm_network_input(network, arena);
    for (int i = 0; i < 48; i++)
        image[i] = (uint8_t)(10 + i % 3 * 10);
    assert_int_equal(fdm_network_run(network, arena, NULL), FDM_NN_OK);
    /* Features 60 and (RELU) 0; logits 60, 0, 60. */
    const float *output = fdm_network_output(network, arena);
    assert_true(output[0] == 0.5f && output[1] == 0.0f && output[2] == 0.5f);
    free(arena);
    fdm_network_free(network);
}

static void rounding_follows_the_semantics(void **state)
{
    (void)state;
    struct fdm_graph *graph = int8_graph();
    for (size_t i = 0; i < fdm_semantics_count(); i++) {
        const struct fdm_semantics *s = fdm_semantics_at(i);
        struct fdm_network *network = compile(graph, s->name);
        const struct fdm_network_layer *layers = network->layers;
        assert_int_equal(layers[1].params.conv_s8.requant.rounding, s->conv);
        assert_int_equal(layers[2].params.dwconv_s8.conv.requant.rounding, s->dwconv);
        assert_int_equal(layers[3].params.mean_s8.rule, s->mean);
        assert_int_equal(layers[4].params.conv_s8.requant.rounding, s->gemv);
        assert_int_equal(layers[5].params.softmax_s8.rule, s->softmax);
        fdm_network_free(network);
    }
    fdm_graph_free(graph);
}

static void activations_become_bounds(void **state)
{
    (void)state;
    static const struct {
        enum fdm_activation activation;
        float scale;
        int32_t zero_point;
        int32_t min, max;
    } cases[] = {
        {FDM_ACTIVATION_NONE, 2.0f, -100, -128, 127},
        {FDM_ACTIVATION_RELU, 2.0f, -100, -100, 127},
        {FDM_ACTIVATION_RELU6, 2.0f, -100, -100, -97},
        {FDM_ACTIVATION_RELU6, 4.0f, -128, -128, -126}, /* 1.5 is rounded away from zero */
        {FDM_ACTIVATION_RELU6, 0.001f, -100, -100, 127},
        {FDM_ACTIVATION_RELU6, 1e-38f, -100, -100, 127},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_graph *graph = int8_graph();
        graph->ops[2].activation = cases[i].activation; /* the depthwise one */
        set_scale(graph, graph->ops[2].output, cases[i].scale, cases[i].zero_point);
        struct fdm_network *network = compile(graph, "tflite");
        const struct fdm_nn_conv_s8 *conv = &network->layers[2].params.dwconv_s8.conv;
        assert_int_equal(conv->out_min, cases[i].min);
        assert_int_equal(conv->out_max, cases[i].max);
        fdm_network_free(network);
        fdm_graph_free(graph);
    }
}

/* ---- float graphs --------------------------------------------------------------------------- */

/* A convolution of 1 x 2 with batch norm and RELU, MEAN, SOFTMAX. */
static struct fdm_graph *float_graph(const float *gamma)
{
    struct fdm_graph *g = new_graph(FDM_FORMAT_FLOAT);
    uint32_t image = add_image(g, FDM_TYPE_F32, 2, 2, 3);
    uint32_t conv = add_image(g, FDM_TYPE_F32, 2, 1, 2);
    uint32_t norm = add_image(g, FDM_TYPE_F32, 2, 1, 2);
    uint32_t relu = add_image(g, FDM_TYPE_F32, 2, 1, 2);
    uint32_t mean = add_vector(g, FDM_TYPE_F32, 2);
    uint32_t output = add_vector(g, FDM_TYPE_F32, 2);
    static const float kernel[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    static const float bias_values[2] = {10.0f, 20.0f};
    static const float beta_values[2] = {1.0f, -1.0f};
    static const float mean_values[2] = {3.0f, 2.0f};
    static const float variance_values[2] = {3.75f, 8.75f};
    uint32_t weights = add_constant(g, FDM_TYPE_F32, 4, (const uint32_t[]){2, 1, 2, 3}, kernel);
    uint32_t bias = add_channel_values(g, FDM_TYPE_F32, 2, bias_values);
    uint32_t scale = add_channel_values(g, FDM_TYPE_F32, 2, gamma);
    uint32_t beta = add_channel_values(g, FDM_TYPE_F32, 2, beta_values);
    uint32_t centre = add_channel_values(g, FDM_TYPE_F32, 2, mean_values);
    uint32_t variance = add_channel_values(g, FDM_TYPE_F32, 2, variance_values);
    add_op(g, "conv", FDM_OP_CONV_2D, conv, 3, (const uint32_t[]){image, weights, bias});
    add_op(g, "bn", FDM_OP_BATCH_NORM, norm, 5,
           (const uint32_t[]){conv, scale, beta, centre, variance})
        ->epsilon = 0.25f;
    add_op(g, "relu", FDM_OP_RELU, relu, 1, (const uint32_t[]){norm});
    add_op(g, "mean", FDM_OP_MEAN, mean, 1, (const uint32_t[]){relu});
    add_op(g, "softmax", FDM_OP_SOFTMAX, output, 1, (const uint32_t[]){mean});
    g->input = image;
    g->output = output;
    return g;
}

static const float nice_gamma[2] = {2.0f, 6.0f}; /* factors 2 / 2 and 6 / 3 */

static void batch_norm_and_relu_become_part_of_the_convolution(void **state)
{
    (void)state;
    struct fdm_graph *graph = float_graph(nice_gamma);
    uint32_t relu_tensor = tensor_of(graph, 2)->file_index;
    struct fdm_network *network = compile(graph, "none");
    fdm_graph_free(graph);
    assert_int_equal(network->layer_count, 3);
    assert_null(network->semantics);
    const struct fdm_network_layer *layer = &network->layers[0];
    assert_int_equal(layer->op, FDM_NN_OP_CONV_F32);
    assert_string_equal(layer->name, "conv");
    assert_int_equal(layer->file_tensor, relu_tensor);
    /* [1, 2, 3, 2]: the output channel is last; the second is doubled. */
    static const float weights[12] = {1, 14, 2, 16, 3, 18, 4, 20, 5, 22, 6, 24};
    static const float bias[2] = {8.0f, 35.0f}; /* 1 + (10 - 3) * 1, -1 + (20 - 2) * 2 */
    assert_int_equal(layer->weights_bytes, sizeof weights);
    assert_memory_equal(layer->weights, weights, sizeof weights);
    assert_int_equal(layer->bias_bytes, sizeof bias);
    assert_memory_equal(layer->bias, bias, sizeof bias);
    assert_true(layer->params.conv_f32.out_min == 0.0f);
    assert_true(layer->params.conv_f32.out_max == INFINITY);
    fdm_network_free(network);
}

static void two_readers_prevent_fusion(void **state)
{
    (void)state;
    struct fdm_graph *graph = float_graph(nice_gamma);
    struct fdm_error err = FDM_ERROR_INIT;
    graph->ops[3].inputs[0] = graph->ops[1].output; /* MEAN reads batch norm, so does RELU */
    assert_ok(fdm_graph_check(graph, &err), err);
    struct fdm_network *network;
    assert_int_equal(fdm_compile(graph, NULL, NULL, &network, &err), FDM_ERR_UNSUPPORTED);
    assert_null(network);
    assert_non_null(strstr(err.message, "operator 2 (RELU 'relu')"));
    fdm_graph_free(graph);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static struct fdm_graph *different_scales(void)
{
    struct fdm_graph *graph = int8_graph();
    set_scale(graph, graph->ops[0].output, 2.0f, -128);
    set_scale(graph, graph->ops[1].output, 3.0f, -100);
    return graph;
}

static struct fdm_graph *int8_output(void)
{
    struct fdm_graph *graph = int8_graph();
    graph->output = graph->ops[10].output;
    graph->op_count--;
    free(graph->ops[graph->op_count].name);
    return graph;
}

static struct fdm_graph *large_bias(void)
{
    struct fdm_graph *graph = int8_graph();
    struct fdm_error err = FDM_ERROR_INIT;
    const int32_t bias[2] = {INT32_MAX - 1000, 0};
    assert_ok(fdm_graph_set_data(graph, graph->ops[1].inputs[2], bias, sizeof bias, &err), err);
    return graph;
}

static struct fdm_graph *tiny_logits(void)
{
    struct fdm_graph *graph = int8_graph();
    set_scale(graph, graph->ops[8].output, 1e-9f, 0);
    set_scale(graph, graph->ops[9].output, 1e-9f, 0);
    return graph;
}

static struct fdm_graph *rows_of_softmax(void)
{
    struct fdm_graph *graph = float_graph(nice_gamma);
    graph->ops[2].kind = FDM_OP_SOFTMAX;
    return graph;
}

static struct fdm_graph *huge_gamma(void)
{
    static const float gamma[2] = {1.0f, 3e38f};
    return float_graph(gamma);
}

static void what_no_kernel_runs_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        struct fdm_graph *(*make)(void);
        const char *semantics;
        enum fdm_status status;
        const char *words;
    } cases[] = {
        {"no semantics", int8_graph, NULL, FDM_ERR_USAGE, "semantics"},
        {"QUANTIZE changes the scale", different_scales, "tflite", FDM_ERR_UNSUPPORTED,
         "g: operator 0 (QUANTIZE 'q')"},
        {"int8 output", int8_output, "tflite", FDM_ERR_UNSUPPORTED, "int8 output"},
        {"bias near the end of int32", large_bias, "tflite", FDM_ERR_UNSUPPORTED,
         "layer 1 ('conv')"},
        {"logits too fine for Q5.26", tiny_logits, "tflm", FDM_ERR_UNSUPPORTED,
         "SOFTMAX 'softmax'"},
        {"softmax of several rows", rows_of_softmax, NULL, FDM_ERR_UNSUPPORTED, "row"},
        {"folded weights overflow", huge_gamma, NULL, FDM_ERR_FORMAT, "beyond float32"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph = cases[i].make();
        assert_ok(fdm_graph_check(graph, &err), err);
        const struct fdm_semantics *semantics =
            cases[i].semantics != NULL ? fdm_semantics_find(cases[i].semantics) : NULL;
        struct fdm_network *network;
        enum fdm_status status = fdm_compile(graph, semantics, NULL, &network, &err);
        if (status != cases[i].status || network != NULL ||
            strstr(err.message, cases[i].words) == NULL)
            fail_msg("%s: %s, %s", cases[i].remark, fdm_status_name(status), err.message);
        fdm_graph_free(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multipliers_of_scales),
        cmocka_unit_test(multipliers_of_means),
        cmocka_unit_test(shape_work_vanishes_and_the_rest_runs),
        cmocka_unit_test(rounding_follows_the_semantics),
        cmocka_unit_test(activations_become_bounds),
        cmocka_unit_test(batch_norm_and_relu_become_part_of_the_convolution),
        cmocka_unit_test(two_readers_prevent_fusion),
        cmocka_unit_test(what_no_kernel_runs_is_refused),
    };
    return cmocka_run_group_tests_name("compiler", tests, NULL, NULL);
}
