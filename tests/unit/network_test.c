#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "reference/network/network.h"
#include "reference/network/semantics.h"

/* A network as firmware has it: initialised constants. A 1 x 1 convolution makes half the sum and
 * half the difference of the channels; softmax halves with every 8 steps. */
static const int8_t weights[2][3] = {{1, 1, 1}, {1, 0, -1}};
static const int32_t bias[2] = {2, 2};
static const int32_t multiplier[2] = {1 << 30, 1 << 30};
static const int8_t shift[2] = {0, 0};
static float table[FDM_NN_SOFTMAX_TABLE_SIZE];

static const struct fdm_network_tensor tensors[] = {
    {FDM_NETWORK_U8, 2, 2, 3, 0, 12, 1.0f, 0, 0},
    {FDM_NETWORK_S8, 2, 2, 3, 0, 12, 1.0f, -128, 0},
    {FDM_NETWORK_S8, 2, 2, 2, 16, 8, 1.0f, 0, 0},
    {FDM_NETWORK_S8, 1, 1, 2, 0, 2, 1.0f, 0, 0},
    {FDM_NETWORK_S8, 1, 1, 2, 16, 2, 1.0f, -128, 0},
    {FDM_NETWORK_F32, 1, 1, 2, 0, 8, 0.0f, 0, 0},
};

static const struct fdm_network_layer layers[] = {
    {.op = FDM_NN_OP_QUANTIZE_U8_S8,
     .run = fdm_nn_quantize_u8_s8_run,
     .scratch_offset = 32,
     .name = "quantize",
     .input = 0,
     .output = 1,
     .params.quantize_u8_s8 = {12, 0, -128}},
    {.op = FDM_NN_OP_CONV_S8,
     .run = fdm_nn_conv_s8_run,
     .scratch_offset = 32,
     .name = "conv",
     .input = 1,
     .output = 2,
     .weights = weights,
     .bias = bias,
     .params.conv_s8 = {{2, 2, 3, 2, 2, 2, 1, 1, 1, 1, 0, 0},
                        -128,
                        0,
                        -128,
                        127,
                        {FDM_NN_ROUND_SINGLE, multiplier, shift, NULL}}},
    {.op = FDM_NN_OP_MEAN_S8,
     .run = fdm_nn_mean_s8_run,
     .scratch_offset = 32,
     .name = "mean",
     .input = 2,
     .output = 3,
     .params.mean_s8 = {.h = 2, .w = 2, .c = 2, .scale = 1.0f}},
    {.op = FDM_NN_OP_SOFTMAX_S8,
     .run = fdm_nn_softmax_s8_run,
     .scratch_offset = 32,
     .name = "softmax",
     .input = 3,
     .output = 4,
     .params.softmax_s8 = {.count = 2, .rule = FDM_NN_SOFTMAX_TABLE, .table = table}},
    {.op = FDM_NN_OP_DEQUANTIZE_S8_F32,
     .run = fdm_nn_dequantize_s8_f32_run,
     .scratch_offset = 32,
     .name = "dequantize",
     .input = 4,
     .output = 5,
     .params.dequantize_s8_f32 = {2, 1.0f / 256.0f, -128}},
};

#define LAYERS (sizeof layers / sizeof layers[0])

static const struct fdm_network network = {
    .name = "tiny",
    .engine = "reference",
    .layers = layers,
    .tensors = tensors,
    .layer_count = LAYERS,
    .tensor_count = sizeof tensors / sizeof tensors[0],
    .input = 0,
    .output = 5,
    .activation_bytes = 32,
    .scratch_bytes = 16,
    .arena_bytes = 48,
};

static const uint8_t image[12] = {10, 20, 30, 12, 22, 32, 8, 18, 28, 10, 20, 30};

/* Sums 62, 68, 56, 62 are halved to a mean of 31, differences -18 to -9; 40 steps apart are 32 : 1,
 * so the probabilities are 248.2 and 7.8 of 256. */
static const float expected[2] = {248.0f / 256.0f, 8.0f / 256.0f};

static int fill_table(void **state)
{
    (void)state;
    for (int d = 0; d < FDM_NN_SOFTMAX_TABLE_SIZE; d++)
        table[FDM_NN_SOFTMAX_TABLE_SIZE - 1 - d] = exp2f((float)-d / 8.0f);
    return 0;
}

struct arena {
    _Alignas(FDM_NETWORK_ALIGNMENT) unsigned char bytes[48];
};

static void put_image(const struct fdm_network *of, struct arena *arena)
{
    memset(arena, 0xa5, sizeof *arena);
    memcpy(fdm_network_input(of, arena), image, sizeof image);
}

static void a_constant_network_runs(void **state)
{
    (void)state;
    struct arena arena;
    for (int again = 0; again < 2; again++) {
        put_image(&network, &arena);
        assert_int_equal(fdm_network_run(&network, &arena, NULL), FDM_NN_OK);
        const float *output = fdm_network_output(&network, &arena);
        assert_true(output[0] == expected[0] && output[1] == expected[1]);
    }
}

struct diary {
    char text[64];
    size_t len;
    size_t bytes[LAYERS];
    int8_t mean[2];
};

static void note_before(void *context, uint32_t layer, size_t at)
{
    struct diary *diary = context;
    assert_int_equal(at, 0);
    diary->text[diary->len++] = '<';
    diary->text[diary->len++] = (char)('0' + layer);
}

static void note_after(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct diary *diary = context;
    assert_int_equal(at, 0);
    diary->text[diary->len++] = (char)('0' + layer);
    diary->text[diary->len++] = '>';
    diary->bytes[layer] = bytes;
    if (layer == 2)
        memcpy(diary->mean, output, bytes);
}

static void observers_see_every_layer_in_order(void **state)
{
    (void)state;
    struct arena arena;
    struct diary diary = {.len = 0};
    const struct fdm_network_observer both = {&diary, note_before, note_after};
    put_image(&network, &arena);
    assert_int_equal(fdm_network_run(&network, &arena, &both), FDM_NN_OK);
    assert_string_equal(diary.text, "<00><11><22><33><44>");
    static const size_t bytes[LAYERS] = {12, 8, 2, 2, 8};
    assert_memory_equal(diary.bytes, bytes, sizeof bytes);
    assert_int_equal(diary.mean[0], 31);
    assert_int_equal(diary.mean[1], -9);
    struct diary half = {.len = 0};
    const struct fdm_network_observer only_before = {&half, note_before, NULL};
    put_image(&network, &arena);
    assert_int_equal(fdm_network_run(&network, &arena, &only_before), FDM_NN_OK);
    assert_string_equal(half.text, "<0<1<2<3<4");
}

/* A kernel of another engine, in the reference's place. */
static enum fdm_nn_status louder_conv(const struct fdm_nn_call *call)
{
    enum fdm_nn_status status = fdm_nn_conv_s8_run(call);
    ((int8_t *)call->out.base)[0] = 127;
    return status;
}

static void kernels_are_exchanged_by_layer(void **state)
{
    (void)state;
    struct fdm_network_layer mine[LAYERS];
    memcpy(mine, layers, sizeof layers);
    mine[1].run = louder_conv;
    struct fdm_network changed = network;
    changed.layers = mine;
    struct arena arena;
    struct diary diary = {.len = 0};
    const struct fdm_network_observer observer = {&diary, NULL, note_after};
    put_image(&changed, &arena);
    assert_int_equal(fdm_network_run(&changed, &arena, &observer), FDM_NN_OK);
    assert_int_equal(diary.mean[0], 55); /* (127 + 34 + 28 + 31) / 4 */
}

static enum fdm_nn_status refusing(const struct fdm_nn_call *call)
{
    (void)call;
    return FDM_NN_ERR_ARGUMENT;
}

static void a_run_stops_where_a_kernel_is_missing_or_refuses(void **state)
{
    (void)state;
    const struct {
        fdm_nn_run *run;
        const char *diary;
    } cases[] = {{NULL, "<00><11>"}, {refusing, "<00><11><2"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_network_layer broken[LAYERS];
        memcpy(broken, layers, sizeof layers);
        broken[2].run = cases[i].run;
        struct fdm_network changed = network;
        changed.layers = broken;
        struct arena arena;
        struct diary diary = {.len = 0};
        const struct fdm_network_observer observer = {&diary, note_before, note_after};
        put_image(&changed, &arena);
        assert_int_equal(fdm_network_run(&changed, &arena, &observer), FDM_NN_ERR_ARGUMENT);
        assert_string_equal(diary.text, cases[i].diary);
    }
}

static void reference_kernels_are_complete(void **state)
{
    (void)state;
    for (int op = 0; op < FDM_NN_OP_COUNT; op++) {
        assert_int_equal(fdm_nn_reference_kernels[op].op, op);
        assert_non_null(fdm_nn_reference_kernels[op].run);
        assert_non_null(fdm_nn_reference_kernels[op].scratch_bytes);
    }
}

/* Records name presets, so what a name means must not change. */
static void semantics_keep_their_meaning(void **state)
{
    (void)state;
    enum { SINGLE = FDM_NN_ROUND_SINGLE, DOUBLE, NEON, FP32 };
    static const struct {
        const char *name;
        int conv, gemv, dwconv, mean, softmax;
    } presets[] = {
        {"tflite", SINGLE, SINGLE, DOUBLE, FDM_NN_MEAN_FLOAT, FDM_NN_SOFTMAX_TABLE},
        {"tflite-x86", NEON, NEON, DOUBLE, FDM_NN_MEAN_FLOAT, FDM_NN_SOFTMAX_TABLE},
        {"tflite-arm", SINGLE, NEON, NEON, FDM_NN_MEAN_FLOAT, FDM_NN_SOFTMAX_TABLE},
        {"xnnpack", FP32, FP32, FP32, FDM_NN_MEAN_FLOAT, FDM_NN_SOFTMAX_TABLE},
        {"litert-builtin", SINGLE, SINGLE, DOUBLE, FDM_NN_MEAN_INT_DOUBLE, FDM_NN_SOFTMAX_TABLE},
        {"tflm", DOUBLE, DOUBLE, DOUBLE, FDM_NN_MEAN_INT_DOUBLE, FDM_NN_SOFTMAX_FIXED},
    };
    assert_int_equal(fdm_semantics_count(), sizeof presets / sizeof presets[0]);
    for (size_t i = 0; i < fdm_semantics_count(); i++) {
        const struct fdm_semantics *s = fdm_semantics_find(presets[i].name);
        assert_ptr_equal(s, fdm_semantics_at(i));
        assert_string_equal(s->name, presets[i].name);
        assert_true(s->description[0] != '\0');
        assert_int_equal(s->conv, presets[i].conv);
        assert_int_equal(s->gemv, presets[i].gemv);
        assert_int_equal(s->dwconv, presets[i].dwconv);
        assert_int_equal(s->mean, presets[i].mean);
        assert_int_equal(s->softmax, presets[i].softmax);
    }
    assert_string_equal(fdm_semantics_at(0)->name, FDM_SEMANTICS_DEFAULT);
    assert_null(fdm_semantics_at(fdm_semantics_count()));
    assert_null(fdm_semantics_find("TFLite"));
    assert_null(fdm_semantics_find(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_constant_network_runs),
        cmocka_unit_test(observers_see_every_layer_in_order),
        cmocka_unit_test(kernels_are_exchanged_by_layer),
        cmocka_unit_test(a_run_stops_where_a_kernel_is_missing_or_refuses),
        cmocka_unit_test(reference_kernels_are_complete),
        cmocka_unit_test(semantics_keep_their_meaning),
    };
    return cmocka_run_group_tests_name("network", tests, fill_table, NULL);
}
