/* Bias correction: what quantization shifts on average, the biases take back.
 *
 * Rounded weights and activations move the mean of an output channel; unlike the rest of the noise
 * a shift does not average out over an image. For each convolution in turn the mean of each output
 * channel before its activation is compared between the float network and the int8 network whose
 * earlier layers are corrected already; the difference goes into the int32 bias (Nagel et al.,
 * "Data-Free Quantization Through Weight Equalization and Bias Correction", 2019, section 4.2, the
 * empirical form). It costs nothing at inference. */
#ifndef FDM_REFERENCE_QUANTIZER_BIAS_H
#define FDM_REFERENCE_QUANTIZER_BIAS_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/network/semantics.h"
#include "reference/quantizer/samples.h"

/* Changes the biases of `int8`, which fdm_quantize() made from `folded`. Runs under `semantics`.
 * Needs memory for twice the largest activation of every sample. FDM_ERR_USAGE without samples,
 * FDM_ERR_MEMORY; those of fdm_compile(). After a failure `int8` may be corrected in part. */
enum fdm_status fdm_bias_correct(const struct fdm_graph *folded, struct fdm_graph *int8,
                                 const struct fdm_samples *samples,
                                 const struct fdm_semantics *semantics, struct fdm_error *err);

#endif
