#include "harness/cli/inspect_plan.h"

#include <stdio.h>

#include "harness/bench/engine.h"
#include "harness/build/firmware.h"
#include "harness/registry/registry.h"
#include "reference/compiler/compile.h"

/* ---- the network ---- */

static enum fdm_status choose(const struct fdm_inspect_plan *plan, struct fdm_compile_options *out,
                              struct fdm_error *err)
{
    struct fdm_registry *registry = NULL;
    *out = (struct fdm_compile_options){.arena_limit = plan->arena_limit};
    if (plan->board == NULL)
        return FDM_OK;
    enum fdm_status status = fdm_registry_load_default(&registry, err);
    const struct fdm_board_entry *board =
        status == FDM_OK ? fdm_registry_board(registry, plan->board) : NULL;
    if (status == FDM_OK && board == NULL)
        status =
            fdm_fail(err, FDM_ERR_USAGE, "no board \"%s\"; `fdm-bench list boards`", plan->board);
    else if (board != NULL && board->kind == FDM_BOARD_HOST)
        out->isas = fdm_nn_host_isas();
    else if (board != NULL)
        status = fdm_firmware_isas(board, &out->isas, err);
    if (status == FDM_OK && board != NULL) {
        out->tuned = fdm_engine_has_tuned(out->isas);
        out->arena_limit = fdm_firmware_arena_limit(board, plan->arena_limit);
    }
    fdm_registry_free(registry);
    return status;
}

/* ---- the table ---- */

/* Layers, first to last, during which a tensor's bytes are its own. */
struct life {
    uint32_t first, last;
};

static struct life life_of(const struct fdm_network *network, uint32_t tensor)
{
    struct life life = {0, network->layer_count - 1};
    bool read = false;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        if (network->layers[i].output == tensor)
            life.first = i;
        if (network->layers[i].input == tensor)
            life.last = i;
        read = read || network->layers[i].input == tensor;
    }
    if (!read)
        life.last = network->layer_count - 1;
    return life;
}

static const char *name_of(const struct fdm_network *network, uint32_t tensor)
{
    for (uint32_t i = 0; i < network->layer_count; i++)
        if (network->layers[i].output == tensor)
            return network->layers[i].name;
    return "input";
}

static void add_room(struct fdm_table *table, size_t offset, size_t bytes, struct life life)
{
    fdm_table_add_int(table, (int64_t)offset);
    fdm_table_add_int(table, (int64_t)bytes);
    fdm_table_add_int(table, life.first);
    fdm_table_add_int(table, life.last);
}

static void add_tensor(struct fdm_table *table, const struct fdm_network *network, uint32_t index)
{
    const struct fdm_network_tensor *tensor = &network->tensors[index];
    int32_t rows = tensor->ring > 0 ? tensor->ring : tensor->h;
    fdm_table_add_text(table, "tensor");
    fdm_table_add_text(table, name_of(network, index));
    fdm_table_add_textf(table, "%dx%dx%d", tensor->h, tensor->w, tensor->c);
    fdm_table_add_int(table, rows);
    add_room(table, tensor->offset, tensor->bytes / (size_t)tensor->h * (size_t)rows,
             life_of(network, index));
}

static void add_scratch(struct fdm_table *table, const struct fdm_network *network, uint32_t index)
{
    const struct fdm_network_layer *layer = &network->layers[index];
    if (layer->scratch_bytes == 0)
        return;
    fdm_table_add_text(table, "scratch");
    fdm_table_add_text(table, layer->name);
    fdm_table_add_none(table);
    fdm_table_add_none(table);
    add_room(table, layer->scratch_offset, layer->scratch_bytes, (struct life){index, index});
}

/* Each layer's scratch before its output. */
static void add_table(const struct fdm_network *network, struct fdm_report *report)
{
    static const struct fdm_table_column columns[] = {
        {"kind", "Kind", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"name", "Of layer", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"shape", "Shape", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"rows", "Rows held", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"offset", "Offset", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"bytes", "Bytes", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"first_layer", "From #", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"last_layer", "To #", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    struct fdm_table *table = fdm_report_add_table(report, "arena", "Arena");
    fdm_table_add_columns(table, columns, sizeof columns / sizeof columns[0]);
    add_tensor(table, network, network->input);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        add_scratch(table, network, i);
        add_tensor(table, network, network->layers[i].output);
    }
    if (network->streamed > 0)
        fdm_report_add_legend(report, "Streamed layers run alternately, a row at a time; a tensor "
                                      "holds the rows that its reader still needs.");
    fdm_report_add_legend(report,
                          "Where two tensors share bytes, an output grows behind the rows of its "
                          "input that are still needed.");
}

static void add_bytes(struct fdm_report *report, const char *key, const char *label, size_t bytes)
{
    char text[64];
    snprintf(text, sizeof text, "%zu bytes = %.2f KiB", bytes, (double)bytes / 1024.0);
    fdm_report_add_number(report, key, label, (double)bytes, text);
}

enum fdm_status fdm_inspect_add_plan(const struct fdm_inspect_plan *plan,
                                     const struct fdm_graph *graph, struct fdm_report *report,
                                     struct fdm_error *err)
{
    struct fdm_network *network = NULL;
    struct fdm_compile_options options;
    char text[64];
    if (!plan->wanted && plan->board == NULL && plan->arena_limit == 0)
        return FDM_OK;
    enum fdm_status status = choose(plan, &options, err);
    if (status == FDM_OK)
        status =
            fdm_compile(graph, fdm_semantics_find(FDM_SEMANTICS_DEFAULT), &options, &network, err);
    if (status != FDM_OK)
        return status;
    fdm_report_add_fact(report, "engine", "engine", network->engine);
    snprintf(text, sizeof text, "%u of %u%s", network->streamed, network->layer_count,
             network->tensors[network->input].ring > 0 ? ", and the image" : "");
    fdm_report_add_number(report, "streamed_layers", "layers that run row by row",
                          network->streamed, text);
    add_bytes(report, "arena_bytes", "arena", network->arena_bytes);
    add_bytes(report, "scratch_bytes", "of it scratch at most", network->scratch_bytes);
    add_table(network, report);
    fdm_network_free(network);
    return FDM_OK;
}
