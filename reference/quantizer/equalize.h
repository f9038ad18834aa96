/* Changes to a folded float graph (fold.h) that keep what it computes, up to float32 rounding, and
 * make it easier to quantize. */
#ifndef FDM_REFERENCE_QUANTIZER_EQUALIZE_H
#define FDM_REFERENCE_QUANTIZER_EQUALIZE_H

#include <stdbool.h>

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/quantizer/samples.h"

enum fdm_equalization {
    FDM_EQUALIZE_OFF,
    FDM_EQUALIZE_WEIGHTS, /* both layers' weights, as published */
    FDM_EQUALIZE_ALL,     /* the activation between them too: whatever shares one scale */
    FDM_EQUALIZATIONS
};

/* "off", "weights", "all". */
const char *fdm_equalization_name(enum fdm_equalization equalization);
/* False if none has this name. */
bool fdm_equalization_parse(const char *name, enum fdm_equalization *out);

/* Cross-layer equalization (Nagel et al., "Data-Free Quantization Through Weight Equalization and
 * Bias Correction", 2019, section 4.1). A factor per channel moves between a convolution and the
 * next one, through RELU, MEAN and RESHAPE, which all let positive factors pass. With U the
 * channel's largest weight in the first layer, V in the second and X its largest activation between
 * them, a factor f makes of them U / f, X / f and V * f; what shares one scale among all channels
 * ought to be alike in all of them. WEIGHTS takes f = sqrt(U / V), which makes both sides equal.
 * ALL takes the f that is nearest, by least squares of logarithms, to making all alike that share a
 * scale: U and V * f unless weights have a scale per channel (not `per_tensor`; then U never
 * counts, and V not in a depthwise layer), and X always; SmoothQuant (Xiao et al., 2023) is its
 * case of X and V. There X, whose rounding costs the models at hand most, counts twice, which is
 * f = (X^2 / V)^(1/3): of once and twice, that came nearer to the float models on training images;
 * `per_tensor`, once did. The pairs of the chain are visited again and again until nothing moves.
 *
 * Channels that are zero on a side that counts stay; so do pairs with RELU6 between. `samples` are
 * read for ALL. FDM_ERR_USAGE without samples there; FDM_ERR_MEMORY; those of fdm_compile(). */
enum fdm_status fdm_equalize(struct fdm_graph *folded, enum fdm_equalization equalization,
                             bool per_tensor, const struct fdm_samples *samples,
                             struct fdm_error *err);

/* Where a convolution without activation (in FdMobileNet: depthwise) is followed by an unpadded 1x1
 * convolution, a constant may be taken from each channel's bias and given to the next layer's
 * biases, without any error, unlike behind RELU (section 4.1.3 there). The constant is the middle
 * of what the channel showed on the samples: ranges that lay apart then lie on each other, and the
 * one range that the tensor gets is as short as the widest channel. FDM_ERR_USAGE without samples;
 * FDM_ERR_MEMORY; those of fdm_compile(). */
enum fdm_status fdm_absorb_offsets(struct fdm_graph *folded, const struct fdm_samples *samples,
                                   struct fdm_error *err);

#endif
