#include "targets/wire/msg.h"

#include <string.h>

#include "targets/wire/bytes.h"

/* One description of a body serves both directions: with a writer the fields go out, with a reader
 * they come in. */
struct codec {
    struct fdm_reader *reader; /* one of the two is NULL */
    struct fdm_writer *writer;
};

static void field_u8(const struct codec *codec, uint8_t *value)
{
    if (codec->writer != NULL)
        fdm_write_u8(codec->writer, *value);
    else
        *value = fdm_read_u8(codec->reader);
}

static void field_u16(const struct codec *codec, uint16_t *value)
{
    if (codec->writer != NULL)
        fdm_write_u16(codec->writer, *value);
    else
        *value = fdm_read_u16(codec->reader);
}

static void field_u32(const struct codec *codec, uint32_t *value)
{
    if (codec->writer != NULL)
        fdm_write_u32(codec->writer, *value);
    else
        *value = fdm_read_u32(codec->reader);
}

static void field_u64(const struct codec *codec, uint64_t *value)
{
    if (codec->writer != NULL)
        fdm_write_u64(codec->writer, *value);
    else
        *value = fdm_read_u64(codec->reader);
}

static void field_text(const struct codec *codec, char *text, size_t size)
{
    if (codec->reader != NULL)
        fdm_read_text(codec->reader, text, size);
    else if (memchr(text, '\0', size) != NULL)
        fdm_write_text(codec->writer, text);
    else
        codec->writer->failed = true;
}

static void field_digest(const struct codec *codec, uint8_t digest[FDM_MSG_SHA256])
{
    if (codec->writer != NULL) {
        fdm_write_bytes(codec->writer, digest, FDM_MSG_SHA256);
        return;
    }
    const uint8_t *bytes = fdm_read_bytes(codec->reader, FDM_MSG_SHA256);
    if (bytes != NULL)
        memcpy(digest, bytes, FDM_MSG_SHA256);
}

/* The rest of the body. The writer's side appends the bytes itself, to spare a copy. */
static void field_data(const struct codec *codec, struct fdm_msg_data *data)
{
    if (codec->writer != NULL)
        return;
    size_t rest = codec->reader->len - codec->reader->at;
    data->bytes = fdm_read_bytes(codec->reader, rest);
    data->len = data->bytes != NULL ? rest : 0;
}

static void hello_reply_fields(const struct codec *codec, struct fdm_msg_hello_reply *hello)
{
    field_u16(codec, &hello->wire_version);
    field_u16(codec, &hello->body_max);
    field_u32(codec, &hello->features);
    field_u32(codec, &hello->clock_hz);
    field_u32(codec, &hello->caches);
    field_u8(codec, &hello->flash_wait_states);
    field_u8(codec, &hello->counter_kind);
    field_u64(codec, &hello->counter_hz);
    field_u32(codec, &hello->input_bytes);
    field_u32(codec, &hello->output_bytes);
    field_u32(codec, &hello->arena_bytes);
    field_u32(codec, &hello->stack_bytes);
    field_u16(codec, &hello->layers);
    field_digest(codec, hello->network_sha256);
    field_text(codec, hello->agent, sizeof hello->agent);
    field_text(codec, hello->board, sizeof hello->board);
    field_text(codec, hello->cpu, sizeof hello->cpu);
    field_text(codec, hello->engine, sizeof hello->engine);
    field_text(codec, hello->semantics, sizeof hello->semantics);
    field_text(codec, hello->network, sizeof hello->network);
    field_text(codec, hello->compiler, sizeof hello->compiler);
}

static void load_fields(const struct codec *codec, struct fdm_msg_load *load)
{
    field_u8(codec, &load->object);
    field_u32(codec, &load->bytes);
    field_u32(codec, &load->crc32);
}

static void load_state_fields(const struct codec *codec, struct fdm_msg_load_state *state)
{
    field_u8(codec, &state->object);
    field_u32(codec, &state->received);
    field_u8(codec, &state->complete);
}

static void infer_done_fields(const struct codec *codec, struct fdm_msg_infer_done *done)
{
    field_u32(codec, &done->runs);
    field_u64(codec, &done->elapsed_us);
    field_u32(codec, &done->output_bytes);
    field_u32(codec, &done->output_crc32);
}

static void profile_fields(const struct codec *codec, struct fdm_msg_profile *profile)
{
    field_u16(codec, &profile->warmups);
    field_u16(codec, &profile->runs);
    field_u8(codec, &profile->flags);
}

static void layer_fields(const struct codec *codec, struct fdm_msg_layer *layer)
{
    field_u16(codec, &layer->run);
    field_u16(codec, &layer->layer);
    field_u64(codec, &layer->counter);
    field_u32(codec, &layer->output_bytes);
    field_u32(codec, &layer->output_crc32);
}

static void memory_fields(const struct codec *codec, struct fdm_msg_memory *memory)
{
    field_u32(codec, &memory->arena_bytes);
    field_u32(codec, &memory->arena_used);
    field_u32(codec, &memory->stack_bytes);
    field_u32(codec, &memory->stack_used);
    field_u32(codec, &memory->static_bytes);
    field_u32(codec, &memory->code_bytes);
    field_u32(codec, &memory->constant_bytes);
}

static void state_fields(const struct codec *codec, struct fdm_msg_state *state)
{
    field_u64(codec, &state->now_us);
    field_u32(codec, &state->clock_khz);
    field_u32(codec, &state->limit_khz);
    field_u32(codec, &state->max_khz);
    field_u32(codec, &state->temperature);
    field_u32(codec, &state->slow_from);
    field_u32(codec, &state->cooling);
    field_u32(codec, &state->throttles);
    field_u64(codec, &state->cores);
    field_u16(codec, &state->threads);
    field_text(codec, state->governor, sizeof state->governor);
}

static void error_fields(const struct codec *codec, struct fdm_msg_error *error)
{
    field_u16(codec, &error->code);
    field_u8(codec, &error->request);
    field_text(codec, error->text, sizeof error->text);
}

/* False for a type that does not exist. */
static bool fields(const struct codec *codec, struct fdm_msg *msg)
{
    switch ((enum fdm_msg_type)msg->type) {
    case FDM_MSG_HELLO:
        field_u16(codec, &msg->u.hello.wire_version);
        return true;
    case FDM_MSG_HELLO_REPLY:
        hello_reply_fields(codec, &msg->u.hello_reply);
        return true;
    case FDM_MSG_PING:
    case FDM_MSG_PING_REPLY:
        field_data(codec, &msg->u.data);
        return true;
    case FDM_MSG_LOAD:
        load_fields(codec, &msg->u.load);
        return true;
    case FDM_MSG_LOAD_DATA:
        field_u8(codec, &msg->u.data.object);
        field_u32(codec, &msg->u.data.offset);
        field_data(codec, &msg->u.data);
        return true;
    case FDM_MSG_LOAD_STATE:
        load_state_fields(codec, &msg->u.load_state);
        return true;
    case FDM_MSG_INFER:
        field_u16(codec, &msg->u.infer.warmups);
        field_u16(codec, &msg->u.infer.runs);
        return true;
    case FDM_MSG_RUN:
        field_u32(codec, &msg->u.run.index);
        field_u64(codec, &msg->u.run.counter);
        return true;
    case FDM_MSG_INFER_DONE:
        infer_done_fields(codec, &msg->u.infer_done);
        return true;
    case FDM_MSG_OUTPUT:
        field_u32(codec, &msg->u.output.offset);
        field_u32(codec, &msg->u.output.bytes);
        return true;
    case FDM_MSG_OUTPUT_DATA:
        field_u32(codec, &msg->u.data.offset);
        field_data(codec, &msg->u.data);
        return true;
    case FDM_MSG_OUTPUT_DONE:
        field_u32(codec, &msg->u.output_done.bytes);
        field_u32(codec, &msg->u.output_done.crc32);
        return true;
    case FDM_MSG_PROFILE:
        profile_fields(codec, &msg->u.profile);
        return true;
    case FDM_MSG_LAYER:
        layer_fields(codec, &msg->u.layer);
        return true;
    case FDM_MSG_PROFILE_DONE:
        field_u16(codec, &msg->u.profile_done.runs);
        field_u16(codec, &msg->u.profile_done.layers);
        return true;
    case FDM_MSG_MEMORY:
    case FDM_MSG_RESET_REPLY:
    case FDM_MSG_WATCH_REPLY:
        return true;
    case FDM_MSG_MEMORY_REPLY:
        memory_fields(codec, &msg->u.memory);
        return true;
    case FDM_MSG_RESET:
        field_u8(codec, &msg->u.reset.mode);
        return true;
    case FDM_MSG_SET_BAUD:
    case FDM_MSG_SET_BAUD_REPLY:
        field_u32(codec, &msg->u.baud.baud);
        return true;
    case FDM_MSG_STATE:
        field_u8(codec, &msg->u.state_request.moment);
        return true;
    case FDM_MSG_STATE_REPLY:
        state_fields(codec, &msg->u.state);
        return true;
    case FDM_MSG_WATCH:
        field_u8(codec, &msg->u.watch.flags);
        return true;
    case FDM_MSG_ERROR:
        error_fields(codec, &msg->u.error);
        return true;
    }
    return false;
}

static bool has_data(uint8_t type)
{
    return type == FDM_MSG_PING || type == FDM_MSG_PING_REPLY || type == FDM_MSG_LOAD_DATA ||
           type == FDM_MSG_OUTPUT_DATA;
}

/* Header and fields, without the bulk data that the header's length counts. */
static size_t encode_head(const struct fdm_msg *msg, uint8_t *out, size_t capacity)
{
    struct fdm_msg fields_of = *msg;
    struct fdm_writer writer;
    struct codec codec = {.writer = &writer};
    fdm_writer_init(&writer, out, capacity);
    fdm_write_u8(&writer, msg->type);
    fdm_write_u8(&writer, msg->tag);
    fdm_write_u16(&writer, 0);
    bool known = fields(&codec, &fields_of);
    size_t data = has_data(msg->type) ? msg->u.data.len : 0;
    if (!known || writer.failed || data > FDM_MSG_BODY_MAX ||
        writer.len - FDM_MSG_HEADER_BYTES + data > FDM_MSG_BODY_MAX)
        return 0;
    size_t body = writer.len - FDM_MSG_HEADER_BYTES + data;
    out[2] = (uint8_t)body;
    out[3] = (uint8_t)(body >> 8);
    return writer.len;
}

size_t fdm_msg_encode(const struct fdm_msg *msg, uint8_t *out, size_t capacity)
{
    size_t head = encode_head(msg, out, capacity);
    size_t data = has_data(msg->type) ? msg->u.data.len : 0;
    if (head == 0 || data > capacity - head)
        return 0;
    if (data != 0)
        memcpy(out + head, msg->u.data.bytes, data);
    return head + data;
}

bool fdm_msg_decode(uint8_t type, uint8_t tag, const uint8_t *body, size_t len, struct fdm_msg *msg)
{
    struct fdm_reader reader;
    struct codec codec = {.reader = &reader};
    memset(msg, 0, sizeof *msg);
    msg->type = type;
    msg->tag = tag;
    fdm_reader_init(&reader, body, len);
    if (!fields(&codec, msg))
        return false;
    return type == FDM_MSG_HELLO_REPLY ? !reader.failed : fdm_reader_done(&reader);
}

bool fdm_msg_write(struct fdm_link *link, const struct fdm_msg *msg)
{
    uint8_t head_bytes[FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN];
    size_t head = encode_head(msg, head_bytes, sizeof head_bytes);
    size_t data = has_data(msg->type) ? msg->u.data.len : 0;
    if (head == 0 || head + data > fdm_link_write_space(link))
        return false;
    fdm_link_write(link, head_bytes, head);
    fdm_link_write(link, data != 0 ? msg->u.data.bytes : head_bytes, data);
    return true;
}

void fdm_msg_reader_init(struct fdm_msg_reader *reader, uint8_t *buffer, size_t capacity)
{
    reader->buffer = buffer;
    reader->capacity = capacity;
    reader->len = 0;
}

static bool fill(struct fdm_msg_reader *reader, struct fdm_link *link, size_t total)
{
    if (reader->len < total)
        reader->len += fdm_link_read(link, reader->buffer + reader->len, total - reader->len);
    return reader->len >= total;
}

enum fdm_msg_result fdm_msg_read(struct fdm_msg_reader *reader, struct fdm_link *link,
                                 struct fdm_msg *msg)
{
    if (!fill(reader, link, FDM_MSG_HEADER_BYTES))
        return FDM_MSG_NONE;
    const uint8_t *header = reader->buffer;
    size_t body = (size_t)(header[2] | header[3] << 8);
    if (body > reader->capacity - FDM_MSG_HEADER_BYTES)
        return FDM_MSG_OVERSIZED;
    if (!fill(reader, link, FDM_MSG_HEADER_BYTES + body))
        return FDM_MSG_NONE;
    reader->len = 0;
    return fdm_msg_decode(header[0], header[1], header + FDM_MSG_HEADER_BYTES, body, msg)
               ? FDM_MSG_READY
               : FDM_MSG_MALFORMED;
}

const char *fdm_msg_name(uint8_t type)
{
    static const struct {
        uint8_t type;
        const char *name;
    } names[] = {
        {FDM_MSG_HELLO, "hello"},
        {FDM_MSG_PING, "ping"},
        {FDM_MSG_LOAD, "load"},
        {FDM_MSG_LOAD_DATA, "load data"},
        {FDM_MSG_INFER, "infer"},
        {FDM_MSG_OUTPUT, "output"},
        {FDM_MSG_PROFILE, "profile"},
        {FDM_MSG_MEMORY, "memory"},
        {FDM_MSG_RESET, "reset"},
        {FDM_MSG_SET_BAUD, "set baud"},
        {FDM_MSG_STATE, "state"},
        {FDM_MSG_WATCH, "watch"},
        {FDM_MSG_HELLO_REPLY, "hello reply"},
        {FDM_MSG_PING_REPLY, "ping reply"},
        {FDM_MSG_LOAD_STATE, "load state"},
        {FDM_MSG_INFER_DONE, "infer done"},
        {FDM_MSG_OUTPUT_DONE, "output done"},
        {FDM_MSG_PROFILE_DONE, "profile done"},
        {FDM_MSG_MEMORY_REPLY, "memory reply"},
        {FDM_MSG_RESET_REPLY, "reset reply"},
        {FDM_MSG_SET_BAUD_REPLY, "set baud reply"},
        {FDM_MSG_STATE_REPLY, "state reply"},
        {FDM_MSG_WATCH_REPLY, "watch reply"},
        {FDM_MSG_RUN, "run"},
        {FDM_MSG_OUTPUT_DATA, "output data"},
        {FDM_MSG_LAYER, "layer"},
        {FDM_MSG_ERROR, "error"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (names[i].type == type)
            return names[i].name;
    return "unknown";
}
