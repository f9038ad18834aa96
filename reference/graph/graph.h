/* The imported form of a model, on the host: operators, tensors, quantization.
 *
 * Importers fill it, the compiler and `inspect` read it. Tensors are NHWC with batch 1. A graph
 * owns all its memory; data pointers stay valid until fdm_graph_free(). An importer that returns
 * FDM_OK guarantees what fdm_graph_check() checks, so readers index without looking again. Names
 * come from model files: control characters in them are stored as '?'. */
#ifndef FDM_REFERENCE_GRAPH_GRAPH_H
#define FDM_REFERENCE_GRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

#define FDM_GRAPH_MAX_OPS 4096
#define FDM_GRAPH_MAX_TENSORS 16384
#define FDM_GRAPH_MAX_RANK 6
#define FDM_GRAPH_MAX_DIM 65536 /* one dimension */
#define FDM_GRAPH_MAX_STRIDE 16
#define FDM_GRAPH_MAX_ELEMENTS (1u << 28)     /* one tensor */
#define FDM_GRAPH_MAX_BYTES ((size_t)1 << 28) /* constants and scales of all tensors together */
#define FDM_GRAPH_MAX_NAME 255                /* bytes of a name; longer ones are cut */
#define FDM_GRAPH_NONE UINT32_MAX             /* "no tensor" where an operand is optional */

enum fdm_format { FDM_FORMAT_FLOAT, FDM_FORMAT_INT8 };

enum fdm_type { FDM_TYPE_F32, FDM_TYPE_U8, FDM_TYPE_S8, FDM_TYPE_S32, FDM_TYPE_S64 };

/* Operands in order. The first is an activation; weights, biases, batch norm's parameters, axes and
 * slice bounds are constants. "C" below is the channel count of the operator's input. */
enum fdm_op_kind {
    FDM_OP_QUANTIZE,       /* uint8 or float to int8, same shape */
    FDM_OP_DEQUANTIZE,     /* int8 to float, same shape */
    FDM_OP_CONV_2D,        /* in, weights [O,H,W,C], bias [O] or none */
    FDM_OP_DEPTHWISE_CONV, /* in, weights [1,H,W,C], bias [C] or none; depth multiplier 1 */
    FDM_OP_BATCH_NORM,     /* float only: in, gamma, beta, mean, variance, each [C] */
    FDM_OP_RELU,           /* float only; in int8 graphs it is the activation of the convolution */
    FDM_OP_MEAN,           /* over height and width: [1,H,W,C] to [1,C] or [1,1,1,C]; an optional
                            * second operand holds the axes, {1,2} */
    FDM_OP_SOFTMAX,        /* over the last dimension, beta 1; int8: output scale 1/256, zero point
                            * -128 */
    FDM_OP_RESHAPE,        /* data unchanged, quantization too; also dropout and flatten at
                            * inference. An optional second operand holds the shape, constant or
                            * computed by the three operators below */
    FDM_OP_SHAPE,          /* computes a constant shape; no work at run time */
    FDM_OP_STRIDED_SLICE,  /* likewise: in, begin, end, strides */
    FDM_OP_PACK            /* likewise: 1 to 6 scalars */
};

enum fdm_activation { FDM_ACTIVATION_NONE, FDM_ACTIVATION_RELU, FDM_ACTIVATION_RELU6 };

/* Affine quantization, real = scale * (q - zero_point). `scales` and `zero_points` hold `count`
 * values: 0 for a tensor that is not quantized, 1 for the whole tensor, otherwise one for each
 * index along dimension `axis`. Only weights (output channels: axis 0 of CONV_2D, 3 of
 * DEPTHWISE_CONV_2D) and biases have one per channel; their zero points are 0. */
struct fdm_quant {
    uint32_t count;
    uint32_t axis;
    float *scales;
    int32_t *zero_points;
};

struct fdm_tensor {
    char *name;
    enum fdm_type type;
    uint32_t rank;                     /* 0: one element */
    uint32_t dims[FDM_GRAPH_MAX_RANK]; /* each 1..FDM_GRAPH_MAX_DIM; batch is 1 */
    struct fdm_quant quant;
    const void
        *data; /* constant's bytes, aligned for `type`, host byte order; NULL for activations */
    size_t data_bytes;
    uint32_t file_index; /* the tensor's number in the model file */
};

struct fdm_op {
    char *name; /* the layer's name: output tensor's name in .tflite, layer name in .h5 */
    enum fdm_op_kind kind;
    uint32_t inputs[6];
    uint32_t input_count;
    uint32_t output;
    uint32_t stride_h, stride_w;    /* convolutions: 1..16 */
    uint32_t pad_top, pad_left;     /* convolutions: rows and columns of padding in front and */
    uint32_t pad_bottom, pad_right; /* behind, less than the kernel's: SAME or VALID, resolved */
    enum fdm_activation activation; /* convolutions; others NONE */
    float epsilon;                  /* batch norm: 0 or more */
};

struct fdm_graph {
    char *name;      /* the model's own name, or the file's */
    char sha256[65]; /* of the file */
    size_t file_bytes;
    enum fdm_format format; /* int8 when the convolutions are */
    struct fdm_tensor *tensors;
    uint32_t tensor_count;
    struct fdm_op
        *ops; /* in execution order: every operand is a constant, the input or computed before */
    uint32_t op_count;
    uint32_t input;    /* tensor [1,H,W,3]: uint8, int8 or float */
    uint32_t output;   /* tensor [1,P]: int8 or float */
    size_t held_bytes; /* counted against FDM_GRAPH_MAX_BYTES */
};

/* An empty graph with room for nothing; FDM_ERR_MEMORY. The caller frees it. */
enum fdm_status fdm_graph_new(const char *name, struct fdm_graph **out, struct fdm_error *err);
void fdm_graph_free(struct fdm_graph *graph);

/* Append; the new element is zeroed, its name copied. FDM_ERR_MEMORY past the bounds above.
 * Pointers to earlier elements become invalid; indices stay. */
enum fdm_status fdm_graph_add_tensor(struct fdm_graph *graph, const char *name, uint32_t *index,
                                     struct fdm_error *err);
enum fdm_status fdm_graph_add_op(struct fdm_graph *graph, const char *name, enum fdm_op_kind kind,
                                 uint32_t *index, struct fdm_error *err);
/* Gives a tensor a copy of `bytes`, aligned for any type. */
enum fdm_status fdm_graph_set_data(struct fdm_graph *graph, uint32_t tensor, const void *data,
                                   size_t bytes, struct fdm_error *err);
enum fdm_status fdm_graph_set_quant(struct fdm_graph *graph, uint32_t tensor, const float *scales,
                                    const int32_t *zero_points, uint32_t count, uint32_t axis,
                                    struct fdm_error *err);

/* Sets a convolution's padding to what TensorFlow calls SAME, from its strides: ceil(in / stride)
 * outputs, an odd row or column of padding behind. Operands must be of rank 4 with dimensions
 * within the bounds; otherwise nothing is set, and fdm_graph_check() will say so. */
void fdm_graph_pad_same(struct fdm_op *op, const struct fdm_tensor *in,
                        const struct fdm_tensor *weights);

/* Proves the promises of this header: indices in range, execution order (so no cycles), constants
 * as large as their shapes, shapes and types that follow from operands, float constants finite,
 * scales finite and positive, zero points in the type's range, per-channel counts equal to the
 * dimension, bias scales equal to input times weight scale (within 1e-5). Convolution kernels are
 * 1..255 high and wide. For int8 it proves too that no accumulator of a convolution or MEAN can
 * leave int32, whatever the input. FDM_ERR_FORMAT or FDM_ERR_UNSUPPORTED, naming the operator or
 * tensor; FDM_ERR_MEMORY. */
enum fdm_status fdm_graph_check(const struct fdm_graph *graph, struct fdm_error *err);

/* The product of the dimensions, which must be within the bounds above. */
size_t fdm_tensor_elements(const struct fdm_tensor *tensor);
size_t fdm_type_bytes(enum fdm_type type);
const char *fdm_type_name(enum fdm_type type);
const char *fdm_op_name(enum fdm_op_kind kind);      /* "CONV_2D" and so on */
const char *fdm_format_name(enum fdm_format format); /* "float", "int8" */

/* What `inspect` and the card's columns need, of a graph that passed fdm_graph_check(). A
 * multiply-accumulate is counted for every tap of every output, padding included; biases are not
 * counted as MACs. A constant that several operators use is counted once. */
struct fdm_graph_totals {
    uint64_t macs;
    uint64_t weight_count; /* elements of convolution kernels */
    uint64_t bias_count;
    uint64_t other_parameters; /* batch norm: gamma, beta, mean, variance */
    uint64_t parameters;       /* the three together: Keras's "total params" for a float model */
    uint64_t weight_bytes;     /* parameters as stored: the card's "Weights Flash" for int8 */
    uint64_t scale_bytes;      /* per-channel scales of the weights as float32 */
    /* Largest sum of live activations over the operators. Nothing is shared: an operator's input
     * and output both count, also for RESHAPE and QUANTIZE; shapes do not count. */
    uint64_t activation_bytes;
};
struct fdm_graph_totals fdm_graph_totals(const struct fdm_graph *graph);
/* 0 for operators other than the convolutions. */
uint64_t fdm_op_macs(const struct fdm_graph *graph, const struct fdm_op *op);

#endif
