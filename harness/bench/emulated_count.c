#include "harness/bench/emulated_count.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/board_case.h"
#include "harness/bench/device.h"
#include "harness/bench/engine.h"
#include "harness/bench/layer_sums.h"
#include "harness/bench/pattern.h"
#include "harness/build/firmware.h"
#include "reference/compiler/compile.h"

#define ALIGNMENT 64
#define RUNS 2

struct work {
    const struct fdm_emulated_options *options;
    struct fdm_emulated_count *out;
    struct fdm_network *reference;
    void *input;
    uint32_t *sums; /* of the reference's layers */
    struct fdm_device *device;
    struct fdm_client *client;
    struct fdm_msg_layer *layers; /* as the board told them */
};

/* ---- here ---- */

static enum fdm_status compile(struct work *work, const struct fdm_graph *graph,
                               struct fdm_error *err)
{
    const struct fdm_emulated_options *options = work->options;
    struct fdm_compile_options ours = {
        .arena_limit = fdm_firmware_arena_limit(options->board, options->arena_limit)};
    enum fdm_status status = fdm_firmware_isas(options->board, &ours.isas, err);
    ours.tuned = !options->reference && fdm_engine_has_tuned(ours.isas);
    if (status == FDM_OK)
        status = fdm_compile(graph, options->semantics, NULL, &work->reference, err);
    if (status == FDM_OK)
        status = fdm_compile(graph, options->semantics, &ours, &work->out->network, err);
    return status;
}

static enum fdm_status run_reference(struct work *work, struct fdm_error *err)
{
    const struct fdm_network *network = work->reference;
    enum fdm_status status = fdm_pattern_make(network, &work->input, err);
    if (status != FDM_OK)
        return status;
    size_t bytes = (network->arena_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *arena = aligned_alloc(ALIGNMENT, bytes);
    work->sums = calloc(network->layer_count, sizeof *work->sums);
    work->layers = calloc(network->layer_count, sizeof *work->layers);
    work->out->layers = calloc(network->layer_count, sizeof *work->out->layers);
    if (arena == NULL || work->sums == NULL || work->layers == NULL || work->out->layers == NULL) {
        free(arena);
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    const struct fdm_network_observer observer = fdm_layer_sums(work->sums);
    if (fdm_network_run_image(network, arena, work->input, &observer) != FDM_NN_OK)
        status = fdm_fail(err, FDM_ERR_UNSUPPORTED, "a kernel refused its parameters");
    free(arena);
    return status;
}

/* ---- on the board ---- */

static enum fdm_status open_board(struct work *work, struct fdm_error *err)
{
    const struct fdm_network *network = work->out->network;
    const struct fdm_device_options options = {
        .board = work->options->board,
        .name = work->options->board->id,
        .version = work->options->version,
        .emulated = true,
        .owner = work->options->owner,
        .stop = work->options->stop,
    };
    const struct fdm_plan_case item = {.network = work->reference, .tuned = work->out->network};
    enum fdm_status status = fdm_device_new(&options, &work->device, err);
    if (status == FDM_OK)
        status = fdm_device_open(work->device, &item, &work->client, err);
    if (status != FDM_OK)
        return status;
    const struct fdm_msg_hello_reply *hello = fdm_client_hello(work->client);
    if (hello->counter_kind != FDM_COUNTER_INSTRUCTIONS)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "this emulator counts no instructions");
    if (hello->layers != network->layer_count)
        return fdm_fail(err, FDM_ERR_MISMATCH, "it has %u layers instead of %u", hello->layers,
                        network->layer_count);
    return FDM_OK;
}

static enum fdm_status count_layers(struct work *work, struct fdm_error *err)
{
    const struct fdm_network *network = work->out->network;
    enum fdm_status status = fdm_client_profile(
        work->client, 0, 1, FDM_PROFILE_COUNTERS | FDM_PROFILE_CRC, work->layers, err);
    for (uint32_t i = 0; status == FDM_OK && i < network->layer_count; i++) {
        work->out->layers[i] = work->layers[i].counter;
        if (work->layers[i].output_crc32 != work->sums[i])
            status = fdm_fail(err, FDM_ERR_MISMATCH,
                              "the board's outputs differ from the reference from layer %" PRIu32
                              " (%s) on",
                              i, network->layers[i].name);
    }
    return status;
}

static enum fdm_status count_runs(struct work *work, struct fdm_error *err)
{
    uint64_t counters[RUNS];
    enum fdm_status status = fdm_client_infer(work->client, 0, RUNS, counters, NULL, err);
    if (status == FDM_OK)
        status = fdm_board_check_counts(counters, RUNS, err);
    if (status == FDM_OK)
        work->out->instructions = counters[0];
    return status;
}

enum fdm_status fdm_emulated_count(const struct fdm_graph *graph,
                                   const struct fdm_emulated_options *options,
                                   struct fdm_emulated_count *out, struct fdm_error *err)
{
    struct work work = {.options = options, .out = out};
    memset(out, 0, sizeof *out);
    enum fdm_status status = compile(&work, graph, err);
    if (status == FDM_OK)
        status = run_reference(&work, err);
    if (status == FDM_OK)
        status = open_board(&work, err);
    if (status == FDM_OK)
        status = fdm_client_load_input(work.client, work.input,
                                       work.reference->tensors[work.reference->input].bytes, err);
    if (status == FDM_OK)
        status = count_layers(&work, err);
    if (status == FDM_OK)
        status = count_runs(&work, err);
    if (work.client != NULL)
        fdm_device_close(work.device, work.client);
    fdm_device_free(work.device);
    fdm_network_free(work.reference);
    free(work.input);
    free(work.sums);
    free(work.layers);
    return status;
}

void fdm_emulated_count_release(struct fdm_emulated_count *count)
{
    fdm_network_free(count->network);
    free(count->layers);
    memset(count, 0, sizeof *count);
}
