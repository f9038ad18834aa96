#include "harness/bench/conversion.h"

#include <stdio.h>
#include <stdlib.h>

#include "reference/compiler/compile.h"

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
    if (status != FDM_OK)
        return status;
    out->labels = calloc((size_t)out->set.count + 1, sizeof *out->labels);
    if (out->labels == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u labels", out->set.count);
    for (uint32_t i = 0; i < out->set.count; i++)
        out->labels[i] = out->dataset->images[i].label;
    return FDM_OK;
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
    snprintf(out, FDM_CONVERSION_WORDS, "%s, %s%s%s%s%s%s",
             recipe->per_tensor ? "per tensor" : "per channel",
             fdm_range_method_name(recipe->method), keep,
             recipe->absorb ? ", offsets absorbed" : "", equalized[recipe->equalize],
             recipe->correct_bias ? ", biases corrected" : "",
             recipe->rsqrt == FDM_FOLD_EXACT ? ", exact square roots" : "");
}
