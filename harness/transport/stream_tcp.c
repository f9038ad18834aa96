#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/transport/stream_impl.h"

/* A peer that vanished without a word, as by a pulled cable, is gone after this. */
#define ALONE_AFTER_S 4
#define ALONE_ASK_EVERY_S 2
#define ALONE_ASK_TIMES 3
#define ALONE_MS ((ALONE_AFTER_S + ALONE_ASK_EVERY_S * ALONE_ASK_TIMES) * 1000)

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

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* Small writes leave at once; who is silent for some seconds is asked whether he is there. */
static bool configure(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_SETFL, O_NONBLOCK) == 0 &&
           set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1) &&
           set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1) &&
           set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, ALONE_AFTER_S) &&
           set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, ALONE_ASK_EVERY_S) &&
           set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, ALONE_ASK_TIMES) &&
           set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, ALONE_MS);
}

/* A connected descriptor, or -1 and the reason. */
static int connect_to(const struct addrinfo *address, uint64_t deadline_ns, int *reason)
{
    int fd = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    *reason = 0;
    if (fd < 0 || !configure(fd) ||
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
    return fdm_fail(err, reason == EAI_NONAME ? FDM_ERR_NOT_FOUND : FDM_ERR_IO,
                    "%s: cannot find this host: %s", host,
                    reason == EAI_SYSTEM ? strerror(errno) : gai_strerror(reason));
}

static enum fdm_status judge_connect(const char *name, int reason, struct fdm_error *err)
{
    switch (reason) {
    case ECONNREFUSED:
        return fdm_fail(err, FDM_ERR_IO,
                        "%s: %s: the host is there, but no server listens on this port", name,
                        strerror(reason));
    case ETIMEDOUT:
        return fdm_fail(err, FDM_ERR_TIMEOUT,
                        "%s: %s: the host is off, or something between keeps it away", name,
                        strerror(reason));
    case EHOSTUNREACH:
    case ENETUNREACH:
        return fdm_fail(err, FDM_ERR_IO,
                        "%s: %s: this computer is not connected to that network, "
                        "or the host is off",
                        name, strerror(reason));
    default:
        return fdm_fail(err, FDM_ERR_IO, "%s: cannot connect: %s", name, strerror(reason));
    }
}

enum fdm_status fdm_stream_open_tcp(const char *host, uint16_t port, uint64_t deadline_ns,
                                    struct fdm_stream **out, struct fdm_error *err)
{
    *out = NULL;
    struct addrinfo *addresses = NULL;
    struct tcp_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    bool brackets = strchr(host, ':') != NULL;
    snprintf(stream->base.name, sizeof stream->base.name, "%s%.100s%s:%u", brackets ? "[" : "",
             host, brackets ? "]" : "", port);
    stream->base.ops = &tcp_ops;
    stream->fd = -1;
    enum fdm_status status = resolve(host, port, &addresses, err);
    if (status != FDM_OK)
        goto done;
    int reason = 0;
    for (const struct addrinfo *at = addresses; at != NULL && stream->fd < 0; at = at->ai_next)
        stream->fd = connect_to(at, deadline_ns, &reason);
    freeaddrinfo(addresses);
    if (stream->fd < 0)
        status = judge_connect(stream->base.name, reason, err);
done:
    if (status == FDM_OK)
        *out = &stream->base;
    else
        free(stream);
    return status;
}
