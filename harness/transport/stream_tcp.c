#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/transport/stream_impl.h"

struct tcp_stream {
    struct fdm_stream base;
    int fd;
};

static struct tcp_stream *self(struct fdm_stream *stream)
{
    return (struct tcp_stream *)stream;
}

static enum fdm_status tcp_read(struct fdm_stream *stream, void *buf, size_t size, size_t *got,
                                struct fdm_error *err)
{
    return fdm_stream_read_socket(stream, self(stream)->fd, buf, size, got, err);
}

static enum fdm_status tcp_write(struct fdm_stream *stream, const void *bytes, size_t len,
                                 size_t *put, struct fdm_error *err)
{
    return fdm_stream_write_socket(stream, self(stream)->fd, bytes, len, put, err);
}

static enum fdm_status tcp_wait(struct fdm_stream *stream, unsigned wanted, uint64_t deadline_ns,
                                unsigned *ready, struct fdm_error *err)
{
    return fdm_stream_wait_fd(self(stream)->fd, wanted, deadline_ns, ready, err);
}

static enum fdm_status tcp_end_write(struct fdm_stream *stream, struct fdm_error *err)
{
    if (shutdown(self(stream)->fd, SHUT_WR) != 0)
        return fdm_fail(err, FDM_ERR_IO, "%s: %s", stream->name, strerror(errno));
    return FDM_OK;
}

static void tcp_free(struct fdm_stream *stream)
{
    close(self(stream)->fd);
    free(self(stream));
}

static const struct fdm_stream_ops tcp_ops = {
    .read = tcp_read,
    .write = tcp_write,
    .wait = tcp_wait,
    .end_write = tcp_end_write,
    .free = tcp_free,
};

/* 0, or the errno for which the connection failed; ETIMEDOUT when the deadline passed. */
static int finish_connect(int fd, uint64_t deadline_ns)
{
    unsigned ready = 0;
    if (fdm_stream_wait_fd(fd, FDM_STREAM_WRITABLE, deadline_ns, &ready, NULL) != FDM_OK)
        return ETIMEDOUT;
    int reason = 0;
    socklen_t len = sizeof reason;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &len) != 0)
        return errno;
    return reason;
}

/* A connected descriptor, or -1 and the reason. */
static int connect_to(const struct addrinfo *address, uint64_t deadline_ns, int *reason)
{
    int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    const int on = 1;
    *reason = 0;
    if (fd < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        (connect(fd, address->ai_addr, address->ai_addrlen) != 0 && errno != EINPROGRESS))
        *reason = errno;
    if (*reason == 0)
        *reason = finish_connect(fd, deadline_ns);
    if (*reason == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static enum fdm_status resolve(const char *host, uint16_t port, struct addrinfo **out,
                               struct fdm_error *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    int reason = getaddrinfo(host, service, &hints, out);
    if (reason == 0)
        return FDM_OK;
    *out = NULL;
    return fdm_fail(err, reason == EAI_NONAME ? FDM_ERR_NOT_FOUND : FDM_ERR_IO, "%s: %s", host,
                    reason == EAI_SYSTEM ? strerror(errno) : gai_strerror(reason));
}

enum fdm_status fdm_stream_open_tcp(const char *host, uint16_t port, uint64_t deadline_ns,
                                    struct fdm_stream **out, struct fdm_error *err)
{
    *out = NULL;
    struct addrinfo *addresses;
    enum fdm_status status = resolve(host, port, &addresses, err);
    if (status != FDM_OK)
        return status;
    int reason = 0;
    int fd = -1;
    for (const struct addrinfo *at = addresses; at != NULL && fd < 0; at = at->ai_next)
        fd = connect_to(at, deadline_ns, &reason);
    freeaddrinfo(addresses);
    if (fd < 0)
        return fdm_fail(err, reason == ETIMEDOUT ? FDM_ERR_TIMEOUT : FDM_ERR_IO,
                        "cannot connect to %s port %u: %s", host, port, strerror(reason));
    struct tcp_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        close(fd);
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    stream->base.ops = &tcp_ops;
    stream->fd = fd;
    snprintf(stream->base.name, sizeof stream->base.name, "%s:%u", host, port);
    *out = &stream->base;
    return FDM_OK;
}
