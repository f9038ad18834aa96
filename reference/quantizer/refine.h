/* What is done to an int8 graph layer by layer, with the samples at hand: each convolution in turn
 * is fitted to the inputs that it really gets, from earlier layers that are fitted already. Neither
 * costs anything at inference.
 *
 * Rounding together: see rounding.h. A layer's inputs carry the errors of all layers before it, so
 * its weights are rounded to give what the float weights give for the float network's inputs. A
 * tenth of the mean input variance is added to each, where GPTQ adds a hundredth: of 0.03, 0.1 and
 * 0.3 it came nearest to the float models on training images that were not calibrated on.
 *
 * Bias correction: rounded weights and activations move the mean of an output channel; unlike the
 * rest of the noise a shift does not average out over an image. The difference of the means before
 * the activation goes into the int32 bias (Nagel et al., "Data-Free Quantization Through Weight
 * Equalization and Bias Correction", 2019, section 4.2, the empirical form). */
#ifndef FDM_REFERENCE_QUANTIZER_REFINE_H
#define FDM_REFERENCE_QUANTIZER_REFINE_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/network/semantics.h"
#include "reference/quantizer/samples.h"

struct fdm_refinement {
    bool round_together;
    bool correct_bias;
};

/* Changes the weights' codes and the biases of `int8`, which fdm_quantize() made from `folded`; its
 * scales stay. Runs under `semantics`. Needs memory for the largest activation of every sample in
 * both networks. FDM_ERR_USAGE without samples, FDM_ERR_MEMORY; those of fdm_compile(). After a
 * failure `int8` may be changed in part. */
enum fdm_status fdm_refine(const struct fdm_graph *folded, struct fdm_graph *int8,
                           struct fdm_refinement refinement, const struct fdm_samples *samples,
                           const struct fdm_semantics *semantics, struct fdm_error *err);

#endif
