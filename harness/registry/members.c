#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "harness/registry/entries.h"

#define NAME_MAX_COMPARED 63

/* ---- Memory ---------------------------------------------------------------------------------- */

void *fdm_registry_alloc(struct fdm_registry_owned *owned, size_t count, size_t size,
                         struct fdm_error *err)
{
    void **blocks = realloc(owned->blocks, (owned->block_count + 1) * sizeof *blocks);
    if (blocks != NULL)
        owned->blocks = blocks;
    void *block = blocks != NULL && count < SIZE_MAX / size - 1 ? calloc(count + 1, size) : NULL;
    if (block == NULL)
        fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    else
        owned->blocks[owned->block_count++] = block;
    return block;
}

void fdm_registry_release(struct fdm_registry_owned *owned)
{
    for (size_t i = 0; i < owned->block_count; i++)
        free(owned->blocks[i]);
    for (size_t i = 0; i < owned->document_count; i++)
        fdm_json_free(owned->documents[i]);
    free(owned->blocks);
    free(owned->documents);
    free(owned->boards);
    free(owned->datasets);
    free(owned->models);
    free(owned->cards);
    memset(owned, 0, sizeof *owned);
}

/* ---- Typing errors --------------------------------------------------------------------------- */

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance (insert, delete, replace, swap neighbours), case ignored. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NAME_MAX_COMPARED + 1];
    size_t *before = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];
    for (size_t k = 0; k <= b_len; k++)
        above[k] = before[k] = k;
    for (size_t i = 1; i <= a_len; i++) {
        row[0] = i;
        for (size_t k = 1; k <= b_len; k++) {
            int x = tolower((unsigned char)a[i - 1]);
            int y = tolower((unsigned char)b[k - 1]);
            row[k] = smaller(above[k - 1] + (x != y), smaller(above[k], row[k - 1]) + 1);
            if (i > 1 && k > 1 && x == tolower((unsigned char)b[k - 2]) &&
                y == tolower((unsigned char)a[i - 2]))
                row[k] = smaller(row[k], before[k - 2] + 1);
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b_len];
}

static bool looks_like(const char *name, const char *known)
{
    size_t name_len = strlen(name);
    size_t known_len = strlen(known);
    if (name_len > NAME_MAX_COMPARED || known_len > NAME_MAX_COMPARED)
        return false;
    size_t limit = 2;
    if (known_len < 4)
        limit = 0;
    else if (known_len < 8)
        limit = 1;
    return distance(name, name_len, known, known_len) <= limit;
}

static const char *find_known(const char *name, const char *const *known)
{
    for (; *known != NULL; known++)
        if (strcmp(name, *known) == 0)
            return *known;
    return NULL;
}

static bool repeated(const struct fdm_json *member)
{
    const struct fdm_json *later = fdm_json_next(member);
    while (later != NULL && strcmp(fdm_json_name(later), fdm_json_name(member)) != 0)
        later = fdm_json_next(later);
    return later != NULL;
}

enum fdm_status fdm_entry_check_members(const struct fdm_json *object, const char *const *known,
                                        struct fdm_error *err)
{
    if (!fdm_json_is_object(object))
        return fdm_fail(err, FDM_ERR_FORMAT, "expected an object");
    for (const struct fdm_json *m = fdm_json_first(object); m != NULL; m = fdm_json_next(m)) {
        const char *name = fdm_json_name(m);
        if (find_known(name, known) != NULL) {
            if (repeated(m))
                return fdm_fail(err, FDM_ERR_FORMAT, "%s: stands there twice", name);
            continue;
        }
        for (size_t i = 0; known[i] != NULL; i++)
            if (looks_like(name, known[i]))
                return fdm_fail(err, FDM_ERR_FORMAT, "%s: unknown; is %s meant?", name, known[i]);
    }
    return FDM_OK;
}

/* ---- Values ---------------------------------------------------------------------------------- */

static bool is_absent(const struct fdm_json *object, const char *name)
{
    const struct fdm_json *value = fdm_json_member(object, name);
    return value == NULL || fdm_json_is_null(value);
}

static enum fdm_status check_text(const char *text, const char *name, size_t max,
                                  struct fdm_error *err)
{
    size_t len = strlen(text);
    if (len < 1 || len > max)
        return fdm_fail(err, FDM_ERR_FORMAT, "%s: expected 1 to %zu bytes of text", name, max);
    for (size_t i = 0; i < len; i++)
        if (iscntrl((unsigned char)text[i]))
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: holds a control character", name);
    return FDM_OK;
}

enum fdm_status fdm_entry_text(const struct fdm_json *object, const char *name, size_t max,
                               const char **out, struct fdm_error *err)
{
    enum fdm_status status = fdm_json_get_string(object, name, out, err);
    return status == FDM_OK ? check_text(*out, name, max, err) : status;
}

enum fdm_status fdm_entry_opt_text(const struct fdm_json *object, const char *name, size_t max,
                                   const char **out, struct fdm_error *err)
{
    *out = NULL;
    return is_absent(object, name) ? FDM_OK : fdm_entry_text(object, name, max, out, err);
}

static bool is_id(const char *text, unsigned slashes)
{
    static const char begin[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    bool at_begin = true;
    for (; *text != '\0'; text++) {
        bool safe = strchr(begin, *text) != NULL || (!at_begin && strchr("._-", *text) != NULL);
        bool part = *text == '/' && !at_begin && slashes > 0;
        if (!safe && !part)
            return false;
        slashes -= part;
        at_begin = part;
    }
    return !at_begin;
}

enum fdm_status fdm_entry_id(const struct fdm_json *object, const char *name, unsigned slashes,
                             size_t max, const char **out, struct fdm_error *err)
{
    enum fdm_status status = fdm_entry_text(object, name, max, out, err);
    if (status == FDM_OK && !is_id(*out, slashes))
        status = fdm_fail(err, FDM_ERR_FORMAT,
                          "%s: '%s' should be letters, digits, '.', '_' and '-'%s, beginning with "
                          "a letter or digit",
                          name, *out, slashes > 0 ? " parted by one '/'" : "");
    return status;
}

enum fdm_status fdm_entry_sha256(const struct fdm_json *object, const char *name, const char **out,
                                 struct fdm_error *err)
{
    enum fdm_status status = fdm_json_get_string(object, name, out, err);
    if (status == FDM_OK && (strlen(*out) != 64 || strspn(*out, "0123456789abcdef") != 64))
        status =
            fdm_fail(err, FDM_ERR_FORMAT, "%s: expected 64 lower-case hexadecimal digits", name);
    return status;
}

enum fdm_status fdm_entry_opt_sha256(const struct fdm_json *object, const char *name,
                                     const char **out, struct fdm_error *err)
{
    *out = NULL;
    return is_absent(object, name) ? FDM_OK : fdm_entry_sha256(object, name, out, err);
}

enum fdm_status fdm_entry_opt_uint(const struct fdm_json *object, const char *name, uint64_t max,
                                   uint64_t *out, struct fdm_error *err)
{
    *out = 0;
    return is_absent(object, name) ? FDM_OK : fdm_json_get_uint(object, name, 1, max, out, err);
}

enum fdm_status fdm_entry_word(const struct fdm_json *object, const char *name,
                               const char *const *words, size_t *index, struct fdm_error *err)
{
    const char *text;
    enum fdm_status status = fdm_json_get_string(object, name, &text, err);
    if (status != FDM_OK)
        return status;
    for (*index = 0; words[*index] != NULL; ++*index)
        if (strcmp(words[*index], text) == 0)
            return FDM_OK;
    struct fdm_buf list;
    fdm_buf_init(&list);
    for (size_t i = 0; words[i] != NULL; i++)
        fdm_buf_printf(&list, "%s%s", i > 0 ? ", " : "", words[i]);
    fdm_fail(err, FDM_ERR_FORMAT, "%s: '%.60s' is none of %s", name, text,
             list.data != NULL ? list.data : "the known words");
    fdm_buf_release(&list);
    return FDM_ERR_FORMAT;
}

enum fdm_status fdm_entry_opt_array(const struct fdm_json *object, const char *name,
                                    const struct fdm_json **out, struct fdm_error *err)
{
    *out = NULL;
    return is_absent(object, name) ? FDM_OK : fdm_json_get_array(object, name, out, err);
}

enum fdm_status fdm_entry_opt_texts(struct fdm_registry_owned *owned, const struct fdm_json *object,
                                    const char *name, size_t max, const char *const **out,
                                    size_t *count, struct fdm_error *err)
{
    const struct fdm_json *array;
    *out = NULL;
    *count = 0;
    enum fdm_status status = fdm_entry_opt_array(object, name, &array, err);
    if (status != FDM_OK || array == NULL)
        return status;
    size_t n = 0;
    const char **texts = fdm_registry_alloc(owned, fdm_json_length(array), sizeof *texts, err);
    if (texts == NULL)
        return FDM_ERR_MEMORY;
    const struct fdm_json *item = fdm_json_first(array);
    for (; status == FDM_OK && item != NULL; item = fdm_json_next(item)) {
        texts[n] = fdm_json_text(item);
        if (texts[n] == NULL)
            return fdm_fail(err, FDM_ERR_FORMAT, "%s[%zu]: expected a string", name, n);
        status = check_text(texts[n++], name, max, err);
    }
    *out = texts;
    *count = n;
    return status;
}
