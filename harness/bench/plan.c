#include "harness/bench/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/bench/engine.h"
#include "harness/bench/plan_case.h"
#include "reference/compiler/compile.h"
#include "reference/importers/importers.h"
#include "reference/network/semantics.h"
#include "results/label_order.h"

bool fdm_filter_allows(const struct fdm_filter *filter, const char *word)
{
    for (size_t i = 0; i < filter->count; i++)
        if (strcasecmp(filter->words[i], word) == 0)
            return true;
    return filter->count == 0;
}

static bool contains(const char *text, const char *part)
{
    size_t len = strlen(part);
    for (; *text != '\0'; text++)
        if (strncasecmp(text, part, len) == 0)
            return true;
    return false;
}

static bool allows_part(const struct fdm_filter *filter, const struct fdm_model_entry *model)
{
    for (size_t i = 0; i < filter->count; i++)
        if (contains(model->id, filter->words[i]) || contains(model->family, filter->words[i]))
            return true;
    return filter->count == 0;
}

enum fdm_status fdm_plan_set_text(char *out, size_t size, const char *text, const char *what,
                                  struct fdm_error *err)
{
    if (strlen(text) >= size)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s is longer than %zu bytes: %s", what, size - 1,
                        text);
    memcpy(out, text, strlen(text) + 1);
    return FDM_OK;
}

/* ---- Groups: datasets with their images ------------------------------------------------------ */

static const struct fdm_plan_source *find_source(const struct fdm_plan_options *options,
                                                 const char *dataset)
{
    for (size_t i = 0; i < options->source_count; i++)
        if (strcasecmp(options->sources[i].dataset, dataset) == 0)
            return &options->sources[i];
    return NULL;
}

static enum fdm_status describe_split(struct fdm_plan_group *group, struct fdm_error *err)
{
    const struct fdm_dataset *dataset = group->dataset;
    struct fdm_split_record *split = &group->split;
    memset(split, 0, sizeof *split);
    split->seed = dataset->seed;
    split->total = dataset->total;
    split->count = dataset->count;
    split->class_count = (uint32_t)dataset->class_count;
    split->published = dataset->published;
    memcpy(split->sha256, dataset->list_sha256, sizeof split->sha256);
    memcpy(split->permutation_sha256, dataset->permutation_sha256,
           sizeof split->permutation_sha256);
    enum fdm_status status = fdm_plan_set_text(split->dataset, sizeof split->dataset,
                                               group->entry->id, "the dataset's name", err);
    if (status == FDM_OK)
        status = fdm_plan_set_text(split->scheme, sizeof split->scheme,
                                   fdm_dataset_scheme_name(dataset->scheme), "the scheme", err);
    if (status == FDM_OK)
        status =
            fdm_plan_set_text(split->root, sizeof split->root, dataset->root, "the folder", err);
    return status;
}

static enum fdm_status open_group(const struct fdm_plan_options *options,
                                  const struct fdm_dataset_entry *entry,
                                  const struct fdm_plan_source *source, struct fdm_plan *plan,
                                  struct fdm_error *err)
{
    struct fdm_plan_group *group = &plan->groups[plan->group_count++];
    group->entry = entry;
    struct fdm_dataset_options wanted = {
        .root = source->root,
        .scheme = options->scheme,
        .has_seed = options->has_seed,
        .seed = options->seed,
        .class_names = entry->classes,
        .class_count = entry->class_count,
        .expected_total = entry->image_count,
        .known_val_sha256 = entry->validation_names_sha256,
        .list_path = options->list_path,
    };
    enum fdm_status status = fdm_dataset_open(&wanted, &group->dataset, err);
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", entry->id);
        return status;
    }
    return describe_split(group, err);
}

static enum fdm_status open_groups(const struct fdm_plan_options *options, struct fdm_plan *plan,
                                   struct fdm_error *err)
{
    const struct fdm_registry *registry = options->registry;
    plan->groups = calloc(registry->dataset_count + 1, sizeof *plan->groups);
    if (plan->groups == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < registry->dataset_count; i++) {
        const struct fdm_dataset_entry *entry = &registry->datasets[i];
        const struct fdm_plan_source *source = find_source(options, entry->id);
        if (!fdm_filter_allows(&options->datasets, entry->id))
            continue;
        if (source == NULL && options->datasets.count > 0)
            return fdm_fail(err, FDM_ERR_NOT_FOUND,
                            "no images for %s; name their folder: --images %s=DIR, or download "
                            "them: `fdm-bench fetch %s`",
                            entry->id, entry->id, entry->id);
        if (source == NULL)
            continue;
        enum fdm_status status = open_group(options, entry, source, plan, err);
        if (status != FDM_OK)
            return status;
    }
    if (plan->group_count == 0)
        return fdm_fail(err, FDM_ERR_NOT_FOUND,
                        "no images to evaluate; name a folder with one folder per class: "
                        "--images flowers=DIR, download one: `fdm-bench fetch flowers`, or let "
                        "--demo draw some");
    return FDM_OK;
}

/* ---- Models ---------------------------------------------------------------------------------- */

bool fdm_plan_wants(const struct fdm_plan_options *options, const struct fdm_model_entry *model,
                    enum fdm_format format)
{
    return allows_part(&options->models, model) &&
           fdm_filter_allows(&options->formats, fdm_format_name(format)) &&
           (options->resolution == 0 || options->resolution == model->resolution);
}

/* Where a published file is, or should be. */
static char *locate(const struct fdm_plan_options *options, const struct fdm_model_entry *model,
                    const char *path)
{
    char *first = fdm_fs_join(model->folder != NULL ? model->folder : options->models_dir, path);
    if (first == NULL || model->folder != NULL || options->fetched_dir == NULL ||
        fdm_fs_is_file(first))
        return first;
    char *second = fdm_fs_join(options->fetched_dir, path);
    if (second != NULL && fdm_fs_is_file(second)) {
        free(first);
        return second;
    }
    free(second);
    return first;
}

static enum fdm_status add_published(const struct fdm_plan_options *options, size_t group,
                                     const struct fdm_model_entry *model, enum fdm_format format,
                                     struct fdm_plan *plan, struct fdm_error *err)
{
    const struct fdm_model_file *file =
        format == FDM_FORMAT_FLOAT ? &model->float_file : &model->int8_file;
    if (file->path == NULL || !fdm_plan_wants(options, model, format))
        return FDM_OK;
    char *path = locate(options, model, file->path);
    if (path == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    struct fdm_plan_candidate candidate = {
        .id = model->id,
        .family = model->family,
        .format = format,
        .path = path,
        .sha256 = file->sha256,
        .mapping = fdm_mapping_named(model->scale, model->offset),
        .has_mapping = true,
        .label_order = fdm_label_order_name(model->label_order),
        .resolution = model->resolution,
    };
    enum fdm_status status = fdm_plan_add_cases(options, group, &candidate, plan, err);
    free(path);
    return status;
}

static enum fdm_status add_registry_models(const struct fdm_plan_options *options, size_t group,
                                           struct fdm_plan *plan, struct fdm_error *err)
{
    static const enum fdm_format formats[] = {FDM_FORMAT_FLOAT, FDM_FORMAT_INT8};
    const struct fdm_registry *registry = options->registry;
    for (size_t i = 0; i < registry->model_count; i++) {
        const struct fdm_model_entry *model = &registry->models[i];
        if (strcmp(model->dataset, plan->groups[group].entry->id) != 0)
            continue;
        for (size_t f = 0; f < sizeof formats / sizeof formats[0]; f++) {
            enum fdm_status status = add_published(options, group, model, formats[f], plan, err);
            if (status != FDM_OK)
                return status;
        }
    }
    return FDM_OK;
}

static enum fdm_status add_model_file(const struct fdm_plan_options *options, struct fdm_plan *plan,
                                      struct fdm_error *err)
{
    if (plan->group_count != 1)
        return fdm_fail(err, FDM_ERR_USAGE, "--model-file needs exactly one dataset");
    struct fdm_graph *graph = NULL;
    enum fdm_status status = fdm_import_file(options->model_file, &graph, err);
    if (status != FDM_OK)
        return status;
    struct fdm_plan_candidate candidate = {
        .id = fdm_fs_basename(options->model_file),
        .family = "own file",
        .format = graph->format,
        .path = options->model_file,
        .label_order = "bytes",
    };
    status = fdm_plan_add_cases(options, 0, &candidate, plan, err);
    fdm_graph_free(graph);
    return status;
}

/* ---- The whole ------------------------------------------------------------------------------- */

static enum fdm_status hash_plan(const struct fdm_plan_options *options, struct fdm_plan *plan,
                                 struct fdm_error *err)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    for (size_t i = 0; i < plan->case_count; i++) {
        const struct fdm_plan_case *item = &plan->cases[i];
        const struct fdm_case_record *record = &item->record;
        if (record->state == FDM_CASE_SKIPPED)
            continue;
        fdm_buf_printf(&text, "%s %s %u %s %s %s %s %a %a %s %u\n", record->board, record->engine,
                       record->threads, record->semantics, record->model_sha256,
                       plan->groups[item->group].split.sha256, record->mapping,
                       (double)item->mapping.mapping.scale, (double)item->mapping.mapping.offset,
                       record->label_order, record->image_count);
    }
    if (options->arena_limit > 0)
        fdm_buf_printf(&text, "arena %zu\n", options->arena_limit);
    enum fdm_status status = fdm_buf_check(&text, err);
    if (status == FDM_OK)
        fdm_sha256_hex(text.data != NULL ? text.data : "", text.len, plan->sha256);
    fdm_buf_release(&text);
    return status;
}

static enum fdm_status check_words(const struct fdm_plan_options *options, struct fdm_error *err)
{
    enum fdm_status status = fdm_engine_check(options->engines.words, options->engines.count, err);
    if (status != FDM_OK)
        return status;
    for (size_t i = 0; i < options->datasets.count; i++)
        if (fdm_registry_dataset(options->registry, options->datasets.words[i]) == NULL)
            return fdm_fail(err, FDM_ERR_USAGE, "no dataset \"%s\"; `fdm-bench list datasets`",
                            options->datasets.words[i]);
    for (size_t i = 0; i < options->source_count; i++)
        if (fdm_registry_dataset(options->registry, options->sources[i].dataset) == NULL)
            return fdm_fail(err, FDM_ERR_USAGE, "no dataset \"%s\"; `fdm-bench list datasets`",
                            options->sources[i].dataset);
    for (size_t i = 0; i < options->semantics.count; i++)
        if (strcmp(options->semantics.words[i], "all") != 0 &&
            fdm_semantics_find(options->semantics.words[i]) == NULL)
            return fdm_fail(err, FDM_ERR_USAGE, "no semantics \"%s\"; `fdm-bench list semantics`",
                            options->semantics.words[i]);
    for (size_t i = 0; i < options->formats.count; i++)
        if (strcmp(options->formats.words[i], "float") != 0 &&
            strcmp(options->formats.words[i], "int8") != 0)
            return fdm_fail(err, FDM_ERR_USAGE, "no format \"%s\"; there are float and int8",
                            options->formats.words[i]);
    if (options->mapping != NULL && fdm_mapping_find(options->mapping) == NULL)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "no mapping \"%s\"; there are x/255, x/255-1 and x/127.5-1",
                        options->mapping);
    return FDM_OK;
}

enum fdm_status fdm_plan_make(const struct fdm_plan_options *options, struct fdm_plan **out,
                              struct fdm_error *err)
{
    *out = NULL;
    struct fdm_plan *plan = calloc(1, sizeof *plan);
    if (plan == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = check_words(options, err);
    if (status == FDM_OK)
        status = open_groups(options, plan, err);
    if (status == FDM_OK && options->model_file != NULL)
        status = add_model_file(options, plan, err);
    for (size_t i = 0; status == FDM_OK && options->model_file == NULL && i < plan->group_count;
         i++)
        status = add_registry_models(options, i, plan, err);
    if (status == FDM_OK && plan->case_count == 0)
        status = fdm_fail(err, FDM_ERR_USAGE,
                          "the choice of models, formats and resolution selects no case; "
                          "`fdm-bench list models`");
    if (status == FDM_OK)
        status = hash_plan(options, plan, err);
    if (status == FDM_OK)
        *out = plan;
    else
        fdm_plan_free(plan);
    return status;
}

void fdm_plan_free(struct fdm_plan *plan)
{
    if (plan == NULL)
        return;
    for (size_t i = 0; i < plan->case_count; i++) {
        fdm_network_free(plan->cases[i].network);
        fdm_network_free(plan->cases[i].tuned);
        free(plan->cases[i].class_of);
    }
    for (size_t i = 0; i < plan->group_count; i++)
        fdm_dataset_free(plan->groups[i].dataset);
    free(plan->cases);
    free(plan->groups);
    free(plan);
}
