/* One image through one case's network: what goes in, what comes out, what it means. */
#ifndef FDM_BENCH_INFERENCE_H
#define FDM_BENCH_INFERENCE_H

#include "harness/base/status.h"
#include "harness/bench/plan.h"
#include "harness/datasets/image.h"

/* A prediction of `image` with nothing inferred yet: unreadable until judged. */
void fdm_inference_begin(struct fdm_prediction *prediction, uint32_t image, uint32_t label);

/* Writes the network's input, mapped as the case wants it: uint8 or float32, [h, w, 3]. `input` has
 * the bytes of the network's input tensor, aligned for its type; `image` has the case's size. */
void fdm_inference_write_input(const struct fdm_plan_case *item, const struct fdm_image *image,
                               void *input);

/* Fills the prediction from the network's float32 output of class_count values. */
void fdm_inference_judge(const struct fdm_plan_case *item, const float *output,
                         struct fdm_prediction *prediction);

/* Runs the network on this computer, in an arena of its size (64-byte aligned), timing it into the
 * prediction. `image` as above. */
enum fdm_status fdm_inference_run(const struct fdm_plan_case *item, const struct fdm_image *image,
                                  void *arena, struct fdm_prediction *prediction,
                                  struct fdm_error *err);

/* The index of the largest value; the first of equal ones, as numpy's argmax has it. */
uint32_t fdm_inference_argmax(const float *values, uint32_t count);

/* An arena for the largest of `count` cases; the caller frees it with free(). FDM_ERR_MEMORY. */
enum fdm_status fdm_inference_arena(const struct fdm_plan_case *const *cases, size_t count,
                                    void **out, struct fdm_error *err);

#endif
