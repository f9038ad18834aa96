#include "targets/wire/link.h"

#include <string.h>

#include "targets/wire/bytes.h"

enum frame_type { FRAME_OPEN = 1, FRAME_ACCEPT, FRAME_DATA, FRAME_ACK, FRAME_RESET };

#define HISTORY_FRAMES 32
#define GREETING_BYTES 8
#define ACK_BYTES 12
#define RTO_INITIAL_US 200000
#define RTO_MIN_US 10000
#define RTO_MAX_US 1000000
/* No congestion to relieve: a little patience is enough. */
#define BACKOFF_MAX 3
/* How many line bytes the error rate remembers. */
#define FATE_BYTES_MAX 16384

static bool is_window(uint32_t bytes)
{
    return bytes >= FDM_LINK_WINDOW_MIN && bytes <= FDM_LINK_WINDOW_MAX &&
           (bytes & (bytes - 1)) == 0;
}

bool fdm_link_init(struct fdm_link *link, const struct fdm_link_config *config)
{
    memset(link, 0, sizeof *link);
    if (config->max_payload < FDM_LINK_PAYLOAD_MIN || config->max_payload > FDM_LINK_PAYLOAD_MAX ||
        !is_window(config->rx_window_bytes) || !is_window(config->tx_window_bytes) ||
        config->rx_body == NULL || config->rx_window == NULL || config->tx_window == NULL)
        return false;
    link->config = *config;
    fdm_frame_decoder_init(&link->decoder, config->rx_body,
                           FDM_LINK_BODY_BYTES((size_t)config->max_payload));
    return true;
}

/* ---- sessions ---- */

static void arm_timer(struct fdm_link *link, uint64_t now_us)
{
    uint64_t wait = (uint64_t)link->rto_us << link->backoff;
    link->timer_us = now_us + (wait < RTO_MAX_US ? wait : RTO_MAX_US);
    link->timer_armed = true;
}

static void begin_session(struct fdm_link *link, uint16_t session, enum fdm_link_state state)
{
    memset(&link->tx, 0, sizeof link->tx);
    memset(&link->rx, 0, sizeof link->rx);
    link->tx.sequence = 1;
    link->tx.max_payload = link->config.max_payload;
    link->tx.fragment = link->config.max_payload;
    link->rx.granted = link->config.rx_window_bytes;
    link->session = session;
    link->state = state;
    link->timer_armed = false;
    link->backoff = 0;
    link->srtt_us = 0;
    link->rttvar_us = 0;
    link->rto_us = RTO_INITIAL_US;
    link->greeting = 0;
    link->reset_due = false;
}

static void queue_reset(struct fdm_link *link, uint16_t session)
{
    link->reset_due = true;
    link->reset_session = session;
}

void fdm_link_open(struct fdm_link *link, uint16_t session, uint64_t now_us)
{
    begin_session(link, session, FDM_LINK_OPENING);
    link->opener = true;
    link->heard_us = now_us;
    link->greeting = FRAME_OPEN;
    link->greeting_session = session;
}

void fdm_link_listen(struct fdm_link *link)
{
    begin_session(link, 0, FDM_LINK_LISTENING);
    link->opener = false;
    queue_reset(link, 0);
}

void fdm_link_close(struct fdm_link *link)
{
    uint16_t session = link->session;
    bool tell = link->state == FDM_LINK_OPEN || link->state == FDM_LINK_OPENING;
    begin_session(link, 0, link->opener ? FDM_LINK_CLOSED : FDM_LINK_LISTENING);
    if (tell)
        queue_reset(link, session);
}

/* ---- what the peer says: greetings and resets ---- */

struct greeting {
    uint16_t version;
    uint16_t max_payload;
    uint32_t window;
};

static bool read_greeting(const struct fdm_frame *frame, struct greeting *greeting)
{
    struct fdm_reader reader;
    fdm_reader_init(&reader, frame->payload, frame->payload_bytes);
    greeting->version = fdm_read_u16(&reader);
    greeting->max_payload = fdm_read_u16(&reader);
    greeting->window = fdm_read_u32(&reader);
    return fdm_reader_done(&reader) && frame->session != 0 &&
           greeting->max_payload >= FDM_LINK_PAYLOAD_MIN &&
           greeting->max_payload <= FDM_LINK_PAYLOAD_MAX && is_window(greeting->window);
}

static void apply_greeting(struct fdm_link *link, const struct greeting *greeting)
{
    if (greeting->max_payload < link->tx.max_payload)
        link->tx.max_payload = greeting->max_payload;
    link->tx.fragment = link->tx.max_payload;
    link->tx.limit = greeting->window;
    link->generation++;
}

/* The line keeps the order, so an OPEN that follows data of its session is a new peer's. */
static bool is_repeated_open(const struct fdm_link *link, uint16_t session)
{
    return link->state == FDM_LINK_OPEN && link->session == session && link->rx.next == 0 &&
           link->rx.ahead.count == 0 && link->tx.acked == 0;
}

static void on_open(struct fdm_link *link, const struct fdm_frame *frame)
{
    struct greeting greeting;
    if (link->opener || link->state == FDM_LINK_CLOSED || !read_greeting(frame, &greeting))
        return;
    link->peer_version = greeting.version;
    if (greeting.version == FDM_WIRE_VERSION && !is_repeated_open(link, frame->session)) {
        begin_session(link, frame->session, FDM_LINK_OPEN);
        apply_greeting(link, &greeting);
    }
    link->greeting = FRAME_ACCEPT;
    link->greeting_session = frame->session;
}

static void on_accept(struct fdm_link *link, const struct fdm_frame *frame)
{
    struct greeting greeting;
    if (link->state != FDM_LINK_OPENING || frame->session != link->session ||
        !read_greeting(frame, &greeting))
        return;
    link->peer_version = greeting.version;
    link->greeting = 0;
    link->timer_armed = false;
    link->backoff = 0;
    if (greeting.version != FDM_WIRE_VERSION) {
        link->state = FDM_LINK_REFUSED;
        return;
    }
    link->state = FDM_LINK_OPEN;
    apply_greeting(link, &greeting);
}

static void on_reset(struct fdm_link *link, const struct fdm_frame *frame)
{
    if (link->state != FDM_LINK_OPEN)
        return;
    if (link->opener && (frame->session == link->session || frame->session == 0)) {
        link->state = FDM_LINK_LOST;
        link->timer_armed = false;
    } else if (!link->opener && frame->session == link->session) {
        begin_session(link, 0, FDM_LINK_LISTENING);
    }
}

/* ---- the sending side ---- */

static uint32_t square_root(uint32_t value)
{
    uint32_t root = 0;
    for (uint32_t bit = UINT32_C(1) << 15; bit != 0; bit >>= 1)
        if ((uint64_t)(root | bit) * (root | bit) <= value)
            root |= bit;
    return root;
}

/* With overhead h per frame and error rate e per byte, pieces of p bytes use the share
 * p / (p + h) * (1 - e)^(p + h) of the line; for small e it is greatest near p = sqrt(h / e). The
 * error rate is taken as losses per byte that arrived: when hardly a frame arrives, losses per byte
 * sent would be the same for every rate. */
static void fit_fragment(struct fdm_link_sender *tx)
{
    const uint32_t overhead = FDM_LINK_FRAME_BYTES(0);
    uint32_t best = tx->max_payload;
    if (tx->fate_losses != 0) {
        uint32_t bytes_arrived = tx->fate_arrived + tx->fragment;
        uint64_t square = (uint64_t)overhead * bytes_arrived * 256 / tx->fate_losses;
        best = square_root(square < UINT32_MAX ? (uint32_t)square : UINT32_MAX);
    }
    if (best < FDM_LINK_PAYLOAD_MIN)
        best = FDM_LINK_PAYLOAD_MIN;
    tx->fragment = best < tx->max_payload ? (uint16_t)best : tx->max_payload;
}

static void count_fate(struct fdm_link_sender *tx, uint32_t line_bytes, bool received)
{
    tx->fate_bytes += line_bytes;
    if (received)
        tx->fate_arrived += line_bytes;
    else
        tx->fate_losses += 256;
    if (tx->fate_bytes > FATE_BYTES_MAX) {
        tx->fate_bytes /= 2;
        tx->fate_arrived /= 2;
        tx->fate_losses /= 2;
    }
    fit_fragment(tx);
}

static void repeat(struct fdm_link_sender *tx, const struct fdm_link_sent *sent)
{
    uint32_t end = sent->offset + sent->bytes;
    uint32_t begin = fdm_offset_before(sent->offset, tx->acked) ? tx->acked : sent->offset;
    if (fdm_offset_before(begin, end))
        fdm_ranges_cover(&tx->lost, begin, end);
}

static struct fdm_link_sent pop_sent(struct fdm_link_sender *tx)
{
    struct fdm_link_sent sent = tx->sent[tx->sent_first];
    tx->sent_first = (tx->sent_first + 1) % FDM_LINK_IN_FLIGHT;
    tx->sent_count--;
    return sent;
}

static void measure_round_trip(struct fdm_link *link, uint32_t sample_us)
{
    if (sample_us > RTO_MAX_US)
        sample_us = RTO_MAX_US;
    if (link->srtt_us == 0) {
        link->srtt_us = sample_us + 1;
        link->rttvar_us = sample_us / 2;
    } else {
        uint32_t off =
            sample_us > link->srtt_us ? sample_us - link->srtt_us : link->srtt_us - sample_us;
        link->rttvar_us = (3 * link->rttvar_us + off) / 4;
        link->srtt_us = (7 * link->srtt_us + sample_us + 7) / 8;
    }
    uint32_t rto = link->srtt_us + 4 * link->rttvar_us;
    link->rto_us = rto < RTO_MIN_US ? RTO_MIN_US : rto > RTO_MAX_US ? RTO_MAX_US : rto;
}

struct ack {
    uint16_t latest;
    uint32_t next;
    uint32_t limit;
    uint32_t history;
};

static bool read_ack(const struct fdm_frame *frame, struct ack *ack)
{
    struct fdm_reader reader;
    fdm_reader_init(&reader, frame->payload, frame->payload_bytes);
    ack->latest = frame->sequence;
    ack->next = fdm_read_u32(&reader);
    ack->limit = fdm_read_u32(&reader);
    ack->history = fdm_read_u32(&reader);
    return fdm_reader_done(&reader);
}

static bool ack_covers(const struct ack *ack, const struct fdm_link_sent *sent)
{
    uint16_t age = (uint16_t)(ack->latest - sent->sequence);
    bool listed = age == 0 || (age <= HISTORY_FRAMES && (ack->history >> (age - 1) & 1) != 0);
    return listed || !fdm_offset_before(ack->next, sent->offset + sent->bytes + (sent->bytes == 0));
}

/* Every frame up to the newest one acknowledged has met its fate. */
static void settle_frames(struct fdm_link *link, const struct ack *ack, uint64_t now_us)
{
    struct fdm_link_sender *tx = &link->tx;
    bool settled = false;
    while (tx->sent_count > 0) {
        const struct fdm_link_sent *oldest = &tx->sent[tx->sent_first];
        if ((int16_t)(uint16_t)(ack->latest - oldest->sequence) < 0)
            break;
        struct fdm_link_sent sent = pop_sent(tx);
        bool received = ack_covers(ack, &sent);
        if (sent.sequence == ack->latest)
            measure_round_trip(link, (uint32_t)now_us - sent.sent_us);
        count_fate(tx, (uint32_t)FDM_LINK_FRAME_BYTES((uint32_t)sent.bytes), received);
        if (!received) {
            repeat(tx, &sent);
            link->stats.frames_lost++;
        }
        settled = true;
    }
    if (settled) {
        link->backoff = 0;
        link->timer_armed = false;
    }
}

static void on_ack(struct fdm_link *link, const struct fdm_frame *frame, uint64_t now_us)
{
    struct fdm_link_sender *tx = &link->tx;
    struct ack ack;
    if (!read_ack(frame, &ack) || fdm_offset_before(tx->next, ack.next) ||
        (int16_t)(uint16_t)(tx->sequence - ack.latest) <= 0)
        return;
    if (fdm_offset_before(tx->acked, ack.next)) {
        tx->acked = ack.next;
        fdm_ranges_drop_before(&tx->lost, tx->acked);
    }
    if (fdm_offset_before(tx->limit, ack.limit))
        tx->limit = ack.limit;
    settle_frames(link, &ack, now_us);
}

/* ---- the receiving side ---- */

static void copy_in(uint8_t *window, uint32_t size, uint32_t offset, const uint8_t *bytes,
                    uint32_t len)
{
    uint32_t at = offset & (size - 1);
    uint32_t first = len < size - at ? len : size - at;
    memcpy(window + at, bytes, first);
    memcpy(window, bytes + first, len - first);
}

static void advance(struct fdm_link_receiver *rx, uint32_t end)
{
    rx->next = end;
    fdm_ranges_drop_before(&rx->ahead, end);
    if (rx->ahead.count > 0 && rx->ahead.at[0].begin == end) {
        rx->next = rx->ahead.at[0].end;
        fdm_ranges_drop_before(&rx->ahead, rx->next);
    }
}

/* False if the frame must count as lost: it is out of the window, or behind one gap too many. */
static bool store(struct fdm_link *link, uint32_t offset, const uint8_t *bytes, uint32_t len)
{
    struct fdm_link_receiver *rx = &link->rx;
    uint32_t end = offset + len;
    if (fdm_offset_before(rx->read + link->config.rx_window_bytes, end))
        return false;
    if (len == 0 || !fdm_offset_before(rx->next, end))
        return true;
    if (fdm_offset_before(offset, rx->next)) {
        bytes += rx->next - offset;
        offset = rx->next;
    }
    if (offset != rx->next && !fdm_ranges_add(&rx->ahead, offset, end))
        return false;
    copy_in(link->config.rx_window, link->config.rx_window_bytes, offset, bytes, end - offset);
    if (offset == rx->next)
        advance(rx, end);
    return true;
}

static void note_sequence(struct fdm_link_receiver *rx, uint16_t sequence)
{
    int16_t newer = (int16_t)(uint16_t)(sequence - rx->latest);
    if (newer > HISTORY_FRAMES) {
        rx->history = 0;
    } else if (newer > 0) {
        rx->history = (uint32_t)((uint64_t)rx->history << newer) | UINT32_C(1) << (newer - 1);
    } else if (newer < 0 && newer >= -HISTORY_FRAMES) {
        rx->history |= UINT32_C(1) << (-newer - 1);
    }
    if (newer > 0)
        rx->latest = sequence;
}

static void on_data(struct fdm_link *link, const struct fdm_frame *frame)
{
    struct fdm_reader reader;
    fdm_reader_init(&reader, frame->payload, frame->payload_bytes);
    uint32_t offset = fdm_read_u32(&reader);
    if (reader.failed)
        return;
    uint32_t len = (uint32_t)(reader.len - reader.at);
    if (!store(link, offset, reader.data + reader.at, len))
        return;
    note_sequence(&link->rx, frame->sequence);
    link->rx.ack_due = true;
}

static bool is_current(struct fdm_link *link, const struct fdm_frame *frame)
{
    if (link->state == FDM_LINK_OPEN && frame->session == link->session)
        return true;
    if (!link->opener && link->state != FDM_LINK_CLOSED && frame->session != 0)
        queue_reset(link, frame->session);
    return false;
}

static void dispatch(struct fdm_link *link, const struct fdm_frame *frame, uint64_t now_us)
{
    link->heard_us = now_us;
    link->stats.frames_received++;
    switch ((enum frame_type)frame->type) {
    case FRAME_OPEN:
        on_open(link, frame);
        break;
    case FRAME_ACCEPT:
        on_accept(link, frame);
        break;
    case FRAME_RESET:
        on_reset(link, frame);
        break;
    case FRAME_DATA:
        if (is_current(link, frame))
            on_data(link, frame);
        break;
    case FRAME_ACK:
        if (is_current(link, frame))
            on_ack(link, frame, now_us);
        break;
    }
}

void fdm_link_receive(struct fdm_link *link, const uint8_t *bytes, size_t len, uint64_t now_us)
{
    struct fdm_frame frame;
    for (size_t i = 0; i < len; i++)
        if (fdm_frame_decode(&link->decoder, bytes[i], &frame))
            dispatch(link, &frame, now_us);
}

/* ---- transmitting ---- */

static size_t emit(struct fdm_link *link, uint8_t *out, enum frame_type type, uint16_t session,
                   uint16_t sequence, const struct fdm_writer *payload)
{
    struct fdm_frame_encoder encoder;
    fdm_frame_begin(&encoder, out, FDM_LINK_FRAME_BYTES((size_t)link->config.max_payload),
                    (uint8_t)type, session, sequence);
    if (payload != NULL)
        fdm_frame_put(&encoder, payload->data, payload->len);
    link->stats.frames_sent++;
    return fdm_frame_end(&encoder);
}

static size_t emit_greeting(struct fdm_link *link, uint8_t *out, uint64_t now_us)
{
    uint8_t payload[GREETING_BYTES];
    struct fdm_writer writer;
    fdm_writer_init(&writer, payload, sizeof payload);
    fdm_write_u16(&writer, FDM_WIRE_VERSION);
    fdm_write_u16(&writer, link->config.max_payload);
    fdm_write_u32(&writer, link->config.rx_window_bytes);
    enum frame_type type = (enum frame_type)link->greeting;
    link->greeting = 0;
    if (type == FRAME_OPEN)
        arm_timer(link, now_us);
    return emit(link, out, type, link->greeting_session, 0, &writer);
}

static size_t emit_ack(struct fdm_link *link, uint8_t *out)
{
    struct fdm_link_receiver *rx = &link->rx;
    uint8_t payload[ACK_BYTES];
    struct fdm_writer writer;
    fdm_writer_init(&writer, payload, sizeof payload);
    rx->granted = rx->read + link->config.rx_window_bytes;
    rx->ack_due = false;
    fdm_write_u32(&writer, rx->next);
    fdm_write_u32(&writer, rx->granted);
    fdm_write_u32(&writer, rx->history);
    return emit(link, out, FRAME_ACK, link->session, rx->latest, &writer);
}

/* After a timeout the line may be worse than the last acknowledgement told: a quarter of the size
 * at each, so that at last something gets through. */
static uint32_t piece_limit(const struct fdm_link *link)
{
    uint32_t limit = (uint32_t)link->tx.fragment >> 2 * link->backoff;
    return limit > FDM_LINK_PAYLOAD_MIN ? limit : FDM_LINK_PAYLOAD_MIN;
}

/* The next piece to send: lost bytes first, then new ones; empty if there is none or no room. */
static struct fdm_range next_piece(const struct fdm_link *link)
{
    const struct fdm_link_sender *tx = &link->tx;
    uint32_t most = piece_limit(link);
    struct fdm_range piece = {tx->next, tx->next};
    if (tx->sent_count == FDM_LINK_IN_FLIGHT)
        return piece;
    if (tx->lost.count > 0) {
        piece = tx->lost.at[0];
    } else {
        uint32_t wanted = tx->written - tx->next;
        uint32_t allowed = tx->limit - tx->next;
        piece.end += wanted < allowed ? wanted : allowed;
    }
    if (piece.end - piece.begin > most)
        piece.end = piece.begin + most;
    return piece;
}

static size_t emit_data(struct fdm_link *link, uint8_t *out, struct fdm_range piece,
                        uint64_t now_us)
{
    struct fdm_link_sender *tx = &link->tx;
    uint32_t len = piece.end - piece.begin;
    uint32_t size = link->config.tx_window_bytes;
    uint32_t at = piece.begin & (size - 1);
    uint32_t first = len < size - at ? len : size - at;
    uint8_t offset[FDM_LINK_OFFSET_BYTES];
    struct fdm_writer writer;
    fdm_writer_init(&writer, offset, sizeof offset);
    fdm_write_u32(&writer, piece.begin);

    struct fdm_frame_encoder encoder;
    fdm_frame_begin(&encoder, out, FDM_LINK_FRAME_BYTES((size_t)link->config.max_payload),
                    FRAME_DATA, link->session, tx->sequence);
    fdm_frame_put(&encoder, offset, sizeof offset);
    fdm_frame_put(&encoder, link->config.tx_window + at, first);
    fdm_frame_put(&encoder, link->config.tx_window, len - first);

    if (fdm_offset_before(piece.begin, tx->next))
        link->stats.bytes_repeated += len;
    else
        tx->next = piece.end;
    fdm_ranges_drop_before(&tx->lost, piece.end);
    tx->sent[(tx->sent_first + tx->sent_count++) % FDM_LINK_IN_FLIGHT] = (struct fdm_link_sent){
        .offset = piece.begin,
        .sent_us = (uint32_t)now_us,
        .bytes = (uint16_t)len,
        .sequence = tx->sequence++,
    };
    tx->probe_due = false;
    arm_timer(link, now_us);
    link->stats.frames_sent++;
    return fdm_frame_end(&encoder);
}

static bool is_blocked(const struct fdm_link_sender *tx)
{
    return tx->sent_count == 0 && tx->written != tx->next && tx->limit == tx->next;
}

/* A timeout declares nothing lost but the oldest frame, whose bytes make a useful probe: the
 * acknowledgement of the probe tells the fate of all the others. */
static void on_timeout(struct fdm_link *link)
{
    link->timer_armed = false;
    if (link->backoff < BACKOFF_MAX)
        link->backoff++;
    link->stats.timeouts++;
    if (link->state == FDM_LINK_OPENING) {
        link->greeting = FRAME_OPEN;
        return;
    }
    if (link->tx.sent_count > 0) {
        struct fdm_link_sent oldest = pop_sent(&link->tx);
        repeat(&link->tx, &oldest);
    }
    link->tx.probe_due = true;
}

static uint64_t idle_probe_at(const struct fdm_link *link)
{
    if (link->state != FDM_LINK_OPEN || link->config.probe_us == 0 || link->tx.sent_count > 0)
        return UINT64_MAX;
    return link->heard_us + link->config.probe_us;
}

static void run_timers(struct fdm_link *link, uint64_t now_us)
{
    if (link->timer_armed && link->timer_us <= now_us)
        on_timeout(link);
    if (link->state != FDM_LINK_OPEN)
        return;
    if (idle_probe_at(link) <= now_us)
        link->tx.probe_due = true;
    if (!link->timer_armed && (link->tx.sent_count > 0 || is_blocked(&link->tx)))
        arm_timer(link, now_us);
}

size_t fdm_link_transmit(struct fdm_link *link, uint8_t *out, uint64_t now_us)
{
    run_timers(link, now_us);
    if (link->reset_due) {
        link->reset_due = false;
        return emit(link, out, FRAME_RESET, link->reset_session, 0, NULL);
    }
    if (link->greeting != 0)
        return emit_greeting(link, out, now_us);
    if (link->state != FDM_LINK_OPEN)
        return 0;
    if (link->rx.ack_due)
        return emit_ack(link, out);
    struct fdm_range piece = next_piece(link);
    if (piece.begin == piece.end && !link->tx.probe_due)
        return 0;
    return emit_data(link, out, piece, now_us);
}

uint64_t fdm_link_deadline_us(const struct fdm_link *link, uint64_t now_us)
{
    if (link->reset_due || link->greeting != 0)
        return now_us;
    uint64_t deadline = link->timer_armed ? link->timer_us : UINT64_MAX;
    if (link->state != FDM_LINK_OPEN)
        return deadline;
    struct fdm_range piece = next_piece(link);
    bool unarmed = !link->timer_armed && (link->tx.sent_count > 0 || is_blocked(&link->tx));
    if (link->rx.ack_due || link->tx.probe_due || unarmed || piece.begin != piece.end)
        return now_us;
    uint64_t idle = idle_probe_at(link);
    return idle < deadline ? idle : deadline;
}

/* ---- the owner's side ---- */

size_t fdm_link_write_space(const struct fdm_link *link)
{
    if (link->state != FDM_LINK_OPEN)
        return 0;
    return link->config.tx_window_bytes - (link->tx.written - link->tx.acked);
}

size_t fdm_link_write(struct fdm_link *link, const void *bytes, size_t len)
{
    size_t space = fdm_link_write_space(link);
    uint32_t taken = (uint32_t)(len < space ? len : space);
    copy_in(link->config.tx_window, link->config.tx_window_bytes, link->tx.written, bytes, taken);
    link->tx.written += taken;
    return taken;
}

size_t fdm_link_read(struct fdm_link *link, void *out, size_t len)
{
    struct fdm_link_receiver *rx = &link->rx;
    uint32_t ready = rx->next - rx->read;
    uint32_t taken = len < ready ? (uint32_t)len : ready;
    uint32_t size = link->config.rx_window_bytes;
    uint32_t at = rx->read & (size - 1);
    uint32_t first = taken < size - at ? taken : size - at;
    memcpy(out, link->config.rx_window + at, first);
    memcpy((uint8_t *)out + first, link->config.rx_window, taken - first);
    rx->read += taken;
    /* The peer may have stopped for want of room: a grown window is news worth a frame. */
    if (rx->read + size - rx->granted >= size / 2)
        rx->ack_due = true;
    return taken;
}

bool fdm_link_is_flushed(const struct fdm_link *link)
{
    return link->tx.acked == link->tx.written;
}
