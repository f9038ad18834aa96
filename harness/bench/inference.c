#include "harness/bench/inference.h"

#include <stdlib.h>

#include "harness/base/clock.h"
#include "targets/wire/crc32.h"

#define ARENA_ALIGNMENT 64

void fdm_inference_begin(struct fdm_prediction *prediction, uint32_t image, uint32_t label)
{
    *prediction = (struct fdm_prediction){
        .image = image,
        .label = (int32_t)label,
        .predicted = FDM_PREDICTION_UNREADABLE,
        .raw_output = -1,
    };
}

void fdm_inference_write_input(const struct fdm_plan_case *item, const struct fdm_image *image,
                               void *input)
{
    size_t count = (size_t)image->width * image->height * 3;
    if (item->network->tensors[item->network->input].type == FDM_NETWORK_F32)
        fdm_mapping_apply_f32(&item->mapping.mapping, image->pixels, count, input);
    else
        fdm_mapping_apply_u8(&item->mapping.table, image->pixels, count, input);
}

uint32_t fdm_inference_argmax(const float *values, uint32_t count)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

void fdm_inference_judge(const struct fdm_plan_case *item, const float *output,
                         struct fdm_prediction *prediction)
{
    uint32_t best = fdm_inference_argmax(output, item->class_count);
    prediction->raw_output = (int32_t)best;
    prediction->predicted = (int32_t)item->class_of[best];
    prediction->score = output[best];
    prediction->output_crc32 =
        fdm_crc32(FDM_CRC32_INIT, output, item->class_count * sizeof *output);
}

static size_t aligned(size_t bytes)
{
    return (bytes + ARENA_ALIGNMENT - 1) / ARENA_ALIGNMENT * ARENA_ALIGNMENT;
}

/* Behind the arena, where that has no room for it. */
static void *input_of(const struct fdm_network *network, void *arena)
{
    if (network->tensors[network->input].ring == 0)
        return fdm_network_input(network, arena);
    return (unsigned char *)arena + aligned(network->arena_bytes);
}

static size_t bytes_for(const struct fdm_network *network)
{
    const struct fdm_network_tensor *input = &network->tensors[network->input];
    return aligned(network->arena_bytes) + (input->ring == 0 ? 0 : aligned(input->bytes));
}

enum fdm_status fdm_inference_run(const struct fdm_plan_case *item, const struct fdm_image *image,
                                  void *arena, struct fdm_prediction *prediction,
                                  struct fdm_error *err)
{
    const struct fdm_network *network = fdm_plan_network(item);
    void *input = input_of(network, arena);
    fdm_inference_write_input(item, image, input);
    uint64_t begin_ns = fdm_clock_now_ns();
    enum fdm_nn_status status = network->tensors[network->input].ring == 0
                                    ? fdm_network_run(network, arena, NULL)
                                    : fdm_network_run_image(network, arena, input, NULL);
    if (status != FDM_NN_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: a kernel refused its parameters",
                        item->record.model);
    prediction->infer_ns = fdm_clock_now_ns() - begin_ns;
    fdm_inference_judge(item, fdm_network_output(network, arena), prediction);
    return FDM_OK;
}

enum fdm_status fdm_inference_arena(const struct fdm_plan_case *const *cases, size_t count,
                                    void **out, struct fdm_error *err)
{
    size_t bytes = ARENA_ALIGNMENT;
    for (size_t i = 0; i < count; i++) {
        size_t reference = bytes_for(cases[i]->network);
        size_t executed = bytes_for(fdm_plan_network(cases[i]));
        bytes = reference > bytes ? reference : bytes;
        bytes = executed > bytes ? executed : bytes;
    }
    *out = aligned_alloc(ARENA_ALIGNMENT, bytes);
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory for an arena of %zu bytes", bytes);
    return FDM_OK;
}
