#include "harness/bench/board_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "harness/base/clock.h"

#define TOLERANCE 0.01
#define ZERO_CELSIUS 273150.0 /* in thousandths of a kelvin */
#define CHECK_NS FDM_NS_PER_S
#define STEP_NS (100 * FDM_NS_PER_MS)

/* ---- The board's own word -------------------------------------------------------------------- */

static double celsius(uint32_t millikelvin)
{
    return (millikelvin - ZERO_CELSIUS) / 1000;
}

static bool is_slower(double than, double value)
{
    return value != 0 && than != 0 && value < than * (1 - TOLERANCE);
}

/* What heat did comes first: it explains the clock. */
static void judge_heat(const struct fdm_msg_state *begin, const struct fdm_msg_state *end,
                       char *out)
{
    const size_t size = FDM_BOARD_REMARK_SIZE;
    if (end->throttles > begin->throttles)
        snprintf(out, size, "throttled: the cores were slowed down %" PRIu32 " times by heat",
                 end->throttles - begin->throttles);
    else if (end->cooling != 0)
        snprintf(out, size,
                 "throttled: the system slows the cores down against heat (level %" PRIu32 ")",
                 end->cooling);
    else if (end->slow_from != 0 && end->temperature >= end->slow_from)
        snprintf(out, size,
                 "throttled: %.1f degrees Celsius; from %.1f on the system slows the cores down",
                 celsius(end->temperature), celsius(end->slow_from));
    else if (is_slower(begin->clock_khz, end->clock_khz))
        snprintf(out, size, "throttled: the clock fell from %.0f to %.0f MHz",
                 begin->clock_khz / 1e3, end->clock_khz / 1e3);
}

void fdm_board_state_judge(const struct fdm_msg_state *begin, const struct fdm_msg_state *end,
                           uint64_t stated_hz, char out[FDM_BOARD_REMARK_SIZE])
{
    out[0] = '\0';
    if (begin->now_us == 0 || end->now_us == 0)
        return;
    judge_heat(begin, end, out);
    if (out[0] != '\0')
        return;
    double stated = (double)stated_hz / 1e3;
    bool faster = stated != 0 && end->clock_khz > stated * (1 + TOLERANCE);
    if (is_slower(stated, end->clock_khz) || faster)
        snprintf(out, FDM_BOARD_REMARK_SIZE,
                 "clock: ran at %.0f MHz, not at the stated %.0f MHz (governor %.40s)",
                 end->clock_khz / 1e3, stated / 1e3,
                 end->governor[0] != '\0' ? end->governor : "unknown");
}

static void add_figure(struct fdm_figure *figures, size_t *count, const char *name, double value)
{
    if (value == 0)
        return;
    struct fdm_figure *figure = &figures[(*count)++];
    snprintf(figure->name, sizeof figure->name, "%s", name);
    figure->kind = FDM_FIGURE_MEASURED;
    figure->value = value;
}

static void add_fact(struct fdm_fact *facts, size_t *count, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    struct fdm_fact *fact = &facts[(*count)++];
    snprintf(fact->name, sizeof fact->name, "%s", name);
    snprintf(fact->text, sizeof fact->text, "%s", text);
}

static void name_cores(uint64_t cores, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (unsigned core = 0; core < 64 && len + 4 < size; core++)
        if ((cores >> core & 1) != 0)
            len += (size_t)snprintf(out + len, size - len, "%s%u", len > 0 ? "," : "", core);
}

void fdm_board_state_describe(const struct fdm_msg_state *begin, const struct fdm_msg_state *end,
                              struct fdm_figure figures[FDM_BOARD_STATE_FIGURES],
                              size_t *figure_count, struct fdm_fact facts[FDM_BOARD_STATE_FACTS],
                              size_t *fact_count)
{
    char cores[200];
    *figure_count = 0;
    *fact_count = 0;
    add_figure(figures, figure_count, "clock_begin_hz", begin->clock_khz * 1e3);
    add_figure(figures, figure_count, "clock_end_hz", end->clock_khz * 1e3);
    add_figure(figures, figure_count, "clock_limit_hz", end->limit_khz * 1e3);
    if (begin->temperature != 0 && end->temperature != 0) {
        add_figure(figures, figure_count, "temperature_begin_millicelsius",
                   begin->temperature - ZERO_CELSIUS);
        add_figure(figures, figure_count, "temperature_end_millicelsius",
                   end->temperature - ZERO_CELSIUS);
    }
    if (end->throttles > begin->throttles)
        add_figure(figures, figure_count, "throttle_events", end->throttles - begin->throttles);
    name_cores(end->cores, cores, sizeof cores);
    add_fact(facts, fact_count, "governor", end->governor);
    add_fact(facts, fact_count, "cores", cores);
}

/* ---- Its time against ours ------------------------------------------------------------------- */

struct fdm_clock_rate fdm_clock_rate_between(const struct fdm_client_state *first,
                                             const struct fdm_client_state *second)
{
    double board_ns = 1e3 * (double)(second->board.now_us - first->board.now_us);
    double round_trips = (double)(first->answered_ns - first->asked_ns) +
                         (double)(second->answered_ns - second->asked_ns);
    /* Each reading was taken somewhere between question and answer. */
    double here_ns = ((double)(second->asked_ns - first->asked_ns) +
                      (double)(second->answered_ns - first->answered_ns)) /
                     2;
    if (here_ns <= 0 || second->board.now_us < first->board.now_us)
        return (struct fdm_clock_rate){0, 0};
    return (struct fdm_clock_rate){board_ns / here_ns, round_trips / 2 / here_ns};
}

static enum fdm_status rest(const atomic_bool *stop, struct fdm_error *err)
{
    const struct timespec step = {0, (long)STEP_NS};
    for (uint64_t slept_ns = 0; slept_ns < CHECK_NS; slept_ns += STEP_NS) {
        if (stop != NULL && atomic_load(stop))
            return fdm_fail(err, FDM_ERR_CANCELLED, "stopped during the clock's check");
        nanosleep(&step, NULL);
    }
    return FDM_OK;
}

enum fdm_status fdm_clock_rate_measure(struct fdm_client *client, const atomic_bool *stop,
                                       struct fdm_clock_rate *out, struct fdm_error *err)
{
    struct fdm_client_state first;
    struct fdm_client_state second;
    enum fdm_status status = fdm_client_state(client, FDM_MOMENT_NOW, &first, err);
    if (status == FDM_OK)
        status = rest(stop, err);
    if (status == FDM_OK)
        status = fdm_client_state(client, FDM_MOMENT_NOW, &second, err);
    if (status == FDM_OK)
        *out = fdm_clock_rate_between(&first, &second);
    return status;
}

void fdm_clock_rate_judge(const struct fdm_clock_rate *rate, uint64_t stated_hz,
                          char out[FDM_BOARD_REMARK_SIZE])
{
    double low = 1 - TOLERANCE - rate->margin;
    double high = 1 + TOLERANCE + rate->margin;
    out[0] = '\0';
    if (rate->rate < low || rate->rate > high)
        snprintf(out, FDM_BOARD_REMARK_SIZE,
                 "clock: the board's time goes %.3f times as fast as this computer's (+-%.3f): it "
                 "runs at about %.1f MHz, not at the stated %.1f MHz",
                 rate->rate, rate->margin, rate->rate * (double)stated_hz / 1e6,
                 (double)stated_hz / 1e6);
}
