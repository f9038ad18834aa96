#include "harness/bench/plan_case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bench/engine.h"
#include "reference/compiler/compile.h"
#include "reference/importers/importers.h"
#include "reference/network/semantics.h"
#include "results/label_order.h"

#define FLOAT_SEMANTICS "float"

/* How a case computes. */
struct variant {
    const char *semantics;
    const char *engine;
};

static enum fdm_status name_case(const struct fdm_plan_options *options,
                                 const struct fdm_plan_group *group,
                                 const struct fdm_plan_candidate *candidate,
                                 const struct variant *variant, struct fdm_case_record *record,
                                 struct fdm_error *err)
{
    const struct {
        char *out;
        size_t size;
        const char *text;
        const char *what;
    } texts[] = {
        {record->board, sizeof record->board, options->board, "the board's name"},
        {record->engine, sizeof record->engine, variant->engine, "the engine's name"},
        {record->semantics, sizeof record->semantics, variant->semantics, "the semantics' name"},
        {record->model, sizeof record->model, candidate->id, "the model's name"},
        {record->family, sizeof record->family, candidate->family, "the family's name"},
        {record->dataset, sizeof record->dataset, group->entry->id, "the dataset's name"},
        {record->format, sizeof record->format, fdm_format_name(candidate->format), "the format"},
        {record->model_path, sizeof record->model_path, candidate->path, "the model's path"},
        {record->label_order, sizeof record->label_order, candidate->label_order, "label order"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        enum fdm_status status =
            fdm_plan_set_text(texts[i].out, texts[i].size, texts[i].text, texts[i].what, err);
        if (status != FDM_OK)
            return status;
    }
    record->resolution = candidate->resolution;
    record->threads = options->threads;
    record->image_count = group->split.count;
    if (options->limit != 0 && options->limit < record->image_count)
        record->image_count = options->limit;
    return FDM_OK;
}

static void add_figures(struct fdm_plan_case *item, const struct fdm_graph *graph)
{
    struct fdm_graph_totals totals = fdm_graph_totals(graph);
    const struct fdm_figure figures[FDM_PLAN_FIGURES] = {
        {"macs", FDM_FIGURE_COMPUTED, (double)totals.macs},
        {"parameters", FDM_FIGURE_COMPUTED, (double)totals.parameters},
        {"weights_flash_bytes", FDM_FIGURE_COMPUTED, (double)totals.weight_bytes},
        {"arena_bytes", FDM_FIGURE_COMPUTED, (double)fdm_plan_network(item)->arena_bytes},
    };
    memcpy(item->figures, figures, sizeof figures);
}

static enum fdm_status check_graph(const struct fdm_graph *graph,
                                   const struct fdm_plan_candidate *candidate,
                                   const struct fdm_plan_group *group, struct fdm_error *err)
{
    const struct fdm_tensor *input = &graph->tensors[graph->input];
    const struct fdm_tensor *output = &graph->tensors[graph->output];
    uint32_t classes = output->dims[output->rank - 1];
    if (candidate->sha256 != NULL && strcmp(candidate->sha256, graph->sha256) != 0)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "the file's sha256 is %.12s…, the published one %.12s…: another file; to "
                        "evaluate it as your own: --model-file %s",
                        graph->sha256, candidate->sha256, candidate->path);
    if (graph->format != candidate->format)
        return fdm_fail(err, FDM_ERR_MISMATCH, "the file holds %s weights",
                        fdm_format_name(graph->format));
    if (candidate->resolution != 0 && input->dims[1] != candidate->resolution)
        return fdm_fail(err, FDM_ERR_MISMATCH, "the input is %u pixels high, not %u",
                        input->dims[1], candidate->resolution);
    if (classes != group->entry->class_count)
        return fdm_fail(err, FDM_ERR_MISMATCH, "the model tells %u classes, %s has %u", classes,
                        group->entry->id, group->entry->class_count);
    return FDM_OK;
}

static enum fdm_status compile_case(const struct fdm_plan_options *options,
                                    const struct fdm_graph *graph, struct fdm_plan_case *item,
                                    struct fdm_error *err)
{
    const struct fdm_semantics *semantics = fdm_semantics_find(item->record.semantics);
    struct fdm_compile_options tuned = {.isas = options->isas, .arena_limit = options->arena_limit};
    enum fdm_status status = fdm_compile(graph, semantics, NULL, &item->network, err);
    tuned.tuned = strcmp(item->record.engine, FDM_ENGINE_TUNED) == 0;
    if (status != FDM_OK || (!tuned.tuned && tuned.arena_limit == 0))
        return status;
    if (tuned.tuned && !fdm_engine_has_tuned(options->isas))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "no tuned kernels for this processor");
    return fdm_compile(graph, semantics, &tuned, &item->tuned, err);
}

/* Everything that needs the file; a failure makes the case a skipped one. */
static enum fdm_status load_case(const struct fdm_plan_options *options,
                                 const struct fdm_plan_group *group,
                                 const struct fdm_plan_candidate *candidate,
                                 const struct fdm_graph *graph, struct fdm_plan_case *item,
                                 struct fdm_error *err)
{
    struct fdm_case_record *record = &item->record;
    const struct fdm_tensor *input = &graph->tensors[graph->input];
    enum fdm_status status = check_graph(graph, candidate, group, err);
    if (status != FDM_OK)
        return status;
    memcpy(record->model_sha256, graph->sha256, sizeof record->model_sha256);
    record->resolution = input->dims[1];
    item->input_h = input->dims[1];
    item->input_w = input->dims[2];

    const struct fdm_mapping *published = candidate->has_mapping ? &candidate->mapping : NULL;
    if (options->mapping != NULL)
        published = fdm_mapping_find(options->mapping);
    status = fdm_mapping_choose(graph, published, options->mapping != NULL, &item->mapping, err);
    if (status != FDM_OK)
        return status;
    record->mapping_corrected = item->mapping.corrected;
    status = fdm_plan_set_text(record->mapping, sizeof record->mapping, item->mapping.mapping.name,
                               "the mapping's name", err);
    if (status != FDM_OK)
        return status;

    item->class_count = group->entry->class_count;
    item->class_of = calloc(item->class_count, sizeof *item->class_of);
    if (item->class_of == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    status = fdm_label_order_fill(candidate->label_order, group->entry->classes, item->class_count,
                                  item->class_of, err);
    if (status == FDM_OK)
        status = compile_case(options, graph, item, err);
    if (status == FDM_OK)
        add_figures(item, graph);
    return status;
}

static enum fdm_status add_case(const struct fdm_plan_options *options, size_t group,
                                const struct fdm_plan_candidate *candidate,
                                const struct variant *variant, const struct fdm_graph *graph,
                                const struct fdm_error *import_error, struct fdm_plan *plan,
                                struct fdm_error *err)
{
    struct fdm_plan_case *grown =
        realloc(plan->cases, (plan->case_count + 1) * sizeof *plan->cases);
    if (grown == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    plan->cases = grown;
    struct fdm_plan_case *item = &plan->cases[plan->case_count++];
    memset(item, 0, sizeof *item);
    item->group = group;
    item->record.state = FDM_CASE_PLANNED;
    enum fdm_status status =
        name_case(options, &plan->groups[group], candidate, variant, &item->record, err);
    if (status != FDM_OK)
        return status;

    struct fdm_error reason = *import_error;
    if (reason.status == FDM_OK)
        load_case(options, &plan->groups[group], candidate, graph, item, &reason);
    if (reason.status == FDM_ERR_MEMORY)
        return fdm_fail(err, reason.status, "%s: %s", candidate->path, reason.message);
    if (reason.status != FDM_OK) {
        item->record.state = FDM_CASE_SKIPPED;
        snprintf(item->record.message, sizeof item->record.message, "%s", reason.message);
    }
    return FDM_OK;
}

/* One case per engine that the choice selects. */
static enum fdm_status add_engines(const struct fdm_plan_options *options, size_t group,
                                   const struct fdm_plan_candidate *candidate,
                                   const char *semantics, const struct fdm_graph *graph,
                                   const struct fdm_error *import_error, struct fdm_plan *plan,
                                   struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    struct variant variant = {.semantics = semantics};
    for (size_t i = 0; status == FDM_OK && (variant.engine = fdm_engine_at(i)) != NULL; i++)
        if (fdm_engine_wanted(options->engines.words, options->engines.count, options->isas,
                              variant.engine))
            status = add_case(options, group, candidate, &variant, graph, import_error, plan, err);
    return status;
}

enum fdm_status fdm_plan_add_cases(const struct fdm_plan_options *options, size_t group,
                                   const struct fdm_plan_candidate *candidate,
                                   struct fdm_plan *plan, struct fdm_error *err)
{
    struct fdm_graph *graph = NULL;
    struct fdm_error import_error = FDM_ERROR_INIT;
    if (fdm_import_file(candidate->path, &graph, &import_error) == FDM_ERR_NOT_FOUND &&
        candidate->sha256 != NULL)
        fdm_error_context(&import_error, "missing, `fdm-bench fetch %s` downloads it",
                          candidate->id);
    enum fdm_status status = FDM_OK;
    if (candidate->format == FDM_FORMAT_FLOAT) {
        status = add_engines(options, group, candidate, FLOAT_SEMANTICS, graph, &import_error, plan,
                             err);
        goto done;
    }
    bool every = options->semantics.count == 1 && strcmp(options->semantics.words[0], "all") == 0;
    for (size_t i = 0; status == FDM_OK && i < fdm_semantics_count(); i++) {
        const char *name = fdm_semantics_at(i)->name;
        bool wanted = options->semantics.count == 0
                          ? i == 0
                          : every || fdm_filter_allows(&options->semantics, name);
        if (wanted)
            status = add_engines(options, group, candidate, name, graph, &import_error, plan, err);
    }
done:
    fdm_graph_free(graph);
    return status;
}
