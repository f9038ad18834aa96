/* The matrix: which cases a run consists of, with everything loaded that they need.
 *
 * A plan is made from the registry, the user's choice and the files that are there. Cases stand in
 * the order of the cards: dataset, model, format (float, int8), semantics, engine. */
#ifndef FDM_BENCH_PLAN_H
#define FDM_BENCH_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/bench/mapping_choice.h"
#include "harness/datasets/dataset.h"
#include "harness/registry/registry.h"
#include "reference/graph/graph.h"
#include "reference/network/network.h"
#include "results/record.h"

/* No words: everything. Words compare without regard to ASCII case. */
struct fdm_filter {
    const char *const *words;
    size_t count;
};

struct fdm_plan_source {
    const char *dataset; /* registry id */
    const char *root;    /* folder with one folder per class */
};

struct fdm_plan_options {
    const struct fdm_registry *registry;
    const char *board;      /* its name in the records */
    uint32_t threads;       /* of one inference there, at least 1 */
    const char *models_dir; /* registry paths are relative to it, unless the entry has a folder */
    /* Looked at next for what `models_dir` has not; NULL for none. */
    const char *fetched_dir;
    const char *model_file; /* a file to evaluate instead of the registry's models; NULL for none */
    struct fdm_filter models; /* ids, or parts of an id or family name */
    struct fdm_filter datasets;
    struct fdm_filter formats;   /* "float", "int8" */
    struct fdm_filter semantics; /* none: the default alone; "all": every preset */
    struct fdm_filter engines;   /* none: tuned if there are kernels for `isas`; "all": each */
    unsigned isas;               /* of the executor: set of enum fdm_nn_isa */
    size_t arena_limit;          /* of what is executed (reference/compiler/plan.h); 0: none */
    uint32_t resolution;         /* 0: any */
    const struct fdm_plan_source *sources;
    size_t source_count;
    enum fdm_dataset_scheme scheme;
    bool has_seed;
    uint32_t seed;
    const char *list_path;
    uint32_t limit;      /* first images of a split only; 0: all */
    const char *mapping; /* named mapping to force on every case; NULL: choose */
};

/* The images of one dataset. */
struct fdm_plan_group {
    const struct fdm_dataset_entry *entry;
    struct fdm_dataset *dataset;
    struct fdm_split_record split; /* id 0 until stored */
};

#define FDM_PLAN_FIGURES 4

/* One case, ready to run unless record.state is FDM_CASE_SKIPPED, whose record.message says why. */
struct fdm_plan_case {
    struct fdm_case_record record;
    size_t group;
    struct fdm_network *network; /* the reference: what every engine must equal, bit for bit */
    struct fdm_network *tuned;   /* what is executed, if it is something else: the engine "tuned"
                                    for the executor's instruction sets, or a smaller arena */
    struct fdm_mapping_choice mapping;
    uint32_t *class_of; /* for each output the class that it stands for, in byte order of names */
    uint32_t class_count;
    uint32_t input_h, input_w;
    struct fdm_figure figures[FDM_PLAN_FIGURES]; /* computed from the files */
    uint32_t inferred; /* by this run: inferences, and their time in all */
    uint64_t infer_ns;
};

struct fdm_plan {
    struct fdm_plan_group *groups;
    size_t group_count;
    struct fdm_plan_case *cases;
    size_t case_count;
    char sha256[FDM_RECORD_SHA256]; /* of all that decides the results */
};

/* What executes the case. */
static inline const struct fdm_network *fdm_plan_network(const struct fdm_plan_case *item)
{
    return item->tuned != NULL ? item->tuned : item->network;
}

/* True if the choice of models, formats and resolution includes this one; datasets aside. */
bool fdm_plan_wants(const struct fdm_plan_options *options, const struct fdm_model_entry *model,
                    enum fdm_format format);

/* FDM_ERR_USAGE if the choice selects nothing, FDM_ERR_NOT_FOUND if none of the images is there; a
 * missing or unusable model file becomes a skipped case. The caller frees `*out`. */
enum fdm_status fdm_plan_make(const struct fdm_plan_options *options, struct fdm_plan **out,
                              struct fdm_error *err);
void fdm_plan_free(struct fdm_plan *plan);

#endif
