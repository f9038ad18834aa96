#include "reference/network/network.h"

/* Adapters: a layer's untyped pointers become the kernel's arguments. */
#define SCRATCH(name)                                                                              \
    static size_t scratch_##name(const struct fdm_network_layer *layer)                            \
    {                                                                                              \
        return fdm_nn_##name##_scratch(&layer->params.name);                                       \
    }
#define WITH_WEIGHTS(name)                                                                         \
    static enum fdm_nn_status run_##name(const struct fdm_network_layer *layer, const void *input, \
                                         void *output, void *scratch)                              \
    {                                                                                              \
        return fdm_nn_##name(&layer->params.name, input, layer->weights, layer->bias, output,      \
                             scratch);                                                             \
    }                                                                                              \
    static enum fdm_nn_status check_##name(const struct fdm_network_layer *layer)                  \
    {                                                                                              \
        return fdm_nn_##name##_check(&layer->params.name, layer->bias);                            \
    }                                                                                              \
    SCRATCH(name)
#define WITHOUT_WEIGHTS(name)                                                                      \
    static enum fdm_nn_status run_##name(const struct fdm_network_layer *layer, const void *input, \
                                         void *output, void *scratch)                              \
    {                                                                                              \
        return fdm_nn_##name(&layer->params.name, input, output, scratch);                         \
    }                                                                                              \
    static enum fdm_nn_status check_##name(const struct fdm_network_layer *layer)                  \
    {                                                                                              \
        return fdm_nn_##name##_check(&layer->params.name);                                         \
    }                                                                                              \
    SCRATCH(name)

WITH_WEIGHTS(conv_s8)
WITH_WEIGHTS(dwconv_s8)
WITHOUT_WEIGHTS(mean_s8)
WITHOUT_WEIGHTS(softmax_s8)
WITHOUT_WEIGHTS(quantize_u8_s8)
WITHOUT_WEIGHTS(dequantize_s8_f32)
WITH_WEIGHTS(conv_f32)
WITH_WEIGHTS(dwconv_f32)
WITHOUT_WEIGHTS(mean_f32)
WITHOUT_WEIGHTS(softmax_f32)

const struct fdm_network_kernels fdm_network_reference_kernels = {
    "reference",
    {
#define FDM_NN_KERNEL(NAME, name) [FDM_NN_OP_##NAME] = {run_##name, check_##name, scratch_##name},
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
    },
};
