/* Usage: test_emulated_models BOARD [SEMANTICS [PART]]. ST's networks with tuned kernels on an
 * emulated board: one image each against the vectors of each runtime that follows SEMANTICS
 * (tflite), and every layer against the reference on this computer; on a microcontroller those for
 * Flowers also streamed. With PART only models that have it in their names, and what each layer
 * costs. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"
#include "harness/base/proc.h"
#include "harness/build/elf_memory.h"
#include "harness/build/firmware.h"
#include "harness/client/client.h"
#include "reference/compiler/compile.h"
#include "reference/importers/importers.h"
#include "targets/wire/crc32.h"
#include "tests/oracle/vector_input.h"

#define MAX_WORDS 32
#define MAX_LAYERS 64
#define MAX_CLASSES 101
#define SILENCE_NS UINT64_C(60000000000) /* an emulator starts late on a busy computer */

struct model {
    const char *dataset, *variant;
    size_t streamed_limit; /* bytes of the streamed network's arena; 0: not streamed */
    struct fdm_json *vectors;
    const struct fdm_json *vector; /* the first */
    struct fdm_network *reference;
    struct fdm_network *tuned;
    struct fdm_network *streamed; /* and tuned, or NULL */
    uint8_t *image;
    uint32_t layer_crc32[MAX_LAYERS];
};

static const struct fdm_board_entry *board;
static const struct fdm_semantics *semantics;
static const char *part;
static char *folder; /* of built programs */

/* ---- the model and this computer's opinion ---- */

static void load_vectors(struct model *model)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char relative[256];
    snprintf(relative, sizeof relative, "vectors/%s.%s.json", model->dataset, model->variant);
    char *path = test_data_path(relative);
    assert_ok(fdm_json_read(path, &model->vectors, &err), err);
    free(path);
    model->vector = fdm_json_first(fdm_json_member(model->vectors, "inputs"));
    assert_non_null(model->vector);
}

static void load_networks(struct model *model)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_compile_options options = {.tuned = true};
    struct fdm_graph *graph;
    char relative[256];
    snprintf(relative, sizeof relative, "models/%s/%s/%s_int8.tflite", model->dataset,
             model->variant, model->variant);
    char *path = test_data_path(relative);
    assert_ok(fdm_import_file(path, &graph, &err), err);
    free(path);
    assert_ok(fdm_firmware_isas(board, &options.isas, &err), err);
    assert_ok(fdm_compile(graph, semantics, NULL, &model->reference, &err), err);
    assert_ok(fdm_compile(graph, semantics, &options, &model->tuned, &err), err);
    options.arena_limit = model->streamed_limit;
    if (options.arena_limit > 0)
        assert_ok(fdm_compile(graph, semantics, &options, &model->streamed, &err), err);
    fdm_graph_free(graph);
}

static void make_image(struct model *model)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_network_tensor *in = &model->reference->tensors[model->reference->input];
    const char *generator;
    uint64_t seed;
    assert_ok(fdm_json_get_string(model->vector, "generator", &generator, &err), err);
    assert_ok(fdm_json_get_uint(model->vector, "seed", 0, UINT32_MAX, &seed, &err), err);
    model->image = malloc(in->bytes);
    assert_non_null(model->image);
    assert_true(vector_input(generator, (uint32_t)seed, (uint32_t)in->h, model->image));
}

static void note_crc32(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct model *model = context;
    assert_true(layer < MAX_LAYERS);
    uint32_t before = at == 0 ? FDM_CRC32_INIT : model->layer_crc32[layer];
    model->layer_crc32[layer] = fdm_crc32(before, output, bytes);
}

static void run_here(struct model *model)
{
    const struct fdm_network *network = model->reference;
    const struct fdm_network_observer observer = {.context = model, .after = note_crc32};
    void *arena = aligned_alloc(FDM_NETWORK_ALIGNMENT, (network->arena_bytes + 15) / 16 * 16);
    assert_non_null(arena);
    memcpy(fdm_network_input(network, arena), model->image, network->tensors[network->input].bytes);
    assert_int_equal(fdm_network_run(network, arena, &observer), FDM_NN_OK);
    free(arena);
}

static void release(struct model *model)
{
    free(model->image);
    fdm_network_free(model->streamed);
    fdm_network_free(model->tuned);
    fdm_network_free(model->reference);
    fdm_json_free(model->vectors);
}

/* ---- the board's ---- */

static void assert_outputs(const struct fdm_json *expected, const float *output, size_t classes)
{
    assert_int_equal(fdm_json_length(expected), classes);
    const struct fdm_json *item = fdm_json_first(expected);
    for (size_t i = 0; i < classes; i++, item = fdm_json_next(item))
        assert_true((double)(output[i] * 256.0f - 128.0f) == fdm_json_value(item, NAN));
}

static void assert_vector(const struct model *model, struct fdm_client *client)
{
    struct fdm_error err = FDM_ERROR_INIT;
    float output[MAX_CLASSES];
    size_t classes = fdm_client_hello(client)->output_bytes / sizeof(float);
    assert_ok(fdm_client_output(client, output, sizeof output, &err), err);
    if (strcmp(semantics->name, "tflite-x86") == 0)
        assert_outputs(fdm_json_member(model->vector, "softmax_int8"), output, classes);
    const struct fdm_json *others = fdm_json_member(model->vector, "other_runtimes");
    for (size_t i = 0; i < VECTOR_RUNTIMES; i++) {
        const struct fdm_json *runtime = fdm_json_member(others, vector_runtimes[i].name);
        if (strcmp(vector_runtimes[i].semantics, semantics->name) == 0)
            assert_outputs(fdm_json_member(runtime, "output_q"), output, classes);
    }
}

static void assert_layers(const struct model *model, const struct fdm_network *network,
                          struct fdm_client *client)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_msg_layer layers[MAX_LAYERS];
    assert_ok(
        fdm_client_profile(client, 0, 1, FDM_PROFILE_COUNTERS | FDM_PROFILE_CRC, layers, &err),
        err);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        if (part != NULL)
            print_message("  %2u %-28s %9llu MAC %10llu\n", i, layer->kernel,
                          (unsigned long long)layer->macs, (unsigned long long)layers[i].counter);
        if (layers[i].output_crc32 != model->layer_crc32[i])
            fail_msg("%s/%s: layer %u (%s, %s) differs", model->dataset, model->variant, i,
                     layer->name, layer->kernel);
    }
}

static void print_memory(const char *program, struct fdm_client *client)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_elf_memory memory;
    struct fdm_msg_memory told;
    assert_ok(fdm_elf_memory_read(program, &memory, &err), err);
    assert_ok(fdm_client_memory(client, &told, &err), err);
    print_message("  weights %llu, network's code and tables %llu, agent %llu; arena %llu, stack "
                  "used %u\n",
                  (unsigned long long)memory.weights, (unsigned long long)memory.network_code,
                  (unsigned long long)memory.agent_code, (unsigned long long)memory.activations,
                  told.stack_used);
}

/* Returns the instructions of an inference. */
static uint64_t run_there(const struct model *model, const struct fdm_network *network)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_firmware_options options = {.board = board,
                                                 .network = network,
                                                 .version = "test",
                                                 .sources = FDM_TEST_SOURCE_TREE,
                                                 .folder = folder};
    const char *argv[MAX_WORDS];
    struct fdm_firmware firmware;
    struct fdm_stream *stream;
    struct fdm_client *client;
    uint64_t counter;
    assert_ok(fdm_firmware_build(&options, &firmware, &err), err);
    assert_string_equal(firmware.words, "");
    assert_ok(fdm_firmware_command(board, &firmware, argv, MAX_WORDS, &err), err);
    const struct fdm_stream_process_options process = {.argv = argv, .name = board->id};
    assert_ok(fdm_stream_open_process(&process, &stream, &err), err);
    const struct fdm_client_options patient = {.silence_ns = SILENCE_NS};
    assert_ok(fdm_client_open(stream, &patient, &client, &err), err);
    assert_string_equal(fdm_client_hello(client)->engine, "tuned");
    assert_ok(
        fdm_client_load_input(client, model->image, network->tensors[network->input].bytes, &err),
        err);
    assert_ok(fdm_client_infer(client, 0, 1, &counter, NULL, &err), err);
    print_message("%s: %s/%s%s: %llu instructions\n", board->id, model->dataset, model->variant,
                  network == model->streamed ? ", streamed" : "", (unsigned long long)counter);
    assert_vector(model, client);
    assert_layers(model, network, client);
    if (part != NULL)
        print_memory(firmware.program, client);
    fdm_client_close(client);
    fdm_stream_free(stream);
    fdm_firmware_release(&firmware);
    return counter;
}

/* Within its limit, and by the default rules for 3 % more instructions at most. */
static void check_streamed(const struct model *model, uint64_t whole)
{
    assert_true(model->streamed->arena_bytes <= model->streamed_limit);
    uint64_t streamed = run_there(model, model->streamed);
    if (strcmp(semantics->name, FDM_SEMANTICS_DEFAULT) == 0)
        assert_true(streamed <= whole + whole * 3 / 100);
}

static void published_networks_equal_the_vectors(void **state)
{
    static const char *const datasets[] = {"flowers", "plant-village", "food-101"};
    static const struct {
        const char *name;
        size_t streamed_kib;
    } variants[] = {{"fdmobilenet_0.25_128_tfs", 14},
                    {"fdmobilenet_0.25_224_tfs", 28},
                    {"st_fdmobilenet_v1_128_tfs", 24},
                    {"st_fdmobilenet_v1_224_tfs", 44}};
    const bool is_small = board->memory_count > 0; /* others run Linux, in memory enough */
    (void)state;
    for (size_t i = 0; i < 12; i++) {
        struct model model = {.dataset = datasets[i / 4],
                              .variant = variants[i % 4].name,
                              .streamed_limit =
                                  is_small && i < 4 ? variants[i].streamed_kib << 10 : 0};
        char name[128];
        snprintf(name, sizeof name, "%s/%s", model.dataset, model.variant);
        if (part != NULL && strstr(name, part) == NULL)
            continue;
        load_vectors(&model);
        load_networks(&model);
        make_image(&model);
        run_here(&model);
        uint64_t whole = run_there(&model, model.tuned);
        if (model.streamed != NULL)
            check_streamed(&model, whole);
        release(&model);
    }
}

static bool is_missing(const char *program, const char *packages)
{
    if (fdm_proc_exists(program))
        return false;
    print_message("skipped: no %s (packages: %s)\n", program, packages);
    return true;
}

int main(int argc, char **argv)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *registry = NULL;
    semantics = fdm_semantics_find(argc > 2 ? argv[2] : FDM_SEMANTICS_DEFAULT);
    if (argc < 2 || argc > 4 || semantics == NULL ||
        fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err) != FDM_OK) {
        print_error("usage: test_emulated_models BOARD [SEMANTICS [PART]]; %s\n", err.message);
        return 2;
    }
    board = fdm_registry_board(registry, argv[1]);
    part = argc == 4 ? argv[3] : NULL;
    int failed = 77;
    if (board == NULL || board->firmware == NULL || board->launch_count == 0) {
        print_error("%s cannot be started from here\n", argv[1]);
        failed = 2;
    } else if (!is_missing(board->firmware->compiler, board->firmware->packages) &&
               !is_missing(board->emulator, "qemu-system-arm qemu-user")) {
        const struct CMUnitTest tests[] = {cmocka_unit_test(published_networks_equal_the_vectors)};
        folder = test_firmware_folder();
        failed = cmocka_run_group_tests_name(board->id, tests, NULL, NULL);
        test_rmtree(folder);
        free(folder);
    }
    fdm_registry_free(registry);
    return failed;
}
