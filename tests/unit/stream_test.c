#include "tests/support/test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/transport/stream.h"

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

static struct fdm_stream *start(const char *const *argv)
{
    const struct fdm_stream_process_options options = {.argv = argv};
    struct fdm_stream *stream;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_stream_open_process(&options, &stream, &err), err);
    return stream;
}

static struct fdm_stream *start_script(const char *script)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    return start(argv);
}

/* Reads to the end and returns how it came. */
static enum fdm_status read_out(struct fdm_stream *stream, char *out, size_t size, size_t *len,
                                struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    *len = 0;
    while (status == FDM_OK && *len < size) {
        size_t got;
        status = fdm_stream_read_some(stream, out + *len, size - *len, in_ms(20000), &got, err);
        *len += got;
    }
    return status;
}

/* Sends `total` bytes and takes them back, in both directions at once. */
static void echo(struct fdm_stream *stream, size_t total)
{
    unsigned char sent[10000];
    unsigned char back[7000];
    size_t out = 0;
    size_t in = 0;
    while (in < total) {
        unsigned ready;
        unsigned wanted = FDM_STREAM_READABLE | (out < total ? FDM_STREAM_WRITABLE : 0U);
        struct fdm_error err = FDM_ERROR_INIT;
        assert_ok(fdm_stream_wait(stream, wanted, in_ms(20000), &ready, &err), err);
        size_t count;
        if ((ready & FDM_STREAM_WRITABLE) != 0) {
            size_t len = total - out < sizeof sent ? total - out : sizeof sent;
            for (size_t i = 0; i < len; i++)
                sent[i] = (unsigned char)((out + i) % 251);
            assert_ok(fdm_stream_write_some(stream, sent, len, 0, &count, &err), err);
            assert_in_range(count, 1, len);
            out += count;
        }
        if ((ready & FDM_STREAM_READABLE) != 0) {
            assert_ok(fdm_stream_read_some(stream, back, sizeof back, 0, &count, &err), err);
            for (size_t i = 0; i < count; i++)
                assert_int_equal(back[i], (in + i) % 251);
            in += count;
        }
    }
    assert_int_equal(in, total);
}

/* ---- programs ---- */

static void a_program_gets_and_gives_every_byte(void **state)
{
    (void)state;
    const char *argv[] = {"cat", NULL};
    struct fdm_stream *stream = start(argv);
    assert_string_equal(fdm_stream_name(stream), "cat");
    echo(stream, 1000000);
    fdm_stream_free(stream);
}

static void the_end_of_a_program_is_told_with_its_last_words(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *script;
        const char *message;
    } cases[] = {
        {"a plain end", "exit 0", "sh ended with status 0"},
        {"words and a status", "echo no such device >&2; exit 3",
         "sh ended with status 3: no such device"},
        {"the last of many lines", "echo one >&2; echo two >&2; echo >&2; exit 1",
         "sh ended with status 1: two"},
        {"more words than are kept, then the last ones",
         "head -c 100000 /dev/zero | tr '\\0' x >&2; echo; echo >&2; echo last >&2; exit 4",
         "sh ended with status 4: last"},
        {"a signal", "echo bye >&2; kill -9 $$", "sh was ended by signal 9: bye"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_stream *stream = start_script(cases[i].script);
        char out[16];
        size_t len;
        struct fdm_error err = FDM_ERROR_INIT;
        assert_int_equal(read_out(stream, out, sizeof out, &len, &err), FDM_ERR_EOF);
        if (strcmp(err.message, cases[i].message) != 0)
            fail_msg("%s: %s", cases[i].remark, err.message);
        fdm_stream_free(stream);
    }
}

static void explain(const char *name, const struct fdm_proc_exit *ended, const char *errors,
                    struct fdm_error *err)
{
    fdm_fail(err, FDM_ERR_NOT_FOUND, "%s/%d/%s", name, ended->code, errors);
}

static void an_end_can_be_explained_by_the_caller(void **state)
{
    (void)state;
    const char *argv[] = {"sh", "-c", "echo a; echo b >&2; exit 7", NULL};
    const struct fdm_stream_process_options options = {
        .argv = argv, .name = "board", .explain = explain};
    struct fdm_stream *stream;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_proc_exit ended;
    const char *errors;
    char out[16];
    size_t len;
    assert_ok(fdm_stream_open_process(&options, &stream, &err), err);
    assert_int_equal(fdm_stream_process_end(stream, &ended, &errors, NULL), FDM_ERR_USAGE);
    assert_int_equal(read_out(stream, out, sizeof out, &len, &err), FDM_ERR_EOF);
    assert_int_equal(len, 2); /* what it wrote before comes first */
    assert_int_equal(err.status, FDM_ERR_EOF);
    assert_string_equal(err.message, "board/7/b\n");
    assert_int_equal(fdm_stream_process_end(stream, &ended, &errors, NULL), FDM_OK);
    assert_int_equal(ended.code, 7);
    assert_string_equal(errors, "b\n");
    fdm_stream_free(stream);
}

static void writing_to_a_program_that_ended_is_an_end_not_a_signal(void **state)
{
    (void)state;
    struct fdm_stream *stream = start_script("exit 5");
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK)
        status = fdm_stream_write_all(stream, "x", 1, in_ms(20000), &err);
    assert_int_equal(status, FDM_ERR_EOF);
    assert_string_equal(err.message, "sh ended with status 5");
    fdm_stream_free(stream);
}

static void a_silent_program_runs_into_the_deadline(void **state)
{
    (void)state;
    const char *argv[] = {"cat", NULL};
    struct fdm_stream *stream = start(argv);
    struct fdm_error err = FDM_ERROR_INIT;
    char out[4];
    size_t got = 1;
    unsigned ready = 1;
    assert_int_equal(fdm_stream_read_some(stream, out, sizeof out, in_ms(30), &got, &err),
                     FDM_ERR_TIMEOUT);
    assert_int_equal(got, 0);
    assert_string_equal(err.message, "cat: nothing arrived in time");
    assert_int_equal(fdm_stream_wait(stream, FDM_STREAM_READABLE, 0, &ready, NULL),
                     FDM_ERR_TIMEOUT);
    assert_int_equal(ready, 0);
    echo(stream, 10); /* nothing is broken by it */
    fdm_stream_free(stream);
}

static void a_program_that_does_not_read_blocks_the_writer_until_the_deadline(void **state)
{
    (void)state;
    struct fdm_stream *stream = start_script("exec sleep 30");
    struct fdm_error err = FDM_ERROR_INIT;
    char block[65536];
    memset(block, 'x', sizeof block);
    enum fdm_status status = FDM_OK;
    for (int i = 0; i < 1000 && status == FDM_OK; i++)
        status = fdm_stream_write_all(stream, block, sizeof block, in_ms(50), &err);
    assert_int_equal(status, FDM_ERR_TIMEOUT);
    fdm_stream_free(stream);
}

static void a_flood_of_errors_does_not_hold_up_the_data(void **state)
{
    (void)state;
    struct fdm_stream *stream =
        start_script("head -c 3000000 /dev/zero | tr '\\0' e >&2; echo data; echo end >&2");
    char out[16];
    size_t len;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(read_out(stream, out, sizeof out, &len, &err), FDM_ERR_EOF);
    assert_memory_equal(out, "data\n", 5);
    assert_int_equal(len, 5);
    fdm_stream_free(stream);
}

static void the_end_of_input_can_be_told(void **state)
{
    (void)state;
    const char *argv[] = {"wc", "-c", NULL};
    struct fdm_stream *stream = start(argv);
    char out[16];
    size_t len;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_stream_write_all(stream, "12345", 5, in_ms(20000), &err), err);
    assert_ok(fdm_stream_end_write(stream, &err), err);
    assert_int_equal(read_out(stream, out, sizeof out, &len, &err), FDM_ERR_EOF);
    assert_memory_equal(out, "5\n", 2);
    fdm_stream_free(stream);
}

static void freeing_ends_the_program(void **state)
{
    (void)state;
    struct fdm_stream *stream = start_script("echo $$; exec sleep 30");
    char out[16] = {0};
    size_t got;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_stream_read_some(stream, out, sizeof out - 1, in_ms(20000), &got, &err), err);
    pid_t pid = (pid_t)strtol(out, NULL, 10);
    assert_true(pid > 1);
    fdm_stream_free(stream);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
}

static void an_absent_program_is_named(void **state)
{
    (void)state;
    const char *argv[] = {"fdm-no-such-program", NULL};
    const struct fdm_stream_process_options options = {.argv = argv};
    struct fdm_stream *stream;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(fdm_stream_open_process(&options, &stream, &err), FDM_ERR_NOT_FOUND);
    assert_null(stream);
    assert_string_equal(err.message, "cannot run fdm-no-such-program: No such file or directory");
}

static void a_program_has_no_rate(void **state)
{
    (void)state;
    const char *argv[] = {"cat", NULL};
    struct fdm_stream *stream = start(argv);
    assert_int_equal(fdm_stream_baud(stream), 0);
    assert_int_equal(fdm_stream_set_baud(stream, 9600, NULL), FDM_ERR_UNSUPPORTED);
    assert_int_equal(fdm_stream_drain(stream, 0, NULL), FDM_OK);
    fdm_stream_free(stream);
}

/* Waits are cheap, and end with the peer: the child goes away while the parent waits for long. */
static void a_vanished_program_is_noticed_at_once_and_without_spinning(void **state)
{
    (void)state;
    uint64_t quickest_ns = UINT64_MAX;
    for (int i = 0; i < 5; i++) {
        struct fdm_stream *stream = start_script("sleep 0.4; date +%s%N; exec true");
        char out[64] = {0};
        size_t len;
        uint64_t cpu_begin_ns = cpu_ns();
        assert_int_equal(read_out(stream, out, sizeof out - 1, &len, NULL), FDM_ERR_EOF);
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        uint64_t left_ns = strtoull(out, NULL, 10);
        uint64_t now_ns = (uint64_t)now.tv_sec * FDM_NS_PER_S + (uint64_t)now.tv_nsec;
        assert_true(left_ns > 0 && now_ns > left_ns);
        if (now_ns - left_ns < quickest_ns)
            quickest_ns = now_ns - left_ns;
        assert_true(cpu_ns() - cpu_begin_ns < 100 * FDM_NS_PER_MS);
        fdm_stream_free(stream);
    }
    print_message("noticed after %.2f ms\n", (double)quickest_ns / 1e6);
    assert_true(quickest_ns < 100 * FDM_NS_PER_MS);
}

/* ---- TCP ---- */

struct server {
    int fd;
    uint16_t port;
};

static struct server listen_here(int backlog)
{
    struct server server = {socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    assert_true(server.fd >= 0);
    assert_int_equal(bind(server.fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(server.fd, (struct sockaddr *)&address, &len), 0);
    assert_int_equal(listen(server.fd, backlog), 0);
    server.port = ntohs(address.sin_port);
    return server;
}

static struct fdm_stream *connect_to(const struct server *server, int *peer)
{
    struct fdm_stream *stream;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_stream_open_tcp("127.0.0.1", server->port, in_ms(20000), &stream, &err), err);
    *peer = accept(server->fd, NULL, NULL);
    assert_true(*peer >= 0);
    return stream;
}

static void echo_server(int fd)
{
    char block[4096];
    ssize_t got;
    while ((got = read(fd, block, sizeof block)) > 0)
        for (ssize_t put = 0, done; put < got; put += done)
            if ((done = write(fd, block + put, (size_t)(got - put))) <= 0)
                _exit(1);
    _exit(0);
}

static void a_connection_carries_both_directions(void **state)
{
    (void)state;
    struct server server = listen_here(1);
    int peer;
    struct fdm_stream *stream = connect_to(&server, &peer);
    pid_t child = fork();
    if (child == 0)
        echo_server(peer);
    close(peer);
    echo(stream, 500000);
    char name[32];
    snprintf(name, sizeof name, "127.0.0.1:%u", server.port);
    assert_string_equal(fdm_stream_name(stream), name);
    fdm_stream_free(stream);
    kill(child, SIGTERM);
    close(server.fd);
}

static void a_closed_connection_ends_after_its_last_byte(void **state)
{
    (void)state;
    struct server server = listen_here(1);
    int peer;
    struct fdm_stream *stream = connect_to(&server, &peer);
    assert_int_equal(write(peer, "last", 4), 4);
    close(peer);
    char out[16];
    size_t len;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(read_out(stream, out, sizeof out, &len, &err), FDM_ERR_EOF);
    assert_int_equal(len, 4);
    assert_non_null(strstr(err.message, "closed by the other end"));
    fdm_stream_free(stream);
    close(server.fd);
}

static void a_reset_connection_is_an_end_as_well(void **state)
{
    (void)state;
    struct server server = listen_here(1);
    int peer;
    struct fdm_stream *stream = connect_to(&server, &peer);
    const struct linger at_once = {1, 0};
    assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(peer);
    char out[16];
    size_t got;
    assert_int_equal(fdm_stream_read_some(stream, out, sizeof out, in_ms(20000), &got, NULL),
                     FDM_ERR_EOF);
    assert_int_equal(fdm_stream_write_all(stream, "x", 1, in_ms(20000), NULL), FDM_ERR_EOF);
    fdm_stream_free(stream);
    close(server.fd);
}

static void connections_that_fail_say_why(void **state)
{
    (void)state;
    struct fdm_stream *stream;
    struct fdm_error err = FDM_ERROR_INIT;
    struct server server = listen_here(1);
    close(server.fd);
    assert_int_equal(fdm_stream_open_tcp("127.0.0.1", server.port, in_ms(20000), &stream, &err),
                     FDM_ERR_IO);
    assert_null(stream);
    assert_non_null(strstr(err.message, "Connection refused: the host is there, but no server"));
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_int_equal(fdm_stream_open_tcp("fe80::1%no-such-line", 1, in_ms(20000), &stream, &err),
                     FDM_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "fe80::1%no-such-line: cannot find this host: "));
}

/* A listener whose queue is full answers nobody, as a board that is switched off. */
static void connecting_has_a_deadline(void **state)
{
    (void)state;
    struct server server = listen_here(0);
    struct fdm_stream *streams[16];
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = FDM_OK;
    size_t count = 0;
    while (status == FDM_OK && count < 16) {
        status = fdm_stream_open_tcp("127.0.0.1", server.port, in_ms(200), &streams[count], &err);
        count += status == FDM_OK;
    }
    assert_int_equal(status, FDM_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "timed out: the host is off"));
    while (count > 0)
        fdm_stream_free(streams[--count]);
    close(server.fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_gets_and_gives_every_byte),
        cmocka_unit_test(the_end_of_a_program_is_told_with_its_last_words),
        cmocka_unit_test(an_end_can_be_explained_by_the_caller),
        cmocka_unit_test(writing_to_a_program_that_ended_is_an_end_not_a_signal),
        cmocka_unit_test(a_silent_program_runs_into_the_deadline),
        cmocka_unit_test(a_program_that_does_not_read_blocks_the_writer_until_the_deadline),
        cmocka_unit_test(a_flood_of_errors_does_not_hold_up_the_data),
        cmocka_unit_test(the_end_of_input_can_be_told),
        cmocka_unit_test(freeing_ends_the_program),
        cmocka_unit_test(an_absent_program_is_named),
        cmocka_unit_test(a_program_has_no_rate),
        cmocka_unit_test(a_vanished_program_is_noticed_at_once_and_without_spinning),
        cmocka_unit_test(a_connection_carries_both_directions),
        cmocka_unit_test(a_closed_connection_ends_after_its_last_byte),
        cmocka_unit_test(a_reset_connection_is_an_end_as_well),
        cmocka_unit_test(connections_that_fail_say_why),
        cmocka_unit_test(connecting_has_a_deadline),
    };
    return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
