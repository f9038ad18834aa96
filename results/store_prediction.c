#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "results/store_impl.h"

/* ---- Predictions ----------------------------------------------------------------------------- */

#define SELECT_PREDICTIONS                                                                         \
    "SELECT image, label, predicted, raw_output, score, infer_ns, output_crc32 FROM predictions "

static enum fdm_status read_prediction(struct fdm_sql_query *query, void *item,
                                       struct fdm_error *err)
{
    struct fdm_prediction *out = item;
    memset(out, 0, sizeof *out);
    out->image = fdm_sql_read_u32(query, FDM_STORE_IMAGES_MAX);
    out->label = (int32_t)fdm_sql_read_int(query, 0, FDM_STORE_CLASSES_MAX);
    out->predicted = (int32_t)fdm_sql_read_int(query, -1, FDM_STORE_CLASSES_MAX);
    out->raw_output = (int32_t)fdm_sql_read_int(query, -1, FDM_STORE_CLASSES_MAX);
    double score = fdm_sql_read_real(query);
    out->score = (float)score;
    if ((double)out->score != score)
        fdm_sql_row_fail(query);
    out->infer_ns = (uint64_t)fdm_sql_read_int(query, 0, INT64_MAX);
    out->output_crc32 = fdm_sql_read_u32(query, UINT32_MAX);
    return fdm_sql_row_check(query, err);
}

static bool same_outcome(const struct fdm_prediction *a, const struct fdm_prediction *b)
{
    return a->image == b->image && a->label == b->label && a->predicted == b->predicted &&
           a->raw_output == b->raw_output && a->score == b->score &&
           a->output_crc32 == b->output_crc32;
}

static enum fdm_status check_values(const struct fdm_prediction *p,
                                    const struct fdm_case_record *record, uint32_t class_count,
                                    struct fdm_error *err)
{
    const char *wrong = NULL;
    if (p->image >= record->image_count)
        wrong = "image";
    else if (p->predicted < FDM_PREDICTION_UNREADABLE || p->predicted >= (int64_t)class_count)
        wrong = "predicted";
    else if (p->raw_output < -1 || p->raw_output >= (int64_t)class_count)
        wrong = "raw_output";
    else if (!isfinite(p->score))
        wrong = "score";
    else if (p->infer_ns > INT64_MAX)
        wrong = "infer_ns";
    if (wrong == NULL)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_USAGE, "case %" PRId64 ", image %" PRIu32 ": %s out of range",
                    record->id, p->image, wrong);
}

/* One batch on its way into a case: its queries and what they are checked against. */
struct batch {
    struct fdm_case_record record;
    uint32_t class_count;
    struct fdm_sql_query *label;
    struct fdm_sql_query *stored;
    struct fdm_sql_query *insert;
};

static enum fdm_status open_batch(struct fdm_store *store, int64_t case_id, struct batch *batch,
                                  struct fdm_error *err)
{
    struct fdm_split_record split;
    enum fdm_status status = fdm_store_case_row(store, case_id, &batch->record, err);
    if (status == FDM_OK)
        status = fdm_store_require_held(store, batch->record.session_id, err);
    if (status == FDM_OK)
        status = fdm_store_split_get(store, batch->record.split_id, &split, err);
    if (status != FDM_OK)
        return status;
    batch->class_count = split.class_count;
    status = fdm_sql_prepare(store->sql,
                             "SELECT label FROM split_images WHERE split_id = ? AND image = ?",
                             &batch->label, err);
    if (status == FDM_OK)
        status = fdm_sql_prepare(store->sql, SELECT_PREDICTIONS "WHERE case_id = ? AND image = ?",
                                 &batch->stored, err);
    if (status == FDM_OK)
        status = fdm_sql_prepare(store->sql,
                                 "INSERT INTO predictions (case_id, image, label, predicted,"
                                 " raw_output, score, infer_ns, output_crc32)"
                                 " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                                 &batch->insert, err);
    return status;
}

static void close_batch(struct batch *batch)
{
    fdm_sql_finish(batch->label);
    fdm_sql_finish(batch->stored);
    fdm_sql_finish(batch->insert);
}

static enum fdm_status check_label(struct batch *batch, const struct fdm_prediction *p,
                                   struct fdm_error *err)
{
    bool row = false;
    fdm_sql_reset(batch->label);
    fdm_sql_bind_int(batch->label, batch->record.split_id);
    fdm_sql_bind_int(batch->label, p->image);
    enum fdm_status status = fdm_sql_step(batch->label, &row, err);
    if (status != FDM_OK)
        return status;
    if (!row || fdm_sql_read_int(batch->label, 0, FDM_STORE_CLASSES_MAX) != p->label)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "case %" PRId64 ", image %" PRIu32 ": label %" PRId32 " is not the split's",
                        batch->record.id, p->image, p->label);
    return FDM_OK;
}

static enum fdm_status find_stored(struct batch *batch, const struct fdm_prediction *p, bool *found,
                                   struct fdm_error *err)
{
    struct fdm_prediction stored;
    fdm_sql_reset(batch->stored);
    fdm_sql_bind_int(batch->stored, batch->record.id);
    fdm_sql_bind_int(batch->stored, p->image);
    enum fdm_status status = fdm_sql_step(batch->stored, found, err);
    if (status == FDM_OK && *found)
        status = read_prediction(batch->stored, &stored, err);
    if (status == FDM_OK && *found && !same_outcome(&stored, p))
        status = fdm_fail(err, FDM_ERR_MISMATCH,
                          "case %" PRId64 ", image %" PRIu32 ": class %" PRId32
                          " (score %.9g, output %08" PRIx32 ") is stored, now it is %" PRId32
                          " (%.9g, %08" PRIx32 ")",
                          batch->record.id, p->image, stored.predicted, (double)stored.score,
                          stored.output_crc32, p->predicted, (double)p->score, p->output_crc32);
    return status;
}

static enum fdm_status insert_prediction(struct batch *batch, const struct fdm_prediction *p,
                                         struct fdm_error *err)
{
    fdm_sql_reset(batch->insert);
    fdm_sql_bind_int(batch->insert, batch->record.id);
    fdm_sql_bind_int(batch->insert, p->image);
    fdm_sql_bind_int(batch->insert, p->label);
    fdm_sql_bind_int(batch->insert, p->predicted);
    fdm_sql_bind_int(batch->insert, p->raw_output);
    fdm_sql_bind_real(batch->insert, (double)p->score);
    fdm_sql_bind_int(batch->insert, (int64_t)p->infer_ns);
    fdm_sql_bind_int(batch->insert, p->output_crc32);
    return fdm_sql_step(batch->insert, NULL, err);
}

static enum fdm_status add_one(struct batch *batch, const struct fdm_prediction *p,
                               struct fdm_error *err)
{
    bool found = false;
    enum fdm_status status = check_values(p, &batch->record, batch->class_count, err);
    if (status == FDM_OK)
        status = check_label(batch, p, err);
    if (status == FDM_OK)
        status = find_stored(batch, p, &found, err);
    if (status == FDM_OK && !found)
        status = insert_prediction(batch, p, err);
    return status;
}

static enum fdm_status add_batch(struct fdm_store *store, int64_t case_id,
                                 const struct fdm_prediction *predictions, size_t count,
                                 bool complete, struct fdm_error *err)
{
    struct batch batch = {0};
    enum fdm_status status = open_batch(store, case_id, &batch, err);
    for (size_t i = 0; status == FDM_OK && i < count; i++)
        status = add_one(&batch, &predictions[i], err);
    close_batch(&batch);
    /* The case starts with its first batch, also when that is its last one. */
    if (status == FDM_OK && batch.record.state != FDM_CASE_COMPLETE)
        status = fdm_store_case_change(store, case_id, FDM_CASE_RUNNING, "", err);
    if (status == FDM_OK && complete && batch.record.state != FDM_CASE_COMPLETE)
        status = fdm_store_case_change(store, case_id, FDM_CASE_COMPLETE, "", err);
    return status;
}

enum fdm_status fdm_store_predictions_add(struct fdm_store *store, int64_t case_id,
                                          const struct fdm_prediction *predictions, size_t count,
                                          bool complete, struct fdm_error *err)
{
    enum fdm_status status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    status = add_batch(store, case_id, predictions, count, complete, err);
    return fdm_sql_end(store->sql, status, err);
}

enum fdm_status fdm_store_predictions_load(struct fdm_store *store, int64_t case_id,
                                           struct fdm_prediction **out, size_t *count,
                                           struct fdm_error *err)
{
    struct fdm_case_record record;
    struct fdm_sql_query *query;
    void *list = NULL;
    *out = NULL;
    *count = 0;
    enum fdm_status status = fdm_store_case_row(store, case_id, &record, err);
    if (status == FDM_OK)
        status = fdm_sql_prepare(store->sql, SELECT_PREDICTIONS "WHERE case_id = ? ORDER BY image",
                                 &query, err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, case_id);
    status = fdm_store_collect(query, read_prediction, sizeof **out, &list, count, err);
    struct fdm_prediction *loaded = list;
    for (size_t i = 0; status == FDM_OK && i < *count; i++)
        if (loaded[i].image >= record.image_count ||
            (i > 0 && loaded[i].image <= loaded[i - 1].image))
            status = fdm_fail(err, FDM_ERR_FORMAT,
                              "%s: the predictions of case %" PRId64
                              " are out of order (the file is damaged: restore a copy)",
                              fdm_sql_name(store->sql), case_id);
    if (status != FDM_OK) {
        free(list);
        *count = 0;
        return status;
    }
    *out = loaded;
    return FDM_OK;
}

enum fdm_status fdm_store_predictions_done(struct fdm_store *store, int64_t case_id, bool **out,
                                           size_t *count, struct fdm_error *err)
{
    struct fdm_case_record record;
    struct fdm_prediction *stored = NULL;
    size_t stored_count = 0;
    *out = NULL;
    *count = 0;
    enum fdm_status status = fdm_store_case_row(store, case_id, &record, err);
    if (status == FDM_OK)
        status = fdm_store_predictions_load(store, case_id, &stored, &stored_count, err);
    if (status != FDM_OK || record.image_count == 0)
        goto done;
    bool *map = calloc(record.image_count, sizeof *map);
    if (map == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory for %" PRIu32 " images",
                          record.image_count);
        goto done;
    }
    for (size_t i = 0; i < stored_count; i++)
        map[stored[i].image] = true;
    *out = map;
    *count = record.image_count;
done:
    free(stored);
    return status;
}

/* ---- Figures --------------------------------------------------------------------------------- */

static enum fdm_status read_figure(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    struct fdm_figure *out = item;
    memset(out, 0, sizeof *out);
    fdm_sql_read_text(query, out->name, sizeof out->name);
    if (!fdm_figure_kind_parse(fdm_sql_read_string(query), &out->kind))
        fdm_sql_row_fail(query);
    out->value = fdm_sql_read_real(query);
    return fdm_sql_row_check(query, err);
}

static enum fdm_status check_figure(const struct fdm_figure *figure, struct fdm_error *err)
{
    enum fdm_status status =
        fdm_store_check_text(figure->name, sizeof figure->name, "figure's name", err);
    if (status == FDM_OK && figure->name[0] == '\0')
        status = fdm_fail(err, FDM_ERR_USAGE, "a figure without a name");
    if (status == FDM_OK && !isfinite(figure->value))
        status = fdm_fail(err, FDM_ERR_USAGE, "%s: no finite number", figure->name);
    return status;
}

static enum fdm_status put_figures(struct fdm_store *store, int64_t case_id,
                                   const struct fdm_figure *figures, size_t count,
                                   struct fdm_error *err)
{
    struct fdm_case_record record;
    struct fdm_sql_query *query = NULL;
    enum fdm_status status = fdm_store_case_row(store, case_id, &record, err);
    if (status == FDM_OK)
        status = fdm_store_require_held(store, record.session_id, err);
    if (status == FDM_OK)
        status = fdm_sql_prepare(store->sql,
                                 "INSERT OR REPLACE INTO figures (case_id, name, kind, value)"
                                 " VALUES (?, ?, ?, ?)",
                                 &query, err);
    for (size_t i = 0; status == FDM_OK && i < count; i++) {
        status = check_figure(&figures[i], err);
        if (status != FDM_OK)
            break;
        fdm_sql_reset(query);
        fdm_sql_bind_int(query, case_id);
        fdm_sql_bind_text(query, figures[i].name);
        fdm_sql_bind_text(query, fdm_figure_kind_name(figures[i].kind));
        fdm_sql_bind_real(query, figures[i].value);
        status = fdm_sql_step(query, NULL, err);
    }
    fdm_sql_finish(query);
    return status;
}

enum fdm_status fdm_store_figures_put(struct fdm_store *store, int64_t case_id,
                                      const struct fdm_figure *figures, size_t count,
                                      struct fdm_error *err)
{
    enum fdm_status status = fdm_store_begin(store, err);
    if (status != FDM_OK)
        return status;
    status = put_figures(store, case_id, figures, count, err);
    return fdm_sql_end(store->sql, status, err);
}

enum fdm_status fdm_store_figures_list(struct fdm_store *store, int64_t case_id,
                                       struct fdm_figure **out, size_t *count,
                                       struct fdm_error *err)
{
    struct fdm_case_record record;
    struct fdm_sql_query *query;
    void *list = NULL;
    *out = NULL;
    *count = 0;
    enum fdm_status status = fdm_store_case_row(store, case_id, &record, err);
    if (status == FDM_OK)
        status = fdm_sql_prepare(
            store->sql,
            "SELECT name, kind, value FROM figures WHERE case_id = ? ORDER BY name, kind", &query,
            err);
    if (status != FDM_OK)
        return status;
    fdm_sql_bind_int(query, case_id);
    status = fdm_store_collect(query, read_figure, sizeof **out, &list, count, err);
    *out = list;
    return status;
}
