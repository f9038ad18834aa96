/* One direction of a serial line in virtual time: a rate, a latency, and damage on demand.
 *
 * What is sent together arrives together, when its last byte has passed. Nothing here waits: the
 * test owns the time. */
#ifndef FDM_TESTS_FAKES_LINE_H
#define FDM_TESTS_FAKES_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fake_fault {
    FAKE_NONE,
    FAKE_DROP,   /* the byte disappears */
    FAKE_REPEAT, /* it arrives twice */
    FAKE_FLIP,   /* it arrives with the bits of `value` inverted */
    FAKE_INSERT, /* `value` arrives before it */
    FAKE_DELAY,  /* it and all behind it arrive `value` * 10 ms later */
    FAKE_CUT     /* neither it nor anything behind it arrives: the cable was pulled */
};

struct fake_line_config {
    uint32_t baud;         /* 10 bits a byte; 0: no time passes */
    uint32_t latency_us;   /* of a USB bridge, for instance */
    uint32_t buffer_bytes; /* the sender may be ahead of the line by this much */
    uint32_t noise_ppm;    /* bytes in a million that meet a random drop, repeat, flip or insert */
    uint32_t seed;         /* of the noise, not 0 */
    enum fake_fault fault; /* one planned fault */
    uint64_t fault_at;     /* byte at which it strikes, counted from the first one sent */
    uint8_t fault_value;
};

struct fake_chunk {
    struct fake_chunk *next;
    uint64_t arrival_ns;
    size_t len;
    uint8_t bytes[];
};

struct fake_line {
    struct fake_line_config config;
    struct fake_chunk *first, **last;
    uint64_t free_ns;    /* when the last byte sent has passed */
    uint64_t sent_bytes; /* before damage */
    bool cut;
};

void fake_line_init(struct fake_line *line, const struct fake_line_config *config);
void fake_line_release(struct fake_line *line);
void fake_line_send(struct fake_line *line, const uint8_t *bytes, size_t len, uint64_t now_ns);
/* When the line takes more; `now_ns` or earlier if at once. */
uint64_t fake_line_ready_ns(const struct fake_line *line);
/* When the next chunk arrives; UINT64_MAX if none is under way. */
uint64_t fake_line_next_ns(const struct fake_line *line);
/* The next chunk that has arrived by now, or NULL; the caller frees it. */
struct fake_chunk *fake_line_take(struct fake_line *line, uint64_t now_ns);
/* True if the line was cut and everything before the cut was taken. */
bool fake_line_is_eof(const struct fake_line *line);

#endif
