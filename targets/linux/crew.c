#include "targets/linux/crew.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

/* How long a helper looks for work before it sleeps: longer than from layer to layer, shorter than
 * from image to image. */
#define LOOKS 20000
#define LOOKS_BEFORE_YIELD 1000

/* A thread beside the one that runs the network. */
struct helper {
    pthread_t thread;
    bool started;
    void *scratch;
    pthread_mutex_t mutex; /* around sleeping and waking */
    pthread_cond_t wake;
    atomic_uint wanted; /* pieces handed over so far */
    atomic_uint done;
    atomic_bool stop;
    /* The piece: written before `wanted` is counted up, read after. */
    fdm_nn_run *run;
    struct fdm_nn_call call;
    enum fdm_nn_status status;
};

struct fdm_linux_crew {
    struct fdm_network_crew network;
    unsigned helpers;
    struct helper helper[FDM_CREW_MAX - 1];
};

/* ---- helpers ---- */

static bool has_work(struct helper *helper, unsigned seen)
{
    return atomic_load(&helper->wanted) != seen || atomic_load(&helper->stop);
}

static void await_work(struct helper *helper, unsigned seen)
{
    for (int i = 0; i < LOOKS; i++)
        if (has_work(helper, seen))
            return;
    pthread_mutex_lock(&helper->mutex);
    while (!has_work(helper, seen))
        pthread_cond_wait(&helper->wake, &helper->mutex);
    pthread_mutex_unlock(&helper->mutex);
}

static void *help(void *context)
{
    struct helper *helper = context;
    for (unsigned seen = 0;; seen++) {
        await_work(helper, seen);
        if (atomic_load(&helper->stop))
            return NULL;
        helper->status = helper->run(&helper->call);
        atomic_store(&helper->done, seen + 1);
    }
}

/* The lock makes sure that a helper either sees the work or is asleep already. */
static void wake(struct helper *helper)
{
    pthread_mutex_lock(&helper->mutex);
    pthread_cond_signal(&helper->wake);
    pthread_mutex_unlock(&helper->mutex);
}

static void hand_over(struct helper *helper, fdm_nn_run *run, const struct fdm_nn_call *call,
                      int32_t first, int32_t count)
{
    helper->run = run;
    helper->call = *call;
    helper->call.first = first;
    helper->call.count = count;
    helper->call.scratch = helper->scratch;
    atomic_fetch_add(&helper->wanted, 1);
    wake(helper);
}

static enum fdm_nn_status collect(struct helper *helper)
{
    for (int looks = 1; atomic_load(&helper->done) != atomic_load(&helper->wanted); looks++)
        if (looks % LOOKS_BEFORE_YIELD == 0)
            sched_yield(); /* the helper may wait for this very core */
    return helper->status;
}

/* ---- sharing out ---- */

/* What takes time. Where QUANTIZE shares its input's bytes, each row lies on its own input row. */
static bool is_worth_sharing(const struct fdm_network_layer *layer)
{
    return layer->op == FDM_NN_OP_QUANTIZE_U8_S8 || layer->op == FDM_NN_OP_CONV_S8 ||
           layer->op == FDM_NN_OP_DWCONV_S8 || layer->op == FDM_NN_OP_CONV_F32 ||
           layer->op == FDM_NN_OP_DWCONV_F32;
}

/* Rows of one call never lie where input rows of the same call lie, so its parts are independent.
 */
static enum fdm_nn_status share_out(void *context, const struct fdm_network_layer *layer,
                                    const struct fdm_nn_call *call)
{
    struct fdm_linux_crew *crew = context;
    int32_t parts = (int32_t)crew->helpers + 1;
    if (!is_worth_sharing(layer) || call->count < parts)
        return layer->run(call);
    struct fdm_nn_call own = *call;
    own.count = call->count / parts;
    int32_t at = own.count;
    for (unsigned i = 0; i < crew->helpers; i++) {
        int32_t rows = (call->count - at) / (parts - 1 - (int32_t)i);
        hand_over(&crew->helper[i], layer->run, call, call->first + at, rows);
        at += rows;
    }
    enum fdm_nn_status status = layer->run(&own);
    for (unsigned i = 0; i < crew->helpers; i++) {
        enum fdm_nn_status part = collect(&crew->helper[i]);
        status = status == FDM_NN_OK ? part : status;
    }
    return status;
}

/* ---- life ---- */

static size_t rounded(size_t bytes)
{
    return (bytes / FDM_NETWORK_ALIGNMENT + 1) * FDM_NETWORK_ALIGNMENT;
}

static bool start(struct helper *helper, const struct fdm_network *network)
{
    pthread_mutex_init(&helper->mutex, NULL);
    pthread_cond_init(&helper->wake, NULL);
    helper->scratch = aligned_alloc(FDM_NETWORK_ALIGNMENT, rounded(network->scratch_bytes));
    helper->started =
        helper->scratch != NULL && pthread_create(&helper->thread, NULL, help, helper) == 0;
    return helper->started;
}

static void finish(struct helper *helper)
{
    if (helper->started) {
        atomic_store(&helper->stop, true);
        wake(helper);
        pthread_join(helper->thread, NULL);
    }
    pthread_cond_destroy(&helper->wake);
    pthread_mutex_destroy(&helper->mutex);
    free(helper->scratch);
}

struct fdm_linux_crew *fdm_linux_crew_new(const struct fdm_network *network, unsigned threads)
{
    struct fdm_linux_crew *crew = calloc(1, sizeof *crew);
    if (crew == NULL || threads == 0 || threads > FDM_CREW_MAX) {
        free(crew);
        return NULL;
    }
    crew->network = (struct fdm_network_crew){crew, share_out};
    while (crew->helpers < threads - 1) {
        bool started = start(&crew->helper[crew->helpers++], network);
        if (!started) {
            fdm_linux_crew_free(crew);
            return NULL;
        }
    }
    return crew;
}

void fdm_linux_crew_free(struct fdm_linux_crew *crew)
{
    if (crew == NULL)
        return;
    for (unsigned i = 0; i < crew->helpers; i++)
        finish(&crew->helper[i]);
    free(crew);
}

const struct fdm_network_crew *fdm_linux_crew_network(const struct fdm_linux_crew *crew)
{
    return &crew->network;
}
