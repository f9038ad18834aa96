#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "results/session_lock.h"
#include "results/store_impl.h"

#define SELECT_SESSIONS                                                                            \
    "SELECT id, state, plan_sha256, started, finished, command, tool_version, compiler, host, "    \
    "cpu, threads, resumptions,"                                                                   \
    " (SELECT count(*) FROM cases WHERE session_id = sessions.id) AS case_count,"                  \
    " (SELECT count(*) FROM cases WHERE session_id = sessions.id AND state = 'complete')"          \
    " AS complete_count FROM sessions "

static enum fdm_status read_session(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    struct fdm_session_record *out = item;
    memset(out, 0, sizeof *out);
    out->id = fdm_sql_read_int(query, 1, INT64_MAX);
    if (!fdm_session_state_parse(fdm_sql_read_string(query), &out->state))
        fdm_sql_row_fail(query);
    fdm_sql_read_text(query, out->plan_sha256, sizeof out->plan_sha256);
    fdm_sql_read_text(query, out->started, sizeof out->started);
    fdm_sql_read_text(query, out->finished, sizeof out->finished);
    fdm_sql_read_text(query, out->command, sizeof out->command);
    fdm_sql_read_text(query, out->tool_version, sizeof out->tool_version);
    fdm_sql_read_text(query, out->compiler, sizeof out->compiler);
    fdm_sql_read_text(query, out->host, sizeof out->host);
    fdm_sql_read_text(query, out->cpu, sizeof out->cpu);
    out->threads = fdm_sql_read_u32(query, UINT32_MAX);
    out->resumptions = fdm_sql_read_u32(query, UINT32_MAX);
    out->case_count = fdm_sql_read_u32(query, UINT32_MAX);
    out->complete_count = fdm_sql_read_u32(query, UINT32_MAX);
    return fdm_sql_row_check(query, err);
}

/* ---- Ownership ------------------------------------------------------------------------------- */

static void owner_text(char *out, size_t size)
{
    struct utsname system;
    const char *node = uname(&system) == 0 ? system.nodename : "?";
    snprintf(out, size, "process %ld on %.100s", (long)getpid(), node);
}

static enum fdm_status fail_owned(struct fdm_store *store, int64_t id, struct fdm_error *err)
{
    struct fdm_sql_query *query = NULL;
    char owner[FDM_RECORD_NAME] = "another process";
    bool row = false;
    if (fdm_sql_prepare(store->sql, "SELECT owner FROM sessions WHERE id = ?", &query, NULL) ==
        FDM_OK) {
        fdm_sql_bind_int(query, id);
        if (fdm_sql_step(query, &row, NULL) == FDM_OK && row)
            fdm_sql_read_text(query, owner, sizeof owner);
    }
    fdm_sql_finish(query);
    return fdm_fail(err, FDM_ERR_BUSY,
                    "%s: session %" PRId64 " is being written by %s; wait for it to end, or name "
                    "another file",
                    fdm_sql_name(store->sql), id, owner);
}

static enum fdm_status take(struct fdm_store *store, int64_t id, struct fdm_error *err)
{
    bool taken = false;
    int64_t *held = realloc(store->held, (store->held_count + 1) * sizeof *held);
    if (held == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    store->held = held;
    enum fdm_status status = fdm_session_lock_take(store->lock_fd, id, &taken, err);
    if (status == FDM_OK && !taken)
        status = fail_owned(store, id, err);
    if (status == FDM_OK)
        store->held[store->held_count++] = id;
    return status;
}

static void drop(struct fdm_store *store, int64_t id)
{
    for (size_t i = 0; i < store->held_count; i++) {
        if (store->held[i] != id)
            continue;
        store->held[i] = store->held[--store->held_count];
        fdm_session_lock_drop(store->lock_fd, id);
        return;
    }
}

/* ---- Writing --------------------------------------------------------------------------------- */

static enum fdm_status check_session(const struct fdm_session_record *r, struct fdm_error *err)
{
    const struct fdm_store_text texts[] = {
        FDM_STORE_TEXT(r, plan_sha256), FDM_STORE_TEXT(r, command), FDM_STORE_TEXT(r, tool_version),
        FDM_STORE_TEXT(r, compiler),    FDM_STORE_TEXT(r, host),    FDM_STORE_TEXT(r, cpu),
    };
    return fdm_store_check_texts(texts, sizeof texts / sizeof texts[0], err);
}

static enum fdm_status insert_session(struct fdm_store *store,
                                      const struct fdm_session_record *record, int64_t *id,
                                      struct fdm_error *err)
{
    char owner[FDM_RECORD_NAME];
    struct fdm_sql_query *query;
    enum fdm_status status = fdm_sql_prepare(
        store->sql,
        "INSERT INTO sessions (state, plan_sha256, started, finished, command, tool_version,"
        " compiler, host, cpu, threads, resumptions, owner)"
        " VALUES ('running', ?, ?, '', ?, ?, ?, ?, ?, ?, 0, ?)",
        &query, err);
    if (status != FDM_OK)
        return status;
    owner_text(owner, sizeof owner);
    fdm_sql_bind_text(query, record->plan_sha256);
    fdm_sql_bind_text(query, record->started);
    fdm_sql_bind_text(query, record->command);
    fdm_sql_bind_text(query, record->tool_version);
    fdm_sql_bind_text(query, record->compiler);
    fdm_sql_bind_text(query, record->host);
    fdm_sql_bind_text(query, record->cpu);
    fdm_sql_bind_int(query, record->threads);
    fdm_sql_bind_text(query, owner);
    status = fdm_sql_run(query, err);
    if (status == FDM_OK)
        *id = fdm_sql_inserted_id(store->sql);
    return status;
}

enum fdm_status fdm_store_session_create(struct fdm_store *store, struct fdm_session_record *record,
                                         struct fdm_error *err)
{
    int64_t id = 0;
    enum fdm_status status = check_session(record, err);
    if (status == FDM_OK)
        status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    fdm_clock_utc(record->started);
    status = insert_session(store, record, &id, err);
    /* Locked before others can see it. */
    if (status == FDM_OK)
        status = take(store, id, err);
    status = fdm_sql_end(store->sql, status, err);
    if (status != FDM_OK) {
        drop(store, id);
        return status;
    }
    record->id = id;
    record->state = FDM_SESSION_RUNNING;
    record->finished[0] = '\0';
    record->resumptions = 0;
    record->case_count = 0;
    record->complete_count = 0;
    return FDM_OK;
}

static enum fdm_status count_resumption(struct fdm_store *store, int64_t id, struct fdm_error *err)
{
    struct fdm_session_record session;
    struct fdm_sql_query *query;
    char owner[FDM_RECORD_NAME];
    enum fdm_status status = fdm_store_session_get(store, id, &session, err);
    if (status != FDM_OK)
        return status;
    if (session.state != FDM_SESSION_RUNNING)
        return fdm_fail(err, FDM_ERR_USAGE, "%s: session %" PRId64 " is %s, there is nothing left",
                        fdm_sql_name(store->sql), id, fdm_session_state_name(session.state));
    status = fdm_sql_prepare(
        store->sql, "UPDATE sessions SET resumptions = resumptions + 1, owner = ? WHERE id = ?",
        &query, err);
    if (status != FDM_OK)
        return status;
    owner_text(owner, sizeof owner);
    fdm_sql_bind_text(query, owner);
    fdm_sql_bind_int(query, id);
    return fdm_sql_run(query, err);
}

enum fdm_status fdm_store_session_resume(struct fdm_store *store, int64_t id, struct fdm_error *err)
{
    enum fdm_status status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    if (fdm_store_require_held(store, id, NULL) == FDM_OK) {
        status = fdm_fail(err, FDM_ERR_BUSY, "%s: session %" PRId64 " is open already",
                          fdm_sql_name(store->sql), id);
        return fdm_sql_end(store->sql, status, err);
    }
    status = take(store, id, err);
    bool taken = status == FDM_OK;
    if (taken)
        status = count_resumption(store, id, err);
    status = fdm_sql_end(store->sql, status, err);
    if (taken && status != FDM_OK)
        drop(store, id);
    return status;
}

enum fdm_status fdm_store_session_finish(struct fdm_store *store, int64_t id,
                                         enum fdm_session_state state, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    char now[FDM_CLOCK_UTC_SIZE];
    if (state != FDM_SESSION_COMPLETE && state != FDM_SESSION_FAILED)
        return fdm_fail(err, FDM_ERR_USAGE, "a session ends complete or failed");
    enum fdm_status status = fdm_store_require_held(store, id, err);
    if (status == FDM_OK)
        status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    status = fdm_sql_prepare(store->sql, "UPDATE sessions SET state = ?, finished = ? WHERE id = ?",
                             &query, err);
    if (status == FDM_OK) {
        fdm_clock_utc(now);
        fdm_sql_bind_text(query, fdm_session_state_name(state));
        fdm_sql_bind_text(query, now);
        fdm_sql_bind_int(query, id);
        status = fdm_sql_run(query, err);
    }
    status = fdm_sql_end(store->sql, status, err);
    if (status == FDM_OK)
        drop(store, id);
    return status;
}

/* ---- Reading --------------------------------------------------------------------------------- */

enum fdm_status fdm_store_session_get(struct fdm_store *store, int64_t id,
                                      struct fdm_session_record *out, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    bool found = false;
    memset(out, 0, sizeof *out);
    enum fdm_status status =
        fdm_sql_prepare(store->sql, SELECT_SESSIONS "WHERE id = ?", &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, id);
    status = fdm_store_fetch(query, read_session, out, &found, err);
    if (status == FDM_OK && !found)
        status = fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: no session %" PRId64,
                          fdm_sql_name(store->sql), id);
    return status;
}

enum fdm_status fdm_store_session_find_resumable(struct fdm_store *store, const char *plan_sha256,
                                                 struct fdm_session_record *out, bool *found,
                                                 struct fdm_error *err)
{
    struct fdm_sql_query *query;
    *found = false;
    memset(out, 0, sizeof *out);
    enum fdm_status status = fdm_sql_prepare(
        store->sql,
        SELECT_SESSIONS "WHERE plan_sha256 = ? AND state = 'running' ORDER BY id DESC LIMIT 1",
        &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_text(query, plan_sha256);
    return fdm_store_fetch(query, read_session, out, found, err);
}

enum fdm_status fdm_store_session_list(struct fdm_store *store, struct fdm_session_record **out,
                                       size_t *count, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    void *list = NULL;
    *count = 0;
    enum fdm_status status =
        fdm_sql_prepare(store->sql, SELECT_SESSIONS "ORDER BY id", &query, err);
    if (status == FDM_OK)
        status = fdm_store_collect(query, read_session, sizeof **out, &list, count, err);
    *out = list;
    return status;
}
