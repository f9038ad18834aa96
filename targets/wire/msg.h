/* What host and board say to each other: requests, their items and their replies.
 *
 * On the link's byte stream a message is
 *
 *     offset  bytes  what
 *     0       1      type
 *     1       1      tag: the request's own number, repeated in everything that answers it
 *     2       2      length of the body, little endian
 *     4       n      body: the fields of the message's structure below, in their order, little
 *                    endian, unpadded; texts as a u8 length and printable ASCII; bulk data last
 *
 * A request of type r is answered by any number of items of type r | 0xC0 and one reply of type
 * r | 0x80, or by FDM_MSG_ERROR instead of what is left. PROTOCOL.md gives the byte tables. */
#ifndef FDM_WIRE_MSG_H
#define FDM_WIRE_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "targets/wire/link.h"

#define FDM_MSG_HEADER_BYTES 4
/* Every endpoint accepts bodies of this size; a HELLO reply may tell a larger bound. */
#define FDM_MSG_BODY_MIN 768
#define FDM_MSG_BODY_MAX 65535

#define FDM_MSG_WORD 48 /* names, with the NUL */
#define FDM_MSG_TEXT 128
#define FDM_MSG_SHA256 32

enum fdm_msg_type {
    FDM_MSG_HELLO = 0x01,
    FDM_MSG_PING = 0x02,
    FDM_MSG_LOAD = 0x03,      /* announces an object: answered by LOAD_STATE */
    FDM_MSG_LOAD_DATA = 0x04, /* a piece of it: the last one is answered by LOAD_STATE */
    FDM_MSG_INFER = 0x05,
    FDM_MSG_OUTPUT = 0x06,
    FDM_MSG_PROFILE = 0x07,
    FDM_MSG_MEMORY = 0x08,
    FDM_MSG_RESET = 0x09,
    FDM_MSG_SET_BAUD = 0x0A,
    FDM_MSG_STATE = 0x0B,
    FDM_MSG_WATCH = 0x0C,

    FDM_MSG_HELLO_REPLY = 0x81,
    FDM_MSG_PING_REPLY = 0x82,
    FDM_MSG_LOAD_STATE = 0x83,
    FDM_MSG_INFER_DONE = 0x85,
    FDM_MSG_OUTPUT_DONE = 0x86,
    FDM_MSG_PROFILE_DONE = 0x87,
    FDM_MSG_MEMORY_REPLY = 0x88,
    FDM_MSG_RESET_REPLY = 0x89,
    FDM_MSG_SET_BAUD_REPLY = 0x8A,
    FDM_MSG_STATE_REPLY = 0x8B,
    FDM_MSG_WATCH_REPLY = 0x8C,

    FDM_MSG_RUN = 0xC5,
    FDM_MSG_OUTPUT_DATA = 0xC6,
    FDM_MSG_LAYER = 0xC7,

    FDM_MSG_ERROR = 0xFF
};

/* What a counter counts. Only FDM_COUNTER_CYCLES may be called cycles in a report. */
enum fdm_counter_kind {
    FDM_COUNTER_CYCLES = 1,       /* of the CPU's clock */
    FDM_COUNTER_INSTRUCTIONS = 2, /* executed, by an emulator that counts them */
    FDM_COUNTER_TICKS = 3,        /* of a timer of counter_hz */
    FDM_COUNTER_NANOSECONDS = 4   /* of the operating system's monotonic clock */
};

enum fdm_cache { /* bits of `caches` */
                 FDM_CACHE_INSTRUCTION = 1,
                 FDM_CACHE_DATA = 2,
                 FDM_CACHE_FLASH =
                     4, /* an accelerator or prefetch in front of the flash, as ST's ART */
                 FDM_CACHE_UNKNOWN = 8 /* the board cannot tell */
};

enum fdm_feature {                          /* bits of `features` */
                   FDM_FEATURE_PROFILE = 1, /* counters per layer */
                   FDM_FEATURE_LAYER_CRC = 2,
                   FDM_FEATURE_SET_BAUD = 4,
                   FDM_FEATURE_RESTART = 8, /* RESET with FDM_RESET_BOARD */
                   FDM_FEATURE_STACK_MARK = 16,
                   FDM_FEATURE_STATE = 32,   /* STATE is answered */
                   FDM_FEATURE_STREAMED = 64 /* the input runs while it is loaded; see WATCH */
};

struct fdm_msg_hello {
    uint16_t wire_version; /* of the program that asks */
};

struct fdm_msg_hello_reply {
    uint16_t wire_version;
    uint16_t body_max; /* bytes of the longest body that the board accepts */
    uint32_t features;
    uint32_t clock_hz; /* of the CPU; 0: unknown */
    uint32_t caches;
    uint8_t flash_wait_states; /* 255: unknown or none of the kind */
    uint8_t counter_kind;
    uint64_t counter_hz; /* 0: not a matter of time (instructions) */
    uint32_t input_bytes;
    uint32_t output_bytes;
    uint32_t arena_bytes;
    uint32_t stack_bytes; /* 0: unknown */
    uint16_t layers;
    uint8_t network_sha256[FDM_MSG_SHA256]; /* of the model file that was compiled in */
    char agent[FDM_MSG_WORD];               /* version of this program on the board */
    char board[FDM_MSG_WORD];
    char cpu[FDM_MSG_WORD];
    char engine[FDM_MSG_WORD];
    char semantics[FDM_MSG_WORD];
    char network[FDM_MSG_TEXT];
    char compiler[FDM_MSG_TEXT]; /* with version and flags */
};

/* Objects that can be loaded. */
enum fdm_object { FDM_OBJECT_INPUT = 0 };

struct fdm_msg_load {
    uint8_t object;
    uint32_t bytes; /* of the whole object */
    uint32_t crc32; /* likewise */
};

struct fdm_msg_load_state {
    uint8_t object;
    uint32_t
        received;     /* the next byte that the board wants; what it has already need not be sent */
    uint8_t complete; /* 1: all there, and the CRC-32 is right */
};

struct fdm_msg_infer {
    uint16_t warmups; /* runs before the measured ones */
    uint16_t runs;    /* at least 1 */
};

struct fdm_msg_run {
    uint32_t index;   /* from 0, warm-ups not counted */
    uint64_t counter; /* of this run alone */
};

struct fdm_msg_infer_done {
    uint32_t runs;
    uint64_t elapsed_us; /* of all measured runs by the board's clock, to check the counter by */
    uint32_t output_bytes;
    uint32_t output_crc32; /* of the output of the last run */
};

struct fdm_msg_output {
    uint32_t offset;
    uint32_t bytes;
};

struct fdm_msg_output_done {
    uint32_t bytes;
    uint32_t crc32; /* of the bytes asked for */
};

enum fdm_profile_flag { FDM_PROFILE_COUNTERS = 1, FDM_PROFILE_CRC = 2 };

struct fdm_msg_profile {
    uint16_t warmups;
    uint16_t runs;
    uint8_t flags; /* what is wanted; with CRC the counters stay those of the layers alone */
};

/* What is to be noted of the layers while the next input is loaded, for the PROFILE behind it: only
 * where the input is streamed. Such an input is used up by one run: INFER and PROFILE then take no
 * warm-ups and one run, and compute what is left. */
struct fdm_msg_watch {
    uint8_t flags; /* enum fdm_profile_flag; 0: INFER will come */
};

struct fdm_msg_layer {
    uint16_t run;
    uint16_t layer;   /* index in the network, from 0 */
    uint64_t counter; /* 0 unless asked for */
    uint32_t output_bytes;
    uint32_t output_crc32; /* 0 unless asked for */
};

struct fdm_msg_profile_done {
    uint16_t runs;
    uint16_t layers;
};

/* Bytes; the two marks are high-water marks since the last RESET. 0: unknown. */
struct fdm_msg_memory {
    uint32_t arena_bytes;
    uint32_t arena_used;
    uint32_t stack_bytes;
    uint32_t stack_used;
    uint32_t static_bytes; /* data and bss */
    uint32_t code_bytes;
    uint32_t constant_bytes; /* weights, tables */
};

enum fdm_reset_mode {
    FDM_RESET_STATE = 0, /* forget loaded objects, outputs and marks */
    FDM_RESET_BOARD = 1  /* restart the board after the reply */
};

struct fdm_msg_reset {
    uint8_t mode;
};

struct fdm_msg_baud {
    uint32_t baud; /* in a reply: what will hold, as exactly as the board's clock divides */
};

enum fdm_moment {
    FDM_MOMENT_NOW = 0,
    FDM_MOMENT_BEGIN = 1, /* as the timed runs of the last INFER with warm-ups began */
    FDM_MOMENT_END = 2    /* as they ended */
};

struct fdm_msg_state_request {
    uint8_t moment;
};

/* What may change a time while the program stays the same. 0 and "": unknown, or there is no such
 * thing. Clocks are those of the slowest of the cores that the program may use. */
struct fdm_msg_state {
    uint64_t now_us;      /* the board's clock at that moment; 0: the moment has not come */
    uint32_t clock_khz;   /* at that moment */
    uint32_t limit_khz;   /* what the system allows it at present */
    uint32_t max_khz;     /* what the hardware can */
    uint32_t temperature; /* the hottest sensor, in thousandths of a kelvin */
    uint32_t slow_from;   /* the lowest temperature from which on the system slows down; likewise */
    uint32_t cooling;     /* how far it slows the cores down for it: 0 is not at all */
    uint32_t throttles;   /* times that the cores were slowed down by heat since they started */
    uint64_t cores;       /* bit i: the program may run on core i */
    uint16_t threads;     /* that compute */
    char governor[FDM_MSG_WORD]; /* what chooses the clock: "performance" */
};

enum fdm_msg_error_code {
    FDM_MSG_ERR_REQUEST = 1,   /* unknown type */
    FDM_MSG_ERR_MALFORMED = 2, /* the body does not fit its type */
    FDM_MSG_ERR_RANGE = 3,     /* an offset, size or count outside what HELLO told */
    FDM_MSG_ERR_CHECKSUM = 4,  /* a loaded object is not what was announced: load it again */
    FDM_MSG_ERR_STATE = 5,     /* no complete input, or no output yet */
    FDM_MSG_ERR_ENGINE = 6,    /* the inference failed */
    FDM_MSG_ERR_FEATURE = 7    /* this board does not do that */
};

struct fdm_msg_error {
    uint16_t code;
    uint8_t request; /* type of the request that failed */
    char text[FDM_MSG_TEXT];
};

/* Bulk data at the end of PING, PING_REPLY, LOAD_DATA and OUTPUT_DATA. */
struct fdm_msg_data {
    uint8_t object;       /* LOAD_DATA only */
    uint32_t offset;      /* LOAD_DATA and OUTPUT_DATA */
    const uint8_t *bytes; /* decoded: in the reader's buffer until the next message */
    size_t len;
};

struct fdm_msg {
    uint8_t type;
    uint8_t tag;
    union {
        struct fdm_msg_hello hello;
        struct fdm_msg_hello_reply hello_reply;
        struct fdm_msg_load load;
        struct fdm_msg_load_state load_state;
        struct fdm_msg_infer infer;
        struct fdm_msg_run run;
        struct fdm_msg_infer_done infer_done;
        struct fdm_msg_output output;
        struct fdm_msg_output_done output_done;
        struct fdm_msg_profile profile;
        struct fdm_msg_watch watch;
        struct fdm_msg_layer layer;
        struct fdm_msg_profile_done profile_done;
        struct fdm_msg_memory memory;
        struct fdm_msg_reset reset;
        struct fdm_msg_baud baud;
        struct fdm_msg_state_request state_request;
        struct fdm_msg_state state;
        struct fdm_msg_error error;
        struct fdm_msg_data data;
    } u;
};

/* Bytes of the whole message in `out`; 0 if it does not fit, its type is unknown, or a text is not
 * terminated. */
size_t fdm_msg_encode(const struct fdm_msg *msg, uint8_t *out, size_t capacity);
/* Reads a body of `len` bytes. False if the type is unknown or the body does not match it exactly:
 * too short, too long, or a text that is no text. type and tag are set in any case. Only a HELLO
 * reply may be longer, so that later versions can add to it. */
bool fdm_msg_decode(uint8_t type, uint8_t tag, const uint8_t *body, size_t len,
                    struct fdm_msg *msg);

/* Queues a whole message on the link, or nothing: false if fdm_link_write_space() is too small or
 * the message cannot be encoded. */
bool fdm_msg_write(struct fdm_link *link, const struct fdm_msg *msg);

/* Assembles messages from a link. */
struct fdm_msg_reader {
    uint8_t *buffer;
    size_t capacity; /* FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN, or more */
    size_t len;      /* bytes of the present message */
};

enum fdm_msg_result {
    FDM_MSG_NONE,      /* not all of it is here: call again when more arrived */
    FDM_MSG_READY,     /* in `*msg` */
    FDM_MSG_MALFORMED, /* `*msg` has type and tag only; the next message can be read */
    FDM_MSG_OVERSIZED  /* longer than the buffer; nothing more can be read: close the link */
};

void fdm_msg_reader_init(struct fdm_msg_reader *reader, uint8_t *buffer, size_t capacity);
enum fdm_msg_result fdm_msg_read(struct fdm_msg_reader *reader, struct fdm_link *link,
                                 struct fdm_msg *msg);

/* "hello", "load data", …; "unknown" for types that are none. */
const char *fdm_msg_name(uint8_t type);

#endif
