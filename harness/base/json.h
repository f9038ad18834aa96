/* JSON, read with checks and written by parts.
 *
 * A `struct fdm_json` is a value inside a document. Pointers to inner values live as long as the
 * root, which its creator frees with fdm_json_free(). Getters that can fail say which member of
 * which document is wrong ("boards/x.json: clock_hz: expected a whole number from 1 to
 * 4000000000"). */
#ifndef FDM_BASE_JSON_H
#define FDM_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"

struct fdm_json;

#define FDM_JSON_FILE_MAX ((size_t)16 << 20)

/* `name` is the document's name in messages. FDM_ERR_FORMAT with line and column. */
enum fdm_status fdm_json_parse(const char *text, size_t len, const char *name,
                               struct fdm_json **out, struct fdm_error *err);
/* A file of at most FDM_JSON_FILE_MAX bytes. */
enum fdm_status fdm_json_read(const char *path, struct fdm_json **out, struct fdm_error *err);
void fdm_json_free(struct fdm_json *root);

/* NULL if `object` is no object or has no such member (names are case-sensitive). */
const struct fdm_json *fdm_json_member(const struct fdm_json *object, const char *name);
bool fdm_json_is_object(const struct fdm_json *value);
bool fdm_json_is_array(const struct fdm_json *value);
bool fdm_json_is_null(const struct fdm_json *value);
bool fdm_json_is_bool(const struct fdm_json *value);
/* The name under which a value stands in its object, or NULL. */
const char *fdm_json_name(const struct fdm_json *value);
/* Elements of an array or object; 0 for others and NULL. */
size_t fdm_json_length(const struct fdm_json *value);
/* First child and next sibling, for walking arrays and objects; NULL at the end. */
const struct fdm_json *fdm_json_first(const struct fdm_json *value);
const struct fdm_json *fdm_json_next(const struct fdm_json *value);

/* Values themselves: NULL / `otherwise` if of another type. */
const char *fdm_json_text(const struct fdm_json *value);
double fdm_json_value(const struct fdm_json *value, double otherwise);

/* Required members. FDM_ERR_FORMAT names the member. Strings live in the document. */
enum fdm_status fdm_json_get_string(const struct fdm_json *object, const char *name,
                                    const char **out, struct fdm_error *err);
enum fdm_status fdm_json_get_uint(const struct fdm_json *object, const char *name, uint64_t min,
                                  uint64_t max, uint64_t *out, struct fdm_error *err);
enum fdm_status fdm_json_get_number(const struct fdm_json *object, const char *name, double *out,
                                    struct fdm_error *err);
enum fdm_status fdm_json_get_array(const struct fdm_json *object, const char *name,
                                   const struct fdm_json **out, struct fdm_error *err);
enum fdm_status fdm_json_get_object(const struct fdm_json *object, const char *name,
                                    const struct fdm_json **out, struct fdm_error *err);
/* Optional members: `otherwise` if absent or null; FDM_ERR_FORMAT if of another type. */
enum fdm_status fdm_json_opt_string(const struct fdm_json *object, const char *name,
                                    const char *otherwise, const char **out, struct fdm_error *err);
enum fdm_status fdm_json_opt_bool(const struct fdm_json *object, const char *name, bool otherwise,
                                  bool *out, struct fdm_error *err);

/* Writing. Adders return the new child, or NULL when out of memory; passing NULL as the parent is
 * allowed and yields NULL; a failed adder makes fdm_json_print() fail, so a chain is checked once.
 * `name` is NULL when the parent is an array. A NULL string is written as null. Whole numbers are
 * exact. */
struct fdm_json *fdm_json_new_object(void);
struct fdm_json *fdm_json_new_array(void);
struct fdm_json *fdm_json_add_object(struct fdm_json *parent, const char *name);
struct fdm_json *fdm_json_add_array(struct fdm_json *parent, const char *name);
struct fdm_json *fdm_json_add_string(struct fdm_json *parent, const char *name, const char *text);
struct fdm_json *fdm_json_add_number(struct fdm_json *parent, const char *name, double number);
struct fdm_json *fdm_json_add_int(struct fdm_json *parent, const char *name, int64_t number);
struct fdm_json *fdm_json_add_bool(struct fdm_json *parent, const char *name, bool value);
struct fdm_json *fdm_json_add_null(struct fdm_json *parent, const char *name);

/* Appends the document, indented, with a final newline. NaN and infinities become null. */
enum fdm_status fdm_json_print(const struct fdm_json *root, struct fdm_buf *out,
                               struct fdm_error *err);

#endif
