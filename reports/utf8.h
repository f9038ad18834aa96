/* UTF-8 as far as tables need it (RFC 3629). */
#ifndef FDM_REPORTS_UTF8_H
#define FDM_REPORTS_UTF8_H

#include <stddef.h>
#include <stdint.h>

#define FDM_UTF8_REPLACEMENT UINT32_C(0xFFFD)
#define FDM_UTF8_REPLACEMENT_TEXT "\xEF\xBF\xBD"

/* Decodes one character of NUL-terminated text and says how many bytes it took (at least 1 before
 * the end). A byte that begins no valid character (overlong forms, surrogates and values past
 * U+10FFFF included) counts alone as U+FFFD. 0 with a length of 0 at the end. */
uint32_t fdm_utf8_decode(const char *text, size_t *len);

/* Columns that a text takes on a terminal: for each character 0 for combining marks and invisible
 * ones, 2 for wide East Asian ones and emoji, else 1 (Unicode Standard Annex #11; general
 * categories Mn, Me, Cf; by blocks, which is right for all assigned characters that file names are
 * likely to hold). */
size_t fdm_utf8_width(const char *text);

/* A copy in which every byte that is no valid UTF-8 is U+FFFD; the caller frees. NULL when out of
 * memory. */
char *fdm_utf8_clean(const char *text);

#endif
