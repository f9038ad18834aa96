#include "harness/bench/contest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/bench/engine.h"
#include "harness/bench/pattern.h"
#include "harness/bench/peer_tflite.h"
#include "harness/bench/proof.h"
#include "reference/compiler/compile.h"

#define ALIGNMENT 64
#define WARMUPS 5
#define LAYER_RUNS 20

struct contest_work {
    const struct fdm_contest_options *options;
    struct fdm_contest *out;
    struct fdm_peer *peer;
    void *input;
    size_t input_bytes;
    void *arenas[FDM_CONTEST_MOST];
    double *samples[FDM_CONTEST_MOST];
};

/* ---- contestants ---- */

static enum fdm_status add_network(struct contest_work *work, const struct fdm_graph *graph,
                                   bool tuned, struct fdm_error *err)
{
    struct fdm_contestant *c = &work->out->contestants[work->out->count];
    const struct fdm_compile_options options = {.tuned = tuned, .isas = fdm_nn_host_isas()};
    enum fdm_status status =
        fdm_compile(graph, work->options->semantics, &options, &c->network, err);
    if (status != FDM_OK)
        return status;
    snprintf(c->name, sizeof c->name, "%s", tuned ? FDM_ENGINE_TUNED : FDM_ENGINE_REFERENCE);
    size_t bytes = (c->network->arena_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    work->arenas[work->out->count++] = aligned_alloc(ALIGNMENT, bytes);
    if (work->arenas[work->out->count - 1] == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    return FDM_OK;
}

static enum fdm_status add_peer(struct contest_work *work, const struct fdm_graph *graph,
                                struct fdm_error *err)
{
    enum fdm_status status = fdm_peer_open(work->options->tflite, graph, &work->peer, err);
    if (status != FDM_OK)
        return status;
    struct fdm_contestant *c = &work->out->contestants[work->out->count++];
    snprintf(c->name, sizeof c->name, "TensorFlow Lite %s + XNNPACK", fdm_peer_version(work->peer));
    return fdm_peer_set_input(work->peer, work->input, work->input_bytes, err);
}

static enum fdm_status make_input(struct contest_work *work, struct fdm_error *err)
{
    const struct fdm_network *network = work->out->contestants[0].network;
    work->input_bytes = network->tensors[network->input].bytes;
    return fdm_pattern_make(network, &work->input, err);
}

static enum fdm_status enter(struct contest_work *work, const struct fdm_graph *graph,
                             struct fdm_error *err)
{
    enum fdm_status status = add_network(work, graph, false, err);
    if (status == FDM_OK)
        status = make_input(work, err);
    if (status == FDM_OK && fdm_engine_has_tuned(fdm_nn_host_isas()))
        status = add_network(work, graph, true, err);
    if (status == FDM_OK && work->options->tflite != NULL)
        status = add_peer(work, graph, err);
    for (size_t i = 0; status == FDM_OK && i < work->out->count; i++) {
        work->samples[i] = calloc(work->options->runs, sizeof *work->samples[i]);
        if (work->samples[i] == NULL)
            status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    return status;
}

/* ---- same bits ---- */

static enum fdm_status prove_peer(struct contest_work *work, struct fdm_error *err)
{
    const struct fdm_network *network = work->out->contestants[0].network;
    size_t bytes = network->tensors[network->output].bytes;
    float *theirs = malloc(bytes);
    if (theirs == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = fdm_peer_invoke(work->peer, err);
    if (status == FDM_OK)
        status = fdm_peer_get_output(work->peer, theirs, bytes, err);
    if (status == FDM_OK) {
        fdm_network_run_image(network, work->arenas[0], work->input, NULL);
        if (memcmp(theirs, fdm_network_output(network, work->arenas[0]), bytes) != 0)
            status = fdm_fail(err, FDM_ERR_MISMATCH,
                              "TensorFlow Lite computes other bits than the semantics %s",
                              network->semantics);
    }
    free(theirs);
    return status;
}

static enum fdm_status prove(struct contest_work *work, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    const struct fdm_contestant *contestants = work->out->contestants;
    for (size_t i = 1; status == FDM_OK && i < work->out->count; i++)
        if (contestants[i].network != NULL)
            status = fdm_prove_image(contestants[0].network, contestants[i].network, work->input,
                                     true, err);
    if (status == FDM_OK && work->peer != NULL)
        status = prove_peer(work, err);
    return status;
}

/* ---- times ---- */

static enum fdm_status infer(struct contest_work *work, size_t index, double *us,
                             struct fdm_error *err)
{
    const struct fdm_network *network = work->out->contestants[index].network;
    enum fdm_status status = FDM_OK;
    uint64_t begin_ns;
    if (network != NULL) {
        memcpy(fdm_network_input(network, work->arenas[index]), work->input, work->input_bytes);
        begin_ns = fdm_clock_now_ns();
        fdm_network_run(network, work->arenas[index], NULL);
    } else {
        status = fdm_peer_set_input(work->peer, work->input, work->input_bytes, err);
        begin_ns = fdm_clock_now_ns();
        if (status == FDM_OK)
            status = fdm_peer_invoke(work->peer, err);
    }
    *us = (double)(fdm_clock_now_ns() - begin_ns) / 1000.0;
    return status;
}

static enum fdm_status take_turns(struct contest_work *work, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (uint32_t run = 0; run < WARMUPS + work->options->runs; run++) {
        for (size_t i = 0; status == FDM_OK && i < work->out->count; i++) {
            double us = 0;
            status = infer(work, i, &us, err);
            if (run >= WARMUPS)
                work->samples[i][run - WARMUPS] = us;
        }
    }
    return status;
}

/* ---- layers ---- */

struct stopwatch {
    uint64_t begin_ns;
    uint32_t run;
    double (*us)[LAYER_RUNS]; /* by layer; pieces add up */
};

static void start(void *context, uint32_t layer, size_t at)
{
    (void)layer;
    (void)at;
    ((struct stopwatch *)context)->begin_ns = fdm_clock_now_ns();
}

static void stop(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct stopwatch *watch = context;
    (void)at;
    (void)output;
    (void)bytes;
    watch->us[layer][watch->run] += (double)(fdm_clock_now_ns() - watch->begin_ns) / 1000.0;
}

static enum fdm_status time_layers(struct contest_work *work, size_t index, struct fdm_error *err)
{
    struct fdm_contestant *c = &work->out->contestants[index];
    const struct fdm_network *network = c->network;
    struct stopwatch watch = {.us = calloc(network->layer_count, sizeof *watch.us)};
    const struct fdm_network_observer observer = {&watch, start, stop};
    c->layer_us = calloc(network->layer_count, sizeof *c->layer_us);
    if (watch.us == NULL || c->layer_us == NULL) {
        free(watch.us);
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    for (watch.run = 0; watch.run < LAYER_RUNS; watch.run++) {
        memcpy(fdm_network_input(network, work->arenas[index]), work->input, work->input_bytes);
        fdm_network_run(network, work->arenas[index], &observer);
    }
    for (uint32_t i = 0; i < network->layer_count; i++)
        c->layer_us[i] = fdm_stats_summarize(watch.us[i], LAYER_RUNS).median;
    free(watch.us);
    return FDM_OK;
}

enum fdm_status fdm_contest_run(const struct fdm_graph *graph,
                                const struct fdm_contest_options *options, struct fdm_contest *out,
                                struct fdm_error *err)
{
    struct contest_work work = {.options = options, .out = out};
    memset(out, 0, sizeof *out);
    enum fdm_status status = enter(&work, graph, err);
    if (status == FDM_OK)
        status = prove(&work, err);
    if (status == FDM_OK)
        status = take_turns(&work, err);
    for (size_t i = 0; status == FDM_OK && i < out->count; i++) {
        out->contestants[i].timing = fdm_timing_of(work.samples[i], options->runs);
        if (out->contestants[i].network != NULL)
            status = time_layers(&work, i, err);
    }
    fdm_peer_free(work.peer);
    free(work.input);
    for (size_t i = 0; i < FDM_CONTEST_MOST; i++) {
        free(work.arenas[i]);
        free(work.samples[i]);
    }
    return status;
}

void fdm_contest_release(struct fdm_contest *contest)
{
    for (size_t i = 0; i < contest->count; i++) {
        fdm_network_free(contest->contestants[i].network);
        free(contest->contestants[i].layer_us);
    }
    contest->count = 0;
}
