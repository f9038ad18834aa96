#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "reference/importers/tflite_model.h"
#include "reference/importers/tflite_schema.h"

static enum fdm_status read_type(const struct fdm_fb_table *table, enum fdm_type *out,
                                 struct fdm_error *err)
{
    uint8_t type;
    enum fdm_status status = fdm_fb_get_u8(table, TENSOR_TYPE, TYPE_FLOAT32, &type, err);
    if (status != FDM_OK)
        return status;
    switch (type) {
    case TYPE_FLOAT32:
        *out = FDM_TYPE_F32;
        return FDM_OK;
    case TYPE_UINT8:
        *out = FDM_TYPE_U8;
        return FDM_OK;
    case TYPE_INT8:
        *out = FDM_TYPE_S8;
        return FDM_OK;
    case TYPE_INT32:
        *out = FDM_TYPE_S32;
        return FDM_OK;
    case TYPE_INT64:
        *out = FDM_TYPE_S64;
        return FDM_OK;
    default:
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "byte %u: element type %u; float32, uint8, int8, int32 and int64 are "
                        "supported",
                        table->at, type);
    }
}

/* The signature holds -1 where the shape is open. Only the batch may be, and it becomes 1. */
static enum fdm_status read_dim(const struct fdm_fb_vector *shape,
                                const struct fdm_fb_vector *signature, uint32_t index,
                                uint32_t *out, struct fdm_error *err)
{
    int32_t dim = fdm_fb_i32_at(shape, index);
    int32_t promised = signature->count != 0 ? fdm_fb_i32_at(signature, index) : dim;
    if (promised == -1 && index == 0)
        dim = promised = 1;
    if (promised == -1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: dimension %u has no fixed size",
                        shape->at, index);
    if (promised != dim)
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "byte %u: dimension %u is %d in the shape, %d in its signature", shape->at,
                        index, dim, promised);
    if (dim < 1 || dim > FDM_GRAPH_MAX_DIM)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: dimension %u is %d, expected 1 to %d",
                        shape->at, index, dim, FDM_GRAPH_MAX_DIM);
    *out = (uint32_t)dim;
    return FDM_OK;
}

static enum fdm_status read_shape(const struct fdm_fb_table *table, struct fdm_tensor *tensor,
                                  struct fdm_error *err)
{
    struct fdm_fb_vector shape;
    struct fdm_fb_vector signature;
    enum fdm_status status = fdm_fb_get_vector(table, TENSOR_SHAPE, 4, &shape, err);
    if (status == FDM_OK)
        status = fdm_fb_get_vector(table, TENSOR_SHAPE_SIGNATURE, 4, &signature, err);
    if (status != FDM_OK)
        return status;
    if (shape.count > FDM_GRAPH_MAX_RANK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: %u dimensions, at most %d supported",
                        shape.at, shape.count, FDM_GRAPH_MAX_RANK);
    if (signature.count != 0 && signature.count != shape.count)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: %u dimensions, but %u in their signature",
                        shape.at, shape.count, signature.count);
    tensor->rank = shape.count;
    uint64_t elements = 1;
    for (uint32_t i = 0; i < shape.count; i++) {
        status = read_dim(&shape, &signature, i, &tensor->dims[i], err);
        if (status != FDM_OK)
            return status;
        elements *= tensor->dims[i];
        if (elements > FDM_GRAPH_MAX_ELEMENTS)
            return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: more than %u elements", shape.at,
                            FDM_GRAPH_MAX_ELEMENTS);
    }
    return FDM_OK;
}

static enum fdm_status copy_quant(const struct fdm_fb_vector *scales,
                                  const struct fdm_fb_vector *zero_points, int32_t axis,
                                  struct fdm_graph *graph, uint32_t index, struct fdm_error *err)
{
    uint32_t count = scales->count;
    float *scale = calloc(count, sizeof *scale);
    int32_t *zero_point = calloc(count, sizeof *zero_point);
    if (scale == NULL || zero_point == NULL) {
        free(scale);
        free(zero_point);
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u scales", count);
    }
    enum fdm_status status = FDM_OK;
    for (uint32_t i = 0; status == FDM_OK && i < count; i++) {
        int64_t zero = zero_points->count != 0 ? fdm_fb_i64_at(zero_points, i) : 0;
        scale[i] = fdm_fb_f32_at(scales, i);
        zero_point[i] = (int32_t)zero;
        if (zero < INT32_MIN || zero > INT32_MAX)
            status = fdm_fail(err, FDM_ERR_FORMAT, "byte %u: zero point %u is %" PRId64,
                              zero_points->at, i, zero);
    }
    if (status == FDM_OK)
        status = fdm_graph_set_quant(graph, index, scale, zero_point, count, (uint32_t)axis, err);
    free(scale);
    free(zero_point);
    return status;
}

static bool carries_quant(enum fdm_type type)
{
    return type == FDM_TYPE_S8 || type == FDM_TYPE_U8 || type == FDM_TYPE_S32;
}

static enum fdm_status read_quant(const struct fdm_tflite *model, const struct fdm_fb_table *table,
                                  uint32_t index, struct fdm_error *err)
{
    struct fdm_fb_table quant;
    enum fdm_status status = fdm_fb_get_table(table, TENSOR_QUANTIZATION, &quant, err);
    /* Converters leave ranges and scales with float tensors, where they mean nothing. */
    if (status != FDM_OK || quant.fb == NULL || !carries_quant(model->graph->tensors[index].type))
        return status;
    struct fdm_fb_vector scales = {0};
    struct fdm_fb_vector zero_points = {0};
    int32_t axis = 0;
    uint8_t details = 0;
    status = fdm_fb_get_u8(&quant, QUANTIZATION_DETAILS_TYPE, 0, &details, err);
    if (status == FDM_OK)
        status = fdm_fb_get_vector(&quant, QUANTIZATION_SCALE, 4, &scales, err);
    if (status == FDM_OK)
        status = fdm_fb_get_vector(&quant, QUANTIZATION_ZERO_POINT, 8, &zero_points, err);
    if (status == FDM_OK)
        status = fdm_fb_get_i32(&quant, QUANTIZATION_DIMENSION, 0, &axis, err);
    if (status != FDM_OK)
        return status;
    if (details != 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: custom quantization", quant.at);
    if (scales.count == 0)
        return FDM_OK;
    if ((zero_points.count != 0 && zero_points.count != scales.count) ||
        scales.count > FDM_GRAPH_MAX_DIM || axis < 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: %u scales, %u zero points, dimension %d",
                        quant.at, scales.count, zero_points.count, axis);
    return copy_quant(&scales, &zero_points, axis, model->graph, index, err);
}

/* Numbers in the file are little-endian; the graph has the host's order. */
static void decode(uint8_t *bytes, size_t len, size_t element_bytes)
{
    for (size_t at = 0; element_bytes > 1 && at < len; at += element_bytes) {
        uint64_t value = 0;
        for (size_t i = 0; i < element_bytes; i++)
            value |= (uint64_t)bytes[at + i] << (8 * i);
        uint32_t word = (uint32_t)value;
        memcpy(bytes + at, element_bytes == 4 ? (const void *)&word : (const void *)&value,
               element_bytes);
    }
}

static enum fdm_status read_data(const struct fdm_tflite *model, uint32_t buffer, uint32_t index,
                                 struct fdm_error *err)
{
    struct fdm_fb_table table;
    struct fdm_fb_vector data;
    enum fdm_status status = fdm_fb_table_at(&model->buffers, buffer, &table, err);
    if (status == FDM_OK)
        status = fdm_fb_get_vector(&table, BUFFER_DATA, 1, &data, err);
    if (status != FDM_OK)
        return status;
    if (fdm_fb_has(&table, BUFFER_OFFSET))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: data outside the FlatBuffer", table.at);
    if (data.count == 0)
        return FDM_OK;
    const struct fdm_tensor *tensor = &model->graph->tensors[index];
    size_t element_bytes = fdm_type_bytes(tensor->type);
    size_t expected = fdm_tensor_elements(tensor) * element_bytes;
    if (data.count != expected)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: %u bytes of data, its shape needs %zu",
                        data.at, data.count, expected);
    status = fdm_graph_set_data(model->graph, index, data.fb->bytes + data.at, data.count, err);
    if (status == FDM_OK)
        decode((uint8_t *)tensor->data, tensor->data_bytes, element_bytes);
    return status;
}

static enum fdm_status read_buffer(const struct fdm_tflite *model, const struct fdm_fb_table *table,
                                   uint32_t index, struct fdm_error *err)
{
    uint32_t buffer;
    enum fdm_status status = fdm_fb_get_u32(table, TENSOR_BUFFER, 0, &buffer, err);
    if (status != FDM_OK || buffer == 0)
        return status;
    if (buffer >= model->buffers.count)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: buffer %u of %u", table->at, buffer,
                        model->buffers.count);
    return read_data(model, buffer, index, err);
}

static enum fdm_status refuse_variants(const struct fdm_fb_table *table, struct fdm_error *err)
{
    uint8_t is_variable;
    enum fdm_status status = fdm_fb_get_u8(table, TENSOR_IS_VARIABLE, 0, &is_variable, err);
    if (status != FDM_OK)
        return status;
    if (is_variable != 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: a variable tensor", table->at);
    if (fdm_fb_has(table, TENSOR_SPARSITY))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "byte %u: a sparse tensor", table->at);
    return FDM_OK;
}

static enum fdm_status read_tensor(const struct fdm_tflite *model, const struct fdm_fb_table *table,
                                   uint32_t index, struct fdm_error *err)
{
    struct fdm_tensor *tensor = &model->graph->tensors[index];
    tensor->file_index = index;
    enum fdm_status status = refuse_variants(table, err);
    if (status == FDM_OK)
        status = read_type(table, &tensor->type, err);
    if (status == FDM_OK)
        status = read_shape(table, tensor, err);
    if (status == FDM_OK)
        status = read_quant(model, table, index, err);
    if (status == FDM_OK)
        status = read_buffer(model, table, index, err);
    if (status != FDM_OK)
        fdm_error_context(err, "tensor %u '%s'", index, tensor->name);
    return status;
}

enum fdm_status fdm_tflite_read_tensors(struct fdm_tflite *model, struct fdm_error *err)
{
    for (uint32_t i = 0; i < model->tensors.count; i++) {
        struct fdm_fb_table table;
        char name[FDM_GRAPH_MAX_NAME + 1] = "";
        uint32_t index = 0;
        enum fdm_status status = fdm_fb_table_at(&model->tensors, i, &table, err);
        if (status == FDM_OK)
            status = fdm_fb_get_string(&table, TENSOR_NAME, name, sizeof name, err);
        if (status == FDM_OK)
            status = fdm_graph_add_tensor(model->graph, name, &index, err);
        if (status == FDM_OK)
            status = read_tensor(model, &table, index, err);
        if (status != FDM_OK)
            return status;
    }
    return FDM_OK;
}
