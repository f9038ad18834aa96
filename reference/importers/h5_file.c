#include "reference/importers/h5_file.h"

#include <hdf5.h>
#include <stdlib.h>
#include <string.h>

#define PATH_MAX_BYTES 1024
#define CORE_INCREMENT_BYTES 65536

struct fdm_h5_file {
    hid_t id;
};

static enum fdm_status open_image(struct fdm_h5_file *file, const uint8_t *bytes, size_t len,
                                  struct fdm_error *err)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    /* HDF5 takes its own copy of the image. */
    if (access < 0 || H5Pset_fapl_core(access, CORE_INCREMENT_BYTES, 0) < 0 ||
        H5Pset_file_image(access, (void *)bytes, len) < 0) {
        H5Pclose(access);
        return fdm_fail(err, FDM_ERR_MEMORY, "libhdf5 cannot hold a file of %zu bytes", len);
    }
    file->id = H5Fopen("image", H5F_ACC_RDONLY, access);
    H5Pclose(access);
    if (file->id < 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "not a readable HDF5 file");
    return FDM_OK;
}

enum fdm_status fdm_h5_open(const uint8_t *bytes, size_t len, struct fdm_h5_file **out,
                            struct fdm_error *err)
{
    *out = NULL;
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5PLset_loading_state(0);
    struct fdm_h5_file *file = malloc(sizeof *file);
    if (file == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory to open an HDF5 file");
    enum fdm_status status = open_image(file, bytes, len, err);
    if (status != FDM_OK) {
        free(file);
        return status;
    }
    *out = file;
    return FDM_OK;
}

void fdm_h5_close(struct fdm_h5_file *file)
{
    if (file == NULL)
        return;
    H5Fclose(file->id);
    free(file);
}

static bool is_hard_link(hid_t root, const char *path)
{
    H5L_info_t info;
    return H5Lget_info(root, path, &info, H5P_DEFAULT) >= 0 && info.type == H5L_TYPE_HARD;
}

/* Soft and external links could lead to other files, so each step of the path is looked at. */
static enum fdm_status open_object(const struct fdm_h5_file *file, const char *path,
                                   H5I_type_t expected, hid_t *out, struct fdm_error *err)
{
    char part[PATH_MAX_BYTES];
    size_t len = strlen(path);
    *out = H5I_INVALID_HID;
    if (path[0] != '/' || len >= sizeof part)
        return fdm_fail(err, FDM_ERR_FORMAT, "%.64s: not a usable path", path);
    for (size_t i = 1; len > 1 && i <= len; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (path[i - 1] == '/' || !is_hard_link(file->id, part))
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: no such object", part);
    }
    *out = H5Oopen(file->id, path, H5P_DEFAULT);
    if (*out >= 0 && H5Iget_type(*out) == expected)
        return FDM_OK;
    if (*out >= 0)
        H5Oclose(*out);
    *out = H5I_INVALID_HID;
    return fdm_fail(err, FDM_ERR_FORMAT, "%s: cannot be opened as a %s", path,
                    expected == H5I_GROUP ? "group" : "dataset");
}

/* ---- strings ---- */

struct attribute {
    hid_t id;
    hid_t type;
    size_t count;
    size_t element_bytes; /* of a fixed-length string */
    size_t max_bytes;
};

static char *copy_text(const char *text, size_t max_bytes)
{
    size_t len = text != NULL ? strnlen(text, max_bytes) : 0;
    char *copy = malloc(len + 1);
    if (copy == NULL)
        return NULL;
    if (len != 0)
        memcpy(copy, text, len);
    copy[len] = '\0';
    return copy;
}

static enum fdm_status read_fixed(const struct attribute *attribute, struct fdm_h5_strings *out,
                                  struct fdm_error *err)
{
    char *all = malloc(attribute->count * attribute->element_bytes);
    enum fdm_status status = FDM_OK;
    if (all == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu strings", attribute->count);
    if (H5Aread(attribute->id, attribute->type, all) < 0)
        status = fdm_fail(err, FDM_ERR_FORMAT, "unreadable");
    for (size_t i = 0; status == FDM_OK && i < attribute->count; i++) {
        out->texts[i] = copy_text(all + i * attribute->element_bytes, attribute->element_bytes);
        if (out->texts[i] == NULL)
            status = fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu strings", attribute->count);
    }
    free(all);
    return status;
}

static enum fdm_status copy_variable(const struct attribute *attribute, char **texts,
                                     struct fdm_h5_strings *out, struct fdm_error *err)
{
    for (size_t i = 0; i < attribute->count; i++) {
        if (texts[i] != NULL && strnlen(texts[i], attribute->max_bytes + 1) > attribute->max_bytes)
            return fdm_fail(err, FDM_ERR_MEMORY, "a string of more than %zu bytes",
                            attribute->max_bytes);
        out->texts[i] = copy_text(texts[i], attribute->max_bytes);
        if (out->texts[i] == NULL)
            return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu strings", attribute->count);
    }
    return FDM_OK;
}

static enum fdm_status read_variable(const struct attribute *attribute, struct fdm_h5_strings *out,
                                     struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    char **texts = calloc(attribute->count, sizeof *texts);
    hid_t memory = H5Tcopy(H5T_C_S1);
    hid_t space = H5Aget_space(attribute->id);
    /* HDF5 converts no character sets, so the file's must be asked for. */
    if (texts == NULL || memory < 0 || space < 0 || H5Tset_size(memory, H5T_VARIABLE) < 0 ||
        H5Tset_cset(memory, H5Tget_cset(attribute->type)) < 0) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu strings", attribute->count);
    } else if (H5Aread(attribute->id, memory, texts) < 0) {
        status = fdm_fail(err, FDM_ERR_FORMAT, "unreadable");
    } else {
        status = copy_variable(attribute, texts, out, err);
        H5Dvlen_reclaim(memory, space, H5P_DEFAULT, texts);
    }
    H5Sclose(space);
    H5Tclose(memory);
    free(texts);
    return status;
}

static enum fdm_status read_texts(struct attribute *attribute, struct fdm_h5_strings *out,
                                  struct fdm_error *err)
{
    if (H5Tget_class(attribute->type) != H5T_STRING)
        return fdm_fail(err, FDM_ERR_FORMAT, "expected strings");
    attribute->element_bytes = H5Tget_size(attribute->type);
    htri_t variable = H5Tis_variable_str(attribute->type);
    if (variable < 0 || attribute->element_bytes == 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "strings of unknown length");
    if (variable == 0 && attribute->element_bytes > attribute->max_bytes)
        return fdm_fail(err, FDM_ERR_MEMORY, "strings of %zu bytes, more than %zu",
                        attribute->element_bytes, attribute->max_bytes);
    out->texts = calloc(attribute->count, sizeof *out->texts);
    if (out->texts == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu strings", attribute->count);
    out->count = attribute->count;
    return variable > 0 ? read_variable(attribute, out, err) : read_fixed(attribute, out, err);
}

static enum fdm_status read_attribute(hid_t id, size_t max_count, size_t max_bytes,
                                      struct fdm_h5_strings *out, struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    hid_t space = H5Aget_space(id);
    hssize_t count = space >= 0 ? H5Sget_simple_extent_npoints(space) : -1;
    struct attribute attribute = {.id = id, .type = H5Aget_type(id), .max_bytes = max_bytes};
    if (attribute.type < 0 || count < 0) {
        status = fdm_fail(err, FDM_ERR_FORMAT, "unreadable");
    } else if ((uint64_t)count > max_count) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "%lld strings, more than %zu", (long long)count,
                          max_count);
    } else if (count > 0) {
        attribute.count = (size_t)count;
        status = read_texts(&attribute, out, err);
    }
    H5Tclose(attribute.type);
    H5Sclose(space);
    return status;
}

enum fdm_status fdm_h5_read_strings(const struct fdm_h5_file *file, const char *object,
                                    const char *attribute, size_t max_count, size_t max_bytes,
                                    struct fdm_h5_strings *out, struct fdm_error *err)
{
    hid_t at;
    *out = (struct fdm_h5_strings){0};
    enum fdm_status status = open_object(file, object, H5I_GROUP, &at, err);
    if (status != FDM_OK)
        return status;
    hid_t id = H5Aopen(at, attribute, H5P_DEFAULT);
    if (id < 0)
        status = fdm_fail(err, FDM_ERR_FORMAT, "missing");
    else
        status = read_attribute(id, max_count, max_bytes, out, err);
    if (status != FDM_OK) {
        fdm_error_context(err, "attribute %s of %s", attribute, object);
        fdm_h5_strings_release(out);
    }
    H5Aclose(id);
    H5Oclose(at);
    return status;
}

bool fdm_h5_has_group(const struct fdm_h5_file *file, const char *object)
{
    hid_t at;
    if (open_object(file, object, H5I_GROUP, &at, NULL) != FDM_OK)
        return false;
    H5Oclose(at);
    return true;
}

bool fdm_h5_has_attribute(const struct fdm_h5_file *file, const char *object, const char *attribute)
{
    hid_t at;
    if (open_object(file, object, H5I_GROUP, &at, NULL) != FDM_OK)
        return false;
    bool there = H5Aexists(at, attribute) > 0;
    H5Oclose(at);
    return there;
}

void fdm_h5_strings_release(struct fdm_h5_strings *strings)
{
    for (size_t i = 0; strings->texts != NULL && i < strings->count; i++)
        free(strings->texts[i]);
    free(strings->texts);
    *strings = (struct fdm_h5_strings){0};
}

/* ---- numbers ---- */

static enum fdm_status read_extent(hid_t space, size_t max_count, struct fdm_h5_floats *out,
                                   struct fdm_error *err)
{
    hsize_t dims[FDM_H5_MAX_RANK];
    int rank = space >= 0 ? H5Sget_simple_extent_ndims(space) : -1;
    if (rank < 0 || H5Sget_simple_extent_type(space) == H5S_NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "no simple shape");
    if (rank > FDM_H5_MAX_RANK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%d dimensions, at most %d are supported", rank,
                        FDM_H5_MAX_RANK);
    if (H5Sget_simple_extent_dims(space, dims, NULL) != rank)
        return fdm_fail(err, FDM_ERR_FORMAT, "no simple shape");
    out->rank = (uint32_t)rank;
    out->count = 1;
    for (int i = 0; i < rank; i++) {
        if (dims[i] == 0 || dims[i] > max_count / out->count)
            return fdm_fail(err, FDM_ERR_FORMAT,
                            "dimension %d is %llu; a model may have %zu numbers", i,
                            (unsigned long long)dims[i], max_count);
        out->dims[i] = (uint32_t)dims[i];
        out->count *= (size_t)dims[i];
    }
    return FDM_OK;
}

/* Bytes in other files or datasets are none of this model's business. */
static bool is_stored_here(hid_t dataset)
{
    hid_t creation = H5Dget_create_plist(dataset);
    H5D_layout_t layout = creation >= 0 ? H5Pget_layout(creation) : H5D_LAYOUT_ERROR;
    bool here = (layout == H5D_CONTIGUOUS && H5Pget_external_count(creation) == 0) ||
                layout == H5D_CHUNKED || layout == H5D_COMPACT;
    H5Pclose(creation);
    return here;
}

static enum fdm_status read_values(hid_t dataset, struct fdm_h5_floats *out, struct fdm_error *err)
{
    hid_t type = H5Dget_type(dataset);
    bool is_float = type >= 0 && H5Tget_class(type) == H5T_FLOAT && H5Tget_size(type) == 4;
    H5Tclose(type);
    if (!is_float)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "only float32 is supported");
    if (!is_stored_here(dataset))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "its data lie outside the file");
    out->values = malloc(out->count * sizeof *out->values);
    if (out->values == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu numbers", out->count);
    if (H5Dread(dataset, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, out->values) < 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "its data are missing or damaged");
    return FDM_OK;
}

enum fdm_status fdm_h5_read_floats(const struct fdm_h5_file *file, const char *dataset,
                                   size_t max_count, struct fdm_h5_floats *out,
                                   struct fdm_error *err)
{
    hid_t id;
    *out = (struct fdm_h5_floats){0};
    enum fdm_status status = open_object(file, dataset, H5I_DATASET, &id, err);
    if (status != FDM_OK)
        return status;
    hid_t space = H5Dget_space(id);
    status = read_extent(space, max_count, out, err);
    if (status == FDM_OK)
        status = read_values(id, out, err);
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", dataset);
        free(out->values);
        *out = (struct fdm_h5_floats){0};
    }
    H5Sclose(space);
    H5Dclose(id);
    return status;
}
