/* A Keras model's configuration: the JSON that model.get_config() gives, as Keras 2 stores it in
 * .h5 files and Keras 3 in .keras files. It says what the layers are and who reads whom; weights
 * are elsewhere.
 *
 * Understood are chains, Sequential or Functional, of the layer classes below. Everything that
 * would change the result and that we do not compute is refused with the layer's name:
 * FDM_ERR_UNSUPPORTED. FDM_ERR_FORMAT: malformed or contradictory. */
#ifndef FDM_REFERENCE_IMPORTERS_KERAS_CONFIG_H
#define FDM_REFERENCE_IMPORTERS_KERAS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/json.h"
#include "harness/base/status.h"

#define FDM_KERAS_MAX_LAYERS 1024

enum fdm_keras_kind {
    FDM_KERAS_INPUT, /* InputLayer: `shape` of rank 3, without the batch */
    FDM_KERAS_CONV_2D,
    FDM_KERAS_DEPTHWISE_CONV_2D,
    FDM_KERAS_BATCH_NORM, /* over the last axis, with gamma and beta */
    FDM_KERAS_RELU,       /* ReLU, or Activation "relu" */
    FDM_KERAS_SOFTMAX,    /* Softmax over the last axis, or Activation "softmax" */
    FDM_KERAS_GLOBAL_AVERAGE_POOLING,
    FDM_KERAS_RESHAPE, /* `shape` without the batch; one dimension may be -1 */
    FDM_KERAS_IDENTITY /* Dropout at inference, Activation "linear" */
};

struct fdm_keras_layer {
    const char *name; /* lives in the configuration */
    enum fdm_keras_kind kind;
    int32_t shape[5];
    uint32_t shape_rank;
    /* convolutions */
    uint32_t filters; /* CONV_2D only */
    uint32_t kernel_h, kernel_w;
    uint32_t stride_h, stride_w;
    bool same_padding;
    bool use_bias;
    bool relu;      /* the fused activation; false: linear */
    float epsilon;  /* batch norm */
    bool keep_dims; /* pooling */
};

struct fdm_keras_config {
    struct fdm_json *document;
    const char *name; /* the model's own */
    struct fdm_keras_layer *layers;
    uint32_t layer_count; /* in execution order: the input, then each reads the one before */
};

/* The caller releases `*out`, also on failure. */
enum fdm_status fdm_keras_config_parse(const char *json, size_t len, struct fdm_keras_config *out,
                                       struct fdm_error *err);
void fdm_keras_config_release(struct fdm_keras_config *config);

#endif
