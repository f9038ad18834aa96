/* A board on a serial line that is flashed: the real program, started by the test on the other end
 * of a pseudo-terminal as a board would run what it holds; a stand-in for the flashing tool. */
#include "tests/support/serial_shim.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/fs.h"
#include "harness/bench/device.h"
#include "harness/build/firmware.h"
#include "reference/compiler/compile.h"
#include "tests/support/flash_world.h"
#include "tests/support/network.h"

#define SHA256 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CHIP "fdm-chip 0x20036450\n"
#define DONE "** Programming Finished **\n** Verified OK **\n"

extern char **environ;

static const char *const openocd[] = {"interface/stlink-dap.cfg", "target/stm32h7x.cfg"};
static const struct fdm_board_flash flash = {.openocd = openocd,
                                             .openocd_count = 2,
                                             .address = 0x08000000,
                                             .chip_id = 0x450,
                                             .chip_id_register = 0x5C001000};
static const struct fdm_board_firmware firmware = {
    .port = "linux", .compiler = "cc", .packages = "gcc libc6-dev"};
static const struct fdm_board_entry board = {.id = "BOARD",
                                             .kind = FDM_BOARD_SERIAL,
                                             .series = "S",
                                             .cpu = "any",
                                             .firmware = &firmware,
                                             .flash = &flash};

struct bench {
    struct flash_world world;
    struct test_serial serial;
    struct fdm_lab_board lab;
    struct fdm_plan_case item;
    struct fdm_device *device;
    pid_t program; /* that the board runs; 0: none */
    int line;      /* keeps the line up while nobody has opened it */
    int streams;   /* the program's standard streams; it wants no terminal there */
    pthread_t wire;
    atomic_bool cut;
};

static void copy(int from, int to)
{
    char bytes[4096];
    ssize_t got = read(from, bytes, sizeof bytes);
    for (ssize_t at = 0; at < got;) {
        ssize_t put = write(to, bytes + at, (size_t)(got - at));
        if (put < 0 && errno != EAGAIN)
            return;
        at += put > 0 ? put : 0;
    }
}

/* Connects the board's end of the line with the program's streams. */
static void *carry(void *context)
{
    struct bench *bench = context;
    while (!atomic_load(&bench->cut)) {
        struct pollfd ends[] = {{bench->serial.board, POLLIN, 0}, {bench->streams, POLLIN, 0}};
        if (poll(ends, 2, 20) <= 0)
            continue;
        if ((ends[0].revents & POLLIN) != 0)
            copy(bench->serial.board, bench->streams);
        if ((ends[1].revents & POLLIN) != 0)
            copy(bench->streams, bench->serial.board);
    }
    return NULL;
}

static struct fdm_network *make_network(const char *semantics)
{
    struct fdm_network *network = test_small_network(semantics);
    network->sha256 = SHA256;
    return network;
}

/* Programs are built once for all tests, so each board has a probe of its own. */
static void begin(struct bench *bench, const char *probe)
{
    struct fdm_error err = FDM_ERROR_INIT;
    memset(bench, 0, sizeof *bench);
    flash_world_begin(&bench->world);
    flash_world_attach(&bench->world, 4, "374e\n", probe);
    flash_world_install(&bench->world, "openocd");
    flash_world_put(&bench->world, "say.identify", CHIP, 0644);
    flash_world_put(&bench->world, "say.write", DONE, 0644);
    test_serial_make(&bench->serial);
    bench->lab = (struct fdm_lab_board){.name = "b",
                                        .board = &board,
                                        .probe = probe,
                                        .port = bench->serial.port,
                                        .flasher = FDM_FLASHER_OPENOCD};
    bench->item.network = make_network("tflite");
    snprintf(bench->item.record.engine, sizeof bench->item.record.engine, "reference");
    snprintf(bench->item.record.semantics, sizeof bench->item.record.semantics, "tflite");
    snprintf(bench->item.record.model_sha256, sizeof bench->item.record.model_sha256, SHA256);
    const struct fdm_device_options options = {
        .board = &board, .lab = &bench->lab, .name = "b", .version = "1.2.3", .owner = "the test"};
    assert_ok(fdm_device_new(&options, &bench->device, &err), err);
}

static void end(struct bench *bench)
{
    fdm_device_free(bench->device);
    fdm_network_free(bench->item.network);
    test_serial_pull(&bench->serial);
    test_serial_forget();
    flash_world_end(&bench->world);
}

/* The board runs this program from now on. */
static void hold(struct bench *bench, struct fdm_network *network)
{
    struct fdm_firmware built;
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_firmware_options options = {
        .board = &board, .network = network, .version = "1.2.3"};
    assert_ok(fdm_firmware_build(&options, &built, &err), err);
    bench->line = open(bench->serial.port, O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(bench->line >= 0);
    posix_spawn_file_actions_t actions;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    bench->streams = pair[0];
    atomic_store(&bench->cut, false);
    char *argv[] = {built.program, NULL};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, pair[1], STDOUT_FILENO);
    assert_int_equal(posix_spawn(&bench->program, built.program, &actions, NULL, argv, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(pair[1]);
    assert_int_equal(pthread_create(&bench->wire, NULL, carry, bench), 0);
    fdm_firmware_release(&built);
}

/* Opens the device once; the calls of the tool that this took. */
static size_t open_once(struct bench *bench, enum fdm_status expected, const char *message)
{
    struct fdm_client *client;
    struct fdm_error err = FDM_ERROR_INIT;
    flash_world_put(&bench->world, "calls", "", 0644);
    enum fdm_status status = fdm_device_open(bench->device, &bench->item, &client, &err);
    if (status != expected || strstr(err.message, message) == NULL)
        fail_msg("%s: %s", fdm_status_name(status), err.message);
    if (status == FDM_OK)
        fdm_device_close(bench->device, client);
    if (bench->program > 0) {
        atomic_store(&bench->cut, true);
        pthread_join(bench->wire, NULL);
        close(bench->line);
        close(bench->streams);
        kill(bench->program, SIGKILL);
        waitpid(bench->program, NULL, 0);
        bench->program = 0;
    }
    char *calls = flash_world_calls(&bench->world);
    size_t count = 0;
    for (const char *at = calls; *at != '\0'; at++)
        count += *at == '\n';
    free(calls);
    return count;
}

static void a_board_is_flashed_once(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, "0001");
    hold(&bench, bench.item.network);
    assert_int_equal(open_once(&bench, FDM_OK, ""), 2);
    hold(&bench, bench.item.network);
    assert_int_equal(open_once(&bench, FDM_OK, ""), 0);
    end(&bench);
}

static void a_board_that_says_something_else_is_flashed_again(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, "0002");
    struct fdm_network *other = make_network("xnnpack");
    hold(&bench, bench.item.network);
    assert_int_equal(open_once(&bench, FDM_OK, ""), 2);
    hold(&bench, other);
    assert_int_equal(open_once(&bench, FDM_OK, ""), 2);
    fdm_network_free(other);
    end(&bench);
}

/* What was put there before a failure is not known any more. */
static void a_failure_makes_us_forget(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, "0003");
    hold(&bench, bench.item.network);
    assert_int_equal(open_once(&bench, FDM_OK, ""), 2);
    struct fdm_network *other = bench.item.network;
    bench.item.network = make_network("xnnpack");
    snprintf(bench.item.record.semantics, sizeof bench.item.record.semantics, "xnnpack");
    flash_world_put(&bench.world, "say.write", "** Verify Failed **\n", 0644);
    open_once(&bench, FDM_ERR_IO, "b: openocd: what was written does not verify");
    fdm_network_free(bench.item.network);
    bench.item.network = other;
    snprintf(bench.item.record.semantics, sizeof bench.item.record.semantics, "tflite");
    flash_world_put(&bench.world, "say.write", DONE, 0644);
    hold(&bench, bench.item.network);
    assert_int_equal(open_once(&bench, FDM_OK, ""), 2);
    end(&bench);
}

static void a_board_without_a_flasher_holds_its_program(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, "0004");
    bench.lab.flasher = FDM_FLASHER_NONE;
    hold(&bench, bench.item.network);
    assert_int_equal(open_once(&bench, FDM_OK, ""), 0);
    end(&bench);
}

static char *cache;

static int make_cache(void **state)
{
    (void)state;
    cache = test_tmpdir();
    return setenv("XDG_CACHE_HOME", cache, 1);
}

static int remove_cache(void **state)
{
    (void)state;
    test_rmtree(cache);
    free(cache);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_is_flashed_once),
        cmocka_unit_test(a_board_that_says_something_else_is_flashed_again),
        cmocka_unit_test(a_failure_makes_us_forget),
        cmocka_unit_test(a_board_without_a_flasher_holds_its_program),
    };
    return cmocka_run_group_tests_name("device", tests, make_cache, remove_cache);
}
