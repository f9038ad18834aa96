/* SQLite behind a few calls, for the store's own files only.
 *
 * A query is prepared, bound, stepped and finished. Bind and read calls go from the first
 * parameter or column to the next by themselves, so their order is the SQL text's. Their failures
 * are kept in the query and come out of the next fdm_sql_step() or fdm_sql_row_check(): readers
 * fetch a whole row and check once. Bound texts must live until the query is reset or finished. */
#ifndef FDM_RESULTS_SQL_H
#define FDM_RESULTS_SQL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"

struct fdm_sql;
struct fdm_sql_query;

enum fdm_sql_access {
    FDM_SQL_CREATE,   /* made if absent */
    FDM_SQL_EXISTING, /* FDM_ERR_NOT_FOUND if absent */
    FDM_SQL_IMMUTABLE /* on a medium where nothing can be written, and nobody else writes */
};

/* Foreign keys are enforced, commits are synced, other writers are waited for ten seconds, and the
 * schema in the file is not trusted to call functions. Does not look at the file's content. */
enum fdm_status fdm_sql_open(const char *path, enum fdm_sql_access access, struct fdm_sql **out,
                             struct fdm_error *err);
void fdm_sql_close(struct fdm_sql *sql);
/* The file as named in messages, and its absolute name without symbolic links. */
const char *fdm_sql_name(const struct fdm_sql *sql);
const char *fdm_sql_file(const struct fdm_sql *sql);

/* Statements without parameters and results. */
enum fdm_status fdm_sql_exec(struct fdm_sql *sql, const char *text, struct fdm_error *err);
/* The whole number that a query without parameters yields in its first column. */
enum fdm_status fdm_sql_get_int(struct fdm_sql *sql, const char *text, int64_t *out,
                                struct fdm_error *err);
/* Switches to the write-ahead log, waiting for others that do the same. FDM_ERR_IO where the file
 * system does not allow one. */
enum fdm_status fdm_sql_use_wal(struct fdm_sql *sql, struct fdm_error *err);

/* A writing transaction. fdm_sql_end() commits if `status` is FDM_OK and else rolls back; it
 * returns `status`, or why the commit failed (then nothing is stored). */
enum fdm_status fdm_sql_begin(struct fdm_sql *sql, struct fdm_error *err);
enum fdm_status fdm_sql_end(struct fdm_sql *sql, enum fdm_status status, struct fdm_error *err);
int64_t fdm_sql_inserted_id(struct fdm_sql *sql);

enum fdm_status fdm_sql_prepare(struct fdm_sql *sql, const char *text, struct fdm_sql_query **out,
                                struct fdm_error *err);
void fdm_sql_finish(struct fdm_sql_query *query); /* NULL is allowed */

void fdm_sql_bind_int(struct fdm_sql_query *query, int64_t value);
void fdm_sql_bind_real(struct fdm_sql_query *query, double value);
/* NULL binds SQL's NULL. */
void fdm_sql_bind_text(struct fdm_sql_query *query, const char *text);
/* The next row, or `*row` false after the last one. `row` may be NULL for statements that yield
 * none. */
enum fdm_status fdm_sql_step(struct fdm_sql_query *query, bool *row, struct fdm_error *err);
/* fdm_sql_step() for the last time and fdm_sql_finish(): for statements that yield no rows. */
enum fdm_status fdm_sql_run(struct fdm_sql_query *query, struct fdm_error *err);
/* Ready to be bound and stepped again. */
void fdm_sql_reset(struct fdm_sql_query *query);

/* Values of the wrong type or out of range read as `min`, 0 or "". */
int64_t fdm_sql_read_int(struct fdm_sql_query *query, int64_t min, int64_t max);
uint32_t fdm_sql_read_u32(struct fdm_sql_query *query, uint32_t max);
bool fdm_sql_read_bool(struct fdm_sql_query *query);
double fdm_sql_read_real(struct fdm_sql_query *query); /* finite */
void fdm_sql_read_text(struct fdm_sql_query *query, char *out, size_t size);
/* Lives until the next step, reset or finish. */
const char *fdm_sql_read_string(struct fdm_sql_query *query);
/* Notes that the column read last holds a value that means nothing. */
void fdm_sql_row_fail(struct fdm_sql_query *query);
/* FDM_ERR_FORMAT, naming the column, if any value of the row was wrong. */
enum fdm_status fdm_sql_row_check(struct fdm_sql_query *query, struct fdm_error *err);

#endif
