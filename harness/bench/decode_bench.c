#include "harness/bench/decode_bench.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/datasets/mapping.h"

const char *fdm_decode_step_name(enum fdm_decode_step step)
{
    static const char *const names[FDM_DECODE_STEPS] = {
        "decode", "resize", "normalise int8", "normalise float", "all, int8",
    };
    return names[step];
}

struct work {
    const struct fdm_decode_options *options;
    struct fdm_mapping mapping;
    struct fdm_mapping_table table;
    uint8_t *codes; /* a network's inputs */
    float *values;
    double *samples[FDM_DECODE_STEPS];
    size_t sample_count; /* of each */
};

static double lap_us(uint64_t *since_ns)
{
    uint64_t now_ns = fdm_clock_now_ns();
    double us = (double)(now_ns - *since_ns) / 1000.0;
    *since_ns = now_ns;
    return us;
}

/* Images that cannot be read fail here. */
static enum fdm_status take_image(struct work *work, const struct fdm_decode_file *file,
                                  double us[FDM_DECODE_STEPS], double *pixels)
{
    struct fdm_image original = {0};
    struct fdm_image resized = {0};
    uint64_t since_ns = fdm_clock_now_ns();
    enum fdm_status status = fdm_image_decode(file->bytes, file->len, &original, NULL);
    us[FDM_DECODE_DECODE] = lap_us(&since_ns);
    if (status == FDM_OK)
        status = fdm_resize_nearest(&original, work->options->size, &resized, NULL);
    us[FDM_DECODE_RESIZE] = lap_us(&since_ns);
    if (status == FDM_OK) {
        size_t count = (size_t)resized.width * resized.height * 3;
        fdm_mapping_apply_u8(&work->table, resized.pixels, count, work->codes);
        us[FDM_DECODE_NORMALISE_U8] = lap_us(&since_ns);
        fdm_mapping_apply_f32(&work->mapping, resized.pixels, count, work->values);
        us[FDM_DECODE_NORMALISE_F32] = lap_us(&since_ns);
        us[FDM_DECODE_ALL] =
            us[FDM_DECODE_DECODE] + us[FDM_DECODE_RESIZE] + us[FDM_DECODE_NORMALISE_U8];
        *pixels = (double)original.width * (double)original.height;
    }
    fdm_image_release(&resized);
    fdm_image_release(&original);
    return status;
}

/* One run to warm up, then the timed ones. */
static enum fdm_status time_file(struct work *work, const struct fdm_decode_file *file,
                                 double *pixels)
{
    double us[FDM_DECODE_STEPS];
    for (uint32_t run = 0; run <= work->options->runs; run++) {
        enum fdm_status status = take_image(work, file, us, pixels);
        if (status != FDM_OK)
            return status;
        for (int step = 0; run > 0 && step < FDM_DECODE_STEPS; step++)
            work->samples[step][work->sample_count] = us[step];
        work->sample_count += run > 0;
    }
    return FDM_OK;
}

static void time_files(struct work *work, struct fdm_decode_times *out)
{
    const struct fdm_decode_options *options = work->options;
    for (size_t i = 0; i < options->count; i++) {
        const struct fdm_decode_file *file = &options->files[i];
        double pixels = 0;
        if (fdm_image_format(file->bytes, file->len) != options->format)
            continue;
        if (time_file(work, file, &pixels) == FDM_OK) {
            out->images++;
            out->pixels += pixels;
        } else {
            out->unreadable++;
        }
    }
}

/* The mapping's kind changes no time. */
static enum fdm_status prepare(struct work *work, struct fdm_error *err)
{
    const struct fdm_decode_options *options = work->options;
    size_t pixels = (size_t)options->size.width * options->size.height * 3;
    work->mapping = *fdm_mapping_find("x/127.5-1");
    enum fdm_status status = fdm_resize_check(options->size, err);
    if (status == FDM_OK)
        status =
            fdm_mapping_quantize_u8(&work->mapping, work->mapping.scale, 127, &work->table, err);
    if (status != FDM_OK)
        return status;
    work->codes = malloc(pixels);
    work->values = calloc(pixels, sizeof *work->values);
    bool complete = work->codes != NULL && work->values != NULL;
    for (int step = 0; step < FDM_DECODE_STEPS; step++) {
        work->samples[step] = calloc(options->count * options->runs + 1, sizeof(double));
        complete = complete && work->samples[step] != NULL;
    }
    return complete ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

enum fdm_status fdm_decode_bench_run(const struct fdm_decode_options *options,
                                     struct fdm_decode_times *out, struct fdm_error *err)
{
    struct work work = {.options = options};
    memset(out, 0, sizeof *out);
    enum fdm_status status = prepare(&work, err);
    if (status == FDM_OK)
        time_files(&work, out);
    for (int step = 0; step < FDM_DECODE_STEPS; step++) {
        if (status == FDM_OK)
            out->steps[step] = fdm_timing_of(work.samples[step], work.sample_count);
        free(work.samples[step]);
    }
    free(work.codes);
    free(work.values);
    return status;
}
