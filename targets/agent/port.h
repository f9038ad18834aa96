/* What a board supplies to the agent: facts about itself and a few functions.
 *
 * A port fills one `struct fdm_port` and hands it to the agent, which is the same code everywhere.
 * Functions get `context` back; all are called from the agent's one thread. Freestanding C11. */
#ifndef FDM_AGENT_PORT_H
#define FDM_AGENT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "targets/wire/msg.h"

/* Bytes; 0: unknown. */
struct fdm_port_memory {
    uint32_t stack_bytes;    /* what the stack may grow to */
    uint32_t stack_used;     /* deepest use since start-up or the last clear_marks() */
    uint32_t static_bytes;   /* initialised and zeroed variables, without the arena */
    uint32_t code_bytes;     /* instructions, read-only data and initial values, without weights */
    uint32_t constant_bytes; /* weights and biases */
};

struct fdm_port {
    void *context;

    /* Facts for HELLO; enumerations and units of targets/wire/msg.h. Texts fit the members there,
     * and may not be NULL. */
    const char *board;
    const char *cpu;
    const char *compiler;      /* with version and flags */
    uint32_t clock_hz;         /* of the CPU; 0: unknown */
    uint32_t caches;           /* enum fdm_cache, or-ed */
    uint8_t flash_wait_states; /* 255: unknown or none of the kind */
    enum fdm_counter_kind counter_kind;
    uint64_t counter_hz; /* 0 for FDM_COUNTER_INSTRUCTIONS */
    uint32_t baud;       /* of the line at start-up; 0: it has no rate that could be set */

    /* Where the network runs: aligned to FDM_NETWORK_ALIGNMENT, at least network->arena_bytes. */
    void *arena;
    size_t arena_bytes;

    /* The line. Neither function blocks. read() gives up to `capacity` bytes that have arrived, 0
     * if none; write() returns how many bytes the line took, 0 while it is full. */
    size_t (*read)(void *context, uint8_t *bytes, size_t capacity);
    size_t (*write)(void *context, const uint8_t *bytes, size_t len);
    /* Rests until a byte has arrived, or `until_us` of now_us() has come (UINT64_MAX: no limit); it
     * may return sooner. With `writing`, also until the line takes more. False: the line is gone
     * for good and the agent ends; a board never says so. */
    bool (*wait)(void *context, uint64_t until_us, bool writing);

    /* Microseconds since start-up, never backwards. */
    uint64_t (*now_us)(void *context);

    /* What passed between start and read, in counter_kind's unit: one read for each start. The port
     * may hold interrupts back in between, so that the work alone is counted; it is no place for
     * read() and write(). A pair with nothing in between gives the port's own cost, a few dozen.
     * Both are compiler barriers. */
    void (*counter_start)(void *context);
    uint64_t (*counter_read)(void *context);

    /* Optional: fills in what it knows of `*out`, which is zeroed but for now_us. It is called
     * right before and right after timed runs. NULL: nothing but the time is known. */
    void (*state)(void *context, struct fdm_msg_state *out);

    void (*memory)(void *context, struct fdm_port_memory *out);
    /* Begins a new high-water mark of the stack. */
    void (*clear_marks)(void *context);

    /* Optional: NULL where the board cannot. Both first let the bytes that write() took leave.
     * restart() does not return. set_baud() takes effect at once and returns the rate that was set,
     * nearest to the wanted one. */
    void (*restart)(void *context);
    uint32_t (*set_baud)(void *context, uint32_t baud);
};

#endif
