#include "tests/support/serial_shim.h"
#include "tests/support/test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/transport/stream.h"

#define NOBODY 65534

static uint64_t in_ms(uint64_t ms)
{
    return fdm_clock_now_ns() + ms * FDM_NS_PER_MS;
}

static uint64_t cpu_ns(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    uint64_t seconds = (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec);
    uint64_t micros = (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
    return seconds * FDM_NS_PER_S + micros * 1000;
}

static enum fdm_status try_open(const char *port, const char *probe, uint32_t baud,
                                struct fdm_stream **out, struct fdm_error *err)
{
    const struct fdm_stream_serial_options options = {port, probe, baud};
    *err = (struct fdm_error)FDM_ERROR_INIT;
    return fdm_stream_open_serial(&options, out, err);
}

static struct fdm_stream *open_port(const struct test_serial *serial, uint32_t baud)
{
    struct fdm_stream *stream;
    struct fdm_error err;
    assert_ok(try_open(serial->port, NULL, baud, &stream, &err), err);
    return stream;
}

static int forget(void **state)
{
    (void)state;
    test_serial_forget();
    return 0;
}

static void assert_says(const struct fdm_error *err, const char *words)
{
    if (strstr(err->message, words) == NULL)
        fail_msg("'%s' does not say '%s'", err->message, words);
}

/* ---- bytes and rates ---- */

/* The line discipline could translate, echo or swallow some of them. */
static void every_byte_passes_unchanged_in_both_directions(void **state)
{
    (void)state;
    struct test_serial serial;
    test_serial_make(&serial);
    struct fdm_stream *stream = open_port(&serial, 115200);
    unsigned char all[256];
    unsigned char back[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (unsigned char)i;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_stream_write_all(stream, all, sizeof all, in_ms(20000), &err), err);
    assert_ok(fdm_stream_drain(stream, in_ms(20000), &err), err);
    assert_int_equal(read(serial.board, back, sizeof back), sizeof back);
    assert_memory_equal(all, back, sizeof all);
    assert_int_equal(write(serial.board, all, sizeof all), sizeof all);
    size_t len = 0;
    while (len < sizeof back) {
        size_t got;
        assert_ok(
            fdm_stream_read_some(stream, back + len, sizeof back - len, in_ms(20000), &got, &err),
            err);
        len += got;
    }
    assert_memory_equal(all, back, sizeof all);
    assert_int_equal(fdm_stream_read_some(stream, back, 1, 0, &len, NULL), FDM_ERR_TIMEOUT);
    fdm_stream_free(stream);
    test_serial_pull(&serial);
}

static void rates_change_while_the_port_is_open(void **state)
{
    (void)state;
    static const uint32_t rates[] = {115200, 921600, 1234567, 9600, 3000000, 250000};
    struct test_serial serial;
    test_serial_make(&serial);
    struct fdm_stream *stream = open_port(&serial, 57600);
    assert_int_equal(test_serial_baud(&serial), 57600);
    assert_int_equal(fdm_stream_baud(stream), 57600);
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        char byte = 0;
        assert_ok(fdm_stream_set_baud(stream, rates[i], &err), err);
        assert_int_equal(fdm_stream_baud(stream), rates[i]);
        assert_int_equal(test_serial_baud(&serial), rates[i]);
        assert_ok(fdm_stream_write_all(stream, "r", 1, in_ms(20000), &err), err);
        assert_int_equal(read(serial.board, &byte, 1), 1);
        assert_int_equal(byte, 'r');
    }
    assert_int_equal(fdm_stream_set_baud(stream, 0, NULL), FDM_ERR_UNSUPPORTED);
    assert_int_equal(fdm_stream_baud(stream), 250000);
    fdm_stream_free(stream);
    test_serial_pull(&serial);
}

static void a_silent_board_runs_into_the_deadline(void **state)
{
    (void)state;
    struct test_serial serial;
    test_serial_make(&serial);
    struct fdm_stream *stream = open_port(&serial, 115200);
    struct fdm_error err = FDM_ERROR_INIT;
    char out[4];
    size_t got;
    uint64_t cpu_begin_ns = cpu_ns();
    assert_int_equal(fdm_stream_read_some(stream, out, sizeof out, in_ms(500), &got, &err),
                     FDM_ERR_TIMEOUT);
    assert_says(&err, "nothing arrived in time");
    assert_true(cpu_ns() - cpu_begin_ns < 100 * FDM_NS_PER_MS);
    assert_int_equal(fdm_stream_end_write(stream, NULL), FDM_ERR_UNSUPPORTED);
    fdm_stream_free(stream);
    test_serial_pull(&serial);
}

/* ---- a board that vanishes ---- */

struct puller {
    struct test_serial *serial;
    _Atomic uint64_t pulled_ns;
};

static void *pull_later(void *argument)
{
    struct puller *puller = argument;
    const struct timespec pause = {0, 400000000};
    nanosleep(&pause, NULL);
    atomic_store(&puller->pulled_ns, fdm_clock_now_ns());
    test_serial_pull(puller->serial);
    return NULL;
}

static void a_vanished_board_is_noticed_at_once_and_without_spinning(void **state)
{
    (void)state;
    uint64_t quickest_ns = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        struct test_serial serial;
        test_serial_make(&serial);
        struct fdm_stream *stream = open_port(&serial, 115200);
        struct puller puller = {&serial, 0};
        pthread_t thread;
        struct fdm_error err = FDM_ERROR_INIT;
        char out[4];
        size_t got;
        uint64_t cpu_begin_ns = cpu_ns();
        assert_int_equal(pthread_create(&thread, NULL, pull_later, &puller), 0);
        assert_int_equal(fdm_stream_read_some(stream, out, sizeof out, in_ms(20000), &got, &err),
                         FDM_ERR_EOF);
        uint64_t noticed_ns = fdm_clock_now_ns();
        assert_true(cpu_ns() - cpu_begin_ns < 100 * FDM_NS_PER_MS);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_says(&err, "disappeared");
        uint64_t delay_ns = noticed_ns - atomic_load(&puller.pulled_ns);
        if (delay_ns < quickest_ns)
            quickest_ns = delay_ns;
        assert_int_equal(fdm_stream_write_all(stream, "x", 1, in_ms(20000), NULL), FDM_ERR_EOF);
        assert_int_equal(fdm_stream_read_some(stream, out, 1, in_ms(20000), &got, NULL),
                         FDM_ERR_EOF);
        fdm_stream_free(stream);
    }
    print_message("noticed after %.2f ms\n", (double)quickest_ns / 1e6);
    assert_true(quickest_ns < 100 * FDM_NS_PER_MS);
}

/* ---- who may open ---- */

static void a_port_is_found_by_its_probe(void **state)
{
    (void)state;
    struct test_serial first;
    struct test_serial second;
    struct fdm_stream *stream;
    struct fdm_error err;
    char byte = 0;
    test_serial_make(&first);
    test_serial_make(&second);
    test_serial_plug(&first, "ttyFDM0", "STLINK-V3", "002F00174741500220383733");
    test_serial_plug(&second, "ttyFDM1", "STM32 STLink", "066AFF505655806687082951");
    assert_ok(try_open(NULL, "066aff505655806687082951", 115200, &stream, &err), err);
    assert_string_equal(fdm_stream_name(stream), "/dev/ttyFDM1");
    assert_ok(fdm_stream_write_all(stream, "2", 1, in_ms(20000), &err), err);
    assert_int_equal(read(second.board, &byte, 1), 1);
    assert_int_equal(byte, '2');
    fdm_stream_free(stream);
    assert_int_equal(try_open(NULL, "066A", 115200, &stream, &err), FDM_ERR_NOT_FOUND);
    assert_null(stream);
    assert_says(&err, "066A; there are ");
    assert_says(&err, "/dev/ttyFDM0 (STLINK-V3 002F00174741500220383733)");
    assert_says(&err, "/dev/ttyFDM1 (STM32 STLink 066AFF505655806687082951)");
    test_serial_pull(&first);
    test_serial_pull(&second);
}

static void links_to_a_port_are_followed(void **state)
{
    (void)state;
    struct test_serial serial;
    test_serial_make(&serial);
    char *folder = test_tmpdir();
    char link[128];
    snprintf(link, sizeof link, "%s/usb-STMicroelectronics_STLINK", folder);
    assert_int_equal(symlink(serial.port, link), 0);
    struct fdm_stream *stream;
    struct fdm_error err;
    assert_ok(try_open(link, NULL, 115200, &stream, &err), err);
    assert_string_equal(fdm_stream_name(stream), serial.port);
    fdm_stream_free(stream);
    test_serial_pull(&serial);
    test_rmtree(folder);
    free(folder);
}

static void ports_that_cannot_be_opened_say_why(void **state)
{
    (void)state;
    struct test_serial serial;
    struct fdm_stream *stream;
    struct fdm_error err;
    test_serial_make(&serial);
    assert_int_equal(try_open("/dev/ttyFDM9", NULL, 115200, &stream, &err), FDM_ERR_NOT_FOUND);
    assert_null(stream);
    assert_says(&err, "no serial port /dev/ttyFDM9; there is no serial port at all");
    assert_int_equal(try_open("/dev/null", NULL, 115200, &stream, &err), FDM_ERR_NOT_FOUND);
    assert_int_equal(try_open(NULL, NULL, 115200, &stream, &err), FDM_ERR_USAGE);
    assert_int_equal(try_open(serial.port, NULL, 0, &stream, &err), FDM_ERR_UNSUPPORTED);
    assert_null(stream);
    fdm_stream_free(open_port(&serial, 115200)); /* the attempts hold nothing back */
    test_serial_pull(&serial);
}

/* Runs as an ordinary user, if need be. */
static void without_privileges(const char *port, enum fdm_status expected, const char *words)
{
    struct fdm_stream *stream;
    struct fdm_error err;
    bool root = geteuid() == 0;
    if (root)
        assert_int_equal(seteuid(NOBODY), 0);
    enum fdm_status status = try_open(port, NULL, 115200, &stream, &err);
    if (root)
        assert_int_equal(seteuid(0), 0);
    assert_int_equal(status, expected);
    assert_says(&err, words);
}

static void a_missing_permission_tells_the_remedy(void **state)
{
    (void)state;
    struct test_serial serial;
    test_serial_make(&serial);
    assert_int_equal(chmod(serial.port, 0), 0);
    without_privileges(serial.port, FDM_ERR_IO, "no permission; run `sudo usermod -a -G ");
    test_serial_pull(&serial);
}

static void nobody_else_opens_a_port_in_use(void **state)
{
    (void)state;
    struct test_serial serial;
    test_serial_make(&serial);
    struct fdm_stream *stream = open_port(&serial, 115200);
    struct fdm_stream *second;
    struct fdm_error err;
    assert_int_equal(try_open(serial.port, NULL, 115200, &second, &err), FDM_ERR_BUSY);
    assert_null(second);
    assert_says(&err, "is in use by ");
    /* Those who do not look at locks are kept out by the kernel, but for the administrator. */
    assert_int_equal(chmod(serial.port, 0666), 0);
    without_privileges(serial.port, FDM_ERR_BUSY, "is in use by ");
    fdm_stream_free(stream);
    fdm_stream_free(open_port(&serial, 115200));
    test_serial_pull(&serial);
}

static void hold(const char *port, int report)
{
    struct fdm_stream *stream;
    struct fdm_error err;
    char status = (char)try_open(port, NULL, 115200, &stream, &err);
    if (write(report, &status, 1) == 1)
        pause();
    _exit(0);
}

static void who_has_the_port_is_named(void **state)
{
    (void)state;
    struct test_serial serial;
    int report[2];
    char status = 1;
    test_serial_make(&serial);
    assert_int_equal(pipe(report), 0);
    pid_t child = fork();
    if (child == 0)
        hold(serial.port, report[1]);
    assert_int_equal(read(report[0], &status, 1), 1);
    assert_int_equal(status, FDM_OK);
    struct fdm_stream *stream;
    struct fdm_error err;
    char process[32];
    assert_int_equal(try_open(serial.port, NULL, 115200, &stream, &err), FDM_ERR_BUSY);
    snprintf(process, sizeof process, "(process %ld)", (long)child);
    assert_says(&err, process);
    assert_says(&err, "test_serial");
    kill(child, SIGTERM);
    waitpid(child, NULL, 0);
    close(report[0]);
    close(report[1]);
    fdm_stream_free(open_port(&serial, 115200)); /* a lock does not outlive its holder */
    test_serial_pull(&serial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(every_byte_passes_unchanged_in_both_directions, forget),
        cmocka_unit_test_teardown(rates_change_while_the_port_is_open, forget),
        cmocka_unit_test_teardown(a_silent_board_runs_into_the_deadline, forget),
        cmocka_unit_test_teardown(a_vanished_board_is_noticed_at_once_and_without_spinning, forget),
        cmocka_unit_test_teardown(a_port_is_found_by_its_probe, forget),
        cmocka_unit_test_teardown(links_to_a_port_are_followed, forget),
        cmocka_unit_test_teardown(ports_that_cannot_be_opened_say_why, forget),
        cmocka_unit_test_teardown(a_missing_permission_tells_the_remedy, forget),
        cmocka_unit_test_teardown(nobody_else_opens_a_port_in_use, forget),
        cmocka_unit_test_teardown(who_has_the_port_is_named, forget),
    };
    return cmocka_run_group_tests_name("serial", tests, NULL, NULL);
}
