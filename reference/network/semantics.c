#include "reference/network/semantics.h"

#include <string.h>

static const struct fdm_semantics presets[] = {
    {FDM_SEMANTICS_DEFAULT, "TensorFlow Lite built-in kernels without SIMD (portable ruy)",
     FDM_NN_ROUND_SINGLE, FDM_NN_ROUND_SINGLE, FDM_NN_ROUND_DOUBLE, FDM_NN_MEAN_FLOAT,
     FDM_NN_SOFTMAX_TABLE},
    {"tflite-x86", "TensorFlow Lite 2.9 built-in kernels on x86-64 with AVX or better",
     FDM_NN_ROUND_NEON, FDM_NN_ROUND_NEON, FDM_NN_ROUND_DOUBLE, FDM_NN_MEAN_FLOAT,
     FDM_NN_SOFTMAX_TABLE},
    {"tflite-arm", "TensorFlow Lite 2.9 built-in kernels on AArch64", FDM_NN_ROUND_SINGLE,
     FDM_NN_ROUND_NEON, FDM_NN_ROUND_NEON, FDM_NN_MEAN_FLOAT, FDM_NN_SOFTMAX_TABLE},
    {"xnnpack", "XNNPACK: what LiteRT runs by default, and TensorFlow Lite's XNNPACK delegate",
     FDM_NN_ROUND_FP32, FDM_NN_ROUND_FP32, FDM_NN_ROUND_FP32, FDM_NN_MEAN_FLOAT,
     FDM_NN_SOFTMAX_TABLE},
    {"litert-builtin", "LiteRT built-in kernels without SIMD", FDM_NN_ROUND_SINGLE,
     FDM_NN_ROUND_SINGLE, FDM_NN_ROUND_DOUBLE, FDM_NN_MEAN_INT_DOUBLE, FDM_NN_SOFTMAX_TABLE},
    {"tflm", "TensorFlow Lite Micro reference kernels", FDM_NN_ROUND_DOUBLE, FDM_NN_ROUND_DOUBLE,
     FDM_NN_ROUND_DOUBLE, FDM_NN_MEAN_INT_DOUBLE, FDM_NN_SOFTMAX_FIXED},
};

size_t fdm_semantics_count(void)
{
    return sizeof presets / sizeof presets[0];
}

const struct fdm_semantics *fdm_semantics_at(size_t index)
{
    return index < fdm_semantics_count() ? &presets[index] : NULL;
}

const struct fdm_semantics *fdm_semantics_find(const char *name)
{
    for (size_t i = 0; i < fdm_semantics_count(); i++) {
        if (strcmp(presets[i].name, name) == 0)
            return &presets[i];
    }
    return NULL;
}
