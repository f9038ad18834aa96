/* A board behind a real sshd of this computer. */
#include "tests/support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/transport/ssh.h"
#include "tests/support/ssh_board.h"

struct fixture {
    struct test_ssh_board board;
    int silent; /* listens, but nobody ever answers */
    struct fdm_ssh *ssh;
};

static uint64_t in_seconds(uint64_t seconds)
{
    return fdm_clock_now_ns() + seconds * FDM_NS_PER_S;
}

static int listen_silently(uint16_t *port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 4), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static struct fdm_ssh *open_ssh(const struct fixture *fixture, const char *host)
{
    const struct fdm_ssh_options options = {
        .host = host, .config = fixture->board.config, .connect_timeout_s = 2};
    struct fdm_ssh *ssh;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_ssh_open(&options, &ssh, &err), err);
    return ssh;
}

static int set_up(void **state)
{
    static struct fixture fixture;
    uint16_t port;
    fixture.silent = listen_silently(&port);
    if (!test_ssh_board_make(&fixture.board, port)) {
        print_message("skipped: ssh, ssh-keygen or sshd is not installed\n");
        return 0;
    }
    fixture.ssh = open_ssh(&fixture, "board");
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    if (fixture == NULL)
        return 0;
    fdm_ssh_close(fixture->ssh);
    test_ssh_board_release(&fixture->board);
    close(fixture->silent);
    return 0;
}

static struct fixture *fixture_of(void **state)
{
    if (*state == NULL)
        skip();
    return *state;
}

/* ---- commands ---- */

static void commands_run_and_tell_their_status(void **state)
{
    struct fixture *fixture = fixture_of(state);
    const char *echo[] = {"printf", "[%s]", "two  words", "$HOME", "it's", "*", "", NULL};
    const char *fail[] = {"sh", "-c", "echo no room >&2; exit 42", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf output;
    int code = -1;
    fdm_buf_init(&output);
    for (int i = 0; i < 2; i++) { /* cold, then over the kept connection */
        uint64_t begin_ns = fdm_clock_now_ns();
        fdm_buf_reset(&output);
        assert_ok(fdm_ssh_run(fixture->ssh, echo, in_seconds(30), 1000, &output, NULL, &err), err);
        assert_string_equal(output.data, "[two  words][$HOME][it's][*][]");
        print_message("%.1f ms\n", (double)(fdm_clock_now_ns() - begin_ns) / 1e6);
    }
    assert_ok(fdm_ssh_run(fixture->ssh, fail, in_seconds(30), 0, NULL, &code, &err), err);
    assert_int_equal(code, 42);
    assert_int_equal(fdm_ssh_run(fixture->ssh, fail, in_seconds(30), 0, NULL, NULL, &err),
                     FDM_ERR_TARGET);
    assert_string_equal(err.message, "board: the command failed (status 42): no room");
    fdm_buf_release(&output);
}

static void a_command_has_a_deadline(void **state)
{
    struct fixture *fixture = fixture_of(state);
    const char *sleep[] = {"sleep", "30", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(fdm_ssh_run(fixture->ssh, sleep, in_seconds(2), 0, NULL, NULL, &err),
                     FDM_ERR_TIMEOUT);
    assert_non_null(strstr(err.message, "board: "));
}

static void words_are_never_options_of_ssh(void **state)
{
    struct fixture *fixture = fixture_of(state);
    const char *version[] = {"-V", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(fdm_ssh_run(fixture->ssh, version, in_seconds(30), 0, NULL, NULL, &err),
                     FDM_ERR_NOT_FOUND);
}

/* ---- pushing ---- */

static char *make_file(const struct fixture *fixture, const char *name, size_t len)
{
    char *path = fdm_fs_join(fixture->board.folder, name);
    uint8_t *data = malloc(len + 1);
    uint32_t seed = 7;
    struct fdm_error err = FDM_ERROR_INIT;
    for (size_t i = 0; i < len; i++)
        data[i] = (uint8_t)test_random(&seed);
    assert_ok(fdm_fs_write_unsynced(path, data, len, &err), err);
    free(data);
    return path;
}

static void assert_same_file(const char *a, const char *b)
{
    char first[FDM_SHA256_HEX_SIZE];
    char second[FDM_SHA256_HEX_SIZE];
    assert_int_equal(fdm_sha256_file(a, first, NULL), FDM_OK);
    assert_int_equal(fdm_sha256_file(b, second, NULL), FDM_OK);
    assert_string_equal(first, second);
}

static void a_file_arrives_whole_and_with_its_mode(void **state)
{
    struct fixture *fixture = fixture_of(state);
    static const size_t sizes[] = {0, 1, 250000, 3000000};
    char *remote = fdm_fs_join(fixture->board.folder, "it's a 'remote' $file");
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        char *local = make_file(fixture, "local", sizes[i]);
        struct fdm_error err = FDM_ERROR_INIT;
        struct stat info;
        uint64_t begin_ns = fdm_clock_now_ns();
        assert_ok(fdm_ssh_push(fixture->ssh, local, remote, 0755, in_seconds(60), &err), err);
        print_message("%zu bytes: %.1f ms\n", sizes[i],
                      (double)(fdm_clock_now_ns() - begin_ns) / 1e6);
        assert_same_file(local, remote);
        assert_int_equal(stat(remote, &info), 0);
        assert_int_equal(info.st_mode & 07777, 0755);
        free(local);
    }
    free(remote);
}

static void a_running_program_can_be_replaced(void **state)
{
    struct fixture *fixture = fixture_of(state);
    char *remote = fdm_fs_join(fixture->board.folder, "program");
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_ssh_push(fixture->ssh, "/bin/cat", remote, 0755, in_seconds(60), &err), err);
    const char *command[] = {remote, NULL};
    struct fdm_stream *stream;
    char back[8] = {0};
    size_t got;
    assert_ok(fdm_ssh_stream(fixture->ssh, command, &stream, &err), err);
    assert_ok(fdm_stream_write_all(stream, "here", 4, in_seconds(30), &err), err);
    assert_ok(fdm_stream_read_some(stream, back, 7, in_seconds(30), &got, &err), err);
    assert_string_equal(back, "here");
    assert_ok(fdm_ssh_push(fixture->ssh, "/bin/ls", remote, 0755, in_seconds(60), &err), err);
    assert_same_file("/bin/ls", remote);
    fdm_stream_free(stream);
    free(remote);
}

static void a_push_that_fails_names_both_ends(void **state)
{
    struct fixture *fixture = fixture_of(state);
    char *local = make_file(fixture, "local", 100000);
    char *absent = fdm_fs_join(fixture->board.folder, "no/such/folder/file");
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(fdm_ssh_push(fixture->ssh, local, absent, 0644, in_seconds(30), &err),
                     FDM_ERR_TARGET);
    assert_non_null(strstr(err.message, absent));
    assert_non_null(strstr(err.message, "the command failed (status 1)"));
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_int_equal(fdm_ssh_push(fixture->ssh, "/no/such/file", absent, 0644, 0, &err),
                     FDM_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "/no/such/file"));
    free(local);
    free(absent);
}

/* The temporary name is a device that is always full. */
static void a_full_board_says_so_and_keeps_nothing(void **state)
{
    struct fixture *fixture = fixture_of(state);
    if (access("/dev/full", W_OK) != 0)
        skip();
    char *local = make_file(fixture, "local", 100000);
    char *remote = fdm_fs_join(fixture->board.folder, "full");
    char *temporary = malloc(strlen(remote) + 32);
    struct fdm_error err = FDM_ERROR_INIT;
    snprintf(temporary, strlen(remote) + 32, "%s.part-%ld", remote, (long)getpid());
    assert_int_equal(symlink("/dev/full", temporary), 0);
    assert_int_equal(fdm_ssh_push(fixture->ssh, local, remote, 0644, in_seconds(30), &err),
                     FDM_ERR_TARGET);
    assert_non_null(strstr(err.message, "No space left on device"));
    assert_int_not_equal(access(remote, F_OK), 0);
    assert_int_equal(access(temporary, F_OK), -1);
    free(local);
    free(remote);
    free(temporary);
}

/* ---- streams ---- */

static void a_stream_carries_bytes_and_the_programs_end(void **state)
{
    struct fixture *fixture = fixture_of(state);
    const char *command[] = {"sh", "-c", "head -c 5; echo out of paper >&2; exit 9", NULL};
    struct fdm_stream *stream;
    struct fdm_error err = FDM_ERROR_INIT;
    char back[16] = {0};
    size_t len = 0;
    assert_ok(fdm_ssh_stream(fixture->ssh, command, &stream, &err), err);
    assert_string_equal(fdm_stream_name(stream), "board");
    assert_ok(fdm_stream_write_all(stream, "\x00\xff\r\n~", 5, in_seconds(30), &err), err);
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK) {
        size_t got;
        status =
            fdm_stream_read_some(stream, back + len, sizeof back - len, in_seconds(30), &got, &err);
        len += got;
    }
    assert_int_equal(len, 5);
    assert_memory_equal(back, "\x00\xff\r\n~", 5);
    assert_int_equal(status, FDM_ERR_EOF);
    assert_string_equal(err.message, "board: the command failed (status 9): out of paper");
    fdm_stream_free(stream);
}

/* ---- failures ---- */

static const struct {
    const char *host;
    const char *command;
    enum fdm_status status;
    const char *words;
} failures[] = {
    {"wrong-key", "true", FDM_ERR_IO, "accepts none of your keys"},
    {"changed-key", "true", FDM_ERR_IO, "the host key has changed"},
    {"unknown-key", "true", FDM_ERR_IO, "the host key is not known yet"},
    {"strict-unknown-key", "true", FDM_ERR_IO, "No ED25519 host key is known"},
    {"closed", "true", FDM_ERR_IO, "nothing listens there"},
    {"silent", "true", FDM_ERR_TIMEOUT, "no answer: is the board switched on"},
    {"no-such-host.invalid", "true", FDM_ERR_NOT_FOUND, "no such host"},
    {"board", "/no/such/agent", FDM_ERR_NOT_FOUND, "is not on the board: "},
    {"board", "/etc/passwd", FDM_ERR_UNSUPPORTED, "cannot run the program"},
};

static void each_failure_has_its_own_message(void **state)
{
    struct fixture *fixture = fixture_of(state);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        const char *command[] = {failures[i].command, NULL};
        struct fdm_ssh *ssh = open_ssh(fixture, failures[i].host);
        struct fdm_error err = FDM_ERROR_INIT;
        enum fdm_status status = fdm_ssh_run(ssh, command, in_seconds(60), 0, NULL, NULL, &err);
        if (status != failures[i].status || strstr(err.message, failures[i].words) == NULL)
            fail_msg("%s %s: %s", failures[i].host, failures[i].command, err.message);
        for (size_t k = 0; k < sizeof failures / sizeof failures[0]; k++)
            if (k != i && strstr(err.message, failures[k].words) != NULL &&
                strcmp(failures[i].host, "strict-unknown-key") != 0)
                fail_msg("%s and %s are not told apart", failures[i].words, failures[k].words);
        fdm_ssh_close(ssh);
    }
}

/* The same causes must reach whoever reads from a stream. */
static void a_stream_that_never_came_to_be_says_why(void **state)
{
    struct fixture *fixture = fixture_of(state);
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++) {
        const char *command[] = {failures[i].command, NULL};
        struct fdm_ssh *ssh = open_ssh(fixture, failures[i].host);
        struct fdm_stream *stream;
        struct fdm_error err = FDM_ERROR_INIT;
        char byte;
        size_t got;
        assert_ok(fdm_ssh_stream(ssh, command, &stream, &err), err);
        enum fdm_status status = fdm_stream_read_some(stream, &byte, 1, in_seconds(60), &got, &err);
        if (status != FDM_ERR_EOF || strstr(err.message, failures[i].words) == NULL)
            fail_msg("%s %s: %s", failures[i].host, failures[i].command, err.message);
        fdm_stream_free(stream);
        fdm_ssh_close(ssh);
    }
}

static void what_cannot_begin_is_refused(void **state)
{
    const struct fixture *fixture = fixture_of(state);
    struct fdm_ssh *ssh;
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_ssh_options option = {.host = "-oProxyCommand=true",
                                           .config = fixture->board.config};
    const struct fdm_ssh_options no_config = {.host = "board", .config = "/no/such/ssh_config"};
    assert_int_equal(fdm_ssh_open(&option, &ssh, &err), FDM_ERR_USAGE);
    assert_null(ssh);
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_int_equal(fdm_ssh_open(&no_config, &ssh, &err), FDM_ERR_NOT_FOUND);
    assert_string_equal(err.message, "/no/such/ssh_config: no such ssh configuration");
}

/* ---- the kept connection ---- */

static void closing_ends_the_kept_connection(void **state)
{
    struct fixture *fixture = fixture_of(state);
    const char *command[] = {"sh", "-c", "echo $PPID", NULL};
    struct fdm_ssh *ssh = open_ssh(fixture, "board");
    struct fdm_buf output;
    struct fdm_error err = FDM_ERROR_INIT;
    const struct timespec step = {0, 50000000};
    long servers[2];
    fdm_buf_init(&output);
    for (int i = 0; i < 2; i++) {
        fdm_buf_reset(&output);
        assert_ok(fdm_ssh_run(ssh, command, in_seconds(30), 100, &output, NULL, &err), err);
        servers[i] = strtol(output.data, NULL, 10);
    }
    fdm_ssh_close(ssh);
    assert_true(servers[0] > 1);
    assert_int_equal(servers[0], servers[1]); /* one sshd served both */
    char path[32];
    snprintf(path, sizeof path, "/proc/%ld", servers[0]);
    for (int i = 0; i < 200 && access(path, F_OK) == 0; i++)
        nanosleep(&step, NULL);
    assert_int_not_equal(access(path, F_OK), 0);
    fdm_buf_release(&output);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_run_and_tell_their_status),
        cmocka_unit_test(a_command_has_a_deadline),
        cmocka_unit_test(words_are_never_options_of_ssh),
        cmocka_unit_test(a_file_arrives_whole_and_with_its_mode),
        cmocka_unit_test(a_running_program_can_be_replaced),
        cmocka_unit_test(a_push_that_fails_names_both_ends),
        cmocka_unit_test(a_full_board_says_so_and_keeps_nothing),
        cmocka_unit_test(a_stream_carries_bytes_and_the_programs_end),
        cmocka_unit_test(each_failure_has_its_own_message),
        cmocka_unit_test(a_stream_that_never_came_to_be_says_why),
        cmocka_unit_test(what_cannot_begin_is_refused),
        cmocka_unit_test(closing_ends_the_kept_connection),
    };
    return cmocka_run_group_tests_name("ssh", tests, set_up, tear_down);
}
