#include "harness/bench/device.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/lock.h"
#include "harness/build/elf_memory.h"
#include "harness/build/firmware.h"
#include "harness/client/flash.h"
#include "harness/transport/ssh.h"

#define ARGV_MAX 32
#define BAUD_AT_START 115200 /* of every board with our program */
/* The lab's words, the program, two options with their values, and the end. */
#define COMMAND_MAX (FDM_LAB_ARGV_MAX + 6)
#define CONNECT_TIMEOUT_NS (5 * FDM_NS_PER_S)
#define PUSH_TIMEOUT_NS (120 * FDM_NS_PER_S)
/* An emulator shares this computer with others; that it died is noticed without waiting. */
#define EMULATOR_SILENCE_NS (60 * FDM_NS_PER_S)
/* A board that holds its program answers at once. */
#define KNOWN_SILENCE_NS (2 * FDM_NS_PER_S)

struct fdm_device {
    struct fdm_device_options options;
    struct fdm_lock *lock;
    struct fdm_lock *line_lock;   /* NULL unless the line is a server's */
    struct fdm_ssh *ssh;          /* kept over all cases */
    struct fdm_firmware firmware; /* of the case under way */
    size_t arena_bytes;           /* of its network */
    struct fdm_stream *stream;
};

/* ---- Life ------------------------------------------------------------------------------------ */

static enum fdm_status take_lock(const char *name, const char *owner, struct fdm_lock **out,
                                 struct fdm_error *err)
{
    char *cache = NULL;
    struct fdm_buf path;
    fdm_buf_init(&path);
    enum fdm_status status = fdm_fs_user_dir(FDM_FS_CACHE, &cache, err);
    if (status == FDM_OK) {
        fdm_buf_printf(&path, "%s/locks/%s.lock", cache, name);
        status = fdm_buf_check(&path, err);
    }
    if (status == FDM_OK)
        status = fdm_lock_take(path.data, owner, out, err);
    fdm_error_context(err, "%s", name);
    fdm_buf_release(&path);
    free(cache);
    return status;
}

/* The board, and a server's line, which may stand in the lab's file twice; a port of this computer
 * is locked by its stream. */
static enum fdm_status take_locks(struct fdm_device *device, struct fdm_error *err)
{
    const struct fdm_device_options *options = &device->options;
    enum fdm_status status = take_lock(options->name, options->owner, &device->lock, err);
    if (status != FDM_OK || options->lab == NULL || options->lab->tcp == NULL)
        return status;
    status = take_lock(options->lab->tcp, options->owner, &device->line_lock, err);
    fdm_error_context(err, "%s", options->name);
    return status;
}

uint32_t fdm_device_threads(const struct fdm_board_entry *executor, bool emulated, uint32_t wanted)
{
    if (executor->kind != FDM_BOARD_SSH)
        return 1;
    if (wanted != 0)
        return wanted;
    return emulated || executor->cores == 0 || executor->cores > FDM_DEVICE_THREADS_MAX
               ? 1
               : executor->cores;
}

/* Do the lab's words start the agent in an emulator that is to count instructions? */
static bool counts_there(const struct fdm_lab_board *lab)
{
    size_t i = 0;
    while (lab->run_prefix[i] != NULL && strcmp(lab->run_prefix[i], FDM_BOARD_COUNTER) != 0)
        i++;
    return lab->run_prefix[i] != NULL;
}

static enum fdm_status check_threads(const struct fdm_device_options *options,
                                     struct fdm_error *err)
{
    if (options->threads > FDM_DEVICE_THREADS_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "%s: at most %d threads", options->name,
                        FDM_DEVICE_THREADS_MAX);
    if (options->threads > 1 && counts_there(options->lab))
        return fdm_fail(err, FDM_ERR_USAGE,
                        "%s: instructions are counted with one thread alone: --threads 1, or take "
                        "\"%s\" out of its \"run_prefix\"",
                        options->name, FDM_BOARD_COUNTER);
    return FDM_OK;
}

enum fdm_status fdm_device_new(const struct fdm_device_options *options, struct fdm_device **out,
                               struct fdm_error *err)
{
    *out = NULL;
    struct fdm_device *device = calloc(1, sizeof *device);
    if (device == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    device->options = *options;
    enum fdm_status status = FDM_OK;
    if (options->board->kind == FDM_BOARD_SSH)
        status = check_threads(options, err);
    if (status == FDM_OK)
        status = take_locks(device, err);
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
    fdm_lock_free(device->line_lock);
    fdm_lock_free(device->lock);
    free(device);
}

/* ---- Streams --------------------------------------------------------------------------------- */

static enum fdm_status open_emulated(struct fdm_device *device, struct fdm_error *err)
{
    const char *argv[ARGV_MAX];
    enum fdm_status status =
        fdm_firmware_command(device->options.board, &device->firmware, argv, ARGV_MAX, err);
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
    uint64_t last = 0;
    if (device->options.emulated)
        return 0;
    if (device->options.lab->cores != 0)
        return device->options.lab->cores;
    for (uint32_t i = 1; cores > 1 && cores <= 64 && i <= device->options.threads && i <= cores;
         i++)
        last |= UINT64_C(1) << (cores - i);
    return last;
}

static void print_cores(struct fdm_buf *out, uint64_t cores)
{
    for (unsigned core = 0; core < 64; core++)
        if ((cores >> core & 1) != 0)
            fdm_buf_printf(out, "%s%u", out->len > 0 ? "," : "", core);
}

/* What stands on the board, and how the agent is started there. */
struct remote {
    struct fdm_buf program;
    struct fdm_buf counter; /* empty where nothing counts */
    struct fdm_buf cores;
    char threads[16];
};

static enum fdm_status describe_remote(const struct fdm_device *device, struct remote *out,
                                       struct fdm_error *err)
{
    fdm_buf_printf(&out->program, "%s/fdm-agent-%.16s", device->options.lab->folder,
                   device->firmware.sha256);
    if (counts_there(device->options.lab))
        fdm_buf_printf(&out->counter, "%s/fdm-agent-%.16s.counter.so", device->options.lab->folder,
                       device->firmware.sha256);
    print_cores(&out->cores, choose_cores(device));
    snprintf(out->threads, sizeof out->threads, "%" PRIu32, device->options.threads);
    enum fdm_status status = fdm_buf_check(&out->program, err);
    if (status == FDM_OK)
        status = fdm_buf_check(&out->counter, err);
    return status == FDM_OK ? fdm_buf_check(&out->cores, err) : status;
}

static enum fdm_status push(const struct fdm_device *device, const char *local, const char *remote,
                            struct fdm_error *err)
{
    return fdm_ssh_push(device->ssh, local, remote, 0755, fdm_clock_now_ns() + PUSH_TIMEOUT_NS,
                        err);
}

/* The words that start the agent on the board. */
static void remote_command(const struct fdm_device *device, const struct remote *remote,
                           const char *command[COMMAND_MAX])
{
    const char *const *prefix = device->options.lab->run_prefix;
    size_t count = 0;
    for (; prefix[count] != NULL; count++)
        command[count] =
            strcmp(prefix[count], FDM_BOARD_COUNTER) == 0 ? remote->counter.data : prefix[count];
    command[count++] = remote->program.data;
    if (remote->cores.len > 0) {
        command[count++] = "--cores";
        command[count++] = remote->cores.data;
    }
    command[count++] = "--threads";
    command[count++] = remote->threads;
    command[count] = NULL;
}

static enum fdm_status open_ssh(struct fdm_device *device, struct fdm_error *err)
{
    const struct fdm_lab_board *lab = device->options.lab;
    const struct fdm_ssh_options options = {.host = lab->ssh_host, .config = lab->ssh_config};
    const char *command[COMMAND_MAX];
    struct remote remote = {0};
    enum fdm_status status = describe_remote(device, &remote, err);
    if (status == FDM_OK && device->ssh == NULL)
        status = fdm_ssh_open(&options, &device->ssh, err);
    if (status == FDM_OK)
        status = push(device, device->firmware.program, remote.program.data, err);
    if (status == FDM_OK && remote.counter.len > 0)
        status = push(device, device->firmware.counter, remote.counter.data, err);
    if (status == FDM_OK) {
        remote_command(device, &remote, command);
        status = fdm_ssh_stream(device->ssh, command, &device->stream, err);
    }
    fdm_buf_release(&remote.program);
    fdm_buf_release(&remote.counter);
    fdm_buf_release(&remote.cores);
    return status;
}

static enum fdm_status open_tcp(const struct fdm_lab_board *lab, struct fdm_stream **out,
                                struct fdm_error *err)
{
    return fdm_stream_open_tcp(lab->tcp_host, lab->tcp_port,
                               fdm_clock_now_ns() + CONNECT_TIMEOUT_NS, out, err);
}

enum fdm_status fdm_device_try_tcp(const struct fdm_lab_board *lab, struct fdm_error *err)
{
    struct fdm_lock *lock = NULL;
    struct fdm_stream *stream = NULL;
    enum fdm_status status = take_lock(lab->tcp, "fdm-bench doctor", &lock, err);
    if (status == FDM_OK)
        status = open_tcp(lab, &stream, err);
    fdm_stream_free(stream);
    fdm_lock_free(lock);
    return status;
}

static enum fdm_status open_serial(struct fdm_device *device, struct fdm_error *err)
{
    const struct fdm_lab_board *lab = device->options.lab;
    if (lab->tcp != NULL)
        return open_tcp(lab, &device->stream, err);
    const struct fdm_stream_serial_options options = {
        .port = lab->port, .probe = lab->probe, .baud = BAUD_AT_START};
    return fdm_stream_open_serial(&options, &device->stream, err);
}

static enum fdm_status say_hello(struct fdm_device *device, uint64_t silence_ns,
                                 struct fdm_client **out, struct fdm_error *err)
{
    if (silence_ns == 0 && device->options.board->kind == FDM_BOARD_EMULATED)
        silence_ns = EMULATOR_SILENCE_NS;
    const struct fdm_client_options options = {.stop = device->options.stop,
                                               .silence_ns = silence_ns};
    return fdm_client_open(device->stream, &options, out, err);
}

/* The rate that the lab's file wants of a serial line; 0: the one at start-up. */
static uint32_t wanted_baud(const struct fdm_device *device)
{
    const struct fdm_lab_board *lab = device->options.lab;
    bool serial = device->options.board->kind == FDM_BOARD_SERIAL;
    return serial && lab->baud != BAUD_AT_START ? lab->baud : 0;
}

/* A board whose last host was killed still has the rate which that one set. It is sent back to the
 * first one: a session begins there, and returns there when the board restarts. */
static enum fdm_status find_at(struct fdm_device *device, uint32_t baud)
{
    struct fdm_client *client = NULL;
    enum fdm_status status = fdm_stream_set_baud(device->stream, baud, NULL);
    if (status == FDM_OK)
        status = say_hello(device, 0, &client, NULL);
    if (status == FDM_OK)
        status = fdm_client_set_baud(client, BAUD_AT_START, NULL, NULL);
    fdm_client_close(client);
    fdm_stream_set_baud(device->stream, BAUD_AT_START, NULL);
    return status;
}

/* Hello at the first rate, then the change to the wanted one. */
static enum fdm_status greet(struct fdm_device *device, uint64_t silence_ns,
                             struct fdm_client **out, struct fdm_error *err)
{
    const uint32_t baud = wanted_baud(device);
    if (baud == 0)
        return say_hello(device, silence_ns, out, err);
    struct fdm_error why = FDM_ERROR_INIT;
    enum fdm_status status = say_hello(device, silence_ns, out, &why);
    if (status == FDM_ERR_TIMEOUT && find_at(device, baud) == FDM_OK)
        status = say_hello(device, silence_ns, out, err);
    else if (status != FDM_OK)
        fdm_fail(err, status, "%s", why.message);
    if (status != FDM_OK)
        return status;
    status = fdm_client_set_baud(*out, baud, NULL, err);
    if (status == FDM_ERR_UNSUPPORTED)
        fdm_error_context(err, "the lab file's \"baud\"");
    if (status == FDM_OK)
        return FDM_OK;
    fdm_client_close(*out);
    *out = NULL;
    return status;
}

/* ---- Boards that are flashed ----------------------------------------------------------------- */

static bool flashes(const struct fdm_board_entry *board, const struct fdm_lab_board *lab)
{
    return board->kind == FDM_BOARD_SERIAL && board->firmware != NULL && board->flash != NULL &&
           lab->flasher != FDM_FLASHER_NONE;
}

static bool is_flashed(const struct fdm_device *device)
{
    return flashes(device->options.board, device->options.lab);
}

static struct fdm_flash_chip chip_of(const struct fdm_board_flash *flash)
{
    struct fdm_flash_chip chip = {
        .address = flash->address,
        .chip_id = flash->chip_id,
        .chip_id_register = flash->chip_id_register,
        .protection_register = flash->protection_register,
        .protection_shift = flash->protection_shift,
        .ram = flash->ram,
    };
    for (size_t i = 0; i < flash->openocd_count && i < FDM_FLASH_FILES_MAX; i++)
        chip.openocd[i] = flash->openocd[i];
    return chip;
}

/* "arm-none-eabi-objcopy" for "arm-none-eabi-gcc". */
static void name_objcopy(const char *compiler, struct fdm_buf *out)
{
    size_t len = strlen(compiler);
    if (len >= 3 && strcmp(compiler + len - 3, "gcc") == 0)
        len -= 3;
    fdm_buf_printf(out, "%.*sobjcopy", (int)len, compiler);
}

static struct fdm_flash_job job_for(const struct fdm_board_entry *board,
                                    const struct fdm_lab_board *lab)
{
    return (struct fdm_flash_job){
        .board = board->id,
        .chip = chip_of(board->flash),
        .tool = lab->flasher == FDM_FLASHER_ANY ? NULL : fdm_flasher_name(lab->flasher),
        .serial = lab->probe,
    };
}

enum fdm_status fdm_device_flasher(const struct fdm_lab_board *lab, const char **out,
                                   struct fdm_error *err)
{
    *out = NULL;
    if (!flashes(lab->board, lab))
        return FDM_OK;
    const struct fdm_flash_job job = job_for(lab->board, lab);
    return fdm_flash_choose_tool(&job, out, err);
}

static enum fdm_status flash(struct fdm_device *device, struct fdm_error *err)
{
    const struct fdm_device_options *options = &device->options;
    struct fdm_buf objcopy;
    fdm_buf_init(&objcopy);
    name_objcopy(options->board->firmware->compiler, &objcopy);
    enum fdm_status status = fdm_buf_check(&objcopy, err);
    struct fdm_flash_job job = job_for(options->board, options->lab);
    job.program = device->firmware.program;
    job.objcopy = objcopy.data;
    job.stop = options->stop;
    if (status == FDM_OK)
        status = fdm_flash_write(&job, err);
    fdm_buf_release(&objcopy);
    return status;
}

/* The file that says which program was put on the board last. */
static enum fdm_status memory_path(const struct fdm_device *device, struct fdm_buf *out,
                                   struct fdm_error *err)
{
    char *cache = NULL;
    enum fdm_status status = fdm_fs_user_dir(FDM_FS_CACHE, &cache, err);
    if (status == FDM_OK) {
        fdm_buf_printf(out, "%s/flashed", cache);
        status = fdm_buf_check(out, err);
    }
    if (status == FDM_OK)
        status = fdm_fs_make_dirs(out->data, err);
    if (status == FDM_OK) {
        const struct fdm_lab_board *lab = device->options.lab;
        fdm_buf_printf(out, "/%s", lab->probe != NULL ? lab->probe : lab->name);
        status = fdm_buf_check(out, err);
    }
    free(cache);
    return status;
}

static bool is_remembered(const struct fdm_device *device)
{
    struct fdm_buf path;
    uint8_t *text = NULL;
    size_t len = 0;
    fdm_buf_init(&path);
    bool same = memory_path(device, &path, NULL) == FDM_OK &&
                fdm_fs_read(path.data, FDM_SHA256_HEX_SIZE, &text, &len, NULL) == FDM_OK &&
                strcmp((const char *)text, device->firmware.sha256) == 0;
    free(text);
    fdm_buf_release(&path);
    return same;
}

/* `sha256` NULL: nobody knows what is on the board. Only a hint: failures cost one flashing. */
static void remember(const struct fdm_device *device, const char *sha256)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    if (memory_path(device, &path, NULL) == FDM_OK) {
        if (sha256 != NULL)
            fdm_fs_write_atomic(path.data, sha256, strlen(sha256), NULL);
        else
            unlink(path.data);
    }
    fdm_buf_release(&path);
}

static bool says_same(const struct fdm_device *device, const struct fdm_plan_case *item,
                      const struct fdm_client *client)
{
    const struct fdm_msg_hello_reply *hello = fdm_client_hello(client);
    char sha256[2 * FDM_MSG_SHA256 + 1];
    for (size_t i = 0; i < FDM_MSG_SHA256; i++)
        snprintf(sha256 + 2 * i, 3, "%02x", hello->network_sha256[i]);
    return strcmp(sha256, item->record.model_sha256) == 0 &&
           strcmp(hello->semantics, item->record.semantics) == 0 &&
           strcmp(hello->agent, device->options.version) == 0;
}

/* The program is there already if we put it there last, and the board says so too. */
static enum fdm_status greet_known(struct fdm_device *device, const struct fdm_plan_case *item,
                                   struct fdm_client **out)
{
    if (!is_remembered(device) || open_serial(device, NULL) != FDM_OK)
        return FDM_ERR_NOT_FOUND;
    if (greet(device, KNOWN_SILENCE_NS, out, NULL) == FDM_OK && says_same(device, item, *out))
        return FDM_OK;
    fdm_client_close(*out);
    *out = NULL;
    fdm_stream_free(device->stream);
    device->stream = NULL;
    return FDM_ERR_NOT_FOUND;
}

static enum fdm_status open_flashed(struct fdm_device *device, const struct fdm_plan_case *item,
                                    struct fdm_client **out, struct fdm_error *err)
{
    if (greet_known(device, item, out) == FDM_OK)
        return FDM_OK;
    remember(device, NULL);
    enum fdm_status status = flash(device, err);
    if (status == FDM_OK)
        status = open_serial(device, err);
    if (status == FDM_OK)
        status = greet(device, 0, out, err);
    if (status == FDM_OK)
        remember(device, device->firmware.sha256);
    return status;
}

/* ---- Opening --------------------------------------------------------------------------------- */

static enum fdm_status build(struct fdm_device *device, const struct fdm_plan_case *item,
                             struct fdm_error *err)
{
    const struct fdm_lab_board *lab = device->options.lab;
    const struct fdm_firmware_options options = {.board = device->options.board,
                                                 .network = fdm_plan_network(item),
                                                 .version = device->options.version,
                                                 .counter = lab != NULL && counts_there(lab)};
    device->arena_bytes = options.network->arena_bytes;
    return fdm_firmware_build(&options, &device->firmware, err);
}

/* A serial board that cannot be flashed holds its program already; all others get one. */
static enum fdm_status bring_up(struct fdm_device *device, const struct fdm_plan_case *item,
                                struct fdm_client **out, struct fdm_error *err)
{
    enum fdm_board_kind kind = device->options.board->kind;
    bool holds_it = kind == FDM_BOARD_SERIAL && !is_flashed(device);
    enum fdm_status status = holds_it ? FDM_OK : build(device, item, err);
    if (status == FDM_OK && is_flashed(device))
        return open_flashed(device, item, out, err);
    if (status == FDM_OK)
        status = kind == FDM_BOARD_SERIAL ? open_serial(device, err)
                 : kind == FDM_BOARD_SSH  ? open_ssh(device, err)
                                          : open_emulated(device, err);
    return status == FDM_OK ? greet(device, 0, out, err) : status;
}

enum fdm_status fdm_device_open(void *context, const struct fdm_plan_case *item,
                                struct fdm_client **out, struct fdm_error *err)
{
    struct fdm_device *device = context;
    *out = NULL;
    enum fdm_status status = bring_up(device, item, out, err);
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
    if (memory.activations == 0) /* a program for Linux takes it from the system */
        memory.activations = device->arena_bytes;
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
