#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
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

enum fdm_nn_status fdm_nn_dequantize_s8_f32_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_dequantize_s8_f32 *params = call->params;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        const int8_t *input = fdm_nn_row(&call->in, y);
        float *output = fdm_nn_row(&call->out, y);
        for (size_t i = 0; i < call->in.row_bytes; i++)
            output[i] = params->scale * (float)(input[i] - params->zero_point);
    }
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_dequantize_s8_f32(const struct fdm_nn_dequantize_s8_f32 *params,
                                            const int8_t *input, float *output, void *scratch)
{
    if (fdm_nn_dequantize_s8_f32_check(params) != FDM_NN_OK || input == NULL || output == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call =
        fdm_nn_vector_call(input, params->count, output, params->count * sizeof *output);
    call.params = params;
    call.scratch = scratch;
    return fdm_nn_dequantize_s8_f32_run(&call);
}
