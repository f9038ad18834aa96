#include "reference/compiler/plan.h"

#include <stdlib.h>
#include <string.h>

#include "reference/kernels/nn_shape.h"

/* ---- what stands in the tables -------------------------------------------------------------- */

static enum fdm_status check_layer(const struct fdm_network *network, uint32_t index,
                                   struct fdm_error *err)
{
    const struct fdm_network_layer *layer = &network->layers[index];
    if (layer->op >= FDM_NN_OP_COUNT || layer->input >= network->tensor_count ||
        layer->output >= network->tensor_count)
        return fdm_fail(err, FDM_ERR_MISMATCH, "layer %u: an index is out of range", index);
    const struct fdm_network_tensor *in = &network->tensors[layer->input];
    const struct fdm_network_tensor *out = &network->tensors[layer->output];
    const struct fdm_nn_conv_shape *s = fdm_network_conv_shape(layer);
    bool same = s == NULL ? !fdm_network_is_elementwise(layer) || in->h == out->h
                          : s->in_h == in->h && s->out_h == out->h;
    if (!same)
        return fdm_fail(err, FDM_ERR_MISMATCH, "layer %u: its tensors have other heights", index);
    uint32_t before = index == 0 ? network->input : network->layers[index - 1].output;
    if (index < network->streamed && layer->input != before)
        return fdm_fail(err, FDM_ERR_MISMATCH, "layer %u is streamed but continues no chain",
                        index);
    if (layer->scratch_offset % FDM_NETWORK_ALIGNMENT != 0 ||
        layer->scratch_bytes > network->scratch_bytes ||
        (layer->scratch_bytes > 0 &&
         (layer->scratch_offset > network->arena_bytes ||
          layer->scratch_bytes > network->arena_bytes - layer->scratch_offset)))
        return fdm_fail(err, FDM_ERR_MISMATCH, "layer %u: its scratch is not inside the arena",
                        index);
    return FDM_OK;
}

static enum fdm_status check_tensor(const struct fdm_network *network, uint32_t index,
                                    struct fdm_error *err)
{
    const struct fdm_network_tensor *tensor = &network->tensors[index];
    size_t end = network->activation_bytes;
    size_t element = tensor->type == FDM_NETWORK_F32 ? sizeof(float) : 1;
    uint64_t row = (uint64_t)(uint32_t)tensor->w * (uint32_t)tensor->c;
    if (tensor->h < 1 || tensor->w < 1 || tensor->c < 1 || tensor->bytes == 0 ||
        tensor->bytes % (size_t)tensor->h != 0 ||
        tensor->bytes / (size_t)tensor->h / element != row ||
        tensor->bytes / (size_t)tensor->h % element != 0 || tensor->ring < 0 ||
        tensor->ring > tensor->h)
        return fdm_fail(err, FDM_ERR_MISMATCH, "tensor %u has no rows that could be held", index);
    size_t rows = (size_t)(tensor->ring > 0 ? tensor->ring : tensor->h);
    size_t held = tensor->bytes / (size_t)tensor->h * rows;
    if (tensor->offset % FDM_NETWORK_ALIGNMENT != 0 || tensor->offset > end ||
        held > end - tensor->offset)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "tensor %u, %zu bytes at %zu, is not aligned inside %zu bytes", index, held,
                        tensor->offset, end);
    return FDM_OK;
}

static enum fdm_status check_tables(const struct fdm_network *network, struct fdm_error *err)
{
    uint32_t count = network->tensor_count;
    if (network->input >= count || network->output >= count)
        return fdm_fail(err, FDM_ERR_MISMATCH, "input %u or output %u is none of %u tensors",
                        network->input, network->output, count);
    if (network->streamed > network->layer_count || network->streamed > FDM_NETWORK_STREAMED_MAX)
        return fdm_fail(err, FDM_ERR_MISMATCH, "%u streamed layers of %u", network->streamed,
                        network->layer_count);
    if (network->activation_bytes > network->arena_bytes)
        return fdm_fail(err, FDM_ERR_MISMATCH, "an arena of %zu bytes has no room for %zu",
                        network->arena_bytes, network->activation_bytes);
    enum fdm_status status = FDM_OK;
    for (uint32_t i = 0; status == FDM_OK && i < count; i++)
        status = check_tensor(network, i, err);
    for (uint32_t i = 0; status == FDM_OK && i < network->layer_count; i++)
        status = check_layer(network, i, err);
    return status;
}

/* ---- what happens --------------------------------------------------------------------------- */

/* Who wrote a byte: row `row` of tensor `tensor` - 1; 0 for nobody, or scratch. */
struct mark {
    uint32_t tensor;
    int32_t row;
};

/* In place of a layer's weights, so that a kernel knows which layer it plays. */
struct actor {
    struct stage *stage;
    uint32_t layer;
    int32_t done; /* rows */
};

struct stage {
    const struct fdm_network *network; /* as it is to be proven */
    unsigned char *arena;              /* addresses only; nothing is written there */
    struct mark *marks;                /* one per byte of the arena */
    struct actor *actors;
    struct fdm_error *err;
    enum fdm_status status;
};

static enum fdm_nn_status object(struct actor *actor, const char *words, int32_t row)
{
    actor->stage->status = fdm_fail(actor->stage->err, FDM_ERR_MISMATCH, "layer %u, row %d: %s",
                                    actor->layer, (int)row, words);
    return FDM_NN_ERR_ARGUMENT;
}

/* The input rows of output row `row`. */
static struct fdm_nn_taps taps_of(const struct fdm_network_layer *layer, int32_t in_h, int32_t row)
{
    const struct fdm_nn_conv_shape *s = fdm_network_conv_shape(layer);
    if (s != NULL)
        return fdm_nn_taps(row, s->stride_h, s->pad_top, s->kernel_h, in_h);
    if (fdm_network_is_elementwise(layer))
        return (struct fdm_nn_taps){0, 1, row};
    return (struct fdm_nn_taps){0, in_h, 0};
}

static size_t place_of(const struct stage *stage, const struct fdm_nn_rows *rows, int32_t row)
{
    return (size_t)((const unsigned char *)fdm_nn_row(rows, row) - stage->arena);
}

static bool hit(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a_bytes > 0 && b_bytes > 0 && a < b + b_bytes && b < a + a_bytes;
}

static bool holds(const struct stage *stage, size_t at, size_t bytes, uint32_t tensor, int32_t row)
{
    for (size_t i = at; i < at + bytes; i++) {
        if (stage->marks[i].tensor != tensor + 1 || stage->marks[i].row != row)
            return false;
    }
    return true;
}

/* Whether the bytes of input row `row` may be written as outputs of the same call. */
static bool may_overwrite(const struct actor *actor, const struct fdm_nn_call *call, int32_t row)
{
    const struct stage *stage = actor->stage;
    const struct fdm_network_layer *layer = &stage->network->layers[actor->layer];
    size_t in = place_of(stage, &call->in, row);
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        size_t out = place_of(stage, &call->out, y);
        bool itself = fdm_network_is_elementwise(layer) && y == row && in == out &&
                      call->in.row_bytes == call->out.row_bytes;
        if (hit(in, call->in.row_bytes, out, call->out.row_bytes) && !itself)
            return false;
    }
    return !hit(in, call->in.row_bytes, layer->scratch_offset, layer->scratch_bytes);
}

static enum fdm_nn_status read_rows(struct actor *actor, const struct fdm_nn_call *call)
{
    const struct stage *stage = actor->stage;
    const struct fdm_network_layer *layer = &stage->network->layers[actor->layer];
    int32_t in_h = stage->network->tensors[layer->input].h;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        struct fdm_nn_taps taps = taps_of(layer, in_h, y);
        for (int32_t k = taps.begin; k < taps.end; k++) {
            int32_t row = taps.first + k - taps.begin;
            size_t at = place_of(stage, &call->in, row);
            if (!holds(stage, at, call->in.row_bytes, layer->input, row))
                return object(actor, "an input row that it needs is not there", y);
            if (!may_overwrite(actor, call, row))
                return object(actor, "it overwrites an input row that it needs", y);
        }
    }
    return FDM_NN_OK;
}

static enum fdm_nn_status write_rows(struct actor *actor, const struct fdm_nn_call *call)
{
    struct stage *stage = actor->stage;
    const struct fdm_network_layer *layer = &stage->network->layers[actor->layer];
    if (call->first != actor->done || call->count < 1 ||
        call->count > stage->network->tensors[layer->output].h - actor->done)
        return object(actor, "it is not the row that is due", call->first);
    actor->done += call->count;
    for (size_t i = 0; i < layer->scratch_bytes; i++)
        stage->marks[layer->scratch_offset + i].tensor = 0;
    for (int32_t y = call->first; y < call->first + call->count; y++) {
        size_t at = place_of(stage, &call->out, y);
        if (hit(at, call->out.row_bytes, layer->scratch_offset, layer->scratch_bytes))
            return object(actor, "its scratch overlaps its output", y);
        for (size_t i = 0; i < call->out.row_bytes; i++)
            stage->marks[at + i] = (struct mark){layer->output + 1, y};
    }
    return FDM_NN_OK;
}

static enum fdm_nn_status play(const struct fdm_nn_call *call)
{
    struct actor *actor = (struct actor *)call->weights;
    enum fdm_nn_status status = read_rows(actor, call);
    return status == FDM_NN_OK ? write_rows(actor, call) : status;
}

/* With the image's rows one after the other, or all before the first layer. */
static enum fdm_nn_status act(struct stage *stage, const struct fdm_network *cast, bool by_rows)
{
    const struct fdm_network_tensor *input = &cast->tensors[cast->input];
    struct fdm_nn_rows rows = fdm_network_rows(input, stage->arena);
    struct fdm_network_progress progress;
    enum fdm_nn_status status = FDM_NN_OK;
    fdm_network_begin(&progress);
    for (int32_t y = 0; status == FDM_NN_OK && y < input->h; y++) {
        size_t at = place_of(stage, &rows, y);
        for (size_t i = 0; i < rows.row_bytes; i++)
            stage->marks[at + i] = (struct mark){cast->input + 1, y};
        if (by_rows)
            status = fdm_network_feed(cast, stage->arena, &progress, NULL);
    }
    if (!by_rows)
        return fdm_network_run(cast, stage->arena, NULL);
    return status == FDM_NN_OK ? fdm_network_finish(cast, stage->arena, &progress, NULL) : status;
}

static enum fdm_status judge(struct stage *stage)
{
    const struct fdm_network *network = stage->network;
    const struct fdm_network_tensor *output = &network->tensors[network->output];
    struct fdm_nn_rows rows = fdm_network_rows(output, stage->arena);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        int32_t h = network->tensors[network->layers[i].output].h;
        if (stage->actors[i].done != h)
            return fdm_fail(stage->err, FDM_ERR_MISMATCH, "layer %u ends with row %d of %d", i,
                            (int)stage->actors[i].done, (int)h);
    }
    for (int32_t y = 0; y < output->h; y++) {
        if (rows.ring != output->h ||
            !holds(stage, place_of(stage, &rows, y), rows.row_bytes, network->output, y))
            return fdm_fail(stage->err, FDM_ERR_MISMATCH, "the output is not there at the end");
    }
    return FDM_OK;
}

/* One performance, on an arena where nothing lies yet. */
static enum fdm_status perform(struct stage *stage, const struct fdm_network *cast, bool by_rows)
{
    memset(stage->marks, 0, cast->arena_bytes * sizeof *stage->marks);
    for (uint32_t i = 0; i < cast->layer_count; i++)
        stage->actors[i] = (struct actor){stage, i, 0};
    if (act(stage, cast, by_rows) == FDM_NN_OK)
        return judge(stage);
    return stage->status != FDM_OK
               ? stage->status
               : fdm_fail(stage->err, FDM_ERR_MISMATCH, "the executor refuses the plan");
}

enum fdm_status fdm_plan_check(const struct fdm_network *network, struct fdm_error *err)
{
    enum fdm_status status = check_tables(network, err);
    if (status != FDM_OK)
        return status;
    uint32_t count = network->layer_count;
    struct stage stage = {.network = network, .err = err};
    struct fdm_network cast = *network;
    struct fdm_network_layer *layers = calloc((size_t)count + 1, sizeof *layers);
    stage.arena = malloc(network->arena_bytes + 1);
    stage.marks = calloc(network->arena_bytes + 1, sizeof *stage.marks);
    stage.actors = calloc((size_t)count + 1, sizeof *stage.actors);
    if (layers == NULL || stage.arena == NULL || stage.marks == NULL || stage.actors == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory to check an arena of %zu bytes",
                          network->arena_bytes);
        goto done;
    }
    for (uint32_t i = 0; i < count; i++) {
        layers[i] = network->layers[i];
        layers[i].run = play;
        layers[i].weights = &stage.actors[i];
    }
    cast.layers = layers;
    const struct fdm_network_tensor *input = &network->tensors[network->input];
    status = perform(&stage, &cast, true);
    if (status == FDM_OK && (input->ring == 0 || input->ring == input->h))
        status = perform(&stage, &cast, false);
done:
    free(layers);
    free(stage.arena);
    free(stage.marks);
    free(stage.actors);
    return status;
}
