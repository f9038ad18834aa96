/* Inside `fdm-bench quantize`: what its parts share. */
#ifndef FDM_CLI_QUANTIZE_H
#define FDM_CLI_QUANTIZE_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/bench/conversion.h"
#include "harness/cli/supply.h"
#include "harness/cli/workspace.h"
#include "harness/registry/registry.h"
#include "reports/report.h"

/* The user's words; NULL and 0 where nothing was said. */
struct fdm_quantize_request {
    const char *model, *calibrate, *judge, *output;
    const char *method, *keep, *equalize, *absorb, *rounding, *correct;
    bool per_tensor, converter, exact, compare;
    const char *mapping, *semantics;
    uint32_t limit, threads;
    const char *cache;
    bool no_cache;
    struct fdm_supply supply;
    struct fdm_output report;
};

/* What is made of them. */
struct fdm_quantize_work {
    const struct fdm_quantize_request *request;
    struct fdm_recipe recipe;
    enum fdm_report_format format;
    const struct fdm_semantics *semantics;
    uint32_t threads;
    struct fdm_registry *registry;
    struct fdm_image_cache *cache;
    struct fdm_graph *graph;
    struct fdm_conversion_input input;
    struct fdm_conversion_images images, judged;
    const uint32_t *labels; /* of the images judged by, or NULL */
    struct fdm_table *methods;
};

/* Recipe, format, semantics and threads from the words. FDM_ERR_USAGE; errors of
 * fdm_fs_check_writable() for the file that is to be written. */
enum fdm_status fdm_quantize_parse(const struct fdm_quantize_request *request,
                                   struct fdm_quantize_work *work, struct fdm_error *err);

/* `--compare-methods`: tries every combination on the images that were loaded, and renders what
 * each costs and gains. */
enum fdm_status fdm_quantize_compare(struct fdm_quantize_work *work, struct fdm_buf *text,
                                     struct fdm_error *err);

/* Model, mapping, images and rounding, for either report. */
void fdm_quantize_add_facts(struct fdm_report *report, const struct fdm_quantize_work *work);

#endif
