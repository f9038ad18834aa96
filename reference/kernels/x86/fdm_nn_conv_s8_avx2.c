#include "reference/kernels/x86/avx2.h"
/* The vectors come first. */
#include "reference/kernels/x86/conv_s8.inc"
