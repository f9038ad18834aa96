/* What only shows in a complete case as a whole: predictions that fit another order of the labels,
 * a board that did not run at its clock, a mapping that was corrected. */
#ifndef FDM_BENCH_CASE_JUDGE_H
#define FDM_BENCH_CASE_JUDGE_H

#include "harness/base/status.h"
#include "harness/bench/plan.h"
#include "results/store.h"

/* Looks once; what is found becomes the message of the stored case, which is then read back into
 * `item`. `entry` is the case's dataset. FDM_ERR_MEMORY; the store's errors. */
enum fdm_status fdm_case_judge(struct fdm_store *store, const struct fdm_dataset_entry *entry,
                               struct fdm_plan_case *item, struct fdm_error *err);

#endif
