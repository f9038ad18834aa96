/* .keras archives: the same model as in .h5, and archives that are not what they should be. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "reference/importers/importers.h"
#include "tests/support/keras_builder.h"

static enum fdm_status import(const struct fdm_buf *bytes, struct fdm_graph **graph,
                              struct fdm_error *err)
{
    return fdm_import_keras((const uint8_t *)bytes->data, bytes->len, "tiny.keras", graph, err);
}

static void assert_same_tensor(const struct fdm_tensor *a, const struct fdm_tensor *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->rank, b->rank);
    assert_memory_equal(a->dims, b->dims, a->rank * sizeof *a->dims);
    assert_int_equal(a->data == NULL, b->data == NULL);
    if (a->data != NULL)
        assert_memory_equal(a->data, b->data, fdm_tensor_elements(a) * sizeof(float));
}

static void assert_same_graph(const struct fdm_graph *a, const struct fdm_graph *b)
{
    assert_string_equal(a->name, b->name);
    assert_int_equal(a->op_count, b->op_count);
    assert_int_equal(a->tensor_count, b->tensor_count);
    for (uint32_t i = 0; i < a->tensor_count; i++)
        assert_same_tensor(&a->tensors[i], &b->tensors[i]);
    for (uint32_t i = 0; i < a->op_count; i++) {
        assert_int_equal(a->ops[i].kind, b->ops[i].kind);
        assert_int_equal(a->ops[i].stride_h, b->ops[i].stride_h);
        assert_int_equal(a->ops[i].input_count, b->ops[i].input_count);
        assert_memory_equal(a->ops[i].inputs, b->ops[i].inputs,
                            a->ops[i].input_count * sizeof *a->ops[i].inputs);
    }
}

static void the_container_changes_nothing(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *from_h5;
    struct test_keras keras;
    uint8_t *bytes;
    size_t len;
    test_keras_small(&keras);
    test_h5_write(&keras.model, &bytes, &len);
    assert_ok(fdm_import_h5(bytes, len, "tiny.h5", &from_h5, &err), err);
    free(bytes);
    for (int named = 0; named < 2; named++) {
        struct fdm_graph *graph;
        struct fdm_buf archive;
        keras.named = named != 0;
        fdm_buf_init(&archive);
        test_keras_write(&keras, &archive);
        assert_ok(import(&archive, &graph, &err), err);
        assert_same_graph(from_h5, graph);
        assert_int_equal(graph->file_bytes, archive.len);
        fdm_graph_free(graph);
        fdm_buf_release(&archive);
    }
    fdm_graph_free(from_h5);
}

static void files_are_told_by_their_first_bytes(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *graph;
    struct test_keras keras;
    struct fdm_buf archive;
    char *dir = test_tmpdir();
    char *path = fdm_fs_join(dir, "model.bin");
    test_keras_small(&keras);
    fdm_buf_init(&archive);
    test_keras_write(&keras, &archive);
    assert_ok(fdm_fs_write_unsynced(path, archive.data, archive.len, &err), err);
    assert_ok(fdm_import_file(path, &graph, &err), err);
    assert_int_equal(graph->format, FDM_FORMAT_FLOAT);
    fdm_graph_free(graph);
    fdm_buf_release(&archive);
    test_rmtree(dir);
    free(path);
    free(dir);
}

/* ---- Archives that are refused ------------------------------------------------------------------
 */

static void config_only(struct fdm_buf *out)
{
    struct test_zip *zip = test_zip_begin(out);
    test_zip_add(zip, "config.json", test_keras_small_config, strlen(test_keras_small_config));
    test_zip_end(zip);
}

static void no_config(struct fdm_buf *out)
{
    struct test_keras keras;
    test_keras_small(&keras);
    keras.config = NULL;
    test_keras_write(&keras, out);
}

static void empty(struct fdm_buf *out)
{
    test_zip_end(test_zip_begin(out));
}

/* Where a name leads does not matter, since nothing is written; but only the true name counts. */
static void names_with_paths(struct fdm_buf *out)
{
    struct test_zip *zip = test_zip_begin(out);
    test_zip_add(zip, "../config.json", "{}", 2);
    test_zip_add(zip, "/model.weights.h5", "x", 1);
    test_zip_end(zip);
}

static void config_twice(struct fdm_buf *out)
{
    struct test_zip *zip = test_zip_begin(out);
    test_zip_add(zip, "config.json", "{}", 2);
    test_zip_add(zip, "config.json", "{}", 2);
    test_zip_add(zip, "model.weights.h5", "x", 1);
    test_zip_end(zip);
}

static void config_is_a_link(struct fdm_buf *out)
{
    struct test_zip *zip = test_zip_begin(out);
    test_zip_add_link(zip, "config.json", "/etc/passwd");
    test_zip_add(zip, "model.weights.h5", "x", 1);
    test_zip_end(zip);
}

static void bomb(struct fdm_buf *out, const char *name, size_t bytes)
{
    char *zeros = calloc(1, bytes);
    assert_non_null(zeros);
    struct test_zip *zip = test_zip_begin(out);
    test_zip_add(zip, name, zeros, bytes);
    test_zip_end(zip);
    free(zeros);
    assert_true(out->len < bytes / 100);
}

static void config_bomb(struct fdm_buf *out)
{
    bomb(out, "config.json", (size_t)5 << 20);
}

static void weights_bomb(struct fdm_buf *out)
{
    bomb(out, "model.weights.h5", (size_t)65 << 20);
}

/* Local header, its end and the directory say 1 byte; five millions come out. */
static void bomb_that_lies(struct fdm_buf *out)
{
    config_bomb(out);
    for (size_t i = 0; i + 30 < out->len; i++) {
        size_t at = memcmp(out->data + i, "PK\001\002", 4) == 0   ? i + 24
                    : memcmp(out->data + i, "PK\003\004", 4) == 0 ? i + 22
                    : memcmp(out->data + i, "PK\007\010", 4) == 0 ? i + 12
                                                                  : 0;
        if (at > 0)
            memcpy(out->data + at, "\001\000\000\000", 4);
    }
}

static void many_members(struct fdm_buf *out)
{
    struct test_zip *zip = test_zip_begin(out);
    for (int i = 0; i < 300; i++)
        test_zip_add(zip, "assets/x", "x", 1);
    test_zip_end(zip);
}

static void weights_are_text(struct fdm_buf *out)
{
    struct test_zip *zip = test_zip_begin(out);
    test_zip_add(zip, "config.json", test_keras_small_config, strlen(test_keras_small_config));
    test_zip_add(zip, "model.weights.h5", "hello", 5);
    test_zip_end(zip);
}

static void config_is_no_json(struct fdm_buf *out)
{
    struct test_keras keras;
    test_keras_small(&keras);
    keras.config = "{\"class_name\": ";
    test_keras_write(&keras, out);
}

static void cut_off(struct fdm_buf *out)
{
    struct test_keras keras;
    test_keras_small(&keras);
    test_keras_write(&keras, out);
    out->len /= 2;
}

static void variable_missing(struct fdm_buf *out)
{
    struct test_keras keras;
    test_keras_small(&keras);
    keras.places[8] = NULL; /* the bias of preds */
    test_keras_write(&keras, out);
}

static void layers_swapped(struct fdm_buf *out)
{
    struct test_keras keras;
    test_keras_small(&keras);
    const char *first = keras.places[0];
    keras.places[0] = keras.places[7];
    keras.places[7] = first;
    keras.places[8] = "layers/conv2d/vars/1";
    test_keras_write(&keras, out);
}

/* Without names the shape tells. */
static void swapped_and_nameless(struct fdm_buf *out)
{
    struct test_keras keras;
    test_keras_small(&keras);
    keras.named = false;
    const char *first = keras.places[0];
    keras.places[0] = keras.places[7];
    keras.places[7] = first;
    test_keras_write(&keras, out);
}

static void as_keras_2(struct fdm_buf *out)
{
    struct test_keras keras;
    test_keras_small(&keras);
    for (size_t i = 0; i < keras.model.weight_count; i++)
        keras.places[i] = NULL;
    keras.places[0] = "_layer_checkpoint_dependencies/conv2d/vars/0";
    test_keras_write(&keras, out);
}

static void doubles(struct fdm_buf *out)
{
    struct test_keras keras;
    test_keras_small(&keras);
    keras.model.weights[0].type = TEST_H5_F64;
    test_keras_write(&keras, out);
}

static void in_training(struct fdm_buf *out)
{
    static char config[16384];
    const char *node = strstr(test_keras_small_config, "\"kwargs\": {}");
    struct test_keras keras;
    test_keras_small(&keras);
    snprintf(config, sizeof config, "%.*s\"kwargs\": {\"training\": true}%s",
             (int)(node - test_keras_small_config), test_keras_small_config,
             node + strlen("\"kwargs\": {}"));
    keras.config = config;
    test_keras_write(&keras, out);
}

static void broken_archives_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        void (*make)(struct fdm_buf *out);
        enum fdm_status status;
        const char *message;
    } cases[] = {
        {"no weights", config_only, FDM_ERR_FORMAT, "no model.weights.h5 in the archive"},
        {"no configuration", no_config, FDM_ERR_FORMAT, "no config.json in the archive"},
        {"nothing at all", empty, FDM_ERR_FORMAT, ""},
        {"names that lead elsewhere", names_with_paths, FDM_ERR_FORMAT, "no config.json"},
        {"a member twice", config_twice, FDM_ERR_FORMAT, "config.json: stands twice"},
        {"a link as a member", config_is_a_link, FDM_ERR_FORMAT, "is no plain file"},
        {"a configuration of 5 MB", config_bomb, FDM_ERR_MEMORY, "config.json: expands to more"},
        {"weights of 65 MB", weights_bomb, FDM_ERR_MEMORY, "model.weights.h5: expands to more"},
        {"a bomb that lies about it", bomb_that_lies, FDM_ERR_MEMORY,
         "config.json: expands to more"},
        {"300 members", many_members, FDM_ERR_FORMAT, "more than 256 members"},
        {"weights that are text", weights_are_text, FDM_ERR_FORMAT, "HDF5"},
        {"a configuration that is no JSON", config_is_no_json, FDM_ERR_FORMAT, "config.json"},
        {"cut in the middle", cut_off, FDM_ERR_FORMAT, "archive"},
        {"a variable is missing", variable_missing, FDM_ERR_FORMAT,
         "layer 'preds': /layers/conv2d_1/vars/1"},
        {"two layers changed places", layers_swapped, FDM_ERR_FORMAT, "weights of another layer"},
        {"the same without names", swapped_and_nameless, FDM_ERR_FORMAT, "another shape"},
        {"as Keras 2 stores weights", as_keras_2, FDM_ERR_UNSUPPORTED, "stored as by Keras 2"},
        {"doubles", doubles, FDM_ERR_UNSUPPORTED, "only float32"},
        {"a layer called for training", in_training, FDM_ERR_UNSUPPORTED, "as for training"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph;
        struct fdm_buf archive;
        fdm_buf_init(&archive);
        cases[i].make(&archive);
        enum fdm_status status = import(&archive, &graph, &err);
        if (status != cases[i].status || graph != NULL ||
            strstr(err.message, cases[i].message) == NULL ||
            strncmp(err.message, "tiny.keras: ", 12) != 0)
            fail_msg("%s: %s: %s", cases[i].remark, fdm_status_name(status), err.message);
        fdm_buf_release(&archive);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_container_changes_nothing),
        cmocka_unit_test(files_are_told_by_their_first_bytes),
        cmocka_unit_test(broken_archives_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
