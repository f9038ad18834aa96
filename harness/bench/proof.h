/* Proof that tuned kernels compute the reference's bits, on the images at hand, before any figure
 * of theirs counts: every layer of the first image, and the outputs of the others. */
#ifndef FDM_BENCH_PROOF_H
#define FDM_BENCH_PROOF_H

#include "harness/base/status.h"
#include "harness/bench/plan.h"
#include "harness/datasets/cache.h"

#define FDM_PROOF_IMAGES 8

/* Compares the two networks of a tuned case on the first FDM_PROOF_IMAGES readable images; OK for a
 * case without tuned kernels. FDM_ERR_MISMATCH names the first layer that differs, or the image. */
enum fdm_status fdm_prove_tuned(const struct fdm_plan_case *item, const struct fdm_dataset *dataset,
                                struct fdm_image_cache *cache, struct fdm_error *err);

/* The same on one image: `input` as the networks take it. `layers`: compare every layer. */
enum fdm_status fdm_prove_image(const struct fdm_network *reference,
                                const struct fdm_network *tuned, const void *input, bool layers,
                                struct fdm_error *err);

#endif
