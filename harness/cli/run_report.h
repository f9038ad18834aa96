/* What `run` says before and after. */
#ifndef FDM_CLI_RUN_REPORT_H
#define FDM_CLI_RUN_REPORT_H

#include <stdio.h>

#include "harness/bench/board_choice.h"
#include "harness/bench/run.h"
#include "reports/table.h"

/* Before the first prediction: per dataset how many images, by which split, its hash, and what is
 * odd about the folder; per case a mapping that had to be corrected, or why it is skipped. */
void fdm_run_announce(const struct fdm_plan *plan, FILE *out);

/* What kept the cache from working, if anything did. `cache` may be NULL. */
void fdm_run_note_cache(struct fdm_image_cache *cache, FILE *out);

/* The summary: facts board, emulated, session, resumed, cases_complete, cases_skipped, images,
 * predictions, wall_s, images_per_s, image_ms, load_ms, the table "cases", and on boards the table
 * "figures" with what was counted, timed and computed: case model name kind value. */
enum fdm_status fdm_run_report(const struct fdm_board_choice *choice, const struct fdm_plan *plan,
                               const struct fdm_run_summary *summary, struct fdm_store *store,
                               enum fdm_report_format format, struct fdm_buf *out,
                               struct fdm_error *err);

#endif
