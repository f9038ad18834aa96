#include "reference/importers/keras_config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "reference/importers/keras_layer.h"

static bool same_text(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* ---- layers and who reads whom ---- */

/* A layer as listed; `source` is the layer that it reads, NULL for an input. */
struct listed {
    struct fdm_keras_layer layer;
    const char *source;
    bool placed;
};

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
    status = fdm_keras_layer_read(entry, config, &out->layer, err);
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
