#include <string.h>

#include "reference/importers/tflite_model.h"
#include "reference/importers/tflite_schema.h"

/* ---- options ---- */

static enum fdm_status read_activation(const struct fdm_fb_table *options, unsigned field,
                                       struct fdm_op *op, struct fdm_error *err)
{
    uint8_t activation;
    enum fdm_status status = fdm_fb_get_u8(options, field, ACTIVATION_NONE, &activation, err);
    if (status != FDM_OK)
        return status;
    switch (activation) {
    case ACTIVATION_NONE:
        op->activation = FDM_ACTIVATION_NONE;
        return FDM_OK;
    case ACTIVATION_RELU:
        op->activation = FDM_ACTIVATION_RELU;
        return FDM_OK;
    case ACTIVATION_RELU6:
        op->activation = FDM_ACTIVATION_RELU6;
        return FDM_OK;
    default:
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "byte %u: fused activation %u; NONE, RELU and RELU6 are supported",
                        options->at, activation);
    }
}

static enum fdm_status read_ranged(const struct fdm_fb_table *options, unsigned field,
                                   int32_t otherwise, int32_t max, const char *what, uint32_t *out,
                                   struct fdm_error *err)
{
    int32_t value;
    enum fdm_status status = fdm_fb_get_i32(options, field, otherwise, &value, err);
    if (status != FDM_OK)
        return status;
    if (value < 1 || value > max)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: %s %d, supported are 1 to %d",
                        options->at, what, value, max);
    *out = (uint32_t)value;
    return FDM_OK;
}

/* The two dilation factors, 1 as they must be for now. */
static enum fdm_status check_dilation(const struct fdm_fb_table *options, unsigned first_field,
                                      struct fdm_error *err)
{
    uint32_t one;
    enum fdm_status status = read_ranged(options, first_field, 1, 1, "dilation", &one, err);
    if (status == FDM_OK)
        status = read_ranged(options, first_field + 1, 1, 1, "dilation", &one, err);
    return status;
}

static enum fdm_status read_strides(const struct fdm_fb_table *options, unsigned field_w,
                                    unsigned field_h, struct fdm_op *op, struct fdm_error *err)
{
    enum fdm_status status =
        read_ranged(options, field_w, 0, FDM_GRAPH_MAX_STRIDE, "stride", &op->stride_w, err);
    if (status == FDM_OK)
        status =
            read_ranged(options, field_h, 0, FDM_GRAPH_MAX_STRIDE, "stride", &op->stride_h, err);
    return status;
}

static enum fdm_status read_padding(const struct fdm_fb_table *options, unsigned field,
                                    const struct fdm_graph *graph, struct fdm_op *op,
                                    struct fdm_error *err)
{
    uint8_t padding;
    enum fdm_status status = fdm_fb_get_u8(options, field, PADDING_SAME, &padding, err);
    if (status != FDM_OK)
        return status;
    if (padding != PADDING_SAME && padding != PADDING_VALID)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: padding %u", options->at, padding);
    /* fdm_graph_check() refuses operands that are not there and outputs that do not fit. */
    if (padding == PADDING_SAME && op->input_count > 1 && op->inputs[1] < graph->tensor_count &&
        op->inputs[0] < graph->tensor_count)
        fdm_graph_pad_same(op, &graph->tensors[op->inputs[0]], &graph->tensors[op->inputs[1]]);
    return FDM_OK;
}

static enum fdm_status read_conv(const struct fdm_fb_table *options, struct fdm_graph *graph,
                                 struct fdm_op *op, struct fdm_error *err)
{
    enum fdm_status status = read_strides(options, CONV_STRIDE_W, CONV_STRIDE_H, op, err);
    if (status == FDM_OK)
        status = check_dilation(options, CONV_DILATION_W, err);
    if (status == FDM_OK)
        status = read_activation(options, CONV_ACTIVATION, op, err);
    return status == FDM_OK ? read_padding(options, CONV_PADDING, graph, op, err) : status;
}

static enum fdm_status read_depthwise(const struct fdm_fb_table *options, struct fdm_graph *graph,
                                      struct fdm_op *op, struct fdm_error *err)
{
    uint32_t one;
    enum fdm_status status = read_strides(options, DEPTHWISE_STRIDE_W, DEPTHWISE_STRIDE_H, op, err);
    if (status == FDM_OK)
        status = read_ranged(options, DEPTHWISE_MULTIPLIER, 0, 1, "depth multiplier", &one, err);
    if (status == FDM_OK)
        status = check_dilation(options, DEPTHWISE_DILATION_W, err);
    if (status == FDM_OK)
        status = read_activation(options, DEPTHWISE_ACTIVATION, op, err);
    return status == FDM_OK ? read_padding(options, DEPTHWISE_PADDING, graph, op, err) : status;
}

static enum fdm_status read_softmax(const struct fdm_fb_table *options, struct fdm_graph *graph,
                                    struct fdm_op *op, struct fdm_error *err)
{
    (void)graph;
    (void)op;
    float beta;
    enum fdm_status status = fdm_fb_get_f32(options, SOFTMAX_BETA, 0, &beta, err);
    if (status == FDM_OK && beta != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: beta %g, only 1 is supported",
                        options->at, (double)beta);
    return status;
}

static enum fdm_status read_mean(const struct fdm_fb_table *options, struct fdm_graph *graph,
                                 struct fdm_op *op, struct fdm_error *err)
{
    uint8_t keep_dims;
    enum fdm_status status = fdm_fb_get_u8(options, REDUCER_KEEP_DIMS, 0, &keep_dims, err);
    if (status != FDM_OK)
        return status;
    if (op->input_count != 2)
        return fdm_fail(err, FDM_ERR_FORMAT, "%u inputs, expected 2", op->input_count);
    uint32_t rank = graph->tensors[op->output].rank;
    if (rank != (keep_dims != 0 ? 4 : 2))
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "byte %u: keep_dims is %u, its output has %u dimensions", options->at,
                        keep_dims, rank);
    return FDM_OK;
}

static enum fdm_status read_strided_slice(const struct fdm_fb_table *options,
                                          struct fdm_graph *graph, struct fdm_op *op,
                                          struct fdm_error *err)
{
    (void)graph;
    (void)op;
    int32_t ellipsis = 0;
    int32_t new_axis = 0;
    enum fdm_status status =
        fdm_fb_get_i32(options, STRIDED_SLICE_ELLIPSIS_MASK, 0, &ellipsis, err);
    if (status == FDM_OK)
        status = fdm_fb_get_i32(options, STRIDED_SLICE_NEW_AXIS_MASK, 0, &new_axis, err);
    if (status == FDM_OK && (ellipsis != 0 || new_axis != 0))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: ellipsis or new axis", options->at);
    return status;
}

static enum fdm_status read_pack(const struct fdm_fb_table *options, struct fdm_graph *graph,
                                 struct fdm_op *op, struct fdm_error *err)
{
    (void)graph;
    (void)op;
    int32_t axis;
    enum fdm_status status = fdm_fb_get_i32(options, PACK_AXIS, 0, &axis, err);
    if (status == FDM_OK && axis != 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: axis %d, only 0 is supported",
                        options->at, axis);
    return status;
}

/* ---- operators ---- */

/* `read` runs with the operands set, on the member `options` of the union; NULL where options say
 * nothing that we need. */
static const struct known {
    int32_t code;
    enum fdm_op_kind kind;
    enum tflite_options options;
    enum fdm_status (*read)(const struct fdm_fb_table *options, struct fdm_graph *graph,
                            struct fdm_op *op, struct fdm_error *err);
} known_ops[] = {
    {BUILTIN_CONV_2D, FDM_OP_CONV_2D, OPTIONS_CONV_2D, read_conv},
    {BUILTIN_DEPTHWISE_CONV_2D, FDM_OP_DEPTHWISE_CONV, OPTIONS_DEPTHWISE_CONV_2D, read_depthwise},
    {BUILTIN_DEQUANTIZE, FDM_OP_DEQUANTIZE, OPTIONS_NONE, NULL},
    {BUILTIN_MEAN, FDM_OP_MEAN, OPTIONS_REDUCER, read_mean},
    {BUILTIN_PACK, FDM_OP_PACK, OPTIONS_PACK, read_pack},
    {BUILTIN_QUANTIZE, FDM_OP_QUANTIZE, OPTIONS_NONE, NULL},
    {BUILTIN_RESHAPE, FDM_OP_RESHAPE, OPTIONS_NONE, NULL},
    {BUILTIN_SHAPE, FDM_OP_SHAPE, OPTIONS_NONE, NULL},
    {BUILTIN_SOFTMAX, FDM_OP_SOFTMAX, OPTIONS_SOFTMAX, read_softmax},
    {BUILTIN_STRIDED_SLICE, FDM_OP_STRIDED_SLICE, OPTIONS_STRIDED_SLICE, read_strided_slice},
};

/* Operators that other image classifiers have, so that a refusal can name them. */
static const struct {
    int32_t code;
    const char *name;
} other_ops[] = {
    {0, "ADD"},
    {1, "AVERAGE_POOL_2D"},
    {2, "CONCATENATION"},
    {9, "FULLY_CONNECTED"},
    {14, "LOGISTIC"},
    {17, "MAX_POOL_2D"},
    {18, "MUL"},
    {19, "RELU"},
    {21, "RELU6"},
    {23, "RESIZE_BILINEAR"},
    {28, "TANH"},
    {34, "PAD"},
    {36, "GATHER"},
    {39, "TRANSPOSE"},
    {41, "SUB"},
    {42, "DIV"},
    {43, "SQUEEZE"},
    {47, "EXP"},
    {53, "CAST"},
    {54, "PRELU"},
    {56, "ARG_MAX"},
    {60, "PADV2"},
    {65, "SLICE"},
    {67, "TRANSPOSE_CONV"},
    {70, "EXPAND_DIMS"},
    {74, "SUM"},
    {97, "RESIZE_NEAREST_NEIGHBOR"},
    {98, "LEAKY_RELU"},
    {99, "SQUARED_DIFFERENCE"},
    {111, "ELU"},
    {117, "HARD_SWISH"},
    {126, "BATCH_MATMUL"},
    {150, "GELU"},
};

static enum fdm_status refuse(int32_t code, const struct fdm_fb_table *table, struct fdm_error *err)
{
    char custom[64] = "";
    if (code == BUILTIN_CUSTOM &&
        fdm_fb_get_string(table, OPERATOR_CODE_CUSTOM, custom, sizeof custom, NULL) == FDM_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "custom operator '%s' is not supported", custom);
    for (size_t i = 0; i < sizeof other_ops / sizeof other_ops[0]; i++)
        if (other_ops[i].code == code)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s (operator code %d) is not supported",
                            other_ops[i].name, code);
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "operator code %d is not supported", code);
}

static const struct known *find_known(int32_t code)
{
    for (size_t i = 0; i < sizeof known_ops / sizeof known_ops[0]; i++)
        if (known_ops[i].code == code)
            return &known_ops[i];
    return NULL;
}

/* Old files use the first field, newer ones both; where they differ the larger one counts. */
static enum fdm_status read_code(const struct fdm_tflite *model, const struct fdm_fb_table *table,
                                 struct fdm_fb_table *code_table, int32_t *code,
                                 struct fdm_error *err)
{
    uint32_t index;
    uint8_t deprecated = 0;
    enum fdm_status status = fdm_fb_get_u32(table, OPERATOR_OPCODE_INDEX, 0, &index, err);
    if (status != FDM_OK)
        return status;
    if (index >= model->operator_codes.count)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: operator code %u of %u", table->at, index,
                        model->operator_codes.count);
    status = fdm_fb_table_at(&model->operator_codes, index, code_table, err);
    if (status == FDM_OK)
        status = fdm_fb_get_u8(code_table, OPERATOR_CODE_DEPRECATED_BUILTIN, 0, &deprecated, err);
    if (status == FDM_OK)
        status = fdm_fb_get_i32(code_table, OPERATOR_CODE_BUILTIN, 0, code, err);
    if (status == FDM_OK && deprecated <= INT8_MAX && deprecated > *code)
        *code = deprecated;
    return status;
}

/* A tensor's number; -1 says that an operand is left out. */
static enum fdm_status read_index(const struct fdm_graph *graph, const struct fdm_fb_vector *vector,
                                  uint32_t position, uint32_t *out, struct fdm_error *err)
{
    int32_t index = fdm_fb_i32_at(vector, position);
    if (index < -1 || (index >= 0 && (uint32_t)index >= graph->tensor_count))
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: tensor %d of %u", vector->at + position * 4,
                        index, graph->tensor_count);
    *out = index >= 0 ? (uint32_t)index : FDM_GRAPH_NONE;
    return FDM_OK;
}

static enum fdm_status read_operands(const struct fdm_graph *graph,
                                     const struct fdm_fb_table *table, struct fdm_op *op,
                                     struct fdm_error *err)
{
    struct fdm_fb_vector inputs;
    struct fdm_fb_vector outputs;
    const uint32_t room = sizeof op->inputs / sizeof op->inputs[0];
    enum fdm_status status = fdm_fb_get_vector(table, OPERATOR_INPUTS, 4, &inputs, err);
    if (status == FDM_OK)
        status = fdm_fb_get_vector(table, OPERATOR_OUTPUTS, 4, &outputs, err);
    if (status != FDM_OK)
        return status;
    if (inputs.count > room || outputs.count != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "byte %u: %u inputs and %u outputs; at most %u and one are supported",
                        table->at, inputs.count, outputs.count, room);
    for (uint32_t i = 0; status == FDM_OK && i < inputs.count; i++)
        status = read_index(graph, &inputs, i, &op->inputs[i], err);
    op->input_count = inputs.count;
    if (status == FDM_OK)
        status = read_index(graph, &outputs, 0, &op->output, err);
    if (status == FDM_OK && op->output == FDM_GRAPH_NONE)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: no output", outputs.at);
    return status;
}

static enum fdm_status read_options(const struct known *known, const struct fdm_fb_table *table,
                                    struct fdm_graph *graph, struct fdm_op *op,
                                    struct fdm_error *err)
{
    if (known->read == NULL)
        return FDM_OK;
    struct fdm_fb_table options;
    uint8_t type = OPTIONS_NONE;
    enum fdm_status status = fdm_fb_get_u8(table, OPERATOR_OPTIONS_TYPE, OPTIONS_NONE, &type, err);
    if (status == FDM_OK)
        status = fdm_fb_get_table(table, OPERATOR_OPTIONS, &options, err);
    if (status != FDM_OK)
        return status;
    if (type != (uint8_t)known->options || options.fb == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: options of type %u, expected %d", table->at,
                        type, (int)known->options);
    return known->read(&options, graph, op, err);
}

static enum fdm_status add_op(const struct fdm_tflite *model, const struct fdm_fb_table *table,
                              const struct known *known, struct fdm_error *err)
{
    struct fdm_graph *graph = model->graph;
    struct fdm_op read = {0};
    uint32_t index = 0;
    enum fdm_status status = read_operands(graph, table, &read, err);
    if (status == FDM_OK)
        status = read_options(known, table, graph, &read, err);
    if (status == FDM_OK)
        status =
            fdm_graph_add_op(graph, graph->tensors[read.output].name, known->kind, &index, err);
    if (status != FDM_OK)
        return status;
    struct fdm_op *op = &graph->ops[index];
    read.name = op->name;
    read.kind = op->kind;
    *op = read;
    bool convolution = op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV;
    if (convolution && op->input_count > 0 && op->inputs[0] != FDM_GRAPH_NONE &&
        graph->tensors[op->inputs[0]].type == FDM_TYPE_S8)
        graph->format = FDM_FORMAT_INT8;
    return FDM_OK;
}

static enum fdm_status read_op(const struct fdm_tflite *model, uint32_t index,
                               struct fdm_error *err)
{
    struct fdm_fb_table table;
    struct fdm_fb_table code_table = {0};
    int32_t code = 0;
    enum fdm_status status = fdm_fb_table_at(&model->operators, index, &table, err);
    if (status == FDM_OK)
        status = read_code(model, &table, &code_table, &code, err);
    if (status != FDM_OK)
        return status;
    const struct known *known = find_known(code);
    if (known == NULL)
        return refuse(code, &code_table, err);
    status = add_op(model, &table, known, err);
    if (status != FDM_OK)
        fdm_error_context(err, "%s", fdm_op_name(known->kind));
    return status;
}

enum fdm_status fdm_tflite_read_ops(struct fdm_tflite *model, struct fdm_error *err)
{
    for (uint32_t i = 0; i < model->operators.count; i++) {
        enum fdm_status status = read_op(model, i, err);
        if (status != FDM_OK) {
            fdm_error_context(err, "operator %u", i);
            return status;
        }
    }
    return FDM_OK;
}
