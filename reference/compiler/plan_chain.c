#include "reference/compiler/plan_chain.h"

#include <stdlib.h>
#include <string.h>

#define CANDIDATES 12
#define DEAD_ENDS 4096
#define STEPS 512

bool fdm_plan_is_chain(const struct fdm_network *network)
{
    if (network->layer_count == 0 || network->tensor_count != network->layer_count + 1)
        return false;
    uint32_t tensor = network->input;
    for (uint32_t i = 0; i < network->layer_count; i++) {
        if (network->layers[i].input != tensor)
            return false;
        tensor = network->layers[i].output;
    }
    return tensor == network->output;
}

/* One layer of the chain, in bytes. */
struct link {
    size_t in, out, scratch;
    size_t below; /* how far below its input the output must begin to grow into it */
    bool in_place;
};

struct chain {
    struct link *links;
    uint32_t count;
    size_t arena;
    size_t *at;         /* offset of each tensor along the chain; count + 1 of them */
    size_t *scratch_at; /* of each layer */
    /* Where the search failed before: tensor and offset. */
    struct dead_end {
        uint32_t tensor;
        size_t at;
    } * dead_ends;
    size_t dead_count;
};

/* Output row r is written while the input from needs(r).begin on is needed. */
static size_t distance_below(const struct fdm_network *network,
                             const struct fdm_network_layer *layer)
{
    const struct fdm_network_tensor *in = &network->tensors[layer->input];
    const struct fdm_network_tensor *out = &network->tensors[layer->output];
    size_t in_row = in->bytes / (size_t)in->h;
    size_t out_row = out->bytes / (size_t)out->h;
    size_t below = 0;
    for (int32_t r = 0; r < out->h; r++) {
        size_t kept = (size_t)fdm_network_needs(network, layer, r).begin * in_row;
        size_t end = (size_t)(r + 1) * out_row;
        if (end > kept && end - kept > below)
            below = end - kept;
    }
    return fdm_plan_align(below);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The least that a layer takes, wherever its tensors lie. */
static size_t least(const struct link *link)
{
    size_t apart = fdm_plan_align(link->in) + fdm_plan_align(link->out);
    size_t grown = larger(link->below + fdm_plan_align(link->in), fdm_plan_align(link->out));
    size_t tensors = apart < grown ? apart : grown;
    if (link->in_place)
        tensors = fdm_plan_align(link->in);
    return tensors + fdm_plan_align(link->scratch);
}

static bool apart(size_t a, size_t a_bytes, size_t b, size_t b_bytes)
{
    return a_bytes == 0 || b_bytes == 0 || a >= b + b_bytes || b >= a + a_bytes;
}

static bool may_lie(const struct link *link, size_t in, size_t out)
{
    return apart(in, link->in, out, link->out) || (link->in_place && in == out) ||
           (in >= out && in - out >= link->below);
}

static bool place_scratch(const struct chain *chain, const struct link *link, size_t in, size_t out,
                          size_t *at)
{
    const size_t places[] = {0, fdm_plan_align(in + link->in), fdm_plan_align(out + link->out)};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        *at = places[i];
        if (*at + link->scratch <= chain->arena && apart(*at, link->scratch, in, link->in) &&
            apart(*at, link->scratch, out, link->out))
            return true;
    }
    return false;
}

/* Offsets to try for tensor `index`, of which `bytes` are to be placed. What lies beyond the arena
 * is sorted out later; unsigned numbers wrap to such. */
static size_t candidates(const struct chain *chain, uint32_t index, size_t out[CANDIDATES])
{
    const struct link *before = index > 0 ? &chain->links[index - 1] : NULL;
    const struct link *behind = index < chain->count ? &chain->links[index] : NULL;
    size_t bytes = fdm_plan_align(before != NULL ? before->out : behind->in);
    size_t scratch = fdm_plan_align(behind != NULL ? behind->scratch : 0);
    size_t top = chain->arena - bytes;
    size_t count = 0;
    out[count++] = 0;
    out[count++] = top;
    if (before != NULL) {
        size_t in = chain->at[index - 1];
        size_t own = fdm_plan_align(before->scratch);
        out[count++] = fdm_plan_align(in + before->in);
        out[count++] = in - before->below;
        out[count++] = in;
        out[count++] = own;
        out[count++] = top - own;
    }
    if (behind != NULL) {
        out[count++] = behind->below;
        out[count++] = behind->below + scratch;
        out[count++] = scratch;
        out[count++] = top - scratch;
    }
    return count;
}

static bool is_dead_end(const struct chain *chain, uint32_t tensor, size_t at)
{
    for (size_t i = 0; i < chain->dead_count; i++) {
        if (chain->dead_ends[i].tensor == tensor && chain->dead_ends[i].at == at)
            return true;
    }
    return false;
}

/* Where tensor `index` may lie, now that those before it lie where `at` says; the recursion is as
 * deep as the chain is long. Gives up when it has run into too many dead ends. */
static bool search(struct chain *chain, uint32_t index)
{
    size_t tries[CANDIDATES];
    size_t count = candidates(chain, index, tries);
    const struct link *before = index > 0 ? &chain->links[index - 1] : NULL;
    size_t bytes = before != NULL ? before->out : chain->links[0].in;
    for (size_t i = 0; i < count; i++) {
        size_t at = tries[i];
        if (at > chain->arena || bytes > chain->arena - at || is_dead_end(chain, index, at))
            continue;
        if (before != NULL && (!may_lie(before, chain->at[index - 1], at) ||
                               !place_scratch(chain, before, chain->at[index - 1], at,
                                              &chain->scratch_at[index - 1])))
            continue;
        chain->at[index] = at;
        if (index == chain->count || search(chain, index + 1))
            return true;
        if (chain->dead_count == DEAD_ENDS)
            return false;
        chain->dead_ends[chain->dead_count++] = (struct dead_end){index, at};
    }
    return false;
}

static void make_links(const struct fdm_network *network, struct chain *chain)
{
    for (uint32_t i = 0; i < chain->count; i++) {
        const struct fdm_network_layer *layer = &network->layers[i];
        chain->links[i] = (struct link){
            .in = network->tensors[layer->input].bytes,
            .out = network->tensors[layer->output].bytes,
            .scratch = layer->scratch_bytes,
            .below = distance_below(network, layer),
            .in_place = layer->op == FDM_NN_OP_QUANTIZE_U8_S8,
        };
        chain->arena = larger(chain->arena, least(&chain->links[i]));
    }
}

static bool find(struct chain *chain, size_t below_bytes)
{
    size_t step = fdm_plan_align(chain->arena / STEPS + 1);
    for (; chain->arena < below_bytes; chain->arena += step) {
        chain->dead_count = 0;
        if (search(chain, 0))
            return true;
    }
    return false;
}

enum fdm_status fdm_plan_chain(const struct fdm_network *network, struct fdm_network_layer *layers,
                               struct fdm_network_tensor *tensors, size_t *arena_bytes,
                               struct fdm_error *err)
{
    uint32_t count = network->layer_count;
    struct chain chain = {.count = count};
    enum fdm_status status = FDM_OK;
    chain.links = calloc(count, sizeof *chain.links);
    chain.at = calloc((size_t)count + 1, sizeof *chain.at);
    chain.scratch_at = calloc(count, sizeof *chain.scratch_at);
    chain.dead_ends = calloc(DEAD_ENDS, sizeof *chain.dead_ends);
    if (chain.links == NULL || chain.at == NULL || chain.scratch_at == NULL ||
        chain.dead_ends == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "no memory to plan %u layers", count);
        goto done;
    }
    make_links(network, &chain);
    if (!find(&chain, *arena_bytes))
        goto done;
    *arena_bytes = chain.arena;
    tensors[network->input].offset = chain.at[0];
    for (uint32_t i = 0; i < count; i++) {
        tensors[layers[i].output].offset = chain.at[i + 1];
        layers[i].scratch_offset = chain.scratch_at[i];
    }
done:
    free(chain.links);
    free(chain.at);
    free(chain.scratch_at);
    free(chain.dead_ends);
    return status;
}
