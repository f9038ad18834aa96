/* The compiled form of a model, and its execution; on the host and on devices.
 *
 * A network is constant data: operators with their parameters (layers), where each activation lies
 * in the arena (tensors), and weights. The host's compiler makes it in memory, firmware has it as
 * initialised constants. Running one needs no malloc, no stdio and no libm, and keeps no state but
 * the arena, so a network can run in several threads, each with its own arena.
 *
 * How to run one: supply `arena_bytes` bytes aligned to FDM_NETWORK_ALIGNMENT; write the image to
 * fdm_network_input() as [h, w, 3], uint8 for int8 models and float32 for float models; call
 * fdm_network_run(); read float32 [c] at fdm_network_output(). The input may be overwritten by the
 * run, so write it again before the next. */
#ifndef FDM_REFERENCE_NETWORK_NETWORK_H
#define FDM_REFERENCE_NETWORK_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "reference/kernels/nn_kernel.h"

#define FDM_NETWORK_ALIGNMENT 16

enum fdm_network_type { FDM_NETWORK_U8, FDM_NETWORK_S8, FDM_NETWORK_F32 };

/* One activation. [h, w, c] NHWC with batch 1; vectors have h == w == 1. */
struct fdm_network_tensor {
    enum fdm_network_type type;
    int32_t h, w, c;
    size_t offset; /* in the arena, bytes, a multiple of FDM_NETWORK_ALIGNMENT */
    size_t bytes;
    float scale; /* real = scale * (q - zero_point); 0 for float tensors */
    int32_t zero_point;
};

/* The parameters of one layer: the member is the one named like the operator. */
union fdm_network_params {
#define FDM_NN_KERNEL(NAME, name) struct fdm_nn_##name name;
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
};

struct fdm_network_layer {
    enum fdm_nn_op op;
    uint32_t input;        /* tensor, by index */
    uint32_t output;       /* tensor; it may share the input's bytes where the operator allows it */
    uint32_t file_tensor;  /* the output's number in the model file: keys layer checksums */
    const char *name;      /* the operator's name in the model file */
    fdm_nn_run *run;       /* the kernel that computes it */
    const char *kernel;    /* its name, as in nn_kernel.h */
    const void *weights;   /* in the kernel's layout; NULL where it has none */
    const void *bias;      /* int32 or float; NULL for none, or where `weights` contains it */
    size_t weights_bytes;  /* of `weights` */
    size_t bias_bytes;     /* of `bias` */
    size_t scratch_offset; /* in the arena, a multiple of FDM_NETWORK_ALIGNMENT */
    size_t scratch_bytes;
    uint64_t macs; /* multiply-accumulates, padding counted, bias not */
    union fdm_network_params params;
};

struct fdm_network {
    const char *name;      /* the model's */
    const char *sha256;    /* of the model file, 64 digits */
    const char *semantics; /* preset by name; NULL for float networks */
    const char *engine;    /* "reference", or "tuned" where tuned kernels were allowed */
    const struct fdm_network_layer *layers; /* in execution order */
    const struct fdm_network_tensor *tensors;
    uint32_t layer_count;
    uint32_t tensor_count;
    uint32_t input;          /* tensor */
    uint32_t output;         /* tensor */
    size_t activation_bytes; /* the end of the last tensor, aligned */
    size_t scratch_bytes;    /* the largest scratch of any layer */
    size_t arena_bytes;      /* the whole, scratch included */
};

/* Watches a run. Either function may be NULL. `output` is the layer's whole output, valid until
 * `after` returns. */
struct fdm_network_observer {
    void *context;
    void (*before)(void *context, uint32_t layer);
    void (*after)(void *context, uint32_t layer, const void *output, size_t bytes);
};

/* Where the caller writes the image and reads the result. */
void *fdm_network_input(const struct fdm_network *network, void *arena);
const float *fdm_network_output(const struct fdm_network *network, const void *arena);

/* A tensor's rows, for a kernel's call. */
struct fdm_nn_rows fdm_network_rows(const struct fdm_network_tensor *tensor, void *arena);

/* Runs all layers in order; `observer` may be NULL. FDM_NN_ERR_ARGUMENT if this program does not
 * contain a layer's kernel; layers behind it did not run. */
enum fdm_nn_status fdm_network_run(const struct fdm_network *network, void *arena,
                                   const struct fdm_network_observer *observer);

#endif
