#include "tests/fuzz/wire_fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "targets/wire/msg.h"

#define SESSION 0x5EED
#define PAYLOAD 64
#define WINDOW 256

static void require(bool holds)
{
    if (!holds)
        abort();
}

struct end {
    struct fdm_link link;
    uint8_t body[FDM_LINK_BODY_BYTES(PAYLOAD)];
    uint8_t rx[WINDOW];
    uint8_t tx[WINDOW];
    uint8_t frame[FDM_LINK_FRAME_BYTES(PAYLOAD)];
    uint64_t now_us;
};

static void init(struct end *end)
{
    const struct fdm_link_config config = {
        .max_payload = PAYLOAD,
        .rx_body = end->body,
        .rx_window = end->rx,
        .rx_window_bytes = WINDOW,
        .tx_window = end->tx,
        .tx_window_bytes = WINDOW,
        .probe_us = 50000,
    };
    end->now_us = 0;
    require(fdm_link_init(&end->link, &config));
}

static void check_ranges(const struct fdm_ranges *set, uint32_t first, uint32_t span)
{
    require(set->count <= FDM_RANGES_MAX);
    uint32_t last = 0;
    for (size_t i = 0; i < set->count; i++) {
        uint32_t begin = set->at[i].begin - first;
        uint32_t end = set->at[i].end - first;
        require(begin < end && end <= span && (i == 0 || last < begin));
        last = end;
    }
}

static void check_link(const struct fdm_link *link)
{
    const struct fdm_link_sender *tx = &link->tx;
    const struct fdm_link_receiver *rx = &link->rx;
    require(link->state <= FDM_LINK_REFUSED && link->decoder.len <= link->decoder.capacity);
    require(tx->next - tx->acked <= WINDOW && tx->written - tx->next <= WINDOW);
    require(tx->written - tx->acked <= WINDOW && tx->sent_count <= FDM_LINK_IN_FLIGHT);
    require(rx->next - rx->read <= WINDOW && rx->granted - rx->read <= WINDOW);
    check_ranges(&tx->lost, tx->acked, tx->next - tx->acked);
    check_ranges(&rx->ahead, rx->read, WINDOW);
    require(rx->ahead.count == 0 || fdm_offset_before(rx->next, rx->ahead.at[0].begin));
    require(link->state != FDM_LINK_OPEN ||
            (tx->fragment >= FDM_LINK_PAYLOAD_MIN && tx->fragment <= tx->max_payload));
}

/* One turn of an owner: reads, writes, sends; time passes. */
static void turn(struct end *end)
{
    uint8_t bytes[40];
    check_link(&end->link);
    require(fdm_link_read(&end->link, bytes, 13) <= 13);
    memset(bytes, 0x40, sizeof bytes);
    require(fdm_link_write(&end->link, bytes, sizeof bytes) <= sizeof bytes);
    for (int i = 0; i < 3; i++)
        require(fdm_link_transmit(&end->link, end->frame, end->now_us) <= sizeof end->frame);
    check_link(&end->link);
    fdm_link_deadline_us(&end->link, end->now_us);
    end->now_us += 7000;
}

static void hear_frame(struct end *end, uint8_t type, uint16_t sequence, const uint8_t *payload,
                       size_t len)
{
    uint8_t line[FDM_FRAME_ENCODED_BYTES(255)];
    struct fdm_frame_encoder encoder;
    fdm_frame_begin(&encoder, line, sizeof line, type, SESSION, sequence);
    fdm_frame_put(&encoder, payload, len);
    fdm_link_receive(&end->link, line, fdm_frame_end(&encoder), end->now_us);
}

static void open_session(struct end *end, bool opener)
{
    static const uint8_t greeting[] = {FDM_WIRE_VERSION, 0, PAYLOAD, 0, 0, 1, 0, 0};
    init(end);
    if (opener)
        fdm_link_open(&end->link, SESSION, end->now_us);
    else
        fdm_link_listen(&end->link);
    hear_frame(end, opener ? 2 : 1, 0, greeting, sizeof greeting);
    require(end->link.state == FDM_LINK_OPEN);
    turn(end);
}

static void fuzz_line(struct end *end, const uint8_t *bytes, size_t len)
{
    open_session(end, (len & 1) != 0);
    while (len > 0) {
        size_t piece = len < 23 ? len : 23;
        fdm_link_receive(&end->link, bytes, piece, end->now_us);
        turn(end);
        bytes += piece;
        len -= piece;
    }
}

static void fuzz_frames(struct end *end, const uint8_t *bytes, size_t len)
{
    open_session(end, (len & 1) != 0);
    while (len >= 4) {
        size_t payload = bytes[3] < len - 4 ? bytes[3] : len - 4;
        hear_frame(end, bytes[0], (uint16_t)(bytes[1] | bytes[2] << 8), bytes + 4, payload);
        turn(end);
        bytes += 4 + payload;
        len -= 4 + payload;
    }
}

static void fuzz_message(const uint8_t *bytes, size_t len)
{
    uint8_t encoded[FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN];
    struct fdm_msg msg;
    if (len == 0 || len - 1 > FDM_MSG_BODY_MIN)
        return;
    if (!fdm_msg_decode(bytes[0], 7, bytes + 1, len - 1, &msg))
        return;
    size_t whole = fdm_msg_encode(&msg, encoded, sizeof encoded);
    size_t body = whole - FDM_MSG_HEADER_BYTES;
    require(whole >= FDM_MSG_HEADER_BYTES && encoded[0] == bytes[0] && encoded[1] == 7);
    require(bytes[0] == FDM_MSG_HELLO_REPLY ? body <= len - 1 : body == len - 1);
    require(memcmp(encoded + FDM_MSG_HEADER_BYTES, bytes + 1, body) == 0);
}

static void fuzz_stream(struct end *end, const uint8_t *bytes, size_t len)
{
    uint8_t buffer[FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN];
    struct fdm_msg_reader reader;
    struct fdm_msg msg;
    enum fdm_msg_result result = FDM_MSG_NONE;
    fdm_msg_reader_init(&reader, buffer, sizeof buffer);
    open_session(end, false);
    for (size_t at = 0; at < len && result != FDM_MSG_OVERSIZED;) {
        uint8_t payload[4 + PAYLOAD] = {(uint8_t)at, (uint8_t)(at >> 8), (uint8_t)(at >> 16), 0};
        size_t piece = len - at < PAYLOAD ? len - at : PAYLOAD;
        memcpy(payload + 4, bytes + at, piece);
        hear_frame(end, 3, (uint16_t)(at / PAYLOAD + 1), payload, 4 + piece);
        while ((result = fdm_msg_read(&reader, &end->link, &msg)) != FDM_MSG_NONE &&
               result != FDM_MSG_OVERSIZED)
            fdm_msg_write(&end->link, &msg);
        turn(end);
        require(reader.len <= sizeof buffer);
        /* turn() reads a little as well, as a careless owner would; the stream is garbage anyway.
         */
        at += piece;
    }
}

void wire_fuzz(const uint8_t *bytes, size_t len)
{
    static struct end end;
    if (len == 0)
        return;
    switch (bytes[0] % WIRE_FUZZ_KINDS) {
    case WIRE_FUZZ_LINE:
        fuzz_line(&end, bytes + 1, len - 1);
        break;
    case WIRE_FUZZ_FRAMES:
        fuzz_frames(&end, bytes + 1, len - 1);
        break;
    case WIRE_FUZZ_MESSAGE:
        fuzz_message(bytes + 1, len - 1);
        break;
    case WIRE_FUZZ_STREAM:
        fuzz_stream(&end, bytes + 1, len - 1);
        break;
    default:
        break;
    }
}
