#include "reference/compiler/emit_value.h"

#include <inttypes.h>

static void emit_shape(struct fdm_buf *out, const struct fdm_nn_conv_shape *s)
{
    fdm_buf_printf(out,
                   "{.in_h = %" PRId32 ", .in_w = %" PRId32 ", .in_c = %" PRId32
                   ", .out_h = %" PRId32 ", .out_w = %" PRId32 ", .out_c = %" PRId32
                   ", .kernel_h = %" PRId32 ", .kernel_w = %" PRId32 ", .stride_h = %" PRId32
                   ", .stride_w = %" PRId32 ", .pad_top = %" PRId32 ", .pad_left = %" PRId32 "}",
                   s->in_h, s->in_w, s->in_c, s->out_h, s->out_w, s->out_c, s->kernel_h,
                   s->kernel_w, s->stride_h, s->stride_w, s->pad_top, s->pad_left);
}

/* Only what the rule reads. */
static struct fdm_nn_requant read_by_rule(const struct fdm_nn_requant *requant)
{
    struct fdm_nn_requant read = *requant;
    if (requant->rounding == FDM_NN_ROUND_FP32) {
        read.multiplier = NULL;
        read.shift = NULL;
    } else {
        read.scale = NULL;
    }
    return read;
}

static void emit_requant_arrays(struct fdm_buf *out, const struct fdm_nn_conv_s8 *conv,
                                uint32_t index)
{
    struct fdm_nn_requant r = read_by_rule(&conv->requant);
    size_t count = (size_t)conv->shape.out_c;
    fdm_emit_array(out, "multiplier", index, FDM_EMIT_S32, r.multiplier, count);
    fdm_emit_array(out, "shift", index, FDM_EMIT_S8, r.shift, count);
    fdm_emit_array(out, "scale", index, FDM_EMIT_F32, r.scale, count);
}

static const char *rounding_name(enum fdm_nn_rounding rounding)
{
    switch (rounding) {
    case FDM_NN_ROUND_SINGLE:
        return "FDM_NN_ROUND_SINGLE";
    case FDM_NN_ROUND_DOUBLE:
        return "FDM_NN_ROUND_DOUBLE";
    case FDM_NN_ROUND_NEON:
        return "FDM_NN_ROUND_NEON";
    case FDM_NN_ROUND_FP32:
        break;
    }
    return "FDM_NN_ROUND_FP32";
}

static void emit_conv_s8(struct fdm_buf *out, const struct fdm_nn_conv_s8 *p, uint32_t index)
{
    struct fdm_nn_requant r = read_by_rule(&p->requant);
    fdm_buf_puts(out, "{.shape = ");
    emit_shape(out, &p->shape);
    fdm_buf_printf(
        out,
        ",\n     .in_zero_point = %" PRId32 ", .out_zero_point = %" PRId32 ", .out_min = %" PRId32
        ", .out_max = %" PRId32 ",\n     .requant = {.rounding = %s, .multiplier = ",
        p->in_zero_point, p->out_zero_point, p->out_min, p->out_max, rounding_name(r.rounding));
    fdm_emit_array_name(out, "multiplier", index, r.multiplier);
    fdm_buf_puts(out, ", .shift = ");
    fdm_emit_array_name(out, "shift", index, r.shift);
    fdm_buf_puts(out, ", .scale = ");
    fdm_emit_array_name(out, "scale", index, r.scale);
    fdm_buf_puts(out, "}}");
}

static void emit_mean_s8(struct fdm_buf *out, const struct fdm_nn_mean_s8 *p)
{
    static const char *const rules[] = {[FDM_NN_MEAN_FLOAT] = "FDM_NN_MEAN_FLOAT",
                                        [FDM_NN_MEAN_INT_DOUBLE] = "FDM_NN_MEAN_INT_DOUBLE",
                                        [FDM_NN_MEAN_INT_SINGLE] = "FDM_NN_MEAN_INT_SINGLE"};
    fdm_buf_printf(out,
                   "{.h = %" PRId32 ", .w = %" PRId32 ", .c = %" PRId32
                   ", .rule = %s, .in_zero_point = %" PRId32 ", .out_zero_point = %" PRId32
                   ",\n     .multiplier = %" PRId32 ", .shift = %" PRId32 ", .scale = ",
                   p->h, p->w, p->c, rules[p->rule], p->in_zero_point, p->out_zero_point,
                   p->multiplier, p->shift);
    fdm_emit_float(out, p->scale);
    fdm_buf_puts(out, "}");
}

static const float *table_read(const struct fdm_nn_softmax_s8 *p)
{
    return p->rule == FDM_NN_SOFTMAX_TABLE ? p->table : NULL;
}

static void emit_softmax_s8(struct fdm_buf *out, const struct fdm_nn_softmax_s8 *p, uint32_t index)
{
    fdm_buf_printf(
        out,
        "{.count = %" PRId32 ", .rule = %s, .multiplier = %" PRId32 ", .shift = %" PRId32
        ", .diff_min = %" PRId32 ", .table = ",
        p->count, p->rule == FDM_NN_SOFTMAX_TABLE ? "FDM_NN_SOFTMAX_TABLE" : "FDM_NN_SOFTMAX_FIXED",
        p->multiplier, p->shift, p->diff_min);
    fdm_emit_array_name(out, "table", index, table_read(p));
    fdm_buf_puts(out, "}");
}

static void emit_dequantize(struct fdm_buf *out, const struct fdm_nn_dequantize_s8_f32 *p)
{
    fdm_buf_printf(out, "{.count = %zu, .zero_point = %" PRId32 ", .scale = ", p->count,
                   p->zero_point);
    fdm_emit_float(out, p->scale);
    fdm_buf_puts(out, "}");
}

static void emit_conv_f32(struct fdm_buf *out, const struct fdm_nn_conv_f32 *p)
{
    fdm_buf_puts(out, "{.shape = ");
    emit_shape(out, &p->shape);
    fdm_buf_puts(out, ",\n     .out_min = ");
    fdm_emit_float(out, p->out_min);
    fdm_buf_puts(out, ", .out_max = ");
    fdm_emit_float(out, p->out_max);
    fdm_buf_puts(out, "}");
}

void fdm_emit_param_arrays(struct fdm_buf *out, const struct fdm_network_layer *layer,
                           uint32_t index)
{
    if (layer->op == FDM_NN_OP_CONV_S8)
        emit_requant_arrays(out, &layer->params.conv_s8, index);
    else if (layer->op == FDM_NN_OP_DWCONV_S8)
        emit_requant_arrays(out, &layer->params.dwconv_s8.conv, index);
    else if (layer->op == FDM_NN_OP_SOFTMAX_S8)
        fdm_emit_array(out, "table", index, FDM_EMIT_F32, table_read(&layer->params.softmax_s8),
                       FDM_NN_SOFTMAX_TABLE_SIZE);
}

static void emit_member(struct fdm_buf *out, const struct fdm_network_layer *layer, uint32_t index)
{
    const union fdm_network_params *p = &layer->params;
    switch (layer->op) {
    case FDM_NN_OP_CONV_S8:
        emit_conv_s8(out, &p->conv_s8, index);
        break;
    case FDM_NN_OP_DWCONV_S8:
        fdm_buf_puts(out, "{.conv = ");
        emit_conv_s8(out, &p->dwconv_s8.conv, index);
        fdm_buf_puts(out, "}");
        break;
    case FDM_NN_OP_MEAN_S8:
        emit_mean_s8(out, &p->mean_s8);
        break;
    case FDM_NN_OP_SOFTMAX_S8:
        emit_softmax_s8(out, &p->softmax_s8, index);
        break;
    case FDM_NN_OP_QUANTIZE_U8_S8:
        fdm_buf_printf(
            out, "{.count = %zu, .in_zero_point = %" PRId32 ", .out_zero_point = %" PRId32 "}",
            p->quantize_u8_s8.count, p->quantize_u8_s8.in_zero_point,
            p->quantize_u8_s8.out_zero_point);
        break;
    case FDM_NN_OP_DEQUANTIZE_S8_F32:
        emit_dequantize(out, &p->dequantize_s8_f32);
        break;
    case FDM_NN_OP_CONV_F32:
        emit_conv_f32(out, &p->conv_f32);
        break;
    case FDM_NN_OP_DWCONV_F32:
        fdm_buf_puts(out, "{.conv = ");
        emit_conv_f32(out, &p->dwconv_f32.conv);
        fdm_buf_puts(out, "}");
        break;
    case FDM_NN_OP_MEAN_F32:
        fdm_buf_printf(out, "{.h = %" PRId32 ", .w = %" PRId32 ", .c = %" PRId32 "}", p->mean_f32.h,
                       p->mean_f32.w, p->mean_f32.c);
        break;
    case FDM_NN_OP_SOFTMAX_F32:
        fdm_buf_printf(out, "{.count = %" PRId32 "}", p->softmax_f32.count);
        break;
    case FDM_NN_OP_COUNT:
        break;
    }
}

void fdm_emit_params(struct fdm_buf *out, const struct fdm_network_layer *layer, uint32_t index)
{
    static const char *const members[] = {
#define FDM_NN_KERNEL(NAME, name) #name,
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
    };
    fdm_buf_printf(out, ".params = {.%s =\n    ", members[layer->op]);
    emit_member(out, layer, index);
    fdm_buf_puts(out, "}");
}
