#include "results/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "results/migrations.h"
#include "results/session_lock.h"
#include "results/store_impl.h"

#define GROW_FIRST 64

/* ---- Opening --------------------------------------------------------------------------------- */

/* Version 0 is an empty file. To be called within a transaction: another process may be creating
 * the very same file. */
static enum fdm_status read_version(struct fdm_sql *sql, int64_t *version, struct fdm_error *err)
{
    int64_t application = 0;
    int64_t objects = 0;
    enum fdm_status status = fdm_sql_get_int(sql, "PRAGMA application_id", &application, err);
    if (status == FDM_OK)
        status = fdm_sql_get_int(sql, "PRAGMA user_version", version, err);
    if (status == FDM_OK)
        status = fdm_sql_get_int(sql, "SELECT count(*) FROM sqlite_master", &objects, err);
    if (status != FDM_OK)
        return status;
    if (application == 0 && *version == 0 && objects == 0)
        return FDM_OK;
    if (application != FDM_STORE_APPLICATION_ID)
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "%s: the database of another program; name another file",
                        fdm_sql_name(sql));
    if (*version > FDM_STORE_SCHEMA_VERSION)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                        "%s: written by a newer version of this program (schema %" PRId64
                        ", this one knows %d); update the program or name another file",
                        fdm_sql_name(sql), *version, FDM_STORE_SCHEMA_VERSION);
    if (*version < 1)
        return fdm_fail(err, FDM_ERR_FORMAT, "%s: impossible schema version %" PRId64,
                        fdm_sql_name(sql), *version);
    return FDM_OK;
}

static enum fdm_status check_version(struct fdm_sql *sql, int64_t *version, struct fdm_error *err)
{
    enum fdm_status status = fdm_sql_exec(sql, "BEGIN", err);
    return status == FDM_OK ? fdm_sql_end(sql, read_version(sql, version, err), err) : status;
}

static enum fdm_status apply(struct fdm_sql *sql, int64_t version, struct fdm_error *err)
{
    char pragmas[96];
    snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %" PRId64,
             FDM_STORE_APPLICATION_ID, version + 1);
    enum fdm_status status = fdm_sql_exec(sql, fdm_store_migrations[version], err);
    return status == FDM_OK ? fdm_sql_exec(sql, pragmas, err) : status;
}

/* One step per transaction; another process may take it before us. */
static enum fdm_status migrate(struct fdm_sql *sql, struct fdm_error *err)
{
    int64_t version = 0;
    enum fdm_status status = check_version(sql, &version, err);
    if (status == FDM_OK && version < FDM_STORE_SCHEMA_VERSION)
        status = fdm_sql_exec(sql, "PRAGMA foreign_keys = OFF", err);
    while (status == FDM_OK && version < FDM_STORE_SCHEMA_VERSION) {
        status = fdm_sql_begin(sql, err);
        if (status != FDM_OK)
            break;
        status = read_version(sql, &version, err);
        if (status == FDM_OK && version < FDM_STORE_SCHEMA_VERSION)
            status = apply(sql, version++, err);
        status = fdm_sql_end(sql, status, err);
    }
    return status == FDM_OK ? fdm_sql_exec(sql, "PRAGMA foreign_keys = ON", err) : status;
}

static enum fdm_status make_parent(const char *path, struct fdm_error *err)
{
    char *parent = strdup(path);
    if (parent == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "%s: out of memory", path);
    char *slash = strrchr(parent, '/');
    enum fdm_status status = FDM_OK;
    if (slash != NULL && slash != parent) {
        *slash = '\0';
        status = fdm_fs_make_dirs(parent, err);
    }
    free(parent);
    return status;
}

static enum fdm_status open_for_writing(struct fdm_store *store, const char *path,
                                        struct fdm_error *err)
{
    int64_t version = 0;
    enum fdm_status status = make_parent(path, err);
    if (status == FDM_OK)
        status = fdm_sql_open(path, FDM_SQL_CREATE, &store->sql, err);
    /* Before the first write: another program's file stays as it is. */
    if (status == FDM_OK)
        status = check_version(store->sql, &version, err);
    if (status == FDM_OK)
        status = fdm_sql_use_wal(store->sql, err);
    if (status == FDM_OK)
        status = migrate(store->sql, err);
    if (status == FDM_OK)
        status = fdm_session_lock_open(fdm_sql_file(store->sql), &store->lock_fd, err);
    store->writable = true;
    return status;
}

/* A log that is still to be merged must not be ignored. */
static bool has_log(const char *path)
{
    struct fdm_buf log;
    fdm_buf_init(&log);
    fdm_buf_printf(&log, "%s-wal", path);
    bool found = log.failed || fdm_fs_is_file(log.data);
    fdm_buf_release(&log);
    return found;
}

static enum fdm_status open_for_reading(struct fdm_store *store, const char *path,
                                        struct fdm_error *err)
{
    int64_t version = 0;
    if (!fdm_fs_is_file(path))
        return fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: %s", path,
                        fdm_fs_is_dir(path) ? "a folder, not a file of results"
                                            : "no such file of results");
    struct fdm_error first = FDM_ERROR_INIT;
    enum fdm_status status = fdm_sql_open(path, FDM_SQL_EXISTING, &store->sql, &first);
    if (status == FDM_OK)
        status = check_version(store->sql, &version, &first);
    if (status == FDM_ERR_IO && !has_log(path)) {
        /* Nothing can be written there; SQLite needs to be told, or it asks for its side files. */
        fdm_sql_close(store->sql);
        status = fdm_sql_open(path, FDM_SQL_IMMUTABLE, &store->sql, err);
        if (status == FDM_OK)
            status = check_version(store->sql, &version, err);
    } else if (status != FDM_OK) {
        return fdm_fail(err, status, "%s", first.message);
    }
    if (status == FDM_OK && version == 0)
        status = fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: holds no results", path);
    if (status == FDM_OK)
        status = migrate(store->sql, err);
    if (status == FDM_OK)
        status = fdm_sql_exec(store->sql, "PRAGMA query_only = ON", err);
    return status;
}

enum fdm_status fdm_store_open(const char *path, enum fdm_store_mode mode, struct fdm_store **out,
                               struct fdm_error *err)
{
    *out = NULL;
    struct fdm_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "%s: out of memory", path);
    store->lock_fd = -1;
    enum fdm_status status = mode == FDM_STORE_WRITE ? open_for_writing(store, path, err)
                                                     : open_for_reading(store, path, err);
    if (status != FDM_OK) {
        fdm_store_close(store);
        return status;
    }
    *out = store;
    return FDM_OK;
}

void fdm_store_close(struct fdm_store *store)
{
    if (store == NULL)
        return;
    fdm_sql_close(store->sql);
    if (store->lock_fd >= 0)
        close(store->lock_fd);
    free(store->held);
    free(store);
}

/* ---- Shared ---------------------------------------------------------------------------------- */

enum fdm_status fdm_store_begin(struct fdm_store *store, struct fdm_error *err)
{
    if (!store->writable)
        return fdm_fail(err, FDM_ERR_USAGE, "%s: opened for reading only",
                        fdm_sql_name(store->sql));
    return fdm_sql_begin(store->sql, err);
}

enum fdm_status fdm_store_require_held(const struct fdm_store *store, int64_t session_id,
                                       struct fdm_error *err)
{
    for (size_t i = 0; i < store->held_count; i++)
        if (store->held[i] == session_id)
            return FDM_OK;
    return fdm_fail(err, FDM_ERR_USAGE,
                    "%s: session %" PRId64 " must be created or resumed before it is written",
                    fdm_sql_name(store->sql), session_id);
}

enum fdm_status fdm_store_check_text(const char *text, size_t size, const char *what,
                                     struct fdm_error *err)
{
    if (memchr(text, '\0', size) != NULL)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_USAGE, "%s: longer than the %zu bytes of a record", what,
                    size - 1);
}

enum fdm_status fdm_store_check_texts(const struct fdm_store_text *texts, size_t count,
                                      struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < count; i++)
        status = fdm_store_check_text(texts[i].text, texts[i].size, texts[i].what, err);
    return status;
}

void *fdm_store_grow(void *items, size_t *capacity, size_t count, size_t item_size,
                     struct fdm_error *err)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity > 0 ? *capacity * 2 : GROW_FIRST;
    void *grown = wanted <= SIZE_MAX / item_size ? realloc(items, wanted * item_size) : NULL;
    if (grown == NULL)
        fdm_fail(err, FDM_ERR_MEMORY, "out of memory for %zu records", wanted);
    else
        *capacity = wanted;
    return grown;
}

enum fdm_status fdm_store_collect(struct fdm_sql_query *query, fdm_store_reader read,
                                  size_t item_size, void **out, size_t *count,
                                  struct fdm_error *err)
{
    char *items = NULL;
    size_t capacity = 0;
    size_t n = 0;
    bool row = false;
    *out = NULL;
    *count = 0;
    enum fdm_status status = fdm_sql_step(query, &row, err);
    while (status == FDM_OK && row) {
        char *grown = fdm_store_grow(items, &capacity, n, item_size, err);
        if (grown == NULL) {
            status = FDM_ERR_MEMORY;
            break;
        }
        items = grown;
        status = read(query, items + n++ * item_size, err);
        if (status == FDM_OK)
            status = fdm_sql_step(query, &row, err);
    }
    fdm_sql_finish(query);
    if (status != FDM_OK) {
        free(items);
        return status;
    }
    *out = items;
    *count = n;
    return FDM_OK;
}

enum fdm_status fdm_store_fetch(struct fdm_sql_query *query, fdm_store_reader read, void *item,
                                bool *found, struct fdm_error *err)
{
    enum fdm_status status = fdm_sql_step(query, found, err);
    if (status == FDM_OK && *found)
        status = read(query, item, err);
    fdm_sql_finish(query);
    if (status != FDM_OK)
        *found = false;
    return status;
}
