/* Semantics: the named sets of rounding rules that an int8 inference follows.
 *
 * TensorFlow Lite's runtimes do not agree with each other to the bit; each preset names one of
 * them. Float networks have no semantics. */
#ifndef FDM_REFERENCE_NETWORK_SEMANTICS_H
#define FDM_REFERENCE_NETWORK_SEMANTICS_H

#include <stddef.h>

#include "reference/kernels/nn_types.h"

#define FDM_SEMANTICS_DEFAULT "tflite"

struct fdm_semantics {
    const char *name;          /* lower case, stable: it stands in records */
    const char *description;   /* one line: which runtime computes like this */
    enum fdm_nn_rounding conv; /* CONV_2D */
    enum fdm_nn_rounding gemv; /* CONV_2D whose output is one pixel: a matrix times a vector */
    enum fdm_nn_rounding dwconv;
    enum fdm_nn_mean_rule mean;
    enum fdm_nn_softmax_rule softmax;
};

/* NULL if no preset has that name. The presets live forever. */
const struct fdm_semantics *fdm_semantics_find(const char *name);

size_t fdm_semantics_count(void);
/* The default first; NULL past the end. */
const struct fdm_semantics *fdm_semantics_at(size_t index);

#endif
