#include "reference/quantizer/rounding.h"

#include <math.h>
#include <stdbool.h>

#define CODE_MAX 127.0
#define SWEEPS_MAX 50

static void begin(const struct fdm_rounding *r, const float *values, const int8_t *codes,
                  size_t stride)
{
    for (size_t i = 0; i < r->count; i++)
        r->gradient[i] = r->drift[i];
    for (size_t k = 0; k < r->count; k++) {
        const double *row = r->covariance + k * r->count;
        double error = (double)r->scale * codes[k * stride] - (double)values[k * stride];
        for (size_t i = 0; i < r->count; i++)
            r->gradient[i] += row[i] * error;
    }
}

/* Whether the code of weight `i` moved. */
static bool move(const struct fdm_rounding *r, size_t i, int8_t *code)
{
    const double *row = r->covariance + i * r->count;
    if (row[i] <= 0.0)
        return false;
    double best = round(*code - r->gradient[i] / row[i] / (double)r->scale);
    best = fmax(-CODE_MAX, fmin(CODE_MAX, best));
    double change = (best - *code) * (double)r->scale;
    if (change * (2.0 * r->gradient[i] + change * row[i]) >= 0.0)
        return false;
    *code = (int8_t)best;
    for (size_t k = 0; k < r->count; k++)
        r->gradient[k] += row[k] * change;
    return true;
}

void fdm_rounding_improve(const struct fdm_rounding *rounding, const float *values, int8_t *codes,
                          size_t stride)
{
    begin(rounding, values, codes, stride);
    bool moved = true;
    for (int sweep = 0; sweep < SWEEPS_MAX && moved; sweep++) {
        moved = false;
        for (size_t i = 0; i < rounding->count; i++)
            moved = move(rounding, i, &codes[i * stride]) || moved;
    }
}
