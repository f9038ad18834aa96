/* The kernels: which there are, what each needs, and how each wants its weights.
 *
 * Every operator has a reference kernel (kernels.def), the specification. Tuned kernels
 * (tuned.def) compute the same bits for some parameters with some instruction set. Compilers of
 * networks choose, pack the weights for the choice, and store the function in the layer, so that a
 * program that only runs networks needs neither this table nor any packing code.
 *
 * Choosing and packing are portable C in the folder host: any host prepares networks for any
 * processor. `run` is NULL
 * where this program cannot contain the kernel's instructions. */
#ifndef FDM_NN_KERNEL_H
#define FDM_NN_KERNEL_H

#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_call.h"

/* Instruction sets, as bits of a set. */
enum fdm_nn_isa {
    FDM_NN_ISA_PORTABLE = 0,         /* C11 */
    FDM_NN_ISA_AVX2 = 1 << 0,        /* x86-64 with AVX2 */
    FDM_NN_ISA_AVX512_VNNI = 1 << 1, /* AVX-512 F, BW, DQ, VL, VBMI and VNNI */
    FDM_NN_ISA_DSP = 1 << 2,         /* Armv7E-M, Armv8-M Mainline: SMLAD and its kin */
    FDM_NN_ISA_MVE = 1 << 3,         /* Armv8.1-M with MVE, integer and float */
    FDM_NN_ISA_NEON = 1 << 4,        /* Armv7-A and Armv8-A Advanced SIMD */
};

/* What a packed block contains beside the weights; a layer carries no second copy of it. */
enum fdm_nn_holds { FDM_NN_HOLDS_BIAS = 1 << 0, FDM_NN_HOLDS_REQUANT = 1 << 1 };

struct fdm_nn_kernel {
    const char *name; /* the run function is fdm_nn_<name>_run() */
    enum fdm_nn_op op;
    enum fdm_nn_isa isa;
    fdm_nn_run *run;
    /* Whether it computes a layer with these parameters, which the operator's own check accepted.
     */
    bool (*suits)(const void *params);
    size_t (*scratch_bytes)(const void *params);
    /* NULL: weights, bias and requantization as fdm_nn.h has them. Otherwise the size of the packed
     * block, at least 1, and the function that fills it from those; `bias` may be NULL. */
    size_t (*packed_bytes)(const void *params);
    void (*pack)(const void *params, const void *weights, const void *bias, void *packed);
    unsigned holds; /* set of enum fdm_nn_holds */
};

/* All tuned kernels, the best first among those of one operator; the last has no name. */
extern const struct fdm_nn_kernel fdm_nn_tuned_kernels[];
/* The specification; complete. */
extern const struct fdm_nn_kernel fdm_nn_reference_kernels[FDM_NN_OP_COUNT];

/* Whether the operator accepts these parameters at all: its fdm_nn_<name>_check(). */
enum fdm_nn_status fdm_nn_check(enum fdm_nn_op op, const void *params, const void *bias);

/* The best kernel for a layer of this operator among those of the instruction sets `isas`: the
 * reference if none suits. */
const struct fdm_nn_kernel *fdm_nn_choose(enum fdm_nn_op op, const void *params, unsigned isas);

/* The instruction sets that this computer's processor has and this program can use. */
unsigned fdm_nn_host_isas(void);
/* By name ("avx2", "avx512-vnni", "dsp", "mve", "neon"), or 0. */
unsigned fdm_nn_isa_find(const char *name);

#define FDM_NN_KERNEL(NAME, name) fdm_nn_run fdm_nn_##name##_run;
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
#define FDM_NN_TUNED(OP, ISA, name, holds) fdm_nn_run fdm_nn_##name##_run;
#define FDM_NN_TUNED_PLAIN(OP, ISA, name) fdm_nn_run fdm_nn_##name##_run;
#define FDM_NN_TUNED_SOME(OP, ISA, name) fdm_nn_run fdm_nn_##name##_run;
#include "reference/kernels/tuned.def"
#undef FDM_NN_TUNED
#undef FDM_NN_TUNED_PLAIN
#undef FDM_NN_TUNED_SOME

#endif
