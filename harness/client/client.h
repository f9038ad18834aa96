/* A board, seen from the host: requests and their results over any stream.
 *
 * The client runs the wire's link over the stream, repeats requests that got lost with a session,
 * and finds its way back after damage or a restart of the board: it opens a new session, makes sure
 * that it is still the same program, and sends the last input again as far as the board lacks it.
 *
 * What every function below may return besides FDM_OK:
 *   FDM_ERR_TIMEOUT    the board was silent for too long, also after the retries
 *   FDM_ERR_EOF        the stream's other end is gone: open a new stream and a new client
 *   FDM_ERR_IO         the stream's error
 *   FDM_ERR_TARGET     the board refused, failed, or stopped for good; the message has its words
 *   FDM_ERR_MISMATCH   it speaks another version of the wire, or restarted with another program
 *   FDM_ERR_FORMAT     an answer that makes no sense
 *   FDM_ERR_CORRUPT    a checksum over a whole object was wrong, also after the retries
 *   FDM_ERR_CANCELLED  the `stop` flag was set
 * After FDM_ERR_TIMEOUT, _TARGET, _CORRUPT and _CANCELLED the client can be used again. */
#ifndef FDM_CLIENT_CLIENT_H
#define FDM_CLIENT_CLIENT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/transport/stream.h"
#include "targets/wire/msg.h"

struct fdm_client;

/* Zeros are the defaults. */
struct fdm_client_options {
    uint64_t silence_ns;     /* a board that says nothing for so long is not there; 0: 5 s */
    uint64_t run_silence_ns; /* likewise while it computes, for each inference; 0: 120 s */
    uint32_t retries;        /* new sessions per request after the first; 0: 2 */
    const atomic_bool *stop; /* asks to give up soon; may be NULL */
    void *context;
    /* Called now and then while `what` ("load", "infer", "profile", "output") goes on, at least at
     * its end: bytes, or inferences. May be NULL. */
    void (*on_progress)(void *context, const char *what, uint64_t done, uint64_t total);
};

/* Opens a session and says hello. The stream is borrowed and must outlive the client; `options` may
 * be NULL. Also FDM_ERR_MEMORY. */
enum fdm_status fdm_client_open(struct fdm_stream *stream, const struct fdm_client_options *options,
                                struct fdm_client **out, struct fdm_error *err);
/* Ends the session, telling the board if it can be told without waiting; NULL is fine. */
void fdm_client_close(struct fdm_client *client);

/* What the board said about itself; valid as long as the client. */
const struct fdm_msg_hello_reply *fdm_client_hello(const struct fdm_client *client);

/* Sends `len` bytes there and back, compares them, and measures the time. `len` is at most the
 * board's body_max, `round_trip_ns` may be NULL. Also FDM_ERR_USAGE. */
enum fdm_status fdm_client_ping(struct fdm_client *client, size_t len, uint64_t *round_trip_ns,
                                struct fdm_error *err);

/* Makes these bytes the input: quantized or float, as the network takes them, hello->input_bytes of
 * them (else FDM_ERR_USAGE). Bytes that the board has already are not sent. The client keeps a copy
 * for the case that the board restarts. A board whose input is streamed (FDM_FEATURE_STREAMED) uses
 * it up in a run: it gets the copy then, before each of them. Also FDM_ERR_MEMORY. */
enum fdm_status fdm_client_load_input(struct fdm_client *client, const void *bytes, size_t len,
                                      struct fdm_error *err);

/* Runs the network on the input, `warmups` times unmeasured and then `runs` times (1 or more);
 * counters[i] becomes the cost of run i in hello->counter_kind. Room for `runs` is the caller's;
 * `done` may be NULL. */
enum fdm_status fdm_client_infer(struct fdm_client *client, uint16_t warmups, uint16_t runs,
                                 uint64_t *counters, struct fdm_msg_infer_done *done,
                                 struct fdm_error *err);

/* Fetches hello->output_bytes of the last inference into `out` of `size` bytes (FDM_ERR_USAGE if
 * they do not fit) and checks their CRC-32. A board that restarted since has none: FDM_ERR_TARGET.
 */
enum fdm_status fdm_client_output(struct fdm_client *client, void *out, size_t size,
                                  struct fdm_error *err);

/* Runs the network layer by layer. layers[run * hello->layers + layer] is filled; room for all of
 * them is the caller's. `flags` are of enum fdm_profile_flag. FDM_ERR_UNSUPPORTED if the board has
 * no such feature. */
enum fdm_status fdm_client_profile(struct fdm_client *client, uint16_t warmups, uint16_t runs,
                                   uint8_t flags, struct fdm_msg_layer *layers,
                                   struct fdm_error *err);

enum fdm_status fdm_client_memory(struct fdm_client *client, struct fdm_msg_memory *out,
                                  struct fdm_error *err);

/* What the board says about itself, and between which times of fdm_clock_now_ns() it looked. */
struct fdm_client_state {
    struct fdm_msg_state board;
    uint64_t asked_ns;
    uint64_t answered_ns;
};

/* The state that can change a time: clock, temperature, cores. FDM_ERR_UNSUPPORTED if the board has
 * no such feature. */
enum fdm_status fdm_client_state(struct fdm_client *client, enum fdm_moment moment,
                                 struct fdm_client_state *out, struct fdm_error *err);

/* Makes the board forget input, output and marks; or restart, after which a new session is open and
 * the rate is the first one again. FDM_ERR_UNSUPPORTED if it cannot restart. */
enum fdm_status fdm_client_reset(struct fdm_client *client, enum fdm_reset_mode mode,
                                 struct fdm_error *err);

/* Changes the rate of board and stream to the board's nearest, tells it in `*actual` (may be NULL),
 * and tries it. FDM_ERR_UNSUPPORTED: the board or the stream cannot, or the line does not carry it;
 * then both are back at the first rate and the client goes on. */
enum fdm_status fdm_client_set_baud(struct fdm_client *client, uint32_t baud, uint32_t *actual,
                                    struct fdm_error *err);

/* Since fdm_client_open(). */
struct fdm_client_stats {
    struct fdm_link_stats link;
    uint32_t damaged_frames; /* that arrived with a wrong checksum, or cut */
    uint32_t sessions;       /* opened; 1 if nothing ever went wrong */
    uint64_t bytes_sent;     /* on the line */
    uint64_t bytes_received;
};
void fdm_client_stats(const struct fdm_client *client, struct fdm_client_stats *out);

#endif
