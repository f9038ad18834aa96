#include "reference/importers/keras_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIM 65536
#define MAX_KERNEL 255
#define MAX_STRIDE 16

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

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

/* ---- layers and who reads whom ---- */

/* A layer as listed; `source` is the layer that it reads, NULL for an input. */
struct listed {
    struct fdm_keras_layer layer;
    const char *source;
    bool placed;
};

static enum fdm_status read_class(const struct fdm_json *entry, const struct fdm_json *config,
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

/* [name, node, tensor, …]: the one output of a layer's one use. */
static const char *history_name(const struct fdm_json *history)
{
    const struct fdm_json *name = fdm_json_first(history);
    const struct fdm_json *node = fdm_json_next(name);
    if (!fdm_json_is_array(history) || fdm_json_value(node, NAN) != 0 ||
        fdm_json_value(fdm_json_next(node), NAN) != 0)
        return NULL;
    return fdm_json_text(name);
}

/* Keras 3: {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0,
 * 0]}}], "kwargs": {…}}. */
static enum fdm_status read_call(const struct fdm_json *call, const char **out,
                                 struct fdm_error *err)
{
    const struct fdm_json *args = fdm_json_member(call, "args");
    const struct fdm_json *kwargs = fdm_json_member(call, "kwargs");
    const struct fdm_json *tensor = fdm_json_member(fdm_json_first(args), "config");
    bool training = false;
    if (fdm_json_length(args) != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "inbound_nodes: several inputs; only chains are supported");
    if (fdm_json_is_bool(fdm_json_member(kwargs, "training")))
        fdm_json_opt_bool(kwargs, "training", false, &training, NULL);
    if (training)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "inbound_nodes: called as for training");
    *out = history_name(fdm_json_member(tensor, "keras_history"));
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "inbound_nodes: expected one tensor with keras_history [name, 0, 0]");
    return FDM_OK;
}

/* inbound_nodes: one node per use of the layer. Keras 2 has in it one [name, node, tensor, …] per
 * input. */
static enum fdm_status read_source(const struct fdm_json *entry, const char **out,
                                   struct fdm_error *err)
{
    const struct fdm_json *nodes;
    *out = NULL;
    enum fdm_status status = fdm_json_get_array(entry, "inbound_nodes", &nodes, err);
    if (status != FDM_OK || fdm_json_length(nodes) == 0)
        return status;
    const struct fdm_json *node = fdm_json_first(nodes);
    if (fdm_json_length(nodes) != 1 || (!fdm_json_is_object(node) && fdm_json_length(node) != 1))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "inbound_nodes: the layer is used twice or has several inputs; only chains "
                        "are supported");
    if (fdm_json_is_object(node))
        return read_call(node, out, err);
    *out = history_name(fdm_json_first(node));
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "inbound_nodes: expected [[[name, 0, 0, {}]]]");
    return FDM_OK;
}

static enum fdm_status read_layer(const struct fdm_json *entry, bool sequential,
                                  const struct listed *previous, struct listed *out,
                                  struct fdm_error *err)
{
    const struct fdm_json *config;
    enum fdm_status status = fdm_json_get_object(entry, "config", &config, err);
    if (status == FDM_OK)
        status = fdm_json_get_string(config, "name", &out->layer.name, err);
    if (status != FDM_OK)
        return status;
    status = read_class(entry, config, &out->layer, err);
    if (status == FDM_OK && sequential)
        out->source = previous != NULL ? previous->layer.name : NULL;
    else if (status == FDM_OK)
        status = read_source(entry, &out->source, err);
    if (status == FDM_OK && (out->source == NULL) != (out->layer.kind == FDM_KERAS_INPUT))
        status = fdm_fail(err, FDM_ERR_UNSUPPORTED,
                          out->source == NULL ? "reads nothing and is no InputLayer"
                                              : "an InputLayer behind another layer");
    if (status != FDM_OK)
        fdm_error_context(err, "layer '%s'", out->layer.name);
    return status;
}

/* The one layer that reads `source` (the input if NULL); `*out` is NULL if none does. */
static enum fdm_status find_reader(struct listed *listed, size_t count, const char *source,
                                   struct listed **out, struct fdm_error *err)
{
    *out = NULL;
    for (size_t i = 0; i < count; i++) {
        const char *reads = listed[i].source;
        bool match = source == NULL ? reads == NULL : same_text(reads, source);
        if (match && *out != NULL)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "layers '%s' and '%s' both follow '%s'; only chains are supported",
                            (*out)->layer.name, listed[i].layer.name,
                            source != NULL ? source : "the start");
        if (match)
            *out = &listed[i];
    }
    return FDM_OK;
}

static enum fdm_status order_layers(struct listed *listed, size_t count,
                                    struct fdm_keras_config *out, struct fdm_error *err)
{
    const char *source = NULL;
    for (;;) {
        struct listed *next;
        enum fdm_status status = find_reader(listed, count, source, &next, err);
        if (status != FDM_OK)
            return status;
        if (next == NULL)
            break;
        if (next->placed)
            return fdm_fail(err, FDM_ERR_FORMAT, "layer '%s': its name occurs twice", source);
        next->placed = true;
        source = next->layer.name;
        out->layers[out->layer_count++] = next->layer;
    }
    for (size_t i = 0; i < count; i++)
        if (!listed[i].placed)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "layer '%s' does not lie between input and output",
                            listed[i].layer.name);
    return FDM_OK;
}

static enum fdm_status read_layers(const struct fdm_json *layers, bool sequential,
                                   struct fdm_keras_config *out, struct fdm_error *err)
{
    size_t count = fdm_json_length(layers);
    if (count == 0 || count > FDM_KERAS_MAX_LAYERS)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%zu layers, supported are 1 to %d", count,
                        FDM_KERAS_MAX_LAYERS);
    struct listed *listed = calloc(count, sizeof *listed);
    out->layers = calloc(count, sizeof *out->layers);
    if (listed == NULL || out->layers == NULL) {
        free(listed);
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu layers", count);
    }
    enum fdm_status status = FDM_OK;
    const struct fdm_json *entry = fdm_json_first(layers);
    for (size_t i = 0; status == FDM_OK && i < count; i++, entry = fdm_json_next(entry))
        status = read_layer(entry, sequential, i > 0 ? &listed[i - 1] : NULL, &listed[i], err);
    if (status == FDM_OK)
        status = order_layers(listed, count, out, err);
    free(listed);
    return status;
}

/* [["reshape_2", 0, 0]], in Keras 3 also ["reshape_2", 0, 0]: where it is stored, the chain must
 * end there. */
static enum fdm_status check_end(const struct fdm_json *config, const struct fdm_keras_config *out,
                                 struct fdm_error *err)
{
    const struct fdm_json *ends = fdm_json_member(config, "output_layers");
    const char *last = out->layers[out->layer_count - 1].name;
    if (ends == NULL)
        return FDM_OK;
    bool alone = fdm_json_length(ends) == 1;
    const char *end = fdm_json_text(fdm_json_first(alone ? fdm_json_first(ends) : ends));
    if (!same_text(end, last))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "output_layers: expected the end of the chain, '%s', alone", last);
    return FDM_OK;
}

static enum fdm_status read_model(const struct fdm_json *document, struct fdm_keras_config *out,
                                  struct fdm_error *err)
{
    const char *class_name;
    const struct fdm_json *config;
    const struct fdm_json *layers;
    enum fdm_status status = fdm_json_get_string(document, "class_name", &class_name, err);
    if (status != FDM_OK)
        return status;
    bool sequential = strcmp(class_name, "Sequential") == 0;
    if (!sequential && strcmp(class_name, "Functional") != 0 && strcmp(class_name, "Model") != 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "class_name: '%s'; Functional and Sequential are supported", class_name);
    status = fdm_json_get_object(document, "config", &config, err);
    if (status == FDM_OK)
        status = fdm_json_get_string(config, "name", &out->name, err);
    if (status == FDM_OK)
        status = fdm_json_get_array(config, "layers", &layers, err);
    if (status == FDM_OK)
        status = read_layers(layers, sequential, out, err);
    return status == FDM_OK ? check_end(config, out, err) : status;
}

enum fdm_status fdm_keras_config_parse(const char *json, size_t len, struct fdm_keras_config *out,
                                       struct fdm_error *err)
{
    *out = (struct fdm_keras_config){0};
    enum fdm_status status = fdm_json_parse(json, len, "model_config", &out->document, err);
    if (status == FDM_OK)
        status = read_model(out->document, out, err);
    return status;
}

void fdm_keras_config_release(struct fdm_keras_config *config)
{
    free(config->layers);
    fdm_json_free(config->document);
    *config = (struct fdm_keras_config){0};
}
