/* Two links, a line in each direction, and the virtual time in which they talk. */
#ifndef FDM_TESTS_FAKES_WIRE_PAIR_H
#define FDM_TESTS_FAKES_WIRE_PAIR_H

#include "targets/wire/link.h"
#include "tests/fakes/line.h"

struct wire_end {
    struct fdm_link link;
    struct fdm_link_config config;
    uint8_t *memory; /* all buffers of the link */
    uint8_t *frame;  /* for fdm_link_transmit() */
    struct fake_line *in;
    struct fake_line *out;
    bool dead; /* unplugged: neither hears nor speaks */
};

/* For tests that have one end only: delivers what has arrived, sends what can be sent, and says
 * when that is worth calling again. */
void wire_end_hear(struct wire_end *end, uint64_t now_ns);
void wire_end_speak(struct wire_end *end, uint64_t now_ns);
uint64_t wire_end_next_ns(const struct wire_end *end, uint64_t now_ns);

struct wire_pair {
    struct wire_end host;
    struct wire_end device;
    struct fake_line down; /* host to device */
    struct fake_line up;
    uint64_t now_ns;
};

struct wire_pair_config {
    struct fake_line_config down;
    struct fake_line_config up;
    uint16_t max_payload;  /* 0: FDM_LINK_PAYLOAD_DEFAULT */
    uint32_t window_bytes; /* 0: 4096; the host has 16 times that to send from */
    uint32_t probe_us;     /* of the host */
};

void wire_pair_init(struct wire_pair *pair, const struct wire_pair_config *config);
void wire_pair_release(struct wire_pair *pair);
/* Starts an end anew, as after a reset of the board or a new start of the program. */
void wire_end_restart(struct wire_end *end);

/* Delivers what has arrived and lets both ends send what they can. The caller then reads and writes
 * on the links. */
void wire_pair_settle(struct wire_pair *pair);
/* Moves the time to the next event; false if there will never be one. */
bool wire_pair_wait(struct wire_pair *pair);
/* Settles again and again until `ns` have passed. */
void wire_pair_run(struct wire_pair *pair, uint64_t ns);
uint64_t wire_pair_now_us(const struct wire_pair *pair);

#endif
