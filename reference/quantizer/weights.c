#include "reference/quantizer/weights.h"

#include <float.h>
#include <math.h>

#define CODE_MAX 127
#define BIAS_MAX 1073741824.0f /* 2^30 */
#define SHRINK_STEPS 50

static size_t index_of(const struct fdm_weights *weights, uint32_t channel, size_t tap)
{
    return weights->interleaved ? tap * weights->channels + channel : channel * weights->taps + tap;
}

static float largest(const struct fdm_weights *weights, uint32_t channel)
{
    float max = 0.0f;
    for (size_t i = 0; i < weights->taps; i++)
        max = fmaxf(max, fabsf(weights->values[index_of(weights, channel, i)]));
    return max;
}

static int8_t code_of(float value, float inverse)
{
    float code = roundf(value * inverse);
    return (int8_t)(code > CODE_MAX ? CODE_MAX : code < -CODE_MAX ? -CODE_MAX : code);
}

static float scale_of(double max)
{
    return (float)fmax(max / CODE_MAX, (double)FLT_MIN);
}

static double squared_error(const struct fdm_weights *weights, uint32_t channel, float scale)
{
    float inverse = 1.0f / scale;
    double sum = 0.0;
    for (size_t i = 0; i < weights->taps; i++) {
        float value = weights->values[index_of(weights, channel, i)];
        double error = (double)value - (double)scale * code_of(value, inverse);
        sum += error * error;
    }
    return sum;
}

/* The best scale for the channels first..last. */
static float search(const struct fdm_weights *weights, uint32_t first, uint32_t last, float max)
{
    float best = scale_of((double)max);
    double least = HUGE_VAL;
    for (int step = 0; step <= SHRINK_STEPS; step++) {
        float scale = scale_of((double)max * (1.0 - 0.01 * step));
        double sum = 0.0;
        for (uint32_t c = first; c <= last; c++)
            sum += squared_error(weights, c, scale);
        if (sum < least) {
            least = sum;
            best = scale;
        }
    }
    return best;
}

float fdm_bias_scale(float input_scale, float weight_scale)
{
    return fmaxf(input_scale * weight_scale, FLT_MIN);
}

int32_t fdm_bias_quantize(float bias, float scale)
{
    float code = roundf(bias * (1.0f / scale));
    return code >= BIAS_MAX    ? (int32_t)BIAS_MAX
           : code <= -BIAS_MAX ? -(int32_t)BIAS_MAX
                               : (int32_t)code;
}

static float hold_bias(float scale, float bias, float input_scale)
{
    float least = fabsf(bias) / (BIAS_MAX / 2.0f) / input_scale;
    return fmaxf(scale, least);
}

static float channel_scale(const struct fdm_weights *weights, struct fdm_weight_rule rule,
                           uint32_t first, uint32_t last)
{
    float max = 0.0f;
    for (uint32_t c = first; c <= last; c++)
        max = fmaxf(max, largest(weights, c));
    if (max <= 0.0f)
        return 0.0f;
    return rule.mse ? search(weights, first, last, max) : scale_of((double)max);
}

static float usable_scale(float scale, const float *bias, float input_scale, uint32_t first,
                          uint32_t last)
{
    for (uint32_t c = first; bias != NULL && c <= last; c++)
        scale = hold_bias(scale, bias[c], input_scale);
    return scale > 0.0f ? scale : 1.0f;
}

static void write_codes(const struct fdm_weights *weights, uint32_t channel, float scale,
                        int8_t *codes)
{
    float inverse = 1.0f / scale;
    for (size_t i = 0; i < weights->taps; i++) {
        size_t at = index_of(weights, channel, i);
        codes[at] = code_of(weights->values[at], inverse);
    }
}

void fdm_weights_quantize(const struct fdm_weights *weights, struct fdm_weight_rule rule,
                          const float *bias, float input_scale, float *scales, int8_t *codes)
{
    uint32_t step = rule.per_tensor ? weights->channels : 1;
    for (uint32_t c = 0; c < weights->channels; c += step) {
        float scale = channel_scale(weights, rule, c, c + step - 1);
        scales[c / step] = usable_scale(scale, bias, input_scale, c, c + step - 1);
    }
    for (uint32_t c = 0; c < weights->channels; c++)
        write_codes(weights, c, scales[c / step], codes);
}
