#include "harness/bench/conversion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/compiler/compile.h"
#include "results/label_order.h"

enum fdm_status fdm_conversion_images_load(const char *root, uint32_t limit,
                                           const struct fdm_graph *graph, uint32_t threads,
                                           struct fdm_image_cache *cache,
                                           struct fdm_conversion_images *out, struct fdm_error *err)
{
    const struct fdm_tensor *input = &graph->tensors[graph->input];
    const struct fdm_image_size size = {input->dims[2], input->dims[1]};
    const struct fdm_dataset_options options = {.root = root, .scheme = FDM_DATASET_ALL};
    *out = (struct fdm_conversion_images){0};
    enum fdm_status status = fdm_dataset_open(&options, &out->dataset, err);
    if (status == FDM_OK)
        status = fdm_sample_set_load(out->dataset, limit, size, threads, cache, &out->set, err);
    return status;
}

static const struct fdm_model_entry *published(const struct fdm_registry *registry,
                                               const struct fdm_graph *graph)
{
    for (size_t i = 0; i < registry->model_count; i++) {
        const char *sha256 = registry->models[i].float_file.sha256;
        if (sha256 != NULL && strcmp(sha256, graph->sha256) == 0)
            return &registry->models[i];
    }
    return NULL;
}

/* The name of each output's class; left NULL where there are not as many classes as outputs. */
static enum fdm_status name_outputs(const struct fdm_dataset *folders,
                                    const struct fdm_registry *registry,
                                    const struct fdm_graph *graph, uint32_t outputs,
                                    const char **names, struct fdm_error *err)
{
    const struct fdm_model_entry *model = published(registry, graph);
    const struct fdm_dataset_entry *entry =
        model != NULL ? fdm_registry_dataset(registry, model->dataset) : NULL;
    const char *const *classes =
        entry != NULL ? entry->classes : (const char *const *)folders->class_names;
    if ((entry != NULL ? entry->class_count : folders->class_count) != outputs)
        return FDM_OK;
    uint32_t *class_of = calloc((size_t)outputs + 1, sizeof *class_of);
    if (class_of == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u classes", outputs);
    const char *order = fdm_label_order_name(entry != NULL ? model->label_order : FDM_LABELS_BYTES);
    enum fdm_status status = fdm_label_order_fill(order, classes, outputs, class_of, err);
    for (uint32_t i = 0; status == FDM_OK && i < outputs; i++)
        names[i] = classes[class_of[i]];
    free(class_of);
    return status;
}

static bool find_label(const char *const *names, uint32_t outputs, const char *folder,
                       uint32_t *label)
{
    for (*label = 0; *label < outputs; (*label)++)
        if (names[*label] != NULL && strcmp(names[*label], folder) == 0)
            return true;
    return false;
}

/* False if a folder has no output. */
static bool label_all(const struct fdm_conversion_images *images, const char *const *names,
                      uint32_t outputs)
{
    const struct fdm_dataset *dataset = images->dataset;
    for (uint32_t i = 0; i < images->set.count; i++)
        if (!find_label(names, outputs, dataset->class_names[dataset->images[i].label],
                        &images->labels[i]))
            return false;
    return true;
}

enum fdm_status fdm_conversion_label(struct fdm_conversion_images *images,
                                     const struct fdm_registry *registry,
                                     const struct fdm_graph *graph, struct fdm_error *err)
{
    const struct fdm_tensor *output = &graph->tensors[graph->output];
    uint32_t outputs = output->dims[output->rank - 1];
    const char **names = calloc((size_t)outputs + 1, sizeof *names);
    images->labels = calloc((size_t)images->set.count + 1, sizeof *images->labels);
    enum fdm_status status = FDM_ERR_MEMORY;
    if (names == NULL || images->labels == NULL)
        fdm_fail(err, status, "no memory for %u labels", images->set.count);
    else
        status = name_outputs(images->dataset, registry, graph, outputs, names, err);
    if (status != FDM_OK || !label_all(images, names, outputs)) {
        free(images->labels);
        images->labels = NULL;
    }
    free(names);
    return status;
}

void fdm_conversion_images_release(struct fdm_conversion_images *images)
{
    fdm_sample_set_release(&images->set);
    fdm_dataset_free(images->dataset);
    free(images->labels);
    *images = (struct fdm_conversion_images){0};
}

enum fdm_status fdm_conversion_input(const struct fdm_graph *graph, const char *mapping,
                                     struct fdm_conversion_input *out, struct fdm_error *err)
{
    const struct fdm_mapping *named = mapping != NULL ? fdm_mapping_find(mapping) : NULL;
    if (mapping != NULL && named == NULL)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "no mapping \"%s\"; there are x/255, x/255-1 and x/127.5-1", mapping);
    enum fdm_status status = fdm_mapping_choose(graph, named, named != NULL, &out->choice, err);
    if (status != FDM_OK)
        return status;
    uint8_t pixels[256];
    for (unsigned i = 0; i < 256; i++)
        pixels[i] = (uint8_t)i;
    fdm_mapping_apply_f32(&out->choice.mapping, pixels, 256, out->real);
    struct fdm_affine affine = fdm_calibration_input(out->real);
    struct fdm_mapping_table table;
    status = fdm_mapping_quantize_u8(&out->choice.mapping, affine.scale,
                                     affine.zero_point - INT8_MIN, &table, err);
    for (unsigned i = 0; status == FDM_OK && i < 256; i++)
        out->code[i] = table.code[i];
    return status;
}

struct fdm_samples fdm_conversion_samples(const struct fdm_sample_set *set, uint32_t first,
                                          uint32_t count, const struct fdm_conversion_input *input)
{
    return (struct fdm_samples){
        .pixels = (const uint8_t *const *)set->pixels + first,
        .count = count,
        .real = input->real,
        .code = input->code,
    };
}

enum fdm_status fdm_conversion_answers(const struct fdm_graph *graph,
                                       const struct fdm_semantics *semantics,
                                       const struct fdm_samples *samples, uint32_t threads,
                                       struct fdm_answers *out, struct fdm_error *err)
{
    struct fdm_network *network = NULL;
    *out = (struct fdm_answers){0};
    enum fdm_status status = fdm_compile(graph, semantics, NULL, &network, err);
    if (status == FDM_OK)
        status = fdm_answers_compute(network, samples, threads, NULL, out, err);
    fdm_network_free(network);
    return status;
}

void fdm_conversion_describe(const struct fdm_recipe *recipe, char out[FDM_CONVERSION_WORDS])
{
    static const char *const equalized[FDM_EQUALIZATIONS] = {"", ", weights equalized",
                                                             ", all equalized"};
    char keep[32] = "";
    if (recipe->method == FDM_RANGE_PERCENTILE)
        snprintf(keep, sizeof keep, " %.6g", 100.0 * recipe->keep);
    snprintf(out, FDM_CONVERSION_WORDS, "%s, %s%s%s%s%s%s%s",
             recipe->per_tensor ? "per tensor" : "per channel",
             fdm_range_method_name(recipe->method), keep,
             recipe->absorb ? ", offsets absorbed" : "", equalized[recipe->equalize],
             recipe->round_together ? ", weights rounded together" : "",
             recipe->correct_bias ? ", biases corrected" : "",
             recipe->rsqrt == FDM_FOLD_EXACT ? ", exact square roots" : "");
}
