#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/bench/parallel.h"
#include "harness/cli/quantize.h"

#define KEEP_DEFAULT 0.9999

static enum fdm_status parse_switch(const char *name, const char *text, bool *out,
                                    struct fdm_error *err)
{
    if (text == NULL)
        return FDM_OK;
    *out = strcmp(text, "on") == 0;
    return *out || strcmp(text, "off") == 0
               ? FDM_OK
               : fdm_fail(err, FDM_ERR_USAGE, "--%s %s: say on or off", name, text);
}

static enum fdm_status parse_rounding(const char *text, bool *together, struct fdm_error *err)
{
    if (text == NULL)
        return FDM_OK;
    *together = strcmp(text, "together") == 0;
    return *together || strcmp(text, "nearest") == 0
               ? FDM_OK
               : fdm_fail(err, FDM_ERR_USAGE, "--rounding %s: say nearest or together", text);
}

static enum fdm_status parse_keep(const char *text, double *out, struct fdm_error *err)
{
    *out = KEEP_DEFAULT;
    if (text == NULL)
        return FDM_OK;
    char *end;
    errno = 0;
    *out = strtod(text, &end) / 100.0;
    if (end == text || *end != '\0' || errno != 0 || !(*out >= 0.5 && *out <= 1.0))
        return fdm_fail(err, FDM_ERR_USAGE, "--keep %s: a percentage from 50 to 100", text);
    return FDM_OK;
}

static enum fdm_status parse_recipe(const struct fdm_quantize_request *r, struct fdm_recipe *out,
                                    struct fdm_error *err)
{
    *out = (struct fdm_recipe)FDM_RECIPE_CONVERTER;
    out->per_tensor = r->per_tensor;
    out->rsqrt = r->exact ? FDM_FOLD_EXACT : FDM_FOLD_CONVERTER;
    if (!r->converter) {
        out->method = r->per_tensor ? FDM_RANGE_MINMAX : FDM_RANGE_MSE;
        out->equalize = FDM_EQUALIZE_ALL;
        out->absorb = true;
        out->round_together = true;
        out->correct_bias = true;
    }
    if (r->method != NULL && !fdm_range_method_parse(r->method, &out->method))
        return fdm_fail(err, FDM_ERR_USAGE, "no method \"%s\"; there are minmax, mse, percentile",
                        r->method);
    if (r->equalize != NULL && !fdm_equalization_parse(r->equalize, &out->equalize))
        return fdm_fail(err, FDM_ERR_USAGE, "--equalize %s: say off, weights or all", r->equalize);
    enum fdm_status status = parse_keep(r->keep, &out->keep, err);
    if (status == FDM_OK && r->keep != NULL && out->method != FDM_RANGE_PERCENTILE)
        status = fdm_fail(err, FDM_ERR_USAGE, "--keep belongs to --method percentile");
    if (status == FDM_OK)
        status = parse_switch("absorb", r->absorb, &out->absorb, err);
    if (status == FDM_OK)
        status = parse_rounding(r->rounding, &out->round_together, err);
    if (status == FDM_OK)
        status = parse_switch("bias-correction", r->correct, &out->correct_bias, err);
    return status;
}

enum fdm_status fdm_quantize_parse(const struct fdm_quantize_request *r,
                                   struct fdm_quantize_work *work, struct fdm_error *err)
{
    enum fdm_status status = fdm_output_format(&r->report, &work->format, err);
    if (status == FDM_OK)
        status = parse_recipe(r, &work->recipe, err);
    if (status != FDM_OK)
        return status;
    work->threads = r->threads != 0 ? r->threads : fdm_parallel_processors();
    work->semantics =
        fdm_semantics_find(r->semantics != NULL ? r->semantics : FDM_SEMANTICS_DEFAULT);
    if (work->semantics == NULL)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "no semantics \"%s\"; `fdm-bench list semantics` names them", r->semantics);
    if (r->calibrate == NULL)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "--calibrate DIR is needed: a folder of training images, one folder per "
                        "class; without any, `fdm-bench demo draw DIR --seed 1` draws some");
    if (r->judge != NULL && !r->compare)
        return fdm_fail(err, FDM_ERR_USAGE, "--judge belongs to --compare-methods");
    if (r->output != NULL && r->compare)
        return fdm_fail(err, FDM_ERR_USAGE, "--compare-methods writes no model file");
    return r->output != NULL ? fdm_fs_check_writable(r->output, err) : FDM_OK;
}
