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
        if (layer->op >= FDM_NN_OP_COUNT || network->kernels->op[layer->op].run == NULL)
            return FDM_NN_ERR_ARGUMENT;
        if (observer->before != NULL)
            observer->before(observer->context, i);
        enum fdm_nn_status status = network->kernels->op[layer->op].run(
            layer, base + network->tensors[layer->input].offset, base + out->offset,
            base + network->activation_bytes);
        if (status != FDM_NN_OK)
            return status;
        if (observer->after != NULL)
            observer->after(observer->context, i, base + out->offset, out->bytes);
    }
    return FDM_NN_OK;
}
