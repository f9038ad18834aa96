/* The rows of an input that one row of outputs needs, in scratch with their padding, so that no tap
 * is outside. Rows that the next row of outputs needs as well stay. */
#ifndef FDM_NN_NEON_ROWS_H
#define FDM_NN_NEON_ROWS_H

#include <string.h>

#include "reference/kernels/neon/packed.h"
#include "reference/kernels/nn_call.h"

struct fdm_neon_rows {
    const struct fdm_nn_conv_s8 *params;
    int8_t *rows; /* kernel_h; the input's row y is row (y + pad_top) % kernel_h */
    size_t row_bytes;
    int32_t prepared; /* the first row of the input that no row holds yet */
};

/* `scratch` has room for kernel_h rows of fdm_neon_row_bytes(). */
static inline struct fdm_neon_rows fdm_neon_rows_of(const struct fdm_nn_conv_s8 *params,
                                                    int8_t *scratch)
{
    struct fdm_neon_rows rows = {params, scratch, fdm_neon_row_bytes(&params->shape),
                                 -params->shape.pad_top};
    return rows;
}

/* Row y of the input with its padding left and right; all padding outside. */
static inline void fdm_neon_prepare_row(const struct fdm_neon_rows *rows,
                                        const struct fdm_nn_rows *in, int32_t y)
{
    const struct fdm_nn_conv_shape *s = &rows->params->shape;
    const int32_t zero = rows->params->in_zero_point;
    int8_t *to = rows->rows + (size_t)((y + s->pad_top) % s->kernel_h) * rows->row_bytes;
    if (y < 0 || y >= s->in_h) {
        memset(to, zero, rows->row_bytes);
        return;
    }
    const size_t left = (size_t)s->pad_left * (size_t)s->in_c;
    const size_t all = (size_t)s->in_w * (size_t)s->in_c;
    const size_t middle = rows->row_bytes - left < all ? rows->row_bytes - left : all;
    memset(to, zero, left);
    memcpy(to + left, fdm_nn_row(in, y), middle);
    memset(to + left + middle, zero, rows->row_bytes - left - middle);
}

/* For row y of the outputs; calls come with rising y. */
static inline void fdm_neon_prepare(struct fdm_neon_rows *rows, const struct fdm_nn_rows *in,
                                    int32_t y)
{
    const struct fdm_nn_conv_shape *s = &rows->params->shape;
    int32_t begin = y * s->stride_h - s->pad_top;
    int32_t row = rows->prepared > begin ? rows->prepared : begin;
    for (; row < begin + s->kernel_h; row++)
        fdm_neon_prepare_row(rows, in, row);
    rows->prepared = begin + s->kernel_h;
}

/* What the kernel's row ky reads for row y of the outputs, from its first column on. */
static inline const int8_t *fdm_neon_prepared(const struct fdm_neon_rows *rows, int32_t y,
                                              int32_t ky)
{
    const struct fdm_nn_conv_shape *s = &rows->params->shape;
    return rows->rows + (size_t)((y * s->stride_h + ky) % s->kernel_h) * rows->row_bytes;
}

#endif
