/* A board at the far end of a stream, for the client's tests: the real agent, or a liar, on a port
 * of ours, behind lines in virtual time (virtual_clock.h must be linked).
 *
 * The board has a thread of its own, but board and test never run at once: the board runs while the
 * test waits on the stream, until it rests. So every test goes the same way each time, however
 * loaded the computer is. */
#ifndef FDM_TESTS_FAKES_LIVE_BOARD_H
#define FDM_TESTS_FAKES_LIVE_BOARD_H

#include <pthread.h>

#include "harness/transport/stream_impl.h"
#include "targets/agent/agent.h"
#include "tests/fakes/line.h"
#include "tests/fakes/port.h"

enum live_event {
    LIVE_NOTHING,
    LIVE_RESTART,    /* forgets everything; what arrives during 50 ms of start-up is lost */
    LIVE_HANG,       /* does nothing any more */
    LIVE_VANISH,     /* unplugged: the stream ends */
    LIVE_LAST_WORDS, /* stops, and says why */
};

struct live_plan {
    struct fake_line_config down; /* to the board; the rate is the stream's or the board's */
    struct fake_line_config up;
    uint32_t baud_max;     /* the line garbles what is faster; 0: it carries any rate */
    bool no_rate;          /* neither stream nor board has one */
    enum live_event event; /* strikes once: */
    uint64_t at_byte;      /* when the board has read so many bytes, or */
    unsigned in_run;       /* in the run of this number, from 1 */
    /* What the agent runs, and what it runs after a restart (NULL: the same). */
    const struct fdm_network *network;
    const struct fdm_network *then;
    /* Instead of the agent; returns when port.wait() is false. */
    void (*serve)(const struct fdm_port *port, const void *context);
    const void *context;
};

struct live_board {
    struct fdm_stream stream; /* the test's end; not to be freed */
    struct live_plan plan;
    struct fdm_port port;
    struct fdm_agent agent;
    uint8_t *input;
    struct fake_line down, up;
    struct fake_chunk *to_board; /* being read */
    struct fake_chunk *to_host;
    size_t to_board_at, to_host_at;
    uint32_t baud;
    uint64_t bytes_read;
    unsigned runs;
    unsigned starts;
    bool vanished, restarting, ending;
    /* The board rests until then, or until something arrives; with `writing`, until the line takes
     * more. */
    uint64_t rests_until_ns;
    bool deaf, writing;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool board_runs;
};

void live_board_start(struct live_board *board, const struct live_plan *plan);
void live_board_end(struct live_board *board);

#endif
