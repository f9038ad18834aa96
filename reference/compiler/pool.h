/* Memory that lives and dies together: everything a network owns. */
#ifndef FDM_REFERENCE_COMPILER_POOL_H
#define FDM_REFERENCE_COMPILER_POOL_H

#include <stddef.h>

#include "harness/base/status.h"

struct fdm_pool_block;

/* {0} is an empty pool. */
struct fdm_pool {
    struct fdm_pool_block *last;
};

/* `*out` is `count` zeroed elements, aligned for any type; NULL on failure. FDM_ERR_MEMORY. */
enum fdm_status fdm_pool_alloc(struct fdm_pool *pool, size_t count, size_t element_bytes,
                               void **out, struct fdm_error *err);
/* A copy of a NUL-terminated string. FDM_ERR_MEMORY. */
enum fdm_status fdm_pool_copy_text(struct fdm_pool *pool, const char *text, const char **out,
                                   struct fdm_error *err);
/* Frees every element; the pool is empty again. */
void fdm_pool_release(struct fdm_pool *pool);

#endif
