#include "reference/compiler/emit_value.h"

#include <inttypes.h>
#include <math.h>

#define VALUES_PER_LINE 16

void fdm_emit_float(struct fdm_buf *out, float value)
{
    if (isinf(value)) {
        fdm_buf_puts(out, value < 0.0f ? "-INFINITY" : "INFINITY");
        return;
    }
    int exponent;
    float mantissa = frexpf(fabsf(value), &exponent);
    fdm_buf_printf(out, "%s0x%" PRIx32 "p%df", signbit(value) ? "-" : "",
                   (uint32_t)ldexpf(mantissa, 24), value == 0.0f ? 0 : exponent - 24);
}

static void emit_s32(struct fdm_buf *out, int32_t value)
{
    if (value == INT32_MIN)
        fdm_buf_puts(out, "INT32_MIN"); /* -2147483648 is the negation of a long */
    else
        fdm_buf_printf(out, "%" PRId32, value);
}

static void emit_element(struct fdm_buf *out, enum fdm_emit_type type, const void *values, size_t i)
{
    switch (type) {
    case FDM_EMIT_S8:
        emit_s32(out, ((const int8_t *)values)[i]);
        break;
    case FDM_EMIT_S32:
        emit_s32(out, ((const int32_t *)values)[i]);
        break;
    case FDM_EMIT_F32:
        fdm_emit_float(out, ((const float *)values)[i]);
        break;
    }
}

void fdm_emit_array(struct fdm_buf *out, const char *kind, uint32_t layer, enum fdm_emit_type type,
                    const void *values, size_t count)
{
    static const char *const types[] = {"int8_t", "int32_t", "float"};
    if (values == NULL)
        return;
    /* Kernels may load whole words from int8 weights. */
    fdm_buf_printf(out, "static const _Alignas(4) %s fdm_%s_%" PRIu32 "[%zu] = {", types[type],
                   kind, layer, count);
    for (size_t i = 0; i < count; i++) {
        fdm_buf_puts(out, i % VALUES_PER_LINE == 0 ? "\n    " : " ");
        emit_element(out, type, values, i);
        fdm_buf_puts(out, ",");
    }
    fdm_buf_puts(out, "\n};\n");
}

void fdm_emit_array_name(struct fdm_buf *out, const char *kind, uint32_t layer, const void *values)
{
    if (values == NULL)
        fdm_buf_puts(out, "NULL");
    else
        fdm_buf_printf(out, "fdm_%s_%" PRIu32, kind, layer);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

void fdm_emit_text(struct fdm_buf *out, const char *text)
{
    if (text == NULL) {
        fdm_buf_puts(out, "NULL");
        return;
    }
    fdm_buf_puts(out, "\"");
    for (; *text != '\0'; text++) {
        if (is_letter(*text) || is_digit(*text) || *text == '.' || *text == '/' || *text == '-' ||
            *text == ' ')
            fdm_buf_append(out, text, 1);
        else
            fdm_buf_printf(out, "\\%03o", (unsigned)(unsigned char)*text);
    }
    fdm_buf_puts(out, "\"");
}

bool fdm_emit_is_identifier(const char *text)
{
    if (!is_letter(*text))
        return false;
    while (is_letter(*text) || is_digit(*text))
        text++;
    return *text == '\0';
}
