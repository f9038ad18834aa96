#include "reference/compiler/plan.h"

#include <stdbool.h>
#include <stdlib.h>

/* When a tensor holds a value: from the start of layer `first` to the end of layer `last`. Nobody
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

static enum fdm_status find_lives(const struct fdm_network *network, struct life **out,
                                  struct fdm_error *err)
{
    struct life *lives = calloc(network->tensor_count, sizeof *lives);
    *out = lives;
    if (lives == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for the lives of %u tensors",
                        network->tensor_count);
    for (uint32_t i = 0; i < network->tensor_count; i++)
        lives[i] = (struct life){UINT32_MAX, 0};
    extend(&lives[network->input], 0);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        extend(&lives[network->layers[i].input], i);
        extend(&lives[network->layers[i].output], i);
    }
    extend(&lives[network->output], network->layer_count);
    return FDM_OK;
}

/* Whether `layer`, number `at`, may write its output over its input. */
static bool in_place(const struct fdm_network_layer *layer, uint32_t at, const struct life *lives)
{
    return layer->op == FDM_NN_OP_QUANTIZE_U8_S8 && lives[layer->input].last == at &&
           lives[layer->output].first == at;
}

/* ---- planning ------------------------------------------------------------------------------- */

/* Bytes to place: a tensor, or two that are one. */
struct room {
    struct life life;
    size_t bytes, offset;
    uint32_t tensor; /* the first of them */
};

static int largest_first(const void *a, const void *b)
{
    const struct room *x = a;
    const struct room *y = b;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->tensor < y->tensor ? -1 : x->tensor > y->tensor ? 1 : 0;
}

static size_t align(size_t bytes)
{
    return (bytes + FDM_NETWORK_ALIGNMENT - 1) / FDM_NETWORK_ALIGNMENT * FDM_NETWORK_ALIGNMENT;
}

/* Puts rooms[count] into the lowest gap among rooms[0..count-1], which are sorted by offset, and
 * sorts it in. */
static void place(struct room *rooms, uint32_t count)
{
    struct room room = rooms[count];
    for (uint32_t i = 0; i < count; i++) {
        if (!overlap(rooms[i].life, room.life))
            continue;
        if (rooms[i].offset >= room.offset + room.bytes)
            break;
        size_t end = align(rooms[i].offset + rooms[i].bytes);
        room.offset = end > room.offset ? end : room.offset;
    }
    uint32_t at = count;
    for (; at > 0 && rooms[at - 1].offset > room.offset; at--)
        rooms[at] = rooms[at - 1];
    rooms[at] = room;
}

/* rooms[i] and owner[i] for every tensor; a tensor that shares another's room has no bytes of its
 * own. */
static void make_rooms(const struct fdm_network *network, const struct fdm_network_tensor *tensors,
                       const struct life *lives, struct room *rooms, uint32_t *owner)
{
    for (uint32_t i = 0; i < network->tensor_count; i++) {
        rooms[i] = (struct room){lives[i], tensors[i].bytes, 0, i};
        owner[i] = i;
    }
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        if (!in_place(layer, i, lives))
            continue;
        struct room *shared = &rooms[owner[layer->input]];
        extend(&shared->life, lives[layer->output].last);
        owner[layer->output] = owner[layer->input];
        rooms[layer->output].bytes = 0;
        rooms[layer->output].life = (struct life){UINT32_MAX, 0};
    }
}

enum fdm_status fdm_plan_arena(const struct fdm_network *network,
                               struct fdm_network_tensor *tensors, size_t *activation_bytes,
                               struct fdm_error *err)
{
    uint32_t count = network->tensor_count;
    struct room *rooms = calloc(count, sizeof *rooms);
    uint32_t *owner = calloc(count, sizeof *owner);
    struct life *lives = NULL;
    enum fdm_status status = find_lives(network, &lives, err);
    if (status != FDM_OK)
        goto done;
    if (rooms == NULL || owner == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory to plan %u tensors", count);
        goto done;
    }

    make_rooms(network, tensors, lives, rooms, owner);
    qsort(rooms, count, sizeof *rooms, largest_first);
    for (uint32_t i = 0; i < count; i++)
        place(rooms, i);
    *activation_bytes = 0;
    for (uint32_t i = 0; i < count; i++) {
        size_t end = align(rooms[i].offset + rooms[i].bytes);
        *activation_bytes = end > *activation_bytes ? end : *activation_bytes;
        tensors[rooms[i].tensor].offset = rooms[i].offset;
    }
    for (uint32_t i = 0; i < count; i++)
        tensors[i].offset = tensors[owner[i]].offset;
done:
    free(rooms);
    free(owner);
    free(lives);
    return status;
}

/* ---- proof ---------------------------------------------------------------------------------- */

static enum fdm_status check_indices(const struct fdm_network *network, struct fdm_error *err)
{
    uint32_t count = network->tensor_count;
    if (network->input >= count || network->output >= count)
        return fdm_fail(err, FDM_ERR_MISMATCH, "input %u or output %u is none of %u tensors",
                        network->input, network->output, count);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        if (layer->op >= FDM_NN_OP_COUNT || layer->input >= count || layer->output >= count)
            return fdm_fail(err, FDM_ERR_MISMATCH, "layer %u: an index is out of range", i);
    }
    return FDM_OK;
}

static enum fdm_status check_bounds(const struct fdm_network *network, struct fdm_error *err)
{
    for (uint32_t i = 0; i < network->tensor_count; i++) {
        const struct fdm_network_tensor *tensor = &network->tensors[i];
        if (tensor->offset % FDM_NETWORK_ALIGNMENT != 0 ||
            tensor->offset > network->activation_bytes ||
            tensor->bytes > network->activation_bytes - tensor->offset)
            return fdm_fail(err, FDM_ERR_MISMATCH,
                            "tensor %u, %zu bytes at %zu, is not aligned inside %zu bytes", i,
                            tensor->bytes, tensor->offset, network->activation_bytes);
    }
    if (network->arena_bytes < network->activation_bytes ||
        network->arena_bytes - network->activation_bytes < network->scratch_bytes)
        return fdm_fail(err, FDM_ERR_MISMATCH, "an arena of %zu bytes has no room for %zu + %zu",
                        network->arena_bytes, network->activation_bytes, network->scratch_bytes);
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        if (layer->scratch_bytes > network->scratch_bytes)
            return fdm_fail(err, FDM_ERR_MISMATCH, "layer %u needs %zu bytes of scratch, has %zu",
                            i, layer->scratch_bytes, network->scratch_bytes);
    }
    return FDM_OK;
}

static bool same_bytes(const struct fdm_network_tensor *a, const struct fdm_network_tensor *b)
{
    return a->offset < b->offset + b->bytes && b->offset < a->offset + a->bytes;
}

/* Whether the two are input and output of a layer that works in place, and meet only there. */
static bool one_in_place(const struct fdm_network *network, const struct life *lives, uint32_t a,
                         uint32_t b)
{
    if (network->tensors[a].offset != network->tensors[b].offset)
        return false;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        bool between =
            (layer->input == a && layer->output == b) || (layer->input == b && layer->output == a);
        if (between && in_place(layer, i, lives))
            return true;
    }
    return false;
}

static enum fdm_status check_pairs(const struct fdm_network *network, const struct life *lives,
                                   struct fdm_error *err)
{
    for (uint32_t a = 0; a < network->tensor_count; a++) {
        for (uint32_t b = a + 1; b < network->tensor_count; b++) {
            if (overlap(lives[a], lives[b]) &&
                same_bytes(&network->tensors[a], &network->tensors[b]) &&
                !one_in_place(network, lives, a, b))
                return fdm_fail(err, FDM_ERR_MISMATCH,
                                "tensors %u and %u live at the same time and overlap", a, b);
        }
    }
    return FDM_OK;
}

enum fdm_status fdm_plan_check(const struct fdm_network *network, struct fdm_error *err)
{
    enum fdm_status status = check_indices(network, err);
    if (status == FDM_OK)
        status = check_bounds(network, err);
    if (status != FDM_OK)
        return status;
    struct life *lives = NULL;
    status = find_lives(network, &lives, err);
    if (status == FDM_OK)
        status = check_pairs(network, lives, err);
    free(lives);
    return status;
}
