#include "harness/bench/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/bench/case_judge.h"
#include "harness/bench/evaluate.h"
#include "harness/bench/proof.h"
#include "harness/bench/run_session.h"

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

/* ---- Predictions ----------------------------------------------------------------------------- */

static enum fdm_status flush(struct runner *runner, struct lane *lane, struct fdm_error *err)
{
    if (lane->pending_count == 0)
        return FDM_OK;
    /* On a board a case is more than its predictions; measure_lane() completes it. */
    bool complete = runner->options->board == NULL &&
                    lane->stored + lane->pending_count == lane->item->record.image_count;
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

static enum fdm_status keep(struct runner *runner, struct lane *lane,
                            const struct fdm_prediction *prediction, bool readable,
                            struct fdm_error *err)
{
    lane->pending[lane->pending_count++] = *prediction;
    lane->item->infer_ns += prediction->infer_ns;
    lane->item->inferred += readable;
    runner->summary->predictions++;
    runner->done++;
    return lane->pending_count == BATCH ? flush(runner, lane, err) : FDM_OK;
}

/* What is due after each image: a flush at least every second, and a sign of life. */
static enum fdm_status tick(struct runner *runner, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    if (fdm_clock_now_ns() - runner->flushed_ns > FDM_NS_PER_S)
        status = flush_all(runner, err);
    if (runner->options->on_progress != NULL)
        runner->options->on_progress(runner->options->context, runner->done);
    return status;
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
    for (size_t i = 0; status == FDM_OK && i < runner->lane_count; i++)
        if (result->predictions[i].image != FDM_EVALUATE_NOT_NEEDED)
            status = keep(runner, &runner->lanes[i], &result->predictions[i],
                          result->problem[0] == '\0', err);
    return status == FDM_OK ? tick(runner, err) : status;
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

/* These say that the case itself is wrong; anything else, that the run could not go on. */
static bool fails_case(enum fdm_status status)
{
    return status == FDM_ERR_MISMATCH || status == FDM_ERR_TARGET || status == FDM_ERR_UNSUPPORTED;
}

static enum fdm_status fail_case(struct runner *runner, struct fdm_plan_case *item,
                                 const char *message, struct fdm_error *err)
{
    enum fdm_status status = fdm_store_case_set_state(runner->options->store, item->record.id,
                                                      FDM_CASE_FAILED, message, err);
    if (status == FDM_OK)
        status = fdm_store_case_get(runner->options->store, item->record.id, &item->record, err);
    return status;
}

static bool is_done(const struct lane *lane)
{
    return lane->stored == lane->item->record.image_count;
}

/* Cases whose tuned kernels compute other bits fail, and leave the lanes. */
static enum fdm_status prove_lanes(struct runner *runner, size_t group, struct fdm_error *err)
{
    const struct fdm_run_options *options = runner->options;
    size_t kept = 0;
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; i < runner->lane_count; i++) {
        struct lane lane = runner->lanes[i];
        struct fdm_error reason = FDM_ERROR_INIT;
        enum fdm_status proof = FDM_OK;
        if (status == FDM_OK && !is_done(&lane))
            proof = fdm_prove_tuned(lane.item, options->plan->groups[group].dataset, options->cache,
                                    &reason);
        if (!fails_case(proof))
            runner->lanes[kept++] = lane;
        else
            free(lane.done);
        if (fails_case(proof))
            status = fail_case(runner, lane.item, reason.message, err);
        else if (proof != FDM_OK)
            status = fdm_fail(err, proof, "%s", reason.message);
    }
    runner->lane_count = kept;
    return status;
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

/* ---- Boards ---------------------------------------------------------------------------------- */

struct board_lane {
    struct runner *runner;
    struct lane *lane;
};

static enum fdm_status on_board_prediction(void *context, const struct fdm_prediction *prediction,
                                           const char *problem, struct fdm_error *err)
{
    struct board_lane *at = context;
    at->runner->summary->images++;
    if (problem[0] != '\0')
        note_problem(at->runner->summary, problem);
    enum fdm_status status = keep(at->runner, at->lane, prediction, problem[0] == '\0', err);
    return status == FDM_OK ? tick(at->runner, err) : status;
}

static enum fdm_status store_description(const struct fdm_run_options *options, int64_t case_id,
                                         struct fdm_error *err)
{
    struct fdm_figure figures[FDM_RUN_BOARD_FIGURES];
    struct fdm_fact facts[FDM_RUN_BOARD_FACTS];
    size_t figure_count = 0;
    size_t fact_count = 0;
    const struct fdm_run_board *board = options->board;
    enum fdm_status status =
        board->describe(board->context, figures, &figure_count, facts, &fact_count, err);
    if (status == FDM_OK)
        status = fdm_store_figures_put(options->store, case_id, figures, figure_count, err);
    if (status == FDM_OK)
        status = fdm_store_facts_put(options->store, case_id, facts, fact_count, err);
    return status;
}

static enum fdm_status measure_lane(struct runner *runner, struct lane *lane, size_t group,
                                    struct fdm_error *err)
{
    const struct fdm_run_board *board = runner->options->board;
    struct board_lane at = {runner, lane};
    struct fdm_client *client = NULL;
    enum fdm_status status = board->open(board->context, lane->item, &client, err);
    if (status != FDM_OK)
        return status;
    const struct fdm_board_case board_case = {
        .client = client,
        .store = runner->options->store,
        .item = lane->item,
        .dataset = runner->options->plan->groups[group].dataset,
        .done = lane->done,
        .cache = runner->options->cache,
        .board = board->board,
        .emulated = board->emulated,
        .effort = board->effort,
        .stop = runner->options->stop,
        .context = &at,
        .on_prediction = on_board_prediction,
    };
    status = store_description(runner->options, lane->item->record.id, err);
    if (status == FDM_OK)
        status = fdm_board_case_measure(&board_case, err);
    board->close(board->context, client);
    enum fdm_status flushed = flush_all(runner, err);
    if (status == FDM_OK)
        status = flushed;
    if (status == FDM_OK)
        status = fdm_store_case_set_state(runner->options->store, lane->item->record.id,
                                          FDM_CASE_COMPLETE, NULL, err);
    if (status == FDM_OK)
        lane->item->record.state = FDM_CASE_COMPLETE;
    return status;
}

/* One case after the other: a board holds one program at a time. */
static enum fdm_status measure_lanes(struct runner *runner, size_t group, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (size_t i = 0; status == FDM_OK && i < runner->lane_count; i++) {
        struct lane *lane = &runner->lanes[i];
        struct fdm_error reason = FDM_ERROR_INIT;
        if (lane->item->record.state == FDM_CASE_COMPLETE ||
            lane->item->record.state == FDM_CASE_FAILED)
            continue;
        status = measure_lane(runner, lane, group, &reason);
        if (fails_case(status))
            status = fail_case(runner, lane->item, reason.message, err);
        else if (status != FDM_OK)
            fdm_fail(err, status, "%s %s: %s", lane->item->record.model,
                     lane->item->record.semantics, reason.message);
    }
    return status;
}

static enum fdm_status run_group(struct runner *runner, size_t group, struct fdm_error *err)
{
    enum fdm_status status = open_lanes(runner, group, err);
    if (status == FDM_OK)
        status = runner->options->board != NULL ? measure_lanes(runner, group, err)
                                                : prove_lanes(runner, group, err);
    if (status == FDM_OK && runner->options->board == NULL)
        status = evaluate_lanes(runner, group, err);
    for (size_t i = 0; status == FDM_OK && i < runner->lane_count; i++)
        if (runner->lanes[i].item->record.state == FDM_CASE_COMPLETE)
            status =
                fdm_case_judge(runner->options->store, runner->options->plan->groups[group].entry,
                               runner->lanes[i].item, err);
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
        status = fdm_run_session_begin(options, &out->session, &out->resumed, err);
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
