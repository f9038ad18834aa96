#include "harness/client/last_words.h"

static const char PREFIX[] = "fdm-bench: ";
#define PREFIX_BYTES (sizeof PREFIX - 1)

static void hear(struct fdm_last_words *words, uint8_t byte)
{
    if (byte == 0) {
        words->spoken = words->listening && words->len >= PREFIX_BYTES;
        words->text[words->len] = '\0';
        words->listening = true;
        if (!words->spoken)
            words->len = 0;
        return;
    }
    if (byte < 0x20 || byte > 0x7E ||
        (words->len < PREFIX_BYTES && byte != (uint8_t)PREFIX[words->len]))
        words->listening = false;
    if (words->listening && words->len + 1 < sizeof words->text)
        words->text[words->len++] = (char)byte;
}

void fdm_last_words_hear(struct fdm_last_words *words, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len && !words->spoken; i++)
        hear(words, bytes[i]);
}
