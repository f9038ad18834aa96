#include "reference/quantizer/flatbuffer_builder.h"

#include <string.h>

static void append_number(struct fdm_buf *out, uint64_t value, size_t bytes)
{
    unsigned char little[8];
    for (size_t i = 0; i < bytes; i++)
        little[i] = (unsigned char)(value >> (8 * i));
    fdm_buf_append(out, little, bytes);
}

static void store_number(struct fdm_buf *out, size_t at, uint32_t value)
{
    if (out->failed)
        return;
    for (size_t i = 0; i < sizeof value; i++)
        out->data[at + i] = (char)(unsigned char)(value >> (8 * i));
}

static uint16_t load_u16(const struct fdm_buf *out, size_t at)
{
    return (uint16_t)((unsigned char)out->data[at] | (unsigned char)out->data[at + 1] << 8);
}

/* Zeros until `ahead` bytes further on is a multiple of `alignment`. */
static void align(struct fdm_buf *out, size_t ahead, size_t alignment)
{
    while (!out->failed && (out->len + ahead) % alignment != 0)
        append_number(out, 0, 1);
}

void fdm_fb_begin(struct fdm_buf *out, const char identifier[5])
{
    append_number(out, 0, 4);
    fdm_buf_append(out, identifier, 4);
}

/* Where each field lies in its table: behind the leading offset, the largest first. */
static size_t place(const struct fdm_fb_field *fields, size_t count,
                    uint16_t place_of[FDM_FB_MAX_FIELDS], unsigned *ids)
{
    size_t at = 4;
    *ids = 0;
    memset(place_of, 0, FDM_FB_MAX_FIELDS * sizeof *place_of);
    for (unsigned bytes = 4; bytes > 0; bytes /= 2) {
        for (size_t i = 0; i < count; i++) {
            if (fields[i].bytes != bytes)
                continue;
            place_of[fields[i].id] = (uint16_t)at;
            at += bytes;
            *ids = fields[i].id >= *ids ? fields[i].id + 1 : *ids;
        }
    }
    return (at + 3) / 4 * 4;
}

size_t fdm_fb_add_table(struct fdm_buf *out, const struct fdm_fb_field *fields, size_t count)
{
    uint16_t place_of[FDM_FB_MAX_FIELDS];
    unsigned ids;
    size_t table_bytes = place(fields, count, place_of, &ids);
    size_t vtable_bytes = 4 + 2 * (size_t)ids;
    align(out, vtable_bytes, 4);
    append_number(out, vtable_bytes, 2);
    append_number(out, table_bytes, 2);
    for (unsigned id = 0; id < ids; id++)
        append_number(out, place_of[id], 2);
    size_t table = out->len;
    append_number(out, vtable_bytes, 4);
    for (unsigned bytes = 4; bytes > 0; bytes /= 2)
        for (size_t i = 0; i < count; i++)
            if (fields[i].bytes == bytes)
                append_number(out, fields[i].value, bytes);
    align(out, 0, 4);
    return table;
}

size_t fdm_fb_add_vector(struct fdm_buf *out, const void *elements, uint32_t count, size_t bytes,
                         size_t alignment)
{
    align(out, 4, alignment > 4 ? alignment : 4);
    size_t vector = out->len;
    append_number(out, count, 4);
    const unsigned char *from = elements;
    if (bytes == 1 && from != NULL) {
        fdm_buf_append(out, from, count);
        return vector;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t value = 0;
        uint32_t word = 0;
        uint16_t half = 0;
        if (from != NULL && bytes == 8)
            memcpy(&value, from + i * bytes, sizeof value);
        else if (from != NULL && bytes == 4)
            memcpy(&word, from + i * bytes, sizeof word);
        else if (from != NULL)
            memcpy(&half, from + i * bytes, sizeof half);
        append_number(out, value | word | half, bytes);
    }
    return vector;
}

size_t fdm_fb_add_string(struct fdm_buf *out, const char *text)
{
    size_t string = fdm_fb_add_vector(out, text, (uint32_t)strlen(text), 1, 4);
    append_number(out, 0, 1);
    return string;
}

void fdm_fb_link(struct fdm_buf *out, size_t from, size_t to)
{
    store_number(out, from, (uint32_t)(to - from));
}

void fdm_fb_link_field(struct fdm_buf *out, size_t table, unsigned id, size_t to)
{
    if (out->failed)
        return;
    size_t vtable = table - load_u16(out, table);
    fdm_fb_link(out, table + load_u16(out, vtable + 4 + 2 * (size_t)id), to);
}

void fdm_fb_link_element(struct fdm_buf *out, size_t vector, uint32_t index, size_t to)
{
    fdm_fb_link(out, vector + 4 + 4 * (size_t)index, to);
}
