#include "reference/quantizer/tflite_writer.h"

#include <stdlib.h>
#include <string.h>

#include "reference/importers/tflite_schema.h"
#include "reference/quantizer/flatbuffer_builder.h"

#define DATA_ALIGNMENT 16

/* What the operators of one kind and type have in common. */
static const struct known {
    enum fdm_op_kind kind;
    int32_t code;
    uint32_t version_f32, version_s8; /* by the type of the input */
} known_ops[] = {
    {FDM_OP_QUANTIZE, BUILTIN_QUANTIZE, 1, 1},
    {FDM_OP_DEQUANTIZE, BUILTIN_DEQUANTIZE, 1, 2},
    {FDM_OP_CONV_2D, BUILTIN_CONV_2D, 1, 3},
    {FDM_OP_DEPTHWISE_CONV, BUILTIN_DEPTHWISE_CONV_2D, 1, 3},
    {FDM_OP_MEAN, BUILTIN_MEAN, 1, 2},
    {FDM_OP_SOFTMAX, BUILTIN_SOFTMAX, 1, 2},
    {FDM_OP_RESHAPE, BUILTIN_RESHAPE, 1, 1},
};
#define KNOWN_OPS (sizeof known_ops / sizeof known_ops[0])
#define MAX_CODES (2 * KNOWN_OPS)

struct code {
    int32_t builtin;
    uint32_t version;
};

struct writer {
    const struct fdm_graph *graph;
    struct fdm_buf *out;
    struct code codes[MAX_CODES]; /* in order of first use */
    uint32_t code_count;
    uint32_t *code_of;   /* per operator */
    uint32_t *buffer_of; /* per tensor; 0: the empty one */
    uint32_t buffer_count;
};

/* ---- what the file will hold ---- */

static enum fdm_status code_for(const struct fdm_graph *graph, const struct fdm_op *op,
                                struct code *out, struct fdm_error *err)
{
    if (op->kind == FDM_OP_MEAN && op->input_count < 2)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "needs its axes as an operand");
    for (size_t i = 0; i < KNOWN_OPS; i++) {
        if (known_ops[i].kind != op->kind)
            continue;
        bool quantized = graph->tensors[op->inputs[0]].type == FDM_TYPE_S8;
        out->builtin = known_ops[i].code;
        out->version = quantized ? known_ops[i].version_s8 : known_ops[i].version_f32;
        return FDM_OK;
    }
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "cannot be written");
}

static enum fdm_status number_codes(struct writer *w, struct fdm_error *err)
{
    for (uint32_t i = 0; i < w->graph->op_count; i++) {
        const struct fdm_op *op = &w->graph->ops[i];
        struct code code = {0};
        enum fdm_status status = code_for(w->graph, op, &code, err);
        if (status != FDM_OK) {
            fdm_error_context(err, "operator %u (%s '%s')", i, fdm_op_name(op->kind), op->name);
            return status;
        }
        uint32_t at = 0;
        while (at < w->code_count &&
               (w->codes[at].builtin != code.builtin || w->codes[at].version != code.version))
            at++;
        w->codes[at] = code;
        w->code_count = at == w->code_count ? at + 1 : w->code_count;
        w->code_of[i] = at;
    }
    return FDM_OK;
}

static void number_buffers(struct writer *w)
{
    w->buffer_count = 1;
    for (uint32_t i = 0; i < w->graph->tensor_count; i++)
        w->buffer_of[i] = w->graph->tensors[i].data != NULL ? w->buffer_count++ : 0;
}

/* ---- operator codes, buffers ---- */

static void add_codes(struct writer *w, size_t model)
{
    size_t vector = fdm_fb_add_vector(w->out, NULL, w->code_count, 4, 4);
    fdm_fb_link_field(w->out, model, MODEL_OPERATOR_CODES, vector);
    for (uint32_t i = 0; i < w->code_count; i++) {
        uint32_t builtin = (uint32_t)w->codes[i].builtin;
        const struct fdm_fb_field fields[] = {
            {OPERATOR_CODE_DEPRECATED_BUILTIN, 1, builtin},
            {OPERATOR_CODE_VERSION, 4, w->codes[i].version},
            {OPERATOR_CODE_BUILTIN, 4, builtin},
        };
        fdm_fb_link_element(w->out, vector, i, fdm_fb_add_table(w->out, fields, 3));
    }
}

/* A constant's bytes in the file's order. */
static void append_little(struct fdm_buf *out, const struct fdm_tensor *tensor)
{
    size_t bytes = fdm_type_bytes(tensor->type);
    const unsigned char *from = tensor->data;
    for (size_t at = 0; bytes > 1 && at < tensor->data_bytes; at += bytes) {
        uint64_t wide = 0;
        uint32_t word = 0;
        memcpy(bytes == 8 ? (void *)&wide : (void *)&word, from + at, bytes);
        unsigned char little[8];
        for (size_t i = 0; i < bytes; i++)
            little[i] = (unsigned char)((wide | word) >> (8 * i));
        fdm_buf_append(out, little, bytes);
    }
    if (bytes == 1)
        fdm_buf_append(out, from, tensor->data_bytes);
}

static size_t add_data(struct writer *w, const struct fdm_tensor *tensor)
{
    struct fdm_buf little;
    fdm_buf_init(&little);
    append_little(&little, tensor);
    size_t vector = 0;
    if (little.failed)
        w->out->failed = true;
    else
        vector = fdm_fb_add_vector(w->out, little.data, (uint32_t)little.len, 1, DATA_ALIGNMENT);
    fdm_buf_release(&little);
    return vector;
}

static void add_buffers(struct writer *w, size_t model)
{
    static const struct fdm_fb_field data = {BUFFER_DATA, 4, 0};
    size_t vector = fdm_fb_add_vector(w->out, NULL, w->buffer_count, 4, 4);
    fdm_fb_link_field(w->out, model, MODEL_BUFFERS, vector);
    fdm_fb_link_element(w->out, vector, 0, fdm_fb_add_table(w->out, NULL, 0));
    for (uint32_t i = 0; i < w->graph->tensor_count; i++) {
        if (w->buffer_of[i] == 0)
            continue;
        size_t buffer = fdm_fb_add_table(w->out, &data, 1);
        fdm_fb_link_element(w->out, vector, w->buffer_of[i], buffer);
        fdm_fb_link_field(w->out, buffer, BUFFER_DATA, add_data(w, &w->graph->tensors[i]));
    }
}

/* ---- tensors ---- */

static uint32_t type_code(enum fdm_type type)
{
    switch (type) {
    case FDM_TYPE_F32:
        return TYPE_FLOAT32;
    case FDM_TYPE_U8:
        return TYPE_UINT8;
    case FDM_TYPE_S8:
        return TYPE_INT8;
    case FDM_TYPE_S32:
        return TYPE_INT32;
    case FDM_TYPE_S64:
        return TYPE_INT64;
    }
    return TYPE_FLOAT32;
}

static size_t add_zero_points(struct writer *w, const struct fdm_quant *quant)
{
    int64_t *wide = malloc(quant->count * sizeof *wide);
    if (wide == NULL) {
        w->out->failed = true;
        return 0;
    }
    for (uint32_t i = 0; i < quant->count; i++)
        wide[i] = quant->zero_points[i];
    size_t vector = fdm_fb_add_vector(w->out, wide, quant->count, sizeof *wide, sizeof *wide);
    free(wide);
    return vector;
}

static size_t add_quant(struct writer *w, const struct fdm_quant *quant)
{
    const struct fdm_fb_field fields[] = {
        {QUANTIZATION_SCALE, 4, 0},
        {QUANTIZATION_ZERO_POINT, 4, 0},
        {QUANTIZATION_DIMENSION, 4, quant->axis},
    };
    size_t table = fdm_fb_add_table(w->out, fields, 3);
    fdm_fb_link_field(w->out, table, QUANTIZATION_SCALE,
                      fdm_fb_add_vector(w->out, quant->scales, quant->count, 4, 4));
    fdm_fb_link_field(w->out, table, QUANTIZATION_ZERO_POINT, add_zero_points(w, quant));
    return table;
}

static size_t add_tensor(struct writer *w, uint32_t index)
{
    const struct fdm_tensor *tensor = &w->graph->tensors[index];
    const struct fdm_fb_field fields[] = {
        {TENSOR_SHAPE, 4, 0},
        {TENSOR_TYPE, 1, type_code(tensor->type)},
        {TENSOR_BUFFER, 4, w->buffer_of[index]},
        {TENSOR_NAME, 4, 0},
        {TENSOR_QUANTIZATION, 4, 0},
    };
    bool quantized = tensor->quant.count > 0;
    size_t table = fdm_fb_add_table(w->out, fields, quantized ? 5 : 4);
    fdm_fb_link_field(w->out, table, TENSOR_SHAPE,
                      fdm_fb_add_vector(w->out, tensor->dims, tensor->rank, 4, 4));
    fdm_fb_link_field(w->out, table, TENSOR_NAME, fdm_fb_add_string(w->out, tensor->name));
    if (quantized)
        fdm_fb_link_field(w->out, table, TENSOR_QUANTIZATION, add_quant(w, &tensor->quant));
    return table;
}

/* ---- operators ---- */

static uint32_t activation_code(enum fdm_activation activation)
{
    return activation == FDM_ACTIVATION_RELU    ? ACTIVATION_RELU
           : activation == FDM_ACTIVATION_RELU6 ? ACTIVATION_RELU6
                                                : ACTIVATION_NONE;
}

static enum fdm_status padding_code(const struct fdm_graph *graph, const struct fdm_op *op,
                                    uint32_t *out, struct fdm_error *err)
{
    struct fdm_op same = *op;
    fdm_graph_pad_same(&same, &graph->tensors[op->inputs[0]], &graph->tensors[op->inputs[1]]);
    *out = PADDING_SAME;
    if (same.pad_top == op->pad_top && same.pad_bottom == op->pad_bottom &&
        same.pad_left == op->pad_left && same.pad_right == op->pad_right)
        return FDM_OK;
    *out = PADDING_VALID;
    if (op->pad_top == 0 && op->pad_bottom == 0 && op->pad_left == 0 && op->pad_right == 0)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "padding that is neither SAME nor VALID");
}

static enum fdm_status add_conv_options(struct writer *w, const struct fdm_op *op, size_t *table,
                                        struct fdm_error *err)
{
    uint32_t padding;
    enum fdm_status status = padding_code(w->graph, op, &padding, err);
    if (status != FDM_OK)
        return status;
    const struct fdm_fb_field fields[] = {
        {CONV_PADDING, 1, padding},       {CONV_STRIDE_W, 4, op->stride_w},
        {CONV_STRIDE_H, 4, op->stride_h}, {CONV_ACTIVATION, 1, activation_code(op->activation)},
        {CONV_DILATION_W, 4, 1},          {CONV_DILATION_H, 4, 1},
    };
    *table = fdm_fb_add_table(w->out, fields, sizeof fields / sizeof fields[0]);
    return FDM_OK;
}

static enum fdm_status add_depthwise_options(struct writer *w, const struct fdm_op *op,
                                             size_t *table, struct fdm_error *err)
{
    uint32_t padding;
    enum fdm_status status = padding_code(w->graph, op, &padding, err);
    if (status != FDM_OK)
        return status;
    const struct fdm_fb_field fields[] = {
        {DEPTHWISE_PADDING, 1, padding},
        {DEPTHWISE_STRIDE_W, 4, op->stride_w},
        {DEPTHWISE_STRIDE_H, 4, op->stride_h},
        {DEPTHWISE_MULTIPLIER, 4, 1},
        {DEPTHWISE_ACTIVATION, 1, activation_code(op->activation)},
        {DEPTHWISE_DILATION_W, 4, 1},
        {DEPTHWISE_DILATION_H, 4, 1},
    };
    *table = fdm_fb_add_table(w->out, fields, sizeof fields / sizeof fields[0]);
    return FDM_OK;
}

static size_t add_softmax_options(struct writer *w)
{
    float beta = 1.0f;
    struct fdm_fb_field field = {SOFTMAX_BETA, 4, 0};
    memcpy(&field.value, &beta, sizeof beta);
    return fdm_fb_add_table(w->out, &field, 1);
}

static size_t add_reshape_options(struct writer *w, const struct fdm_op *op)
{
    static const struct fdm_fb_field field = {RESHAPE_NEW_SHAPE, 4, 0};
    const struct fdm_tensor *output = &w->graph->tensors[op->output];
    size_t table = fdm_fb_add_table(w->out, &field, 1);
    fdm_fb_link_field(w->out, table, RESHAPE_NEW_SHAPE,
                      fdm_fb_add_vector(w->out, output->dims, output->rank, 4, 4));
    return table;
}

static size_t add_mean_options(struct writer *w, const struct fdm_op *op)
{
    const struct fdm_fb_field field = {REDUCER_KEEP_DIMS, 1,
                                       w->graph->tensors[op->output].rank == 4};
    return fdm_fb_add_table(w->out, &field, 1);
}

static uint32_t options_type(enum fdm_op_kind kind)
{
    switch (kind) {
    case FDM_OP_CONV_2D:
        return OPTIONS_CONV_2D;
    case FDM_OP_DEPTHWISE_CONV:
        return OPTIONS_DEPTHWISE_CONV_2D;
    case FDM_OP_SOFTMAX:
        return OPTIONS_SOFTMAX;
    case FDM_OP_RESHAPE:
        return OPTIONS_RESHAPE;
    case FDM_OP_MEAN:
        return OPTIONS_REDUCER;
    default:
        return OPTIONS_NONE;
    }
}

/* `*table` stays 0 where the kind has no options. */
static enum fdm_status add_options(struct writer *w, const struct fdm_op *op, size_t *table,
                                   struct fdm_error *err)
{
    *table = 0;
    switch (op->kind) {
    case FDM_OP_CONV_2D:
        return add_conv_options(w, op, table, err);
    case FDM_OP_DEPTHWISE_CONV:
        return add_depthwise_options(w, op, table, err);
    case FDM_OP_SOFTMAX:
        *table = add_softmax_options(w);
        return FDM_OK;
    case FDM_OP_RESHAPE:
        *table = add_reshape_options(w, op);
        return FDM_OK;
    case FDM_OP_MEAN:
        *table = add_mean_options(w, op);
        return FDM_OK;
    default:
        return FDM_OK;
    }
}

static enum fdm_status add_op(struct writer *w, uint32_t index, size_t *operator_table,
                              struct fdm_error *err)
{
    const struct fdm_op *op = &w->graph->ops[index];
    uint32_t type = options_type(op->kind);
    const struct fdm_fb_field fields[] = {
        {OPERATOR_OPCODE_INDEX, 4, w->code_of[index]},
        {OPERATOR_INPUTS, 4, 0},
        {OPERATOR_OUTPUTS, 4, 0},
        {OPERATOR_OPTIONS_TYPE, 1, type},
        {OPERATOR_OPTIONS, 4, 0},
    };
    size_t table = fdm_fb_add_table(w->out, fields, type != OPTIONS_NONE ? 5 : 3);
    /* FDM_GRAPH_NONE has the bits of -1, the file's "no tensor". */
    fdm_fb_link_field(w->out, table, OPERATOR_INPUTS,
                      fdm_fb_add_vector(w->out, op->inputs, op->input_count, 4, 4));
    fdm_fb_link_field(w->out, table, OPERATOR_OUTPUTS,
                      fdm_fb_add_vector(w->out, &op->output, 1, 4, 4));
    size_t options;
    enum fdm_status status = add_options(w, op, &options, err);
    if (status == FDM_OK && type != OPTIONS_NONE)
        fdm_fb_link_field(w->out, table, OPERATOR_OPTIONS, options);
    *operator_table = table;
    return status;
}

static enum fdm_status add_ops(struct writer *w, size_t subgraph, struct fdm_error *err)
{
    size_t vector = fdm_fb_add_vector(w->out, NULL, w->graph->op_count, 4, 4);
    fdm_fb_link_field(w->out, subgraph, SUBGRAPH_OPERATORS, vector);
    for (uint32_t i = 0; i < w->graph->op_count; i++) {
        size_t table;
        enum fdm_status status = add_op(w, i, &table, err);
        if (status != FDM_OK) {
            fdm_error_context(err, "operator %u (%s '%s')", i, fdm_op_name(w->graph->ops[i].kind),
                              w->graph->ops[i].name);
            return status;
        }
        fdm_fb_link_element(w->out, vector, i, table);
    }
    return FDM_OK;
}

/* ---- the whole ---- */

static enum fdm_status add_subgraph(struct writer *w, size_t model, struct fdm_error *err)
{
    static const struct fdm_fb_field fields[] = {
        {SUBGRAPH_TENSORS, 4, 0},   {SUBGRAPH_INPUTS, 4, 0}, {SUBGRAPH_OUTPUTS, 4, 0},
        {SUBGRAPH_OPERATORS, 4, 0}, {SUBGRAPH_NAME, 4, 0},
    };
    size_t subgraphs = fdm_fb_add_vector(w->out, NULL, 1, 4, 4);
    fdm_fb_link_field(w->out, model, MODEL_SUBGRAPHS, subgraphs);
    size_t table = fdm_fb_add_table(w->out, fields, sizeof fields / sizeof fields[0]);
    fdm_fb_link_element(w->out, subgraphs, 0, table);
    size_t tensors = fdm_fb_add_vector(w->out, NULL, w->graph->tensor_count, 4, 4);
    fdm_fb_link_field(w->out, table, SUBGRAPH_TENSORS, tensors);
    for (uint32_t i = 0; i < w->graph->tensor_count; i++)
        fdm_fb_link_element(w->out, tensors, i, add_tensor(w, i));
    fdm_fb_link_field(w->out, table, SUBGRAPH_INPUTS,
                      fdm_fb_add_vector(w->out, &w->graph->input, 1, 4, 4));
    fdm_fb_link_field(w->out, table, SUBGRAPH_OUTPUTS,
                      fdm_fb_add_vector(w->out, &w->graph->output, 1, 4, 4));
    fdm_fb_link_field(w->out, table, SUBGRAPH_NAME, fdm_fb_add_string(w->out, "main"));
    return add_ops(w, table, err);
}

static enum fdm_status add_model(struct writer *w, const char *description, struct fdm_error *err)
{
    static const struct fdm_fb_field fields[] = {
        {MODEL_VERSION, 4, TFLITE_VERSION},
        {MODEL_OPERATOR_CODES, 4, 0},
        {MODEL_SUBGRAPHS, 4, 0},
        {MODEL_BUFFERS, 4, 0},
        {MODEL_DESCRIPTION, 4, 0},
    };
    fdm_fb_begin(w->out, TFLITE_IDENTIFIER);
    size_t model = fdm_fb_add_table(w->out, fields, description != NULL ? 5 : 4);
    fdm_fb_link(w->out, 0, model);
    add_codes(w, model);
    enum fdm_status status = add_subgraph(w, model, err);
    if (status == FDM_OK && description != NULL)
        fdm_fb_link_field(w->out, model, MODEL_DESCRIPTION, fdm_fb_add_string(w->out, description));
    if (status == FDM_OK)
        add_buffers(w, model);
    return status == FDM_OK ? fdm_buf_check(w->out, err) : status;
}

enum fdm_status fdm_tflite_write(const struct fdm_graph *graph, const char *description,
                                 struct fdm_buf *out, struct fdm_error *err)
{
    struct writer w = {.graph = graph, .out = out};
    enum fdm_status status = FDM_OK;
    w.code_of = calloc((size_t)graph->op_count + 1, sizeof *w.code_of);
    w.buffer_of = calloc((size_t)graph->tensor_count + 1, sizeof *w.buffer_of);
    if (w.code_of == NULL || w.buffer_of == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory to write it");
        goto done;
    }
    status = number_codes(&w, err);
    if (status != FDM_OK)
        goto done;
    number_buffers(&w);
    status = add_model(&w, description, err);
done:
    if (status != FDM_OK)
        fdm_error_context(err, "%s", graph->name);
    free(w.code_of);
    free(w.buffer_of);
    return status;
}
