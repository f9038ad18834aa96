#include "harness/bench/parallel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct shared {
    const struct fdm_parallel *map;
    pthread_mutex_t lock;
    pthread_cond_t filled;  /* a result was queued, or a worker ended */
    pthread_cond_t emptied; /* a slot became free, or the map is over */
    uint32_t next_item;
    uint32_t running; /* workers */
    bool over;        /* no further item may begin */
    uint32_t capacity, head, queued;
    uint32_t *items;        /* ring of item numbers */
    unsigned char *results; /* ring of results */
    struct fdm_error error;
};

struct worker {
    struct shared *shared;
    pthread_t thread;
    uint32_t number;
    unsigned char *result;
};

static bool stopped(const struct fdm_parallel *map)
{
    return map->stop != NULL && atomic_load(map->stop);
}

static bool take_item(struct shared *shared, uint32_t *item)
{
    pthread_mutex_lock(&shared->lock);
    bool taken = !shared->over && !stopped(shared->map) && shared->next_item < shared->map->items;
    if (taken)
        *item = shared->next_item++;
    pthread_mutex_unlock(&shared->lock);
    return taken;
}

static void put_result(struct shared *shared, uint32_t item, const void *result,
                       const struct fdm_error *error)
{
    pthread_mutex_lock(&shared->lock);
    if (error->status != FDM_OK) {
        fdm_fail(&shared->error, error->status, "%s", error->message);
        shared->over = true;
    }
    while (!shared->over && shared->queued == shared->capacity)
        pthread_cond_wait(&shared->emptied, &shared->lock);
    if (!shared->over) {
        uint32_t slot = (shared->head + shared->queued++) % shared->capacity;
        shared->items[slot] = item;
        memcpy(shared->results + slot * shared->map->result_bytes, result,
               shared->map->result_bytes);
    }
    pthread_cond_signal(&shared->filled);
    pthread_mutex_unlock(&shared->lock);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct shared *shared = worker->shared;
    const struct fdm_parallel *map = shared->map;
    uint32_t item;
    while (take_item(shared, &item)) {
        struct fdm_error error = FDM_ERROR_INIT;
        enum fdm_status status =
            map->work(map->context, worker->number, item, worker->result, &error);
        if (status != FDM_OK)
            fdm_fail(&error, status, "worker failed");
        put_result(shared, item, worker->result, &error);
    }
    pthread_mutex_lock(&shared->lock);
    shared->running--;
    pthread_cond_signal(&shared->filled);
    pthread_mutex_unlock(&shared->lock);
    return NULL;
}

/* Takes the oldest result into `result`; false when no more will come. */
static bool take_result(struct shared *shared, uint32_t *item, void *result)
{
    pthread_mutex_lock(&shared->lock);
    while (shared->queued == 0 && shared->running > 0)
        pthread_cond_wait(&shared->filled, &shared->lock);
    bool taken = shared->queued > 0;
    if (taken) {
        *item = shared->items[shared->head];
        memcpy(result, shared->results + shared->head * shared->map->result_bytes,
               shared->map->result_bytes);
        shared->head = (shared->head + 1) % shared->capacity;
        shared->queued--;
        pthread_cond_signal(&shared->emptied);
    }
    pthread_mutex_unlock(&shared->lock);
    return taken;
}

static void end_early(struct shared *shared)
{
    pthread_mutex_lock(&shared->lock);
    shared->over = true;
    pthread_cond_broadcast(&shared->emptied);
    pthread_mutex_unlock(&shared->lock);
}

static enum fdm_status start_workers(struct shared *shared, struct worker *workers,
                                     uint32_t *started, struct fdm_error *err)
{
    for (uint32_t i = 0; i < shared->map->threads; i++) {
        workers[i].shared = shared;
        workers[i].number = i;
        workers[i].result = malloc(shared->map->result_bytes);
        if (workers[i].result == NULL)
            return fdm_fail(err, FDM_ERR_MEMORY, "out of memory for %u threads",
                            shared->map->threads);
        pthread_mutex_lock(&shared->lock);
        bool created = pthread_create(&workers[i].thread, NULL, work, &workers[i]) == 0;
        shared->running += created;
        pthread_mutex_unlock(&shared->lock);
        if (!created)
            return fdm_fail(err, FDM_ERR_IO, "cannot start thread %u of %u", i + 1,
                            shared->map->threads);
        *started = i + 1;
    }
    return FDM_OK;
}

static enum fdm_status drain(struct shared *shared, void *result, struct fdm_error *err)
{
    const struct fdm_parallel *map = shared->map;
    uint32_t consumed = 0;
    uint32_t item;
    while (take_result(shared, &item, result)) {
        enum fdm_status status =
            map->consume != NULL ? map->consume(map->context, item, result, err) : FDM_OK;
        if (status != FDM_OK)
            return status;
        consumed++;
    }
    if (shared->error.status != FDM_OK)
        return fdm_fail(err, shared->error.status, "%s", shared->error.message);
    if (consumed < map->items)
        return fdm_fail(err, FDM_ERR_CANCELLED, "stopped after %u of %u", consumed, map->items);
    return FDM_OK;
}

enum fdm_status fdm_parallel_map(const struct fdm_parallel *map, struct fdm_error *err)
{
    struct shared shared = {.map = map, .capacity = 4 * map->threads};
    pthread_mutex_init(&shared.lock, NULL);
    pthread_cond_init(&shared.filled, NULL);
    pthread_cond_init(&shared.emptied, NULL);
    uint32_t started = 0;
    struct worker *workers = calloc(map->threads, sizeof *workers);
    void *result = malloc(map->result_bytes);
    shared.items = calloc(shared.capacity, sizeof *shared.items);
    shared.results = calloc(shared.capacity, map->result_bytes);

    enum fdm_status status = FDM_OK;
    if (workers == NULL || result == NULL || shared.items == NULL || shared.results == NULL)
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory for %u threads", map->threads);
    else
        status = start_workers(&shared, workers, &started, err);
    if (status == FDM_OK)
        status = drain(&shared, result, err);
    end_early(&shared);
    for (uint32_t i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);

    for (uint32_t i = 0; workers != NULL && i < map->threads; i++)
        free(workers[i].result);
    free(workers);
    free(result);
    free(shared.items);
    free(shared.results);
    pthread_cond_destroy(&shared.emptied);
    pthread_cond_destroy(&shared.filled);
    pthread_mutex_destroy(&shared.lock);
    return status;
}

uint32_t fdm_parallel_processors(void)
{
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    if (online < 1)
        return 1;
    return online < FDM_PARALLEL_MAX_THREADS ? (uint32_t)online : FDM_PARALLEL_MAX_THREADS;
}
