/* `fdm-bench inspect --plan`: where a network's activations lie, and for how long. */
#ifndef FDM_CLI_INSPECT_PLAN_H
#define FDM_CLI_INSPECT_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reports/report.h"

struct fdm_inspect_plan {
    bool wanted;          /* also without the two below */
    const char *board;    /* whose kernels and limit; NULL: the reference, no limit */
    uint32_t arena_limit; /* 0: the board's */
};

/* Adds facts and the table "arena", if a plan is wanted. FDM_ERR_USAGE: no such board; the errors
 * of fdm_compile(). */
enum fdm_status fdm_inspect_add_plan(const struct fdm_inspect_plan *plan,
                                     const struct fdm_graph *graph, struct fdm_report *report,
                                     struct fdm_error *err);

#endif
