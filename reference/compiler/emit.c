#include "reference/compiler/emit.h"

#include <inttypes.h>

#include "reference/compiler/emit_value.h"

static const char *op_name(enum fdm_nn_op op)
{
    static const char *const names[] = {
#define FDM_NN_KERNEL(NAME, name) "FDM_NN_OP_" #NAME,
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
    };
    return names[op];
}

static bool is_float(enum fdm_nn_op op)
{
    return op == FDM_NN_OP_CONV_F32 || op == FDM_NN_OP_DWCONV_F32;
}

static void emit_arrays(struct fdm_buf *out, const struct fdm_network_layer *layer, uint32_t index)
{
    enum fdm_emit_type weights = is_float(layer->op) ? FDM_EMIT_F32 : FDM_EMIT_S8;
    enum fdm_emit_type bias = is_float(layer->op) ? FDM_EMIT_F32 : FDM_EMIT_S32;
    size_t weight_bytes = is_float(layer->op) ? sizeof(float) : 1;
    fdm_emit_array(out, "weights", index, weights, layer->weights,
                   layer->weights_bytes / weight_bytes);
    fdm_emit_array(out, "bias", index, bias, layer->bias, layer->bias_bytes / sizeof(int32_t));
    fdm_emit_param_arrays(out, layer, index);
}

static void emit_layer(struct fdm_buf *out, const struct fdm_network_layer *layer, uint32_t index)
{
    fdm_buf_printf(out,
                   "    {.op = %s, .input = %" PRIu32 ", .output = %" PRIu32
                   ", .run = fdm_nn_%s_run,\n     .weights = ",
                   op_name(layer->op), layer->input, layer->output, layer->kernel);
    fdm_emit_array_name(out, "weights", index, layer->weights);
    fdm_buf_puts(out, ", .bias = ");
    fdm_emit_array_name(out, "bias", index, layer->bias);
    fdm_buf_printf(out, ", .scratch_offset = %zu,\n     ", layer->scratch_offset);
    fdm_emit_params(out, layer, index);
    fdm_buf_printf(
        out, ",\n     FDM_NETWORK_TOLD(.file_tensor = %" PRIu32 ", .name = ", layer->file_tensor);
    fdm_emit_text(out, layer->name);
    fdm_buf_printf(out,
                   ", .kernel = \"%s\",\n     .weights_bytes = %zu, .bias_bytes = %zu,"
                   " .scratch_bytes = %zu, .macs = UINT64_C(%" PRIu64 "))},\n",
                   layer->kernel, layer->weights_bytes, layer->bias_bytes, layer->scratch_bytes,
                   layer->macs);
}

static void emit_tensor(struct fdm_buf *out, const struct fdm_network_tensor *tensor)
{
    static const char *const types[] = {[FDM_NETWORK_U8] = "FDM_NETWORK_U8",
                                        [FDM_NETWORK_S8] = "FDM_NETWORK_S8",
                                        [FDM_NETWORK_F32] = "FDM_NETWORK_F32"};
    fdm_buf_printf(out,
                   "    {.type = %s, .h = %" PRId32 ", .w = %" PRId32 ", .c = %" PRId32
                   ", .offset = %zu, .bytes = %zu, .ring = %" PRId32
                   ",\n     FDM_NETWORK_TOLD(.zero_point = %" PRId32 ", .scale = ",
                   types[tensor->type], tensor->h, tensor->w, tensor->c, tensor->offset,
                   tensor->bytes, tensor->ring, tensor->zero_point);
    fdm_emit_float(out, tensor->scale);
    fdm_buf_puts(out, ")},\n");
}

static void emit_network(struct fdm_buf *out, const struct fdm_network *network, const char *name)
{
    fdm_buf_printf(out, "extern const struct fdm_network %s;\nconst struct fdm_network %s = {",
                   name, name);
    fdm_buf_puts(out, "\n    .name = ");
    fdm_emit_text(out, network->name);
    fdm_buf_puts(out, ",\n    .sha256 = ");
    fdm_emit_text(out, network->sha256);
    fdm_buf_puts(out, ",\n    .semantics = ");
    fdm_emit_text(out, network->semantics);
    fdm_buf_printf(out,
                   ",\n    .engine = \"%s\", .layers = layers, .tensors = tensors,"
                   "\n    .layer_count = %" PRIu32 ", .tensor_count = %" PRIu32
                   ", .input = %" PRIu32 ", .output = %" PRIu32 ", .streamed = %" PRIu32
                   ",\n    .activation_bytes = %zu, .scratch_bytes = %zu,"
                   " .arena_bytes = %zu,\n};\n",
                   network->engine, network->layer_count, network->tensor_count, network->input,
                   network->output, network->streamed, network->activation_bytes,
                   network->scratch_bytes, network->arena_bytes);
}

static void emit_memory(struct fdm_buf *out, const char *name, size_t bytes)
{
    if (name == NULL)
        return;
    fdm_buf_printf(out,
                   "extern unsigned char %s[%zu];\n"
                   "_Alignas(FDM_NETWORK_ALIGNMENT) unsigned char %s[%zu];\n",
                   name, bytes, name, bytes);
}

static enum fdm_status check_names(const struct fdm_network *network,
                                   const struct fdm_emit_options *options, struct fdm_error *err)
{
    const char *names[] = {options->network, network->engine, options->arena, options->input};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i] != NULL && !fdm_emit_is_identifier(names[i]))
            return fdm_fail(err, FDM_ERR_USAGE, "'%s' is no identifier in C", names[i]);
    }
    for (uint32_t i = 0; i < network->layer_count; i++) {
        if (!fdm_emit_is_identifier(network->layers[i].kernel))
            return fdm_fail(err, FDM_ERR_USAGE, "layer %u has no kernel", i);
    }
    return FDM_OK;
}

enum fdm_status fdm_emit_c(const struct fdm_network *network,
                           const struct fdm_emit_options *options, struct fdm_buf *out,
                           struct fdm_error *err)
{
    enum fdm_status status = check_names(network, options, err);
    if (status != FDM_OK)
        return status;
    fdm_buf_puts(out, "/* Made by fdm-bench from a model file; see .sha256 below. */\n"
                      "#include \"reference/network/network.h\"\n\n#include <math.h>\n\n");
    for (uint32_t i = 0; i < network->layer_count; i++)
        emit_arrays(out, &network->layers[i], i);
    fdm_buf_puts(out, "static const struct fdm_network_layer layers[] = {\n");
    for (uint32_t i = 0; i < network->layer_count; i++)
        emit_layer(out, &network->layers[i], i);
    fdm_buf_puts(out, "};\nstatic const struct fdm_network_tensor tensors[] = {\n");
    for (uint32_t i = 0; i < network->tensor_count; i++)
        emit_tensor(out, &network->tensors[i]);
    fdm_buf_puts(out, "};\n");
    emit_network(out, network, options->network);
    emit_memory(out, options->arena, network->arena_bytes);
    const struct fdm_network_tensor *input = &network->tensors[network->input];
    bool streamed = input->ring != 0 && input->ring != input->h;
    emit_memory(out, options->input, streamed ? 1 : input->bytes);
    return fdm_buf_check(out, err);
}
