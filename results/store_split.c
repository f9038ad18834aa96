#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/hash.h"
#include "results/store_impl.h"

#define SELECT_SPLITS                                                                              \
    "SELECT id, dataset, scheme, seed, total, count, class_count, published, sha256,"              \
    " permutation_sha256, root FROM splits "

static enum fdm_status read_split(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    struct fdm_split_record *out = item;
    memset(out, 0, sizeof *out);
    out->id = fdm_sql_read_int(query, 1, INT64_MAX);
    fdm_sql_read_text(query, out->dataset, sizeof out->dataset);
    fdm_sql_read_text(query, out->scheme, sizeof out->scheme);
    out->seed = fdm_sql_read_u32(query, UINT32_MAX);
    out->total = fdm_sql_read_u32(query, UINT32_MAX);
    out->count = (uint32_t)fdm_sql_read_int(query, 1, FDM_STORE_IMAGES_MAX);
    out->class_count = (uint32_t)fdm_sql_read_int(query, 1, FDM_STORE_CLASSES_MAX);
    out->published = fdm_sql_read_bool(query);
    fdm_sql_read_text(query, out->sha256, sizeof out->sha256);
    fdm_sql_read_text(query, out->permutation_sha256, sizeof out->permutation_sha256);
    fdm_sql_read_text(query, out->root, sizeof out->root);
    return fdm_sql_row_check(query, err);
}

/* ---- Writing --------------------------------------------------------------------------------- */

static enum fdm_status check_texts(const struct fdm_split_record *r, struct fdm_error *err)
{
    const struct fdm_store_text texts[] = {
        FDM_STORE_TEXT(r, dataset), FDM_STORE_TEXT(r, scheme),
        FDM_STORE_TEXT(r, sha256),  FDM_STORE_TEXT(r, permutation_sha256),
        FDM_STORE_TEXT(r, root),
    };
    return fdm_store_check_texts(texts, sizeof texts / sizeof texts[0], err);
}

static enum fdm_status images_sha256(const struct fdm_split_image *images, size_t count,
                                     char hex[FDM_SHA256_HEX_SIZE], struct fdm_error *err)
{
    struct fdm_sha256 *hash;
    struct fdm_buf line;
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        return status;
    fdm_buf_init(&line);
    for (size_t i = 0; i < count && !line.failed; i++) {
        fdm_buf_reset(&line);
        fdm_buf_printf(&line, "%" PRId32 " %s\n", images[i].label, images[i].path);
        fdm_sha256_update(hash, line.data, line.len);
    }
    status = fdm_buf_check(&line, err);
    fdm_sha256_finish(hash, hex);
    fdm_buf_release(&line);
    return status;
}

static enum fdm_status check_images(const struct fdm_split_record *record,
                                    const struct fdm_split_image *images, struct fdm_error *err)
{
    char hex[FDM_SHA256_HEX_SIZE];
    for (uint32_t i = 0; i < record->count; i++) {
        if (images[i].label < 0 || (uint32_t)images[i].label >= record->class_count)
            return fdm_fail(err, FDM_ERR_USAGE,
                            "image %" PRIu32 ": label %" PRId32 " of %" PRIu32 " classes", i,
                            images[i].label, record->class_count);
        if (images[i].path[0] == '\0' || strchr(images[i].path, '\n') != NULL)
            return fdm_fail(err, FDM_ERR_USAGE, "image %" PRIu32 ": name empty or of two lines", i);
    }
    enum fdm_status status = images_sha256(images, record->count, hex, err);
    if (status == FDM_OK && strcmp(hex, record->sha256) != 0)
        status = fdm_fail(err, FDM_ERR_MISMATCH, "split of %s: its images have sha256 %s, not %s",
                          record->dataset, hex, record->sha256);
    return status;
}

static enum fdm_status check_split(const struct fdm_split_record *record,
                                   const char *const *class_names,
                                   const struct fdm_split_image *images, struct fdm_error *err)
{
    enum fdm_status status = check_texts(record, err);
    if (status != FDM_OK)
        return status;
    if (record->count < 1 || record->count > FDM_STORE_IMAGES_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "a split holds 1 to %" PRIu32 " images",
                        FDM_STORE_IMAGES_MAX);
    if (record->class_count < 1 || record->class_count > FDM_STORE_CLASSES_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "a split has 1 to %" PRIu32 " classes",
                        FDM_STORE_CLASSES_MAX);
    for (uint32_t i = 1; i < record->class_count; i++)
        if (strcmp(class_names[i - 1], class_names[i]) >= 0)
            return fdm_fail(err, FDM_ERR_USAGE, "class names are not in byte order at '%s'",
                            class_names[i]);
    return check_images(record, images, err);
}

static enum fdm_status insert_record(struct fdm_store *store, struct fdm_split_record *record,
                                     struct fdm_error *err)
{
    struct fdm_sql_query *query;
    enum fdm_status status = fdm_sql_prepare(
        store->sql,
        "INSERT INTO splits (dataset, scheme, seed, total, count, class_count, published, sha256,"
        " permutation_sha256, root) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_text(query, record->dataset);
    fdm_sql_bind_text(query, record->scheme);
    fdm_sql_bind_int(query, record->seed);
    fdm_sql_bind_int(query, record->total);
    fdm_sql_bind_int(query, record->count);
    fdm_sql_bind_int(query, record->class_count);
    fdm_sql_bind_int(query, record->published);
    fdm_sql_bind_text(query, record->sha256);
    fdm_sql_bind_text(query, record->permutation_sha256);
    fdm_sql_bind_text(query, record->root);
    status = fdm_sql_run(query, err);
    if (status == FDM_OK)
        record->id = fdm_sql_inserted_id(store->sql);
    return status;
}

static enum fdm_status insert_classes(struct fdm_store *store,
                                      const struct fdm_split_record *record,
                                      const char *const *class_names, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    enum fdm_status status = fdm_sql_prepare(
        store->sql, "INSERT INTO split_classes (split_id, label, name) VALUES (?, ?, ?)", &query,
        err);
    for (uint32_t i = 0; status == FDM_OK && i < record->class_count; i++) {
        fdm_sql_reset(query);
        fdm_sql_bind_int(query, record->id);
        fdm_sql_bind_int(query, i);
        fdm_sql_bind_text(query, class_names[i]);
        status = fdm_sql_step(query, NULL, err);
    }
    fdm_sql_finish(query);
    return status;
}

static enum fdm_status insert_images(struct fdm_store *store, const struct fdm_split_record *record,
                                     const struct fdm_split_image *images, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    enum fdm_status status = fdm_sql_prepare(
        store->sql, "INSERT INTO split_images (split_id, image, label, path) VALUES (?, ?, ?, ?)",
        &query, err);
    for (uint32_t i = 0; status == FDM_OK && i < record->count; i++) {
        fdm_sql_reset(query);
        fdm_sql_bind_int(query, record->id);
        fdm_sql_bind_int(query, i);
        fdm_sql_bind_int(query, images[i].label);
        fdm_sql_bind_text(query, images[i].path);
        status = fdm_sql_step(query, NULL, err);
    }
    fdm_sql_finish(query);
    return status;
}

static enum fdm_status find_split(struct fdm_store *store, const char *sha256,
                                  struct fdm_split_record *out, bool *found, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    enum fdm_status status =
        fdm_sql_prepare(store->sql, SELECT_SPLITS "WHERE sha256 = ?", &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_text(query, sha256);
    return fdm_store_fetch(query, read_split, out, found, err);
}

/* The sha256 covers labels and paths; what the labels mean must agree too. */
static enum fdm_status compare_classes(struct fdm_store *store,
                                       const struct fdm_split_record *stored,
                                       const struct fdm_split_record *record,
                                       const char *const *class_names, struct fdm_error *err)
{
    const char **names = NULL;
    size_t count = 0;
    enum fdm_status status = fdm_store_split_classes(store, stored->id, &names, &count, err);
    bool same = status == FDM_OK && count == record->class_count &&
                strcmp(stored->dataset, record->dataset) == 0;
    for (size_t i = 0; same && names != NULL && i < count; i++)
        same = strcmp(names[i], class_names[i]) == 0;
    free(names);
    if (status == FDM_OK && !same)
        status = fdm_fail(err, FDM_ERR_MISMATCH,
                          "%s: the split %.12s is stored with other classes or another data set",
                          fdm_sql_name(store->sql), record->sha256);
    return status;
}

static enum fdm_status put_split(struct fdm_store *store, struct fdm_split_record *record,
                                 const char *const *class_names,
                                 const struct fdm_split_image *images, struct fdm_error *err)
{
    struct fdm_split_record stored;
    bool found = false;
    enum fdm_status status = find_split(store, record->sha256, &stored, &found, err);
    if (status == FDM_OK && found) {
        status = compare_classes(store, &stored, record, class_names, err);
        record->id = stored.id;
        return status;
    }
    if (status == FDM_OK)
        status = insert_record(store, record, err);
    if (status == FDM_OK)
        status = insert_classes(store, record, class_names, err);
    if (status == FDM_OK)
        status = insert_images(store, record, images, err);
    return status;
}

enum fdm_status fdm_store_split_put(struct fdm_store *store, struct fdm_split_record *record,
                                    const char *const *class_names,
                                    const struct fdm_split_image *images, struct fdm_error *err)
{
    record->id = 0;
    enum fdm_status status = check_split(record, class_names, images, err);
    if (status == FDM_OK)
        status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    status = put_split(store, record, class_names, images, err);
    status = fdm_sql_end(store->sql, status, err);
    if (status != FDM_OK)
        record->id = 0;
    return status;
}

/* ---- Reading --------------------------------------------------------------------------------- */

enum fdm_status fdm_store_split_get(struct fdm_store *store, int64_t id,
                                    struct fdm_split_record *out, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    bool found = false;
    memset(out, 0, sizeof *out);
    enum fdm_status status = fdm_sql_prepare(store->sql, SELECT_SPLITS "WHERE id = ?", &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, id);
    status = fdm_store_fetch(query, read_split, out, &found, err);
    if (status == FDM_OK && !found)
        status =
            fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: no split %" PRId64, fdm_sql_name(store->sql), id);
    return status;
}

static enum fdm_status fail_damaged(struct fdm_store *store, int64_t id, const char *what,
                                    struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_FORMAT,
                    "%s: the %s of split %" PRId64 " are not those that were stored (the file is "
                    "damaged: restore a copy)",
                    fdm_sql_name(store->sql), what, id);
}

/* Numbered rows (number, label, text) of a split. Texts are gathered in `texts`, where offsets stay
 * valid while it grows. */
struct numbered {
    struct fdm_buf texts;
    size_t *offsets;
    int32_t *labels;
    size_t capacity;
    size_t label_capacity;
    size_t count;
};

static void release_numbered(struct numbered *rows)
{
    fdm_buf_release(&rows->texts);
    free(rows->offsets);
    free(rows->labels);
}

static enum fdm_status add_numbered(struct numbered *rows, struct fdm_sql_query *query,
                                    uint32_t limit, uint32_t class_count, struct fdm_error *err)
{
    size_t *offsets =
        fdm_store_grow(rows->offsets, &rows->capacity, rows->count, sizeof *offsets, err);
    if (offsets == NULL)
        return FDM_ERR_MEMORY;
    rows->offsets = offsets;
    int32_t *labels =
        fdm_store_grow(rows->labels, &rows->label_capacity, rows->count, sizeof *labels, err);
    if (labels == NULL)
        return FDM_ERR_MEMORY;
    rows->labels = labels;
    if (rows->count >= limit)
        fdm_sql_row_fail(query);
    fdm_sql_read_int(query, (int64_t)rows->count, (int64_t)rows->count);
    labels[rows->count] = (int32_t)fdm_sql_read_int(query, 0, (int64_t)class_count - 1);
    const char *text = fdm_sql_read_string(query);
    offsets[rows->count++] = rows->texts.len;
    fdm_buf_append(&rows->texts, text, strlen(text) + 1);
    enum fdm_status status = fdm_sql_row_check(query, err);
    return status == FDM_OK ? fdm_buf_check(&rows->texts, err) : status;
}

/* Reads exactly `expected` rows, numbered from 0. */
static enum fdm_status read_numbered(struct fdm_store *store, const char *text, int64_t id,
                                     uint32_t expected, uint32_t class_count, const char *what,
                                     struct numbered *rows, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    bool row = false;
    memset(rows, 0, sizeof *rows);
    fdm_buf_init(&rows->texts);
    enum fdm_status status = fdm_sql_prepare(store->sql, text, &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, id);
    status = fdm_sql_step(query, &row, err);
    while (status == FDM_OK && row) {
        status = add_numbered(rows, query, expected, class_count, err);
        if (status == FDM_OK)
            status = fdm_sql_step(query, &row, err);
    }
    fdm_sql_finish(query);
    if (status == FDM_OK && rows->count != expected)
        status = fail_damaged(store, id, what, err);
    return status;
}

/* One block of pointers and the texts behind them; NULL when out of memory. */
static const char **pack_names(const struct numbered *rows)
{
    const char **names = malloc(rows->count * sizeof *names + rows->texts.len);
    if (names == NULL)
        return NULL;
    char *texts = (char *)(names + rows->count);
    memcpy(texts, rows->texts.data, rows->texts.len);
    for (size_t i = 0; i < rows->count; i++)
        names[i] = texts + rows->offsets[i];
    return names;
}

enum fdm_status fdm_store_split_classes(struct fdm_store *store, int64_t id, const char ***out,
                                        size_t *count, struct fdm_error *err)
{
    struct fdm_split_record split;
    struct numbered rows;
    *out = NULL;
    *count = 0;
    enum fdm_status status = fdm_store_split_get(store, id, &split, err);
    if (status != FDM_OK)
        return status;
    status = read_numbered(
        store,
        "SELECT label, label AS again, name FROM split_classes WHERE split_id = ? ORDER BY label",
        id, split.class_count, split.class_count, "classes", &rows, err);
    if (status == FDM_OK) {
        *out = pack_names(&rows);
        *count = *out != NULL ? rows.count : 0;
        if (*out == NULL)
            status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    release_numbered(&rows);
    return status;
}

static struct fdm_split_image *pack_images(const struct numbered *rows)
{
    struct fdm_split_image *images = malloc(rows->count * sizeof *images + rows->texts.len);
    if (images == NULL)
        return NULL;
    char *texts = (char *)(images + rows->count);
    memcpy(texts, rows->texts.data, rows->texts.len);
    for (size_t i = 0; i < rows->count; i++) {
        images[i].path = texts + rows->offsets[i];
        images[i].label = rows->labels[i];
    }
    return images;
}

enum fdm_status fdm_store_split_images(struct fdm_store *store, int64_t id,
                                       struct fdm_split_image **out, size_t *count,
                                       struct fdm_error *err)
{
    struct fdm_split_record split;
    struct numbered rows;
    struct fdm_split_image *images = NULL;
    char hex[FDM_SHA256_HEX_SIZE];
    *out = NULL;
    *count = 0;
    enum fdm_status status = fdm_store_split_get(store, id, &split, err);
    if (status != FDM_OK)
        return status;
    status = read_numbered(
        store, "SELECT image, label, path FROM split_images WHERE split_id = ? ORDER BY image", id,
        split.count, split.class_count, "images", &rows, err);
    if (status != FDM_OK)
        goto done;
    images = pack_images(&rows);
    if (images == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        goto done;
    }
    status = images_sha256(images, rows.count, hex, err);
    if (status == FDM_OK && strcmp(hex, split.sha256) != 0)
        status = fail_damaged(store, id, "images", err);
    if (status == FDM_OK) {
        *out = images;
        *count = rows.count;
        images = NULL;
    }
done:
    free(images);
    release_numbered(&rows);
    return status;
}
