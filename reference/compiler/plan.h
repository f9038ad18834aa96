/* Where each activation lies in the arena.
 *
 * A tensor lives from the layer that writes it to the last that reads it; the network's input from
 * the start, its output to the end. Tensors that live at the same time do not overlap, except that
 * QUANTIZE works in place where nobody reads its input later: both tensors then are one.
 *
 * The method is greedy by size: the largest first, each at the lowest aligned offset that is free
 * for its whole life (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net
 * Inference", 2020, section 5.2). It need not be the smallest arena, but for the FdMobileNet models
 * it is: the largest sum over one layer of its input and output. */
#ifndef FDM_REFERENCE_COMPILER_PLAN_H
#define FDM_REFERENCE_COMPILER_PLAN_H

#include "harness/base/status.h"
#include "reference/network/network.h"

/* Sets the offset of every tensor; reads only their `bytes`, and `network`'s layers, input and
 * output. `*activation_bytes` is the end of the last one, aligned. FDM_ERR_MEMORY. */
enum fdm_status fdm_plan_arena(const struct fdm_network *network,
                               struct fdm_network_tensor *tensors, size_t *activation_bytes,
                               struct fdm_error *err);

/* Proves a plan, on its own terms: every index exists, every tensor is aligned and inside the
 * activations, no two that live at the same time overlap except in place, every layer's scratch
 * fits. FDM_ERR_MISMATCH says which pair or layer is wrong; FDM_ERR_MEMORY. */
enum fdm_status fdm_plan_check(const struct fdm_network *network, struct fdm_error *err);

#endif
