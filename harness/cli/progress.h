/* One live line on a terminal: what is done, how fast, how long it will take. Silent where standard
 * error is no terminal, except for one line every ten seconds, so that logs of long runs show life.
 */
#ifndef FDM_CLI_PROGRESS_H
#define FDM_CLI_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct fdm_progress {
    const char *title;
    const char *unit;
    uint64_t total;
    uint64_t first; /* already done when this run began; not counted in the rate */
    uint64_t done;
    uint64_t started_ns;
    uint64_t shown_ns;
    bool terminal;
    bool line_open;
};

void fdm_progress_begin(struct fdm_progress *progress, const char *title, const char *unit,
                        uint64_t done, uint64_t total);
void fdm_progress_update(struct fdm_progress *progress, uint64_t done);
/* Ends the live line, leaving its last state on the screen; nothing for a progress that never
 * began. */
void fdm_progress_end(struct fdm_progress *progress);

#endif
