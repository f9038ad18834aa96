/* Inside the planner: the smallest arena of a chain in which a layer's output may overlap its
 * input. */
#ifndef FDM_REFERENCE_COMPILER_PLAN_CHAIN_H
#define FDM_REFERENCE_COMPILER_PLAN_CHAIN_H

#include "harness/base/status.h"
#include "reference/network/network.h"

/* Whether layer i + 1 reads what layer i wrote and nobody else does, from the network's input to
 * its output: the only networks that fdm_plan_chain() takes. */
bool fdm_plan_is_chain(const struct fdm_network *network);

/* Sets offsets if it finds an arena smaller than `*arena_bytes`, and tells its size there; else
 * changes nothing. Only two tensors and one scratch live at a time, so the arena is at least the
 * largest such three; the search tries that size, then larger ones, each by going along the layers
 * with a few offsets per tensor: at either end of the arena, or next to the layer's input, or as
 * far below it as its rows need. */
enum fdm_status fdm_plan_chain(const struct fdm_network *network, struct fdm_network_layer *layers,
                               struct fdm_network_tensor *tensors, size_t *arena_bytes,
                               struct fdm_error *err);

static inline size_t fdm_plan_align(size_t bytes)
{
    return (bytes + FDM_NETWORK_ALIGNMENT - 1) / FDM_NETWORK_ALIGNMENT * FDM_NETWORK_ALIGNMENT;
}

#endif
