#include "tests/support/test.h"

#include <stdatomic.h>
#include <string.h>

#include "harness/bench/parallel.h"

enum { ITEMS = 1000 };

struct probe {
    atomic_uint worked[ITEMS];
    unsigned consumed[ITEMS];
    unsigned total;
    uint32_t fail_work_at;    /* item, or ITEMS for never */
    uint32_t fail_consume_at; /* count of consumed results */
    atomic_bool stop;
    uint32_t stop_at;
};

static enum fdm_status work(void *context, uint32_t worker, uint32_t item, void *result,
                            struct fdm_error *err)
{
    struct probe *probe = context;
    (void)worker;
    atomic_fetch_add(&probe->worked[item], 1);
    if (item == probe->fail_work_at)
        return fdm_fail(err, FDM_ERR_FORMAT, "item %u", item);
    uint32_t value = item * 3;
    memcpy(result, &value, sizeof value);
    return FDM_OK;
}

static enum fdm_status consume(void *context, uint32_t item, const void *result,
                               struct fdm_error *err)
{
    struct probe *probe = context;
    uint32_t value;
    memcpy(&value, result, sizeof value);
    assert_int_equal(value, item * 3);
    probe->consumed[item]++;
    probe->total++;
    if (probe->total == probe->stop_at)
        atomic_store(&probe->stop, true);
    if (probe->total == probe->fail_consume_at)
        return fdm_fail(err, FDM_ERR_IO, "full");
    return FDM_OK;
}

static enum fdm_status run(struct probe *probe, uint32_t items, uint32_t threads,
                           struct fdm_error *err)
{
    struct fdm_parallel map = {
        .items = items,
        .threads = threads,
        .result_bytes = sizeof(uint32_t),
        .stop = &probe->stop,
        .context = probe,
        .work = work,
        .consume = consume,
    };
    return fdm_parallel_map(&map, err);
}

static void every_item_once(void **state)
{
    (void)state;
    static const uint32_t threads[] = {1, 2, 3, 16};
    for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
        struct probe probe = {.fail_work_at = ITEMS};
        struct fdm_error err = FDM_ERROR_INIT;
        assert_ok(run(&probe, ITEMS, threads[t], &err), err);
        for (uint32_t i = 0; i < ITEMS; i++) {
            assert_int_equal(probe.worked[i], 1);
            assert_int_equal(probe.consumed[i], 1);
        }
    }
}

static void a_failing_worker_ends_the_map_with_its_message(void **state)
{
    (void)state;
    struct probe probe = {.fail_work_at = 7};
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(run(&probe, ITEMS, 4, &err), FDM_ERR_FORMAT);
    assert_string_equal(err.message, "item 7");
    assert_true(probe.total < ITEMS);
    assert_int_equal(probe.consumed[7], 0);
}

static void a_failing_consumer_ends_the_map(void **state)
{
    (void)state;
    struct probe probe = {.fail_work_at = ITEMS, .fail_consume_at = 3};
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(run(&probe, ITEMS, 4, &err), FDM_ERR_IO);
    assert_string_equal(err.message, "full");
    assert_int_equal(probe.total, 3);
}

static void a_stop_keeps_what_was_finished(void **state)
{
    (void)state;
    struct probe probe = {.fail_work_at = ITEMS, .stop_at = 10};
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(run(&probe, ITEMS, 2, &err), FDM_ERR_CANCELLED);
    assert_true(probe.total >= 10);
    assert_true(probe.total < ITEMS);
    for (uint32_t i = 0; i < ITEMS; i++)
        assert_int_equal(probe.worked[i], probe.consumed[i]);
}

static void no_items_is_done_at_once(void **state)
{
    (void)state;
    struct probe probe = {.fail_work_at = ITEMS};
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(run(&probe, 0, 4, &err), err);
    assert_true(fdm_parallel_processors() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_once),
        cmocka_unit_test(a_failing_worker_ends_the_map_with_its_message),
        cmocka_unit_test(a_failing_consumer_ends_the_map),
        cmocka_unit_test(a_stop_keeps_what_was_finished),
        cmocka_unit_test(no_items_is_done_at_once),
    };
    return cmocka_run_group_tests_name("parallel", tests, NULL, NULL);
}
