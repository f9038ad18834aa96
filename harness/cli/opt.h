/* Command lines: a table of options per command gives parsing and `--help` alike.
 *
 * `--name VALUE`, `--name=VALUE`, `--flag`; `-o` is short for `--output`; options and operands in
 * any order; `--` ends the options. */
#ifndef FDM_CLI_OPT_H
#define FDM_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/base/status.h"

enum fdm_opt_kind {
    FDM_OPT_FLAG,  /* bool * */
    FDM_OPT_TEXT,  /* const char **; the last one given wins */
    FDM_OPT_LIST,  /* struct fdm_opt_words *; comma-separated, repeatable */
    FDM_OPT_EACH,  /* struct fdm_opt_words *; repeatable, commas belong to the word */
    FDM_OPT_COUNT, /* uint32_t *; a whole number from `min` to `max` */
    FDM_OPT_BYTES  /* uint32_t *; the same in bytes, or with a K behind it in KiB */
};

#define FDM_OPT_WORDS_MAX 64
/* Words point into argv or into `copy`, which the parser owns until fdm_opt_words_release(). */
struct fdm_opt_words {
    const char *items[FDM_OPT_WORDS_MAX];
    size_t count;
    char *copies[FDM_OPT_WORDS_MAX];
    size_t copy_count;
};
void fdm_opt_words_release(struct fdm_opt_words *words);

struct fdm_opt {
    const char *name;  /* without the dashes */
    const char *value; /* the placeholder in the help, NULL for a flag */
    const char *help;
    enum fdm_opt_kind kind;
    void *target;
    uint32_t min, max; /* FDM_OPT_COUNT, FDM_OPT_BYTES */
};

/* Parses argv[1..]. `operands` receives at most `max_operands` words that are no options. `*help`
 * is set and FDM_OK returned as soon as --help or -h is met. FDM_ERR_USAGE names the word and, for
 * a misspelt option, the nearest one. The table ends with a NULL name. */
enum fdm_status fdm_opt_parse(int argc, char **argv, const struct fdm_opt *options,
                              const char **operands, size_t max_operands, size_t *operand_count,
                              bool *help, struct fdm_error *err);

/* The option lines of a help text, aligned and wrapped at 100 columns. */
void fdm_opt_print_help(FILE *out, const struct fdm_opt *options);

/* Edit distance (Levenshtein, 1966) for "did you mean"; words longer than 31 bytes are far from
 * everything. */
size_t fdm_edit_distance(const char *a, const char *b);

#endif
