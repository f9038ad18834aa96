/* Instructions of an inference on an emulated board: built, run and counted as a run does it, but
 * of a model alone, without images and without a database. They are no cycles and no times. */
#ifndef FDM_BENCH_EMULATED_COUNT_H
#define FDM_BENCH_EMULATED_COUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/registry/registry.h"
#include "reference/graph/graph.h"
#include "reference/network/network.h"
#include "reference/network/semantics.h"

struct fdm_emulated_options {
    const struct fdm_board_entry *board; /* an emulated one */
    const char *version;                 /* of this program */
    const char *owner;                   /* one line: who locks the board */
    const struct fdm_semantics *semantics;
    bool reference;          /* its kernels, even if there are tuned ones for the board */
    size_t arena_limit;      /* 0: the board's own (fdm_firmware_arena_limit()) */
    const atomic_bool *stop; /* may be NULL */
};

struct fdm_emulated_count {
    struct fdm_network *network; /* as the board ran it */
    uint64_t instructions;       /* of one inference, the same in each */
    uint64_t *layers;            /* of each layer, in a run that stops at every one */
};

/* Compares the outputs of every layer with the reference's first: FDM_ERR_MISMATCH names the layer,
 * or says that two runs differ in their counts. FDM_ERR_UNSUPPORTED if the emulator counts no
 * instructions; the errors of fdm_compile() and of fdm_device_open(). The caller releases `out`,
 * also after a failure. */
enum fdm_status fdm_emulated_count(const struct fdm_graph *graph,
                                   const struct fdm_emulated_options *options,
                                   struct fdm_emulated_count *out, struct fdm_error *err);
void fdm_emulated_count_release(struct fdm_emulated_count *count);

#endif
