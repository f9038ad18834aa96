#include "reference/compiler/compile.h"

#include <stdlib.h>

#include "reference/compiler/lower.h"
#include "reference/compiler/plan.h"
#include "reference/compiler/pool.h"

/* What fdm_network_free() gets back. */
struct compiled {
    struct fdm_network network;
    struct fdm_pool pool;
};

static enum fdm_status check_edges(const struct fdm_graph *graph,
                                   const struct fdm_semantics *semantics, struct fdm_error *err)
{
    bool int8 = graph->format == FDM_FORMAT_INT8;
    if (int8 && semantics == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "an int8 model needs semantics, for example %s",
                        FDM_SEMANTICS_DEFAULT);
    enum fdm_type in = graph->tensors[graph->input].type;
    enum fdm_type out = graph->tensors[graph->output].type;
    if (in != (int8 ? FDM_TYPE_U8 : FDM_TYPE_F32) || out != FDM_TYPE_F32)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "%s model with %s input and %s output; expected %s and float32",
                        fdm_format_name(graph->format), fdm_type_name(in), fdm_type_name(out),
                        int8 ? "uint8" : "float32");
    return FDM_OK;
}

static enum fdm_status allocate(struct fdm_lowering *lowering, struct fdm_error *err)
{
    const struct fdm_graph *graph = lowering->graph;
    void *blocks[5] = {0};
    const size_t counts[5] = {graph->op_count, graph->tensor_count, graph->tensor_count,
                              graph->tensor_count, graph->op_count};
    const size_t sizes[5] = {sizeof *lowering->layers, sizeof *lowering->tensors,
                             sizeof *lowering->tensor_of, sizeof *lowering->reader_of,
                             sizeof *lowering->fused};
    enum fdm_status status = FDM_OK;
    for (int i = 0; status == FDM_OK && i < 5; i++)
        status = fdm_pool_alloc(lowering->pool, counts[i], sizes[i], &blocks[i], err);
    lowering->layers = blocks[0];
    lowering->tensors = blocks[1];
    lowering->tensor_of = blocks[2];
    lowering->reader_of = blocks[3];
    lowering->fused = blocks[4];
    return status;
}

static enum fdm_status describe(const struct fdm_lowering *lowering, struct fdm_network *network,
                                struct fdm_error *err)
{
    const struct fdm_graph *graph = lowering->graph;
    network->kernels = &fdm_network_reference_kernels;
    network->layers = lowering->layers;
    network->layer_count = lowering->layer_count;
    network->tensors = lowering->tensors;
    network->tensor_count = lowering->tensor_count;
    network->input = lowering->tensor_of[graph->input];
    network->output = lowering->tensor_of[graph->output];
    enum fdm_status status = fdm_pool_copy_text(lowering->pool, graph->name, &network->name, err);
    if (status == FDM_OK)
        status = fdm_pool_copy_text(lowering->pool, graph->sha256, &network->sha256, err);
    if (status == FDM_OK && graph->format == FDM_FORMAT_INT8)
        status =
            fdm_pool_copy_text(lowering->pool, lowering->semantics->name, &network->semantics, err);
    return status;
}

/* The kernels' own opinion of every layer, so that a run cannot be refused. */
static enum fdm_status check_layers(struct fdm_network *network, struct fdm_error *err)
{
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        const struct fdm_network_kernel *kernel = &network->kernels->op[layer->op];
        if (kernel->check(layer) != FDM_NN_OK)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "layer %u ('%s'): its sizes, scales or biases are beyond our kernels",
                            i, layer->name);
        size_t scratch = kernel->scratch_bytes(layer);
        if (scratch > network->scratch_bytes)
            network->scratch_bytes = scratch;
    }
    return FDM_OK;
}

enum fdm_status fdm_compile(const struct fdm_graph *graph, const struct fdm_semantics *semantics,
                            struct fdm_network **out, struct fdm_error *err)
{
    *out = NULL;
    enum fdm_status status = check_edges(graph, semantics, err);
    struct compiled *compiled = NULL;
    if (status != FDM_OK)
        goto done;
    compiled = calloc(1, sizeof *compiled);
    if (compiled == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory for a network");
        goto done;
    }
    struct fdm_network *network = &compiled->network;
    struct fdm_lowering lowering = {
        .graph = graph, .semantics = semantics, .pool = &compiled->pool};
    status = allocate(&lowering, err);
    if (status == FDM_OK)
        status = fdm_lower(&lowering, err);
    if (status == FDM_OK)
        status = describe(&lowering, network, err);
    if (status == FDM_OK)
        status = check_layers(network, err);
    if (status == FDM_OK)
        status = fdm_plan_arena(network, lowering.tensors, &network->activation_bytes, err);
    if (status == FDM_OK) {
        network->arena_bytes = network->activation_bytes + network->scratch_bytes;
        *out = network;
        return FDM_OK;
    }
done:
    fdm_error_context(err, "%s", graph->name);
    if (compiled != NULL)
        fdm_network_free(&compiled->network);
    return status;
}

void fdm_network_free(struct fdm_network *network)
{
    if (network == NULL)
        return;
    struct compiled *compiled = (struct compiled *)network;
    fdm_pool_release(&compiled->pool);
    free(compiled);
}
