#include "reference/quantizer/tap_means.h"

#include <stdlib.h>

#include "reference/kernels/nn_shape.h"

static size_t tap_count(const struct fdm_nn_conv_shape *shape)
{
    return (size_t)shape->kernel_h * (size_t)shape->kernel_w;
}

enum fdm_status fdm_tap_means_init(struct fdm_tap_means *means,
                                   const struct fdm_nn_conv_shape *shape, struct fdm_error *err)
{
    *means = (struct fdm_tap_means){.shape = *shape};
    means->sums = calloc(tap_count(shape) * (size_t)shape->in_c, sizeof *means->sums);
    return means->sums != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "no memory for means");
}

void fdm_tap_means_release(struct fdm_tap_means *means)
{
    free(means->sums);
    *means = (struct fdm_tap_means){0};
}

/* Where the window at (y, x) lies; calls `add` for each pixel of it that is inside. */
struct window {
    const struct fdm_nn_conv_shape *shape;
    struct fdm_nn_taps rows, cols;
};

static struct window window_at(const struct fdm_nn_conv_shape *s, int32_t y, int32_t x)
{
    return (struct window){s, fdm_nn_taps(y, s->stride_h, s->pad_top, s->kernel_h, s->in_h),
                           fdm_nn_taps(x, s->stride_w, s->pad_left, s->kernel_w, s->in_w)};
}

static size_t tap_at(const struct window *w, int32_t ky, int32_t kx)
{
    return ((size_t)ky * (size_t)w->shape->kernel_w + (size_t)kx) * (size_t)w->shape->in_c;
}

static size_t pixel_at(const struct window *w, int32_t ky, int32_t kx)
{
    size_t row = (size_t)(w->rows.first + ky - w->rows.begin);
    size_t col = (size_t)(w->cols.first + kx - w->cols.begin);
    return (row * (size_t)w->shape->in_w + col) * (size_t)w->shape->in_c;
}

void fdm_tap_means_add_f32(struct fdm_tap_means *means, const float *input)
{
    const struct fdm_nn_conv_shape *s = &means->shape;
    for (int32_t i = 0; i < s->out_h * s->out_w; i++) {
        struct window w = window_at(s, i / s->out_w, i % s->out_w);
        for (int32_t ky = w.rows.begin; ky < w.rows.end; ky++) {
            for (int32_t kx = w.cols.begin; kx < w.cols.end; kx++) {
                double *sums = means->sums + tap_at(&w, ky, kx);
                const float *pixel = input + pixel_at(&w, ky, kx);
                for (int32_t c = 0; c < s->in_c; c++)
                    sums[c] += (double)pixel[c];
            }
        }
        means->positions++;
    }
}

void fdm_tap_means_add_s8(struct fdm_tap_means *means, const int8_t *input, float scale,
                          int32_t zero_point)
{
    const struct fdm_nn_conv_shape *s = &means->shape;
    for (int32_t i = 0; i < s->out_h * s->out_w; i++) {
        struct window w = window_at(s, i / s->out_w, i % s->out_w);
        for (int32_t ky = w.rows.begin; ky < w.rows.end; ky++) {
            for (int32_t kx = w.cols.begin; kx < w.cols.end; kx++) {
                double *sums = means->sums + tap_at(&w, ky, kx);
                const int8_t *pixel = input + pixel_at(&w, ky, kx);
                for (int32_t c = 0; c < s->in_c; c++)
                    sums[c] += (double)scale * (pixel[c] - zero_point);
            }
        }
        means->positions++;
    }
}

double fdm_tap_means_output(const struct fdm_tap_means *means, const float *weights, bool depthwise,
                            uint32_t channel)
{
    size_t in_c = (size_t)means->shape.in_c;
    size_t taps = tap_count(&means->shape);
    double sum = 0.0;
    if (depthwise) {
        for (size_t t = 0; t < taps; t++)
            sum += means->sums[t * in_c + channel] * (double)weights[t * in_c + channel];
    } else {
        const float *row = weights + channel * taps * in_c;
        for (size_t i = 0; i < taps * in_c; i++)
            sum += means->sums[i] * (double)row[i];
    }
    return means->positions > 0 ? sum / (double)means->positions : 0.0;
}
