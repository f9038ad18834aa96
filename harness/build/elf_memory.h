/* How much memory a program takes, as a model card counts it, read from its ELF file.
 *
 * Parts are told by the names of sections (targets/cortex-m/sections.ld) and by the symbols of the
 * emitted network (reference/compiler/emit.h, harness/build/firmware.h); what no name claims is
 * told by its flags. All are bytes. A program for Linux has no section ".network" and no ".stack":
 * its `network_code` and `stack` are 0. */
#ifndef FDM_HARNESS_BUILD_ELF_MEMORY_H
#define FDM_HARNESS_BUILD_ELF_MEMORY_H

#include <stdint.h>

#include "harness/base/status.h"

struct fdm_elf_memory {
    /* Flash. */
    uint64_t weights;      /* weights and biases */
    uint64_t network_code; /* kernels, executor, tables and description of the network */
    uint64_t agent_code;   /* everything else: agent, drivers, C library, initial values */
    /* RAM. */
    uint64_t activations; /* the arena, scratch included */
    uint64_t stack;       /* reserved */
    uint64_t variables;   /* data and bss of everything, agent included */
    uint64_t staging;     /* the agent's copy of the input */
};

/* The card's columns. A card counts the runtime of an inference; ours is inside an agent, so Code
 * Flash and Runtime RAM hold the agent too, but not its copy of the input. */
struct fdm_card_memory {
    uint64_t weights_flash;  /* "Weights Flash" */
    uint64_t code_flash;     /* "Code Flash": all flash that is not weights */
    uint64_t activation_ram; /* "Activation RAM" */
    uint64_t runtime_ram;    /* "Runtime RAM": variables and stack */
    uint64_t total_flash;
    uint64_t total_ram;
};

/* Reads `path`. The file is hostile: every number in it is checked against the file's size or a
 * bound. FDM_ERR_NOT_FOUND, FDM_ERR_IO, FDM_ERR_MEMORY (over 64 MiB), FDM_ERR_FORMAT (no ELF file,
 * damaged, or without the symbols of an emitted network). */
enum fdm_status fdm_elf_memory_read(const char *path, struct fdm_elf_memory *out,
                                    struct fdm_error *err);

void fdm_elf_memory_sum(const struct fdm_elf_memory *memory, struct fdm_card_memory *out);

#endif
