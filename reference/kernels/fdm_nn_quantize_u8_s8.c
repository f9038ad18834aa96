#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_requant.h"

enum fdm_nn_status fdm_nn_quantize_u8_s8_check(const struct fdm_nn_quantize_u8_s8 *params)
{
    bool ok = params->count > 0 && params->in_zero_point >= 0 && params->in_zero_point <= 255 &&
              params->out_zero_point >= -128 && params->out_zero_point <= 127;
    return ok ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

size_t fdm_nn_quantize_u8_s8_scratch(const struct fdm_nn_quantize_u8_s8 *params)
{
    (void)params;
    return 0;
}

enum fdm_nn_status fdm_nn_quantize_u8_s8_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_quantize_u8_s8 *params = call->params;
    int32_t offset = params->out_zero_point - params->in_zero_point;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        const uint8_t *input = fdm_nn_row(&call->in, y);
        int8_t *output = fdm_nn_row(&call->out, y);
        for (size_t i = 0; i < call->in.row_bytes; i++)
            output[i] = (int8_t)fdm_nn_clamp(input[i] + offset, -128, 127);
    }
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_quantize_u8_s8(const struct fdm_nn_quantize_u8_s8 *params,
                                         const uint8_t *input, int8_t *output, void *scratch)
{
    if (fdm_nn_quantize_u8_s8_check(params) != FDM_NN_OK || input == NULL || output == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call = fdm_nn_vector_call(input, params->count, output, params->count);
    call.params = params;
    call.scratch = scratch;
    return fdm_nn_quantize_u8_s8_run(&call);
}
