#include "reference/kernels/x86/avx512.h"
/* The vectors come first. */
#include "reference/kernels/x86/dwconv_f32.inc"
