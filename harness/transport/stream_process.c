#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/proc.h"
#include "harness/transport/stream_impl.h"

/* Between the end of its output and its exit, a program may still have to clean up. */
#define EXIT_PATIENCE_NS (2 * FDM_NS_PER_S)

struct process_stream {
    struct fdm_stream base;
    struct fdm_proc proc;
    struct fdm_proc_exit ended; /* once proc.pid is 0 */
    uint64_t grace_ns;
    void (*explain)(const char *name, const struct fdm_proc_exit *ended, const char *errors,
                    struct fdm_error *err);
    bool eof;
    size_t errors_len;
    char errors[FDM_STREAM_ERRORS_BYTES + 1]; /* the end of the error stream */
};

static struct process_stream *self(struct fdm_stream *stream)
{
    return (struct process_stream *)stream;
}

/* ---- the error stream ---- */

static void keep_tail(struct process_stream *process, const char *bytes, size_t len)
{
    if (len > FDM_STREAM_ERRORS_BYTES) {
        bytes += len - FDM_STREAM_ERRORS_BYTES;
        len = FDM_STREAM_ERRORS_BYTES;
    }
    size_t room = FDM_STREAM_ERRORS_BYTES - process->errors_len;
    size_t drop = len > room ? len - room : 0;
    memmove(process->errors, process->errors + drop, process->errors_len - drop);
    process->errors_len -= drop;
    for (size_t i = 0; i < len; i++)
        process->errors[process->errors_len++] = (char)(bytes[i] != '\0' ? bytes[i] : '?');
    process->errors[process->errors_len] = '\0';
}

/* One piece at a time, so that a flood of errors cannot keep the data waiting. */
static bool read_errors(struct process_stream *process)
{
    char piece[1024];
    int fd = process->proc.errors_fd;
    ssize_t got = fd >= 0 ? read(fd, piece, sizeof piece) : 0;
    if (got > 0) {
        keep_tail(process, piece, (size_t)got);
        return true;
    }
    if (fd >= 0 && (got == 0 || (errno != EAGAIN && errno != EINTR))) {
        close(fd);
        process->proc.errors_fd = -1;
    }
    return false;
}

/* ---- the end ---- */

static const char *last_line(char *errors)
{
    size_t len = strlen(errors);
    while (len > 0 && (errors[len - 1] == '\n' || errors[len - 1] == '\r'))
        errors[--len] = '\0';
    const char *line = strrchr(errors, '\n');
    return line != NULL ? line + 1 : errors;
}

static enum fdm_status explain_plainly(struct process_stream *process, struct fdm_error *err)
{
    char how[48];
    char errors[sizeof process->errors];
    memcpy(errors, process->errors, sizeof errors);
    if (process->proc.pid > 0)
        snprintf(how, sizeof how, "closed its output");
    else if (process->ended.signal != 0)
        snprintf(how, sizeof how, "was ended by signal %d", process->ended.signal);
    else
        snprintf(how, sizeof how, "ended with status %d", process->ended.code);
    const char *words = last_line(errors);
    return fdm_fail(err, FDM_ERR_EOF, "%s %s%s%.300s", process->base.name, how,
                    *words != '\0' ? ": " : "", words);
}

static enum fdm_status explain_end(struct process_stream *process, struct fdm_error *err)
{
    process->eof = true;
    if (process->proc.pid > 0)
        fdm_proc_wait(&process->proc, fdm_clock_now_ns() + EXIT_PATIENCE_NS, &process->ended, NULL);
    /* All that it could write is in the pipe; a grandchild may keep writing for ever. */
    for (size_t i = 0; i < 64 && read_errors(process); i++)
        ;
    if (process->explain == NULL || process->proc.pid > 0)
        return explain_plainly(process, err);
    struct fdm_error why = FDM_ERROR_INIT;
    process->explain(process->base.name, &process->ended, process->errors, &why);
    return fdm_fail(err, FDM_ERR_EOF, "%s", why.message);
}

/* ---- operations ---- */

static enum fdm_status process_read(struct fdm_stream *stream, void *buf, size_t size, size_t *got,
                                    struct fdm_error *err)
{
    struct process_stream *process = self(stream);
    enum fdm_status status =
        fdm_stream_read_socket(stream, process->proc.input_fd, buf, size, got, NULL);
    return status == FDM_OK || status == FDM_ERR_TIMEOUT ? status : explain_end(process, err);
}

static enum fdm_status process_write(struct fdm_stream *stream, const void *bytes, size_t len,
                                     size_t *put, struct fdm_error *err)
{
    struct process_stream *process = self(stream);
    enum fdm_status status =
        fdm_stream_write_socket(stream, process->proc.input_fd, bytes, len, put, NULL);
    return status == FDM_OK || status == FDM_ERR_TIMEOUT ? status : explain_end(process, err);
}

static enum fdm_status process_wait(struct fdm_stream *stream, unsigned wanted,
                                    uint64_t deadline_ns, unsigned *ready, struct fdm_error *err)
{
    struct process_stream *process = self(stream);
    for (;;) {
        struct pollfd fds[] = {{process->proc.input_fd, 0, 0},
                               {process->proc.errors_fd, POLLIN, 0}};
        if ((wanted & FDM_STREAM_READABLE) != 0)
            fds[0].events |= POLLIN;
        if ((wanted & FDM_STREAM_WRITABLE) != 0)
            fds[0].events |= POLLOUT;
        int count = poll(fds, 2, fdm_stream_poll_ms(deadline_ns));
        if (count < 0 && errno != EINTR)
            return fdm_fail(err, FDM_ERR_IO, "poll: %s", strerror(errno));
        if (count > 0 && fds[1].revents != 0)
            read_errors(process);
        if (count > 0 && (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
            *ready = wanted;
        if (count > 0 && (fds[0].revents & POLLIN) != 0)
            *ready |= FDM_STREAM_READABLE;
        if (count > 0 && (fds[0].revents & POLLOUT) != 0)
            *ready |= FDM_STREAM_WRITABLE;
        if (*ready != 0)
            return FDM_OK;
        if (fdm_clock_now_ns() >= deadline_ns)
            return FDM_ERR_TIMEOUT;
    }
}

static enum fdm_status process_end_write(struct fdm_stream *stream, struct fdm_error *err)
{
    if (shutdown(self(stream)->proc.input_fd, SHUT_WR) != 0)
        return fdm_fail(err, FDM_ERR_IO, "%s: %s", stream->name, strerror(errno));
    return FDM_OK;
}

static void process_free(struct fdm_stream *stream)
{
    struct process_stream *process = self(stream);
    fdm_proc_release(&process->proc, process->grace_ns);
    free(process);
}

static const struct fdm_stream_ops process_ops = {
    .read = process_read,
    .write = process_write,
    .wait = process_wait,
    .end_write = process_end_write,
    .free = process_free,
};

enum fdm_status fdm_stream_process_end(const struct fdm_stream *stream, struct fdm_proc_exit *ended,
                                       const char **errors, struct fdm_error *err)
{
    const struct process_stream *process = (const struct process_stream *)stream;
    if (stream->ops != &process_ops || !process->eof)
        return fdm_fail(err, FDM_ERR_USAGE, "%s: is no program that ended", stream->name);
    if (process->proc.pid > 0)
        return fdm_fail(err, FDM_ERR_TIMEOUT, "%s: still runs", stream->name);
    *ended = process->ended;
    *errors = process->errors;
    return FDM_OK;
}

enum fdm_status fdm_stream_open_process(const struct fdm_stream_process_options *options,
                                        struct fdm_stream **out, struct fdm_error *err)
{
    *out = NULL;
    struct process_stream *process = calloc(1, sizeof *process);
    if (process == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    const struct fdm_proc_options start = {
        .argv = options->argv,
        .folder = options->folder,
        .input = FDM_PROC_PIPE,
        .output = FDM_PROC_PIPE,
        .errors = FDM_PROC_PIPE,
        .socket = true,
    };
    enum fdm_status status = fdm_proc_start(&start, &process->proc, err);
    if (status != FDM_OK) {
        free(process);
        return status;
    }
    process->base.ops = &process_ops;
    process->grace_ns = options->grace_ns != 0 ? options->grace_ns : FDM_NS_PER_S;
    process->explain = options->explain;
    snprintf(process->base.name, sizeof process->base.name, "%s",
             options->name != NULL ? options->name : options->argv[0]);
    *out = &process->base;
    return FDM_OK;
}
