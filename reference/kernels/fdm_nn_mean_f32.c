#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"

enum fdm_nn_status fdm_nn_mean_f32_check(const struct fdm_nn_mean_f32 *params)
{
    const struct fdm_nn_mean_f32 *p = params;
    bool ok = p->h >= 1 && p->h <= FDM_NN_MAX_DIM && p->w >= 1 && p->w <= FDM_NN_MAX_DIM &&
              p->c >= 1 && p->c <= FDM_NN_MAX_DIM && (int64_t)p->h * p->w <= FDM_NN_MAX_PIXELS;
    return ok ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

size_t fdm_nn_mean_f32_scratch(const struct fdm_nn_mean_f32 *params)
{
    (void)params;
    return 0;
}

enum fdm_nn_status fdm_nn_mean_f32_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_mean_f32 *p = call->params;
    const float *input = call->in.base;
    float *output = call->out.base;
    int32_t pixels = p->h * p->w;
    for (int32_t c = 0; c < p->c; c++)
        output[c] = 0.0f;
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < p->c; c++)
            output[c] += input[c];
        input += p->c;
    }
    for (int32_t c = 0; c < p->c; c++)
        output[c] /= (float)pixels;
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_mean_f32(const struct fdm_nn_mean_f32 *params, const float *input,
                                   float *output, void *scratch)
{
    if (fdm_nn_mean_f32_check(params) != FDM_NN_OK || input == NULL || output == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call = fdm_nn_vector_call(input, 0, output, 0);
    call.params = params;
    call.scratch = scratch;
    return fdm_nn_mean_f32_run(&call);
}
