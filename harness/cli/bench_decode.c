#include <stdio.h>
#include <stdlib.h>

#include "harness/base/fs.h"
#include "harness/bench/decode_bench.h"
#include "harness/cli/bench.h"
#include "harness/datasets/dataset.h"
#include "harness/datasets/encode.h"
#include "harness/demo/demo.h"

#define RUNS_DEFAULT 10
#define LIMIT_DEFAULT 100
#define RESOLUTION_DEFAULT 224
#define DRAWN_SIZE 320
#define DRAWN_COUNT 20
#define BYTES_MAX ((size_t)1 << 30)
#define KEYS 4 /* columns that tell the rows apart */

/* Files in memory. */
struct files {
    struct fdm_decode_file *items;
    size_t count;
    size_t bytes;
};

static void release(struct files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free((void *)files->items[i].bytes);
    free(files->items);
}

/* ---- images ---- */

static enum fdm_status read_images(const char *folder, uint32_t limit, struct files *files,
                                   struct fdm_error *err)
{
    const struct fdm_dataset_options options = {.root = folder, .scheme = FDM_DATASET_ALL};
    struct fdm_dataset *dataset = NULL;
    enum fdm_status status = fdm_dataset_open(&options, &dataset, err);
    if (status != FDM_OK)
        return status;
    uint32_t count = dataset->count < limit ? dataset->count : limit;
    files->items = calloc(count, sizeof *files->items);
    if (files->items == NULL) {
        fdm_dataset_free(dataset);
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    for (uint32_t i = 0; status == FDM_OK && i < count; i++) {
        uint8_t *bytes = NULL;
        size_t len = 0;
        char *path = fdm_dataset_path(dataset, i);
        status = path == NULL ? fdm_fail(err, FDM_ERR_MEMORY, "out of memory")
                              : fdm_fs_read(path, BYTES_MAX - files->bytes, &bytes, &len, err);
        free(path);
        if (status != FDM_OK)
            break;
        files->items[files->count++] = (struct fdm_decode_file){bytes, len};
        files->bytes += len;
    }
    fdm_dataset_free(dataset);
    return status;
}

static enum fdm_status draw_image(uint32_t index, struct fdm_decode_file *out,
                                  struct fdm_error *err)
{
    struct fdm_image image = {0};
    struct fdm_buf png;
    fdm_buf_init(&png);
    enum fdm_status status = fdm_demo_draw(FDM_DEMO_SEED, index, DRAWN_SIZE, &image, err);
    if (status == FDM_OK)
        status = fdm_image_encode_png(&image, &png, err);
    if (status == FDM_OK)
        *out = (struct fdm_decode_file){(uint8_t *)png.data, png.len};
    else
        fdm_buf_release(&png);
    fdm_image_release(&image);
    return status;
}

static enum fdm_status draw_images(uint32_t limit, struct files *files, struct fdm_error *err)
{
    uint32_t count = limit < DRAWN_COUNT ? limit : DRAWN_COUNT;
    enum fdm_status status = FDM_OK;
    files->items = calloc(count, sizeof *files->items);
    if (files->items == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (uint32_t i = 0; status == FDM_OK && i < count; i++) {
        status = draw_image(i, &files->items[i], err);
        files->count += status == FDM_OK;
    }
    return status;
}

/* ---- tables ---- */

static struct fdm_table *add_table(struct fdm_report *report,
                                   const struct fdm_bench_request *request)
{
    static const struct fdm_table_column head[KEYS] = {
        {"images_from", "Images", FDM_ALIGN_LEFT, FDM_FOR_MACHINES},
        {"format", "Format", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"size", "To", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"step", "Step", FDM_ALIGN_LEFT, FDM_FOR_ALL},
    };
    static const struct fdm_table_column tail[] = {
        {"images", "Images", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"unreadable", "Unreadable", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"images_per_s", "Images/s", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"megapixels_per_s", "Mpixel/s", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    struct fdm_table *table = fdm_report_add_table(report, "decode", NULL);
    fdm_table_add_columns(table, head, KEYS);
    fdm_bench_add_timing_columns(table);
    fdm_table_add_columns(table, tail, sizeof tail / sizeof tail[0]);
    fdm_bench_add_baseline_columns(table, &request->baseline, "baseline_us", "Before us");
    return table;
}

/* Throughput is over all images: the mean, not the median. */
static void add_step(struct fdm_table *table, struct fdm_bench_request *request,
                     const struct fdm_decode_options *options, const struct fdm_decode_times *times,
                     enum fdm_decode_step step)
{
    const struct fdm_timing *timing = &times->steps[step];
    double per_s = 1e6 / timing->us.mean;
    fdm_table_add_text(table, request->images != NULL ? request->images : "drawn");
    fdm_table_add_text(table, fdm_image_format_name(options->format));
    fdm_table_add_textf(table, "%ux%u", options->size.width, options->size.height);
    fdm_table_add_text(table, fdm_decode_step_name(step));
    fdm_bench_add_timing(table, timing);
    fdm_table_add_int(table, times->images);
    fdm_table_add_int(table, times->unreadable);
    fdm_table_add_real(table, per_s, 0);
    fdm_table_add_real(table, per_s * times->pixels / times->images / 1e6, 1);
    fdm_bench_compare(table, &request->baseline, KEYS, "median_us");
}

static void note_unreadable(struct fdm_report *report, const struct fdm_decode_options *options,
                            const struct fdm_decode_times *times)
{
    char note[96];
    snprintf(note, sizeof note, "%u damaged %s files are left out.", times->unreadable,
             fdm_image_format_name(options->format));
    if (times->unreadable > 0)
        fdm_report_add_legend(report, note);
}

static enum fdm_status time_formats(struct fdm_bench_request *request, const struct files *files,
                                    struct fdm_report *report, struct fdm_table *table,
                                    struct fdm_error *err)
{
    static const enum fdm_image_format formats[] = {FDM_IMAGE_JPEG, FDM_IMAGE_PNG};
    uint32_t side = request->resolution != 0 ? request->resolution : RESOLUTION_DEFAULT;
    struct fdm_decode_options options = {
        .files = files->items,
        .count = files->count,
        .size = {side, side},
        .runs = request->runs != 0 ? request->runs : RUNS_DEFAULT,
    };
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        struct fdm_decode_times times;
        options.format = formats[i];
        enum fdm_status status = fdm_decode_bench_run(&options, &times, err);
        if (status != FDM_OK)
            return status;
        for (int step = 0; times.images > 0 && step < FDM_DECODE_STEPS; step++)
            add_step(table, request, &options, &times, (enum fdm_decode_step)step);
        note_unreadable(report, &options, &times);
    }
    if (table != NULL && fdm_table_row_count(table) == 0)
        return fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: no JPEG or PNG file can be read",
                        request->images);
    return FDM_OK;
}

enum fdm_status fdm_bench_decode(struct fdm_bench_request *request, struct fdm_report *report,
                                 struct fdm_error *err)
{
    struct files files = {0};
    uint32_t limit = request->limit != 0 ? request->limit : LIMIT_DEFAULT;
    struct fdm_table *table = add_table(report, request);
    enum fdm_status status = request->images != NULL
                                 ? read_images(request->images, limit, &files, err)
                                 : draw_images(limit, &files, err);
    if (status == FDM_OK)
        status = time_formats(request, &files, report, table, err);
    release(&files);
    return status;
}
