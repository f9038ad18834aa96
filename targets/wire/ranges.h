/* A small set of byte ranges of a stream: what arrived ahead of a gap, or what must be sent again.
 *
 * Offsets are uint32 and wrap; comparisons are those of serial numbers (RFC 1982), so all offsets
 * in a set must lie within 2^31 of each other. The ranges are half open, not empty, sorted, and
 * neither overlap nor touch. */
#ifndef FDM_WIRE_RANGES_H
#define FDM_WIRE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDM_RANGES_MAX 32

struct fdm_range {
    uint32_t begin;
    uint32_t end; /* one past the last */
};

struct fdm_ranges {
    struct fdm_range at[FDM_RANGES_MAX];
    size_t count;
};

/* True if `a` stands before `b` in the stream. */
bool fdm_offset_before(uint32_t a, uint32_t b);

void fdm_ranges_clear(struct fdm_ranges *set);
/* Adds a range, joining what it overlaps or touches; false, and no change, if the set is full. */
bool fdm_ranges_add(struct fdm_ranges *set, uint32_t begin, uint32_t end);
/* Adds a range even to a full set, which then covers the gap to a neighbour as well. */
void fdm_ranges_cover(struct fdm_ranges *set, uint32_t begin, uint32_t end);
/* Removes everything before `offset`. */
void fdm_ranges_drop_before(struct fdm_ranges *set, uint32_t offset);

#endif
