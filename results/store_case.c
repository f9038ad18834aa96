#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "results/store_impl.h"

#define CASE_COLUMNS                                                                               \
    "id, session_id, split_id, state, message, board, engine, semantics, model, family, dataset,"  \
    " format, resolution, threads, model_path, model_sha256, mapping, mapping_corrected, "         \
    "label_order,"                                                                                 \
    " started, finished, image_count"

static enum fdm_status read_case(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    struct fdm_case_record *out = item;
    memset(out, 0, sizeof *out);
    out->id = fdm_sql_read_int(query, 1, INT64_MAX);
    out->session_id = fdm_sql_read_int(query, 1, INT64_MAX);
    out->split_id = fdm_sql_read_int(query, 1, INT64_MAX);
    if (!fdm_case_state_parse(fdm_sql_read_string(query), &out->state))
        fdm_sql_row_fail(query);
    fdm_sql_read_text(query, out->message, sizeof out->message);
    fdm_sql_read_text(query, out->board, sizeof out->board);
    fdm_sql_read_text(query, out->engine, sizeof out->engine);
    fdm_sql_read_text(query, out->semantics, sizeof out->semantics);
    fdm_sql_read_text(query, out->model, sizeof out->model);
    fdm_sql_read_text(query, out->family, sizeof out->family);
    fdm_sql_read_text(query, out->dataset, sizeof out->dataset);
    fdm_sql_read_text(query, out->format, sizeof out->format);
    out->resolution = fdm_sql_read_u32(query, UINT32_MAX);
    out->threads = (uint32_t)fdm_sql_read_int(query, 1, UINT32_MAX);
    fdm_sql_read_text(query, out->model_path, sizeof out->model_path);
    fdm_sql_read_text(query, out->model_sha256, sizeof out->model_sha256);
    fdm_sql_read_text(query, out->mapping, sizeof out->mapping);
    out->mapping_corrected = fdm_sql_read_bool(query);
    fdm_sql_read_text(query, out->label_order, sizeof out->label_order);
    fdm_sql_read_text(query, out->started, sizeof out->started);
    fdm_sql_read_text(query, out->finished, sizeof out->finished);
    out->image_count = fdm_sql_read_u32(query, FDM_STORE_IMAGES_MAX);
    return fdm_sql_row_check(query, err);
}

static enum fdm_status read_tally(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    struct fdm_case_record *out = item;
    out->done = fdm_sql_read_u32(query, out->image_count);
    out->correct = fdm_sql_read_u32(query, out->done);
    out->unreadable = fdm_sql_read_u32(query, out->done - out->correct);
    out->evaluated = out->done - out->unreadable;
    return fdm_sql_row_check(query, err);
}

static enum fdm_status tally(struct fdm_store *store, struct fdm_case_record *record,
                             struct fdm_error *err)
{
    struct fdm_sql_query *query;
    bool found = false;
    enum fdm_status status =
        fdm_sql_prepare(store->sql,
                        "SELECT count(*) AS done, coalesce(sum(predicted = label), 0) AS correct,"
                        " coalesce(sum(predicted = -1), 0) AS unreadable"
                        " FROM predictions WHERE case_id = ?",
                        &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, record->id);
    return fdm_store_fetch(query, read_tally, record, &found, err);
}

/* ---- Reading --------------------------------------------------------------------------------- */

enum fdm_status fdm_store_case_row(struct fdm_store *store, int64_t id, struct fdm_case_record *out,
                                   struct fdm_error *err)
{
    struct fdm_sql_query *query;
    bool found = false;
    memset(out, 0, sizeof *out);
    enum fdm_status status =
        fdm_sql_prepare(store->sql, "SELECT " CASE_COLUMNS " FROM cases WHERE id = ?", &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, id);
    status = fdm_store_fetch(query, read_case, out, &found, err);
    if (status == FDM_OK && !found)
        status =
            fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: no case %" PRId64, fdm_sql_name(store->sql), id);
    return status;
}

enum fdm_status fdm_store_case_get(struct fdm_store *store, int64_t id, struct fdm_case_record *out,
                                   struct fdm_error *err)
{
    enum fdm_status status = fdm_store_case_row(store, id, out, err);
    return status == FDM_OK ? tally(store, out, err) : status;
}

static void append_states(struct fdm_buf *out, uint32_t states)
{
    for (unsigned state = FDM_CASE_PLANNED; state <= FDM_CASE_SKIPPED; state++)
        if (states == 0 || (states & FDM_CASE_STATE_BIT(state)) != 0)
            fdm_buf_printf(out, ",%s", fdm_case_state_name((enum fdm_case_state)state));
    fdm_buf_puts(out, ",");
}

static void bind_filter(struct fdm_sql_query *query, const struct fdm_case_filter *filter,
                        const char *states)
{
    fdm_sql_bind_int(query, filter->session_id);
    fdm_sql_bind_text(query, filter->board);
    fdm_sql_bind_text(query, filter->engine);
    fdm_sql_bind_text(query, filter->semantics);
    fdm_sql_bind_text(query, filter->model);
    fdm_sql_bind_text(query, filter->family);
    fdm_sql_bind_text(query, filter->dataset);
    fdm_sql_bind_text(query, filter->format);
    fdm_sql_bind_int(query, filter->resolution);
    fdm_sql_bind_text(query, states);
    fdm_sql_bind_int(query, filter->whole);
    fdm_sql_bind_int(query, filter->latest);
}

enum fdm_status fdm_store_case_list(struct fdm_store *store, const struct fdm_case_filter *filter,
                                    struct fdm_case_record **out, size_t *count,
                                    struct fdm_error *err)
{
    static const char text[] =
        "WITH matching AS (SELECT * FROM cases WHERE (?1 = 0 OR session_id = ?1)"
        " AND (?2 IS NULL OR board = ?2) AND (?3 IS NULL OR engine = ?3)"
        " AND (?4 IS NULL OR semantics = ?4) AND (?5 IS NULL OR model = ?5)"
        " AND (?6 IS NULL OR family = ?6) AND (?7 IS NULL OR dataset = ?7)"
        " AND (?8 IS NULL OR format = ?8) AND (?9 = 0 OR resolution = ?9)"
        " AND instr(?10, ',' || state || ',') > 0 AND (NOT ?11 OR image_count ="
        " (SELECT splits.count FROM splits WHERE splits.id = split_id)))"
        "SELECT " CASE_COLUMNS " FROM matching WHERE NOT ?12 OR id IN (SELECT max(id) FROM matching"
        " GROUP BY board, engine, threads, semantics, model, format, model_sha256, mapping, "
        "label_order,"
        " split_id, image_count) ORDER BY id";
    struct fdm_sql_query *query;
    struct fdm_buf states;
    void *list = NULL;
    *out = NULL;
    *count = 0;
    fdm_buf_init(&states);
    append_states(&states, filter->states);
    enum fdm_status status = fdm_buf_check(&states, err);
    if (status == FDM_OK)
        status = fdm_sql_prepare(store->sql, text, &query, err);
    if (status == FDM_OK) {
        bind_filter(query, filter, states.data);
        status = fdm_store_collect(query, read_case, sizeof **out, &list, count, err);
    }
    struct fdm_case_record *cases = list;
    for (size_t i = 0; status == FDM_OK && i < *count; i++)
        status = tally(store, &cases[i], err);
    fdm_buf_release(&states);
    if (status != FDM_OK) {
        free(list);
        *count = 0;
        return status;
    }
    *out = cases;
    return FDM_OK;
}

/* ---- Writing --------------------------------------------------------------------------------- */

static enum fdm_status check_case(const struct fdm_case_record *r, struct fdm_error *err)
{
    const struct fdm_store_text texts[] = {
        FDM_STORE_TEXT(r, board),   FDM_STORE_TEXT(r, engine),      FDM_STORE_TEXT(r, semantics),
        FDM_STORE_TEXT(r, model),   FDM_STORE_TEXT(r, family),      FDM_STORE_TEXT(r, dataset),
        FDM_STORE_TEXT(r, format),  FDM_STORE_TEXT(r, model_path),  FDM_STORE_TEXT(r, model_sha256),
        FDM_STORE_TEXT(r, mapping), FDM_STORE_TEXT(r, label_order),
    };
    return fdm_store_check_texts(texts, sizeof texts / sizeof texts[0], err);
}

static enum fdm_status check_split(struct fdm_store *store, const struct fdm_case_record *record,
                                   struct fdm_error *err)
{
    struct fdm_split_record split;
    if (fdm_store_split_get(store, record->split_id, &split, NULL) != FDM_OK)
        return fdm_fail(err, FDM_ERR_USAGE, "case of %s: split %" PRId64 " is not stored",
                        record->model, record->split_id);
    if (record->image_count > split.count)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "case of %s: %" PRIu32 " images of a split that has %" PRIu32,
                        record->model, record->image_count, split.count);
    return FDM_OK;
}

static enum fdm_status insert_case(struct fdm_store *store, const struct fdm_case_record *record,
                                   int64_t *id, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    enum fdm_status status = fdm_sql_prepare(
        store->sql,
        "INSERT INTO cases (session_id, split_id, state, message, board, engine, semantics, model,"
        " family, dataset, format, resolution, threads, model_path, model_sha256, mapping,"
        " mapping_corrected, label_order, started, finished, image_count)"
        " VALUES (?, ?, 'planned', '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', ?)",
        &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, record->session_id);
    fdm_sql_bind_int(query, record->split_id);
    fdm_sql_bind_text(query, record->board);
    fdm_sql_bind_text(query, record->engine);
    fdm_sql_bind_text(query, record->semantics);
    fdm_sql_bind_text(query, record->model);
    fdm_sql_bind_text(query, record->family);
    fdm_sql_bind_text(query, record->dataset);
    fdm_sql_bind_text(query, record->format);
    fdm_sql_bind_int(query, record->resolution);
    fdm_sql_bind_int(query, record->threads);
    fdm_sql_bind_text(query, record->model_path);
    fdm_sql_bind_text(query, record->model_sha256);
    fdm_sql_bind_text(query, record->mapping);
    fdm_sql_bind_int(query, record->mapping_corrected);
    fdm_sql_bind_text(query, record->label_order);
    fdm_sql_bind_int(query, record->image_count);
    status = fdm_sql_run(query, err);
    if (status == FDM_OK)
        *id = fdm_sql_inserted_id(store->sql);
    else if (status == FDM_ERR_USAGE)
        fdm_error_context(err, "session %" PRId64 " has the case of %s already", record->session_id,
                          record->model);
    return status;
}

enum fdm_status fdm_store_case_add(struct fdm_store *store, struct fdm_case_record *record,
                                   struct fdm_error *err)
{
    struct fdm_case_record stored;
    int64_t id = 0;
    enum fdm_status status = check_case(record, err);
    if (status == FDM_OK)
        status = fdm_store_require_held(store, record->session_id, err);
    if (status == FDM_OK)
        status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    status = check_split(store, record, err);
    if (status == FDM_OK)
        status = insert_case(store, record, &id, err);
    /* Read before it is committed: a call that fails leaves nothing behind. */
    if (status == FDM_OK)
        status = fdm_store_case_get(store, id, &stored, err);
    status = fdm_sql_end(store->sql, status, err);
    if (status == FDM_OK)
        *record = stored;
    return status;
}

/* ---- States ---------------------------------------------------------------------------------- */

static enum fdm_status update_state(struct fdm_store *store, const struct fdm_case_record *record,
                                    struct fdm_error *err)
{
    struct fdm_sql_query *query;
    enum fdm_status status = fdm_sql_prepare(
        store->sql,
        "UPDATE cases SET state = ?, message = ?, started = ?, finished = ? WHERE id = ?", &query,
        err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_text(query, fdm_case_state_name(record->state));
    fdm_sql_bind_text(query, record->message);
    fdm_sql_bind_text(query, record->started);
    fdm_sql_bind_text(query, record->finished);
    fdm_sql_bind_int(query, record->id);
    return fdm_sql_run(query, err);
}

enum fdm_status fdm_store_case_change(struct fdm_store *store, int64_t id,
                                      enum fdm_case_state state, const char *message,
                                      struct fdm_error *err)
{
    struct fdm_case_record record;
    enum fdm_status status = fdm_store_case_row(store, id, &record, err);
    if (status == FDM_OK)
        status = fdm_store_require_held(store, record.session_id, err);
    if (status == FDM_OK && state == FDM_CASE_COMPLETE)
        status = tally(store, &record, err);
    if (status != FDM_OK)
        return status;
    if (state == FDM_CASE_COMPLETE && record.done != record.image_count)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "case %" PRId64 " has %" PRIu32 " of its %" PRIu32
                        " predictions and is not complete",
                        id, record.done, record.image_count);
    size_t len = strlen(message);
    if (len >= sizeof record.message)
        return fdm_fail(err, FDM_ERR_USAGE, "message: longer than the %zu bytes of a record",
                        sizeof record.message - 1);
    memcpy(record.message, message, len + 1);
    if (state == FDM_CASE_RUNNING && record.started[0] == '\0')
        fdm_clock_utc(record.started);
    record.finished[0] = '\0';
    if (state != FDM_CASE_PLANNED && state != FDM_CASE_RUNNING)
        fdm_clock_utc(record.finished);
    record.state = state;
    return update_state(store, &record, err);
}

enum fdm_status fdm_store_case_set_state(struct fdm_store *store, int64_t id,
                                         enum fdm_case_state state, const char *message,
                                         struct fdm_error *err)
{
    enum fdm_status status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    status = fdm_store_case_change(store, id, state, message != NULL ? message : "", err);
    return fdm_sql_end(store->sql, status, err);
}
