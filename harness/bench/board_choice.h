/* Which board a name means: this computer, an emulated board, one of the lab's, or the emulated
 * twin of one. */
#ifndef FDM_BENCH_BOARD_CHOICE_H
#define FDM_BENCH_BOARD_CHOICE_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "harness/registry/lab.h"
#include "harness/registry/registry.h"
#include "results/record.h"

struct fdm_board_choice {
    const struct fdm_board_entry *board; /* what the figures stand for */
    const struct fdm_board_entry
        *executor;                   /* what runs the program: the board itself, or its twin */
    const struct fdm_lab_board *lab; /* how the board is reached; NULL unless it is a real one */
    bool emulated;                   /* nothing counted or timed is the hardware's */
    char name[FDM_RECORD_WORD]; /* in records and messages: the board's id, with "@twin" where a
                                   twin stands in */
};

/* `emulate` asks for the twin of a real board. FDM_ERR_USAGE: no such board, or no twin;
 * FDM_ERR_NOT_FOUND: a real board that the lab file does not describe. */
enum fdm_status fdm_board_choose(const struct fdm_registry *registry, const struct fdm_lab *lab,
                                 const char *name, bool emulate, struct fdm_board_choice *out,
                                 struct fdm_error *err);

#endif
