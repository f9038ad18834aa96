#include "tests/support/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/graph/graph.h"

/* A float model and an int8 model with the same chain, small enough to count by hand:
 * image [1,5,5,3] (int8: uint8 image, QUANTIZE) - CONV 3x3/2 SAME to [1,3,3,2] - (float:
 * BATCH_NORM, RELU) - DEPTHWISE 3x3 VALID to [1,1,1,2] - MEAN [1,2] - SOFTMAX - (int8: DEQUANTIZE).
 */
struct model {
    struct fdm_graph *graph;
    uint32_t image, quant, w1, b1, conv, gamma, variance, w2, dw, mean, softmax, output;
    uint32_t op_conv, op_bn, op_dw, op_mean, op_softmax;
};

static uint32_t add(struct fdm_graph *graph, const char *name, enum fdm_type type, uint32_t rank,
                    const uint32_t *dims)
{
    uint32_t index;
    assert_int_equal(fdm_graph_add_tensor(graph, name, &index, NULL), FDM_OK);
    struct fdm_tensor *tensor = &graph->tensors[index];
    tensor->type = type;
    tensor->file_index = index;
    tensor->rank = rank;
    memcpy(tensor->dims, dims, rank * sizeof *dims);
    return index;
}

static void fill(struct fdm_graph *graph, uint32_t tensor)
{
    static const uint8_t ones[4096] = {1, 1, 1, 1};
    static const float halves[128] = {0.5F, 0.5F, 0.5F, 0.5F};
    const struct fdm_tensor *to = &graph->tensors[tensor];
    size_t bytes = fdm_tensor_elements(to) * fdm_type_bytes(to->type);
    const void *from = to->type == FDM_TYPE_F32 ? (const void *)halves : (const void *)ones;
    assert_int_equal(fdm_graph_set_data(graph, tensor, from, bytes, NULL), FDM_OK);
}

static void quantize(struct fdm_graph *graph, uint32_t tensor, float scale, int32_t zero_point)
{
    assert_int_equal(fdm_graph_set_quant(graph, tensor, &scale, &zero_point, 1, 0, NULL), FDM_OK);
}

static uint32_t op(struct fdm_graph *graph, enum fdm_op_kind kind, uint32_t in, uint32_t out)
{
    uint32_t index;
    assert_int_equal(fdm_graph_add_op(graph, "layer", kind, &index, NULL), FDM_OK);
    struct fdm_op *at = &graph->ops[index];
    at->inputs[0] = in;
    at->input_count = 1;
    at->output = out;
    at->stride_h = at->stride_w = 1;
    return index;
}

static void operand(struct fdm_graph *graph, uint32_t index, uint32_t tensor)
{
    struct fdm_op *at = &graph->ops[index];
    at->inputs[at->input_count++] = tensor;
}

static void make_tensors(struct model *m, bool int8)
{
    struct fdm_graph *g = m->graph;
    enum fdm_type type = int8 ? FDM_TYPE_S8 : FDM_TYPE_F32;
    m->image = add(g, "image", int8 ? FDM_TYPE_U8 : FDM_TYPE_F32, 4, (uint32_t[]){1, 5, 5, 3});
    m->w1 = add(g, "w1", type, 4, (uint32_t[]){2, 3, 3, 3});
    m->b1 = add(g, "b1", int8 ? FDM_TYPE_S32 : FDM_TYPE_F32, 1, (uint32_t[]){2});
    m->conv = add(g, "conv", type, 4, (uint32_t[]){1, 3, 3, 2});
    m->w2 = add(g, "w2", type, 4, (uint32_t[]){1, 3, 3, 2});
    m->dw = add(g, "dw", type, 4, (uint32_t[]){1, 1, 1, 2});
    m->mean = add(g, "mean", type, 2, (uint32_t[]){1, 2});
    m->softmax = add(g, "softmax", type, 2, (uint32_t[]){1, 2});
    fill(g, m->w1);
    fill(g, m->b1);
    fill(g, m->w2);
}

static uint32_t make_conv(struct model *m, uint32_t in)
{
    struct fdm_graph *g = m->graph;
    m->op_conv = op(g, FDM_OP_CONV_2D, in, m->conv);
    operand(g, m->op_conv, m->w1);
    operand(g, m->op_conv, m->b1);
    g->ops[m->op_conv].stride_h = g->ops[m->op_conv].stride_w = 2;
    fdm_graph_pad_same(&g->ops[m->op_conv], &g->tensors[in], &g->tensors[m->w1]);
    return m->conv;
}

static void make_tail(struct model *m, uint32_t in)
{
    struct fdm_graph *g = m->graph;
    m->op_dw = op(g, FDM_OP_DEPTHWISE_CONV, in, m->dw);
    operand(g, m->op_dw, m->w2);
    operand(g, m->op_dw, FDM_GRAPH_NONE);
    m->op_mean = op(g, FDM_OP_MEAN, m->dw, m->mean);
    m->op_softmax = op(g, FDM_OP_SOFTMAX, m->mean, m->softmax);
    g->input = m->image;
}

static struct model make_float(void)
{
    struct model m = {0};
    assert_int_equal(fdm_graph_new("float", &m.graph, NULL), FDM_OK);
    struct fdm_graph *g = m.graph;
    make_tensors(&m, false);
    uint32_t bn = add(g, "bn", FDM_TYPE_F32, 4, (uint32_t[]){1, 3, 3, 2});
    uint32_t relu = add(g, "relu", FDM_TYPE_F32, 4, (uint32_t[]){1, 3, 3, 2});
    make_conv(&m, m.image);
    m.op_bn = op(g, FDM_OP_BATCH_NORM, m.conv, bn);
    for (int i = 0; i < 4; i++) {
        uint32_t parameter = add(g, "p", FDM_TYPE_F32, 1, (uint32_t[]){2});
        fill(g, parameter);
        operand(g, m.op_bn, parameter);
        m.gamma = i == 0 ? parameter : m.gamma;
        m.variance = parameter;
    }
    g->ops[m.op_bn].epsilon = 0.001F;
    op(g, FDM_OP_RELU, bn, relu);
    make_tail(&m, relu);
    g->output = m.softmax;
    return m;
}

static struct model make_int8(void)
{
    struct model m = {0};
    assert_int_equal(fdm_graph_new("int8", &m.graph, NULL), FDM_OK);
    struct fdm_graph *g = m.graph;
    make_tensors(&m, true);
    m.quant = add(g, "quant", FDM_TYPE_S8, 4, (uint32_t[]){1, 5, 5, 3});
    m.output = add(g, "output", FDM_TYPE_F32, 2, (uint32_t[]){1, 2});
    quantize(g, m.image, 0.5F, 128);
    quantize(g, m.quant, 0.5F, 0);
    const float scales[2] = {0.25F, 0.5F};
    const float bias_scales[2] = {0.125F, 0.25F};
    const int32_t zeros[2] = {0, 0};
    assert_int_equal(fdm_graph_set_quant(g, m.w1, scales, zeros, 2, 0, NULL), FDM_OK);
    assert_int_equal(fdm_graph_set_quant(g, m.b1, bias_scales, zeros, 2, 0, NULL), FDM_OK);
    assert_int_equal(fdm_graph_set_quant(g, m.w2, scales, zeros, 2, 3, NULL), FDM_OK);
    quantize(g, m.conv, 1.0F, -128);
    quantize(g, m.dw, 1.0F, 1);
    quantize(g, m.mean, 1.0F, 2);
    quantize(g, m.softmax, 1.0F / 256, -128);
    op(g, FDM_OP_QUANTIZE, m.image, m.quant);
    make_conv(&m, m.quant);
    make_tail(&m, m.conv);
    op(g, FDM_OP_DEQUANTIZE, m.softmax, m.output);
    g->output = m.output;
    g->format = FDM_FORMAT_INT8;
    return m;
}

static void good_graphs_pass(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct model f = make_float();
    struct model q = make_int8();
    assert_ok(fdm_graph_check(f.graph, &err), err);
    assert_ok(fdm_graph_check(q.graph, &err), err);
    fdm_graph_free(f.graph);
    fdm_graph_free(q.graph);
}

/* ---- damages, one each ---- */

static struct fdm_tensor *tensor(struct model *m, uint32_t index)
{
    return &m->graph->tensors[index];
}

static struct fdm_op *at(struct model *m, uint32_t index)
{
    return &m->graph->ops[index];
}

static void no_input(struct model *m)
{
    m->graph->input = FDM_GRAPH_NONE;
}
static void grey_input(struct model *m)
{
    tensor(m, m->image)->dims[3] = 1;
}
static void constant_input(struct model *m)
{
    fill(m->graph, m->image);
}
static void output_without_op(struct model *m)
{
    m->graph->output = m->image;
}
static void output_not_flat(struct model *m)
{
    m->graph->output = m->conv;
}
static void operand_out_of_range(struct model *m)
{
    at(m, m->op_conv)->inputs[1] = m->graph->tensor_count;
}
static void operand_missing(struct model *m)
{
    at(m, m->op_conv)->inputs[1] = FDM_GRAPH_NONE;
}
static void output_out_of_range(struct model *m)
{
    at(m, m->op_conv)->output = m->graph->tensor_count;
}
static void cycle(struct model *m)
{
    at(m, m->op_conv)->inputs[0] = m->mean;
}
static void reads_itself(struct model *m)
{
    at(m, m->op_mean)->inputs[0] = m->mean;
}
static void written_twice(struct model *m)
{
    at(m, m->op_softmax)->output = m->mean;
}
static void writes_constant(struct model *m)
{
    at(m, m->op_softmax)->output = m->w1;
}
static void writes_input(struct model *m)
{
    at(m, m->op_softmax)->output = m->image;
}
static void too_few_operands(struct model *m)
{
    at(m, m->op_conv)->input_count = 1;
}
static void too_many_operands(struct model *m)
{
    at(m, m->op_conv)->input_count = 4;
}
static void computed_weights(struct model *m)
{
    at(m, m->op_dw)->inputs[1] = at(m, m->op_dw)->inputs[0];
}
static void unknown_kind(struct model *m)
{
    at(m, m->op_mean)->kind = (enum fdm_op_kind)99;
}
static void activation_of_mean(struct model *m)
{
    at(m, m->op_mean)->activation = FDM_ACTIVATION_RELU;
}
static void dimension_zero(struct model *m)
{
    tensor(m, m->conv)->dims[1] = 0;
}
static void dimension_huge(struct model *m)
{
    tensor(m, m->conv)->dims[1] = FDM_GRAPH_MAX_DIM + 1;
}
static void product_huge(struct model *m)
{
    tensor(m, m->conv)->dims[1] = tensor(m, m->conv)->dims[2] = FDM_GRAPH_MAX_DIM;
}
static void rank_huge(struct model *m)
{
    tensor(m, m->conv)->rank = FDM_GRAPH_MAX_RANK + 1;
}
static void type_unknown(struct model *m)
{
    tensor(m, m->conv)->type = (enum fdm_type)77;
}
static void data_short(struct model *m)
{
    tensor(m, m->w1)->data_bytes--;
}
static void weights_nan(struct model *m)
{
    ((float *)tensor(m, m->w1)->data)[5] = NAN;
}
static void stride_zero(struct model *m)
{
    at(m, m->op_conv)->stride_w = 0;
}
static void padding_too_large(struct model *m)
{
    at(m, m->op_conv)->pad_bottom = 3;
}
static void padding_missing(struct model *m)
{
    at(m, m->op_conv)->pad_top = 0;
}
static void conv_output_wrong(struct model *m)
{
    tensor(m, m->conv)->dims[2] = 2;
}
static void conv_channels_wrong(struct model *m)
{
    tensor(m, m->image)->dims[3] = 3;
    tensor(m, m->w1)->dims[3] = 1;
    tensor(m, m->w1)->dims[0] = 6;
}
static void bias_short(struct model *m)
{
    struct fdm_tensor *bias = tensor(m, m->b1);
    bias->dims[0] = 1;
    bias->data_bytes /= 2;
    bias->quant.count = bias->quant.count != 0 ? 1 : 0;
}
static void bias_of_int8(struct model *m)
{
    tensor(m, m->b1)->type = FDM_TYPE_S8;
    tensor(m, m->b1)->data_bytes = 2;
}
static void bias_scale_wrong(struct model *m)
{
    tensor(m, m->b1)->quant.scales[1] = 0.2501F;
}
static void batch_norm_of_int8(struct model *m)
{
    at(m, m->op_mean)->kind = FDM_OP_RELU;
}
static void variance_negative(struct model *m)
{
    ((float *)tensor(m, m->variance)->data)[1] = -0.002F;
}
static void epsilon_nan(struct model *m)
{
    at(m, m->op_bn)->epsilon = NAN;
}
static void gamma_too_long(struct model *m)
{
    tensor(m, m->gamma)->dims[0] = 1;
    tensor(m, m->gamma)->data_bytes = 4;
}
static void mean_keeps_height(struct model *m)
{
    tensor(m, m->mean)->dims[1] = 1;
}
static void mean_axes_wrong(struct model *m)
{
    uint32_t axes = add(m->graph, "axes", FDM_TYPE_S32, 1, (uint32_t[]){2});
    const int32_t values[2] = {1, 3};
    assert_int_equal(fdm_graph_set_data(m->graph, axes, values, sizeof values, NULL), FDM_OK);
    operand(m->graph, m->op_mean, axes);
}
static void softmax_other_shape(struct model *m)
{
    tensor(m, m->softmax)->dims[1] = 3;
}
static void wrong_format(struct model *m)
{
    m->graph->format = FDM_FORMAT_INT8;
}
static void scale_nan(struct model *m)
{
    tensor(m, m->conv)->quant.scales[0] = NAN;
}
static void scale_zero(struct model *m)
{
    tensor(m, m->w1)->quant.scales[1] = 0;
}
static void scale_infinite(struct model *m)
{
    tensor(m, m->w1)->quant.scales[1] = INFINITY;
}
static void zero_point_out_of_range(struct model *m)
{
    tensor(m, m->conv)->quant.zero_points[0] = 128;
}
static void zero_point_of_bias(struct model *m)
{
    tensor(m, m->b1)->quant.zero_points[0] = 1;
}
static void zero_point_of_weights(struct model *m)
{
    tensor(m, m->w1)->quant.zero_points[1] = 1;
}
static void scales_along_wrong_axis(struct model *m)
{
    struct fdm_tensor *weights = tensor(m, m->w1);
    weights->dims[0] = weights->dims[3] = 2;
    weights->quant.axis = 3;
    weights->data_bytes = 36;
    tensor(m, m->image)->dims[3] = 3;
}
static void scales_too_few(struct model *m)
{
    tensor(m, m->w1)->quant.axis = 1;
}
static void scales_of_activation(struct model *m)
{
    tensor(m, m->conv)->quant.axis = 3;
    const float scales[2] = {1, 1};
    const int32_t zeros[2] = {0, 0};
    assert_int_equal(fdm_graph_set_quant(m->graph, m->conv, scales, zeros, 2, 3, NULL), FDM_OK);
}
static void scales_missing(struct model *m)
{
    tensor(m, m->dw)->quant.count = 0;
}
static void softmax_scale_wrong(struct model *m)
{
    tensor(m, m->softmax)->quant.scales[0] = 1.0F / 255;
}
static void accumulator_overflows(struct model *m)
{
    ((int32_t *)tensor(m, m->b1)->data)[1] = INT32_MIN;
}

static void quantized_float(struct model *m)
{
    quantize(m->graph, m->mean, 1, 0);
}
static void conv_gives_int32(struct model *m)
{
    tensor(m, m->conv)->type = FDM_TYPE_S32;
}
static void conv_of_uint8(struct model *m)
{
    at(m, m->op_conv)->inputs[0] = m->image;
    tensor(m, m->conv)->type = FDM_TYPE_U8;
    tensor(m, m->conv)->quant.zero_points[0] = 0;
}
static void kernel_huge(struct model *m)
{
    uint32_t huge = add(m->graph, "huge", FDM_TYPE_F32, 4, (uint32_t[]){2, 256, 1, 3});
    float *zeros = calloc(2, sizeof(float[256][3]));
    assert_int_equal(fdm_graph_set_data(m->graph, huge, zeros, 2 * sizeof(float[256][3]), NULL),
                     FDM_OK);
    free(zeros);
    at(m, m->op_conv)->inputs[1] = huge;
}
static void relu_gives_int8(struct model *m)
{
    uint32_t relu = at(m, m->op_bn + 1)->output;
    tensor(m, relu)->type = FDM_TYPE_S8;
    quantize(m->graph, relu, 1, 0);
}
static void gamma_of_int32(struct model *m)
{
    tensor(m, m->gamma)->type = FDM_TYPE_S32;
}
static void mean_of_vector(struct model *m)
{
    at(m, m->op_softmax)->kind = FDM_OP_MEAN;
}
static void output_of_uint8(struct model *m)
{
    uint32_t flat = add(m->graph, "flat", FDM_TYPE_U8, 2, (uint32_t[]){1, 75});
    quantize(m->graph, flat, 0.5F, 128);
    op(m->graph, FDM_OP_RESHAPE, m->image, flat);
    m->graph->output = flat;
}

static const struct damage {
    const char *remark;
    struct model (*make)(void);
    void (*apply)(struct model *m);
    enum fdm_status status;
    const char *message;
} damages[] = {
    {"no input", make_float, no_input, FDM_ERR_FORMAT, "has no input"},
    {"one channel", make_float, grey_input, FDM_ERR_UNSUPPORTED, "no [1,H,W,3] image"},
    {"input is a constant", make_float, constant_input, FDM_ERR_FORMAT, "'image' is a constant"},
    {"nothing computes the output", make_float, output_without_op, FDM_ERR_FORMAT, "no operator"},
    {"output is a map", make_float, output_not_flat, FDM_ERR_UNSUPPORTED, "not [1,classes]"},
    {"operand beyond the tensors", make_float, operand_out_of_range, FDM_ERR_FORMAT,
     "operator 0 (CONV_2D 'layer'): input 1 is tensor"},
    {"required operand left out", make_float, operand_missing, FDM_ERR_FORMAT, "input 1"},
    {"output beyond the tensors", make_float, output_out_of_range, FDM_ERR_FORMAT, "its output"},
    {"operators in a circle", make_float, cycle, FDM_ERR_FORMAT, "'mean') has no value yet"},
    {"operator reads its own output", make_float, reads_itself, FDM_ERR_FORMAT, "no value yet"},
    {"tensor written twice", make_float, written_twice, FDM_ERR_FORMAT, "has a value already"},
    {"constant written", make_float, writes_constant, FDM_ERR_FORMAT, "has a value already"},
    {"model's input written", make_float, writes_input, FDM_ERR_FORMAT, "has a value already"},
    {"too few operands", make_float, too_few_operands, FDM_ERR_FORMAT, "1 inputs, expected 2 to 3"},
    {"too many operands", make_float, too_many_operands, FDM_ERR_FORMAT, "4 inputs"},
    {"weights computed", make_float, computed_weights, FDM_ERR_UNSUPPORTED, "not a constant"},
    {"operator of unknown kind", make_float, unknown_kind, FDM_ERR_FORMAT, "unknown operator"},
    {"activation where there is none", make_float, activation_of_mean, FDM_ERR_UNSUPPORTED,
     "fused"},
    {"dimension 0", make_float, dimension_zero, FDM_ERR_FORMAT, "dimension 1 is 0"},
    {"dimension 65537", make_float, dimension_huge, FDM_ERR_FORMAT, "dimension 1 is 65537"},
    {"product past the bound", make_float, product_huge, FDM_ERR_FORMAT, "more than 268435456"},
    {"rank 7", make_float, rank_huge, FDM_ERR_UNSUPPORTED, "7 dimensions"},
    {"element type 77", make_float, type_unknown, FDM_ERR_FORMAT, "element type 77"},
    {"data shorter than the shape", make_float, data_short, FDM_ERR_FORMAT, "215 bytes of data"},
    {"NaN among the weights", make_float, weights_nan, FDM_ERR_FORMAT, "element 5 is not a finite"},
    {"stride 0", make_float, stride_zero, FDM_ERR_UNSUPPORTED, "stride 0"},
    {"padding as large as the kernel", make_float, padding_too_large, FDM_ERR_FORMAT, "padding"},
    {"padding does not give the shape", make_float, padding_missing, FDM_ERR_FORMAT, "output"},
    {"convolution's output too narrow", make_float, conv_output_wrong, FDM_ERR_FORMAT, "output"},
    {"kernel for other channels", make_float, conv_channels_wrong, FDM_ERR_FORMAT, "weights"},
    {"bias too short", make_float, bias_short, FDM_ERR_FORMAT, "bias"},
    {"variance below -epsilon", make_float, variance_negative, FDM_ERR_FORMAT, "variance 1"},
    {"epsilon NaN", make_float, epsilon_nan, FDM_ERR_FORMAT, "epsilon"},
    {"gamma too short", make_float, gamma_too_long, FDM_ERR_FORMAT, "parameters"},
    {"mean of other shape", make_float, mean_keeps_height, FDM_ERR_FORMAT,
     "(MEAN 'layer'): the sh"},
    {"mean over other axes", make_float, mean_axes_wrong, FDM_ERR_UNSUPPORTED, "axes 1 and 2"},
    {"softmax changes the shape", make_float, softmax_other_shape, FDM_ERR_FORMAT, "output"},
    {"float graph called int8", make_float, wrong_format, FDM_ERR_UNSUPPORTED, "is float in a"},
    {"float with a scale", make_float, quantized_float, FDM_ERR_UNSUPPORTED, "quantized float32"},
    {"convolution gives int32", make_float, conv_gives_int32, FDM_ERR_UNSUPPORTED,
     "'layer'): output of type int32"},
    {"kernel of 256", make_float, kernel_huge, FDM_ERR_UNSUPPORTED, "kernel of size 256"},
    {"ReLU gives int8", make_float, relu_gives_int8, FDM_ERR_UNSUPPORTED, "output of type int8"},
    {"gamma of int32", make_float, gamma_of_int32, FDM_ERR_UNSUPPORTED, "parameter of type int32"},
    {"mean of a vector", make_float, mean_of_vector, FDM_ERR_UNSUPPORTED, "must be [1,H,W,C]"},
    {"convolution of uint8", make_int8, conv_of_uint8, FDM_ERR_UNSUPPORTED, "input of type uint8"},
    {"model gives uint8", make_int8, output_of_uint8, FDM_ERR_UNSUPPORTED, "output of type uint8"},
    {"scale NaN", make_int8, scale_nan, FDM_ERR_FORMAT, "scale 0 is"},
    {"scale 0", make_int8, scale_zero, FDM_ERR_FORMAT, "scale 1 is 0"},
    {"scale infinite", make_int8, scale_infinite, FDM_ERR_FORMAT, "scale 1 is inf"},
    {"zero point 128", make_int8, zero_point_out_of_range, FDM_ERR_FORMAT, "zero point 0 is 128"},
    {"bias with zero point", make_int8, zero_point_of_bias, FDM_ERR_FORMAT, "expected 0 to 0"},
    {"weights with zero point", make_int8, zero_point_of_weights, FDM_ERR_UNSUPPORTED, "point 1"},
    {"scales along the input", make_int8, scales_along_wrong_axis, FDM_ERR_FORMAT, "weights"},
    {"scales fewer than the dimension", make_int8, scales_too_few, FDM_ERR_FORMAT, "dimension 1"},
    {"activation per channel", make_int8, scales_of_activation, FDM_ERR_UNSUPPORTED, "2 quant"},
    {"activation without scale", make_int8, scales_missing, FDM_ERR_UNSUPPORTED, "0 quant"},
    {"int8 bias short", make_int8, bias_short, FDM_ERR_FORMAT, "bias"},
    {"bias of int8", make_int8, bias_of_int8, FDM_ERR_UNSUPPORTED, "bias of type int8"},
    {"bias scale off by 4e-4", make_int8, bias_scale_wrong, FDM_ERR_UNSUPPORTED, "bias scale 1"},
    {"ReLU of int8", make_int8, batch_norm_of_int8, FDM_ERR_UNSUPPORTED, "input of type int8"},
    {"softmax scale 1/255", make_int8, softmax_scale_wrong, FDM_ERR_UNSUPPORTED, "1/256"},
    {"bias INT32_MIN", make_int8, accumulator_overflows, FDM_ERR_UNSUPPORTED, "channel 1 can over"},
};

static void damaged_graphs_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof damages[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct model m = damages[i].make();
        damages[i].apply(&m);
        enum fdm_status status = fdm_graph_check(m.graph, &err);
        if (status != damages[i].status || strstr(err.message, damages[i].message) == NULL)
            fail_msg("%s: got %s '%s', expected %s '…%s…'", damages[i].remark,
                     fdm_status_name(status), err.message, fdm_status_name(damages[i].status),
                     damages[i].message);
        fdm_graph_free(m.graph);
    }
}

/* The bound itself: sum of |w| times the largest |q - zero point|, plus |bias|, may be INT32_MAX.
 */
static void accumulators_are_bounded_exactly(void **state)
{
    (void)state;
    struct model m = make_int8();
    int8_t *weights = (int8_t *)tensor(&m, m.w1)->data;
    int32_t *bias = (int32_t *)tensor(&m, m.b1)->data;
    memset(weights, 0, tensor(&m, m.w1)->data_bytes);
    weights[27 + 26] = -100; /* channel 1's last tap */
    tensor(&m, m.quant)->quant.zero_points[0] = 127;
    bias[1] = INT32_MAX - 100 * 255;
    assert_int_equal(fdm_graph_check(m.graph, NULL), FDM_OK);
    bias[1]++;
    assert_int_equal(fdm_graph_check(m.graph, NULL), FDM_ERR_UNSUPPORTED);
    bias[1] = -(INT32_MAX - 100 * 255);
    assert_int_equal(fdm_graph_check(m.graph, NULL), FDM_OK);
    tensor(&m, m.quant)->quant.zero_points[0] = -128; /* now q - zero point reaches 255 upwards */
    assert_int_equal(fdm_graph_check(m.graph, NULL), FDM_OK);
    tensor(&m, m.quant)->quant.zero_points[0] = 0; /* 128 downwards */
    bias[1] = INT32_MAX - 100 * 128;
    assert_int_equal(fdm_graph_check(m.graph, NULL), FDM_OK);
    bias[1]++;
    assert_int_equal(fdm_graph_check(m.graph, NULL), FDM_ERR_UNSUPPORTED);
    fdm_graph_free(m.graph);
}

/* 255 times the pixels may be INT32_MAX. */
static void sums_of_means_are_bounded(void **state)
{
    (void)state;
    static const struct {
        uint32_t height, width;
        enum fdm_status status;
    } cases[] = {{2048, 4112, FDM_OK}, {2049, 4111, FDM_ERR_UNSUPPORTED}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct model m = make_int8();
        const uint32_t height = cases[i].height;
        const uint32_t width = cases[i].width;
        tensor(&m, m.image)->dims[1] = tensor(&m, m.quant)->dims[1] = height;
        tensor(&m, m.image)->dims[2] = tensor(&m, m.quant)->dims[2] = width;
        m.graph->op_count = 1;
        uint32_t mean = add(m.graph, "m", FDM_TYPE_S8, 2, (uint32_t[]){1, 3});
        quantize(m.graph, mean, 1, 0);
        for (uint32_t drop = 1; drop < 6; drop++)
            free(at(&m, drop)->name);
        op(m.graph, FDM_OP_MEAN, m.quant, mean);
        m.graph->output = mean;
        assert_int_equal(fdm_graph_check(m.graph, NULL), cases[i].status);
        fdm_graph_free(m.graph);
    }
}

static void same_padding_is_tensorflows(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        uint32_t in, kernel, stride, before, after;
    } cases[] = {
        {"stride 1 is symmetric", 7, 3, 1, 1, 1},
        {"stride 2, even input: behind only", 224, 3, 2, 0, 1},
        {"stride 2, odd input", 7, 3, 2, 1, 1},
        {"even kernel: the odd row behind", 5, 4, 1, 1, 2},
        {"stride larger than the kernel", 8, 1, 2, 0, 0},
        {"kernel larger than the input", 2, 5, 1, 2, 2},
        {"one pixel", 1, 3, 2, 1, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_op conv = {.stride_h = cases[i].stride, .stride_w = 1};
        struct fdm_tensor in = {.rank = 4, .dims = {1, cases[i].in, 9, 1}};
        struct fdm_tensor weights = {.rank = 4, .dims = {1, cases[i].kernel, 1, 1}};
        fdm_graph_pad_same(&conv, &in, &weights);
        if (conv.pad_top != cases[i].before || conv.pad_bottom != cases[i].after)
            fail_msg("%s: got %u and %u", cases[i].remark, conv.pad_top, conv.pad_bottom);
        assert_int_equal(conv.pad_left + conv.pad_right, 0);
    }
}

static void totals_are_counted(void **state)
{
    (void)state;
    struct model f = make_float();
    struct model q = make_int8();
    struct fdm_graph_totals t = fdm_graph_totals(f.graph);
    /* convolution 3*3*2 outputs of 27 taps, depthwise 2 outputs of 9 */
    assert_int_equal(t.macs, 18 * 27 + 2 * 9);
    assert_int_equal(t.weight_count, 54 + 18);
    assert_int_equal(t.bias_count, 2);
    assert_int_equal(t.other_parameters, 8);
    assert_int_equal(t.parameters, 82);
    assert_int_equal(t.weight_bytes, 82 * 4);
    assert_int_equal(t.scale_bytes, 0);
    assert_int_equal(t.activation_bytes, (75 + 18) * 4); /* image and conv */
    t = fdm_graph_totals(q.graph);
    assert_int_equal(t.macs, 18 * 27 + 2 * 9);
    assert_int_equal(t.parameters, 74);
    assert_int_equal(t.weight_bytes, 72 + 8);
    assert_int_equal(t.scale_bytes, 16);
    assert_int_equal(t.activation_bytes, 150); /* QUANTIZE: image and its copy */
    fdm_graph_free(f.graph);
    fdm_graph_free(q.graph);
}

/* An activation that is read again later stays alive, one that nobody reads does not. */
static void lifetimes_count_for_activations(void **state)
{
    (void)state;
    struct model m = make_float();
    struct fdm_graph *g = m.graph;
    uint32_t again = add(g, "again", FDM_TYPE_F32, 4, (uint32_t[]){1, 5, 5, 3});
    op(g, FDM_OP_RELU, m.image, again); /* after the end: the image lives through all of it */
    assert_int_equal(fdm_graph_check(g, NULL), FDM_OK);
    /* bn or relu: image, input, output */
    assert_int_equal(fdm_graph_totals(g).activation_bytes, (75 + 75 + 2) * 4);
    g->op_count--;
    free(g->ops[g->op_count].name);
    assert_int_equal(fdm_graph_totals(g).activation_bytes, (75 + 18) * 4);
    fdm_graph_free(g);
}

static void shared_constants_count_once(void **state)
{
    (void)state;
    struct model m = make_float();
    struct fdm_graph *g = m.graph;
    uint32_t second = add(g, "second", FDM_TYPE_F32, 4, (uint32_t[]){1, 3, 3, 2});
    uint32_t conv = op(g, FDM_OP_CONV_2D, m.image, second);
    operand(g, conv, m.w1);
    operand(g, conv, m.b1);
    struct fdm_op like = *at(&m, m.op_conv);
    like.name = g->ops[conv].name;
    like.output = second;
    g->ops[conv] = like;
    assert_int_equal(fdm_graph_check(g, NULL), FDM_OK);
    struct fdm_graph_totals t = fdm_graph_totals(g);
    assert_int_equal(t.parameters, 82);
    assert_int_equal(t.macs, 2 * 18 * 27 + 2 * 9);
    fdm_graph_free(g);
}

static void names_are_cut_and_disarmed(void **state)
{
    (void)state;
    struct fdm_graph *graph;
    char name[1000];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    name[0] = '\x1b';
    assert_int_equal(fdm_graph_new(name, &graph, NULL), FDM_OK);
    assert_int_equal(strlen(graph->name), FDM_GRAPH_MAX_NAME);
    assert_int_equal(graph->name[0], '?');
    fdm_graph_free(graph);
}

static void memory_is_bounded(void **state)
{
    (void)state;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t index;
    assert_int_equal(fdm_graph_new("g", &graph, NULL), FDM_OK);
    for (uint32_t i = 0; i < FDM_GRAPH_MAX_TENSORS; i++)
        assert_int_equal(fdm_graph_add_tensor(graph, "t", &index, NULL), FDM_OK);
    assert_int_equal(fdm_graph_add_tensor(graph, "t", &index, NULL), FDM_ERR_MEMORY);
    for (uint32_t i = 0; i < FDM_GRAPH_MAX_OPS; i++)
        assert_int_equal(fdm_graph_add_op(graph, "o", FDM_OP_RELU, &index, NULL), FDM_OK);
    assert_int_equal(fdm_graph_add_op(graph, "o", FDM_OP_RELU, &index, NULL), FDM_ERR_MEMORY);

    /* Replacing gives room back; many tensors with the same large constant do not fit. */
    size_t bytes = FDM_GRAPH_MAX_BYTES / 16;
    char *data = calloc(1, bytes);
    assert_non_null(data);
    for (uint32_t i = 0; i < 17; i++)
        assert_int_equal(fdm_graph_set_data(graph, 0, data, bytes, NULL), FDM_OK);
    for (uint32_t i = 1; i < 16; i++)
        assert_int_equal(fdm_graph_set_data(graph, i, data, bytes, NULL), FDM_OK);
    assert_int_equal(fdm_graph_set_data(graph, 16, data, 1, &err), FDM_ERR_MEMORY);
    assert_non_null(strstr(err.message, "exceed"));
    const float scale = 1;
    const int32_t zero = 0;
    assert_int_equal(fdm_graph_set_quant(graph, 16, &scale, &zero, 1, 0, NULL), FDM_ERR_MEMORY);
    assert_int_equal(fdm_graph_set_quant(graph, 0, &scale, &zero, 0, 0, NULL), FDM_ERR_FORMAT);
    free(data);
    fdm_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_graphs_pass),
        cmocka_unit_test(damaged_graphs_are_refused),
        cmocka_unit_test(accumulators_are_bounded_exactly),
        cmocka_unit_test(sums_of_means_are_bounded),
        cmocka_unit_test(same_padding_is_tensorflows),
        cmocka_unit_test(totals_are_counted),
        cmocka_unit_test(lifetimes_count_for_activations),
        cmocka_unit_test(shared_constants_count_once),
        cmocka_unit_test(names_are_cut_and_disarmed),
        cmocka_unit_test(memory_is_bounded),
    };
    return cmocka_run_group_tests_name("graph", tests, NULL, NULL);
}
