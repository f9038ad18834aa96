#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_requant.h"

static bool params_ok(const struct fdm_nn_mean_s8 *p)
{
    if (p->h < 1 || p->h > FDM_NN_MAX_DIM || p->w < 1 || p->w > FDM_NN_MAX_DIM || p->c < 1 ||
        p->c > FDM_NN_MAX_DIM || (int64_t)p->h * p->w > FDM_NN_MAX_PIXELS)
        return false;
    if (p->in_zero_point < -128 || p->in_zero_point > 127 || p->out_zero_point < -128 ||
        p->out_zero_point > 127)
        return false;
    switch (p->rule) {
    case FDM_NN_MEAN_FLOAT:
        return fdm_nn_scale_ok(p->scale);
    case FDM_NN_MEAN_INT_DOUBLE:
    case FDM_NN_MEAN_INT_SINGLE:
        return p->multiplier >= 0 && p->shift >= -31 && p->shift <= 30;
    }
    return false;
}

enum fdm_nn_status fdm_nn_mean_s8_check(const struct fdm_nn_mean_s8 *params)
{
    return params_ok(params) ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

/* One sum per channel. */
size_t fdm_nn_mean_s8_scratch(const struct fdm_nn_mean_s8 *params)
{
    return params_ok(params) ? (size_t)params->c * sizeof(int32_t) : 0;
}

/* The mean above the output's zero point. */
static int32_t mean_of(const struct fdm_nn_mean_s8 *p, int32_t sum, int32_t pixels)
{
    if (p->rule == FDM_NN_MEAN_FLOAT)
        return fdm_nn_mean_float(sum, pixels, p->scale, p->in_zero_point);
    int32_t centred = sum - p->in_zero_point * pixels;
    int32_t mean = p->rule == FDM_NN_MEAN_INT_DOUBLE
                       ? fdm_nn_scale_double(centred, p->multiplier, p->shift)
                       : fdm_nn_scale_single(centred, p->multiplier, p->shift);
    return fdm_nn_clamp(mean, -1024, 1024);
}

enum fdm_nn_status fdm_nn_mean_s8_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_mean_s8 *params = call->params;
    const int8_t *input = call->in.base;
    int8_t *output = call->out.base;
    int32_t pixels = params->h * params->w;
    int32_t *sums = call->scratch;
    for (int32_t c = 0; c < params->c; c++)
        sums[c] = 0;
    for (int32_t i = 0; i < pixels; i++) {
        for (int32_t c = 0; c < params->c; c++)
            sums[c] += input[c];
        input += params->c;
    }
    for (int32_t c = 0; c < params->c; c++) {
        int32_t value = mean_of(params, sums[c], pixels) + params->out_zero_point;
        output[c] = (int8_t)fdm_nn_clamp(value, -128, 127);
    }
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_mean_s8(const struct fdm_nn_mean_s8 *params, const int8_t *input,
                                  int8_t *output, void *scratch)
{
    if (!params_ok(params) || input == NULL || output == NULL || scratch == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call = fdm_nn_vector_call(input, 0, output, (size_t)params->c);
    call.params = params;
    call.scratch = scratch;
    return fdm_nn_mean_s8_run(&call);
}
