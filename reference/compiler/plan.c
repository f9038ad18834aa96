#include "reference/compiler/plan.h"

#include <stdlib.h>

#include "reference/compiler/plan_chain.h"

/* One way to run the network. */
struct way {
    uint32_t streamed; /* layers */
    bool stream_input;
};

struct planner {
    struct fdm_network *network;
    struct fdm_network_layer *layers;
    struct fdm_network_tensor *tensors;
};

static size_t held_bytes(const struct fdm_network_tensor *tensor)
{
    size_t rows = (size_t)(tensor->ring > 0 ? tensor->ring : tensor->h);
    return tensor->bytes / (size_t)tensor->h * rows;
}

/* ---- lives ---------------------------------------------------------------------------------- */

/* When bytes hold a value: from the start of layer `first` to the end of layer `last`. Nobody
 * writes or reads a tensor with first > last. */
struct life {
    uint32_t first, last;
};

static bool overlap(struct life a, struct life b)
{
    return a.first <= a.last && b.first <= b.last && a.first <= b.last && b.first <= a.last;
}

static void extend(struct life *life, uint32_t layer)
{
    life->first = layer < life->first ? layer : life->first;
    life->last = layer > life->last ? layer : life->last;
}

/* How high the window of a layer is; 0 if it reads its input whole. */
static int32_t window(const struct planner *planner, uint32_t layer)
{
    const struct fdm_nn_conv_shape *shape = fdm_network_conv_shape(&planner->layers[layer]);
    if (shape != NULL)
        return shape->kernel_h;
    return fdm_network_is_elementwise(&planner->layers[layer]) ? 1 : 0;
}

/* Layers that can be streamed: those that read windows of rows, in a chain from the input. */
static uint32_t streamable(const struct planner *planner)
{
    const struct fdm_network *network = planner->network;
    if (!fdm_plan_is_chain(network))
        return 0;
    uint32_t count = 0;
    while (count < network->layer_count && count < FDM_NETWORK_STREAMED_MAX &&
           window(planner, count) > 0)
        count++;
    return count;
}

/* The next call reads each row as soon as it is there, and never again. */
static bool is_read_at_once(const struct planner *planner, uint32_t reader)
{
    struct fdm_network_span second =
        fdm_network_needs(planner->network, &planner->layers[reader], 1);
    return window(planner, reader) == 1 && second.begin == 1;
}

static void find_lives(const struct planner *planner, const struct way *way, struct life *lives)
{
    const struct fdm_network *network = planner->network;
    for (uint32_t i = 0; i < network->tensor_count; i++)
        lives[i] = (struct life){UINT32_MAX, 0};
    extend(&lives[network->input], 0);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        extend(&lives[network->layers[i].input], i);
        extend(&lives[network->layers[i].output], i);
    }
    extend(&lives[network->output], network->layer_count);
    for (uint32_t i = 0; i < way->streamed; i++) {
        struct life *in = &lives[network->layers[i].input];
        struct life *out = &lives[network->layers[i].output];
        if (i == 0 || !is_read_at_once(planner, i))
            *in = (struct life){0, way->streamed - 1};
        if (i + 1 == way->streamed)
            extend(out, 0);
    }
}

/* Whether `layer`, number `at`, may write its output over its input. */
static bool in_place(const struct planner *planner, uint32_t at, const struct life *lives,
                     const struct way *way)
{
    const struct fdm_network_layer *layer = &planner->layers[at];
    if (layer->op != FDM_NN_OP_QUANTIZE_U8_S8)
        return false;
    return at < way->streamed ||
           (lives[layer->input].last == at && lives[layer->output].first == at);
}

/* Rows of the tensors: in the prefix as many as the reader's window is high. What QUANTIZE makes in
 * place has as many as what it reads. */
static void set_rings(const struct planner *planner, const struct way *way)
{
    const struct fdm_network *network = planner->network;
    for (uint32_t i = 0; i < network->tensor_count; i++)
        planner->tensors[i].ring = 0;
    for (uint32_t i = way->streamed; i-- > 0;) {
        const struct fdm_network_layer *layer = &planner->layers[i];
        struct fdm_network_tensor *in = &planner->tensors[layer->input];
        int32_t rows = window(planner, i);
        if (layer->op == FDM_NN_OP_QUANTIZE_U8_S8)
            rows = planner->tensors[layer->output].ring;
        in->ring = rows < in->h ? rows : 0;
    }
    if (way->streamed == 0 || way->stream_input)
        return;
    for (uint32_t i = 0; i < way->streamed; i++) {
        planner->tensors[planner->layers[i].input].ring = 0;
        if (planner->layers[i].op != FDM_NN_OP_QUANTIZE_U8_S8)
            break;
    }
}

/* ---- greedy --------------------------------------------------------------------------------- */

/* Bytes to place: a tensor, two that are one, or a layer's scratch. */
struct room {
    struct life life;
    size_t bytes, offset;
    uint32_t owner; /* a tensor, or behind those a layer */
};

static int largest_first(const void *a, const void *b)
{
    const struct room *x = a;
    const struct room *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->owner < y->owner ? -1 : x->owner > y->owner ? 1 : 0;
}

/* Puts rooms[count] into the lowest gap among rooms[0..count-1], which are sorted by offset, and
 * sorts it in. */
static void place(struct room *rooms, uint32_t count)
{
    struct room room = rooms[count];
    for (uint32_t i = 0; i < count; i++) {
        if (rooms[i].bytes == 0 || !overlap(rooms[i].life, room.life))
            continue;
        if (rooms[i].offset >= room.offset + room.bytes)
            break;
        size_t end = fdm_plan_align(rooms[i].offset + rooms[i].bytes);
        room.offset = end > room.offset ? end : room.offset;
    }
    uint32_t at = count;
    for (; at > 0 && rooms[at - 1].offset > room.offset; at--)
        rooms[at] = rooms[at - 1];
    rooms[at] = room;
}

/* rooms[i] and owner[i] for every tensor; a tensor that shares another's room has no bytes of its
 * own. Then one room for each layer's scratch. */
static void make_rooms(const struct planner *planner, const struct way *way,
                       const struct life *lives, struct room *rooms, uint32_t *owner)
{
    const struct fdm_network *network = planner->network;
    uint32_t count = network->tensor_count;
    for (uint32_t i = 0; i < count; i++) {
        rooms[i] = (struct room){lives[i], held_bytes(&planner->tensors[i]), 0, i};
        owner[i] = i;
    }
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        rooms[count + i] = (struct room){{i, i}, layer->scratch_bytes, 0, count + i};
        if (!in_place(planner, i, lives, way))
            continue;
        struct room *shared = &rooms[owner[layer->input]];
        extend(&shared->life, lives[layer->output].first);
        extend(&shared->life, lives[layer->output].last);
        owner[layer->output] = owner[layer->input];
        rooms[layer->output].bytes = 0;
        rooms[layer->output].life = (struct life){UINT32_MAX, 0};
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

static void sum_up(const struct planner *planner, const struct way *way)
{
    struct fdm_network *network = planner->network;
    network->streamed = way->streamed;
    network->activation_bytes = 0;
    network->scratch_bytes = 0;
    for (uint32_t i = 0; i < network->tensor_count; i++) {
        const struct fdm_network_tensor *tensor = &planner->tensors[i];
        size_t end = fdm_plan_align(tensor->offset + held_bytes(tensor));
        network->activation_bytes =
            end > network->activation_bytes ? end : network->activation_bytes;
    }
    network->arena_bytes = network->activation_bytes;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &planner->layers[i];
        size_t end = layer->scratch_offset + layer->scratch_bytes;
        if (layer->scratch_bytes > network->scratch_bytes)
            network->scratch_bytes = layer->scratch_bytes;
        network->arena_bytes = end > network->arena_bytes ? end : network->arena_bytes;
    }
}

static enum fdm_status plan_way(const struct planner *planner, const struct way *way,
                                struct fdm_error *err)
{
    const struct fdm_network *network = planner->network;
    uint32_t count = network->tensor_count + network->layer_count;
    struct room *rooms = calloc(count, sizeof *rooms);
    uint32_t *owner = calloc(network->tensor_count, sizeof *owner);
    struct life *lives = calloc(network->tensor_count, sizeof *lives);
    enum fdm_status status = FDM_OK;
    if (rooms == NULL || owner == NULL || lives == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory to plan %u tensors and scratches", count);
        goto done;
    }
    set_rings(planner, way);
    find_lives(planner, way, lives);
    make_rooms(planner, way, lives, rooms, owner);
    qsort(rooms, count, sizeof *rooms, largest_first);
    for (uint32_t i = 0; i < count; i++)
        place(rooms, i);
    for (uint32_t i = 0; i < count; i++) {
        if (rooms[i].owner < network->tensor_count)
            planner->tensors[rooms[i].owner].offset = rooms[i].offset;
        else
            planner->layers[rooms[i].owner - network->tensor_count].scratch_offset =
                rooms[i].offset;
    }
    for (uint32_t i = 0; i < network->tensor_count; i++)
        planner->tensors[i].offset = planner->tensors[owner[i]].offset;
    sum_up(planner, way);
    if (way->streamed == 0 && fdm_plan_is_chain(network)) {
        size_t arena = network->arena_bytes;
        status = fdm_plan_chain(network, planner->layers, planner->tensors, &arena, err);
        sum_up(planner, way);
    }
done:
    free(rooms);
    free(owner);
    free(lives);
    return status;
}

enum fdm_status fdm_plan_arena(struct fdm_network *network, struct fdm_network_layer *layers,
                               struct fdm_network_tensor *tensors, size_t arena_limit,
                               struct fdm_error *err)
{
    const struct planner planner = {network, layers, tensors};
    uint32_t most = streamable(&planner);
    struct way way = {0, false};
    size_t least = SIZE_MAX;
    for (;;) {
        enum fdm_status status = plan_way(&planner, &way, err);
        if (status != FDM_OK || arena_limit == 0 || network->arena_bytes <= arena_limit)
            return status;
        least = network->arena_bytes < least ? network->arena_bytes : least;
        if (way.streamed < most)
            way.streamed++;
        else if (most > 0 && !way.stream_input)
            way = (struct way){1, true};
        else
            return fdm_fail(err, FDM_ERR_UNSUPPORTED,
                            "no arena of %zu bytes takes this network; the smallest is %zu bytes",
                            arena_limit, least);
    }
}
