#include "reference/importers/h5_extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/importers/h5_file.h"

#define MAX_LAYERS 4096
#define MAX_WEIGHTS_PER_LAYER 16

static enum fdm_status extract_config(const struct fdm_h5_file *h5, struct fdm_keras_file *out,
                                      struct fdm_error *err)
{
    struct fdm_h5_strings config;
    enum fdm_status status =
        fdm_h5_read_strings(h5, "/", "model_config", 1, FDM_KERAS_MAX_CONFIG, &config, err);
    if (status != FDM_OK)
        return status;
    if (config.count == 1)
        status = fdm_keras_set_config(out, config.texts[0], strlen(config.texts[0]), err);
    else
        status = fdm_fail(err, FDM_ERR_FORMAT, "attribute model_config is empty");
    fdm_h5_strings_release(&config);
    return status;
}

/* "kernel" from "conv1/kernel:0". */
static void role_of(const char *weight, char out[FDM_KERAS_MAX_NAME])
{
    const char *slash = strrchr(weight, '/');
    const char *role = slash != NULL ? slash + 1 : weight;
    size_t len = strcspn(role, ":");
    if (len >= FDM_KERAS_MAX_NAME)
        len = FDM_KERAS_MAX_NAME - 1;
    memcpy(out, role, len);
    out[len] = '\0';
}

static enum fdm_status keep(struct fdm_keras_file *file, const char *layer, const char *role,
                            const struct fdm_h5_floats *floats, struct fdm_error *err)
{
    struct fdm_keras_array array = {
        .rank = floats->rank, .count = floats->count, .values = floats->values};
    snprintf(array.layer, sizeof array.layer, "%s", layer);
    snprintf(array.role, sizeof array.role, "%s", role);
    memcpy(array.dims, floats->dims, sizeof array.dims);
    return fdm_keras_add_array(file, &array, err);
}

enum fdm_status fdm_h5_extract_floats(const struct fdm_h5_file *h5, const char *path,
                                      const char *layer, const char *role,
                                      struct fdm_keras_file *out, struct fdm_error *err)
{
    struct fdm_h5_floats floats = {0};
    enum fdm_status status =
        fdm_h5_read_floats(h5, path, FDM_KERAS_MAX_FLOATS - out->float_count, &floats, err);
    return status == FDM_OK ? keep(out, layer, role, &floats, err) : status;
}

static enum fdm_status extract_weight(const struct fdm_h5_file *h5, const char *layer,
                                      const char *group, const char *weight,
                                      struct fdm_keras_file *out, struct fdm_error *err)
{
    char role[FDM_KERAS_MAX_NAME];
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s/%s", group, weight);
    role_of(weight, role);
    enum fdm_status status = fdm_buf_check(&path, err);
    if (status == FDM_OK)
        status = fdm_h5_extract_floats(h5, path.data, layer, role, out, err);
    fdm_buf_release(&path);
    return status;
}

static enum fdm_status extract_group(const struct fdm_h5_file *h5, const char *layer,
                                     const char *group, struct fdm_keras_file *out,
                                     struct fdm_error *err)
{
    struct fdm_h5_strings weights;
    enum fdm_status status = fdm_h5_read_strings(h5, group, "weight_names", MAX_WEIGHTS_PER_LAYER,
                                                 FDM_KERAS_MAX_NAME - 1, &weights, err);
    if (status != FDM_OK)
        return status;
    for (size_t i = 0; status == FDM_OK && i < weights.count; i++)
        status = extract_weight(h5, layer, group, weights.texts[i], out, err);
    fdm_h5_strings_release(&weights);
    return status;
}

static enum fdm_status extract_layer(const struct fdm_h5_file *h5, const char *layer,
                                     struct fdm_keras_file *out, struct fdm_error *err)
{
    struct fdm_buf group;
    fdm_buf_init(&group);
    fdm_buf_printf(&group, "/model_weights/%s", layer);
    enum fdm_status status = fdm_buf_check(&group, err);
    if (status == FDM_OK)
        status = extract_group(h5, layer, group.data, out, err);
    fdm_buf_release(&group);
    return status;
}

static enum fdm_status extract_layers(const struct fdm_h5_file *h5, struct fdm_keras_file *out,
                                      struct fdm_error *err)
{
    struct fdm_h5_strings layers;
    enum fdm_status status = fdm_h5_read_strings(h5, "/model_weights", "layer_names", MAX_LAYERS,
                                                 FDM_KERAS_MAX_NAME - 1, &layers, err);
    if (status != FDM_OK)
        return status;
    for (size_t i = 0; status == FDM_OK && i < layers.count; i++)
        status = extract_layer(h5, layers.texts[i], out, err);
    fdm_h5_strings_release(&layers);
    return status;
}

enum fdm_status fdm_h5_extract(const uint8_t *bytes, size_t len, struct fdm_keras_file *out,
                               struct fdm_error *err)
{
    struct fdm_h5_file *h5;
    enum fdm_status status = fdm_h5_open(bytes, len, &h5, err);
    if (status != FDM_OK)
        return status;
    status = extract_config(h5, out, err);
    if (status == FDM_OK)
        status = extract_layers(h5, out, err);
    fdm_h5_close(h5);
    return status;
}
