/* ST's 24 published models: what they hold is known from other readers of the same files. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "reference/importers/importers.h"

static const struct row {
    const char *folder, *name;
    uint32_t pixels, classes;
    /* int8 */
    uint64_t parameters, weight_count, macs, weight_bytes, scale_bytes, activation_kib;
    float input_scale;
    int32_t input_zero_point;
    /* float */
    uint64_t float_parameters;
} rows[] = {
    {"flowers", "fdmobilenet_0.25_128_tfs", 128, 5, 125477, 123504, 3848448, 131396, 7892, 96,
     0.00392156886F, 255, 128813},
    {"flowers", "fdmobilenet_0.25_224_tfs", 224, 5, 125477, 123504, 11783232, 131396, 7892, 294,
     0.00392156886F, 255, 128813},
    {"flowers", "st_fdmobilenet_v1_128_tfs", 128, 5, 141573, 139296, 7977216, 148404, 9108, 112,
     0.00392156886F, 0, 145365},
    {"flowers", "st_fdmobilenet_v1_224_tfs", 224, 5, 141573, 139296, 24427584, 148404, 9108, 343,
     0.00392156886F, 0, 145365},
    {"plant-village", "fdmobilenet_0.25_128_tfs", 128, 39, 134215, 132208, 3857152, 140236, 8028,
     96, 0.00784313772F, 127, 137551},
    {"plant-village", "fdmobilenet_0.25_224_tfs", 224, 39, 134215, 132208, 11791936, 140236, 8028,
     294, 0.00784313772F, 127, 137551},
    {"plant-village", "st_fdmobilenet_v1_128_tfs", 128, 39, 150311, 148000, 7985920, 157244, 9244,
     112, 0.00392156886F, 0, 154103},
    {"plant-village", "st_fdmobilenet_v1_224_tfs", 224, 39, 150311, 148000, 24436288, 157244, 9244,
     343, 0.00392156886F, 0, 154103},
    {"food-101", "fdmobilenet_0.25_128_tfs", 128, 101, 150149, 148080, 3873024, 156356, 8276, 96,
     0.00784313772F, 127, 153485},
    {"food-101", "fdmobilenet_0.25_224_tfs", 224, 101, 150149, 148080, 11807808, 156356, 8276, 294,
     0.00784313772F, 127, 153485},
    {"food-101", "st_fdmobilenet_v1_128_tfs", 128, 101, 166245, 163872, 8001792, 173364, 9492, 112,
     0.00392156886F, 0, 170037},
    {"food-101", "st_fdmobilenet_v1_224_tfs", 224, 101, 166245, 163872, 24452160, 173364, 9492, 343,
     0.00392156886F, 0, 170037},
};

static struct fdm_graph *import(const struct row *row, const char *ending)
{
    char relative[256];
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    snprintf(relative, sizeof relative, "models/%s/%s/%s%s", row->folder, row->name, row->name,
             ending);
    char *path = test_data_path(relative);
    assert_ok(fdm_import_file(path, &graph, &err), err);
    free(path);
    return graph;
}

static void check_ends(const struct row *row, const struct fdm_graph *graph)
{
    const struct fdm_tensor *input = &graph->tensors[graph->input];
    const struct fdm_tensor *output = &graph->tensors[graph->output];
    assert_int_equal(input->dims[1], row->pixels);
    assert_int_equal(input->dims[2], row->pixels);
    assert_int_equal(input->dims[3], 3);
    assert_int_equal(output->rank, 2);
    assert_int_equal(output->dims[1], row->classes);
    assert_int_equal(output->type, FDM_TYPE_F32);
}

static void int8_totals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_graph *graph = import(&rows[i], "_int8.tflite");
        struct fdm_graph_totals totals = fdm_graph_totals(graph);
        check_ends(&rows[i], graph);
        assert_int_equal(graph->format, FDM_FORMAT_INT8);
        assert_int_equal(graph->op_count, 36);
        assert_int_equal(graph->tensor_count, 91);
        assert_int_equal(totals.parameters, rows[i].parameters);
        assert_int_equal(totals.weight_count, rows[i].weight_count);
        assert_int_equal(totals.macs, rows[i].macs);
        assert_int_equal(totals.weight_bytes, rows[i].weight_bytes);
        assert_int_equal(totals.scale_bytes, rows[i].scale_bytes);
        assert_int_equal(totals.activation_bytes, rows[i].activation_kib * 1024);
        const struct fdm_quant *quant = &graph->tensors[graph->input].quant;
        assert_true(quant->scales[0] == rows[i].input_scale);
        assert_int_equal(quant->zero_points[0], rows[i].input_zero_point);
        fdm_graph_free(graph);
    }
}

static void float_totals(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_graph *graph = import(&rows[i], ".h5");
        struct fdm_graph_totals totals = fdm_graph_totals(graph);
        check_ends(&rows[i], graph);
        assert_int_equal(graph->format, FDM_FORMAT_FLOAT);
        assert_int_equal(graph->op_count, 53);
        assert_int_equal(totals.parameters, rows[i].float_parameters);
        assert_int_equal(totals.weight_count, rows[i].weight_count);
        assert_int_equal(totals.macs, rows[i].macs);
        assert_int_equal(totals.weight_bytes, 4 * rows[i].float_parameters);
        fdm_graph_free(graph);
    }
}

static bool is_convolution(const struct fdm_op *op)
{
    return op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV;
}

/* The index of the next convolution from `from`. */
static uint32_t next_convolution(const struct fdm_graph *graph, uint32_t from)
{
    while (from < graph->op_count && !is_convolution(&graph->ops[from]))
        from++;
    return from;
}

static const float *constant(const struct fdm_graph *graph, const struct fdm_op *op,
                             uint32_t operand)
{
    return graph->tensors[op->inputs[operand]].data;
}

/* Factor and bias of one channel after batch norm, if one follows, is folded in. */
static void fold(const struct fdm_graph *graph, uint32_t op, uint32_t channel, double *factor,
                 double *bias)
{
    const struct fdm_op *conv = &graph->ops[op];
    const struct fdm_op *norm = &graph->ops[op + 1];
    *factor = 1;
    *bias = conv->input_count > 2 ? (double)constant(graph, conv, 2)[channel] : 0;
    if (norm->kind != FDM_OP_BATCH_NORM)
        return;
    double gamma = (double)constant(graph, norm, 1)[channel];
    double beta = (double)constant(graph, norm, 2)[channel];
    double mean = (double)constant(graph, norm, 3)[channel];
    double variance = (double)constant(graph, norm, 4)[channel];
    *factor = gamma / sqrt(variance + (double)norm->epsilon);
    *bias = beta + (*bias - mean) * *factor;
}

static void compare_convolutions(const struct fdm_graph *q, uint32_t q_op,
                                 const struct fdm_graph *f, uint32_t f_op)
{
    const struct fdm_op *conv = &q->ops[q_op];
    const struct fdm_op *parent = &f->ops[f_op];
    const struct fdm_tensor *weights = &q->tensors[conv->inputs[1]];
    const int8_t *values = weights->data;
    const int32_t *biases = q->tensors[conv->inputs[2]].data;
    const float *originals = constant(f, parent, 1);
    assert_int_equal(conv->kind, parent->kind);
    assert_int_equal(conv->pad_top, parent->pad_top);
    assert_int_equal(conv->pad_bottom, parent->pad_bottom);
    assert_int_equal(conv->stride_h, parent->stride_h);
    uint32_t channels = q->tensors[conv->output].dims[3];
    size_t count = fdm_tensor_elements(weights);
    assert_int_equal(count, fdm_tensor_elements(&f->tensors[parent->inputs[1]]));
    for (size_t i = 0; i < count; i++) {
        uint32_t channel =
            (uint32_t)(conv->kind == FDM_OP_CONV_2D ? i / (count / channels) : i % channels);
        double scale = (double)weights->quant.scales[channel];
        double factor;
        double bias;
        fold(f, f_op, channel, &factor, &bias);
        double error = (double)originals[i] * factor / scale - values[i];
        if (fabs(error) > 0.501)
            fail_msg("%s: weight %zu is %d, its parent %g", conv->name, i, values[i],
                     values[i] + error);
        double bias_scale = (double)q->tensors[conv->inputs[0]].quant.scales[0] * scale;
        if (i % (count / channels) == 0 && fabs(bias / bias_scale - biases[channel]) > 0.6)
            fail_msg("%s: bias %u is %d, its parent %g", conv->name, channel, biases[channel],
                     bias / bias_scale);
    }
}

/* Each .h5 is the parent of its .tflite: quantizing its weights, batch norm folded, must give the
 * other file's, in the other file's layout, to half a step. */
static void float_models_are_the_parents(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_graph *q = import(&rows[i], "_int8.tflite");
        struct fdm_graph *f = import(&rows[i], ".h5");
        uint32_t q_op = next_convolution(q, 0);
        uint32_t f_op = next_convolution(f, 0);
        uint32_t compared = 0;
        while (q_op < q->op_count && f_op < f->op_count) {
            compare_convolutions(q, q_op, f, f_op);
            q_op = next_convolution(q, q_op + 1);
            f_op = next_convolution(f, f_op + 1);
            compared++;
        }
        assert_int_equal(compared, 24);
        fdm_graph_free(q);
        fdm_graph_free(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(int8_totals),
        cmocka_unit_test(float_totals),
        cmocka_unit_test(float_models_are_the_parents),
    };
    return cmocka_run_group_tests_name("oracle.import", tests, NULL, NULL);
}
