/* Engines: what executes an inference, as `--engine` names it.
 *
 * "reference" is the specification in plain C; "tuned" takes the best kernels of the executor's
 * instruction sets, which compute the same bits. */
#ifndef FDM_BENCH_ENGINE_H
#define FDM_BENCH_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/base/status.h"

#define FDM_ENGINE_REFERENCE "reference"
#define FDM_ENGINE_TUNED "tuned"
#define FDM_ENGINE_HELP                                                                            \
    "reference, tuned, or all (default: tuned where there are kernels for the processor)"

/* The names in order, reference first; NULL past the end. */
const char *fdm_engine_at(size_t index);

/* Whether there are tuned kernels for any of these instruction sets (set of enum fdm_nn_isa). */
bool fdm_engine_has_tuned(unsigned isas);

/* FDM_OK if each word is an engine or "all"; otherwise FDM_ERR_USAGE naming it. */
enum fdm_status fdm_engine_check(const char *const *words, size_t count, struct fdm_error *err);

/* Whether the words select this engine for an executor with these instruction sets; no words
 * select the default. */
bool fdm_engine_wanted(const char *const *words, size_t count, unsigned isas, const char *engine);

#endif
