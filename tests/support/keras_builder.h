/* Writes small .keras archives in memory, as Keras 3 does: the model of h5_builder.h in the other
 * container. */
#ifndef FDM_TESTS_SUPPORT_KERAS_BUILDER_H
#define FDM_TESTS_SUPPORT_KERAS_BUILDER_H

#include "harness/base/buf.h"
#include "tests/support/h5_builder.h"

/* The same model as test_h5_small_config, in Keras 3's words. */
extern const char test_keras_small_config[];

struct test_keras {
    const char *config;                  /* config.json; NULL: left out */
    struct test_h5 model;                /* its weights; the rest does not count */
    const char *places[TEST_H5_WEIGHTS]; /* weight i's dataset; NULL: left out */
    bool named; /* groups tell their layer's name, as newer versions write it */
};
void test_keras_small(struct test_keras *keras);
void test_keras_write(const struct test_keras *keras, struct fdm_buf *out);

/* model.weights.h5 alone; the caller frees `*bytes`. */
void test_keras_write_weights(const struct test_keras *keras, uint8_t **bytes, size_t *len);

/* Any zip file: members are added between begin and end. */
struct test_zip;
struct test_zip *test_zip_begin(struct fdm_buf *out);
void test_zip_add(struct test_zip *zip, const char *name, const void *bytes, size_t len);
/* A symbolic link. */
void test_zip_add_link(struct test_zip *zip, const char *name, const char *to);
void test_zip_end(struct test_zip *zip);

#endif
