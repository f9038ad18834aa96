#include "harness/bench/input_range.h"

#include <math.h>
#include <string.h>

#define COLOURS 3

/* The normal equations of the least-squares problem, with the right-hand side as the last column.
 */
struct normal {
    double rows[COLOURS][COLOURS + 1];
};

static const struct fdm_op *first_of(const struct fdm_graph *graph, enum fdm_op_kind kind)
{
    for (uint32_t i = 0; i < graph->op_count; i++)
        if (graph->ops[i].kind == kind)
            return &graph->ops[i];
    return NULL;
}

static void add_channel(struct normal *normal, const float *kernel, size_t taps, float mean)
{
    double sums[COLOURS] = {0};
    for (size_t tap = 0; tap < taps; tap++)
        for (size_t colour = 0; colour < COLOURS; colour++)
            sums[colour] += (double)kernel[tap * COLOURS + colour];
    for (size_t row = 0; row < COLOURS; row++) {
        for (size_t column = 0; column < COLOURS; column++)
            normal->rows[row][column] += sums[row] * sums[column];
        normal->rows[row][COLOURS] += sums[row] * (double)mean;
    }
}

static void swap_rows(double a[COLOURS + 1], double b[COLOURS + 1])
{
    double kept[COLOURS + 1];
    memcpy(kept, a, sizeof kept);
    memcpy(a, b, sizeof kept);
    memcpy(b, kept, sizeof kept);
}

/* Gauss-Jordan elimination with partial pivoting; false if the system is singular. */
static bool solve(struct normal *normal, double out[COLOURS])
{
    for (size_t pivot = 0; pivot < COLOURS; pivot++) {
        size_t best = pivot;
        for (size_t row = pivot + 1; row < COLOURS; row++)
            if (fabs(normal->rows[row][pivot]) > fabs(normal->rows[best][pivot]))
                best = row;
        if (!(fabs(normal->rows[best][pivot]) > 1e-12))
            return false;
        if (best != pivot)
            swap_rows(normal->rows[pivot], normal->rows[best]);
        for (size_t row = 0; row < COLOURS; row++) {
            if (row == pivot)
                continue;
            double factor = normal->rows[row][pivot] / normal->rows[pivot][pivot];
            for (size_t column = pivot; column <= COLOURS; column++)
                normal->rows[row][column] -= factor * normal->rows[pivot][column];
        }
    }
    for (size_t row = 0; row < COLOURS; row++)
        out[row] = normal->rows[row][COLOURS] / normal->rows[row][row];
    return true;
}

enum fdm_status fdm_input_range_estimate(const struct fdm_graph *graph, struct fdm_input_range *out,
                                         struct fdm_error *err)
{
    const struct fdm_op *conv = first_of(graph, FDM_OP_CONV_2D);
    const struct fdm_op *norm = first_of(graph, FDM_OP_BATCH_NORM);
    if (conv == NULL || norm == NULL || norm->inputs[0] != conv->output)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "%s: no convolution followed by batch normalization at the input",
                        graph->name);
    const struct fdm_tensor *weights = &graph->tensors[conv->inputs[1]];
    const struct fdm_tensor *means = &graph->tensors[norm->inputs[3]];
    if (weights->type != FDM_TYPE_F32 || weights->dims[3] != COLOURS)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: the first convolution does not read RGB",
                        graph->name);

    struct normal normal = {{{0}}};
    size_t taps = (size_t)weights->dims[1] * weights->dims[2];
    const float *kernel = weights->data;
    const float *mean = means->data;
    for (uint32_t channel = 0; channel < weights->dims[0]; channel++)
        add_channel(&normal, kernel + channel * taps * COLOURS, taps, mean[channel]);
    if (!solve(&normal, out->mean_rgb))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "%s: the first convolution's kernels do not determine the mean colour",
                        graph->name);
    out->mean = (out->mean_rgb[0] + out->mean_rgb[1] + out->mean_rgb[2]) / COLOURS;
    return FDM_OK;
}
