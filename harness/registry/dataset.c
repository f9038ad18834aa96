#include <string.h>

#include "harness/registry/entries.h"
#include "results/record.h"

#define IMAGES_MAX UINT64_C(16777216)
#define CLASSES_MAX 65536u

static enum fdm_status check_classes(const struct fdm_dataset_entry *entry, size_t count,
                                     struct fdm_error *err)
{
    if (count < 1 || count > CLASSES_MAX)
        return fdm_fail(err, FDM_ERR_FORMAT, "classes: expected an array of 1 to %u names",
                        CLASSES_MAX);
    for (size_t i = 0; i < count; i++) {
        const char *name = entry->classes[i];
        if (name[0] == '.' || strchr(name, '/') != NULL)
            return fdm_fail(err, FDM_ERR_FORMAT, "classes[%zu]: '%s' cannot be a folder", i, name);
        if (i > 0 && strcmp(entry->classes[i - 1], name) >= 0)
            return fdm_fail(err, FDM_ERR_FORMAT,
                            "classes[%zu]: '%s' should stand before '%s' (byte order, each once)",
                            i, name, entry->classes[i - 1]);
    }
    return FDM_OK;
}

static enum fdm_status read_split(const struct fdm_json *split, struct fdm_dataset_entry *out,
                                  struct fdm_error *err)
{
    static const char *const known[] = {"scheme",
                                        "seed",
                                        "fraction",
                                        "validation_count",
                                        "permutation_sha256",
                                        "validation_names_sha256",
                                        NULL};
    static const char *const schemes[] = {"st", "keras", NULL};
    size_t scheme = 0;
    uint64_t seed = 0;
    uint64_t count = 0;
    enum fdm_status status = fdm_entry_check_members(split, known, err);
    if (status == FDM_OK)
        status = fdm_entry_word(split, "scheme", schemes, &scheme, err);
    if (status == FDM_OK)
        status = fdm_json_get_uint(split, "seed", 0, UINT32_MAX, &seed, err);
    if (status == FDM_OK)
        status = fdm_json_get_number(split, "fraction", &out->split_fraction, err);
    if (status == FDM_OK && !(out->split_fraction > 0.0 && out->split_fraction < 1.0))
        status = fdm_fail(err, FDM_ERR_FORMAT, "fraction: expected a number between 0 and 1");
    if (status == FDM_OK)
        status = fdm_json_get_uint(split, "validation_count", 1, IMAGES_MAX, &count, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_sha256(split, "permutation_sha256", &out->permutation_sha256, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_sha256(split, "validation_names_sha256",
                                      &out->validation_names_sha256, err);
    out->split_scheme = schemes[scheme];
    out->split_seed = (uint32_t)seed;
    out->validation_count = (uint32_t)count;
    return status;
}

static enum fdm_status read_opt_split(const struct fdm_json *document,
                                      struct fdm_dataset_entry *out, struct fdm_error *err)
{
    const struct fdm_json *split = fdm_json_member(document, "split");
    if (split == NULL || fdm_json_is_null(split))
        return FDM_OK;
    enum fdm_status status = read_split(split, out, err);
    if (status != FDM_OK)
        fdm_error_context(err, "split");
    else if (out->image_count > 0 && out->validation_count > out->image_count)
        status = fdm_fail(err, FDM_ERR_FORMAT, "split: validation_count: more than image_count");
    return status;
}

enum fdm_status fdm_dataset_read(struct fdm_registry_owned *owned, const struct fdm_json *document,
                                 struct fdm_dataset_entry *out, struct fdm_error *err)
{
    static const char *const known[] = {"id",          "title", "url",     "licence",
                                        "image_count", "split", "classes", NULL};
    uint64_t images = 0;
    size_t classes = 0;
    enum fdm_status status = fdm_entry_check_members(document, known, err);
    if (status == FDM_OK)
        status = fdm_entry_id(document, "id", 0, FDM_RECORD_WORD - 1, &out->id, err);
    if (status == FDM_OK)
        status = fdm_entry_text(document, "title", FDM_RECORD_WORD - 1, &out->title, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "url", FDM_RECORD_TEXT - 1, &out->url, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_text(document, "licence", FDM_RECORD_NAME - 1, &out->licence, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_uint(document, "image_count", IMAGES_MAX, &images, err);
    if (status == FDM_OK)
        status = fdm_entry_opt_texts(owned, document, "classes", FDM_RECORD_NAME - 1, &out->classes,
                                     &classes, err);
    if (status == FDM_OK)
        status = check_classes(out, classes, err);
    out->image_count = (uint32_t)images;
    out->class_count = (uint32_t)classes;
    return status == FDM_OK ? read_opt_split(document, out, err) : status;
}
