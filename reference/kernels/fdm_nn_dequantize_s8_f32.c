#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_requant.h"

enum fdm_nn_status fdm_nn_dequantize_s8_f32_check(const struct fdm_nn_dequantize_s8_f32 *params)
{
    bool ok = params->count > 0 && fdm_nn_scale_ok(params->scale) && params->zero_point >= -128 &&
              params->zero_point <= 127;
    return ok ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

size_t fdm_nn_dequantize_s8_f32_scratch(const struct fdm_nn_dequantize_s8_f32 *params)
{
    (void)params;
    return 0;
}

enum fdm_nn_status fdm_nn_dequantize_s8_f32(const struct fdm_nn_dequantize_s8_f32 *params,
                                            const int8_t *input, float *output, void *scratch)
{
    (void)scratch;
    if (fdm_nn_dequantize_s8_f32_check(params) != FDM_NN_OK || input == NULL || output == NULL)
        return FDM_NN_ERR_ARGUMENT;
    for (size_t i = 0; i < params->count; i++)
        output[i] = params->scale * (float)(input[i] - params->zero_point);
    return FDM_NN_OK;
}
