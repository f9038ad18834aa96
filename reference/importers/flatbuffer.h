/* A reader for FlatBuffers of unknown origin.
 *
 * The format (flatbuffers.dev, "FlatBuffer Internals"): everything is little-endian. An offset is a
 * uint32 relative to its own position. A table begins with an int32 that leads back to its vtable,
 * which holds its own size, the table's size and one uint16 for each field: the field's place in
 * the table, or 0 if it has the schema's default. A vector is a uint32 count and its elements.
 *
 * Every position is checked before it is read, loads need no alignment, and nothing recurses: a
 * reader visits what its own code asks for, so offsets that form circles or overlap only show wrong
 * values. Messages begin with "byte N:", the place in the buffer. All failures are
 * FDM_ERR_FORMAT. */
#ifndef FDM_REFERENCE_IMPORTERS_FLATBUFFER_H
#define FDM_REFERENCE_IMPORTERS_FLATBUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

struct fdm_fb {
    const uint8_t *bytes; /* the caller's, alive as long as anything below is used */
    uint32_t len;
};

struct fdm_fb_table {
    const struct fdm_fb *fb; /* NULL for a table that is absent: all its fields have defaults */
    uint32_t at;
    uint32_t vtable;
    uint16_t vtable_bytes;
    uint16_t table_bytes;
};

/* Elements lie inside the buffer: index 0..count-1 without looking again. */
struct fdm_fb_vector {
    const struct fdm_fb *fb;
    uint32_t at; /* the first element */
    uint32_t count;
};

/* FDM_ERR_MEMORY if `len` does not fit 31 bits, the format's own limit. */
enum fdm_status fdm_fb_open(struct fdm_fb *fb, const uint8_t *bytes, size_t len,
                            struct fdm_error *err);
/* The four characters behind the root offset, NUL-terminated; empty if the buffer is too short. */
void fdm_fb_identifier(const struct fdm_fb *fb, char out[5]);
enum fdm_status fdm_fb_root(const struct fdm_fb *fb, struct fdm_fb_table *out,
                            struct fdm_error *err);

/* Fields by their number in the schema. `otherwise` is the schema's default. */
enum fdm_status fdm_fb_get_u8(const struct fdm_fb_table *table, unsigned field, uint8_t otherwise,
                              uint8_t *out, struct fdm_error *err);
enum fdm_status fdm_fb_get_u32(const struct fdm_fb_table *table, unsigned field, uint32_t otherwise,
                               uint32_t *out, struct fdm_error *err);
enum fdm_status fdm_fb_get_i32(const struct fdm_fb_table *table, unsigned field, int32_t otherwise,
                               int32_t *out, struct fdm_error *err);
enum fdm_status fdm_fb_get_f32(const struct fdm_fb_table *table, unsigned field, float otherwise,
                               float *out, struct fdm_error *err);
/* `out->fb` is NULL if the field is absent. */
enum fdm_status fdm_fb_get_table(const struct fdm_fb_table *table, unsigned field,
                                 struct fdm_fb_table *out, struct fdm_error *err);
/* Elements of 1, 2, 4 or 8 bytes; tables and strings are 4-byte offsets. Count 0 if absent. */
enum fdm_status fdm_fb_get_vector(const struct fdm_fb_table *table, unsigned field,
                                  uint32_t element_bytes, struct fdm_fb_vector *out,
                                  struct fdm_error *err);
/* At most `size` - 1 bytes of a string, NUL-terminated; "" if absent. */
enum fdm_status fdm_fb_get_string(const struct fdm_fb_table *table, unsigned field, char *out,
                                  size_t size, struct fdm_error *err);
bool fdm_fb_has(const struct fdm_fb_table *table, unsigned field);

int32_t fdm_fb_i32_at(const struct fdm_fb_vector *vector, uint32_t index);
int64_t fdm_fb_i64_at(const struct fdm_fb_vector *vector, uint32_t index);
float fdm_fb_f32_at(const struct fdm_fb_vector *vector, uint32_t index);
enum fdm_status fdm_fb_table_at(const struct fdm_fb_vector *vector, uint32_t index,
                                struct fdm_fb_table *out, struct fdm_error *err);

#endif
