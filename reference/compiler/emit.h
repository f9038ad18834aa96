/* A network as C source: constant data that a firmware carries in its flash.
 *
 * The text includes reference/network/network.h and refers to the layers' kernels,
 * `fdm_nn_<kernel>_run`. It is plain C11 without conversions, the same bytes for
 * the same network; texts from the model file are escaped, numbers are exact. Arrays that a layer's
 * rules do not read are left out. Names of the arrays, with the layer's index:
 *   fdm_weights_N, fdm_bias_N          what a model card calls weights
 *   fdm_multiplier_N, fdm_shift_N,
 *   fdm_scale_N, fdm_table_N           derived from the model's scales
 * They are static, so several networks can be linked into one program. */
#ifndef FDM_REFERENCE_COMPILER_EMIT_H
#define FDM_REFERENCE_COMPILER_EMIT_H

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "reference/network/network.h"

struct fdm_emit_options {
    const char *network; /* identifier of the `const struct fdm_network` */
    const char *arena;   /* identifier of an array of arena_bytes, aligned for it; NULL for none */
    /* Identifier of an array as large as the input tensor, or of one byte where the input is
     * streamed and nobody keeps it; NULL for none. */
    const char *input;
};

/* Appends the text. `network` is one that fdm_compile() made. FDM_ERR_USAGE if a name is no
 * identifier, FDM_ERR_MEMORY. */
enum fdm_status fdm_emit_c(const struct fdm_network *network,
                           const struct fdm_emit_options *options, struct fdm_buf *out,
                           struct fdm_error *err);

#endif
