#include "tests/support/keras_builder.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

#define NODE(name)                                                                                 \
    "\"inbound_nodes\": [{\"args\": [{\"class_name\": \"__keras_tensor__\", \"config\":"           \
    " {\"dtype\": \"float32\", \"keras_history\": [\"" name "\", 0, 0]}}], \"kwargs\": {}}]}"
#define LAYER(class_name, name, more, node)                                                        \
    "{\"class_name\": \"" class_name "\", \"config\": {\"name\": \"" name                          \
    "\", \"dtype\": {\"class_name\": \"DTypePolicy\"}" more "}, \"name\": \"" name "\", " node

const char test_keras_small_config[] =
    "{\"module\": \"keras.src.models.functional\", \"class_name\": \"Functional\", \"config\":"
    " {\"name\": \"tiny\", \"trainable\": true, \"layers\": [" LAYER(
        "InputLayer", "image", ", \"batch_shape\": [null, 8, 8, 3], \"sparse\": false",
        "\"inbound_nodes\": []},")
        LAYER(
            "Conv2D", "conv1",
            ", \"filters\": 4, \"kernel_size\": [3, 3], \"strides\": [2, 2], \"padding\": \"same\","
            " \"data_format\": \"channels_last\", \"dilation_rate\": [1, 1], \"groups\": 1,"
            " \"activation\": \"linear\", \"use_bias\": false",
            NODE("image") ",")
            LAYER("BatchNormalization", "conv1_bn",
                  ", \"axis\": 3, \"epsilon\": 0.001, \"center\": true, \"scale\": true,"
                  " \"synchronized\": false",
                  NODE("conv1") ",") LAYER("Activation", "conv1_relu", ", \"activation\": \"relu\"",
                                           NODE("conv1_bn") ",")
                LAYER("DepthwiseConv2D", "conv_dw",
                      ", \"kernel_size\": [3, 3], \"strides\": [1, 1], \"padding\": \"same\","
                      " \"depth_multiplier\": 1, \"activation\": \"linear\", \"use_bias\": true",
                      NODE("conv1_relu") ",")
                    LAYER("GlobalAveragePooling2D", "average",
                          ", \"data_format\": \"channels_last\", \"keepdims\": false",
                          NODE("conv_dw") ",") LAYER("Reshape", "reshape_1",
                                                     ", \"target_shape\": [1, 1, 4]",
                                                     NODE("average") ",")
                        LAYER("Dropout", "dropout", ", \"rate\": 0.35, \"seed\": null",
                              NODE("reshape_1") ",")
                            LAYER("Conv2D", "preds",
                                  ", \"filters\": 2, \"kernel_size\": [1, 1], \"strides\": [1, 1], "
                                  "\"padding\": \"valid\","
                                  " \"activation\": \"linear\", \"use_bias\": true",
                                  NODE("dropout") ",") LAYER("Activation", "softmax",
                                                             ", \"activation\": \"softmax\"",
                                                             NODE("preds") ",")
                                LAYER("Reshape", "reshape_2", ", \"target_shape\": [-1]",
                                      NODE("softmax")) "], \"input_layers\": [[\"image\", 0, 0]], "
                                                       "\"output_layers\": [\"reshape_2\", 0, 0]},"
                                                       " \"registered_name\": \"Functional\", "
                                                       "\"build_config\": {\"input_shape\": null}}";

void test_keras_small(struct test_keras *keras)
{
    static const char *const places[] = {
        "layers/conv2d/vars/0",
        "layers/batch_normalization/vars/0",
        "layers/batch_normalization/vars/1",
        "layers/batch_normalization/vars/2",
        "layers/batch_normalization/vars/3",
        "layers/depthwise_conv2d/vars/0",
        "layers/depthwise_conv2d/vars/1",
        "layers/conv2d_1/vars/0",
        "layers/conv2d_1/vars/1",
    };
    *keras = (struct test_keras){.config = test_keras_small_config, .named = true};
    test_h5_small(&keras->model);
    memcpy(keras->places, places, sizeof places);
}

/* ---- zip files ---- */

struct test_zip {
    struct archive *writer;
};

static la_ssize_t put(struct archive *writer, void *context, const void *bytes, size_t len)
{
    (void)writer;
    fdm_buf_append(context, bytes, len);
    return (la_ssize_t)len;
}

struct test_zip *test_zip_begin(struct fdm_buf *out)
{
    struct test_zip *zip = calloc(1, sizeof *zip);
    assert_non_null(zip);
    zip->writer = archive_write_new();
    archive_write_set_format_zip(zip->writer);
    archive_write_set_bytes_in_last_block(zip->writer, 1);
    assert_int_equal(archive_write_open(zip->writer, out, NULL, put, NULL), ARCHIVE_OK);
    return zip;
}

static void add(struct test_zip *zip, struct archive_entry *entry, const void *bytes, size_t len)
{
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, (la_int64_t)len);
    assert_int_equal(archive_write_header(zip->writer, entry), ARCHIVE_OK);
    if (len > 0)
        assert_int_equal(archive_write_data(zip->writer, bytes, len), len);
    archive_entry_free(entry);
}

void test_zip_add(struct test_zip *zip, const char *name, const void *bytes, size_t len)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFREG);
    add(zip, entry, bytes, len);
}

void test_zip_add_link(struct test_zip *zip, const char *name, const char *to)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, AE_IFLNK);
    archive_entry_set_symlink(entry, to);
    add(zip, entry, NULL, 0);
}

void test_zip_end(struct test_zip *zip)
{
    assert_int_equal(archive_write_close(zip->writer), ARCHIVE_OK);
    archive_write_free(zip->writer);
    free(zip);
}

/* ---- the model ---- */

void test_keras_write_weights(const struct test_keras *keras, uint8_t **bytes, size_t *len)
{
    test_h5_write_places(&keras->model, keras->places, keras->named, bytes, len);
}

void test_keras_write(const struct test_keras *keras, struct fdm_buf *out)
{
    static const char metadata[] = "{\"keras_version\": \"3.8.0\", \"date_saved\": \"\"}";
    uint8_t *bytes;
    size_t len;
    test_keras_write_weights(keras, &bytes, &len);
    struct test_zip *zip = test_zip_begin(out);
    test_zip_add(zip, "metadata.json", metadata, sizeof metadata - 1);
    if (keras->config != NULL)
        test_zip_add(zip, "config.json", keras->config, strlen(keras->config));
    test_zip_add(zip, "model.weights.h5", bytes, len);
    test_zip_end(zip);
    free(bytes);
}
