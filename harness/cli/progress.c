#include "harness/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"

#define BAR_CELLS 24

void fdm_progress_begin(struct fdm_progress *progress, const char *title, const char *unit,
                        uint64_t done, uint64_t total)
{
    memset(progress, 0, sizeof *progress);
    progress->title = title;
    progress->unit = unit;
    progress->total = total;
    progress->first = done;
    progress->done = done;
    progress->started_ns = fdm_clock_now_ns();
    progress->shown_ns = progress->started_ns;
    progress->terminal = isatty(STDERR_FILENO) == 1;
}

static void draw(struct fdm_progress *progress, uint64_t done, uint64_t now_ns)
{
    double seconds = (double)(now_ns - progress->started_ns) / (double)FDM_NS_PER_S;
    double rate = seconds > 0 ? (double)(done - progress->first) / seconds : 0;
    double left = rate > 0 ? (double)(progress->total - done) / rate : 0;
    double share = progress->total > 0 ? (double)done / (double)progress->total : 1;
    char bar[BAR_CELLS + 1];
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = (double)i < share * BAR_CELLS ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    fprintf(stderr, "%s%s [%s] %llu/%llu %s, %.0f/s, %.0f s left%s", progress->terminal ? "\r" : "",
            progress->title, bar, (unsigned long long)done, (unsigned long long)progress->total,
            progress->unit, rate, left, progress->terminal ? "\033[K" : "\n");
    fflush(stderr);
    progress->shown_ns = now_ns;
    progress->line_open = progress->terminal;
}

void fdm_progress_update(struct fdm_progress *progress, uint64_t done)
{
    uint64_t now_ns = fdm_clock_now_ns();
    uint64_t pause_ns = progress->terminal ? FDM_NS_PER_S / 10 : 10 * FDM_NS_PER_S;
    progress->done = done;
    if (now_ns - progress->shown_ns >= pause_ns)
        draw(progress, done, now_ns);
}

void fdm_progress_end(struct fdm_progress *progress)
{
    if (progress->terminal)
        draw(progress, progress->done, fdm_clock_now_ns());
    if (progress->line_open)
        fputc('\n', stderr);
    progress->line_open = false;
}
