#include "targets/wire/frame.h"

#include "targets/wire/bytes.h"
#include "targets/wire/crc32.h"

#define DELIMITER 0x00
#define LONGEST_BLOCK 0xFF /* 254 bytes and no zero behind them */

static void put_raw(struct fdm_frame_encoder *encoder, uint8_t byte)
{
    if (encoder->len < encoder->capacity)
        encoder->out[encoder->len++] = byte;
    else
        encoder->overflow = true;
}

static void close_block(struct fdm_frame_encoder *encoder)
{
    if (!encoder->overflow)
        encoder->out[encoder->code_at] = (uint8_t)(encoder->len - encoder->code_at);
}

static void open_block(struct fdm_frame_encoder *encoder)
{
    encoder->code_at = encoder->len;
    put_raw(encoder, LONGEST_BLOCK);
}

static void put_stuffed(struct fdm_frame_encoder *encoder, uint8_t byte)
{
    if (encoder->len - encoder->code_at == LONGEST_BLOCK) {
        close_block(encoder);
        open_block(encoder);
    }
    if (byte != DELIMITER) {
        put_raw(encoder, byte);
    } else {
        close_block(encoder);
        open_block(encoder);
    }
}

void fdm_frame_put(struct fdm_frame_encoder *encoder, const uint8_t *bytes, size_t len)
{
    encoder->crc = fdm_crc32(encoder->crc, bytes, len);
    for (size_t i = 0; i < len; i++)
        put_stuffed(encoder, bytes[i]);
}

void fdm_frame_begin(struct fdm_frame_encoder *encoder, uint8_t *out, size_t capacity, uint8_t type,
                     uint16_t session, uint16_t sequence)
{
    encoder->out = out;
    encoder->capacity = capacity;
    encoder->len = 0;
    encoder->crc = FDM_CRC32_INIT;
    encoder->overflow = false;
    put_raw(encoder, DELIMITER);
    open_block(encoder);

    uint8_t header[FDM_FRAME_HEADER_BYTES];
    struct fdm_writer writer;
    fdm_writer_init(&writer, header, sizeof header);
    fdm_write_u8(&writer, type);
    fdm_write_u16(&writer, session);
    fdm_write_u16(&writer, sequence);
    fdm_frame_put(encoder, header, sizeof header);
}

size_t fdm_frame_end(struct fdm_frame_encoder *encoder)
{
    uint32_t crc = encoder->crc;
    for (int i = 0; i < FDM_FRAME_CRC_BYTES; i++)
        put_stuffed(encoder, (uint8_t)(crc >> 8 * i));
    close_block(encoder);
    put_raw(encoder, DELIMITER);
    return encoder->overflow ? 0 : encoder->len;
}

void fdm_frame_decoder_init(struct fdm_frame_decoder *decoder, uint8_t *body, size_t capacity)
{
    *decoder = (struct fdm_frame_decoder){.body = body, .capacity = capacity};
}

static void restart(struct fdm_frame_decoder *decoder)
{
    decoder->len = 0;
    decoder->code = 0;
    decoder->pending = 0;
    decoder->skip = false;
}

static void take(struct fdm_frame_decoder *decoder, uint8_t byte)
{
    if (decoder->len < decoder->capacity) {
        decoder->body[decoder->len++] = byte;
    } else if (!decoder->skip) {
        decoder->skip = true;
        decoder->oversized++;
    }
}

static void unstuff(struct fdm_frame_decoder *decoder, uint8_t byte)
{
    if (decoder->pending > 0) {
        decoder->pending--;
        take(decoder, byte);
        return;
    }
    /* The zero behind a block belongs to the body only if another block follows. */
    if (decoder->code != 0 && decoder->code != LONGEST_BLOCK)
        take(decoder, DELIMITER);
    decoder->code = byte;
    decoder->pending = (uint8_t)(byte - 1);
}

static bool open_body(const struct fdm_frame_decoder *decoder, struct fdm_frame *frame)
{
    if (decoder->pending != 0 || decoder->len < FDM_FRAME_BODY_BYTES(0))
        return false;
    size_t checked = decoder->len - FDM_FRAME_CRC_BYTES;
    struct fdm_reader reader;
    fdm_reader_init(&reader, decoder->body, decoder->len);
    frame->type = fdm_read_u8(&reader);
    frame->session = fdm_read_u16(&reader);
    frame->sequence = fdm_read_u16(&reader);
    frame->payload_bytes = checked - FDM_FRAME_HEADER_BYTES;
    frame->payload = fdm_read_bytes(&reader, frame->payload_bytes);
    return fdm_read_u32(&reader) == fdm_crc32(FDM_CRC32_INIT, decoder->body, checked);
}

bool fdm_frame_decode(struct fdm_frame_decoder *decoder, uint8_t byte, struct fdm_frame *frame)
{
    if (byte != DELIMITER) {
        if (!decoder->skip)
            unstuff(decoder, byte);
        return false;
    }
    bool anything = decoder->code != 0 && !decoder->skip;
    bool good = anything && open_body(decoder, frame);
    decoder->good += good;
    decoder->damaged += anything && !good;
    restart(decoder);
    return good;
}
