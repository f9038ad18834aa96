/* Little-endian numbers in byte buffers, checked: a cursor that would leave its buffer stops there,
 * remembers it in `failed`, and gives zeros from then on. Callers read or write a whole record and
 * look at `failed` once. */
#ifndef FDM_WIRE_BYTES_H
#define FDM_WIRE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fdm_reader {
    const uint8_t *data;
    size_t len;
    size_t at; /* bytes consumed, at most `len` */
    bool failed;
};

void fdm_reader_init(struct fdm_reader *reader, const void *data, size_t len);
uint8_t fdm_read_u8(struct fdm_reader *reader);
uint16_t fdm_read_u16(struct fdm_reader *reader);
uint32_t fdm_read_u32(struct fdm_reader *reader);
uint64_t fdm_read_u64(struct fdm_reader *reader);
/* The next `len` bytes, inside the buffer; NULL past its end. */
const uint8_t *fdm_read_bytes(struct fdm_reader *reader, size_t len);
/* Text of a u8 length and as many bytes of printable ASCII (0x20..0x7E), into `out`, which holds
 * `size` bytes with the NUL. Longer text or another byte sets `failed` and gives "": what a
 * stranger sends goes to terminals and reports, so it may not carry control codes. */
void fdm_read_text(struct fdm_reader *reader, char *out, size_t size);
/* True if everything was read, nothing failed and nothing is left. */
bool fdm_reader_done(const struct fdm_reader *reader);

struct fdm_writer {
    uint8_t *data;
    size_t capacity;
    size_t len; /* bytes written, at most `capacity` */
    bool failed;
};

void fdm_writer_init(struct fdm_writer *writer, void *data, size_t capacity);
void fdm_write_u8(struct fdm_writer *writer, uint8_t value);
void fdm_write_u16(struct fdm_writer *writer, uint16_t value);
void fdm_write_u32(struct fdm_writer *writer, uint32_t value);
void fdm_write_u64(struct fdm_writer *writer, uint64_t value);
void fdm_write_bytes(struct fdm_writer *writer, const void *bytes, size_t len);
/* NUL-terminated text of at most 255 bytes; longer text sets `failed`. */
void fdm_write_text(struct fdm_writer *writer, const char *text);

#endif
