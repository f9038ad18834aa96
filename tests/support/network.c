#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

#include "reference/compiler/compile.h"
#include "reference/importers/importers.h"
#include "tests/support/network.h"
#include "tests/support/tflite_builder.h"

static struct fdm_network *compile(const struct fdm_graph *graph, const char *semantics,
                                   size_t arena_limit)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_compile_options options = {.arena_limit = arena_limit};
    struct fdm_network *network;
    assert_ok(fdm_compile(graph, semantics != NULL ? fdm_semantics_find(semantics) : NULL, &options,
                          &network, &err),
              err);
    return network;
}

static struct fdm_graph *small_graph(void)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct test_tflite model;
    struct fdm_buf file;
    struct fdm_graph *graph;
    test_tflite_small(&model);
    fdm_buf_init(&file);
    test_tflite_write(&model, &file);
    assert_ok(fdm_import_tflite((const uint8_t *)file.data, file.len, "small", &graph, &err), err);
    fdm_buf_release(&file);
    return graph;
}

struct fdm_network *test_small_network(const char *semantics)
{
    struct fdm_graph *graph = small_graph();
    struct fdm_network *network = compile(graph, semantics, 0);
    fdm_graph_free(graph);
    return network;
}

struct fdm_network *test_streamed_network(const char *semantics)
{
    struct fdm_graph *graph = small_graph();
    struct fdm_network *network = compile(graph, semantics, 0);
    for (;;) {
        const struct fdm_compile_options options = {.arena_limit = network->arena_bytes - 1};
        struct fdm_network *smaller;
        if (fdm_compile(graph, fdm_semantics_find(semantics), &options, &smaller, NULL) != FDM_OK)
            break;
        fdm_network_free(network);
        network = smaller;
    }
    fdm_graph_free(graph);
    assert_true(network->tensors[network->input].ring > 0);
    return network;
}

struct fdm_network *test_model_network(const char *relative, const char *semantics,
                                       size_t arena_limit)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char name[256];
    snprintf(name, sizeof name, "models/%s", relative);
    char *path = test_data_path(name);
    struct fdm_graph *graph;
    assert_ok(fdm_import_file(path, &graph, &err), err);
    free(path);
    struct fdm_network *network = compile(graph, semantics, arena_limit);
    fdm_graph_free(graph);
    return network;
}

void *test_arena(const struct fdm_network *network)
{
    size_t unit = FDM_NETWORK_ALIGNMENT;
    void *arena = aligned_alloc(unit, (network->arena_bytes + unit - 1) / unit * unit);
    assert_non_null(arena);
    return arena;
}

void test_fill_input(const struct fdm_network *network, uint32_t seed, void *input)
{
    const struct fdm_network_tensor *tensor = &network->tensors[network->input];
    size_t count = (size_t)tensor->h * (size_t)tensor->w * (size_t)tensor->c;
    uint8_t *pixels = input;
    float *values = input;
    for (size_t i = 0; i < count; i++) {
        uint32_t x = test_random(&seed);
        if (tensor->type == FDM_NETWORK_F32)
            values[i] = (float)(x >> 8) * 0x1p-23f - 1.0f;
        else
            pixels[i] = (uint8_t)(x >> 24);
    }
}
