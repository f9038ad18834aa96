#include "reference/importers/flatbuffer.h"

#include <string.h>

#define OFFSET_BYTES 4
#define VTABLE_HEADER_BYTES 4
#define VTABLE_ENTRY_BYTES 2

static uint16_t load_u16(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t load_u32(const uint8_t *at)
{
    return (uint32_t)load_u16(at) | (uint32_t)load_u16(at + 2) << 16;
}

static int32_t as_i32(uint32_t bits)
{
    int32_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static float as_f32(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static bool inside(const struct fdm_fb *fb, uint64_t at, uint64_t bytes)
{
    return at <= fb->len && bytes <= fb->len - at;
}

enum fdm_status fdm_fb_open(struct fdm_fb *fb, const uint8_t *bytes, size_t len,
                            struct fdm_error *err)
{
    if (len > INT32_MAX)
        return fdm_fail(err, FDM_ERR_MEMORY, "%zu bytes are too many for a FlatBuffer", len);
    *fb = (struct fdm_fb){bytes, (uint32_t)len};
    return FDM_OK;
}

void fdm_fb_identifier(const struct fdm_fb *fb, char out[5])
{
    memset(out, 0, 5);
    if (inside(fb, OFFSET_BYTES, 4))
        memcpy(out, fb->bytes + OFFSET_BYTES, 4);
}

/* Follows the offset stored at `from`, which lies inside. The result has room for one offset. */
static enum fdm_status follow(const struct fdm_fb *fb, uint32_t from, const char *what,
                              uint32_t *out, struct fdm_error *err)
{
    uint64_t to = (uint64_t)from + load_u32(fb->bytes + from);
    *out = (uint32_t)to;
    if (to == from || !inside(fb, to, OFFSET_BYTES))
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: offset of a %s leads outside the file", from,
                        what);
    return FDM_OK;
}

static enum fdm_status open_table(const struct fdm_fb *fb, uint32_t at, struct fdm_fb_table *out,
                                  struct fdm_error *err)
{
    int64_t vtable = (int64_t)at - as_i32(load_u32(fb->bytes + at));
    if (vtable < 0 || !inside(fb, (uint64_t)vtable, VTABLE_HEADER_BYTES))
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: the table's vtable lies outside the file",
                        at);
    uint16_t vtable_bytes = load_u16(fb->bytes + vtable);
    uint16_t table_bytes = load_u16(fb->bytes + vtable + 2);
    if (vtable_bytes < VTABLE_HEADER_BYTES || vtable_bytes % VTABLE_ENTRY_BYTES != 0 ||
        !inside(fb, (uint64_t)vtable, vtable_bytes))
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: a vtable of %u bytes", (uint32_t)vtable,
                        vtable_bytes);
    if (table_bytes < OFFSET_BYTES || !inside(fb, at, table_bytes))
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: a table of %u bytes", at, table_bytes);
    *out = (struct fdm_fb_table){fb, at, (uint32_t)vtable, vtable_bytes, table_bytes};
    return FDM_OK;
}

enum fdm_status fdm_fb_root(const struct fdm_fb *fb, struct fdm_fb_table *out,
                            struct fdm_error *err)
{
    *out = (struct fdm_fb_table){0};
    if (!inside(fb, 0, OFFSET_BYTES))
        return fdm_fail(err, FDM_ERR_FORMAT, "byte 0: %u bytes are no FlatBuffer", fb->len);
    uint32_t at;
    enum fdm_status status = follow(fb, 0, "root table", &at, err);
    return status == FDM_OK ? open_table(fb, at, out, err) : status;
}

static uint16_t entry(const struct fdm_fb_table *table, unsigned field)
{
    uint32_t place = VTABLE_HEADER_BYTES + VTABLE_ENTRY_BYTES * field;
    if (table->fb == NULL || place + VTABLE_ENTRY_BYTES > table->vtable_bytes)
        return 0;
    return load_u16(table->fb->bytes + table->vtable + place);
}

bool fdm_fb_has(const struct fdm_fb_table *table, unsigned field)
{
    return entry(table, field) != 0;
}

/* Where the field's `bytes` lie; 0 if it is absent. */
static enum fdm_status place_of(const struct fdm_fb_table *table, unsigned field, uint32_t bytes,
                                uint32_t *out, struct fdm_error *err)
{
    uint16_t place = entry(table, field);
    *out = 0;
    if (place == 0)
        return FDM_OK;
    if (place < OFFSET_BYTES || place + bytes > table->table_bytes)
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: field %u lies outside its table", table->at,
                        field);
    *out = table->at + place;
    return FDM_OK;
}

enum fdm_status fdm_fb_get_u8(const struct fdm_fb_table *table, unsigned field, uint8_t otherwise,
                              uint8_t *out, struct fdm_error *err)
{
    uint32_t at;
    enum fdm_status status = place_of(table, field, 1, &at, err);
    *out = at != 0 ? table->fb->bytes[at] : otherwise;
    return status;
}

enum fdm_status fdm_fb_get_u32(const struct fdm_fb_table *table, unsigned field, uint32_t otherwise,
                               uint32_t *out, struct fdm_error *err)
{
    uint32_t at;
    enum fdm_status status = place_of(table, field, 4, &at, err);
    *out = at != 0 ? load_u32(table->fb->bytes + at) : otherwise;
    return status;
}

enum fdm_status fdm_fb_get_i32(const struct fdm_fb_table *table, unsigned field, int32_t otherwise,
                               int32_t *out, struct fdm_error *err)
{
    uint32_t bits;
    enum fdm_status status = fdm_fb_get_u32(table, field, (uint32_t)otherwise, &bits, err);
    *out = as_i32(bits);
    return status;
}

enum fdm_status fdm_fb_get_f32(const struct fdm_fb_table *table, unsigned field, float otherwise,
                               float *out, struct fdm_error *err)
{
    uint32_t at;
    enum fdm_status status = place_of(table, field, 4, &at, err);
    *out = at != 0 ? as_f32(load_u32(table->fb->bytes + at)) : otherwise;
    return status;
}

enum fdm_status fdm_fb_get_table(const struct fdm_fb_table *table, unsigned field,
                                 struct fdm_fb_table *out, struct fdm_error *err)
{
    uint32_t from;
    uint32_t at;
    *out = (struct fdm_fb_table){0};
    enum fdm_status status = place_of(table, field, OFFSET_BYTES, &from, err);
    if (status != FDM_OK || from == 0)
        return status;
    status = follow(table->fb, from, "table", &at, err);
    return status == FDM_OK ? open_table(table->fb, at, out, err) : status;
}

enum fdm_status fdm_fb_get_vector(const struct fdm_fb_table *table, unsigned field,
                                  uint32_t element_bytes, struct fdm_fb_vector *out,
                                  struct fdm_error *err)
{
    uint32_t from;
    uint32_t at;
    *out = (struct fdm_fb_vector){0};
    enum fdm_status status = place_of(table, field, OFFSET_BYTES, &from, err);
    if (status != FDM_OK || from == 0)
        return status;
    const struct fdm_fb *fb = table->fb;
    status = follow(fb, from, "vector", &at, err);
    if (status != FDM_OK)
        return status;
    uint32_t count = load_u32(fb->bytes + at);
    at += OFFSET_BYTES;
    if (!inside(fb, at, (uint64_t)count * element_bytes))
        return fdm_fail(err, FDM_ERR_FORMAT, "byte %u: a vector of %u elements leaves the file",
                        at - OFFSET_BYTES, count);
    *out = (struct fdm_fb_vector){fb, at, count};
    return FDM_OK;
}

enum fdm_status fdm_fb_get_string(const struct fdm_fb_table *table, unsigned field, char *out,
                                  size_t size, struct fdm_error *err)
{
    struct fdm_fb_vector text;
    out[0] = '\0';
    enum fdm_status status = fdm_fb_get_vector(table, field, 1, &text, err);
    if (status != FDM_OK || text.count == 0)
        return status;
    size_t len = text.count < size ? text.count : size - 1;
    memcpy(out, text.fb->bytes + text.at, len);
    out[len] = '\0';
    return FDM_OK;
}

int32_t fdm_fb_i32_at(const struct fdm_fb_vector *vector, uint32_t index)
{
    return as_i32(load_u32(vector->fb->bytes + vector->at + (size_t)index * 4));
}

int64_t fdm_fb_i64_at(const struct fdm_fb_vector *vector, uint32_t index)
{
    const uint8_t *at = vector->fb->bytes + vector->at + (size_t)index * 8;
    uint64_t bits = load_u32(at) | (uint64_t)load_u32(at + 4) << 32;
    int64_t value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float fdm_fb_f32_at(const struct fdm_fb_vector *vector, uint32_t index)
{
    return as_f32(load_u32(vector->fb->bytes + vector->at + (size_t)index * 4));
}

enum fdm_status fdm_fb_table_at(const struct fdm_fb_vector *vector, uint32_t index,
                                struct fdm_fb_table *out, struct fdm_error *err)
{
    uint32_t at;
    *out = (struct fdm_fb_table){0};
    enum fdm_status status =
        follow(vector->fb, vector->at + index * OFFSET_BYTES, "table", &at, err);
    return status == FDM_OK ? open_table(vector->fb, at, out, err) : status;
}
