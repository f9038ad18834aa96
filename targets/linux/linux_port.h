/* The Linux port of the agent: a program that a host starts, on this computer or by ssh on a board
 * under Linux, and talks to over its standard streams. */
#ifndef FDM_LINUX_LINUX_PORT_H
#define FDM_LINUX_LINUX_PORT_H

#include "reference/network/network.h"
#include "targets/agent/port.h"
#include "targets/linux/instruction_counter.h"
#include "targets/wire/msg.h"

struct fdm_linux_port {
    struct fdm_port port; /* for the agent; points back into this structure */
    int in_fd;
    int out_fd;
    bool gone;        /* the host closed its end */
    unsigned threads; /* that compute; 1 unless the caller says otherwise */
    uint64_t start_ns;
    uint64_t counting_from;
    const struct fdm_instruction_counter
        *instructions; /* NULL outside of an emulator that counts */
    uint32_t constant_bytes;
    uint32_t stack_bytes;
    uintptr_t stack_base;           /* where fdm_linux_port_init() stood */
    volatile uint32_t *stack_paint; /* the lowest word that was painted; NULL: none was */
    char board[FDM_MSG_WORD];
    char cpu[FDM_MSG_WORD];
    char compiler[FDM_MSG_TEXT];
};

/* Fills `*linux_port`, which must not move afterwards. The descriptors stay the caller's, who also
 * ignores SIGPIPE. The arena is aligned and at least network->arena_bytes. The board's name and
 * clock are read from /proc and from sysfs, as far as they are there; the environment's FDM_SYSFS
 * names another folder than /sys. The stack's use is told from where this function is called on
 * downwards, up to 64 KB. */
void fdm_linux_port_init(struct fdm_linux_port *linux_port, int in_fd, int out_fd,
                         const struct fdm_network *network, void *arena, size_t arena_bytes);

#endif
