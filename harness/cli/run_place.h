/* Inside `fdm-bench run`: the user's words, and what the boards of a run share. */
#ifndef FDM_CLI_RUN_PLACE_H
#define FDM_CLI_RUN_PLACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/bench/board_case.h"
#include "harness/bench/plan.h"
#include "harness/cli/demo_images.h"
#include "harness/cli/opt.h"
#include "harness/cli/progress.h"
#include "harness/cli/supply.h"
#include "harness/cli/workspace.h"
#include "harness/datasets/cache.h"
#include "harness/registry/lab.h"
#include "harness/registry/registry.h"
#include "results/record.h"

struct fdm_run_request {
    struct fdm_opt_words boards;
    bool emulate;
    const char *lab;
    struct fdm_board_effort effort;
    struct fdm_opt_words images;
    struct fdm_supply supply;
    bool demo;
    const char *models_dir;
    const char *model_file;
    struct fdm_opt_words models;
    struct fdm_opt_words datasets;
    struct fdm_opt_words formats;
    struct fdm_opt_words semantics;
    struct fdm_opt_words engines;
    uint32_t arena_limit;
    uint32_t resolution;
    const char *scheme;
    uint32_t seed;
    const char *list;
    uint32_t limit;
    const char *mapping;
    uint32_t threads;
    const char *cache;
    bool no_cache;
    bool fresh;
    const char *db;
    struct fdm_output output;
};

/* What all boards of a run share. */
struct fdm_run_place {
    struct fdm_registry *registry;
    struct fdm_lab *lab;
    char *models_dir;
    char *model_file;
    char *fetched_models;
    struct fdm_plan_source sources[FDM_OPT_WORDS_MAX + 1]; /* one more for --demo */
    size_t source_count;
    char *source_names[FDM_OPT_WORDS_MAX];
    char *fetched_images[FDM_OPT_WORDS_MAX]; /* roots of sources, where they were fetched */
    struct fdm_demo_images demo;
    struct fdm_image_cache *cache;
    struct fdm_session_record about;
    struct fdm_progress progress;
    const atomic_bool *stop;
};

struct fdm_filter fdm_run_filter(const struct fdm_opt_words *words);

/* Finds models and images, fetches what is missing if that is allowed, draws the demonstration. The
 * registry is loaded. FDM_ERR_USAGE, FDM_ERR_CANCELLED, errors of fetching and drawing. */
enum fdm_status fdm_run_place_prepare(const struct fdm_run_request *request,
                                      struct fdm_run_place *place, struct fdm_error *err);
/* Frees all that the place holds, the registry and the lab among it. */
void fdm_run_place_release(struct fdm_run_place *place);

#endif
