#include "harness/cli/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"

#define BAR_CELLS 24

void fdm_progress_init(struct fdm_progress *progress)
{
    memset(progress, 0, sizeof *progress);
    pthread_mutex_init(&progress->lock, NULL);
    const char *kind = getenv("TERM");
    progress->terminal = isatty(STDERR_FILENO) == 1 && (kind == NULL || strcmp(kind, "dumb") != 0);
    progress->shown_ns = fdm_clock_now_ns();
}

void fdm_progress_format(const struct fdm_progress_line *line, uint64_t now_ns,
                         char out[FDM_PROGRESS_TEXT_SIZE])
{
    double seconds = (double)(now_ns - line->started_ns) / (double)FDM_NS_PER_S;
    double done = (double)line->done / line->unit_size;
    double total = (double)line->total / line->unit_size;
    double rate = seconds > 0 ? (done - (double)line->first / line->unit_size) / seconds : 0;
    double share = total > 0 ? done / total : 1;
    int digits = line->unit_size > 1;
    char bar[BAR_CELLS + 1];
    char left[40] = "no end in sight";
    for (int i = 0; i < BAR_CELLS; i++)
        bar[i] = (double)i < share * BAR_CELLS ? '#' : '.';
    bar[BAR_CELLS] = '\0';
    if (line->stopped)
        snprintf(left, sizeof left, "stopped");
    else if (rate > 0 || line->done >= line->total)
        snprintf(left, sizeof left, "%.0f s left", rate > 0 ? (total - done) / rate : 0);
    snprintf(out, FDM_PROGRESS_TEXT_SIZE, "%.100s [%s] %.*f/%.*f %s, %.3g/s, %s", line->title, bar,
             digits, done, digits, total, line->unit, rate, left);
}

/* A terminal cuts the line at its edge: wrapped, it would take more lines than are gone back. */
static void draw_line(const struct fdm_progress_line *line, bool terminal, uint64_t now_ns)
{
    char text[FDM_PROGRESS_TEXT_SIZE];
    fdm_progress_format(line, now_ns, text);
    fprintf(stderr, terminal ? "\033[?7l%s\033[K\033[?7h\n" : "%s\n", text);
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

size_t fdm_progress_add(struct fdm_progress *progress, const char *title, const char *unit,
                        double unit_size, uint64_t done, uint64_t total)
{
    pthread_mutex_lock(&progress->lock);
    if (progress->count < FDM_PROGRESS_LINES)
        progress->count++;
    size_t number = progress->count - 1;
    progress->lines[number] = (struct fdm_progress_line){.title = title,
                                                         .unit = unit,
                                                         .unit_size = unit_size,
                                                         .total = total,
                                                         .first = done,
                                                         .done = done,
                                                         .started_ns = fdm_clock_now_ns()};
    pthread_mutex_unlock(&progress->lock);
    return number;
}

void fdm_progress_update(struct fdm_progress *progress, size_t line, uint64_t done)
{
    pthread_mutex_lock(&progress->lock);
    uint64_t pause_ns = progress->terminal ? FDM_NS_PER_S / 10 : 10 * FDM_NS_PER_S;
    progress->lines[line].done = done;
    if (done < progress->lines[line].first) {
        progress->lines[line].first = done;
        progress->lines[line].started_ns = fdm_clock_now_ns();
    }
    if (fdm_clock_now_ns() - progress->shown_ns >= pause_ns)
        draw(progress);
    pthread_mutex_unlock(&progress->lock);
}

void fdm_progress_stop(struct fdm_progress *progress, size_t line)
{
    pthread_mutex_lock(&progress->lock);
    progress->lines[line].stopped = true;
    pthread_mutex_unlock(&progress->lock);
}

void fdm_progress_say(struct fdm_progress *progress, const char *text)
{
    pthread_mutex_lock(&progress->lock);
    if (progress->terminal && progress->drawn > 0)
        fprintf(stderr, "\033[%zuA\r\033[J", progress->drawn);
    fprintf(stderr, "%s\n", text);
    progress->drawn = 0;
    if (progress->terminal && progress->count > 0)
        draw(progress);
    pthread_mutex_unlock(&progress->lock);
}

void fdm_progress_end(struct fdm_progress *progress)
{
    if (progress->terminal && progress->count > 0)
        draw(progress);
    pthread_mutex_destroy(&progress->lock);
}
