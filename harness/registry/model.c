#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/registry/entries.h"
#include "results/record.h"

#define MODEL_BYTES_MAX (UINT64_C(1) << 40)
#define RESOLUTION_MAX 4096u

static const char *const label_orders[] = {
    [FDM_LABELS_BYTES] = "bytes",
    [FDM_LABELS_CASE_FOLDED] = "case-folded",
    [FDM_LABELS_CASE_FOLDED + 1] = NULL,
};

const char *fdm_label_order_name(enum fdm_label_order order)
{
    return (size_t)order <= FDM_LABELS_CASE_FOLDED ? label_orders[order] : "unknown";
}

/* "a" or "a/b" as the training configurations write it. */
static bool parse_scale(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    if (end == text)
        return false;
    if (*end == '/') {
        const char *divisor = end + 1;
        *out /= strtod(divisor, &end);
        if (end == divisor)
            return false;
    }
    return *end == '\0' && isfinite(*out) && *out > 0.0;
}

static enum fdm_status read_rescaling(const struct fdm_json *document, struct fdm_model_entry *out,
                                      struct fdm_error *err)
{
    static const char *const known[] = {"scale", "offset", NULL};
    const struct fdm_json *rescaling;
    enum fdm_status status = fdm_json_get_object(document, "published_rescaling", &rescaling, err);
    if (status != FDM_OK)
        return status;
    status = fdm_entry_check_members(rescaling, known, err);
    if (status == FDM_OK)
        status = fdm_entry_text(rescaling, "scale", FDM_RECORD_WORD - 1, &out->scale_text, err);
    if (status == FDM_OK && !parse_scale(out->scale_text, &out->scale))
        status = fdm_fail(err, FDM_ERR_FORMAT, "scale: '%s' is no positive number or quotient",
                          out->scale_text);
    if (status == FDM_OK)
        status = fdm_json_get_number(rescaling, "offset", &out->offset, err);
    if (status != FDM_OK)
        fdm_error_context(err, "published_rescaling");
    return status;
}

/* Relative, and without a way out of the folder that it is joined to. */
static bool is_inner_path(const char *path)
{
    while (*path != '\0') {
        size_t len = strcspn(path, "/");
        if (len == 0 || (len == 1 && path[0] == '.') || (len == 2 && memcmp(path, "..", 2) == 0))
            return false;
        path += len;
        if (*path == '/' && *++path == '\0')
            return false;
    }
    return true;
}

static enum fdm_status read_file(const struct fdm_json *document, const char *name,
                                 struct fdm_model_file *out, struct fdm_error *err)
{
    static const char *const known[] = {"path", "bytes", "sha256", NULL};
    const struct fdm_json *file = fdm_json_member(document, name);
    if (file == NULL || fdm_json_is_null(file))
        return FDM_OK;
    enum fdm_status status = fdm_entry_check_members(file, known, err);
    if (status == FDM_OK)
        status = fdm_entry_text(file, "path", FDM_RECORD_TEXT - 1, &out->path, err);
    if (status == FDM_OK && !is_inner_path(out->path))
        status =
            fdm_fail(err, FDM_ERR_FORMAT,
                     "path: '%s' should be relative to a models folder and stay in it", out->path);
    if (status == FDM_OK)
        status = fdm_json_get_uint(file, "bytes", 1, MODEL_BYTES_MAX, &out->bytes, err);
    if (status == FDM_OK)
        status = fdm_entry_sha256(file, "sha256", &out->sha256, err);
    if (status != FDM_OK)
        fdm_error_context(err, "%s", name);
    return status;
}

static enum fdm_status read_files(const struct fdm_json *document, struct fdm_model_entry *out,
                                  struct fdm_error *err)
{
    enum fdm_status status = read_file(document, "int8", &out->int8_file, err);
    if (status == FDM_OK)
        status = read_file(document, "float", &out->float_file, err);
    if (status == FDM_OK && out->int8_file.path == NULL && out->float_file.path == NULL)
        status = fdm_fail(err, FDM_ERR_FORMAT, "int8: expected an object, here or in float");
    return status;
}

static enum fdm_status read_model(const struct fdm_json *item, struct fdm_model_entry *out,
                                  struct fdm_error *err)
{
    static const char *const known[] = {
        "id",          "family", "dataset", "resolution", "published_rescaling",
        "label_order", "seed",   "int8",    "float",      NULL};
    size_t order = 0;
    uint64_t resolution = 0;
    uint64_t seed = 0;
    enum fdm_status status = fdm_entry_check_members(item, known, err);
    if (status == FDM_OK)
        status = fdm_entry_id(item, "id", 1, FDM_RECORD_NAME - 1, &out->id, err);
    if (status == FDM_OK)
        status = fdm_entry_text(item, "family", FDM_RECORD_NAME - 1, &out->family, err);
    if (status == FDM_OK)
        status = fdm_entry_text(item, "dataset", FDM_RECORD_WORD - 1, &out->dataset, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(item, "resolution", 1, RESOLUTION_MAX, &resolution, err);
    if (status == FDM_OK)
        status = read_rescaling(item, out, err);
    if (status == FDM_OK)
        status = fdm_entry_word(item, "label_order", label_orders, &order, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(item, "seed", 0, UINT32_MAX, &seed, err);
    if (status == FDM_OK)
        status = read_files(item, out, err);
    out->resolution = (uint32_t)resolution;
    out->label_order = (enum fdm_label_order)order;
    out->seed = (uint32_t)seed;
    return status;
}

enum fdm_status fdm_models_read(struct fdm_registry_owned *owned, const struct fdm_json *document,
                                struct fdm_model_entry **out, size_t *count, struct fdm_error *err)
{
    static const char *const known[] = {"base_url", "licence", "folder", "models", NULL};
    const struct fdm_json *array = NULL;
    const char *base_url = NULL;
    const char *licence = NULL;
    const char *folder = NULL;
    *count = 0;
    enum fdm_status status = fdm_entry_check_members(document, known, err);
    if (status == FDM_OK)
        status = fdm_json_get_array(document, "models", &array, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "base_url", FDM_RECORD_TEXT - 1, &base_url, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "licence", FDM_RECORD_NAME - 1, &licence, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "folder", FDM_RECORD_TEXT - 1, &folder, err);
    if (status != FDM_OK)
        return status;
    struct fdm_model_entry *list =
        fdm_registry_alloc(owned, fdm_json_length(array), sizeof *list, err);
    if (list == NULL)
        return FDM_ERR_MEMORY;
    const struct fdm_json *item = fdm_json_first(array);
    for (; status == FDM_OK && item != NULL; item = fdm_json_next(item)) {
        list[*count].base_url = base_url;
        list[*count].licence = licence;
        list[*count].folder = folder;
        status = read_model(item, &list[*count], err);
        if (status != FDM_OK)
            fdm_error_context(err, "models[%zu]", *count);
        ++*count;
    }
    *out = list;
    return status;
}
