#include "harness/bench/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/lock.h"
#include "harness/build/elf_memory.h"
#include "harness/build/firmware.h"
#include "harness/transport/ssh.h"

#define ARGV_MAX 32
#define BAUD_DEFAULT 115200
#define PUSH_TIMEOUT_NS (120 * FDM_NS_PER_S)

struct fdm_device {
    struct fdm_device_options options;
    struct fdm_lock *lock;
    struct fdm_ssh *ssh;          /* kept over all cases */
    struct fdm_firmware firmware; /* of the case under way */
    struct fdm_stream *stream;
};

/* ---- Life ------------------------------------------------------------------------------------ */

static enum fdm_status take_lock(struct fdm_device *device, struct fdm_error *err)
{
    char *cache = NULL;
    struct fdm_buf path;
    fdm_buf_init(&path);
    enum fdm_status status = fdm_fs_user_dir(FDM_FS_CACHE, &cache, err);
    if (status == FDM_OK) {
        fdm_buf_printf(&path, "%s/locks/%s.lock", cache, device->options.name);
        status = fdm_buf_check(&path, err);
    }
    if (status == FDM_OK)
        status = fdm_lock_take(path.data, device->options.owner, &device->lock, err);
    fdm_error_context(err, "%s", device->options.name);
    fdm_buf_release(&path);
    free(cache);
    return status;
}

enum fdm_status fdm_device_new(const struct fdm_device_options *options, struct fdm_device **out,
                               struct fdm_error *err)
{
    *out = NULL;
    struct fdm_device *device = calloc(1, sizeof *device);
    if (device == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    device->options = *options;
    enum fdm_status status = take_lock(device, err);
    if (status == FDM_OK)
        *out = device;
    else
        fdm_device_free(device);
    return status;
}

static void end_case(struct fdm_device *device)
{
    fdm_stream_free(device->stream);
    device->stream = NULL;
    fdm_firmware_release(&device->firmware);
    memset(&device->firmware, 0, sizeof device->firmware);
}

void fdm_device_free(struct fdm_device *device)
{
    if (device == NULL)
        return;
    end_case(device);
    fdm_ssh_close(device->ssh);
    fdm_lock_free(device->lock);
    free(device);
}

/* ---- Streams --------------------------------------------------------------------------------- */

static enum fdm_status open_emulated(struct fdm_device *device, struct fdm_error *err)
{
    const char *argv[ARGV_MAX];
    enum fdm_status status =
        fdm_firmware_command(device->options.board, device->firmware.program, argv, ARGV_MAX, err);
    if (status != FDM_OK)
        return status;
    const struct fdm_stream_process_options options = {.argv = argv, .name = device->options.name};
    return fdm_stream_open_process(&options, &device->stream, err);
}

/* Bit i is core i; 0: wherever the system likes. Interrupts are mostly served on the first core, so
 * the last one is the quietest. An emulator's cores are this computer's. */
static uint64_t choose_cores(const struct fdm_device *device)
{
    uint32_t cores = device->options.board->cores;
    if (device->options.emulated)
        return 0;
    if (device->options.lab->cores != 0)
        return device->options.lab->cores;
    return cores > 1 && cores <= 64 ? UINT64_C(1) << (cores - 1) : 0;
}

static void print_cores(struct fdm_buf *out, uint64_t cores)
{
    for (unsigned core = 0; core < 64; core++)
        if ((cores >> core & 1) != 0)
            fdm_buf_printf(out, "%s%u", out->len > 0 ? "," : "", core);
}

/* The words that start the agent on the board. */
static void remote_command(const struct fdm_device *device, const char *program, const char *cores,
                           const char *command[FDM_LAB_ARGV_MAX + 4])
{
    const char *const *prefix = device->options.lab->run_prefix;
    size_t count = 0;
    for (; prefix[count] != NULL; count++)
        command[count] = prefix[count];
    command[count++] = program;
    if (cores != NULL) {
        command[count++] = "--cores";
        command[count++] = cores;
    }
    command[count] = NULL;
}

static enum fdm_status open_ssh(struct fdm_device *device, struct fdm_error *err)
{
    const struct fdm_lab_board *lab = device->options.lab;
    const struct fdm_ssh_options options = {.host = lab->ssh_host, .config = lab->ssh_config};
    const char *command[FDM_LAB_ARGV_MAX + 4];
    struct fdm_buf remote;
    struct fdm_buf cores;
    fdm_buf_init(&remote);
    fdm_buf_init(&cores);
    enum fdm_status status = FDM_OK;
    if (device->ssh == NULL)
        status = fdm_ssh_open(&options, &device->ssh, err);
    fdm_buf_printf(&remote, "%s/fdm-agent-%.16s", lab->folder, device->firmware.sha256);
    print_cores(&cores, choose_cores(device));
    if (status == FDM_OK)
        status = fdm_buf_check(&remote, err);
    if (status == FDM_OK)
        status = fdm_buf_check(&cores, err);
    if (status == FDM_OK)
        status = fdm_ssh_push(device->ssh, device->firmware.program, remote.data, 0755,
                              fdm_clock_now_ns() + PUSH_TIMEOUT_NS, err);
    if (status == FDM_OK) {
        remote_command(device, remote.data, cores.data, command);
        status = fdm_ssh_stream(device->ssh, command, &device->stream, err);
    }
    fdm_buf_release(&remote);
    fdm_buf_release(&cores);
    return status;
}

static enum fdm_status open_serial(struct fdm_device *device, struct fdm_error *err)
{
    const struct fdm_lab_board *lab = device->options.lab;
    const struct fdm_stream_serial_options options = {
        .port = lab->port, .probe = lab->probe, .baud = lab->baud ? lab->baud : BAUD_DEFAULT};
    return fdm_stream_open_serial(&options, &device->stream, err);
}

/* A serial board holds its program already; all others get one. */
static enum fdm_status bring_up(struct fdm_device *device, const struct fdm_plan_case *item,
                                struct fdm_error *err)
{
    enum fdm_board_kind kind = device->options.board->kind;
    if (kind == FDM_BOARD_SERIAL)
        return open_serial(device, err);
    const struct fdm_firmware_options options = {.board = device->options.board,
                                                 .network = fdm_plan_network(item),
                                                 .version = device->options.version};
    enum fdm_status status = fdm_firmware_build(&options, &device->firmware, err);
    if (status != FDM_OK)
        return status;
    return kind == FDM_BOARD_SSH ? open_ssh(device, err) : open_emulated(device, err);
}

enum fdm_status fdm_device_open(void *context, const struct fdm_plan_case *item,
                                struct fdm_client **out, struct fdm_error *err)
{
    struct fdm_device *device = context;
    const struct fdm_client_options options = {.stop = device->options.stop};
    *out = NULL;
    enum fdm_status status = bring_up(device, item, err);
    if (status == FDM_OK)
        status = fdm_client_open(device->stream, &options, out, err);
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", device->options.name);
        end_case(device);
    }
    return status;
}

static void add_figure(struct fdm_figure *figures, size_t *count, const char *name,
                       enum fdm_figure_kind kind, uint64_t value)
{
    snprintf(figures[*count].name, sizeof figures[*count].name, "%s", name);
    figures[*count].kind = kind;
    figures[(*count)++].value = (double)value;
}

static void add_fact(struct fdm_fact *facts, size_t *count, const char *name, const char *text)
{
    snprintf(facts[*count].name, sizeof facts[*count].name, "%s", name);
    snprintf(facts[*count].text, sizeof facts[*count].text, "%.*s",
             (int)sizeof facts[*count].text - 1, text);
    (*count)++;
}

enum fdm_status fdm_device_describe(void *context, struct fdm_figure *figures, size_t *figure_count,
                                    struct fdm_fact *facts, size_t *fact_count,
                                    struct fdm_error *err)
{
    const struct fdm_device *device = context;
    const struct fdm_firmware *firmware = &device->firmware;
    struct fdm_elf_memory memory;
    struct fdm_card_memory card;
    *figure_count = 0;
    *fact_count = 0;
    if (firmware->program == NULL)
        return FDM_OK;
    enum fdm_status status = fdm_elf_memory_read(firmware->program, &memory, err);
    if (status != FDM_OK)
        return status;
    enum fdm_figure_kind kind =
        device->options.emulated ? FDM_FIGURE_EMULATED : FDM_FIGURE_MEASURED;
    fdm_elf_memory_sum(&memory, &card);
    add_figure(figures, figure_count, "activation_ram_bytes", kind, card.activation_ram);
    add_figure(figures, figure_count, "runtime_ram_bytes", kind, card.runtime_ram);
    add_figure(figures, figure_count, "code_flash_bytes", kind, card.code_flash);
    add_figure(figures, figure_count, "total_ram_bytes", kind, card.total_ram);
    add_figure(figures, figure_count, "total_flash_bytes", kind, card.total_flash);
    add_fact(facts, fact_count, "firmware_sha256", firmware->sha256);
    add_fact(facts, fact_count, "firmware_compiler", firmware->compiler);
    add_fact(facts, fact_count, "firmware_flags", firmware->flags);
    return FDM_OK;
}

void fdm_device_close(void *context, struct fdm_client *client)
{
    fdm_client_close(client);
    end_case(context);
}
