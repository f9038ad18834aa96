/* Evidence inside a float model of the pixel range it was trained on.
 *
 * Batch normalization behind the first convolution stores the mean of each of its outputs over the
 * training images. A convolution is linear, so mean[o] = sum over colours i of (sum of
 * kernel[o,:,:,i]) * mu[i] (border effects aside), where mu is the mean colour of the training set
 * as the network saw it. With more output channels than colours, mu follows by least squares.
 * Photographs average near mid-grey, so mu tells 0..1 (about 0.5) from -1..0 (about -0.5) and -1..1
 * (about 0). */
#ifndef FDM_BENCH_INPUT_RANGE_H
#define FDM_BENCH_INPUT_RANGE_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"

struct fdm_input_range {
    double mean_rgb[3]; /* the estimated mean input per colour */
    double mean;        /* their average */
};

/* FDM_ERR_UNSUPPORTED if the graph does not begin with a convolution of three channels followed by
 * batch normalization, or if the kernels do not determine mu. */
enum fdm_status fdm_input_range_estimate(const struct fdm_graph *graph, struct fdm_input_range *out,
                                         struct fdm_error *err);

#endif
