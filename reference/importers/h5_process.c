#include "reference/importers/h5_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"

#define READ_BYTES 65536
#define ANSWER_MAX_BYTES                                                                           \
    (sizeof(struct fdm_error) + sizeof(size_t) + FDM_KERAS_MAX_CONFIG +                            \
     FDM_KERAS_MAX_ARRAYS * sizeof(struct fdm_keras_array) + FDM_KERAS_MAX_FLOATS * sizeof(float))

/* ---- the child: answers with a struct fdm_error, then the encoded parts ---- */

static void limit(int resource, rlim_t value)
{
    struct rlimit bounds;
    if (getrlimit(resource, &bounds) != 0)
        return;
    if (bounds.rlim_max == RLIM_INFINITY || value < bounds.rlim_max)
        bounds.rlim_max = value;
    bounds.rlim_cur = bounds.rlim_max;
    setrlimit(resource, &bounds);
}

/* The limit counts what the process maps already, which under a sanitizer is terabytes. */
static void limit_memory(void)
{
    char text[64];
    int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t len = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    if (len <= 0)
        return;
    text[len] = '\0';
    limit(RLIMIT_AS,
          (rlim_t)strtoull(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE) + FDM_H5_MEMORY_LIMIT);
}

/* What the C library and sanitizers say about a crash is not for the user's terminal. */
static void silence(void)
{
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd >= 0)
        dup2(fd, STDERR_FILENO);
}

/* Handlers of the program would run in the wrong process: a test framework's jumps back into its
 * tests after a crash, an application's may write to its files. */
static void forget_handlers(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS,  SIGFPE,  SIGILL, SIGABRT, SIGSYS,
                                  SIGTRAP, SIGXCPU, SIGTERM, SIGHUP, SIGPIPE, SIGALRM};
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        signal(signals[i], SIG_DFL);
    signal(SIGINT, SIG_IGN); /* Ctrl-C reaches all processes, and says nothing about the file */
}

static int write_all(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t put = write(fd, data, len);
        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -1;
        data += put;
        len -= (size_t)put;
    }
    return 0;
}

static _Noreturn void run_child(fdm_h5_extractor *extract, const uint8_t *bytes, size_t len, int fd)
{
    forget_handlers();
    silence();
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, FDM_H5_CPU_LIMIT_S);
    limit_memory();
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_keras_file file;
    fdm_keras_file_init(&file);
    if (extract(bytes, len, &file, &err) != FDM_OK)
        fdm_keras_file_release(&file);
    struct fdm_buf answer;
    fdm_buf_init(&answer);
    fdm_buf_append(&answer, &err, sizeof err);
    fdm_keras_encode(&file, &answer);
    int failed = answer.failed || write_all(fd, answer.data, answer.len) != 0;
    /* No exit handlers: they belong to the parent. */
    _exit(failed ? EXIT_FAILURE : EXIT_SUCCESS);
}

/* ---- the parent ---- */

static int milliseconds_until(uint64_t deadline_ns)
{
    uint64_t now = fdm_clock_now_ns();
    return now < deadline_ns ? (int)((deadline_ns - now) / FDM_NS_PER_MS) + 1 : 0;
}

static enum fdm_status read_answer(int fd, struct fdm_buf *answer, struct fdm_error *err)
{
    char piece[READ_BYTES];
    uint64_t deadline_ns = fdm_clock_now_ns() + FDM_H5_TIME_LIMIT_S * FDM_NS_PER_S;
    for (;;) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        int count = poll(&ready, 1, milliseconds_until(deadline_ns));
        if (count < 0 && errno == EINTR)
            continue;
        if (count == 0)
            return fdm_fail(err, FDM_ERR_FORMAT,
                            "libhdf5 did not finish within %d s: the file is damaged",
                            FDM_H5_TIME_LIMIT_S);
        ssize_t got = count < 0 ? -1 : read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fdm_fail(err, FDM_ERR_IO, "reading from libhdf5's process: %s", strerror(errno));
        if (got == 0)
            return FDM_OK;
        fdm_buf_append(answer, piece, (size_t)got);
        if (answer->failed || answer->len > ANSWER_MAX_BYTES)
            return fdm_fail(err, FDM_ERR_MEMORY, "more than %zu bytes of weights",
                            ANSWER_MAX_BYTES);
    }
}

/* The status of waitpid(); 0 as after a good end if nobody knows it any more. */
static int reap(pid_t child)
{
    int end = 0;
    pid_t got;
    do
        got = waitpid(child, &end, 0);
    while (got < 0 && errno == EINTR);
    return got == child ? end : 0;
}

static enum fdm_status judge_end(int end, struct fdm_error *err)
{
    /* At the limit of processor time the kernel sends one of these two. */
    if (WIFSIGNALED(end) && (WTERMSIG(end) == SIGXCPU || WTERMSIG(end) == SIGKILL))
        return fdm_fail(err, FDM_ERR_FORMAT, "libhdf5 did not come to an end: it is damaged");
    if (WIFSIGNALED(end))
        return fdm_fail(err, FDM_ERR_FORMAT, "libhdf5 crashed on it (signal %d): it is damaged",
                        WTERMSIG(end));
    if (WEXITSTATUS(end) != EXIT_SUCCESS)
        return fdm_fail(err, FDM_ERR_FORMAT, "libhdf5 failed on it: it is damaged");
    return FDM_OK;
}

/* The child may have written anything before it died of it. */
static enum fdm_status decode_answer(const struct fdm_buf *answer, struct fdm_keras_file *out,
                                     struct fdm_error *err)
{
    struct fdm_error theirs;
    if (answer->len < sizeof theirs)
        return fdm_fail(err, FDM_ERR_FORMAT, "libhdf5's process ended early: it is damaged");
    memcpy(&theirs, answer->data, sizeof theirs);
    theirs.message[sizeof theirs.message - 1] = '\0';
    if (theirs.status == FDM_ERR_MEMORY || theirs.status == FDM_ERR_UNSUPPORTED)
        return fdm_fail(err, theirs.status, "%s", theirs.message);
    if (theirs.status != FDM_OK)
        return fdm_fail(err, FDM_ERR_FORMAT, "%s", theirs.message);
    return fdm_keras_decode(answer->data + sizeof theirs, answer->len - sizeof theirs, out, err);
}

static enum fdm_status start(fdm_h5_extractor *extract, const uint8_t *bytes, size_t len,
                             pid_t *child, int *from_child, struct fdm_error *err)
{
    int ends[2];
    if (pipe(ends) != 0)
        return fdm_fail(err, FDM_ERR_IO, "no pipe for libhdf5: %s", strerror(errno));
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
    *child = fork();
    if (*child == 0) {
        close(ends[0]);
        run_child(extract, bytes, len, ends[1]);
    }
    int fork_errno = errno;
    close(ends[1]);
    *from_child = ends[0];
    if (*child > 0)
        return FDM_OK;
    close(ends[0]);
    return fdm_fail(err, FDM_ERR_IO, "no process for libhdf5: %s", strerror(fork_errno));
}

enum fdm_status fdm_h5_isolate(fdm_h5_extractor *extract, const uint8_t *bytes, size_t len,
                               struct fdm_keras_file *out, struct fdm_error *err)
{
    pid_t child = -1;
    int from_child = -1;
    enum fdm_status status = start(extract, bytes, len, &child, &from_child, err);
    if (status != FDM_OK)
        return status;
    struct fdm_buf answer;
    fdm_buf_init(&answer);
    status = read_answer(from_child, &answer, err);
    close(from_child);
    if (status != FDM_OK)
        kill(child, SIGKILL);
    int end = reap(child);
    if (status == FDM_OK)
        status = judge_end(end, err);
    if (status == FDM_OK)
        status = decode_answer(&answer, out, err);
    fdm_buf_release(&answer);
    return status;
}
