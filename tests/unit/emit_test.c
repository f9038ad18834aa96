#include "tests/support/test.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"
#include "reference/compiler/compile.h"
#include "reference/compiler/emit.h"
#include "tests/support/network.h"

#define SYMBOL "test_network"
#define ARENA "test_arena_bytes"
#define INPUT "test_input_bytes"

static void emit(const struct fdm_network *network, struct fdm_buf *out)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_emit_options options = {SYMBOL, ARENA, INPUT};
    fdm_buf_init(out);
    assert_ok(fdm_emit_c(network, &options, out, &err), err);
}

/* The compiler's flags that the sources of devices must pass without a word. */
#define STRICT                                                                                     \
    "-std=c11", "-O1", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror",    \
        "-I", FDM_TEST_SOURCE_TREE

static void run_compiler(const char *const *argv)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf words;
    struct fdm_proc_exit end;
    fdm_buf_init(&words);
    assert_ok(fdm_proc_run(argv, NULL, fdm_clock_now_ns() + 300 * FDM_NS_PER_S, 4000, NULL, &words,
                           &end, &err),
              err);
    if (end.code != 0)
        fail_msg("%s: %s", argv[0], words.data);
    fdm_buf_release(&words);
}

/* The emitted text as a loaded library, and what is needed to drop it. */
struct loaded {
    char *dir, *source, *object;
    void *library;
    const struct fdm_network *network;
    void *arena;
};

static struct loaded load(const struct fdm_network *network)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct loaded it = {.dir = test_tmpdir()};
    struct fdm_buf text;
    it.source = fdm_fs_join(it.dir, "network.c");
    it.object = fdm_fs_join(it.dir, "network.so");
    emit(network, &text);
    assert_ok(fdm_fs_write_unsynced(it.source, text.data, text.len, &err), err);
    fdm_buf_release(&text);
    run_compiler((const char *const[]){FDM_TEST_CC, STRICT, "-shared", "-fPIC", "-o", it.object,
                                       it.source, NULL});
    it.library = dlopen(it.object, RTLD_NOW | RTLD_LOCAL);
    if (it.library == NULL)
        fail_msg("%s", dlerror());
    it.network = dlsym(it.library, SYMBOL);
    it.arena = dlsym(it.library, ARENA);
    assert_non_null(it.network);
    assert_non_null(it.arena);
    assert_non_null(dlsym(it.library, INPUT));
    return it;
}

static void unload(struct loaded *it)
{
    dlclose(it->library);
    test_rmtree(it->dir);
    free(it->dir);
    free(it->source);
    free(it->object);
}

/* ---- the same members ----------------------------------------------------------------------- */

static void assert_same_text(const char *a, const char *b)
{
    assert_true((a == NULL) == (b == NULL));
    if (a != NULL)
        assert_string_equal(a, b);
}

static void assert_same_bytes(const void *a, const void *b, size_t bytes)
{
    assert_true((a == NULL) == (b == NULL));
    if (a != NULL && bytes > 0)
        assert_memory_equal(a, b, bytes);
}

static const struct fdm_nn_conv_s8 *conv_of(const struct fdm_network_layer *layer)
{
    if (layer->op == FDM_NN_OP_DWCONV_S8)
        return &layer->params.dwconv_s8.conv;
    return layer->op == FDM_NN_OP_CONV_S8 ? &layer->params.conv_s8 : NULL;
}

static void assert_same_requant(const struct fdm_nn_conv_s8 *a, const struct fdm_nn_conv_s8 *b)
{
    size_t bytes = (size_t)a->shape.out_c * 4;
    assert_int_equal(a->requant.rounding, b->requant.rounding);
    assert_same_bytes(a->requant.multiplier, b->requant.multiplier, bytes);
    assert_same_bytes(a->requant.shift, b->requant.shift, bytes / 4);
    assert_same_bytes(a->requant.scale, b->requant.scale, bytes);
}

static void assert_same_layer(const struct fdm_network_layer *a, const struct fdm_network_layer *b)
{
    assert_int_equal(a->op, b->op);
    assert_int_equal(a->input, b->input);
    assert_int_equal(a->output, b->output);
    assert_int_equal(a->file_tensor, b->file_tensor);
    assert_same_text(a->name, b->name);
    assert_ptr_equal(a->run, b->run);
    assert_string_equal(a->kernel, b->kernel);
    assert_int_equal(a->scratch_offset, b->scratch_offset);
    assert_int_equal(a->scratch_bytes, b->scratch_bytes);
    assert_int_equal(a->weights_bytes, b->weights_bytes);
    assert_int_equal(a->bias_bytes, b->bias_bytes);
    assert_int_equal(a->macs, b->macs);
    assert_same_bytes(a->weights, b->weights, a->weights_bytes);
    assert_same_bytes(a->bias, b->bias, a->bias_bytes);
    if (conv_of(a) != NULL)
        assert_same_requant(conv_of(a), conv_of(b));
}

static void assert_same_tensor(const struct fdm_network_tensor *a,
                               const struct fdm_network_tensor *b)
{
    assert_int_equal(a->type, b->type);
    assert_true(a->h == b->h && a->w == b->w && a->c == b->c);
    assert_int_equal(a->offset, b->offset);
    assert_int_equal(a->bytes, b->bytes);
    assert_true(a->scale == b->scale);
    assert_int_equal(a->zero_point, b->zero_point);
}

static void assert_same_network(const struct fdm_network *a, const struct fdm_network *b)
{
    assert_same_text(a->name, b->name);
    assert_same_text(a->sha256, b->sha256);
    assert_same_text(a->semantics, b->semantics);
    assert_string_equal(a->engine, b->engine);
    assert_int_equal(a->layer_count, b->layer_count);
    assert_int_equal(a->tensor_count, b->tensor_count);
    assert_int_equal(a->input, b->input);
    assert_int_equal(a->output, b->output);
    assert_int_equal(a->activation_bytes, b->activation_bytes);
    assert_int_equal(a->scratch_bytes, b->scratch_bytes);
    assert_int_equal(a->arena_bytes, b->arena_bytes);
    for (uint32_t i = 0; i < a->layer_count; i++)
        assert_same_layer(&a->layers[i], &b->layers[i]);
    for (uint32_t i = 0; i < a->tensor_count; i++)
        assert_same_tensor(&a->tensors[i], &b->tensors[i]);
}

/* ---- the same results ----------------------------------------------------------------------- */

#define MAX_LAYERS 64

/* Every layer's output, folded into one number each. */
struct trace {
    uint32_t sum[MAX_LAYERS];
};

static void record(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct trace *trace = context;
    const uint8_t *byte = output;
    (void)at;
    assert_true(layer < MAX_LAYERS);
    for (size_t i = 0; i < bytes; i++)
        trace->sum[layer] = trace->sum[layer] * 16777619u + byte[i];
}

static void run(const struct fdm_network *network, void *arena, uint32_t seed, struct trace *trace)
{
    const struct fdm_network_observer observer = {.context = trace, .after = record};
    memset(trace, 0, sizeof *trace);
    test_fill_input(network, seed, fdm_network_input(network, arena));
    assert_int_equal(fdm_network_run(network, arena, &observer), FDM_NN_OK);
}

static void assert_same_results(const struct fdm_network *network, const struct loaded *loaded)
{
    void *arena = test_arena(network);
    size_t bytes = network->tensors[network->output].bytes;
    assert_int_equal((uintptr_t)loaded->arena % FDM_NETWORK_ALIGNMENT, 0);
    for (uint32_t seed = 1; seed <= 3; seed++) {
        struct trace expected, got;
        run(network, arena, seed, &expected);
        run(loaded->network, loaded->arena, seed, &got);
        assert_memory_equal(&got, &expected, sizeof got);
        assert_memory_equal(fdm_network_output(loaded->network, loaded->arena),
                            fdm_network_output(network, arena), bytes);
    }
    free(arena);
}

static void check_network(const struct fdm_network *network)
{
    struct loaded loaded = load(network);
    assert_same_network(network, loaded.network);
    assert_same_results(network, &loaded);
    unload(&loaded);
}

static void small_networks_survive_in_all_semantics(void **state)
{
    (void)state;
    for (size_t i = 0; i < fdm_semantics_count(); i++) {
        struct fdm_network *network = test_small_network(fdm_semantics_at(i)->name);
        check_network(network);
        fdm_network_free(network);
    }
}

/* Numbers and texts that are hard to write down, in a network that runs. */
static const int32_t extreme_bias[2] = {-1000000, INT32_C(1) << 20};
static const int8_t extreme_weights[2] = {INT8_MIN, INT8_MAX};
static const int32_t multiplier[2] = {1 << 30, INT32_MAX};
static const int8_t shift[2] = {-31, 30};
static const float unread_scale[2] = {0.1f, 0x1p-149f};
static const float float_weights[2] = {-0.0f, 0x1.fffffep127f};
static const float float_bias[2] = {0x1p-149f, -1.0f / 3.0f};
static const struct fdm_network_layer odd_layers[] = {
    {.op = FDM_NN_OP_CONV_F32,
     .run = fdm_nn_conv_f32_run,
     .kernel = "conv_f32",
     .name = "a \"quoted\\name\" ?\?/ */ \n\x7f\xc3\xa4"
             "9",
     .input = 0,
     .output = 1,
     .weights = float_weights,
     .weights_bytes = sizeof float_weights,
     .bias = float_bias,
     .bias_bytes = sizeof float_bias,
     .macs = UINT64_MAX,
     .params.conv_f32 = {{1, 1, 1, 1, 1, 2, 1, 1, 1, 1, 0, 0}, -INFINITY, INFINITY}},
    {.op = FDM_NN_OP_DWCONV_F32,
     .run = fdm_nn_dwconv_f32_run,
     .kernel = "dwconv_f32",
     .name = "",
     .input = 1,
     .output = 2,
     .weights = float_weights,
     .weights_bytes = sizeof float_weights,
     .params.dwconv_f32 = {{{1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 0, 0}, 0.0f, 6.0f}}},
    {.op = FDM_NN_OP_MEAN_F32,
     .run = fdm_nn_mean_f32_run,
     .kernel = "mean_f32",
     .name = "mean",
     .input = 2,
     .output = 3,
     .params.mean_f32 = {1, 1, 2}},
    {.op = FDM_NN_OP_SOFTMAX_F32,
     .run = fdm_nn_softmax_f32_run,
     .kernel = "softmax_f32",
     .name = "softmax",
     .input = 3,
     .output = 4,
     .params.softmax_f32 = {2}},
};
static const struct fdm_network_tensor odd_tensors[] = {
    {FDM_NETWORK_F32, 1, 1, 1, 0, 4, 0.0f, 0, 0},   {FDM_NETWORK_F32, 1, 1, 2, 16, 8, 0.0f, 0, 0},
    {FDM_NETWORK_F32, 1, 1, 2, 0, 8, 0.0f, 0, 0},   {FDM_NETWORK_F32, 1, 1, 2, 16, 8, 0.0f, 0, 0},
    {FDM_NETWORK_F32, 1, 1, 2, 32, 8, 0.1f, -5, 0},
};
static const struct fdm_network odd = {
    .name = "%s%n",
    .sha256 = "0",
    .engine = "reference",
    .layers = odd_layers,
    .tensors = odd_tensors,
    .layer_count = 4,
    .tensor_count = 5,
    .output = 4,
    .activation_bytes = 48,
    .scratch_bytes = 64,
    .arena_bytes = 112,
};

static void odd_texts_and_floats_survive(void **state)
{
    (void)state;
    check_network(&odd);
    struct loaded loaded = load(&odd);
    assert_memory_equal(&loaded.network->layers[0].params.conv_f32, &odd_layers[0].params.conv_f32,
                        sizeof(struct fdm_nn_conv_f32));
    unload(&loaded);
}

static void extreme_integers_survive_and_unread_arrays_do_not(void **state)
{
    (void)state;
    const struct fdm_network_layer layer = {
        .op = FDM_NN_OP_DWCONV_S8,
        .run = fdm_nn_dwconv_s8_run,
        .kernel = "dwconv_s8",
        .name = "dw",
        .weights = extreme_weights,
        .weights_bytes = sizeof extreme_weights,
        .bias = extreme_bias,
        .bias_bytes = sizeof extreme_bias,
        .params.dwconv_s8.conv = {{1, 1, 2, 1, 1, 2, 1, 1, 1, 1, 0, 0},
                                  INT8_MIN,
                                  INT8_MAX,
                                  INT32_MIN,
                                  INT32_MAX,
                                  {FDM_NN_ROUND_NEON, multiplier, shift, unread_scale}}};
    struct fdm_network network = odd;
    network.layers = &layer;
    network.layer_count = 1;
    struct loaded loaded = load(&network);
    const struct fdm_nn_conv_s8 *conv = conv_of(loaded.network->layers);
    assert_null(conv->requant.scale);
    assert_memory_equal(conv->requant.multiplier, multiplier, sizeof multiplier);
    assert_memory_equal(conv->requant.shift, shift, sizeof shift);
    assert_memory_equal(loaded.network->layers[0].weights, extreme_weights, 2);
    assert_memory_equal(loaded.network->layers[0].bias, extreme_bias, 8);
    assert_true(conv->out_min == INT32_MIN && conv->out_max == INT32_MAX);
    assert_true(conv->in_zero_point == INT8_MIN && conv->out_zero_point == INT8_MAX);
    unload(&loaded);
}

static void the_text_is_repeatable(void **state)
{
    (void)state;
    struct fdm_buf texts[2];
    for (int i = 0; i < 2; i++) {
        struct fdm_network *network = test_small_network("tflite");
        emit(network, &texts[i]);
        fdm_network_free(network);
    }
    assert_int_equal(texts[0].len, texts[1].len);
    assert_memory_equal(texts[0].data, texts[1].data, texts[0].len);
    fdm_buf_release(&texts[0]);
    fdm_buf_release(&texts[1]);
}

static void names_must_be_identifiers(void **state)
{
    (void)state;
    static const struct fdm_emit_options cases[] = {
        {"", NULL, NULL}, {"1st", NULL, NULL}, {"a b", NULL, NULL}, {"ok", "x;", NULL},
        {"ok", "", NULL}, {"a\n", NULL, NULL}, {"ok", NULL, "a-b"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_buf out;
        fdm_buf_init(&out);
        assert_int_equal(fdm_emit_c(&odd, &cases[i], &out, NULL), FDM_ERR_USAGE);
        assert_int_equal(out.len, 0);
        fdm_buf_release(&out);
    }
}

static void devices_compile_it_without_a_word(void **state)
{
    (void)state;
    if (!fdm_proc_exists("arm-none-eabi-gcc")) {
        print_message("skipped: no arm-none-eabi-gcc (package gcc-arm-none-eabi)\n");
        skip();
    }
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_network *small = test_small_network("xnnpack");
    const struct fdm_network *networks[] = {small, &odd};
    char *dir = test_tmpdir();
    char *source = fdm_fs_join(dir, "network.c");
    for (size_t i = 0; i < 2; i++) {
        struct fdm_buf text;
        emit(networks[i], &text);
        assert_ok(fdm_fs_write_unsynced(source, text.data, text.len, &err), err);
        fdm_buf_release(&text);
        run_compiler((const char *const[]){"arm-none-eabi-gcc", STRICT, "-mcpu=cortex-m4",
                                           "-mthumb", "-fsyntax-only", source, NULL});
    }
    test_rmtree(dir);
    free(dir);
    free(source);
    fdm_network_free(small);
}

static void published_models_survive(void **state)
{
    (void)state;
    static const char *const variants[] = {"fdmobilenet_0.25_128_tfs", "st_fdmobilenet_v1_224_tfs"};
    for (size_t i = 0; i < 4; i++) {
        char relative[128];
        snprintf(relative, sizeof relative, "flowers/%s/%s%s", variants[i / 2], variants[i / 2],
                 i % 2 == 0 ? "_int8.tflite" : ".h5");
        struct fdm_network *network = test_model_network(relative, i % 2 == 0 ? "tflite" : NULL, 0);
        check_network(network);
        fdm_network_free(network);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_networks_survive_in_all_semantics),
        cmocka_unit_test(odd_texts_and_floats_survive),
        cmocka_unit_test(extreme_integers_survive_and_unread_arrays_do_not),
        cmocka_unit_test(the_text_is_repeatable),
        cmocka_unit_test(names_must_be_identifiers),
        cmocka_unit_test(devices_compile_it_without_a_word),
        cmocka_unit_test(published_models_survive),
    };
    return cmocka_run_group_tests_name("emit", tests, NULL, NULL);
}
