#include "reference/quantizer/fold.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "reference/quantizer/rsqrt.h"

struct folding {
    const struct fdm_graph *from;
    struct fdm_graph *to;
    enum fdm_fold_rsqrt rsqrt;
    uint32_t next;    /* operator of `from` */
    uint32_t current; /* the chain's end in `to` */
    uint32_t reads;   /* the tensor of `from` that the next operator must read */
};

static const struct fdm_op *peek(const struct folding *f)
{
    return f->next < f->from->op_count ? &f->from->ops[f->next] : NULL;
}

static const struct fdm_op *take(struct folding *f)
{
    const struct fdm_op *op = &f->from->ops[f->next++];
    f->reads = op->output;
    return op;
}

static bool next_is(const struct folding *f, enum fdm_op_kind kind)
{
    const struct fdm_op *op = peek(f);
    return op != NULL && op->kind == kind && op->inputs[0] == f->reads;
}

/* ---- the new graph ---- */

static enum fdm_status add_tensor(struct folding *f, const char *name, uint32_t rank,
                                  const uint32_t *dims, uint32_t *index, struct fdm_error *err)
{
    enum fdm_status status = fdm_graph_add_tensor(f->to, name, index, err);
    if (status != FDM_OK)
        return status;
    struct fdm_tensor *tensor = &f->to->tensors[*index];
    tensor->type = FDM_TYPE_F32;
    tensor->file_index = *index;
    tensor->rank = rank;
    memcpy(tensor->dims, dims, rank * sizeof *dims);
    return FDM_OK;
}

static enum fdm_status add_constant(struct folding *f, const char *layer, const char *role,
                                    enum fdm_type type, const void *values, uint32_t rank,
                                    const uint32_t *dims, uint32_t *index, struct fdm_error *err)
{
    struct fdm_buf name;
    fdm_buf_init(&name);
    fdm_buf_printf(&name, "%s/%s", layer, role);
    enum fdm_status status = fdm_buf_check(&name, err);
    if (status == FDM_OK)
        status = add_tensor(f, name.data, rank, dims, index, err);
    fdm_buf_release(&name);
    if (status != FDM_OK)
        return status;
    f->to->tensors[*index].type = type;
    size_t bytes = fdm_tensor_elements(&f->to->tensors[*index]) * fdm_type_bytes(type);
    return fdm_graph_set_data(f->to, *index, values, bytes, err);
}

/* A copy of `op` that reads the chain's end and becomes it; `shape` is its output in `from`. */
static enum fdm_status add_op(struct folding *f, const struct fdm_op *op,
                              const struct fdm_tensor *shape, uint32_t *index,
                              struct fdm_error *err)
{
    uint32_t output = 0;
    enum fdm_status status = fdm_graph_add_op(f->to, op->name, op->kind, index, err);
    if (status == FDM_OK)
        status = add_tensor(f, op->name, shape->rank, shape->dims, &output, err);
    if (status != FDM_OK)
        return status;
    struct fdm_op *to = &f->to->ops[*index];
    char *name = to->name;
    *to = *op;
    to->name = name;
    to->inputs[0] = f->current;
    to->input_count = 1;
    to->output = output;
    f->current = output;
    return FDM_OK;
}

/* ---- batch norm ---- */

static const float *values_of(const struct folding *f, uint32_t tensor)
{
    return f->from->tensors[tensor].data;
}

static void fold_channels(const struct folding *f, const struct fdm_op *norm, uint32_t channels,
                          float *factor, float *bias)
{
    const float *gamma = values_of(f, norm->inputs[1]);
    const float *beta = values_of(f, norm->inputs[2]);
    const float *mean = values_of(f, norm->inputs[3]);
    const float *variance = values_of(f, norm->inputs[4]);
    for (uint32_t i = 0; i < channels; i++) {
        float x = variance[i] + norm->epsilon;
        factor[i] =
            gamma[i] * (f->rsqrt == FDM_FOLD_EXACT ? fdm_rsqrt_exact(x) : fdm_rsqrt_converter(x));
        float shift = mean[i] * factor[i];
        float offset = beta[i] - shift;
        bias[i] = bias[i] * factor[i] + offset;
    }
}

static enum fdm_status check_finite(const float *values, size_t count, struct fdm_error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return fdm_fail(err, FDM_ERR_FORMAT, "a folded weight leaves float32");
    return FDM_OK;
}

/* What a convolution is folded into. */
struct folded {
    float *weights, *bias, *factor;
    size_t elements;
    uint32_t channels;
};

static enum fdm_status begin_folded(const struct folding *f, const struct fdm_op *conv,
                                    struct folded *out, struct fdm_error *err)
{
    const struct fdm_tensor *weights = &f->from->tensors[conv->inputs[1]];
    out->channels = f->from->tensors[conv->output].dims[3];
    out->elements = fdm_tensor_elements(weights);
    out->weights = malloc(out->elements * sizeof *out->weights);
    out->bias = calloc(out->channels, sizeof *out->bias);
    out->factor = calloc(out->channels, sizeof *out->factor);
    if (out->weights == NULL || out->bias == NULL || out->factor == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu weights", out->elements);
    memcpy(out->weights, weights->data, weights->data_bytes);
    if (conv->input_count > 2 && conv->inputs[2] != FDM_GRAPH_NONE)
        memcpy(out->bias, values_of(f, conv->inputs[2]), out->channels * sizeof *out->bias);
    return FDM_OK;
}

static void release_folded(struct folded *folded)
{
    free(folded->weights);
    free(folded->bias);
    free(folded->factor);
}

static enum fdm_status fold_norm(const struct folding *f, const struct fdm_op *conv,
                                 const struct fdm_op *norm, struct folded *folded,
                                 struct fdm_error *err)
{
    fold_channels(f, norm, folded->channels, folded->factor, folded->bias);
    bool depthwise = conv->kind == FDM_OP_DEPTHWISE_CONV;
    size_t taps = folded->elements / folded->channels;
    for (size_t i = 0; i < folded->elements; i++)
        folded->weights[i] *= folded->factor[depthwise ? i % folded->channels : i / taps];
    enum fdm_status status = check_finite(folded->weights, folded->elements, err);
    return status == FDM_OK ? check_finite(folded->bias, folded->channels, err) : status;
}

static enum fdm_status add_conv(struct folding *f, const struct fdm_op *conv,
                                const struct folded *folded, bool relu, struct fdm_error *err)
{
    const struct fdm_tensor *weights = &f->from->tensors[conv->inputs[1]];
    uint32_t kernel = 0;
    uint32_t bias = 0;
    uint32_t index = 0;
    enum fdm_status status = add_constant(f, conv->name, "weights", FDM_TYPE_F32, folded->weights,
                                          weights->rank, weights->dims, &kernel, err);
    if (status == FDM_OK)
        status = add_constant(f, conv->name, "bias", FDM_TYPE_F32, folded->bias, 1,
                              &folded->channels, &bias, err);
    if (status == FDM_OK)
        status = add_op(f, conv, &f->from->tensors[conv->output], &index, err);
    if (status != FDM_OK)
        return status;
    struct fdm_op *op = &f->to->ops[index];
    op->inputs[1] = kernel;
    op->inputs[2] = bias;
    op->input_count = 3;
    if (relu)
        op->activation = FDM_ACTIVATION_RELU;
    return FDM_OK;
}

static enum fdm_status fold_conv(struct folding *f, const struct fdm_op *conv,
                                 struct fdm_error *err)
{
    struct folded folded = {0};
    bool open = conv->activation == FDM_ACTIVATION_NONE;
    enum fdm_status status = begin_folded(f, conv, &folded, err);
    if (status == FDM_OK && open && next_is(f, FDM_OP_BATCH_NORM))
        status = fold_norm(f, conv, take(f), &folded, err);
    bool relu = false;
    if (open && next_is(f, FDM_OP_RELU)) {
        take(f);
        relu = true;
    }
    if (status == FDM_OK)
        status = add_conv(f, conv, &folded, relu, err);
    release_folded(&folded);
    return status;
}

/* ---- the others ---- */

static enum fdm_status fold_mean(struct folding *f, const struct fdm_op *op, struct fdm_error *err)
{
    static const int32_t axes[] = {1, 2};
    static const uint32_t count = 2;
    uint32_t operand = 0;
    uint32_t index = 0;
    enum fdm_status status =
        add_constant(f, op->name, "axes", FDM_TYPE_S32, axes, 1, &count, &operand, err);
    if (status == FDM_OK)
        status = add_op(f, op, &f->from->tensors[op->output], &index, err);
    if (status != FDM_OK)
        return status;
    f->to->ops[index].inputs[1] = operand;
    f->to->ops[index].input_count = 2;
    return FDM_OK;
}

static bool same_shape(const struct fdm_tensor *a, const struct fdm_tensor *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof *a->dims) == 0;
}

static enum fdm_status fold_reshape(struct folding *f, const struct fdm_op *op,
                                    struct fdm_error *err)
{
    uint32_t index;
    const struct fdm_tensor *shape = &f->from->tensors[op->output];
    if (same_shape(shape, &f->to->tensors[f->current]))
        return FDM_OK;
    return add_op(f, op, shape, &index, err);
}

static enum fdm_status fold_op(struct folding *f, const struct fdm_op *op, struct fdm_error *err)
{
    uint32_t index;
    switch (op->kind) {
    case FDM_OP_CONV_2D:
    case FDM_OP_DEPTHWISE_CONV:
        return fold_conv(f, op, err);
    case FDM_OP_MEAN:
        return fold_mean(f, op, err);
    case FDM_OP_SOFTMAX:
        return add_op(f, op, &f->from->tensors[op->output], &index, err);
    case FDM_OP_RESHAPE:
        return fold_reshape(f, op, err);
    case FDM_OP_BATCH_NORM:
    case FDM_OP_RELU:
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "only supported directly behind a convolution");
    default:
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "cannot be quantized");
    }
}

static enum fdm_status fold_chain(struct folding *f, struct fdm_error *err)
{
    while (peek(f) != NULL) {
        uint32_t expected = f->reads;
        const struct fdm_op *op = take(f);
        enum fdm_status status =
            op->inputs[0] == expected
                ? fold_op(f, op, err)
                : fdm_fail(err, FDM_ERR_UNSUPPORTED,
                           "does not read what the operator before it computes; only chains are "
                           "supported");
        if (status != FDM_OK) {
            fdm_error_context(err, "%s '%s'", fdm_op_name(op->kind), op->name);
            return status;
        }
    }
    return f->reads == f->from->output
               ? FDM_OK
               : fdm_fail(err, FDM_ERR_UNSUPPORTED, "the output is not the last operator's");
}

enum fdm_status fdm_fold(const struct fdm_graph *graph, enum fdm_fold_rsqrt rsqrt,
                         struct fdm_graph **out, struct fdm_error *err)
{
    struct folding f = {.from = graph, .rsqrt = rsqrt, .reads = graph->input};
    const struct fdm_tensor *input = &graph->tensors[graph->input];
    *out = NULL;
    enum fdm_status status = FDM_OK;
    if (graph->format != FDM_FORMAT_FLOAT || input->type != FDM_TYPE_F32)
        status = fdm_fail(err, FDM_ERR_UNSUPPORTED, "not a float model");
    if (status == FDM_OK)
        status = fdm_graph_new(graph->name, &f.to, err);
    if (status == FDM_OK)
        status = add_tensor(&f, input->name, input->rank, input->dims, &f.current, err);
    if (status == FDM_OK) {
        f.to->input = f.current;
        status = fold_chain(&f, err);
    }
    if (status == FDM_OK) {
        f.to->output = f.current;
        f.to->format = FDM_FORMAT_FLOAT;
        memcpy(f.to->sha256, graph->sha256, sizeof f.to->sha256);
        f.to->file_bytes = graph->file_bytes;
        status = fdm_graph_check(f.to, err);
    }
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", graph->name);
        fdm_graph_free(f.to);
        return status;
    }
    *out = f.to;
    return FDM_OK;
}
