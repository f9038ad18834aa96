#include "harness/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"

#define BAR_CELLS 24

void fdm_progress_init(struct fdm_progress *progress)
{
    memset(progress, 0, sizeof *progress);
    pthread_mutex_init(&progress->lock, NULL);
    progress->terminal = isatty(STDERR_FILENO) == 1;
    progress->shown_ns = fdm_clock_now_ns();
}

static void draw_line(const struct fdm_progress_line *line, bool terminal, uint64_t now_ns)
{
    double seconds = (double)(now_ns - line->started_ns) / (double)FDM_NS_PER_S;
    double rate = seconds > 0 ? (double)(line->done - line->first) / seconds : 0;
    double left = rate > 0 ? (double)(line->total - line->done) / rate : 0;
    double share = line->total > 0 ? (double)line->done / (double)line->total : 1;
    char bar[BAR_CELLS + 1];
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = (double)i < share * BAR_CELLS ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    fprintf(stderr, "%s [%s] %llu/%llu predictions, %.3g/s, %.0f s left%s\n", line->title, bar,
            (unsigned long long)line->done, (unsigned long long)line->total, rate, left,
            terminal ? "\033[K" : "");
}

/* With the lock held. Each draw goes back to the first line of the one before. */
static void draw(struct fdm_progress *progress)
{
    uint64_t now_ns = fdm_clock_now_ns();
    if (progress->terminal && progress->drawn > 0)
        fprintf(stderr, "\033[%zuA\r", progress->drawn);
    for (size_t i = 0; i < progress->count; i++)
        draw_line(&progress->lines[i], progress->terminal, now_ns);
    fflush(stderr);
    progress->drawn = progress->count;
    progress->shown_ns = now_ns;
}

size_t fdm_progress_add(struct fdm_progress *progress, const char *title, uint64_t done,
                        uint64_t total)
{
    pthread_mutex_lock(&progress->lock);
    if (progress->count < FDM_PROGRESS_LINES)
        progress->count++;
    size_t number = progress->count - 1;
    progress->lines[number] =
        (struct fdm_progress_line){title, total, done, done, fdm_clock_now_ns()};
    pthread_mutex_unlock(&progress->lock);
    return number;
}

void fdm_progress_update(struct fdm_progress *progress, size_t line, uint64_t done)
{
    pthread_mutex_lock(&progress->lock);
    uint64_t pause_ns = progress->terminal ? FDM_NS_PER_S / 10 : 10 * FDM_NS_PER_S;
    progress->lines[line].done = done;
    if (fdm_clock_now_ns() - progress->shown_ns >= pause_ns)
        draw(progress);
    pthread_mutex_unlock(&progress->lock);
}

void fdm_progress_end(struct fdm_progress *progress)
{
    if (progress->terminal && progress->count > 0)
        draw(progress);
    pthread_mutex_destroy(&progress->lock);
}
