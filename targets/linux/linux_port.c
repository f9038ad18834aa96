#include "targets/linux/linux_port.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "targets/linux/cores.h"
#include "targets/linux/sysfs.h"

#define NS_PER_S UINT64_C(1000000000)
#define NS_PER_US 1000
#define US_PER_MS 1000
/* poll() promises room for so much in a pipe (POSIX, PIPE_BUF); a write of it does not block. */
#define WRITE_PIECE 512

#if defined(__clang__)
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif
#ifndef FDM_AGENT_FLAGS
#define FDM_AGENT_FLAGS ""
#endif

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

static bool is_ready(int fd, short event)
{
    struct pollfd item = {fd, event, 0};
    return poll(&item, 1, 0) > 0;
}

static size_t port_read(void *context, uint8_t *bytes, size_t capacity)
{
    struct fdm_linux_port *self = context;
    if (self->gone || !is_ready(self->in_fd, POLLIN))
        return 0;
    ssize_t got = read(self->in_fd, bytes, capacity);
    if (got > 0)
        return (size_t)got;
    self->gone = got == 0 || (errno != EINTR && errno != EAGAIN);
    return 0;
}

static size_t port_write(void *context, const uint8_t *bytes, size_t len)
{
    struct fdm_linux_port *self = context;
    if (self->gone || !is_ready(self->out_fd, POLLOUT))
        return 0;
    ssize_t put = write(self->out_fd, bytes, len < WRITE_PIECE ? len : WRITE_PIECE);
    if (put > 0)
        return (size_t)put;
    self->gone = put < 0 && errno != EINTR && errno != EAGAIN;
    return 0;
}

static uint64_t port_now_us(void *context)
{
    const struct fdm_linux_port *self = context;
    return (now_ns() - self->start_ns) / NS_PER_US;
}

static int poll_ms(uint64_t now_us, uint64_t until_us)
{
    if (until_us == UINT64_MAX)
        return -1;
    uint64_t wait_us = until_us > now_us ? until_us - now_us : 0;
    uint64_t ms = (wait_us + US_PER_MS - 1) / US_PER_MS;
    return ms < 60000 ? (int)ms : 60000;
}

static bool port_wait(void *context, uint64_t until_us, bool writing)
{
    struct fdm_linux_port *self = context;
    if (self->gone)
        return false;
    struct pollfd items[] = {{self->in_fd, POLLIN, 0}, {self->out_fd, POLLOUT, 0}};
    poll(items, writing ? 2 : 1, poll_ms(port_now_us(context), until_us));
    return true;
}

/* ---- the counter ---- */

static uint64_t count_now(const struct fdm_linux_port *self)
{
    if (self->instructions == NULL)
        return now_ns();
    return *(const volatile uint64_t *)&self->instructions->executed;
}

static void port_counter_start(void *context)
{
    struct fdm_linux_port *self = context;
    self->counting_from = count_now(self);
    __asm__ volatile("" ::: "memory");
}

static uint64_t port_counter_read(void *context)
{
    const struct fdm_linux_port *self = context;
    __asm__ volatile("" ::: "memory");
    return count_now(self) - self->counting_from;
}

static const struct fdm_instruction_counter *find_instruction_counter(void)
{
    const struct fdm_instruction_counter *counter =
        mmap(NULL, sizeof *counter, PROT_READ, MAP_SHARED, FDM_INSTRUCTION_COUNTER_FD, 0);
    if ((const void *)counter == MAP_FAILED)
        return NULL;
    return counter->magic == FDM_INSTRUCTION_COUNTER_MAGIC ? counter : NULL;
}

static const char *sysfs_root(void)
{
    const char *root = getenv("FDM_SYSFS");
    return root != NULL ? root : "/sys";
}

static void port_state(void *context, struct fdm_msg_state *out)
{
    const struct fdm_linux_port *self = context;
    out->cores = fdm_cores_allowed();
    out->threads = (uint16_t)self->threads;
    fdm_sysfs_read(sysfs_root(), out);
}

/* ---- the stack's mark ---- */

/* Nothing is written near the caller's frame, nor beyond what every Linux gives a program. */
#define PAINT_DISTANCE 1024
#define PAINT_BYTES 65536
#define PAINT_WORDS (PAINT_BYTES / 4)
#define PAINT 0xC5C5C5C5U

#if defined(__SANITIZE_ADDRESS__)
#define NO_SANITIZER __attribute__((no_sanitize_address))
#else
#define NO_SANITIZER
#endif

NO_SANITIZER static void port_clear_marks(void *context)
{
    struct fdm_linux_port *self = context;
    char *here = __builtin_frame_address(0);
    if (self->stack_bytes != 0 && self->stack_bytes < 4 * PAINT_BYTES)
        return;
    self->stack_paint = (volatile uint32_t *)(void *)(here - PAINT_DISTANCE - PAINT_BYTES);
    for (size_t i = 0; i < PAINT_WORDS; i++)
        self->stack_paint[i] = PAINT;
}

/* 0 if nobody knows: it was not painted, or all of the paint is gone. */
NO_SANITIZER static uint32_t stack_used(const struct fdm_linux_port *self)
{
    size_t left = 0;
    if (self->stack_paint == NULL)
        return 0;
    while (left < PAINT_WORDS && self->stack_paint[left] == PAINT)
        left++;
    uintptr_t deepest = (uintptr_t)(self->stack_paint + left);
    return left == 0 ? 0 : (uint32_t)(self->stack_base - deepest);
}

static void port_memory(void *context, struct fdm_port_memory *out)
{
    const struct fdm_linux_port *self = context;
    *out = (struct fdm_port_memory){.stack_bytes = self->stack_bytes,
                                    .stack_used = stack_used(self),
                                    .constant_bytes = self->constant_bytes};
}

/* ---- facts ---- */

/* Printable ASCII only, as the wire's texts are; without blanks at the end. */
static void copy_text(char *out, size_t size, const char *text)
{
    size_t len = 0;
    for (; *text != '\0' && len + 1 < size; text++)
        if (*text >= 0x20 && *text <= 0x7E)
            out[len++] = *text;
    while (len > 0 && out[len - 1] == ' ')
        len--;
    out[len] = '\0';
}

/* The device tree's names of the board, from the most particular one on, as words: these are made
 * for programs, unlike its model. */
static void find_board(char *out, size_t size)
{
    char names[256];
    FILE *file = fopen("/proc/device-tree/compatible", "r");
    size_t len = file != NULL ? fread(names, 1, sizeof names - 1, file) : 0;
    if (file != NULL)
        fclose(file);
    for (size_t i = 0; i + 1 < len; i++)
        if (names[i] == '\0')
            names[i] = ' ';
    names[len] = '\0';
    copy_text(out, size, len > 0 ? names : "linux");
}

static void find_cpu(char *out, size_t size)
{
    struct utsname names;
    copy_text(out, size, uname(&names) == 0 ? names.machine : "unknown");
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (file == NULL)
        return;
    char line[256];
    while (fgets(line, sizeof line, file) != NULL) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && value != NULL) {
            copy_text(out, size, value + 1 + strspn(value + 1, " "));
            break;
        }
    }
    fclose(file);
}

static uint32_t find_clock_hz(void)
{
    uint64_t cores = fdm_cores_allowed();
    unsigned first = 0;
    while (first < 63 && (cores >> first & 1) == 0)
        first++;
    uint32_t khz = fdm_sysfs_max_khz(sysfs_root(), first);
    return khz <= UINT32_MAX / 1000 ? khz * 1000 : 0;
}

static uint32_t find_stack_bytes(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur > UINT32_MAX)
        return 0;
    return (uint32_t)limit.rlim_cur;
}

static uint32_t count_constants(const struct fdm_network *network)
{
    size_t bytes = 0;
    for (uint32_t i = 0; i < network->layer_count; i++)
        bytes += network->layers[i].weights_bytes + network->layers[i].bias_bytes;
    return (uint32_t)bytes;
}

void fdm_linux_port_init(struct fdm_linux_port *linux_port, int in_fd, int out_fd,
                         const struct fdm_network *network, void *arena, size_t arena_bytes)
{
    memset(linux_port, 0, sizeof *linux_port);
    linux_port->in_fd = in_fd;
    linux_port->out_fd = out_fd;
    linux_port->threads = 1;
    linux_port->start_ns = now_ns();
    linux_port->constant_bytes = count_constants(network);
    linux_port->stack_bytes = find_stack_bytes();
    linux_port->instructions = find_instruction_counter();
    bool counts = linux_port->instructions != NULL;
    linux_port->stack_base = (uintptr_t)__builtin_frame_address(0);
    find_board(linux_port->board, sizeof linux_port->board);
    find_cpu(linux_port->cpu, sizeof linux_port->cpu);
    copy_text(linux_port->compiler, sizeof linux_port->compiler, COMPILER " " FDM_AGENT_FLAGS);
    linux_port->port = (struct fdm_port){
        .context = linux_port,
        .board = linux_port->board,
        .cpu = linux_port->cpu,
        .compiler = linux_port->compiler,
        .clock_hz = find_clock_hz(),
        .caches = FDM_CACHE_INSTRUCTION | FDM_CACHE_DATA,
        .flash_wait_states = 255,
        .counter_kind = counts ? FDM_COUNTER_INSTRUCTIONS : FDM_COUNTER_NANOSECONDS,
        .counter_hz = counts ? 0 : NS_PER_S,
        .arena = arena,
        .arena_bytes = arena_bytes,
        .read = port_read,
        .write = port_write,
        .wait = port_wait,
        .now_us = port_now_us,
        .counter_start = port_counter_start,
        .counter_read = port_counter_read,
        .state = port_state,
        .memory = port_memory,
        .clear_marks = port_clear_marks,
    };
}
