/* A network run layer by layer over all samples at once, so that a layer can be changed by what its
 * inputs are before it runs. */
#ifndef FDM_REFERENCE_QUANTIZER_MARCH_H
#define FDM_REFERENCE_QUANTIZER_MARCH_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "reference/network/network.h"
#include "reference/quantizer/samples.h"

struct fdm_march {
    const struct fdm_network *network;
    uint32_t layer;             /* the next to run */
    uint32_t count;             /* samples */
    size_t stride;              /* bytes of one sample's activation */
    unsigned char *activations; /* the current one of every sample */
    unsigned char *next;        /* one sample's */
    void *scratch;
};

/* Stands before the first layer. The network is the caller's and stays so; it was compiled for the
 * reference engine. Takes memory for the largest activation of every sample. The caller releases,
 * also after a failure. FDM_ERR_MEMORY. */
enum fdm_status fdm_march_begin(struct fdm_march *march, const struct fdm_network *network,
                                const struct fdm_samples *samples, struct fdm_error *err);
void fdm_march_release(struct fdm_march *march);

/* The input of the next layer. */
const void *fdm_march_input(const struct fdm_march *march, uint32_t sample);

/* Runs the next layer, with other weights and biases where these are not NULL.
 * FDM_ERR_UNSUPPORTED if its kernel refuses them. */
enum fdm_status fdm_march_step(struct fdm_march *march, const void *weights, const void *bias,
                               struct fdm_error *err);

/* Runs up to the next convolution, or to the end. */
enum fdm_status fdm_march_to_conv(struct fdm_march *march, struct fdm_error *err);

#endif
