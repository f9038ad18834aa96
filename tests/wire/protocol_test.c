/* The worked example of PROTOCOL.md is what the code sends, byte for byte. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "targets/wire/crc32.h"
#include "targets/wire/msg.h"

struct end {
    struct fdm_link link;
    uint8_t body[FDM_LINK_BODY_BYTES(FDM_LINK_PAYLOAD_DEFAULT)];
    uint8_t rx[4096];
    uint8_t tx[4096];
};

static void init(struct end *end)
{
    const struct fdm_link_config config = {
        .max_payload = FDM_LINK_PAYLOAD_DEFAULT,
        .rx_body = end->body,
        .rx_window = end->rx,
        .rx_window_bytes = sizeof end->rx,
        .tx_window = end->tx,
        .tx_window_bytes = sizeof end->tx,
    };
    assert_true(fdm_link_init(&end->link, &config));
}

/* Sends one frame from an end to the other; its bytes must stand in the document. */
static void expect(const char *document, const char *what, struct end *from, struct end *to)
{
    uint8_t frame[FDM_LINK_FRAME_BYTES(FDM_LINK_PAYLOAD_DEFAULT)];
    struct fdm_buf text;
    fdm_buf_init(&text);
    size_t len = fdm_link_transmit(&from->link, frame, 0);
    for (size_t i = 0; i < len; i++)
        fdm_buf_printf(&text, "%s%02X", i > 0 ? " " : "", frame[i]);
    fdm_buf_puts(&text, "\n");
    if (strstr(document, text.data) == NULL)
        fail_msg("PROTOCOL.md does not show the %s: %s", what, text.data);
    fdm_link_receive(&to->link, frame, len, 0);
    fdm_buf_release(&text);
}

static void worked_example(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    uint8_t *data;
    size_t len;
    assert_ok(fdm_fs_read(FDM_PROTOCOL_MD, 1 << 20, &data, &len, &err), err);
    const char *document = (const char *)data;
    static struct end host;
    static struct end device;
    init(&host);
    init(&device);
    fdm_link_listen(&device.link);
    expect(document, "announcement", &device, &host);
    fdm_link_open(&host.link, 0x1234, 0);
    expect(document, "opening", &host, &device);
    expect(document, "acceptance", &device, &host);
    struct fdm_msg hello = {.type = FDM_MSG_HELLO, .tag = 1};
    hello.u.hello.wire_version = FDM_WIRE_VERSION;
    assert_true(fdm_msg_write(&host.link, &hello));
    expect(document, "hello", &host, &device);
    expect(document, "acknowledgement", &device, &host);
    assert_true(fdm_link_is_flushed(&host.link));
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example),
    };
    return cmocka_run_group_tests_name("wire.protocol", tests, NULL, NULL);
}
