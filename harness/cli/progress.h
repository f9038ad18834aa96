/* Live lines on a terminal, one per thing that is under way: what is done, how fast, how long it
 * will take. Where standard error is no terminal, one line each every ten seconds, so that logs of
 * long runs show life. Any thread may add and update lines. */
#ifndef FDM_CLI_PROGRESS_H
#define FDM_CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDM_PROGRESS_LINES 16

struct fdm_progress_line {
    const char *title;
    const char *unit;
    double unit_size; /* how much of what is counted makes one unit */
    uint64_t total;
    uint64_t first; /* done when this run began, or where it began anew; not counted in the rate */
    uint64_t done;
    uint64_t started_ns;
    bool stopped; /* before its end */
};

struct fdm_progress {
    pthread_mutex_t lock;
    struct fdm_progress_line lines[FDM_PROGRESS_LINES];
    size_t count;
    size_t drawn; /* lines that stand on the terminal */
    uint64_t shown_ns;
    bool terminal;
};

void fdm_progress_init(struct fdm_progress *progress);
/* Adds a line and returns its number. `title` and `unit` must outlive the progress. Beyond
 * FDM_PROGRESS_LINES the last line is taken over. */
size_t fdm_progress_add(struct fdm_progress *progress, const char *title, const char *unit,
                        double unit_size, uint64_t done, uint64_t total);
void fdm_progress_update(struct fdm_progress *progress, size_t line, uint64_t done);
/* Nothing more will come on this line. */
void fdm_progress_stop(struct fdm_progress *progress, size_t line);
/* Prints a remark above the lines. */
void fdm_progress_say(struct fdm_progress *progress, const char *text);
/* Leaves the last state on the terminal. No thread may use it any more. */
void fdm_progress_end(struct fdm_progress *progress);

/* The words of a line: "fetching [######..................] 17.8/60.0 MB, 5.93/s, 7 s left". */
#define FDM_PROGRESS_TEXT_SIZE 200
void fdm_progress_format(const struct fdm_progress_line *line, uint64_t now_ns,
                         char out[FDM_PROGRESS_TEXT_SIZE]);

#endif
