/* Numbers of TensorFlow Lite's schema, version 3 (tensorflow/lite/schema/schema.fbs): fields by
 * their position in their table, members of enums and unions by their value. Only what the importer
 * reads and the quantizer writes. */
#ifndef FDM_REFERENCE_IMPORTERS_TFLITE_SCHEMA_H
#define FDM_REFERENCE_IMPORTERS_TFLITE_SCHEMA_H

#define TFLITE_IDENTIFIER "TFL3"
#define TFLITE_VERSION 3

enum tflite_model_field {
    MODEL_VERSION = 0,
    MODEL_OPERATOR_CODES = 1,
    MODEL_SUBGRAPHS = 2,
    MODEL_DESCRIPTION = 3,
    MODEL_BUFFERS = 4
};

enum tflite_operator_code_field {
    OPERATOR_CODE_DEPRECATED_BUILTIN = 0, /* int8; 127 where the code needs more bits */
    OPERATOR_CODE_CUSTOM = 1,
    OPERATOR_CODE_VERSION = 2,
    OPERATOR_CODE_BUILTIN = 3
};

enum tflite_subgraph_field {
    SUBGRAPH_TENSORS = 0,
    SUBGRAPH_INPUTS = 1,
    SUBGRAPH_OUTPUTS = 2,
    SUBGRAPH_OPERATORS = 3,
    SUBGRAPH_NAME = 4
};

enum tflite_buffer_field { BUFFER_DATA = 0, BUFFER_OFFSET = 1 };

enum tflite_tensor_field {
    TENSOR_SHAPE = 0,
    TENSOR_TYPE = 1,
    TENSOR_BUFFER = 2,
    TENSOR_NAME = 3,
    TENSOR_QUANTIZATION = 4,
    TENSOR_IS_VARIABLE = 5,
    TENSOR_SPARSITY = 6,
    TENSOR_SHAPE_SIGNATURE = 7
};

enum tflite_quantization_field {
    QUANTIZATION_SCALE = 2,
    QUANTIZATION_ZERO_POINT = 3, /* int64 */
    QUANTIZATION_DETAILS_TYPE = 4,
    QUANTIZATION_DIMENSION = 6
};

enum tflite_operator_field {
    OPERATOR_OPCODE_INDEX = 0,
    OPERATOR_INPUTS = 1,
    OPERATOR_OUTPUTS = 2,
    OPERATOR_OPTIONS_TYPE = 3,
    OPERATOR_OPTIONS = 4
};

enum tflite_conv_field {
    CONV_PADDING = 0,
    CONV_STRIDE_W = 1,
    CONV_STRIDE_H = 2,
    CONV_ACTIVATION = 3,
    CONV_DILATION_W = 4,
    CONV_DILATION_H = 5
};

enum tflite_depthwise_field {
    DEPTHWISE_PADDING = 0,
    DEPTHWISE_STRIDE_W = 1,
    DEPTHWISE_STRIDE_H = 2,
    DEPTHWISE_MULTIPLIER = 3,
    DEPTHWISE_ACTIVATION = 4,
    DEPTHWISE_DILATION_W = 5,
    DEPTHWISE_DILATION_H = 6
};

enum tflite_softmax_field { SOFTMAX_BETA = 0 };
enum tflite_reshape_field { RESHAPE_NEW_SHAPE = 0 };
enum tflite_reducer_field { REDUCER_KEEP_DIMS = 0 };
enum tflite_pack_field { PACK_AXIS = 1 };
enum tflite_strided_slice_field {
    STRIDED_SLICE_ELLIPSIS_MASK = 2,
    STRIDED_SLICE_NEW_AXIS_MASK = 3
};

enum tflite_padding { PADDING_SAME = 0, PADDING_VALID = 1 };
enum tflite_activation { ACTIVATION_NONE = 0, ACTIVATION_RELU = 1, ACTIVATION_RELU6 = 3 };

/* Members of the union of options; 0 is "no options". */
enum tflite_options {
    OPTIONS_NONE = 0,
    OPTIONS_CONV_2D = 1,
    OPTIONS_DEPTHWISE_CONV_2D = 2,
    OPTIONS_SOFTMAX = 9,
    OPTIONS_RESHAPE = 17,
    OPTIONS_REDUCER = 27,
    OPTIONS_STRIDED_SLICE = 32,
    OPTIONS_PACK = 59
};

enum tflite_type {
    TYPE_FLOAT32 = 0,
    TYPE_INT32 = 2,
    TYPE_UINT8 = 3,
    TYPE_INT64 = 4,
    TYPE_INT8 = 9
};

enum tflite_builtin {
    BUILTIN_CONV_2D = 3,
    BUILTIN_DEPTHWISE_CONV_2D = 4,
    BUILTIN_DEQUANTIZE = 6,
    BUILTIN_RESHAPE = 22,
    BUILTIN_SOFTMAX = 25,
    BUILTIN_CUSTOM = 32,
    BUILTIN_MEAN = 40,
    BUILTIN_STRIDED_SLICE = 45,
    BUILTIN_SHAPE = 77,
    BUILTIN_PACK = 83,
    BUILTIN_QUANTIZE = 114
};

#endif
