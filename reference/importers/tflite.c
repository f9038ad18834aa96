#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "reference/importers/importers.h"
#include "reference/importers/tflite_model.h"
#include "reference/importers/tflite_schema.h"

static enum fdm_status open_subgraph(struct fdm_tflite *model, const struct fdm_fb_table *root,
                                     struct fdm_error *err)
{
    struct fdm_fb_vector subgraphs;
    enum fdm_status status = fdm_fb_get_vector(root, MODEL_SUBGRAPHS, 4, &subgraphs, err);
    if (status != FDM_OK)
        return status;
    if (subgraphs.count != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%u subgraphs, only models of one are supported",
                        subgraphs.count);
    status = fdm_fb_table_at(&subgraphs, 0, &model->subgraph, err);
    if (status == FDM_OK)
        status = fdm_fb_get_vector(&model->subgraph, SUBGRAPH_TENSORS, 4, &model->tensors, err);
    if (status == FDM_OK)
        status = fdm_fb_get_vector(&model->subgraph, SUBGRAPH_OPERATORS, 4, &model->operators, err);
    return status;
}

static enum fdm_status open_model(struct fdm_tflite *model, struct fdm_error *err)
{
    char identifier[5];
    fdm_fb_identifier(&model->fb, identifier);
    if (strcmp(identifier, TFLITE_IDENTIFIER) != 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte 4: no TensorFlow Lite model, '%s' is missing",
                        TFLITE_IDENTIFIER);
    struct fdm_fb_table root;
    uint32_t version = 0;
    enum fdm_status status = fdm_fb_root(&model->fb, &root, err);
    if (status == FDM_OK)
        status = fdm_fb_get_u32(&root, MODEL_VERSION, 0, &version, err);
    if (status != FDM_OK)
        return status;
    if (version != TFLITE_VERSION)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "schema version %u, only %d is supported",
                        version, TFLITE_VERSION);
    status = fdm_fb_get_vector(&root, MODEL_OPERATOR_CODES, 4, &model->operator_codes, err);
    if (status == FDM_OK)
        status = fdm_fb_get_vector(&root, MODEL_BUFFERS, 4, &model->buffers, err);
    return status == FDM_OK ? open_subgraph(model, &root, err) : status;
}

/* The one tensor that the model reads, or that it gives. */
static enum fdm_status read_end(const struct fdm_tflite *model, unsigned field, const char *what,
                                uint32_t *out, struct fdm_error *err)
{
    struct fdm_fb_vector ends;
    enum fdm_status status = fdm_fb_get_vector(&model->subgraph, field, 4, &ends, err);
    if (status != FDM_OK)
        return status;
    if (ends.count != 1)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%u %ss, only models of one are supported",
                        ends.count, what);
    int32_t index = fdm_fb_i32_at(&ends, 0);
    if (index < 0 || (uint32_t)index >= model->graph->tensor_count)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: the %s is tensor %d of %u", ends.at, what,
                        index, model->graph->tensor_count);
    *out = (uint32_t)index;
    return FDM_OK;
}

static enum fdm_status build(struct fdm_tflite *model, struct fdm_error *err)
{
    struct fdm_graph *graph = model->graph;
    enum fdm_status status = fdm_tflite_read_tensors(model, err);
    if (status == FDM_OK)
        status = read_end(model, SUBGRAPH_INPUTS, "input", &graph->input, err);
    if (status == FDM_OK)
        status = read_end(model, SUBGRAPH_OUTPUTS, "output", &graph->output, err);
    if (status == FDM_OK)
        status = fdm_tflite_read_ops(model, err);
    return status == FDM_OK ? fdm_graph_check(graph, err) : status;
}

enum fdm_status fdm_import_tflite(const uint8_t *bytes, size_t len, const char *name,
                                  struct fdm_graph **out, struct fdm_error *err)
{
    struct fdm_tflite model = {0};
    *out = NULL;
    if (len > FDM_IMPORT_MAX_BYTES)
        return fdm_fail(err, FDM_ERR_MEMORY, "%s: %zu bytes, more than the %zu allowed", name, len,
                        FDM_IMPORT_MAX_BYTES);
    enum fdm_status status = fdm_fb_open(&model.fb, bytes, len, err);
    if (status == FDM_OK)
        status = open_model(&model, err);
    if (status == FDM_OK)
        status = fdm_graph_new(fdm_fs_basename(name), &model.graph, err);
    if (status == FDM_OK)
        status = build(&model, err);
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", name);
        fdm_graph_free(model.graph);
        return status;
    }
    model.graph->file_bytes = len;
    fdm_sha256_hex(bytes, len, model.graph->sha256);
    *out = model.graph;
    return FDM_OK;
}
