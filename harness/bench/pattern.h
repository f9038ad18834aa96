/* An image where none is at hand. */
#ifndef FDM_BENCH_PATTERN_H
#define FDM_BENCH_PATTERN_H

#include "harness/base/status.h"
#include "reference/network/network.h"

/* The network's input, always the same: neighbours resemble each other, as in photographs. The
 * caller frees `*out`. FDM_ERR_MEMORY. */
enum fdm_status fdm_pattern_make(const struct fdm_network *network, void **out,
                                 struct fdm_error *err);

#endif
