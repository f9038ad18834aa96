#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reference/compiler/plan.h"
#include "targets/wire/crc32.h"

#define MAX_LAYERS 40

/* A network with all that belongs to it. */
struct sketch {
    struct fdm_network network;
    struct fdm_network_layer layers[MAX_LAYERS];
    struct fdm_network_tensor tensors[MAX_LAYERS + 1];
    void *owned[MAX_LAYERS]; /* weights */
};

static void release(struct sketch *sketch)
{
    for (uint32_t i = 0; i < sketch->network.layer_count; i++)
        free(sketch->owned[i]);
}

static void begin(struct sketch *sketch, int32_t h, int32_t w, int32_t c)
{
    memset(sketch, 0, sizeof *sketch);
    sketch->network.engine = "reference";
    sketch->network.layers = sketch->layers;
    sketch->network.tensors = sketch->tensors;
    sketch->network.tensor_count = 1;
    sketch->tensors[0] = (struct fdm_network_tensor){
        .type = FDM_NETWORK_U8, .h = h, .w = w, .c = c, .bytes = (size_t)(h * w * c)};
}

/* A layer from tensor `input` to a new int8 tensor. */
static struct fdm_network_layer *add(struct sketch *sketch, uint32_t input, enum fdm_nn_op op,
                                     int32_t h, int32_t w, int32_t c)
{
    struct fdm_network *n = &sketch->network;
    struct fdm_network_layer *layer = &sketch->layers[n->layer_count++];
    layer->op = op;
    layer->input = (uint16_t)input;
    layer->output = (uint16_t)n->tensor_count;
    layer->run = fdm_nn_reference_kernels[op].run;
    n->output = n->tensor_count;
    sketch->tensors[n->tensor_count++] = (struct fdm_network_tensor){
        .type = FDM_NETWORK_S8, .h = h, .w = w, .c = c, .bytes = (size_t)(h * w * c)};
    return layer;
}

static void add_quantize(struct sketch *sketch, uint32_t input)
{
    const struct fdm_network_tensor *in = &sketch->tensors[input];
    add(sketch, input, FDM_NN_OP_QUANTIZE_U8_S8, in->h, in->w, in->c)->params.quantize_u8_s8 =
        (struct fdm_nn_quantize_u8_s8){in->bytes, 128, 0};
}

static void add_mean(struct sketch *sketch, uint32_t input)
{
    const struct fdm_network_tensor *in = &sketch->tensors[input];
    struct fdm_network_layer *layer = add(sketch, input, FDM_NN_OP_MEAN_S8, 1, 1, in->c);
    layer->params.mean_s8 =
        (struct fdm_nn_mean_s8){.h = in->h, .w = in->w, .c = in->c, .scale = 1.0f};
    layer->scratch_bytes = fdm_nn_mean_s8_scratch(&layer->params.mean_s8);
}

/* Weights 0; `out_c` channels, or as many as there are where depthwise. "Same" padding as
 * TensorFlow has it. */
static struct fdm_network_layer *add_conv(struct sketch *sketch, uint32_t input, bool depthwise,
                                          int32_t kernel, int32_t stride, int32_t out_c)
{
    static const int32_t multiplier[256] = {0};
    static const int8_t shift[256] = {0};
    struct fdm_network_tensor in = sketch->tensors[input];
    int32_t h = (in.h + stride - 1) / stride;
    int32_t w = (in.w + stride - 1) / stride;
    int32_t missing = (h - 1) * stride + kernel - in.h;
    int32_t pad = missing > 0 ? missing / 2 : 0;
    enum fdm_nn_op op = depthwise ? FDM_NN_OP_DWCONV_S8 : FDM_NN_OP_CONV_S8;
    int32_t c = depthwise ? in.c : out_c;
    struct fdm_network_layer *layer = add(sketch, input, op, h, w, c);
    const struct fdm_nn_conv_s8 params = {
        .shape = {in.h, in.w, in.c, h, w, c, kernel, kernel, stride, stride, pad, pad},
        .out_min = -128,
        .out_max = 127,
        .requant = {FDM_NN_ROUND_DOUBLE, multiplier, shift, NULL},
    };
    if (depthwise)
        layer->params.dwconv_s8.conv = params;
    else
        layer->params.conv_s8 = params;
    layer->scratch_bytes = depthwise ? fdm_nn_dwconv_s8_scratch(&layer->params.dwconv_s8)
                                     : fdm_nn_conv_s8_scratch(&layer->params.conv_s8);
    assert_true(layer->scratch_bytes > 0);
    return layer;
}

static enum fdm_status plan(struct sketch *sketch, size_t limit, struct fdm_error *err)
{
    return fdm_plan_arena(&sketch->network, sketch->layers, sketch->tensors, limit, err);
}

static void plan_freely(struct sketch *sketch)
{
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(plan(sketch, 0, &err), err);
}

/* ---- the reach ------------------------------------------------------------------------------ */

static void draw_mobilenet(struct sketch *sketch, int32_t pixels, int32_t first,
                           const int32_t channels[11])
{
    static const int32_t strides[11] = {2, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1};
    begin(sketch, pixels, pixels, 3);
    add_quantize(sketch, 0);
    add_conv(sketch, 1, false, 3, 2, first);
    for (int i = 0; i < 11; i++) {
        add_conv(sketch, sketch->network.output, true, 3, strides[i], 0);
        add_conv(sketch, sketch->network.output, false, 1, 1, channels[i]);
    }
    add_mean(sketch, sketch->network.output);
    add_conv(sketch, sketch->network.output, false, 1, 1, 101);
}

static const int32_t alpha_025[11] = {16, 32, 32, 64, 64, 128, 128, 128, 128, 128, 256};
static const int32_t st_v1[11] = {48, 80, 64, 96, 64, 128, 128, 128, 128, 128, 256};

/* The shapes of ST's four variants, with the reference kernels' scratch. */
static void mobilenets_fit_in_little(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        int32_t pixels, first;
        const int32_t *channels;
        size_t whole_kib, streamed_kib;
    } cases[] = {
        {"0.25 at 224", 224, 8, alpha_025, 149, 28},
        {"v1 at 224", 224, 16, st_v1, 199, 44},
        {"0.25 at 128", 128, 8, alpha_025, 50, 14},
        {"v1 at 128", 128, 16, st_v1, 66, 24},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct sketch sketch;
        draw_mobilenet(&sketch, cases[i].pixels, cases[i].first, cases[i].channels);
        plan_freely(&sketch);
        assert_ok(fdm_plan_check(&sketch.network, &err), err);
        assert_int_equal(sketch.network.streamed, 0);
        if (sketch.network.arena_bytes > cases[i].whole_kib * 1024)
            fail_msg("%s: %zu bytes", cases[i].remark, sketch.network.arena_bytes);
        assert_ok(plan(&sketch, cases[i].streamed_kib * 1024, &err), err);
        assert_ok(fdm_plan_check(&sketch.network, &err), err);
        assert_true(sketch.network.arena_bytes <= cases[i].streamed_kib * 1024);
        assert_int_equal(sketch.tensors[0].ring, 3);
        enum fdm_status status = plan(&sketch, 8192, &err);
        if (status != FDM_ERR_UNSUPPORTED || strstr(err.message, "the smallest is") == NULL)
            fail_msg("%s: %s, %s", cases[i].remark, fdm_status_name(status), err.message);
    }
}

/* The first plan that fits is taken: a whole image before a streamed one, a short prefix before a
 * long one. */
static void no_more_is_streamed_than_needed(void **state)
{
    (void)state;
    struct sketch sketch;
    draw_mobilenet(&sketch, 224, 16, st_v1);
    static const struct {
        size_t kib;
        uint32_t streamed;
        int32_t ring;
    } cases[] = {{0, 0, 0}, {199, 0, 0}, {198, 5, 0}, {187, 9, 0}, {183, 5, 3}, {44, 9, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        assert_ok(plan(&sketch, cases[i].kib * 1024, &err), err);
        if (sketch.network.streamed != cases[i].streamed || sketch.tensors[0].ring != cases[i].ring)
            fail_msg("%zu KiB: %u layers streamed, %d rows of the image", cases[i].kib,
                     sketch.network.streamed, (int)sketch.tensors[0].ring);
    }
}

/* ---- networks that compute something -------------------------------------------------------- */

static int32_t draw(uint32_t *seed, int32_t from, int32_t to)
{
    return from + (int32_t)(test_random(seed) % (uint32_t)(to - from + 1));
}

static void fill_weights(struct sketch *sketch, uint32_t *seed)
{
    static const int32_t multiplier[16] = {1900000000, 1900000000, 1900000000, 1900000000,
                                           1900000000, 1900000000, 1900000000, 1900000000,
                                           1900000000, 1900000000, 1900000000, 1900000000,
                                           1900000000, 1900000000, 1900000000, 1900000000};
    static const int8_t shift[16] = {-8, -8, -8, -8, -8, -8, -8, -8,
                                     -8, -8, -8, -8, -8, -8, -8, -8};
    for (uint32_t i = 0; i < sketch->network.layer_count; i++) {
        struct fdm_network_layer *layer = &sketch->layers[i];
        struct fdm_nn_conv_s8 *conv = layer->op == FDM_NN_OP_CONV_S8 ? &layer->params.conv_s8
                                      : layer->op == FDM_NN_OP_DWCONV_S8
                                          ? &layer->params.dwconv_s8.conv
                                          : NULL;
        if (conv == NULL)
            continue;
        conv->in_zero_point = draw(seed, -20, 20);
        conv->requant.multiplier = multiplier;
        conv->requant.shift = shift;
        const struct fdm_nn_conv_shape *s = &conv->shape;
        size_t count = (size_t)(s->kernel_h * s->kernel_w * s->in_c) *
                       (size_t)(layer->op == FDM_NN_OP_CONV_S8 ? s->out_c : 1);
        int8_t *weights = malloc(count);
        assert_non_null(weights);
        for (size_t k = 0; k < count; k++)
            weights[k] = (int8_t)draw(seed, -127, 127);
        sketch->owned[i] = weights;
        layer->weights = weights;
    }
}

/* QUANTIZE, convolutions of random kinds, and sometimes MEAN. */
static void draw_chain(uint32_t *seed, struct sketch *sketch)
{
    begin(sketch, draw(seed, 1, 40), draw(seed, 1, 9), draw(seed, 1, 4));
    if (test_random(seed) % 4 != 0)
        add_quantize(sketch, 0);
    int32_t count = draw(seed, 1, 10);
    for (int32_t i = 0; i < count; i++)
        add_conv(sketch, sketch->network.output, test_random(seed) % 2 == 0, draw(seed, 1, 4),
                 draw(seed, 1, 3), draw(seed, 1, 16));
    if (test_random(seed) % 4 != 0)
        add_mean(sketch, sketch->network.output);
    fill_weights(sketch, seed);
}

/* CRC-32 of each layer's output. */
struct trace {
    uint32_t crc32[MAX_LAYERS];
    size_t bytes[MAX_LAYERS];
};

static void note(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct trace *trace = context;
    assert_int_equal(at, trace->bytes[layer]);
    trace->crc32[layer] = fdm_crc32(trace->crc32[layer], output, bytes);
    trace->bytes[layer] += bytes;
}

static uint8_t *draw_image(const struct sketch *sketch, uint32_t *seed)
{
    uint8_t *image = malloc(sketch->tensors[0].bytes);
    assert_non_null(image);
    for (size_t i = 0; i < sketch->tensors[0].bytes; i++)
        image[i] = (uint8_t)test_random(seed);
    return image;
}

/* An arena of exactly its size, for the address sanitizer, full of what is not 0. */
static void *exact_arena(size_t bytes)
{
    void *arena;
    assert_int_equal(posix_memalign(&arena, FDM_NETWORK_ALIGNMENT, bytes), 0);
    memset(arena, 0x5c, bytes);
    return arena;
}

/* All tensors side by side, each layer at once. */
static void compute_apart(const struct sketch *sketch, const uint8_t *image, struct trace *trace)
{
    struct sketch wide = *sketch;
    const struct fdm_network_observer observer = {.context = trace, .after = note};
    size_t end = 0;
    for (uint32_t i = 0; i < wide.network.tensor_count; i++) {
        wide.tensors[i].offset = end;
        wide.tensors[i].ring = 0;
        end += (wide.tensors[i].bytes + 15) / 16 * 16;
    }
    for (uint32_t i = 0; i < wide.network.layer_count; i++)
        wide.layers[i].scratch_offset = end;
    wide.network.layers = wide.layers;
    wide.network.tensors = wide.tensors;
    wide.network.streamed = 0;
    void *arena = exact_arena(end + 4096);
    memset(trace, 0, sizeof *trace);
    memcpy(arena, image, wide.tensors[0].bytes);
    assert_int_equal(fdm_network_run(&wide.network, arena, &observer), FDM_NN_OK);
    free(arena);
}

static void compute_planned(const struct sketch *sketch, const uint8_t *image, bool by_rows,
                            struct trace *trace)
{
    const struct fdm_network *n = &sketch->network;
    const struct fdm_network_observer observer = {.context = trace, .after = note};
    void *arena = exact_arena(n->arena_bytes);
    memset(trace, 0, sizeof *trace);
    if (!by_rows)
        memcpy(fdm_network_input(n, arena), image, sketch->tensors[0].bytes);
    enum fdm_nn_status status = by_rows ? fdm_network_run_image(n, arena, image, &observer)
                                        : fdm_network_run(n, arena, &observer);
    assert_int_equal(status, FDM_NN_OK);
    const struct fdm_network_tensor *output = &sketch->tensors[n->output];
    uint32_t crc32 = fdm_crc32(FDM_CRC32_INIT, fdm_network_output(n, arena), output->bytes);
    assert_int_equal(crc32, trace->crc32[n->layer_count - 1]);
    free(arena);
}

/* Each plan of the network, from the largest arena to the smallest: every layer's bits are the same
 * as on tensors that lie apart. */
static void every_plan_computes_the_same(void **state)
{
    (void)state;
    uint32_t seed = 21;
    int streamed = 0;
    int by_rows = 0;
    for (int i = 0; i < 200; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct sketch sketch;
        struct trace expected;
        struct trace trace;
        draw_chain(&seed, &sketch);
        uint8_t *image = draw_image(&sketch, &seed);
        compute_apart(&sketch, image, &expected);
        size_t limit = 0;
        while (plan(&sketch, limit, &err) == FDM_OK) {
            assert_ok(fdm_plan_check(&sketch.network, &err), err);
            bool whole = sketch.tensors[0].ring == 0;
            compute_planned(&sketch, image, true, &trace);
            assert_memory_equal(&trace, &expected, sizeof trace);
            if (whole)
                compute_planned(&sketch, image, false, &trace);
            assert_memory_equal(&trace, &expected, sizeof trace);
            streamed += sketch.network.streamed > 1;
            by_rows += !whole;
            limit = sketch.network.arena_bytes - 1;
        }
        free(image);
        release(&sketch);
    }
    assert_true(streamed > 100 && by_rows > 100);
}

/* Everything is moved everywhere, one thing at a time. What the checker accepts computes the same
 * bits; and most is refused. */
static void lies_are_noticed(void **state)
{
    (void)state;
    uint32_t seed = 22;
    int accepted = 0;
    int refused = 0;
    for (int i = 0; i < 60; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct sketch sketch;
        struct trace expected;
        struct trace trace;
        draw_chain(&seed, &sketch);
        uint8_t *image = draw_image(&sketch, &seed);
        compute_apart(&sketch, image, &expected);
        plan_freely(&sketch);
        if (i % 2 == 0)
            while (plan(&sketch, sketch.network.arena_bytes - 1, &err) == FDM_OK) {
            }
        uint32_t count = sketch.network.tensor_count;
        for (uint32_t k = 0; k < count + sketch.network.layer_count; k++) {
            struct sketch lie = sketch;
            lie.network.layers = lie.layers;
            lie.network.tensors = lie.tensors;
            size_t *offset =
                k < count ? &lie.tensors[k].offset : &lie.layers[k - count].scratch_offset;
            for (*offset = 0; *offset < lie.network.arena_bytes; *offset += 16) {
                if (fdm_plan_check(&lie.network, NULL) != FDM_OK) {
                    refused++;
                    continue;
                }
                accepted++;
                compute_planned(&lie, image, true, &trace);
                assert_memory_equal(&trace, &expected, sizeof trace);
            }
        }
        free(image);
        release(&sketch);
    }
    assert_true(accepted > 100 && refused > accepted);
}

/* What the executor would do with the arena is refused, too. */
static void every_lie_in_the_tables_is_noticed(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct sketch sketch;
    begin(&sketch, 24, 8, 3);
    add_quantize(&sketch, 0);
    add_conv(&sketch, 1, false, 3, 2, 8);
    add_conv(&sketch, 2, true, 3, 1, 0);
    add_mean(&sketch, 3);
    plan_freely(&sketch);
    assert_ok(plan(&sketch, sketch.network.arena_bytes - 1, &err), err);
    assert_true(sketch.network.streamed > 1);
    for (int i = 0; i < 16; i++) {
        struct sketch lie = sketch;
        struct fdm_network *n = &lie.network;
        n->layers = lie.layers;
        n->tensors = lie.tensors;
        switch (i) {
        case 0: /* the truth */
            break;
        case 1:
            lie.tensors[2].offset += 8;
            break;
        case 2:
            lie.tensors[2].offset += 4096;
            break;
        case 3:
            lie.tensors[2].bytes = SIZE_MAX;
            break;
        case 4:
            n->arena_bytes = n->activation_bytes - 1;
            break;
        case 5:
            n->scratch_bytes--;
            break;
        case 6:
            n->input = n->tensor_count;
            break;
        case 7:
            n->streamed = n->layer_count + 1;
            break;
        case 8:
            n->streamed = 0;
            break;
        case 9:
            lie.tensors[2].ring--;
            break;
        case 10:
            lie.tensors[2].ring = 100;
            break;
        case 11:
            lie.tensors[1].h = 0;
            break;
        case 12:
            lie.layers[1].params.conv_s8.shape.in_h++;
            break;
        case 13:
            lie.layers[3].scratch_offset = SIZE_MAX - 15;
            break;
        case 14:
            lie.layers[1].input = 0;
            lie.layers[1].params.conv_s8.shape.in_h = 12;
            break;
        default:
            lie.layers[2].op = FDM_NN_OP_COUNT;
            break;
        }
        if (fdm_plan_check(n, NULL) != (i == 0 ? FDM_OK : FDM_ERR_MISMATCH))
            fail_msg("lie %d", i);
    }
}

/* ---- graphs that are no chains -------------------------------------------------------------- */

/* Each layer reads any tensor before it. */
static void plans_of_branches_are_proven(void **state)
{
    (void)state;
    uint32_t seed = 11;
    int in_place = 0;
    for (int i = 0; i < 1000; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct sketch sketch;
        begin(&sketch, draw(&seed, 1, 8), draw(&seed, 1, 8), draw(&seed, 1, 16));
        int32_t count = draw(&seed, 1, 20);
        for (int32_t k = 0; k < count; k++) {
            uint32_t input = test_random(&seed) % sketch.network.tensor_count;
            if (test_random(&seed) % 4 == 0)
                add_quantize(&sketch, input);
            else
                add_conv(&sketch, input, false, draw(&seed, 1, 3), 1, draw(&seed, 1, 16));
        }
        plan_freely(&sketch);
        assert_ok(fdm_plan_check(&sketch.network, &err), err);
        for (uint32_t k = 0; k < sketch.network.layer_count; k++)
            in_place += sketch.tensors[sketch.layers[k].input].offset ==
                        sketch.tensors[sketch.layers[k].output].offset;
    }
    assert_true(in_place > 500);
}

/* Two layers of QUANTIZE read the input: the first must not work in place. */
static void a_tensor_that_is_read_later_is_kept(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct sketch sketch;
    begin(&sketch, 10, 10, 1);
    add_quantize(&sketch, 0);
    add_quantize(&sketch, 0);
    plan_freely(&sketch);
    assert_ok(fdm_plan_check(&sketch.network, &err), err);
    assert_int_equal(sketch.network.activation_bytes, 224);
    assert_int_not_equal(sketch.tensors[0].offset, sketch.tensors[1].offset);
    assert_int_equal(sketch.tensors[0].offset, sketch.tensors[2].offset);
    sketch.tensors[1].offset = sketch.tensors[0].offset;
    assert_int_equal(fdm_plan_check(&sketch.network, &err), FDM_ERR_MISMATCH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mobilenets_fit_in_little),
        cmocka_unit_test(no_more_is_streamed_than_needed),
        cmocka_unit_test(every_plan_computes_the_same),
        cmocka_unit_test(lies_are_noticed),
        cmocka_unit_test(every_lie_in_the_tables_is_noticed),
        cmocka_unit_test(plans_of_branches_are_proven),
        cmocka_unit_test(a_tensor_that_is_read_later_is_kept),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
