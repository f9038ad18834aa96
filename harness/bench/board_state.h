/* Did the board keep the clock that its figures stand for? Its own word about clock and heat around
 * the timed runs, and its time against this computer's. */
#ifndef FDM_BENCH_BOARD_STATE_H
#define FDM_BENCH_BOARD_STATE_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/client/client.h"
#include "results/record.h"

/* The fact that says what is wrong with a case's times; its text is empty where nothing is. It
 * begins with "throttled: " if heat, or what the system does against it, slowed the board. */
#define FDM_BOARD_CLOCK_REMARK "clock_remark"
#define FDM_BOARD_REMARK_SIZE 200

/* The remark for timed runs between two states, or an empty text. `stated_hz` is the clock that the
 * board's file promises; 0: none. Deviations of less than one percent are none. */
void fdm_board_state_judge(const struct fdm_msg_state *begin, const struct fdm_msg_state *end,
                           uint64_t stated_hz, char out[FDM_BOARD_REMARK_SIZE]);

/* How fast the board's time goes: 1 is as fast as this computer's. The truth lies within +-margin,
 * which follows from how long the answers took. */
struct fdm_clock_rate {
    double rate;
    double margin;
};

/* From two readings of the board's clock, the second one later. */
struct fdm_clock_rate fdm_clock_rate_between(const struct fdm_client_state *first,
                                             const struct fdm_client_state *second);

/* Reads the board's clock twice, a second apart. FDM_ERR_CANCELLED, and the client's errors. */
enum fdm_status fdm_clock_rate_measure(struct fdm_client *client, const atomic_bool *stop,
                                       struct fdm_clock_rate *out, struct fdm_error *err);

/* The remark for a clock that surely deviates by more than one percent, or an empty text. */
void fdm_clock_rate_judge(const struct fdm_clock_rate *rate, uint64_t stated_hz,
                          char out[FDM_BOARD_REMARK_SIZE]);

#define FDM_BOARD_STATE_FIGURES 6
#define FDM_BOARD_STATE_FACTS 2

/* The states as figures (clocks, temperatures, events) and facts (governor, cores), as far as
 * they are known. */
void fdm_board_state_describe(const struct fdm_msg_state *begin, const struct fdm_msg_state *end,
                              struct fdm_figure figures[FDM_BOARD_STATE_FIGURES],
                              size_t *figure_count, struct fdm_fact facts[FDM_BOARD_STATE_FACTS],
                              size_t *fact_count);

#endif
