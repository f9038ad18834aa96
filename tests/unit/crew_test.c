/* Threads that share out a network's rows compute the bits of one. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "reference/compiler/compile.h"
#include "targets/linux/crew.h"
#include "tests/support/network.h"

#define ROUNDS 8

/* Every piece of every layer, in the order in which they come. */
struct diary {
    uint8_t *bytes;
    size_t len, capacity;
};

static void note(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct diary *diary = context;
    (void)layer;
    (void)at;
    if (diary->len + bytes > diary->capacity) {
        diary->capacity = 2 * (diary->len + bytes);
        diary->bytes = realloc(diary->bytes, diary->capacity);
        assert_non_null(diary->bytes);
    }
    memcpy(diary->bytes + diary->len, output, bytes);
    diary->len += bytes;
}

static void run(const struct fdm_network *network, void *arena, uint32_t seed, struct diary *out)
{
    const struct fdm_network_observer observer = {.context = out, .after = note};
    out->len = 0;
    test_fill_input(network, seed, fdm_network_input(network, arena));
    assert_int_equal(fdm_network_run(network, arena, &observer), FDM_NN_OK);
}

static void compare(const struct fdm_network *network, unsigned threads)
{
    struct fdm_network shared = *network;
    struct fdm_linux_crew *crew = fdm_linux_crew_new(network, threads);
    struct diary one = {0};
    struct diary many = {0};
    void *arena = test_arena(network);
    assert_non_null(crew);
    shared.crew = fdm_linux_crew_network(crew);
    for (uint32_t round = 1; round <= ROUNDS; round++) {
        run(network, arena, round, &one);
        run(&shared, arena, round, &many);
        if (one.len != many.len || memcmp(one.bytes, many.bytes, one.len) != 0)
            fail_msg("%u threads, input %u: other bits", threads, round);
    }
    fdm_linux_crew_free(crew);
    free(one.bytes);
    free(many.bytes);
    free(arena);
}

static void any_number_of_threads_computes_the_same_bits(void **state)
{
    (void)state;
    static const char *const semantics[] = {"tflite", "xnnpack", "tflm"};
    for (size_t i = 0; i < sizeof semantics / sizeof semantics[0]; i++) {
        struct fdm_network *network = test_small_network(semantics[i]);
        for (unsigned threads = 1; threads <= FDM_CREW_MAX; threads++)
            compare(network, threads);
        fdm_network_free(network);
    }
}

static void a_published_network_computes_the_same_bits(void **state)
{
    (void)state;
    struct fdm_network *network = test_model_network(
        "flowers/fdmobilenet_0.25_128_tfs/fdmobilenet_0.25_128_tfs_int8.tflite", "tflite", 0);
    compare(network, 2);
    compare(network, 3);
    fdm_network_free(network);
}

static enum fdm_nn_status refuse(const struct fdm_nn_call *call)
{
    return call->first > 0 ? FDM_NN_ERR_ARGUMENT : FDM_NN_OK;
}

/* Only the helper's part begins behind the first row. */
static void a_helpers_failure_is_the_layers(void **state)
{
    (void)state;
    struct fdm_network *network = test_small_network("tflite");
    struct fdm_linux_crew *crew = fdm_linux_crew_new(network, 2);
    assert_non_null(crew);
    const struct fdm_network_crew *seam = fdm_linux_crew_network(crew);
    const struct fdm_network_layer layer = {.op = FDM_NN_OP_CONV_S8, .run = refuse};
    const struct fdm_nn_call whole = {.count = 8};
    const struct fdm_nn_call row = {.count = 1};
    assert_int_equal(seam->run(seam->context, &layer, &whole), FDM_NN_ERR_ARGUMENT);
    assert_int_equal(seam->run(seam->context, &layer, &row), FDM_NN_OK);
    fdm_linux_crew_free(crew);
    fdm_network_free(network);
}

static void a_crew_has_bounds(void **state)
{
    (void)state;
    struct fdm_network *network = test_small_network("tflite");
    assert_null(fdm_linux_crew_new(network, 0));
    assert_null(fdm_linux_crew_new(network, FDM_CREW_MAX + 1));
    fdm_linux_crew_free(NULL);
    fdm_network_free(network);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_number_of_threads_computes_the_same_bits),
        cmocka_unit_test(a_published_network_computes_the_same_bits),
        cmocka_unit_test(a_helpers_failure_is_the_layers),
        cmocka_unit_test(a_crew_has_bounds),
    };
    return cmocka_run_group_tests_name("crew", tests, NULL, NULL);
}
