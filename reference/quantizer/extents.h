/* How far each channel of each convolution's output reaches on the samples. */
#ifndef FDM_REFERENCE_QUANTIZER_EXTENTS_H
#define FDM_REFERENCE_QUANTIZER_EXTENTS_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/quantizer/samples.h"

struct fdm_extent {
    float min, max;
};

/* By tensor: one for each channel of a convolution's output, activation included; NULL for others.
 */
struct fdm_tensor_extents {
    struct fdm_extent *channels;
};

struct fdm_extents {
    struct fdm_tensor_extents *tensors;
    uint32_t count;
};

/* Runs every sample through a graph that comes from fdm_fold(). The caller releases `out`, also
 * after a failure. FDM_ERR_USAGE without samples; FDM_ERR_FORMAT if an activation is not finite;
 * FDM_ERR_MEMORY; those of fdm_compile(). */
enum fdm_status fdm_extents_measure(const struct fdm_graph *folded,
                                    const struct fdm_samples *samples, struct fdm_extents *out,
                                    struct fdm_error *err);
void fdm_extents_release(struct fdm_extents *extents);

#endif
