/* Whole models against what real runtimes computed: every byte of every output, and for TensorFlow
 * Lite on x86-64 the checksum of every layer. */
#include "tests/support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/base/json.h"
#include "reference/compiler/compile.h"
#include "reference/compiler/plan.h"
#include "reference/importers/importers.h"
#include "targets/wire/crc32.h"
#include "tests/oracle/vector_input.h"

#define MAX_CLASSES 101
#define MAX_TENSORS 128
#define CASES (12 * 8)

static const char *const datasets[] = {"flowers", "plant-village", "food-101"};

/* What an int8 network's arena may take in KiB, whole and with a streamed input. */
static const struct {
    const char *name;
    size_t whole_kib, streamed_kib;
} variants[] = {
    {"fdmobilenet_0.25_128_tfs", 50, 14},
    {"fdmobilenet_0.25_224_tfs", 149, 28},
    {"st_fdmobilenet_v1_128_tfs", 66, 24},
    {"st_fdmobilenet_v1_224_tfs", 199, 44},
};

/* What an arena may take: anything, or what a plan with a whole or a streamed input needs. */
enum memory { ANY, WHOLE, STREAMED };

/* What runs the models: the reference, and the tuned kernels of each instruction set that this
 * processor has, one at a time. */
struct engine {
    const char *name;
    struct fdm_compile_options options;
    enum memory memory;
};
static const struct engine streamed = {"reference, streamed", {0}, STREAMED};
static const struct engine engines[] = {
    {"reference", {0}, WHOLE},
    {"tuned, avx2", {.tuned = true, .isas = FDM_NN_ISA_AVX2}, ANY},
    {"tuned, avx512-vnni", {.tuned = true, .isas = FDM_NN_ISA_AVX512_VNNI}, ANY},
    {"tuned, neon", {.tuned = true, .isas = FDM_NN_ISA_NEON}, ANY},
};
#define ENGINES (sizeof engines / sizeof engines[0])

static bool can_run(const struct engine *engine)
{
    bool can = (fdm_nn_host_isas() & engine->options.isas) == engine->options.isas;
    if (!can)
        print_message("skipped: %s, which this processor lacks\n", engine->name);
    return can;
}

/* One model, compiled, with its vectors. */
struct model {
    const char *dataset, *variant;
    struct fdm_json *vectors;
    struct fdm_graph *graph;
    struct fdm_network *network;
    uint8_t *image;
    void *arena;
};

static char *data_file(const char *format, const struct model *model, const char *suffix)
{
    char relative[256];
    snprintf(relative, sizeof relative, format, model->dataset, model->variant, model->variant,
             suffix);
    return test_data_path(relative);
}

static void open_vectors(struct model *model)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char relative[256];
    snprintf(relative, sizeof relative, "vectors/%s.%s.json", model->dataset, model->variant);
    char *path = test_data_path(relative);
    assert_ok(fdm_json_read(path, &model->vectors, &err), err);
    free(path);
}

static void open_network(struct model *model, const char *suffix, const char *hash_member,
                         const struct fdm_semantics *semantics,
                         const struct fdm_compile_options *options)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = data_file("models/%s/%s/%s%s", model, suffix);
    assert_ok(fdm_import_file(path, &model->graph, &err), err);
    free(path);
    const char *hash;
    assert_ok(fdm_json_get_string(model->vectors, hash_member, &hash, &err), err);
    assert_string_equal(model->graph->sha256, hash);
    assert_ok(fdm_compile(model->graph, semantics, options, &model->network, &err), err);
    assert_ok(fdm_plan_check(model->network, &err), err);
    const struct fdm_network_tensor *in = &model->network->tensors[model->network->input];
    model->image = malloc((size_t)in->h * (size_t)in->w * (size_t)in->c);
    model->arena =
        aligned_alloc(FDM_NETWORK_ALIGNMENT, (model->network->arena_bytes + 15) / 16 * 16);
    assert_non_null(model->image);
    assert_non_null(model->arena);
}

static void close_model(struct model *model)
{
    free(model->arena);
    free(model->image);
    fdm_network_free(model->network);
    fdm_graph_free(model->graph);
    fdm_json_free(model->vectors);
}

/* Makes the image of one vector and proves that it is the one that the runtimes saw. */
static void make_image(struct model *model, const struct fdm_json *vector)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const char *generator;
    const char *hash;
    uint64_t seed;
    const struct fdm_network_tensor *in = &model->network->tensors[model->network->input];
    assert_ok(fdm_json_get_string(vector, "generator", &generator, &err), err);
    assert_ok(fdm_json_get_uint(vector, "seed", 0, UINT32_MAX, &seed, &err), err);
    assert_ok(fdm_json_get_string(vector, "input_sha256", &hash, &err), err);
    assert_true(vector_input(generator, (uint32_t)seed, (uint32_t)in->h, model->image));
    char hex[FDM_SHA256_HEX_SIZE];
    fdm_sha256_hex(model->image, (size_t)in->h * (size_t)in->w * (size_t)in->c, hex);
    assert_string_equal(hex, hash);
}

/* What a run left behind, by the tensors' numbers in the file. */
struct trace {
    const struct fdm_network *network;
    uint32_t crc32[MAX_TENSORS];
    bool seen[MAX_TENSORS];
    int8_t logits[MAX_CLASSES];
    int8_t softmax[MAX_CLASSES];
};

static void record_layer(void *context, uint32_t index, size_t at, const void *output, size_t bytes)
{
    struct trace *trace = context;
    const struct fdm_network_layer *layer = &trace->network->layers[index];
    assert_true(layer->file_tensor < MAX_TENSORS);
    uint32_t *crc32 = &trace->crc32[layer->file_tensor];
    *crc32 = fdm_crc32(at == 0 ? FDM_CRC32_INIT : *crc32, output, bytes);
    trace->seen[layer->file_tensor] = true;
    if (layer->op == FDM_NN_OP_CONV_S8 && bytes <= MAX_CLASSES)
        memcpy(trace->logits, output, bytes);
    if (layer->op == FDM_NN_OP_SOFTMAX_S8)
        memcpy(trace->softmax, output, bytes);
}

static const float *run_int8(struct model *model, const struct fdm_json *vector,
                             struct trace *trace)
{
    make_image(model, vector);
    *trace = (struct trace){.network = model->network};
    const struct fdm_network_observer observer = {.context = trace, .after = record_layer};
    assert_int_equal(fdm_network_run_image(model->network, model->arena, model->image, &observer),
                     FDM_NN_OK);
    return fdm_network_output(model->network, model->arena);
}

static size_t classes_of(const struct model *model)
{
    return (size_t)model->network->tensors[model->network->output].c;
}

static size_t largest(const float *values, size_t count)
{
    size_t best = 0;
    for (size_t i = 1; i < count; i++)
        best = values[i] > values[best] ? i : best;
    return best;
}

static void assert_top1(const struct fdm_json *object, const float *output, size_t classes)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint64_t top1;
    assert_ok(fdm_json_get_uint(object, "top1", 0, classes - 1, &top1, &err), err);
    assert_int_equal(largest(output, classes), top1);
}

/* 1 if the member, an array of whole numbers, equals the values; else 0, having said where. */
static int same_s8(const struct model *model, const struct fdm_json *object, const char *member,
                   const int8_t *values, size_t count)
{
    const struct fdm_json *array = fdm_json_member(object, member);
    assert_int_equal(fdm_json_length(array), count);
    const struct fdm_json *item = fdm_json_first(array);
    for (size_t i = 0; i < count; i++, item = fdm_json_next(item)) {
        double expected = fdm_json_value(item, NAN);
        if (expected != (double)values[i]) {
            print_message("%s/%s: %s[%zu] is %d, expected %g\n", model->dataset, model->variant,
                          member, i, values[i], expected);
            return 0;
        }
    }
    return 1;
}

typedef void check_vector(struct model *model, const struct fdm_json *vector, void *context);

/* In bytes; float networks have none. */
static size_t limit_of(const struct engine *engine, size_t variant, const char *suffix)
{
    if (engine->memory == ANY || strcmp(suffix, "_int8.tflite") != 0)
        return 0;
    return 1024 *
           (engine->memory == WHOLE ? variants[variant].whole_kib : variants[variant].streamed_kib);
}

/* Every model and every vector of it. Skips the whole test where the data are absent. */
static void for_each_vector(const char *suffix, const char *hash_member,
                            const struct fdm_semantics *semantics, const struct engine *engine,
                            check_vector *check, void *context)
{
    for (size_t d = 0; d < sizeof datasets / sizeof datasets[0]; d++) {
        for (size_t v = 0; v < sizeof variants / sizeof variants[0]; v++) {
            struct model model = {.dataset = datasets[d], .variant = variants[v].name};
            open_vectors(&model);
            struct fdm_compile_options options = engine->options;
            options.arena_limit = limit_of(engine, v, suffix);
            open_network(&model, suffix, hash_member, semantics, &options);
            assert_int_equal(model.network->streamed > 0, engine->memory == STREAMED);
            const struct fdm_json *vector =
                fdm_json_first(fdm_json_member(model.vectors, "inputs"));
            for (; vector != NULL; vector = fdm_json_next(vector))
                check(&model, vector, context);
            close_model(&model);
        }
    }
}

static const struct fdm_semantics *semantics_named(const char *name)
{
    const struct fdm_semantics *semantics = fdm_semantics_find(name);
    assert_non_null(semantics);
    return semantics;
}

/* ---- TensorFlow Lite 2.9 on x86-64, layer by layer ------------------------------------------ */

struct counts {
    int vectors, exact, layers, exact_layers;
};

static int same_layers(const struct model *model, const struct trace *trace,
                       const struct fdm_json *layers)
{
    int same = 0;
    for (const struct fdm_json *item = fdm_json_first(layers); item != NULL;
         item = fdm_json_next(item)) {
        unsigned long tensor = strtoul(fdm_json_name(item), NULL, 10);
        unsigned long expected = strtoul(fdm_json_text(item), NULL, 16);
        assert_true(tensor < MAX_TENSORS);
        if (trace->seen[tensor] && trace->crc32[tensor] == expected)
            same++;
        else
            print_message("%s/%s: the output of tensor %lu differs\n", model->dataset,
                          model->variant, tensor);
    }
    return same;
}

/* A RESHAPE is no layer of ours; its output's bytes are its input's. */
static void follow_reshapes(const struct fdm_graph *graph, struct trace *trace)
{
    for (uint32_t i = 0; i < graph->op_count; i++) {
        if (graph->ops[i].kind != FDM_OP_RESHAPE)
            continue;
        uint32_t from = graph->tensors[graph->ops[i].inputs[0]].file_index;
        uint32_t to = graph->tensors[graph->ops[i].output].file_index;
        assert_true(from < MAX_TENSORS && to < MAX_TENSORS);
        trace->crc32[to] = trace->crc32[from];
        trace->seen[to] = trace->seen[from];
    }
}

static int same_output(const struct fdm_json *vector, const float *output, size_t classes)
{
    const struct fdm_json *item = fdm_json_first(fdm_json_member(vector, "output"));
    for (size_t i = 0; i < classes; i++, item = fdm_json_next(item)) {
        if (fdm_json_value(item, NAN) != (double)output[i])
            return 0;
    }
    return item == NULL;
}

static void check_main(struct model *model, const struct fdm_json *vector, void *context)
{
    struct counts *counts = context;
    struct trace trace;
    const float *output = run_int8(model, vector, &trace);
    size_t classes = classes_of(model);
    follow_reshapes(model->graph, &trace);
    const struct fdm_json *layers = fdm_json_member(vector, "layers_crc32");
    counts->vectors++;
    counts->exact += same_output(vector, output, classes) &
                     same_s8(model, vector, "logits_int8", trace.logits, classes) &
                     same_s8(model, vector, "softmax_int8", trace.softmax, classes);
    counts->layers += (int)fdm_json_length(layers);
    counts->exact_layers += same_layers(model, &trace, layers);
    assert_top1(vector, output, classes);
}

static void tflite_x86_is_reproduced_layer_by_layer(void **state)
{
    const struct engine *engine = *state;
    struct counts counts = {0};
    for_each_vector("_int8.tflite", "sha256", semantics_named("tflite-x86"), engine, check_main,
                    &counts);
    print_message("%s, tflite-x86: %d of %d vectors, %d of %d layer checksums\n", engine->name,
                  counts.exact, counts.vectors, counts.exact_layers, counts.layers);
    assert_int_equal(counts.vectors, CASES);
    assert_int_equal(counts.exact, CASES);
    assert_int_equal(counts.layers, CASES * 30);
    assert_int_equal(counts.exact_layers, CASES * 30);
}

/* ---- the other runtimes --------------------------------------------------------------------- */

struct column {
    const struct vector_runtime *runtime;
    const struct engine *engine;
    int vectors, exact;
};

static void check_column(struct model *model, const struct fdm_json *vector, void *context)
{
    struct column *column = context;
    const struct fdm_json *runtime =
        fdm_json_member(fdm_json_member(vector, "other_runtimes"), column->runtime->name);
    assert_non_null(runtime);
    struct trace trace;
    const float *output = run_int8(model, vector, &trace);
    size_t classes = classes_of(model);
    int8_t quantized[MAX_CLASSES];
    for (size_t i = 0; i < classes; i++)
        quantized[i] = (int8_t)(output[i] * 256.0f - 128.0f);
    column->vectors++;
    column->exact += same_s8(model, runtime, "output_q", quantized, classes);
    assert_top1(runtime, output, classes);
}

static void other_runtimes_are_reproduced(void **state)
{
    struct column *column = *state;
    for_each_vector("_int8.tflite", "sha256", semantics_named(column->runtime->semantics),
                    column->engine, check_column, column);
    print_message("%s, %s: %d of %d vectors of %s\n", column->engine->name,
                  column->runtime->semantics, column->exact, column->vectors,
                  column->runtime->name);
    assert_int_equal(column->vectors, CASES);
    assert_int_equal(column->exact, CASES);
}

/* ---- fixed-point softmax -------------------------------------------------------------------- */

struct softmax_counts {
    int outputs, different;
};

static void read_s8(const struct fdm_json *array, int8_t *out, size_t count)
{
    assert_int_equal(fdm_json_length(array), count);
    const struct fdm_json *item = fdm_json_first(array);
    for (size_t i = 0; i < count; i++, item = fdm_json_next(item))
        out[i] = (int8_t)fdm_json_value(item, NAN);
}

static void check_fixed_softmax(struct model *model, const struct fdm_json *vector, void *context)
{
    struct softmax_counts *counts = context;
    size_t classes = classes_of(model);
    int8_t logits[MAX_CLASSES];
    int8_t expected[MAX_CLASSES];
    int8_t output[MAX_CLASSES] = {0};
    read_s8(fdm_json_member(vector, "logits_int8"), logits, classes);
    read_s8(fdm_json_member(vector, "softmax_int8"), expected, classes);
    for (uint32_t i = 0; i < model->network->layer_count; i++) {
        const struct fdm_network_layer *layer = &model->network->layers[i];
        if (layer->op == FDM_NN_OP_SOFTMAX_S8)
            assert_int_equal(fdm_nn_softmax_s8(&layer->params.softmax_s8, logits, output, NULL),
                             FDM_NN_OK);
    }
    for (size_t i = 0; i < classes; i++) {
        assert_true(abs(output[i] - expected[i]) <= 1);
        counts->different += output[i] != expected[i];
        counts->outputs++;
    }
}

/* Where it was measured over 232,000 outputs, one differed from the table's, by 1. */
static void fixed_softmax_agrees_with_the_table(void **state)
{
    (void)state;
    struct softmax_counts counts = {0};
    for_each_vector("_int8.tflite", "sha256", semantics_named("tflm"), &engines[0],
                    check_fixed_softmax, &counts);
    print_message("tflm: fixed-point softmax, %d of %d outputs differ from TensorFlow Lite's\n",
                  counts.different, counts.outputs);
    assert_true(counts.outputs > 0);
    assert_true(counts.different <= 1);
}

/* ---- float ---------------------------------------------------------------------------------- */

struct float_counts {
    int vectors;
    double probability, logit; /* largest differences */
};

static void fill_float_input(struct model *model, const char *mapping)
{
    const struct fdm_network_tensor *in = &model->network->tensors[model->network->input];
    size_t count = in->bytes / sizeof(float);
    double divisor = strcmp(mapping, "x/127.5-1") == 0 ? 127.5 : 255.0;
    double offset = strcmp(mapping, "x/255") == 0 ? 0.0 : 1.0;
    float *input = fdm_network_input(model->network, model->arena);
    for (size_t i = 0; i < count; i++)
        input[i] = (float)(model->image[i] / divisor - offset);
}

struct float_trace {
    const struct fdm_network *network;
    float logits[MAX_CLASSES];
};

static void record_logits(void *context, uint32_t index, size_t at, const void *output,
                          size_t bytes)
{
    struct float_trace *trace = context;
    (void)at;
    if (trace->network->layers[index].op == FDM_NN_OP_CONV_F32 && bytes <= sizeof trace->logits)
        memcpy(trace->logits, output, bytes);
}

static void raise_to_difference(const struct fdm_json *object, const char *member,
                                const float *values, size_t count, double *largest_difference)
{
    const struct fdm_json *array = fdm_json_member(object, member);
    assert_int_equal(fdm_json_length(array), count);
    const struct fdm_json *item = fdm_json_first(array);
    for (size_t i = 0; i < count; i++, item = fdm_json_next(item)) {
        double difference = fabs(fdm_json_value(item, NAN) - (double)values[i]);
        assert_true(difference >= 0.0); /* no NaN */
        if (difference > *largest_difference)
            *largest_difference = difference;
    }
}

static void check_float(struct model *model, const struct fdm_json *vector, void *context)
{
    struct float_counts *counts = context;
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_json *expected = fdm_json_member(vector, "float_h5");
    const char *mapping;
    assert_ok(fdm_json_get_string(expected, "mapping", &mapping, &err), err);
    make_image(model, vector);
    fill_float_input(model, mapping);
    struct float_trace trace = {.network = model->network};
    const struct fdm_network_observer observer = {.context = &trace, .after = record_logits};
    assert_int_equal(fdm_network_run(model->network, model->arena, &observer), FDM_NN_OK);
    const float *output = fdm_network_output(model->network, model->arena);
    size_t classes = classes_of(model);
    raise_to_difference(expected, "probs", output, classes, &counts->probability);
    raise_to_difference(expected, "logits", trace.logits, classes, &counts->logit);
    assert_top1(expected, output, classes);
    counts->vectors++;
}

/* Measured: 5.4e-6 for probabilities, 2.1e-4 for logits, whose magnitudes go up to 964. */
static void float_models_follow_the_float64_forward(void **state)
{
    const struct engine *engine = *state;
    struct float_counts counts = {0};
    for_each_vector(".h5", "h5_sha256", NULL, engine, check_float, &counts);
    print_message("%s, float: %d vectors, largest difference of a probability %.3g, of a logit "
                  "%.3g\n",
                  engine->name, counts.vectors, counts.probability, counts.logit);
    assert_int_equal(counts.vectors, CASES);
    assert_true(counts.probability < 1e-5);
    assert_true(counts.logit < 5e-4);
}

/* ---- tuned kernels --------------------------------------------------------------------------- */

static void check_bits(struct model *model, const struct fdm_json *vector, void *context)
{
    struct fdm_error err = FDM_ERROR_INIT;
    int *vectors = context;
    struct trace tuned;
    struct trace reference;
    run_int8(model, vector, &tuned);
    struct model other = *model;
    assert_ok(fdm_compile(model->graph, semantics_named(model->network->semantics), NULL,
                          &other.network, &err),
              err);
    other.arena = aligned_alloc(FDM_NETWORK_ALIGNMENT, (other.network->arena_bytes + 15) / 16 * 16);
    assert_non_null(other.arena);
    run_int8(&other, vector, &reference);
    for (size_t i = 0; i < MAX_TENSORS; i++)
        assert_true(tuned.seen[i] == reference.seen[i] && tuned.crc32[i] == reference.crc32[i]);
    free(other.arena);
    fdm_network_free(other.network);
    (*vectors)++;
}

/* The rules that no runtime of the vectors follows. */
static void tflm_equals_the_reference_layer_by_layer(void **state)
{
    int vectors = 0;
    for_each_vector("_int8.tflite", "sha256", semantics_named("tflm"), *state, check_bits,
                    &vectors);
    assert_int_equal(vectors, CASES);
}

/* ---- all --------------------------------------------------------------------------------------
 */

#define TESTS_PER_ENGINE (VECTOR_RUNTIMES + 3)

static size_t add_engine(const struct engine *engine, struct column *columns,
                         struct CMUnitTest *tests)
{
    void *state = (void *)engine;
    size_t count = 0;
    tests[count++] = (struct CMUnitTest)cmocka_unit_test_prestate(
        tflite_x86_is_reproduced_layer_by_layer, state);
    for (size_t i = 0; i < VECTOR_RUNTIMES; i++) {
        columns[i] = (struct column){.runtime = &vector_runtimes[i], .engine = engine};
        tests[count++] = (struct CMUnitTest)cmocka_unit_test_prestate(other_runtimes_are_reproduced,
                                                                      &columns[i]);
    }
    tests[count++] = (struct CMUnitTest)cmocka_unit_test_prestate(
        float_models_follow_the_float64_forward, state);
    if (engine->options.tuned)
        tests[count++] = (struct CMUnitTest)cmocka_unit_test_prestate(
            tflm_equals_the_reference_layer_by_layer, state);
    return count;
}

int main(void)
{
    static struct column columns[ENGINES][VECTOR_RUNTIMES];
    static struct CMUnitTest tests[ENGINES * TESTS_PER_ENGINE + 2];
    size_t count = 0;
    tests[count++] = (struct CMUnitTest)cmocka_unit_test(fixed_softmax_agrees_with_the_table);
    tests[count++] = (struct CMUnitTest)cmocka_unit_test_prestate(
        tflite_x86_is_reproduced_layer_by_layer, (void *)&streamed);
    for (size_t i = 0; i < ENGINES; i++)
        count += can_run(&engines[i]) ? add_engine(&engines[i], columns[i], tests + count) : 0;
    return _cmocka_run_group_tests("oracle.vectors", tests, count, NULL, NULL);
}
