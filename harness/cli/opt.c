#include "harness/cli/opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define HELP_COLUMN 28
#define HELP_WIDTH 100

void fdm_opt_words_release(struct fdm_opt_words *words)
{
    for (size_t i = 0; i < words->copy_count; i++)
        free(words->copies[i]);
    memset(words, 0, sizeof *words);
}

static enum fdm_status add_word(struct fdm_opt_words *words, const char *name, const char *word,
                                struct fdm_error *err)
{
    if (words->count == FDM_OPT_WORDS_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "--%s: more than %d names", name, FDM_OPT_WORDS_MAX);
    words->items[words->count++] = word;
    return FDM_OK;
}

static enum fdm_status add_words(struct fdm_opt_words *words, const char *name, const char *text,
                                 struct fdm_error *err)
{
    if (words->copy_count == FDM_OPT_WORDS_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "--%s: given more than %d times", name,
                        FDM_OPT_WORDS_MAX);
    char *copy = strdup(text);
    if (copy == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    words->copies[words->copy_count++] = copy;
    char *rest = NULL;
    for (char *word = strtok_r(copy, ",", &rest); word != NULL; word = strtok_r(NULL, ",", &rest)) {
        enum fdm_status status = add_word(words, name, word, err);
        if (status != FDM_OK)
            return status;
    }
    if (words->count == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "--%s: names nothing", name);
    return FDM_OK;
}

static enum fdm_status set_count(const struct fdm_opt *option, const char *text,
                                 struct fdm_error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number < option->min ||
        number > option->max)
        return fdm_fail(err, FDM_ERR_USAGE, "--%s: \"%s\" is not a whole number from %u to %u",
                        option->name, text, option->min, option->max);
    *(uint32_t *)option->target = (uint32_t)number;
    return FDM_OK;
}

static enum fdm_status set_bytes(const struct fdm_opt *option, const char *text,
                                 struct fdm_error *err)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    unsigned long long unit = *end == 'K' || *end == 'k' ? 1024 : 1;
    if (text[0] < '0' || text[0] > '9' || end[unit == 1024] != '\0' || errno != 0 ||
        number > option->max / unit || number * unit < option->min)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "--%s: \"%s\" is no number of bytes from %u to %u, like 28672 or 28K",
                        option->name, text, option->min, option->max);
    *(uint32_t *)option->target = (uint32_t)(number * unit);
    return FDM_OK;
}

static enum fdm_status set_value(const struct fdm_opt *option, const char *text,
                                 struct fdm_error *err)
{
    switch (option->kind) {
    case FDM_OPT_FLAG:
        *(bool *)option->target = true;
        return FDM_OK;
    case FDM_OPT_TEXT:
        *(const char **)option->target = text;
        return FDM_OK;
    case FDM_OPT_LIST:
        return add_words(option->target, option->name, text, err);
    case FDM_OPT_EACH:
        return add_word(option->target, option->name, text, err);
    case FDM_OPT_COUNT:
        return set_count(option, text, err);
    case FDM_OPT_BYTES:
        return set_bytes(option, text, err);
    }
    return FDM_OK;
}

size_t fdm_edit_distance(const char *a, const char *b)
{
    enum { LIMIT = 32 };
    size_t la = strlen(a);
    size_t lb = strlen(b);
    if (la >= LIMIT || lb >= LIMIT)
        return LIMIT;
    size_t row[LIMIT];
    for (size_t j = 0; j <= lb; j++)
        row[j] = j;
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= lb; j++) {
            size_t above = row[j];
            size_t best = diagonal + (a[i - 1] != b[j - 1]);
            if (above + 1 < best)
                best = above + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
            diagonal = above;
        }
    }
    return row[lb];
}

static enum fdm_status unknown_option(const struct fdm_opt *options, const char *name,
                                      struct fdm_error *err)
{
    const char *nearest = NULL;
    size_t best = 3;
    for (const struct fdm_opt *option = options; option->name != NULL; option++) {
        size_t distance = fdm_edit_distance(option->name, name);
        if (distance < best) {
            best = distance;
            nearest = option->name;
        }
    }
    if (nearest != NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "unknown option --%s; did you mean --%s?", name,
                        nearest);
    return fdm_fail(err, FDM_ERR_USAGE, "unknown option --%s; --help lists them", name);
}

/* `word` stands at argv[*at], without its dashes. */
static enum fdm_status parse_option(int argc, char **argv, const char *word, int *at,
                                    const struct fdm_opt *options, struct fdm_error *err)
{
    size_t len = strcspn(word, "=");
    for (const struct fdm_opt *option = options; option->name != NULL; option++) {
        if (strlen(option->name) != len || strncmp(option->name, word, len) != 0)
            continue;
        bool joined = word[len] == '=';
        if (option->kind == FDM_OPT_FLAG)
            return joined ? fdm_fail(err, FDM_ERR_USAGE, "--%s takes no value", option->name)
                          : set_value(option, NULL, err);
        if (joined)
            return set_value(option, word + len + 1, err);
        if (*at + 1 >= argc)
            return fdm_fail(err, FDM_ERR_USAGE, "--%s needs a value: --%s %s", option->name,
                            option->name, option->value);
        return set_value(option, argv[++*at], err);
    }
    return unknown_option(options, word, err);
}

enum fdm_status fdm_opt_parse(int argc, char **argv, const struct fdm_opt *options,
                              const char **operands, size_t max_operands, size_t *operand_count,
                              bool *help, struct fdm_error *err)
{
    bool options_ended = false;
    *operand_count = 0;
    *help = false;
    for (int at = 1; at < argc; at++) {
        const char *word = strcmp(argv[at], "-o") == 0 ? "--output" : argv[at];
        if (!options_ended && strcmp(word, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
            *help = true;
            return FDM_OK;
        } else if (!options_ended && strncmp(word, "--", 2) == 0) {
            enum fdm_status status = parse_option(argc, argv, word + 2, &at, options, err);
            if (status != FDM_OK)
                return status;
        } else if (!options_ended && word[0] == '-' && word[1] != '\0') {
            return fdm_fail(err, FDM_ERR_USAGE, "unknown option %s; options have two dashes", word);
        } else if (*operand_count == max_operands) {
            return fdm_fail(err, FDM_ERR_USAGE, "unexpected word \"%s\"", word);
        } else {
            operands[(*operand_count)++] = word;
        }
    }
    return FDM_OK;
}

static void print_wrapped(FILE *out, const char *text, int column)
{
    int at = column;
    while (*text != '\0') {
        int len = (int)strcspn(text, " ");
        if (at > column && at + 1 + len > HELP_WIDTH) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        }
        at += fprintf(out, "%s%.*s", at > column ? " " : "", len, text);
        text += len;
        text += *text == ' ';
    }
    fputc('\n', out);
}

void fdm_opt_print_help(FILE *out, const struct fdm_opt *options)
{
    for (const struct fdm_opt *option = options; option->name != NULL; option++) {
        int at = fprintf(out, "  --%s%s%s", option->name, option->value != NULL ? " " : "",
                         option->value != NULL ? option->value : "");
        if (at > HELP_COLUMN - 2) {
            fputc('\n', out);
            at = 0;
        }
        fprintf(out, "%*s", HELP_COLUMN - at, "");
        print_wrapped(out, option->help, HELP_COLUMN);
    }
    fprintf(out, "  %-*s%s\n", HELP_COLUMN - 2, "--help", "this text");
}
