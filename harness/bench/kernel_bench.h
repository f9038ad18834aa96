/* Tuned kernels against the reference, layer by layer, on the shapes that networks have.
 *
 * Every row of tuned.def that this processor can run is timed on every layer of a network that it
 * suits, also where a network would choose a better one; of layers with the same shape the first
 * counts. Weights and parameters are the network's, input values random. Kernel and reference take
 * turns, and have no time unless they computed the same bits. */
#ifndef FDM_BENCH_KERNEL_BENCH_H
#define FDM_BENCH_KERNEL_BENCH_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "harness/bench/timing.h"
#include "reference/network/network.h"

struct fdm_kernel_time {
    const struct fdm_nn_kernel *kernel;
    uint32_t layer; /* of the network */
    struct fdm_timing tuned;
    struct fdm_timing reference;
};

/* Whether this processor has the kernel's instructions. */
bool fdm_kernel_runs_here(const struct fdm_nn_kernel *kernel);

/* The kernels that are timed on a layer of this network: at most `most` of them go to `out`, which
 * may be NULL; returns how many there are. None on a layer whose shape an earlier one has. */
size_t fdm_kernel_bench_find(const struct fdm_network *network, uint32_t layer,
                             const struct fdm_nn_kernel **out, size_t most);

/* Times `kernel` on a layer `runs` times; `network` is one with reference kernels. FDM_ERR_MISMATCH
 * if the bits differ; FDM_ERR_MEMORY. */
enum fdm_status fdm_kernel_bench_run(const struct fdm_network *network, uint32_t layer,
                                     const struct fdm_nn_kernel *kernel, uint32_t runs,
                                     struct fdm_kernel_time *out, struct fdm_error *err);

#endif
