#include "targets/wire/ranges.h"

#include <string.h>

bool fdm_offset_before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

void fdm_ranges_clear(struct fdm_ranges *set)
{
    set->count = 0;
}

/* Replaces the `count` ranges from `first` on by the one given. */
static void splice(struct fdm_ranges *set, size_t first, size_t count, struct fdm_range range)
{
    size_t behind = first + count;
    memmove(&set->at[first + 1], &set->at[behind], (set->count - behind) * sizeof set->at[0]);
    set->at[first] = range;
    set->count = set->count - count + 1;
}

bool fdm_ranges_add(struct fdm_ranges *set, uint32_t begin, uint32_t end)
{
    size_t first = 0;
    while (first < set->count && fdm_offset_before(set->at[first].end, begin))
        first++;
    size_t last = first;
    while (last < set->count && !fdm_offset_before(end, set->at[last].begin))
        last++;
    if (last == first && set->count == FDM_RANGES_MAX)
        return false;
    struct fdm_range joined = {begin, end};
    if (last > first && fdm_offset_before(set->at[first].begin, begin))
        joined.begin = set->at[first].begin;
    if (last > first && fdm_offset_before(end, set->at[last - 1].end))
        joined.end = set->at[last - 1].end;
    splice(set, first, last - first, joined);
    return true;
}

void fdm_ranges_cover(struct fdm_ranges *set, uint32_t begin, uint32_t end)
{
    if (fdm_ranges_add(set, begin, end))
        return;
    size_t before = set->count;
    while (before > 0 && fdm_offset_before(begin, set->at[before - 1].begin))
        before--;
    if (before > 0)
        fdm_ranges_add(set, set->at[before - 1].end, end);
    else
        fdm_ranges_add(set, begin, set->at[0].begin);
}

void fdm_ranges_drop_before(struct fdm_ranges *set, uint32_t offset)
{
    size_t gone = 0;
    while (gone < set->count && !fdm_offset_before(offset, set->at[gone].end))
        gone++;
    set->count -= gone;
    memmove(&set->at[0], &set->at[gone], set->count * sizeof set->at[0]);
    if (set->count > 0 && fdm_offset_before(set->at[0].begin, offset))
        set->at[0].begin = offset;
}
