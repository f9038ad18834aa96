#include "harness/base/json.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"

/* The opaque type is cJSON's node under our name. */
static const cJSON *node(const struct fdm_json *value)
{
    return (const cJSON *)value;
}

static const struct fdm_json *ours(const cJSON *value)
{
    return (const struct fdm_json *)value;
}

static enum fdm_status parse_fail(const char *text, const char *at, const char *name,
                                  struct fdm_error *err)
{
    size_t line = 1;
    size_t column = 1;
    for (const char *p = text; p != NULL && p < at; p++) {
        column = *p == '\n' ? 1 : column + 1;
        line += *p == '\n';
    }
    return fdm_fail(err, FDM_ERR_FORMAT, "%s: not valid JSON at line %zu, column %zu", name, line,
                    column);
}

enum fdm_status fdm_json_parse(const char *text, size_t len, const char *name,
                               struct fdm_json **out, struct fdm_error *err)
{
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, len, &end, 0);
    *out = NULL;
    if (root == NULL)
        return parse_fail(text, end, name, err);
    while (end < text + len && strchr(" \t\r\n", *end) != NULL && *end != '\0')
        end++;
    if (end < text + len && *end != '\0') {
        cJSON_Delete(root);
        return parse_fail(text, end, name, err);
    }
    *out = (struct fdm_json *)root;
    return FDM_OK;
}

enum fdm_status fdm_json_read(const char *path, struct fdm_json **out, struct fdm_error *err)
{
    uint8_t *text;
    size_t len;
    *out = NULL;
    enum fdm_status status = fdm_fs_read(path, FDM_JSON_FILE_MAX, &text, &len, err);
    if (status != FDM_OK)
        return status;
    status = fdm_json_parse((const char *)text, len, path, out, err);
    free(text);
    return status;
}

void fdm_json_free(struct fdm_json *root)
{
    cJSON_Delete((cJSON *)root);
}

const struct fdm_json *fdm_json_member(const struct fdm_json *object, const char *name)
{
    return ours(cJSON_GetObjectItemCaseSensitive(node(object), name));
}

bool fdm_json_is_object(const struct fdm_json *value)
{
    return cJSON_IsObject(node(value));
}

bool fdm_json_is_array(const struct fdm_json *value)
{
    return cJSON_IsArray(node(value));
}

bool fdm_json_is_null(const struct fdm_json *value)
{
    return cJSON_IsNull(node(value));
}

bool fdm_json_is_bool(const struct fdm_json *value)
{
    return cJSON_IsBool(node(value));
}

const char *fdm_json_name(const struct fdm_json *value)
{
    return value != NULL ? node(value)->string : NULL;
}

size_t fdm_json_length(const struct fdm_json *value)
{
    size_t count = 0;
    for (const struct fdm_json *child = fdm_json_first(value); child != NULL;
         child = fdm_json_next(child))
        count++;
    return count;
}

const struct fdm_json *fdm_json_first(const struct fdm_json *value)
{
    return value != NULL ? ours(node(value)->child) : NULL;
}

const struct fdm_json *fdm_json_next(const struct fdm_json *value)
{
    return value != NULL ? ours(node(value)->next) : NULL;
}

const char *fdm_json_text(const struct fdm_json *value)
{
    return cJSON_GetStringValue(node(value));
}

double fdm_json_value(const struct fdm_json *value, double otherwise)
{
    return cJSON_IsNumber(node(value)) ? node(value)->valuedouble : otherwise;
}

enum fdm_status fdm_json_get_string(const struct fdm_json *object, const char *name,
                                    const char **out, struct fdm_error *err)
{
    *out = fdm_json_text(fdm_json_member(object, name));
    return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_FORMAT, "%s: expected a string", name);
}

enum fdm_status fdm_json_get_number(const struct fdm_json *object, const char *name, double *out,
                                    struct fdm_error *err)
{
    *out = fdm_json_value(fdm_json_member(object, name), NAN);
    return isfinite(*out) ? FDM_OK : fdm_fail(err, FDM_ERR_FORMAT, "%s: expected a number", name);
}

enum fdm_status fdm_json_get_uint(const struct fdm_json *object, const char *name, uint64_t min,
                                  uint64_t max, uint64_t *out, struct fdm_error *err)
{
    double value = fdm_json_value(fdm_json_member(object, name), -1.0);
    *out = 0;
    if (!(value >= (double)min && value <= (double)max && value < 0x1p53) || floor(value) != value)
        return fdm_fail(err, FDM_ERR_FORMAT, "%s: expected a whole number from %llu to %llu", name,
                        (unsigned long long)min, (unsigned long long)max);
    *out = (uint64_t)value;
    return FDM_OK;
}

enum fdm_status fdm_json_get_array(const struct fdm_json *object, const char *name,
                                   const struct fdm_json **out, struct fdm_error *err)
{
    *out = fdm_json_member(object, name);
    if (fdm_json_is_array(*out))
        return FDM_OK;
    *out = NULL;
    return fdm_fail(err, FDM_ERR_FORMAT, "%s: expected an array", name);
}

enum fdm_status fdm_json_get_object(const struct fdm_json *object, const char *name,
                                    const struct fdm_json **out, struct fdm_error *err)
{
    *out = fdm_json_member(object, name);
    if (fdm_json_is_object(*out))
        return FDM_OK;
    *out = NULL;
    return fdm_fail(err, FDM_ERR_FORMAT, "%s: expected an object", name);
}

enum fdm_status fdm_json_opt_string(const struct fdm_json *object, const char *name,
                                    const char *otherwise, const char **out, struct fdm_error *err)
{
    const struct fdm_json *value = fdm_json_member(object, name);
    *out = otherwise;
    if (value == NULL || fdm_json_is_null(value))
        return FDM_OK;
    return fdm_json_get_string(object, name, out, err);
}

enum fdm_status fdm_json_opt_bool(const struct fdm_json *object, const char *name, bool otherwise,
                                  bool *out, struct fdm_error *err)
{
    const struct fdm_json *value = fdm_json_member(object, name);
    *out = otherwise;
    if (value == NULL || fdm_json_is_null(value))
        return FDM_OK;
    if (!fdm_json_is_bool(value))
        return fdm_fail(err, FDM_ERR_FORMAT, "%s: expected true or false", name);
    *out = cJSON_IsTrue(node(value));
    return FDM_OK;
}

struct fdm_json *fdm_json_new_object(void)
{
    return (struct fdm_json *)cJSON_CreateObject();
}

struct fdm_json *fdm_json_new_array(void)
{
    return (struct fdm_json *)cJSON_CreateArray();
}

static struct fdm_json *attach(struct fdm_json *parent, const char *name, cJSON *child)
{
    cJSON *to = (cJSON *)parent;
    bool added = false;
    if (child != NULL && cJSON_IsArray(to))
        added = cJSON_AddItemToArray(to, child);
    else if (child != NULL && cJSON_IsObject(to) && name != NULL)
        added = cJSON_AddItemToObject(to, name, child);
    if (added)
        return (struct fdm_json *)child;
    cJSON_Delete(child);
    /* cJSON refuses to print an invalid node, so the loss shows when the document is written. */
    if (to != NULL)
        to->type = cJSON_Invalid;
    return NULL;
}

struct fdm_json *fdm_json_add_object(struct fdm_json *parent, const char *name)
{
    return attach(parent, name, cJSON_CreateObject());
}

struct fdm_json *fdm_json_add_array(struct fdm_json *parent, const char *name)
{
    return attach(parent, name, cJSON_CreateArray());
}

struct fdm_json *fdm_json_add_string(struct fdm_json *parent, const char *name, const char *text)
{
    return attach(parent, name, text != NULL ? cJSON_CreateString(text) : cJSON_CreateNull());
}

struct fdm_json *fdm_json_add_number(struct fdm_json *parent, const char *name, double number)
{
    return attach(parent, name, cJSON_CreateNumber(number));
}

struct fdm_json *fdm_json_add_int(struct fdm_json *parent, const char *name, int64_t number)
{
    /* cJSON's own numbers keep only 15 digits. */
    char digits[32];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    return attach(parent, name, cJSON_CreateRaw(digits));
}

struct fdm_json *fdm_json_add_bool(struct fdm_json *parent, const char *name, bool value)
{
    return attach(parent, name, cJSON_CreateBool(value));
}

struct fdm_json *fdm_json_add_null(struct fdm_json *parent, const char *name)
{
    return attach(parent, name, cJSON_CreateNull());
}

enum fdm_status fdm_json_print(const struct fdm_json *root, struct fdm_buf *out,
                               struct fdm_error *err)
{
    char *text = root != NULL ? cJSON_Print(node(root)) : NULL;
    if (text == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory while writing JSON");
    fdm_buf_puts(out, text);
    fdm_buf_puts(out, "\n");
    cJSON_free(text);
    return fdm_buf_check(out, err);
}
