/* Where each activation and each layer's scratch lies in the arena, and which layers run row by
 * row.
 *
 * A tensor lives from the layer that writes it to the last that reads it; the network's input from
 * the start, its output to the end; scratch for its layer. What lives at the same time does not
 * overlap, except
 *  - QUANTIZE works in place where nobody reads its input later: both tensors then are one;
 *  - in a chain, a layer's output may lie below its input and grow into it behind the rows that are
 *    still needed. How far below is computed row by row; the executor cuts the layer into calls
 *    that keep clear of those rows (rows_at_once() in reference/network/run.c).
 * A streamed prefix of the layers runs depth first, row by row. Each tensor inside it holds as many
 * rows as its reader's kernel is high; one that is read by the very next call (a 1 x 1 convolution)
 * lives for those two calls only.
 *
 * Methods. Greedy by size: the largest first, each at the lowest aligned offset that is free for
 * its whole life (Pisarchyk and Lee, "Efficient Memory Management for Deep Neural Net Inference",
 * 2020, section 5.2). For chains that are not streamed also a search along the layers, for the
 * smallest arena that takes every pair (plan_chain.h). */
#ifndef FDM_REFERENCE_COMPILER_PLAN_H
#define FDM_REFERENCE_COMPILER_PLAN_H

#include "harness/base/status.h"
#include "reference/network/network.h"

/* Plans a network that has its shapes and each layer's scratch_bytes: sets offset and ring of the
 * tensors, scratch_offset of the layers, and the network's `streamed` and sizes. `layers` and
 * `tensors` are the network's own.
 *
 * `arena_limit` in bytes, 0 for none. The first that fits of: nothing streamed; a prefix, the
 * shortest that suffices, of a whole image; a prefix with a streamed input. So with no limit
 * nothing is streamed. FDM_ERR_UNSUPPORTED tells the smallest arena if that is too large;
 * FDM_ERR_MEMORY. */
enum fdm_status fdm_plan_arena(struct fdm_network *network, struct fdm_network_layer *layers,
                               struct fdm_network_tensor *tensors, size_t arena_limit,
                               struct fdm_error *err);

/* Proves a plan by what happens, not by how it was made: runs the executor on kernels that compute
 * nothing, but check that the rows they are to read are still there, that what they write does not
 * hit what they read, and that everything is inside the arena; then note what they wrote, byte by
 * byte. FDM_ERR_MISMATCH says which layer is wrong; FDM_ERR_MEMORY. */
enum fdm_status fdm_plan_check(const struct fdm_network *network, struct fdm_error *err);

#endif
