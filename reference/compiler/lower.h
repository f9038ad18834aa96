/* Inside the compiler: from a graph's operators to a network's layers. */
#ifndef FDM_REFERENCE_COMPILER_LOWER_H
#define FDM_REFERENCE_COMPILER_LOWER_H

#include "reference/compiler/pool.h"
#include "reference/graph/graph.h"
#include "reference/network/network.h"
#include "reference/network/semantics.h"

/* A network under construction. The arrays have room for one layer per operator and one tensor per
 * tensor of the graph, and belong to `pool`. */
struct fdm_lowering {
    const struct fdm_graph *graph;
    const struct fdm_semantics *semantics; /* NULL for float graphs */
    struct fdm_pool *pool;
    struct fdm_network_layer *layers;
    struct fdm_network_tensor *tensors;
    uint32_t layer_count, tensor_count;
    uint32_t *tensor_of; /* the network's tensor of a graph's tensor, or FDM_GRAPH_NONE */
    uint32_t *reader_of; /* the only operator that reads a graph's tensor, or FDM_GRAPH_NONE */
    bool *fused;         /* operators that became part of an earlier one's layer */
};

/* Lowers every operator. Messages name it. */
enum fdm_status fdm_lower(struct fdm_lowering *lowering, struct fdm_error *err);

/* A new layer from `op`'s first input to the graph's tensor `output`, with name and MACs; its
 * parameters, weights and bias are the caller's to fill. */
enum fdm_status fdm_lower_layer(struct fdm_lowering *lowering, const struct fdm_op *op,
                                enum fdm_nn_op kernel, uint32_t output,
                                struct fdm_network_layer **out, struct fdm_error *err);
struct fdm_nn_conv_shape fdm_lower_conv_shape(const struct fdm_graph *graph,
                                              const struct fdm_op *op);
/* The constant of operand 2 of a convolution, or NULL. */
const struct fdm_tensor *fdm_lower_bias(const struct fdm_graph *graph, const struct fdm_op *op);

/* One operator each, by the type of its input. */
typedef enum fdm_status fdm_lower_op(struct fdm_lowering *lowering, const struct fdm_op *op,
                                     struct fdm_error *err);
fdm_lower_op fdm_lower_quantize;
fdm_lower_op fdm_lower_dequantize;
fdm_lower_op fdm_lower_conv_s8; /* both convolutions */
fdm_lower_op fdm_lower_mean_s8;
fdm_lower_op fdm_lower_softmax_s8;
fdm_lower_op fdm_lower_conv_f32; /* both convolutions, with batch norm and RELU behind them */
fdm_lower_op fdm_lower_mean_f32;
fdm_lower_op fdm_lower_softmax_f32;

#endif
