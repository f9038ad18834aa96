#include "harness/bench/fidelity.h"

#include <math.h>
#include <stdlib.h>

#include "harness/bench/inference.h"
#include "harness/bench/parallel.h"

struct job {
    const struct fdm_network *network;
    const struct fdm_samples *samples;
    const struct fdm_answers_change *change;
    uint32_t softmax; /* layer */
    void **arenas;    /* one per thread */
    struct fdm_answers *answers;
};

struct watcher {
    const struct job *job;
    void *arena;
    float *logits;
};

static void change_output(void *context, uint32_t layer, size_t at, const void *output,
                          size_t bytes)
{
    (void)output; /* the same place, but only to look at */
    const struct watcher *watcher = context;
    const struct fdm_network *network = watcher->job->network;
    const struct fdm_answers_change *change = watcher->job->change;
    size_t offset = network->tensors[network->layers[layer].output].offset;
    change->apply(change->context, layer, (unsigned char *)watcher->arena + offset + at, bytes);
}

static void copy_logits(void *context, uint32_t layer, size_t at)
{
    const struct watcher *watcher = context;
    const struct fdm_network *network = watcher->job->network;
    if (layer != watcher->job->softmax || at != 0)
        return;
    const struct fdm_network_tensor *tensor = &network->tensors[network->layers[layer].input];
    const unsigned char *bytes = (const unsigned char *)watcher->arena + tensor->offset;
    const float *reals = (const void *)bytes;
    const int8_t *codes = (const void *)bytes;
    for (uint32_t i = 0; i < watcher->job->answers->classes; i++)
        watcher->logits[i] = tensor->type == FDM_NETWORK_F32
                                 ? reals[i]
                                 : tensor->scale * (float)(codes[i] - tensor->zero_point);
}

/* Straight into the item's own place. */
static enum fdm_status work(void *context, uint32_t worker, uint32_t item, void *result,
                            struct fdm_error *err)
{
    (void)result;
    const struct job *job = context;
    void *arena = job->arenas[worker];
    struct watcher watcher = {job, arena,
                              job->answers->logits + (size_t)item * job->answers->classes};
    const struct fdm_network_observer observer = {
        .context = &watcher,
        .before = copy_logits,
        .after = job->change != NULL ? change_output : NULL,
    };
    fdm_samples_write(job->samples, item, job->network, arena);
    if (fdm_network_run(job->network, arena, &observer) != FDM_NN_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "a kernel refused its parameters");
    job->answers->top1[item] =
        fdm_inference_argmax(fdm_network_output(job->network, arena), job->answers->classes);
    return FDM_OK;
}

static enum fdm_status find_softmax(const struct fdm_network *network, uint32_t *out,
                                    struct fdm_error *err)
{
    for (uint32_t i = network->layer_count; i-- > 0;) {
        enum fdm_nn_op op = network->layers[i].op;
        if (op == FDM_NN_OP_SOFTMAX_F32 || op == FDM_NN_OP_SOFTMAX_S8) {
            *out = i;
            return FDM_OK;
        }
    }
    return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: no SOFTMAX at its end", network->name);
}

static enum fdm_status prepare(struct job *job, uint32_t threads, struct fdm_error *err)
{
    struct fdm_answers *answers = job->answers;
    enum fdm_status status = find_softmax(job->network, &job->softmax, err);
    if (status != FDM_OK)
        return status;
    answers->classes = (uint32_t)job->network->tensors[job->network->output].c;
    answers->logits = calloc((size_t)answers->count * answers->classes + 1, sizeof(float));
    answers->top1 = calloc((size_t)answers->count + 1, sizeof(uint32_t));
    job->arenas = calloc(threads, sizeof *job->arenas);
    if (answers->logits == NULL || answers->top1 == NULL || job->arenas == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %u answers", answers->count);
    for (uint32_t i = 0; status == FDM_OK && i < threads; i++)
        status = fdm_samples_arena(job->network, &job->arenas[i], err);
    return status;
}

enum fdm_status fdm_answers_compute(const struct fdm_network *network,
                                    const struct fdm_samples *samples, uint32_t threads,
                                    const struct fdm_answers_change *change,
                                    struct fdm_answers *out, struct fdm_error *err)
{
    struct job job = {.network = network, .samples = samples, .change = change, .answers = out};
    *out = (struct fdm_answers){.count = samples->count};
    enum fdm_status status = prepare(&job, threads, err);
    const struct fdm_parallel map = {
        .items = samples->count,
        .threads = threads,
        .result_bytes = 1,
        .context = &job,
        .work = work,
    };
    if (status == FDM_OK)
        status = fdm_parallel_map(&map, err);
    for (uint32_t i = 0; job.arenas != NULL && i < threads; i++)
        free(job.arenas[i]);
    free(job.arenas);
    return status;
}

void fdm_answers_release(struct fdm_answers *answers)
{
    free(answers->logits);
    free(answers->top1);
    *answers = (struct fdm_answers){0};
}

/* log of the sum of exp(values), without overflow. */
static double log_sum_exp(const float *values, uint32_t count)
{
    double max = (double)values[fdm_inference_argmax(values, count)];
    double sum = 0.0;
    for (uint32_t i = 0; i < count; i++)
        sum += exp((double)values[i] - max);
    return max + log(sum);
}

static double divergence(const float *a, const float *b, uint32_t classes)
{
    double norm_a = log_sum_exp(a, classes);
    double norm_b = log_sum_exp(b, classes);
    double sum = 0.0;
    for (uint32_t i = 0; i < classes; i++) {
        double log_a = (double)a[i] - norm_a;
        sum += exp(log_a) * (log_a - ((double)b[i] - norm_b));
    }
    return sum;
}

struct fdm_fidelity fdm_fidelity_measure(const struct fdm_answers *a, const struct fdm_answers *b)
{
    struct fdm_fidelity f = {.count = a->count};
    double signal = 0.0;
    double noise = 0.0;
    for (uint32_t i = 0; i < a->count; i++) {
        const float *x = a->logits + (size_t)i * a->classes;
        const float *y = b->logits + (size_t)i * a->classes;
        f.agree += a->top1[i] == b->top1[i];
        f.divergence += divergence(x, y, a->classes) / a->count;
        for (uint32_t c = 0; c < a->classes; c++) {
            double difference = (double)y[c] - (double)x[c];
            signal += (double)x[c] * (double)x[c];
            noise += difference * difference;
        }
    }
    f.sqnr_db = 10.0 * log10(signal / noise);
    return f;
}

uint32_t fdm_answers_correct(const struct fdm_answers *answers, const uint32_t *labels)
{
    uint32_t correct = 0;
    for (uint32_t i = 0; i < answers->count; i++)
        correct += answers->top1[i] == labels[i];
    return correct;
}
