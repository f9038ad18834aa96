/* A plugin for QEMU's user mode that counts executed instructions (instruction_counter.h). Built
 * with this computer's compiler by harness/build, for boards whose launch asks for it; by hand:
 *
 *   cc -shared -fPIC -fvisibility=hidden -I. -o counter.so targets/linux/qemu_counter.c
 *
 * The declarations are our own, of the few functions used of QEMU's plugin interface, version 1
 * (qemu.org, "QEMU TCG Plugins"): distributions ship no header. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* for memfd_create() */
#endif
#include "targets/linux/instruction_counter.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t qemu_plugin_id_t;

#define ADD_U64 0 /* the only inline operation that there is */
#define EXPORTED __attribute__((visibility("default")))

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
                                           void (*translate)(qemu_plugin_id_t,
                                                             struct qemu_plugin_tb *));
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t index);
void qemu_plugin_register_vcpu_insn_exec_inline(struct qemu_plugin_insn *instruction, int operation,
                                                void *number, uint64_t addend);

EXPORTED extern int qemu_plugin_version;
EXPORTED int qemu_plugin_version = 1;
EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv);

static struct fdm_instruction_counter *counter;

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++)
        qemu_plugin_register_vcpu_insn_exec_inline(qemu_plugin_tb_get_insn(block, i), ADD_U64,
                                                   &counter->executed, 1);
}

/* Anything but 0 ends the emulator: a count that is missing would be found out much later. */
int qemu_plugin_install(qemu_plugin_id_t id, const void *info, int argc, char **argv)
{
    (void)info;
    (void)argc;
    (void)argv;
    int fd = memfd_create("instructions", 0);
    if (fd < 0 || ftruncate(fd, sizeof *counter) != 0 || dup2(fd, FDM_INSTRUCTION_COUNTER_FD) < 0)
        return 1;
    void *memory = mmap(NULL, sizeof *counter, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (memory == MAP_FAILED)
        return 1;
    counter = memory;
    counter->magic = FDM_INSTRUCTION_COUNTER_MAGIC;
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    return 0;
}
