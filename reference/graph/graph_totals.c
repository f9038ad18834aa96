#include "reference/graph/graph.h"

static bool is_convolution(const struct fdm_op *op)
{
    return op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV;
}

static bool is_shape_work(const struct fdm_op *op)
{
    return op->kind == FDM_OP_SHAPE || op->kind == FDM_OP_STRIDED_SLICE || op->kind == FDM_OP_PACK;
}

uint64_t fdm_op_macs(const struct fdm_graph *graph, const struct fdm_op *op)
{
    if (!is_convolution(op))
        return 0;
    const uint32_t *kernel = graph->tensors[op->inputs[1]].dims;
    uint64_t taps = (uint64_t)kernel[1] * kernel[2];
    if (op->kind == FDM_OP_CONV_2D)
        taps *= kernel[3];
    return taps * fdm_tensor_elements(&graph->tensors[op->output]);
}

static bool reads(const struct fdm_op *op, uint32_t tensor)
{
    for (uint32_t i = 0; i < op->input_count; i++)
        if (op->inputs[i] == tensor)
            return true;
    return false;
}

static bool read_between(const struct fdm_graph *graph, uint32_t tensor, uint32_t first,
                         uint32_t end)
{
    for (uint32_t i = first; i < end; i++)
        if (reads(&graph->ops[i], tensor))
            return true;
    return false;
}

static void count_constant(const struct fdm_graph *graph, uint32_t op, uint32_t operand,
                           uint64_t *count, struct fdm_graph_totals *totals)
{
    uint32_t index = graph->ops[op].inputs[operand];
    if (index == FDM_GRAPH_NONE || read_between(graph, index, 0, op))
        return;
    const struct fdm_tensor *tensor = &graph->tensors[index];
    *count += fdm_tensor_elements(tensor);
    totals->weight_bytes += tensor->data_bytes;
    if (count == &totals->weight_count)
        totals->scale_bytes += tensor->quant.count * sizeof(float);
}

static void count_parameters(const struct fdm_graph *graph, uint32_t op,
                             struct fdm_graph_totals *totals)
{
    const struct fdm_op *at = &graph->ops[op];
    if (is_convolution(at)) {
        count_constant(graph, op, 1, &totals->weight_count, totals);
        if (at->input_count > 2)
            count_constant(graph, op, 2, &totals->bias_count, totals);
    } else if (at->kind == FDM_OP_BATCH_NORM) {
        for (uint32_t i = 1; i < at->input_count; i++)
            count_constant(graph, op, i, &totals->other_parameters, totals);
    }
}

static uint64_t tensor_bytes(const struct fdm_graph *graph, uint32_t index)
{
    const struct fdm_tensor *tensor = &graph->tensors[index];
    return (uint64_t)fdm_tensor_elements(tensor) * fdm_type_bytes(tensor->type);
}

static bool dies_at(const struct fdm_graph *graph, uint32_t tensor, uint32_t op)
{
    return tensor != graph->output && !read_between(graph, tensor, op + 1, graph->op_count);
}

/* An operator that computes has one activation as its input, so a walk in execution order needs no
 * table of lifetimes. */
static uint64_t largest_live_bytes(const struct fdm_graph *graph)
{
    uint64_t live = tensor_bytes(graph, graph->input);
    uint64_t largest = live;
    for (uint32_t i = 0; i < graph->op_count; i++) {
        const struct fdm_op *op = &graph->ops[i];
        bool shape_work = is_shape_work(op);
        if (!shape_work)
            live += tensor_bytes(graph, op->output);
        if (live > largest)
            largest = live;
        /* SHAPE, too, can be the last reader of an activation. */
        bool reads_activation = !shape_work || op->kind == FDM_OP_SHAPE;
        if (reads_activation && dies_at(graph, op->inputs[0], i))
            live -= tensor_bytes(graph, op->inputs[0]);
        if (!shape_work && dies_at(graph, op->output, i))
            live -= tensor_bytes(graph, op->output);
    }
    return largest;
}

struct fdm_graph_totals fdm_graph_totals(const struct fdm_graph *graph)
{
    struct fdm_graph_totals totals = {0};
    for (uint32_t i = 0; i < graph->op_count; i++) {
        totals.macs += fdm_op_macs(graph, &graph->ops[i]);
        count_parameters(graph, i, &totals);
    }
    totals.parameters = totals.weight_count + totals.bias_count + totals.other_parameters;
    totals.activation_bytes = largest_live_bytes(graph);
    return totals;
}
