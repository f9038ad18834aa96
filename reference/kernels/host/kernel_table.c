#include "reference/kernels/nn_kernel.h"

#include <string.h>

#include "reference/kernels/host/tuned.h"

/* ---- the reference ---- */

#define SCRATCH(name)                                                                              \
    static size_t scratch_##name(const void *params)                                               \
    {                                                                                              \
        return fdm_nn_##name##_scratch(params);                                                    \
    }
#define WITH_BIAS(name)                                                                            \
    static enum fdm_nn_status check_##name(const void *params, const void *bias)                   \
    {                                                                                              \
        return fdm_nn_##name##_check(params, bias);                                                \
    }                                                                                              \
    SCRATCH(name)
#define WITHOUT_BIAS(name)                                                                         \
    static enum fdm_nn_status check_##name(const void *params, const void *bias)                   \
    {                                                                                              \
        (void)bias;                                                                                \
        return fdm_nn_##name##_check(params);                                                      \
    }                                                                                              \
    SCRATCH(name)

WITH_BIAS(conv_s8)
WITH_BIAS(dwconv_s8)
WITHOUT_BIAS(mean_s8)
WITHOUT_BIAS(softmax_s8)
WITHOUT_BIAS(quantize_u8_s8)
WITHOUT_BIAS(dequantize_s8_f32)
WITH_BIAS(conv_f32)
WITH_BIAS(dwconv_f32)
WITHOUT_BIAS(mean_f32)
WITHOUT_BIAS(softmax_f32)

static bool suits_all(const void *params)
{
    (void)params;
    return true;
}

const struct fdm_nn_kernel fdm_nn_reference_kernels[FDM_NN_OP_COUNT] = {
#define FDM_NN_KERNEL(NAME, name)                                                                  \
    [FDM_NN_OP_##NAME] = {#name,                                                                   \
                          FDM_NN_OP_##NAME,                                                        \
                          FDM_NN_ISA_PORTABLE,                                                     \
                          fdm_nn_##name##_run,                                                     \
                          suits_all,                                                               \
                          scratch_##name,                                                          \
                          NULL,                                                                    \
                          NULL,                                                                    \
                          0},
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
};

enum fdm_nn_status fdm_nn_check(enum fdm_nn_op op, const void *params, const void *bias)
{
    switch (op) {
#define FDM_NN_KERNEL(NAME, name)                                                                  \
    case FDM_NN_OP_##NAME:                                                                         \
        return check_##name(params, bias);
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
    case FDM_NN_OP_COUNT:
        break;
    }
    return FDM_NN_ERR_ARGUMENT;
}

/* ---- tuned ---- */

#if defined(__x86_64__)
#define RUN_AVX2(name) fdm_nn_##name##_run
#define RUN_AVX512_VNNI(name) fdm_nn_##name##_run
#else
#define RUN_AVX2(name) NULL
#define RUN_AVX512_VNNI(name) NULL
#endif
/* The DSP kernels have a portable form of the instructions, for tests. */
#define RUN_DSP(name) fdm_nn_##name##_run
#if defined(__ARM_FEATURE_MVE)
#define RUN_MVE(name) fdm_nn_##name##_run
#else
#define RUN_MVE(name) NULL
#endif
#if defined(__ARM_NEON)
#define RUN_NEON(name) fdm_nn_##name##_run
#else
#define RUN_NEON(name) NULL
#endif

static size_t no_scratch(const void *params)
{
    (void)params;
    return 0;
}

const struct fdm_nn_kernel fdm_nn_tuned_kernels[] = {
#define FDM_NN_TUNED_PLAIN(OP, ISA, name)                                                          \
    {#name, FDM_NN_OP_##OP, FDM_NN_ISA_##ISA, RUN_##ISA(name), suits_all, no_scratch, NULL, NULL,  \
     0},
#define FDM_NN_TUNED(OP, ISA, name, holds)                                                         \
    {#name,                                                                                        \
     FDM_NN_OP_##OP,                                                                               \
     FDM_NN_ISA_##ISA,                                                                             \
     RUN_##ISA(name),                                                                              \
     fdm_nn_##name##_suits,                                                                        \
     fdm_nn_##name##_scratch,                                                                      \
     fdm_nn_##name##_packed_bytes,                                                                 \
     fdm_nn_##name##_pack,                                                                         \
     holds},
#define FDM_NN_TUNED_PLAIN(OP, ISA, name)                                                          \
    {#name, FDM_NN_OP_##OP, FDM_NN_ISA_##ISA, RUN_##ISA(name), suits_all, no_scratch, NULL, NULL,  \
     0},
#define FDM_NN_TUNED_SOME(OP, ISA, name)                                                           \
    {#name,                                                                                        \
     FDM_NN_OP_##OP,                                                                               \
     FDM_NN_ISA_##ISA,                                                                             \
     RUN_##ISA(name),                                                                              \
     fdm_nn_##name##_suits,                                                                        \
     no_scratch,                                                                                   \
     NULL,                                                                                         \
     NULL,                                                                                         \
     0},
#include "reference/kernels/tuned.def"
#undef FDM_NN_TUNED
#undef FDM_NN_TUNED_PLAIN
#undef FDM_NN_TUNED_SOME
    {.name = NULL},
};

const struct fdm_nn_kernel *fdm_nn_choose(enum fdm_nn_op op, const void *params, unsigned isas)
{
    for (const struct fdm_nn_kernel *k = fdm_nn_tuned_kernels; k->name != NULL; k++) {
        if (k->op == op && (isas & (unsigned)k->isa) != 0 && k->suits(params))
            return k;
    }
    return &fdm_nn_reference_kernels[op];
}

/* ---- instruction sets ---- */

unsigned fdm_nn_host_isas(void)
{
    unsigned isas = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2"))
        isas |= FDM_NN_ISA_AVX2;
    if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512vbmi") &&
        __builtin_cpu_supports("avx512vnni"))
        isas |= FDM_NN_ISA_AVX512_VNNI;
#endif
#if defined(__ARM_NEON)
    isas |= FDM_NN_ISA_NEON;
#endif
#if defined(__ARM_FEATURE_MVE)
    isas |= FDM_NN_ISA_MVE;
#endif
#if defined(__ARM_FEATURE_DSP)
    isas |= FDM_NN_ISA_DSP;
#endif
    return isas;
}

unsigned fdm_nn_isa_find(const char *name)
{
    static const struct {
        const char *name;
        enum fdm_nn_isa isa;
    } isas[] = {{"avx2", FDM_NN_ISA_AVX2},
                {"avx512-vnni", FDM_NN_ISA_AVX512_VNNI},
                {"dsp", FDM_NN_ISA_DSP},
                {"mve", FDM_NN_ISA_MVE},
                {"neon", FDM_NN_ISA_NEON}};
    for (size_t i = 0; i < sizeof isas / sizeof isas[0]; i++) {
        if (strcmp(isas[i].name, name) == 0)
            return (unsigned)isas[i].isa;
    }
    return 0;
}
