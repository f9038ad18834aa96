#include "reference/importers/keras_weights.h"

#include <stdlib.h>
#include <string.h>

void fdm_keras_file_init(struct fdm_keras_file *file)
{
    *file = (struct fdm_keras_file){0};
}

void fdm_keras_file_release(struct fdm_keras_file *file)
{
    for (size_t i = 0; i < file->array_count; i++)
        free(file->arrays[i].values);
    free(file->arrays);
    free(file->config);
    fdm_keras_file_init(file);
}

enum fdm_status fdm_keras_set_config(struct fdm_keras_file *file, const char *config, size_t len,
                                     struct fdm_error *err)
{
    char *copy = len <= FDM_KERAS_MAX_CONFIG ? malloc(len + 1) : NULL;
    if (copy == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "a model configuration of %zu bytes", len);
    memcpy(copy, config, len);
    copy[len] = '\0';
    free(file->config);
    file->config = copy;
    return FDM_OK;
}

static enum fdm_status check_array(const struct fdm_keras_file *file,
                                   const struct fdm_keras_array *array, struct fdm_error *err)
{
    size_t count = 1;
    for (uint32_t i = 0; i < array->rank && i < FDM_KERAS_MAX_RANK; i++) {
        if (array->dims[i] == 0 || array->dims[i] > FDM_KERAS_MAX_FLOATS / count)
            return fdm_fail(err, FDM_ERR_FORMAT, "dimension %u is %u", i, array->dims[i]);
        count *= array->dims[i];
    }
    if (array->rank > FDM_KERAS_MAX_RANK || count != array->count)
        return fdm_fail(err, FDM_ERR_FORMAT, "%zu numbers do not fit the shape", array->count);
    if (file->array_count >= FDM_KERAS_MAX_ARRAYS ||
        count > FDM_KERAS_MAX_FLOATS - file->float_count)
        return fdm_fail(err, FDM_ERR_MEMORY, "more than %d arrays or %zu numbers",
                        FDM_KERAS_MAX_ARRAYS, FDM_KERAS_MAX_FLOATS);
    if (fdm_keras_find(file, array->layer, array->role) != NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "stored twice");
    return FDM_OK;
}

enum fdm_status fdm_keras_add_array(struct fdm_keras_file *file,
                                    const struct fdm_keras_array *array, struct fdm_error *err)
{
    struct fdm_keras_array *arrays = NULL;
    enum fdm_status status = check_array(file, array, err);
    if (status == FDM_OK) {
        arrays = realloc(file->arrays, (file->array_count + 1) * sizeof *arrays);
        if (arrays == NULL)
            status = fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu arrays", file->array_count);
    }
    if (status != FDM_OK || arrays == NULL) {
        fdm_error_context(err, "%s of layer '%s'", array->role, array->layer);
        free(array->values);
        return status;
    }
    file->arrays = arrays;
    arrays[file->array_count++] = *array;
    file->float_count += array->count;
    return FDM_OK;
}

const struct fdm_keras_array *fdm_keras_find(const struct fdm_keras_file *file, const char *layer,
                                             const char *role)
{
    for (size_t i = 0; i < file->array_count; i++)
        if (strcmp(file->arrays[i].layer, layer) == 0 && strcmp(file->arrays[i].role, role) == 0)
            return &file->arrays[i];
    return NULL;
}

/* ---- as bytes: the configuration's length, the configuration, then each array's struct followed
 * by its values, until the bytes end ---- */

void fdm_keras_encode(const struct fdm_keras_file *file, struct fdm_buf *out)
{
    size_t len = file->config != NULL ? strlen(file->config) : 0;
    fdm_buf_append(out, &len, sizeof len);
    fdm_buf_append(out, file->config, len);
    for (size_t i = 0; i < file->array_count; i++) {
        struct fdm_keras_array array = file->arrays[i];
        array.values = NULL;
        fdm_buf_append(out, &array, sizeof array);
        fdm_buf_append(out, file->arrays[i].values, array.count * sizeof(float));
    }
}

struct cursor {
    const char *at;
    size_t left;
};

static enum fdm_status take(struct cursor *cursor, void *to, size_t bytes, struct fdm_error *err)
{
    if (bytes > cursor->left)
        return fdm_fail(err, FDM_ERR_FORMAT, "the weights end early");
    memcpy(to, cursor->at, bytes);
    cursor->at += bytes;
    cursor->left -= bytes;
    return FDM_OK;
}

static enum fdm_status decode_config(struct cursor *cursor, struct fdm_keras_file *out,
                                     struct fdm_error *err)
{
    size_t len = 0;
    enum fdm_status status = take(cursor, &len, sizeof len, err);
    if (status != FDM_OK)
        return status;
    if (len > cursor->left)
        return fdm_fail(err, FDM_ERR_FORMAT, "the model configuration ends early");
    status = fdm_keras_set_config(out, cursor->at, len, err);
    cursor->at += len;
    cursor->left -= len;
    return status;
}

static enum fdm_status decode_array(struct cursor *cursor, struct fdm_keras_file *out,
                                    struct fdm_error *err)
{
    struct fdm_keras_array array = {0};
    enum fdm_status status = take(cursor, &array, sizeof array, err);
    if (status != FDM_OK)
        return status;
    array.layer[sizeof array.layer - 1] = '\0';
    array.role[sizeof array.role - 1] = '\0';
    if (array.count > cursor->left / sizeof(float))
        return fdm_fail(err, FDM_ERR_FORMAT, "the weights end early");
    size_t bytes = array.count * sizeof(float);
    array.values = malloc(bytes != 0 ? bytes : 1);
    if (array.values == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu numbers", array.count);
    memcpy(array.values, cursor->at, bytes);
    cursor->at += bytes;
    cursor->left -= bytes;
    return fdm_keras_add_array(out, &array, err);
}

enum fdm_status fdm_keras_decode(const char *bytes, size_t len, struct fdm_keras_file *out,
                                 struct fdm_error *err)
{
    struct cursor cursor = {bytes, len};
    enum fdm_status status = decode_config(&cursor, out, err);
    while (status == FDM_OK && cursor.left > 0)
        status = decode_array(&cursor, out, err);
    return status;
}
