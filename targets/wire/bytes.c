#include "targets/wire/bytes.h"

#include <string.h>

void fdm_reader_init(struct fdm_reader *reader, const void *data, size_t len)
{
    reader->data = data;
    reader->len = len;
    reader->at = 0;
    reader->failed = false;
}

const uint8_t *fdm_read_bytes(struct fdm_reader *reader, size_t len)
{
    if (reader->failed || len > reader->len - reader->at) {
        reader->failed = true;
        return NULL;
    }
    const uint8_t *bytes = reader->data + reader->at;
    reader->at += len;
    return bytes;
}

static uint64_t read_uint(struct fdm_reader *reader, size_t size)
{
    const uint8_t *bytes = fdm_read_bytes(reader, size);
    uint64_t value = 0;
    for (size_t i = size; bytes != NULL && i > 0; i--)
        value = value << 8 | bytes[i - 1];
    return value;
}

uint8_t fdm_read_u8(struct fdm_reader *reader)
{
    return (uint8_t)read_uint(reader, 1);
}

uint16_t fdm_read_u16(struct fdm_reader *reader)
{
    return (uint16_t)read_uint(reader, 2);
}

uint32_t fdm_read_u32(struct fdm_reader *reader)
{
    return (uint32_t)read_uint(reader, 4);
}

uint64_t fdm_read_u64(struct fdm_reader *reader)
{
    return read_uint(reader, 8);
}

static bool is_printable(const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (bytes[i] < 0x20 || bytes[i] > 0x7E)
            return false;
    return true;
}

void fdm_read_text(struct fdm_reader *reader, char *out, size_t size)
{
    size_t len = fdm_read_u8(reader);
    const uint8_t *bytes = fdm_read_bytes(reader, len);
    out[0] = '\0';
    if (bytes == NULL || len >= size || !is_printable(bytes, len)) {
        reader->failed = true;
        return;
    }
    memcpy(out, bytes, len);
    out[len] = '\0';
}

bool fdm_reader_done(const struct fdm_reader *reader)
{
    return !reader->failed && reader->at == reader->len;
}

void fdm_writer_init(struct fdm_writer *writer, void *data, size_t capacity)
{
    writer->data = data;
    writer->capacity = capacity;
    writer->len = 0;
    writer->failed = false;
}

void fdm_write_bytes(struct fdm_writer *writer, const void *bytes, size_t len)
{
    if (writer->failed || len > writer->capacity - writer->len) {
        writer->failed = true;
        return;
    }
    if (len != 0)
        memcpy(writer->data + writer->len, bytes, len);
    writer->len += len;
}

static void write_uint(struct fdm_writer *writer, uint64_t value, size_t size)
{
    uint8_t bytes[8];
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(value >> 8 * i);
    fdm_write_bytes(writer, bytes, size);
}

void fdm_write_u8(struct fdm_writer *writer, uint8_t value)
{
    write_uint(writer, value, 1);
}

void fdm_write_u16(struct fdm_writer *writer, uint16_t value)
{
    write_uint(writer, value, 2);
}

void fdm_write_u32(struct fdm_writer *writer, uint32_t value)
{
    write_uint(writer, value, 4);
}

void fdm_write_u64(struct fdm_writer *writer, uint64_t value)
{
    write_uint(writer, value, 8);
}

void fdm_write_text(struct fdm_writer *writer, const char *text)
{
    size_t len = strlen(text);
    if (len > 255) {
        writer->failed = true;
        return;
    }
    fdm_write_u8(writer, (uint8_t)len);
    fdm_write_bytes(writer, text, len);
}
