#include "tests/support/test.h"

#include <math.h>
#include <string.h>

#include "harness/bench/input_range.h"
#include "harness/bench/mapping_choice.h"

enum { CHANNELS = 8, TAPS = 9, COLOURS = 3 };

static uint32_t add_tensor(struct fdm_graph *graph, uint32_t rank, const uint32_t *dims,
                           const float *data)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint32_t index;
    assert_ok(fdm_graph_add_tensor(graph, "t", &index, &err), err);
    struct fdm_tensor *tensor = &graph->tensors[index];
    size_t count = 1;
    tensor->type = FDM_TYPE_F32;
    tensor->rank = rank;
    for (uint32_t i = 0; i < rank; i++) {
        tensor->dims[i] = dims[i];
        count *= dims[i];
    }
    if (data != NULL)
        assert_ok(fdm_graph_set_data(graph, index, data, count * sizeof *data, &err), err);
    return index;
}

/* A first convolution with random kernels, and the batch norm means that a training set with the
 * mean colour `mu` leaves behind it. */
static struct fdm_graph *float_graph(const double mu[COLOURS])
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *graph;
    assert_ok(fdm_graph_new("made", &graph, &err), err);
    graph->format = FDM_FORMAT_FLOAT;
    float weights[CHANNELS * TAPS * COLOURS];
    float means[CHANNELS];
    float ones[CHANNELS];
    uint32_t random = 1;
    for (size_t channel = 0; channel < CHANNELS; channel++) {
        double mean = 0;
        for (size_t i = 0; i < (size_t)TAPS * COLOURS; i++) {
            float weight = (float)(test_random(&random) >> 8) / 8388608.0F - 1.0F;
            weights[channel * TAPS * COLOURS + i] = weight;
            mean += (double)weight * mu[i % COLOURS];
        }
        means[channel] = (float)mean;
        ones[channel] = 1.0F;
    }
    const uint32_t image[] = {1, 8, 8, COLOURS};
    const uint32_t kernel[] = {CHANNELS, 3, 3, COLOURS};
    const uint32_t maps[] = {1, 8, 8, CHANNELS};
    const uint32_t vector[] = {CHANNELS};
    graph->input = add_tensor(graph, 4, image, NULL);
    uint32_t w = add_tensor(graph, 4, kernel, weights);
    uint32_t conv = add_tensor(graph, 4, maps, NULL);
    uint32_t one = add_tensor(graph, 1, vector, ones);
    uint32_t mean = add_tensor(graph, 1, vector, means);
    graph->output = add_tensor(graph, 4, maps, NULL);
    uint32_t op;
    assert_ok(fdm_graph_add_op(graph, "conv1", FDM_OP_CONV_2D, &op, &err), err);
    graph->ops[op].inputs[0] = graph->input;
    graph->ops[op].inputs[1] = w;
    graph->ops[op].input_count = 2;
    graph->ops[op].output = conv;
    assert_ok(fdm_graph_add_op(graph, "bn", FDM_OP_BATCH_NORM, &op, &err), err);
    const uint32_t operands[] = {conv, one, one, mean, one};
    memcpy(graph->ops[op].inputs, operands, sizeof operands);
    graph->ops[op].input_count = 5;
    graph->ops[op].output = graph->output;
    return graph;
}

static struct fdm_graph *int8_graph(float scale, int32_t zero_point)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *graph;
    assert_ok(fdm_graph_new("made", &graph, &err), err);
    graph->format = FDM_FORMAT_INT8;
    const uint32_t image[] = {1, 8, 8, COLOURS};
    graph->input = add_tensor(graph, 4, image, NULL);
    graph->tensors[graph->input].type = FDM_TYPE_U8;
    assert_ok(fdm_graph_set_quant(graph, graph->input, &scale, &zero_point, 1, 0, &err), err);
    return graph;
}

static void the_mean_colour_is_recovered(void **state)
{
    (void)state;
    const double mu[COLOURS] = {-0.52, -0.56, -0.69};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *graph = float_graph(mu);
    struct fdm_input_range range;
    assert_ok(fdm_input_range_estimate(graph, &range, &err), err);
    for (size_t i = 0; i < COLOURS; i++)
        assert_true(fabs(range.mean_rgb[i] - mu[i]) < 1e-4);
    fdm_graph_free(graph);
}

static void float_models_tell_their_mapping(void **state)
{
    (void)state;
    static const struct {
        double mean;
        const char *published;
        const char *chosen;
        bool corrected;
        const char *remark;
    } cases[] = {
        {0.45, "x/255", "x/255", false, "published and right"},
        {-0.59, "x/255", "x/255-1", true, "Flowers 0.25: the published range is 0..1"},
        {0.05, "x/127.5-1", "x/127.5-1", false, "a symmetric range"},
        {0.40, "x/127.5-1", "x/255", true, "positive means need 0..1"},
        {-0.2, NULL, "x/127.5-1", false, "nothing published: the evidence decides"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double mu[COLOURS] = {cases[i].mean, cases[i].mean, cases[i].mean};
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph = float_graph(mu);
        struct fdm_mapping_choice choice;
        const struct fdm_mapping *published =
            cases[i].published != NULL ? fdm_mapping_find(cases[i].published) : NULL;
        assert_ok(fdm_mapping_choose(graph, published, false, &choice, &err), err);
        if (strcmp(choice.mapping.name, cases[i].chosen) != 0 ||
            choice.corrected != cases[i].corrected || (choice.note[0] != '\0') != choice.corrected)
            fail_msg("%s: %s", cases[i].remark, choice.mapping.name);
        fdm_graph_free(graph);
    }
}

static void int8_models_refuse_a_saturating_mapping(void **state)
{
    (void)state;
    static const struct {
        float scale;
        int32_t zero_point;
        const char *published;
        const char *chosen;
        bool corrected;
        uint32_t identical;
        const char *remark;
    } cases[] = {
        {0.00392156886F, 0, "x/255", "x/255", false, 256, "ST v1"},
        {0.00784313772F, 127, "x/127.5-1", "x/127.5-1", false, 192, "0.25 on plants and food"},
        {0.00392156886F, 255, "x/255", "x/255-1", true, 256, "0.25 on Flowers: all values clip"},
        {0.00392156886F, 0, NULL, "x/255", false, 256, "nothing published"},
        {0.01F, 10, NULL, "input-quantization", false, 256, "a range without a name"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_graph *graph = int8_graph(cases[i].scale, cases[i].zero_point);
        struct fdm_mapping_choice choice;
        const struct fdm_mapping *published =
            cases[i].published != NULL ? fdm_mapping_find(cases[i].published) : NULL;
        assert_ok(fdm_mapping_choose(graph, published, false, &choice, &err), err);
        if (strcmp(choice.mapping.name, cases[i].chosen) != 0 ||
            choice.corrected != cases[i].corrected || choice.table.identical != cases[i].identical)
            fail_msg("%s: %s, %u identical", cases[i].remark, choice.mapping.name,
                     choice.table.identical);
        fdm_graph_free(graph);
    }
}

static void force_obeys_the_user(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_graph *graph = int8_graph(0.00392156886F, 255);
    struct fdm_mapping_choice choice;
    assert_ok(fdm_mapping_choose(graph, fdm_mapping_find("x/255"), true, &choice, &err), err);
    assert_string_equal(choice.mapping.name, "x/255");
    assert_false(choice.corrected);
    fdm_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mean_colour_is_recovered),
        cmocka_unit_test(float_models_tell_their_mapping),
        cmocka_unit_test(int8_models_refuse_a_saturating_mapping),
        cmocka_unit_test(force_obeys_the_user),
    };
    return cmocka_run_group_tests_name("mapping_choice", tests, NULL, NULL);
}
