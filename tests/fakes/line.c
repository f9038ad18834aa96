#include "tests/fakes/line.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

void fake_line_init(struct fake_line *line, const struct fake_line_config *config)
{
    memset(line, 0, sizeof *line);
    line->config = *config;
    line->last = &line->first;
}

void fake_line_release(struct fake_line *line)
{
    while (line->first != NULL) {
        struct fake_chunk *chunk = line->first;
        line->first = chunk->next;
        free(chunk);
    }
}

static uint64_t bytes_ns(const struct fake_line *line, uint64_t bytes)
{
    return line->config.baud != 0 ? bytes * 10000000000ULL / line->config.baud : 0;
}

static void append(struct fake_chunk *chunk, uint8_t byte)
{
    chunk->bytes[chunk->len++] = byte;
}

static void append_damaged(struct fake_line *line, struct fake_chunk *chunk, uint8_t byte,
                           enum fake_fault fault, uint8_t value)
{
    switch (fault) {
    case FAKE_NONE:
        append(chunk, byte);
        break;
    case FAKE_DROP:
        break;
    case FAKE_REPEAT:
        append(chunk, byte);
        append(chunk, byte);
        break;
    case FAKE_FLIP:
        append(chunk, byte ^ value);
        break;
    case FAKE_INSERT:
        append(chunk, value);
        append(chunk, byte);
        break;
    case FAKE_DELAY:
        line->free_ns += value * UINT64_C(10000000);
        append(chunk, byte);
        break;
    case FAKE_CUT:
        line->cut = true;
        break;
    }
}

static void send_byte(struct fake_line *line, struct fake_chunk *chunk, uint8_t byte)
{
    enum fake_fault fault = FAKE_NONE;
    uint8_t value = line->config.fault_value;
    if (line->config.fault != FAKE_NONE && line->sent_bytes == line->config.fault_at)
        fault = line->config.fault;
    else if (line->config.noise_ppm != 0 &&
             test_random(&line->config.seed) % 1000000 < line->config.noise_ppm) {
        uint32_t random = test_random(&line->config.seed);
        fault = FAKE_DROP + random % 4;
        value = (uint8_t)(1 + (random >> 8) % 255);
    }
    line->sent_bytes++;
    if (!line->cut)
        append_damaged(line, chunk, byte, fault, value);
}

void fake_line_send(struct fake_line *line, const uint8_t *bytes, size_t len, uint64_t now_ns)
{
    struct fake_chunk *chunk = malloc(sizeof *chunk + 2 * len);
    assert_non_null(chunk);
    *chunk = (struct fake_chunk){0};
    if (line->free_ns < now_ns)
        line->free_ns = now_ns;
    for (size_t i = 0; i < len; i++)
        send_byte(line, chunk, bytes[i]);
    line->free_ns += bytes_ns(line, len);
    chunk->arrival_ns = line->free_ns + line->config.latency_us * UINT64_C(1000);
    *line->last = chunk;
    line->last = &chunk->next;
}

uint64_t fake_line_ready_ns(const struct fake_line *line)
{
    uint64_t ahead = bytes_ns(line, line->config.buffer_bytes);
    return line->free_ns > ahead ? line->free_ns - ahead : 0;
}

uint64_t fake_line_next_ns(const struct fake_line *line)
{
    return line->first != NULL ? line->first->arrival_ns : UINT64_MAX;
}

struct fake_chunk *fake_line_take(struct fake_line *line, uint64_t now_ns)
{
    struct fake_chunk *chunk = line->first;
    if (chunk == NULL || chunk->arrival_ns > now_ns)
        return NULL;
    line->first = chunk->next;
    if (line->first == NULL)
        line->last = &line->first;
    return chunk;
}

bool fake_line_is_eof(const struct fake_line *line)
{
    return line->cut && line->first == NULL;
}
