#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/emulated_count.h"
#include "harness/bench/engine.h"
#include "harness/cli/bench.h"
#include "harness/cli/interrupt.h"
#include "harness/cli/version.h"
#include "harness/registry/registry.h"

#define KEYS 4 /* columns that tell the rows apart */

struct emulated {
    struct fdm_bench_request *request;
    struct fdm_report *report;
    struct fdm_registry *registry;
    const struct fdm_board_entry **boards;
    size_t board_count;
    struct fdm_table *networks;
    struct fdm_table *layers; /* NULL: not wanted */
    const atomic_bool *stop;
};

/* ---- boards ---- */

/* An emulated board, or the twin of a real one. */
static enum fdm_status choose_board(struct emulated *subject, const char *name,
                                    struct fdm_error *err)
{
    const struct fdm_board_entry *board = fdm_registry_board(subject->registry, name);
    if (board != NULL && board->kind != FDM_BOARD_EMULATED && board->twin != NULL)
        board = fdm_registry_board(subject->registry, board->twin);
    if (board == NULL || board->kind != FDM_BOARD_EMULATED)
        return fdm_fail(err, FDM_ERR_USAGE, "no emulated board \"%s\"; `fdm-bench list boards`",
                        name);
    subject->boards[subject->board_count++] = board;
    return FDM_OK;
}

static enum fdm_status choose_boards(struct emulated *subject, struct fdm_error *err)
{
    const struct fdm_registry *registry = subject->registry;
    const struct fdm_opt_words *words = &subject->request->boards;
    enum fdm_status status = FDM_OK;
    subject->boards = calloc(registry->board_count + words->count, sizeof(void *));
    if (subject->boards == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (size_t i = 0; status == FDM_OK && i < words->count; i++)
        status = choose_board(subject, words->items[i], err);
    for (size_t i = 0; words->count == 0 && i < registry->board_count; i++)
        if (registry->boards[i].kind == FDM_BOARD_EMULATED)
            subject->boards[subject->board_count++] = &registry->boards[i];
    return status;
}

/* ---- tables ---- */

static void add_tables(struct emulated *subject)
{
    static const struct fdm_table_column networks[] = {
        {"board", "Board", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"semantics", "Semantics", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"engine", "Engine", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"instructions", "Instructions", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"per_mac", "Per MAC", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"arena_bytes", "Arena bytes", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"streamed_layers", "Streamed layers", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
    };
    static const struct fdm_table_column layers[] = {
        {"board", "Board", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"layer", "#", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"output", "Output", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"kernel", "Kernel", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"instructions", "Instructions", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"share_percent", "Share %", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    subject->networks = fdm_report_add_table(subject->report, "emulated", "Networks");
    fdm_table_add_columns(subject->networks, networks, sizeof networks / sizeof networks[0]);
    fdm_bench_add_baseline_columns(subject->networks, &subject->request->baseline,
                                   "baseline_instructions", "Before");
    if (!subject->request->layers)
        return;
    subject->layers = fdm_report_add_table(subject->report, "layers", "Layers");
    fdm_table_add_columns(subject->layers, layers, sizeof layers / sizeof layers[0]);
}

static void add_network(struct emulated *subject, const char *board, const char *model,
                        const struct fdm_emulated_count *count)
{
    struct fdm_table *table = subject->networks;
    const struct fdm_network *network = count->network;
    uint64_t macs = 0;
    for (uint32_t i = 0; i < network->layer_count; i++)
        macs += network->layers[i].macs;
    fdm_table_add_text(table, board);
    fdm_table_add_text(table, model);
    fdm_table_add_text(table, network->semantics != NULL ? network->semantics : "float");
    fdm_table_add_text(table, network->engine);
    fdm_table_add_int(table, (int64_t)count->instructions);
    fdm_table_add_real(table, (double)count->instructions / (double)macs, 2);
    fdm_table_add_int(table, (int64_t)network->arena_bytes);
    fdm_table_add_int(table, network->streamed);
    fdm_bench_compare(table, &subject->request->baseline, KEYS, "instructions");
}

static void add_layers(struct emulated *subject, const char *board, const char *model,
                       const struct fdm_emulated_count *count)
{
    struct fdm_table *table = subject->layers;
    const struct fdm_network *network = count->network;
    uint64_t all = 0;
    for (uint32_t i = 0; i < network->layer_count; i++)
        all += count->layers[i];
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        const struct fdm_network_tensor *out = &network->tensors[layer->output];
        fdm_table_add_text(table, board);
        fdm_table_add_text(table, model);
        fdm_table_add_int(table, i);
        fdm_table_add_textf(table, "%dx%dx%d", out->h, out->w, out->c);
        fdm_table_add_text(table, layer->kernel);
        fdm_table_add_int(table, (int64_t)count->layers[i]);
        fdm_table_add_real(table, 100.0 * (double)count->layers[i] / (double)all, 1);
    }
}

/* ---- counting ---- */

/* What a board lacks, or is too small for, is told and leaves the others their figures; wrong
 * results end everything. */
static enum fdm_status tell_failure(struct emulated *subject, const char *board, const char *model,
                                    const struct fdm_error *why, struct fdm_error *err)
{
    char text[sizeof why->message + 256];
    if (why->status == FDM_ERR_MISMATCH || why->status == FDM_ERR_CANCELLED)
        return fdm_fail(err, why->status, "%s: %s: %s", board, model, why->message);
    snprintf(text, sizeof text, "No count of %s on %s: %s", model, board, why->message);
    fdm_report_add_legend(subject->report, text);
    fprintf(stderr, "fdm-bench bench: %s\n", text);
    subject->request->failed++;
    return FDM_OK;
}

static enum fdm_status count_on(struct emulated *subject, const struct fdm_board_entry *board,
                                const char *model, const struct fdm_graph *graph,
                                struct fdm_error *err)
{
    const struct fdm_bench_request *request = subject->request;
    struct fdm_error why = FDM_ERROR_INIT;
    struct fdm_emulated_count count = {0};
    const struct fdm_emulated_options options = {
        .board = board,
        .version = FDM_VERSION,
        .owner = request->owner,
        .semantics = fdm_semantics_find(request->semantics),
        .reference = request->engine != NULL && strcmp(request->engine, FDM_ENGINE_REFERENCE) == 0,
        .arena_limit = request->arena_limit,
        .stop = subject->stop,
    };
    if (atomic_load(subject->stop))
        return fdm_fail(err, FDM_ERR_CANCELLED, "interrupted");
    fprintf(stderr, "%s: %s\n", board->id, model);
    enum fdm_status status = fdm_emulated_count(graph, &options, &count, &why);
    if (status == FDM_OK) {
        add_network(subject, board->id, model, &count);
        if (subject->layers != NULL)
            add_layers(subject, board->id, model, &count);
    } else {
        status = tell_failure(subject, board->id, model, &why, err);
    }
    fdm_emulated_count_release(&count);
    return status;
}

static enum fdm_status count_model(void *context, const char *name, const struct fdm_graph *graph,
                                   struct fdm_error *err)
{
    struct emulated *subject = context;
    enum fdm_status status = FDM_OK;
    if (subject->request->file_count == 0 && graph->format != FDM_FORMAT_INT8)
        return FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < subject->board_count; i++)
        status = count_on(subject, subject->boards[i], name, graph, err);
    return status;
}

enum fdm_status fdm_bench_emulated(struct fdm_bench_request *request, struct fdm_report *report,
                                   struct fdm_error *err)
{
    struct emulated subject = {
        .request = request, .report = report, .stop = fdm_interrupt_install()};
    enum fdm_status status = FDM_OK;
    if (request->engine != NULL && strcmp(request->engine, FDM_ENGINE_REFERENCE) != 0 &&
        strcmp(request->engine, FDM_ENGINE_TUNED) != 0)
        return fdm_fail(err, FDM_ERR_USAGE, "--engine: \"%s\" is neither reference nor tuned",
                        request->engine);
    status = fdm_registry_load_default(&subject.registry, err);
    if (status == FDM_OK)
        status = choose_boards(&subject, err);
    if (status == FDM_OK) {
        add_tables(&subject);
        fdm_report_add_legend(report,
                              "Counted by the emulator and equal in every run: neither "
                              "cycles nor times. Layers are counted in a run of their own.");
        status = fdm_bench_each_model(request, &subject, count_model, err);
    }
    if (status == FDM_OK && fdm_table_row_count(subject.networks) == 0)
        status = fdm_fail(err, FDM_ERR_NOT_FOUND, "nothing could be counted");
    free(subject.boards);
    fdm_registry_free(subject.registry);
    return status;
}
