/* A reliable, ordered byte stream in each direction over a line that damages and loses bytes.
 *
 * One endpoint opens (the host), the other listens (the board); the code is the same. There is no
 * clock and no I/O inside: the owner feeds received bytes to fdm_link_receive(), takes bytes to
 * send from fdm_link_transmit(), and passes the time to both. PROTOCOL.md beside this file
 * specifies the frames and says why it is built so; in short:
 *
 *  - Data are numbered by their byte offset, frames by a sequence that is never used twice. So what
 *    was lost may be sent again in smaller pieces, and an acknowledgement says which frame it
 * means.
 *  - A line keeps the order. If a frame is acknowledged, those sent before it have arrived or are
 *    lost; the acknowledgement tells which, and only the lost bytes are sent again (selective
 *    repeat). Timers serve for the last frame of a burst only.
 *  - The size of the pieces follows the measured error rate.
 *
 * The line must not reorder bytes. Time is in microseconds of any clock that never runs backwards.
 */
#ifndef FDM_WIRE_LINK_H
#define FDM_WIRE_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "targets/wire/frame.h"
#include "targets/wire/ranges.h"

/* Frames, link and messages together; an endpoint talks to the same version only. */
#define FDM_WIRE_VERSION 1

#define FDM_LINK_PAYLOAD_MIN 16
#define FDM_LINK_PAYLOAD_DEFAULT 1024
#define FDM_LINK_PAYLOAD_MAX 4096
#define FDM_LINK_WINDOW_MIN 64
#define FDM_LINK_WINDOW_MAX (UINT32_C(1) << 24)
#define FDM_LINK_IN_FLIGHT 64 /* frames sent and not yet accounted for */

#define FDM_LINK_OFFSET_BYTES 4
/* What config.rx_body must hold, and what fdm_link_transmit() may write, for this max_payload. */
#define FDM_LINK_BODY_BYTES(payload) FDM_FRAME_BODY_BYTES(FDM_LINK_OFFSET_BYTES + (payload))
#define FDM_LINK_FRAME_BYTES(payload) FDM_FRAME_ENCODED_BYTES(FDM_LINK_OFFSET_BYTES + (payload))

/* All memory is the caller's and outlives the link. */
struct fdm_link_config {
    uint16_t max_payload;     /* data bytes per frame, FDM_LINK_PAYLOAD_MIN..MAX; the smaller one of
                                 both endpoints counts */
    uint8_t *rx_body;         /* FDM_LINK_BODY_BYTES(max_payload) bytes */
    uint8_t *rx_window;       /* holds what arrived and was not read */
    uint32_t rx_window_bytes; /* a power of two, FDM_LINK_WINDOW_MIN..MAX */
    uint8_t *tx_window;       /* holds what was written and not acknowledged */
    uint32_t tx_window_bytes; /* likewise */
    uint32_t probe_us;        /* ask a silent peer for a sign of life after this time; 0: never */
};

enum fdm_link_state {
    FDM_LINK_CLOSED,    /* neither opened nor listening */
    FDM_LINK_LISTENING, /* waits for a peer that opens */
    FDM_LINK_OPENING,   /* waits for the peer's answer */
    FDM_LINK_OPEN,      /* data flow */
    FDM_LINK_LOST,      /* the peer restarted and knows this session no longer: open a new one */
    FDM_LINK_REFUSED    /* the peer speaks another version: see peer_version */
};

/* Since fdm_link_init(). */
struct fdm_link_stats {
    uint32_t frames_sent;
    uint32_t frames_received; /* whole, of any kind */
    uint32_t bytes_repeated;  /* data bytes sent again */
    uint32_t frames_lost;     /* found lost by an acknowledgement */
    uint32_t timeouts;
};

struct fdm_link_sent {
    uint32_t offset;
    uint32_t sent_us; /* low 32 bits of the time */
    uint16_t bytes;
    uint16_t sequence;
};

struct fdm_link_sender {
    uint32_t acked;   /* everything before was received; the start of tx_window's content */
    uint32_t next;    /* first byte that was never sent */
    uint32_t written; /* end of what the owner wrote */
    uint32_t limit;   /* the peer takes bytes before this one */
    uint16_t sequence;
    uint16_t max_payload; /* what both endpoints accept */
    uint16_t fragment;    /* present size of the pieces */
    bool probe_due;       /* send a frame, if need be an empty one, for its acknowledgement */
    struct fdm_ranges lost;
    struct fdm_link_sent sent[FDM_LINK_IN_FLIGHT]; /* ring, oldest first */
    size_t sent_first;
    size_t sent_count;
    /* The measured error rate. Halved together from time to time, so that it can change. */
    uint32_t fate_bytes;   /* bytes on the line of frames whose fate is known */
    uint32_t fate_arrived; /* of those that arrived */
    uint32_t fate_losses;  /* frames that did not, times 256 */
};

struct fdm_link_receiver {
    uint32_t next;    /* first byte that is missing */
    uint32_t read;    /* first byte that the owner has not read */
    uint32_t granted; /* the limit last told to the peer */
    uint16_t latest;  /* newest sequence received, 0 before the first */
    uint32_t history; /* bit i: sequence latest - 1 - i was received */
    bool ack_due;
    struct fdm_ranges ahead; /* received behind a gap */
};

struct fdm_link {
    struct fdm_link_config config;
    enum fdm_link_state state;
    bool opener;
    uint16_t session;
    uint16_t peer_version; /* of the last peer that opened or answered; 0 before */
    uint32_t generation;   /* sessions begun; a listener's owner compares it to notice a new host */
    uint8_t greeting;      /* OPEN or ACCEPT to be sent, else 0 */
    uint16_t greeting_session;
    bool reset_due;
    uint16_t reset_session;
    struct fdm_frame_decoder decoder;
    struct fdm_link_sender tx;
    struct fdm_link_receiver rx;
    uint64_t timer_us; /* when the timer fires; meaningful if `timer_armed` */
    bool timer_armed;
    uint8_t backoff;  /* timeouts in a row */
    uint32_t srtt_us; /* smoothed round trip, its variation, and the timeout from both: RFC 6298 */
    uint32_t rttvar_us;
    uint32_t rto_us;
    uint64_t heard_us; /* when the last whole frame arrived */
    struct fdm_link_stats stats;
};

/* False, and the link unusable, if the configuration is outside the bounds above. */
bool fdm_link_init(struct fdm_link *link, const struct fdm_link_config *config);

/* Opens a session; whatever was under way is forgotten on both sides. `session` is any number but
 * 0, different from the last one. */
void fdm_link_open(struct fdm_link *link, uint16_t session, uint64_t now_us);
/* Waits for a peer to open, and tells one that believes in an old session that it is gone. */
void fdm_link_listen(struct fdm_link *link);
/* Ends the session, telling the peer once. A listener goes back to listening. */
void fdm_link_close(struct fdm_link *link);

/* Takes bytes from the line, any number at any cut. */
void fdm_link_receive(struct fdm_link *link, const uint8_t *bytes, size_t len, uint64_t now_us);
/* Writes the next frame to `out` and returns its length; 0 when there is nothing to send now. `out`
 * holds FDM_LINK_FRAME_BYTES(config.max_payload). Call again until 0, but only while the line takes
 * more: bytes that wait in a queue are old when they arrive. */
size_t fdm_link_transmit(struct fdm_link *link, uint8_t *out, uint64_t now_us);
/* When fdm_link_transmit() will have something to send if nothing is received, read or written
 * before: `now_us` or earlier if at once, UINT64_MAX if never. */
uint64_t fdm_link_deadline_us(const struct fdm_link *link, uint64_t now_us);

/* Queues bytes and returns how many were taken: as many as tx_window has room for, none unless the
 * state is FDM_LINK_OPEN. */
size_t fdm_link_write(struct fdm_link *link, const void *bytes, size_t len);
size_t fdm_link_write_space(const struct fdm_link *link);
/* Takes received bytes in order and returns how many. Also after the peer went away. */
size_t fdm_link_read(struct fdm_link *link, void *out, size_t len);
/* True if all that was written has been acknowledged. */
bool fdm_link_is_flushed(const struct fdm_link *link);

#endif
