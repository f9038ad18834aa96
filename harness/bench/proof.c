#include "harness/bench/proof.h"

#include <stdlib.h>
#include <string.h>

#include "harness/bench/inference.h"
#include "harness/bench/layer_sums.h"

#define ALIGNMENT 64

/* One run; `sums` receives a checksum per layer if it is not NULL, `output` the result. */
static enum fdm_status run(const struct fdm_network *network, const void *input, uint32_t *sums,
                           void *output, struct fdm_error *err)
{
    size_t bytes = (network->arena_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    void *arena = aligned_alloc(ALIGNMENT, bytes);
    if (arena == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory for an arena of %zu bytes", bytes);
    const struct fdm_network_observer observer = fdm_layer_sums(sums);
    enum fdm_status status = FDM_OK;
    if (fdm_network_run_image(network, arena, input, sums != NULL ? &observer : NULL) == FDM_NN_OK)
        memcpy(output, fdm_network_output(network, arena), network->tensors[network->output].bytes);
    else
        status = fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: a kernel refused its parameters",
                          network->name);
    free(arena);
    return status;
}

static enum fdm_status compare_layers(const struct fdm_network *tuned, const uint32_t *expected,
                                      const uint32_t *got, struct fdm_error *err)
{
    for (uint32_t i = 0; i < tuned->layer_count; i++)
        if (expected[i] != got[i])
            return fdm_fail(err, FDM_ERR_MISMATCH,
                            "layer %u ('%s'): the tuned kernel %s computes other bits than the "
                            "reference (checksum %08x, not %08x)",
                            i, tuned->layers[i].name, tuned->layers[i].kernel, got[i], expected[i]);
    return FDM_OK;
}

enum fdm_status fdm_prove_image(const struct fdm_network *reference,
                                const struct fdm_network *tuned, const void *input, bool layers,
                                struct fdm_error *err)
{
    size_t bytes = reference->tensors[reference->output].bytes;
    uint32_t *sums = calloc(2 * (size_t)reference->layer_count, sizeof *sums);
    char *outputs = calloc(2, bytes);
    enum fdm_status status = FDM_OK;
    if (sums == NULL || outputs == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        goto done;
    }
    uint32_t *others = sums + reference->layer_count;
    status = run(reference, input, layers ? sums : NULL, outputs, err);
    if (status == FDM_OK)
        status = run(tuned, input, layers ? others : NULL, outputs + bytes, err);
    if (status == FDM_OK && layers)
        status = compare_layers(tuned, sums, others, err);
    if (status == FDM_OK && memcmp(outputs, outputs + bytes, bytes) != 0)
        status = fdm_fail(err, FDM_ERR_MISMATCH,
                          "the tuned kernels' output differs from the reference's");
done:
    free(sums);
    free(outputs);
    return status;
}

static enum fdm_status prove(const struct fdm_plan_case *item, const struct fdm_image *image,
                             bool layers, struct fdm_error *err)
{
    void *input = malloc(item->network->tensors[item->network->input].bytes);
    if (input == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    fdm_inference_write_input(item, image, input);
    enum fdm_status status = fdm_prove_image(item->network, item->tuned, input, layers, err);
    free(input);
    return status;
}

enum fdm_status fdm_prove_tuned(const struct fdm_plan_case *item, const struct fdm_dataset *dataset,
                                struct fdm_image_cache *cache, struct fdm_error *err)
{
    const struct fdm_image_size size = {item->input_w, item->input_h};
    enum fdm_status status = FDM_OK;
    uint32_t proven = 0;
    if (item->tuned == NULL)
        return FDM_OK;
    for (uint32_t i = 0; status == FDM_OK && proven < FDM_PROOF_IMAGES && i < dataset->count; i++) {
        struct fdm_error unreadable = FDM_ERROR_INIT;
        struct fdm_image image = {0};
        char *path = fdm_dataset_path(dataset, i);
        if (path == NULL)
            return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        if (fdm_image_load(cache, path, &size, 1, &image, NULL, &unreadable) == FDM_OK) {
            status = prove(item, &image, proven == 0, err);
            proven++;
        }
        if (status != FDM_OK)
            fdm_error_context(err, "%s", dataset->images[i].path);
        fdm_image_release(&image);
        free(path);
    }
    return status;
}
