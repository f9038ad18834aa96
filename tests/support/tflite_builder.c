#include "tests/support/tflite_builder.h"

#include <string.h>

#define FIELD_ID_MAX 16

/* ---- FlatBuffers ---- */

static void put_le(struct fdm_buf *out, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        char byte = (char)(value >> (8 * i) & 0xff);
        fdm_buf_append(out, &byte, 1);
    }
}

void test_fb_store_u32(struct fdm_buf *out, size_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out->data[at + i] = (char)(value >> (8 * i) & 0xff);
}

void test_fb_align(struct fdm_buf *out)
{
    while (out->len % 8 != 0)
        put_le(out, 0, 1);
}

static uint16_t u16_at(const struct fdm_buf *out, size_t at)
{
    return (uint16_t)((uint8_t)out->data[at] | (uint8_t)out->data[at + 1] << 8);
}

size_t test_fb_table(struct fdm_buf *out, const struct test_fb_field *fields, size_t count)
{
    uint16_t places[FIELD_ID_MAX] = {0};
    uint16_t table_bytes = 4;
    unsigned entries = 0;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].bytes == 0)
            continue;
        places[fields[i].id] = table_bytes;
        table_bytes = (uint16_t)(table_bytes + fields[i].bytes);
        if (fields[i].id + 1 > entries)
            entries = fields[i].id + 1;
    }
    test_fb_align(out);
    size_t vtable = out->len;
    put_le(out, 4 + 2 * (uint64_t)entries, 2);
    put_le(out, table_bytes, 2);
    for (unsigned i = 0; i < entries; i++)
        put_le(out, places[i], 2);
    test_fb_align(out);
    size_t table = out->len;
    put_le(out, table - vtable, 4);
    for (size_t i = 0; i < count; i++)
        put_le(out, fields[i].value, fields[i].bytes);
    return table;
}

size_t test_fb_vector(struct fdm_buf *out, const void *elements, uint32_t count, size_t bytes)
{
    test_fb_align(out);
    size_t at = out->len;
    put_le(out, count, 4);
    fdm_buf_append(out, elements, count * bytes);
    return at;
}

size_t test_fb_field_at(const struct fdm_buf *out, size_t table, unsigned id)
{
    size_t vtable = table - u16_at(out, table);
    return table + u16_at(out, vtable + 4 + 2 * (size_t)id);
}

void test_fb_link(struct fdm_buf *out, size_t from, size_t to)
{
    test_fb_store_u32(out, from, (uint32_t)(to - from));
}

/* ---- TensorFlow Lite ---- */

static void link_field(struct fdm_buf *out, size_t table, unsigned id, size_t to)
{
    test_fb_link(out, test_fb_field_at(out, table, id), to);
}

static void link_vector(struct fdm_buf *out, size_t table, unsigned id, const void *elements,
                        uint32_t count, size_t bytes)
{
    link_field(out, table, id, test_fb_vector(out, elements, count, bytes));
}

static void link_text(struct fdm_buf *out, size_t table, unsigned id, const char *text)
{
    link_vector(out, table, id, text, (uint32_t)strlen(text), 1);
    put_le(out, 0, 1);
}

/* A vector of `count` offsets, to be linked one by one; returns its first element's place. */
static size_t link_offsets(struct fdm_buf *out, size_t table, unsigned id, uint32_t count)
{
    static const uint32_t none[2 * TEST_TFLITE_TENSORS];
    size_t at = test_fb_vector(out, none, count, 4);
    link_field(out, table, id, at);
    return at + 4;
}

static uint64_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static void write_quant(const struct test_tflite_tensor *tensor, struct fdm_buf *out, size_t table)
{
    const struct test_fb_field fields[] = {{2, 4, 0},
                                           {3, 4, 0},
                                           {4, 1, tensor->quantization_details},
                                           {6, 4, (uint64_t)tensor->quantized_dimension}};
    size_t quant = test_fb_table(out, fields, 4);
    link_field(out, table, 4, quant);
    link_vector(out, quant, 2, tensor->scales, tensor->scale_count, sizeof(float));
    link_vector(out, quant, 3, tensor->zero_points, tensor->zero_point_count, sizeof(int64_t));
}

/* The buffer of tensor i is number i + 1; number 0 is the empty one. */
static size_t write_tensor(const struct test_tflite_tensor *tensor, uint32_t index,
                           struct fdm_buf *out)
{
    uint32_t buffer = tensor->buffer != 0 ? tensor->buffer : index + 1;
    bool has_signature = tensor->signature_rank != 0 || tensor->open_batch;
    const struct test_fb_field fields[] = {{0, 4, 0},
                                           {1, 1, tensor->type},
                                           {2, 4, buffer},
                                           {3, 4, 0},
                                           {4, 4, 0},
                                           {5, 1, tensor->is_variable ? 1 : 0},
                                           {6, tensor->is_sparse ? 4 : 0, 0},
                                           {7, has_signature ? 4 : 0, 0}};
    size_t table = test_fb_table(out, fields, 8);
    link_vector(out, table, 0, tensor->dims, tensor->rank, sizeof(int32_t));
    link_text(out, table, 3, tensor->name);
    write_quant(tensor, out, table);
    int32_t signature[8];
    memcpy(signature, tensor->open_batch ? tensor->dims : tensor->signature, sizeof signature);
    if (tensor->open_batch)
        signature[0] = -1;
    if (has_signature)
        link_vector(out, table, 7, signature,
                    tensor->open_batch ? tensor->rank : tensor->signature_rank, sizeof(int32_t));
    return table;
}

static size_t write_op(const struct test_tflite_op *op, uint32_t index, struct fdm_buf *out)
{
    const struct test_fb_field fields[] = {{0, 4, index},
                                           {1, 4, 0},
                                           {2, 4, 0},
                                           {3, 1, op->options_type},
                                           {4, op->options_type != 0 ? 4 : 0, 0}};
    size_t table = test_fb_table(out, fields, 5);
    link_vector(out, table, 1, op->inputs, op->input_count, sizeof(int32_t));
    link_vector(out, table, 2, op->outputs, op->output_count, sizeof(int32_t));
    if (op->options_type != 0)
        link_field(out, table, 4, test_fb_table(out, op->options, op->option_count));
    return table;
}

static size_t write_code(const struct test_tflite_op *op, struct fdm_buf *out)
{
    const struct test_fb_field fields[] = {{0, 1, op->deprecated_code},
                                           {2, 4, 1},
                                           {3, 4, (uint32_t)op->code},
                                           {1, op->custom_code != NULL ? 4 : 0, 0}};
    size_t table = test_fb_table(out, fields, 4);
    if (op->custom_code != NULL)
        link_text(out, table, 1, op->custom_code);
    return table;
}

static size_t write_subgraph(const struct test_tflite *model, struct fdm_buf *out)
{
    const struct test_fb_field fields[] = {{0, 4, 0}, {1, 4, 0}, {2, 4, 0}, {3, 4, 0}, {4, 4, 0}};
    size_t table = test_fb_table(out, fields, 5);
    link_vector(out, table, 1, model->inputs, model->input_count, sizeof(int32_t));
    link_vector(out, table, 2, model->outputs, model->output_count, sizeof(int32_t));
    link_text(out, table, 4, "main");
    size_t tensors = link_offsets(out, table, 0, model->tensor_count);
    for (uint32_t i = 0; i < model->tensor_count; i++)
        test_fb_link(out, tensors + (size_t)i * 4, write_tensor(&model->tensors[i], i, out));
    size_t ops = link_offsets(out, table, 3, model->op_count);
    for (uint32_t i = 0; i < model->op_count; i++)
        test_fb_link(out, ops + (size_t)i * 4, write_op(&model->ops[i], i, out));
    return table;
}

static void write_buffers(const struct test_tflite *model, struct fdm_buf *out, size_t root)
{
    size_t buffers = link_offsets(out, root, 4, model->tensor_count + 1);
    test_fb_link(out, buffers, test_fb_table(out, NULL, 0));
    for (uint32_t i = 0; i < model->tensor_count; i++) {
        const struct test_tflite_tensor *tensor = &model->tensors[i];
        const struct test_fb_field fields[] = {{0, tensor->data != NULL ? 4 : 0, 0},
                                               {1, tensor->data_elsewhere ? 8 : 0, 4096}};
        size_t table = test_fb_table(out, fields, 2);
        test_fb_link(out, buffers + ((size_t)i + 1) * 4, table);
        if (tensor->data != NULL)
            link_vector(out, table, 0, tensor->data, tensor->data_bytes, 1);
    }
}

void test_tflite_write(const struct test_tflite *model, struct fdm_buf *out)
{
    const struct test_fb_field fields[] = {
        {0, 4, model->version}, {1, 4, 0}, {2, 4, 0}, {3, 4, 0}, {4, 4, 0}};
    fdm_buf_init(out);
    put_le(out, 0, 4);
    fdm_buf_append(out, model->identifier, 4);
    size_t root = test_fb_table(out, fields, 5);
    test_fb_link(out, 0, root);
    link_text(out, root, 3, "made by a test");
    size_t codes = link_offsets(out, root, 1, model->op_count);
    for (uint32_t i = 0; i < model->op_count; i++)
        test_fb_link(out, codes + (size_t)i * 4, write_code(&model->ops[i], out));
    size_t subgraphs = link_offsets(out, root, 2, model->subgraph_count);
    for (uint32_t i = 0; i < model->subgraph_count; i++)
        test_fb_link(out, subgraphs + (size_t)i * 4, write_subgraph(model, out));
    write_buffers(model, out, root);
}

/* ---- the small model ---- */

enum { FLOAT32 = 0, INT32 = 2, UINT8 = 3, INT8 = 9 };

static const int8_t weights_1[4 * 3 * 3 * 3] = {1, -2, 3, 127, -127, 5, 0, 9};
static const int8_t weights_2[3 * 3 * 4] = {10, 20, -30, 40};
static const int8_t weights_3[2 * 4] = {1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t biases_4[16] = {1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 1, 0, 0, 7, 0, 0, 0};
static const uint8_t biases_2[8] = {5, 0, 0, 0, 6, 0, 0, 0};
static const uint8_t axes[8] = {1, 0, 0, 0, 2, 0, 0, 0};
static const uint8_t zero[4] = {0};
static const uint8_t one[4] = {1};
static const uint8_t four[4] = {4};
static const uint8_t target[8] = {0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0};

#define PER_TENSOR(scale, zero_point)                                                              \
    .scale_count = 1, .scales = {scale}, .zero_point_count = 1, .zero_points = {zero_point}
#define CONSTANT(bytes) .data = (bytes), .data_bytes = sizeof(bytes)

#define IN_SCALE (1.0F / 64)
#define MID_SCALE 0.25F
/* Powers of two, so that bias scales are exact products. */
#define PER_CHANNEL(dimension, factor)                                                             \
    .scale_count = 4,                                                                              \
    .scales = {0.5F * (factor), 0.25F * (factor), 1.0F * (factor), 2 * (factor)},                  \
    .zero_point_count = 4, .quantized_dimension = (dimension)

static const struct test_tflite_tensor small_tensors[SMALL_TENSORS] = {
    [SMALL_INPUT] = {"image", UINT8, 4, {1, 8, 8, 3}, true, PER_TENSOR(IN_SCALE, 131)},
    [SMALL_QUANT] = {"quant", INT8, 4, {1, 8, 8, 3}, true, PER_TENSOR(IN_SCALE, 3)},
    [SMALL_W1] = {"w1", INT8, 4, {4, 3, 3, 3}, CONSTANT(weights_1), PER_CHANNEL(0, 1.0F)},
    [SMALL_B1] = {"b1", INT32, 1, {4}, CONSTANT(biases_4), PER_CHANNEL(0, IN_SCALE)},
    [SMALL_CONV] = {"conv", INT8, 4, {1, 4, 4, 4}, true, PER_TENSOR(MID_SCALE, -128)},
    [SMALL_W2] = {"w2", INT8, 4, {1, 3, 3, 4}, CONSTANT(weights_2), PER_CHANNEL(3, 1.0F)},
    [SMALL_B2] = {"b2", INT32, 1, {4}, CONSTANT(biases_4), PER_CHANNEL(0, MID_SCALE)},
    [SMALL_DW] = {"dw", INT8, 4, {1, 4, 4, 4}, true, PER_TENSOR(MID_SCALE, 0)},
    [SMALL_AXES] = {"axes", INT32, 1, {2}, CONSTANT(axes)},
    [SMALL_MEAN] = {"mean", INT8, 2, {1, 4}, true, PER_TENSOR(MID_SCALE, 0)},
    [SMALL_SHAPE] = {"shape", INT32, 1, {2}},
    [SMALL_BEGIN] = {"begin", INT32, 1, {1}, CONSTANT(zero)},
    [SMALL_END] = {"end", INT32, 1, {1}, CONSTANT(one)},
    [SMALL_STEP] = {"step", INT32, 1, {1}, CONSTANT(one)},
    [SMALL_BATCH] = {"batch", INT32},
    [SMALL_ONE] = {"one", INT32, CONSTANT(one)},
    [SMALL_FOUR] = {"four", INT32, CONSTANT(four)},
    [SMALL_PACKED] = {"packed", INT32, 1, {4}},
    [SMALL_MAP] = {"map", INT8, 4, {1, 1, 1, 4}, true, PER_TENSOR(MID_SCALE, 0)},
    [SMALL_W3] = {"w3", INT8, 4, {2, 1, 1, 4}, CONSTANT(weights_3), PER_TENSOR(0.5F, 0)},
    [SMALL_B3] = {"b3", INT32, 1, {2}, CONSTANT(biases_2), PER_TENSOR(0.125F, 0)},
    [SMALL_LOGITS] = {"logits", INT8, 4, {1, 1, 1, 2}, true, PER_TENSOR(0.5F, 1)},
    [SMALL_SOFTMAX] = {"softmax", INT8, 4, {1, 1, 1, 2}, true, PER_TENSOR(1.0F / 256, -128)},
    [SMALL_TARGET] = {"target", INT32, 1, {2}, CONSTANT(target)},
    [SMALL_FLAT] = {"flat", INT8, 2, {1, 2}, true, PER_TENSOR(1.0F / 256, -128)},
    [SMALL_OUTPUT] = {"probabilities", FLOAT32, 2, {1, 2}, true},
};

#define CODE(number) .deprecated_code = (number), .code = (number)
#define READS(count, ...) .inputs = {__VA_ARGS__}, .input_count = (count)
#define GIVES(tensor) .outputs = {tensor}, .output_count = 1

static const struct test_tflite_op small_ops[SMALL_OPS] = {
    [SMALL_OP_QUANTIZE] = {CODE(114), READS(1, SMALL_INPUT), GIVES(SMALL_QUANT)},
    [SMALL_OP_CONV] =
        {CODE(3), READS(3, SMALL_QUANT, SMALL_W1, SMALL_B1), GIVES(SMALL_CONV), .options_type = 1,
         .options = {{0, 1, 0}, {1, 4, 2}, {2, 4, 2}, {3, 1, 1}, {4, 4, 1}, {5, 4, 1}},
         .option_count = 6},
    [SMALL_OP_DEPTHWISE] = {CODE(4), READS(3, SMALL_CONV, SMALL_W2, SMALL_B2), GIVES(SMALL_DW),
                            .options_type = 2,
                            .options = {{0, 1, 0}, {1, 4, 1}, {2, 4, 1}, {3, 4, 1}, {4, 1, 0}},
                            .option_count = 5},
    [SMALL_OP_MEAN] = {CODE(40), READS(2, SMALL_DW, SMALL_AXES), GIVES(SMALL_MEAN),
                       .options_type = 27, .options = {{0, 1, 0}}, .option_count = 1},
    [SMALL_OP_SHAPE] = {CODE(77), READS(1, SMALL_MEAN), GIVES(SMALL_SHAPE)},
    [SMALL_OP_SLICE] = {CODE(45), READS(4, SMALL_SHAPE, SMALL_BEGIN, SMALL_END, SMALL_STEP),
                        GIVES(SMALL_BATCH), .options_type = 32, .options = {{4, 4, 1}},
                        .option_count = 1},
    [SMALL_OP_PACK] = {CODE(83), READS(4, SMALL_BATCH, SMALL_ONE, SMALL_ONE, SMALL_FOUR),
                       GIVES(SMALL_PACKED), .options_type = 59, .options = {{0, 4, 4}},
                       .option_count = 1},
    [SMALL_OP_RESHAPE] = {CODE(22), READS(2, SMALL_MEAN, SMALL_PACKED), GIVES(SMALL_MAP)},
    [SMALL_OP_PREDS] = {CODE(3), READS(3, SMALL_MAP, SMALL_W3, SMALL_B3), GIVES(SMALL_LOGITS),
                        .options_type = 1, .options = {{0, 1, 1}, {1, 4, 1}, {2, 4, 1}},
                        .option_count = 3},
    [SMALL_OP_SOFTMAX] = {CODE(25), READS(1, SMALL_LOGITS), GIVES(SMALL_SOFTMAX), .options_type = 9,
                          .options = {{0, 4, 0}}, .option_count = 1},
    [SMALL_OP_RESHAPE_2] = {CODE(22), READS(2, SMALL_SOFTMAX, SMALL_TARGET), GIVES(SMALL_FLAT)},
    [SMALL_OP_DEQUANTIZE] = {CODE(6), READS(1, SMALL_FLAT), GIVES(SMALL_OUTPUT)},
};

void test_tflite_small(struct test_tflite *model)
{
    *model = (struct test_tflite){.identifier = "TFL3",
                                  .version = 3,
                                  .subgraph_count = 1,
                                  .tensor_count = SMALL_TENSORS,
                                  .op_count = SMALL_OPS,
                                  .inputs = {SMALL_INPUT},
                                  .input_count = 1,
                                  .outputs = {SMALL_OUTPUT},
                                  .output_count = 1};
    memcpy(model->tensors, small_tensors, sizeof small_tensors);
    memcpy(model->ops, small_ops, sizeof small_ops);
    model->ops[SMALL_OP_SOFTMAX].options[0].value = float_bits(1.0F);
}
