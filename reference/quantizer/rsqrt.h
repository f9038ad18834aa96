/* The reciprocal square root with which TensorFlow Lite's converter folds batch norm.
 *
 * The converter evaluates Rsqrt at conversion time with TensorFlow's CPU kernel, which Eigen
 * vectorises: on x86-64 with AVX each group of eight values is the instruction RSQRTPS followed by
 * one Newton step, without fused multiply-add. So published scales carry that approximation's error
 * (up to 4e-7), and only its emulation gives them again to the bit.
 *
 * Intel's RSQRTPS looks at the exponent's parity and the upper ten bits of the fraction: its result
 * is 1 / sqrt of the middle of that interval, rounded to nearest with 12 bits behind the point
 * (Intel SDM: relative error at most 1.5 * 2^-12). The rule was checked against all 2048 values
 * measured on Intel processors that the Bochs emulator documents (bochs/cpu/sse_rcp.cc) and,
 * through the published scales, by tests/oracle/quantizer_test.c. AMD's instruction gives other
 * values, which is why this is arithmetic and no intrinsic. */
#ifndef FDM_REFERENCE_QUANTIZER_RSQRT_H
#define FDM_REFERENCE_QUANTIZER_RSQRT_H

/* RSQRTPS for a normal, positive, finite x. */
float fdm_rsqrt_intel(float x);

/* 1 / sqrt(x) as the converter computes it, for finite x > 0; correctly rounded where RSQRTPS has
 * no approximation (denormal numbers). */
float fdm_rsqrt_converter(float x);

/* 1 / sqrt(x), correctly rounded but for double rounding. */
float fdm_rsqrt_exact(float x);

#endif
