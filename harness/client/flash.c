#include "harness/client/flash.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"
#include "harness/client/flash_probe.h"
#include "harness/client/flash_words.h"

#define ATTEMPTS 3
#define TIMEOUT_NS (120 * FDM_NS_PER_S)
#define OUTPUT_MAX 65536
#define DEV_ID_MASK 0xFFFu /* of DBGMCU_IDCODE; the revision stands above */
#define PROTECTION_NONE 0xAAu
#define REGISTER_BYTES 4

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

/* ---- Steps ----------------------------------------------------------------------------------- */

/* One attempt: with what, and what came out of it. */
struct attempt {
    const struct fdm_flash_job *job;
    const struct fdm_flash_tool *tool;
    const char *serial; /* empty where the probe has none */
    const char *probe;  /* for messages */
    const char *image;
    enum fdm_flash_failure failure;
};

/* One call of a tool. */
struct step {
    struct fdm_flash_argv argv; /* its words */
    struct fdm_buf output;      /* what it wrote to both streams */
    int code;                   /* its exit status */
};

static void step_init(struct step *step)
{
    memset(step, 0, sizeof *step);
    fdm_buf_init(&step->output);
}

static void step_release(struct step *step)
{
    fdm_flash_argv_release(&step->argv);
    fdm_buf_release(&step->output);
}

/* Runs the step's words to their end. */
static enum fdm_status run(const struct attempt *attempt, struct step *step, struct fdm_error *err)
{
    uint64_t timeout_ns = attempt->job->timeout_ns ? attempt->job->timeout_ns : TIMEOUT_NS;
    struct fdm_buf output;
    struct fdm_buf errors;
    struct fdm_proc_exit ended = {0};
    struct fdm_error why = FDM_ERROR_INIT;
    if (step->argv.failed || step->argv.count == 0)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    fdm_buf_init(&output);
    fdm_buf_init(&errors);
    enum fdm_status status =
        fdm_proc_run((const char *const *)step->argv.words, NULL, fdm_clock_now_ns() + timeout_ns,
                     OUTPUT_MAX, &output, &errors, &ended, &why);
    fdm_flash_words_add(&step->output, &errors);
    fdm_flash_words_add(&step->output, &output);
    if (status == FDM_ERR_TIMEOUT)
        fdm_fail(err, status,
                 "%s did not end within %.0f s and was ended: plug the probe in anew and try again",
                 step->argv.words[0], (double)timeout_ns / (double)FDM_NS_PER_S);
    else if (status != FDM_OK)
        fdm_fail(err, status, "%s", why.message);
    else
        status = fdm_buf_check(&step->output, err);
    step->code = ended.code;
    fdm_buf_release(&output);
    fdm_buf_release(&errors);
    return status;
}

static enum fdm_status fail_step(struct attempt *attempt, const struct step *step,
                                 struct fdm_error *err)
{
    attempt->failure = fdm_flash_classify(attempt->tool, step->output.data);
    return fdm_flash_fail(attempt->tool->program, attempt->failure, step->output.data, err);
}

static enum fdm_status fail_without_words(struct attempt *attempt, enum fdm_flash_failure failure,
                                          struct fdm_error *err)
{
    attempt->failure = failure;
    return fdm_flash_fail(attempt->tool->program, failure, "", err);
}

static enum fdm_status judge_chip(struct attempt *attempt, const char *output,
                                  struct fdm_error *err)
{
    const struct fdm_flash_chip *chip = &attempt->job->chip;
    uint32_t found;
    if (chip->chip_id == 0 ||
        !fdm_flash_find(attempt->tool, output, attempt->tool->chip_label, attempt->serial, &found))
        return FDM_OK;
    if ((found & DEV_ID_MASK) == 0)
        return fail_without_words(attempt, FDM_FLASH_NO_TARGET, err);
    if ((found & DEV_ID_MASK) != chip->chip_id)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "the chip behind probe %s is 0x%03" PRIX32 ", %s has 0x%03" PRIX32
                        ": is it the right board? Correct \"probe\" in lab.json",
                        attempt->probe, found & DEV_ID_MASK, attempt->job->board, chip->chip_id);
    return FDM_OK;
}

static enum fdm_status judge_protection(struct attempt *attempt, uint32_t level,
                                        struct fdm_error *err)
{
    if ((level & 0xFF) == PROTECTION_NONE)
        return FDM_OK;
    return fail_without_words(attempt, FDM_FLASH_LOCKED, err);
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
    struct step step;
    step_init(&step);
    attempt->tool->identify(&attempt->job->chip, attempt->serial, &step.argv);
    enum fdm_status status = run(attempt, &step, err);
    if (status == FDM_OK)
        status =
            step.code != 0 ? fail_step(attempt, &step, err) : judge(attempt, step.output.data, err);
    step_release(&step);
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
    struct step step;
    struct fdm_buf file;
    uint8_t *bytes = NULL;
    size_t len;
    step_init(&step);
    fdm_buf_init(&file);
    fdm_buf_printf(&file, "%s.rdp", attempt->image);
    enum fdm_status status = fdm_buf_check(&file, err);
    if (status != FDM_OK)
        goto done;
    attempt->tool->read_register(chip->protection_register, attempt->serial, file.data, &step.argv);
    status = run(attempt, &step, err);
    if (status == FDM_OK && step.code == 0 &&
        fdm_fs_read(file.data, REGISTER_BYTES, &bytes, &len, NULL) == FDM_OK &&
        len == REGISTER_BYTES)
        status = judge_register(attempt, little_endian(bytes), err);
    unlink(file.data);
done:
    free(bytes);
    fdm_buf_release(&file);
    step_release(&step);
    return status;
}

/* Only what was verified counts, whatever the exit status says. */
static enum fdm_status write_image(struct attempt *attempt, struct fdm_error *err)
{
    struct step step;
    step_init(&step);
    attempt->tool->write(&attempt->job->chip, attempt->serial, attempt->image, &step.argv);
    enum fdm_status status = run(attempt, &step, err);
    if (status == FDM_OK &&
        (step.code != 0 || strstr(step.output.data, attempt->tool->success) == NULL))
        status = fail_step(attempt, &step, err);
    step_release(&step);
    return status;
}

static enum fdm_status make_binary(struct attempt *attempt, const char *image,
                                   struct fdm_error *err)
{
    struct step step;
    const char *words[] = {attempt->job->objcopy, "-O",  "binary", "--gap-fill", "0xff",
                           attempt->job->program, image, NULL};
    step_init(&step);
    for (size_t i = 0; words[i] != NULL; i++)
        fdm_flash_argv_add(&step.argv, "%s", words[i]);
    enum fdm_status status = run(attempt, &step, err);
    if (status == FDM_OK && step.code != 0)
        status = fdm_fail(err, FDM_ERR_IO, "%s: %.200s", attempt->job->objcopy, step.output.data);
    step_release(&step);
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
        bool again = fdm_flash_worth_again(attempt->failure);
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
    struct step step;
    step_init(&step);
    tool->knows(&job->chip, &step.argv);
    enum fdm_status status = run(&attempt, &step, err);
    if (status == FDM_OK && step.code != 0)
        status = fail_step(&attempt, &step, err);
    step_release(&step);
    return status;
}

enum fdm_status fdm_flash_write(const struct fdm_flash_job *job, struct fdm_error *err)
{
    struct fdm_probe probe;
    const struct fdm_flash_tool *tool = choose_tool(job, err);
    if (tool == NULL)
        return err != NULL ? err->status : FDM_ERR_NOT_FOUND;
    enum fdm_status status = fdm_flash_find_probe(job->serial, &probe, err);
    if (status != FDM_OK)
        return status;
    struct attempt attempt = {.job = job,
                              .tool = tool,
                              .serial = probe.serial,
                              .probe = fdm_probe_name(&probe),
                              .image = job->program};
    return tool->binary ? try_with_binary(&attempt, err) : try_until_done(&attempt, err);
}
