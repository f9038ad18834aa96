/* How near one network's answers are to another's, on the same images. */
#ifndef FDM_BENCH_FIDELITY_H
#define FDM_BENCH_FIDELITY_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "reference/network/network.h"
#include "reference/quantizer/samples.h"

/* What a network answered to each sample. */
struct fdm_answers {
    uint32_t count, classes;
    float *logits;  /* [count, classes]: what enters SOFTMAX, as reals */
    uint32_t *top1; /* [count]: the first largest output */
};

/* Called with each layer's output, which it may change, in several threads at once. */
struct fdm_answers_change {
    const void *context;
    void (*apply)(const void *context, uint32_t layer, void *output, size_t bytes);
};

/* Runs the network on every sample, in `threads` threads; `change` may be NULL. The caller releases
 * `out`, also after a failure. FDM_ERR_MEMORY; FDM_ERR_UNSUPPORTED for a network without SOFTMAX.
 */
enum fdm_status fdm_answers_compute(const struct fdm_network *network,
                                    const struct fdm_samples *samples, uint32_t threads,
                                    const struct fdm_answers_change *change,
                                    struct fdm_answers *out, struct fdm_error *err);
void fdm_answers_release(struct fdm_answers *answers);

struct fdm_fidelity {
    uint32_t count;
    uint32_t agree;    /* images with the same top-1 class */
    double sqnr_db;    /* of the logits: signal to noise, 10 log10(sum a^2 / sum (b - a)^2) */
    double divergence; /* mean Kullback-Leibler divergence of the probabilities, in nats: 0 is
                        * equal; the measure by which methods are chosen, since it weighs what can
                        * change an answer */
};

/* `b` against `a`, which have the same count and classes. sqnr_db is infinite where they are equal.
 */
struct fdm_fidelity fdm_fidelity_measure(const struct fdm_answers *a, const struct fdm_answers *b);

/* How many of the answers are the images' labels. */
uint32_t fdm_answers_correct(const struct fdm_answers *answers, const uint32_t *labels);

#endif
