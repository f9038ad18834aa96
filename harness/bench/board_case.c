#include "harness/bench/board_case.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/bench/board_state.h"
#include "harness/bench/inference.h"
#include "harness/bench/layer_sums.h"
#include "results/stats.h"
#include "targets/wire/crc32.h"

#define VERIFY_DEFAULT 32
#define WARMUPS_DEFAULT 3
#define RUNS_MIN 20
#define RUNS_MAX 10000
#define RUNS_OF_INSTRUCTIONS 3
#define MIN_TIME_MS_DEFAULT 2000
#define PROFILE_RUNS_DEFAULT 3

/* What the measuring of one case needs while it lasts. */
struct bench {
    const struct fdm_board_case *task;
    const struct fdm_msg_hello_reply *hello;
    void *arena;         /* of the reference */
    void *input;         /* as the network takes it */
    float *board_output; /* class_count values */
    size_t input_bytes;
    size_t output_bytes;
    bool loaded; /* the board has an input */
};

/* ---- Identity -------------------------------------------------------------------------------- */

static void to_hex(const uint8_t digest[FDM_MSG_SHA256], char hex[FDM_RECORD_SHA256])
{
    for (size_t i = 0; i < FDM_MSG_SHA256; i++)
        snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

/* A board under Linux is known by its names in the device tree, which stand there as words. Where
 * the board's file has none of them, the user's word for what is behind his ssh host counts. */
static bool is_named(const struct fdm_board_entry *board, const char *names)
{
    if (board->kind != FDM_BOARD_SSH)
        return strcmp(names, board->id) == 0;
    if (board->device_tree == NULL)
        return true;
    size_t len = strlen(board->device_tree);
    for (const char *at = names; *at != '\0'; at += strcspn(at, " "), at += strspn(at, " "))
        if (strncmp(at, board->device_tree, len) == 0 && (at[len] == ' ' || at[len] == '\0'))
            return true;
    return false;
}

/* Is it the case's program? */
static enum fdm_status check_program(const struct bench *bench, struct fdm_error *err)
{
    const struct fdm_msg_hello_reply *hello = bench->hello;
    const struct fdm_case_record *record = &bench->task->item->record;
    char sha256[FDM_RECORD_SHA256];
    to_hex(hello->network_sha256, sha256);
    if (strcmp(sha256, record->model_sha256) != 0)
        return fdm_fail(
            err, FDM_ERR_MISMATCH,
            "the board holds another network (%.12s… instead of %.12s…); flash it again", sha256,
            record->model_sha256);
    if (strcmp(hello->semantics, record->semantics) != 0)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "the board computes with semantics %s, not %s; flash it again",
                        hello->semantics, record->semantics);
    if (strcmp(hello->engine, record->engine) != 0)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "the board runs the engine %s, not %s; flash it again", hello->engine,
                        record->engine);
    if (hello->input_bytes != bench->input_bytes || hello->output_bytes != bench->output_bytes)
        return fdm_fail(
            err, FDM_ERR_MISMATCH,
            "the board's network takes %" PRIu32 " and gives %" PRIu32 " bytes, not %zu and %zu",
            hello->input_bytes, hello->output_bytes, bench->input_bytes, bench->output_bytes);
    return FDM_OK;
}

/* Is it the hardware that the figures are to stand for? */
static enum fdm_status check_hardware(const struct bench *bench, struct fdm_error *err)
{
    const struct fdm_msg_hello_reply *hello = bench->hello;
    const struct fdm_board_entry *board = bench->task->board;
    if (!is_named(board, hello->board))
        return fdm_fail(err, FDM_ERR_MISMATCH, "the program says it runs on %s, not on %s",
                        hello->board, board->device_tree != NULL ? board->device_tree : board->id);
    if (hello->counter_kind == FDM_COUNTER_INSTRUCTIONS)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "the board counts instructions, so an emulator stands in for it");
    /* A system that changes its clock is judged by the clock of its timed runs. */
    if (board->clock_hz != 0 && hello->clock_hz != 0 &&
        hello->counter_kind != FDM_COUNTER_NANOSECONDS && hello->clock_hz != board->clock_hz)
        return fdm_fail(err, FDM_ERR_MISMATCH, "the board runs at %" PRIu32 " Hz, not at %" PRIu64,
                        hello->clock_hz, board->clock_hz);
    return FDM_OK;
}

static enum fdm_status check_identity(const struct bench *bench, struct fdm_error *err)
{
    enum fdm_status status = check_program(bench, err);
    return status == FDM_OK && !bench->task->emulated ? check_hardware(bench, err) : status;
}

static void add_fact(struct fdm_fact *facts, size_t *count, const char *name, const char *text)
{
    struct fdm_fact *fact = &facts[(*count)++];
    snprintf(fact->name, sizeof fact->name, "%s", name);
    snprintf(fact->text, sizeof fact->text, "%s", text);
}

static const char *counter_name(uint8_t kind)
{
    switch (kind) {
    case FDM_COUNTER_CYCLES:
        return "cycles";
    case FDM_COUNTER_INSTRUCTIONS:
        return "instructions";
    case FDM_COUNTER_TICKS:
        return "ticks";
    case FDM_COUNTER_NANOSECONDS:
        return "nanoseconds";
    default:
        return "unknown";
    }
}

/* Everything that HELLO told and that can change a figure. */
static enum fdm_status store_facts(const struct bench *bench, struct fdm_error *err)
{
    const struct fdm_msg_hello_reply *hello = bench->hello;
    struct fdm_fact facts[12];
    size_t count = 0;
    char text[64];
    add_fact(facts, &count, "agent", hello->agent);
    add_fact(facts, &count, "agent_board", hello->board);
    add_fact(facts, &count, "agent_compiler", hello->compiler);
    add_fact(facts, &count, "agent_cpu", hello->cpu);
    add_fact(facts, &count, "agent_engine", hello->engine);
    add_fact(facts, &count, "counter_kind", counter_name(hello->counter_kind));
    snprintf(text, sizeof text, "%" PRIu64, hello->counter_hz);
    add_fact(facts, &count, "counter_hz", text);
    snprintf(text, sizeof text, "%" PRIu32, hello->clock_hz);
    add_fact(facts, &count, "clock_hz", text);
    snprintf(text, sizeof text, "%s%s%s%s",
             hello->caches & FDM_CACHE_INSTRUCTION ? "instruction " : "",
             hello->caches & FDM_CACHE_DATA ? "data " : "",
             hello->caches & FDM_CACHE_FLASH ? "flash " : "",
             hello->caches & FDM_CACHE_UNKNOWN ? "unknown" : "");
    add_fact(facts, &count, "caches", text);
    snprintf(text, sizeof text, "%u", hello->flash_wait_states);
    add_fact(facts, &count, "flash_wait_states",
             hello->flash_wait_states == UINT8_MAX ? "unknown" : text);
    add_fact(facts, &count, "emulated", bench->task->emulated ? "yes" : "no");
    return fdm_store_facts_put(bench->task->store, bench->task->item->record.id, facts, count, err);
}

/* ---- Images ---------------------------------------------------------------------------------- */

static enum fdm_status find_difference(const struct bench *bench, const struct fdm_msg_layer *board,
                                       const uint32_t *reference, const char *path,
                                       struct fdm_error *err)
{
    const struct fdm_network *network = bench->task->item->network;
    for (uint32_t i = 0; i < network->layer_count; i++)
        if (board[i].output_crc32 != reference[i])
            return fdm_fail(err, FDM_ERR_MISMATCH,
                            "%s: the board's outputs differ from the reference from layer %" PRIu32
                            " (%s) on: CRC-32 %08" PRIx32 " on the board, %08" PRIx32 " here",
                            path, i, network->layers[i].name, board[i].output_crc32, reference[i]);
    return FDM_OK;
}

/* Runs the input that is loaded layer by layer on both sides. FDM_ERR_MISMATCH names the first
 * layer that differs. */
static enum fdm_status compare_layers(const struct bench *bench, const char *path,
                                      struct fdm_error *err)
{
    const struct fdm_network *network = bench->task->item->network;
    uint32_t count = network->layer_count;
    uint32_t *sums = calloc(count, sizeof *sums);
    struct fdm_msg_layer *layers = calloc(count, sizeof *layers);
    const struct fdm_network_observer observer = fdm_layer_sums(sums);
    enum fdm_status status = FDM_OK;
    if (sums == NULL || layers == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        goto done;
    }
    if (bench->hello->layers != count) {
        status =
            fdm_fail(err, FDM_ERR_MISMATCH, "the board's network has %u layers instead of %" PRIu32,
                     bench->hello->layers, count);
        goto done;
    }
    status = fdm_client_profile(bench->task->client, 0, 1, FDM_PROFILE_CRC, layers, err);
    if (status != FDM_OK)
        goto done;
    fdm_network_run_image(network, bench->arena, bench->input, &observer);
    status = find_difference(bench, layers, sums, path, err);
done:
    free(sums);
    free(layers);
    return status;
}

/* Always fails: with the layer if it can be found. */
static enum fdm_status explain_difference(const struct bench *bench, const char *path,
                                          struct fdm_error *err)
{
    enum fdm_status status = compare_layers(bench, path, err);
    if (status == FDM_OK)
        status = fdm_fail(err, FDM_ERR_MISMATCH,
                          "%s: the board's output differs from the reference although every layer "
                          "agrees when profiled",
                          path);
    return status;
}

/* One readable image on the board and here; the outputs must be the same bytes. */
static enum fdm_status classify(struct bench *bench, const struct fdm_image *image,
                                const char *path, struct fdm_prediction *prediction,
                                struct fdm_error *err)
{
    const struct fdm_board_case *task = bench->task;
    const struct fdm_network *network = task->item->network;
    struct fdm_prediction reference = *prediction;
    uint64_t counter = 0;
    fdm_inference_write_input(task->item, image, bench->input);
    enum fdm_status status =
        fdm_client_load_input(task->client, bench->input, bench->input_bytes, err);
    if (status == FDM_OK)
        status = fdm_client_infer(task->client, 0, 1, &counter, NULL, err);
    if (status == FDM_OK)
        status = fdm_client_output(task->client, bench->board_output, bench->output_bytes, err);
    if (status != FDM_OK)
        return status;
    if (fdm_network_run_image(network, bench->arena, bench->input, NULL) != FDM_NN_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: a kernel refused its parameters",
                        task->item->record.model);
    fdm_inference_judge(task->item, fdm_network_output(network, bench->arena), &reference);
    fdm_inference_judge(task->item, bench->board_output, prediction);
    if (prediction->output_crc32 != reference.output_crc32)
        return explain_difference(bench, path, err);
    /* Damage that this output happens to hide shows in the layers. */
    if (!bench->loaded && (bench->hello->features & FDM_FEATURE_LAYER_CRC) != 0)
        status = compare_layers(bench, path, err);
    if (status != FDM_OK)
        return status;
    bench->loaded = true;
    if (!task->emulated && bench->hello->counter_kind == FDM_COUNTER_NANOSECONDS)
        prediction->infer_ns = counter;
    return FDM_OK;
}

static enum fdm_status evaluate_image(struct bench *bench, uint32_t index, struct fdm_error *err)
{
    const struct fdm_board_case *task = bench->task;
    const struct fdm_listing_image *listed = &task->dataset->images[index];
    const struct fdm_image_size size = {task->item->input_w, task->item->input_h};
    struct fdm_image image = {0};
    struct fdm_prediction prediction;
    struct fdm_error problem = FDM_ERROR_INIT;
    char *path = fdm_dataset_path(task->dataset, index);
    if (path == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    fdm_inference_begin(&prediction, index, listed->label);
    enum fdm_status status = FDM_OK;
    if (fdm_image_load(task->cache, path, &size, 1, &image, NULL, &problem) == FDM_OK)
        status = classify(bench, &image, listed->path, &prediction, err);
    if (status == FDM_OK && !task->done[index])
        status = task->on_prediction(task->context, &prediction, problem.message, err);
    fdm_image_release(&image);
    free(path);
    return status;
}

static enum fdm_status evaluate_images(struct bench *bench, uint32_t from, uint32_t to, bool again,
                                       struct fdm_error *err)
{
    const struct fdm_board_case *task = bench->task;
    enum fdm_status status = FDM_OK;
    for (uint32_t i = from; status == FDM_OK && i < to; i++) {
        if (task->stop != NULL && atomic_load(task->stop))
            return fdm_fail(err, FDM_ERR_CANCELLED, "stopped at image %" PRIu32, i);
        if (again || !task->done[i])
            status = evaluate_image(bench, i, err);
    }
    return status;
}

/* ---- Time ------------------------------------------------------------------------------------ */

static enum fdm_figure_kind figure_kind(const struct bench *bench)
{
    return bench->task->emulated ? FDM_FIGURE_EMULATED : FDM_FIGURE_MEASURED;
}

/* Nanoseconds of one count; 0 where the counter tells no time of this hardware. */
static double ns_per_count(const struct bench *bench)
{
    if (bench->task->emulated)
        return 0;
    if (bench->hello->counter_kind == FDM_COUNTER_NANOSECONDS)
        return 1;
    return bench->hello->counter_hz > 0 ? 1e9 / (double)bench->hello->counter_hz : 0;
}

static enum fdm_status choose_runs(const struct bench *bench, uint32_t *runs, struct fdm_error *err)
{
    const struct fdm_board_effort *effort = &bench->task->effort;
    *runs = effort->runs;
    if (*runs == 0 && bench->hello->counter_kind == FDM_COUNTER_INSTRUCTIONS)
        *runs = RUNS_OF_INSTRUCTIONS;
    if (*runs != 0)
        return FDM_OK;
    struct fdm_msg_infer_done once;
    uint64_t counter;
    enum fdm_status status = fdm_client_infer(bench->task->client, 1, 1, &counter, &once, err);
    if (status != FDM_OK)
        return status;
    uint64_t wanted_us =
        1000 * (uint64_t)(effort->min_time_ms ? effort->min_time_ms : MIN_TIME_MS_DEFAULT);
    uint64_t needed = wanted_us / (once.elapsed_us > 0 ? once.elapsed_us : 1) + 1;
    *runs = needed < RUNS_MIN ? RUNS_MIN : needed > RUNS_MAX ? RUNS_MAX : (uint32_t)needed;
    return FDM_OK;
}

static enum fdm_status store_times(const struct bench *bench, const uint64_t *counters,
                                   uint32_t runs, struct fdm_error *err)
{
    const struct fdm_board_case *task = bench->task;
    struct fdm_sample *samples = calloc(runs, sizeof *samples);
    double *values = calloc(runs, sizeof *values);
    struct fdm_figure figures[4];
    size_t figure_count = 0;
    enum fdm_status status = FDM_OK;
    if (samples == NULL || values == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        goto done;
    }
    for (uint32_t i = 0; i < runs; i++) {
        samples[i] = (struct fdm_sample){i, counters[i]};
        values[i] = (double)counters[i];
    }
    struct fdm_summary summary = fdm_stats_summarize(values, runs);
    struct fdm_figure *counted = &figures[figure_count++];
    snprintf(counted->name, sizeof counted->name, "%s_median",
             counter_name(bench->hello->counter_kind));
    counted->kind = figure_kind(bench);
    counted->value = summary.median;
    double ns = ns_per_count(bench);
    if (ns > 0) {
        figures[figure_count++] =
            (struct fdm_figure){"latency_median_ns", FDM_FIGURE_MEASURED, ns * summary.median};
        figures[figure_count++] =
            (struct fdm_figure){"latency_min_ns", FDM_FIGURE_MEASURED, ns * summary.min};
        figures[figure_count++] =
            (struct fdm_figure){"latency_p95_ns", FDM_FIGURE_MEASURED, ns * summary.p95};
    }
    status = fdm_store_samples_put(task->store, task->item->record.id, samples, runs, err);
    if (status == FDM_OK)
        status =
            fdm_store_figures_put(task->store, task->item->record.id, figures, figure_count, err);
done:
    free(samples);
    free(values);
    return status;
}

enum fdm_status fdm_board_check_counts(const uint64_t *counters, uint32_t runs,
                                       struct fdm_error *err)
{
    for (uint32_t i = 1; i < runs; i++)
        if (counters[i] != counters[0])
            return fdm_fail(err, FDM_ERR_MISMATCH,
                            "the emulator counted %" PRIu64 " and %" PRIu64
                            " instructions for the same image",
                            counters[0], counters[i]);
    return FDM_OK;
}

/* The time that an emulator takes says nothing about a board; only its instruction count does. */
static bool tells_nothing(const struct bench *bench)
{
    return bench->task->emulated && bench->hello->counter_kind != FDM_COUNTER_INSTRUCTIONS;
}

static enum fdm_status take_times(const struct bench *bench, struct fdm_error *err)
{
    if (tells_nothing(bench))
        return FDM_OK;
    const struct fdm_board_effort *effort = &bench->task->effort;
    uint32_t runs;
    enum fdm_status status = choose_runs(bench, &runs, err);
    if (status != FDM_OK)
        return status;
    uint64_t *counters = calloc(runs, sizeof *counters);
    if (counters == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    uint32_t warmups = effort->warmups ? effort->warmups : WARMUPS_DEFAULT;
    if (bench->hello->counter_kind == FDM_COUNTER_INSTRUCTIONS)
        warmups = effort->warmups; /* nothing warms up in a count */
    status = fdm_client_infer(bench->task->client, (uint16_t)warmups, (uint16_t)runs, counters,
                              NULL, err);
    if (status == FDM_OK && bench->hello->counter_kind == FDM_COUNTER_INSTRUCTIONS)
        status = fdm_board_check_counts(counters, runs, err);
    if (status == FDM_OK)
        status = store_times(bench, counters, runs, err);
    free(counters);
    return status;
}

/* ---- Clock ----------------------------------------------------------------------------------- */

/* A board without an operating system has one clock: if its time is wrong, so are its cycles. */
static enum fdm_status check_rate(const struct bench *bench, char remark[FDM_BOARD_REMARK_SIZE],
                                  struct fdm_error *err)
{
    struct fdm_clock_rate rate;
    uint64_t stated_hz = bench->hello->clock_hz;
    enum fdm_status status =
        fdm_clock_rate_measure(bench->task->client, bench->task->stop, &rate, err);
    if (status != FDM_OK)
        return status;
    struct fdm_figure figure = {"clock_checked_hz", FDM_FIGURE_MEASURED,
                                rate.rate * (double)stated_hz};
    fdm_clock_rate_judge(&rate, stated_hz, remark);
    return fdm_store_figures_put(bench->task->store, bench->task->item->record.id, &figure, 1, err);
}

static enum fdm_status check_threads(const struct bench *bench, const struct fdm_msg_state *state,
                                     struct fdm_error *err)
{
    const uint32_t wanted = bench->task->item->record.threads;
    if (state->threads == wanted)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_MISMATCH, "the board computes in %u threads, not in %" PRIu32,
                    state->threads, wanted);
}

static enum fdm_status check_state(const struct bench *bench, char remark[FDM_BOARD_REMARK_SIZE],
                                   struct fdm_error *err)
{
    const struct fdm_board_case *task = bench->task;
    struct fdm_client_state begin;
    struct fdm_client_state end;
    struct fdm_figure figures[FDM_BOARD_STATE_FIGURES];
    struct fdm_fact facts[FDM_BOARD_STATE_FACTS];
    size_t figure_count;
    size_t fact_count;
    enum fdm_status status = fdm_client_state(task->client, FDM_MOMENT_BEGIN, &begin, err);
    if (status == FDM_OK)
        status = fdm_client_state(task->client, FDM_MOMENT_END, &end, err);
    if (status == FDM_OK)
        status = check_threads(bench, &end.board, err);
    if (status != FDM_OK)
        return status;
    fdm_board_state_judge(&begin.board, &end.board, task->board->clock_hz, remark);
    fdm_board_state_describe(&begin.board, &end.board, figures, &figure_count, facts, &fact_count);
    status = fdm_store_figures_put(task->store, task->item->record.id, figures, figure_count, err);
    if (status == FDM_OK)
        status = fdm_store_facts_put(task->store, task->item->record.id, facts, fact_count, err);
    return status;
}

/* After the timed runs: was the clock that of the figures? Nothing is asked of an emulator, whose
 * clock is this computer's. */
static enum fdm_status check_clock(const struct bench *bench, struct fdm_error *err)
{
    const struct fdm_board_case *task = bench->task;
    const uint8_t kind = bench->hello->counter_kind;
    struct fdm_fact fact = {FDM_BOARD_CLOCK_REMARK, ""};
    char remark[FDM_BOARD_REMARK_SIZE] = "";
    enum fdm_status status = FDM_OK;
    if (task->emulated || (bench->hello->features & FDM_FEATURE_STATE) == 0)
        return FDM_OK;
    if (kind == FDM_COUNTER_NANOSECONDS)
        status = check_state(bench, remark, err);
    else if (bench->hello->clock_hz != 0)
        status = check_rate(bench, remark, err);
    snprintf(fact.text, sizeof fact.text, "%s", remark);
    if (status == FDM_OK)
        status = fdm_store_facts_put(task->store, task->item->record.id, &fact, 1, err);
    return status;
}

/* ---- Profile and memory ---------------------------------------------------------------------- */

static enum fdm_status store_profile(const struct bench *bench, const struct fdm_msg_layer *profile,
                                     uint32_t runs, struct fdm_error *err)
{
    static const char *const ops[] = {
#define FDM_NN_KERNEL(NAME, name) #name,
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
    };
    const struct fdm_network *network = bench->task->item->network;
    uint32_t count = network->layer_count;
    struct fdm_layer_record *layers = calloc(count, sizeof *layers);
    struct fdm_layer_sample *samples = calloc((size_t)runs * count, sizeof *samples);
    enum fdm_status status = FDM_OK;
    if (layers == NULL || samples == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        goto done;
    }
    for (uint32_t i = 0; i < count; i++) {
        layers[i].layer = i;
        layers[i].macs = network->layers[i].macs;
        snprintf(layers[i].name, sizeof layers[i].name, "%.*s", (int)sizeof layers[i].name - 1,
                 network->layers[i].name);
        snprintf(layers[i].op, sizeof layers[i].op, "%s", ops[network->layers[i].op]);
    }
    for (uint32_t i = 0; i < runs * count; i++)
        samples[i] = (struct fdm_layer_sample){i / count, i % count, profile[i].counter};
    status = fdm_store_layers_put(bench->task->store, bench->task->item->record.id, layers, count,
                                  samples, (size_t)runs * count, err);
done:
    free(layers);
    free(samples);
    return status;
}

static enum fdm_status take_profile(const struct bench *bench, struct fdm_error *err)
{
    const struct fdm_board_effort *effort = &bench->task->effort;
    uint32_t runs = effort->profile_runs ? effort->profile_runs : PROFILE_RUNS_DEFAULT;
    uint32_t count = bench->task->item->network->layer_count;
    if (tells_nothing(bench) || (bench->hello->features & FDM_FEATURE_PROFILE) == 0 ||
        bench->hello->layers != count)
        return FDM_OK;
    struct fdm_msg_layer *profile = calloc((size_t)runs * count, sizeof *profile);
    if (profile == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = fdm_client_profile(bench->task->client, 0, (uint16_t)runs,
                                                FDM_PROFILE_COUNTERS, profile, err);
    if (status == FDM_OK)
        status = store_profile(bench, profile, runs, err);
    free(profile);
    return status;
}

static enum fdm_status take_memory(const struct bench *bench, struct fdm_error *err)
{
    struct fdm_msg_memory memory;
    enum fdm_status status = fdm_client_memory(bench->task->client, &memory, err);
    if (status != FDM_OK)
        return status;
    const struct {
        const char *name;
        uint32_t value;
    } marks[] = {
        {"agent_arena_used_bytes", memory.arena_used},
        {"agent_stack_used_bytes", memory.stack_used},
        {"agent_static_bytes", memory.static_bytes},
    };
    struct fdm_figure figures[3];
    size_t count = 0;
    for (size_t i = 0; i < 3; i++) {
        if (marks[i].value == 0)
            continue;
        snprintf(figures[count].name, sizeof figures[count].name, "%s", marks[i].name);
        figures[count].kind = figure_kind(bench);
        figures[count++].value = marks[i].value;
    }
    return fdm_store_figures_put(bench->task->store, bench->task->item->record.id, figures, count,
                                 err);
}

/* ---- The whole ------------------------------------------------------------------------------- */

static enum fdm_status prepare(struct bench *bench, struct fdm_error *err)
{
    const struct fdm_plan_case *item = bench->task->item;
    const struct fdm_network *network = item->network;
    bench->hello = fdm_client_hello(bench->task->client);
    bench->input_bytes = network->tensors[network->input].bytes;
    bench->output_bytes = item->class_count * sizeof(float);
    enum fdm_status status = fdm_inference_arena(&item, 1, &bench->arena, err);
    if (status != FDM_OK)
        return status;
    bench->input = malloc(bench->input_bytes);
    bench->board_output = calloc(item->class_count, sizeof *bench->board_output);
    if (bench->input == NULL || bench->board_output == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    return FDM_OK;
}

static enum fdm_status measure(struct bench *bench, struct fdm_error *err)
{
    const struct fdm_board_case *task = bench->task;
    uint32_t images = task->item->record.image_count;
    uint32_t verify = task->effort.verify ? task->effort.verify : VERIFY_DEFAULT;
    if (verify > images)
        verify = images;
    enum fdm_status status = check_identity(bench, err);
    if (status == FDM_OK)
        status = store_facts(bench, err);
    /* A resumed run proves the bits again: it may be another board by now. */
    if (status == FDM_OK)
        status = evaluate_images(bench, 0, verify, true, err);
    if (status == FDM_OK && !bench->loaded)
        status = fdm_fail(err, FDM_ERR_NOT_FOUND,
                          "none of the first %" PRIu32 " images is readable", verify);
    if (status == FDM_OK)
        status = take_times(bench, err);
    if (status == FDM_OK)
        status = check_clock(bench, err);
    if (status == FDM_OK)
        status = take_profile(bench, err);
    if (status == FDM_OK)
        status = take_memory(bench, err);
    if (status == FDM_OK)
        status = evaluate_images(bench, verify, images, false, err);
    return status;
}

enum fdm_status fdm_board_case_measure(const struct fdm_board_case *board_case,
                                       struct fdm_error *err)
{
    struct bench bench = {.task = board_case};
    enum fdm_status status = prepare(&bench, err);
    if (status == FDM_OK)
        status = measure(&bench, err);
    free(bench.arena);
    free(bench.input);
    free(bench.board_output);
    return status;
}
