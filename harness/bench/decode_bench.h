/* How fast images become what a network takes: decoding, resizing, normalising, one thread. */
#ifndef FDM_BENCH_DECODE_BENCH_H
#define FDM_BENCH_DECODE_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/bench/timing.h"
#include "harness/datasets/image.h"
#include "harness/datasets/resize.h"

/* An image file in memory, so that no disk is timed. */
struct fdm_decode_file {
    const uint8_t *bytes;
    size_t len;
};

enum fdm_decode_step {
    FDM_DECODE_DECODE,        /* JPEG or PNG to RGB, as fdm_image_decode() */
    FDM_DECODE_RESIZE,        /* to the network's input */
    FDM_DECODE_NORMALISE_U8,  /* pixels to an int8 network's input */
    FDM_DECODE_NORMALISE_F32, /* likewise to a float network's */
    FDM_DECODE_ALL,           /* the first three: all that an int8 network waits for */
    FDM_DECODE_STEPS
};
const char *fdm_decode_step_name(enum fdm_decode_step step); /* "decode", "normalise int8" … */

/* The times of single images, so their spread is also that of the images' sizes. */
struct fdm_decode_times {
    struct fdm_timing steps[FDM_DECODE_STEPS];
    uint32_t images;     /* of this format; with 0 there are no times */
    uint32_t unreadable; /* beside those */
    double pixels;       /* of the files of all `images` */
};

struct fdm_decode_options {
    const struct fdm_decode_file *files;
    size_t count;
    enum fdm_image_format format; /* only files of this one */
    struct fdm_image_size size;
    uint32_t runs; /* times each image, at least 1; beside one to warm up */
};

/* FDM_ERR_USAGE for an impossible size, FDM_ERR_MEMORY. Files that are damaged are counted and
 * left out. */
enum fdm_status fdm_decode_bench_run(const struct fdm_decode_options *options,
                                     struct fdm_decode_times *out, struct fdm_error *err);

#endif
