#include "reference/graph/graph.h"

#include <stdlib.h>
#include <string.h>

static char *copy_name(const char *name)
{
    size_t len = 0;
    while (len < FDM_GRAPH_MAX_NAME && name[len] != '\0')
        len++;
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return NULL;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)name[i];
        copy[i] = c < 0x20 || c == 0x7f ? '?' : name[i];
    }
    copy[len] = '\0';
    return copy;
}

enum fdm_status fdm_graph_new(const char *name, struct fdm_graph **out, struct fdm_error *err)
{
    *out = NULL;
    struct fdm_graph *graph = calloc(1, sizeof *graph);
    char *copy = copy_name(name);
    if (graph == NULL || copy == NULL) {
        free(graph);
        free(copy);
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for a graph");
    }
    graph->name = copy;
    graph->input = FDM_GRAPH_NONE;
    graph->output = FDM_GRAPH_NONE;
    *out = graph;
    return FDM_OK;
}

static void release_quant(struct fdm_quant *quant)
{
    free(quant->scales);
    free(quant->zero_points);
    *quant = (struct fdm_quant){0};
}

void fdm_graph_free(struct fdm_graph *graph)
{
    if (graph == NULL)
        return;
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        free(graph->tensors[i].name);
        release_quant(&graph->tensors[i].quant);
        free((void *)graph->tensors[i].data);
    }
    for (uint32_t i = 0; i < graph->op_count; i++)
        free(graph->ops[i].name);
    free(graph->tensors);
    free(graph->ops);
    free(graph->name);
    free(graph);
}

/* Makes room for one more element: capacities are the powers of two, so `count` alone says when an
 * array is full. */
static void *grow(void *array, uint32_t count, size_t element_bytes)
{
    if ((count & (count - 1)) != 0)
        return array;
    size_t capacity = count == 0 ? 1 : (size_t)count * 2;
    return realloc(array, capacity * element_bytes);
}

enum fdm_status fdm_graph_add_tensor(struct fdm_graph *graph, const char *name, uint32_t *index,
                                     struct fdm_error *err)
{
    if (graph->tensor_count >= FDM_GRAPH_MAX_TENSORS)
        return fdm_fail(err, FDM_ERR_MEMORY, "more than %d tensors", FDM_GRAPH_MAX_TENSORS);
    struct fdm_tensor *tensors = grow(graph->tensors, graph->tensor_count, sizeof *tensors);
    if (tensors != NULL)
        graph->tensors = tensors;
    char *copy = copy_name(name);
    if (tensors == NULL || copy == NULL) {
        free(copy);
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for tensor %u", graph->tensor_count);
    }
    *index = graph->tensor_count++;
    tensors[*index] = (struct fdm_tensor){.name = copy};
    return FDM_OK;
}

enum fdm_status fdm_graph_add_op(struct fdm_graph *graph, const char *name, enum fdm_op_kind kind,
                                 uint32_t *index, struct fdm_error *err)
{
    if (graph->op_count >= FDM_GRAPH_MAX_OPS)
        return fdm_fail(err, FDM_ERR_MEMORY, "more than %d operators", FDM_GRAPH_MAX_OPS);
    struct fdm_op *ops = grow(graph->ops, graph->op_count, sizeof *ops);
    if (ops != NULL)
        graph->ops = ops;
    char *copy = copy_name(name);
    if (ops == NULL || copy == NULL) {
        free(copy);
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for operator %u", graph->op_count);
    }
    *index = graph->op_count++;
    ops[*index] = (struct fdm_op){.name = copy, .kind = kind, .output = FDM_GRAPH_NONE};
    return FDM_OK;
}

/* Files can point many tensors at the same bytes; the bound keeps such a file from filling memory.
 */
static enum fdm_status take_room(struct fdm_graph *graph, const struct fdm_tensor *tensor,
                                 size_t bytes, struct fdm_error *err)
{
    if (bytes > FDM_GRAPH_MAX_BYTES - graph->held_bytes)
        return fdm_fail(err, FDM_ERR_MEMORY,
                        "tensor '%s': the model's constants exceed %zu bytes together",
                        tensor->name, FDM_GRAPH_MAX_BYTES);
    return FDM_OK;
}

enum fdm_status fdm_graph_set_data(struct fdm_graph *graph, uint32_t tensor, const void *data,
                                   size_t bytes, struct fdm_error *err)
{
    struct fdm_tensor *to = &graph->tensors[tensor];
    enum fdm_status status = take_room(graph, to, bytes, err);
    if (status != FDM_OK)
        return status;
    void *copy = malloc(bytes != 0 ? bytes : 1);
    if (copy == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "tensor '%s': no memory for its %zu bytes", to->name,
                        bytes);
    if (bytes != 0)
        memcpy(copy, data, bytes);
    graph->held_bytes += bytes;
    graph->held_bytes -= to->data_bytes;
    free((void *)to->data);
    to->data = copy;
    to->data_bytes = bytes;
    return FDM_OK;
}

enum fdm_status fdm_graph_set_quant(struct fdm_graph *graph, uint32_t tensor, const float *scales,
                                    const int32_t *zero_points, uint32_t count, uint32_t axis,
                                    struct fdm_error *err)
{
    const size_t each = sizeof *scales + sizeof *zero_points;
    struct fdm_tensor *to = &graph->tensors[tensor];
    if (count == 0 || count > FDM_GRAPH_MAX_DIM)
        return fdm_fail(err, FDM_ERR_FORMAT, "tensor '%s': %u quantization scales", to->name,
                        count);
    enum fdm_status status = take_room(graph, to, count * each, err);
    if (status != FDM_OK)
        return status;
    struct fdm_quant quant = {count, axis, malloc(count * sizeof *scales),
                              malloc(count * sizeof *zero_points)};
    if (quant.scales == NULL || quant.zero_points == NULL) {
        release_quant(&quant);
        return fdm_fail(err, FDM_ERR_MEMORY, "tensor '%s': no memory for %u scales", to->name,
                        count);
    }
    memcpy(quant.scales, scales, count * sizeof *scales);
    memcpy(quant.zero_points, zero_points, count * sizeof *zero_points);
    graph->held_bytes += count * each;
    graph->held_bytes -= to->quant.count * each;
    release_quant(&to->quant);
    to->quant = quant;
    return FDM_OK;
}

static void pad_extent(uint32_t in, uint32_t kernel, uint32_t stride, uint32_t *before,
                       uint32_t *after)
{
    uint32_t out = (in + stride - 1) / stride;
    uint32_t needed = (out - 1) * stride + kernel;
    uint32_t padding = needed > in ? needed - in : 0;
    *before = padding / 2;
    *after = padding - padding / 2;
}

void fdm_graph_pad_same(struct fdm_op *op, const struct fdm_tensor *in,
                        const struct fdm_tensor *weights)
{
    if (in->rank != 4 || weights->rank != 4 || op->stride_h == 0 || op->stride_w == 0)
        return;
    pad_extent(in->dims[1], weights->dims[1], op->stride_h, &op->pad_top, &op->pad_bottom);
    pad_extent(in->dims[2], weights->dims[2], op->stride_w, &op->pad_left, &op->pad_right);
}

size_t fdm_tensor_elements(const struct fdm_tensor *tensor)
{
    size_t elements = 1;
    for (uint32_t i = 0; i < tensor->rank; i++)
        elements *= tensor->dims[i];
    return elements;
}

size_t fdm_type_bytes(enum fdm_type type)
{
    switch (type) {
    case FDM_TYPE_U8:
    case FDM_TYPE_S8:
        return 1;
    case FDM_TYPE_F32:
    case FDM_TYPE_S32:
        return 4;
    case FDM_TYPE_S64:
        return 8;
    }
    return 0;
}

const char *fdm_type_name(enum fdm_type type)
{
    switch (type) {
    case FDM_TYPE_F32:
        return "float32";
    case FDM_TYPE_U8:
        return "uint8";
    case FDM_TYPE_S8:
        return "int8";
    case FDM_TYPE_S32:
        return "int32";
    case FDM_TYPE_S64:
        return "int64";
    }
    return "unknown";
}

const char *fdm_op_name(enum fdm_op_kind kind)
{
    switch (kind) {
    case FDM_OP_QUANTIZE:
        return "QUANTIZE";
    case FDM_OP_DEQUANTIZE:
        return "DEQUANTIZE";
    case FDM_OP_CONV_2D:
        return "CONV_2D";
    case FDM_OP_DEPTHWISE_CONV:
        return "DEPTHWISE_CONV_2D";
    case FDM_OP_BATCH_NORM:
        return "BATCH_NORM";
    case FDM_OP_RELU:
        return "RELU";
    case FDM_OP_MEAN:
        return "MEAN";
    case FDM_OP_SOFTMAX:
        return "SOFTMAX";
    case FDM_OP_RESHAPE:
        return "RESHAPE";
    case FDM_OP_SHAPE:
        return "SHAPE";
    case FDM_OP_STRIDED_SLICE:
        return "STRIDED_SLICE";
    case FDM_OP_PACK:
        return "PACK";
    }
    return "unknown";
}

const char *fdm_format_name(enum fdm_format format)
{
    return format == FDM_FORMAT_INT8 ? "int8" : "float";
}
