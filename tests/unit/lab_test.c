#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/fs.h"
#include "harness/registry/lab.h"

static const struct fdm_board_entry boards[] = {
    {.id = "DISCO", .kind = FDM_BOARD_SERIAL},
    {.id = "MP1", .kind = FDM_BOARD_SSH},
    {.id = "host", .kind = FDM_BOARD_HOST},
};
static const struct fdm_registry registry = {.boards = boards, .board_count = 3};

static enum fdm_status load(const char *text, struct fdm_lab **lab, struct fdm_error *err)
{
    char *folder = test_tmpdir();
    char *path = fdm_fs_join(folder, "lab.json");
    struct fdm_error io = FDM_ERROR_INIT;
    assert_ok(fdm_fs_write_atomic(path, text, strlen(text), &io), io);
    enum fdm_status status = fdm_lab_load(path, &registry, lab, err);
    test_rmtree(folder);
    free(path);
    free(folder);
    return status;
}

static void boards_are_read_and_found(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_lab *lab;
    assert_ok(load("{\"boards\":[{\"name\":\"a\",\"board\":\"DISCO\",\"port\":\"/dev/ttyACM0\","
                   "\"baud\":921600,\"flasher\":\"openocd\"},"
                   "{\"name\":\"b\",\"board\":\"MP1\",\"ssh\":\"root@mp1\","
                   "\"run_prefix\":[\"taskset\",\"1\"],\"cores\":[1,3]}]}",
                   &lab, &err),
              err);
    const struct fdm_lab_board *board;
    assert_ok(fdm_lab_find(lab, "a", &board, &err), err);
    assert_int_equal(board->baud, 921600);
    assert_int_equal(board->flasher, FDM_FLASHER_OPENOCD);
    assert_null(board->ssh_host);
    assert_ok(fdm_lab_find(lab, "MP1", &board, &err), err);
    assert_string_equal(board->name, "b");
    assert_string_equal(board->folder, "/tmp");
    assert_string_equal(board->run_prefix[1], "1");
    assert_null(board->run_prefix[2]);
    assert_true(board->cores == 10);
    assert_int_equal(fdm_lab_find(lab, "host", &board, NULL), FDM_ERR_NOT_FOUND);
    fdm_lab_free(lab);
}

static void a_board_that_stands_twice_needs_its_name(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_lab *lab;
    assert_ok(load("{\"boards\":[{\"name\":\"left\",\"board\":\"MP1\",\"ssh\":\"l\"},"
                   "{\"name\":\"right\",\"board\":\"MP1\",\"ssh\":\"r\"}]}",
                   &lab, &err),
              err);
    const struct fdm_lab_board *board;
    assert_int_equal(fdm_lab_find(lab, "MP1", &board, &err), FDM_ERR_USAGE);
    assert_string_equal(err.message, "the lab has several MP1; choose one by name: left, right");
    assert_int_equal(fdm_lab_find(lab, "right", &board, NULL), FDM_OK);
    fdm_lab_free(lab);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *entry;
        const char *message;
        const char *remark;
    } cases[] = {
        {"\"board\":\"MP1\",\"ssh\":\"h\"", "boards[0]: name: expected a string", "no name"},
        {"\"name\":\"a\",\"board\":\"X\"",
         "boards[0]: board: no board \"X\"; `fdm-bench list boards`", "an unknown board"},
        {"\"name\":\"a\",\"board\":\"host\"", "boards[0]: board: host needs no entry here",
         "the host"},
        {"\"name\":\"a\",\"board\":\"DISCO\"",
         "boards[0]: neither probe, port nor tcp says where the board is", "nowhere"},
        {"\"name\":\"a\",\"board\":\"DISCO\",\"port\":\"p\",\"bauds\":9600",
         "boards[0]: bauds: a board reached by serial has name, board, note, probe, port, tcp, "
         "baud, "
         "flasher only",
         "a typing error"},
        {"\"name\":\"a\",\"board\":\"DISCO\",\"port\":\"p\",\"ssh\":\"h\"",
         "boards[0]: ssh: a board reached by serial has name, board, note, probe, port, tcp, baud, "
         "flasher only",
         "another kind's member"},
        {"\"name\":\"a/b\",\"board\":\"MP1\",\"ssh\":\"h\"",
         "boards[0]: name: \"a/b\" is to be of letters, digits, '-', '_' and '.'",
         "a name that leads elsewhere"},
        {"\"name\":\"..\",\"board\":\"MP1\",\"ssh\":\"h\"",
         "boards[0]: name: \"..\" is to be of letters, digits, '-', '_' and '.'", "a folder"},
        {"\"name\":\"\",\"board\":\"MP1\",\"ssh\":\"h\"",
         "boards[0]: name: \"\" is to be of letters, digits, '-', '_' and '.'", "an empty name"},
        {"\"name\":\"DISCO\",\"board\":\"MP1\",\"ssh\":\"h\"",
         "boards[0]: name: DISCO is another board", "the name of another board"},
        {"\"name\":\"a\",\"board\":\"DISCO\",\"port\":\"p\",\"baud\":300",
         "boards[0]: baud: expected a whole number from 9600 to 3000000", "too slow"},
        {"\"name\":\"a\",\"board\":\"DISCO\",\"port\":\"p\",\"tcp\":\"h:1\"",
         "boards[0]: tcp: the entry names a port, too: take out the one that is not the board's "
         "line",
         "two lines"},
        {"\"name\":\"a\",\"board\":\"DISCO\",\"baud\":115200,\"tcp\":\"h:1\"",
         "boards[0]: baud: the server of \"tcp\" sets the line's rate: take it out, and set 115200 "
         "there",
         "a rate that is not ours"},
        {"\"name\":\"a\",\"board\":\"DISCO\",\"port\":\"p\",\"flasher\":\"jlink\"",
         "boards[0]: flasher: \"jlink\" is none of any, openocd, st-flash, STM32_Programmer_CLI, "
         "none",
         "an unknown flasher"},
        {"\"name\":\"a\",\"board\":\"MP1\",\"ssh\":\"-oProxyCommand=x\"",
         "boards[0]: ssh: \"-oProxyCommand=x\" is no host", "a host that is an option"},
        {"\"name\":\"a\",\"board\":\"MP1\",\"ssh\":\"h\",\"run_prefix\":[1]",
         "boards[0]: run_prefix: expected at most 16 words", "a word that is none"},
        {"\"name\":\"a\",\"board\":\"MP1\",\"ssh\":\"h\",\"cores\":[64]",
         "boards[0]: cores: expected numbers of cores, 0 to 63", "a core beyond the last"},
        {"\"name\":\"a\",\"board\":\"MP1\",\"ssh\":\"h\",\"cores\":[0.5]",
         "boards[0]: cores: expected numbers of cores, 0 to 63", "half a core"},
        {"\"name\":\"a\",\"board\":\"MP1\",\"ssh\":\"h\",\"cores\":[]",
         "boards[0]: cores: names no core", "no core"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512];
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_lab *lab;
        snprintf(text, sizeof text, "{\"boards\":[{%s}]}", cases[i].entry);
        enum fdm_status status = load(text, &lab, &err);
        const char *message = strstr(err.message, "lab.json: ");
        if (status != FDM_ERR_FORMAT || lab != NULL || message == NULL ||
            strcmp(message + strlen("lab.json: "), cases[i].message) != 0)
            fail_msg("%s: %s", cases[i].remark, err.message);
    }
}

static void addresses_are_split(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        unsigned port;
        const char *remark;
    } cases[] = {
        {"lab-server:4001", "lab-server", 4001, "a name"},
        {"10.0.0.7:65535", "10.0.0.7", 65535, "an address, the last port"},
        {"[fd00::7]:1", "fd00::7", 1, "IPv6"},
        {"[fe80::7%eth0]:23", "fe80::7%eth0", 23, "IPv6 with its interface"},
        {"lab-server", NULL, 0, "no port"},
        {"lab-server:", NULL, 0, "an empty port"},
        {":4001", NULL, 0, "no host"},
        {"[]:4001", NULL, 0, "an empty address"},
        {"fd00::7:4001", NULL, 0, "IPv6 without brackets"},
        {"[fd00::7:4001", NULL, 0, "an open bracket"},
        {"[fd00::7]4001", NULL, 0, "no colon"},
        {"h:0", NULL, 0, "port 0"},
        {"h:04001", NULL, 0, "a port with a second spelling"},
        {"h:65536", NULL, 0, "a port beyond the last"},
        {"h:99999999999999999999999", NULL, 0, "a port beyond all numbers"},
        {"h:-1", NULL, 0, "a sign"},
        {"h:40a", NULL, 0, "a letter"},
        {"a b:1", NULL, 0, "a space"},
        {"../x:1", NULL, 0, "a path"},
        {"", NULL, 0, "nothing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[256];
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_lab *lab;
        snprintf(text, sizeof text,
                 "{\"boards\":[{\"name\":\"a\",\"board\":\"DISCO\",\"tcp\":\"%s\"}]}",
                 cases[i].text);
        enum fdm_status status = load(text, &lab, &err);
        if (cases[i].host == NULL
                ? status != FDM_ERR_FORMAT || strstr(err.message, "is no HOST:PORT") == NULL
                : status != FDM_OK)
            fail_msg("%s: %s", cases[i].remark, err.message);
        if (status != FDM_OK)
            continue;
        assert_string_equal(lab->boards[0].tcp_host, cases[i].host);
        assert_int_equal(lab->boards[0].tcp_port, cases[i].port);
        fdm_lab_free(lab);
    }
}

static void names_are_unique(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_lab *lab;
    assert_int_equal(load("{\"boards\":[{\"name\":\"a\",\"board\":\"MP1\",\"ssh\":\"l\"},"
                          "{\"name\":\"a\",\"board\":\"MP1\",\"ssh\":\"r\"}]}",
                          &lab, &err),
                     FDM_ERR_FORMAT);
    assert_non_null(strstr(err.message, "boards[1]: name: \"a\" stands there twice"));
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_int_equal(load("{\"boards\":[],\"boardz\":[]}", &lab, &err), FDM_ERR_FORMAT);
    assert_non_null(strstr(err.message, "lab.json: boardz: the file has boards only"));
}

static void an_absent_default_is_an_empty_lab(void **state)
{
    (void)state;
    char *folder = test_tmpdir();
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_lab *lab;
    assert_int_equal(setenv("XDG_CONFIG_HOME", folder, 1), 0);
    assert_ok(fdm_lab_load(NULL, &registry, &lab, &err), err);
    assert_int_equal(lab->board_count, 0);
    fdm_lab_free(lab);
    char *own = fdm_fs_join(folder, "fdm-bench");
    char *link = fdm_fs_join(own, "lab.json");
    assert_ok(fdm_fs_make_dirs(own, &err), err);
    assert_int_equal(symlink("/nowhere/lab.json", link), 0);
    assert_int_equal(fdm_lab_load(NULL, &registry, &lab, &err), FDM_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "fdm-bench/lab.json: No such file"));
    free(link);
    free(own);
    assert_int_equal(fdm_lab_load("/nowhere/lab.json", &registry, &lab, NULL), FDM_ERR_NOT_FOUND);
    test_rmtree(folder);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boards_are_read_and_found),
        cmocka_unit_test(a_board_that_stands_twice_needs_its_name),
        cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(addresses_are_split),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(an_absent_default_is_an_empty_lab),
    };
    return cmocka_run_group_tests_name("lab", tests, NULL, NULL);
}
