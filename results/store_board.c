#include <stdlib.h>
#include <string.h>

#include "results/store_impl.h"

#define LAYERS_MAX (UINT32_C(1) << 16)

/* One kind of row that belongs to a case. */
struct row_kind {
    const char *insert; /* the case's id is parameter 1 */
    const char *select; /* likewise */
    size_t item_size;
    /* Binds parameters 2 and on. FDM_ERR_USAGE for values that must not be stored. */
    enum fdm_status (*bind)(struct fdm_sql_query *query, const void *item, struct fdm_error *err);
    fdm_store_reader read;
};

/* ---- Kinds ----------------------------------------------------------------------------------- */

/* SQLite's integers are signed. */
static enum fdm_status bind_counter(struct fdm_sql_query *query, uint64_t counter,
                                    struct fdm_error *err)
{
    if (counter > INT64_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "a counter of more than 63 bits");
    fdm_sql_bind_int(query, (int64_t)counter);
    return FDM_OK;
}

static enum fdm_status bind_sample(struct fdm_sql_query *query, const void *item,
                                   struct fdm_error *err)
{
    const struct fdm_sample *sample = item;
    fdm_sql_bind_int(query, sample->index);
    return bind_counter(query, sample->counter, err);
}

static enum fdm_status read_sample(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    struct fdm_sample *out = item;
    out->index = fdm_sql_read_u32(query, UINT32_MAX);
    out->counter = (uint64_t)fdm_sql_read_int(query, 0, INT64_MAX);
    return fdm_sql_row_check(query, err);
}

static enum fdm_status bind_layer(struct fdm_sql_query *query, const void *item,
                                  struct fdm_error *err)
{
    const struct fdm_layer_record *layer = item;
    enum fdm_status status = fdm_store_check_text(layer->name, sizeof layer->name, "name", err);
    if (status == FDM_OK)
        status = fdm_store_check_text(layer->op, sizeof layer->op, "op", err);
    if (status == FDM_OK && layer->layer >= LAYERS_MAX)
        status = fdm_fail(err, FDM_ERR_USAGE, "layer %u is out of range", layer->layer);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, layer->layer);
    fdm_sql_bind_text(query, layer->name);
    fdm_sql_bind_text(query, layer->op);
    return bind_counter(query, layer->macs, err);
}

static enum fdm_status read_layer(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    struct fdm_layer_record *out = item;
    memset(out, 0, sizeof *out);
    out->layer = fdm_sql_read_u32(query, LAYERS_MAX - 1);
    fdm_sql_read_text(query, out->name, sizeof out->name);
    fdm_sql_read_text(query, out->op, sizeof out->op);
    out->macs = (uint64_t)fdm_sql_read_int(query, 0, INT64_MAX);
    return fdm_sql_row_check(query, err);
}

static enum fdm_status bind_layer_sample(struct fdm_sql_query *query, const void *item,
                                         struct fdm_error *err)
{
    const struct fdm_layer_sample *sample = item;
    fdm_sql_bind_int(query, sample->run);
    fdm_sql_bind_int(query, sample->layer);
    return bind_counter(query, sample->counter, err);
}

static enum fdm_status read_layer_sample(struct fdm_sql_query *query, void *item,
                                         struct fdm_error *err)
{
    struct fdm_layer_sample *out = item;
    out->run = fdm_sql_read_u32(query, UINT32_MAX);
    out->layer = fdm_sql_read_u32(query, LAYERS_MAX - 1);
    out->counter = (uint64_t)fdm_sql_read_int(query, 0, INT64_MAX);
    return fdm_sql_row_check(query, err);
}

static enum fdm_status bind_fact(struct fdm_sql_query *query, const void *item,
                                 struct fdm_error *err)
{
    const struct fdm_fact *fact = item;
    enum fdm_status status = fdm_store_check_text(fact->name, sizeof fact->name, "name", err);
    if (status == FDM_OK)
        status = fdm_store_check_text(fact->text, sizeof fact->text, fact->name, err);
    if (status == FDM_OK && fact->name[0] == '\0')
        status = fdm_fail(err, FDM_ERR_USAGE, "a fact without a name");
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_text(query, fact->name);
    fdm_sql_bind_text(query, fact->text);
    return FDM_OK;
}

static enum fdm_status read_fact(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    struct fdm_fact *out = item;
    memset(out, 0, sizeof *out);
    fdm_sql_read_text(query, out->name, sizeof out->name);
    fdm_sql_read_text(query, out->text, sizeof out->text);
    return fdm_sql_row_check(query, err);
}

static const struct row_kind sample_rows = {
    "INSERT OR REPLACE INTO samples (case_id, sample, counter) VALUES (?, ?, ?)",
    "SELECT sample, counter FROM samples WHERE case_id = ? ORDER BY sample",
    sizeof(struct fdm_sample), bind_sample, read_sample};
static const struct row_kind layer_rows = {
    "INSERT INTO layers (case_id, layer, name, op, macs) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT DO UPDATE SET name = excluded.name, op = excluded.op, macs = excluded.macs",
    "SELECT layer, name, op, macs FROM layers WHERE case_id = ? ORDER BY layer",
    sizeof(struct fdm_layer_record), bind_layer, read_layer};
static const struct row_kind layer_sample_rows = {
    "INSERT OR REPLACE INTO layer_samples (case_id, run, layer, counter) VALUES (?, ?, ?, ?)",
    "SELECT run, layer, counter FROM layer_samples WHERE case_id = ? ORDER BY run, layer",
    sizeof(struct fdm_layer_sample), bind_layer_sample, read_layer_sample};
static const struct row_kind fact_rows = {
    "INSERT OR REPLACE INTO facts (case_id, name, text) VALUES (?, ?, ?)",
    "SELECT name, text FROM facts WHERE case_id = ? ORDER BY name", sizeof(struct fdm_fact),
    bind_fact, read_fact};

/* ---- All kinds alike ------------------------------------------------------------------------- */

static enum fdm_status require_case(struct fdm_store *store, int64_t case_id, bool held,
                                    struct fdm_error *err)
{
    struct fdm_case_record record;
    enum fdm_status status = fdm_store_case_row(store, case_id, &record, err);
    if (status == FDM_OK && held)
        status = fdm_store_require_held(store, record.session_id, err);
    return status;
}

static enum fdm_status insert_rows(struct fdm_store *store, const struct row_kind *kind,
                                   int64_t case_id, const void *items, size_t count,
                                   struct fdm_error *err)
{
    struct fdm_sql_query *query = NULL;
    const char *item = items;
    enum fdm_status status = fdm_sql_prepare(store->sql, kind->insert, &query, err);
    for (size_t i = 0; status == FDM_OK && i < count; i++) {
        fdm_sql_reset(query);
        fdm_sql_bind_int(query, case_id);
        status = kind->bind(query, item + i * kind->item_size, err);
        if (status == FDM_OK)
            status = fdm_sql_step(query, NULL, err);
    }
    fdm_sql_finish(query);
    return status;
}

static enum fdm_status put_rows(struct fdm_store *store, const struct row_kind *kind,
                                int64_t case_id, const void *items, size_t count,
                                struct fdm_error *err)
{
    enum fdm_status status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    status = require_case(store, case_id, true, err);
    if (status == FDM_OK)
        status = insert_rows(store, kind, case_id, items, count, err);
    return fdm_sql_end(store->sql, status, err);
}

static enum fdm_status list_rows(struct fdm_store *store, const struct row_kind *kind,
                                 int64_t case_id, void **out, size_t *count, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    *out = NULL;
    *count = 0;
    enum fdm_status status = require_case(store, case_id, false, err);
    if (status == FDM_OK)
        status = fdm_sql_prepare(store->sql, kind->select, &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, case_id);
    return fdm_store_collect(query, kind->read, kind->item_size, out, count, err);
}

enum fdm_status fdm_store_samples_put(struct fdm_store *store, int64_t case_id,
                                      const struct fdm_sample *samples, size_t count,
                                      struct fdm_error *err)
{
    return put_rows(store, &sample_rows, case_id, samples, count, err);
}

enum fdm_status fdm_store_facts_put(struct fdm_store *store, int64_t case_id,
                                    const struct fdm_fact *facts, size_t count,
                                    struct fdm_error *err)
{
    return put_rows(store, &fact_rows, case_id, facts, count, err);
}

enum fdm_status fdm_store_layers_put(struct fdm_store *store, int64_t case_id,
                                     const struct fdm_layer_record *layers, size_t layer_count,
                                     const struct fdm_layer_sample *samples, size_t sample_count,
                                     struct fdm_error *err)
{
    enum fdm_status status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    status = require_case(store, case_id, true, err);
    if (status == FDM_OK)
        status = insert_rows(store, &layer_rows, case_id, layers, layer_count, err);
    if (status == FDM_OK)
        status = insert_rows(store, &layer_sample_rows, case_id, samples, sample_count, err);
    return fdm_sql_end(store->sql, status, err);
}

enum fdm_status fdm_store_samples_list(struct fdm_store *store, int64_t case_id,
                                       struct fdm_sample **out, size_t *count,
                                       struct fdm_error *err)
{
    void *list;
    enum fdm_status status = list_rows(store, &sample_rows, case_id, &list, count, err);
    *out = list;
    return status;
}

enum fdm_status fdm_store_layers_list(struct fdm_store *store, int64_t case_id,
                                      struct fdm_layer_record **out, size_t *count,
                                      struct fdm_error *err)
{
    void *list;
    enum fdm_status status = list_rows(store, &layer_rows, case_id, &list, count, err);
    *out = list;
    return status;
}

enum fdm_status fdm_store_layer_samples_list(struct fdm_store *store, int64_t case_id,
                                             struct fdm_layer_sample **out, size_t *count,
                                             struct fdm_error *err)
{
    void *list;
    enum fdm_status status = list_rows(store, &layer_sample_rows, case_id, &list, count, err);
    *out = list;
    return status;
}

enum fdm_status fdm_store_facts_list(struct fdm_store *store, int64_t case_id,
                                     struct fdm_fact **out, size_t *count, struct fdm_error *err)
{
    void *list;
    enum fdm_status status = list_rows(store, &fact_rows, case_id, &list, count, err);
    *out = list;
    return status;
}
