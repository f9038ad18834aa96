#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "results/store_impl.h"

static enum fdm_status check_structure(struct fdm_store *store, struct fdm_error *err)
{
    struct fdm_sql_query *query;
    bool row = false;
    enum fdm_status status = fdm_sql_prepare(store->sql, "PRAGMA integrity_check(1)", &query, err);
    if (status != FDM_OK)
        return status;
    status = fdm_sql_step(query, &row, err);
    const char *finding = status == FDM_OK && row ? fdm_sql_read_string(query) : "no answer";
    if (status == FDM_OK && strcmp(finding, "ok") != 0)
        status =
            fdm_fail(err, FDM_ERR_FORMAT, "%s: damaged: %s", fdm_sql_name(store->sql), finding);
    fdm_sql_finish(query);
    return status;
}

static enum fdm_status check_references(struct fdm_store *store, struct fdm_error *err)
{
    static const struct {
        const char *text;
        const char *what;
    } rules[] = {
        {"SELECT count(*) FROM pragma_foreign_key_check", "references to records that are missing"},
        {"SELECT count(*) FROM predictions JOIN cases ON cases.id = case_id LEFT JOIN split_images"
         " ON split_images.split_id = cases.split_id AND split_images.image = predictions.image"
         " WHERE split_images.label IS NOT predictions.label",
         "predictions whose labels are not their splits'"},
        {"SELECT count(*) FROM cases WHERE state = 'complete' AND image_count !="
         " (SELECT count(*) FROM predictions WHERE case_id = cases.id)",
         "complete cases that lack predictions"},
    };
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < sizeof rules / sizeof rules[0]; i++) {
        int64_t count = 0;
        status = fdm_sql_get_int(store->sql, rules[i].text, &count, err);
        if (status == FDM_OK && count != 0)
            status = fdm_fail(err, FDM_ERR_FORMAT, "%s: damaged: %" PRId64 " %s",
                              fdm_sql_name(store->sql), count, rules[i].what);
    }
    return status;
}

static enum fdm_status read_id(struct fdm_sql_query *query, void *item, struct fdm_error *err)
{
    int64_t *id = item;
    *id = fdm_sql_read_int(query, 1, INT64_MAX);
    return fdm_sql_row_check(query, err);
}

static enum fdm_status read_split(struct fdm_store *store, int64_t id, struct fdm_error *err)
{
    const char **names = NULL;
    struct fdm_split_image *images = NULL;
    size_t count = 0;
    enum fdm_status status = fdm_store_split_classes(store, id, &names, &count, err);
    if (status == FDM_OK)
        status = fdm_store_split_images(store, id, &images, &count, err);
    free(names);
    free(images);
    return status;
}

static enum fdm_status read_measurements(struct fdm_store *store, int64_t id, struct fdm_error *err)
{
    struct fdm_sample *samples = NULL;
    struct fdm_layer_record *layers = NULL;
    struct fdm_layer_sample *layer_samples = NULL;
    struct fdm_fact *facts = NULL;
    size_t count = 0;
    enum fdm_status status = fdm_store_samples_list(store, id, &samples, &count, err);
    if (status == FDM_OK)
        status = fdm_store_layers_list(store, id, &layers, &count, err);
    if (status == FDM_OK)
        status = fdm_store_layer_samples_list(store, id, &layer_samples, &count, err);
    if (status == FDM_OK)
        status = fdm_store_facts_list(store, id, &facts, &count, err);
    free(samples);
    free(layers);
    free(layer_samples);
    free(facts);
    return status;
}

static enum fdm_status read_case(struct fdm_store *store, int64_t id, struct fdm_error *err)
{
    struct fdm_case_record record;
    struct fdm_prediction *predictions = NULL;
    struct fdm_figure *figures = NULL;
    size_t count = 0;
    enum fdm_status status = fdm_store_case_get(store, id, &record, err);
    if (status == FDM_OK)
        status = fdm_store_predictions_load(store, id, &predictions, &count, err);
    if (status == FDM_OK)
        status = fdm_store_figures_list(store, id, &figures, &count, err);
    free(predictions);
    free(figures);
    return status == FDM_OK ? read_measurements(store, id, err) : status;
}

static enum fdm_status read_each(struct fdm_store *store, const char *ids,
                                 enum fdm_status (*read)(struct fdm_store *, int64_t,
                                                         struct fdm_error *),
                                 struct fdm_error *err)
{
    struct fdm_sql_query *query;
    void *list = NULL;
    size_t count = 0;
    enum fdm_status status = fdm_sql_prepare(store->sql, ids, &query, err);
    if (status == FDM_OK)
        status = fdm_store_collect(query, read_id, sizeof(int64_t), &list, &count, err);
    const int64_t *id = list;
    for (size_t i = 0; status == FDM_OK && i < count; i++)
        status = read(store, id[i], err);
    free(list);
    return status;
}

enum fdm_status fdm_store_check(struct fdm_store *store, struct fdm_error *err)
{
    struct fdm_session_record *sessions = NULL;
    size_t count = 0;
    enum fdm_status status = check_structure(store, err);
    if (status == FDM_OK)
        status = check_references(store, err);
    if (status == FDM_OK)
        status = fdm_store_session_list(store, &sessions, &count, err);
    free(sessions);
    if (status == FDM_OK)
        status = read_each(store, "SELECT id FROM splits", read_split, err);
    if (status == FDM_OK)
        status = read_each(store, "SELECT id FROM cases", read_case, err);
    return status;
}
