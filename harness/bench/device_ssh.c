#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/bench/device_impl.h"

/* The lab's words, the program, two options with their values, and the end. */
#define COMMAND_MAX (FDM_LAB_ARGV_MAX + 6)
#define PUSH_TIMEOUT_NS (120 * FDM_NS_PER_S)

bool fdm_device_counts(const struct fdm_lab_board *lab)
{
    size_t i = 0;
    while (lab->run_prefix[i] != NULL && strcmp(lab->run_prefix[i], FDM_BOARD_COUNTER) != 0)
        i++;
    return lab->run_prefix[i] != NULL;
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
    if (fdm_device_counts(device->options.lab))
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

enum fdm_status fdm_device_open_ssh(struct fdm_device *device, struct fdm_error *err)
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
