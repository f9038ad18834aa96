/* What is wrong with a board is told before anything is measured: another program, another board,
 * another clock. The real agent answers; each row changes one thing that is expected of it. */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "harness/bench/board_case.h"
#include "reference/compiler/compile.h"
#include "tests/fakes/live_board.h"
#include "tests/support/network.h"

#define OTHER_SHA256 "ff00000000000000000000000000000000000000000000000000000000000000"

struct expected {
    const char *sha256; /* NULL: the board's own */
    const char *semantics;
    const char *engine;
    uint32_t classes; /* fewer than the network has */
    struct fdm_board_entry board;
    enum fdm_counter_kind counter;
};

static void describe(const struct expected *expected, struct fdm_network *network,
                     struct fdm_plan_case *item)
{
    struct fdm_case_record *record = &item->record;
    uint32_t classes = (uint32_t)(network->tensors[network->output].bytes / sizeof(float));
    snprintf(record->model_sha256, sizeof record->model_sha256, "%s",
             expected->sha256 != NULL ? expected->sha256 : network->sha256);
    snprintf(record->semantics, sizeof record->semantics, "%s", expected->semantics);
    snprintf(record->engine, sizeof record->engine, "%s", expected->engine);
    item->network = network;
    item->class_count = classes - expected->classes;
}

static enum fdm_status measure(const struct expected *expected, struct fdm_error *err)
{
    struct fdm_network *network = test_small_network("tflite");
    struct fdm_plan_case item = {0};
    const struct live_plan plan = {.network = network};
    struct live_board board;
    struct fdm_client *client = NULL;
    describe(expected, network, &item);
    live_board_start(&board, &plan);
    board.port.counter_kind = expected->counter;
    enum fdm_status status = fdm_client_open(&board.stream, NULL, &client, err);
    assert_ok(status, *err);
    const struct fdm_board_case board_case = {
        .client = client, .item = &item, .board = &expected->board};
    status = fdm_board_case_measure(&board_case, err);
    fdm_client_close(client);
    live_board_end(&board);
    fdm_network_free(network);
    return status;
}

#define RIGHT_BOARD                                                                                \
    {                                                                                              \
        .id = "live", .kind = FDM_BOARD_SERIAL, .clock_hz = FAKE_PORT_CLOCK_HZ                     \
    }

static void what_is_not_as_expected_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        struct expected expected;
        const char *message;
    } cases[] = {
        {"another model",
         {OTHER_SHA256, "tflite", "reference", 0, RIGHT_BOARD, FDM_COUNTER_TICKS},
         "instead of ff0000000000…); flash it again"},
        {"other rounding rules",
         {NULL, "xnnpack", "reference", 0, RIGHT_BOARD, FDM_COUNTER_TICKS},
         "the board computes with semantics tflite, not xnnpack; flash it again"},
        {"other kernels",
         {NULL, "tflite", "tuned", 0, RIGHT_BOARD, FDM_COUNTER_TICKS},
         "the board runs the engine reference, not tuned; flash it again"},
        {"fewer classes",
         {NULL, "tflite", "reference", 1, RIGHT_BOARD, FDM_COUNTER_TICKS},
         "the board's network takes "},
        {"another microcontroller",
         {NULL,
          "tflite",
          "reference",
          0,
          {.id = "DISCO", .kind = FDM_BOARD_SERIAL},
          FDM_COUNTER_TICKS},
         "the program says it runs on live, not on DISCO"},
        {"part of the name of a board under Linux",
         {NULL,
          "tflite",
          "reference",
          0,
          {.id = "live", .kind = FDM_BOARD_SSH, .device_tree = "liv"},
          FDM_COUNTER_TICKS},
         "the program says it runs on live, not on liv"},
        {"an emulator that nobody spoke of",
         {NULL, "tflite", "reference", 0, RIGHT_BOARD, FDM_COUNTER_INSTRUCTIONS},
         "the board counts instructions, so an emulator stands in for it"},
        {"another clock; all else is right",
         {NULL,
          "tflite",
          "reference",
          0,
          {.id = "live", .kind = FDM_BOARD_SERIAL, .clock_hz = 2000000},
          FDM_COUNTER_TICKS},
         "the board runs at 1000000 Hz, not at 2000000"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        enum fdm_status status = measure(&cases[i].expected, &err);
        if (status != FDM_ERR_MISMATCH || strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s: status %d: %s", cases[i].remark, status, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_as_expected_is_told),
    };
    return cmocka_run_group_tests_name("board_case", tests, NULL, NULL);
}
