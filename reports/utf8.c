#include "reports/utf8.h"

#include <stdlib.h>
#include <string.h>

uint32_t fdm_utf8_decode(const char *text, size_t *len)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)text;
    *len = bytes[0] != 0;
    if (bytes[0] < 0x80)
        return bytes[0];
    size_t size = 0;
    if (bytes[0] >= 0xC2 && bytes[0] <= 0xF4)
        size = bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4;
    uint32_t character = bytes[0] & (0x7FU >> size);
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xC0U) != 0x80U)
            return FDM_UTF8_REPLACEMENT;
        character = character << 6 | (bytes[i] & 0x3FU);
    }
    if (size == 0 || character < least[size] || character > 0x10FFFF ||
        (character >= 0xD800 && character <= 0xDFFF))
        return FDM_UTF8_REPLACEMENT;
    *len = size;
    return character;
}

struct range {
    uint32_t first;
    uint32_t last;
};

static int in_ranges(uint32_t character, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last)
            return 1;
    }
    return 0;
}

static unsigned char_width(uint32_t character)
{
    static const struct range none[] = {
        {0x0300, 0x036F}, {0x0483, 0x0489}, {0x0591, 0x05BD}, {0x064B, 0x065F},   {0x1AB0, 0x1AFF},
        {0x1DC0, 0x1DFF}, {0x200B, 0x200F}, {0x2060, 0x2064}, {0x20D0, 0x20FF},   {0x3099, 0x309A},
        {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}, {0xFEFF, 0xFEFF}, {0xE0100, 0xE01EF},
    };
    static const struct range wide[] = {
        {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xA960, 0xA97F},
        {0xAC00, 0xD7A3},   {0xF900, 0xFAFF},   {0xFE10, 0xFE19},   {0xFE30, 0xFE6F},
        {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},   {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF},
        {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD},
    };
    if (in_ranges(character, none, sizeof none / sizeof none[0]))
        return 0;
    return in_ranges(character, wide, sizeof wide / sizeof wide[0]) ? 2 : 1;
}

size_t fdm_utf8_width(const char *text)
{
    size_t width = 0;
    size_t len;
    for (uint32_t c; (c = fdm_utf8_decode(text, &len)) != 0; text += len)
        width += char_width(c);
    return width;
}

char *fdm_utf8_clean(const char *text)
{
    const size_t replacement = sizeof FDM_UTF8_REPLACEMENT_TEXT - 1;
    char *copy = malloc(strlen(text) * replacement + 1);
    if (!copy)
        return NULL;
    char *end = copy;
    size_t len;
    for (uint32_t c; (c = fdm_utf8_decode(text, &len)) != 0; text += len) {
        const int bad = c == FDM_UTF8_REPLACEMENT && len == 1;
        memcpy(end, bad ? FDM_UTF8_REPLACEMENT_TEXT : text, bad ? replacement : len);
        end += bad ? replacement : len;
    }
    *end = '\0';
    return copy;
}
