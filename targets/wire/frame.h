/* Frames on a stream that loses, changes, repeats and invents bytes.
 *
 * On the line a frame is   00 | stuffed body | 00   where the body is
 *
 *     offset  bytes  what
 *     0       1      type
 *     1       2      session, little endian
 *     3       2      sequence, little endian
 *     5       n      payload
 *     5 + n   4      CRC-32 of all that stands before it (targets/wire/crc32.h), little endian
 *
 * and the stuffing is COBS (Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM
 * Transactions on Networking 7(2), 1999), after which no byte of the body is 00. So a 00 can only
 * be a delimiter: a receiver that lost its place finds it at the next one, without a length that it
 * would have to believe. Each frame brings its own delimiter at both ends; damage to any one byte
 * therefore costs the frame that it hits and never the neighbour. Empty space between delimiters
 * means nothing.
 *
 * Encoder and decoder work byte by byte in the caller's memory. */
#ifndef FDM_WIRE_FRAME_H
#define FDM_WIRE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDM_FRAME_HEADER_BYTES 5
#define FDM_FRAME_CRC_BYTES 4
/* What a decoder's buffer must hold for payloads of up to `payload` bytes. */
#define FDM_FRAME_BODY_BYTES(payload) (FDM_FRAME_HEADER_BYTES + (payload) + FDM_FRAME_CRC_BYTES)
/* The most bytes that such a frame takes on the line: one code byte per 254, two delimiters. */
#define FDM_FRAME_ENCODED_BYTES(payload)                                                           \
    (FDM_FRAME_BODY_BYTES(payload) + FDM_FRAME_BODY_BYTES(payload) / 254 + 1 + 2)

struct fdm_frame {
    uint8_t type;
    uint16_t session;
    uint16_t sequence;
    const uint8_t *payload; /* in the decoder's buffer, until its next byte */
    size_t payload_bytes;
};

struct fdm_frame_encoder {
    uint8_t *out;
    size_t capacity;
    size_t len;     /* bytes written */
    size_t code_at; /* where the current block's code byte stands */
    uint32_t crc;
    bool overflow;
};

/* Begins a frame in `out`; the payload follows in any number of pieces. */
void fdm_frame_begin(struct fdm_frame_encoder *encoder, uint8_t *out, size_t capacity, uint8_t type,
                     uint16_t session, uint16_t sequence);
void fdm_frame_put(struct fdm_frame_encoder *encoder, const uint8_t *bytes, size_t len);
/* Ends it and returns its bytes on the line, or 0 if `capacity` was too small. */
size_t fdm_frame_end(struct fdm_frame_encoder *encoder);

struct fdm_frame_decoder {
    uint8_t *body;
    size_t capacity;
    size_t len;      /* bytes of the body so far */
    uint8_t code;    /* code byte of the current block; 0 before the first */
    uint8_t pending; /* bytes that the block still lacks */
    bool skip;       /* too long: wait for the next delimiter */
    /* Since the start; they tell a bad cable from a silent board. */
    uint32_t good;
    uint32_t damaged; /* ended by a delimiter, but with a wrong CRC, cut or too short */
    uint32_t oversized;
};

/* `body` is the caller's and holds FDM_FRAME_BODY_BYTES(largest payload). */
void fdm_frame_decoder_init(struct fdm_frame_decoder *decoder, uint8_t *body, size_t capacity);
/* Takes one byte; true if it completed a frame whose CRC is right, which is then in `*frame`. */
bool fdm_frame_decode(struct fdm_frame_decoder *decoder, uint8_t byte, struct fdm_frame *frame);

#endif
