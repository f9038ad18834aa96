#include "harness/build/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for one more and the NULL behind it. */
static bool grow(struct fdm_words *words)
{
    if (words->count + 2 <= words->capacity)
        return true;
    size_t capacity = words->capacity == 0 ? 16 : 2 * words->capacity;
    char **at = realloc(words->at, capacity * sizeof *at);
    if (at == NULL)
        return false;
    words->at = at;
    words->capacity = capacity;
    return true;
}

void fdm_words_add(struct fdm_words *words, const char *text)
{
    if (words->failed)
        return;
    char *copy = grow(words) ? strdup(text) : NULL;
    if (copy == NULL) {
        words->failed = true;
        return;
    }
    words->at[words->count++] = copy;
    words->at[words->count] = NULL;
}

void fdm_words_addf(struct fdm_words *words, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    int length = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (length < 0 || (size_t)length >= sizeof text)
        words->failed = true;
    else
        fdm_words_add(words, text);
}

void fdm_words_add_list(struct fdm_words *words, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        fdm_words_add(words, list[i]);
}

void fdm_words_release(struct fdm_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->at[i]);
    free(words->at);
    *words = (struct fdm_words){0};
}

enum fdm_status fdm_words_check(const struct fdm_words *words, struct fdm_error *err)
{
    return words->failed ? fdm_fail(err, FDM_ERR_MEMORY, "no memory for a command's arguments")
                         : FDM_OK;
}
