/* A whole conversion: the choices, and their application in order. */
#ifndef FDM_REFERENCE_QUANTIZER_RECIPE_H
#define FDM_REFERENCE_QUANTIZER_RECIPE_H

#include "harness/base/status.h"
#include "reference/graph/graph.h"
#include "reference/network/semantics.h"
#include "reference/quantizer/calibrate.h"
#include "reference/quantizer/equalize.h"
#include "reference/quantizer/fold.h"
#include "reference/quantizer/range.h"
#include "reference/quantizer/samples.h"

struct fdm_recipe {
    enum fdm_fold_rsqrt rsqrt;
    bool per_tensor; /* one scale for a layer's weights instead of one per output channel */
    bool absorb;     /* fdm_absorb_offsets() first */
    enum fdm_equalization equalize;
    enum fdm_range_method method;
    double keep;         /* see fdm_range_choose() */
    bool round_together; /* weights; see refine.h */
    bool correct_bias;
};

/* What TensorFlow Lite's converter does: every other recipe is a change to this one. */
#define FDM_RECIPE_CONVERTER                                                                       \
    {                                                                                              \
        FDM_FOLD_CONVERTER, false, false, FDM_EQUALIZE_OFF, FDM_RANGE_MINMAX, 1.0, false, false    \
    }

/* A float model made ready: folded, and as the recipe wants it equalized and absorbed; and what its
 * activations look like then. Recipes that differ only in method, keep, round_together and
 * correct_bias may share it, and without FDM_EQUALIZE_ALL those that differ in per_tensor. */
struct fdm_prepared {
    struct fdm_graph *folded;
    struct fdm_calibration calibration;
};

/* The caller releases `out`, also after a failure. Errors of fdm_fold() and fdm_calibrate(). Runs
 * each sample once, and once more each with `absorb` and FDM_EQUALIZE_ALL. */
enum fdm_status fdm_recipe_prepare(const struct fdm_recipe *recipe, const struct fdm_graph *graph,
                                   const struct fdm_samples *samples, struct fdm_prepared *out,
                                   struct fdm_error *err);
void fdm_prepared_release(struct fdm_prepared *prepared);

/* The int8 graph; the caller frees `*out`. `samples` and `semantics` are read for
 * round_together and correct_bias. Errors of fdm_quantize() and fdm_refine(). */
enum fdm_status fdm_recipe_finish(const struct fdm_recipe *recipe,
                                  const struct fdm_prepared *prepared,
                                  const struct fdm_samples *samples,
                                  const struct fdm_semantics *semantics, struct fdm_graph **out,
                                  struct fdm_error *err);

#endif
