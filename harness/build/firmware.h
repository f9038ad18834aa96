/* The agent's program for a board, with one network compiled in: a firmware image, or a program for
 * boards that run Linux.
 *
 * What to compile stands in targets/firmware.json of the device sources, how for each board in its
 * entry (struct fdm_board_firmware). The kernels and the network are compiled apart from the agent,
 * into objects below "network/", so that a linker script can place them, and the card's figures
 * count them, by themselves.
 *
 * Programs are kept by a hash of everything that makes them: network, board, flags, compiler and
 * device sources. The same bytes in give the same bytes out, wherever the folders are. What does
 * not depend on the network is compiled once for all programs of a board, and the kernels once for
 * all boards with the same processor and port; these objects are kept beside the programs, in
 * "objects" (harness/build/objects.h). Any number of processes may build at once. */
#ifndef FDM_HARNESS_BUILD_FIRMWARE_H
#define FDM_HARNESS_BUILD_FIRMWARE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/hash.h"
#include "harness/base/status.h"
#include "harness/registry/registry.h"
#include "reference/network/network.h"

/* The names under which the program carries its network (reference/compiler/emit.h). */
#define FDM_FIRMWARE_NETWORK "fdm_agent_network"
#define FDM_FIRMWARE_ARENA "fdm_agent_arena"
#define FDM_FIRMWARE_INPUT "fdm_agent_input"

struct fdm_firmware_options {
    const struct fdm_board_entry *board;
    const struct fdm_network *network;
    const char *version; /* of this program; the agent tells it in its HELLO */
    const char *sources; /* the folder that holds targets/firmware.json; NULL: that of the
                            installation, or of the source tree */
    const char *folder;  /* where programs are kept; NULL: "firmware" in the user's cache folder */
    bool counter;        /* the plugin too, for one that is started in QEMU by other words than the
                            board's own */
};

struct fdm_firmware {
    char *program; /* path of the ELF file */
    char *counter; /* of the plugin beside it; NULL unless asked for, or launched with */
    char sha256[FDM_SHA256_HEX_SIZE];
    char *compiler; /* first line of its --version */
    char *flags;    /* those that shape the code */
    char *words;    /* what the compiler said; empty as a rule, and when the program was kept */
    bool kept;      /* it had been built before */
};

/* The instruction sets that a board's entry names, as a set of enum fdm_nn_isa; empty for a board
 * without firmware. FDM_ERR_FORMAT names a word that means none. */
enum fdm_status fdm_firmware_isas(const struct fdm_board_entry *board, unsigned *out,
                                  struct fdm_error *err);

/* The limit of a network's arena on this board: `wanted` unless that is 0, else the board's own; 0
 * for none. */
size_t fdm_firmware_arena_limit(const struct fdm_board_entry *board, size_t wanted);

/* Builds the program, or finds it kept. FDM_ERR_UNSUPPORTED: the board has no firmware;
 * FDM_ERR_NOT_FOUND: no compiler (the message names the Debian packages), or no device sources;
 * FDM_ERR_FORMAT: firmware.json is wrong, or the compiler refused (its own words follow; where the
 * network does not fit the board's memory the linker says so); FDM_ERR_IO, FDM_ERR_TIMEOUT,
 * FDM_ERR_MEMORY. The caller releases. */
enum fdm_status fdm_firmware_build(const struct fdm_firmware_options *options,
                                   struct fdm_firmware *out, struct fdm_error *err);
void fdm_firmware_release(struct fdm_firmware *firmware);

/* The command that starts a built program on this computer: board->launch with the program in
 * place, and NULL at its end; it refers to `firmware`. FDM_ERR_UNSUPPORTED if the board is not
 * started from here, FDM_ERR_USAGE if `argv` has no room. */
enum fdm_status fdm_firmware_command(const struct fdm_board_entry *board,
                                     const struct fdm_firmware *firmware, const char **argv,
                                     size_t size, struct fdm_error *err);

#endif
