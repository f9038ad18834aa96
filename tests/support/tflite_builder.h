/* Writes small TensorFlow Lite files, valid ones and, by changing the description, broken ones.
 * FlatBuffers are written front to back: tables first, with places for offsets that are filled when
 * the target is written. */
#ifndef FDM_TESTS_SUPPORT_TFLITE_BUILDER_H
#define FDM_TESTS_SUPPORT_TFLITE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"

/* A scalar field of a table, or an offset to be linked later (`bytes` 4, `value` 0). */
struct test_fb_field {
    unsigned id;    /* below 16 */
    unsigned bytes; /* 0: left out, the reader takes the default */
    uint64_t value;
};

void test_fb_align(struct fdm_buf *out);
/* Each returns where the thing starts. */
size_t test_fb_table(struct fdm_buf *out, const struct test_fb_field *fields, size_t count);
size_t test_fb_vector(struct fdm_buf *out, const void *elements, uint32_t count, size_t bytes);
/* Where a table's field lies. */
size_t test_fb_field_at(const struct fdm_buf *out, size_t table, unsigned id);
/* Makes the offset at `from` lead to `to`. */
void test_fb_link(struct fdm_buf *out, size_t from, size_t to);
void test_fb_store_u32(struct fdm_buf *out, size_t at, uint32_t value);

struct test_tflite_tensor {
    const char *name;
    uint32_t type;
    uint32_t rank;
    int32_t dims[8];
    bool open_batch; /* adds a signature with -1 in front */
    bool is_variable;
    bool is_sparse;
    bool data_elsewhere; /* behind the FlatBuffer, as in files past 2 GB */
    uint8_t quantization_details;
    uint32_t signature_rank; /* 0: none */
    int32_t signature[8];
    const void *data; /* little-endian; NULL: none */
    uint32_t data_bytes;
    uint32_t buffer; /* instead of one of its own, unless 0 */
    float scales[8];
    uint32_t scale_count;
    uint32_t zero_point_count;
    int64_t zero_points[8];
    int64_t quantized_dimension;
};

struct test_tflite_op {
    const char *custom_code;
    int32_t inputs[8];
    uint32_t input_count;
    int32_t outputs[2];
    uint32_t output_count;
    int32_t code;
    uint8_t deprecated_code;
    uint8_t options_type;
    struct test_fb_field options[8];
    size_t option_count;
};

#define TEST_TFLITE_TENSORS 32
#define TEST_TFLITE_OPS 16

struct test_tflite {
    char identifier[5];
    uint32_t version;
    uint32_t subgraph_count; /* 0, or copies of the one described */
    struct test_tflite_tensor tensors[TEST_TFLITE_TENSORS];
    uint32_t tensor_count;
    struct test_tflite_op ops[TEST_TFLITE_OPS];
    uint32_t op_count;
    int32_t inputs[2];
    uint32_t input_count;
    int32_t outputs[2];
    uint32_t output_count;
};

/* The tensors and operators of test_tflite_small(). */
enum test_tflite_small_tensor {
    SMALL_INPUT,   /* uint8 [1,8,8,3] */
    SMALL_QUANT,   /* int8 [1,8,8,3], scale 1/64, zero point 3 */
    SMALL_W1,      /* int8 [4,3,3,3], per channel */
    SMALL_B1,      /* int32 [4] */
    SMALL_CONV,    /* int8 [1,4,4,4]: stride 2, SAME, RELU */
    SMALL_W2,      /* int8 [1,3,3,4], per channel */
    SMALL_B2,      /* int32 [4] */
    SMALL_DW,      /* int8 [1,4,4,4]: stride 1, SAME */
    SMALL_AXES,    /* int32 [2] */
    SMALL_MEAN,    /* int8 [1,4] */
    SMALL_SHAPE,   /* int32 [2] */
    SMALL_BEGIN,   /* int32 [1], also a bound of the slice below */
    SMALL_END,     /* int32 [1] */
    SMALL_STEP,    /* int32 [1] */
    SMALL_BATCH,   /* int32 [] */
    SMALL_ONE,     /* int32 [] */
    SMALL_FOUR,    /* int32 [] */
    SMALL_PACKED,  /* int32 [4] */
    SMALL_MAP,     /* int8 [1,1,1,4] */
    SMALL_W3,      /* int8 [2,1,1,4], per tensor */
    SMALL_B3,      /* int32 [2] */
    SMALL_LOGITS,  /* int8 [1,1,1,2] */
    SMALL_SOFTMAX, /* int8 [1,1,1,2] */
    SMALL_TARGET,  /* int32 [2]: {-1, 2} */
    SMALL_FLAT,    /* int8 [1,2] */
    SMALL_OUTPUT,  /* float [1,2] */
    SMALL_TENSORS
};

enum test_tflite_small_op {
    SMALL_OP_QUANTIZE,
    SMALL_OP_CONV,
    SMALL_OP_DEPTHWISE,
    SMALL_OP_MEAN,
    SMALL_OP_SHAPE,
    SMALL_OP_SLICE,
    SMALL_OP_PACK,
    SMALL_OP_RESHAPE,
    SMALL_OP_PREDS,
    SMALL_OP_SOFTMAX,
    SMALL_OP_RESHAPE_2,
    SMALL_OP_DEQUANTIZE,
    SMALL_OPS
};

/* A valid model with every operator that the importer knows. */
void test_tflite_small(struct test_tflite *model);

/* The described file; the caller releases. */
void test_tflite_write(const struct test_tflite *model, struct fdm_buf *out);

#endif
