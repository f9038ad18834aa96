#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "reference/importers/flatbuffer.h"
#include "reference/importers/importers.h"
#include "tests/support/tflite_builder.h"

static enum fdm_status import(const struct test_tflite *model, struct fdm_graph **graph,
                              struct fdm_error *err)
{
    struct fdm_buf file;
    test_tflite_write(model, &file);
    assert_int_equal(fdm_buf_check(&file, NULL), FDM_OK);
    enum fdm_status status =
        fdm_import_tflite((const uint8_t *)file.data, file.len, "dir/small.tflite", graph, err);
    fdm_buf_release(&file);
    return status;
}

static struct fdm_graph *import_small(void)
{
    struct test_tflite model;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    test_tflite_small(&model);
    assert_ok(import(&model, &graph, &err), err);
    return graph;
}

static void operators_are_imported(void **state)
{
    (void)state;
    static const enum fdm_op_kind kinds[SMALL_OPS] = {
        FDM_OP_QUANTIZE, FDM_OP_CONV_2D,       FDM_OP_DEPTHWISE_CONV, FDM_OP_MEAN,
        FDM_OP_SHAPE,    FDM_OP_STRIDED_SLICE, FDM_OP_PACK,           FDM_OP_RESHAPE,
        FDM_OP_CONV_2D,  FDM_OP_SOFTMAX,       FDM_OP_RESHAPE,        FDM_OP_DEQUANTIZE};
    struct fdm_graph *g = import_small();
    assert_int_equal(g->op_count, SMALL_OPS);
    for (uint32_t i = 0; i < SMALL_OPS; i++)
        assert_int_equal(g->ops[i].kind, kinds[i]);
    const struct fdm_op *conv = &g->ops[SMALL_OP_CONV];
    assert_string_equal(conv->name, "conv");
    assert_int_equal(conv->stride_h, 2);
    assert_int_equal(conv->pad_top, 0);
    assert_int_equal(conv->pad_left, 0);
    assert_int_equal(conv->pad_bottom, 1);
    assert_int_equal(conv->pad_right, 1);
    assert_int_equal(conv->activation, FDM_ACTIVATION_RELU);
    assert_int_equal(conv->inputs[1], SMALL_W1);
    assert_int_equal(g->ops[SMALL_OP_DEPTHWISE].pad_top, 1);
    assert_int_equal(g->ops[SMALL_OP_DEPTHWISE].pad_bottom, 1);
    assert_int_equal(g->ops[SMALL_OP_PREDS].pad_bottom, 0);
    assert_int_equal(g->format, FDM_FORMAT_INT8);
    assert_int_equal(g->input, SMALL_INPUT);
    assert_int_equal(g->output, SMALL_OUTPUT);
    assert_string_equal(g->name, "small.tflite");
    fdm_graph_free(g);
}

static void tensors_are_imported(void **state)
{
    (void)state;
    struct fdm_graph *g = import_small();
    const struct fdm_tensor *input = &g->tensors[SMALL_INPUT];
    assert_int_equal(input->type, FDM_TYPE_U8);
    assert_int_equal(input->rank, 4);
    assert_int_equal(input->dims[0], 1); /* -1 in the signature */
    assert_int_equal(input->dims[3], 3);
    assert_int_equal(input->quant.zero_points[0], 131);
    assert_null(input->data);
    const struct fdm_tensor *weights = &g->tensors[SMALL_W2];
    assert_int_equal(weights->quant.count, 4);
    assert_int_equal(weights->quant.axis, 3);
    assert_true(weights->quant.scales[3] == 2.0F);
    assert_int_equal(weights->file_index, SMALL_W2);
    const int8_t *taps = weights->data;
    assert_int_equal(taps[2], -30);
    const int32_t *biases = g->tensors[SMALL_B1].data;
    assert_int_equal(biases[1], -1);
    assert_int_equal(biases[2], 256);
    assert_int_equal(g->tensors[SMALL_BATCH].rank, 0);
    struct fdm_graph_totals totals = fdm_graph_totals(g);
    assert_int_equal(totals.macs, 64 * 27 + 64 * 9 + 8);
    assert_int_equal(totals.weight_bytes, 108 + 36 + 8 + 4 * 10);
    assert_int_equal(totals.scale_bytes, 4 * (4 + 4 + 1));
    assert_int_equal(totals.activation_bytes, 2 * 192);
    fdm_graph_free(g);
}

static void the_larger_operator_code_counts(void **state)
{
    (void)state;
    struct test_tflite model;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    test_tflite_small(&model);
    model.ops[SMALL_OP_QUANTIZE].deprecated_code = 0; /* as new converters may */
    model.ops[SMALL_OP_CONV].code = 0;                /* as old converters did */
    assert_ok(import(&model, &graph, &err), err);
    fdm_graph_free(graph);
}

static void float_models_are_imported(void **state)
{
    (void)state;
    static const uint8_t zeros[4 * 108];
    static const int biases[] = {SMALL_B1, SMALL_B2, SMALL_B3};
    struct test_tflite model;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    test_tflite_small(&model);
    for (size_t i = 0; i < 3; i++)
        model.tensors[biases[i]].type = 9;
    for (uint32_t i = 0; i < model.tensor_count; i++) {
        struct test_tflite_tensor *t = &model.tensors[i];
        if (t->type != 9)
            continue;
        t->type = 0; /* with its scales, as converters leave them */
        t->data_bytes = 4;
        for (uint32_t d = 0; d < t->rank; d++)
            t->data_bytes *= (uint32_t)t->dims[d];
        t->data = t->data != NULL ? zeros : NULL;
    }
    /* From the first convolution to the last RESHAPE. */
    memmove(model.ops, model.ops + 1, (SMALL_OPS - 2) * sizeof model.ops[0]);
    model.op_count = SMALL_OPS - 2;
    model.inputs[0] = SMALL_QUANT;
    model.outputs[0] = SMALL_FLAT;
    assert_ok(import(&model, &graph, &err), err);
    assert_int_equal(graph->format, FDM_FORMAT_FLOAT);
    assert_int_equal(graph->tensors[SMALL_W1].quant.count, 0);
    assert_int_equal(fdm_graph_totals(graph).weight_bytes, 4 * (108 + 36 + 8 + 10));
    fdm_graph_free(graph);
}

/* ---- valid FlatBuffers that describe a broken model ---- */

static void other_identifier(struct test_tflite *m)
{
    m->identifier[3] = '2';
}
static void other_version(struct test_tflite *m)
{
    m->version = 4;
}
static void no_subgraph(struct test_tflite *m)
{
    m->subgraph_count = 0;
}
static void two_subgraphs(struct test_tflite *m)
{
    m->subgraph_count = 2;
}
static void no_input(struct test_tflite *m)
{
    m->input_count = 0;
}
static void two_outputs(struct test_tflite *m)
{
    m->output_count = 2;
}
static void input_minus_one(struct test_tflite *m)
{
    m->inputs[0] = -1;
}
static void output_beyond(struct test_tflite *m)
{
    m->outputs[0] = SMALL_TENSORS;
}
static void fully_connected(struct test_tflite *m)
{
    m->ops[SMALL_OP_PREDS].code = 9;
    m->ops[SMALL_OP_PREDS].deprecated_code = 9;
}
static void code_200(struct test_tflite *m)
{
    m->ops[SMALL_OP_PREDS].code = 200;
}
static void code_negative(struct test_tflite *m)
{
    m->ops[SMALL_OP_PREDS].code = -7;
    m->ops[SMALL_OP_PREDS].deprecated_code = 0xf9;
}
static void custom(struct test_tflite *m)
{
    m->ops[SMALL_OP_PREDS].code = 32;
    m->ops[SMALL_OP_PREDS].custom_code = "Evil\x1b[2J";
}
static void seven_inputs(struct test_tflite *m)
{
    m->ops[SMALL_OP_PACK].input_count = 7;
}
static void no_output(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].output_count = 0;
}
static void output_left_out(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].outputs[0] = -1;
}
static void operand_beyond(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].inputs[1] = SMALL_TENSORS;
}
static void operand_minus_two(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].inputs[1] = -2;
}
static void input_left_out(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].inputs[0] = -1;
}
static void operators_swapped(struct test_tflite *m)
{
    struct test_tflite_op first = m->ops[SMALL_OP_CONV];
    m->ops[SMALL_OP_CONV] = m->ops[SMALL_OP_DEPTHWISE];
    m->ops[SMALL_OP_DEPTHWISE] = first;
}
static void circle(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].inputs[0] = SMALL_DW;
}
static void no_options(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].options_type = 0;
}
static void other_options(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].options_type = 2;
}
static void padding_2(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].options[0].value = 2;
}
static void padding_valid(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].options[0].value = 1;
}
static void stride_0(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].options[1].value = 0;
}
static void stride_negative(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].options[2].value = 0xffffffff;
}
static void activation_tanh(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].options[3].value = 4;
}
static void dilation_2(struct test_tflite *m)
{
    m->ops[SMALL_OP_CONV].options[5].value = 2;
}
static void multiplier_2(struct test_tflite *m)
{
    m->ops[SMALL_OP_DEPTHWISE].options[3].value = 2;
}
static void beta_2(struct test_tflite *m)
{
    m->ops[SMALL_OP_SOFTMAX].options[0].value = 0x40000000;
}
static void keep_dims(struct test_tflite *m)
{
    m->ops[SMALL_OP_MEAN].options[0].value = 1;
}
static void mean_without_axes(struct test_tflite *m)
{
    m->ops[SMALL_OP_MEAN].input_count = 1;
}
static void axes_other(struct test_tflite *m)
{
    m->tensors[SMALL_AXES].data = m->tensors[SMALL_TARGET].data;
}
static void pack_axis(struct test_tflite *m)
{
    m->ops[SMALL_OP_PACK].options[0].id = 1;
}
static void ellipsis(struct test_tflite *m)
{
    m->ops[SMALL_OP_SLICE].options[0].id = 2;
}
static void type_16_bit(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].type = 1;
}
static void type_changes(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].type = 3;
    m->tensors[SMALL_CONV].zero_points[0] = 0;
}
static void variable(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].is_variable = true;
}
static void sparse(struct test_tflite *m)
{
    m->tensors[SMALL_W1].is_sparse = true;
}
static void data_elsewhere(struct test_tflite *m)
{
    m->tensors[SMALL_W1].data_elsewhere = true;
}
static void rank_7(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].rank = 7;
}
static void dim_0(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].dims[1] = 0;
}
static void dim_negative(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].open_batch = false;
    m->tensors[SMALL_CONV].dims[2] = -1;
}
static void dims_overflow(struct test_tflite *m)
{
    /* 65536^4 elements are 0 in 64 bits. */
    for (int i = 1; i < 5; i++)
        m->tensors[SMALL_CONV].dims[i] = 65536;
    m->tensors[SMALL_CONV].rank = 5;
}
static void open_height(struct test_tflite *m)
{
    struct test_tflite_tensor *t = &m->tensors[SMALL_CONV];
    t->open_batch = false;
    memcpy(t->signature, (int32_t[]){1, -1, 4, 4}, sizeof(int32_t[4]));
    t->signature_rank = 4;
}
static void signature_contradicts(struct test_tflite *m)
{
    open_height(m);
    m->tensors[SMALL_CONV].signature[1] = 5;
}
static void signature_short(struct test_tflite *m)
{
    open_height(m);
    m->tensors[SMALL_CONV].signature_rank = 3;
}
static void buffer_beyond(struct test_tflite *m)
{
    m->tensors[SMALL_W1].buffer = SMALL_TENSORS + 1;
}
static void buffer_of_other_size(struct test_tflite *m)
{
    m->tensors[SMALL_W1].buffer = SMALL_W2 + 1;
}
static void weights_missing(struct test_tflite *m)
{
    m->tensors[SMALL_W1].data = NULL;
}
static void weights_short(struct test_tflite *m)
{
    m->tensors[SMALL_W1].data_bytes--;
}
static void bias_short(struct test_tflite *m)
{
    m->tensors[SMALL_B1].dims[0] = 2;
    m->tensors[SMALL_B1].data_bytes = 8;
    m->tensors[SMALL_B1].scale_count = 1;
    m->tensors[SMALL_B1].zero_point_count = 1;
}
static void bias_float(struct test_tflite *m)
{
    static const uint8_t zeros[16];
    m->tensors[SMALL_B1].type = 0;
    m->tensors[SMALL_B1].data = zeros;
}
static void bias_64_bit(struct test_tflite *m)
{
    m->tensors[SMALL_B3].type = 4;
    m->tensors[SMALL_B3].data = m->tensors[SMALL_B1].data;
    m->tensors[SMALL_B3].data_bytes = 16;
}
static void bias_unquantized_scale(struct test_tflite *m)
{
    m->tensors[SMALL_B3].scales[0] = 0.126F;
}
static void activation_has_data(struct test_tflite *m)
{
    m->tensors[SMALL_AXES].buffer = 0;
    m->tensors[SMALL_MEAN].buffer = SMALL_BEGIN + 1;
}
static void scale_nan(struct test_tflite *m)
{
    m->tensors[SMALL_W1].scales[2] = NAN;
}
static void scale_negative(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].scales[0] = -1;
}
static void scales_too_many(struct test_tflite *m)
{
    m->tensors[SMALL_W1].scale_count = m->tensors[SMALL_W1].zero_point_count = 5;
}
static void zero_points_too_few(struct test_tflite *m)
{
    m->tensors[SMALL_W1].zero_point_count = 3;
}
static void zero_point_64_bit(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].zero_points[0] = INT64_C(1) << 40;
}
static void axis_negative(struct test_tflite *m)
{
    m->tensors[SMALL_W1].quantized_dimension = -1;
}
static void axis_beyond(struct test_tflite *m)
{
    m->tensors[SMALL_W1].quantized_dimension = 4;
}
static void custom_quantization(struct test_tflite *m)
{
    m->tensors[SMALL_W1].quantization_details = 1;
}
static void unquantized(struct test_tflite *m)
{
    m->tensors[SMALL_CONV].scale_count = 0;
}
static void float_in_the_middle(struct test_tflite *m)
{
    m->tensors[SMALL_DW].type = 0;
}

static void requantize(struct test_tflite *m)
{
    m->tensors[SMALL_INPUT].type = 9;
    m->tensors[SMALL_INPUT].zero_points[0] = 3;
}
static void conv_of_rank_2(struct test_tflite *m)
{
    m->ops[SMALL_OP_PREDS].inputs[0] = SMALL_MEAN;
}
static void weights_unquantized(struct test_tflite *m)
{
    m->tensors[SMALL_W3].scale_count = m->tensors[SMALL_W3].zero_point_count = 0;
}
static void weights_along_the_input(struct test_tflite *m)
{
    struct test_tflite_tensor *t = &m->tensors[SMALL_W3];
    for (int i = 1; i < 4; i++)
        t->scales[i] = t->scales[0];
    t->scale_count = t->zero_point_count = 4;
    t->quantized_dimension = 3;
}
static void reshape_changes_type(struct test_tflite *m)
{
    m->tensors[SMALL_MAP].type = 3;
}
static void reshape_changes_size(struct test_tflite *m)
{
    m->tensors[SMALL_FLAT].dims[1] = 3;
}
static void reshape_changes_scale(struct test_tflite *m)
{
    m->tensors[SMALL_FLAT].scales[0] = 1.0F / 128;
}
static void reshape_by_int8(struct test_tflite *m)
{
    m->ops[SMALL_OP_RESHAPE_2].inputs[1] = SMALL_W3;
}
static void reshape_by_scalar(struct test_tflite *m)
{
    m->ops[SMALL_OP_RESHAPE_2].inputs[1] = SMALL_ONE;
}
static void reshape_to_other(struct test_tflite *m)
{
    static const uint8_t other[8] = {1, 0, 0, 0, 3, 0, 0, 0};
    m->tensors[SMALL_TARGET].data = other;
}
static void shape_int8(struct test_tflite *m)
{
    m->tensors[SMALL_SHAPE].type = 9;
}
static void shape_long(struct test_tflite *m)
{
    m->tensors[SMALL_SHAPE].dims[0] = 3;
}
static void shape_of_shape(struct test_tflite *m)
{
    m->ops[SMALL_OP_SHAPE].inputs[0] = SMALL_ONE;
}
static void slice_of_int8(struct test_tflite *m)
{
    m->ops[SMALL_OP_SLICE].inputs[0] = SMALL_MEAN;
}
static void slice_to_int8(struct test_tflite *m)
{
    m->tensors[SMALL_BATCH].type = 9;
}
static void slice_longer(struct test_tflite *m)
{
    m->tensors[SMALL_BATCH].rank = 1;
    m->tensors[SMALL_BATCH].dims[0] = 3;
}
static void slice_by_int8(struct test_tflite *m)
{
    m->ops[SMALL_OP_SLICE].inputs[3] = SMALL_W3;
}
static void slice_by_scalar(struct test_tflite *m)
{
    m->ops[SMALL_OP_SLICE].inputs[1] = SMALL_ONE;
}
static void pack_of_int8(struct test_tflite *m)
{
    m->ops[SMALL_OP_PACK].inputs[1] = SMALL_MEAN;
}
static void pack_of_vector(struct test_tflite *m)
{
    m->ops[SMALL_OP_PACK].inputs[1] = SMALL_BEGIN;
}
static void pack_to_int8(struct test_tflite *m)
{
    m->tensors[SMALL_PACKED].type = 9;
}
static void pack_short(struct test_tflite *m)
{
    m->tensors[SMALL_PACKED].dims[0] = 3;
}
static void dequantize_constant(struct test_tflite *m)
{
    m->ops[SMALL_OP_DEQUANTIZE].inputs[0] = SMALL_W3;
}

static const struct {
    const char *remark;
    void (*damage)(struct test_tflite *model);
    enum fdm_status status;
    const char *message;
} broken[] = {
    {"identifier TFL2", other_identifier, FDM_ERR_FORMAT, "byte 4: no TensorFlow Lite"},
    {"schema version 4", other_version, FDM_ERR_UNSUPPORTED, "schema version 4"},
    {"no subgraph", no_subgraph, FDM_ERR_UNSUPPORTED, "0 subgraphs"},
    {"two subgraphs", two_subgraphs, FDM_ERR_UNSUPPORTED, "2 subgraphs"},
    {"no input", no_input, FDM_ERR_UNSUPPORTED, "0 inputs"},
    {"two outputs", two_outputs, FDM_ERR_UNSUPPORTED, "2 outputs"},
    {"input -1", input_minus_one, FDM_ERR_FORMAT, "the input is tensor -1"},
    {"output beyond the tensors", output_beyond, FDM_ERR_FORMAT, "the output is tensor 26 of 26"},
    {"an operator that we do not have", fully_connected, FDM_ERR_UNSUPPORTED,
     "small.tflite: operator 8: FULLY_CONNECTED (operator code 9)"},
    {"an operator without name", code_200, FDM_ERR_UNSUPPORTED, "operator code 200"},
    {"a negative operator code", code_negative, FDM_ERR_UNSUPPORTED, "operator code -7"},
    {"a custom operator with control characters", custom, FDM_ERR_UNSUPPORTED, "'Evil?[2J'"},
    {"seven inputs", seven_inputs, FDM_ERR_UNSUPPORTED, "PACK: byte"},
    {"no output", no_output, FDM_ERR_UNSUPPORTED, "0 outputs"},
    {"output left out", output_left_out, FDM_ERR_FORMAT, "no output"},
    {"operand beyond the tensors", operand_beyond, FDM_ERR_FORMAT, "tensor 26 of 26"},
    {"operand -2", operand_minus_two, FDM_ERR_FORMAT, "tensor -2"},
    {"input left out", input_left_out, FDM_ERR_FORMAT, "input 0"},
    {"operators out of order", operators_swapped, FDM_ERR_FORMAT, "'conv') has no value yet"},
    {"operators in a circle", circle, FDM_ERR_FORMAT, "'dw') has no value yet"},
    {"options missing", no_options, FDM_ERR_FORMAT, "options of type 0, expected 1"},
    {"options of another operator", other_options, FDM_ERR_FORMAT, "options of type 2"},
    {"padding 2", padding_2, FDM_ERR_FORMAT, "padding 2"},
    {"VALID where the shape needs SAME", padding_valid, FDM_ERR_FORMAT, "output"},
    {"stride 0", stride_0, FDM_ERR_UNSUPPORTED, "stride 0"},
    {"stride -1", stride_negative, FDM_ERR_UNSUPPORTED, "stride -1"},
    {"TANH", activation_tanh, FDM_ERR_UNSUPPORTED, "fused activation 4"},
    {"dilation 2", dilation_2, FDM_ERR_UNSUPPORTED, "dilation 2"},
    {"depth multiplier 2", multiplier_2, FDM_ERR_UNSUPPORTED, "depth multiplier 2"},
    {"beta 2", beta_2, FDM_ERR_UNSUPPORTED, "beta 2"},
    {"keep_dims with two dimensions", keep_dims, FDM_ERR_FORMAT, "keep_dims is 1"},
    {"MEAN without axes", mean_without_axes, FDM_ERR_FORMAT, "1 inputs, expected 2"},
    {"MEAN over other axes", axes_other, FDM_ERR_UNSUPPORTED, "axes 1 and 2"},
    {"PACK along axis 4", pack_axis, FDM_ERR_UNSUPPORTED, "axis 4"},
    {"slice with ellipsis", ellipsis, FDM_ERR_UNSUPPORTED, "ellipsis"},
    {"float16", type_16_bit, FDM_ERR_UNSUPPORTED, "tensor 4 'conv': byte"},
    {"uint8 activation", type_changes, FDM_ERR_UNSUPPORTED, "uint8"},
    {"variable tensor", variable, FDM_ERR_UNSUPPORTED, "variable"},
    {"sparse tensor", sparse, FDM_ERR_UNSUPPORTED, "a sparse tensor"},
    {"data behind the FlatBuffer", data_elsewhere, FDM_ERR_UNSUPPORTED, "outside the FlatBuffer"},
    {"rank 7", rank_7, FDM_ERR_UNSUPPORTED, "7 dimensions"},
    {"dimension 0", dim_0, FDM_ERR_FORMAT, "dimension 1 is 0"},
    {"dimension -1", dim_negative, FDM_ERR_UNSUPPORTED, "dimension 2 has no fixed size"},
    {"dimensions that overflow", dims_overflow, FDM_ERR_FORMAT, "more than 268435456"},
    {"open height", open_height, FDM_ERR_UNSUPPORTED, "dimension 1 has no fixed size"},
    {"signature contradicts", signature_contradicts, FDM_ERR_FORMAT, "5 in its signature"},
    {"signature too short", signature_short, FDM_ERR_FORMAT, "but 3 in their signature"},
    {"buffer beyond the buffers", buffer_beyond, FDM_ERR_FORMAT, "buffer 27 of 27"},
    {"buffer of another tensor", buffer_of_other_size, FDM_ERR_FORMAT, "36 bytes of data"},
    {"weights without data", weights_missing, FDM_ERR_FORMAT, "'w1') has no value yet"},
    {"weights too short", weights_short, FDM_ERR_FORMAT, "107 bytes of data, its shape needs 108"},
    {"bias of two values", bias_short, FDM_ERR_FORMAT, "shape of its bias"},
    {"float bias", bias_float, FDM_ERR_UNSUPPORTED, "bias of type float32"},
    {"64-bit bias", bias_64_bit, FDM_ERR_UNSUPPORTED, "bias of type int64"},
    {"bias scale is no product", bias_unquantized_scale, FDM_ERR_UNSUPPORTED, "bias scale 0"},
    {"activation with data", activation_has_data, FDM_ERR_FORMAT, "MEAN 'mean'"},
    {"scale NaN", scale_nan, FDM_ERR_FORMAT, "scale 2 is"},
    {"scale negative", scale_negative, FDM_ERR_FORMAT, "scale 0 is -1"},
    {"scales more than channels", scales_too_many, FDM_ERR_FORMAT, "5 quantization scales"},
    {"zero points fewer than scales", zero_points_too_few, FDM_ERR_FORMAT, "3 zero points"},
    {"zero point past 32 bits", zero_point_64_bit, FDM_ERR_FORMAT, "is 1099511627776"},
    {"quantized dimension -1", axis_negative, FDM_ERR_FORMAT, "dimension -1"},
    {"quantized dimension 4 of 4", axis_beyond, FDM_ERR_FORMAT, "dimension 4"},
    {"custom quantization", custom_quantization, FDM_ERR_UNSUPPORTED, "custom quantization"},
    {"int8 without scale", unquantized, FDM_ERR_UNSUPPORTED, "0 quantization scales"},
    {"QUANTIZE from int8", requantize, FDM_ERR_UNSUPPORTED, "from int8 to int8"},
    {"convolution of two dimensions", conv_of_rank_2, FDM_ERR_UNSUPPORTED, "must be [1,H,W,C]"},
    {"weights without scale", weights_unquantized, FDM_ERR_UNSUPPORTED, "weights need one scale"},
    {"scales along the input", weights_along_the_input, FDM_ERR_UNSUPPORTED, "weights need one"},
    {"RESHAPE to uint8", reshape_changes_type, FDM_ERR_UNSUPPORTED, "output of type uint8"},
    {"RESHAPE to more", reshape_changes_size, FDM_ERR_FORMAT, "'flat'): the shape of its output"},
    {"RESHAPE to other scale", reshape_changes_scale, FDM_ERR_UNSUPPORTED, "differently"},
    {"RESHAPE by int8", reshape_by_int8, FDM_ERR_UNSUPPORTED, "shape of type int8"},
    {"RESHAPE by a scalar", reshape_by_scalar, FDM_ERR_FORMAT, "shape operand"},
    {"RESHAPE to another shape", reshape_to_other, FDM_ERR_FORMAT, "shape operand"},
    {"SHAPE of int8", shape_int8, FDM_ERR_UNSUPPORTED, "(SHAPE 'shape'): output of type int8"},
    {"SHAPE too long", shape_long, FDM_ERR_FORMAT, "(SHAPE 'shape'): the shape of its output"},
    {"SHAPE of a constant", shape_of_shape, FDM_ERR_UNSUPPORTED, "its input is a constant"},
    {"slice of int8", slice_of_int8, FDM_ERR_UNSUPPORTED, "'batch'): input of type int8"},
    {"slice to int8", slice_to_int8, FDM_ERR_UNSUPPORTED, "'batch'): output of type int8"},
    {"slice longer than its input", slice_longer, FDM_ERR_FORMAT, "'batch'): the shape of its out"},
    {"slice by int8", slice_by_int8, FDM_ERR_UNSUPPORTED, "bound of type int8"},
    {"slice by a scalar", slice_by_scalar, FDM_ERR_FORMAT, "its bounds"},
    {"PACK of int8", pack_of_int8, FDM_ERR_UNSUPPORTED, "'packed'): input of type int8"},
    {"PACK of a vector", pack_of_vector, FDM_ERR_UNSUPPORTED, "input 1 is not a scalar"},
    {"PACK to int8", pack_to_int8, FDM_ERR_UNSUPPORTED, "'packed'): output of type int8"},
    {"PACK too short", pack_short, FDM_ERR_FORMAT, "'packed'): the shape of its output"},
    {"DEQUANTIZE of a constant", dequantize_constant, FDM_ERR_UNSUPPORTED, "input is a constant"},
    {"float amid int8", float_in_the_middle, FDM_ERR_UNSUPPORTED, "float32"},
};

static void broken_models_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct test_tflite model;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph;
        test_tflite_small(&model);
        broken[i].damage(&model);
        enum fdm_status status = import(&model, &graph, &err);
        if (status != broken[i].status || graph != NULL ||
            strncmp(err.message, "dir/small.tflite: ", 18) != 0 ||
            strstr(err.message, broken[i].message) == NULL)
            fail_msg("%s: got %s '%s', expected %s '…%s…'", broken[i].remark,
                     fdm_status_name(status), err.message, fdm_status_name(broken[i].status),
                     broken[i].message);
    }
}

/* ---- files that are no valid FlatBuffers; `root` is the root table, `graph` the subgraph ---- */

struct places {
    size_t root;
    size_t graph;
};

static uint32_t u32_at(const struct fdm_buf *file, size_t at)
{
    const uint8_t *b = (const uint8_t *)file->data + at;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static char *vtable_of(const struct fdm_buf *file, size_t table)
{
    return file->data + (table - u32_at(file, table));
}

static size_t target(const struct fdm_buf *file, size_t offset)
{
    return offset + u32_at(file, offset);
}

static size_t root_field(const struct fdm_buf *file, const struct places *p, unsigned id)
{
    return test_fb_field_at(file, p->root, id);
}

static size_t graph_field(const struct fdm_buf *file, const struct places *p, unsigned id)
{
    return test_fb_field_at(file, p->graph, id);
}

static void root_outside(struct fdm_buf *file, const struct places *p)
{
    (void)p;
    test_fb_store_u32(file, 0, (uint32_t)file->len - 3);
}
static void root_wraps(struct fdm_buf *file, const struct places *p)
{
    (void)p;
    test_fb_store_u32(file, 0, 0xfffffffc);
}
static void root_is_offset(struct fdm_buf *file, const struct places *p)
{
    (void)p;
    test_fb_store_u32(file, 0, 0);
}
static void vtable_before_file(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, p->root, (uint32_t)p->root + 1);
}
static void vtable_behind_file(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, p->root, 0x80000000);
}
static void vtable_odd(struct fdm_buf *file, const struct places *p)
{
    vtable_of(file, p->root)[0] = 13;
}
static void vtable_tiny(struct fdm_buf *file, const struct places *p)
{
    vtable_of(file, p->root)[0] = 2;
}
static void vtable_long(struct fdm_buf *file, const struct places *p)
{
    memcpy(vtable_of(file, p->root), "\xfe\xff", 2);
}
static void table_tiny(struct fdm_buf *file, const struct places *p)
{
    vtable_of(file, p->root)[2] = 3;
}
static void table_long(struct fdm_buf *file, const struct places *p)
{
    memcpy(vtable_of(file, p->root) + 2, "\xff\xff", 2);
}
static void field_outside_table(struct fdm_buf *file, const struct places *p)
{
    vtable_of(file, p->root)[4 + 2 * 4] = 22; /* of 24 bytes */
}
static void field_over_header(struct fdm_buf *file, const struct places *p)
{
    vtable_of(file, p->root)[4 + 2 * 2] = 2;
}
static void vector_outside(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, root_field(file, p, 2), (uint32_t)file->len);
}
static void vector_huge(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, target(file, graph_field(file, p, 0)), 0xffffffff);
}
static void vector_wraps(struct fdm_buf *file, const struct places *p)
{
    /* 4 * 0x40000001 is 4 in 32 bits. */
    test_fb_store_u32(file, target(file, graph_field(file, p, 3)), 0x40000001);
}
static void vector_is_itself(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, graph_field(file, p, 0), 0);
}
static void element_outside(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, target(file, graph_field(file, p, 0)) + 4, 0x7fffffff);
}
static void tensors_are_operators(struct fdm_buf *file, const struct places *p)
{
    test_fb_link(file, graph_field(file, p, 0), target(file, graph_field(file, p, 3)));
}
static void all_tensors_are_one(struct fdm_buf *file, const struct places *p)
{
    size_t first = target(file, graph_field(file, p, 0)) + 4;
    for (size_t i = 1; i < SMALL_TENSORS; i++)
        test_fb_link(file, first + 4 * i, target(file, first));
}
static void buffers_missing(struct fdm_buf *file, const struct places *p)
{
    memset(vtable_of(file, p->root) + 12, 0, 2); /* field 4 */
}
static void tensors_missing(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, target(file, graph_field(file, p, 0)), 0);
}
static void operators_missing(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, target(file, graph_field(file, p, 3)), 0);
}
static void codes_missing(struct fdm_buf *file, const struct places *p)
{
    test_fb_store_u32(file, target(file, root_field(file, p, 1)), 0);
}

static const struct {
    const char *remark;
    void (*damage)(struct fdm_buf *file, const struct places *p);
    const char *message;
} mangled[] = {
    {"root outside", root_outside, "byte 0: offset of a root table"},
    {"root offset wraps around", root_wraps, "byte 0: offset of a root table"},
    {"root offset leads to itself", root_is_offset, "byte 0: offset of a root table"},
    {"vtable in front of the file", vtable_before_file, "vtable lies outside"},
    {"vtable behind the file", vtable_behind_file, "vtable lies outside"},
    {"vtable of odd size", vtable_odd, "a vtable of 13 bytes"},
    {"vtable smaller than its header", vtable_tiny, "a vtable of 2 bytes"},
    {"vtable longer than the file", vtable_long, "a vtable of 65534 bytes"},
    {"table smaller than its header", table_tiny, "a table of 3 bytes"},
    {"table longer than the file", table_long, "a table of 65535 bytes"},
    {"field past its table", field_outside_table, "field 4 lies outside its table"},
    {"field on the table's header", field_over_header, "field 2 lies outside its table"},
    {"vector outside", vector_outside, "offset of a vector"},
    {"vector of 2^32-1 elements", vector_huge, "a vector of 4294967295 elements"},
    {"vector whose bytes wrap around", vector_wraps, "a vector of 1073741825 elements"},
    {"offset that leads to itself", vector_is_itself, "offset of a vector"},
    {"element outside", element_outside, "offset of a table"},
    {"tensors are the operators' tables", tensors_are_operators, ""},
    {"all tensors are the first", all_tensors_are_one, ""},
    {"no buffers", buffers_missing, "buffer 1 of 0"},
    {"no tensors", tensors_missing, "is tensor 0 of 0"},
    {"no operators", operators_missing, "no operator computes"},
    {"no operator codes", codes_missing, "operator code 0 of 0"},
};

static void mangled_files_are_refused(void **state)
{
    (void)state;
    struct test_tflite model;
    test_tflite_small(&model);
    for (size_t i = 0; i < sizeof mangled / sizeof mangled[0]; i++) {
        struct fdm_buf file;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph;
        test_tflite_write(&model, &file);
        size_t root = target(&file, 0);
        size_t graphs = target(&file, test_fb_field_at(&file, root, 2));
        struct places p = {root, target(&file, graphs + 4)};
        mangled[i].damage(&file, &p);
        enum fdm_status status =
            fdm_import_tflite((uint8_t *)file.data, file.len, "m", &graph, &err);
        if (status == FDM_OK || strstr(err.message, mangled[i].message) == NULL)
            fail_msg("%s: got %s '%s', expected '…%s…'", mangled[i].remark, fdm_status_name(status),
                     err.message, mangled[i].message);
        fdm_buf_release(&file);
    }
}

static void sizes_are_bounded(void **state)
{
    (void)state;
    static const uint8_t few[3];
    struct fdm_fb fb;
    struct fdm_fb_table root;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(fdm_fb_open(&fb, few, (size_t)INT32_MAX + 1, NULL), FDM_ERR_MEMORY);
    assert_int_equal(fdm_fb_open(&fb, few, sizeof few, NULL), FDM_OK);
    assert_int_equal(fdm_fb_root(&fb, &root, &err), FDM_ERR_FORMAT);
    assert_string_equal(err.message, "byte 0: 3 bytes are no FlatBuffer");

    uint8_t *large = calloc(1, FDM_IMPORT_MAX_BYTES + 1);
    assert_non_null(large);
    assert_int_equal(fdm_import_tflite(large, FDM_IMPORT_MAX_BYTES + 1, "l", &graph, NULL),
                     FDM_ERR_MEMORY);
    assert_int_equal(fdm_import_h5(large, FDM_IMPORT_MAX_BYTES + 1, "l", &graph, NULL),
                     FDM_ERR_MEMORY);
    free(large);
}

/* Each prefix in memory of its own size, so that a sanitizer sees the first byte too many. */
static void cut_files_are_refused(void **state)
{
    (void)state;
    struct test_tflite model;
    struct fdm_buf file;
    test_tflite_small(&model);
    test_tflite_write(&model, &file);
    /* The last tensors have no data, so nothing needs the very end. */
    size_t needed = file.len;
    for (size_t len = 0; len < file.len; len++) {
        struct fdm_graph *graph;
        uint8_t *bytes = malloc(len != 0 ? len : 1);
        assert_non_null(bytes);
        memcpy(bytes, file.data, len);
        if (fdm_import_tflite(bytes, len, "cut", &graph, NULL) == FDM_OK) {
            needed = len < needed ? len : needed;
            fdm_graph_free(graph);
        }
        free(bytes);
    }
    assert_true(needed + 16 >= file.len);
    fdm_buf_release(&file);
}

/* Six tensors that share one buffer of `rows` * 64 KiB. */
static enum fdm_status import_with_shared_buffer(uint32_t rows, struct fdm_error *err)
{
    struct test_tflite model;
    struct fdm_graph *graph;
    uint32_t bytes = rows << 16;
    uint8_t *data = calloc(1, bytes);
    assert_non_null(data);
    test_tflite_small(&model);
    model.tensor_count = TEST_TFLITE_TENSORS;
    for (int i = SMALL_TENSORS; i < TEST_TFLITE_TENSORS; i++)
        model.tensors[i] = (struct test_tflite_tensor){.name = "big",
                                                       .type = 9,
                                                       .rank = 2,
                                                       .dims = {(int32_t)rows, 1 << 16},
                                                       .buffer = SMALL_TENSORS + 1};
    model.tensors[SMALL_TENSORS].data = data;
    model.tensors[SMALL_TENSORS].data_bytes = bytes;
    enum fdm_status status = import(&model, &graph, err);
    free(data);
    fdm_graph_free(graph);
    return status;
}

static void many_tensors_of_one_buffer_are_bounded(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(TEST_TFLITE_TENSORS - SMALL_TENSORS, 6);
    assert_ok(import_with_shared_buffer(320, &err), err); /* 6 * 20 MiB */
    assert_int_equal(import_with_shared_buffer(960, &err), FDM_ERR_MEMORY);
    assert_non_null(strstr(err.message, "exceed"));
}

static enum fdm_status import_as(const char *dir, const void *bytes, size_t len,
                                 struct fdm_graph **graph, struct fdm_error *err)
{
    char *path = fdm_fs_join(dir, "model");
    assert_int_equal(fdm_fs_write_atomic(path, bytes, len, NULL), FDM_OK);
    enum fdm_status status = fdm_import_file(path, graph, err);
    free(path);
    return status;
}

static void files_are_told_apart_by_content(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *bytes;
        size_t len;
        enum fdm_status status;
        const char *message;
    } cases[] = {
        {"empty", "", 0, FDM_ERR_FORMAT, "neither"},
        {"text", "hello there", 11, FDM_ERR_FORMAT, "neither"},
        {"zip signature alone", "PK\3\4.......", 11, FDM_ERR_FORMAT, "damaged archive"},
        {"HDF5 signature alone", "\x89HDF\r\n\x1a\n", 8, FDM_ERR_FORMAT, "not a readable HDF5"},
        {"TensorFlow Lite identifier alone", "\0\0\0\0TFL3", 8, FDM_ERR_FORMAT, "byte 0"},
    };
    char *dir = test_tmpdir();
    struct fdm_graph *graph;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        enum fdm_status status = import_as(dir, cases[i].bytes, cases[i].len, &graph, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s: got %s '%s'", cases[i].remark, fdm_status_name(status), err.message);
    }
    assert_int_equal(fdm_import_file(dir, &graph, NULL), FDM_ERR_IO);
    assert_int_equal(fdm_import_file("/nowhere/model.h5", &graph, NULL), FDM_ERR_NOT_FOUND);

    struct test_tflite model;
    struct fdm_buf file;
    struct fdm_error err = FDM_ERROR_INIT;
    char hex[FDM_SHA256_HEX_SIZE];
    test_tflite_small(&model);
    test_tflite_write(&model, &file);
    assert_ok(import_as(dir, file.data, file.len, &graph, &err), err);
    assert_string_equal(graph->name, "model");
    assert_int_equal(graph->file_bytes, file.len);
    fdm_sha256_hex(file.data, file.len, hex);
    assert_string_equal(graph->sha256, hex);
    fdm_graph_free(graph);
    fdm_buf_release(&file);
    test_rmtree(dir);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_are_imported),
        cmocka_unit_test(tensors_are_imported),
        cmocka_unit_test(the_larger_operator_code_counts),
        cmocka_unit_test(float_models_are_imported),
        cmocka_unit_test(broken_models_are_refused),
        cmocka_unit_test(mangled_files_are_refused),
        cmocka_unit_test(sizes_are_bounded),
        cmocka_unit_test(cut_files_are_refused),
        cmocka_unit_test(many_tensors_of_one_buffer_are_bounded),
        cmocka_unit_test(files_are_told_apart_by_content),
    };
    return cmocka_run_group_tests_name("tflite", tests, NULL, NULL);
}
