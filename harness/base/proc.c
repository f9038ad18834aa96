#include "harness/base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"

#define STREAMS 3
#define WAIT_STEP_NS (FDM_NS_PER_MS / 2)
#define POLL_STEP_MS 20

/* A stream's two ends: the child's and the parent's; -1 where there is none. */
struct ends {
    int child;
    int parent;
};

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int make_pipe(struct ends *ends, bool child_reads)
{
    int fds[2];
    if (pipe(fds) != 0)
        return -1;
    ends->child = fds[child_reads ? 0 : 1];
    ends->parent = fds[child_reads ? 1 : 0];
    return 0;
}

static int open_stream(struct ends *ends, enum fdm_proc_stream kind, int number)
{
    switch (kind) {
    case FDM_PROC_NULL:
        ends->child = open("/dev/null", number == STDIN_FILENO ? O_RDONLY : O_WRONLY);
        return ends->child < 0 ? -1 : 0;
    case FDM_PROC_PIPE:
        return make_pipe(ends, number == STDIN_FILENO);
    case FDM_PROC_INHERIT:
        ends->child = dup(number);
        return ends->child < 0 ? -1 : 0;
    }
    return -1;
}

static int open_socket(struct ends ends[STREAMS])
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
        return -1;
    ends[STDIN_FILENO].parent = fds[0];
    ends[STDIN_FILENO].child = fds[1];
    ends[STDOUT_FILENO].child = dup(fds[1]);
    return ends[STDOUT_FILENO].child < 0 ? -1 : 0;
}

static int open_streams(const struct fdm_proc_options *options, struct ends ends[STREAMS])
{
    const enum fdm_proc_stream kinds[STREAMS] = {options->input, options->output, options->errors};
    int first = options->socket ? STDERR_FILENO : STDIN_FILENO;
    if (options->socket && open_socket(ends) != 0)
        return -1;
    for (int i = first; i < STREAMS; i++)
        if (open_stream(&ends[i], kinds[i], i) != 0)
            return -1;
    for (int i = 0; i < STREAMS; i++) {
        if (ends[i].parent >= 0 && (fcntl(ends[i].parent, F_SETFD, FD_CLOEXEC) != 0 ||
                                    fcntl(ends[i].parent, F_SETFL, O_NONBLOCK) != 0))
            return -1;
        /* Above the standard numbers, so that dup2() below never overwrites one still needed. */
        int moved = fcntl(ends[i].child, F_DUPFD_CLOEXEC, STREAMS);
        if (moved < 0)
            return -1;
        close(ends[i].child);
        ends[i].child = moved;
    }
    return 0;
}

/* In the child, between fork and exec: only calls that are safe there. */
static void become(const struct fdm_proc_options *options, const struct ends ends[STREAMS],
                   int report_fd)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    /* Ctrl-C is for the parent, which ends its children in order. Ignoring it would not do: QEMU
     * and others take it all the same. */
    setpgid(0, 0);
#ifdef __linux__
    /* An emulator whose line is cut computes on for ever. */
    if (options->socket)
        prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
    bool ok = options->folder == NULL || chdir(options->folder) == 0;
    for (int i = 0; ok && i < STREAMS; i++)
        ok = dup2(ends[i].child, i) == i;
    long limit = sysconf(_SC_OPEN_MAX);
    for (int fd = STREAMS; ok && fd < (limit > 0 && limit < 65536 ? (int)limit : 65536); fd++)
        if (fd != report_fd)
            close(fd);
    char *const *argv; /* execvp() does not change the words, its type merely predates const */
    memcpy(&argv, &options->argv, sizeof argv);
    if (ok)
        execvp(argv[0], argv);
    int reason = errno;
    ssize_t written = write(report_fd, &reason, sizeof reason);
    _exit(written == (ssize_t)sizeof reason ? 127 : 126);
}

/* Waits for exec in the child: 0, or the errno with which it failed. */
static int await_exec(int report_fd)
{
    int reason = 0;
    ssize_t got;
    do
        got = read(report_fd, &reason, sizeof reason);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof reason ? reason : 0;
}

static enum fdm_status spawn(const struct fdm_proc_options *options,
                             const struct ends ends[STREAMS], pid_t *pid, struct fdm_error *err)
{
    int report[2];
    if (pipe(report) != 0 || fcntl(report[1], F_SETFD, FD_CLOEXEC) != 0)
        return fdm_fail(err, FDM_ERR_IO, "%s: %s", options->argv[0], strerror(errno));
    *pid = fork();
    if (*pid == 0)
        become(options, ends, report[1]);
    close(report[1]);
    int reason = *pid < 0 ? errno : await_exec(report[0]);
    close(report[0]);
    if (reason == 0)
        return FDM_OK;
    if (*pid > 0)
        waitpid(*pid, NULL, 0);
    *pid = 0;
    return fdm_fail(err, reason == ENOENT ? FDM_ERR_NOT_FOUND : FDM_ERR_IO, "cannot run %s: %s",
                    options->argv[0], strerror(reason));
}

enum fdm_status fdm_proc_start(const struct fdm_proc_options *options, struct fdm_proc *out,
                               struct fdm_error *err)
{
    struct ends ends[STREAMS] = {{-1, -1}, {-1, -1}, {-1, -1}};
    pid_t pid = 0;
    *out = (struct fdm_proc)FDM_PROC_INIT;
    enum fdm_status status = FDM_OK;
    if (open_streams(options, ends) != 0)
        status = fdm_fail(err, FDM_ERR_IO, "%s: no pipe: %s", options->argv[0], strerror(errno));
    if (status == FDM_OK)
        status = spawn(options, ends, &pid, err);
    for (int i = 0; i < STREAMS; i++) {
        close_fd(&ends[i].child);
        if (status != FDM_OK)
            close_fd(&ends[i].parent);
    }
    if (status == FDM_OK)
        *out = (struct fdm_proc){pid, ends[0].parent, ends[1].parent, ends[2].parent};
    return status;
}

/* True once the child was reaped. */
static bool reap(struct fdm_proc *proc, struct fdm_proc_exit *out)
{
    int state = 0;
    pid_t got;
    do
        got = waitpid(proc->pid, &state, WNOHANG);
    while (got < 0 && errno == EINTR);
    if (got == 0)
        return false;
    proc->pid = 0;
    out->code = got > 0 && WIFEXITED(state) ? WEXITSTATUS(state) : -1;
    out->signal = got > 0 && WIFSIGNALED(state) ? WTERMSIG(state) : 0;
    return true;
}

enum fdm_status fdm_proc_wait(struct fdm_proc *proc, uint64_t deadline_ns,
                              struct fdm_proc_exit *out, struct fdm_error *err)
{
    if (proc->pid <= 0)
        return fdm_fail(err, FDM_ERR_USAGE, "there is no child to wait for");
    const struct timespec step = {0, (long)WAIT_STEP_NS};
    while (!reap(proc, out)) {
        if (fdm_clock_now_ns() >= deadline_ns)
            return fdm_fail(err, FDM_ERR_TIMEOUT, "process %ld still runs", (long)proc->pid);
        nanosleep(&step, NULL);
    }
    return FDM_OK;
}

void fdm_proc_release(struct fdm_proc *proc, uint64_t grace_ns)
{
    struct fdm_proc_exit ended;
    close_fd(&proc->input_fd);
    close_fd(&proc->output_fd);
    close_fd(&proc->errors_fd);
    if (proc->pid > 0 && !reap(proc, &ended)) {
        kill(proc->pid, SIGTERM);
        if (fdm_proc_wait(proc, fdm_clock_now_ns() + grace_ns, &ended, NULL) != FDM_OK) {
            kill(proc->pid, SIGKILL);
            fdm_proc_wait(proc, UINT64_MAX, &ended, NULL);
        }
    }
    proc->pid = 0;
}

/* Reads what is there; closes the descriptor at its end. */
static void take(int *fd, size_t limit, struct fdm_buf *into)
{
    char piece[16384];
    ssize_t got = read(*fd, piece, sizeof piece);
    if (got < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (got <= 0) {
        close_fd(fd);
        return;
    }
    if (into == NULL || into->len >= limit)
        return;
    size_t room = limit - into->len;
    fdm_buf_append(into, piece, (size_t)got < room ? (size_t)got : room);
}

enum fdm_status fdm_proc_run(const char *const *argv, const char *folder, uint64_t deadline_ns,
                             size_t limit, struct fdm_buf *output, struct fdm_buf *errors,
                             struct fdm_proc_exit *out, struct fdm_error *err)
{
    struct fdm_proc proc;
    const struct fdm_proc_options options = {
        .argv = argv, .folder = folder, .output = FDM_PROC_PIPE, .errors = FDM_PROC_PIPE};
    enum fdm_status status = fdm_proc_start(&options, &proc, err);
    if (status != FDM_OK)
        return status;
    bool ended = false;
    /* A grandchild may keep the pipes open for long: what counts is the child's own end. */
    while (proc.output_fd >= 0 || proc.errors_fd >= 0) {
        struct pollfd fds[] = {{proc.output_fd, POLLIN, 0}, {proc.errors_fd, POLLIN, 0}};
        int ready = poll(fds, 2, ended ? 0 : POLL_STEP_MS);
        if (ready > 0 && fds[0].revents != 0)
            take(&proc.output_fd, limit, output);
        if (ready > 0 && fds[1].revents != 0)
            take(&proc.errors_fd, limit, errors);
        if ((ready == 0 && ended) || fdm_clock_now_ns() >= deadline_ns)
            break;
        ended = ended || reap(&proc, out);
    }
    if (!ended)
        status = fdm_proc_wait(&proc, deadline_ns, out, NULL);
    if (status != FDM_OK)
        fdm_fail(err, status, "%s did not end in time and was stopped", argv[0]);
    fdm_proc_release(&proc, FDM_NS_PER_S);
    return status;
}

bool fdm_proc_exists(const char *name)
{
    const char *path = getenv("PATH");
    if (strchr(name, '/') != NULL || path == NULL)
        return access(name, X_OK) == 0;
    bool found = false;
    while (!found && *path != '\0') {
        size_t len = strcspn(path, ":");
        struct fdm_buf candidate;
        fdm_buf_init(&candidate);
        fdm_buf_append(&candidate, path, len);
        fdm_buf_printf(&candidate, "/%s", name);
        found = !candidate.failed && fdm_fs_is_file(candidate.data) &&
                access(candidate.data, X_OK) == 0;
        fdm_buf_release(&candidate);
        path += len + (path[len] == ':');
    }
    return found;
}
