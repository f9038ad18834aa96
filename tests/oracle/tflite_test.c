/* Files that we write, run by TensorFlow Lite itself: every output must be ours, bit for bit.
 *
 * FDM_TFLITE_LIB names a libtensorflowlite_c.so for this computer, version 2.9 for x86-64; npm's
 * tfjs-tflite-node 0.0.2 brings one (`npm pack tfjs-tflite-node@0.0.2`,
 * package/cc_deps/linux_amd64). Without it the test skips. RUY_PATHS=1 makes the library take its
 * portable kernels, which round otherwise than those for AVX. */
#include "tests/support/test.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "reference/compiler/compile.h"
#include "reference/importers/importers.h"
#include "reference/quantizer/recipe.h"
#include "reference/quantizer/tflite_writer.h"

enum { IMAGES = 100, CALIBRATION = 16 };

/* ---- the library's C interface -------------------------------------------------------------- */

struct lite {
    void *handle;
    const char *(*version)(void);
    void *(*model_create)(const void *data, size_t bytes);
    void (*model_delete)(void *model);
    void *(*options_create)(void);
    void (*options_delete)(void *options);
    void *(*interpreter_create)(const void *model, const void *options);
    void (*interpreter_delete)(void *interpreter);
    int (*allocate)(void *interpreter);
    int (*invoke)(void *interpreter);
    void *(*input)(const void *interpreter, int32_t index);
    const void *(*output)(const void *interpreter, int32_t index);
    int (*copy_in)(void *tensor, const void *data, size_t bytes);
    int (*copy_out)(const void *tensor, void *data, size_t bytes);
};

static void find(const struct lite *lite, const char *name, void *function, size_t bytes)
{
    void *symbol = dlsym(lite->handle, name);
    if (symbol == NULL)
        fail_msg("%s", dlerror());
    memcpy(function, &symbol, bytes);
}
#define FIND(lite, member, name) find(lite, name, &(lite)->member, sizeof(lite)->member)

static void open_lite(struct lite *lite)
{
    lite->handle = dlopen(getenv("FDM_TFLITE_LIB"), RTLD_NOW | RTLD_LOCAL);
    if (lite->handle == NULL)
        fail_msg("%s", dlerror());
    FIND(lite, version, "TfLiteVersion");
    FIND(lite, model_create, "TfLiteModelCreate");
    FIND(lite, model_delete, "TfLiteModelDelete");
    FIND(lite, options_create, "TfLiteInterpreterOptionsCreate");
    FIND(lite, options_delete, "TfLiteInterpreterOptionsDelete");
    FIND(lite, interpreter_create, "TfLiteInterpreterCreate");
    FIND(lite, interpreter_delete, "TfLiteInterpreterDelete");
    FIND(lite, allocate, "TfLiteInterpreterAllocateTensors");
    FIND(lite, invoke, "TfLiteInterpreterInvoke");
    FIND(lite, input, "TfLiteInterpreterGetInputTensor");
    FIND(lite, output, "TfLiteInterpreterGetOutputTensor");
    FIND(lite, copy_in, "TfLiteTensorCopyFromBuffer");
    FIND(lite, copy_out, "TfLiteTensorCopyToBuffer");
}

/* ---- images --------------------------------------------------------------------------------- */

/* Noise, blocks and slopes in turn: from what overflows to what a photograph may look like. */
static uint8_t *make_image(uint32_t index, size_t side)
{
    uint8_t *pixels = malloc(side * side * 3);
    assert_non_null(pixels);
    uint32_t random = index * 2654435761u + 1;
    uint32_t slope[3] = {test_random(&random) % 5, test_random(&random) % 5,
                         test_random(&random) % 5};
    uint8_t block[3] = {0};
    for (size_t i = 0; i < side * side; i++) {
        for (size_t c = 0; c < 3; c++) {
            if (i % 16 == 0)
                block[c] = (uint8_t)(test_random(&random) >> 24);
            size_t ramp = (i % side + i / side) * slope[c] / 2 + test_random(&random) % 8;
            pixels[i * 3 + c] = index % 3 == 0   ? (uint8_t)(test_random(&random) >> 24)
                                : index % 3 == 1 ? block[c]
                                                 : (uint8_t)ramp;
        }
    }
    return pixels;
}

/* ---- one file in both ----------------------------------------------------------------------- */

static void *new_arena(const struct fdm_network *network)
{
    struct fdm_error err = FDM_ERROR_INIT;
    void *arena;
    assert_ok(fdm_samples_arena(network, &arena, &err), err);
    return arena;
}

static void compare(const struct lite *lite, const struct fdm_buf *file, const char *name,
                    const char *semantics)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *graph;
    struct fdm_network *network;
    assert_ok(fdm_import_tflite((const uint8_t *)file->data, file->len, name, &graph, &err), err);
    assert_ok(fdm_compile(graph, fdm_semantics_find(semantics), NULL, &network, &err), err);
    void *arena = new_arena(network);
    void *model = lite->model_create(file->data, file->len);
    void *options = lite->options_create();
    assert_non_null(model);
    void *interpreter = lite->interpreter_create(model, options);
    assert_non_null(interpreter);
    assert_int_equal(lite->allocate(interpreter), 0);
    size_t side = graph->tensors[graph->input].dims[1];
    size_t classes = (size_t)network->tensors[network->output].c;
    float *theirs = calloc(classes, sizeof *theirs);
    assert_non_null(theirs);
    uint32_t differ = 0;
    for (uint32_t i = 0; i < IMAGES; i++) {
        uint8_t *pixels = make_image(i, side);
        assert_int_equal(lite->copy_in(lite->input(interpreter, 0), pixels, side * side * 3), 0);
        assert_int_equal(lite->invoke(interpreter), 0);
        assert_int_equal(
            lite->copy_out(lite->output(interpreter, 0), theirs, classes * sizeof *theirs), 0);
        memcpy(fdm_network_input(network, arena), pixels, side * side * 3);
        assert_int_equal(fdm_network_run(network, arena, NULL), FDM_NN_OK);
        differ += memcmp(theirs, fdm_network_output(network, arena), classes * sizeof *theirs) != 0;
        free(pixels);
    }
    print_message("%s, %s: %u of %u images differ\n", name, semantics, differ, IMAGES);
    assert_int_equal(differ, 0);
    free(theirs);
    lite->interpreter_delete(interpreter);
    lite->options_delete(options);
    lite->model_delete(model);
    free(arena);
    fdm_network_free(network);
    fdm_graph_free(graph);
}

static void compare_both(const struct lite *lite, const struct fdm_buf *file, const char *name)
{
    assert_int_equal(setenv("RUY_PATHS", "1", 1), 0);
    compare(lite, file, name, "tflite");
    assert_int_equal(unsetenv("RUY_PATHS"), 0);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx"))
        compare(lite, file, name, "tflite-x86");
#endif
}

/* ---- the files ------------------------------------------------------------------------------ */

static void quantize_and_compare(const struct lite *lite, const struct fdm_graph *graph,
                                 const struct fdm_recipe *recipe, const char *name)
{
    struct fdm_error err = FDM_ERROR_INIT;
    size_t side = graph->tensors[graph->input].dims[1];
    uint8_t *pixels[CALIBRATION];
    float real[256];
    uint8_t code[256];
    for (uint32_t i = 0; i < 256; i++) {
        real[i] = (float)i / 255.0f;
        code[i] = (uint8_t)i;
    }
    for (uint32_t i = 0; i < CALIBRATION; i++)
        pixels[i] = make_image(1000 + i, side);
    const struct fdm_samples samples = {(const uint8_t *const *)pixels, CALIBRATION, real, code};
    const struct fdm_semantics *semantics = fdm_semantics_find(FDM_SEMANTICS_DEFAULT);
    struct fdm_prepared prepared;
    struct fdm_graph *int8;
    struct fdm_buf file;
    fdm_buf_init(&file);
    assert_ok(fdm_recipe_prepare(recipe, graph, &samples, &prepared, &err), err);
    assert_ok(fdm_recipe_finish(recipe, &prepared, &samples, semantics, &int8, &err), err);
    assert_ok(fdm_tflite_write(int8, name, &file, &err), err);
    compare_both(lite, &file, name);
    fdm_buf_release(&file);
    fdm_graph_free(int8);
    fdm_prepared_release(&prepared);
    for (uint32_t i = 0; i < CALIBRATION; i++)
        free(pixels[i]);
}

/* As the converter does it; per tensor with everything on top. */
static void both_recipes(const struct lite *lite, const char *path)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *graph;
    char name[128];
    struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
    assert_ok(fdm_import_file(path, &graph, &err), err);
    snprintf(name, sizeof name, "%.80s per channel", fdm_fs_basename(path));
    quantize_and_compare(lite, graph, &recipe, name);
    recipe.per_tensor = true;
    recipe.absorb = true;
    recipe.equalize = FDM_EQUALIZE_ALL;
    recipe.method = FDM_RANGE_MSE;
    recipe.round_together = true;
    recipe.correct_bias = true;
    snprintf(name, sizeof name, "%.80s per tensor", fdm_fs_basename(path));
    quantize_and_compare(lite, graph, &recipe, name);
    fdm_graph_free(graph);
}

static void the_carried_file(void **state)
{
    const struct lite *lite = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    uint8_t *bytes;
    size_t len;
    struct fdm_buf file;
    fdm_buf_init(&file);
    assert_ok(fdm_fs_read(FDM_TEST_DEMO "_int8.tflite", FDM_IMPORT_MAX_BYTES, &bytes, &len, &err),
              err);
    fdm_buf_append(&file, bytes, len);
    free(bytes);
    compare_both(lite, &file, "demonstration");
    fdm_buf_release(&file);
}

static void files_from_the_demonstration(void **state)
{
    both_recipes(*state, FDM_TEST_DEMO ".h5");
}

static void files_from_published_models(void **state)
{
    static const char *const models[] = {
        "models/flowers/st_fdmobilenet_v1_128_tfs/st_fdmobilenet_v1_128_tfs.h5",
        "models/food-101/fdmobilenet_0.25_128_tfs/fdmobilenet_0.25_128_tfs.h5",
    };
    for (size_t i = 0; i < sizeof models / sizeof models[0]; i++) {
        char *path = test_data_path(models[i]);
        both_recipes(*state, path);
        free(path);
    }
}

/* Opened once: the library stays loaded until the end. */
static int set_up(void **state)
{
    static struct lite lite;
    open_lite(&lite);
    *state = &lite;
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_carried_file),
        cmocka_unit_test(files_from_the_demonstration),
        cmocka_unit_test(files_from_published_models),
    };
    if (getenv("FDM_TFLITE_LIB") == NULL) {
        print_message("skipped: FDM_TFLITE_LIB names no libtensorflowlite_c.so\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, set_up, NULL);
}
