/* What a board says when it stops for good (PROTOCOL.md, "Last words"): picked out of the bytes of
 * the line, beside the frames. For the session only. */
#ifndef FDM_CLIENT_LAST_WORDS_H
#define FDM_CLIENT_LAST_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDM_LAST_WORDS_BYTES 200

/* Zeros are the beginning. */
struct fdm_last_words {
    char text[FDM_LAST_WORDS_BYTES]; /* terminated; whole if `spoken`, cut if it was longer */
    size_t len;
    bool listening; /* since the delimiter all was printable and began as last words do */
    bool spoken;
};

/* Takes bytes from the line at any cut; once the words are spoken, the rest is ignored. */
void fdm_last_words_hear(struct fdm_last_words *words, const uint8_t *bytes, size_t len);

#endif
