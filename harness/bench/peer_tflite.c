#include "harness/bench/peer_tflite.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "reference/quantizer/tflite_writer.h"

#define XNNPACK_QS8 1u

struct xnnpack_options {
    int32_t num_threads;
    uint32_t flags;
};

struct fdm_peer {
    void *library;
    const char *(*version)(void);
    void *(*model_create)(const void *data, size_t bytes);
    void (*model_delete)(void *model);
    void *(*options_create)(void);
    void (*options_delete)(void *options);
    void (*options_threads)(void *options, int32_t count);
    void (*options_add_delegate)(void *options, void *delegate);
    void *(*delegate_create)(const struct xnnpack_options *options);
    void (*delegate_delete)(void *delegate);
    void *(*interpreter_create)(const void *model, const void *options);
    void (*interpreter_delete)(void *interpreter);
    int (*allocate)(void *interpreter);
    int (*invoke)(void *interpreter);
    void *(*input)(const void *interpreter, int32_t index);
    const void *(*output)(const void *interpreter, int32_t index);
    int (*copy_in)(void *tensor, const void *data, size_t bytes);
    int (*copy_out)(const void *tensor, void *data, size_t bytes);
    struct fdm_buf file;
    void *model, *options, *delegate, *interpreter;
};

/* ---- the library ---- */

static enum fdm_status find(const struct fdm_peer *peer, const char *name, void *function,
                            struct fdm_error *err)
{
    void *symbol = dlsym(peer->library, name);
    if (symbol == NULL)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "the TensorFlow Lite library has no %s()", name);
    memcpy(function, &symbol, sizeof symbol);
    return FDM_OK;
}

static enum fdm_status open_library(struct fdm_peer *peer, const char *path, struct fdm_error *err)
{
    const struct {
        const char *name;
        void *function;
    } functions[] = {
        {"TfLiteVersion", &peer->version},
        {"TfLiteModelCreate", &peer->model_create},
        {"TfLiteModelDelete", &peer->model_delete},
        {"TfLiteInterpreterOptionsCreate", &peer->options_create},
        {"TfLiteInterpreterOptionsDelete", &peer->options_delete},
        {"TfLiteInterpreterOptionsSetNumThreads", &peer->options_threads},
        {"TfLiteInterpreterOptionsAddDelegate", &peer->options_add_delegate},
        {"TfLiteXNNPackDelegateCreate", &peer->delegate_create},
        {"TfLiteXNNPackDelegateDelete", &peer->delegate_delete},
        {"TfLiteInterpreterCreate", &peer->interpreter_create},
        {"TfLiteInterpreterDelete", &peer->interpreter_delete},
        {"TfLiteInterpreterAllocateTensors", &peer->allocate},
        {"TfLiteInterpreterInvoke", &peer->invoke},
        {"TfLiteInterpreterGetInputTensor", &peer->input},
        {"TfLiteInterpreterGetOutputTensor", &peer->output},
        {"TfLiteTensorCopyFromBuffer", &peer->copy_in},
        {"TfLiteTensorCopyToBuffer", &peer->copy_out},
    };
    peer->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (peer->library == NULL)
        return fdm_fail(err, FDM_ERR_NOT_FOUND, "%s", dlerror());
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < sizeof functions / sizeof functions[0]; i++)
        status = find(peer, functions[i].name, functions[i].function, err);
    return status;
}

/* ---- the model ---- */

static bool computes_shape(enum fdm_op_kind kind)
{
    return kind == FDM_OP_SHAPE || kind == FDM_OP_STRIDED_SLICE || kind == FDM_OP_PACK;
}

/* The file of the graph without its computed shapes. */
static enum fdm_status write_static(const struct fdm_graph *graph, struct fdm_buf *file,
                                    struct fdm_error *err)
{
    struct fdm_graph copy = *graph;
    copy.op_count = 0;
    copy.ops = calloc(graph->op_count, sizeof *copy.ops);
    if (copy.ops == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (uint32_t i = 0; i < graph->op_count; i++) {
        if (computes_shape(graph->ops[i].kind))
            continue;
        struct fdm_op *op = &copy.ops[copy.op_count++];
        *op = graph->ops[i];
        if (op->kind == FDM_OP_RESHAPE)
            op->input_count = 1;
    }
    enum fdm_status status = fdm_tflite_write(&copy, NULL, file, err);
    free(copy.ops);
    return status;
}

static enum fdm_status open_model(struct fdm_peer *peer, struct fdm_error *err)
{
    const struct xnnpack_options xnnpack = {1, XNNPACK_QS8};
    peer->model = peer->model_create(peer->file.data, peer->file.len);
    peer->options = peer->options_create();
    peer->delegate = peer->delegate_create(&xnnpack);
    if (peer->model == NULL || peer->options == NULL || peer->delegate == NULL)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "TensorFlow Lite refuses the model");
    peer->options_threads(peer->options, 1);
    peer->options_add_delegate(peer->options, peer->delegate);
    peer->interpreter = peer->interpreter_create(peer->model, peer->options);
    if (peer->interpreter == NULL || peer->allocate(peer->interpreter) != 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "XNNPACK refuses the model");
    return FDM_OK;
}

enum fdm_status fdm_peer_open(const char *library, const struct fdm_graph *graph,
                              struct fdm_peer **out, struct fdm_error *err)
{
    struct fdm_peer *peer = calloc(1, sizeof *peer);
    *out = NULL;
    if (peer == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    fdm_buf_init(&peer->file);
    enum fdm_status status = open_library(peer, library, err);
    if (status == FDM_OK)
        status = write_static(graph, &peer->file, err);
    if (status == FDM_OK)
        status = open_model(peer, err);
    if (status == FDM_OK)
        *out = peer;
    else
        fdm_peer_free(peer);
    return status;
}

void fdm_peer_free(struct fdm_peer *peer)
{
    if (peer == NULL)
        return;
    if (peer->interpreter != NULL)
        peer->interpreter_delete(peer->interpreter);
    if (peer->delegate != NULL)
        peer->delegate_delete(peer->delegate);
    if (peer->options != NULL)
        peer->options_delete(peer->options);
    if (peer->model != NULL)
        peer->model_delete(peer->model);
    if (peer->library != NULL)
        dlclose(peer->library);
    fdm_buf_release(&peer->file);
    free(peer);
}

/* ---- inference ---- */

const char *fdm_peer_version(const struct fdm_peer *peer)
{
    return peer->version();
}

enum fdm_status fdm_peer_set_input(struct fdm_peer *peer, const void *input, size_t bytes,
                                   struct fdm_error *err)
{
    if (peer->copy_in(peer->input(peer->interpreter, 0), input, bytes) != 0)
        return fdm_fail(err, FDM_ERR_TARGET, "TensorFlow Lite takes no input of %zu bytes", bytes);
    return FDM_OK;
}

enum fdm_status fdm_peer_invoke(struct fdm_peer *peer, struct fdm_error *err)
{
    if (peer->invoke(peer->interpreter) != 0)
        return fdm_fail(err, FDM_ERR_TARGET, "TensorFlow Lite failed to infer");
    return FDM_OK;
}

enum fdm_status fdm_peer_get_output(struct fdm_peer *peer, void *output, size_t bytes,
                                    struct fdm_error *err)
{
    if (peer->copy_out(peer->output(peer->interpreter, 0), output, bytes) != 0)
        return fdm_fail(err, FDM_ERR_TARGET, "TensorFlow Lite gives no output of %zu bytes", bytes);
    return FDM_OK;
}
