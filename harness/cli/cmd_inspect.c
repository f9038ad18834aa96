#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/bench/input_range.h"
#include "harness/cli/cmd.h"
#include "harness/cli/inspect_plan.h"
#include "harness/cli/supply.h"
#include "harness/cli/workspace.h"
#include "reference/graph/graph.h"
#include "reference/importers/importers.h"
#include "reports/report.h"

static const struct fdm_usage usage = {
    "inspect",
    "inspect FILE [--tensors] [--plan] [--arena-limit BYTES] [--board BOARD] [--json]",
    "Prints what a model file holds: operators, shapes, quantization, parameters, "
    "multiply-accumulates,\n"
    "bytes of weights. Multiply-accumulates count every tap, padding included, biases not.\n"
    "With --plan, --arena-limit or --board also where each activation lies in the arena, how many "
    "of\n"
    "its rows are held there, and for how long.\n"
    "A FILE that is not here may be a published path, as `fdm-bench fetch` lists them.",
    "  fdm-bench inspect fdmobilenet_0.25_224_tfs_int8.tflite\n"
    "  fdm-bench inspect model.h5 --json | jq .parameters\n"
    "  fdm-bench inspect model.tflite --board emulated-cortex-m7 --arena-limit 28K\n"
    "  fdm-bench inspect "
    "flowers/fdmobilenet_0.25_224_tfs/fdmobilenet_0.25_224_tfs_int8.tflite --fetch",
};

static void shape_text(const struct fdm_tensor *tensor, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (uint32_t i = 0; i < tensor->rank && used < size; i++)
        used +=
            (size_t)snprintf(out + used, size - used, "%s%u", i > 0 ? "x" : "", tensor->dims[i]);
}

static void add_shape(struct fdm_table *table, const struct fdm_tensor *tensor)
{
    char text[96];
    shape_text(tensor, text, sizeof text);
    fdm_table_add_text(table, text);
}

static void add_quant(struct fdm_table *table, const struct fdm_tensor *tensor)
{
    const struct fdm_quant *quant = &tensor->quant;
    if (quant->count == 0) {
        fdm_table_add_none(table);
        return;
    }
    if (quant->count == 1) {
        fdm_table_add_textf(table, "%.9g, zero point %d", (double)quant->scales[0],
                            quant->zero_points[0]);
        return;
    }
    float low = quant->scales[0];
    float high = low;
    for (uint32_t i = 1; i < quant->count; i++) {
        low = quant->scales[i] < low ? quant->scales[i] : low;
        high = quant->scales[i] > high ? quant->scales[i] : high;
    }
    fdm_table_add_textf(table, "%u scales %.4g to %.4g, axis %u", quant->count, (double)low,
                        (double)high, quant->axis);
}

static void add_operators(struct fdm_report *report, const struct fdm_graph *graph)
{
    struct fdm_table *table = fdm_report_add_table(report, "operators", "Operators");
    if (table == NULL)
        return;
    fdm_table_add_column(table, "index", "#", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(table, "operator", "operator", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "name", "name", FDM_ALIGN_LEFT, FDM_FOR_MACHINES);
    fdm_table_add_column(table, "input", "input", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "weights", "weights", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "output", "output", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "stride", "stride", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(table, "output_quantization", "output quantization", FDM_ALIGN_LEFT,
                         FDM_FOR_ALL);
    fdm_table_add_column(table, "macs", "MACs", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    for (uint32_t i = 0; i < graph->op_count; i++) {
        const struct fdm_op *op = &graph->ops[i];
        bool conv = op->kind == FDM_OP_CONV_2D || op->kind == FDM_OP_DEPTHWISE_CONV;
        fdm_table_add_int(table, i);
        fdm_table_add_text(table, fdm_op_name(op->kind));
        fdm_table_add_text(table, op->name);
        add_shape(table, &graph->tensors[op->inputs[0]]);
        if (conv)
            add_shape(table, &graph->tensors[op->inputs[1]]);
        else
            fdm_table_add_none(table);
        add_shape(table, &graph->tensors[op->output]);
        if (conv)
            fdm_table_add_int(table, op->stride_h);
        else
            fdm_table_add_none(table);
        add_quant(table, &graph->tensors[op->output]);
        fdm_table_add_int(table, (int64_t)fdm_op_macs(graph, op));
    }
}

static void add_tensors(struct fdm_report *report, const struct fdm_graph *graph)
{
    struct fdm_table *table = fdm_report_add_table(report, "tensors", "Tensors");
    if (table == NULL)
        return;
    fdm_table_add_column(table, "index", "#", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(table, "name", "name", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "type", "type", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "shape", "shape", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    fdm_table_add_column(table, "constant_bytes", "constant bytes", FDM_ALIGN_RIGHT, FDM_FOR_ALL);
    fdm_table_add_column(table, "quantization", "quantization", FDM_ALIGN_LEFT, FDM_FOR_ALL);
    for (uint32_t i = 0; i < graph->tensor_count; i++) {
        const struct fdm_tensor *tensor = &graph->tensors[i];
        fdm_table_add_int(table, tensor->file_index);
        fdm_table_add_text(table, tensor->name);
        fdm_table_add_text(table, fdm_type_name(tensor->type));
        add_shape(table, tensor);
        if (tensor->data != NULL)
            fdm_table_add_int(table, (int64_t)tensor->data_bytes);
        else
            fdm_table_add_none(table);
        add_quant(table, tensor);
    }
}

static void add_totals(struct fdm_report *report, const struct fdm_graph *graph)
{
    struct fdm_graph_totals totals = fdm_graph_totals(graph);
    const struct {
        const char *key;
        const char *label;
        uint64_t value;
    } rows[] = {
        {"file_bytes", "file", graph->file_bytes},
        {"parameters", "parameters", totals.parameters},
        {"weight_count", "weights", totals.weight_count},
        {"bias_count", "biases", totals.bias_count},
        {"other_parameters", "batch norm parameters", totals.other_parameters},
        {"macs", "multiply-accumulates", totals.macs},
        {"weight_bytes", "Weights Flash (weights and biases)", totals.weight_bytes},
        {"scale_bytes", "weight scales", totals.scale_bytes},
        {"activation_bytes", "largest live activations", totals.activation_bytes},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        bool bytes = strstr(rows[i].key, "bytes") != NULL;
        snprintf(text, sizeof text, "%llu bytes = %.2f KiB", (unsigned long long)rows[i].value,
                 (double)rows[i].value / 1024.0);
        fdm_report_add_number(report, rows[i].key, rows[i].label, (double)rows[i].value,
                              bytes ? text : NULL);
    }
}

static void add_facts(struct fdm_report *report, const struct fdm_graph *graph, const char *path)
{
    char text[96];
    struct fdm_input_range range;
    fdm_report_add_fact(report, "file", "file", path);
    fdm_report_add_fact(report, "sha256", "sha256", graph->sha256);
    fdm_report_add_fact(report, "model", "model", graph->name);
    fdm_report_add_fact(report, "format", "format", fdm_format_name(graph->format));
    shape_text(&graph->tensors[graph->input], text, sizeof text);
    fdm_report_add_fact(report, "input", "input", text);
    shape_text(&graph->tensors[graph->output], text, sizeof text);
    fdm_report_add_fact(report, "output", "output", text);
    const struct fdm_quant *quant = &graph->tensors[graph->input].quant;
    if (quant->count == 1) {
        double scale = (double)quant->scales[0];
        snprintf(text, sizeof text, "%.9g, zero point %d: real %.4g to %.4g", scale,
                 quant->zero_points[0], scale * (0 - quant->zero_points[0]),
                 scale * (255 - quant->zero_points[0]));
        fdm_report_add_fact(report, "input_quantization", "input quantization", text);
    } else if (fdm_input_range_estimate(graph, &range, NULL) == FDM_OK) {
        snprintf(text, sizeof text, "%.2f %.2f %.2f (by batch normalization)", range.mean_rgb[0],
                 range.mean_rgb[1], range.mean_rgb[2]);
        fdm_report_add_fact(report, "training_mean_rgb", "mean RGB in training", text);
    }
}

static enum fdm_status inspect(const char *name, const struct fdm_supply *supply, bool tensors,
                               const struct fdm_inspect_plan *plan, const struct fdm_output *output,
                               struct fdm_error *err)
{
    char *path = NULL;
    struct fdm_graph *graph = NULL;
    struct fdm_report report;
    struct fdm_buf text;
    enum fdm_report_format format = FDM_REPORT_TERMINAL;
    fdm_report_init(&report, "model", fdm_fs_basename(name));
    fdm_buf_init(&text);
    enum fdm_status status = fdm_output_format(output, &format, err);
    if (status == FDM_OK)
        status = fdm_supply_model(supply, NULL, name, &path, err);
    if (status == FDM_OK)
        status = fdm_import_file(path, &graph, err);
    if (status == FDM_OK) {
        add_facts(&report, graph, path);
        add_totals(&report, graph);
        add_operators(&report, graph);
        if (tensors)
            add_tensors(&report, graph);
        status = fdm_inspect_add_plan(plan, graph, &report, err);
    }
    if (status == FDM_OK)
        status = fdm_report_render(&report, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, output->path, err);
    fdm_graph_free(graph);
    fdm_report_release(&report);
    fdm_buf_release(&text);
    free(path);
    return status;
}

int fdm_cmd_inspect(int argc, char **argv)
{
    bool tensors = false;
    struct fdm_inspect_plan plan = {0};
    struct fdm_supply supply = {0};
    struct fdm_output output = {0};
    const struct fdm_opt options[] = {
        {"tensors", NULL, "list every tensor too", FDM_OPT_FLAG, &tensors, 0, 0},
        {"plan", NULL, "the arena's plan: offset, bytes, rows and life of each tensor",
         FDM_OPT_FLAG, &plan.wanted, 0, 0},
        {"arena-limit", "BYTES", "the plan within this limit; see `fdm-bench build --help`",
         FDM_OPT_BYTES, &plan.arena_limit, 1, UINT32_MAX},
        {"board", "BOARD",
         "the plan for this board's kernels and limit (default: the reference, no limit)",
         FDM_OPT_TEXT, &plan.board, 0, 0},
        FDM_SUPPLY_OPTIONS(&supply),
        FDM_OUTPUT_OPTIONS(&output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    const char *path = NULL;
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, &path, 1, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    if (operands == 0)
        fdm_fail(&err, FDM_ERR_USAGE, "which FILE? usage: fdm-bench %s", usage.synopsis);
    else
        inspect(path, &supply, tensors, &plan, &output, &err);
    return err.status == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
}
