#include "harness/bench/method_table.h"

#include "harness/base/clock.h"
#include "harness/bench/conversion.h"

static double seconds_since(uint64_t begin_ns)
{
    return (double)(fdm_clock_now_ns() - begin_ns) / 1e9;
}

static enum fdm_status judge(const struct fdm_method_table *table, const struct fdm_graph *int8,
                             struct fdm_method_result *result, struct fdm_error *err)
{
    struct fdm_answers answers;
    enum fdm_status status = fdm_conversion_answers(int8, table->semantics, table->judging,
                                                    table->threads, &answers, err);
    if (status == FDM_OK) {
        result->fidelity = fdm_fidelity_measure(table->reference, &answers);
        if (table->labels != NULL)
            result->correct = fdm_answers_correct(&answers, table->labels);
        status = table->on_result(table->context, result, err);
    }
    fdm_answers_release(&answers);
    return status;
}

static enum fdm_status try_recipe(const struct fdm_method_table *table,
                                  const struct fdm_recipe *recipe,
                                  const struct fdm_prepared *prepared, double preparation_s,
                                  struct fdm_error *err)
{
    struct fdm_method_result result = {.recipe = *recipe};
    struct fdm_graph *int8 = NULL;
    uint64_t begin_ns = fdm_clock_now_ns();
    enum fdm_status status =
        fdm_recipe_finish(recipe, prepared, table->calibration, table->semantics, &int8, err);
    result.seconds = preparation_s + seconds_since(begin_ns);
    if (status == FDM_OK)
        status = judge(table, int8, &result, err);
    fdm_graph_free(int8);
    return status;
}

static enum fdm_status try_preparation(const struct fdm_method_table *table,
                                       struct fdm_recipe recipe, struct fdm_error *err)
{
    struct fdm_prepared prepared;
    uint64_t begin_ns = fdm_clock_now_ns();
    enum fdm_status status =
        fdm_recipe_prepare(&recipe, table->graph, table->calibration, &prepared, err);
    double preparation_s = seconds_since(begin_ns);
    for (int i = 0; status == FDM_OK && i < 2 * 2 * FDM_RANGE_METHODS; i++) {
        recipe.method = (enum fdm_range_method)(i / 4);
        recipe.keep = table->keep;
        recipe.round_together = i / 2 % 2 != 0;
        recipe.correct_bias = i % 2 != 0;
        status = try_recipe(table, &recipe, &prepared, preparation_s, err);
    }
    fdm_prepared_release(&prepared);
    return status;
}

enum fdm_status fdm_method_table_run(const struct fdm_method_table *table, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (int i = 0; status == FDM_OK && i < 2 * 2 * FDM_EQUALIZATIONS; i++) {
        struct fdm_recipe recipe = FDM_RECIPE_CONVERTER;
        recipe.per_tensor = i / (2 * FDM_EQUALIZATIONS) != 0;
        recipe.equalize = (enum fdm_equalization)(i / 2 % FDM_EQUALIZATIONS);
        recipe.absorb = i % 2 != 0;
        status = try_preparation(table, recipe, err);
    }
    return status;
}
