/* A small float network as it comes from training, to be quantized. */
#ifndef FDM_TESTS_SUPPORT_FLOAT_GRAPH_H
#define FDM_TESTS_SUPPORT_FLOAT_GRAPH_H

#include "reference/graph/graph.h"
#include "reference/quantizer/samples.h"

/* The operators of test_float_graph(), by index. */
enum test_float_op {
    TEST_FLOAT_CONV, /* 3x3, stride 2, SAME, no bias: [1,8,8,3] to [1,4,4,6] */
    TEST_FLOAT_CONV_NORM,
    TEST_FLOAT_CONV_RELU,
    TEST_FLOAT_DW, /* 3x3, SAME, with bias, nothing behind it */
    TEST_FLOAT_PW, /* 1x1, no bias: to [1,4,4,8] */
    TEST_FLOAT_PW_NORM,
    TEST_FLOAT_PW_RELU,
    TEST_FLOAT_MEAN,    /* to [1,8] */
    TEST_FLOAT_RESHAPE, /* to [1,1,1,8] */
    TEST_FLOAT_DROPOUT, /* a RESHAPE that changes nothing */
    TEST_FLOAT_PREDS,   /* 1x1, with bias: to [1,1,1,3] */
    TEST_FLOAT_SOFTMAX,
    TEST_FLOAT_FLAT, /* to [1,3] */
    TEST_FLOAT_OPS
};

/* Random weights, always the same for a seed (not 0); the channels differ in size by a factor of
 * up to 8, so that one scale for all is a poor one. The caller frees. */
struct fdm_graph *test_float_graph(uint32_t seed);

/* Changes a constant of operator `op`: its operand `input`, counted from 0. */
float *test_float_constant(const struct fdm_graph *graph, uint32_t op, uint32_t input);

/* Images for that network, random pixels of 0..1 and of varied brightness; `samples` points into
 * the rest. The caller frees with free(). */
enum { TEST_FLOAT_PIXELS = 8 * 8 * 3, TEST_FLOAT_IMAGES_MAX = 40 };
struct test_float_images {
    uint8_t bytes[TEST_FLOAT_IMAGES_MAX][TEST_FLOAT_PIXELS];
    const uint8_t *pixels[TEST_FLOAT_IMAGES_MAX];
    float real[256];
    uint8_t code[256];
    struct fdm_samples samples;
};
struct test_float_images *test_float_images(uint32_t count);

#endif
