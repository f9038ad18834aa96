#include "harness/client/flash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"

#define ATTEMPTS 3
#define TIMEOUT_NS (120 * FDM_NS_PER_S)
#define OUTPUT_MAX 65536
#define DEV_ID_MASK 0xFFFu /* of DBGMCU_IDCODE; the revision stands above */
#define PROTECTION_NONE 0xAAu
#define REGISTER_BYTES 4
#define QUOTE_MAX 200

/* ---- The probe ------------------------------------------------------------------------------- */

static void list_serials(const struct fdm_probe *probes, size_t count, struct fdm_buf *out)
{
    for (size_t i = 0; i < count; i++)
        fdm_buf_printf(out, "%s%s (%s)", i > 0 ? ", " : "", probes[i].serial, probes[i].product);
}

static enum fdm_status fail_choice(const struct fdm_probe *probes, size_t count, const char *serial,
                                   struct fdm_error *err)
{
    struct fdm_buf serials;
    fdm_buf_init(&serials);
    list_serials(probes, count, &serials);
    const char *names = serials.data != NULL ? serials.data : "";
    enum fdm_status status = FDM_ERR_NOT_FOUND;
    if (count == 0)
        fdm_fail(err, status,
                 "no debug probe is attached: plug a USB cable into the board's ST-LINK connector");
    else if (serial != NULL)
        fdm_fail(err, status,
                 "no debug probe has the serial number %s; attached: %s: correct \"probe\" in "
                 "lab.json",
                 serial, names);
    else
        status = fdm_fail(
            err, FDM_ERR_USAGE,
            "%zu debug probes are attached, %s: name the board's one as \"probe\" in lab.json",
            count, names);
    fdm_buf_release(&serials);
    return status;
}

enum fdm_status fdm_flash_choose_probe(const struct fdm_probe *probes, size_t count,
                                       const char *serial, struct fdm_probe *out,
                                       struct fdm_error *err)
{
    const struct fdm_probe *found = serial == NULL && count == 1 ? probes : NULL;
    for (size_t i = 0; serial != NULL && found == NULL && i < count; i++)
        if (strcasecmp(probes[i].serial, serial) == 0)
            found = &probes[i];
    if (found == NULL)
        return fail_choice(probes, count, serial, err);
    *out = *found;
    if (!found->allowed)
        return fdm_fail(err, FDM_ERR_IO, "no permission to open the debug probe %s (%s): %s",
                        found->serial, found->node, FDM_PROBE_PERMISSION_FIX);
    return FDM_OK;
}

static enum fdm_status find_probe(const struct fdm_flash_job *job, struct fdm_probe *out,
                                  struct fdm_error *err)
{
    struct fdm_probe *probes;
    size_t count;
    enum fdm_status status = fdm_probe_list(&probes, &count, err);
    if (status == FDM_OK)
        status = fdm_flash_choose_probe(probes, count, job->serial, out, err);
    free(probes);
    return status;
}

/* ---- The tool -------------------------------------------------------------------------------- */

static bool can(const struct fdm_flash_tool *tool, const struct fdm_flash_chip *chip)
{
    return !chip->ram || tool->ram;
}

/* NULL, and a failure in `*err`, if there is none. */
static const struct fdm_flash_tool *choose_tool(const struct fdm_flash_job *job,
                                                struct fdm_error *err)
{
    for (const struct fdm_flash_tool *tool = fdm_flash_tools; tool->program != NULL; tool++) {
        bool named = job->tool != NULL && strcmp(job->tool, tool->program) == 0;
        bool there = fdm_proc_exists(tool->program);
        if (job->tool != NULL && !named)
            continue;
        if (can(tool, &job->chip) && there)
            return tool;
        if (named && !there) {
            fdm_fail(err, FDM_ERR_NOT_FOUND, "no program `%s`: %s", tool->program, tool->source);
            return NULL;
        }
        if (named) {
            fdm_fail(err, FDM_ERR_USAGE,
                     "%s cannot start programs in RAM, where %s runs them: choose another flasher "
                     "in lab.json",
                     tool->program, job->board);
            return NULL;
        }
    }
    fdm_fail(err, FDM_ERR_NOT_FOUND,
             "nothing here can put a program on the board: apt-get install openocd, or "
             "STM32CubeProgrammer from st.com");
    return NULL;
}

/* ---- What it says ---------------------------------------------------------------------------- */

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
                         "this version of the tool does not know the chip: install a newer one, "
                         "or STM32CubeProgrammer from st.com"},
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

static enum fdm_status fail_with(const struct fdm_flash_tool *tool, enum fdm_flash_failure failure,
                                 const char *output, struct fdm_error *err)
{
    char quoted[QUOTE_MAX + 8];
    quote(output, quoted, sizeof quoted);
    return fdm_fail(err, explanations[failure].status, "%s: %s%s", tool->program,
                    explanations[failure].text, quoted);
}

/* ---- Steps ----------------------------------------------------------------------------------- */

/* One attempt: with what, and what came out of it. */
struct attempt {
    const struct fdm_flash_job *job;
    const struct fdm_flash_tool *tool;
    const char *serial;
    const char *image;
    enum fdm_flash_failure failure;
};

/* As one text: a stray NUL would hide what follows. */
static void join(struct fdm_buf *all, const struct fdm_buf *part)
{
    for (size_t i = 0; i < part->len; i++)
        if (part->data[i] == '\0')
            part->data[i] = ' ';
    if (part->len > 0)
        fdm_buf_printf(all, "%s\n", part->data);
}

/* Runs the words to their end; what was written to both streams follows in `*all`. */
static enum fdm_status run(const struct attempt *attempt, const struct fdm_flash_argv *argv,
                           struct fdm_buf *all, int *code, struct fdm_error *err)
{
    uint64_t timeout_ns = attempt->job->timeout_ns ? attempt->job->timeout_ns : TIMEOUT_NS;
    struct fdm_buf output;
    struct fdm_buf errors;
    struct fdm_proc_exit ended = {0};
    struct fdm_error why = FDM_ERROR_INIT;
    if (argv->failed || argv->count == 0)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    fdm_buf_init(&output);
    fdm_buf_init(&errors);
    enum fdm_status status =
        fdm_proc_run((const char *const *)argv->words, NULL, fdm_clock_now_ns() + timeout_ns,
                     OUTPUT_MAX, &output, &errors, &ended, &why);
    join(all, &errors);
    join(all, &output);
    fdm_buf_puts(all, "");
    if (status == FDM_ERR_TIMEOUT)
        fdm_fail(err, status,
                 "%s did not end within %.0f s and was ended: plug the probe in anew and try again",
                 argv->words[0], (double)timeout_ns / (double)FDM_NS_PER_S);
    else if (status != FDM_OK)
        fdm_fail(err, status, "%s", why.message);
    else
        status = fdm_buf_check(all, err);
    *code = ended.code;
    fdm_buf_release(&output);
    fdm_buf_release(&errors);
    return status;
}

static enum fdm_status judge_chip(struct attempt *attempt, const char *output,
                                  struct fdm_error *err)
{
    const struct fdm_flash_chip *chip = &attempt->job->chip;
    uint32_t found;
    if (chip->chip_id == 0 ||
        !fdm_flash_find(attempt->tool, output, attempt->tool->chip_label, attempt->serial, &found))
        return FDM_OK;
    if ((found & DEV_ID_MASK) == 0) {
        attempt->failure = FDM_FLASH_NO_TARGET;
        return fail_with(attempt->tool, FDM_FLASH_NO_TARGET, "", err);
    }
    if ((found & DEV_ID_MASK) != chip->chip_id)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "the chip behind probe %s is 0x%03" PRIX32 ", %s has 0x%03" PRIX32
                        ": is it the right board? Correct \"probe\" in lab.json",
                        attempt->serial, found & DEV_ID_MASK, attempt->job->board, chip->chip_id);
    return FDM_OK;
}

static enum fdm_status judge_protection(struct attempt *attempt, uint32_t level,
                                        struct fdm_error *err)
{
    if ((level & 0xFF) == PROTECTION_NONE)
        return FDM_OK;
    attempt->failure = FDM_FLASH_LOCKED;
    return fail_with(attempt->tool, FDM_FLASH_LOCKED, "", err);
}

/* An interface that does not answer reads as zeros or ones. */
static enum fdm_status judge_register(struct attempt *attempt, uint32_t value,
                                      struct fdm_error *err)
{
    if (value == 0 || value == UINT32_MAX)
        return FDM_OK;
    return judge_protection(attempt, value >> attempt->job->chip.protection_shift, err);
}

static enum fdm_status judge(struct attempt *attempt, const char *output, struct fdm_error *err)
{
    const struct fdm_flash_tool *tool = attempt->tool;
    uint32_t found;
    enum fdm_status status = judge_chip(attempt, output, err);
    if (status != FDM_OK || attempt->job->chip.protection_register == 0 ||
        tool->protection_label == NULL ||
        !fdm_flash_find(tool, output, tool->protection_label, attempt->serial, &found))
        return status;
    return tool->protection_alone ? judge_protection(attempt, found, err)
                                  : judge_register(attempt, found, err);
}

static enum fdm_status identify(struct attempt *attempt, struct fdm_error *err)
{
    struct fdm_flash_argv argv = {0};
    struct fdm_buf output;
    int code = 0;
    fdm_buf_init(&output);
    attempt->tool->identify(&attempt->job->chip, attempt->serial, &argv);
    enum fdm_status status = run(attempt, &argv, &output, &code, err);
    if (status == FDM_OK && code != 0) {
        attempt->failure = fdm_flash_classify(attempt->tool, output.data);
        status = fail_with(attempt->tool, attempt->failure, output.data, err);
    } else if (status == FDM_OK) {
        status = judge(attempt, output.data, err);
    }
    fdm_flash_argv_release(&argv);
    fdm_buf_release(&output);
    return status;
}

static uint32_t little_endian(const uint8_t bytes[REGISTER_BYTES])
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* For tools whose identify() does not tell. A register that cannot be read decides nothing: the
 * attempt to write will tell. */
static enum fdm_status check_protection(struct attempt *attempt, struct fdm_error *err)
{
    const struct fdm_flash_chip *chip = &attempt->job->chip;
    if (attempt->tool->read_register == NULL || chip->protection_register == 0)
        return FDM_OK;
    struct fdm_flash_argv argv = {0};
    struct fdm_buf file;
    struct fdm_buf output;
    uint8_t *bytes = NULL;
    size_t len;
    int code = 0;
    fdm_buf_init(&file);
    fdm_buf_init(&output);
    fdm_buf_printf(&file, "%s.rdp", attempt->image);
    enum fdm_status status = fdm_buf_check(&file, err);
    if (status != FDM_OK)
        goto done;
    attempt->tool->read_register(chip->protection_register, attempt->serial, file.data, &argv);
    status = run(attempt, &argv, &output, &code, err);
    if (status == FDM_OK && code == 0 &&
        fdm_fs_read(file.data, REGISTER_BYTES, &bytes, &len, NULL) == FDM_OK &&
        len == REGISTER_BYTES)
        status = judge_register(attempt, little_endian(bytes), err);
    unlink(file.data);
done:
    free(bytes);
    fdm_flash_argv_release(&argv);
    fdm_buf_release(&file);
    fdm_buf_release(&output);
    return status;
}

/* Only what was verified counts, whatever the exit status says. */
static enum fdm_status write_image(struct attempt *attempt, struct fdm_error *err)
{
    struct fdm_flash_argv argv = {0};
    struct fdm_buf output;
    int code = 0;
    fdm_buf_init(&output);
    attempt->tool->write(&attempt->job->chip, attempt->serial, attempt->image, &argv);
    enum fdm_status status = run(attempt, &argv, &output, &code, err);
    if (status == FDM_OK && (code != 0 || strstr(output.data, attempt->tool->success) == NULL)) {
        attempt->failure = fdm_flash_classify(attempt->tool, output.data);
        status = fail_with(attempt->tool, attempt->failure, output.data, err);
    }
    fdm_flash_argv_release(&argv);
    fdm_buf_release(&output);
    return status;
}

static enum fdm_status make_binary(struct attempt *attempt, const char *image,
                                   struct fdm_error *err)
{
    struct fdm_flash_argv argv = {0};
    struct fdm_buf output;
    const char *words[] = {attempt->job->objcopy, "-O",  "binary", "--gap-fill", "0xff",
                           attempt->job->program, image, NULL};
    int code = 0;
    for (size_t i = 0; words[i] != NULL; i++)
        argv.words[argv.count++] = strdup(words[i]);
    for (size_t i = 0; i < argv.count; i++)
        argv.failed = argv.failed || argv.words[i] == NULL;
    fdm_buf_init(&output);
    enum fdm_status status = run(attempt, &argv, &output, &code, err);
    if (status == FDM_OK && code != 0)
        status = fdm_fail(err, FDM_ERR_IO, "%s: %.200s", attempt->job->objcopy, output.data);
    fdm_flash_argv_release(&argv);
    fdm_buf_release(&output);
    return status;
}

static enum fdm_status try_until_done(struct attempt *attempt, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (int i = 0; i < ATTEMPTS; i++) {
        struct fdm_error why = FDM_ERROR_INIT;
        if (attempt->job->stop != NULL && atomic_load(attempt->job->stop))
            return fdm_fail(err, FDM_ERR_CANCELLED, "stopped before the board was written");
        attempt->failure = FDM_FLASH_OK;
        status = identify(attempt, &why);
        if (status == FDM_OK)
            status = check_protection(attempt, &why);
        if (status == FDM_OK)
            status = write_image(attempt, &why);
        if (status == FDM_OK)
            return FDM_OK;
        bool again = explanations[attempt->failure].again;
        if (!again || i + 1 == ATTEMPTS)
            return fdm_fail(err, status, "%s%s", why.message, again ? " (tried three times)" : "");
    }
    return status;
}

/* The raw bytes stand beside the program while they are needed. */
static enum fdm_status try_with_binary(struct attempt *attempt, struct fdm_error *err)
{
    struct fdm_buf binary;
    fdm_buf_init(&binary);
    fdm_buf_printf(&binary, "%s.%ld.bin", attempt->job->program, (long)getpid());
    enum fdm_status status = fdm_buf_check(&binary, err);
    if (status == FDM_OK) {
        attempt->image = binary.data;
        status = make_binary(attempt, binary.data, err);
        if (status == FDM_OK)
            status = try_until_done(attempt, err);
        unlink(binary.data);
    }
    fdm_buf_release(&binary);
    return status;
}

enum fdm_status fdm_flash_choose_tool(const struct fdm_flash_job *job, const char **out,
                                      struct fdm_error *err)
{
    const struct fdm_flash_tool *tool = choose_tool(job, err);
    if (tool == NULL)
        return err != NULL ? err->status : FDM_ERR_NOT_FOUND;
    *out = tool->program;
    if (tool->knows == NULL)
        return FDM_OK;
    struct attempt attempt = {.job = job, .tool = tool};
    struct fdm_flash_argv argv = {0};
    struct fdm_buf output;
    int code = 0;
    fdm_buf_init(&output);
    tool->knows(&job->chip, &argv);
    enum fdm_status status = run(&attempt, &argv, &output, &code, err);
    if (status == FDM_OK && code != 0)
        status = fail_with(tool, fdm_flash_classify(tool, output.data), output.data, err);
    fdm_flash_argv_release(&argv);
    fdm_buf_release(&output);
    return status;
}

enum fdm_status fdm_flash_write(const struct fdm_flash_job *job, struct fdm_error *err)
{
    struct fdm_probe probe;
    const struct fdm_flash_tool *tool = choose_tool(job, err);
    if (tool == NULL)
        return err != NULL ? err->status : FDM_ERR_NOT_FOUND;
    enum fdm_status status = find_probe(job, &probe, err);
    if (status != FDM_OK)
        return status;
    struct attempt attempt = {
        .job = job, .tool = tool, .serial = probe.serial, .image = job->program};
    return tool->binary ? try_with_binary(&attempt, err) : try_until_done(&attempt, err);
}
