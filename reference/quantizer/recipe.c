#include "reference/quantizer/recipe.h"

#include <stdlib.h>

#include "reference/quantizer/equalize.h"
#include "reference/quantizer/quantize.h"
#include "reference/quantizer/refine.h"

enum fdm_status fdm_recipe_prepare(const struct fdm_recipe *recipe, const struct fdm_graph *graph,
                                   const struct fdm_samples *samples, struct fdm_prepared *out,
                                   struct fdm_error *err)
{
    *out = (struct fdm_prepared){0};
    enum fdm_status status = fdm_fold(graph, recipe->rsqrt, &out->folded, err);
    if (status == FDM_OK && recipe->absorb)
        status = fdm_absorb_offsets(out->folded, samples, err);
    if (status == FDM_OK)
        status = fdm_equalize(out->folded, recipe->equalize, recipe->per_tensor, samples, err);
    if (status == FDM_OK)
        status = fdm_calibrate(out->folded, samples, &out->calibration, err);
    return status;
}

void fdm_prepared_release(struct fdm_prepared *prepared)
{
    fdm_graph_free(prepared->folded);
    fdm_calibration_release(&prepared->calibration);
    prepared->folded = NULL;
}

enum fdm_status fdm_recipe_finish(const struct fdm_recipe *recipe,
                                  const struct fdm_prepared *prepared,
                                  const struct fdm_samples *samples,
                                  const struct fdm_semantics *semantics, struct fdm_graph **out,
                                  struct fdm_error *err)
{
    const struct fdm_graph *folded = prepared->folded;
    const struct fdm_weight_rule rule = {.per_tensor = recipe->per_tensor,
                                         .mse = recipe->method == FDM_RANGE_MSE};
    struct fdm_graph *int8 = NULL;
    *out = NULL;
    struct fdm_affine *affines = calloc(folded->tensor_count, sizeof *affines);
    if (affines == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u ranges", folded->tensor_count);
    fdm_calibration_affines(&prepared->calibration, folded, samples->real, recipe->method,
                            recipe->keep, affines);
    enum fdm_status status = fdm_quantize(folded, affines, rule, &int8, err);
    free(affines);
    if (status == FDM_OK && (recipe->round_together || recipe->correct_bias))
        status = fdm_refine(folded, int8,
                            (struct fdm_refinement){recipe->round_together, recipe->correct_bias},
                            samples, semantics, err);
    if (status != FDM_OK) {
        fdm_graph_free(int8);
        return status;
    }
    *out = int8;
    return FDM_OK;
}
