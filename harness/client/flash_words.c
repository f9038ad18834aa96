#include "harness/client/flash_words.h"

#include <stdio.h>
#include <string.h>

#include "harness/transport/probe.h"

#define QUOTE_MAX 200

static const struct {
    enum fdm_status status;
    bool again; /* worth another attempt */
    const char *text;
} explanations[] = {
    [FDM_FLASH_NO_PROBE] = {FDM_ERR_NOT_FOUND, false, "the tool does not find the debug probe"},
    [FDM_FLASH_PERMISSION] = {FDM_ERR_IO, false,
                              "no permission to open the debug probe: " FDM_PROBE_PERMISSION_FIX},
    [FDM_FLASH_BUSY] = {FDM_ERR_BUSY, false,
                        "another program holds the debug probe: end it, or plug the probe in anew"},
    [FDM_FLASH_NO_TARGET] = {FDM_ERR_IO, true,
                             "the probe is there but the chip does not answer: is the board "
                             "powered, and its power jumper set to ST-LINK?"},
    [FDM_FLASH_WRONG_CHIP] = {FDM_ERR_USAGE, false,
                              "another chip than the board's: is it the right probe?"},
    [FDM_FLASH_LOCKED] = {FDM_ERR_IO, false,
                          "the flash is locked by read or write protection (RDP, WRP): remove it "
                          "with STM32CubeProgrammer, which erases the chip"},
    [FDM_FLASH_VERIFY] = {FDM_ERR_IO, true, "what was written does not verify"},
    [FDM_FLASH_UNPLUGGED] = {FDM_ERR_EOF, false,
                             "the debug probe went away: was the cable pulled? The board's flash "
                             "is only half written; plug it in and run again"},
    [FDM_FLASH_UNFIT] = {FDM_ERR_USAGE, false,
                         "this version of the tool does not know the chip, or a command of ours: "
                         "install a newer one, or STM32CubeProgrammer from st.com, or name another "
                         "flasher in lab.json"},
    [FDM_FLASH_UNKNOWN] = {FDM_ERR_IO, false, "the tool failed"},
};

static bool is_worth_quoting(const char *line, size_t len)
{
    static const char *const marks[] = {"rror",    "ailed",   "FAIL", "WARN",
                                        "ismatch", "ouldn't", "nable"};
    char text[QUOTE_MAX + 1];
    snprintf(text, sizeof text, "%.*s", (int)(len < QUOTE_MAX ? len : QUOTE_MAX), line);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (strstr(text, marks[i]) != NULL)
            return true;
    return false;
}

/* The first line that tells of a failure, else the last one. */
static void quote(const char *output, char *out, size_t size)
{
    out[0] = '\0';
    for (const char *at = output; *at != '\0';) {
        size_t len = strcspn(at, "\r\n");
        bool telling = is_worth_quoting(at, len);
        if (len > 0)
            snprintf(out, size, ": %.*s", (int)(len < QUOTE_MAX ? len : QUOTE_MAX), at);
        if (telling)
            return;
        at += len;
        at += strspn(at, "\r\n");
    }
}

bool fdm_flash_worth_again(enum fdm_flash_failure failure)
{
    return explanations[failure].again;
}

enum fdm_status fdm_flash_fail(const char *program, enum fdm_flash_failure failure,
                               const char *output, struct fdm_error *err)
{
    char quoted[QUOTE_MAX + 8];
    quote(output, quoted, sizeof quoted);
    return fdm_fail(err, explanations[failure].status, "%s: %s%s", program,
                    explanations[failure].text, quoted);
}

/* "\033[31m": how long it is; 0: none stands there. */
static size_t escape_length(const char *at, size_t len)
{
    size_t i = 2;
    if (len < 2 || at[0] != '\033' || at[1] != '[')
        return 0;
    while (i < len && at[i] >= ' ' && at[i] <= '?')
        i++;
    return i < len && at[i] >= '@' && at[i] <= '~' ? i + 1 : i;
}

void fdm_flash_words_add(struct fdm_buf *all, const struct fdm_buf *stream)
{
    for (size_t i = 0; i < stream->len;) {
        size_t escape = escape_length(stream->data + i, stream->len - i);
        if (escape == 0)
            fdm_buf_append(all, stream->data[i] != '\0' ? &stream->data[i] : " ", 1);
        i += escape > 0 ? escape : 1;
    }
    fdm_buf_puts(all, stream->len > 0 ? "\n" : "");
}
