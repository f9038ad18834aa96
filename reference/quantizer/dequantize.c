#include "reference/quantizer/dequantize.h"

#include <stdlib.h>
#include <string.h>

struct making {
    const struct fdm_graph *from;
    struct fdm_graph *to;
    uint32_t current; /* the chain's end in `to` */
    uint32_t reads;   /* the tensor of `from` that stands for it */
};

static enum fdm_status add_tensor(struct making *m, uint32_t from, uint32_t *index,
                                  struct fdm_error *err)
{
    const struct fdm_tensor *model = &m->from->tensors[from];
    enum fdm_status status = fdm_graph_add_tensor(m->to, model->name, index, err);
    if (status != FDM_OK)
        return status;
    struct fdm_tensor *tensor = &m->to->tensors[*index];
    tensor->type = FDM_TYPE_F32;
    tensor->file_index = *index;
    tensor->rank = model->rank;
    memcpy(tensor->dims, model->dims, sizeof tensor->dims);
    return FDM_OK;
}

static double code_at(const struct fdm_tensor *tensor, size_t i)
{
    const int8_t *bytes = tensor->data;
    const int32_t *words = tensor->data;
    return tensor->type == FDM_TYPE_S8 ? bytes[i] : words[i];
}

/* A constant of weights or biases; zero points of both are 0. */
static enum fdm_status add_reals(struct making *m, uint32_t from, uint32_t *index,
                                 struct fdm_error *err)
{
    const struct fdm_tensor *codes = &m->from->tensors[from];
    const struct fdm_quant *quant = &codes->quant;
    size_t count = fdm_tensor_elements(codes);
    size_t behind = 1; /* elements for each index along the axis of the scales */
    for (uint32_t i = quant->axis + 1; i < codes->rank; i++)
        behind *= codes->dims[i];
    float *reals = malloc(count * sizeof *reals);
    if (reals == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu weights", count);
    for (size_t i = 0; i < count; i++) {
        size_t at = quant->count > 1 ? i / behind % quant->count : 0;
        reals[i] = (float)((double)quant->scales[at] * code_at(codes, i));
    }
    enum fdm_status status = add_tensor(m, from, index, err);
    if (status == FDM_OK)
        status = fdm_graph_set_data(m->to, *index, reals, count * sizeof *reals, err);
    free(reals);
    return status;
}

static enum fdm_status add_op(struct making *m, const struct fdm_op *op, struct fdm_error *err)
{
    uint32_t operands[3] = {m->current, FDM_GRAPH_NONE, FDM_GRAPH_NONE};
    uint32_t count = 1;
    uint32_t output = 0;
    uint32_t index = 0;
    enum fdm_status status = FDM_OK;
    bool conv = op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV;
    for (; conv && count < op->input_count && count < 3; count++)
        if (status == FDM_OK && op->inputs[count] != FDM_GRAPH_NONE)
            status = add_reals(m, op->inputs[count], &operands[count], err);
    if (status == FDM_OK)
        status = add_tensor(m, op->output, &output, err);
    if (status == FDM_OK)
        status = fdm_graph_add_op(m->to, op->name, op->kind, &index, err);
    if (status != FDM_OK)
        return status;
    struct fdm_op *to = &m->to->ops[index];
    char *name = to->name;
    *to = *op;
    to->name = name;
    to->input_count = count;
    memcpy(to->inputs, operands, sizeof operands);
    to->output = output;
    m->current = output;
    m->reads = op->output;
    return FDM_OK;
}

static enum fdm_status take_op(struct making *m, const struct fdm_op *op, struct fdm_error *err)
{
    switch (op->kind) {
    case FDM_OP_SHAPE:
    case FDM_OP_STRIDED_SLICE:
    case FDM_OP_PACK:
        return FDM_OK;
    default:
        break;
    }
    if (op->inputs[0] != m->reads)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s '%s': only chains are supported",
                        fdm_op_name(op->kind), op->name);
    if (op->kind != FDM_OP_QUANTIZE && op->kind != FDM_OP_DEQUANTIZE)
        return add_op(m, op, err);
    m->reads = op->output;
    return FDM_OK;
}

enum fdm_status fdm_dequantize(const struct fdm_graph *int8, struct fdm_graph **out,
                               struct fdm_error *err)
{
    struct making m = {.from = int8, .reads = int8->input};
    *out = NULL;
    if (int8->format != FDM_FORMAT_INT8)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: not an int8 model", int8->name);
    enum fdm_status status = fdm_graph_new(int8->name, &m.to, err);
    if (status == FDM_OK)
        status = add_tensor(&m, int8->input, &m.current, err);
    if (status == FDM_OK)
        m.to->input = m.current;
    for (uint32_t i = 0; status == FDM_OK && i < int8->op_count; i++)
        status = take_op(&m, &int8->ops[i], err);
    if (status == FDM_OK) {
        m.to->output = m.current;
        m.to->format = FDM_FORMAT_FLOAT;
        status = fdm_graph_check(m.to, err);
    }
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", int8->name);
        fdm_graph_free(m.to);
        return status;
    }
    *out = m.to;
    return FDM_OK;
}
