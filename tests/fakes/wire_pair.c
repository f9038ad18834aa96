#include "tests/fakes/wire_pair.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/test.h"

void wire_end_restart(struct wire_end *end)
{
    assert_true(fdm_link_init(&end->link, &end->config));
}

static void init_end(struct wire_end *end, const struct wire_pair_config *config,
                     struct fake_line *in, struct fake_line *out, uint32_t tx_factor)
{
    uint16_t payload = config->max_payload != 0 ? config->max_payload : FDM_LINK_PAYLOAD_DEFAULT;
    uint32_t window = config->window_bytes != 0 ? config->window_bytes : 4096;
    size_t body = FDM_LINK_BODY_BYTES((size_t)payload);
    size_t frame = FDM_LINK_FRAME_BYTES((size_t)payload);
    memset(end, 0, sizeof *end);
    end->memory = malloc(body + frame + (1 + (size_t)tx_factor) * window);
    assert_non_null(end->memory);
    end->frame = end->memory + body;
    end->config = (struct fdm_link_config){
        .max_payload = payload,
        .rx_body = end->memory,
        .rx_window = end->frame + frame,
        .rx_window_bytes = window,
        .tx_window = end->frame + frame + window,
        .tx_window_bytes = tx_factor * window,
    };
    end->in = in;
    end->out = out;
}

void wire_pair_init(struct wire_pair *pair, const struct wire_pair_config *config)
{
    pair->now_ns = 0;
    fake_line_init(&pair->down, &config->down);
    fake_line_init(&pair->up, &config->up);
    init_end(&pair->host, config, &pair->up, &pair->down, 16);
    init_end(&pair->device, config, &pair->down, &pair->up, 1);
    pair->host.config.probe_us = config->probe_us;
    wire_end_restart(&pair->host);
    wire_end_restart(&pair->device);
}

void wire_pair_release(struct wire_pair *pair)
{
    fake_line_release(&pair->down);
    fake_line_release(&pair->up);
    free(pair->host.memory);
    free(pair->device.memory);
}

uint64_t wire_pair_now_us(const struct wire_pair *pair)
{
    return pair->now_ns / 1000;
}

void wire_end_hear(struct wire_end *end, uint64_t now_ns)
{
    struct fake_chunk *chunk;
    while ((chunk = fake_line_take(end->in, now_ns)) != NULL) {
        if (!end->dead)
            fdm_link_receive(&end->link, chunk->bytes, chunk->len, now_ns / 1000);
        free(chunk);
    }
}

void wire_end_speak(struct wire_end *end, uint64_t now_ns)
{
    while (!end->dead && fake_line_ready_ns(end->out) <= now_ns) {
        size_t len = fdm_link_transmit(&end->link, end->frame, now_ns / 1000);
        if (len == 0)
            break;
        fake_line_send(end->out, end->frame, len, now_ns);
    }
}

void wire_pair_settle(struct wire_pair *pair)
{
    wire_end_hear(&pair->host, pair->now_ns);
    wire_end_hear(&pair->device, pair->now_ns);
    wire_end_speak(&pair->host, pair->now_ns);
    wire_end_speak(&pair->device, pair->now_ns);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

uint64_t wire_end_next_ns(const struct wire_end *end, uint64_t now_ns)
{
    uint64_t arrival = fake_line_next_ns(end->in);
    uint64_t deadline = fdm_link_deadline_us(&end->link, now_ns / 1000);
    if (end->dead || deadline == UINT64_MAX)
        return arrival;
    uint64_t ready = fake_line_ready_ns(end->out);
    uint64_t speaks = deadline * 1000 > ready ? deadline * 1000 : ready;
    return earlier(arrival, speaks);
}

static uint64_t next_ns(const struct wire_pair *pair)
{
    return earlier(wire_end_next_ns(&pair->host, pair->now_ns),
                   wire_end_next_ns(&pair->device, pair->now_ns));
}

bool wire_pair_wait(struct wire_pair *pair)
{
    uint64_t next = next_ns(pair);
    if (next == UINT64_MAX)
        return false;
    if (next > pair->now_ns)
        pair->now_ns = next;
    return true;
}

void wire_pair_run(struct wire_pair *pair, uint64_t ns)
{
    uint64_t end = pair->now_ns + ns;
    wire_pair_settle(pair);
    while (next_ns(pair) <= end) {
        wire_pair_wait(pair);
        wire_pair_settle(pair);
    }
    pair->now_ns = end;
}
