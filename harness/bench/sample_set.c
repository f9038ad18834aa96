#include "harness/bench/sample_set.h"

#include <stdlib.h>

#include "harness/bench/parallel.h"

struct job {
    const struct fdm_dataset *dataset;
    struct fdm_image_cache *cache;
    struct fdm_sample_set *set;
};

/* Straight into the item's own place, so that nothing is lost with results that nobody consumes. */
static enum fdm_status work(void *context, uint32_t worker, uint32_t item, void *result,
                            struct fdm_error *err)
{
    (void)worker;
    (void)result;
    struct job *job = context;
    struct fdm_image image;
    char *path = fdm_dataset_path(job->dataset, item);
    if (path == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status =
        fdm_image_load(job->cache, path, &job->set->size, 1, &image, NULL, err);
    free(path);
    if (status == FDM_OK)
        job->set->pixels[item] = image.pixels;
    return status;
}

enum fdm_status fdm_sample_set_load(const struct fdm_dataset *dataset, uint32_t limit,
                                    struct fdm_image_size size, uint32_t threads,
                                    struct fdm_image_cache *cache, struct fdm_sample_set *out,
                                    struct fdm_error *err)
{
    *out = (struct fdm_sample_set){.count = dataset->count, .size = size};
    if (limit != 0 && limit < out->count)
        out->count = limit;
    size_t bytes = (size_t)size.width * size.height * 3;
    if (bytes > FDM_SAMPLE_SET_BYTES_MAX / (out->count + 1u))
        return fdm_fail(err, FDM_ERR_MEMORY,
                        "%u images of %ux%u pixels are too many to hold; take fewer", out->count,
                        size.width, size.height);
    out->pixels = calloc((size_t)out->count + 1, sizeof *out->pixels);
    if (out->pixels == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u images", out->count);
    struct job job = {dataset, cache, out};
    const struct fdm_parallel map = {
        .items = out->count,
        .threads = threads,
        .result_bytes = 1,
        .context = &job,
        .work = work,
    };
    return fdm_parallel_map(&map, err);
}

void fdm_sample_set_release(struct fdm_sample_set *set)
{
    for (uint32_t i = 0; set->pixels != NULL && i < set->count; i++)
        free(set->pixels[i]);
    free(set->pixels);
    *set = (struct fdm_sample_set){0};
}
