#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/proc.h"

static uint64_t in_seconds(uint64_t seconds)
{
    return fdm_clock_now_ns() + seconds * FDM_NS_PER_S;
}

static void output_errors_and_code_are_told_apart(void **state)
{
    (void)state;
    const char *argv[] = {"sh", "-c", "echo out; echo err >&2; exit 42", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf output;
    struct fdm_buf errors;
    struct fdm_proc_exit ended;
    fdm_buf_init(&output);
    fdm_buf_init(&errors);
    assert_ok(fdm_proc_run(argv, NULL, in_seconds(20), 1000, &output, &errors, &ended, &err), err);
    assert_string_equal(output.data, "out\n");
    assert_string_equal(errors.data, "err\n");
    assert_int_equal(ended.code, 42);
    assert_int_equal(ended.signal, 0);
    fdm_buf_release(&output);
    fdm_buf_release(&errors);
}

static void no_shell_looks_at_the_arguments(void **state)
{
    (void)state;
    const char *argv[] = {"printf", "%s", "$HOME; `id` *", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf output;
    struct fdm_proc_exit ended;
    fdm_buf_init(&output);
    assert_ok(fdm_proc_run(argv, "/", in_seconds(20), 1000, &output, NULL, &ended, &err), err);
    assert_string_equal(output.data, "$HOME; `id` *");
    fdm_buf_release(&output);
}

static void too_much_output_is_read_and_dropped(void **state)
{
    (void)state;
    const char *argv[] = {"sh", "-c", "yes | head -c 3000000; echo done >&2", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf output;
    struct fdm_buf errors;
    struct fdm_proc_exit ended;
    fdm_buf_init(&output);
    fdm_buf_init(&errors);
    assert_ok(fdm_proc_run(argv, NULL, in_seconds(60), 100, &output, &errors, &ended, &err), err);
    assert_int_equal(output.len, 100);
    assert_string_equal(errors.data, "done\n");
    fdm_buf_release(&output);
    fdm_buf_release(&errors);
}

static void a_key_that_interrupts_does_not_reach_children(void **state)
{
    (void)state;
    /* The fifth word is the process group, to which a terminal sends what its keys mean. */
    const char *argv[] = {"sh", "-c", "read -r a b c d group rest </proc/$$/stat; echo $group",
                          NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf output;
    struct fdm_proc_exit ended;
    fdm_buf_init(&output);
    assert_ok(fdm_proc_run(argv, NULL, in_seconds(20), 100, &output, NULL, &ended, &err), err);
    assert_int_equal(ended.code, 0);
    assert_true(strtol(output.data, NULL, 10) > 1);
    assert_int_not_equal(strtol(output.data, NULL, 10), getpgrp());
    fdm_buf_release(&output);
}

static void failures_are_named(void **state)
{
    (void)state;
    const char *absent[] = {"fdm-no-such-program", NULL};
    const char *slow[] = {"sleep", "30", NULL};
    const char *killed[] = {"sh", "-c", "kill -9 $$", NULL};
    struct fdm_proc_exit ended;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(fdm_proc_run(absent, NULL, in_seconds(5), 1, NULL, NULL, &ended, &err),
                     FDM_ERR_NOT_FOUND);
    assert_string_equal(err.message, "cannot run fdm-no-such-program: No such file or directory");
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_int_equal(fdm_proc_run(slow, "/nowhere", in_seconds(5), 1, NULL, NULL, &ended, &err),
                     FDM_ERR_NOT_FOUND);
    err = (struct fdm_error)FDM_ERROR_INIT;
    uint64_t begin_ns = fdm_clock_now_ns();
    assert_int_equal(
        fdm_proc_run(slow, NULL, begin_ns + FDM_NS_PER_S / 10, 1, NULL, NULL, &ended, &err),
        FDM_ERR_TIMEOUT);
    assert_true(fdm_clock_now_ns() - begin_ns < 20 * FDM_NS_PER_S);
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_ok(fdm_proc_run(killed, NULL, in_seconds(20), 1, NULL, NULL, &ended, &err), err);
    assert_int_equal(ended.code, -1);
    assert_int_equal(ended.signal, SIGKILL);
}

static void a_socket_carries_both_directions(void **state)
{
    (void)state;
    const char *argv[] = {"cat", NULL};
    const struct fdm_proc_options options = {
        .argv = argv, .input = FDM_PROC_PIPE, .output = FDM_PROC_PIPE, .socket = true};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_proc proc;
    assert_ok(fdm_proc_start(&options, &proc, &err), err);
    assert_int_equal(proc.output_fd, -1);
    assert_int_equal(write(proc.input_fd, "ping", 4), 4);
    struct pollfd ready = {proc.input_fd, POLLIN, 0};
    assert_int_equal(poll(&ready, 1, 20000), 1);
    char back[8] = {0};
    assert_int_equal(read(proc.input_fd, back, sizeof back), 4);
    assert_string_equal(back, "ping");
    pid_t pid = proc.pid;
    fdm_proc_release(&proc, FDM_NS_PER_S);
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    fdm_proc_release(&proc, FDM_NS_PER_S);
}

static void a_child_inherits_no_descriptor(void **state)
{
    (void)state;
    int fd = open("/dev/zero", O_RDONLY); /* deliberately without O_CLOEXEC */
    char script[64];
    snprintf(script, sizeof script, "test ! -e /proc/self/fd/%d", fd);
    const char *argv[] = {"sh", "-c", script, NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_proc_exit ended;
    assert_ok(fdm_proc_run(argv, NULL, in_seconds(20), 1, NULL, NULL, &ended, &err), err);
    assert_int_equal(ended.code, 0);
    close(fd);
}

static void a_child_that_ignores_terminate_is_killed(void **state)
{
    (void)state;
    const char *argv[] = {"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done",
                          NULL};
    const struct fdm_proc_options options = {.argv = argv, .output = FDM_PROC_PIPE};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_proc proc;
    assert_ok(fdm_proc_start(&options, &proc, &err), err);
    struct pollfd ready = {proc.output_fd, POLLIN, 0};
    assert_int_equal(poll(&ready, 1, 20000), 1);
    pid_t pid = proc.pid;
    fdm_proc_release(&proc, FDM_NS_PER_S / 10);
    assert_int_equal(kill(pid, 0), -1);
}

static void a_grandchild_that_keeps_the_pipes_is_not_waited_for(void **state)
{
    (void)state;
    const char *argv[] = {"sh", "-c", "sleep 20 & echo $!", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_buf output;
    struct fdm_proc_exit ended;
    fdm_buf_init(&output);
    uint64_t begin_ns = fdm_clock_now_ns();
    assert_ok(fdm_proc_run(argv, NULL, in_seconds(60), 100, &output, NULL, &ended, &err), err);
    assert_true(fdm_clock_now_ns() - begin_ns < 15 * FDM_NS_PER_S);
    assert_int_equal(ended.code, 0);
    pid_t sleeper = (pid_t)strtol(output.data, NULL, 10);
    assert_true(sleeper > 1);
    assert_int_equal(kill(sleeper, SIGTERM), 0);
    fdm_buf_release(&output);
}

/* A parent that is killed cannot end its children. Here it hands a child the pipe that is read
 * below, so the pipe ends when both are gone. */
static void a_peer_does_not_outlive_its_parent(void **state)
{
    (void)state;
    const char *argv[] = {"sh", "-c", "echo up >&2; exec sleep 1000", NULL};
    const struct fdm_proc_options options = {
        argv, NULL, FDM_PROC_PIPE, FDM_PROC_PIPE, FDM_PROC_INHERIT, true};
    int line[2];
    assert_int_equal(pipe(line), 0);
    pid_t parent = fork();
    assert_true(parent >= 0);
    if (parent == 0) {
        struct fdm_proc proc = FDM_PROC_INIT;
        close(line[0]);
        bool started = dup2(line[1], STDERR_FILENO) == STDERR_FILENO &&
                       fdm_proc_start(&options, &proc, NULL) == FDM_OK;
        close(line[1]);
        if (started)
            pause();
        _exit(1);
    }
    close(line[1]);
    char up[3];
    assert_int_equal(read(line[0], up, sizeof up), sizeof up);
    assert_int_equal(kill(parent, SIGKILL), 0);
    assert_int_equal(waitpid(parent, NULL, 0), parent);
    struct pollfd end = {line[0], POLLIN, 0};
    assert_int_equal(poll(&end, 1, 20000), 1);
    assert_int_equal(read(line[0], up, sizeof up), 0);
    close(line[0]);
}

static void programs_are_found(void **state)
{
    (void)state;
    assert_true(fdm_proc_exists("sh"));
    assert_true(fdm_proc_exists("/bin/sh"));
    assert_false(fdm_proc_exists("fdm-no-such-program"));
    assert_false(fdm_proc_exists("/etc/passwd"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_errors_and_code_are_told_apart),
        cmocka_unit_test(no_shell_looks_at_the_arguments),
        cmocka_unit_test(too_much_output_is_read_and_dropped),
        cmocka_unit_test(a_key_that_interrupts_does_not_reach_children),
        cmocka_unit_test(failures_are_named),
        cmocka_unit_test(a_socket_carries_both_directions),
        cmocka_unit_test(a_child_inherits_no_descriptor),
        cmocka_unit_test(a_child_that_ignores_terminate_is_killed),
        cmocka_unit_test(a_grandchild_that_keeps_the_pipes_is_not_waited_for),
        cmocka_unit_test(a_peer_does_not_outlive_its_parent),
        cmocka_unit_test(programs_are_found),
    };
    return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
