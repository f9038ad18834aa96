#include "reference/network/network.h"

void *fdm_network_input(const struct fdm_network *network, void *arena)
{
    return (unsigned char *)arena + network->tensors[network->input].offset;
}

const float *fdm_network_output(const struct fdm_network *network, const void *arena)
{
    const void *bytes = (const unsigned char *)arena + network->tensors[network->output].offset;
    return bytes;
}

struct fdm_nn_rows fdm_network_rows(const struct fdm_network_tensor *tensor, void *arena)
{
    struct fdm_nn_rows rows = {(unsigned char *)arena + tensor->offset,
                               tensor->bytes / (size_t)tensor->h, tensor->h};
    return rows;
}

static enum fdm_nn_status run_layer(const struct fdm_network *network,
                                    const struct fdm_network_layer *layer, unsigned char *arena)
{
    const struct fdm_network_tensor *out = &network->tensors[layer->output];
    const struct fdm_nn_call call = {
        .params = &layer->params,
        .weights = layer->weights,
        .bias = layer->bias,
        .in = fdm_network_rows(&network->tensors[layer->input], arena),
        .out = fdm_network_rows(out, arena),
        .count = out->h,
        .scratch = arena + layer->scratch_offset,
    };
    return layer->run(&call);
}

enum fdm_nn_status fdm_network_run(const struct fdm_network *network, void *arena,
                                   const struct fdm_network_observer *observer)
{
    static const struct fdm_network_observer nobody = {0};
    unsigned char *base = arena;
    if (observer == NULL)
        observer = &nobody;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        const struct fdm_network_tensor *out = &network->tensors[layer->output];
        if (layer->run == NULL)
            return FDM_NN_ERR_ARGUMENT;
        if (observer->before != NULL)
            observer->before(observer->context, i);
        enum fdm_nn_status status = run_layer(network, layer, base);
        if (status != FDM_NN_OK)
            return status;
        if (observer->after != NULL)
            observer->after(observer->context, i, base + out->offset, out->bytes);
    }
    return FDM_NN_OK;
}
