/* How a run begins in the store: its splits, its session, its cases. */
#ifndef FDM_BENCH_RUN_SESSION_H
#define FDM_BENCH_RUN_SESSION_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "harness/bench/run.h"

/* Stores the splits, then continues an interrupted session of the same plan, unless the options
 * want a fresh one, or begins one; each planned case gets its record, one that was begun with what
 * it has. `*resumed` tells which it was. FDM_ERR_BUSY while another process runs the session;
 * FDM_ERR_MEMORY; the store's errors. */
enum fdm_status fdm_run_session_begin(const struct fdm_run_options *options,
                                      struct fdm_session_record *session, bool *resumed,
                                      struct fdm_error *err);

#endif
