/* Rounding weights together, so that their errors cancel on the inputs that are seen. */
#ifndef FDM_REFERENCE_QUANTIZER_ROUNDING_H
#define FDM_REFERENCE_QUANTIZER_ROUNDING_H

#include <stddef.h>
#include <stdint.h>

/* What an output channel's weights are to achieve with an input x~ (codes) in place of the float
 * network's x: the least variance of q x~ - w x, q being scale * codes and w the float weights. */
struct fdm_rounding {
    size_t count; /* of weights */
    float scale;
    /* Of x~ in squared codes, [count, count], with a little added to its diagonal, which pulls q to
     * w where the samples tell nothing. */
    const double *covariance;
    /* Half of the gradient of that variance at q = w, in the same units: what the weights are to
     * take back because x~ is not x. */
    const double *drift;
    double *gradient; /* scratch, [count] */
};

/* Improves `codes`, `stride` elements apart, from those given. The nearest codes give each weight
 * its least error, but the errors of all meet in one sum: so one code after the other is moved to
 * where the variance is least as the others stand, until none moves. The measure is that of GPTQ
 * (Frantar et al., 2022), coordinate descent on it that of QuantEase (Behdin et al., 2023). The
 * output's mean is left to its bias (refine.h). */
void fdm_rounding_improve(const struct fdm_rounding *rounding, const float *values, int8_t *codes,
                          size_t stride);

#endif
