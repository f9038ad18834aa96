#include "reference/importers/keras_layer.h"

#include <math.h>
#include <string.h>

#define MAX_DIM 65536
#define MAX_KERNEL 255
#define MAX_STRIDE 16

/* ---- members of a layer's configuration ---- */

/* A whole number from `min` to `max`. */
static bool as_int(const struct fdm_json *value, int32_t min, int32_t max, int32_t *out)
{
    double number = fdm_json_value(value, NAN);
    if (!(number >= min && number <= max) || floor(number) != number)
        return false;
    *out = (int32_t)number;
    return true;
}

static enum fdm_status read_dim_pair(const struct fdm_json *config, const char *name, int32_t max,
                                     uint32_t *first, uint32_t *second, struct fdm_error *err)
{
    const struct fdm_json *value = fdm_json_member(config, name);
    const struct fdm_json *a = value;
    const struct fdm_json *b = value;
    if (fdm_json_is_array(value) && fdm_json_length(value) == 2) {
        a = fdm_json_first(value);
        b = fdm_json_next(a);
    }
    int32_t numbers[2];
    if (!as_int(a, 1, max, &numbers[0]) || !as_int(b, 1, max, &numbers[1]))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: expected two whole numbers from 1 to %d",
                        name, max);
    *first = (uint32_t)numbers[0];
    *second = (uint32_t)numbers[1];
    return FDM_OK;
}

/* A member that has one supported value; it may be left out. */
static enum fdm_status expect_number(const struct fdm_json *config, const char *name,
                                     double expected, struct fdm_error *err)
{
    const struct fdm_json *value = fdm_json_member(config, name);
    if (value == NULL || fdm_json_is_null(value) || fdm_json_value(value, NAN) == expected)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: only %g is supported", name, expected);
}

static enum fdm_status expect_text(const struct fdm_json *config, const char *name,
                                   const char *expected, struct fdm_error *err)
{
    const char *text;
    enum fdm_status status = fdm_json_opt_string(config, name, expected, &text, err);
    if (status == FDM_OK && strcmp(text, expected) != 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: '%s', only '%s' is supported", name, text,
                        expected);
    return status;
}

static enum fdm_status expect_true(const struct fdm_json *config, const char *name,
                                   struct fdm_error *err)
{
    bool value;
    enum fdm_status status = fdm_json_opt_bool(config, name, true, &value, err);
    if (status == FDM_OK && !value)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: only true is supported", name);
    return status;
}

/* ---- layer classes ---- */

static enum fdm_status read_input(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                  struct fdm_error *err)
{
    const struct fdm_json *shape = fdm_json_member(config, "batch_input_shape");
    if (shape == NULL)
        shape = fdm_json_member(config, "batch_shape");
    const struct fdm_json *dim = fdm_json_first(shape);
    int32_t batch;
    bool fits = fdm_json_is_array(shape) && fdm_json_length(shape) == 4 &&
                (fdm_json_is_null(dim) || as_int(dim, 1, 1, &batch));
    for (uint32_t i = 0; fits && i < 3; i++) {
        dim = fdm_json_next(dim);
        fits = as_int(dim, 1, MAX_DIM, &layer->shape[i]);
    }
    if (!fits)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "batch_input_shape: expected [null, height, width, channels]");
    layer->shape_rank = 3;
    return FDM_OK;
}

static enum fdm_status read_padding(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                    struct fdm_error *err)
{
    const char *padding;
    enum fdm_status status = fdm_json_opt_string(config, "padding", "valid", &padding, err);
    if (status != FDM_OK)
        return status;
    layer->same_padding = strcmp(padding, "same") == 0;
    if (!layer->same_padding && strcmp(padding, "valid") != 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "padding: '%s'", padding);
    return FDM_OK;
}

static enum fdm_status read_fused_activation(const struct fdm_json *config,
                                             struct fdm_keras_layer *layer, struct fdm_error *err)
{
    const char *activation;
    enum fdm_status status = fdm_json_opt_string(config, "activation", "linear", &activation, err);
    if (status != FDM_OK)
        return status;
    layer->relu = strcmp(activation, "relu") == 0;
    if (!layer->relu && strcmp(activation, "linear") != 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "activation: '%s' in a convolution; 'linear' and 'relu' are supported",
                        activation);
    return FDM_OK;
}

static enum fdm_status read_convolution(const struct fdm_json *config,
                                        struct fdm_keras_layer *layer, struct fdm_error *err)
{
    uint32_t one;
    enum fdm_status status =
        read_dim_pair(config, "kernel_size", MAX_KERNEL, &layer->kernel_h, &layer->kernel_w, err);
    if (status == FDM_OK)
        status =
            read_dim_pair(config, "strides", MAX_STRIDE, &layer->stride_h, &layer->stride_w, err);
    if (status == FDM_OK && fdm_json_member(config, "dilation_rate") != NULL)
        status = read_dim_pair(config, "dilation_rate", 1, &one, &one, err);
    if (status == FDM_OK)
        status = expect_text(config, "data_format", "channels_last", err);
    if (status == FDM_OK)
        status = read_padding(config, layer, err);
    if (status == FDM_OK)
        status = fdm_json_opt_bool(config, "use_bias", true, &layer->use_bias, err);
    return status == FDM_OK ? read_fused_activation(config, layer, err) : status;
}

static enum fdm_status read_conv(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                 struct fdm_error *err)
{
    uint64_t filters;
    enum fdm_status status = fdm_json_get_uint(config, "filters", 1, MAX_DIM, &filters, err);
    if (status != FDM_OK)
        return status;
    layer->filters = (uint32_t)filters;
    status = expect_number(config, "groups", 1, err);
    return status == FDM_OK ? read_convolution(config, layer, err) : status;
}

static enum fdm_status read_depthwise(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                      struct fdm_error *err)
{
    enum fdm_status status = expect_number(config, "depth_multiplier", 1, err);
    return status == FDM_OK ? read_convolution(config, layer, err) : status;
}

static enum fdm_status read_batch_norm(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                       struct fdm_error *err)
{
    const struct fdm_json *axis = fdm_json_member(config, "axis");
    if (fdm_json_is_array(axis) && fdm_json_length(axis) == 1)
        axis = fdm_json_first(axis);
    double number = fdm_json_value(axis, -1);
    if (number != -1 && number != 3)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "axis: only the last one is supported");
    double epsilon;
    enum fdm_status status = fdm_json_get_number(config, "epsilon", &epsilon, err);
    if (status == FDM_OK && !(epsilon >= 0 && epsilon <= 1))
        return fdm_fail(err, FDM_ERR_FORMAT, "epsilon: expected 0 to 1");
    if (status == FDM_OK)
        status = expect_true(config, "center", err);
    if (status == FDM_OK)
        status = expect_true(config, "scale", err);
    if (status == FDM_OK)
        layer->epsilon = (float)epsilon;
    return status;
}

static enum fdm_status read_relu(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                 struct fdm_error *err)
{
    (void)layer;
    const struct fdm_json *max = fdm_json_member(config, "max_value");
    if (max != NULL && !fdm_json_is_null(max))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "max_value: only null is supported");
    enum fdm_status status = expect_number(config, "negative_slope", 0, err);
    return status == FDM_OK ? expect_number(config, "threshold", 0, err) : status;
}

static enum fdm_status read_softmax(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                    struct fdm_error *err)
{
    (void)layer;
    return expect_number(config, "axis", -1, err);
}

static enum fdm_status read_activation(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                       struct fdm_error *err)
{
    static const struct {
        const char *name;
        enum fdm_keras_kind kind;
    } activations[] = {
        {"relu", FDM_KERAS_RELU}, {"softmax", FDM_KERAS_SOFTMAX}, {"linear", FDM_KERAS_IDENTITY}};
    const char *activation;
    enum fdm_status status = fdm_json_get_string(config, "activation", &activation, err);
    if (status != FDM_OK)
        return status;
    for (size_t i = 0; i < sizeof activations / sizeof activations[0]; i++)
        if (strcmp(activations[i].name, activation) == 0) {
            layer->kind = activations[i].kind;
            return FDM_OK;
        }
    return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                    "activation: '%s'; 'relu', 'softmax' and 'linear' are supported", activation);
}

static enum fdm_status read_pooling(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                    struct fdm_error *err)
{
    enum fdm_status status = expect_text(config, "data_format", "channels_last", err);
    if (status != FDM_OK)
        return status;
    return fdm_json_opt_bool(config, "keepdims", false, &layer->keep_dims, err);
}

static enum fdm_status read_reshape(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                    struct fdm_error *err)
{
    const struct fdm_json *shape;
    enum fdm_status status = fdm_json_get_array(config, "target_shape", &shape, err);
    if (status != FDM_OK)
        return status;
    const uint32_t room = sizeof layer->shape / sizeof layer->shape[0];
    for (const struct fdm_json *dim = fdm_json_first(shape); dim != NULL;
         dim = fdm_json_next(dim)) {
        if (layer->shape_rank == room ||
            !as_int(dim, -1, MAX_DIM, &layer->shape[layer->shape_rank]))
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "target_shape: expected at most %u whole numbers up to %d", room,
                            MAX_DIM);
        layer->shape_rank++;
    }
    return FDM_OK;
}

static enum fdm_status read_nothing(const struct fdm_json *config, struct fdm_keras_layer *layer,
                                    struct fdm_error *err)
{
    (void)config;
    (void)layer;
    (void)err;
    return FDM_OK;
}

static const struct layer_class {
    const char *name;
    enum fdm_keras_kind kind;
    enum fdm_status (*read)(const struct fdm_json *config, struct fdm_keras_layer *layer,
                            struct fdm_error *err);
} layer_classes[] = {
    {"Activation", FDM_KERAS_IDENTITY, read_activation},
    {"BatchNormalization", FDM_KERAS_BATCH_NORM, read_batch_norm},
    {"Conv2D", FDM_KERAS_CONV_2D, read_conv},
    {"DepthwiseConv2D", FDM_KERAS_DEPTHWISE_CONV_2D, read_depthwise},
    {"Dropout", FDM_KERAS_IDENTITY, read_nothing},
    {"GlobalAveragePooling2D", FDM_KERAS_GLOBAL_AVERAGE_POOLING, read_pooling},
    {"InputLayer", FDM_KERAS_INPUT, read_input},
    {"ReLU", FDM_KERAS_RELU, read_relu},
    {"Reshape", FDM_KERAS_RESHAPE, read_reshape},
    {"Softmax", FDM_KERAS_SOFTMAX, read_softmax},
};

enum fdm_status fdm_keras_layer_read(const struct fdm_json *entry, const struct fdm_json *config,
                                     struct fdm_keras_layer *layer, struct fdm_error *err)
{
    const char *class_name;
    enum fdm_status status = fdm_json_get_string(entry, "class_name", &class_name, err);
    if (status != FDM_OK)
        return status;
    for (size_t i = 0; i < sizeof layer_classes / sizeof layer_classes[0]; i++) {
        if (strcmp(layer_classes[i].name, class_name) != 0)
            continue;
        layer->kind = layer_classes[i].kind;
        status = layer_classes[i].read(config, layer, err);
        if (status != FDM_OK)
            fdm_error_context(err, "%s", class_name);
        return status;
    }
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "layers of class %s are not supported", class_name);
}
