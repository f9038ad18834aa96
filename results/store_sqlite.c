#include "results/sql.h"

#include <errno.h>
#include <math.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"

#define BUSY_TIMEOUT_MS 10000
#define WAL_RETRY_MS 50
#define TEXT_BYTES_MAX (16 << 20) /* more than any value or statement of ours */

struct fdm_sql {
    sqlite3 *db;
    char *name;
};

struct fdm_sql_query {
    struct fdm_sql *sql;
    sqlite3_stmt *statement;
    int bound;              /* parameters bound so far */
    int read;               /* columns read so far */
    int bind_result;        /* first failure */
    const char *bad_column; /* first wrong value, in the statement's memory */
};

/* ---- Errors ---------------------------------------------------------------------------------- */

static enum fdm_status sql_fail(struct fdm_sql *sql, int result, struct fdm_error *err)
{
    static const struct {
        int code;
        enum fdm_status status;
        const char *advice;
    } rows[] = {
        {SQLITE_FULL, FDM_ERR_IO,
         "make room, then give the same command again: it goes on where it stopped"},
        {SQLITE_IOERR, FDM_ERR_IO,
         "look after the disk, then give the same command again: it goes on where it stopped"},
        {SQLITE_READONLY, FDM_ERR_IO, "allow writing to the file and its folder, or name another"},
        {SQLITE_PERM, FDM_ERR_IO, "allow access to the file and its folder, or name another"},
        {SQLITE_CANTOPEN, FDM_ERR_IO, "allow access to the file and its folder, or name another"},
        {SQLITE_BUSY, FDM_ERR_BUSY, "another program holds it: wait for that one to end"},
        {SQLITE_LOCKED, FDM_ERR_BUSY, "another program holds it: wait for that one to end"},
        {SQLITE_PROTOCOL, FDM_ERR_BUSY, "another program holds it: wait for that one to end"},
        {SQLITE_NOMEM, FDM_ERR_MEMORY, "free memory and try again"},
        {SQLITE_TOOBIG, FDM_ERR_FORMAT, "it is damaged: restore a copy, or name another file"},
        {SQLITE_CORRUPT, FDM_ERR_FORMAT, "it is damaged: restore a copy, or name another file"},
        {SQLITE_NOTADB, FDM_ERR_FORMAT, "name another file"},
        {SQLITE_CONSTRAINT, FDM_ERR_USAGE, "the record contradicts those stored"},
    };
    const char *cause = sql->db != NULL ? sqlite3_errmsg(sql->db) : sqlite3_errstr(result);
    int os_error = sql->db != NULL ? sqlite3_system_errno(sql->db) : 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if ((result & 0xff) != rows[i].code)
            continue;
        /* ENOENT comes from SQLite's second try, to open for reading what it could not create. */
        if (rows[i].status == FDM_ERR_IO && os_error != 0 && os_error != ENOENT)
            cause = strerror(os_error);
        return fdm_fail(err, rows[i].status, "%s: %s (%s)", sql->name, cause, rows[i].advice);
    }
    return fdm_fail(err, FDM_ERR_FORMAT, "%s: %s (it is damaged: restore a copy, or name another)",
                    sql->name, cause);
}

static enum fdm_status value_fail(const struct fdm_sql *sql, const char *column,
                                  struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_FORMAT,
                    "%s: a stored value of '%s' is of the wrong type or out of range (the file is "
                    "damaged: restore a copy, or name another)",
                    sql->name, column);
}

/* ---- Connections ----------------------------------------------------------------------------- */

/* SQLite gives ":memory:" and, where so configured, "file:…" a meaning of its own. */
static char *plain_path(const char *path, enum fdm_sql_access access)
{
    static const char kept[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789/._-";
    struct fdm_buf out;
    fdm_buf_init(&out);
    if (access == FDM_SQL_IMMUTABLE)
        fdm_buf_puts(&out, "file:");
    if (path[0] != '/')
        fdm_buf_puts(&out, "./");
    for (const char *at = path; *at != '\0'; at++) {
        if (access != FDM_SQL_IMMUTABLE || strchr(kept, *at) != NULL)
            fdm_buf_append(&out, at, 1);
        else
            fdm_buf_printf(&out, "%%%02x", (unsigned)(unsigned char)*at);
    }
    if (access == FDM_SQL_IMMUTABLE)
        fdm_buf_puts(&out, "?immutable=1");
    if (out.failed)
        fdm_buf_release(&out);
    return out.data;
}

static enum fdm_status configure(struct fdm_sql *sql, struct fdm_error *err)
{
    sqlite3_extended_result_codes(sql->db, 1);
    sqlite3_busy_timeout(sql->db, BUSY_TIMEOUT_MS);
    sqlite3_limit(sql->db, SQLITE_LIMIT_LENGTH, TEXT_BYTES_MAX);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int *)NULL);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, (int *)NULL);
    sqlite3_db_config(sql->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, (int *)NULL);
    return fdm_sql_exec(sql,
                        "PRAGMA foreign_keys = ON;"
                        "PRAGMA synchronous = FULL;"
                        "PRAGMA cell_size_check = ON;",
                        err);
}

enum fdm_status fdm_sql_open(const char *path, enum fdm_sql_access access, struct fdm_sql **out,
                             struct fdm_error *err)
{
    static const int flags[] = {
        [FDM_SQL_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
        [FDM_SQL_EXISTING] = SQLITE_OPEN_READWRITE,
        [FDM_SQL_IMMUTABLE] = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
    };
    enum fdm_status status = FDM_OK;
    *out = NULL;
    struct fdm_sql *sql = calloc(1, sizeof *sql);
    char *plain = plain_path(path, access);
    if (sql == NULL || plain == NULL || (sql->name = strdup(path)) == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "%s: out of memory", path);
        goto done;
    }
    int result = sqlite3_open_v2(plain, &sql->db, flags[access], NULL);
    if (result != SQLITE_OK) {
        status = sql_fail(sql, result, err);
        goto done;
    }
    status = configure(sql, err);
    if (status != FDM_OK)
        goto done;
    *out = sql;
    sql = NULL;
done:
    fdm_sql_close(sql);
    free(plain);
    return status;
}

void fdm_sql_close(struct fdm_sql *sql)
{
    if (sql == NULL)
        return;
    sqlite3_close(sql->db);
    free(sql->name);
    free(sql);
}

const char *fdm_sql_name(const struct fdm_sql *sql)
{
    return sql->name;
}

const char *fdm_sql_file(const struct fdm_sql *sql)
{
    return sqlite3_db_filename(sql->db, "main");
}

/* ---- Statements ------------------------------------------------------------------------------ */

enum fdm_status fdm_sql_exec(struct fdm_sql *sql, const char *text, struct fdm_error *err)
{
    int result = sqlite3_exec(sql->db, text, NULL, NULL, NULL);
    return result == SQLITE_OK ? FDM_OK : sql_fail(sql, result, err);
}

enum fdm_status fdm_sql_get_int(struct fdm_sql *sql, const char *text, int64_t *out,
                                struct fdm_error *err)
{
    struct fdm_sql_query *query;
    bool row = false;
    *out = 0;
    enum fdm_status status = fdm_sql_prepare(sql, text, &query, err);
    if (query == NULL)
        return status;
    status = fdm_sql_step(query, &row, err);
    if (status == FDM_OK && row) {
        *out = fdm_sql_read_int(query, INT64_MIN, INT64_MAX);
        status = fdm_sql_row_check(query, err);
    }
    fdm_sql_finish(query);
    return status;
}

enum fdm_status fdm_sql_use_wal(struct fdm_sql *sql, struct fdm_error *err)
{
    /* SQLite does not wait for a lock here by itself. */
    sqlite3_stmt *statement = NULL;
    int result = SQLITE_BUSY;
    bool wal = false;
    for (int waited = 0; waited < BUSY_TIMEOUT_MS; waited += WAL_RETRY_MS) {
        result = sqlite3_prepare_v2(sql->db, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
        if (result == SQLITE_OK)
            result = sqlite3_step(statement);
        if (result == SQLITE_ROW) {
            const char *mode = (const char *)sqlite3_column_text(statement, 0);
            wal = mode != NULL && strcmp(mode, "wal") == 0;
        }
        sqlite3_finalize(statement);
        statement = NULL;
        if ((result & 0xff) != SQLITE_BUSY)
            break;
        sqlite3_sleep(WAL_RETRY_MS);
    }
    if (result != SQLITE_ROW)
        return sql_fail(sql, result, err);
    if (!wal)
        return fdm_fail(err, FDM_ERR_IO,
                        "%s: this file system allows no write-ahead log (name a file on a local "
                        "disk)",
                        sql->name);
    return FDM_OK;
}

enum fdm_status fdm_sql_begin(struct fdm_sql *sql, struct fdm_error *err)
{
    return fdm_sql_exec(sql, "BEGIN IMMEDIATE", err);
}

enum fdm_status fdm_sql_end(struct fdm_sql *sql, enum fdm_status status, struct fdm_error *err)
{
    if (status == FDM_OK)
        status = fdm_sql_exec(sql, "COMMIT", err);
    /* After some errors SQLite has rolled back already. */
    if (status != FDM_OK && sqlite3_get_autocommit(sql->db) == 0)
        fdm_sql_exec(sql, "ROLLBACK", NULL);
    return status;
}

int64_t fdm_sql_inserted_id(struct fdm_sql *sql)
{
    return sqlite3_last_insert_rowid(sql->db);
}

enum fdm_status fdm_sql_prepare(struct fdm_sql *sql, const char *text, struct fdm_sql_query **out,
                                struct fdm_error *err)
{
    *out = NULL;
    struct fdm_sql_query *query = calloc(1, sizeof *query);
    if (query == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "%s: out of memory", sql->name);
    int result = sqlite3_prepare_v2(sql->db, text, -1, &query->statement, NULL);
    if (result != SQLITE_OK) {
        free(query);
        return sql_fail(sql, result, err);
    }
    query->sql = sql;
    *out = query;
    return FDM_OK;
}

void fdm_sql_finish(struct fdm_sql_query *query)
{
    if (query == NULL)
        return;
    sqlite3_finalize(query->statement);
    free(query);
}

/* ---- Parameters ------------------------------------------------------------------------------ */

static void bound(struct fdm_sql_query *query, int result)
{
    if (query->bind_result == SQLITE_OK)
        query->bind_result = result;
}

void fdm_sql_bind_int(struct fdm_sql_query *query, int64_t value)
{
    bound(query, sqlite3_bind_int64(query->statement, ++query->bound, value));
}

void fdm_sql_bind_real(struct fdm_sql_query *query, double value)
{
    bound(query, sqlite3_bind_double(query->statement, ++query->bound, value));
}

void fdm_sql_bind_text(struct fdm_sql_query *query, const char *text)
{
    bound(query, sqlite3_bind_text(query->statement, ++query->bound, text, -1, SQLITE_STATIC));
}

enum fdm_status fdm_sql_step(struct fdm_sql_query *query, bool *row, struct fdm_error *err)
{
    query->read = 0;
    query->bad_column = NULL;
    if (row != NULL)
        *row = false;
    if (query->bind_result != SQLITE_OK)
        return sql_fail(query->sql, query->bind_result, err);
    int result = sqlite3_step(query->statement);
    if (result != SQLITE_ROW && result != SQLITE_DONE)
        return sql_fail(query->sql, result, err);
    if (row != NULL)
        *row = result == SQLITE_ROW;
    return FDM_OK;
}

enum fdm_status fdm_sql_run(struct fdm_sql_query *query, struct fdm_error *err)
{
    enum fdm_status status = fdm_sql_step(query, NULL, err);
    fdm_sql_finish(query);
    return status;
}

void fdm_sql_reset(struct fdm_sql_query *query)
{
    sqlite3_reset(query->statement);
    query->bound = 0;
    query->read = 0;
    query->bind_result = SQLITE_OK;
    query->bad_column = NULL;
}

/* ---- Rows ------------------------------------------------------------------------------------ */

void fdm_sql_row_fail(struct fdm_sql_query *query)
{
    if (query->bad_column == NULL)
        query->bad_column = sqlite3_column_name(query->statement, query->read - 1);
    if (query->bad_column == NULL)
        query->bad_column = "?";
}

int64_t fdm_sql_read_int(struct fdm_sql_query *query, int64_t min, int64_t max)
{
    int column = query->read++;
    int64_t value = sqlite3_column_int64(query->statement, column);
    if (sqlite3_column_type(query->statement, column) == SQLITE_INTEGER && value >= min &&
        value <= max)
        return value;
    fdm_sql_row_fail(query);
    return min;
}

uint32_t fdm_sql_read_u32(struct fdm_sql_query *query, uint32_t max)
{
    return (uint32_t)fdm_sql_read_int(query, 0, max);
}

bool fdm_sql_read_bool(struct fdm_sql_query *query)
{
    return fdm_sql_read_int(query, 0, 1) != 0;
}

double fdm_sql_read_real(struct fdm_sql_query *query)
{
    int column = query->read++;
    double value = sqlite3_column_double(query->statement, column);
    if (sqlite3_column_type(query->statement, column) == SQLITE_FLOAT && isfinite(value))
        return value;
    fdm_sql_row_fail(query);
    return 0.0;
}

const char *fdm_sql_read_string(struct fdm_sql_query *query)
{
    int column = query->read++;
    if (sqlite3_column_type(query->statement, column) == SQLITE_TEXT) {
        const char *text = (const char *)sqlite3_column_text(query->statement, column);
        int bytes = sqlite3_column_bytes(query->statement, column);
        if (text != NULL && bytes >= 0 && strlen(text) == (size_t)bytes)
            return text;
    }
    fdm_sql_row_fail(query);
    return "";
}

void fdm_sql_read_text(struct fdm_sql_query *query, char *out, size_t size)
{
    const char *text = fdm_sql_read_string(query);
    size_t len = strlen(text);
    if (len >= size) {
        fdm_sql_row_fail(query);
        len = 0;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

enum fdm_status fdm_sql_row_check(struct fdm_sql_query *query, struct fdm_error *err)
{
    return query->bad_column == NULL ? FDM_OK : value_fail(query->sql, query->bad_column, err);
}
