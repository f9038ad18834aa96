/* A board in virtual time: the real agent on a port of ours, a line, and the host's end of it.
 *
 * Time passes only while the agent rests. Inferences take none, and count the same always. */
#ifndef FDM_TESTS_FAKES_BOARD_H
#define FDM_TESTS_FAKES_BOARD_H

#include "targets/agent/agent.h"
#include "tests/fakes/port.h"
#include "tests/fakes/wire_pair.h"

#define FAKE_BOARD_ITEMS 256

struct fake_board {
    struct wire_pair pair; /* the device's end of it is not used */
    struct fdm_port port;
    struct fdm_agent_config config;
    struct fdm_agent agent;
    struct fake_chunk *arrived; /* being read by the agent */
    size_t arrived_at;
    uint64_t give_up_ns;    /* the line is declared gone then */
    size_t host_dies_after; /* items; a new host opens then. 0: it lives */
    unsigned restarts;
    unsigned states_told; /* for a test's own state() */
    uint32_t baud;        /* last set; 0: none */
    bool too_early;       /* restarted, or set the rate, before the host had the reply */
    struct fdm_msg_reader reader;
    uint8_t message[FDM_MSG_HEADER_BYTES + 4096];
    /* What the host received: items and one reply. Bulk data are copied to `bulk`, one after the
     * other. */
    struct fdm_msg items[FAKE_BOARD_ITEMS];
    size_t item_count;
    struct fdm_msg reply;
    bool replied;
    uint8_t bulk[8192];
    size_t bulk_bytes;
};

/* The host's session is open afterwards. The network outlives the board. */
void fake_board_init(struct fake_board *board, const struct fdm_network *network,
                     const struct wire_pair_config *config);
void fake_board_release(struct fake_board *board);
/* The host sends it; fails the test if there is no room. */
void fake_board_send(struct fake_board *board, const struct fdm_msg *msg);
/* The agent runs until the host has a reply or an error; fails the test if none comes. */
void fake_board_await(struct fake_board *board);
/* The same, or until `ns` have passed; false then. */
bool fake_board_await_for(struct fake_board *board, uint64_t ns);
/* Send and await; the reply. */
const struct fdm_msg *fake_board_ask(struct fake_board *board, const struct fdm_msg *msg);
/* Loads an input: LOAD, its pieces, and the reply to the last of them. */
const struct fdm_msg *fake_board_load(struct fake_board *board, const uint8_t *input, size_t len);

#endif
