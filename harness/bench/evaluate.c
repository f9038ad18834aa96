#include "harness/bench/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/bench/inference.h"
#include "harness/bench/parallel.h"

struct job {
    const struct fdm_evaluation *evaluation;
    uint32_t *images; /* that at least one case still needs */
    uint32_t image_count;
    struct fdm_image_size sizes[FDM_IMAGE_SIZES_MAX];
    size_t size_count;
    size_t *size_of_case;
    void **arenas; /* one per worker */
};

static bool needs(const struct fdm_evaluation *evaluation, size_t index, uint32_t image)
{
    return image < evaluation->cases[index]->record.image_count && !evaluation->done[index][image];
}

static enum fdm_status collect_images(struct job *job, struct fdm_error *err)
{
    const struct fdm_evaluation *evaluation = job->evaluation;
    job->images = calloc((size_t)evaluation->dataset->count + 1, sizeof *job->images);
    if (job->images == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (uint32_t image = 0; image < evaluation->dataset->count; image++) {
        bool wanted = false;
        for (size_t i = 0; i < evaluation->case_count; i++)
            wanted |= needs(evaluation, i, image);
        if (wanted)
            job->images[job->image_count++] = image;
    }
    return FDM_OK;
}

static enum fdm_status collect_sizes(struct job *job, struct fdm_error *err)
{
    const struct fdm_evaluation *evaluation = job->evaluation;
    job->size_of_case = calloc(evaluation->case_count + 1, sizeof *job->size_of_case);
    if (job->size_of_case == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (size_t i = 0; i < evaluation->case_count; i++) {
        struct fdm_image_size size = {evaluation->cases[i]->input_w, evaluation->cases[i]->input_h};
        size_t at = 0;
        while (at < job->size_count &&
               (job->sizes[at].width != size.width || job->sizes[at].height != size.height))
            at++;
        if (at == FDM_IMAGE_SIZES_MAX)
            return fdm_fail(err, FDM_ERR_UNSUPPORTED, "more than %u input sizes in one run",
                            FDM_IMAGE_SIZES_MAX);
        if (at == job->size_count)
            job->sizes[job->size_count++] = size;
        job->size_of_case[i] = at;
    }
    return FDM_OK;
}

static enum fdm_status make_arenas(struct job *job, struct fdm_error *err)
{
    const struct fdm_evaluation *evaluation = job->evaluation;
    enum fdm_status status = FDM_OK;
    job->arenas = calloc(evaluation->threads, sizeof *job->arenas);
    if (job->arenas == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (uint32_t i = 0; status == FDM_OK && i < evaluation->threads; i++)
        status =
            fdm_inference_arena(evaluation->cases, evaluation->case_count, &job->arenas[i], err);
    return status;
}

static enum fdm_status load(const struct job *job, struct fdm_image_result *result,
                            struct fdm_image *images, bool *readable, struct fdm_error *err)
{
    const struct fdm_evaluation *evaluation = job->evaluation;
    char *path = fdm_dataset_path(evaluation->dataset, result->image);
    if (path == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    struct fdm_error problem = FDM_ERROR_INIT;
    uint64_t begin_ns = fdm_clock_now_ns();
    enum fdm_status status = fdm_image_load(evaluation->cache, path, job->sizes, job->size_count,
                                            images, NULL, &problem);
    result->load_ns = fdm_clock_now_ns() - begin_ns;
    free(path);
    *readable = status == FDM_OK;
    result->problem[0] = '\0';
    if (!*readable)
        snprintf(result->problem, sizeof result->problem, "%.*s", (int)sizeof result->problem - 1,
                 problem.message);
    return FDM_OK;
}

static enum fdm_status work(void *context, uint32_t worker, uint32_t item, void *out,
                            struct fdm_error *err)
{
    struct job *job = context;
    const struct fdm_evaluation *evaluation = job->evaluation;
    struct fdm_image_result *result = out;
    struct fdm_image images[FDM_IMAGE_SIZES_MAX] = {0};
    bool readable = false;
    result->image = job->images[item];
    enum fdm_status status = load(job, result, images, &readable, err);
    uint32_t label = evaluation->dataset->images[result->image].label;
    for (size_t i = 0; status == FDM_OK && i < evaluation->case_count; i++) {
        struct fdm_prediction *prediction = &result->predictions[i];
        fdm_inference_begin(prediction, result->image, label);
        if (!needs(evaluation, i, result->image))
            prediction->image = FDM_EVALUATE_NOT_NEEDED;
        else if (readable)
            status = fdm_inference_run(evaluation->cases[i], &images[job->size_of_case[i]],
                                       job->arenas[worker], prediction, err);
    }
    for (size_t i = 0; i < job->size_count; i++)
        fdm_image_release(&images[i]);
    return status;
}

static enum fdm_status consume(void *context, uint32_t item, const void *result,
                               struct fdm_error *err)
{
    (void)item;
    const struct job *job = context;
    return job->evaluation->on_image(job->evaluation->context, result, err);
}

enum fdm_status fdm_evaluate(const struct fdm_evaluation *evaluation, struct fdm_error *err)
{
    struct job job = {.evaluation = evaluation};
    enum fdm_status status = collect_images(&job, err);
    if (status == FDM_OK)
        status = collect_sizes(&job, err);
    if (status == FDM_OK)
        status = make_arenas(&job, err);
    if (status == FDM_OK && job.image_count > 0) {
        struct fdm_parallel map = {
            .items = job.image_count,
            .threads = evaluation->threads,
            .result_bytes = sizeof(struct fdm_image_result) +
                            evaluation->case_count * sizeof(struct fdm_prediction),
            .stop = evaluation->stop,
            .context = &job,
            .work = work,
            .consume = consume,
        };
        status = fdm_parallel_map(&map, err);
    }
    for (uint32_t i = 0; job.arenas != NULL && i < evaluation->threads; i++)
        free(job.arenas[i]);
    free(job.arenas);
    free(job.size_of_case);
    free(job.images);
    return status;
}
