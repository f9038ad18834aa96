/* Inside the emitter: values as C text. */
#ifndef FDM_REFERENCE_COMPILER_EMIT_VALUE_H
#define FDM_REFERENCE_COMPILER_EMIT_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "reference/network/network.h"

enum fdm_emit_type { FDM_EMIT_S8, FDM_EMIT_S32, FDM_EMIT_F32 };

/* "static const <type> fdm_<kind>_<layer>[count] = {…};"; nothing if `values` is NULL. */
void fdm_emit_array(struct fdm_buf *out, const char *kind, uint32_t layer, enum fdm_emit_type type,
                    const void *values, size_t count);
/* The array's name as an expression, "NULL" if `values` is. */
void fdm_emit_array_name(struct fdm_buf *out, const char *kind, uint32_t layer, const void *values);
/* An exact constant of type float: whole mantissa and power of two, so no decimal point that a
 * locale could change. */
void fdm_emit_float(struct fdm_buf *out, float value);
/* A string constant, everything but plain letters escaped; "NULL" for NULL. */
void fdm_emit_text(struct fdm_buf *out, const char *text);
bool fdm_emit_is_identifier(const char *text);

/* The arrays that the layer's parameters lead to, then, to stand in the layer's initialiser,
 * ".params = {…}". */
void fdm_emit_param_arrays(struct fdm_buf *out, const struct fdm_network_layer *layer,
                           uint32_t index);
void fdm_emit_params(struct fdm_buf *out, const struct fdm_network_layer *layer, uint32_t index);

#endif
