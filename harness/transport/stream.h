/* Byte streams to a board: a serial port, a program's standard streams (ssh and emulators are
 * programs), a TCP connection. All behave alike.
 *
 * Deadlines are absolute times of fdm_clock_now_ns(); there is no "forever". One in the past means:
 * try once, do not wait. A stream belongs to one thread at a time.
 *
 * What every function below may return besides FDM_OK:
 *   FDM_ERR_TIMEOUT  the deadline passed; the stream is as good as before
 *   FDM_ERR_EOF      the peer is gone (program ended, connection closed, cable pulled). It is told
 *                    as soon as the operating system knows, after the last byte that had arrived
 *   FDM_ERR_IO       the operating system refused; the message has its reason
 */
#ifndef FDM_TRANSPORT_STREAM_H
#define FDM_TRANSPORT_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/proc.h"
#include "harness/base/status.h"

struct fdm_stream;

enum fdm_stream_event { FDM_STREAM_READABLE = 1, FDM_STREAM_WRITABLE = 2 };

/* Takes what has arrived, at most `size` bytes (at least 1), waiting for the first. On FDM_OK
 * `*got` is 1 or more, else 0. */
enum fdm_status fdm_stream_read_some(struct fdm_stream *stream, void *buf, size_t size,
                                     uint64_t deadline_ns, size_t *got, struct fdm_error *err);

/* Hands over as many of `len` bytes (at least 1) as are taken at once, waiting until one is. On
 * FDM_OK `*put` is 1 or more, else 0. */
enum fdm_status fdm_stream_write_some(struct fdm_stream *stream, const void *bytes, size_t len,
                                      uint64_t deadline_ns, size_t *put, struct fdm_error *err);

/* All `len` bytes; after a failure an unknown part of them was taken. */
enum fdm_status fdm_stream_write_all(struct fdm_stream *stream, const void *bytes, size_t len,
                                     uint64_t deadline_ns, struct fdm_error *err);

/* Waits until one of `wanted` (enum fdm_stream_event, or-ed) is possible; `*ready` tells which, 0
 * unless FDM_OK. A peer that went away is "ready": the read or write that follows tells. */
enum fdm_status fdm_stream_wait(struct fdm_stream *stream, unsigned wanted, uint64_t deadline_ns,
                                unsigned *ready, struct fdm_error *err);

/* Tells the peer that nothing more will be written; reading goes on. FDM_ERR_UNSUPPORTED: a serial
 * line has no such sign. */
enum fdm_status fdm_stream_end_write(struct fdm_stream *stream, struct fdm_error *err);

/* Waits until what was written has left this computer, as far as the system can tell. */
enum fdm_status fdm_stream_drain(struct fdm_stream *stream, uint64_t deadline_ns,
                                 struct fdm_error *err);

/* Bits per second of a serial line; 0 for streams that have no rate. */
uint32_t fdm_stream_baud(const struct fdm_stream *stream);
/* Changes it, at once and for both directions. FDM_ERR_UNSUPPORTED: no rate, or not this one; the
 * old one stays. */
enum fdm_status fdm_stream_set_baud(struct fdm_stream *stream, uint32_t baud,
                                    struct fdm_error *err);

/* How messages call it: "/dev/ttyACM0", "ssh board", "127.0.0.1:4000". */
const char *fdm_stream_name(const struct fdm_stream *stream);

/* Closes it; NULL is fine. */
void fdm_stream_free(struct fdm_stream *stream);

/* ---- a program ---- */

/* Room for the end of what a program wrote to its error stream. */
#define FDM_STREAM_ERRORS_BYTES 2048

struct fdm_stream_process_options {
    const char *const *argv; /* as in harness/base/proc.h; need not outlive the call */
    const char *folder;      /* to run in; NULL: the present one */
    const char *name;        /* for messages; NULL: argv[0] */
    uint64_t grace_ns; /* what a program that does not end by itself has, after SIGTERM; 0: 1 s */
    /* Makes the message of FDM_ERR_EOF from how the program ended and the last it wrote to its
     * error stream (never NULL), by fdm_fail() with any status. NULL: a plain sentence. */
    void (*explain)(const char *name, const struct fdm_proc_exit *ended, const char *errors,
                    struct fdm_error *err);
};

/* Starts a program whose standard input and output are the stream, one socket for both. Its error
 * stream is read, and its end kept for the message of FDM_ERR_EOF. fdm_stream_free() ends it.
 * FDM_ERR_NOT_FOUND, FDM_ERR_IO, FDM_ERR_MEMORY. */
enum fdm_status fdm_stream_open_process(const struct fdm_stream_process_options *options,
                                        struct fdm_stream **out, struct fdm_error *err);

/* How the program ended, and the last it wrote to its error stream; the text belongs to the stream.
 * FDM_ERR_USAGE if the stream is no program, or no call has returned FDM_ERR_EOF yet;
 * FDM_ERR_TIMEOUT if it goes on running without its streams. */
enum fdm_status fdm_stream_process_end(const struct fdm_stream *stream, struct fdm_proc_exit *ended,
                                       const char **errors, struct fdm_error *err);

/* ---- TCP ---- */

/* Connects to a name or address (of IPv6 without brackets); small writes leave at once. The
 * deadline is that of connecting: the system's resolver takes its own time. A peer that closes is
 * noticed at once, one that vanishes without a word within ten seconds. FDM_ERR_NOT_FOUND (no such
 * name), FDM_ERR_TIMEOUT, FDM_ERR_IO (refused, no route), FDM_ERR_MEMORY: each in its own words. */
enum fdm_status fdm_stream_open_tcp(const char *host, uint16_t port, uint64_t deadline_ns,
                                    struct fdm_stream **out, struct fdm_error *err);

/* ---- a serial port ---- */

struct fdm_stream_serial_options {
    const char *port;  /* "/dev/ttyACM0" or a link to it; NULL: the port of `probe` */
    const char *probe; /* USB serial number of the debug probe that carries the port */
    uint32_t baud;     /* any rate that the port can do; 8 data bits, no parity, 1 stop bit, no flow
                          control */
};

/* Opens a port for this process alone. FDM_ERR_NOT_FOUND (the message lists the ports there are),
 * FDM_ERR_BUSY (and who has it, if that can be seen), FDM_ERR_IO (no permission: what to do),
 * FDM_ERR_UNSUPPORTED (the rate), FDM_ERR_USAGE (neither port nor probe), FDM_ERR_MEMORY. */
enum fdm_status fdm_stream_open_serial(const struct fdm_stream_serial_options *options,
                                       struct fdm_stream **out, struct fdm_error *err);

#endif
