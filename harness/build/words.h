/* A growing list of owned strings: the arguments of a command. */
#ifndef FDM_HARNESS_BUILD_WORDS_H
#define FDM_HARNESS_BUILD_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/status.h"

/* {0} is an empty list. `at` ends with NULL once anything was added. Running out of memory sets
 * `failed`, and later additions do nothing: the end checks once. */
struct fdm_words {
    char **at;
    size_t count;
    size_t capacity;
    bool failed;
};

void fdm_words_add(struct fdm_words *words, const char *text);
void fdm_words_addf(struct fdm_words *words, const char *format, ...) FDM_PRINTF(2, 3);
void fdm_words_add_list(struct fdm_words *words, const char *const *list, size_t count);
void fdm_words_release(struct fdm_words *words);

/* FDM_OK, or FDM_ERR_MEMORY. */
enum fdm_status fdm_words_check(const struct fdm_words *words, struct fdm_error *err);

#endif
