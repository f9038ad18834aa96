#include "tests/support/test.h"

#include <string.h>

#include "harness/bench/board_choice.h"

static const struct fdm_board_entry boards[] = {
    {.id = "DISCO", .kind = FDM_BOARD_SERIAL, .twin = "emulated-m7"},
    {.id = "MP1", .kind = FDM_BOARD_SSH, .twin = "emulated-a7"},
    {.id = "ODD", .kind = FDM_BOARD_SERIAL},
    {.id = "emulated-a7", .kind = FDM_BOARD_EMULATED},
    {.id = "emulated-m7", .kind = FDM_BOARD_EMULATED},
    {.id = "host", .kind = FDM_BOARD_HOST},
};
static const struct fdm_registry registry = {.boards = boards,
                                             .board_count = sizeof boards / sizeof boards[0]};
static struct fdm_lab_board at_hand[] = {
    {.name = "desk", .board = &boards[1], .ssh_host = "mp1"},
    {.name = "pretended", .board = &boards[1], .run_prefix = {"/usr/bin/qemu-arm"}},
    {.name = "hidden", .board = &boards[1], .run_prefix = {"nice", "-n", "5", "qemu-arm"}},
    {.name = "urgent", .board = &boards[1], .run_prefix = {"nice", "-n", "-5"}},
};
static const struct fdm_lab lab = {.boards = at_hand,
                                   .board_count = sizeof at_hand / sizeof at_hand[0]};

static void names_mean_boards(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool emulate;
        enum fdm_status status;
        const char *record;
        const char *executor;
        bool emulated;
        const char *remark;
    } cases[] = {
        {"host", false, FDM_OK, "host", "host", false, "this computer"},
        {"host", true, FDM_OK, "host", "host", false, "which has no twin and needs none"},
        {"emulated-m7", false, FDM_OK, "emulated-m7", "emulated-m7", true, "an emulated board"},
        {"desk", false, FDM_OK, "MP1", "MP1", false, "by its name in the lab"},
        {"pretended", false, FDM_OK, "MP1@qemu-arm", "MP1", true, "a board that is QEMU"},
        {"hidden", false, FDM_OK, "MP1@qemu-arm", "MP1", true, "QEMU behind another word"},
        {"urgent", false, FDM_OK, "MP1", "MP1", false, "other words are no emulator"},
        {"DISCO", true, FDM_OK, "DISCO@emulated-m7", "emulated-m7", true, "a twin"},
        {"desk", true, FDM_OK, "MP1@emulated-a7", "emulated-a7", true, "the twin of a lab's board"},
        {"DISCO", false, FDM_ERR_NOT_FOUND, "", "", false, "a real board that is not at hand"},
        {"MP1", false, FDM_ERR_USAGE, "", "", false, "one that is at hand more than once"},
        {"ODD", true, FDM_ERR_USAGE, "", "", false, "no twin"},
        {"nothing", false, FDM_ERR_USAGE, "", "", false, "no such board"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_board_choice choice;
        struct fdm_error err = FDM_ERROR_INIT;
        enum fdm_status status =
            fdm_board_choose(&registry, &lab, cases[i].name, cases[i].emulate, &choice, &err);
        if (status != cases[i].status)
            fail_msg("%s: status %d: %s", cases[i].remark, status, err.message);
        if (status != FDM_OK)
            continue;
        if (strcmp(choice.name, cases[i].record) != 0 ||
            strcmp(choice.executor->id, cases[i].executor) != 0 ||
            choice.emulated != cases[i].emulated)
            fail_msg("%s: %s on %s", cases[i].remark, choice.name, choice.executor->id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_mean_boards),
    };
    return cmocka_run_group_tests_name("board_choice", tests, NULL, NULL);
}
