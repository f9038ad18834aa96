#include "tests/support/float_graph.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

struct maker {
    struct fdm_graph *graph;
    uint32_t random;
    uint32_t current;
};

static uint32_t add_tensor(struct maker *m, const char *name, uint32_t rank, const uint32_t *dims)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t index;
    assert_ok(fdm_graph_add_tensor(m->graph, name, &index, &err), err);
    struct fdm_tensor *tensor = &m->graph->tensors[index];
    tensor->type = FDM_TYPE_F32;
    tensor->rank = rank;
    memcpy(tensor->dims, dims, rank * sizeof *dims);
    tensor->file_index = index;
    return index;
}

/* Values from low to high. */
static uint32_t add_random(struct maker *m, uint32_t rank, const uint32_t *dims, float low,
                           float high)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t index = add_tensor(m, "constant", rank, dims);
    size_t count = fdm_tensor_elements(&m->graph->tensors[index]);
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = low + (high - low) * (float)(test_random(&m->random) >> 8) / 16777216.0f;
    assert_ok(fdm_graph_set_data(m->graph, index, values, count * sizeof *values, &err), err);
    free(values);
    return index;
}

static struct fdm_op *add_op(struct maker *m, const char *name, enum fdm_op_kind kind,
                             uint32_t rank, const uint32_t *dims)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t index;
    uint32_t output = add_tensor(m, name, rank, dims);
    assert_ok(fdm_graph_add_op(m->graph, name, kind, &index, &err), err);
    struct fdm_op *op = &m->graph->ops[index];
    op->inputs[0] = m->current;
    op->input_count = 1;
    op->output = output;
    m->current = output;
    return op;
}

static void add_conv(struct maker *m, const char *name, enum fdm_op_kind kind, uint32_t weights,
                     uint32_t bias, uint32_t stride, const uint32_t *dims)
{
    uint32_t input = m->current;
    struct fdm_op *op = add_op(m, name, kind, 4, dims);
    op->inputs[op->input_count++] = weights;
    if (bias != FDM_GRAPH_NONE)
        op->inputs[op->input_count++] = bias;
    op->stride_h = stride;
    op->stride_w = stride;
    fdm_graph_pad_same(op, &m->graph->tensors[input], &m->graph->tensors[weights]);
}

/* Batch norm and RELU; gamma spreads the channels. */
static void add_norm(struct maker *m, const char *norm, const char *relu, const uint32_t *dims)
{
    static const float limits[4][2] = {{0.25f, 2.0f}, {-0.2f, 0.4f}, {-0.3f, 0.3f}, {0.5f, 2.0f}};
    uint32_t operands[4];
    for (size_t i = 0; i < 4; i++)
        operands[i] = add_random(m, 1, &dims[3], limits[i][0], limits[i][1]);
    struct fdm_op *op = add_op(m, norm, FDM_OP_BATCH_NORM, 4, dims);
    memcpy(&op->inputs[1], operands, sizeof operands);
    op->input_count = 5;
    op->epsilon = 0.001f;
    add_op(m, relu, FDM_OP_RELU, 4, dims);
}

struct fdm_graph *test_float_graph(uint32_t seed)
{
    static const uint32_t image[] = {1, 8, 8, 3};
    static const uint32_t map[] = {1, 4, 4, 6};
    static const uint32_t wide[] = {1, 4, 4, 8};
    static const uint32_t vector[] = {1, 8};
    static const uint32_t pixel[] = {1, 1, 1, 8};
    static const uint32_t logits[] = {1, 1, 1, 3};
    static const uint32_t flat[] = {1, 3};
    struct fdm_error err = FDM_ERROR_INIT;
    struct maker m = {.random = seed};
    assert_ok(fdm_graph_new("small", &m.graph, &err), err);
    m.graph->format = FDM_FORMAT_FLOAT;
    m.current = m.graph->input = add_tensor(&m, "image", 4, image);
    uint32_t conv = add_random(&m, 4, (const uint32_t[]){6, 3, 3, 3}, -0.5f, 0.5f);
    add_conv(&m, "conv1", FDM_OP_CONV_2D, conv, FDM_GRAPH_NONE, 2, map);
    add_norm(&m, "conv1_bn", "conv1_relu", map);
    uint32_t dw = add_random(&m, 4, (const uint32_t[]){1, 3, 3, 6}, -0.5f, 0.5f);
    uint32_t dw_bias = add_random(&m, 1, &map[3], -1.0f, 1.0f);
    add_conv(&m, "conv_dw", FDM_OP_DEPTHWISE_CONV, dw, dw_bias, 1, map);
    uint32_t pw = add_random(&m, 4, (const uint32_t[]){8, 1, 1, 6}, -0.5f, 0.5f);
    add_conv(&m, "conv_pw", FDM_OP_CONV_2D, pw, FDM_GRAPH_NONE, 1, wide);
    add_norm(&m, "conv_pw_bn", "conv_pw_relu", wide);
    add_op(&m, "average", FDM_OP_MEAN, 2, vector);
    add_op(&m, "reshape_1", FDM_OP_RESHAPE, 4, pixel);
    add_op(&m, "dropout", FDM_OP_RESHAPE, 4, pixel);
    uint32_t preds = add_random(&m, 4, (const uint32_t[]){3, 1, 1, 8}, -1.5f, 1.5f);
    uint32_t preds_bias = add_random(&m, 1, &logits[3], -0.5f, 0.5f);
    add_conv(&m, "preds", FDM_OP_CONV_2D, preds, preds_bias, 1, logits);
    add_op(&m, "softmax", FDM_OP_SOFTMAX, 4, logits);
    add_op(&m, "reshape_2", FDM_OP_RESHAPE, 2, flat);
    m.graph->output = m.current;
    assert_ok(fdm_graph_check(m.graph, &err), err);
    return m.graph;
}

float *test_float_constant(const struct fdm_graph *graph, uint32_t op, uint32_t input)
{
    return (float *)graph->tensors[graph->ops[op].inputs[input]].data;
}

struct test_float_images *test_float_images(uint32_t count)
{
    struct test_float_images *images = calloc(1, sizeof *images);
    assert_non_null(images);
    assert_true(count <= TEST_FLOAT_IMAGES_MAX);
    uint32_t random = 11;
    for (size_t i = 0; i < count; i++) {
        uint32_t bright = test_random(&random) % 200;
        for (size_t k = 0; k < TEST_FLOAT_PIXELS; k++)
            images->bytes[i][k] = (uint8_t)(bright + test_random(&random) % 56);
        images->pixels[i] = images->bytes[i];
    }
    for (int i = 0; i < 256; i++) {
        images->real[i] = (float)i / 255.0f;
        images->code[i] = (uint8_t)i;
    }
    images->samples = (struct fdm_samples){images->pixels, count, images->real, images->code};
    return images;
}
