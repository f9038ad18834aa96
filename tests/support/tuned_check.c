#include "tests/support/tuned_check.h"

#include <string.h>

#define MOST_DIM 12
#define MOST_CHANNELS 144
#define MOST_KERNEL 5
#define MOST_WEIGHTS 24576 /* values; pointwise: MOST_CHANNELS squared */

/* ---- dice ---- */

static uint32_t roll(uint32_t *seed)
{
    uint32_t s = *seed;
    s ^= s << 13;
    s ^= s >> 17;
    s ^= s << 5;
    *seed = s;
    return s;
}

static int32_t between(uint32_t *seed, int32_t min, int32_t max)
{
    return min + (int32_t)((roll(seed) >> 8) % (uint32_t)(max - min + 1));
}

static bool one_in(uint32_t *seed, int32_t n)
{
    return between(seed, 1, n) == 1;
}

/* ---- layers ---- */

union params {
#define FDM_NN_KERNEL(NAME, name) struct fdm_nn_##name name;
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
};

/* One layer, its tensors' rows, and the arrays that its parameters name. */
struct layer {
    union params params;
    int32_t in_h, out_h;
    size_t in_row, out_row; /* bytes */
    size_t weights_bytes;
    bool floats;
    bool has_bias;
    const struct fdm_nn_conv_shape *shape; /* of a convolution, which streams its rows; or NULL */
    int8_t *weights;
    int32_t *bias; /* int32 or float */
    int32_t *multiplier;
    int8_t *shift;
    float *scale;
    float *table;
};

/* One axis: any output size whose positions all begin inside the input. */
static int32_t draw_axis(uint32_t *seed, int32_t in, int32_t kernel, int32_t *stride, int32_t *pad)
{
    *stride = between(seed, 1, one_in(seed, 4) ? 3 : 2);
    *pad = between(seed, 0, kernel - 1);
    int32_t most = (in + *pad - 1) / *stride + 1;
    if (most > MOST_DIM)
        most = MOST_DIM;
    return one_in(seed, 2) ? most : between(seed, 1, most);
}

static int32_t draw_channels(uint32_t *seed)
{
    static const int32_t usual[] = {8, 16, 24, 32, 48, 64, 80, 96, 128};
    if (one_in(seed, 2))
        return usual[between(seed, 0, 8)];
    return between(seed, 1, one_in(seed, 4) ? MOST_CHANNELS : 40);
}

/* Half of all convolutions are pointwise, a quarter are first ones, the rest is anything. */
static struct fdm_nn_conv_shape draw_shape(uint32_t *seed, bool depthwise)
{
    int32_t kind = depthwise ? 2 : between(seed, 0, 3);
    struct fdm_nn_conv_shape s = {.in_h = between(seed, 1, MOST_DIM),
                                  .in_w = between(seed, 1, MOST_DIM),
                                  .in_c = kind == 2 && !depthwise ? 3 : draw_channels(seed),
                                  .out_c = draw_channels(seed),
                                  .kernel_h = 3,
                                  .kernel_w = 3};
    if (kind < 2) {
        s.kernel_h = s.kernel_w = s.stride_h = s.stride_w = 1;
        s.out_h = s.in_h;
        s.out_w = s.in_w;
        return s;
    }
    if (kind == 3 || one_in(seed, 4)) {
        s.kernel_h = between(seed, 1, MOST_KERNEL);
        s.kernel_w = between(seed, 1, MOST_KERNEL);
    }
    if (depthwise)
        s.out_c = s.in_c;
    while (!depthwise && s.kernel_h * s.kernel_w * s.in_c * s.out_c > MOST_WEIGHTS)
        s.in_c = (s.in_c + 1) / 2;
    s.out_h = draw_axis(seed, s.in_h, s.kernel_h, &s.stride_h, &s.pad_top);
    s.out_w = draw_axis(seed, s.in_w, s.kernel_w, &s.stride_w, &s.pad_left);
    return s;
}

static void rows_of_shape(struct layer *layer, const struct fdm_nn_conv_shape *s, bool depthwise,
                          size_t element)
{
    layer->shape = s;
    layer->in_h = s->in_h;
    layer->out_h = s->out_h;
    layer->in_row = (size_t)s->in_w * (size_t)s->in_c * element;
    layer->out_row = (size_t)s->out_w * (size_t)s->out_c * element;
    layer->weights_bytes = (size_t)s->kernel_h * (size_t)s->kernel_w * (size_t)s->in_c *
                           (depthwise ? 1 : (size_t)s->out_c) * element;
}

/* Bytes that are random, or all the same, or the two ends by turns. */
static void draw_bytes(uint32_t *seed, int8_t *out, size_t count)
{
    static const int8_t ends[] = {-128, 127, 0, -127};
    int32_t kind = between(seed, 0, 9);
    for (size_t i = 0; i < count; i++)
        out[i] = kind < 4    ? ends[kind]
                 : kind == 4 ? (int8_t)(one_in(seed, 2) ? -128 : 127)
                             : (int8_t)between(seed, -128, 127);
}

static void limit_bytes(int8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i] == -128)
            bytes[i] = -127;
}

static void draw_floats(uint32_t *seed, void *out, size_t count)
{
    float *values = out;
    for (size_t i = 0; i < count; i++)
        values[i] = one_in(seed, 20) ? (one_in(seed, 2) ? -0.0f : 1e30f)
                                     : (float)between(seed, -1000000, 1000000) / 300000.0f;
}

static float power_of_two(int32_t exponent)
{
    float value = 1.0f;
    for (; exponent > 0; exponent--)
        value *= 2.0f;
    for (; exponent < 0; exponent++)
        value *= 0.5f;
    return value;
}

/* Scales as networks have them, all to the right; sometimes any that the rules allow, where
 * saturation begins. */
static void draw_requant(uint32_t *seed, struct layer *layer, int32_t channels)
{
    int32_t width = between(seed, 0, 9);
    int32_t most = width == 0 ? 30 : width < 3 ? 1 : width < 5 ? 0 : -2;
    int32_t least = width == 0 ? -31 : width < 8 ? -14 : -20;
    for (int32_t i = 0; i < channels; i++) {
        layer->multiplier[i] = one_in(seed, 50) ? 0 : (int32_t)(roll(seed) >> 2 | 1u << 30);
        if (one_in(seed, 20))
            layer->multiplier[i] = one_in(seed, 2) ? INT32_MAX : 1 << 30;
        layer->shift[i] = (int8_t)between(seed, least, most);
        uint32_t digits = one_in(seed, 20) ? 1u << 23 : roll(seed) >> 8 | 1u << 23; /* for ties */
        layer->scale[i] = (float)digits * power_of_two(layer->shift[i] - 24);
    }
}

static void draw_bias(uint32_t *seed, int32_t *bias, int32_t channels, int32_t taps)
{
    int32_t room = INT32_MAX - taps * 255 * 128;
    int32_t kind = between(seed, 0, 7);
    for (int32_t i = 0; i < channels; i++)
        bias[i] = kind == 0   ? (one_in(seed, 2) ? room : -room)
                  : kind == 1 ? between(seed, -(1 << 29), 1 << 29) % room
                              : between(seed, -40000, 40000);
}

static void draw_conv_s8(uint32_t *seed, bool depthwise, struct layer *layer)
{
    struct fdm_nn_conv_s8 *p = depthwise ? &layer->params.dwconv_s8.conv : &layer->params.conv_s8;
    *p = (struct fdm_nn_conv_s8){.shape = draw_shape(seed, depthwise),
                                 .in_zero_point = between(seed, -128, 127),
                                 .out_zero_point = between(seed, -128, 127),
                                 .out_min = -128,
                                 .out_max = 127};
    if (one_in(seed, 3))
        p->in_zero_point = one_in(seed, 2) ? -128 : 127;
    if (one_in(seed, 3))
        p->out_zero_point = one_in(seed, 2) ? -128 : 127;
    if (one_in(seed, 3)) {
        p->out_min = between(seed, -128, 127);
        p->out_max = between(seed, p->out_min, 127);
    }
    p->requant = (struct fdm_nn_requant){(enum fdm_nn_rounding)between(seed, 0, 3),
                                         layer->multiplier, layer->shift, layer->scale};
    rows_of_shape(layer, &p->shape, depthwise, 1);
    draw_requant(seed, layer, p->shape.out_c);
    int32_t taps = p->shape.kernel_h * p->shape.kernel_w * (depthwise ? 1 : p->shape.in_c);
    draw_bias(seed, layer->bias, p->shape.out_c, taps);
    draw_bytes(seed, layer->weights, layer->weights_bytes);
    if (one_in(seed, 2)) /* as quantizers make them */
        limit_bytes(layer->weights, layer->weights_bytes);
}

static void draw_conv_f32(uint32_t *seed, bool depthwise, struct layer *layer)
{
    struct fdm_nn_conv_f32 *p =
        depthwise ? &layer->params.dwconv_f32.conv : &layer->params.conv_f32;
    p->shape = draw_shape(seed, depthwise);
    p->out_min = one_in(seed, 2) ? 0.0f : -__builtin_inff();
    p->out_max = one_in(seed, 2) ? 6.0f : __builtin_inff();
    rows_of_shape(layer, &p->shape, depthwise, sizeof(float));
    draw_floats(seed, layer->bias, (size_t)p->shape.out_c);
    draw_floats(seed, layer->weights, layer->weights_bytes / sizeof(float));
}

static void draw_mean_s8(uint32_t *seed, struct layer *layer)
{
    struct fdm_nn_mean_s8 *p = &layer->params.mean_s8;
    *p = (struct fdm_nn_mean_s8){
        .h = between(seed, 1, MOST_DIM),
        .w = between(seed, 1, MOST_DIM),
        .c = draw_channels(seed),
        .rule = (enum fdm_nn_mean_rule)between(seed, 0, 2),
        .in_zero_point = between(seed, -128, 127),
        .out_zero_point = between(seed, -128, 127),
        .scale = (float)between(seed, 1, 1000000) / 300000.0f,
        .multiplier = (int32_t)(roll(seed) >> 2 | 1u << 30),
        .shift = one_in(seed, 8) ? between(seed, -31, 30) : between(seed, -8, 1),
    };
    layer->in_h = p->h;
    layer->in_row = (size_t)p->w * (size_t)p->c;
    layer->out_row = (size_t)p->c;
}

static void draw_softmax_s8(uint32_t *seed, struct layer *layer)
{
    struct fdm_nn_softmax_s8 *p = &layer->params.softmax_s8;
    *p = (struct fdm_nn_softmax_s8){
        .count = draw_channels(seed),
        .rule = one_in(seed, 2) ? FDM_NN_SOFTMAX_TABLE : FDM_NN_SOFTMAX_FIXED,
        .table = layer->table,
        .multiplier = (int32_t)(roll(seed) >> 2 | 1u << 30),
        .shift = between(seed, 20, 24),
        .diff_min = -between(seed, 1, 100),
    };
    for (int i = 0; i < FDM_NN_SOFTMAX_TABLE_SIZE; i++)
        layer->table[i] = (float)(i + 1) / 256.0f;
    layer->in_row = layer->out_row = (size_t)p->count;
}

static void draw_vector(uint32_t *seed, enum fdm_nn_op op, struct layer *layer)
{
    layer->in_h = layer->out_h = between(seed, 1, MOST_DIM);
    layer->in_row = (size_t)between(seed, 1, one_in(seed, 2) ? 700 : 40);
    layer->out_row = layer->in_row;
    size_t count = layer->in_row * (size_t)layer->in_h;
    if (op == FDM_NN_OP_DEQUANTIZE_S8_F32) {
        layer->params.dequantize_s8_f32 = (struct fdm_nn_dequantize_s8_f32){
            count, (float)between(seed, 1, 1000000) / 300000.0f, between(seed, -128, 127)};
        layer->out_row *= sizeof(float);
    } else {
        int32_t zero = between(seed, 0, 255);
        layer->params.quantize_u8_s8 = (struct fdm_nn_quantize_u8_s8){
            count, zero, one_in(seed, 2) ? zero - 128 : between(seed, -128, 127)};
    }
}

static void draw_layer(uint32_t *seed, enum fdm_nn_op op, struct layer *layer)
{
    layer->in_h = layer->out_h = 1;
    layer->weights_bytes = 0;
    layer->shape = NULL;
    layer->has_bias = !one_in(seed, 4);
    layer->floats = false;
    switch (op) {
    case FDM_NN_OP_CONV_S8:
    case FDM_NN_OP_DWCONV_S8:
        draw_conv_s8(seed, op == FDM_NN_OP_DWCONV_S8, layer);
        return;
    case FDM_NN_OP_CONV_F32:
    case FDM_NN_OP_DWCONV_F32:
        layer->floats = true;
        draw_conv_f32(seed, op == FDM_NN_OP_DWCONV_F32, layer);
        return;
    case FDM_NN_OP_MEAN_S8:
        draw_mean_s8(seed, layer);
        return;
    case FDM_NN_OP_SOFTMAX_S8:
        draw_softmax_s8(seed, layer);
        return;
    case FDM_NN_OP_QUANTIZE_U8_S8:
    case FDM_NN_OP_DEQUANTIZE_S8_F32:
        draw_vector(seed, op, layer);
        return;
    case FDM_NN_OP_MEAN_F32:
        layer->floats = true;
        layer->params.mean_f32 = (struct fdm_nn_mean_f32){
            between(seed, 1, MOST_DIM), between(seed, 1, MOST_DIM), draw_channels(seed)};
        layer->in_h = layer->params.mean_f32.h;
        layer->out_row = (size_t)layer->params.mean_f32.c * sizeof(float);
        layer->in_row = (size_t)layer->params.mean_f32.w * layer->out_row;
        return;
    case FDM_NN_OP_SOFTMAX_F32:
        layer->floats = true;
        layer->params.softmax_f32.count = draw_channels(seed);
        layer->in_row = layer->out_row = (size_t)layer->params.softmax_f32.count * sizeof(float);
        return;
    case FDM_NN_OP_COUNT:
        return;
    }
}

/* ---- runs ---- */

struct check {
    const struct fdm_nn_kernel *kernel;
    const struct tuned_memory *memory;
    struct layer layer;
    uint8_t *input, *expected, *got; /* whole tensors */
};

static void run_reference(struct check *c)
{
    const struct fdm_nn_kernel *reference = &fdm_nn_reference_kernels[c->kernel->op];
    const struct layer *l = &c->layer;
    void *scratch = c->memory->take(reference->scratch_bytes(&l->params) + 1);
    const struct fdm_nn_call call = {
        .params = &l->params,
        .weights = l->weights,
        .bias = l->has_bias ? l->bias : NULL,
        .in = {c->input, l->in_row, l->in_h},
        .out = {c->expected, l->out_row, l->out_h},
        .count = l->out_h,
        .scratch = scratch,
    };
    reference->run(&call);
    c->memory->give(scratch);
}

/* The input rows begin..end-1 that output rows first..first+count-1 need. */
static void needed_rows(const struct layer *l, int32_t first, int32_t count, int32_t *begin,
                        int32_t *end)
{
    *begin = first;
    *end = first + count;
    if (l->shape != NULL) {
        *begin = first * l->shape->stride_h - l->shape->pad_top;
        *end = (first + count - 1) * l->shape->stride_h - l->shape->pad_top + l->shape->kernel_h;
    } else if (l->in_h != l->out_h) { /* MEAN */
        *begin = 0;
        *end = l->in_h;
    }
    if (*begin < 0)
        *begin = 0;
    if (*end > l->in_h)
        *end = l->in_h;
}

static void copy_rows(struct fdm_nn_rows *to, const struct fdm_nn_rows *from, int32_t begin,
                      int32_t end)
{
    for (int32_t y = begin; y < end; y++)
        memcpy(fdm_nn_row(to, y), fdm_nn_row(from, y), to->row_bytes);
}

/* One call with rings that hold just the rows of this call, or some more. */
static enum fdm_nn_status run_rows(struct check *c, uint32_t *seed, struct fdm_nn_call *call)
{
    const struct layer *l = &c->layer;
    struct fdm_nn_rows in = {c->input, l->in_row, l->in_h};
    struct fdm_nn_rows out = {c->got, l->out_row, l->out_h};
    int32_t begin;
    int32_t end;
    needed_rows(l, call->first, call->count, &begin, &end);
    bool whole = l->shape == NULL && l->in_h != l->out_h;
    int32_t in_ring = whole ? l->in_h : between(seed, end - begin, l->in_h);
    int32_t out_ring = between(seed, call->count, l->out_h);
    call->in = (struct fdm_nn_rows){NULL, l->in_row, in_ring};
    call->out = (struct fdm_nn_rows){NULL, l->out_row, out_ring};
    call->in.base = c->memory->take((size_t)in_ring * l->in_row);
    bool in_place = c->kernel->op == FDM_NN_OP_QUANTIZE_U8_S8 && in_ring == out_ring;
    call->out.base = in_place ? call->in.base : c->memory->take((size_t)out_ring * l->out_row);
    memset(call->in.base, 0x7f, (size_t)in_ring * l->in_row);
    copy_rows(&call->in, &in, begin, end);
    enum fdm_nn_status status = c->kernel->run(call);
    copy_rows(&out, &call->out, call->first, call->first + call->count);
    c->memory->give(call->in.base);
    if (!in_place)
        c->memory->give(call->out.base);
    return status;
}

/* The layer as a compiler leaves it: what the packed block holds is nowhere else. */
static void *pack(struct check *c, struct fdm_nn_call *call)
{
    const struct fdm_nn_kernel *kernel = c->kernel;
    struct layer *l = &c->layer;
    call->weights = l->weights;
    call->bias = l->has_bias ? l->bias : NULL;
    if (kernel->pack == NULL)
        return NULL;
    void *packed = c->memory->take(kernel->packed_bytes(&l->params));
    kernel->pack(&l->params, l->weights, call->bias, packed);
    call->weights = packed;
    if ((kernel->holds & FDM_NN_HOLDS_BIAS) != 0)
        call->bias = NULL;
    if ((kernel->holds & FDM_NN_HOLDS_REQUANT) != 0) {
        struct fdm_nn_requant *requant = kernel->op == FDM_NN_OP_CONV_S8
                                             ? &l->params.conv_s8.requant
                                             : &l->params.dwconv_s8.conv.requant;
        *requant = (struct fdm_nn_requant){.rounding = requant->rounding};
    }
    return packed;
}

static bool run_tuned(struct check *c, uint32_t *seed)
{
    struct fdm_nn_call call = {.params = &c->layer.params};
    size_t scratch_bytes = c->kernel->scratch_bytes(&c->layer.params);
    void *packed = pack(c, &call);
    call.scratch = scratch_bytes > 0 ? c->memory->take(scratch_bytes) : NULL;
    bool ok = true;
    int32_t most = one_in(seed, 2) ? c->layer.out_h : between(seed, 1, c->layer.out_h);
    while (ok && call.first < c->layer.out_h) {
        int32_t left = c->layer.out_h - call.first;
        call.count = most < left ? most : left;
        if (call.scratch != NULL)
            memset(call.scratch, 0x55, scratch_bytes); /* it carries nothing between calls */
        ok = run_rows(c, seed, &call) == FDM_NN_OK;
        call.first += call.count;
    }
    if (call.scratch != NULL)
        c->memory->give(call.scratch);
    if (packed != NULL)
        c->memory->give(packed);
    return ok;
}

static bool compare(const struct check *c, struct tuned_verdict *out)
{
    size_t bytes = c->layer.out_row * (size_t)c->layer.out_h;
    for (size_t i = 0; i < bytes; i++) {
        if (c->expected[i] != c->got[i]) {
            out->row = (int32_t)(i / c->layer.out_row);
            out->byte = i % c->layer.out_row;
            out->expected = c->expected[i];
            out->got = c->got[i];
            return false;
        }
    }
    return true;
}

static bool check_layer(struct check *c, uint32_t *seed, struct tuned_verdict *out)
{
    struct layer *l = &c->layer;
    size_t in_bytes = l->in_row * (size_t)l->in_h;
    size_t out_bytes = l->out_row * (size_t)l->out_h;
    c->input = c->memory->take(in_bytes);
    c->expected = c->memory->take(out_bytes);
    c->got = c->memory->take(out_bytes);
    if (l->floats)
        draw_floats(seed, c->input, in_bytes / sizeof(float));
    else
        draw_bytes(seed, (int8_t *)c->input, in_bytes);
    run_reference(c);
    memset(c->got, 0x33, out_bytes);
    bool equal = run_tuned(c, seed) && compare(c, out);
    c->memory->give(c->input);
    c->memory->give(c->expected);
    c->memory->give(c->got);
    return equal;
}

static void take_arrays(struct layer *l, const struct tuned_memory *memory)
{
    l->weights = memory->take(MOST_WEIGHTS * sizeof(float));
    l->bias = memory->take(MOST_CHANNELS * sizeof(int32_t));
    l->multiplier = memory->take(MOST_CHANNELS * sizeof(int32_t));
    l->shift = memory->take(MOST_CHANNELS);
    l->scale = memory->take(MOST_CHANNELS * sizeof(float));
    l->table = memory->take(FDM_NN_SOFTMAX_TABLE_SIZE * sizeof(float));
}

static void give_arrays(const struct layer *l, const struct tuned_memory *memory)
{
    memory->give(l->weights);
    memory->give(l->bias);
    memory->give(l->multiplier);
    memory->give(l->shift);
    memory->give(l->scale);
    memory->give(l->table);
}

void tuned_check(const struct fdm_nn_kernel *kernel, const struct tuned_memory *memory,
                 uint32_t seed, uint32_t cases, struct tuned_verdict *out)
{
    struct check c = {.kernel = kernel, .memory = memory};
    *out = (struct tuned_verdict){0};
    take_arrays(&c.layer, memory);
    while (out->checked < cases && out->declined < cases * 100 && !out->failed) {
        uint32_t start = seed;
        draw_layer(&seed, kernel->op, &c.layer);
        const int32_t *bias = c.layer.has_bias ? c.layer.bias : NULL;
        if (fdm_nn_check(kernel->op, &c.layer.params, bias) != FDM_NN_OK)
            continue;
        if (!kernel->suits(&c.layer.params)) {
            out->declined++;
            continue;
        }
        out->failed = !check_layer(&c, &seed, out);
        out->seed = start;
        out->checked += out->failed ? 0 : 1;
    }
    give_arrays(&c.layer, memory);
}
