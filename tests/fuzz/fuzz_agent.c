/* Entry for libFuzzer (see CMakeLists.txt): any frames and messages from the line, to the real
 * agent. The first byte chooses: even: bytes from the line as they are; odd: messages, each {type,
 * u16 length of the body, body}, which get a header, a frame, a right CRC and the session. */
#include <stdlib.h>
#include <string.h>

#include "reference/compiler/compile.h"
#include "targets/agent/agent.h"
#include "tests/support/network.h"

#define SESSION 0x5EED
#define PIECE 200

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* The board, and what the line brings. */
struct bench {
    struct fdm_port port;
    struct fdm_agent agent;
    const uint8_t *bytes;
    size_t len;
    uint64_t now_us;
    uint32_t rests;
};

static size_t port_read(void *context, uint8_t *bytes, size_t capacity)
{
    struct bench *bench = context;
    size_t part = bench->len < capacity ? bench->len : capacity;
    if (part != 0)
        memcpy(bytes, bench->bytes, part);
    bench->bytes += part;
    bench->len -= part;
    return part;
}

static size_t port_write(void *context, const uint8_t *bytes, size_t len)
{
    (void)context;
    (void)bytes;
    return len;
}

/* Nothing comes any more: after a few rests the line is gone, so that no answer waits for ever. */
static bool port_wait(void *context, uint64_t until_us, bool writing)
{
    struct bench *bench = context;
    (void)until_us;
    (void)writing;
    bench->now_us += 100000;
    return bench->len > 0 || bench->rests++ < 3;
}

static uint64_t port_now_us(void *context)
{
    return ((struct bench *)context)->now_us;
}

static void port_nothing(void *context)
{
    (void)context;
}

static uint64_t port_counter_read(void *context)
{
    (void)context;
    return 7;
}

static void port_memory(void *context, struct fdm_port_memory *out)
{
    (void)context;
    *out = (struct fdm_port_memory){4096, 1000, 20000, 30000, 40000};
}

static uint32_t port_set_baud(void *context, uint32_t baud)
{
    (void)context;
    return baud;
}

static void hear(struct bench *bench, const uint8_t *bytes, size_t len)
{
    bench->bytes = bytes;
    bench->len = len;
    bench->rests = 0;
    bench->agent.alive = true;
    while (fdm_agent_poll(&bench->agent)) {
    }
}

static void hear_frame(struct bench *bench, uint8_t type, uint16_t sequence, const uint8_t *payload,
                       size_t len)
{
    uint8_t line[FDM_FRAME_ENCODED_BYTES(FDM_LINK_OFFSET_BYTES + PIECE)];
    struct fdm_frame_encoder encoder;
    fdm_frame_begin(&encoder, line, sizeof line, type, SESSION, sequence);
    fdm_frame_put(&encoder, payload, len);
    hear(bench, line, fdm_frame_end(&encoder));
}

static void hear_stream(struct bench *bench, const uint8_t *stream, size_t len, uint32_t *offset,
                        uint16_t *sequence)
{
    while (len > 0) {
        size_t part = len < PIECE ? len : PIECE;
        uint8_t payload[FDM_LINK_OFFSET_BYTES + PIECE] = {(uint8_t)*offset, (uint8_t)(*offset >> 8),
                                                          (uint8_t)(*offset >> 16), 0};
        memcpy(payload + FDM_LINK_OFFSET_BYTES, stream, part);
        hear_frame(bench, 3, ++*sequence, payload, FDM_LINK_OFFSET_BYTES + part);
        *offset += (uint32_t)part;
        stream += part;
        len -= part;
    }
}

static void fuzz_messages(struct bench *bench, const uint8_t *bytes, size_t len)
{
    static const uint8_t greeting[] = {FDM_WIRE_VERSION, 0, 0, 4, 0, 0, 1, 0};
    uint32_t offset = 0;
    uint16_t sequence = 0;
    hear_frame(bench, 1, 0, greeting, sizeof greeting);
    if (bench->agent.link.state != FDM_LINK_OPEN)
        abort();
    while (len >= 3) {
        size_t claimed = bytes[1] | (size_t)bytes[2] << 8;
        size_t body = claimed < len - 3 ? claimed : len - 3;
        /* Runs of ten thousand inferences would only take time. */
        bool long_job = (bytes[0] == FDM_MSG_INFER || bytes[0] == FDM_MSG_PROFILE) && body >= 4;
        uint8_t header[FDM_MSG_HEADER_BYTES] = {bytes[0], 1, bytes[1], bytes[2]};
        if (!long_job || (bytes[4] == 0 && bytes[6] == 0 && bytes[3] < 4 && bytes[5] < 4)) {
            hear_stream(bench, header, sizeof header, &offset, &sequence);
            hear_stream(bench, bytes + 3, body, &offset, &sequence);
        }
        bytes += 3 + body;
        len -= 3 + body;
    }
}

static struct bench *new_bench(void)
{
    static struct bench bench;
    static struct fdm_network *network;
    static void *arena;
    static uint8_t *input;
    if (network == NULL) {
        network = test_small_network("tflite");
        arena = test_arena(network);
        input = malloc(network->tensors[network->input].bytes);
    }
    bench.now_us = 0;
    bench.len = 0;
    bench.port = (struct fdm_port){.context = &bench,
                                   .board = "fuzz",
                                   .cpu = "none",
                                   .compiler = "cc",
                                   .counter_kind = FDM_COUNTER_TICKS,
                                   .baud = 115200,
                                   .arena = arena,
                                   .arena_bytes = network->arena_bytes,
                                   .read = port_read,
                                   .write = port_write,
                                   .wait = port_wait,
                                   .now_us = port_now_us,
                                   .counter_start = port_nothing,
                                   .counter_read = port_counter_read,
                                   .memory = port_memory,
                                   .clear_marks = port_nothing,
                                   .restart = port_nothing,
                                   .set_baud = port_set_baud};
    const struct fdm_agent_config config = {.version = "1",
                                            .port = &bench.port,
                                            .network = network,
                                            .input = input,
                                            .input_bytes = network->tensors[network->input].bytes};
    if (!fdm_agent_init(&bench.agent, &config))
        abort();
    return &bench;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (len == 0)
        return 0;
    struct bench *bench = new_bench();
    if (bytes[0] % 2 == 0)
        hear(bench, bytes + 1, len - 1);
    else
        fuzz_messages(bench, bytes + 1, len - 1);
    return 0;
}
