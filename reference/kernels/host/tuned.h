/* What each row of tuned.def brings beside its run function; types and meaning as in struct
 * fdm_nn_kernel (reference/kernels/nn_kernel.h). */
#ifndef FDM_NN_HOST_TUNED_H
#define FDM_NN_HOST_TUNED_H

#include "reference/kernels/nn_kernel.h"

#define FDM_NN_TUNED_PLAIN(OP, ISA, name)
#define FDM_NN_TUNED_SOME(OP, ISA, name) bool fdm_nn_##name##_suits(const void *params);
#define FDM_NN_TUNED(OP, ISA, name, holds)                                                         \
    bool fdm_nn_##name##_suits(const void *params);                                                \
    size_t fdm_nn_##name##_scratch(const void *params);                                            \
    size_t fdm_nn_##name##_packed_bytes(const void *params);                                       \
    void fdm_nn_##name##_pack(const void *params, const void *weights, const void *bias,           \
                              void *packed);
#include "reference/kernels/tuned.def"
#undef FDM_NN_TUNED
#undef FDM_NN_TUNED_PLAIN
#undef FDM_NN_TUNED_SOME

#endif
