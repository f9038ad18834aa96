#include "reference/compiler/pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct fdm_pool_block {
    struct fdm_pool_block *previous;
    max_align_t data[];
};

enum fdm_status fdm_pool_alloc(struct fdm_pool *pool, size_t count, size_t element_bytes,
                               void **out, struct fdm_error *err)
{
    *out = NULL;
    struct fdm_pool_block *block = NULL;
    if (count <= (SIZE_MAX - sizeof *block) / element_bytes)
        block = calloc(1, sizeof *block + count * element_bytes);
    if (block == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu elements of %zu bytes", count,
                        element_bytes);
    block->previous = pool->last;
    pool->last = block;
    *out = block->data;
    return FDM_OK;
}

enum fdm_status fdm_pool_copy_text(struct fdm_pool *pool, const char *text, const char **out,
                                   struct fdm_error *err)
{
    size_t size = strlen(text) + 1;
    void *copy;
    enum fdm_status status = fdm_pool_alloc(pool, size, 1, &copy, err);
    if (copy != NULL)
        memcpy(copy, text, size);
    *out = copy;
    return status;
}

void fdm_pool_release(struct fdm_pool *pool)
{
    while (pool->last != NULL) {
        struct fdm_pool_block *block = pool->last;
        pool->last = block->previous;
        free(block);
    }
}
