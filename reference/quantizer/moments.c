#include "reference/quantizer/moments.h"

#include <stdlib.h>
#include <string.h>

#include "reference/kernels/nn_shape.h"

enum fdm_status fdm_moments_init(struct fdm_moments *moments, const struct fdm_nn_conv_shape *shape,
                                 bool depthwise, struct fdm_error *err)
{
    size_t taps = (size_t)shape->kernel_h * (size_t)shape->kernel_w;
    size_t channels = (size_t)shape->in_c;
    *moments = (struct fdm_moments){
        .shape = *shape,
        .groups = depthwise ? (uint32_t)channels : 1,
        .size = depthwise ? taps : taps * channels,
    };
    size_t inputs = taps * channels;
    size_t pairs = inputs * moments->size;
    moments->sums = calloc(inputs, sizeof *moments->sums);
    moments->real_sums = calloc(inputs, sizeof *moments->real_sums);
    moments->products = calloc(pairs, sizeof *moments->products);
    moments->cross_products = calloc(pairs, sizeof *moments->cross_products);
    moments->codes = calloc(inputs, sizeof *moments->codes);
    moments->reals = calloc(inputs, sizeof *moments->reals);
    if (moments->sums == NULL || moments->real_sums == NULL || moments->products == NULL ||
        moments->cross_products == NULL || moments->codes == NULL || moments->reals == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for the products of %zu inputs", inputs);
    return FDM_OK;
}

void fdm_moments_release(struct fdm_moments *moments)
{
    free(moments->sums);
    free(moments->real_sums);
    free(moments->products);
    free(moments->cross_products);
    free(moments->codes);
    free(moments->reals);
    *moments = (struct fdm_moments){0};
}

/* One tap's channels; depthwise, the taps of a channel come to lie side by side. */
static void gather_tap(struct fdm_moments *m, size_t tap, const int8_t *codes, int32_t zero_point,
                       const float *reals)
{
    size_t channels = (size_t)m->shape.in_c;
    for (size_t c = 0; c < channels; c++) {
        size_t at = m->groups > 1 ? c * m->size + tap : tap * channels + c;
        m->codes[at] = codes[c] - zero_point;
        m->reals[at] = reals[c];
    }
}

static void gather(struct fdm_moments *m, int32_t y, int32_t x, const int8_t *codes,
                   int32_t zero_point, const float *reals)
{
    const struct fdm_nn_conv_shape *s = &m->shape;
    struct fdm_nn_taps rows = fdm_nn_taps(y, s->stride_h, s->pad_top, s->kernel_h, s->in_h);
    struct fdm_nn_taps cols = fdm_nn_taps(x, s->stride_w, s->pad_left, s->kernel_w, s->in_w);
    memset(m->codes, 0, m->groups * m->size * sizeof *m->codes);
    memset(m->reals, 0, m->groups * m->size * sizeof *m->reals);
    for (int32_t ky = rows.begin; ky < rows.end; ky++) {
        for (int32_t kx = cols.begin; kx < cols.end; kx++) {
            size_t row = (size_t)(rows.first + ky - rows.begin);
            size_t col = (size_t)(cols.first + kx - cols.begin);
            size_t pixel = (row * (size_t)s->in_w + col) * (size_t)s->in_c;
            size_t tap = (size_t)ky * (size_t)s->kernel_w + (size_t)kx;
            gather_tap(m, tap, codes + pixel, zero_point, reals + pixel);
        }
    }
}

static void add_group(struct fdm_moments *m, uint32_t group)
{
    size_t first = group * m->size;
    const int32_t *codes = m->codes + first;
    const float *reals = m->reals + first;
    for (size_t i = 0; i < m->size; i++) {
        m->sums[first + i] += codes[i];
        m->real_sums[first + i] += (double)reals[i];
        if (codes[i] == 0)
            continue;
        int64_t *products = m->products + (first + i) * m->size;
        double *cross_products = m->cross_products + (first + i) * m->size;
        for (size_t j = 0; j <= i; j++)
            products[j] += (int64_t)codes[i] * codes[j];
        for (size_t j = 0; j < m->size; j++)
            cross_products[j] += (double)((float)codes[i] * reals[j]);
    }
}

void fdm_moments_add(struct fdm_moments *moments, const int8_t *codes, int32_t zero_point,
                     const float *reals)
{
    for (int32_t y = 0; y < moments->shape.out_h; y++) {
        for (int32_t x = 0; x < moments->shape.out_w; x++) {
            gather(moments, y, x, codes, zero_point, reals);
            for (uint32_t g = 0; g < moments->groups; g++)
                add_group(moments, g);
            moments->positions++;
        }
    }
}

static double mean_of(double sum, const struct fdm_moments *m)
{
    return m->positions > 0 ? sum / (double)m->positions : 0.0;
}

void fdm_moments_covariance(const struct fdm_moments *moments, uint32_t group, double *out)
{
    size_t n = moments->size;
    const int64_t *sums = moments->sums + group * n;
    const int64_t *products = moments->products + group * n * n;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j <= i; j++) {
            double means = mean_of((double)sums[i], moments) * mean_of((double)sums[j], moments);
            out[i * n + j] = mean_of((double)products[i * n + j], moments) - means;
            out[j * n + i] = out[i * n + j];
        }
    }
}

void fdm_moments_cross_covariance(const struct fdm_moments *moments, uint32_t group, double *out)
{
    size_t n = moments->size;
    const int64_t *sums = moments->sums + group * n;
    const double *real_sums = moments->real_sums + group * n;
    const double *products = moments->cross_products + group * n * n;
    for (size_t i = 0; i < n; i++) {
        double mean = mean_of((double)sums[i], moments);
        for (size_t j = 0; j < n; j++)
            out[i * n + j] =
                mean_of(products[i * n + j], moments) - mean * mean_of(real_sums[j], moments);
    }
}
