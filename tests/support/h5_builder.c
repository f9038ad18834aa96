#include "tests/support/h5_builder.h"

#include <hdf5.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#define WRITTEN_MAX 65536 /* numbers; larger datasets keep their fill value */

const char test_h5_small_config[] =
    "{\"class_name\": \"Functional\", \"config\": {\"name\": \"tiny\", \"layers\": ["
    "{\"class_name\": \"InputLayer\", \"config\": {\"batch_input_shape\": [null, 8, 8, 3],"
    " \"name\": \"image\"}, \"name\": \"image\", \"inbound_nodes\": []},"
    "{\"class_name\": \"Conv2D\", \"config\": {\"name\": \"conv1\", \"filters\": 4,"
    " \"kernel_size\": [3, 3], \"strides\": [2, 2], \"padding\": \"same\","
    " \"data_format\": \"channels_last\", \"dilation_rate\": [1, 1], \"groups\": 1,"
    " \"activation\": \"linear\", \"use_bias\": false}, \"name\": \"conv1\","
    " \"inbound_nodes\": [[[\"image\", 0, 0, {}]]]},"
    "{\"class_name\": \"BatchNormalization\", \"config\": {\"name\": \"conv1_bn\", \"axis\": [3],"
    " \"epsilon\": 0.001, \"center\": true, \"scale\": true}, \"name\": \"conv1_bn\","
    " \"inbound_nodes\": [[[\"conv1\", 0, 0, {}]]]},"
    "{\"class_name\": \"Activation\", \"config\": {\"name\": \"conv1_relu\","
    " \"activation\": \"relu\"}, \"name\": \"conv1_relu\","
    " \"inbound_nodes\": [[[\"conv1_bn\", 0, 0, {}]]]},"
    "{\"class_name\": \"DepthwiseConv2D\", \"config\": {\"name\": \"conv_dw\","
    " \"kernel_size\": [3, 3], \"strides\": [1, 1], \"padding\": \"same\","
    " \"depth_multiplier\": 1, \"activation\": \"linear\", \"use_bias\": true},"
    " \"name\": \"conv_dw\", \"inbound_nodes\": [[[\"conv1_relu\", 0, 0, {}]]]},"
    "{\"class_name\": \"GlobalAveragePooling2D\", \"config\": {\"name\": \"average\","
    " \"keepdims\": false}, \"name\": \"average\","
    " \"inbound_nodes\": [[[\"conv_dw\", 0, 0, {}]]]},"
    "{\"class_name\": \"Reshape\", \"config\": {\"name\": \"reshape_1\","
    " \"target_shape\": [1, 1, 4]}, \"name\": \"reshape_1\","
    " \"inbound_nodes\": [[[\"average\", 0, 0, {}]]]},"
    "{\"class_name\": \"Dropout\", \"config\": {\"name\": \"dropout\", \"rate\": 0.35},"
    " \"name\": \"dropout\", \"inbound_nodes\": [[[\"reshape_1\", 0, 0, {}]]]},"
    "{\"class_name\": \"Conv2D\", \"config\": {\"name\": \"preds\", \"filters\": 2,"
    " \"kernel_size\": [1, 1], \"strides\": [1, 1], \"padding\": \"valid\","
    " \"activation\": \"linear\", \"use_bias\": true}, \"name\": \"preds\","
    " \"inbound_nodes\": [[[\"dropout\", 0, 0, {}]]]},"
    "{\"class_name\": \"Activation\", \"config\": {\"name\": \"softmax\","
    " \"activation\": \"softmax\"}, \"name\": \"softmax\","
    " \"inbound_nodes\": [[[\"preds\", 0, 0, {}]]]},"
    "{\"class_name\": \"Reshape\", \"config\": {\"name\": \"reshape_2\", \"target_shape\": [-1]},"
    " \"name\": \"reshape_2\", \"inbound_nodes\": [[[\"softmax\", 0, 0, {}]]]}],"
    " \"input_layers\": [[\"image\", 0, 0]], \"output_layers\": [[\"reshape_2\", 0, 0]]}}";

void test_h5_small(struct test_h5 *model)
{
    static const char *const layers[] = {"image",   "conv1",   "conv1_bn",  "conv1_relu",
                                         "conv_dw", "average", "reshape_1", "dropout",
                                         "preds",   "softmax", "reshape_2"};
    static const struct test_h5_weight weights[] = {
        {"conv1", "conv1/kernel:0", 4, {3, 3, 3, 4}, TEST_H5_F32, false, false, false},
        {"conv1_bn", "conv1_bn/gamma:0", 1, {4}, TEST_H5_F32, false, false, false},
        {"conv1_bn", "conv1_bn/beta:0", 1, {4}, TEST_H5_F32, false, false, false},
        {"conv1_bn", "conv1_bn/moving_mean:0", 1, {4}, TEST_H5_F32, false, false, false},
        {"conv1_bn", "conv1_bn/moving_variance:0", 1, {4}, TEST_H5_F32, false, false, false},
        {"conv_dw",
         "conv_dw/depthwise_kernel:0",
         4,
         {3, 3, 4, 1},
         TEST_H5_F32,
         false,
         false,
         false},
        {"conv_dw", "conv_dw/bias:0", 1, {4}, TEST_H5_F32, false, false, false},
        {"preds", "preds/kernel:0", 4, {1, 1, 4, 2}, TEST_H5_F32, false, false, false},
        {"preds", "preds/bias:0", 1, {2}, TEST_H5_F32, false, false, false},
    };
    *model = (struct test_h5){.config = test_h5_small_config,
                              .layer_count = sizeof layers / sizeof layers[0],
                              .weight_count = sizeof weights / sizeof weights[0]};
    memcpy(model->layers, layers, sizeof layers);
    memcpy(model->weights, weights, sizeof weights);
}

static void put_numbers(hid_t at, const char *name, hsize_t count)
{
    hid_t space = H5Screate_simple(1, &count, NULL);
    hid_t id = H5Acreate2(at, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    static const double zeros[TEST_H5_LAYERS];
    assert_true(id >= 0 && (count == 0 || H5Awrite(id, H5T_NATIVE_DOUBLE, zeros) >= 0));
    H5Aclose(id);
    H5Sclose(space);
}

static void put_texts(hid_t at, const char *name, const char *const *texts, hsize_t count,
                      size_t fixed_bytes)
{
    hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, NULL);
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, fixed_bytes != 0 ? fixed_bytes : H5T_VARIABLE);
    hid_t id = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    char *fixed = calloc(count, fixed_bytes + 1);
    assert_non_null(fixed);
    for (hsize_t i = 0; fixed_bytes != 0 && i < count; i++)
        memcpy(fixed + i * fixed_bytes, texts[i], strnlen(texts[i], fixed_bytes));
    const void *from = fixed_bytes != 0 ? (const void *)fixed : (const void *)texts;
    assert_true(id >= 0 && H5Awrite(id, type, from) >= 0);
    free(fixed);
    H5Aclose(id);
    H5Tclose(type);
    H5Sclose(space);
}

static hid_t creation_of(const struct test_h5_weight *weight)
{
    hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    if (weight->external)
        H5Pset_external(creation, "elsewhere.bin", 0, H5F_UNLIMITED);
    if (weight->gzip) {
        hsize_t chunk[8];
        for (uint32_t i = 0; i < weight->rank; i++)
            chunk[i] = weight->dims[i];
        H5Pset_chunk(creation, (int)weight->rank, chunk);
        H5Pset_deflate(creation, 6);
    }
    return creation;
}

static void put_values(hid_t dataset, bool ones, size_t count)
{
    float *values = calloc(count, sizeof *values);
    assert_non_null(values);
    for (size_t i = 0; i < count; i++)
        values[i] = ones ? 1.0F : ((float)(i % 31) - 15) / 16;
    assert_true(H5Dwrite(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    free(values);
}

static void put_weight(hid_t group, const char *name, const struct test_h5_weight *weight)
{
    hsize_t dims[8];
    size_t count = 1;
    for (uint32_t i = 0; i < weight->rank; i++) {
        dims[i] = weight->dims[i];
        count *= weight->dims[i];
    }
    const hid_t types[] = {H5T_IEEE_F32LE, H5T_IEEE_F64LE, H5T_STD_I32LE};
    hid_t links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    hid_t creation = creation_of(weight);
    hid_t space = H5Screate_simple((int)weight->rank, dims, NULL);
    hid_t id = H5Dcreate2(group, name, types[weight->type], space, links, creation, H5P_DEFAULT);
    assert_true(id >= 0);
    if (!weight->external && count <= WRITTEN_MAX)
        put_values(id, strstr(weight->name, "variance") != NULL, count);
    H5Dclose(id);
    H5Sclose(space);
    H5Pclose(creation);
    H5Pclose(links);
}

static void put_layer(hid_t weights, const struct test_h5 *model, const char *layer)
{
    const char *names[TEST_H5_WEIGHTS];
    hsize_t count = 0;
    hid_t group = H5Gcreate2(weights, layer, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(group >= 0);
    for (size_t i = 0; i < model->weight_count; i++) {
        const struct test_h5_weight *weight = &model->weights[i];
        if (strcmp(weight->layer, layer) != 0)
            continue;
        names[count++] = weight->name;
        if (!weight->unwritten)
            put_weight(group, weight->name, weight);
    }
    if (count == 0 || model->names_are_numbers)
        put_numbers(group, "weight_names", count);
    else
        put_texts(group, "weight_names", names, count, model->fixed_bytes);
    H5Gclose(group);
}

static void put_model(hid_t file, const struct test_h5 *model)
{
    if (model->config_is_number)
        put_numbers(file, "model_config", 1);
    else if (model->config != NULL)
        put_texts(file, "model_config", &model->config, 1,
                  model->fixed_bytes != 0 ? strlen(model->config) : 0);
    hid_t weights = H5Gcreate2(file, "model_weights", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    assert_true(weights >= 0);
    put_texts(weights, "layer_names", model->layers, model->layer_count, model->fixed_bytes);
    for (size_t i = 0; i < model->layer_count; i++)
        if (i == 0 && model->soft_link)
            H5Lcreate_soft(model->layers[i], weights, model->layers[i], H5P_DEFAULT, H5P_DEFAULT);
        else
            put_layer(weights, model, model->layers[i]);
    H5Gclose(weights);
}

static void put_places(hid_t file, const struct test_h5 *model, const char *const *places,
                       bool named)
{
    for (size_t i = 0; i < model->weight_count; i++) {
        char group[128];
        if (places[i] == NULL)
            continue;
        put_weight(file, places[i], &model->weights[i]);
        int len = (int)(strrchr(places[i], '/') - places[i]);
        snprintf(group, sizeof group, "%.*s", len, places[i]);
        hid_t id = H5Gopen2(file, group, H5P_DEFAULT);
        assert_true(id >= 0);
        if (named && H5Aexists(id, "name") == 0)
            put_texts(id, "name", (const char *const[]){model->weights[i].layer}, 1, 0);
        H5Gclose(id);
    }
}

static hid_t begin_file(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, 4096, 0);
    hid_t file = H5Fcreate("image", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    assert_true(file >= 0);
    H5Pclose(access);
    return file;
}

static void end_file(hid_t file, uint8_t **bytes, size_t *len)
{
    assert_true(H5Fflush(file, H5F_SCOPE_LOCAL) >= 0);
    ssize_t size = H5Fget_file_image(file, NULL, 0);
    assert_true(size > 0);
    *len = (size_t)size;
    *bytes = malloc(*len);
    assert_non_null(*bytes);
    assert_true(H5Fget_file_image(file, *bytes, *len) == size);
    H5Fclose(file);
}

void test_h5_write(const struct test_h5 *model, uint8_t **bytes, size_t *len)
{
    hid_t file = begin_file();
    put_model(file, model);
    end_file(file, bytes, len);
}

void test_h5_write_places(const struct test_h5 *model, const char *const *places, bool named,
                          uint8_t **bytes, size_t *len)
{
    hid_t file = begin_file();
    put_places(file, model, places, named);
    end_file(file, bytes, len);
}
