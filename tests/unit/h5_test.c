#include "tests/support/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/hash.h"
#include "reference/importers/h5_process.h"
#include "reference/importers/importers.h"
#include "reference/importers/keras_config.h"
#include "reference/importers/keras_weights.h"
#include "tests/support/h5_builder.h"

static enum fdm_status import(const struct test_h5 *model, struct fdm_graph **graph,
                              struct fdm_error *err)
{
    uint8_t *bytes;
    size_t len;
    test_h5_write(model, &bytes, &len);
    enum fdm_status status = fdm_import_h5(bytes, len, "tiny.h5", graph, err);
    free(bytes);
    return status;
}

static const struct fdm_op *find_op(const struct fdm_graph *graph, const char *name)
{
    for (uint32_t i = 0; i < graph->op_count; i++)
        if (strcmp(graph->ops[i].name, name) == 0)
            return &graph->ops[i];
    fail_msg("no operator %s", name);
    return NULL;
}

static float stored(size_t i)
{
    return ((float)(i % 31) - 15) / 16;
}

static void check_small(const struct fdm_graph *g)
{
    static const enum fdm_op_kind kinds[] = {
        FDM_OP_CONV_2D, FDM_OP_BATCH_NORM, FDM_OP_RELU,    FDM_OP_DEPTHWISE_CONV, FDM_OP_MEAN,
        FDM_OP_RESHAPE, FDM_OP_RESHAPE,    FDM_OP_CONV_2D, FDM_OP_SOFTMAX,        FDM_OP_RESHAPE};
    assert_int_equal(g->op_count, sizeof kinds / sizeof kinds[0]);
    for (uint32_t i = 0; i < g->op_count; i++)
        assert_int_equal(g->ops[i].kind, kinds[i]);
    assert_string_equal(g->name, "tiny");
    assert_int_equal(g->format, FDM_FORMAT_FLOAT);
    const struct fdm_tensor *output = &g->tensors[g->output];
    assert_int_equal(output->rank, 2);
    assert_int_equal(output->dims[1], 2); /* from -1 */
    const struct fdm_op *conv = find_op(g, "conv1");
    assert_int_equal(conv->input_count, 2);
    assert_int_equal(conv->stride_w, 2);
    assert_int_equal(conv->pad_top, 0);
    assert_int_equal(conv->pad_bottom, 1);
    assert_int_equal(g->tensors[conv->output].dims[1], 4);
    assert_int_equal(find_op(g, "conv_dw")->input_count, 3);
    assert_true(find_op(g, "conv1_bn")->epsilon == 0.001F);
    struct fdm_graph_totals totals = fdm_graph_totals(g);
    assert_int_equal(totals.parameters, 108 + 16 + 36 + 4 + 8 + 2);
    assert_int_equal(totals.macs, 64 * 27 + 64 * 9 + 8);
}

static void layers_become_operators(void **state)
{
    (void)state;
    struct test_h5 model;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    test_h5_small(&model);
    assert_ok(import(&model, &graph, &err), err);
    check_small(graph);
    fdm_graph_free(graph);
}

static void older_ways_of_storing_are_read(void **state)
{
    (void)state;
    struct test_h5 model;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    test_h5_small(&model);
    model.fixed_bytes = 64;
    model.weights[0].gzip = true;
    assert_ok(import(&model, &graph, &err), err);
    check_small(graph);
    fdm_graph_free(graph);
}

/* [H,W,I,O] in the file, [O,H,W,I] in the graph. */
static void kernels_are_transposed(void **state)
{
    (void)state;
    struct test_h5 model;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    test_h5_small(&model);
    assert_ok(import(&model, &graph, &err), err);
    const struct fdm_tensor *kernel = &graph->tensors[find_op(graph, "conv1")->inputs[1]];
    assert_int_equal(kernel->dims[0], 4);
    assert_int_equal(kernel->dims[3], 3);
    const float *to = kernel->data;
    for (size_t h = 0; h < 3; h++)
        for (size_t w = 0; w < 3; w++)
            for (size_t i = 0; i < 3; i++)
                for (size_t o = 0; o < 4; o++)
                    assert_true(to[((o * 3 + h) * 3 + w) * 3 + i] ==
                                stored(((h * 3 + w) * 3 + i) * 4 + o));
    const struct fdm_tensor *depthwise = &graph->tensors[find_op(graph, "conv_dw")->inputs[1]];
    assert_int_equal(depthwise->dims[0], 1);
    assert_int_equal(depthwise->dims[3], 4);
    to = depthwise->data;
    assert_true(to[(2 * 3 + 1) * 4 + 3] == stored((2 * 3 + 1) * 4 + 3));
    fdm_graph_free(graph);
}

/* ---- configurations ---- */

/* The configuration with the first occurrence of `find` replaced. */
static char *edited(const char *config, const char *find, const char *replace)
{
    struct fdm_buf text;
    const char *at = strstr(config, find);
    if (at == NULL)
        fail_msg("'%s' is not in the configuration", find);
    fdm_buf_init(&text);
    fdm_buf_append(&text, config, (size_t)(at - config));
    fdm_buf_puts(&text, replace);
    fdm_buf_puts(&text, at + strlen(find));
    assert_int_equal(fdm_buf_check(&text, NULL), FDM_OK);
    return text.data;
}

static const struct {
    const char *remark;
    const char *find, *replace;
    enum fdm_status status;
    const char *message;
} configs[] = {
    {"cut JSON", "]}}", "", FDM_ERR_FORMAT, "model_config: not valid JSON at line 1"},
    {"no JSON", "{", "", FDM_ERR_FORMAT, "not valid JSON"},
    {"class of the model", "Functional", "Subclassed", FDM_ERR_UNSUPPORTED, "'Subclassed'"},
    {"layers are no array", "\"layers\": [", "\"layers\": 1, \"x\": [", FDM_ERR_FORMAT, "layers"},
    {"layer without name", "\"name\": \"image\"}", "\"x\": 1}", FDM_ERR_FORMAT, "name: expected"},
    {"class that we do not have", "\"Dropout\"", "\"Dense\"", FDM_ERR_UNSUPPORTED,
     "layer 'dropout': layers of class Dense"},
    {"class is a number", "\"Dropout\"", "7", FDM_ERR_FORMAT, "class_name: expected a string"},
    {"two layers read one", "[\"dropout\", 0", "[\"average\", 0", FDM_ERR_UNSUPPORTED,
     "'reshape_1' and 'preds' both follow 'average'"},
    {"two inputs to one layer", "[[[\"dropout\", 0, 0, {}]]]",
     "[[[\"dropout\", 0, 0, {}], [\"average\", 0, 0, {}]]]", FDM_ERR_UNSUPPORTED, "layer 'preds'"},
    {"layer used twice", "[[[\"dropout\", 0, 0, {}]]]",
     "[[[\"dropout\", 0, 0, {}]], [[\"average\", 0, 0, {}]]]", FDM_ERR_UNSUPPORTED, "used twice"},
    {"second output of a layer", "[\"dropout\", 0, 0", "[\"dropout\", 0, 1", FDM_ERR_FORMAT,
     "layer 'preds': inbound_nodes"},
    {"a call without arguments", "[[[\"dropout\", 0, 0, {}]]]", "[{\"args\": []}]",
     FDM_ERR_UNSUPPORTED, "several inputs"},
    {"reads a layer that is not there", "[\"dropout\", 0", "[\"nowhere\", 0", FDM_ERR_UNSUPPORTED,
     "layer 'preds' does not lie between"},
    {"circle", "[\"image\", 0, 0, {}]", "[\"reshape_2\", 0, 0, {}]", FDM_ERR_UNSUPPORTED,
     "does not lie between"},
    {"circle behind the input", "[\"conv1\", 0, 0, {}]", "[\"softmax\", 0, 0, {}]",
     FDM_ERR_UNSUPPORTED, "layer 'conv1_bn' does not lie between"},
    {"name twice", "\"name\": \"conv1_relu\", \"activation\"",
     "\"name\": \"conv1\", \"activation\"", FDM_ERR_FORMAT, "'conv1': its name occurs twice"},
    {"no input layer", "\"inbound_nodes\": []", "\"inbound_nodes\": [[[\"x\", 0, 0, {}]]]",
     FDM_ERR_UNSUPPORTED, "layer 'image'"},
    {"layer without input", "[[[\"dropout\", 0, 0, {}]]]", "[]", FDM_ERR_UNSUPPORTED,
     "reads nothing"},
    {"output before the end", "\"output_layers\": [[\"reshape_2\"",
     "\"output_layers\": [[\"softmax\"", FDM_ERR_UNSUPPORTED, "output_layers"},
    {"input without height", "[null, 8, 8, 3]", "[null, null, 8, 3]", FDM_ERR_UNSUPPORTED,
     "batch_input_shape"},
    {"batch of 2", "[null, 8, 8, 3]", "[2, 8, 8, 3]", FDM_ERR_UNSUPPORTED, "batch_input_shape"},
    {"height past the bound", "[null, 8, 8, 3]", "[null, 65537, 8, 3]", FDM_ERR_UNSUPPORTED,
     "batch_input_shape"},
    {"kernel of 0", "\"kernel_size\": [3, 3]", "\"kernel_size\": [0, 3]", FDM_ERR_UNSUPPORTED,
     "layer 'conv1': Conv2D: kernel_size"},
    {"kernel of 1.5", "\"kernel_size\": [3, 3]", "\"kernel_size\": [1.5, 3]", FDM_ERR_UNSUPPORTED,
     "kernel_size"},
    {"stride of 17", "\"strides\": [2, 2]", "\"strides\": [2, 17]", FDM_ERR_UNSUPPORTED, "strides"},
    {"three strides", "\"strides\": [2, 2]", "\"strides\": [2, 2, 2]", FDM_ERR_UNSUPPORTED,
     "strides"},
    {"dilation", "\"dilation_rate\": [1, 1]", "\"dilation_rate\": [2, 2]", FDM_ERR_UNSUPPORTED,
     "dilation_rate"},
    {"channels first", "channels_last", "channels_first", FDM_ERR_UNSUPPORTED, "data_format"},
    {"groups", "\"groups\": 1", "\"groups\": 2", FDM_ERR_UNSUPPORTED, "groups"},
    {"padding", "\"padding\": \"same\"", "\"padding\": \"causal\"", FDM_ERR_UNSUPPORTED,
     "'causal'"},
    {"fused activation", "\"activation\": \"linear\"", "\"activation\": \"elu\"",
     FDM_ERR_UNSUPPORTED, "'elu'"},
    {"filters 1e300", "\"filters\": 4", "\"filters\": 1e300", FDM_ERR_FORMAT, "filters"},
    {"filters -4", "\"filters\": 4", "\"filters\": -4", FDM_ERR_FORMAT, "filters"},
    {"multiplier", "\"depth_multiplier\": 1", "\"depth_multiplier\": 2", FDM_ERR_UNSUPPORTED,
     "depth_multiplier"},
    {"axis", "\"axis\": [3]", "\"axis\": [1]", FDM_ERR_UNSUPPORTED, "axis"},
    {"epsilon", "\"epsilon\": 0.001", "\"epsilon\": -1", FDM_ERR_FORMAT, "epsilon"},
    {"no gamma", "\"scale\": true", "\"scale\": false", FDM_ERR_UNSUPPORTED, "scale: only true"},
    {"activation layer", "\"activation\": \"softmax\"", "\"activation\": \"tanh\"",
     FDM_ERR_UNSUPPORTED, "layer 'softmax': Activation: activation: 'tanh'"},
    {"ReLU with a maximum", "\"Activation\", \"config\": {\"name\": \"conv1_relu\"",
     "\"ReLU\", \"config\": {\"max_value\": 6, \"name\": \"conv1_relu\"", FDM_ERR_UNSUPPORTED,
     "ReLU: max_value"},
    {"no layers", "\"layers\": [", "\"layers\": [], \"unused\": [", FDM_ERR_UNSUPPORTED,
     "0 layers"},
    {"shape of text", "[1, 1, 4]", "[1, 1, \"4\"]", FDM_ERR_UNSUPPORTED, "target_shape"},
    {"shape of six", "[1, 1, 4]", "[1, 1, 1, 1, 1, 4]", FDM_ERR_UNSUPPORTED, "target_shape"},
};

static void wrong_configurations_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++) {
        struct fdm_keras_config config;
        struct fdm_error err = FDM_ERROR_INIT;
        char *text = edited(test_h5_small_config, configs[i].find, configs[i].replace);
        enum fdm_status status = fdm_keras_config_parse(text, strlen(text), &config, &err);
        fdm_keras_config_release(&config);
        free(text);
        if (status != configs[i].status || strstr(err.message, configs[i].message) == NULL)
            fail_msg("%s: got %s '%s', expected %s '…%s…'", configs[i].remark,
                     fdm_status_name(status), err.message, fdm_status_name(configs[i].status),
                     configs[i].message);
    }
}

static void layers_are_put_in_order(void **state)
{
    (void)state;
    static const char shuffled[] =
        "{\"class_name\": \"Model\", \"config\": {\"name\": \"m\", \"layers\": ["
        "{\"class_name\": \"ReLU\", \"config\": {\"name\": \"c\", \"max_value\": null},"
        " \"inbound_nodes\": [[[\"b\", 0, 0]]]},"
        "{\"class_name\": \"Softmax\", \"config\": {\"name\": \"b\", \"axis\": -1},"
        " \"inbound_nodes\": [[[\"a\", 0, 0]]]},"
        "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"a\","
        " \"batch_shape\": [1, 2, 3, 3]}, \"inbound_nodes\": []}]}}";
    struct fdm_keras_config config;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_keras_config_parse(shuffled, strlen(shuffled), &config, &err), err);
    assert_int_equal(config.layer_count, 3);
    assert_string_equal(config.layers[0].name, "a");
    assert_int_equal(config.layers[0].shape[1], 3);
    assert_string_equal(config.layers[1].name, "b");
    assert_string_equal(config.layers[2].name, "c");
    fdm_keras_config_release(&config);
}

static void sequential_models_are_chains(void **state)
{
    (void)state;
    static const char sequential[] =
        "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": ["
        "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"a\","
        " \"batch_input_shape\": [null, 2, 3, 3]}},"
        "{\"class_name\": \"ReLU\", \"config\": {\"name\": \"b\"}}]}}";
    struct fdm_keras_config config;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_keras_config_parse(sequential, strlen(sequential), &config, &err), err);
    assert_int_equal(config.layer_count, 2);
    assert_int_equal(config.layers[1].kind, FDM_KERAS_RELU);
    fdm_keras_config_release(&config);
}

/* ---- files ---- */

static void no_config(struct test_h5 *m)
{
    m->config = NULL;
}
static void config_number(struct test_h5 *m)
{
    m->config_is_number = true;
}
static void config_empty(struct test_h5 *m)
{
    m->config = "";
}
static void config_broken(struct test_h5 *m)
{
    m->config = "{\"class_name\": ";
}
static void names_numbers(struct test_h5 *m)
{
    m->names_are_numbers = true;
}
static void layer_soft_link(struct test_h5 *m)
{
    m->soft_link = true;
}
static void kernel_unwritten(struct test_h5 *m)
{
    m->weights[0].unwritten = true;
}
static void kernel_unlisted(struct test_h5 *m)
{
    m->weights[0].layer = "image";
}
static void kernel_double(struct test_h5 *m)
{
    m->weights[0].type = TEST_H5_F64;
}
static void kernel_integer(struct test_h5 *m)
{
    m->weights[0].type = TEST_H5_S32;
}
static void kernel_external(struct test_h5 *m)
{
    m->weights[0].external = true;
}
static void kernel_transposed(struct test_h5 *m)
{
    m->weights[0].dims[2] = 4;
    m->weights[0].dims[3] = 3;
}
static void kernel_flat(struct test_h5 *m)
{
    m->weights[0].rank = 1;
    m->weights[0].dims[0] = 108;
}
static void gamma_scalar(struct test_h5 *m)
{
    m->weights[1].rank = 0;
}
static void weights_too_many(struct test_h5 *m)
{
    m->weights[0].dims[0] = (uint64_t)1 << 22;
    m->weights[0].gzip = true;
}
static void role_twice(struct test_h5 *m)
{
    m->weights[2].name = "other/gamma:0";
}
static void kernel_rank_7(struct test_h5 *m)
{
    m->weights[0].rank = 7;
    for (int i = 4; i < 7; i++)
        m->weights[0].dims[i] = 1;
}
static void names_long(struct test_h5 *m)
{
    static const char name[] = "0123456789012345678901234567890123456789012345678901234567890123"
                               "0123456789012345678901234567890123456789012345678901234567890123"
                               "0123456789012345678901234567890123456789012345678901234567890123"
                               "0123456789012345678901234567890123456789012345678901234567890123";
    m->layers[0] = name;
}
static void names_fixed_and_long(struct test_h5 *m)
{
    m->fixed_bytes = 256;
}

static const struct {
    const char *remark;
    void (*damage)(struct test_h5 *model);
    enum fdm_status status;
    const char *message;
} broken[] = {
    {"no model_config", no_config, FDM_ERR_FORMAT, "attribute model_config of /: missing"},
    {"model_config is a number", config_number, FDM_ERR_FORMAT, "expected strings"},
    {"model_config is empty", config_empty, FDM_ERR_FORMAT, "not valid JSON"},
    {"model_config is cut", config_broken, FDM_ERR_FORMAT, "not valid JSON at line 1, column 15"},
    {"weight_names are numbers", names_numbers, FDM_ERR_FORMAT,
     "attribute weight_names of /model_weights/conv1: expected strings"},
    {"layer is a soft link", layer_soft_link, FDM_ERR_FORMAT,
     "/model_weights/image: no such object"},
    {"dataset missing", kernel_unwritten, FDM_ERR_FORMAT, "/model_weights/conv1/conv1: no such"},
    {"weights of another layer", kernel_unlisted, FDM_ERR_FORMAT,
     "layer 'conv1': kernel is missing"},
    {"float64", kernel_double, FDM_ERR_UNSUPPORTED,
     "/model_weights/conv1/conv1/kernel:0: only float32"},
    {"int32", kernel_integer, FDM_ERR_UNSUPPORTED, "only float32"},
    {"data in another file", kernel_external, FDM_ERR_UNSUPPORTED, "outside the file"},
    {"kernel of other shape", kernel_transposed, FDM_ERR_FORMAT,
     "layer 'conv1': kernel has another shape than [3,3,3,4]"},
    {"kernel of rank 1", kernel_flat, FDM_ERR_FORMAT, "kernel has another shape"},
    {"kernel of rank 7", kernel_rank_7, FDM_ERR_UNSUPPORTED, "7 dimensions, at most 6"},
    {"layer name of 256 bytes", names_long, FDM_ERR_MEMORY, "a string of more than 255 bytes"},
    {"names of 256 bytes", names_fixed_and_long, FDM_ERR_MEMORY, "strings of 256 bytes"},
    {"gamma is a scalar", gamma_scalar, FDM_ERR_FORMAT, "gamma has another shape than [4]"},
    {"compressed bytes past the bound", weights_too_many, FDM_ERR_FORMAT, "may have"},
    {"two datasets of one role", role_twice, FDM_ERR_FORMAT, "gamma of layer 'conv1_bn': stored"},
};

static void broken_files_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        struct test_h5 model;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph;
        test_h5_small(&model);
        broken[i].damage(&model);
        enum fdm_status status = import(&model, &graph, &err);
        if (status != broken[i].status || graph != NULL ||
            strncmp(err.message, "tiny.h5: ", 9) != 0 ||
            strstr(err.message, broken[i].message) == NULL)
            fail_msg("%s: got %s '%s', expected %s '…%s…'", broken[i].remark,
                     fdm_status_name(status), err.message, fdm_status_name(broken[i].status),
                     broken[i].message);
    }
}

/* Configurations that are fine by themselves but do not fit the weights or the bounds. */
static void misfits_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *find, *replace;
        enum fdm_status status;
        const char *message;
        const char *find_too, *replace_too;
    } cases[] = {
        {"filters", "\"filters\": 4", "\"filters\": 5", FDM_ERR_FORMAT, "than [3,3,3,5]", NULL,
         NULL},
        {"bias that is not stored", "\"use_bias\": false", "\"use_bias\": true", FDM_ERR_FORMAT,
         "layer 'conv1': bias is missing", NULL, NULL},
        {"reshape", "[1, 1, 4]", "[1, 1, 5]", FDM_ERR_FORMAT, "layer 'reshape_1': target_shape",
         NULL, NULL},
        {"reshape with 0", "[1, 1, 4]", "[1, 0, 4]", FDM_ERR_FORMAT, "dimension 1 is 0", NULL,
         NULL},
        {"reshape with two open", "[1, 1, 4]", "[-1, -1, 4]", FDM_ERR_FORMAT, "dimension 1 is -1",
         NULL, NULL},
        {"reshape that does not divide", "[1, 1, 4]", "[-1, 3]", FDM_ERR_FORMAT, "does not fit",
         NULL, NULL},
        {"reshape whose product overflows", "[1, 1, 4]", "[65536, 65536, 65536, 65536, -1]",
         FDM_ERR_FORMAT, "target_shape", NULL, NULL},
        {"image past the bound", "[null, 8, 8, 3]", "[null, 65536, 65536, 3]", FDM_ERR_UNSUPPORTED,
         "layer 'image': its output has more than", NULL, NULL},
        {"grey image", "[null, 8, 8, 3]", "[null, 8, 8, 1]", FDM_ERR_FORMAT, "than [3,3,1,4]", NULL,
         NULL},
        {"no flat output", "[-1]", "[1, 2]", FDM_ERR_UNSUPPORTED, "is not [1,classes]", NULL, NULL},
        {"kernel larger than its input", "[null, 8, 8, 3]", "[null, 2, 8, 3]", FDM_ERR_FORMAT,
         "layer 'conv1': a kernel of size 3 on an input of size 2", "\"same\"", "\"valid\""},
        {"convolution of a vector", "[1, 1, 4]", "[4]", FDM_ERR_FORMAT,
         "layer 'preds': its input has 2 dimensions", NULL, NULL},
        {"batch norm of a vector", "[1, 1, 4]", "[4]", FDM_ERR_UNSUPPORTED,
         "layer 'dropout': its input has 2 dimensions", "\"Dropout\", \"config\": {",
         "\"BatchNormalization\", \"config\": {\"epsilon\": 0.1, "},
        {"average of a vector", "[1, 1, 4]", "[4]", FDM_ERR_FORMAT,
         "layer 'dropout': its input has 2 dimensions", "\"Dropout\"",
         "\"GlobalAveragePooling2D\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_h5 model;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph;
        test_h5_small(&model);
        char *text = edited(test_h5_small_config, cases[i].find, cases[i].replace);
        if (cases[i].find_too != NULL) {
            char *once = text;
            text = edited(once, cases[i].find_too, cases[i].replace_too);
            free(once);
        }
        model.config = text;
        enum fdm_status status = import(&model, &graph, &err);
        free(text);
        if (status != cases[i].status || strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s: got %s '%s', expected %s '…%s…'", cases[i].remark,
                     fdm_status_name(status), err.message, fdm_status_name(cases[i].status),
                     cases[i].message);
    }
}

static enum fdm_status add_array(struct fdm_keras_file *file, const char *role, uint32_t rows,
                                 uint32_t columns, size_t count)
{
    struct fdm_keras_array array = {
        .layer = "l", .rank = 2, .dims = {rows, columns}, .count = count};
    snprintf(array.role, sizeof array.role, "%s", role);
    array.values = calloc(1, sizeof(float));
    return fdm_keras_add_array(file, &array, NULL);
}

static void weights_are_bounded(void **state)
{
    (void)state;
    struct fdm_keras_file file;
    char role[16];
    fdm_keras_file_init(&file);
    assert_int_equal(fdm_keras_set_config(&file, "", FDM_KERAS_MAX_CONFIG + 1, NULL),
                     FDM_ERR_MEMORY);
    assert_int_equal(add_array(&file, "none", 0, 1, 0), FDM_ERR_FORMAT);
    assert_int_equal(add_array(&file, "wraps", 1U << 31, 1U << 31, 0), FDM_ERR_FORMAT);
    assert_int_equal(add_array(&file, "other", 2, 3, 5), FDM_ERR_FORMAT);
    assert_int_equal(add_array(&file, "twice", 1, 1, 1), FDM_OK);
    assert_int_equal(add_array(&file, "twice", 1, 1, 1), FDM_ERR_FORMAT);
    assert_int_equal(add_array(&file, "all", 4096, 4096, FDM_KERAS_MAX_FLOATS), FDM_ERR_MEMORY);
    for (int i = 1; i < FDM_KERAS_MAX_ARRAYS; i++) {
        snprintf(role, sizeof role, "r%d", i);
        assert_int_equal(add_array(&file, role, 1, 1, 1), FDM_OK);
    }
    assert_int_equal(add_array(&file, "more", 1, 1, 1), FDM_ERR_MEMORY);
    fdm_keras_file_release(&file);
}

/* ---- the process ---- */

static enum fdm_status good_extractor(const uint8_t *bytes, size_t len, struct fdm_keras_file *out,
                                      struct fdm_error *err)
{
    return fdm_keras_set_config(out, (const char *)bytes, len, err);
}

static enum fdm_status refusing_extractor(const uint8_t *bytes, size_t len,
                                          struct fdm_keras_file *out, struct fdm_error *err)
{
    (void)out;
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "no %.*s", (int)len, (const char *)bytes);
}

static enum fdm_status crashing_extractor(const uint8_t *bytes, size_t len,
                                          struct fdm_keras_file *out, struct fdm_error *err)
{
    (void)bytes;
    (void)len;
    (void)out;
    (void)err;
    raise(SIGSEGV);
    return FDM_OK;
}

static enum fdm_status interrupted_extractor(const uint8_t *bytes, size_t len,
                                             struct fdm_keras_file *out, struct fdm_error *err)
{
    raise(SIGINT);
    return good_extractor(bytes, len, out, err);
}

static enum fdm_status exiting_extractor(const uint8_t *bytes, size_t len,
                                         struct fdm_keras_file *out, struct fdm_error *err)
{
    (void)bytes;
    (void)len;
    (void)out;
    (void)err;
    _exit(3);
}

static enum fdm_status silent_extractor(const uint8_t *bytes, size_t len,
                                        struct fdm_keras_file *out, struct fdm_error *err)
{
    (void)bytes;
    (void)len;
    (void)out;
    (void)err;
    _exit(0);
}

static enum fdm_status endless_extractor(const uint8_t *bytes, size_t len,
                                         struct fdm_keras_file *out, struct fdm_error *err)
{
    (void)bytes;
    (void)out;
    (void)err;
    volatile size_t left = len;
    while (left != 0)
        left = len;
    return FDM_OK;
}

static enum fdm_status greedy_extractor(const uint8_t *bytes, size_t len,
                                        struct fdm_keras_file *out, struct fdm_error *err)
{
    char *volatile much = malloc(FDM_H5_MEMORY_LIMIT * 2);
    if (much == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory");
    much[FDM_H5_MEMORY_LIMIT] = 1;
    enum fdm_status status = good_extractor(bytes, len, out, err);
    free(much);
    return status;
}

static void the_process_contains_what_goes_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        fdm_h5_extractor *extract;
        enum fdm_status status;
        const char *message;
    } cases[] = {
        {"nothing", good_extractor, FDM_OK, ""},
        {"a refusal keeps its words", refusing_extractor, FDM_ERR_UNSUPPORTED, "no thing"},
        {"a crash", crashing_extractor, FDM_ERR_FORMAT, "libhdf5 crashed on it (signal 11)"},
        {"Ctrl-C while it works", interrupted_extractor, FDM_OK, ""},
        {"an exit", exiting_extractor, FDM_ERR_FORMAT, "libhdf5 failed on it"},
        {"an exit that claims success", silent_extractor, FDM_ERR_FORMAT, "ended early"},
        {"no end", endless_extractor, FDM_ERR_FORMAT, "did not come to an end"},
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
        {"too much memory", greedy_extractor, FDM_ERR_MEMORY, "no memory"},
#else
        /* A sanitizer ends the process instead of returning NULL. */
        {"too much memory", greedy_extractor, FDM_ERR_FORMAT, "libhdf5 failed on it"},
#endif
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_keras_file file;
        struct fdm_error err = FDM_ERROR_INIT;
        fdm_keras_file_init(&file);
        enum fdm_status status =
            fdm_h5_isolate(cases[i].extract, (const uint8_t *)"thing", 5, &file, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s: got %s '%s'", cases[i].remark, fdm_status_name(status), err.message);
        if (status == FDM_OK)
            assert_string_equal(file.config, "thing");
        fdm_keras_file_release(&file);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    }
}

/* The weights' way through the pipe: any cut is noticed, and nothing is trusted. */
static void encoded_weights_round_trip(void **state)
{
    (void)state;
    struct fdm_keras_file file;
    struct fdm_keras_file copy;
    struct fdm_buf bytes;
    struct fdm_keras_array array = {.layer = "l", .role = "kernel", .rank = 2, .dims = {2, 3}};
    fdm_keras_file_init(&file);
    fdm_buf_init(&bytes);
    assert_int_equal(fdm_keras_set_config(&file, "{}", 2, NULL), FDM_OK);
    array.count = 6;
    array.values = calloc(6, sizeof(float));
    array.values[5] = 1.5F;
    assert_int_equal(fdm_keras_add_array(&file, &array, NULL), FDM_OK);
    fdm_keras_encode(&file, &bytes);
    const size_t config_bytes = sizeof(size_t) + 2;
    for (size_t len = 0; len <= bytes.len; len++) {
        fdm_keras_file_init(&copy);
        /* In memory of its own size, so that a sanitizer sees the first byte too many. */
        char *prefix = malloc(len != 0 ? len : 1);
        assert_non_null(prefix);
        memcpy(prefix, bytes.data, len);
        enum fdm_status status = fdm_keras_decode(prefix, len, &copy, NULL);
        free(prefix);
        /* After the configuration alone there are simply no arrays. */
        bool whole = len == bytes.len || len == config_bytes;
        assert_int_equal(status, whole ? FDM_OK : FDM_ERR_FORMAT);
        if (len == bytes.len) {
            assert_string_equal(copy.config, "{}");
            assert_true(fdm_keras_find(&copy, "l", "kernel")->values[5] == 1.5F);
            assert_null(fdm_keras_find(&copy, "l", "bias"));
        }
        fdm_keras_file_release(&copy);
    }
    /* A count that does not fit the dimensions. */
    size_t count_at = config_bytes + offsetof(struct fdm_keras_array, count);
    bytes.data[count_at] = 5;
    fdm_keras_file_init(&copy);
    assert_int_equal(fdm_keras_decode(bytes.data, bytes.len - 4, &copy, NULL), FDM_ERR_FORMAT);
    fdm_keras_file_release(&copy);
    fdm_buf_release(&bytes);
    fdm_keras_file_release(&file);
}

struct task {
    const uint8_t *bytes;
    size_t len;
    int imported;
};

static void *import_often(void *argument)
{
    struct task *task = argument;
    for (int i = 0; i < 10; i++) {
        struct fdm_graph *graph;
        if (fdm_import_h5(task->bytes, task->len, "t", &graph, NULL) == FDM_OK)
            task->imported++;
        fdm_graph_free(graph);
    }
    return NULL;
}

/* Also leaves no child behind. */
static void threads_import_side_by_side(void **state)
{
    (void)state;
#ifdef __SANITIZE_ADDRESS__
    skip(); /* this allocator, unlike the C library's, stays locked in a fork of several threads */
#endif
    struct test_h5 model;
    uint8_t *bytes;
    size_t len;
    pthread_t threads[4];
    struct task tasks[4];
    test_h5_small(&model);
    test_h5_write(&model, &bytes, &len);
    for (int i = 0; i < 4; i++) {
        tasks[i] = (struct task){bytes, len, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, import_often, &tasks[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(tasks[i].imported, 10);
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layers_become_operators),
        cmocka_unit_test(older_ways_of_storing_are_read),
        cmocka_unit_test(kernels_are_transposed),
        cmocka_unit_test(wrong_configurations_are_refused),
        cmocka_unit_test(layers_are_put_in_order),
        cmocka_unit_test(sequential_models_are_chains),
        cmocka_unit_test(broken_files_are_refused),
        cmocka_unit_test(misfits_are_refused),
        cmocka_unit_test(weights_are_bounded),
        cmocka_unit_test(the_process_contains_what_goes_wrong),
        cmocka_unit_test(encoded_weights_round_trip),
        cmocka_unit_test(threads_import_side_by_side),
    };
    return cmocka_run_group_tests_name("h5", tests, NULL, NULL);
}
