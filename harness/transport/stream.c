#include "harness/transport/stream.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "harness/base/clock.h"
#include "harness/transport/stream_impl.h"

static enum fdm_status time_out(const struct fdm_stream *stream, const char *what,
                                struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_TIMEOUT, "%s: %s in time", stream->name, what);
}

enum fdm_status fdm_stream_wait(struct fdm_stream *stream, unsigned wanted, uint64_t deadline_ns,
                                unsigned *ready, struct fdm_error *err)
{
    *ready = 0;
    enum fdm_status status = stream->ops->wait(stream, wanted, deadline_ns, ready, err);
    return status == FDM_ERR_TIMEOUT ? time_out(stream, "nothing happened", err) : status;
}

enum fdm_status fdm_stream_read_some(struct fdm_stream *stream, void *buf, size_t size,
                                     uint64_t deadline_ns, size_t *got, struct fdm_error *err)
{
    *got = 0;
    enum fdm_status status = stream->ops->read(stream, buf, size, got, err);
    while (status == FDM_ERR_TIMEOUT) {
        unsigned ready = 0;
        status = stream->ops->wait(stream, FDM_STREAM_READABLE, deadline_ns, &ready, err);
        if (status == FDM_ERR_TIMEOUT)
            return time_out(stream, "nothing arrived", err);
        if (status == FDM_OK)
            status = stream->ops->read(stream, buf, size, got, err);
    }
    return status;
}

enum fdm_status fdm_stream_write_some(struct fdm_stream *stream, const void *bytes, size_t len,
                                      uint64_t deadline_ns, size_t *put, struct fdm_error *err)
{
    *put = 0;
    enum fdm_status status = stream->ops->write(stream, bytes, len, put, err);
    while (status == FDM_ERR_TIMEOUT) {
        unsigned ready = 0;
        status = stream->ops->wait(stream, FDM_STREAM_WRITABLE, deadline_ns, &ready, err);
        if (status == FDM_ERR_TIMEOUT)
            return time_out(stream, "nothing could be sent", err);
        if (status == FDM_OK)
            status = stream->ops->write(stream, bytes, len, put, err);
    }
    return status;
}

enum fdm_status fdm_stream_write_all(struct fdm_stream *stream, const void *bytes, size_t len,
                                     uint64_t deadline_ns, struct fdm_error *err)
{
    const unsigned char *at = bytes;
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK && len > 0) {
        size_t put;
        status = fdm_stream_write_some(stream, at, len, deadline_ns, &put, err);
        at += put;
        len -= put;
    }
    return status;
}

enum fdm_status fdm_stream_end_write(struct fdm_stream *stream, struct fdm_error *err)
{
    if (stream->ops->end_write == NULL)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: cannot tell its end", stream->name);
    return stream->ops->end_write(stream, err);
}

enum fdm_status fdm_stream_drain(struct fdm_stream *stream, uint64_t deadline_ns,
                                 struct fdm_error *err)
{
    if (stream->ops->drain == NULL)
        return FDM_OK;
    enum fdm_status status = stream->ops->drain(stream, deadline_ns, err);
    return status == FDM_ERR_TIMEOUT ? time_out(stream, "not everything was sent", err) : status;
}

uint32_t fdm_stream_baud(const struct fdm_stream *stream)
{
    return stream->baud;
}

enum fdm_status fdm_stream_set_baud(struct fdm_stream *stream, uint32_t baud, struct fdm_error *err)
{
    if (stream->ops->set_baud == NULL)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: has no rate to change", stream->name);
    return stream->ops->set_baud(stream, baud, err);
}

const char *fdm_stream_name(const struct fdm_stream *stream)
{
    return stream->name;
}

void fdm_stream_free(struct fdm_stream *stream)
{
    if (stream != NULL)
        stream->ops->free(stream);
}

/* ---- for implementations over descriptors ---- */

int fdm_stream_poll_ms(uint64_t deadline_ns)
{
    uint64_t now_ns = fdm_clock_now_ns();
    if (deadline_ns <= now_ns)
        return 0;
    uint64_t left_ns = deadline_ns - now_ns;
    uint64_t left_ms = left_ns / FDM_NS_PER_MS + (left_ns % FDM_NS_PER_MS != 0);
    return left_ms < INT_MAX ? (int)left_ms : INT_MAX;
}

enum fdm_status fdm_stream_wait_fd(int fd, unsigned wanted, uint64_t deadline_ns, unsigned *ready,
                                   struct fdm_error *err)
{
    struct pollfd entry = {fd, 0, 0};
    if ((wanted & FDM_STREAM_READABLE) != 0)
        entry.events |= POLLIN;
    if ((wanted & FDM_STREAM_WRITABLE) != 0)
        entry.events |= POLLOUT;
    int count;
    do
        count = poll(&entry, 1, fdm_stream_poll_ms(deadline_ns));
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fdm_fail(err, FDM_ERR_IO, "poll: %s", strerror(errno));
    if (count == 0)
        return FDM_ERR_TIMEOUT;
    if ((entry.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
        *ready = wanted;
    if ((entry.revents & POLLIN) != 0)
        *ready |= FDM_STREAM_READABLE;
    if ((entry.revents & POLLOUT) != 0)
        *ready |= FDM_STREAM_WRITABLE;
    return FDM_OK;
}

/* What a failed or empty transfer on a socket means. */
static enum fdm_status judge_socket(const struct fdm_stream *stream, ssize_t done, int reason,
                                    struct fdm_error *err)
{
    if (done < 0 && (reason == EAGAIN || reason == EWOULDBLOCK || reason == EINTR))
        return FDM_ERR_TIMEOUT;
    if (done == 0 || reason == EPIPE || reason == ECONNRESET)
        return fdm_fail(err, FDM_ERR_EOF, "%s: closed by the other end", stream->name);
    if (reason == ETIMEDOUT || reason == EHOSTUNREACH || reason == ENETUNREACH)
        return fdm_fail(err, FDM_ERR_EOF, "%s: the other end vanished: %s", stream->name,
                        strerror(reason));
    return fdm_fail(err, FDM_ERR_IO, "%s: %s", stream->name, strerror(reason));
}

enum fdm_status fdm_stream_read_socket(const struct fdm_stream *stream, int fd, void *buf,
                                       size_t size, size_t *got, struct fdm_error *err)
{
    ssize_t done = recv(fd, buf, size, 0);
    if (done <= 0)
        return judge_socket(stream, done, errno, err);
    *got = (size_t)done;
    return FDM_OK;
}

enum fdm_status fdm_stream_write_socket(const struct fdm_stream *stream, int fd, const void *bytes,
                                        size_t len, size_t *put, struct fdm_error *err)
{
    ssize_t done = send(fd, bytes, len, MSG_NOSIGNAL);
    if (done <= 0)
        return judge_socket(stream, done, errno, err);
    *put = (size_t)done;
    return FDM_OK;
}
