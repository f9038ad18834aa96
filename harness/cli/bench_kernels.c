#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/bench/kernel_bench.h"
#include "harness/cli/bench.h"
#include "reference/compiler/compile.h"

#define RUNS_DEFAULT 50
#define KERNELS_MAX 64 /* rows of tuned.def */
#define SHAPES_KEYS 6  /* columns that tell the rows apart */

struct kernels {
    struct fdm_bench_request *request;
    struct fdm_table *shapes;
    double *faster[KERNELS_MAX]; /* by kernel, one value a shape */
    size_t shape_counts[KERNELS_MAX];
};

/* ---- every shape ---- */

static void add_shape_columns(struct fdm_table *table, const struct fdm_bench_request *request)
{
    static const struct fdm_table_column head[SHAPES_KEYS] = {
        {"kernel", "Kernel", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"semantics", "Semantics", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"model", "Model", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"input", "Input", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"output", "Output", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"window", "Window", FDM_ALIGN_LEFT, FDM_FOR_ALL},
    };
    static const struct fdm_table_column tail[] = {
        {"reference_us", "Reference us", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"faster", "Faster", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"gmacs_per_s", "GMAC/s", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    fdm_table_add_columns(table, head, SHAPES_KEYS);
    fdm_bench_add_timing_columns(table);
    fdm_table_add_columns(table, tail, sizeof tail / sizeof tail[0]);
    fdm_bench_add_baseline_columns(table, &request->baseline, "baseline_us", "Before us");
}

static void add_size(struct fdm_table *table, const struct fdm_network_tensor *tensor)
{
    fdm_table_add_textf(table, "%dx%dx%d", tensor->h, tensor->w, tensor->c);
}

/* "3x3/2": the size, and the stride where there is one. */
static void add_window(struct fdm_table *table, const struct fdm_network_layer *layer)
{
    const struct fdm_nn_conv_shape *shape = fdm_network_conv_shape(layer);
    if (shape == NULL)
        fdm_table_add_none(table);
    else if (shape->stride_h == 1 && shape->stride_w == 1)
        fdm_table_add_textf(table, "%dx%d", shape->kernel_h, shape->kernel_w);
    else
        fdm_table_add_textf(table, "%dx%d/%d", shape->kernel_h, shape->kernel_w, shape->stride_h);
}

static void add_shape(struct kernels *kernels, const char *model, const struct fdm_network *network,
                      const struct fdm_kernel_time *time)
{
    struct fdm_table *table = kernels->shapes;
    const struct fdm_network_layer *layer = &network->layers[time->layer];
    double us = time->tuned.us.median;
    fdm_table_add_text(table, time->kernel->name);
    fdm_table_add_text(table, network->semantics != NULL ? network->semantics : "float");
    fdm_table_add_text(table, model);
    add_size(table, &network->tensors[layer->input]);
    add_size(table, &network->tensors[layer->output]);
    add_window(table, layer);
    fdm_bench_add_timing(table, &time->tuned);
    fdm_table_add_real(table, time->reference.us.median, 2);
    fdm_table_add_real(table, time->reference.us.median / us, 1);
    fdm_table_add_real(table, layer->macs > 0 ? (double)layer->macs / us / 1000.0 : NAN, 1);
    fdm_bench_compare(table, &kernels->request->baseline, SHAPES_KEYS, "median_us");
}

/* ---- measuring ---- */

static enum fdm_status note_faster(struct kernels *kernels, const struct fdm_kernel_time *time,
                                   struct fdm_error *err)
{
    size_t row = (size_t)(time->kernel - fdm_nn_tuned_kernels);
    size_t count = kernels->shape_counts[row];
    double *grown = realloc(kernels->faster[row], (count + 1) * sizeof *grown);
    if (grown == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    grown[count] = time->reference.us.median / time->tuned.us.median;
    kernels->faster[row] = grown;
    kernels->shape_counts[row]++;
    return FDM_OK;
}

static enum fdm_status time_layer(struct kernels *kernels, const char *model,
                                  const struct fdm_network *network, uint32_t layer,
                                  struct fdm_error *err)
{
    const struct fdm_nn_kernel *suited[KERNELS_MAX];
    uint32_t runs = kernels->request->runs != 0 ? kernels->request->runs : RUNS_DEFAULT;
    size_t count = fdm_kernel_bench_find(network, layer, suited, KERNELS_MAX);
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < count && i < KERNELS_MAX; i++) {
        struct fdm_kernel_time time;
        status = fdm_kernel_bench_run(network, layer, suited[i], runs, &time, err);
        if (status == FDM_OK)
            status = note_faster(kernels, &time, err);
        if (status == FDM_OK)
            add_shape(kernels, model, network, &time);
    }
    return status;
}

static enum fdm_status time_model(void *context, const char *name, const struct fdm_graph *graph,
                                  struct fdm_error *err)
{
    struct kernels *kernels = context;
    const struct fdm_semantics *semantics = fdm_semantics_find(kernels->request->semantics);
    struct fdm_network *network = NULL;
    enum fdm_status status = fdm_compile(graph, semantics, NULL, &network, err);
    for (uint32_t i = 0; status == FDM_OK && i < network->layer_count; i++)
        status = time_layer(kernels, name, network, i, err);
    fdm_network_free(network);
    return status;
}

/* ---- every kernel ---- */

static void add_kernel(struct fdm_table *table, const char *name, double *faster, size_t count)
{
    struct fdm_summary summary = fdm_stats_summarize(faster, count);
    fdm_table_add_text(table, name);
    fdm_table_add_int(table, (int64_t)count);
    fdm_table_add_real(table, count > 0 ? summary.min : NAN, 1);
    fdm_table_add_real(table, count > 0 ? summary.median : NAN, 1);
    fdm_table_add_real(table, count > 0 ? summary.max : NAN, 1);
}

/* All rows of tuned.def for this processor, also those that no layer suited. */
static void add_kernels(struct fdm_report *report, struct fdm_table *table, struct kernels *kernels)
{
    static const struct fdm_table_column columns[] = {
        {"kernel", "Kernel", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"shapes", "Shapes", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"faster_least", "Faster: least", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"faster_median", "median", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"faster_most", "most", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    char note[96];
    size_t others = 0;
    fdm_table_add_columns(table, columns, sizeof columns / sizeof columns[0]);
    for (size_t i = 0; i < KERNELS_MAX && fdm_nn_tuned_kernels[i].name != NULL; i++) {
        if (fdm_kernel_runs_here(&fdm_nn_tuned_kernels[i]))
            add_kernel(table, fdm_nn_tuned_kernels[i].name, kernels->faster[i],
                       kernels->shape_counts[i]);
        else
            others++;
    }
    snprintf(note, sizeof note, "%zu more kernels are for other processors than this one.", others);
    if (others > 0)
        fdm_report_add_legend(report, note);
}

enum fdm_status fdm_bench_kernels(struct fdm_bench_request *request, struct fdm_report *report,
                                  struct fdm_error *err)
{
    struct kernels kernels = {.request = request};
    struct fdm_table *table = fdm_report_add_table(report, "kernels", "Kernels");
    kernels.shapes = fdm_report_add_table(report, "shapes", "Shapes");
    add_shape_columns(kernels.shapes, request);
    enum fdm_status status = fdm_bench_each_model(request, &kernels, time_model, err);
    if (status == FDM_OK)
        add_kernels(report, table, &kernels);
    for (size_t i = 0; i < KERNELS_MAX; i++)
        free(kernels.faster[i]);
    return status;
}
