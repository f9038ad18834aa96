/* The program on a board: answers the host's requests with the network that was compiled in.
 *
 * The same code everywhere; what differs between boards is struct fdm_port (port.h). A port's
 * main() does
 *
 *     static struct fdm_agent agent;
 *     if (!fdm_agent_init(&agent, &config))
 *         … the configuration is wrong: say so where somebody can see it, and stop
 *     fdm_agent_run(&agent);
 *
 * One thread, no malloc, no stdio. What the requests mean is in targets/wire/msg.h. */
#ifndef FDM_AGENT_AGENT_H
#define FDM_AGENT_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reference/network/network.h"
#include "targets/agent/port.h"
#include "targets/wire/link.h"
#include "targets/wire/msg.h"

/* A board with little memory defines smaller ones: the payload at least 16, the windows powers of
 * two, and room for the longest answer in the window that sends. What arrives while it computes
 * waits in the line's own buffer, which should be no smaller than the window that receives. */
#ifndef FDM_AGENT_PAYLOAD
#define FDM_AGENT_PAYLOAD FDM_LINK_PAYLOAD_DEFAULT
#endif
#ifndef FDM_AGENT_RX_WINDOW
#define FDM_AGENT_RX_WINDOW 8192
#endif
#ifndef FDM_AGENT_TX_WINDOW
#define FDM_AGENT_TX_WINDOW 2048
#endif
/* The longest body: a piece of FDM_AGENT_PAYLOAD bytes with its object and offset, or what every
 * endpoint accepts. */
#define FDM_AGENT_BODY_MAX                                                                         \
    (FDM_AGENT_PAYLOAD + 5 > FDM_MSG_BODY_MIN ? FDM_AGENT_PAYLOAD + 5 : FDM_MSG_BODY_MIN)
#ifndef FDM_AGENT_LAYERS_MAX
#define FDM_AGENT_LAYERS_MAX 64
#endif

/* All of it is the caller's and outlives the agent. */
struct fdm_agent_config {
    const char *version; /* of the program, for HELLO */
    const struct fdm_port *port;
    const struct fdm_network *network;
    /* Keeps the loaded input, because a run may overwrite its own: at least as large as the
     * network's input tensor. Not read where the input is streamed. */
    uint8_t *input;
    size_t input_bytes;
};

/* The object that is being loaded, or is there. */
struct fdm_agent_load {
    bool announced;
    bool complete;
    uint32_t crc32; /* of the whole, as announced */
    uint32_t received;
    uint32_t received_crc32;
};

/* A streamed input, while it runs. */
struct fdm_agent_stream {
    struct fdm_network_progress progress;
    uint64_t counter; /* of the rows so far */
    uint64_t elapsed_us;
};

struct fdm_agent_profile {
    uint8_t flags;
    uint64_t counters[FDM_AGENT_LAYERS_MAX];
    uint32_t bytes[FDM_AGENT_LAYERS_MAX];
    uint32_t crc32[FDM_AGENT_LAYERS_MAX];
};

/* About 15 KB. Nothing in here is for the port. */
struct fdm_agent {
    struct fdm_agent_config config;
    struct fdm_link link;
    struct fdm_msg_reader reader;
    uint32_t generation; /* of the session whose request is being answered */
    uint8_t tag;
    bool alive; /* false: the line is gone */
    bool output_ready;
    struct fdm_agent_load load;
    struct fdm_agent_profile profile;
    struct fdm_agent_stream stream;
    /* Of the last timed runs that were warmed up for. */
    struct fdm_msg_state begin;
    struct fdm_msg_state end;
    bool baud_changed; /* the rate is not the first one */
    /* A change of rate that no frame has confirmed yet. */
    bool baud_on_trial;
    uint64_t baud_until_us;
    uint32_t baud_frames;
    uint8_t frame[FDM_LINK_FRAME_BYTES(FDM_AGENT_PAYLOAD)]; /* being written to the line */
    size_t frame_bytes;
    size_t frame_written;
    uint8_t rx_body[FDM_LINK_BODY_BYTES(FDM_AGENT_PAYLOAD)];
    uint8_t rx_window[FDM_AGENT_RX_WINDOW];
    uint8_t tx_window[FDM_AGENT_TX_WINDOW];
    uint8_t message[FDM_MSG_HEADER_BYTES + FDM_AGENT_BODY_MAX];
};

/* False if a buffer is missing, too small or misaligned, or the network has more than
 * FDM_AGENT_LAYERS_MAX layers. Announces the board on the line at the first poll. */
bool fdm_agent_init(struct fdm_agent *agent, const struct fdm_agent_config *config);

/* One turn: takes bytes from the line, answers at most one request to its end, sends what there is,
 * and rests if there was nothing to do. False when the line is gone for good. */
bool fdm_agent_poll(struct fdm_agent *agent);
/* Polls until the line is gone; on a board, forever. */
void fdm_agent_run(struct fdm_agent *agent);

#endif
