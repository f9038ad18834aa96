#include "harness/bench/evaluate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/bench/parallel.h"
#include "targets/wire/crc32.h"

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
    size_t bytes = FDM_NETWORK_ALIGNMENT;
    for (size_t i = 0; i < evaluation->case_count; i++)
        if (evaluation->cases[i]->network->arena_bytes > bytes)
            bytes = evaluation->cases[i]->network->arena_bytes;
    bytes = (bytes + 63) / 64 * 64;
    job->arenas = calloc(evaluation->threads, sizeof *job->arenas);
    for (uint32_t i = 0; job->arenas != NULL && i < evaluation->threads; i++) {
        job->arenas[i] = aligned_alloc(64, bytes);
        if (job->arenas[i] == NULL)
            return fdm_fail(err, FDM_ERR_MEMORY, "out of memory for %u arenas of %zu bytes",
                            evaluation->threads, bytes);
    }
    return job->arenas != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

static void write_input(const struct fdm_plan_case *item, const struct fdm_image *image,
                        void *arena)
{
    size_t count = (size_t)image->width * image->height * 3;
    void *input = fdm_network_input(item->network, arena);
    if (item->network->tensors[item->network->input].type == FDM_NETWORK_F32) {
        fdm_mapping_apply_f32(&item->mapping.mapping, image->pixels, count, input);
        return;
    }
    uint8_t *codes = input;
    for (size_t i = 0; i < count; i++)
        codes[i] = item->mapping.table.code[image->pixels[i]];
}

/* The first of equal maxima wins, as numpy's argmax has it. */
static uint32_t argmax(const float *values, uint32_t count)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

static enum fdm_status classify(const struct fdm_plan_case *item, const struct fdm_image *image,
                                void *arena, struct fdm_prediction *prediction,
                                struct fdm_error *err)
{
    write_input(item, image, arena);
    uint64_t begin_ns = fdm_clock_now_ns();
    if (fdm_network_run(item->network, arena, NULL) != FDM_NN_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: a kernel refused its parameters",
                        item->record.model);
    prediction->infer_ns = fdm_clock_now_ns() - begin_ns;

    const float *output = fdm_network_output(item->network, arena);
    uint32_t best = argmax(output, item->class_count);
    prediction->raw_output = (int32_t)best;
    prediction->predicted = (int32_t)item->class_of[best];
    prediction->score = output[best];
    prediction->output_crc32 = fdm_crc32(0, output, item->class_count * sizeof *output);
    return FDM_OK;
}

static void begin_prediction(struct fdm_prediction *prediction, uint32_t image, uint32_t label)
{
    *prediction = (struct fdm_prediction){
        .image = image,
        .label = (int32_t)label,
        .predicted = FDM_PREDICTION_UNREADABLE,
        .raw_output = -1,
    };
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
        begin_prediction(prediction, result->image, label);
        if (!needs(evaluation, i, result->image))
            prediction->image = FDM_EVALUATE_NOT_NEEDED;
        else if (readable)
            status = classify(evaluation->cases[i], &images[job->size_of_case[i]],
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
