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
 * run, so write it again before the next.
 *
 * A network may be streamed: its first `streamed` layers then run alternately, a row at a time, on
 * tensors of which only the rows are held that are still needed. Where that is true of the input
 * too, the image comes row by row: fdm_network_begin(), for each row fdm_network_next_row() and
 * fdm_network_feed(), then fdm_network_finish(); or fdm_network_run_image(), if the caller has it
 * all. Those work for every network. Nothing is computed twice. */
#ifndef FDM_REFERENCE_NETWORK_NETWORK_H
#define FDM_REFERENCE_NETWORK_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "reference/kernels/nn_kernel.h"

#define FDM_NETWORK_ALIGNMENT 16
#define FDM_NETWORK_STREAMED_MAX 32

enum fdm_network_type { FDM_NETWORK_U8, FDM_NETWORK_S8, FDM_NETWORK_F32 };

/* In a program that is compiled with FDM_NETWORK_BARE, as microcontrollers' are, layers and
 * tensors lack what no run needs, and a network's source leaves it out: 5 KB less flash. */
#ifdef FDM_NETWORK_BARE
#define FDM_NETWORK_TOLD(...)
#else
#define FDM_NETWORK_TOLD(...) __VA_ARGS__
#endif

/* One activation. [h, w, c] NHWC with batch 1; vectors have h == w == 1. */
struct fdm_network_tensor {
    enum fdm_network_type type;
    int32_t h, w, c;
    size_t offset; /* in the arena, bytes, a multiple of FDM_NETWORK_ALIGNMENT */
    size_t bytes;  /* of all h * w * c elements */
#ifndef FDM_NETWORK_BARE
    float scale; /* real = scale * (q - zero_point); 0 for float tensors */
    int32_t zero_point;
#endif
    int32_t ring; /* rows that the arena holds: row y lies where row y - ring lay; 0: all */
};

/* The parameters of one layer: the member is the one named like the operator. */
union fdm_network_params {
#define FDM_NN_KERNEL(NAME, name) struct fdm_nn_##name name;
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
};

struct fdm_network_layer {
    enum fdm_nn_op op;
    uint16_t input;        /* tensor, by index */
    uint16_t output;       /* tensor; it may share the input's bytes where the operator allows it */
    fdm_nn_run *run;       /* the kernel that computes it */
    const void *weights;   /* in the kernel's layout; NULL where it has none */
    const void *bias;      /* int32 or float; NULL for none, or where `weights` contains it */
    size_t scratch_offset; /* in the arena, a multiple of FDM_NETWORK_ALIGNMENT */
    union fdm_network_params params;
#ifndef FDM_NETWORK_BARE
    uint32_t file_tensor; /* the output's number in the model file: keys layer checksums */
    const char *name;     /* the operator's name in the model file */
    const char *kernel;   /* its name, as in nn_kernel.h */
    size_t weights_bytes; /* of `weights` */
    size_t bias_bytes;    /* of `bias` */
    size_t scratch_bytes;
    uint64_t macs; /* multiply-accumulates, padding counted, bias not */
#endif
};

/* Several threads that execute one network together: run() does what layer->run(call) does, in
 * parts of its rows if it likes, each part with scratch memory of its own. */
struct fdm_network_crew {
    void *context;
    enum fdm_nn_status (*run)(void *context, const struct fdm_network_layer *layer,
                              const struct fdm_nn_call *call);
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
    uint32_t streamed;       /* layers that run row by row, at most FDM_NETWORK_STREAMED_MAX */
    size_t activation_bytes; /* the end of the last tensor, aligned */
    size_t scratch_bytes;    /* the largest scratch of any layer */
    size_t arena_bytes;      /* the whole, scratch included */
    const struct fdm_network_crew *crew; /* set by who has one, for its copy; NULL: no threads */
};

/* Watches a run. Either function may be NULL. A layer's output comes in one piece or in several,
 * from its first byte to its last: `output` is the piece of `bytes` bytes that begins `at` bytes
 * into the whole, and is valid until `after` returns. `before` comes before each piece is computed;
 * before the first one of a layer that is not streamed, its whole input is in place. */
struct fdm_network_observer {
    void *context;
    void (*before)(void *context, uint32_t layer, size_t at);
    void (*after)(void *context, uint32_t layer, size_t at, const void *output, size_t bytes);
};

/* How far a run is. */
struct fdm_network_progress {
    /* Rows that were there so far: of the input, then of each streamed layer's output. */
    int32_t rows[1 + FDM_NETWORK_STREAMED_MAX];
};

/* Where the caller writes the image and reads the result. */
void *fdm_network_input(const struct fdm_network *network, void *arena);
const float *fdm_network_output(const struct fdm_network *network, const void *arena);

/* A tensor's rows, for a kernel's call. */
struct fdm_nn_rows fdm_network_rows(const struct fdm_network_tensor *tensor, void *arena);

/* A convolution's geometry; NULL for other operators. */
static inline const struct fdm_nn_conv_shape *
fdm_network_conv_shape(const struct fdm_network_layer *layer)
{
    switch (layer->op) {
    case FDM_NN_OP_CONV_S8:
        return &layer->params.conv_s8.shape;
    case FDM_NN_OP_DWCONV_S8:
        return &layer->params.dwconv_s8.conv.shape;
    case FDM_NN_OP_CONV_F32:
        return &layer->params.conv_f32.shape;
    case FDM_NN_OP_DWCONV_F32:
        return &layer->params.dwconv_f32.conv.shape;
    default:
        return NULL;
    }
}

/* Whether each output element depends on the input's element in the same place alone. */
static inline bool fdm_network_is_elementwise(const struct fdm_network_layer *layer)
{
    return layer->op == FDM_NN_OP_QUANTIZE_U8_S8 || layer->op == FDM_NN_OP_DEQUANTIZE_S8_F32;
}

/* The input rows begin..end-1 that one output row needs; later rows need none before `begin`. */
struct fdm_network_span {
    int32_t begin, end;
};
static inline struct fdm_network_span fdm_network_needs(const struct fdm_network *network,
                                                        const struct fdm_network_layer *layer,
                                                        int32_t row)
{
    int32_t in_h = network->tensors[layer->input].h;
    const struct fdm_nn_conv_shape *s = fdm_network_conv_shape(layer);
    if (s == NULL)
        return fdm_network_is_elementwise(layer) ? (struct fdm_network_span){row, row + 1}
                                                 : (struct fdm_network_span){0, in_h};
    int32_t begin = row * s->stride_h - s->pad_top;
    int32_t end = begin + s->kernel_h;
    return (struct fdm_network_span){begin < 0 ? 0 : begin, end < in_h ? end : in_h};
}

/* Runs all layers on the input in the arena; `observer` may be NULL. FDM_NN_ERR_ARGUMENT if this
 * program does not contain a layer's kernel (layers behind it did not run), or if the arena has no
 * room for the whole input. */
enum fdm_nn_status fdm_network_run(const struct fdm_network *network, void *arena,
                                   const struct fdm_network_observer *observer);

/* The same on an input that lies outside the arena; of any network. */
enum fdm_nn_status fdm_network_run_image(const struct fdm_network *network, void *arena,
                                         const void *image,
                                         const struct fdm_network_observer *observer);

/* The same in steps. feed() runs what the row that was written to next_row() allows; finish() runs
 * the rest once all rows were fed. The result is FDM_NN_ERR_ARGUMENT also for a row too many or
 * too few. */
void fdm_network_begin(struct fdm_network_progress *progress);
void *fdm_network_next_row(const struct fdm_network *network, void *arena,
                           const struct fdm_network_progress *progress);
enum fdm_nn_status fdm_network_feed(const struct fdm_network *network, void *arena,
                                    struct fdm_network_progress *progress,
                                    const struct fdm_network_observer *observer);
enum fdm_nn_status fdm_network_finish(const struct fdm_network *network, void *arena,
                                      struct fdm_network_progress *progress,
                                      const struct fdm_network_observer *observer);

#endif
