/* Writes FlatBuffers front to back (flatbuffers.dev, "FlatBuffer Internals"): a table first, with
 * empty places for what it refers to; then each of those, linked when its place is known. Offsets
 * so lead forward, as the format demands, and the same calls give the same bytes.
 *
 * Everything is appended to a `struct fdm_buf`, which remembers running out of memory; positions
 * are bytes from its beginning. The counterpart for reading is reference/importers/flatbuffer.h. */
#ifndef FDM_REFERENCE_QUANTIZER_FLATBUFFER_BUILDER_H
#define FDM_REFERENCE_QUANTIZER_FLATBUFFER_BUILDER_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"

#define FDM_FB_MAX_FIELDS 16u

/* A field by its number in the schema. Offsets are 4 bytes of value 0, linked later. */
struct fdm_fb_field {
    unsigned id;    /* below FDM_FB_MAX_FIELDS */
    unsigned bytes; /* 1, 2 or 4 */
    uint32_t value; /* the bits; a float's too */
};

/* The root's offset, to be linked at position 0, and the four characters of the file's kind. */
void fdm_fb_begin(struct fdm_buf *out, const char identifier[5]);

/* Each returns where the thing starts, which is what links lead to. */
size_t fdm_fb_add_table(struct fdm_buf *out, const struct fdm_fb_field *fields, size_t count);
/* A vector of `count` elements in little-endian order, `bytes` (1, 2, 4 or 8) each, the first at a
 * multiple of `alignment` (a power of two, at least `bytes`). `elements` NULL: zeros, to be linked
 * with fdm_fb_link_element(). */
size_t fdm_fb_add_vector(struct fdm_buf *out, const void *elements, uint32_t count, size_t bytes,
                         size_t alignment);
size_t fdm_fb_add_string(struct fdm_buf *out, const char *text);

/* Make a table's field, a vector's element, or the place at `from`, lead to `to`, behind it. */
void fdm_fb_link_field(struct fdm_buf *out, size_t table, unsigned id, size_t to);
void fdm_fb_link_element(struct fdm_buf *out, size_t vector, uint32_t index, size_t to);
void fdm_fb_link(struct fdm_buf *out, size_t from, size_t to);

#endif
