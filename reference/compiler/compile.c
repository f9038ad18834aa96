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

/* Parameters that the operators accept, so that no run can fail. */
static enum fdm_status check_layers(const struct fdm_network *network, struct fdm_error *err)
{
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        if (fdm_nn_check(layer->op, &layer->params, layer->bias) != FDM_NN_OK)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "layer %u ('%s'): its sizes, scales or biases are beyond our kernels",
                            i, layer->name);
    }
    return FDM_OK;
}

static void drop_requant(struct fdm_network_layer *layer)
{
    struct fdm_nn_requant *requant = layer->op == FDM_NN_OP_CONV_S8
                                         ? &layer->params.conv_s8.requant
                                         : &layer->params.dwconv_s8.conv.requant;
    requant->multiplier = NULL;
    requant->shift = NULL;
    requant->scale = NULL;
}

static enum fdm_status pack(struct fdm_pool *pool, const struct fdm_nn_kernel *kernel,
                            struct fdm_network_layer *layer, struct fdm_error *err)
{
    size_t bytes = kernel->packed_bytes(&layer->params);
    void *packed;
    enum fdm_status status = fdm_pool_alloc(pool, bytes, 1, &packed, err);
    if (status != FDM_OK)
        return status;
    kernel->pack(&layer->params, layer->weights, layer->bias, packed);
    layer->weights = packed;
    layer->weights_bytes = bytes;
    if ((kernel->holds & FDM_NN_HOLDS_BIAS) != 0) {
        layer->bias = NULL;
        layer->bias_bytes = 0;
    }
    if ((kernel->holds & FDM_NN_HOLDS_REQUANT) != 0)
        drop_requant(layer);
    return FDM_OK;
}

static enum fdm_status choose_kernels(struct fdm_lowering *lowering,
                                      const struct fdm_compile_options *options,
                                      struct fdm_network *network, struct fdm_error *err)
{
    unsigned isas = options != NULL && options->tuned ? options->isas : 0;
    network->engine = options != NULL && options->tuned ? "tuned" : "reference";
    for (uint32_t i = 0; i < lowering->layer_count; i++) {
        struct fdm_network_layer *layer = &lowering->layers[i];
        const struct fdm_nn_kernel *kernel = fdm_nn_choose(layer->op, &layer->params, isas);
        layer->run = kernel->run;
        layer->kernel = kernel->name;
        layer->scratch_bytes = kernel->scratch_bytes(&layer->params);
        enum fdm_status status =
            kernel->pack == NULL ? FDM_OK : pack(lowering->pool, kernel, layer, err);
        if (status != FDM_OK)
            return status;
    }
    return FDM_OK;
}

enum fdm_status fdm_compile(const struct fdm_graph *graph, const struct fdm_semantics *semantics,
                            const struct fdm_compile_options *options, struct fdm_network **out,
                            struct fdm_error *err)
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
        status = choose_kernels(&lowering, options, network, err);
    if (status == FDM_OK)
        status = fdm_plan_arena(network, lowering.layers, lowering.tensors,
                                options != NULL ? options->arena_limit : 0, err);
    if (status == FDM_OK) {
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
