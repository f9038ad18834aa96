#include "reference/quantizer/march.h"

#include <stdlib.h>
#include <string.h>

static void write_input(struct fdm_march *march, const struct fdm_samples *samples, uint32_t sample)
{
    const struct fdm_network_tensor *input = &march->network->tensors[march->network->input];
    unsigned char *to = march->activations + sample * march->stride;
    const uint8_t *pixels = samples->pixels[sample];
    if (input->type != FDM_NETWORK_F32) {
        for (size_t i = 0; i < input->bytes; i++)
            to[i] = samples->code[pixels[i]];
        return;
    }
    for (size_t i = 0; i < input->bytes / sizeof(float); i++)
        memcpy(to + i * sizeof(float), &samples->real[pixels[i]], sizeof(float));
}

enum fdm_status fdm_march_begin(struct fdm_march *march, const struct fdm_network *network,
                                const struct fdm_samples *samples, struct fdm_error *err)
{
    size_t largest = 1;
    for (uint32_t i = 0; i < network->tensor_count; i++)
        largest = network->tensors[i].bytes > largest ? network->tensors[i].bytes : largest;
    *march = (struct fdm_march){
        .network = network,
        .count = samples->count,
        .stride =
            (largest + FDM_NETWORK_ALIGNMENT - 1) / FDM_NETWORK_ALIGNMENT * FDM_NETWORK_ALIGNMENT,
    };
    march->activations = calloc((size_t)march->count + 1, march->stride);
    march->next = calloc(1, march->stride);
    march->scratch = calloc(network->scratch_bytes + 1, 1);
    if (march->activations == NULL || march->next == NULL || march->scratch == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u times %zu bytes; take fewer images",
                        march->count, march->stride);
    for (uint32_t i = 0; i < march->count; i++)
        write_input(march, samples, i);
    return FDM_OK;
}

void fdm_march_release(struct fdm_march *march)
{
    free(march->activations);
    free(march->next);
    free(march->scratch);
    *march = (struct fdm_march){0};
}

const void *fdm_march_input(const struct fdm_march *march, uint32_t sample)
{
    return march->activations + sample * march->stride;
}

enum fdm_status fdm_march_step(struct fdm_march *march, const void *weights, const void *bias,
                               struct fdm_error *err)
{
    const struct fdm_network_layer *layer = &march->network->layers[march->layer];
    struct fdm_network_tensor in = march->network->tensors[layer->input];
    struct fdm_network_tensor out = march->network->tensors[layer->output];
    in.offset = 0;
    out.offset = 0;
    struct fdm_nn_call call = {
        .params = &layer->params,
        .weights = weights != NULL ? weights : layer->weights,
        .bias = bias != NULL ? bias : layer->bias,
        .out = fdm_network_rows(&out, march->next),
        .count = out.h,
        .scratch = march->scratch,
    };
    if (fdm_nn_check(layer->op, &layer->params, call.bias) != FDM_NN_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "'%s': a kernel refused its parameters",
                        layer->name);
    for (uint32_t i = 0; i < march->count; i++) {
        unsigned char *activation = march->activations + i * march->stride;
        call.in = fdm_network_rows(&in, activation);
        layer->run(&call);
        memcpy(activation, march->next, out.bytes);
    }
    march->layer++;
    return FDM_OK;
}

enum fdm_status fdm_march_to_conv(struct fdm_march *march, struct fdm_error *err)
{
    const struct fdm_network *network = march->network;
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK && march->layer < network->layer_count &&
           fdm_network_conv_shape(&network->layers[march->layer]) == NULL)
        status = fdm_march_step(march, NULL, NULL, err);
    return status;
}
