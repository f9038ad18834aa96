#include <string.h>

#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_requant.h"

enum fdm_nn_status fdm_nn_softmax_f32_check(const struct fdm_nn_softmax_f32 *params)
{
    bool ok = params->count >= 1 && params->count <= FDM_NN_MAX_DIM;
    return ok ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

size_t fdm_nn_softmax_f32_scratch(const struct fdm_nn_softmax_f32 *params)
{
    (void)params;
    return 0;
}

/* exp(x) for x <= 0: x = k ln 2 + r with |r| <= ln 2 / 2, ln 2 split in two so that r is exact to
 * float (Cody and Waite, Software Manual for the Elementary Functions, 1980), Taylor's polynomial
 * of degree 7 for exp(r), then k added to the exponent. Below 2^-126 the result is 0. */
static float exp_of_negative(float x)
{
    const float ln2_high = 0.693359375f;
    const float ln2_low = -2.12194440e-4f;
    if (!(x > -87.0f))
        return 0.0f;
    int32_t k = fdm_nn_round_half_away(x * 1.44269504f);
    float r = (x - (float)k * ln2_high) - (float)k * ln2_low;
    float p = 1.0f / 5040.0f;
    p = p * r + 1.0f / 720.0f;
    p = p * r + 1.0f / 120.0f;
    p = p * r + 1.0f / 24.0f;
    p = p * r + 1.0f / 6.0f;
    p = p * r + 0.5f;
    p = p * r * r + r + 1.0f;
    uint32_t bits = (uint32_t)(k + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

enum fdm_nn_status fdm_nn_softmax_f32_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_softmax_f32 *params = call->params;
    const float *input = call->in.base;
    float *output = call->out.base;
    float max = input[0];
    for (int32_t i = 1; i < params->count; i++)
        max = input[i] > max ? input[i] : max;
    float sum = 0.0f;
    for (int32_t i = 0; i < params->count; i++) {
        output[i] = exp_of_negative(input[i] - max);
        sum += output[i];
    }
    for (int32_t i = 0; i < params->count; i++)
        output[i] /= sum;
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_softmax_f32(const struct fdm_nn_softmax_f32 *params, const float *input,
                                      float *output, void *scratch)
{
    if (fdm_nn_softmax_f32_check(params) != FDM_NN_OK || input == NULL || output == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call = fdm_nn_vector_call(input, 0, output, 0);
    call.params = params;
    call.scratch = scratch;
    return fdm_nn_softmax_f32_run(&call);
}
