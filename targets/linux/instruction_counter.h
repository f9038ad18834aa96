/* How a program in QEMU's user mode reads the instructions that it executed.
 *
 * The plugin (qemu_counter.c) runs in the emulator's process, whose descriptors are the program's,
 * too: it leaves a shared memory file at a number that nobody else uses, and adds each executed
 * instruction to a number in it. On real hardware nothing is there. */
#ifndef FDM_LINUX_INSTRUCTION_COUNTER_H
#define FDM_LINUX_INSTRUCTION_COUNTER_H

#include <stdint.h>

#define FDM_INSTRUCTION_COUNTER_FD 199
#define FDM_INSTRUCTION_COUNTER_MAGIC UINT64_C(0x746E756F636D6466) /* "fdmcount" */

struct fdm_instruction_counter {
    uint64_t magic;
    uint64_t executed;
};

#endif
