/* What a float network's activations look like on real images. */
#ifndef FDM_REFERENCE_QUANTIZER_CALIBRATE_H
#define FDM_REFERENCE_QUANTIZER_CALIBRATE_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/quantizer/affine.h"
#include "reference/quantizer/histogram.h"
#include "reference/quantizer/range.h"
#include "reference/quantizer/samples.h"

/* A histogram for each tensor of the graph, by index; empty for constants. */
struct fdm_calibration {
    struct fdm_histogram *tensors;
    uint32_t count;
};

/* Runs every sample through the float graph, which comes from fdm_fold(). The caller releases
 * `out`, also after a failure. FDM_ERR_USAGE without samples; FDM_ERR_FORMAT if an activation is
 * not finite; FDM_ERR_MEMORY; those of fdm_compile(). */
enum fdm_status fdm_calibrate(const struct fdm_graph *folded, const struct fdm_samples *samples,
                              struct fdm_calibration *out, struct fdm_error *err);
void fdm_calibration_release(struct fdm_calibration *calibration);

/* The quantization of an input whose pixels mean these 256 values: it covers them all. */
struct fdm_affine fdm_calibration_input(const float *real);

/* An affine for each tensor of the graph, as fdm_quantize() reads them, in `out` (tensor_count
 * elements). The input's is that of fdm_calibration_input(), whatever was seen. */
void fdm_calibration_affines(const struct fdm_calibration *calibration,
                             const struct fdm_graph *folded, const float *real,
                             enum fdm_range_method method, double keep, struct fdm_affine *out);

#endif
