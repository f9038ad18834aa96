/* Where quantization lost what: a float model and an int8 model made from it, on the same images.
 */
#ifndef FDM_BENCH_EXPLAIN_H
#define FDM_BENCH_EXPLAIN_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/network/semantics.h"
#include "reference/quantizer/samples.h"
#include "results/explanation.h"

/* Three networks run: the float model; the int8 model with its activations left real
 * (fdm_dequantize()); the int8 model under `semantics`. Runs each image two dozen times, in
 * `threads` threads. The caller releases `out`, also after a failure; its names are the graphs'.
 * FDM_ERR_MISMATCH if the two are not the same layers; FDM_ERR_USAGE with fewer than 2 images;
 * FDM_ERR_UNSUPPORTED, FDM_ERR_MEMORY. */
enum fdm_status fdm_explain(const struct fdm_graph *real, const struct fdm_graph *int8,
                            const struct fdm_samples *samples,
                            const struct fdm_semantics *semantics, uint32_t threads,
                            struct fdm_explanation *out, struct fdm_error *err);
void fdm_explanation_release(struct fdm_explanation *explanation);

#endif
