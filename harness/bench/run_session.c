#include "harness/bench/run_session.h"

#include <stdlib.h>
#include <string.h>

static enum fdm_status store_splits(const struct fdm_run_options *options, struct fdm_error *err)
{
    for (size_t i = 0; i < options->plan->group_count; i++) {
        struct fdm_plan_group *group = &options->plan->groups[i];
        const struct fdm_dataset *dataset = group->dataset;
        struct fdm_split_image *images = calloc(dataset->count, sizeof *images);
        if (images == NULL)
            return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        for (uint32_t image = 0; image < dataset->count; image++) {
            images[image].path = dataset->images[image].path;
            images[image].label = (int32_t)dataset->images[image].label;
        }
        enum fdm_status status = fdm_store_split_put(
            options->store, &group->split, (const char *const *)dataset->class_names, images, err);
        free(images);
        if (status != FDM_OK)
            return status;
    }
    return FDM_OK;
}

static enum fdm_status open_session(const struct fdm_run_options *options,
                                    struct fdm_session_record *session, bool *resumed,
                                    struct fdm_error *err)
{
    *resumed = false;
    if (!options->fresh) {
        enum fdm_status status = fdm_store_session_find_resumable(
            options->store, options->plan->sha256, session, resumed, err);
        if (status != FDM_OK)
            return status;
    }
    if (*resumed)
        return fdm_store_session_resume(options->store, session->id, err);
    *session = options->about;
    session->threads = options->threads;
    memcpy(session->plan_sha256, options->plan->sha256, sizeof session->plan_sha256);
    return fdm_store_session_create(options->store, session, err);
}

static bool same_case(const struct fdm_case_record *stored, const struct fdm_case_record *planned)
{
    return strcmp(stored->model_sha256, planned->model_sha256) == 0 &&
           strcmp(stored->semantics, planned->semantics) == 0 &&
           strcmp(stored->engine, planned->engine) == 0 && stored->threads == planned->threads &&
           strcmp(stored->dataset, planned->dataset) == 0 &&
           strcmp(stored->mapping, planned->mapping) == 0 &&
           stored->image_count == planned->image_count;
}

static enum fdm_status adopt_case(const struct fdm_run_options *options,
                                  const struct fdm_session_record *session,
                                  const struct fdm_case_record *stored, size_t stored_count,
                                  struct fdm_plan_case *item, struct fdm_error *err)
{
    struct fdm_case_record *record = &item->record;
    record->session_id = session->id;
    record->split_id = options->plan->groups[item->group].split.id;
    for (size_t i = 0; i < stored_count; i++) {
        if (same_case(&stored[i], record)) {
            *record = stored[i];
            return FDM_OK;
        }
    }
    enum fdm_status status = fdm_store_case_add(options->store, record, err);
    if (status == FDM_OK)
        status =
            fdm_store_figures_put(options->store, record->id, item->figures, FDM_PLAN_FIGURES, err);
    return status;
}

/* Stores the planned cases, or takes over those that the session has already. */
static enum fdm_status adopt_cases(const struct fdm_run_options *options,
                                   const struct fdm_session_record *session, struct fdm_error *err)
{
    struct fdm_case_record *stored = NULL;
    size_t count = 0;
    struct fdm_case_filter filter = {.session_id = session->id};
    enum fdm_status status = fdm_store_case_list(options->store, &filter, &stored, &count, err);
    for (size_t i = 0; status == FDM_OK && i < options->plan->case_count; i++) {
        struct fdm_plan_case *item = &options->plan->cases[i];
        if (item->record.state != FDM_CASE_SKIPPED)
            status = adopt_case(options, session, stored, count, item, err);
    }
    free(stored);
    return status;
}

enum fdm_status fdm_run_session_begin(const struct fdm_run_options *options,
                                      struct fdm_session_record *session, bool *resumed,
                                      struct fdm_error *err)
{
    enum fdm_status status = store_splits(options, err);
    if (status == FDM_OK)
        status = open_session(options, session, resumed, err);
    if (status == FDM_OK)
        status = adopt_cases(options, session, err);
    return status;
}
