#include "harness/bench/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/bench/evaluate.h"
#include "results/label_order.h"

#define BATCH 64

/* One case under way: what is stored, and what waits to be. */
struct lane {
    struct fdm_plan_case *item;
    bool *done;
    uint32_t stored;
    uint32_t pending_count;
    struct fdm_prediction pending[BATCH];
};

struct runner {
    const struct fdm_run_options *options;
    struct fdm_run_summary *summary;
    struct lane *lanes; /* of the group under way */
    size_t lane_count;
    uint64_t done; /* predictions of the session */
    uint64_t flushed_ns;
};

/* ---- Sessions and cases ---------------------------------------------------------------------- */

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

/* ---- Predictions ----------------------------------------------------------------------------- */

static enum fdm_status flush(struct runner *runner, struct lane *lane, struct fdm_error *err)
{
    if (lane->pending_count == 0)
        return FDM_OK;
    bool complete = lane->stored + lane->pending_count == lane->item->record.image_count;
    enum fdm_status status =
        fdm_store_predictions_add(runner->options->store, lane->item->record.id, lane->pending,
                                  lane->pending_count, complete, err);
    if (status != FDM_OK)
        return status;
    lane->stored += lane->pending_count;
    lane->pending_count = 0;
    if (complete)
        lane->item->record.state = FDM_CASE_COMPLETE;
    return FDM_OK;
}

static enum fdm_status flush_all(struct runner *runner, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < runner->lane_count; i++)
        status = flush(runner, &runner->lanes[i], err);
    runner->flushed_ns = fdm_clock_now_ns();
    return status;
}

static void note_problem(struct fdm_run_summary *summary, const char *problem)
{
    if (summary->problem_count < FDM_RUN_PROBLEMS)
        snprintf(summary->problems[summary->problem_count], sizeof summary->problems[0], "%s",
                 problem);
    summary->problem_count++;
}

static enum fdm_status on_image(void *context, const struct fdm_image_result *result,
                                struct fdm_error *err)
{
    struct runner *runner = context;
    struct fdm_run_summary *summary = runner->summary;
    enum fdm_status status = FDM_OK;
    summary->images++;
    summary->load_ns += result->load_ns;
    if (result->problem[0] != '\0')
        note_problem(summary, result->problem);
    for (size_t i = 0; status == FDM_OK && i < runner->lane_count; i++) {
        struct lane *lane = &runner->lanes[i];
        if (result->predictions[i].image == FDM_EVALUATE_NOT_NEEDED)
            continue;
        lane->pending[lane->pending_count++] = result->predictions[i];
        summary->predictions++;
        lane->item->infer_ns += result->predictions[i].infer_ns;
        lane->item->inferred += result->problem[0] == '\0';
        runner->done++;
        if (lane->pending_count == BATCH)
            status = flush(runner, lane, err);
    }
    if (status == FDM_OK && fdm_clock_now_ns() - runner->flushed_ns > FDM_NS_PER_S)
        status = flush_all(runner, err);
    if (runner->options->on_progress != NULL)
        runner->options->on_progress(runner->options->context, runner->done);
    return status;
}

/* ---- Judging --------------------------------------------------------------------------------- */

static enum fdm_status describe_labels(const struct fdm_prediction *predictions, size_t count,
                                       const struct fdm_plan_case *item,
                                       const struct fdm_dataset_entry *entry, struct fdm_buf *out,
                                       struct fdm_error *err)
{
    static const char *const names[] = {"bytes", "case-folded"};
    enum { ORDERS = 2 };
    struct fdm_label_map orders[ORDERS + 1] = {
        {item->record.label_order, item->class_of},
    };
    struct fdm_label_check check = {0};
    uint32_t *maps = calloc((size_t)ORDERS * entry->class_count, sizeof *maps);
    if (maps == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = FDM_OK;
    size_t order_count = 1;
    for (size_t i = 0; status == FDM_OK && i < ORDERS; i++) {
        if (strcmp(names[i], item->record.label_order) == 0)
            continue;
        uint32_t *map = maps + i * entry->class_count;
        orders[order_count++] = (struct fdm_label_map){names[i], map};
        status = fdm_label_order_fill(names[i], entry->classes, entry->class_count, map, err);
    }
    if (status == FDM_OK)
        status = fdm_label_order_check(predictions, count, entry->class_count, orders, order_count,
                                       &check, err);
    if (status == FDM_OK && check.verdict != FDM_LABEL_DECLARED_FITS)
        fdm_label_check_describe(&check, orders, entry->classes, out);
    fdm_label_check_release(&check);
    free(maps);
    return status;
}

/* Looks once at a complete case as a whole; what is found stands in its message. */
static enum fdm_status judge(struct runner *runner, struct fdm_plan_case *item,
                             struct fdm_error *err)
{
    struct fdm_store *store = runner->options->store;
    const struct fdm_dataset_entry *entry = runner->options->plan->groups[item->group].entry;
    struct fdm_prediction *predictions = NULL;
    size_t count = 0;
    struct fdm_buf labels;
    struct fdm_buf message;
    fdm_buf_init(&labels);
    fdm_buf_init(&message);
    enum fdm_status status =
        fdm_store_predictions_load(store, item->record.id, &predictions, &count, err);
    if (status == FDM_OK)
        status = describe_labels(predictions, count, item, entry, &labels, err);
    if (status != FDM_OK)
        goto done;
    fdm_buf_printf(&message, "%s%s%s", item->mapping.note,
                   item->mapping.note[0] != '\0' && labels.len > 0 ? "; " : "",
                   labels.len > 0 ? labels.data : "");
    status = fdm_buf_check(&message, err);
    if (status == FDM_OK && message.len > 0)
        status =
            fdm_store_case_set_state(store, item->record.id, FDM_CASE_COMPLETE, message.data, err);
    if (status == FDM_OK)
        status = fdm_store_case_get(store, item->record.id, &item->record, err);
done:
    free(predictions);
    fdm_buf_release(&labels);
    fdm_buf_release(&message);
    return status;
}

/* ---- Groups ---------------------------------------------------------------------------------- */

static enum fdm_status open_lanes(struct runner *runner, size_t group, struct fdm_error *err)
{
    struct fdm_plan *plan = runner->options->plan;
    runner->lane_count = 0;
    for (size_t i = 0; i < plan->case_count; i++) {
        struct fdm_plan_case *item = &plan->cases[i];
        if (item->group != group || item->record.state == FDM_CASE_SKIPPED)
            continue;
        struct lane *lane = &runner->lanes[runner->lane_count++];
        size_t count;
        lane->item = item;
        lane->stored = 0;
        lane->pending_count = 0;
        enum fdm_status status = fdm_store_predictions_done(runner->options->store, item->record.id,
                                                            &lane->done, &count, err);
        if (status != FDM_OK)
            return status;
        for (size_t image = 0; image < count; image++)
            lane->stored += lane->done[image];
    }
    return FDM_OK;
}

static void close_lanes(struct runner *runner)
{
    for (size_t i = 0; i < runner->lane_count; i++) {
        free(runner->lanes[i].done);
        runner->lanes[i].done = NULL;
    }
    runner->lane_count = 0;
}

static enum fdm_status evaluate_lanes(struct runner *runner, size_t group, struct fdm_error *err)
{
    const struct fdm_run_options *options = runner->options;
    enum fdm_status status = FDM_OK;
    const struct fdm_plan_case **cases = calloc(runner->lane_count + 1, sizeof(void *));
    const bool **done = calloc(runner->lane_count + 1, sizeof(void *));
    if (cases == NULL || done == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        goto done;
    }
    for (size_t i = 0; i < runner->lane_count; i++) {
        cases[i] = runner->lanes[i].item;
        done[i] = runner->lanes[i].done;
    }
    struct fdm_evaluation evaluation = {
        .dataset = options->plan->groups[group].dataset,
        .cases = cases,
        .done = done,
        .case_count = runner->lane_count,
        .threads = options->threads,
        .cache = options->cache,
        .stop = options->stop,
        .context = runner,
        .on_image = on_image,
    };
    status = fdm_evaluate(&evaluation, err);
    /* What was finished before a stop or a failure is kept; the first failure is the one told. */
    enum fdm_status flushed = flush_all(runner, err);
    if (status == FDM_OK)
        status = flushed;
done:
    free(cases);
    free(done);
    return status;
}

static enum fdm_status run_group(struct runner *runner, size_t group, struct fdm_error *err)
{
    enum fdm_status status = open_lanes(runner, group, err);
    if (status == FDM_OK)
        status = evaluate_lanes(runner, group, err);
    for (size_t i = 0; status == FDM_OK && i < runner->lane_count; i++)
        status = judge(runner, runner->lanes[i].item, err);
    close_lanes(runner);
    return status;
}

/* ---- The whole ------------------------------------------------------------------------------- */

static void count_outcomes(const struct fdm_plan *plan, struct fdm_run_summary *summary)
{
    for (size_t i = 0; i < plan->case_count; i++) {
        enum fdm_case_state state = plan->cases[i].record.state;
        summary->complete += state == FDM_CASE_COMPLETE;
        summary->failed += state == FDM_CASE_FAILED;
        summary->skipped += state == FDM_CASE_SKIPPED;
    }
}

static void announce(const struct runner *runner, bool resumed)
{
    const struct fdm_run_options *options = runner->options;
    uint64_t total = 0;
    for (size_t i = 0; i < options->plan->case_count; i++)
        if (options->plan->cases[i].record.state != FDM_CASE_SKIPPED)
            total += options->plan->cases[i].record.image_count;
    if (options->on_begin != NULL)
        options->on_begin(options->context, &runner->summary->session, resumed, runner->done,
                          total);
}

enum fdm_status fdm_run(const struct fdm_run_options *options, struct fdm_run_summary *out,
                        struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    uint64_t begin_ns = fdm_clock_now_ns();
    struct runner runner = {.options = options, .summary = out, .flushed_ns = begin_ns};
    runner.lanes = calloc(options->plan->case_count + 1, sizeof *runner.lanes);
    enum fdm_status status = FDM_OK;
    if (runner.lanes == NULL)
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    if (status == FDM_OK)
        status = store_splits(options, err);
    if (status == FDM_OK)
        status = open_session(options, &out->session, &out->resumed, err);
    if (status == FDM_OK)
        status = adopt_cases(options, &out->session, err);
    if (status == FDM_OK) {
        for (size_t i = 0; i < options->plan->case_count; i++)
            runner.done += options->plan->cases[i].record.done;
        announce(&runner, out->resumed);
    }
    for (size_t group = 0; status == FDM_OK && group < options->plan->group_count; group++)
        status = run_group(&runner, group, err);
    if (status == FDM_OK)
        status =
            fdm_store_session_finish(options->store, out->session.id, FDM_SESSION_COMPLETE, err);
    if (status == FDM_OK)
        status = fdm_store_session_get(options->store, out->session.id, &out->session, err);
    count_outcomes(options->plan, out);
    out->wall_ns = fdm_clock_now_ns() - begin_ns;
    free(runner.lanes);
    return status;
}
