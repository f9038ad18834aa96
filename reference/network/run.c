#include "reference/network/network.h"

#include <string.h>

void *fdm_network_input(const struct fdm_network *network, void *arena)
{
    return (unsigned char *)arena + network->tensors[network->input].offset;
}

const float *fdm_network_output(const struct fdm_network *network, const void *arena)
{
    const void *bytes = (const unsigned char *)arena + network->tensors[network->output].offset;
    return bytes;
}

/* Not `bytes` / `h`: small processors divide by hundreds of instructions. */
static size_t row_bytes(const struct fdm_network_tensor *tensor)
{
    size_t elements = (size_t)tensor->w * (size_t)tensor->c;
    return tensor->type == FDM_NETWORK_F32 ? elements * sizeof(float) : elements;
}

static bool is_whole(const struct fdm_network_tensor *tensor)
{
    return tensor->ring == 0 || tensor->ring == tensor->h;
}

struct fdm_nn_rows fdm_network_rows(const struct fdm_network_tensor *tensor, void *arena)
{
    struct fdm_nn_rows rows = {(unsigned char *)arena + tensor->offset, row_bytes(tensor),
                               is_whole(tensor) ? tensor->h : tensor->ring};
    return rows;
}

/* ---- which rows, and how many at once ---- */

/* How many rows from `first` on one call may compute: none of them lies where an input row lies
 * that this call needs. With a streamed tensor it is one; where the output lies below its input it
 * may grow up to the oldest row that is still needed. */
static int32_t rows_at_once(const struct fdm_network *network,
                            const struct fdm_network_layer *layer, int32_t first)
{
    const struct fdm_network_tensor *in = &network->tensors[layer->input];
    const struct fdm_network_tensor *out = &network->tensors[layer->output];
    if (!is_whole(in) || !is_whole(out))
        return 1;
    int32_t left = out->h - first;
    bool apart = out->offset >= in->offset + in->bytes || in->offset >= out->offset + out->bytes;
    if (apart || (fdm_network_is_elementwise(layer) && in->offset == out->offset))
        return left;
    size_t oldest = (size_t)fdm_network_needs(network, layer, first).begin;
    size_t end = in->offset + oldest * row_bytes(in);
    if (end < out->offset)
        return 1;
    int32_t rows = (int32_t)((end - out->offset) / row_bytes(out)) - first;
    return rows < 1 ? 1 : rows < left ? rows : left;
}

/* ---- running ---- */

struct run {
    const struct fdm_network_observer *observer; /* may be NULL */
    const struct fdm_network *network;
    struct fdm_network_progress *progress;
    unsigned char *arena;
};

static enum fdm_nn_status run_rows(const struct run *run, uint32_t index, int32_t first,
                                   int32_t count)
{
    const struct fdm_network *network = run->network;
    const struct fdm_network_layer *layer = &network->layers[index];
    const struct fdm_network_observer *observer = run->observer;
    if (layer->run == NULL)
        return FDM_NN_ERR_ARGUMENT;
    const struct fdm_nn_call call = {
        .params = &layer->params,
        .weights = layer->weights,
        .bias = layer->bias,
        .in = fdm_network_rows(&network->tensors[layer->input], run->arena),
        .out = fdm_network_rows(&network->tensors[layer->output], run->arena),
        .first = first,
        .count = count,
        .scratch = run->arena + layer->scratch_offset,
    };
    if (observer != NULL && observer->before != NULL)
        observer->before(observer->context, index, (size_t)first * call.out.row_bytes);
    const struct fdm_network_crew *crew = network->crew;
    enum fdm_nn_status status =
        crew != NULL ? crew->run(crew->context, layer, &call) : layer->run(&call);
    if (status == FDM_NN_OK && observer != NULL && observer->after != NULL)
        observer->after(observer->context, index, (size_t)first * call.out.row_bytes,
                        fdm_nn_row(&call.out, first), (size_t)count * call.out.row_bytes);
    return status;
}

/* How many rows streamed layer `index` can compute now; 0 if it lacks input or is done. With all of
 * its input there, this may not be the last time: `*again`. */
static inline int32_t ready(const struct fdm_network *network,
                            const struct fdm_network_progress *progress, uint32_t index,
                            bool *again)
{
    const struct fdm_network_layer *layer = &network->layers[index];
    int32_t there = progress->rows[index];
    int32_t first = progress->rows[index + 1];
    if (first == network->tensors[layer->output].h)
        return 0;
    if (there == network->tensors[layer->input].h) {
        *again = true;
        return rows_at_once(network, layer, first);
    }
    return there >= fdm_network_needs(network, layer, first).end;
}

/* Depth first: each row goes as far as it can before the next one is computed, so a tensor needs
 * to hold only what one row of its reader needs. A row lets its reader compute one row at most: its
 * next one needs rows behind it. Only a tensor's last row may let it compute several. */
static enum fdm_nn_status run_streamed(const struct run *run)
{
    const struct fdm_network *network = run->network;
    struct fdm_network_progress *progress = run->progress;
    const uint32_t last = network->streamed - 1;
    bool again = false;
    for (uint32_t i = 0;;) {
        int32_t rows = ready(network, progress, i, &again);
        if (rows > 0) {
            enum fdm_nn_status status = run_rows(run, i, progress->rows[i + 1], rows);
            if (status != FDM_NN_OK)
                return status;
            progress->rows[i + 1] += rows;
            if (i < last)
                i++;
            else if (!again)
                return FDM_NN_OK;
        } else if (again && i > 0) {
            i--;
        } else {
            return FDM_NN_OK;
        }
    }
}

static enum fdm_nn_status run_layer(const struct run *run, uint32_t index)
{
    const struct fdm_network_layer *layer = &run->network->layers[index];
    int32_t h = run->network->tensors[layer->output].h;
    int32_t rows;
    for (int32_t first = 0; first < h; first += rows) {
        rows = rows_at_once(run->network, layer, first);
        enum fdm_nn_status status = run_rows(run, index, first, rows);
        if (status != FDM_NN_OK)
            return status;
    }
    return FDM_NN_OK;
}

void fdm_network_begin(struct fdm_network_progress *progress)
{
    memset(progress, 0, sizeof *progress);
}

void *fdm_network_next_row(const struct fdm_network *network, void *arena,
                           const struct fdm_network_progress *progress)
{
    struct fdm_nn_rows rows = fdm_network_rows(&network->tensors[network->input], arena);
    return fdm_nn_row(&rows, progress->rows[0]);
}

enum fdm_nn_status fdm_network_feed(const struct fdm_network *network, void *arena,
                                    struct fdm_network_progress *progress,
                                    const struct fdm_network_observer *observer)
{
    if (progress->rows[0] >= network->tensors[network->input].h)
        return FDM_NN_ERR_ARGUMENT;
    progress->rows[0]++;
    const struct run run = {observer, network, progress, arena};
    return network->streamed > 0 ? run_streamed(&run) : FDM_NN_OK;
}

enum fdm_nn_status fdm_network_finish(const struct fdm_network *network, void *arena,
                                      struct fdm_network_progress *progress,
                                      const struct fdm_network_observer *observer)
{
    const struct run run = {observer, network, progress, arena};
    if (progress->rows[0] != network->tensors[network->input].h)
        return FDM_NN_ERR_ARGUMENT;
    for (uint32_t i = network->streamed; i < network->layer_count; i++) {
        enum fdm_nn_status status = run_layer(&run, i);
        if (status != FDM_NN_OK)
            return status;
    }
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_network_run(const struct fdm_network *network, void *arena,
                                   const struct fdm_network_observer *observer)
{
    const struct fdm_network_tensor *input = &network->tensors[network->input];
    struct fdm_network_progress progress;
    if (!is_whole(input))
        return FDM_NN_ERR_ARGUMENT;
    fdm_network_begin(&progress);
    progress.rows[0] = input->h;
    const struct run run = {observer, network, &progress, arena};
    enum fdm_nn_status status = network->streamed > 0 ? run_streamed(&run) : FDM_NN_OK;
    return status != FDM_NN_OK ? status : fdm_network_finish(network, arena, &progress, observer);
}

enum fdm_nn_status fdm_network_run_image(const struct fdm_network *network, void *arena,
                                         const void *image,
                                         const struct fdm_network_observer *observer)
{
    const struct fdm_network_tensor *input = &network->tensors[network->input];
    const unsigned char *row = image;
    struct fdm_network_progress progress;
    enum fdm_nn_status status = FDM_NN_OK;
    fdm_network_begin(&progress);
    for (int32_t y = 0; status == FDM_NN_OK && y < input->h; y++, row += row_bytes(input)) {
        memcpy(fdm_network_next_row(network, arena, &progress), row, row_bytes(input));
        status = fdm_network_feed(network, arena, &progress, observer);
    }
    return status != FDM_NN_OK ? status : fdm_network_finish(network, arena, &progress, observer);
}
