/* Damaged models through the importers: each is refused with a message or gives a graph that holds
 * all promises. See
 * fuzz_child.h. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "reference/importers/h5_extract.h"
#include "reference/importers/h5_process.h"
#include "reference/importers/importers.h"
#include "reference/importers/keras_config.h"
#include "reference/importers/keras_graph.h"
#include "tests/fuzz/fuzz_child.h"
#include "tests/support/h5_builder.h"
#include "tests/support/keras_builder.h"
#include "tests/support/mutate.h"
#include "tests/support/tflite_builder.h"

/* ---- one case ---- */

static void say(const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s\n", what, detail);
}

/* What must hold after any import; false says it did not. */
static bool judge(enum fdm_status status, const struct fdm_graph *graph,
                  const struct fdm_error *err)
{
    if (status != FDM_OK) {
        bool expected =
            status == FDM_ERR_FORMAT || status == FDM_ERR_UNSUPPORTED || status == FDM_ERR_MEMORY;
        if (expected && graph == NULL && err->message[0] != '\0')
            return true;
        say(fdm_status_name(status), err->message);
        return false;
    }
    struct fdm_error again = FDM_ERROR_INIT;
    if (fdm_graph_check(graph, &again) != FDM_OK) {
        say("imported, but not sound", again.message);
        return false;
    }
    struct fdm_graph_totals totals = fdm_graph_totals(graph);
    return totals.activation_bytes > 0;
}

struct source {
    const uint8_t *bytes;
    size_t len;
};

struct subject {
    struct source sources[16];
    size_t source_count;
    const struct fdm_keras_file *weights; /* configurations only */
    bool (*run)(const struct subject *subject, const uint8_t *bytes, size_t len, bool *imported);
};

static bool run_tflite(const struct subject *subject, const uint8_t *bytes, size_t len,
                       bool *imported)
{
    (void)subject;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_import_tflite(bytes, len, "fuzz", &graph, &err);
    bool good = judge(status, graph, &err);
    *imported = graph != NULL;
    fdm_graph_free(graph);
    return good;
}

static bool run_h5(const struct subject *subject, const uint8_t *bytes, size_t len, bool *imported)
{
    (void)subject;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_import_h5(bytes, len, "fuzz", &graph, &err);
    bool good = judge(status, graph, &err);
    *imported = graph != NULL;
    fdm_graph_free(graph);
    return good;
}

static bool run_keras(const struct subject *subject, const uint8_t *bytes, size_t len,
                      bool *imported)
{
    (void)subject;
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_import_keras(bytes, len, "fuzz", &graph, &err);
    bool good = judge(status, graph, &err);
    *imported = graph != NULL;
    fdm_graph_free(graph);
    return good;
}

/* Damaged weights in a sound archive, whose checksums would else keep the damage out. */
static bool run_keras_weights(const struct subject *subject, const uint8_t *bytes, size_t len,
                              bool *imported)
{
    struct fdm_buf archive;
    fdm_buf_init(&archive);
    struct test_zip *zip = test_zip_begin(&archive);
    test_zip_add(zip, "config.json", test_keras_small_config, strlen(test_keras_small_config));
    test_zip_add(zip, "model.weights.h5", bytes, len);
    test_zip_end(zip);
    bool good = run_keras(subject, (const uint8_t *)archive.data, archive.len, imported);
    fdm_buf_release(&archive);
    return good;
}

static bool run_config(const struct subject *subject, const uint8_t *bytes, size_t len,
                       bool *imported)
{
    struct fdm_graph *graph = NULL;
    struct fdm_keras_config config;
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_keras_config_parse((const char *)bytes, len, &config, &err);
    if (status == FDM_OK)
        status = fdm_keras_build(&config, subject->weights, &graph, &err);
    bool good = judge(status, graph, &err);
    *imported = graph != NULL;
    fdm_graph_free(graph);
    fdm_keras_config_release(&config);
    return good;
}

/* ---- all cases ---- */

/* Half of the cases go to the first source, which is small, so that more of them hit structure. */
static const struct source *source_of(const struct subject *subject, uint32_t number)
{
    if (number % 2 == 0 || subject->source_count == 1)
        return &subject->sources[0];
    return &subject->sources[1 + number / 2 % (subject->source_count - 1)];
}

static bool try_model(const void *context, uint32_t seed, uint32_t number, bool *imported)
{
    const struct subject *subject = context;
    const struct source *source = source_of(subject, number);
    size_t len = source->len;
    uint8_t *bytes = test_mutate(source->bytes, &len, seed, number);
    bool good = subject->run(subject, bytes, len, imported);
    free(bytes);
    return good;
}

/* ST's models in the format, as far as they are there. */
static void add_published(struct subject *subject, const char *ending)
{
    static const char *const folders[] = {"flowers", "plant-village", "food-101"};
    static const char *const names[] = {"fdmobilenet_0.25_128_tfs", "fdmobilenet_0.25_224_tfs",
                                        "st_fdmobilenet_v1_128_tfs", "st_fdmobilenet_v1_224_tfs"};
    for (size_t i = 0; test_data_dir() != NULL && i < 12; i++) {
        char path[4096];
        uint8_t *bytes;
        size_t len;
        const char *name = names[i % 4];
        snprintf(path, sizeof path, "%s/models/%s/%s/%s%s", test_data_dir(), folders[i / 4], name,
                 name, ending);
        if (fdm_fs_read(path, FDM_IMPORT_MAX_BYTES, &bytes, &len, NULL) == FDM_OK)
            subject->sources[subject->source_count++] = (struct source){bytes, len};
    }
}

static void release_published(struct subject *subject)
{
    while (subject->source_count > 1)
        free((void *)subject->sources[--subject->source_count].bytes);
}

static void damaged_tflite(void **state)
{
    (void)state;
    struct test_tflite model;
    struct fdm_buf file;
    test_tflite_small(&model);
    test_tflite_write(&model, &file);
    struct subject subject = {
        .sources = {{(const uint8_t *)file.data, file.len}}, .source_count = 1, .run = run_tflite};
    add_published(&subject, "_int8.tflite");
    fuzz_in_child(try_model, &subject, 1);
    release_published(&subject);
    fdm_buf_release(&file);
}

static void damaged_h5(void **state)
{
    (void)state;
    struct test_h5 model;
    uint8_t *bytes;
    size_t len;
    test_h5_small(&model);
    test_h5_write(&model, &bytes, &len);
    struct subject subject = {.sources = {{bytes, len}}, .source_count = 1, .run = run_h5};
    add_published(&subject, ".h5");
    fuzz_in_child(try_model, &subject, 20);
    release_published(&subject);
    free(bytes);
}

static void damaged_keras(void **state)
{
    (void)state;
    struct test_keras keras;
    struct fdm_buf archive;
    test_keras_small(&keras);
    fdm_buf_init(&archive);
    test_keras_write(&keras, &archive);
    struct subject subject = {.sources = {{(const uint8_t *)archive.data, archive.len}},
                              .source_count = 1,
                              .run = run_keras};
    fuzz_in_child(try_model, &subject, 20);
    fdm_buf_release(&archive);
}

static void damaged_keras_weights(void **state)
{
    (void)state;
    struct test_keras keras;
    uint8_t *bytes;
    size_t len;
    test_keras_small(&keras);
    test_keras_write_weights(&keras, &bytes, &len);
    struct subject subject = {
        .sources = {{bytes, len}}, .source_count = 1, .run = run_keras_weights};
    fuzz_in_child(try_model, &subject, 20);
    free(bytes);
}

static void damaged_configurations(void **state)
{
    (void)state;
    struct test_h5 model;
    struct fdm_keras_file weights;
    struct fdm_error err = FDM_ERROR_INIT;
    uint8_t *bytes;
    size_t len;
    test_h5_small(&model);
    test_h5_write(&model, &bytes, &len);
    fdm_keras_file_init(&weights);
    assert_ok(fdm_h5_isolate(fdm_h5_extract, bytes, len, &weights, &err), err);
    free(bytes);
    struct subject subject = {
        .sources = {{(const uint8_t *)test_h5_small_config, strlen(test_h5_small_config)},
                    {(const uint8_t *)test_keras_small_config, strlen(test_keras_small_config)}},
        .source_count = 2,
        .weights = &weights,
        .run = run_config};
    fuzz_in_child(try_model, &subject, 1);
    fdm_keras_file_release(&weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_tflite),         cmocka_unit_test(damaged_h5),
        cmocka_unit_test(damaged_keras),          cmocka_unit_test(damaged_keras_weights),
        cmocka_unit_test(damaged_configurations),
    };
    return cmocka_run_group_tests_name("fuzz.model", tests, NULL, NULL);
}
