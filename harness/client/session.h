/* Messages over a stream: the wire's link, driven by the system's clock. For the client only.
 *
 * A session that ended by itself (the board restarted, or spoke nonsense) is FDM_ERR_CORRUPT: open
 * another one. FDM_ERR_TIMEOUT means that nothing went on for `silence_ns`: no byte of ours was
 * acknowledged, no byte of the board's arrived. FDM_ERR_TARGET means that the board said why it
 * stopped for good. */
#ifndef FDM_CLIENT_SESSION_H
#define FDM_CLIENT_SESSION_H

#include <stdatomic.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/client/last_words.h"
#include "harness/transport/stream.h"
#include "targets/wire/msg.h"

struct fdm_session {
    struct fdm_stream *stream;
    const atomic_bool *stop; /* may be NULL */
    struct fdm_link link;
    struct fdm_msg_reader reader;
    struct fdm_last_words last_words;
    uint16_t number;
    uint32_t opened;
    uint64_t bytes_sent;
    uint64_t bytes_received;
    uint8_t *memory; /* the buffers of link and reader, `in` and `out` */
    uint8_t *in;
    uint8_t *out; /* one frame on its way to the stream */
    size_t out_at;
    size_t out_len;
};

/* FDM_ERR_MEMORY. */
enum fdm_status fdm_session_init(struct fdm_session *session, struct fdm_stream *stream,
                                 const atomic_bool *stop, struct fdm_error *err);
void fdm_session_release(struct fdm_session *session);

/* Begins a new session with the board, forgetting what was under way. FDM_ERR_MISMATCH: the board
 * has another version of the wire. */
enum fdm_status fdm_session_open(struct fdm_session *session, uint64_t timeout_ns,
                                 struct fdm_error *err);
/* Tells the board that the session ends, as far as the stream takes it at once. */
void fdm_session_close(struct fdm_session *session);

/* Queues a message, waiting for room; it leaves while later calls go on. */
enum fdm_status fdm_session_send(struct fdm_session *session, const struct fdm_msg *msg,
                                 uint64_t silence_ns, struct fdm_error *err);
/* The next message; bulk data in it stay until the next call. FDM_ERR_FORMAT if it cannot be
 * decoded; the one behind it can be received. */
enum fdm_status fdm_session_receive(struct fdm_session *session, struct fdm_msg *msg,
                                    uint64_t silence_ns, struct fdm_error *err);
/* Bytes queued and not acknowledged yet. */
uint32_t fdm_session_pending(const struct fdm_session *session);
/* Waits until at most `most` bytes are pending; for 0 also until all acknowledgements that are due
 * have left. */
enum fdm_status fdm_session_flush(struct fdm_session *session, uint32_t most, uint64_t silence_ns,
                                  struct fdm_error *err);

#endif
