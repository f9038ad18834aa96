/* Writes small Keras .h5 files in memory: configuration, layers and weights as Keras 2 stores them.
 * Weight i of a dataset is (i % 31 - 15) / 16, so that layouts can be checked; variances
 * ("variance" in the name) are 1. */
#ifndef FDM_TESTS_SUPPORT_H5_BUILDER_H
#define FDM_TESTS_SUPPORT_H5_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum test_h5_type { TEST_H5_F32, TEST_H5_F64, TEST_H5_S32 };

struct test_h5_weight {
    const char *layer;
    const char *name; /* "conv1/kernel:0" */
    uint32_t rank;
    uint64_t dims[8];
    enum test_h5_type type;
    bool unwritten; /* listed in weight_names, but there is no dataset */
    bool external;  /* its data lie in another file */
    bool gzip;      /* chunked and compressed */
};

#define TEST_H5_WEIGHTS 16
#define TEST_H5_LAYERS 16

struct test_h5 {
    const char *config; /* JSON; NULL: no attribute */
    bool config_is_number;
    size_t fixed_bytes; /* of names, as older h5py writes them; 0: variable length */
    bool names_are_numbers;
    bool soft_link; /* the first layer's group is a soft link to itself */
    const char *layers[TEST_H5_LAYERS];
    size_t layer_count;
    struct test_h5_weight weights[TEST_H5_WEIGHTS];
    size_t weight_count;
};

/* Input [8,8,3] - conv1 3x3/2 to 4 - conv1_bn - conv1_relu - conv_dw 3x3 with bias - average -
 * reshape_1 [1,1,4] - dropout - preds 1x1 to 2 with bias - softmax - reshape_2 [2]. */
void test_h5_small(struct test_h5 *model);
extern const char test_h5_small_config[];

/* The described file; the caller frees `*bytes`. */
void test_h5_write(const struct test_h5 *model, uint8_t **bytes, size_t *len);

/* The same weights at other places, "layers/conv2d/vars/0", without a configuration; a place of
 * NULL leaves the weight out. `named`: each group has its layer's name as the attribute "name". */
void test_h5_write_places(const struct test_h5 *model, const char *const *places, bool named,
                          uint8_t **bytes, size_t *len);

#endif
