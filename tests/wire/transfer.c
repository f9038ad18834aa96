#include "tests/wire/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "targets/wire/crc32.h"
#include "targets/wire/msg.h"
#include "tests/support/test.h"

#define PIECE_BYTES 1024
#define MINUTE_NS UINT64_C(60000000000)

struct transfer {
    struct wire_pair pair;
    struct fdm_msg_reader host_reader, device_reader;
    uint8_t host_buffer[FDM_MSG_HEADER_BYTES + FDM_MSG_BODY_MIN];
    uint8_t device_buffer[FDM_MSG_HEADER_BYTES + 2 * PIECE_BYTES];
    size_t image_bytes;
    unsigned images;
    uint8_t *image;  /* the one being sent */
    uint8_t *wanted; /* the one being received */
    uint8_t *got;
    unsigned sending;  /* its index */
    size_t sent_bytes; /* of it; its announcement comes before */
    bool announced;
    size_t got_bytes;
    unsigned states_due; /* answers that the board has not sent yet */
    uint64_t progress_ns;
    struct transfer_result *result;
};

static void make_image(uint8_t *image, size_t len, unsigned index)
{
    uint32_t seed = index + 1;
    for (size_t i = 0; i < len; i++)
        image[i] = (uint8_t)(test_random(&seed) >> 11);
}

static bool send_announcement(struct transfer *t)
{
    struct fdm_msg msg = {.type = FDM_MSG_LOAD, .tag = (uint8_t)t->sending};
    msg.u.load.bytes = (uint32_t)t->image_bytes;
    msg.u.load.crc32 = fdm_crc32(FDM_CRC32_INIT, t->image, t->image_bytes);
    return fdm_msg_write(&t->pair.host.link, &msg);
}

static bool send_piece(struct transfer *t)
{
    size_t left = t->image_bytes - t->sent_bytes;
    struct fdm_msg msg = {.type = FDM_MSG_LOAD_DATA, .tag = (uint8_t)t->sending};
    msg.u.data.offset = (uint32_t)t->sent_bytes;
    msg.u.data.bytes = t->image + t->sent_bytes;
    msg.u.data.len = left < PIECE_BYTES ? left : PIECE_BYTES;
    if (!fdm_msg_write(&t->pair.host.link, &msg))
        return false;
    t->sent_bytes += msg.u.data.len;
    return true;
}

static void host_writes(struct transfer *t)
{
    while (t->sending < t->images) {
        if (!t->announced && !send_announcement(t))
            return;
        t->announced = true;
        if (!send_piece(t))
            return;
        if (t->sent_bytes < t->image_bytes)
            continue;
        t->announced = false;
        t->sent_bytes = 0;
        if (++t->sending < t->images)
            make_image(t->image, t->image_bytes, t->sending);
    }
}

static void judge_image(struct transfer *t)
{
    make_image(t->wanted, t->image_bytes, t->result->arrived + t->states_due);
    t->result->wrong += memcmp(t->wanted, t->got, t->image_bytes) != 0;
    t->states_due++;
    t->got_bytes = 0;
}

static void device_plays(struct transfer *t)
{
    struct fdm_msg msg;
    enum fdm_msg_result read;
    while ((read = fdm_msg_read(&t->device_reader, &t->pair.device.link, &msg)) == FDM_MSG_READY) {
        if (msg.type != FDM_MSG_LOAD_DATA)
            continue;
        assert_int_equal(msg.u.data.offset, t->got_bytes);
        assert_true(msg.u.data.len <= t->image_bytes - t->got_bytes);
        memcpy(t->got + t->got_bytes, msg.u.data.bytes, msg.u.data.len);
        t->got_bytes += msg.u.data.len;
        if (t->got_bytes == t->image_bytes)
            judge_image(t);
    }
    assert_int_equal(read, FDM_MSG_NONE);
    struct fdm_msg state = {.type = FDM_MSG_LOAD_STATE};
    state.u.load_state.complete = 1;
    while (t->states_due > 0 && fdm_msg_write(&t->pair.device.link, &state))
        t->states_due--;
}

static void host_reads(struct transfer *t)
{
    struct fdm_msg msg;
    while (fdm_msg_read(&t->host_reader, &t->pair.host.link, &msg) == FDM_MSG_READY) {
        t->result->arrived++;
        t->progress_ns = t->pair.now_ns;
    }
}

static void begin(struct transfer *t, const struct wire_pair_config *config)
{
    fdm_msg_reader_init(&t->host_reader, t->host_buffer, sizeof t->host_buffer);
    fdm_msg_reader_init(&t->device_reader, t->device_buffer, sizeof t->device_buffer);
    wire_pair_init(&t->pair, config);
    fdm_link_listen(&t->pair.device.link);
    fdm_link_open(&t->pair.host.link, 77, 0);
    t->image = malloc(3 * t->image_bytes);
    assert_non_null(t->image);
    t->wanted = t->image + t->image_bytes;
    t->got = t->wanted + t->image_bytes;
    make_image(t->image, t->image_bytes, 0);
}

void transfer_images(const struct wire_pair_config *config, unsigned images, size_t image_bytes,
                     struct transfer_result *result)
{
    struct transfer t = {.image_bytes = image_bytes, .images = images, .result = result};
    memset(result, 0, sizeof *result);
    begin(&t, config);
    while (result->arrived < images) {
        wire_pair_settle(&t.pair);
        device_plays(&t);
        host_reads(&t);
        host_writes(&t);
        wire_pair_settle(&t.pair);
        assert_true(wire_pair_wait(&t.pair));
        assert_true(t.pair.now_ns - t.progress_ns < MINUTE_NS);
    }
    result->elapsed_ns = t.progress_ns;
    result->sender = t.pair.host.link.stats;
    free(t.image);
    wire_pair_release(&t.pair);
}
