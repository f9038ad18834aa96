/* Is everything there that measuring needs, and if not, what to do about it. */
#ifndef FDM_BENCH_DOCTOR_H
#define FDM_BENCH_DOCTOR_H

#include <stddef.h>

#include "harness/base/status.h"
#include "harness/registry/lab.h"
#include "harness/registry/registry.h"

enum fdm_check_state {
    FDM_CHECK_OK,
    FDM_CHECK_MISSING, /* something that only some boards or datasets need */
    FDM_CHECK_FAILED   /* something that is configured and does not work */
};

struct fdm_check {
    enum fdm_check_state state;
    char area[32];    /* "tool", "folder", "probe", "board" */
    char subject[96]; /* the tool, folder or board */
    char detail[256]; /* what was found, or what is wrong */
    char fix[256];    /* the next step; empty if there is none to take */
};

const char *fdm_check_state_name(enum fdm_check_state state); /* "ok", "missing", "failed" */

struct fdm_doctor {
    const struct fdm_registry *registry;
    const struct fdm_lab *lab;
    const char *models_dir;
    const char *db_path;
};

/* All checks in the order in which they help; the caller frees `*checks` with free(). Finds nothing
 * wrong by failing: FDM_ERR_MEMORY only. Boards reached by ssh are asked for a sign of life, which
 * takes up to ten seconds each; servers of serial lines are connected to. */
enum fdm_status fdm_doctor_examine(const struct fdm_doctor *doctor, struct fdm_check **checks,
                                   size_t *count, struct fdm_error *err);

#endif
