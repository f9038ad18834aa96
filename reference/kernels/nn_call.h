/* How an engine calls a kernel: some rows of an output, from rows of an input.
 *
 * A kernel is one function, fdm_nn_<name>_run(), that fills output rows first..first+count-1. It
 * reads only the input rows that those need, so an executor may keep fewer rows than a tensor has,
 * run layers alternately, hand rows to several threads, or let a layer's output overwrite input
 * rows that no later row needs: with count 1, nothing is read after the call but what later rows
 * need. Within one call input and output bytes may be touched in any order, so they must not
 * overlap there (QUANTIZE and DEQUANTIZE excepted: see fdm_nn.h).
 *
 * A kernel trusts its call: parameters passed the operator's check when the network was compiled,
 * and `weights` has the layout that the kernel asks for (nn_kernel.h). */
#ifndef FDM_NN_CALL_H
#define FDM_NN_CALL_H

#include "reference/kernels/nn_types.h"

/* The rows [w, c] of one activation. A whole tensor has `ring` == h and is contiguous; otherwise
 * row y lies where row y - ring lay. */
struct fdm_nn_rows {
    void *base;
    size_t row_bytes;
    int32_t ring; /* rows held, at least 1 */
};

static inline void *fdm_nn_row(const struct fdm_nn_rows *rows, int32_t y)
{
    int32_t slot = y < rows->ring ? y : y % rows->ring;
    return (unsigned char *)rows->base + (size_t)slot * rows->row_bytes;
}

struct fdm_nn_call {
    const void *params;    /* struct fdm_nn_<operator> */
    const void *weights;   /* NULL where the operator has none */
    const void *bias;      /* likewise, or for zeros, or where `weights` contains it */
    struct fdm_nn_rows in; /* MEAN and SOFTMAX read it whole: ring == h */
    struct fdm_nn_rows out;
    int32_t first, count; /* output rows; MEAN and SOFTMAX have one */
    void *scratch;        /* aligned to 16; may be NULL if the kernel needs none */
};

/* A call for whole tensors: a convolution's, with elements of `in_size` and `out_size` bytes, and
 * one for activations of one row. The caller fills in the rest. */
static inline struct fdm_nn_call fdm_nn_conv_call(const struct fdm_nn_conv_shape *s,
                                                  const void *input, size_t in_size, void *output,
                                                  size_t out_size)
{
    struct fdm_nn_call call = {
        .in = {(void *)input, (size_t)s->in_w * (size_t)s->in_c * in_size, s->in_h},
        .out = {output, (size_t)s->out_w * (size_t)s->out_c * out_size, s->out_h},
        .count = s->out_h,
    };
    return call;
}

static inline struct fdm_nn_call fdm_nn_vector_call(const void *input, size_t in_bytes,
                                                    void *output, size_t out_bytes)
{
    struct fdm_nn_call call = {
        .in = {(void *)input, in_bytes, 1}, .out = {output, out_bytes, 1}, .count = 1};
    return call;
}

/* Always FDM_NN_OK for a compiled network's call. */
typedef enum fdm_nn_status fdm_nn_run(const struct fdm_nn_call *call);

#endif
