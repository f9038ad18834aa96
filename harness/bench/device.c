#include "harness/bench/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/lock.h"
#include "harness/bench/device_impl.h"
#include "harness/build/elf_memory.h"

#define ARGV_MAX 32
#define BAUD_AT_START 115200 /* of every board with our program */
#define CONNECT_TIMEOUT_NS (5 * FDM_NS_PER_S)
/* An emulator shares this computer with others; that it died is noticed without waiting. */
#define EMULATOR_SILENCE_NS (60 * FDM_NS_PER_S)
/* A board that holds its program answers at once. */
#define KNOWN_SILENCE_NS (2 * FDM_NS_PER_S)

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

static enum fdm_status check_threads(const struct fdm_device_options *options,
                                     struct fdm_error *err)
{
    if (options->threads > FDM_DEVICE_THREADS_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "%s: at most %d threads", options->name,
                        FDM_DEVICE_THREADS_MAX);
    if (options->threads > 1 && fdm_device_counts(options->lab))
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
    enum fdm_status status = fdm_client_open(device->stream, &options, out, err);
    if (device->options.board->kind != FDM_BOARD_SERIAL)
        return status;
    if (status == FDM_ERR_TIMEOUT)
        fdm_error_context(err, "no program of ours answers: is this the board's line, at %d baud?",
                          BAUD_AT_START);
    else if (status == FDM_ERR_EOF && device->options.lab->tcp != NULL)
        fdm_error_context(err, "the server ended the line: does another program use it?");
    return status;
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
    if (!fdm_device_is_remembered(device) || open_serial(device, NULL) != FDM_OK)
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
    fdm_device_remember(device, NULL);
    enum fdm_status status = fdm_device_flash(device, err);
    if (status == FDM_OK)
        status = open_serial(device, err);
    if (status == FDM_OK)
        status = greet(device, 0, out, err);
    if (status == FDM_OK)
        fdm_device_remember(device, device->firmware.sha256);
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
                                                 .counter = lab != NULL && fdm_device_counts(lab)};
    device->arena_bytes = options.network->arena_bytes;
    return fdm_firmware_build(&options, &device->firmware, err);
}

/* A serial board that cannot be flashed holds its program already; all others get one. */
static enum fdm_status bring_up(struct fdm_device *device, const struct fdm_plan_case *item,
                                struct fdm_client **out, struct fdm_error *err)
{
    enum fdm_board_kind kind = device->options.board->kind;
    bool holds_it = kind == FDM_BOARD_SERIAL && !fdm_device_is_flashed(device);
    enum fdm_status status = holds_it ? FDM_OK : build(device, item, err);
    if (status == FDM_OK && fdm_device_is_flashed(device))
        return open_flashed(device, item, out, err);
    if (status == FDM_OK)
        status = kind == FDM_BOARD_SERIAL ? open_serial(device, err)
                 : kind == FDM_BOARD_SSH  ? fdm_device_open_ssh(device, err)
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
