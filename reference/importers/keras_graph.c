#include "reference/importers/keras_graph.h"

#include <stdlib.h>
#include <string.h>

/* What the layers' builders share: the graph, and the tensor that the next layer reads. */
struct builder {
    const struct fdm_keras_file *weights;
    struct fdm_graph *graph;
    uint32_t current;
};

/* ---- tensors and operators ---- */

static enum fdm_status add_tensor(struct builder *b, const char *name, uint32_t rank,
                                  const uint32_t *dims, uint32_t *index, struct fdm_error *err)
{
    enum fdm_status status = fdm_graph_add_tensor(b->graph, name, index, err);
    if (status != FDM_OK)
        return status;
    struct fdm_tensor *tensor = &b->graph->tensors[*index];
    tensor->type = FDM_TYPE_F32;
    tensor->file_index = *index;
    tensor->rank = rank;
    memcpy(tensor->dims, dims, rank * sizeof *dims);
    return FDM_OK;
}

/* An operator that reads the chain's end and becomes it. */
static enum fdm_status add_op(struct builder *b, const struct fdm_keras_layer *layer,
                              enum fdm_op_kind kind, uint32_t rank, const uint32_t *dims,
                              uint32_t *index, struct fdm_error *err)
{
    uint32_t output = 0;
    enum fdm_status status = add_tensor(b, layer->name, rank, dims, &output, err);
    if (status == FDM_OK)
        status = fdm_graph_add_op(b->graph, layer->name, kind, index, err);
    if (status != FDM_OK)
        return status;
    struct fdm_op *op = &b->graph->ops[*index];
    op->inputs[0] = b->current;
    op->input_count = 1;
    op->output = output;
    b->current = output;
    return FDM_OK;
}

static enum fdm_status find_weights(const struct builder *b, const struct fdm_keras_layer *layer,
                                    const char *role, uint32_t rank, const uint32_t *dims,
                                    const struct fdm_keras_array **out, struct fdm_error *err)
{
    *out = fdm_keras_find(b->weights, layer->name, role);
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "%s is missing", role);
    bool fits = (*out)->rank == rank;
    for (uint32_t i = 0; fits && i < rank; i++)
        fits = (*out)->dims[i] == dims[i];
    if (fits)
        return FDM_OK;
    struct fdm_buf shape;
    fdm_buf_init(&shape);
    for (uint32_t i = 0; i < rank; i++)
        fdm_buf_printf(&shape, i > 0 ? ",%u" : "%u", dims[i]);
    enum fdm_status status = fdm_fail(err, FDM_ERR_FORMAT, "%s has another shape than [%s]", role,
                                      shape.data != NULL ? shape.data : "");
    fdm_buf_release(&shape);
    return status;
}

/* Adds the next operand of an operator: a constant with its values in the graph's layout. */
static enum fdm_status add_constant(struct builder *b, uint32_t op, const char *role,
                                    const float *values, uint32_t rank, const uint32_t *dims,
                                    struct fdm_error *err)
{
    struct fdm_buf name;
    uint32_t index = 0;
    fdm_buf_init(&name);
    fdm_buf_printf(&name, "%s/%s", b->graph->ops[op].name, role);
    enum fdm_status status = fdm_buf_check(&name, err);
    if (status == FDM_OK)
        status = add_tensor(b, name.data, rank, dims, &index, err);
    fdm_buf_release(&name);
    if (status != FDM_OK)
        return status;
    struct fdm_op *to = &b->graph->ops[op];
    to->inputs[to->input_count++] = index;
    size_t bytes = fdm_tensor_elements(&b->graph->tensors[index]) * sizeof *values;
    return fdm_graph_set_data(b->graph, index, values, bytes, err);
}

static enum fdm_status add_vector(struct builder *b, const struct fdm_keras_layer *layer,
                                  uint32_t op, const char *role, uint32_t count,
                                  struct fdm_error *err)
{
    const struct fdm_keras_array *array;
    enum fdm_status status = find_weights(b, layer, role, 1, &count, &array, err);
    if (status != FDM_OK)
        return status;
    return add_constant(b, op, role, array->values, 1, &count, err);
}

/* ---- convolutions ---- */

/* Keras keeps [H,W,I,O]; the graph has [O,H,W,I]. */
static void transpose_kernel(const float *from, const uint32_t dims[4], float *to)
{
    size_t taps = (size_t)dims[0] * dims[1] * dims[2];
    size_t filters = dims[3];
    for (size_t o = 0; o < filters; o++)
        for (size_t i = 0; i < taps; i++)
            to[o * taps + i] = from[i * filters + o];
}

static enum fdm_status add_kernel(struct builder *b, const struct fdm_keras_layer *layer,
                                  uint32_t op, uint32_t in_c, struct fdm_error *err)
{
    const struct fdm_keras_array *array;
    const uint32_t stored[4] = {layer->kernel_h, layer->kernel_w, in_c, layer->filters};
    const uint32_t dims[4] = {layer->filters, layer->kernel_h, layer->kernel_w, in_c};
    enum fdm_status status = find_weights(b, layer, "kernel", 4, stored, &array, err);
    if (status != FDM_OK)
        return status;
    float *values = malloc(array->count * sizeof *values);
    if (values == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu weights", array->count);
    transpose_kernel(array->values, stored, values);
    status = add_constant(b, op, "kernel", values, 4, dims, err);
    free(values);
    return status;
}

static enum fdm_status add_depthwise_kernel(struct builder *b, const struct fdm_keras_layer *layer,
                                            uint32_t op, uint32_t in_c, struct fdm_error *err)
{
    const struct fdm_keras_array *array;
    /* [H,W,C,1] and [1,H,W,C] have the same order in memory. */
    const uint32_t stored[4] = {layer->kernel_h, layer->kernel_w, in_c, 1};
    const uint32_t dims[4] = {1, layer->kernel_h, layer->kernel_w, in_c};
    enum fdm_status status = find_weights(b, layer, "depthwise_kernel", 4, stored, &array, err);
    if (status != FDM_OK)
        return status;
    return add_constant(b, op, "depthwise_kernel", array->values, 4, dims, err);
}

static enum fdm_status out_extent(uint32_t in, uint32_t kernel, uint32_t stride, uint32_t padding,
                                  uint32_t *out, struct fdm_error *err)
{
    if (in + padding < kernel)
        return fdm_fail(err, FDM_ERR_FORMAT, "a kernel of size %u on an input of size %u", kernel,
                        in);
    *out = (in + padding - kernel) / stride + 1;
    return FDM_OK;
}

/* Padding and, from it, the output's shape, which was unknown when the operator was added. */
static enum fdm_status set_geometry(const struct builder *b, const struct fdm_keras_layer *layer,
                                    struct fdm_op *op, struct fdm_error *err)
{
    const struct fdm_tensor *in = &b->graph->tensors[op->inputs[0]];
    uint32_t *out = b->graph->tensors[op->output].dims;
    op->stride_h = layer->stride_h;
    op->stride_w = layer->stride_w;
    if (layer->same_padding)
        fdm_graph_pad_same(op, in, &b->graph->tensors[op->inputs[1]]);
    enum fdm_status status = out_extent(in->dims[1], layer->kernel_h, layer->stride_h,
                                        op->pad_top + op->pad_bottom, &out[1], err);
    if (status == FDM_OK)
        status = out_extent(in->dims[2], layer->kernel_w, layer->stride_w,
                            op->pad_left + op->pad_right, &out[2], err);
    return status;
}

static enum fdm_status build_convolution(struct builder *b, const struct fdm_keras_layer *layer,
                                         struct fdm_error *err)
{
    const struct fdm_tensor *in = &b->graph->tensors[b->current];
    if (in->rank != 4)
        return fdm_fail(err, FDM_ERR_FORMAT, "its input has %u dimensions, expected 4", in->rank);
    bool depthwise = layer->kind == FDM_KERAS_DEPTHWISE_CONV_2D;
    uint32_t in_c = in->dims[3];
    uint32_t out_c = depthwise ? in_c : layer->filters;
    const uint32_t dims[4] = {1, 1, 1, out_c};
    uint32_t op = 0;
    enum fdm_status status =
        add_op(b, layer, depthwise ? FDM_OP_DEPTHWISE_CONV : FDM_OP_CONV_2D, 4, dims, &op, err);
    if (status == FDM_OK)
        status = depthwise ? add_depthwise_kernel(b, layer, op, in_c, err)
                           : add_kernel(b, layer, op, in_c, err);
    if (status == FDM_OK)
        status = set_geometry(b, layer, &b->graph->ops[op], err);
    if (status == FDM_OK && layer->use_bias)
        status = add_vector(b, layer, op, "bias", out_c, err);
    if (status == FDM_OK && layer->relu)
        b->graph->ops[op].activation = FDM_ACTIVATION_RELU;
    return status;
}

/* ---- the other layers ---- */

static enum fdm_status build_input(struct builder *b, const struct fdm_keras_layer *layer,
                                   struct fdm_error *err)
{
    const uint32_t dims[4] = {1, (uint32_t)layer->shape[0], (uint32_t)layer->shape[1],
                              (uint32_t)layer->shape[2]};
    return add_tensor(b, layer->name, 4, dims, &b->current, err);
}

/* An operator whose output has its input's shape. */
static enum fdm_status build_same(struct builder *b, const struct fdm_keras_layer *layer,
                                  enum fdm_op_kind kind, uint32_t *op, struct fdm_error *err)
{
    const struct fdm_tensor in = b->graph->tensors[b->current];
    return add_op(b, layer, kind, in.rank, in.dims, op, err);
}

static enum fdm_status build_batch_norm(struct builder *b, const struct fdm_keras_layer *layer,
                                        struct fdm_error *err)
{
    static const char *const roles[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    const struct fdm_tensor *in = &b->graph->tensors[b->current];
    if (in->rank != 4)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "its input has %u dimensions, expected 4",
                        in->rank);
    uint32_t channels = in->dims[3];
    uint32_t op = 0;
    enum fdm_status status = build_same(b, layer, FDM_OP_BATCH_NORM, &op, err);
    for (size_t i = 0; status == FDM_OK && i < sizeof roles / sizeof roles[0]; i++)
        status = add_vector(b, layer, op, roles[i], channels, err);
    if (status == FDM_OK)
        b->graph->ops[op].epsilon = layer->epsilon;
    return status;
}

static enum fdm_status build_mean(struct builder *b, const struct fdm_keras_layer *layer,
                                  struct fdm_error *err)
{
    const struct fdm_tensor *in = &b->graph->tensors[b->current];
    if (in->rank != 4)
        return fdm_fail(err, FDM_ERR_FORMAT, "its input has %u dimensions, expected 4", in->rank);
    const uint32_t kept[4] = {1, 1, 1, in->dims[3]};
    const uint32_t flat[2] = {1, in->dims[3]};
    uint32_t op;
    return add_op(b, layer, FDM_OP_MEAN, layer->keep_dims ? 4 : 2, layer->keep_dims ? kept : flat,
                  &op, err);
}

static enum fdm_status build_reshape(struct builder *b, const struct fdm_keras_layer *layer,
                                     struct fdm_error *err)
{
    uint32_t dims[FDM_GRAPH_MAX_RANK] = {1};
    uint64_t known = 1;
    uint32_t open = 0;
    for (uint32_t i = 0; i < layer->shape_rank; i++) {
        if (layer->shape[i] == -1 && open == 0) {
            open = i + 1;
            continue;
        }
        if (layer->shape[i] < 1 || known > FDM_GRAPH_MAX_ELEMENTS)
            return fdm_fail(err, FDM_ERR_FORMAT, "target_shape: dimension %u is %d", i,
                            layer->shape[i]);
        dims[i + 1] = (uint32_t)layer->shape[i];
        known *= dims[i + 1];
    }
    size_t elements = fdm_tensor_elements(&b->graph->tensors[b->current]);
    if (open != 0)
        dims[open] = (uint32_t)(elements / known);
    if (known * (open != 0 ? dims[open] : 1) != elements)
        return fdm_fail(err, FDM_ERR_FORMAT, "target_shape does not fit %zu elements", elements);
    uint32_t op;
    return add_op(b, layer, FDM_OP_RESHAPE, layer->shape_rank + 1, dims, &op, err);
}

static enum fdm_status build_layer(struct builder *b, const struct fdm_keras_layer *layer,
                                   struct fdm_error *err)
{
    uint32_t op;
    switch (layer->kind) {
    case FDM_KERAS_INPUT:
        return build_input(b, layer, err);
    case FDM_KERAS_CONV_2D:
    case FDM_KERAS_DEPTHWISE_CONV_2D:
        return build_convolution(b, layer, err);
    case FDM_KERAS_BATCH_NORM:
        return build_batch_norm(b, layer, err);
    case FDM_KERAS_RELU:
        return build_same(b, layer, FDM_OP_RELU, &op, err);
    case FDM_KERAS_SOFTMAX:
        return build_same(b, layer, FDM_OP_SOFTMAX, &op, err);
    case FDM_KERAS_GLOBAL_AVERAGE_POOLING:
        return build_mean(b, layer, err);
    case FDM_KERAS_RESHAPE:
        return build_reshape(b, layer, err);
    case FDM_KERAS_IDENTITY:
        return build_same(b, layer, FDM_OP_RESHAPE, &op, err);
    }
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "layer of kind %d", (int)layer->kind);
}

/* Shapes feed each other, so each layer's output is proven to be within bounds at once. */
static enum fdm_status check_size(const struct builder *b, struct fdm_error *err)
{
    const struct fdm_tensor *tensor = &b->graph->tensors[b->current];
    uint64_t elements = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) {
        elements *= tensor->dims[i];
        if (tensor->dims[i] < 1 || tensor->dims[i] > FDM_GRAPH_MAX_DIM ||
            elements > FDM_GRAPH_MAX_ELEMENTS)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED, "its output has more than %u elements",
                            FDM_GRAPH_MAX_ELEMENTS);
    }
    return FDM_OK;
}

enum fdm_status fdm_keras_build(const struct fdm_keras_config *config,
                                const struct fdm_keras_file *weights, struct fdm_graph **out,
                                struct fdm_error *err)
{
    struct builder b = {.weights = weights};
    *out = NULL;
    enum fdm_status status = fdm_graph_new(config->name, &b.graph, err);
    if (status != FDM_OK)
        return status;
    for (uint32_t i = 0; status == FDM_OK && i < config->layer_count; i++) {
        status = build_layer(&b, &config->layers[i], err);
        if (status == FDM_OK)
            status = check_size(&b, err);
        if (status != FDM_OK)
            fdm_error_context(err, "layer '%s'", config->layers[i].name);
        if (i == 0)
            b.graph->input = b.current;
    }
    b.graph->output = b.current;
    b.graph->format = FDM_FORMAT_FLOAT;
    if (status == FDM_OK)
        status = fdm_graph_check(b.graph, err);
    if (status != FDM_OK) {
        fdm_graph_free(b.graph);
        return status;
    }
    *out = b.graph;
    return FDM_OK;
}
