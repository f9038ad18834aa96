/* What quantization did to a network, layer by layer: plain data, computed by
 * harness/bench/explain.h and rendered by reports/explain.h. */
#ifndef FDM_RESULTS_EXPLANATION_H
#define FDM_RESULTS_EXPLANATION_H

#include <stdint.h>

/* "Real" below is what the int8 network's codes stand for. Decibels are 10 log10(signal / noise)
 * and may be infinite. */
struct fdm_explained_layer {
    const char *name;      /* of the float model's layer */
    const char *operation; /* "CONV_2D" */
    /* Of this layer's output, all layers before it quantized too, against the float model's; up to
     * a factor and an offset for each channel, because those are what equalization changes. */
    double sqnr_db;
    /* Of this layer's rounding and clipping alone. */
    double own_sqnr_db;
    double min, max;  /* real: seen with no activation rounded */
    double low, high; /* real: what codes -128 and 127 stand for */
    double clipped;   /* share of the values outside of low..high */
    /* With this layer's output quantized and no other: mean Kullback-Leibler divergence of the
     * probabilities in nats, and images whose top-1 class changes. */
    double divergence;
    uint32_t changed;
};

struct fdm_explanation {
    uint32_t images;
    /* The int8 model against the float one. */
    uint32_t agree;
    double logits_sqnr_db, divergence;
    /* The same with int8 weights, but no activation rounded. */
    uint32_t weights_agree;
    double weights_logits_sqnr_db, weights_divergence;
    struct fdm_explained_layer *layers;
    uint32_t layer_count;
};

#endif
