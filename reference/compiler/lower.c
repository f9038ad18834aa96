#include "reference/compiler/lower.h"

static bool is_shape_work(enum fdm_op_kind kind)
{
    return kind == FDM_OP_SHAPE || kind == FDM_OP_STRIDED_SLICE || kind == FDM_OP_PACK;
}

static enum fdm_network_type network_type(enum fdm_type type)
{
    return type == FDM_TYPE_U8   ? FDM_NETWORK_U8
           : type == FDM_TYPE_S8 ? FDM_NETWORK_S8
                                 : FDM_NETWORK_F32;
}

/* The network's tensor for a graph's activation, made at first sight. */
static uint32_t lower_tensor(struct fdm_lowering *lowering, uint32_t graph_tensor)
{
    uint32_t *index = &lowering->tensor_of[graph_tensor];
    if (*index != FDM_GRAPH_NONE)
        return *index;
    const struct fdm_tensor *from = &lowering->graph->tensors[graph_tensor];
    struct fdm_network_tensor to = {.type = network_type(from->type), .h = 1, .w = 1};
    size_t elements = fdm_tensor_elements(from);
    to.bytes = elements * fdm_type_bytes(from->type);
    to.c = (int32_t)elements;
    if (from->rank == 4) {
        to.h = (int32_t)from->dims[1];
        to.w = (int32_t)from->dims[2];
        to.c = (int32_t)from->dims[3];
    }
    if (from->quant.count > 0) {
        to.scale = from->quant.scales[0];
        to.zero_point = from->quant.zero_points[0];
    }
    *index = lowering->tensor_count++;
    lowering->tensors[*index] = to;
    return *index;
}

enum fdm_status fdm_lower_layer(struct fdm_lowering *lowering, const struct fdm_op *op,
                                enum fdm_nn_op kernel, uint32_t output,
                                struct fdm_network_layer **out, struct fdm_error *err)
{
    struct fdm_network_layer *layer = &lowering->layers[lowering->layer_count++];
    layer->op = kernel;
    _Static_assert(FDM_GRAPH_MAX_TENSORS <= UINT16_MAX, "layers have room for every index");
    layer->input = (uint16_t)lower_tensor(lowering, op->inputs[0]);
    layer->output = (uint16_t)lower_tensor(lowering, output);
    layer->file_tensor = lowering->graph->tensors[output].file_index;
    layer->macs = fdm_op_macs(lowering->graph, op);
    *out = layer;
    return fdm_pool_copy_text(lowering->pool, op->name, &layer->name, err);
}

struct fdm_nn_conv_shape fdm_lower_conv_shape(const struct fdm_graph *graph,
                                              const struct fdm_op *op)
{
    const uint32_t *in = graph->tensors[op->inputs[0]].dims;
    const uint32_t *kernel = graph->tensors[op->inputs[1]].dims;
    const uint32_t *out = graph->tensors[op->output].dims;
    return (struct fdm_nn_conv_shape){
        .in_h = (int32_t)in[1],
        .in_w = (int32_t)in[2],
        .in_c = (int32_t)in[3],
        .out_h = (int32_t)out[1],
        .out_w = (int32_t)out[2],
        .out_c = (int32_t)out[3],
        .kernel_h = (int32_t)kernel[1],
        .kernel_w = (int32_t)kernel[2],
        .stride_h = (int32_t)op->stride_h,
        .stride_w = (int32_t)op->stride_w,
        .pad_top = (int32_t)op->pad_top,
        .pad_left = (int32_t)op->pad_left,
    };
}

const struct fdm_tensor *fdm_lower_bias(const struct fdm_graph *graph, const struct fdm_op *op)
{
    if (op->input_count < 3 || op->inputs[2] == FDM_GRAPH_NONE)
        return NULL;
    return &graph->tensors[op->inputs[2]];
}

/* RESHAPE: another name for the same bytes. */
static enum fdm_status lower_alias(struct fdm_lowering *lowering, const struct fdm_op *op,
                                   struct fdm_error *err)
{
    (void)err;
    lowering->tensor_of[op->output] = lower_tensor(lowering, op->inputs[0]);
    return FDM_OK;
}

static enum fdm_status nothing_to_do(struct fdm_lowering *lowering, const struct fdm_op *op,
                                     struct fdm_error *err)
{
    (void)lowering;
    (void)op;
    (void)err;
    return FDM_OK;
}

static enum fdm_status stands_alone(struct fdm_lowering *lowering, const struct fdm_op *op,
                                    struct fdm_error *err)
{
    (void)lowering;
    (void)op;
    return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                    "only supported directly behind a convolution that nothing else reads");
}

static fdm_lower_op *lower_of(const struct fdm_graph *graph, const struct fdm_op *op)
{
    bool quantized = graph->tensors[op->inputs[0]].type == FDM_TYPE_S8;
    switch (op->kind) {
    case FDM_OP_QUANTIZE:
        return fdm_lower_quantize;
    case FDM_OP_DEQUANTIZE:
        return fdm_lower_dequantize;
    case FDM_OP_CONV_2D:
    case FDM_OP_DEPTHWISE_CONV:
        return quantized ? fdm_lower_conv_s8 : fdm_lower_conv_f32;
    case FDM_OP_BATCH_NORM:
    case FDM_OP_RELU:
        return stands_alone;
    case FDM_OP_MEAN:
        return quantized ? fdm_lower_mean_s8 : fdm_lower_mean_f32;
    case FDM_OP_SOFTMAX:
        return quantized ? fdm_lower_softmax_s8 : fdm_lower_softmax_f32;
    case FDM_OP_RESHAPE:
        return lower_alias;
    case FDM_OP_SHAPE:
    case FDM_OP_STRIDED_SLICE:
    case FDM_OP_PACK:
        return nothing_to_do;
    }
    return stands_alone;
}

/* A tensor that is the graph's output, or has two readers, must exist as such. */
static void find_readers(struct fdm_lowering *lowering)
{
    const struct fdm_graph *graph = lowering->graph;
    const uint32_t many = graph->op_count;
    for (uint32_t i = 0; i < graph->tensor_count; i++)
        lowering->reader_of[i] = FDM_GRAPH_NONE;
    lowering->reader_of[graph->output] = many;
    for (uint32_t i = 0; i < graph->op_count; i++) {
        const struct fdm_op *op = &graph->ops[i];
        uint32_t *reader = &lowering->reader_of[op->inputs[0]];
        if (!is_shape_work(op->kind))
            *reader = *reader == FDM_GRAPH_NONE ? i : many;
    }
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        if (lowering->reader_of[i] == many)
            lowering->reader_of[i] = FDM_GRAPH_NONE;
    }
}

enum fdm_status fdm_lower(struct fdm_lowering *lowering, struct fdm_error *err)
{
    const struct fdm_graph *graph = lowering->graph;
    for (uint32_t i = 0; i < graph->tensor_count; i++)
        lowering->tensor_of[i] = FDM_GRAPH_NONE;
    find_readers(lowering);
    lower_tensor(lowering, graph->input);
    for (uint32_t i = 0; i < graph->op_count; i++) {
        const struct fdm_op *op = &graph->ops[i];
        if (lowering->fused[i])
            continue;
        enum fdm_status status = lower_of(graph, op)(lowering, op, err);
        if (status != FDM_OK) {
            fdm_error_context(err, "operator %u (%s '%s')", i, fdm_op_name(op->kind), op->name);
            return status;
        }
    }
    return FDM_OK;
}
