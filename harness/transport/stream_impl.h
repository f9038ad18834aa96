/* For those who implement a stream; users include stream.h.
 *
 * A stream begins with this structure; `ops` and `name` are set before the opener returns it. The
 * calls below never block, except where a deadline says how long. stream.c adds the waiting. */
#ifndef FDM_TRANSPORT_STREAM_IMPL_H
#define FDM_TRANSPORT_STREAM_IMPL_H

#include "harness/transport/stream.h"

#define FDM_STREAM_NAME 128

struct fdm_stream_ops {
    /* What is possible now: FDM_OK with a count of 1 or more; FDM_ERR_TIMEOUT, without a message,
     * if nothing is; FDM_ERR_EOF or FDM_ERR_IO with one. */
    enum fdm_status (*read)(struct fdm_stream *stream, void *buf, size_t size, size_t *got,
                            struct fdm_error *err);
    enum fdm_status (*write)(struct fdm_stream *stream, const void *bytes, size_t len, size_t *put,
                             struct fdm_error *err);
    /* As fdm_stream_wait(), but FDM_ERR_TIMEOUT without a message. */
    enum fdm_status (*wait)(struct fdm_stream *stream, unsigned wanted, uint64_t deadline_ns,
                            unsigned *ready, struct fdm_error *err);
    /* Optional: NULL where the kind of stream has no such thing. */
    enum fdm_status (*end_write)(struct fdm_stream *stream, struct fdm_error *err);
    enum fdm_status (*drain)(struct fdm_stream *stream, uint64_t deadline_ns,
                             struct fdm_error *err);
    enum fdm_status (*set_baud)(struct fdm_stream *stream, uint32_t baud, struct fdm_error *err);
    /* Called once, also frees the structure. */
    void (*free)(struct fdm_stream *stream);
};

struct fdm_stream {
    const struct fdm_stream_ops *ops;
    uint32_t baud; /* 0: no rate */
    char name[FDM_STREAM_NAME];
};

/* The usual wait, for one descriptor; a hang-up or an error is "ready" for whatever was wanted. */
enum fdm_status fdm_stream_wait_fd(int fd, unsigned wanted, uint64_t deadline_ns, unsigned *ready,
                                   struct fdm_error *err);
/* Milliseconds for poll() until a deadline, rounded up; 0 if it passed. */
int fdm_stream_poll_ms(uint64_t deadline_ns);

/* The usual read and write for a connected socket: no SIGPIPE, and a connection that is reset or
 * leads nowhere any more is FDM_ERR_EOF. */
enum fdm_status fdm_stream_read_socket(const struct fdm_stream *stream, int fd, void *buf,
                                       size_t size, size_t *got, struct fdm_error *err);
enum fdm_status fdm_stream_write_socket(const struct fdm_stream *stream, int fd, const void *bytes,
                                        size_t len, size_t *put, struct fdm_error *err);

#endif
