/* What a command fetches by itself when it is told that it may. */
#ifndef FDM_CLI_SUPPLY_H
#define FDM_CLI_SUPPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/status.h"
#include "harness/cli/opt.h"
#include "harness/registry/registry.h"
#include "reference/graph/graph.h"

struct fdm_supply {
    bool allowed; /* --fetch; else $FDM_FETCH decides */
    bool accept;
};
#define FDM_SUPPLY_OPTIONS(supply)                                                                 \
    {"fetch",                                                                                      \
     NULL,                                                                                         \
     "download what is missing (default: only if $FDM_FETCH is 1)",                                \
     FDM_OPT_FLAG,                                                                                 \
     &(supply)->allowed,                                                                           \
     0,                                                                                            \
     0},                                                                                           \
    {                                                                                              \
        "accept-licence", NULL, "with --fetch: accept the terms that are shown without it",        \
            FDM_OPT_FLAG, &(supply)->accept, 0, 0                                                  \
    }
bool fdm_supply_is_allowed(const struct fdm_supply *supply);

/* Fetches downloads by their names: datasets' ids, models' paths. FDM_ERR_NOT_FOUND for a name that
 * nothing has; errors of fdm_obtain(). */
enum fdm_status fdm_supply_fetch(const struct fdm_supply *supply,
                                 const struct fdm_registry *registry, const char *const *names,
                                 size_t count, struct fdm_error *err);

/* The path of a model file: `name` itself if that is a file; a published path
 * ("flowers/…/x.tflite") in the folder of models (`models_dir`, as for fdm_workspace_models()), or
 * as it was fetched, or as it is fetched now; any other name of something unchanged. The
 * caller frees. FDM_ERR_NOT_FOUND says which command downloads it, or tells of what there is. */
enum fdm_status fdm_supply_model(const struct fdm_supply *supply, const char *models_dir,
                                 const char *name, char **path, struct fdm_error *err);
/* The same, read; without a folder of models given. The caller frees with fdm_graph_free(). */
enum fdm_status fdm_supply_import(const struct fdm_supply *supply, const char *name,
                                  struct fdm_graph **graph, struct fdm_error *err);

#endif
