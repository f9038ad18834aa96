#include "tests/unit/kernels_naive.h"

#include <float.h>
#include <math.h>

/* Products of two int32 must be exact. */
_Static_assert(LDBL_MANT_DIG >= 64, "the naive rules need a 64-bit significand");

static int64_t limit(long double x, long double min, long double max)
{
    return (int64_t)(x < min ? min : x > max ? max : x);
}

static int64_t saturate(long double x)
{
    return limit(x, INT32_MIN, INT32_MAX);
}

int32_t naive_scale(enum fdm_nn_rounding rounding, int32_t x, int32_t multiplier, int32_t shift,
                    float scale)
{
    if (rounding == FDM_NN_ROUND_FP32)
        return (int32_t)limit(nearbyintl((long double)((float)x * scale)), -1024, 1024);
    long double product = (long double)x * (long double)multiplier;
    if (rounding == FDM_NN_ROUND_SINGLE)
        return (int32_t)saturate(floorl(ldexpl(product, shift - 31) + 0.5L));
    int left = shift > 0 ? shift : 0;
    int right = shift < 0 ? -shift : 0;
    int64_t shifted = saturate(ldexpl((long double)x, left));
    product = (long double)shifted * (long double)multiplier;
    long double high = ldexpl(floorl(ldexpl(product, -31) + 0.5L), -right);
    return (int32_t)(rounding == FDM_NN_ROUND_DOUBLE ? roundl(high) : floorl(high + 0.5L));
}

static int8_t to_output(const struct fdm_nn_conv_s8 *p, int64_t acc, int32_t channel)
{
    const struct fdm_nn_requant *r = &p->requant;
    bool fp32 = r->rounding == FDM_NN_ROUND_FP32;
    int64_t scaled = naive_scale(r->rounding, (int32_t)acc, fp32 ? 0 : r->multiplier[channel],
                                 fp32 ? 0 : r->shift[channel], fp32 ? r->scale[channel] : 0.0f);
    scaled += p->out_zero_point;
    return (int8_t)limit((long double)scaled, p->out_min, p->out_max);
}

/* The index of an input element, or -1 in the padding. */
static long element(const struct fdm_nn_conv_shape *s, int y, int x, int c)
{
    bool inside = y >= 0 && y < s->in_h && x >= 0 && x < s->in_w;
    return inside ? ((long)y * s->in_w + x) * s->in_c + c : -1;
}

void naive_conv_s8(const struct fdm_nn_conv_s8 *p, bool depthwise, const int8_t *input,
                   const int8_t *weights, const int32_t *bias, int8_t *output)
{
    const struct fdm_nn_conv_shape *s = &p->shape;
    for (int i = 0; i < s->out_h * s->out_w * s->out_c; i++) {
        int o = i % s->out_c;
        int x = i / s->out_c % s->out_w;
        int y = i / s->out_c / s->out_w;
        int64_t acc = bias != NULL ? bias[o] : 0;
        for (int tap = 0; tap < s->kernel_h * s->kernel_w; tap++) {
            int in_y = y * s->stride_h - s->pad_top + tap / s->kernel_w;
            int in_x = x * s->stride_w - s->pad_left + tap % s->kernel_w;
            for (int c = depthwise ? o : 0; c < (depthwise ? o + 1 : s->in_c); c++) {
                long from = element(s, in_y, in_x, c);
                long weight = depthwise ? (long)tap * s->in_c + c
                                        : ((long)o * s->kernel_h * s->kernel_w + tap) * s->in_c + c;
                int64_t value = from < 0 ? 0 : (int64_t)input[from] - p->in_zero_point;
                acc += value * weights[weight];
            }
        }
        output[i] = to_output(p, acc, o);
    }
}

void naive_conv_f32(const struct fdm_nn_conv_f32 *p, bool depthwise, const float *input,
                    const float *weights, const float *bias, float *output)
{
    const struct fdm_nn_conv_shape *s = &p->shape;
    for (int i = 0; i < s->out_h * s->out_w * s->out_c; i++) {
        int o = i % s->out_c;
        int x = i / s->out_c % s->out_w;
        int y = i / s->out_c / s->out_w;
        float acc = bias != NULL ? bias[o] : 0.0f;
        for (int tap = 0; tap < s->kernel_h * s->kernel_w; tap++) {
            int in_y = y * s->stride_h - s->pad_top + tap / s->kernel_w;
            int in_x = x * s->stride_w - s->pad_left + tap % s->kernel_w;
            for (int c = depthwise ? o : 0; c < (depthwise ? o + 1 : s->in_c); c++) {
                long from = element(s, in_y, in_x, c);
                long weight = (long)tap * s->in_c + c; /* depthwise; else times out_c, plus o */
                if (from < 0)
                    continue;
                /* Two statements, so that no compiler contracts them. */
                float product = input[from] * weights[depthwise ? weight : weight * s->out_c + o];
                acc += product;
            }
        }
        output[i] = fminf(fmaxf(acc, p->out_min), p->out_max);
    }
}

void naive_mean_s8(const struct fdm_nn_mean_s8 *p, const int8_t *input, int8_t *output)
{
    int pixels = p->h * p->w;
    for (int c = 0; c < p->c; c++) {
        long sum = 0;
        for (int i = 0; i < pixels; i++)
            sum += input[i * p->c + c];
        long double mean;
        if (p->rule == FDM_NN_MEAN_FLOAT) {
            float average = (float)sum / (float)pixels;
            float product = average * p->scale;
            float offset = -(float)p->in_zero_point * p->scale;
            mean = (long double)roundf(product + offset);
        } else {
            mean = naive_scale(
                p->rule == FDM_NN_MEAN_INT_DOUBLE ? FDM_NN_ROUND_DOUBLE : FDM_NN_ROUND_SINGLE,
                (int32_t)(sum - (long)p->in_zero_point * pixels), p->multiplier, p->shift, 0.0f);
        }
        output[c] = (int8_t)limit(mean + p->out_zero_point, -128, 127);
    }
}
